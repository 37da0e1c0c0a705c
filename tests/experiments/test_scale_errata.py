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


def passed(q):
    """Mean square of tanh of a normal of variance q."""
    return hermite_mean(lambda z: np.tanh(math.sqrt(q) * z) ** 2)


def test_the_tutorials_shape_holds_the_variance_up(result):
    found = result.measured["tutorial"]
    widths = (784, 512, 256, 256, 128, 10)
    expected = [2 * 784 / (784 + 512)]
    for fan_in, fan_out in itertools.pairwise(widths[1:]):
        expected.append(2 * fan_in / (fan_in + fan_out) * passed(expected[-1]))
    np.testing.assert_allclose(result.predicted["tutorial"], expected, rtol=1e-6)
    np.testing.assert_allclose(found, expected, rtol=0.2)
    assert scale_errata.FACTORS[-1] == pytest.approx(256 / 138)
    assert 0.2 < found[3] < 0.35
    assert found[-1] > found[3]


def test_equal_layers_do_not_settle(result):
    found = result.measured["equal"]
    assert found.shape == (40,)
    assert (found[2:] < 0.25).all()
    assert found[-1] < 0.04
    q = [1.0]
    for _ in range(39):
        q.append(passed(q[-1]))
    np.testing.assert_allclose(result.predicted["equal"], q, rtol=1e-6)
    assert np.abs(np.log(found / q)).max() < 0.9


def test_gains(result):
    tanh, keeping, selu = (result.gains[name] for name in ("tanh", "keeping", "selu"))
    assert result.tanh_at_one == pytest.approx(25 / 9 * passed(1.0))
    slope = hermite_mean(lambda z: (1 - np.tanh(z) ** 2) ** 2)
    assert keeping.q == pytest.approx(1.0)
    assert keeping.chi == pytest.approx(slope / passed(1.0), rel=1e-6)
    assert (tanh.q, tanh.chi) == pytest.approx((1.1785, 1.2098), abs=5e-5)
    # the fixed point of SELU with gain 3/4, by iteration of the closed form
    scale, alpha, q = 1.0507009873554805, 1.6732632423543772, 1.0
    for _ in range(3000):
        below = [math.exp(k * k * q / 2) * math.erfc(k * math.sqrt(q / 2)) / 2 for k in (0, 1, 2)]
        square = scale**2 * (q / 2 + alpha**2 * (below[2] - 2 * below[1] + below[0]))
        q = 9 / 16 * square
    assert selu.q == pytest.approx(q, rel=1e-3)
    assert selu.chi == pytest.approx(1.0, abs=0.01)


def test_saturation_shrinks_the_gradient_of_shallow_networks_only(result):
    gradient = result.gradient
    assert gradient["shallow"] < 0.5
    assert gradient["deep"] > 1.5
    assert result.ratio == pytest.approx({name: growth / 10 for name, growth in gradient.items()})
    assert result.ratio["deep"] < 1
