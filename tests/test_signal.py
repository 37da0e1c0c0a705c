"""Signal: saturation, moments and ratios against plain loops, mean field against closed forms.

The oracles are loops over units in plain Python, Gauss-Hermite quadrature (the package integrates
in Gauss-Legendre panels), the arc-cosine kernel of the ReLU, and networks of many units.
"""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import initexplain as ie
from initexplain import signal

pytestmark = pytest.mark.filterwarnings("error")

every_activation = pytest.mark.parametrize("activation", ie.ACTIVATIONS)
ENSEMBLES: list[tuple[int, ...]] = [(), (3,), (2, 3)]
every_ensemble = pytest.mark.parametrize("ensemble", ENSEMBLES, ids=str)


def drawn(
    ensemble: tuple[int, ...] = (), activation: str = "tanh", *, gain: float = 1.5
) -> tuple[ie.Network, Any, Any]:
    """A small network with biases, inputs and targets."""
    rng = np.random.default_rng(7)
    network = ie.Network.initialize(
        rng,
        [3, 5, 4, 2],
        weights=ie.lecun_normal(gain=gain),
        biases=ie.normal(0.5),
        activation=activation,
        ensemble=ensemble,
    )
    return network, rng.standard_normal((6, 3)), rng.standard_normal((6, 2))


# Saturation


@every_activation
@every_ensemble
def test_saturation_counts_units_outside_the_region(
    activation: str, ensemble: tuple[int, ...]
) -> None:
    network, inputs, _ = drawn(ensemble, activation)
    low, high = network.activation.linear_region
    trace = ie.forward(network, inputs)
    fraction = signal.saturated_fraction(network, inputs)
    distance = signal.region_distance(network, inputs)
    assert fraction.shape == distance.shape == (2, *ensemble)
    for layer in (0, 1):
        for index in np.ndindex(*ensemble):
            values = trace.preactivations[layer][index].ravel().tolist()
            outside = [z for z in values if z < low or z > high]
            gaps = [low - z if z < low else z - high for z in outside]
            assert fraction[(layer, *index)] == pytest.approx(len(outside) / len(values))
            assert distance[(layer, *index)] == pytest.approx(sum(gaps) / len(values))


def test_a_wide_random_network_saturates_as_the_normal_law_says() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((200, 100))
    network = ie.Network.initialize(rng, [100, 300, 1], weights=ie.lecun_normal(gain=2.0))
    end = network.activation.linear_region[1]
    expected = math.erfc(end / 2.0 / math.sqrt(2))
    assert signal.saturated_fraction(network, inputs)[0] == pytest.approx(expected, abs=0.02)


@every_ensemble
def test_dead_units_are_off_for_every_example(ensemble: tuple[int, ...]) -> None:
    network, inputs, _ = drawn(ensemble, "relu")
    trace = ie.forward(network, inputs)
    found = signal.dead_fraction(network, inputs)
    assert found.shape == (2, *ensemble)
    for layer in (0, 1):
        for index in np.ndindex(*ensemble):
            columns = trace.preactivations[layer][index].T.tolist()
            dead = sum(all(z <= 0 for z in column) for column in columns)
            assert found[(layer, *index)] == dead / len(columns)


@pytest.mark.parametrize(
    ("activation", "share"), [("relu", 1.0), ("leaky_relu", 0.0), ("tanh", 1.0), ("identity", 0.0)]
)
def test_dead_means_no_slope(activation: str, share: float) -> None:
    network = ie.Network([np.ones((4, 1)), np.ones((1, 4))], [np.full(4, -90.0), [0.0]], activation)
    assert signal.dead_fraction(network, [[1.0], [-1.0]]).tolist() == [share]


def test_a_network_without_hidden_layers_has_nothing_to_saturate() -> None:
    network = ie.Network([np.ones((3, 1, 2))], [np.zeros((3, 1))])
    for measure in (signal.saturated_fraction, signal.region_distance, signal.dead_fraction):
        assert measure(network, [[1.0, 2.0]]).shape == (0, 3)


# Moments and errors


@every_activation
@every_ensemble
@pytest.mark.parametrize("loss", ["squared_error", "logistic"])
def test_errors_are_the_bias_gradients_of_single_examples(
    activation: str, ensemble: tuple[int, ...], loss: str
) -> None:
    network, inputs, targets = drawn(ensemble, activation)
    targets = (targets > 0).astype(float)
    deltas = signal.errors(network, inputs, targets, loss=loss)
    for example in range(len(inputs)):
        one = slice(example, example + 1)
        _, grads = ie.gradients(network, inputs[one], targets[one], loss=loss)
        for delta, gradient in zip(deltas, grads.biases, strict=True):
            assert np.allclose(delta[..., example, :] * len(inputs), gradient, atol=1e-12)


@every_ensemble
def test_moments_are_means_of_squares(ensemble: tuple[int, ...]) -> None:
    network, inputs, targets = drawn(ensemble)
    moments = signal.second_moments(network, inputs, targets)
    trace = ie.forward(network, inputs)
    deltas = signal.errors(network, inputs, targets)
    for found, signals in (
        (moments.preactivations, trace.preactivations),
        (moments.activations, trace.activations),
        (moments.errors, deltas),
    ):
        assert found.shape == (len(signals), *ensemble)
        for layer, values in enumerate(signals):
            for index in np.ndindex(*ensemble):
                flat = values[index].ravel().tolist()
                mean = math.fsum(v * v for v in flat) / len(flat)
                assert found[(layer, *index)] == pytest.approx(mean)


def test_moments_of_a_float32_network_do_not_vanish() -> None:
    weights = [np.full((1, 1), 1e-30, np.float32), np.ones((1, 1), np.float32)]
    network = ie.Network(weights, [np.zeros(1, np.float32)] * 2)
    found = signal.second_moments(network, [[1.0]], [[0.0]])
    assert found.preactivations == pytest.approx([1e-60, 1e-60], rel=1e-6, abs=0)
    assert signal.gradient_to_weight(network, _gradients([1e-30, 1e-38])) == pytest.approx(
        [1.0, 1e-38], rel=1e-6, abs=0
    )


def test_means_that_overflow_are_reported() -> None:
    network = ie.Network([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], "relu")
    with pytest.raises(FloatingPointError, match="square of the preactivations of layer 1"):
        signal.second_moments(network, [[1e200]], [[0.0]])
    with pytest.raises(FloatingPointError, match="over the preactivations of layer 1: overflow"):
        signal.region_distance(network, np.full((3, 1), -1.5e308))


def test_moments_can_be_compared() -> None:
    network, inputs, targets = drawn(())
    one, other = (signal.second_moments(network, inputs, targets) for _ in range(2))
    assert one == one  # noqa: PLR0124 - as a list of results does
    assert one != other


def test_errors_that_overflow_are_reported() -> None:
    network = ie.Network([[[1e-150]], [[1e200]]], [[0.0], [0.0]], "identity")
    with pytest.raises(FloatingPointError, match="errors of layer 1"):
        signal.errors(network, [[1e-10]], [[1e150]])


# Ratios


def _gradients(values: list[float]) -> ie.Gradients:
    matrices = tuple(np.full((1, 1), v, np.float32) for v in values)
    return ie.Gradients(matrices, tuple(np.zeros(1) for _ in values))


@every_ensemble
def test_gradient_ratio_is_a_ratio_of_frobenius_norms(ensemble: tuple[int, ...]) -> None:
    network, inputs, targets = drawn(ensemble)
    _, grads = ie.gradients(network, inputs, targets)
    found = signal.gradient_to_weight(network, grads)
    assert found.shape == (3, *ensemble)
    for layer in range(3):
        for index in np.ndindex(*ensemble):
            g, w = (m[layer][index].ravel().tolist() for m in (grads.weights, network.weights))
            expected = math.sqrt(sum(x * x for x in g)) / math.sqrt(sum(x * x for x in w))
            assert found[(layer, *index)] == pytest.approx(expected)


@every_ensemble
def test_one_step_of_descent_updates_by_rate_times_ratio(ensemble: tuple[int, ...]) -> None:
    network, inputs, targets = drawn(ensemble)
    _, grads = ie.gradients(network, inputs, targets)
    after = ie.train(network, inputs, targets, steps=1, learning_rate=0.01).network
    expected = 0.01 * signal.gradient_to_weight(network, grads)
    assert signal.update_to_weight(network, after) == pytest.approx(expected)


def test_ratios_of_zero_weights() -> None:
    network = ie.Network([np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1))], [np.zeros(1)] * 3)
    assert signal.gradient_to_weight(network, _gradients([1.0, 0.0, 0.0])).tolist() == [
        math.inf,
        0.0,
        0.0,
    ]


def test_ratios_neither_overflow_nor_vanish() -> None:
    network = ie.Network([np.full((2, 2), 1e-200)], [np.zeros(2)])
    after = ie.Network([np.full((2, 2), 1e200)], [np.zeros(2)])
    assert signal.update_to_weight(network, network).tolist() == [0.0]
    assert signal.update_to_weight(after, network) == pytest.approx([1.0])
    assert signal.update_to_weight(network, after).tolist() == [math.inf]
    # the norms themselves are no floats
    largest = np.full((3, 3), 1.7e308)
    gradients = ie.Gradients((largest,), (np.zeros(3),))
    network = ie.Network([largest / 2], [np.zeros(3)])
    assert signal.gradient_to_weight(network, gradients) == pytest.approx([2.0])


def test_gradients_and_updates_that_are_not_finite_are_refused() -> None:
    network = ie.Network([[[1.7e308]]], [[0.0]])
    with pytest.raises(FloatingPointError, match="update of layer 1: overflow"):
        signal.update_to_weight(network, ie.Network([[[-1.7e308]]], [[0.0]]))
    with pytest.raises(ValueError, match=r"gradients of layer 1: nan at index \(0, 0\)"):
        signal.gradient_to_weight(network, _gradients([math.nan]))


def test_ratios_of_shapes_that_do_not_fit() -> None:
    network = ie.Network([np.ones((2, 3))], [np.zeros(2)])
    with pytest.raises(ValueError, match="shapes"):
        signal.gradient_to_weight(network, _gradients([1.0]))
    with pytest.raises(ValueError, match="shapes"):
        signal.update_to_weight(network, ie.Network([np.ones((1, 3))], [np.zeros(1)]))


# LSUV


@every_activation
@every_ensemble
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lsuv_gives_unit_variance(activation: str, ensemble: tuple[int, ...], dtype: Any) -> None:
    rng = np.random.default_rng(3)
    inputs = 4.0 * rng.standard_normal((40, 6))
    network = signal.lsuv(
        rng, [6, 12, 12, 3], inputs, activation=activation, ensemble=ensemble, dtype=dtype
    )
    assert network.dtype == dtype
    assert network.ensemble == ensemble
    for z in ie.forward(network, inputs).preactivations:
        assert np.abs(z.var(axis=(-2, -1)) - 1).max() <= 0.021
    for w in network.weights:  # orthogonal up to a factor
        gram = (
            w @ np.swapaxes(w, -1, -2) if w.shape[-2] <= w.shape[-1] else np.swapaxes(w, -1, -2) @ w
        )
        factor = gram[..., :1, :1]
        assert np.allclose(gram / factor, np.eye(gram.shape[-1]), atol=1e-4)


def test_lsuv_leaves_what_is_close_enough() -> None:
    inputs = np.array([[1.005], [-1.005]])
    close = signal.lsuv(
        np.random.default_rng(0), [1, 1], inputs, weights=ie.constant(1.0), activation="identity"
    )
    exact = signal.lsuv(
        np.random.default_rng(0),
        [1, 1],
        inputs,
        weights=ie.constant(1.0),
        activation="identity",
        tolerance=0.0,
    )
    assert close.weights[0].item() == 1.0
    assert exact.weights[0].item() == pytest.approx(1 / 1.005)


def test_lsuv_refuses_what_it_cannot_rescale() -> None:
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="layer 1: preactivations do not vary"):
        signal.lsuv(rng, [2, 3, 1], np.zeros((5, 2)))
    with pytest.raises(ValueError, match="tolerance"):
        signal.lsuv(rng, [2, 3, 1], np.ones((5, 2)), tolerance=-1.0)
    with pytest.raises(FloatingPointError, match="preactivations of layer 1: overflow"):
        signal.lsuv(rng, [2, 3, 1], np.full((5, 2), 1.7e308), weights=ie.constant(1.0))


@every_activation
@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_lsuv_rescales_what_is_huge_or_tiny(activation: str, size: float) -> None:
    rng = np.random.default_rng(4)
    inputs = size * rng.standard_normal((50, 3))
    network = signal.lsuv(rng, [3, 5, 2], inputs, activation=activation)
    for z in ie.forward(network, inputs).preactivations:
        assert z.var() == pytest.approx(1.0, abs=0.021)


# Scales


@every_ensemble
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_at_scales_multiplies_hidden_weights_only(ensemble: tuple[int, ...], dtype: Any) -> None:
    drawn_network, *_ = drawn(ensemble, "relu")
    network = ie.Network(
        [w.astype(dtype) for w in drawn_network.weights],
        [b.astype(dtype) for b in drawn_network.biases],
        "relu",
    )
    found = signal.at_scales(network, [0.5, 1.0, 3.0])
    assert found.ensemble == (3, *ensemble)
    assert (found.dtype, found.activation) == (dtype, network.activation)
    for i, scale in enumerate((0.5, 1.0, 3.0)):
        for hidden, w in zip(found.weights[:-1], network.weights[:-1], strict=True):
            assert np.array_equal(hidden[i], dtype(scale) * w)
        assert np.array_equal(found.weights[-1][i], network.weights[-1])
        for b, kept in zip(found.biases, network.biases, strict=True):
            assert np.array_equal(b[i], kept)


@pytest.mark.parametrize("scales", [2.0, [[1.0]], [1.0, math.inf], []])
def test_scales_are_a_list_of_finite_numbers(scales: Any) -> None:
    with pytest.raises(ValueError, match="scales"):
        signal.at_scales(drawn()[0], scales)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_scales_that_make_weights_overflow_are_refused(dtype: Any) -> None:
    network = ie.Network([np.full((1, 1), 1e30, dtype), np.ones((1, 1), dtype)], [np.zeros(1)] * 2)
    network = ie.Network(network.weights, [b.astype(dtype) for b in network.biases])
    with pytest.raises(ValueError, match="weights of layer 1: inf at"):
        signal.at_scales(network, [1.0, 1e300])


# Quadrature and mean field

HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(120)
HERMITE_W = HERMITE_W / HERMITE_W.sum()
SMOOTH = ["identity", "tanh", "lecun_tanh", "logistic"]


def hermite_mean(function: Callable[[Any], Any]) -> float:
    return float(HERMITE_W @ function(HERMITE_X))


def hermite_pair_mean(function: Callable[[Any], Any], q: float, c: float) -> float:
    first, second = HERMITE_X[:, None], HERMITE_X[None, :]
    u = math.sqrt(q) * first
    v = math.sqrt(q) * (c * first + math.sqrt(1 - c * c) * second)
    return float(HERMITE_W @ (function(u) * function(v)) @ HERMITE_W)


@pytest.mark.parametrize("power", range(9))
def test_moments_of_the_normal(power: int) -> None:
    expected = 0.0 if power % 2 else float(math.prod(range(power - 1, 0, -2)))
    assert float(signal.gaussian_mean(lambda z: z**power)) == pytest.approx(expected, abs=1e-12)
    assert float(signal.gaussian_mean(lambda z: z**power, 4.0)) == pytest.approx(
        expected * 2.0**power, abs=1e-10
    )


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("q", [0.01, 1.0, 2.0])
def test_quadrature_agrees_with_gauss_hermite(activation: str, q: float) -> None:
    f = ie.ACTIVATIONS[activation]
    expected = hermite_mean(lambda z: f(math.sqrt(q) * z) ** 2)
    assert float(signal.mean_square(activation, q)) == pytest.approx(expected, rel=1e-7)
    expected = hermite_mean(lambda z: f.derivative(math.sqrt(q) * z) ** 2)
    assert float(signal.mean_square_slope(activation, q)) == pytest.approx(expected, rel=1e-5)


def selu_mean_square(q: float) -> float:
    """In closed form, from the moments of a lognormal cut off at 1."""
    scale, alpha = 1.0507009873554805, 1.6732632423543772

    def below(k: float) -> float:  # E exp(k u) for u < 0, u of variance q
        return math.exp(k * k * q / 2) * math.erfc(k * math.sqrt(q / 2)) / 2

    return scale**2 * (q / 2 + alpha**2 * (below(2) - 2 * below(1) + below(0)))


CLOSED_FORMS: list[tuple[str, Callable[[float], float], float]] = [
    # E f(sqrt(q) z)^2 as a function of q, and E f'^2 (the same for every q)
    ("identity", lambda q: q, 1.0),
    ("relu", lambda q: q / 2, 0.5),
    ("leaky_relu", lambda q: q * (1 + 0.01**2) / 2, (1 + 0.01**2) / 2),
]


@pytest.mark.parametrize("q", [1e-9, 0.3, 1.0, 50.0, 1e6])
@pytest.mark.parametrize(("activation", "square", "slope"), CLOSED_FORMS)
def test_kinks_cost_no_accuracy(
    activation: str, square: Callable[[float], float], slope: float, q: float
) -> None:
    assert float(signal.mean_square(activation, q)) == pytest.approx(square(q), rel=1e-12)
    assert float(signal.mean_square_slope(activation, q)) == pytest.approx(slope, rel=1e-12)


@pytest.mark.parametrize("q", [1e-3, 0.3, 1.0, 50.0])
def test_selu_in_closed_form(q: float) -> None:
    assert float(signal.mean_square("selu", q)) == pytest.approx(selu_mean_square(q), rel=1e-9)


def test_slopes_where_there_is_no_spread() -> None:
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    assert float(signal.mean_square_slope("relu", 0.0)) == pytest.approx(0.5)
    assert float(signal.mean_square_slope("selu", 0.0)) == pytest.approx(
        (scale**2 + (scale * alpha) ** 2) / 2
    )
    assert float(signal.mean_square_slope("tanh", 0.0)) == pytest.approx(1.0)
    assert float(signal.mean_square("logistic", 0.0)) == pytest.approx(0.25)


@pytest.mark.parametrize("std", [30.0, 1000.0])
def test_a_function_narrower_than_the_density(std: float) -> None:
    # E tanh'(std z)^2 -> density at 0 times the integral of tanh'(u)^2, 4/3, over std
    expected = 4 / 3 / std / math.sqrt(2 * math.pi)
    found = float(signal.mean_square_slope("tanh", std**2))
    assert found == pytest.approx(expected, rel=2 / std**2)


def test_an_exploding_mean_is_reported() -> None:
    with pytest.raises(FloatingPointError, match="too large"):
        signal.variance_map("identity", 1e307, weight_std=1.0)
    with pytest.raises(FloatingPointError, match="second moment of the next layer: overflow"):
        signal.variance_map("relu", 1e150, weight_std=1e100)
    with pytest.raises(FloatingPointError, match="two normals: overflow"):
        signal.correlation_map("relu", 0.5, q=1.7e308, weight_std=1.0)


def test_maps_take_arrays() -> None:
    q = np.array([[0.0, 1.0], [2.0, 3.0]])
    assert np.allclose(signal.variance_map("relu", q, weight_std=2.0, bias_std=1.0), 2 * q + 1)


FACTS = [
    # activation, weight_std, q, chi
    ("lecun_tanh", 1.0, 0.3824, 1.0192),
    ("tanh", 5 / 3, 1.1785, 1.2098),
    ("selu", 1.0, 1.0, 1.0716),
    ("tanh", 1.0, 0.0, 1.0),
    ("tanh", 0.5, 0.0, 0.25),
    ("relu", 2**0.5, 1.0, 1.0),
    ("relu", 1.0, 0.0, 0.5),
    ("relu", 2.0, math.inf, 2.0),
    ("identity", 1.0, 1.0, 1.0),
]


@pytest.mark.parametrize(("activation", "weight_std", "q", "chi"), FACTS)
def test_fixed_points(activation: str, weight_std: float, q: float, chi: float) -> None:
    found = signal.mean_field(activation, weight_std=weight_std)
    assert found.q == pytest.approx(q, abs=5e-5)
    assert found.chi == pytest.approx(chi, abs=5e-5)


@every_activation
@pytest.mark.parametrize("weight_std", [0.4, 0.8, 1.3])
def test_the_fixed_point_is_where_the_iteration_ends(activation: str, weight_std: float) -> None:
    found = signal.mean_field(activation, weight_std=weight_std, bias_std=0.3)
    q = 1.0
    for _ in range(1000):
        q = float(signal.variance_map(activation, q, weight_std=weight_std, bias_std=0.3))
    if found.q == math.inf:
        assert q > 1e6
    else:
        assert q == pytest.approx(found.q, rel=1e-9)


def test_relu_with_biases_in_closed_form() -> None:
    found = signal.mean_field("relu", weight_std=1.0, bias_std=0.6)
    assert found.q == pytest.approx(0.36 / (1 - 0.5))
    assert found.correlation == 1.0
    assert found.correlation_length == pytest.approx(1 / math.log(2))


EDGE = [(0.0, 1.0), (0.01, 1.4242), (0.05, 1.7610), (0.1, 1.9861), (0.3, 2.5051)]


@pytest.mark.parametrize(("bias_variance", "weight_variance"), EDGE)
def test_edge_of_chaos_of_tanh(bias_variance: float, weight_variance: float) -> None:
    found = signal.critical_weight_std("tanh", bias_std=math.sqrt(bias_variance))
    assert found**2 == pytest.approx(weight_variance, abs=6e-5)


def test_edge_of_chaos_of_the_scale_free() -> None:
    assert signal.critical_weight_std("relu") == pytest.approx(math.sqrt(2))
    assert signal.critical_weight_std("identity") == pytest.approx(1.0)


@pytest.mark.parametrize("c", [-0.9, -0.3, 0.0, 0.5, 0.99])
def test_correlation_of_relu_is_the_arc_cosine_kernel(c: float) -> None:
    expected = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
    for q in (0.01, 1.0, 100.0):
        found = signal.correlation_map("relu", c, q=q, weight_std=1.3)
        assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("activation", SMOOTH)
@pytest.mark.parametrize("c", [-0.7, 0.0, 0.4, 0.95])
def test_correlation_agrees_with_gauss_hermite(activation: str, c: float) -> None:
    f = ie.ACTIVATIONS[activation]
    q, weight_std, bias_std = 1.7, 1.4, 0.4
    expected = (weight_std**2 * hermite_pair_mean(f, q, c) + bias_std**2) / (
        weight_std**2 * hermite_mean(lambda z: f(math.sqrt(q) * z) ** 2) + bias_std**2
    )
    found = signal.correlation_map(activation, c, q=q, weight_std=weight_std, bias_std=bias_std)
    assert found == pytest.approx(expected, abs=1e-6)


@every_activation
def test_equal_inputs_stay_equal(activation: str) -> None:
    assert signal.correlation_map(activation, 1.0, q=2.0, weight_std=1.1) == pytest.approx(1.0)


@pytest.mark.parametrize(("weight_std", "bias_std"), [(0.8, 0.3), (1.6, 0.0), (2.0, 0.3)], ids=str)
def test_the_correlation_length_is_the_rate_of_the_iteration(
    weight_std: float, bias_std: float
) -> None:
    found = signal.mean_field("tanh", weight_std=weight_std, bias_std=bias_std)
    setting = {"q": found.q, "weight_std": weight_std, "bias_std": bias_std}
    c, gaps = found.correlation - 0.02, []
    for _ in range(8):
        c = signal.correlation_map("tanh", c, **setting)
        gaps.append(abs(found.correlation - c))
    rate = (gaps[-1] / gaps[3]) ** (1 / 4)
    assert rate == pytest.approx(math.exp(-1 / found.correlation_length), rel=0.02)


def test_at_the_edge_the_length_is_infinite() -> None:
    assert signal.mean_field("tanh", weight_std=1.0).correlation_length == math.inf
    assert signal.mean_field("relu", weight_std=math.sqrt(2)).correlation_length == math.inf


def test_where_the_signal_explodes_there_is_no_correlation() -> None:
    found = signal.mean_field("relu", weight_std=2.0)
    assert math.isnan(found.correlation)
    assert math.isnan(found.correlation_length)


@pytest.mark.parametrize("activation", ["tanh", "relu", "selu", "logistic"])
def test_wide_networks_follow_the_map(activation: str) -> None:
    rng = np.random.default_rng(5)
    width, layers = 600, 5
    inputs = rng.standard_normal((20, width))
    network = ie.Network.initialize(
        rng,
        [width] * (layers + 1),
        weights=ie.lecun_normal(gain=1.3),
        biases=ie.normal(0.2),
        activation=activation,
    )
    measured = signal.second_moments(network, inputs, inputs).preactivations
    predicted = signal.variances(
        activation, layers=layers, weight_std=1.3, bias_std=0.2, start=1.3**2 + 0.2**2
    )
    assert measured == pytest.approx(predicted, rel=0.15)


def test_xavier_tanh_decays_like_one_over_twice_the_depth() -> None:
    passed = signal.mean_square("tanh", signal.variances("tanh", layers=100, weight_std=1.0))
    assert passed[4] == pytest.approx(0.1034, abs=5e-5)
    assert passed[99] == pytest.approx(0.00507, abs=5e-6)


# Errors


def test_the_activation_of_a_copied_network_is_known() -> None:
    network = pickle.loads(pickle.dumps(drawn()[0]))
    found = signal.mean_field(network.activation, weight_std=1.5)
    assert found == signal.mean_field(network.activation.name, weight_std=1.5)


def test_unknown_activations_are_named() -> None:
    with pytest.raises(ValueError, match="did you mean 'tanh'"):
        signal.mean_field("tahn", weight_std=1.0)
    mine = ie.Activation("mine", np.cos, np.ones_like, (-1.0, 1.0), odd=False)
    with pytest.raises(ValueError, match="'mine' is not in the table"):
        signal.variance_map(mine, 1.0, weight_std=1.0)
    other = ie.Activation("tanh", np.cos, np.ones_like, (-1.0, 1.0), odd=False)
    with pytest.raises(ValueError, match="not in the table"):
        signal.critical_weight_std(other)


@pytest.mark.parametrize(
    "call",
    [
        lambda: signal.mean_field("tanh", weight_std=0.0),
        lambda: signal.mean_field("tanh", weight_std=math.nan),
        lambda: signal.mean_field("tanh", weight_std=1.0, bias_std=-0.1),
        lambda: signal.variance_map("tanh", -1.0, weight_std=1.0),
        lambda: signal.variance_map("tanh", [1.0, math.nan], weight_std=1.0),
        lambda: signal.variances("tanh", layers=0, weight_std=1.0),
        lambda: signal.correlation_map("tanh", 1.5, q=1.0, weight_std=1.0),
        lambda: signal.correlation_map("tanh", 0.5, q=0.0, weight_std=1.0),
        lambda: signal.correlation_map("tanh", "1", q=1.0, weight_std=1.0),  # type: ignore[arg-type]
        lambda: signal.mean_field("tanh", weight_std=1e200),
        lambda: signal.mean_field("tanh", weight_std=1.0, bias_std=1e200),
        lambda: signal.critical_weight_std("tanh", bias_std=1e200),
        lambda: signal.gaussian_mean(np.sin, -1.0),
    ],
)
def test_numbers_out_of_range(call: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must|every value|found"):
        call()
