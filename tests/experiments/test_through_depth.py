"""Moments through depth: predictions against closed forms, measurements against predictions."""

import math

import numpy as np
import pytest

from initexplain.experiments import through_depth

LAYERS, UNITS = 12, 150
SCHEMES = [
    "glorot_tanh",
    "orthogonal_tanh",
    "lsuv_tanh",
    "glorot_relu",
    "he_relu",
    "lecun_selu",
]

HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(100)
HERMITE_W = HERMITE_W / HERMITE_W.sum()


@pytest.fixture(scope="module")
def result():
    return through_depth.run(layers=LAYERS, units=UNITS, seeds=3, seed=4)


def tanh_moments(weight_std, start):
    """Forward and backward second moments of tanh, by Gauss-Hermite quadrature."""
    q, factors = [start], []
    for _ in range(LAYERS - 1):
        values = np.tanh(math.sqrt(q[-1]) * HERMITE_X)
        factors.append(weight_std**2 * float(HERMITE_W @ (1 - values**2) ** 2))
        q.append(weight_std**2 * float(HERMITE_W @ values**2))
    backward = [math.prod(factors[layer:]) for layer in range(LAYERS)]
    return np.array(q) / start, np.array(backward)


@pytest.mark.parametrize("name", ["glorot_tanh", "orthogonal_tanh", "lsuv_tanh"])
def test_tanh_is_predicted_by_the_map(result, name):
    scheme = getattr(result, name)
    start = 1.0 if name == "lsuv_tanh" else scheme.weight_std**2
    up, down = tanh_moments(scheme.weight_std, start)
    np.testing.assert_allclose(scheme.predicted_forward, up, rtol=1e-6)
    np.testing.assert_allclose(scheme.predicted_backward, down, rtol=1e-6)


def test_relu_is_predicted_in_closed_form(result):
    layers = np.arange(LAYERS)
    np.testing.assert_allclose(result.glorot_relu.predicted_forward, 0.5**layers)
    np.testing.assert_allclose(result.glorot_relu.predicted_backward, 0.5 ** layers[::-1])
    for line in (result.he_relu.predicted_forward, result.he_relu.predicted_backward):
        np.testing.assert_allclose(line, 1.0)


def test_selu_keeps_unit_variance_and_not_the_error(result):
    np.testing.assert_allclose(result.lecun_selu.predicted_forward, 1.0)
    scale, alpha = 1.0507009873554805, 1.6732632423543772
    # E f'(z)^2: half of scale^2, and scale^2 alpha^2 E exp(2 z) over z < 0
    chi = scale**2 * (0.5 + alpha**2 * math.exp(2) * math.erfc(math.sqrt(2)) / 2)
    assert result.selu_chi == pytest.approx(chi)
    assert result.lecun_selu.predicted_first_backward == pytest.approx(chi ** (LAYERS - 1))


@pytest.mark.parametrize("name", SCHEMES)
def test_networks_follow_the_prediction(result, name):
    scheme = getattr(result, name)
    for predicted, measured in (
        (scheme.predicted_forward, scheme.forward),
        (scheme.predicted_backward, scheme.backward),
    ):
        assert measured.shape == (LAYERS, 3)
        logs = np.log(np.median(measured, axis=-1) / predicted)
        assert np.abs(logs).max() < 0.9
    assert scheme.last_forward == sorted(scheme.forward[-1])[1]
    assert scheme.first_backward == sorted(scheme.backward[0])[1]


def test_the_order_of_the_schemes(result):
    assert result.glorot_relu.last_forward < 0.01 * result.glorot_tanh.last_forward
    assert result.he_relu.last_forward > 0.2
    assert result.lsuv_tanh.last_forward == pytest.approx(1.0, abs=0.03)
    assert result.lsuv_tanh.first_backward > result.lecun_selu.first_backward > 1.2
    assert result.glorot_tanh.first_backward < 0.2


def test_orthogonal_weights_scatter_less(result):
    assert result.orthogonal_tanh.scatter < 0.2 * result.glorot_tanh.scatter


def test_tanh_decays_like_one_over_twice_the_layer(result):
    decay = result.decay
    assert decay.predicted_early == pytest.approx(0.1034, abs=5e-5)
    assert decay.predicted_late == pytest.approx(0.00507, abs=5e-6)
    assert decay.times_depth == pytest.approx(1.0, abs=0.02)
    layers = np.arange(1, 51)
    ratio = np.median(decay.measured[:50], axis=-1) * 2 * layers
    assert np.abs(np.log(ratio[4:])).max() < 0.5


def test_constants(result):
    rng = np.random.default_rng(0)
    sample = np.maximum(rng.standard_normal(1_000_000), 0)
    assert result.relu_mean_square == pytest.approx(np.mean(sample**2), rel=0.01)
    assert result.relu_variance == pytest.approx(sample.var(), rel=0.01)
    gain = 1 / math.sqrt(float(HERMITE_W @ np.tanh(HERMITE_X) ** 2))
    assert result.tanh_gain == pytest.approx(gain)
    assert result.tanh_gain == pytest.approx(1.5925, abs=5e-5)
