"""Statements about scale: each check against sampling, a closed form or another quadrature."""

import itertools
import math

import numpy as np
import pytest

from initexplain.experiments import scale_errata


@pytest.fixture(scope="module")
def result():
    return scale_errata.run(seed=3)


HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(150)


def hermite_mean(function):
    return float(HERMITE_W @ function(HERMITE_X) / HERMITE_W.sum())


def test_the_tutorials_shape_holds_the_variance_up(result):
    found = result.xavier
    widths = (784, 512, 256, 256, 128, 10)
    expected = [2 * 784 / (784 + 512)]
    for fan_in, fan_out in itertools.pairwise(widths[1:]):
        q = expected[-1]
        passed = hermite_mean(lambda z, q=q: np.tanh(math.sqrt(q) * z) ** 2)
        expected.append(2 * fan_in / (fan_in + fan_out) * passed)
    np.testing.assert_allclose(found.tutorial_predicted, expected, rtol=1e-6)
    np.testing.assert_allclose(found.tutorial, expected, rtol=0.2)
    assert found.last_factor == pytest.approx(256 / 138)
    assert found.tutorial_third == found.tutorial[2]
    assert 0.2 < found.tutorial_fourth < 0.35
    assert found.tutorial_last > found.tutorial_fourth


def test_equal_layers_do_not_settle(result):
    found = result.xavier
    assert found.layers == 40
    assert (found.deeper[2:] < 0.25).all()
    assert found.deeper_last < 0.04
    q = [1.0]
    for _ in range(39):
        last = q[-1]
        q.append(hermite_mean(lambda z, last=last: np.tanh(math.sqrt(last) * z) ** 2))
    np.testing.assert_allclose(found.deeper_predicted, q, rtol=1e-6)
    assert np.abs(np.log(found.deeper / q)).max() < 0.9


def test_moments_of_relu(result):
    assert result.relu_mean_square == pytest.approx(0.5)
    assert result.relu_variance == pytest.approx(0.5 - 1 / (2 * math.pi))


def test_gains(result):
    found = result.gains
    passed = hermite_mean(lambda z: np.tanh(z) ** 2)
    assert found.tanh_at_one == pytest.approx(25 / 9 * passed)
    assert found.tanh_keeping == pytest.approx(passed**-0.5)
    slope = hermite_mean(lambda z: (1 - np.tanh(z) ** 2) ** 2)
    assert found.tanh_keeping_chi == pytest.approx(slope / passed, rel=1e-6)
    assert (found.tanh_q, found.tanh_chi) == pytest.approx((1.1785, 1.2098), abs=5e-5)
    # the fixed point of SELU with gain 3/4, by iteration of the closed form
    scale, alpha, q = 1.0507009873554805, 1.6732632423543772, 1.0
    for _ in range(3000):
        below = [math.exp(k * k * q / 2) * math.erfc(k * math.sqrt(q / 2)) / 2 for k in (0, 1, 2)]
        square = scale**2 * (q / 2 + alpha**2 * (below[2] - 2 * below[1] + below[0]))
        q = 9 / 16 * square
    assert found.selu_q == pytest.approx(q, rel=1e-3)
    assert found.selu_chi == pytest.approx(1.0, abs=0.01)
    assert found.selu_one_chi == pytest.approx(1.0716, abs=5e-5)


def test_saturation_shrinks_the_gradient_of_shallow_networks_only(result):
    found = result.saturation
    assert found.shallow < 0.5
    assert found.deep > 1.5
    assert found.shallow_ratio == pytest.approx(found.shallow / 10)
    assert found.deep_ratio == pytest.approx(found.deep / 10)
    assert found.deep_ratio < 1


def test_lecuns_outputs(result):
    assert result.lecun_first == pytest.approx(
        hermite_mean(lambda z: (1.7159 * np.tanh(2 * z / 3)) ** 2)
    )
    q = 1.0
    for _ in range(500):
        last = q
        q = hermite_mean(lambda z, q=last: (1.7159 * np.tanh(2 * math.sqrt(q) * z / 3)) ** 2)
    assert result.lecun_settled == pytest.approx(q, rel=1e-6)
