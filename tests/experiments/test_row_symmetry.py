"""The claims of the page "Row symmetry", with another seed and another width."""

import numpy as np
import pytest
from oracles import best_constant, descent, never, not_always, tanh_network

import initexplain as ie

UNITS, SEED, VALUE = 4, 7, 0.4
SETTINGS = {"units": UNITS, "constant_value": VALUE, "seed": SEED}


def test_zero_weights_stay_zero_and_reach_the_best_constant(result):
    _, targets = ie.teacher(np.random.default_rng(SEED))
    assert not result.matrices["zero"].any()
    assert result.losses["zero"][-1] == pytest.approx(best_constant(targets), rel=1e-3)


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
    assert never(result.reach) == not_always(result.reach) == {"biases", "outgoing", "noise"}


def test_recorded_steps_belong_to_the_matrices(result):
    assert result.recorded_steps == (0, 30, 300)
    assert result.matrices["constant"].shape == (3, UNITS, 4)
    assert len(result.losses["constant"]) == 301


def test_the_constant_start_against_descent_by_hand(result):
    x, y = ie.teacher(np.random.default_rng(SEED))
    weights = [np.full((UNITS, 4), VALUE), np.full((2, UNITS), VALUE)]
    biases = [np.zeros(UNITS), np.zeros(2)]
    _, (end, _), _ = descent(tanh_network, weights, biases, x, y, rates=0.1, steps=300)
    np.testing.assert_allclose(result.matrices["constant"][-1], end, atol=1e-9)
