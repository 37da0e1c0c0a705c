"""The claims of the page "Row symmetry", with another seed and another width."""

import numpy as np
import pytest

from initexplain.datasets import teacher
from initexplain.experiments.row_symmetry import run

UNITS, SEED, VALUE = 4, 7, 0.4


@pytest.fixture(scope="module")
def result():
    return run(units=UNITS, constant_value=VALUE, seed=SEED)


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


def test_recorded_steps_belong_to_the_matrices(result):
    assert result.recorded_steps == (0, 30, 300)
    assert result.matrices["constant"].shape == (3, UNITS, 4)
    assert len(result.losses["constant"]) == 301


def test_the_constant_start_against_a_loop_by_hand(result):
    # one row stands for all: n equal units, full-batch gradient descent on half the squared error
    x, y = teacher(np.random.default_rng(SEED))
    n, w, b = UNITS, np.full(4, VALUE), 0.0
    v, c = np.full(2, VALUE), np.zeros(2)
    for _ in range(300):
        a = np.tanh(x @ w + b)
        error = (n * a[:, None] * v + c - y) / len(x)
        back = (error * v).sum(axis=1) * (1 - a**2)
        w, b = w - 0.1 * back @ x, b - 0.1 * back.sum()
        v, c = v - 0.1 * a @ error, c - 0.1 * error.sum(axis=0)
    np.testing.assert_allclose(result.matrices["constant"][-1], np.tile(w, (n, 1)), atol=1e-9)
