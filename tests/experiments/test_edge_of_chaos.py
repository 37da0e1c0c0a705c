"""Depth against weight scale: the theory in closed form, and the border of what trains."""

import math

import numpy as np
import pytest
from oracles import lecun_tanh, tanh_square

from initexplain.experiments import edge_of_chaos

DEPTHS = (2, 5, 10, 30)
SETTINGS = {"depths": DEPTHS, "scales": 8, "seed": 2}


def test_edges(result):
    assert result.edge == pytest.approx({"tanh": 1.0, "relu": math.sqrt(2)})
    for name, edge in result.edge.items():
        assert result.scales[name][0] == pytest.approx(0.5 * edge)
        assert result.scales[name][-1] == pytest.approx(2.5 * edge)
        assert result.losses[name].shape == (len(DEPTHS), 8)


def test_curves_below_the_edge_in_closed_form(result):
    # no biases: the signal dies, and chi is that of a linear layer at 0
    for name, slope in (("tanh", 1.0), ("relu", 0.5)):
        below = result.curve_scales[name] < 0.999 * result.edge[name]
        expected = -6 / np.log(slope * result.curve_scales[name][below] ** 2)
        np.testing.assert_allclose(result.curve_depths[name][below], expected, rtol=1e-6)


def test_curve_of_relu_above_the_edge_is_the_growth(result):
    scales = result.curve_scales["relu"]
    above = scales > 1.001 * result.edge["relu"]
    expected = 6 / np.log(scales[above] ** 2 / 2)
    np.testing.assert_allclose(result.curve_depths["relu"][above], expected, rtol=1e-6)


def test_curve_of_tanh_above_the_edge_by_gauss_hermite(result):
    # without biases two inputs become uncorrelated: the slope is the square of E f'
    scales = result.curve_scales["tanh"]
    for i in np.flatnonzero(scales > 1.2)[::6]:
        scale, q = scales[i], 1.0
        for _ in range(2000):
            q = scale**2 * tanh_square(q)
        length = -1 / math.log((scale * (1 - tanh_square(q))) ** 2)
        assert result.curve_depths["tanh"][i] == pytest.approx(6 * length, rel=1e-3)


def test_within_six_lengths_networks_train_and_beyond_twelve_not(result):
    tanh, relu = result.shares["tanh"], result.shares["relu"]
    for found in (tanh, relu):
        assert found["within"] > 0.7
        assert found["beyond"] < 0.1
    assert tanh["shallow_above"] > 0.9
    # ReLU explodes where tanh saturates
    assert relu["lost_above"] > 0.6
    assert tanh["lost_above"] < 0.1
    assert np.mean(result.losses["tanh"] < 0.5) > np.mean(result.losses["relu"] < 0.5)


def test_shares_are_counted_as_they_say():
    found = edge_of_chaos.shares(
        np.array([[0.1, 0.1, 0.1, 0.1], [0.9, 0.2, 0.3, 9.0], [1.0, 0.8, 0.1, np.inf]]),
        depths=np.array([5.0, 10.0, 40.0]),
        scales=np.array([0.5, 0.9, 1.1, 2.0]),
        reach=np.array([5.0, 20.0, 60.0, 20.0]),
    )
    # below the edge: depth 5 at both scales, depth 10 at 0.9; beyond: 10 and 40, then 40
    expected = {"within": 1.0, "beyond": 0.0, "shallow_above": 3 / 4, "lost_above": 2 / 3}
    assert found == pytest.approx(expected)


def test_lecuns_recipe_is_tanh_at_another_scale(result):
    assert (result.lecun.q, result.lecun.chi) == pytest.approx((0.3824, 1.0192), abs=6e-5)
    # u = 2 z / 3: the layer above gets 1.7159 W tanh(u), times 2 / 3
    u = np.linspace(-2, 2, 9)
    np.testing.assert_allclose(edge_of_chaos.LECUN_SCALE * np.tanh(u), 2 / 3 * lecun_tanh(1.5 * u))


def test_a_smaller_rate_with_more_steps_trains_chaotic_networks(result):
    assert result.slower_trained >= 4
    assert result.edge_with_biases == pytest.approx(1.7610, abs=6e-5)
    assert result.torch_length == pytest.approx(1 / math.log(3))
