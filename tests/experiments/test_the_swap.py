"""The claims of the page "The swap", with another seed, fewer networks and other sizes."""

import math
from itertools import pairwise

import numpy as np
import pytest

import initexplain as ie
from initexplain.experiments.curves import Curves
from initexplain.experiments.reach import PAGE
from initexplain.experiments.the_swap import first_moves, linear_losses

SETTINGS = {"units": 10, "seeds": 5, "steps": 150, "seed": 21}


def test_random_weights_learn_at_every_depth(result):
    for depths in (result.tanh, result.relu):
        assert all(starts["usual"].learned == 5 for starts in depths.values())


def test_the_swap_works_with_one_hidden_layer_and_stands_still_with_three(result):
    for depths in (result.tanh, result.relu):
        assert depths[1]["swap"].learned == 5
        assert depths[1]["swap"].final > depths[1]["usual"].final
        for depth in (3, 4):
            assert depths[depth]["swap"].learned == 0
            assert abs(depths[depth]["swap"].removed) < 1e-3


def test_logistic_units_stand_still_one_layer_earlier(result):
    assert result.logistic[2]["swap"].learned == 0
    assert result.logistic_clones == 1
    assert result.logistic_classes == 10


def test_the_wave_goes_down_one_layer_with_each_update(result):
    assert result.on_schedule == 5
    swap = result.wave["swap"]
    for layer in range(5):  # exact zeros before that
        assert not swap[: 4 - layer, layer].any()
        assert (swap[4 - layer, layer] > 0).all()
        assert result.first_gradients[layer + 1] == np.median(swap[4 - layer, layer])
    assert (result.wave["usual"][0] > 1e-3).all()


def test_first_moves_counts_the_seeds_in_turn():
    # three updates, two layers, two seeds: in the second both layers move at the second update
    norms = np.array([[[0.0, 0.0], [3.0, 0.0]], [[2.0, 5.0], [1.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]]])
    in_turn, first = first_moves(norms)
    assert in_turn == 1
    assert first.tolist() == [[2.0, 5.0], [3.0, 4.0]]


def test_first_gradients_shrink_like_squares(result):
    sizes = [math.log10(result.first_gradients[layer]) for layer in (4, 3, 2, 1)]
    for above, below in pairwise(sizes):
        assert 1.4 < below / above < 4
    assert result.largest_weights[1] < 1e-8 < result.largest_weights[5]


def test_rows_differ_and_every_matrix_has_rank_one(result):
    assert result.distinct_units == 10
    assert result.swap_rank < 1.01
    assert result.usual_rank > 5
    # the ratio of the singular values themselves, without the effective rank
    matrix = result.matrices["swap"]
    values = np.linalg.svd(matrix, compute_uv=False)
    assert 0 < values[0] < 1e-2
    assert values[1] < 1e-3 * values[0]
    rows = matrix / np.abs(matrix).max()
    assert len(np.unique(rows.round(9), axis=0)) == 10


def test_relu_units_with_no_positive_bias_never_move(result):
    dead = result.dead
    assert dead["units"] == 5 * 10 * (1 + 2 + 3 + 4)
    assert dead["both"] == dead["not_positive"] == dead["never_moved"]
    assert 0.35 < dead["share"] == dead["not_positive"] / dead["units"] < 0.65


def test_other_training_enlarges_the_signal(result):
    changes, ranks = result.changes, result.ranks
    assert changes["longer"].learned == 0
    assert changes["momentum"].learned > 0
    assert changes["adam"].learned == changes["batches"].learned == 5
    assert changes["longer"].learned_at == np.inf
    for name in ("adam", "batches"):
        assert 1.2 < ranks[name] < ranks[f"usual_{name}"]
        assert changes[f"usual_{name}"].final < changes[name].final
        assert changes[f"usual_{name}"].learned_at < changes[name].learned_at


def test_where_it_stands_still_and_where_it_does_not(result):
    holds = {name: row.holds for name, row in result.reach.items()}
    assert holds[PAGE] == holds["four"] == holds["deep_batches"] == holds["data"] == 5
    assert holds["one"] == holds["mean"] == holds["batches"] == holds["adam"] == 0
    assert holds["deep_adam"] == 0


def test_the_mean_error_is_that_of_the_best_constant(result):
    rng = np.random.default_rng(SETTINGS["seed"])
    _, y = ie.teacher(rng, examples=32)
    off = (y - y.mean(axis=0)).reshape(4, 8, 2).mean(axis=1)
    assert result.mean_error["all"] < 1e-3
    assert result.mean_error["batch"] == pytest.approx(math.sqrt((off**2).mean()), abs=1e-3)


def test_the_share_removed_and_the_update_at_which_half_of_it_is():
    assert Curves(np.array([[1.0, 1.0, 1.0], [0.1, 0.4, 0.9]])).removed == pytest.approx(0.6)
    # a doctest has the seeds that learned
    assert Curves(np.ones((3, 2))).learned_at == np.inf


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
