"""Statements about scale: each check against sampling, a closed form or another quadrature."""

import itertools

import numpy as np
import pytest
from oracles import selu_square, tanh_slope_square, tanh_square

from initexplain.experiments import scale_errata

SETTINGS = {"seed": 3}


def test_the_tutorials_shape_holds_the_variance_up(result):
    found = result.measured["tutorial"]
    widths = (784, 512, 256, 256, 128, 10)
    expected = [2 * 784 / (784 + 512)]
    for fan_in, fan_out in itertools.pairwise(widths[1:]):
        expected.append(2 * fan_in / (fan_in + fan_out) * tanh_square(expected[-1]))
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
        q.append(tanh_square(q[-1]))
    np.testing.assert_allclose(result.predicted["equal"], q, rtol=1e-6)
    assert np.abs(np.log(found / q)).max() < 0.9


def test_gains(result):
    tanh, keeping, selu = (result.gains[name] for name in ("tanh", "keeping", "selu"))
    assert result.tanh_at_one == pytest.approx(25 / 9 * tanh_square(1.0))
    assert keeping.q == pytest.approx(1.0)
    assert keeping.chi == pytest.approx(tanh_slope_square(1.0) / tanh_square(1.0), rel=1e-6)
    assert (tanh.q, tanh.chi) == pytest.approx((1.1785, 1.2098), abs=5e-5)
    # the fixed point of SELU with gain 3/4, by iteration of the closed form
    q = 1.0
    for _ in range(3000):
        q = 9 / 16 * selu_square(q)
    assert selu.q == pytest.approx(q, rel=1e-3)
    assert selu.chi == pytest.approx(1.0, abs=0.01)
    # with biases of variance 0.05, signal and error at once
    q, gain = 1.0, result.keeping_both
    for _ in range(3000):
        q = gain**2 * tanh_square(q) + 0.05
    assert q > 0.5
    assert gain**2 * tanh_slope_square(q) == pytest.approx(1, rel=1e-6)


def test_saturation_shrinks_the_gradient_of_shallow_networks_only(result):
    gradient = result.gradient
    assert gradient["shallow"] < 0.5
    assert gradient["shallow"] < gradient["two"] < 1 < gradient["three"] < gradient["deep"]
    assert gradient["deep"] > 1.5
    assert result.ratio == pytest.approx({name: growth / 10 for name, growth in gradient.items()})
    assert result.ratio["deep"] < 1
