"""Networks: forward pass and gradients against a plain loop, ensembles, bad parameters and data.

The oracle is a loop over examples and units in plain Python, with its own activations and
losses. Its central differences share nothing with the package's backpropagation.
"""

import copy
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import initexplain as ie

pytestmark = pytest.mark.filterwarnings("error")

Row = list[float]

ACTIVATION: dict[str, Callable[[float], float]] = {
    "identity": lambda z: z,
    "tanh": math.tanh,
    "lecun_tanh": lambda z: 1.7159 * math.tanh(2 * z / 3),
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * (math.exp(z) - 1)),
}


def squared_error(outputs: Row, targets: Row) -> float:
    return sum((o - t) ** 2 for o, t in zip(outputs, targets, strict=True)) / 2


def logistic(logits: Row, targets: Row) -> float:
    return sum(
        t * math.log(1 + math.exp(-z)) + (1 - t) * math.log(1 + math.exp(z))
        for z, t in zip(logits, targets, strict=True)
    )


def softmax_cross_entropy(logits: Row, targets: Row) -> float:
    total = math.fsum(math.exp(z) for z in logits)
    return sum(t * (math.log(total) - z) for z, t in zip(logits, targets, strict=True))


LOSS: dict[str, Callable[[Row, Row], float]] = {
    "squared_error": squared_error,
    "logistic": logistic,
    "softmax_cross_entropy": softmax_cross_entropy,
}


def loop_forward(weights: Any, biases: Any, f: Callable[[float], float], x: Row) -> list[Row]:
    """The preactivations of every layer for one example, unit by unit: a row times the inputs."""
    found: list[Row] = []
    for w, b in zip(weights, biases, strict=True):
        signal = [f(z) for z in found[-1]] if found else x
        found.append([])
        for row, bias in zip(w, b, strict=True):
            products = [weight * value for weight, value in zip(row, signal, strict=True)]
            found[-1].append(bias + sum(products))
    return found


def loop_loss(case: "Case", weights: Any, biases: Any, inputs: Any, targets: Any) -> float:
    """The loss of one network, averaged over examples."""
    loss, f = LOSS[case.loss], ACTIVATION[case.activation]
    pairs = zip(inputs, targets, strict=True)
    return sum(loss(loop_forward(weights, biases, f, x)[-1], y) for x, y in pairs) / len(inputs)


@dataclass(frozen=True)
class Case:
    """A network with data, drawn so that no hidden preactivation is near a kink."""

    network: ie.Network
    inputs: Any
    targets: Any
    activation: str
    loss: str

    def member(self, index: tuple[int, ...]) -> tuple[Any, Any, Any, Any]:
        """Weights, biases, inputs and targets of one network, as nested lists."""
        return (
            [w[index].tolist() for w in self.network.weights],
            [b[index].tolist() for b in self.network.biases],
            (self.inputs if self.inputs.ndim == 2 else self.inputs[index]).tolist(),
            (self.targets if self.targets.ndim == 2 else self.targets[index]).tolist(),
        )

    def nearest_kink(self) -> float:
        """The smallest hidden preactivation, by the loop; every kink of the table is at 0."""
        nearest = math.inf
        for index in np.ndindex(*self.network.ensemble):
            weights, biases, inputs, _ = self.member(index)
            for x in inputs:
                hidden = loop_forward(weights, biases, ACTIVATION[self.activation], x)[:-1]
                nearest = min([nearest, *(abs(z) for layer in hidden for z in layer)])
        return nearest


# a parameter moves by STEP in a finite difference, which moves a preactivation by less than MARGIN
STEP, MARGIN = 1e-5, 2e-4


def draw_targets(rng: np.random.Generator, loss: str, shape: tuple[int, ...]) -> Any:
    if loss == "logistic":
        return rng.random(shape)
    if loss == "softmax_cross_entropy":
        weights = rng.random(shape) + 0.1
        return weights / weights.sum(axis=-1, keepdims=True)
    return rng.standard_normal(shape)


def draw_case(
    seed: int,
    sizes: list[int],
    ensemble: tuple[int, ...] = (),
    activation: str = "tanh",
    loss: str = "squared_error",
    *,
    shared: bool = True,
    examples: int = 3,
) -> Case:
    """Draws until every hidden preactivation keeps its distance from the kinks."""
    rng = np.random.default_rng(seed)
    lead = () if shared else ensemble
    kind: dict[str, Any] = {"activation": activation, "ensemble": ensemble}
    while True:
        network = ie.Network.initialize(
            rng, sizes, weights=ie.lecun_normal(), biases=ie.normal(0.5), **kind
        )
        inputs = rng.standard_normal((*lead, examples, sizes[0]))
        targets = draw_targets(rng, loss, (*lead, examples, sizes[-1]))
        case = Case(network, inputs, targets, activation, loss)
        if case.nearest_kink() > MARGIN:
            return case


def difference(case: Case, index: tuple[int, ...], kind: int, place: tuple[int, ...]) -> float:
    """The central difference of the loop's loss by one parameter of one member."""
    layer, *within = place
    ends = []
    for sign in (1, -1):
        parts = case.member(index)
        cell = parts[kind][layer]
        for axis in within[:-1]:
            cell = cell[axis]
        cell[within[-1]] += sign * STEP
        ends.append(loop_loss(case, *parts))
    return (ends[0] - ends[1]) / (2 * STEP)


SIZES = [[2, 3], [3, 4, 2], [2, 3, 3, 1], [3, 2, 4, 1, 2]]
ENSEMBLES: list[tuple[int, ...]] = [(), (3,), (2, 3)]

every_activation = pytest.mark.parametrize("activation", ie.ACTIVATIONS)
every_loss = pytest.mark.parametrize("loss", ie.LOSSES)
every_ensemble = pytest.mark.parametrize("ensemble", ENSEMBLES, ids=str)
data_kinds = pytest.mark.parametrize("shared", [True, False], ids=["shared", "per-member"])


def test_the_loop_knows_every_activation_and_loss() -> None:
    assert set(ACTIVATION) == set(ie.ACTIVATIONS)
    assert set(LOSS) == set(ie.LOSSES)


def parameters(network: Any) -> tuple[Any, ...]:
    return (*network.weights, *network.biases)


@every_activation
@every_ensemble
@data_kinds
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_forward_is_the_loop_over_units(
    activation: str, ensemble: tuple[int, ...], shared: bool, sizes: list[int]
) -> None:
    case = draw_case(1, sizes, ensemble, activation, shared=shared)
    trace = ie.forward(case.network, case.inputs)
    assert (len(trace.preactivations), len(trace.activations)) == (len(sizes) - 1, len(sizes) - 2)
    assert trace.outputs is trace.preactivations[-1]
    f = ACTIVATION[activation]
    for index in np.ndindex(*ensemble):
        weights, biases, inputs, _ = case.member(index)
        for example, x in enumerate(inputs):
            expected = loop_forward(weights, biases, f, x)
            hidden = [[f(z) for z in layer] for layer in expected[:-1]]
            found = (*trace.preactivations, *trace.activations)
            for one, other in zip(found, [*expected, *hidden], strict=True):
                np.testing.assert_allclose(one[(*index, example)], other, rtol=1e-12, atol=1e-13)


def assert_gradients_are_differences(case: Case) -> None:
    value, grads = ie.gradients(case.network, case.inputs, case.targets, loss=case.loss)
    assert np.shape(value) == case.network.ensemble
    for index in np.ndindex(*case.network.ensemble):
        assert float(np.asarray(value)[index]) == pytest.approx(
            loop_loss(case, *case.member(index)), rel=1e-12
        )
        for kind, found in enumerate((grads.weights, grads.biases)):
            for layer, gradient in enumerate(found):
                for within in np.ndindex(*gradient[index].shape):
                    expected = difference(case, index, kind, (layer, *within))
                    # central differences err by 1e-10: h^2 f'''/6, and rounding / h
                    assert gradient[index][within] == pytest.approx(expected, rel=1e-8, abs=2e-9)


@every_activation
@every_loss
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_gradients_are_the_differences_of_the_loop(
    activation: str, loss: str, sizes: list[int]
) -> None:
    assert_gradients_are_differences(draw_case(2, sizes, (), activation, loss))


@every_activation
@every_loss
@data_kinds
@pytest.mark.parametrize("ensemble", ENSEMBLES[1:], ids=str)
def test_gradients_of_ensembles_are_the_differences_of_the_loop(
    activation: str, loss: str, ensemble: tuple[int, ...], shared: bool
) -> None:
    case = draw_case(3, [2, 3, 2], ensemble, activation, loss, shared=shared, examples=2)
    assert_gradients_are_differences(case)


@pytest.mark.parametrize("examples", [1, 2, 7])
def test_the_loss_is_an_average_over_examples(examples: int) -> None:
    case = draw_case(4, [3, 4, 2], examples=examples)
    value, grads = ie.gradients(case.network, case.inputs, case.targets)
    twice = np.tile(case.inputs, (2, 1)), np.tile(case.targets, (2, 1))
    again, same = ie.gradients(case.network, *twice)
    assert float(again) == pytest.approx(float(value), rel=1e-14)
    for one, other in zip(parameters(grads), parameters(same), strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-15)


@every_activation
@data_kinds
def test_an_ensemble_gives_what_its_members_give_alone(activation: str, shared: bool) -> None:
    case = draw_case(5, [4, 7, 5, 3], (2, 3), activation, "logistic", shared=shared, examples=6)

    def computed(network: ie.Network, *points: Any) -> tuple[Any, ...]:
        trace = ie.forward(network, points[0])
        value, grads = ie.gradients(network, *points, loss="logistic")
        return (*trace.preactivations, *trace.activations, *parameters(grads), np.asarray(value))

    together = computed(case.network, case.inputs, case.targets)
    for index in np.ndindex(2, 3):
        alone = case.network.member(*index)
        assert (alone.ensemble, alone.sizes) == ((), (4, 7, 5, 3))
        points = (a if shared else a[index] for a in (case.inputs, case.targets))
        for one, other in zip(together, computed(alone, *points), strict=True):
            np.testing.assert_allclose(one[index], other, rtol=1e-12, atol=1e-14)


@every_activation
@every_loss
@every_ensemble
def test_float32_is_kept_everywhere(activation: str, loss: str, ensemble: tuple[int, ...]) -> None:
    case = draw_case(6, [3, 4, 4, 2], ensemble, activation, loss)
    single = ie.Network(
        [w.astype(np.float32) for w in case.network.weights],
        [b.astype(np.float32) for b in case.network.biases],
        activation,
    )
    assert single.dtype == np.float32
    trace = ie.forward(single, case.inputs)
    value, grads = ie.gradients(single, case.inputs, case.targets, loss=loss)
    double, double_grads = ie.gradients(case.network, case.inputs, case.targets, loss=loss)
    arrays = (*trace.preactivations, *trace.activations, *parameters(grads), value)
    assert {a.dtype for a in arrays} == {np.dtype(np.float32)}
    # a few dozen roundings of 6e-8 on numbers near 1
    np.testing.assert_allclose(value, double, rtol=2e-5)
    for one, other in zip(grads.weights, double_grads.weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("inputs", [[[1, 2, 3]], [[True, False, True]], np.ones((1, 3), np.uint8)])
def test_whole_numbers_and_truth_values_are_numbers(inputs: Any) -> None:
    network = draw_case(7, [3, 2]).network
    expected = ie.forward(network, np.array(inputs, dtype=float)).outputs
    found = ie.forward(network, inputs).outputs
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)
    assert ie.Network([[[1, 2]]], [[0]]).dtype == np.float64


def test_mixed_precision_becomes_double() -> None:
    network = ie.Network(
        [np.ones((2, 2), np.float32), np.ones((1, 2))], [np.zeros(2, np.float32), [0]]
    )
    assert {p.dtype for p in parameters(network)} == {np.dtype(np.float64)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@every_ensemble
def test_a_bias_of_none_is_zero(ensemble: tuple[int, ...], dtype: Any) -> None:
    weights = [np.ones((*ensemble, 2, 3), dtype), np.ones((*ensemble, 1, 2), dtype)]
    network = ie.Network(weights, [None, np.ones((*ensemble, 1), dtype)])
    np.testing.assert_array_equal(network.biases[0], np.zeros((*ensemble, 2)))
    np.testing.assert_array_equal(network.biases[1], np.ones((*ensemble, 1)))
    assert network.dtype == dtype


def test_the_arrays_of_a_network_are_copies_that_cannot_be_written() -> None:
    w, b = np.ones((2, 1, 3)), np.zeros((2, 1))
    network = ie.Network([w], [b], "relu")
    w[:], b[:] = 9.0, 9.0
    assert (network.weights[0] == 1).all()
    assert (network.biases[0] == 0).all()
    for array in (*network.weights, *network.biases, *network.member(0).weights):
        with pytest.raises(ValueError, match="read-only"):
            np.add(array, 1.0, out=array)
    with pytest.raises(AttributeError):
        network.weights = ()  # type: ignore[misc]


@every_activation
def test_what_a_pass_returns_shares_no_memory_with_what_it_was_given(activation: str) -> None:
    case = draw_case(8, [3, 3, 3], (), activation)
    given = (case.inputs, case.targets, *parameters(case.network))
    kept = [a.copy() for a in given]
    trace = ie.forward(case.network, case.inputs)
    _, grads = ie.gradients(case.network, case.inputs, case.targets)
    made = (*trace.preactivations, *trace.activations, *parameters(grads))
    for i, array in enumerate(made):
        assert not any(np.shares_memory(array, other) for other in (*given, *made[:i]))
        np.add(array, 1.0, out=array)
    for array, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, before)


@pytest.mark.parametrize("ensemble", ENSEMBLES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, "float32"])
def test_initialize_draws_layer_by_layer_weights_first(
    ensemble: tuple[int, ...], dtype: Any
) -> None:
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


def test_biases_start_at_zero_unless_told_otherwise_and_lists_may_be_drawn() -> None:
    network = ie.Network.initialize(
        np.random.default_rng(0), [2, 1, 1], weights=lambda _rng, shape: [[1, 2][: shape[-1]]]
    )
    assert [w.tolist() for w in network.weights] == [[[1.0, 2.0]], [[1.0]]]
    assert all((b == 0).all() for b in network.biases)
    assert network.activation.name == "tanh"


def test_repr_names_what_matters() -> None:
    network = ie.Network([np.ones((3, 2, 4), np.float32)], [np.zeros((3, 2), np.float32)], "relu")
    expected = "Network(sizes=(4, 2), activation='relu', ensemble=(3,), dtype=float32)"
    assert repr(network) == expected


@pytest.mark.parametrize("index", [(), (0,), (0, 0, 0), (2, 0), (0, 3), (0, -4)])
def test_a_member_that_is_not_there(index: tuple[int, ...]) -> None:
    network = draw_case(10, [2, 1], (2, 3)).network
    with pytest.raises(IndexError):
        network.member(*index)


def test_members_count_from_the_end_too() -> None:
    network = draw_case(10, [2, 1], (2, 3)).network
    np.testing.assert_array_equal(network.member(-1, -1).weights[0], network.weights[0][1, 2])


NAN, INF = math.nan, math.inf
W, B = np.ones((3, 2)), np.zeros(3)

# weights, biases, and what the message says: the layer and both shapes
BAD_PARAMETERS: dict[str, tuple[Any, Any, list[str]]] = {
    "no layers": ([], [], ["one weight matrix and one bias vector per layer", "0 and 0"]),
    "too few biases": ([W], [], ["per layer", "1 and 0"]),
    "too many biases": ([W], [B, B], ["per layer", "1 and 2"]),
    "scalars": ([1.0], [1.0], ["weights of layer 1", "(fan_out, fan_in)", "found ()"]),
    "vector as weights": ([W, B], [B, 0.0], ["weights of layer 2", "(3,)"]),
    "one matrix, not a list": (W, B, ["weights of layer 1", "(2,)"]),
    "no units": ([np.ones((0, 2))], [np.ones(0)], ["weights of layer 1", "(0, 2)"]),
    "no inputs": ([np.ones((2, 0))], [np.ones(2)], ["weights of layer 1", "(2, 0)"]),
    "no members": ([np.ones((0, 3, 2))], [np.ones((0, 3))], ["weights of layer 1", "(0, 3, 2)"]),
    "bias too long": ([W], [np.zeros(2)], ["layer 1", "(3, 2)", "(3,)", "(2,)"]),
    "bias as column": ([W], [np.zeros((3, 1))], ["layer 1", "(3, 2)", "(3, 1)"]),
    "bias without the ensemble": ([np.ones((5, 3, 2))], [B], ["layer 1", "(5, 3, 2)", "(3,)"]),
    "bias of one": ([W], [[0.0]], ["layer 1", "(3, 2)", "(1,)"]),
    "no chain": (
        [W, np.ones((1, 2))],
        [B, [0.0]],
        ["weights of layer 2", "(fan_out, 3)", "layer 1 of shape (3, 2)", "found (1, 2)"],
    ),
    "no chain later": (
        [W, np.ones((4, 3)), np.ones((1, 3))],
        [B, np.zeros(4), [0.0]],
        ["weights of layer 3", "(fan_out, 4)", "layer 2 of shape (4, 3)", "found (1, 3)"],
    ),
    "ensembles differ": (
        [np.ones((5, 3, 2)), np.ones((1, 3))],
        [np.zeros((5, 3)), [0.0]],
        ["weights of layer 2", "(5, fan_out, 3)", "layer 1 of shape (5, 3, 2)", "(1, 3)"],
    ),
    "ensembles broadcast": (
        [np.ones((5, 3, 2)), np.ones((1, 1, 3))],
        [np.zeros((5, 3)), np.zeros((1, 1))],
        ["weights of layer 2", "(5, fan_out, 3)", "layer 1 of shape (5, 3, 2)", "(1, 1, 3)"],
    ),
    "nan weight": ([W, [[1.0, NAN, 1.0]]], [B, [0.0]], ["weights of layer 2", "nan", "(0, 1)"]),
    "inf weight": ([[[1.0], [INF]]], [[0.0, 0.0]], ["weights of layer 1", "inf", "(1, 0)"]),
    "nan bias": ([W], [[0.0, 0.0, NAN]], ["biases of layer 1", "nan", "(2,)"]),
    "inf bias": ([W, [[1.0] * 3]], [B, [-INF]], ["biases of layer 2", "-inf", "(0,)"]),
    "text": ([W], [["a", "b", "c"]], ["biases of layer 1", "real numbers"]),
    "ragged": ([[[1.0, 2.0], [3.0]]], [B], ["weights of layer 1", "rectangular"]),
    "nothing": ([None], [B], ["weights of layer 1", "real numbers"]),
}


@pytest.mark.parametrize(
    ("weights", "biases", "words"), BAD_PARAMETERS.values(), ids=BAD_PARAMETERS.keys()
)
def test_bad_parameters(weights: Any, biases: Any, words: list[str]) -> None:
    with pytest.raises(ValueError, match=r"\S") as info:
        ie.Network(weights, biases)
    assert [word for word in words if word not in str(info.value)] == []


def test_an_unknown_activation() -> None:
    with pytest.raises(ValueError, match=r"unknown activation 'rellu'.*did you mean 'relu'"):
        ie.Network([W], [B], "rellu")
    with pytest.raises(ValueError, match="unknown activation"):
        ie.Network([W], [B], None)  # type: ignore[arg-type]


BAD_INITIALIZE: dict[str, tuple[dict[str, Any], str]] = {
    "one size": ({"sizes": [4]}, r"sizes needs at least inputs and outputs, found \[4\]"),
    "no size": ({"sizes": []}, r"sizes needs at least inputs and outputs, found \[\]"),
    "zero": ({"sizes": [4, 0, 2]}, r"sizes\[1\] must be a whole number of at least 1, found 0"),
    "negative": ({"sizes": [-4, 2]}, r"sizes\[0\] must be .* found -4"),
    "bool": ({"sizes": [4, True]}, r"sizes\[1\] must be .* found True"),
    "float": ({"sizes": [4, 2.0]}, r"sizes\[1\] must be .* found 2.0"),
    "empty ensemble axis": ({"ensemble": (3, 0)}, "ensemble axis must be .* found 0"),
    "bool ensemble axis": ({"ensemble": (True,)}, "ensemble axis must be .* found True"),
    "complex": ({"dtype": complex}, "dtype must be float32 or float64, found .*complex"),
    "half": ({"dtype": np.float16}, "dtype must be float32 or float64, found .*float16"),
    "no dtype": ({"dtype": "double precision"}, "dtype must be float32 or float64, found 'double"),
    "whole": ({"dtype": int}, "dtype must be float32 or float64, found .*int"),
    "activation": ({"activation": "tahn"}, "unknown activation 'tahn': did you mean 'tanh'"),
    "fans of biases": ({"biases": ie.he_normal()}, r"found \(3,\); for biases use zeros"),
    "beyond float32": (
        {"weights": ie.constant(1e300), "dtype": np.float32},
        r"weights of layer 1: inf at index \(0, 0\)",
    ),
    "other inputs drawn": (
        {"weights": lambda _rng, shape: np.ones((shape[0], 9)), "sizes": [4, 2]},
        r"weights of layer 1: expected shape \(2, 4\) from the initializer.*found \(2, 9\)",
    ),
    "beyond float64": ({"weights": ie.normal(1e308), "sizes": [40, 40]}, r"layer 1: -?inf at"),
    "nan drawn": (
        {"biases": lambda _rng, shape: np.full(shape, np.nan)},
        r"biases of layer 1: nan at index \(0,\)",
    ),
    "complex drawn": (
        {"weights": lambda _rng, shape: np.ones(shape, complex)},
        "weights of layer 1: expected real numbers, found dtype complex",
    ),
    "wrong shape drawn": (
        {"weights": lambda _rng, shape: np.ones(shape[::-1])},
        r"weights of layer 1: expected shape \(3, 4\) from the initializer.*found \(4, 3\)",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD_INITIALIZE.values(), ids=BAD_INITIALIZE.keys())
def test_bad_arguments_of_initialize(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"sizes": [4, 3, 2], "weights": ie.zeros()} | change
    with pytest.raises(ValueError, match=message):
        ie.Network.initialize(np.random.default_rng(0), **given)


NO_INITIALIZERS: dict[str, tuple[dict[str, Any], str]] = {
    "not called": ({"weights": ie.lecun_normal}, "weights of layer 1: too many .*parentheses"),
    "not called, biases": ({"biases": ie.constant}, "biases of layer 1: too many .*parentheses"),
    "a number": ({"weights": 0.1}, "weights of layer 1: 0.1 is not a callable .*; an initializer"),
    "a name": ({"biases": "zeros"}, "biases of layer 1: 'zeros' is not a callable .*; an init"),
}


@pytest.mark.parametrize(
    ("change", "message"), NO_INITIALIZERS.values(), ids=NO_INITIALIZERS.keys()
)
def test_what_is_no_initializer_is_named(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"sizes": [4, 3, 2], "weights": ie.zeros()} | change
    with pytest.raises(TypeError, match=message):
        ie.Network.initialize(np.random.default_rng(0), **given)


def test_an_error_within_an_initializer_comes_through_as_it_is() -> None:
    def broken(rng: np.random.Generator, shape: tuple[int, ...]) -> Any:
        return rng.normal(size=shape) + None

    with pytest.raises(TypeError, match=r"^unsupported operand type"):
        ie.Network.initialize(np.random.default_rng(0), [4, 2], weights=broken)


def test_a_compiled_function_may_be_an_initializer() -> None:
    init = np.random.Generator.standard_normal
    network = ie.Network.initialize(np.random.default_rng(0), [4, 2], weights=init)
    drawn = np.random.default_rng(0).standard_normal((2, 4))
    np.testing.assert_array_equal(network.weights[0], drawn)


ONE = ie.Network([np.ones((3, 4)), np.ones((2, 3))], [np.zeros(3), np.zeros(2)])
SINGLE = ie.Network([np.ones((3, 4), "f4"), np.ones((2, 3), "f4")], [None, None])
MANY = ie.Network([np.ones((5, 3, 4)), np.ones((5, 2, 3))], [np.zeros((5, 3)), np.zeros((5, 2))])

# network, inputs, what the message says
SEVEN = np.ones((7, 4)), np.ones((7, 2))

# network, inputs, targets, what the message says
BAD_DATA: dict[str, tuple[ie.Network, Any, Any, list[str]]] = {
    "scalar": (ONE, 3.0, SEVEN[1], ["inputs: ", "(examples, 4)", "found ()"]),
    "one example as a vector": (ONE, [1, 2, 3, 4], SEVEN[1], ["(examples, 4)", "found (4,)"]),
    "empty row": (ONE, [[]], SEVEN[1], ["(examples, 4)", "found (1, 0)"]),
    "no examples": (ONE, np.ones((0, 4)), SEVEN[1], ["every axis 1 or more", "found (0, 4)"]),
    "transposed": (ONE, np.ones((4, 7)), SEVEN[1], ["(examples, 4)", "(4, 3, 2)", "(4, 7)"]),
    "ensemble data, one network": (ONE, np.ones((5, 7, 4)), SEVEN[1], ["inputs: ", "(5, 7, 4)"]),
    "another ensemble": (MANY, np.ones((3, 7, 4)), SEVEN[1], ["(5, examples, 4)", "(3, 7, 4)"]),
    "an axis to broadcast": (MANY, np.ones((1, 7, 4)), SEVEN[1], ["inputs: ", "found (1, 7, 4)"]),
    "an axis too many": (MANY, np.ones((1, 5, 7, 4)), SEVEN[1], ["found (1, 5, 7, 4)"]),
    "no examples per member": (MANY, np.ones((5, 0, 4)), SEVEN[1], ["found (5, 0, 4)"]),
    "nan": (ONE, [[1, 2, NAN, 4]], SEVEN[1], ["inputs: nan at index (0, 2)"]),
    "ragged": (ONE, [[1, 2, 3, 4], [1]], SEVEN[1], ["inputs: not a rectangular array"]),
    "beyond float32": (SINGLE, [[0, 1e300, 0, 0]], SEVEN[1], ["inputs: inf at index (0, 1)"]),
    "vector": (ONE, SEVEN[0], np.ones(7), ["targets: expected shape (examples, 2)", "(7,)"]),
    "outputs": (ONE, SEVEN[0], np.ones((7, 1)), ["targets: ", "(examples, 2)", "found (7, 1)"]),
    "examples": (ONE, SEVEN[0], np.ones((6, 2)), ["7 examples and targets 6", "(7, 4)", "(6, 2)"]),
    "one to broadcast": (ONE, SEVEN[0], np.ones((1, 2)), ["7 examples and targets 1"]),
    "no targets": (ONE, SEVEN[0], np.ones((0, 2)), ["targets: ", "found (0, 2)"]),
    "another ensemble's targets": (MANY, SEVEN[0], np.ones((3, 7, 2)), ["(5, examples, 2)"]),
    "nan targets": (ONE, SEVEN[0], np.full((7, 2), NAN), ["targets: nan at index (0, 0)"]),
    "beyond float32, targets": (SINGLE, SEVEN[0], -1e300 * SEVEN[1], ["targets: -inf at index"]),
}


@pytest.mark.parametrize(
    ("network", "inputs", "targets", "words"), BAD_DATA.values(), ids=BAD_DATA.keys()
)
def test_bad_data(network: ie.Network, inputs: Any, targets: Any, words: list[str]) -> None:
    calls: list[Callable[[], object]] = [
        lambda: ie.gradients(network, inputs, targets),
        lambda: ie.train(network, inputs, targets, steps=1, learning_rate=0.1),
    ]
    if targets is SEVEN[1]:
        calls.append(lambda: ie.forward(network, inputs))
    for call in calls:
        with pytest.raises(ValueError, match=r"\S") as info:
            call()
        assert [word for word in words if word not in str(info.value)] == []


@pytest.mark.parametrize("loss", ["square_error", None])
def test_an_unknown_loss(loss: Any) -> None:
    with pytest.raises(ValueError, match="unknown loss .*known: " + ", ".join(ie.LOSSES)):
        ie.gradients(ONE, *SEVEN, loss=loss)


def chain(*weights: float, activation: str = "identity") -> ie.Network:
    """One unit a layer, so that every product can be read off."""
    return ie.Network([[[w]] for w in weights], [None] * len(weights), activation)


# network, inputs, targets, what overflows first
OVERFLOWS: dict[str, tuple[ie.Network, list[float], list[float], str]] = {
    "first layer": (chain(1e200, 1.0), [1e200], [0.0], "preactivations of layer 1"),
    "second layer": (chain(1e200, 1e200, 1.0), [1.0], [0.0], "preactivations of layer 2"),
    "outputs": (chain(1e200, 1.0, 1e200), [1.0], [0.0], "preactivations of layer 3"),
    # SELU stretches by 1.05, so that it can overflow where its preactivation did not
    "activation": (chain(1, 1, activation="selu"), [1.75e308], [0], "preactivations of layer 2"),
    "one member": (
        ie.Network([np.array([[[1.0]], [[1e300]]])], [None]),
        *([1e10], [0.0], "preactivations of layer 1"),
    ),
    "loss": (chain(1e100, 1e100), [1.0], [0.0], "squared_error loss"),
    "target": (chain(1.0), [0.0], [1e200], "squared_error loss"),
    # output 1e-90 - 1e150: the loss is 5e299; the gradient of W_2 is 1e150 * 1e160
    "weights of layer 2": (chain(1e160, 1e-250), [1.0], [1e150], "weight gradients of layer 2"),
    # the error 1e150 travels back through W_2 = 1e200
    "layer 1": (chain(1e-250, 1e200), [1.0], [1e150], "weight gradients of layer 1"),
    # four errors of 0.75e308 at the hidden unit: their sum overflows, and times x it does not
    "biases": (chain(1e-250, 3e208), [1e-10] * 4, [-1e100] * 4, "bias gradients of layer 1"),
}


@pytest.mark.parametrize(("network", "x", "y", "where"), OVERFLOWS.values(), ids=OVERFLOWS.keys())
def test_overflow_raises_and_says_where(
    network: ie.Network, x: list[float], y: list[float], where: str
) -> None:
    inputs = np.array(x)[:, None]
    with pytest.raises(FloatingPointError, match=f"^{where}: overflow"):
        ie.gradients(network, inputs, np.array(y)[:, None])
    if where.startswith("preactivations"):
        with pytest.raises(FloatingPointError, match=f"^{where}: overflow"):
            ie.forward(network, inputs)
    else:
        assert np.isfinite(ie.forward(network, inputs).outputs).all()


@every_activation
@every_loss
def test_saturated_units_give_finite_gradients(activation: str, loss: str) -> None:
    network = ie.Network([[[1e3], [-1e3]], [[1.0, 1.0]]], [None, None], activation)
    value, grads = ie.gradients(network, [[1e3], [-1e3]], [[1.0], [1.0]], loss=loss)
    assert np.isfinite(value)
    assert all(np.isfinite(g).all() for g in parameters(grads))


# ensembles made of networks, and copies


def three() -> list[ie.Network]:
    rng, init = np.random.default_rng(8), ie.normal(1.0)
    return [ie.Network.initialize(rng, [3, 4, 2], weights=init, biases=init) for _ in range(3)]


def assert_same(one: ie.Network, other: ie.Network) -> None:
    assert repr(one) == repr(other)
    for p, q in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_array_equal(p, q)


def test_stacked_networks_are_the_members_of_an_ensemble() -> None:
    networks = three()
    together = ie.Network.stack(networks)
    grid = ie.Network.stack([together, together])
    assert (together.ensemble, grid.ensemble) == ((3,), (2, 3))
    for i, network in enumerate(networks):
        assert_same(together.member(i), network)
        assert_same(grid.member(1, i), network)


MISFITS = {
    "wider": ie.Network([np.ones((5, 3)), np.ones((2, 5))], [None, None]),
    "deeper": ie.Network([np.ones((4, 3)), np.ones((2, 4)), np.ones((2, 2))], [None] * 3),
    "relu": ie.Network([np.ones((4, 3)), np.ones((2, 4))], [None, None], "relu"),
    "single precision": ie.Network([np.ones((4, 3), "f4"), np.ones((2, 4), "f4")], [None, None]),
    "an ensemble": ie.Network.stack(three()),
}


@pytest.mark.parametrize("misfit", MISFITS.values(), ids=MISFITS.keys())
def test_networks_that_do_not_fit_are_not_stacked(misfit: ie.Network) -> None:
    with pytest.raises(ValueError, match="network 2 does not fit network 0: Network") as caught:
        ie.Network.stack([*three()[:2], misfit])
    assert repr(misfit) in str(caught.value)


def test_no_networks_are_no_ensemble() -> None:
    with pytest.raises(ValueError, match="at least one network"):
        ie.Network.stack([])


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_is_equal_and_as_read_only(copied: Callable[[ie.Network], ie.Network]) -> None:
    network = three()[0]
    other = copied(network)
    assert_same(other, network)
    assert other.activation == network.activation
    with pytest.raises(ValueError, match="read-only"):
        other.weights[0][0, 0] = 1.0
