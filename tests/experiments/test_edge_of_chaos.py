"""Depth against weight scale: the theory in closed form, and the border of what trains."""

import math

import numpy as np
import oracles
import pytest

import initexplain as ie
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
            q = scale**2 * oracles.tanh_square(q)
        length = -1 / math.log((scale * (1 - oracles.tanh_square(q))) ** 2)
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
    np.testing.assert_allclose(
        edge_of_chaos.LECUN_SCALE * np.tanh(u), 2 / 3 * oracles.lecun_tanh(1.5 * u)
    )


def test_a_smaller_rate_with_more_steps_trains_chaotic_networks(result):
    assert result.slower_trained >= 4
    assert result.edge_with_biases == pytest.approx(1.7610, abs=6e-5)
    assert result.torch_length == pytest.approx(1 / math.log(3))


def test_the_border_below_the_edge_by_hand(result):
    """Networks of 0.7 of the edge's scale, an update at a time, with momentum and with Adam."""
    rules = {"page": (oracles.heavy_ball, 0.02), "adam": (oracles.adaptive, 0.001)}
    learned = {name: [] for name in rules}
    for depth in (4, 7, 12, 18):
        rng = np.random.default_rng(0)
        inputs, targets = ie.teacher(rng, examples=16, features=16, units=4)
        sizes = [16] * (depth + 1) + [2]
        start = ie.Network.initialize(rng, sizes, weights=ie.lecun_normal(), ensemble=(3,))
        *hidden, last = (w[0] for w in start.weights)
        task = [*(0.7 * w for w in hidden), last], [b[0] for b in start.biases], inputs, targets
        for name, (rule, rate) in rules.items():
            losses, *_ = oracles.descent(
                oracles.tanh_network, *task, rates=rate, steps=80, rule=rule
            )
            learned[name].append(losses[-1] < 0.5 * oracles.best_constant(targets))
    assert learned == {"page": [True, True, False, False], "adam": [True] * 4}
    length = -1 / math.log(0.7**2)
    assert 7 <= result.border["page"][2, 0] * length < 18
    assert result.border["adam"][2, 0] * length == pytest.approx(18)


def test_updates_move_the_border_and_adam_does_not_see_it(result):
    assert result.farthest["shorter"] < 4 < result.nearest["page"]
    assert result.farthest["page"] < result.nearest["longer"]
    # points together: parallel to the theory's line
    assert result.farthest["page"] < 1.3 * result.nearest["page"]
    assert result.farthest["adam"] > 1.8 * result.nearest["adam"]
    assert {n for n, row in result.reach.items() if row.holds == 3} >= {"plain", "batches", "relu"}
    for name, found in result.border.items():
        assert result.nearest[name] == min(sorted(row)[1] for row in found)
        assert result.farthest[name] == max(sorted(row)[1] for row in found)


def test_relu_pulls_inputs_together(result):
    rng = np.random.default_rng(3)
    width = 1500
    signals, found = np.eye(2, width), []
    for _ in range(10):
        weights = rng.standard_normal((width, width)) * (2 / width) ** 0.5
        signals = signals @ weights.T
        norms = np.linalg.norm(signals, axis=1)
        found.append(signals[0] @ signals[1] / norms.prod())
        signals = np.maximum(signals, 0)
    # the first preactivations are still at right angles
    np.testing.assert_allclose(result.relu_correlation[:10], found, atol=0.06)
    # Cho and Saul's arc-cosine kernel
    angle = math.acos(result.relu_correlation[19])
    kernel = (math.sin(angle) + (math.pi - angle) * math.cos(angle)) / math.pi
    assert result.relu_correlation[20] == pytest.approx(kernel, abs=1e-6)


def test_with_biases_signal_and_error_of_tanh_are_kept(result):
    q = result.with_biases.q
    assert result.edge_with_biases * oracles.tanh_square(q) + 0.05 == pytest.approx(q, rel=1e-6)
    assert result.edge_with_biases * oracles.tanh_slope_square(q) == pytest.approx(1, rel=1e-6)
    # the distance of two inputs: 1 / l, since the map touches the diagonal at one
    c, gaps = 0.0, []
    for _ in range(400):
        pair = oracles.normal_pair_mean(np.tanh, q, c)
        c = (result.edge_with_biases * pair + 0.05) / q
        gaps.append(1 - c)
    assert 400 * gaps[399] == pytest.approx(200 * gaps[199], rel=0.05)
