"""Mean field against closed forms, Gauss-Hermite quadrature and networks of many units.

The package integrates in Gauss-Legendre panels. The other oracles are the arc-cosine kernel of the
ReLU, the moments of a cut lognormal, and plain iteration of the maps.
"""

import math
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import initexplain as ie
from initexplain import mean_field as mf
from initexplain import signal

pytestmark = pytest.mark.filterwarnings("error")

every_activation = pytest.mark.parametrize("activation", ie.ACTIVATIONS)
smooth = pytest.mark.parametrize("activation", ["identity", "tanh", "lecun_tanh", "logistic"])
HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(120)
HERMITE_W = HERMITE_W / HERMITE_W.sum()
SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


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
    found = mf.gaussian_mean(lambda z: z**power, [1.0, 4.0])
    assert found == pytest.approx([expected, expected * 2.0**power], abs=1e-10)


@smooth
@pytest.mark.parametrize("q", [0.01, 1.0, 2.0])
def test_quadrature_agrees_with_gauss_hermite(activation: str, q: float) -> None:
    f = ie.ACTIVATIONS[activation]
    expected = hermite_mean(lambda z: f(math.sqrt(q) * z) ** 2)
    assert float(mf.mean_square(activation, q)) == pytest.approx(expected, rel=1e-7)
    expected = hermite_mean(lambda z: f.derivative(math.sqrt(q) * z) ** 2)
    assert float(mf.mean_square_slope(activation, q)) == pytest.approx(expected, rel=1e-5)


CLOSED_FORMS: list[tuple[str, float]] = [
    # E f(sqrt(q) z)^2 = factor q, and E f'^2 is the factor for every q
    ("identity", 1.0),
    ("relu", 0.5),
    ("leaky_relu", (1 + 0.01**2) / 2),
]


@pytest.mark.parametrize(("activation", "factor"), CLOSED_FORMS)
def test_kinks_cost_no_accuracy(activation: str, factor: float) -> None:
    q = np.array([[1e-9, 0.3, 1.0], [50.0, 1e6, 2.0]])
    np.testing.assert_allclose(mf.mean_square(activation, q), factor * q, rtol=1e-12)
    np.testing.assert_allclose(mf.mean_square_slope(activation, q), factor, rtol=1e-12)
    passed = mf.variance_map(activation, q, weight_std=2.0, bias_std=3.0)
    np.testing.assert_allclose(passed, 4 * factor * q + 9, rtol=1e-12)


@pytest.mark.parametrize("q", [1e-3, 0.3, 1.0, 50.0])
def test_selu_in_closed_form(q: float) -> None:
    def below(k: float) -> float:  # E exp(k u) for u < 0, u of variance q
        return math.exp(k * k * q / 2) * math.erfc(k * math.sqrt(q / 2)) / 2

    negative = SELU_ALPHA**2 * (below(2) - 2 * below(1) + below(0))
    found = float(mf.mean_square("selu", q))
    assert found == pytest.approx(SELU_SCALE**2 * (q / 2 + negative), rel=1e-9)


@pytest.mark.parametrize(
    ("activation", "square", "slope"),
    [
        ("relu", 0.0, 0.5),
        ("selu", 0.0, SELU_SCALE**2 * (1 + SELU_ALPHA**2) / 2),
        ("tanh", 0.0, 1.0),
        ("logistic", 0.25, 1 / 16),
    ],
)
def test_means_where_there_is_no_spread(activation: str, square: float, slope: float) -> None:
    assert float(mf.mean_square(activation, 0.0)) == pytest.approx(square)
    assert float(mf.mean_square_slope(activation, 0.0)) == pytest.approx(slope)


@pytest.mark.parametrize("std", [30.0, 1000.0])
def test_a_function_narrower_than_the_density(std: float) -> None:
    # E tanh'(std z)^2 -> density at 0 times the integral of tanh'(u)^2, 4/3, over std
    expected = 4 / 3 / std / math.sqrt(2 * math.pi)
    found = float(mf.mean_square_slope("tanh", std**2))
    assert found == pytest.approx(expected, rel=2 / std**2)


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
    found = mf.mean_field(activation, weight_std=weight_std)
    assert (found.q, found.chi) == pytest.approx((q, chi), abs=5e-5)
    # at the edge the correlation approaches its limit slower than any exponential
    assert (found.correlation_length == math.inf) == (chi == 1.0)
    for value in (found.correlation, found.correlation_length):
        assert math.isnan(value) == math.isinf(q)


@every_activation
@pytest.mark.parametrize("weight_std", [0.4, 0.8, 1.3])
def test_the_fixed_point_is_where_the_iteration_ends(activation: str, weight_std: float) -> None:
    scales = {"weight_std": weight_std, "bias_std": 0.3}
    last = float(mf.variances(activation, layers=1001, start=1.0, **scales)[-1])
    q = mf.mean_field(activation, **scales).q
    assert last > 1e6 if q == math.inf else last == pytest.approx(q, rel=1e-9)


def test_relu_with_biases_in_closed_form() -> None:
    found = mf.mean_field("relu", weight_std=1.0, bias_std=0.6)
    expected = (0.36 / (1 - 0.5), 0.5, 1.0, 1 / math.log(2))
    assert tuple(vars(found).values()) == pytest.approx(expected)


EDGE = [
    # activation, variances of biases and of weights
    ("tanh", 0.0, 1.0),
    ("tanh", 0.01, 1.4242),
    ("tanh", 0.05, 1.7610),
    ("tanh", 0.1, 1.9861),
    ("tanh", 0.3, 2.5051),
    ("relu", 0.0, 2.0),
    ("identity", 0.0, 1.0),
]


@pytest.mark.parametrize(("activation", "bias_variance", "weight_variance"), EDGE)
def test_edge_of_chaos(activation: str, bias_variance: float, weight_variance: float) -> None:
    found = mf.critical_weight_std(activation, bias_std=math.sqrt(bias_variance))
    assert found**2 == pytest.approx(weight_variance, abs=6e-5)


@pytest.mark.parametrize("c", [-0.9, -0.3, 0.0, 0.5, 0.99])
@pytest.mark.parametrize("q", [0.01, 1.0, 100.0])
def test_correlation_of_relu_is_the_arc_cosine_kernel(c: float, q: float) -> None:
    expected = (math.sqrt(1 - c * c) + c * (math.pi - math.acos(c))) / math.pi
    assert mf.correlation_map("relu", c, q=q, weight_std=1.3) == pytest.approx(expected, abs=1e-10)


@smooth
@pytest.mark.parametrize("c", [-0.7, 0.0, 0.4, 0.95])
def test_correlation_agrees_with_gauss_hermite(activation: str, c: float) -> None:
    f = ie.ACTIVATIONS[activation]
    q, weight_std, bias_std = 1.7, 1.4, 0.4
    expected = (weight_std**2 * hermite_pair_mean(f, q, c) + bias_std**2) / (
        weight_std**2 * hermite_mean(lambda z: f(math.sqrt(q) * z) ** 2) + bias_std**2
    )
    found = mf.correlation_map(activation, c, q=q, weight_std=weight_std, bias_std=bias_std)
    assert found == pytest.approx(expected, abs=1e-6)


@every_activation
def test_equal_inputs_stay_equal(activation: str) -> None:
    assert mf.correlation_map(activation, 1.0, q=2.0, weight_std=1.1) == pytest.approx(1.0)


@pytest.mark.parametrize(("weight_std", "bias_std"), [(0.8, 0.3), (1.6, 0.0), (2.0, 0.3)], ids=str)
def test_the_correlation_length_is_the_rate_of_the_iteration(
    weight_std: float, bias_std: float
) -> None:
    found = mf.mean_field("tanh", weight_std=weight_std, bias_std=bias_std)
    setting = {"q": found.q, "weight_std": weight_std, "bias_std": bias_std}
    c, gaps = found.correlation - 0.02, []
    for _ in range(8):
        c = mf.correlation_map("tanh", c, **setting)
        gaps.append(abs(found.correlation - c))
    rate = (gaps[-1] / gaps[3]) ** (1 / 4)
    assert rate == pytest.approx(math.exp(-1 / found.correlation_length), rel=0.02)


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
    predicted = mf.variances(
        activation, layers=layers, weight_std=1.3, bias_std=0.2, start=1.3**2 + 0.2**2
    )
    assert measured == pytest.approx(predicted, rel=0.15)


def test_xavier_tanh_decays_like_one_over_twice_the_depth() -> None:
    passed = mf.mean_square("tanh", mf.variances("tanh", layers=100, weight_std=1.0))
    assert passed[4] == pytest.approx(0.1034, abs=5e-5)
    assert passed[99] == pytest.approx(0.00507, abs=5e-6)


def test_the_activation_of_a_copied_network_is_known() -> None:
    network = ie.Network([[[1.0]]], [[0.0]], "sigmoid")
    activation = pickle.loads(pickle.dumps(network)).activation
    assert mf.mean_field(activation, weight_std=1.5) == mf.mean_field("logistic", weight_std=1.5)


MINE = ie.Activation("mine", np.cos, np.ones_like, (-1.0, 1.0), odd=False)
OTHER_TANH = ie.Activation("tanh", np.cos, np.ones_like, (-1.0, 1.0), odd=False)
REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "unknown": (lambda: mf.mean_field("tahn", weight_std=1.0), "did you mean 'tanh'"),
    "mine": (lambda: mf.variance_map(MINE, 1.0, weight_std=1.0), "'mine' is not in the table"),
    "other": (lambda: mf.critical_weight_std(OTHER_TANH), "'tanh' is not in the table"),
    "std 0": (lambda: mf.mean_field("tanh", weight_std=0.0), "weight_std must be"),
    "std nan": (lambda: mf.mean_field("tanh", weight_std=math.nan), "weight_std must be"),
    "bias": (lambda: mf.mean_field("tanh", weight_std=1.0, bias_std=-0.1), "bias_std must be"),
    "edge": (lambda: mf.critical_weight_std("tanh", bias_std=-0.1), "bias_std must be"),
    "q": (lambda: mf.mean_square_slope("tanh", -1.0), "second moments must be 0 or more"),
    "q nan": (lambda: mf.mean_square("tanh", [1.0, math.nan]), "second moments: nan at index"),
    "layers": (lambda: mf.variances("tanh", layers=0, weight_std=1.0), "layers must be"),
    "start": (lambda: mf.variances("tanh", layers=2, weight_std=1.0, start=-1.0), "start must be"),
    "above 1": (lambda: mf.correlation_map("tanh", 1.5, q=1.0, weight_std=1.0), "between -1 and 1"),
    "text": (
        lambda: mf.correlation_map("tanh", "1", q=1.0, weight_std=1.0),  # type: ignore[arg-type]
        "correlation must be finite",
    ),
    "no q": (lambda: mf.correlation_map("tanh", 0.5, q=0.0, weight_std=1.0), "q must be"),
    "variance": (lambda: mf.gaussian_mean(np.sin, -1.0), "second moments must be 0 or more"),
}
OVERFLOWS: dict[str, tuple[Callable[[], object], str]] = {
    "mean": (lambda: mf.variance_map("identity", 1e307, weight_std=1.0), "normal density"),
    "map": (lambda: mf.variance_map("relu", 1e150, weight_std=1e100), "of the next layer"),
    "std": (lambda: mf.mean_field("tanh", weight_std=1e200), "of the next layer"),
    "bias": (lambda: mf.critical_weight_std("tanh", bias_std=1e200), "of the next layer"),
    "pair": (lambda: mf.correlation_map("relu", 0.5, q=1.7e308, weight_std=1.0), "two normals"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_is_out_of_range_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(("call", "message"), OVERFLOWS.values(), ids=OVERFLOWS.keys())
def test_what_overflows_is_refused(call: Callable[[], object], message: str) -> None:
    with pytest.raises(FloatingPointError, match=f"{message}: overflow"):
        call()
