"""The claims of the page "Row symmetry", with another seed and another width."""

import numpy as np
import pytest

from initexplain.datasets import teacher
from initexplain.experiments.row_symmetry import run


@pytest.fixture(scope="module")
def result():
    return run(units=4, seed=7)


def test_zero_weights_stay_zero_and_reach_the_best_constant(result):
    assert not result.zero.matrices.any()
    assert result.zero.final_loss == pytest.approx(result.best_constant, rel=1e-3)


def test_constant_rows_stay_equal_while_columns_come_apart(result):
    assert result.constant.row_spread < 1e-9
    assert result.constant.column_spread > 0.1
    assert result.constant.largest_weight > result.constant_value
    assert np.ptp(result.constant.matrices[0]) == 0


def test_random_rows_differ_and_fit_better(result):
    assert result.random.row_spread > 0.1
    assert result.random.final_loss < result.constant.final_loss < result.zero.final_loss


def test_recorded_steps_belong_to_the_matrices(result):
    assert result.recorded_steps == (0, 30, 300)
    assert result.constant.matrices.shape == (3, result.units, result.features)
    assert len(result.constant.losses) == result.steps + 1


def test_the_constant_start_against_a_loop_by_hand(result):
    # one row stands for all: n equal units, full-batch gradient descent on half the squared error
    x, y = teacher(np.random.default_rng(7))
    n, w, b = result.units, np.full(4, result.constant_value), 0.0
    v, c = np.full(2, result.constant_value), np.zeros(2)
    for _ in range(result.steps):
        a = np.tanh(x @ w + b)
        error = (n * a[:, None] * v + c - y) / len(x)
        back = (error * v).sum(axis=1) * (1 - a**2)
        w, b = w - 0.1 * back @ x, b - 0.1 * back.sum()
        v, c = v - 0.1 * a @ error, c - 0.1 * error.sum(axis=0)
    np.testing.assert_allclose(result.constant.matrices[-1], np.tile(w, (n, 1)), atol=1e-9)
