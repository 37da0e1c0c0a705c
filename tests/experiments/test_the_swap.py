"""The claims of the page "The swap", with another seed, fewer networks and other sizes."""

import math
from itertools import pairwise

import numpy as np
import pytest

from initexplain.datasets import teacher
from initexplain.experiments.the_swap import EXAMPLES, Start, first_updates, linear_losses, run


@pytest.fixture(scope="module")
def result():
    return run(units=10, seeds=5, steps=150, long_steps=500, seed=21)


def test_random_weights_learn_at_every_depth(result):
    for depths in (result.tanh, result.relu):
        assert all(pair.usual.learned == result.seeds for pair in depths.pairs)


def test_the_swap_works_with_one_hidden_layer_and_stands_still_with_three(result):
    for depths in (result.tanh, result.relu):
        assert depths.one.swap.learned == result.seeds
        for pair in (depths.three, depths.four):
            assert pair.swap.learned == 0
            assert abs(pair.swap.removed) < 1e-3
        assert depths.one.swap.final_loss > depths.one.usual.final_loss


def test_logistic_units_stand_still_one_layer_earlier(result):
    assert result.logistic.two.swap.learned == 0
    assert result.logistic_clones == 1
    assert result.logistic_classes == result.units


def test_the_wave_goes_down_one_layer_with_each_update(result):
    wave = result.wave
    assert wave.on_schedule == result.seeds
    layers = [wave.layer_1, wave.layer_2, wave.layer_3, wave.layer_4, wave.layer_5]
    assert [layer.first_update for layer in layers] == [5, 4, 3, 2, 1]
    # exact zeros before that
    for layer in range(5):
        assert not wave.swap[: 4 - layer, layer].any()
        assert (wave.swap[4 - layer, layer] > 0).all()
    assert (wave.usual[0] > 1e-3).all()


def test_first_gradients_shrink_like_squares(result):
    wave = result.wave
    layers = [wave.layer_4, wave.layer_3, wave.layer_2, wave.layer_1]
    sizes = [math.log10(layer.first_gradient) for layer in layers]
    for above, below in pairwise(sizes):
        assert 1.4 < below / above < 4
    assert wave.layer_1.largest_weight < 1e-8 < wave.layer_5.largest_weight


def test_rows_differ_and_every_matrix_has_rank_one(result):
    rank = result.rank
    assert rank.distinct_units == result.units
    assert rank.swap_rank < 1.01
    assert rank.usual_rank > result.units / 2
    # the ratio of the singular values themselves, without the effective rank
    values = np.linalg.svd(rank.swap_matrix, compute_uv=False)
    assert 0 < values[0] < 1e-2
    assert values[1] < 1e-3 * values[0]
    rows = rank.swap_matrix / np.abs(rank.swap_matrix).max()
    assert len(np.unique(rows.round(9), axis=0)) == result.units


def test_relu_units_with_no_positive_bias_never_move(result):
    dead = result.dead
    assert dead.units == result.seeds * result.units * (1 + 2 + 3 + 4)
    assert dead.both == dead.not_positive == dead.never_moved
    assert 0.35 < dead.share < 0.65


def test_other_training_enlarges_the_signal(result):
    changes = result.changes
    assert changes.longer.start.learned == 0
    assert changes.momentum.start.learned > 0
    assert changes.adam.start.learned == changes.deep_adam.start.learned == result.seeds
    assert 1.5 < changes.adam.rank < changes.usual_adam.rank
    assert changes.usual_adam.start.final_loss < changes.adam.start.final_loss


def test_adam_enlarges_the_signal_in_a_loop_by_hand_too():
    rng = np.random.default_rng(8)
    x, y = teacher(rng, examples=EXAMPLES)
    losses = np.stack([adam_loop(rng, x, y) for _ in range(5)], axis=1)
    assert Start(losses / (0.5 * y.var(axis=0).sum())).learned == 5


def adam_loop(rng, x, y, steps=150):
    """Losses of one swap with three hidden layers of ten tanh units, trained by Adam."""
    sizes = [x.shape[1], 10, 10, 10, y.shape[1]]
    parameters = [np.zeros((b, a)) for a, b in pairwise(sizes)]
    parameters += [0.5 * rng.standard_normal(b) for b in sizes[1:]]
    first = [np.zeros_like(p) for p in parameters]
    second = [np.zeros_like(p) for p in parameters]
    losses = []
    for step in range(1, steps + 2):
        activations = [x]
        for w, b in zip(parameters[:3], parameters[4:7], strict=True):
            activations.append(np.tanh(activations[-1] @ w.T + b))
        error = (activations[-1] @ parameters[3].T + parameters[7] - y) / len(x)
        losses.append(0.5 * len(x) * (error**2).sum())
        gradients = [None] * 8
        for layer in (3, 2, 1, 0):
            gradients[layer] = error.T @ activations[layer]
            gradients[4 + layer] = error.sum(axis=0)
            error = error @ parameters[layer] * (1 - activations[layer] ** 2)
        for k, g in enumerate(gradients):
            first[k] = 0.9 * first[k] + 0.1 * g
            second[k] = 0.999 * second[k] + 0.001 * g * g
            root = np.sqrt(second[k] / (1 - 0.999**step)) + 1e-8
            parameters[k] = parameters[k] - 0.01 * first[k] / (1 - 0.9**step) / root
    return np.array(losses)


def test_first_updates_counts_from_one():
    norms = np.array([[[0.0], [2.0]], [[0.0], [1.0]], [[3.0], [1.0]]])
    assert first_updates(norms).tolist() == [[3], [1]]


def test_learned_counts_seeds_below_a_half():
    start = Start(np.array([[1.0, 1.0, 1.0], [0.4, 0.8, 1.0], [0.1, 0.4, 0.9]]))
    assert start.learned == 2
    assert start.median_update == 1.5
    assert start.removed == pytest.approx(0.6)
    assert Start(np.ones((3, 2))).median_update == np.inf


def test_linear_losses_against_a_search_over_directions():
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((40, 2)), rng.standard_normal((40, 3))
    y += x @ rng.standard_normal((2, 3))
    line, linear = linear_losses(x, y)
    total = ((y - y.mean(axis=0)) ** 2).sum()
    losses = []
    for angle in np.linspace(0, np.pi, 2000):
        ones = np.stack([x @ [np.cos(angle), np.sin(angle)], np.ones(40)], axis=1)
        fit = ones @ np.linalg.lstsq(ones, y, rcond=None)[0]
        losses.append(((fit - y) ** 2).sum() / total)
    assert line == pytest.approx(min(losses), abs=1e-5)
    full = np.column_stack([x, np.ones(40)])
    fit = full @ np.linalg.lstsq(full, y, rcond=None)[0]
    assert linear == pytest.approx(((fit - y) ** 2).sum() / total)
