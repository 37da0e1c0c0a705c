"""Networks: passes against a plain loop and its differences, ensembles, what is refused."""

import copy
import math
import pickle

import ml_dtypes
import numpy as np
import plain
import pytest
from oracles import central_differences
from plain import assert_same, changed, parameters

import initexplain as ie
from initexplain.network import check_inputs

pytestmark = pytest.mark.filterwarnings("error")

every_activation = pytest.mark.parametrize("activation", ie.ACTIVATIONS)
every_loss = pytest.mark.parametrize("loss", ie.LOSSES)
every_ensemble = pytest.mark.parametrize("ensemble", [(), (3,), (2, 3)], ids=str)

# a parameter moves by 1e-5 in a difference, which moves a preactivation by less than this
MARGIN = 2e-4


def nearest_kink(network, inputs):
    """The smallest hidden preactivation; every kink of the table is at 0."""
    trace = ie.forward(network, inputs)
    return min([math.inf, *(abs(z).min() for z in trace.preactivations[:-1])])


def draw(seed, sizes, ensemble=(), activation="tanh", loss="squared_error", *, lead=()):
    """A network, inputs and targets; all hidden preactivations keep away from the kinks."""
    rng = np.random.default_rng(seed)
    kind = {"activation": activation, "ensemble": ensemble}
    while True:
        network = ie.Network.initialize(
            rng, sizes, weights=ie.lecun_normal(), biases=ie.normal(0.5), **kind
        )
        inputs = rng.standard_normal((*lead, 3, sizes[0]))
        targets = plain.draw_targets(rng, loss, (*lead, 3, sizes[-1]))
        if nearest_kink(network, inputs) > MARGIN:
            return network, inputs, targets


# sizes, ensemble, leading axes of the data
SHAPES = [
    ([2, 3], (), ()),
    ([3, 4, 2], (), ()),
    ([2, 3, 3, 1], (), ()),
    ([3, 2, 4, 1, 2], (), ()),
    ([2, 4, 3, 2], (3,), ()),
    ([2, 3, 2], (3,), (3,)),
    ([2, 3, 2], (2, 3), ()),
    ([2, 3, 2], (2, 3), (2, 3)),
]


@every_activation
@every_loss
@pytest.mark.parametrize(("sizes", "ensemble", "lead"), SHAPES, ids=str)
def test_the_passes_are_those_of_the_loop_over_units(activation, loss, sizes, ensemble, lead):
    network, inputs, targets = draw(2, sizes, ensemble, activation, loss, lead=lead)
    trace = ie.forward(network, inputs)
    value, grads = ie.gradients(network, inputs, targets, loss=loss)
    assert np.shape(value) == ensemble
    assert trace.outputs is trace.preactivations[-1]
    f = plain.ACTIVATIONS[activation]
    for index in np.ndindex(*ensemble):
        member = [p[index] for p in parameters(network)]
        x, y = (data[index] if lead else data for data in (inputs, targets))
        for example, row in enumerate(x.tolist()):
            expected = plain.preactivations(member, activation, row)
            hidden = [[f(z) for z in layer] for layer in expected[:-1]]
            found = (*trace.preactivations, *trace.activations)
            for one, other in zip(found, [*expected, *hidden], strict=True):
                np.testing.assert_allclose(one[(*index, example)], other, rtol=1e-12, atol=1e-13)

        def loop(moved, x=x, y=y):
            return plain.network_loss(moved, activation, x, y, loss)

        assert float(np.asarray(value)[index]) == pytest.approx(loop(member), rel=1e-12)
        slopes = central_differences(loop, member)
        for one, other in zip(parameters(grads), slopes, strict=True):
            # central differences err by 1e-10: h^2 f'''/6, and rounding / h
            np.testing.assert_allclose(one[index], other, rtol=1e-8, atol=2e-9)


@every_activation
@every_loss
@every_ensemble
def test_float32_is_kept_everywhere(activation, loss, ensemble):
    network, inputs, targets = draw(6, [3, 4, 4, 2], ensemble, activation, loss)
    single = changed(network, np.float32)
    assert single.dtype == np.float32
    trace = ie.forward(single, inputs)
    value, grads = ie.gradients(single, inputs, targets, loss=loss)
    double, double_grads = ie.gradients(network, inputs, targets, loss=loss)
    arrays = (*trace.preactivations, *trace.activations, *parameters(grads), value)
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    # a few dozen roundings of 6e-8 on numbers near 1
    np.testing.assert_allclose(value, double, rtol=2e-5)
    for one, other in zip(grads.weights, double_grads.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("inputs", [[[1, 2, 3]], [[True, False, True]], np.ones((1, 3), np.uint8)])
def test_whole_numbers_and_truth_values_are_numbers(inputs):
    network, _, _ = draw(7, [3, 2])
    found = ie.forward(network, inputs).outputs
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, ie.forward(network, np.array(inputs, float)).outputs)
    assert ie.Network([[[1, 2]]], [[0]]).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_ensemble
def test_a_bias_of_none_is_zero(ensemble, dtype):
    weights = [np.ones((*ensemble, 2, 3), dtype), np.ones((*ensemble, 1, 2), dtype)]
    network = ie.Network(weights, [None, np.ones((*ensemble, 1), dtype)])
    np.testing.assert_array_equal(network.biases[0], np.zeros((*ensemble, 2)))
    np.testing.assert_array_equal(network.biases[1], np.ones((*ensemble, 1)))
    assert network.dtype == dtype
    assert_same(ie.Network(weights), ie.Network(weights, [None, None]))


def test_the_arrays_of_a_network_are_copies_that_cannot_be_written():
    w, b = np.ones((2, 1, 3), order="F"), np.zeros((2, 1))
    network = ie.Network([w], [b], "relu")
    w[:], b[:] = 9.0, 9.0
    assert (network.weights[0] == 1).all()
    assert (network.biases[0] == 0).all()
    # products round by the order in memory
    assert network.weights[0].flags.c_contiguous
    assert check_inputs(network, np.ones((2, 2, 3), order="F")).flags.c_contiguous
    for array in (*parameters(network), *network.member(0).weights):
        with pytest.raises(ValueError, match="read-only"):
            np.add(array, 1.0, out=array)
    with pytest.raises(AttributeError):
        network.weights = ()


@every_activation
def test_what_a_pass_returns_shares_no_memory_with_what_it_was_given(activation):
    network, *points = draw(8, [3, 3, 3], (), activation)
    given = (*points, *parameters(network))
    kept = [a.copy() for a in given]
    trace = ie.forward(network, points[0])
    _, grads = ie.gradients(network, *points)
    made = (*trace.preactivations, *trace.activations, *parameters(grads))
    for i, array in enumerate(made):
        assert not any(np.shares_memory(array, other) for other in (*given, *made[:i]))
        np.add(array, 1.0, out=array)
    for array, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, before)


@every_ensemble
@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_initialize_draws_layer_by_layer_weights_first(ensemble, dtype):
    schemes = {"weights": ie.he_uniform(), "biases": ie.normal(0.1), "activation": "relu"}
    rng = np.random.default_rng(9)
    network = ie.Network.initialize(rng, [4, 3, 2], ensemble=ensemble, dtype=dtype, **schemes)
    rng = np.random.default_rng(9)
    for layer, (fan_in, fan_out) in enumerate([(4, 3), (3, 2)]):
        w = rng.uniform(-1, 1, (*ensemble, fan_out, fan_in)) * math.sqrt(6 / fan_in)
        b = 0.1 * rng.standard_normal((*ensemble, fan_out))
        np.testing.assert_allclose(network.weights[layer], w, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(network.biases[layer], b, rtol=1e-6)
    assert (network.sizes, network.ensemble) == ((4, 3, 2), ensemble)
    assert network.dtype == np.dtype(dtype)
    assert network.activation is ie.ACTIVATIONS["relu"]


def test_biases_start_at_zero_unless_told_otherwise_and_lists_may_be_drawn():
    network = ie.Network.initialize(
        np.random.default_rng(0), [2, 1, 1], weights=lambda _rng, shape: [[1, 2][: shape[-1]]]
    )
    assert [w.tolist() for w in network.weights] == [[[1.0, 2.0]], [[1.0]]]
    assert all((b == 0).all() for b in network.biases)
    assert network.activation.name == "tanh"


def test_a_compiled_function_may_be_an_initializer():
    init = np.random.Generator.standard_normal
    network = ie.Network.initialize(np.random.default_rng(0), [4, 2], weights=init)
    drawn = np.random.default_rng(0).standard_normal((2, 4))
    np.testing.assert_array_equal(network.weights[0], drawn)


def test_repr_names_the_ensemble():
    network = ie.Network([np.ones((3, 2, 4), np.float32)], [None], "relu")
    expected = "Network(sizes=(4, 2), activation='relu', ensemble=(3,), dtype=float32)"
    assert repr(network) == expected


def test_members_count_from_the_end_too_and_others_are_not_there():
    network, _, _ = draw(10, [2, 1], (2, 3))
    np.testing.assert_array_equal(network.member(-1, -1).weights[0], network.weights[0][1, 2])
    for index in ((), (0,), (0, 0, 0), (2, 0), (0, 3), (0, -4)):
        with pytest.raises(IndexError):
            network.member(*index)


# what is refused

NAN, INF = math.nan, math.inf
W, B = np.ones((3, 2)), np.zeros(3)

# weights, biases, and what the message says: the layer and both shapes
BAD_PARAMETERS = [
    ([], [], ["one weight matrix and one bias vector per layer", "0 and 0"]),
    ([W], [B, B], ["per layer", "1 and 2"]),
    ([1.0], [1.0], ["weights of layer 1", "(fan_out, fan_in)", "found ()"]),
    ([np.ones((0, 2))], [np.ones(0)], ["weights of layer 1", "(0, 2)"]),
    ([np.ones((0, 3, 2))], [np.ones((0, 3))], ["weights of layer 1", "(0, 3, 2)"]),
    ([W], [np.zeros(2)], ["layer 1", "(3, 2)", "(3,)", "(2,)"]),
    ([W], [np.zeros((3, 1))], ["layer 1", "(3, 2)", "(3, 1)"]),
    ([np.ones((5, 3, 2))], [B], ["layer 1", "(5, 3, 2)", "(3,)"]),
    (
        [W, np.ones((4, 3)), np.ones((1, 3))],
        [B, np.zeros(4), [0.0]],
        ["weights of layer 3", "(fan_out, 4)", "layer 2 of shape (4, 3)", "found (1, 3)"],
    ),
    (
        [np.ones((5, 3, 2)), np.ones((1, 3))],
        [np.zeros((5, 3)), [0.0]],
        ["weights of layer 2", "(5, fan_out, 3)", "layer 1 of shape (5, 3, 2)", "(1, 3)"],
    ),
    (
        [np.ones((5, 3, 2)), np.ones((1, 1, 3))],
        [np.zeros((5, 3)), np.zeros((1, 1))],
        ["weights of layer 2", "(5, fan_out, 3)", "layer 1 of shape (5, 3, 2)", "(1, 1, 3)"],
    ),
    ([W, [[1.0, NAN, 1.0]]], [B, [0.0]], ["weights of layer 2", "nan", "(0, 1)"]),
    ([W, [[1.0] * 3]], [B, [-INF]], ["biases of layer 2", "-inf", "(0,)"]),
]


@pytest.mark.parametrize(("weights", "biases", "words"), BAD_PARAMETERS)
def test_bad_parameters(weights, biases, words):
    with pytest.raises(ValueError, match=r"\S") as info:
        ie.Network(weights, biases)
    assert [word for word in words if word not in str(info.value)] == []


KERNELS = [np.ones((2, 3)), np.ones((3, 3)), np.ones((3, 1))]
VECTORS = [np.zeros(3), np.zeros(3), np.zeros(1)]


@pytest.mark.parametrize(
    ("weights", "biases"),
    [(KERNELS, VECTORS), (KERNELS, None), (KERNELS[:1], VECTORS[:1]), ([W.T], [B])],
)
def test_kernels_that_fit_transposed_are_refused_with_what_to_do(weights, biases):
    with pytest.raises(ValueError, match=r"Keras, Flax and scikit-learn: pass .* `kernel.T`"):
        ie.Network(weights, biases)
    assert ie.Network([w.T for w in weights], biases).sizes[0] == len(weights[0])


class Model:
    """What a model of a framework looks like: a list of layers, with a state dict."""

    def __len__(self):
        return 1

    def state_dict(self):
        return {}


@pytest.mark.parametrize("given", [{"0.weight": W}, Model(), object(), 3.0])
def test_models_and_mappings_are_sent_to_the_check(given):
    name = type(given).__name__
    with pytest.raises(TypeError, match=rf"weights: .* found {name}; `initexplain.check` takes"):
        ie.Network(given)
    with pytest.raises(TypeError, match=rf"biases: .* found {name}; `initexplain.check` takes"):
        ie.Network([W], given)
    for call in (ie.forward, ie.measured_redundancy, lambda model, _: ie.redundancy_classes(model)):
        with pytest.raises(TypeError, match=rf"an initexplain Network, found {name}; .*check"):
            call(given, [[1.0]])


# types of weights and of biases (None: lists), of the network, and what rounded its numbers
TYPES = [
    (None, None, "float64", "float64"),
    ("float32", None, "float32", "float32"),
    (None, "float32", "float32", "float32"),
    ("float32", "int64", "float32", "float32"),
    ("int64", None, "float64", "float64"),
    ("float64", "float32", "float64", "float32"),
    ("float32", "float64", "float64", "float32"),
    ("float16", None, "float32", "float16"),
    ("bfloat16", "float32", "float32", "bfloat16"),
    ("float16", "bfloat16", "float32", "bfloat16"),
    ("float64", "float16", "float64", "float16"),
]


@pytest.mark.parametrize(("of_weights", "of_biases", "dtype", "precision"), TYPES)
def test_the_type_of_a_network_is_that_of_its_arrays(of_weights, of_biases, dtype, precision):
    def in_type(values, name):
        return values if name is None else np.array(values).astype(getattr(ml_dtypes, name, name))

    weights = [in_type([[1.0, 2.0], [4.0, 3.0]], of_weights)] * 2
    network = ie.Network(weights, [in_type([1.0, 2.0], of_biases), None], "relu")
    ensemble = ie.Network.stack([network, network])
    history = ie.train(network, np.eye(2), np.eye(2), steps=1, learning_rate=0.1)
    copied = pickle.loads(pickle.dumps(network))
    for one in (network, ensemble, ensemble.member(1), history.network, copied):
        assert (one.dtype, one.precision) == (dtype, precision)
    assert network.weights[0].tolist() == [[1.0, 2.0], [4.0, 3.0]]


def drawing(change):
    """An initializer whose arrays are those of another shape or number."""
    return lambda _rng, shape: change(np.ones(shape))


# what is changed in the arguments, the error and its message
BAD_INITIALIZE = [
    ({"sizes": [4]}, ValueError, r"sizes needs at least inputs and outputs, found \[4\]"),
    ({"sizes": [4, 0, 2]}, ValueError, r"sizes\[1\] must be a whole number of at least 1, found 0"),
    ({"sizes": [4, 2.0]}, ValueError, r"sizes\[1\] must be .* found 2.0"),
    ({"ensemble": (3, 0)}, ValueError, "ensemble axis must be .* found 0"),
    ({"dtype": np.float16}, ValueError, "dtype must be float32 or float64, found .*float16"),
    ({"dtype": "double precision"}, ValueError, "dtype must be .* found 'double"),
    ({"activation": "tahn"}, ValueError, "unknown activation 'tahn': did you mean 'tanh'"),
    ({"biases": ie.he_normal()}, ValueError, r"found \(3,\); for biases use zeros"),
    (
        {"weights": ie.constant(1e300), "dtype": np.float32},
        ValueError,
        r"weights of layer 1: inf at index \(0, 0\)",
    ),
    ({"weights": ie.normal(1e308), "sizes": [40, 40]}, ValueError, r"layer 1: -?inf at"),
    ({"biases": drawing(lambda b: b * NAN)}, ValueError, r"biases of layer 1: nan at index \(0,\)"),
    ({"weights": drawing(lambda w: w + 0j)}, ValueError, "layer 1: .* real numbers.*complex"),
    (
        {"weights": drawing(np.transpose)},
        ValueError,
        r"weights of layer 1: expected shape \(3, 4\) from the initializer.*found \(4, 3\)",
    ),
    # a network would take another number of inputs
    ({"weights": drawing(lambda w: w[:, :1]), "sizes": [4, 2]}, ValueError, r"found \(2, 1\)"),
    ({"weights": ie.lecun_normal}, TypeError, "weights of layer 1: too many .*parentheses"),
    ({"biases": ie.constant}, TypeError, "biases of layer 1: too many .*parentheses"),
    ({"biases": []}, TypeError, r"biases of layer 1: \[\] is not a callable .*; an initializer"),
    ({"biases": 0}, TypeError, "biases of layer 1: 0 is not a callable .*; an initializer"),
    ({"weights": 0.1}, TypeError, "weights of layer 1: 0.1 is not a callable .*; an initializer"),
    ({"rng": 0}, TypeError, r"rng: expected a numpy.random.Generator.*found 0$"),
    ({"rng": np.random}, TypeError, r"rng: expected a numpy.random.Generator"),
    # an error within an initializer comes through as it is
    ({"weights": drawing(lambda w: w + None)}, TypeError, "^unsupported operand type"),
]


@pytest.mark.parametrize(("change", "error", "message"), BAD_INITIALIZE)
def test_bad_arguments_of_initialize(change, error, message):
    with pytest.raises(error, match=message):
        ie.Network.initialize(
            **{"rng": np.random.default_rng(0), "sizes": [4, 3, 2], "weights": ie.zeros()} | change
        )


ONE = ie.Network([np.ones((3, 4)), np.ones((2, 3))], [None, None])
SINGLE = ie.Network([np.ones((3, 4), "f4"), np.ones((2, 3), "f4")], [None, None])
MANY = ie.Network([np.ones((5, 3, 4)), np.ones((5, 2, 3))], [None, None])
X, Y = np.ones((7, 4)), np.ones((7, 2))

# network, inputs, targets, what the message says
BAD_DATA = [
    (ONE, 3.0, Y, ["inputs: ", "(examples, 4)", "found ()"]),
    (ONE, [1, 2, 3, 4], Y, ["(examples, 4)", "found (4,)"]),
    (ONE, np.ones((0, 4)), Y, ["every axis 1 or more", "found (0, 4)"]),
    (ONE, np.ones((4, 7)), Y, ["(examples, 4)", "(4, 3, 2)", "(4, 7)"]),
    (ONE, np.ones((5, 7, 4)), Y, ["inputs: ", "(5, 7, 4)"]),
    (MANY, np.ones((3, 7, 4)), Y, ["(5, examples, 4)", "(3, 7, 4)"]),
    (MANY, np.ones((1, 7, 4)), Y, ["inputs: ", "found (1, 7, 4)"]),
    (MANY, np.ones((1, 5, 7, 4)), Y, ["found (1, 5, 7, 4)"]),
    (ONE, [[1, 2, NAN, 4]], Y, ["inputs: nan at index (0, 2)"]),
    (SINGLE, [[0, 1e300, 0, 0]], Y, ["inputs: inf at index (0, 1)"]),
    (ONE, X, np.ones(7), ["targets: expected shape (examples, 2)", "(7,)"]),
    (ONE, X, np.ones((7, 1)), ["targets: ", "(examples, 2)", "found (7, 1)"]),
    (ONE, X, np.ones((6, 2)), ["7 examples and targets 6", "(7, 4)", "(6, 2)"]),
    (ONE, X, np.ones((8, 2)), ["7 examples and targets 8"]),
    (MANY, X, np.ones((3, 7, 2)), ["(5, examples, 2)"]),
    (ONE, X, np.full((7, 2), NAN), ["targets: nan at index (0, 0)"]),
    (SINGLE, X, -1e300 * Y, ["targets: -inf at index"]),
]


@pytest.mark.parametrize(("network", "inputs", "targets", "words"), BAD_DATA)
def test_bad_data(network, inputs, targets, words):
    calls = [
        lambda: ie.gradients(network, inputs, targets),
        lambda: ie.train(network, inputs, targets, steps=1, learning_rate=0.1),
    ]
    if targets is Y:
        calls.append(lambda: ie.forward(network, inputs))
    for call in calls:
        with pytest.raises(ValueError, match=r"\S") as info:
            call()
        assert [word for word in words if word not in str(info.value)] == []


def chain(*weights, activation="identity"):
    """One unit a layer, so that every product can be read off."""
    return ie.Network([[[w]] for w in weights], [None] * len(weights), activation)


# network, inputs, targets, what overflows first
OVERFLOWS = [
    (chain(1e200, 1.0), [1e200], [0.0], "preactivations of layer 1"),
    (chain(1e200, 1.0, 1e200), [1.0], [0.0], "preactivations of layer 3"),
    # SELU stretches by 1.05, so that it can overflow where its preactivation did not
    (chain(1, 1, activation="selu"), [1.75e308], [0], "preactivations of layer 2"),
    # one member of two
    (ie.Network([[[[1.0]], [[1e300]]]], [None]), [1e10], [0.0], "preactivations of layer 1"),
    (chain(1e100, 1e100), [1.0], [0.0], "squared_error loss"),
    # output 1e-90 - 1e150: the loss is 5e299; the gradient of W_2 is 1e150 * 1e160
    (chain(1e160, 1e-250), [1.0], [1e150], "weight gradients of layer 2"),
    # the error 1e150 travels back through W_2 = 1e200
    (chain(1e-250, 1e200), [1.0], [1e150], "weight gradients of layer 1"),
    # four errors of 0.75e308 at the hidden unit: their sum overflows, and times x it does not
    (chain(1e-250, 3e208), [1e-10] * 4, [-1e100] * 4, "bias gradients of layer 1"),
]


@pytest.mark.parametrize(("network", "x", "y", "where"), OVERFLOWS)
def test_overflow_raises_and_says_where(network, x, y, where):
    inputs = np.array(x)[:, None]
    with pytest.raises(FloatingPointError, match=f"^{where}: overflow"):
        ie.gradients(network, inputs, np.array(y)[:, None])
    if where.startswith("preactivations"):
        with pytest.raises(FloatingPointError, match=f"^{where}: overflow"):
            ie.forward(network, inputs)
    else:
        assert np.isfinite(ie.forward(network, inputs).outputs).all()


# ensembles made of networks, and copies


def three(activation="tanh"):
    rng, init = np.random.default_rng(8), ie.normal(1.0)
    kind = {"weights": init, "biases": init, "activation": activation}
    return [ie.Network.initialize(rng, [3, 4, 2], **kind) for _ in range(3)]


def assert_alike(one, other):
    assert repr(one) == repr(other)
    assert_same(one, other)


def test_stacked_networks_are_the_members_of_an_ensemble():
    networks = three("relu")
    together = ie.Network.stack(networks)
    grid = ie.Network.stack([together, together])
    assert (together.ensemble, grid.ensemble) == ((3,), (2, 3))
    for i, network in enumerate(networks):
        assert_alike(together.member(i), network)
        assert_alike(grid.member(1, i), network)


MISFITS = {
    "deeper": ie.Network([np.ones((4, 3)), np.ones((2, 4)), np.ones((2, 2))], [None] * 3),
    "relu": ie.Network([np.ones((4, 3)), np.ones((2, 4))], [None, None], "relu"),
    "single precision": ie.Network([np.ones((4, 3), "f4"), np.ones((2, 4), "f4")], [None, None]),
    "an ensemble": ie.Network.stack(three()),
}


@pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS.keys())
def test_networks_that_do_not_fit_are_not_stacked(misfit):
    with pytest.raises(ValueError, match="network 2 does not fit network 0: Network") as caught:
        ie.Network.stack([*three()[:2], misfit])
    assert repr(misfit) in str(caught.value)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_is_equal_and_as_read_only(copied):
    network = three("relu")[0]
    other = copied(network)
    assert_alike(other, network)
    assert other.activation == network.activation
    with pytest.raises(ValueError, match="read-only"):
        other.weights[0][0, 0] = 1.0
