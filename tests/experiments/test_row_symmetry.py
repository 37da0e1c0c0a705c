"""The claims of the page "Row symmetry", with another seed and another width."""

import numpy as np
import pytest
from oracles import tanh_network

from initexplain.datasets import teacher

UNITS, SEED, VALUE = 4, 7, 0.4
SETTINGS = {"units": UNITS, "constant_value": VALUE, "seed": SEED}


def test_zero_weights_stay_zero_and_reach_the_best_constant(result):
    _, targets = teacher(np.random.default_rng(SEED))
    best_constant = 0.5 * targets.var(axis=0).sum()
    assert not result.matrices["zero"].any()
    assert result.losses["zero"][-1] == pytest.approx(best_constant, rel=1e-3)


def test_constant_rows_stay_equal_while_columns_come_apart(result):
    assert result.row_spread["constant"] < 1e-9
    assert result.column_spread["constant"] > 0.1
    assert result.largest_weight["constant"] > VALUE
    assert np.ptp(result.matrices["constant"][0]) == 0


def test_random_rows_differ_and_fit_better(result):
    assert result.row_spread["random"] > 0.1
    random, alike, zero = (result.losses[start][-1] for start in ("random", "constant", "zero"))
    assert random < alike < zero


def test_what_lacks_one_equality_does_not_clone(result):
    lacking = {"biases", "outgoing", "noise"}
    assert {name for name, row in result.reach.items() if row.holds < row.seeds} == lacking
    assert all(result.reach[name].holds == 0 for name in lacking)


def test_recorded_steps_belong_to_the_matrices(result):
    assert result.recorded_steps == (0, 30, 300)
    assert result.matrices["constant"].shape == (3, UNITS, 4)
    assert len(result.losses["constant"]) == 301


def test_the_constant_start_against_descent_by_hand(result):
    x, y = teacher(np.random.default_rng(SEED))
    weights = [np.full((UNITS, 4), VALUE), np.full((2, UNITS), VALUE)]
    biases = [np.zeros(UNITS), np.zeros(2)]
    for _ in range(300):
        _, *gradients = tanh_network(weights, biases, x, y)
        weights, biases = (
            [p - 0.1 * g for p, g in zip(of, by, strict=True)]
            for of, by in zip((weights, biases), gradients, strict=True)
        )
    np.testing.assert_allclose(result.matrices["constant"][-1], weights[0], atol=1e-9)
