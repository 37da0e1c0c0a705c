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


def loop_layer(weights: list[Row], biases: Row, inputs: Row) -> Row:
    """One example through one layer, unit by unit: the row of a unit times the inputs."""
    preactivations = []
    for row, bias in zip(weights, biases, strict=True):
        z = bias
        for weight, value in zip(row, inputs, strict=True):
            z += weight * value
        preactivations.append(z)
    return preactivations


def loop_forward(weights: Any, biases: Any, f: Callable[[float], float], x: Row) -> list[Row]:
    """The preactivations of every layer for one example."""
    found: list[Row] = []
    for w, b in zip(weights, biases, strict=True):
        found.append(loop_layer(w, b, [f(z) for z in found[-1]] if found else x))
    return found


def loop_loss(case: "Case", weights: Any, biases: Any, inputs: Any, targets: Any) -> float:
    """The loss of one network, averaged over examples."""
    total = 0.0
    for x, y in zip(inputs, targets, strict=True):
        total += LOSS[case.loss](
            loop_forward(weights, biases, ACTIVATION[case.activation], x)[-1], y
        )
    return total / len(inputs)


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
    while True:
        network = ie.Network.initialize(
            rng,
            sizes,
            weights=ie.lecun_normal(),
            biases=ie.normal(0.5),
            activation=activation,
            ensemble=ensemble,
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


@every_activation
@every_ensemble
@data_kinds
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_forward_is_the_loop_over_units(
    activation: str, ensemble: tuple[int, ...], shared: bool, sizes: list[int]
) -> None:
    case = draw_case(1, sizes, ensemble, activation, shared=shared)
    trace = ie.forward(case.network, case.inputs)
    assert len(trace.preactivations) == len(sizes) - 1
    assert len(trace.activations) == len(sizes) - 2
    assert trace.outputs is trace.preactivations[-1]
    f = ACTIVATION[activation]
    for index in np.ndindex(*ensemble):
        weights, biases, inputs, _ = case.member(index)
        for example, x in enumerate(inputs):
            expected = loop_forward(weights, biases, f, x)
            for layer, z in enumerate(expected):
                found = trace.preactivations[layer][(*index, example)]
                np.testing.assert_allclose(found, z, rtol=1e-12, atol=1e-13)
            for layer, z in enumerate(expected[:-1]):
                found = trace.activations[layer][(*index, example)]
                np.testing.assert_allclose(found, [f(v) for v in z], rtol=1e-12, atol=1e-13)


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


@pytest.mark.parametrize("seed", range(10))
def test_gradients_of_random_shapes(seed: int) -> None:
    rng = np.random.default_rng(100 + seed)
    sizes = [int(n) for n in rng.integers(1, 5, size=rng.integers(2, 6))]
    ensemble = ENSEMBLES[int(rng.integers(3))]
    case = draw_case(
        seed,
        sizes,
        ensemble,
        str(rng.choice(list(ie.ACTIVATIONS))),
        str(rng.choice(list(ie.LOSSES))),
        shared=bool(rng.integers(2)),
        examples=int(rng.integers(1, 4)),
    )
    assert_gradients_are_differences(case)


@pytest.mark.parametrize("examples", [1, 2, 7])
def test_the_loss_is_an_average_over_examples(examples: int) -> None:
    case = draw_case(4, [3, 4, 2], examples=examples)
    twice = np.tile(case.inputs, (2, 1)), np.tile(case.targets, (2, 1))
    value, grads = ie.gradients(case.network, case.inputs, case.targets)
    again, same = ie.gradients(case.network, *twice)
    assert float(again) == pytest.approx(float(value), rel=1e-14)
    for one, other in zip(
        (*grads.weights, *grads.biases), (*same.weights, *same.biases), strict=True
    ):
        np.testing.assert_allclose(other, one, rtol=1e-12, atol=1e-15)


@every_activation
@data_kinds
def test_an_ensemble_gives_what_its_members_give_alone(activation: str, shared: bool) -> None:
    case = draw_case(5, [4, 7, 5, 3], (2, 3), activation, "logistic", shared=shared, examples=6)
    trace = ie.forward(case.network, case.inputs)
    value, grads = ie.gradients(case.network, case.inputs, case.targets, loss="logistic")
    for index in np.ndindex(2, 3):
        inputs, targets = (a if shared else a[index] for a in (case.inputs, case.targets))
        alone = case.network.member(*index)
        assert (alone.ensemble, alone.sizes) == ((), (4, 7, 5, 3))
        trace_alone = ie.forward(alone, inputs)
        value_alone, grads_alone = ie.gradients(alone, inputs, targets, loss="logistic")
        pairs = [
            (trace.preactivations, trace_alone.preactivations),
            (trace.activations, trace_alone.activations),
            (grads.weights, grads_alone.weights),
            (grads.biases, grads_alone.biases),
            ((np.asarray(value),), (np.asarray(value_alone),)),
        ]
        for together, apart in pairs:
            for one, other in zip(together, apart, strict=True):
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
    arrays = (*trace.preactivations, *trace.activations, *grads.weights, *grads.biases, value)
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
    assert {p.dtype for p in (*network.weights, *network.biases)} == {np.dtype(np.float64)}


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
    given = (case.inputs, case.targets, *case.network.weights, *case.network.biases)
    kept = [a.copy() for a in given]
    trace = ie.forward(case.network, case.inputs)
    _, grads = ie.gradients(case.network, case.inputs, case.targets)
    made = (*trace.preactivations, *trace.activations, *grads.weights, *grads.biases)
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
    network = ie.Network.initialize(
        np.random.default_rng(9),
        [4, 3, 2],
        weights=ie.he_uniform(),
        biases=ie.normal(0.1),
        activation="relu",
        ensemble=ensemble,
        dtype=dtype,
    )
    rng = np.random.default_rng(9)
    for layer, (fan_in, fan_out) in enumerate([(4, 3), (3, 2)]):
        w = rng.uniform(-1, 1, (*ensemble, fan_out, fan_in)) * math.sqrt(6 / fan_in)
        b = 0.1 * rng.standard_normal((*ensemble, fan_out))
        np.testing.assert_allclose(network.weights[layer], w, rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(network.biases[layer], b, rtol=1e-6)
    assert (network.sizes, network.ensemble) == ((4, 3, 2), ensemble)
    assert network.dtype == np.dtype(dtype)
    assert network.activation is ie.ACTIVATIONS["relu"]


def test_an_initializer_may_return_lists() -> None:
    net = ie.Network.initialize(
        np.random.default_rng(0), [2, 1], weights=lambda _rng, _shape: [[1, 2]]
    )
    assert net.weights[0].tolist() == [[1.0, 2.0]]


def test_biases_start_at_zero_unless_told_otherwise() -> None:
    network = ie.Network.initialize(np.random.default_rng(0), [4, 3, 2], weights=ie.constant(1))
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
    "scalars": ([1.0], [1.0], ["weights of layer 1", "(..., fan_out, fan_in)", "()"]),
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
        ["layer 2", "(1, 2)", "2 inputs", "layer 1", "3 units", "(3, 2)"],
    ),
    "no chain later": (
        [W, np.ones((4, 3)), np.ones((1, 3))],
        [B, np.zeros(4), [0.0]],
        ["layer 3", "(1, 3)", "3 inputs", "layer 2", "4 units", "(4, 3)"],
    ),
    "ensembles differ": (
        [np.ones((5, 3, 2)), np.ones((1, 3))],
        [np.zeros((5, 3)), [0.0]],
        ["layer 2", "(1, 3)", "layer 1", "(5, 3, 2)"],
    ),
    "ensembles broadcast": (
        [np.ones((5, 3, 2)), np.ones((1, 1, 3))],
        [np.zeros((5, 3)), np.zeros((1, 1))],
        ["layer 2", "(1, 1, 3)", "layer 1", "(5, 3, 2)"],
    ),
    "nan weight": ([W, [[1.0, NAN, 1.0]]], [B, [0.0]], ["weights of layer 2", "nan", "(0, 1)"]),
    "inf weight": ([[[1.0], [INF]]], [[0.0, 0.0]], ["weights of layer 1", "inf", "(1, 0)"]),
    "nan bias": ([W], [[0.0, 0.0, NAN]], ["biases of layer 1", "nan", "(2,)"]),
    "inf bias": ([W, [[1.0] * 3]], [B, [-INF]], ["biases of layer 2", "-inf", "(0,)"]),
    "complex": ([W.astype(complex)], [B], ["weights of layer 1", "real numbers", "complex128"]),
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
    "complex": ({"dtype": complex}, "dtype must be float32 or float64, found complex128"),
    "half": ({"dtype": np.float16}, "dtype must be float32 or float64, found float16"),
    "no dtype": ({"dtype": "double precision"}, "dtype must be float32 or float64: data type"),
    "whole": ({"dtype": int}, "dtype must be float32 or float64, found int64"),
    "activation": ({"activation": "tahn"}, "unknown activation 'tahn': did you mean 'tanh'"),
    "fans of biases": ({"biases": ie.he_normal()}, r"found \(3,\); for biases use zeros"),
    "beyond float32": (
        {"weights": ie.constant(1e300), "dtype": np.float32},
        r"weights of layer 1: inf at index \(0, 0\)",
    ),
    "other inputs drawn": (
        {"weights": lambda _rng, shape: np.ones((shape[0], 9)), "sizes": [4, 2]},
        r"weights of layer 1: asked for shape \(2, 4\), the initializer gave \(2, 9\)",
    ),
    "beyond float64": ({"weights": ie.normal(1e308), "sizes": [40, 40]}, r"layer 1: -?inf at"),
    "nan drawn": (
        {"biases": lambda _rng, shape: np.full(shape, np.nan)},
        r"biases of layer 1: nan at index \(0,\)",
    ),
    "wrong shape drawn": (
        {"weights": lambda _rng, shape: np.ones(shape[::-1])},
        r"weights of layer 1: asked for shape \(3, 4\), the initializer gave \(4, 3\)",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD_INITIALIZE.values(), ids=BAD_INITIALIZE.keys())
def test_bad_arguments_of_initialize(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"sizes": [4, 3, 2], "weights": ie.zeros()} | change
    with pytest.raises(ValueError, match=message):
        ie.Network.initialize(np.random.default_rng(0), **given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"weights": ie.lecun_normal},
            r"weights of layer 1: lecun_normal\(\) takes 0 .*parentheses",
        ),
        ({"weights": 0.1}, r"weights of layer 1: 'float' object is not callable; an initializer"),
        ({"biases": "zeros"}, r"biases of layer 1: 'str' object is not callable; an initializer"),
    ],
)
def test_what_is_no_initializer_is_named(change: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = {"sizes": [4, 3, 2], "weights": ie.zeros()} | change
    with pytest.raises(TypeError, match=message):
        ie.Network.initialize(np.random.default_rng(0), **given)


ONE = ie.Network([np.ones((3, 4)), np.ones((2, 3))], [np.zeros(3), np.zeros(2)])
MANY = ie.Network([np.ones((5, 3, 4)), np.ones((5, 2, 3))], [np.zeros((5, 3)), np.zeros((5, 2))])

# network, inputs, what the message says
BAD_INPUTS: dict[str, tuple[ie.Network, Any, list[str]]] = {
    "scalar": (ONE, 3.0, ["(examples, 4)", "found ()"]),
    "one example as a vector": (ONE, [1, 2, 3, 4], ["(examples, 4)", "found (4,)"]),
    "empty list": (ONE, [], ["(examples, 4)", "found (0,)"]),
    "empty row": (ONE, [[]], ["(examples, 4)", "found (1, 0)"]),
    "no examples": (ONE, np.ones((0, 4)), ["one or more examples", "found (0, 4)"]),
    "features": (ONE, np.ones((7, 3)), ["(examples, 4)", "(4, 3, 2)", "found (7, 3)"]),
    "transposed": (ONE, np.ones((4, 7)), ["(examples, 4)", "found (4, 7)"]),
    "ensemble data, one network": (ONE, np.ones((5, 7, 4)), ["(examples, 4)", "found (5, 7, 4)"]),
    "another ensemble": (MANY, np.ones((3, 7, 4)), ["(5, 'examples', 4)", "found (3, 7, 4)"]),
    "an axis to broadcast": (MANY, np.ones((1, 7, 4)), ["found (1, 7, 4)"]),
    "an axis too many": (MANY, np.ones((1, 5, 7, 4)), ["found (1, 5, 7, 4)"]),
    "no examples per member": (MANY, np.ones((5, 0, 4)), ["found (5, 0, 4)"]),
    "nan": (ONE, [[1, 2, NAN, 4]], ["nan at index (0, 2)"]),
    "inf": (MANY, [[1, 2, 3, 4], [-INF, 2, 3, 4]], ["-inf at index (1, 0)"]),
    "complex": (ONE, np.ones((1, 4), complex), ["real numbers", "complex128"]),
    "ragged": (ONE, [[1, 2, 3, 4], [1]], ["not a rectangular array"]),
    "text": (ONE, [["a", "b", "c", "d"]], ["real numbers"]),
    "nothing": (ONE, None, ["real numbers"]),
}


@pytest.mark.parametrize(("network", "inputs", "words"), BAD_INPUTS.values(), ids=BAD_INPUTS.keys())
def test_bad_inputs(network: ie.Network, inputs: Any, words: list[str]) -> None:
    calls: list[Callable[[], object]] = [
        lambda: ie.forward(network, inputs),
        lambda: ie.gradients(network, inputs, np.ones((7, 2))),
        lambda: ie.train(network, inputs, np.ones((7, 2)), steps=1, learning_rate=0.1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"^inputs: ") as info:
            call()
        assert [word for word in words if word not in str(info.value)] == []


BAD_TARGETS: dict[str, tuple[ie.Network, Any, list[str]]] = {
    "scalar": (ONE, 3.0, ["targets: expected shape (examples, 2)", "found ()"]),
    "vector": (ONE, np.ones(7), ["targets: expected shape (examples, 2)", "found (7,)"]),
    "outputs": (ONE, np.ones((7, 1)), ["targets: expected shape (examples, 2)", "found (7, 1)"]),
    "examples": (ONE, np.ones((6, 2)), ["7 examples and targets 6", "(7, 4)", "(6, 2)"]),
    "one to broadcast": (ONE, np.ones((1, 2)), ["7 examples and targets 1"]),
    "none": (ONE, np.ones((0, 2)), ["targets: ", "one or more examples", "found (0, 2)"]),
    "ensemble data": (ONE, np.ones((5, 7, 2)), ["targets: ", "found (5, 7, 2)"]),
    "another ensemble": (MANY, np.ones((3, 7, 2)), ["(5, 'examples', 2)", "found (3, 7, 2)"]),
    "nan": (ONE, np.full((7, 2), NAN), ["targets: nan at index (0, 0)"]),
    "complex": (ONE, np.ones((7, 2), complex), ["targets: ", "complex128"]),
    "ragged": (MANY, [[1, 2], [1]], ["targets: not a rectangular array"]),
}


@pytest.mark.parametrize(
    ("network", "targets", "words"), BAD_TARGETS.values(), ids=BAD_TARGETS.keys()
)
def test_bad_targets(network: ie.Network, targets: Any, words: list[str]) -> None:
    inputs = np.ones((7, 4))
    calls: list[Callable[[], object]] = [
        lambda: ie.gradients(network, inputs, targets),
        lambda: ie.train(network, inputs, targets, steps=1, learning_rate=0.1),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"\S") as info:
            call()
        assert [word for word in words if word not in str(info.value)] == []


@pytest.mark.parametrize("ensemble", [(), (2,)])
def test_data_beyond_float32_is_refused_for_a_float32_network(ensemble: tuple[int, ...]) -> None:
    network = ie.Network.initialize(
        np.random.default_rng(0),
        [2, 1],
        weights=ie.zeros(),
        ensemble=ensemble,
        dtype=np.float32,
    )
    with pytest.raises(ValueError, match=r"inputs: inf at index \(0, 1\)"):
        ie.forward(network, [[0.0, 1e300]])
    with pytest.raises(ValueError, match=r"targets: -inf at index \(0, 0\)"):
        ie.gradients(network, [[0.0, 0.0]], [[-1e300]])


@pytest.mark.parametrize("loss", ["square_error", "", None, ["logistic"]])
def test_an_unknown_loss(loss: Any) -> None:
    with pytest.raises(ValueError, match="unknown loss .*known: " + ", ".join(ie.LOSSES)):
        ie.gradients(ONE, np.ones((1, 4)), np.ones((1, 2)), loss=loss)


def chain(*weights: float) -> ie.Network:
    """One identity unit a layer, so that every product can be read off."""
    return ie.Network([[[w]] for w in weights], [[0.0]] * len(weights), "identity")


# network, input, target, what overflows first
OVERFLOWS: dict[str, tuple[ie.Network, float, float, str]] = {
    "first layer": (chain(1e200, 1.0), 1e200, 0.0, "preactivations of layer 1"),
    "second layer": (chain(1e200, 1e200, 1.0), 1.0, 0.0, "preactivations of layer 2"),
    "outputs": (chain(1e200, 1.0, 1e200), 1.0, 0.0, "preactivations of layer 3"),
    "loss": (chain(1e100, 1e100), 1.0, 0.0, "squared_error loss"),
    "target": (chain(1.0), 0.0, 1e200, "squared_error loss"),
    # output 1e-90 - 1e150: the loss is 5e299; the gradient of W_2 is 1e150 * 1e160
    "weights of layer 2": (chain(1e160, 1e-250), 1.0, 1e150, "weight gradients of layer 2"),
    # the error 1e150 travels back through W_2 = 1e200
    "layer 1": (chain(1e-250, 1e200), 1.0, 1e150, "weight gradients of layer 1"),
}


@pytest.mark.parametrize(("network", "x", "y", "where"), OVERFLOWS.values(), ids=OVERFLOWS.keys())
def test_overflow_raises_and_says_where(
    network: ie.Network, x: float, y: float, where: str
) -> None:
    with pytest.raises(FloatingPointError, match=f"{where}: overflow"):
        ie.gradients(network, [[x]], [[y]])
    if where.startswith("preactivations"):
        with pytest.raises(FloatingPointError, match=f"^{where}: overflow"):
            ie.forward(network, [[x]])
    else:
        assert np.isfinite(ie.forward(network, [[x]]).outputs).all()


def test_overflow_of_a_bias_gradient_alone() -> None:
    # four errors of 0.75e308 at the hidden unit: their sum overflows, and times x it does not
    network, x, y = chain(1e-250, 3e208), [[1e-10]] * 4, [[-1e100]] * 4
    with pytest.raises(FloatingPointError, match=r"^bias gradients of layer 1: overflow"):
        ie.gradients(network, x, y)


def test_overflow_in_one_member_is_reported_for_the_ensemble() -> None:
    network = ie.Network([np.array([[[1.0]], [[1e300]]])], [np.zeros((2, 1))])
    with pytest.raises(FloatingPointError, match="preactivations of layer 1"):
        ie.forward(network, [[1e10]])


def test_an_activation_that_overflows_does_not_travel_on() -> None:
    # SELU stretches by 1.05, so that it can overflow where its preactivation did not
    network = ie.Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], "selu")
    with pytest.raises(FloatingPointError, match="overflow"):
        ie.forward(network, [[1.75e308]])


@every_activation
@every_loss
def test_saturated_units_give_finite_gradients(activation: str, loss: str) -> None:
    network = ie.Network([[[1e3], [-1e3]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], activation)
    value, grads = ie.gradients(network, [[1e3], [-1e3]], [[1.0], [1.0]], loss=loss)
    assert np.isfinite(value)
    assert all(np.isfinite(g).all() for g in (*grads.weights, *grads.biases))


# Ensembles made of networks, and copies


def three() -> list[ie.Network]:
    rng = np.random.default_rng(8)
    return [
        ie.Network.initialize(rng, [3, 4, 2], weights=ie.normal(1.0), biases=ie.normal(1.0))
        for _ in range(3)
    ]


def test_stacked_networks_are_the_members_of_an_ensemble() -> None:
    networks = three()
    together = ie.Network.stack(networks)
    assert together.ensemble == (3,)
    for i, network in enumerate(networks):
        member = together.member(i)
        assert all(map(np.array_equal, member.weights, network.weights))
        assert all(map(np.array_equal, member.biases, network.biases))


def test_reshaped_keeps_the_members_in_order() -> None:
    six = ie.Network.stack([*three(), *three()])
    grid = six.reshaped(2, 3)
    assert grid.ensemble == (2, 3)
    assert np.array_equal(grid.member(1, 2).weights[0], six.member(5).weights[0])
    assert np.array_equal(grid.member(0, 1).biases[1], six.member(1).biases[1])
    assert ie.Network.stack(three()[:1]).reshaped().ensemble == ()
    with pytest.raises(ValueError, match=r"\(4,\) do not hold those of \(6,\)"):
        six.reshaped(4)


MISFITS = {
    "wider": ie.Network([np.ones((5, 3)), np.ones((2, 5))], [np.zeros(5), np.zeros(2)]),
    "deeper": ie.Network([np.ones((2, 3)), np.ones((2, 2))], [np.zeros(2)] * 2),
    "relu": ie.Network([np.ones((4, 3)), np.ones((2, 4))], [np.zeros(4), np.zeros(2)], "relu"),
    "single precision": ie.Network(
        [np.ones((4, 3), np.float32), np.ones((2, 4), np.float32)],
        [np.zeros(4, np.float32), np.zeros(2, np.float32)],
    ),
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
    assert all(map(np.array_equal, other.weights, network.weights))
    assert all(map(np.array_equal, other.biases, network.biases))
    assert other.activation == network.activation
    with pytest.raises(ValueError, match="read-only"):
        other.weights[0][0, 0] = 1.0
