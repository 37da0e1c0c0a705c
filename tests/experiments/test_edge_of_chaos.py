"""Depth against weight scale: the theory in closed form, and the border of what trains."""

import math

import numpy as np
import pytest

import initexplain as ie
from initexplain.experiments import edge_of_chaos

DEPTHS = (2, 5, 10, 30)


@pytest.fixture(scope="module")
def result():
    return edge_of_chaos.run(depths=DEPTHS, scales=8, seed=2)


def test_edges(result):
    assert result.tanh.edge == pytest.approx(1.0)
    assert result.relu.edge == pytest.approx(math.sqrt(2))
    for found in (result.tanh, result.relu):
        assert found.scales[0] == pytest.approx(0.5 * found.edge)
        assert found.scales[-1] == pytest.approx(2.5 * found.edge)
        assert found.losses.shape == (len(DEPTHS), 8)
        assert found.settings == 32


def test_curves_below_the_edge_in_closed_form(result):
    # no biases: the signal dies, and chi is that of a linear layer at 0
    for found, slope in ((result.tanh, 1.0), (result.relu, 0.5)):
        below = found.curve_scales < 0.999 * found.edge
        expected = -6 / np.log(slope * found.curve_scales[below] ** 2)
        np.testing.assert_allclose(found.curve_depths[below], expected, rtol=1e-6)


def test_curve_of_relu_above_the_edge_is_the_growth(result):
    above = result.relu.curve_scales > 1.001 * result.relu.edge
    expected = 6 / np.log(result.relu.curve_scales[above] ** 2 / 2)
    np.testing.assert_allclose(result.relu.curve_depths[above], expected, rtol=1e-6)


def test_curve_of_tanh_above_the_edge_by_gauss_hermite(result):
    # without biases two inputs become uncorrelated: the slope is the square of E f'
    x, w = np.polynomial.hermite_e.hermegauss(150)
    w = w / w.sum()
    found = result.tanh
    for i in np.flatnonzero(found.curve_scales > 1.2)[::6]:
        scale, q = found.curve_scales[i], 1.0
        for _ in range(2000):
            q = scale**2 * float(w @ np.tanh(math.sqrt(q) * x) ** 2)
        slope = scale**2 * float(w @ (1 - np.tanh(math.sqrt(q) * x) ** 2)) ** 2
        assert found.curve_depths[i] == pytest.approx(-6 / math.log(slope), rel=1e-3)


def test_within_six_lengths_networks_train_and_beyond_twelve_not(result):
    for found in (result.tanh, result.relu):
        assert found.within > 0.7
        assert found.beyond < 0.1
    assert result.tanh.shallow_above > 0.9


def test_shares_are_counted_as_they_say():
    losses = np.array([[0.1, 0.1, 0.1, 0.1], [0.9, 0.2, 0.3, 9.0], [1.0, 0.8, 0.1, np.inf]])
    found = edge_of_chaos.Map(
        edge=1.0,
        depths=np.array([5.0, 10.0, 40.0]),
        scales=np.array([0.5, 0.9, 1.1, 2.0]),
        losses=losses,
        curve_scales=np.array([0.4, 0.5, 0.9, 1.1, 2.0]),
        curve_depths=np.array([3.0, 5.0, 20.0, 60.0, 20.0]),
    )
    assert found.trained == pytest.approx(7 / 12)
    # below the edge: depth 5 at both scales, depth 10 at 0.9; beyond: 10 and 40, then 40
    assert found.within == 1.0
    assert found.beyond == 0.0
    assert found.shallow_above == pytest.approx(3 / 4)
    assert found.lost_above == pytest.approx(2 / 3)


def test_relu_explodes_where_tanh_saturates(result):
    assert result.relu.lost_above > 0.6
    assert result.tanh.lost_above < 0.1
    assert result.tanh.trained > result.relu.trained


def test_networks_are_equal_up_to_scale():
    scales = np.array([0.5, 1.0, 2.0])
    network = edge_of_chaos._networks(np.random.default_rng(0), "tanh", 3, 8, scales)
    assert network.sizes == (8, 8, 8, 8, 2)
    assert network.dtype == np.float32
    for hidden in network.weights[:-1]:
        np.testing.assert_allclose(hidden, scales[:, None, None] * hidden[1], rtol=1e-6)
    np.testing.assert_allclose(network.weights[-1], network.weights[-1][[1, 1, 1]])


def test_lecuns_recipe_is_tanh_at_another_scale(result):
    assert result.lecun_q == pytest.approx(0.3824, abs=5e-5)
    assert result.lecun_chi == pytest.approx(1.0192, abs=6e-5)
    rng = np.random.default_rng(0)
    network = ie.Network.initialize(
        rng, [6, 20, 20, 3], weights=ie.lecun_normal(), activation="lecun_tanh"
    )
    inputs = rng.standard_normal((9, 6))
    first, second, _ = ie.forward(network, inputs).preactivations
    # u = 2 z / 3: the layer above gets 1.7159 W tanh(u), times 2 / 3
    u = result.lecun_scale * np.tanh(2 * first / 3) @ network.weights[1].T
    np.testing.assert_allclose(u, 2 * second / 3, rtol=1e-12)


def test_a_smaller_rate_with_more_steps_trains_chaotic_networks(result):
    assert result.slower_trained >= 4
    assert result.edge_with_biases == pytest.approx(1.7610, abs=6e-5)
    assert result.torch_length == pytest.approx(1 / math.log(3))
