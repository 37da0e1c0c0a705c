"""The claims of the page "Why zero biases are safe", with another seed and other sizes."""

import numpy as np
import pytest

from initexplain.experiments.zero_biases import run, train_without_biases
from initexplain.initializers import lecun_normal
from initexplain.network import Network


@pytest.fixture(scope="module")
def result():
    return run(units=8, seeds=6, bump_steps=800, seed=11)


def test_all_biases_start_at_zero(result):
    for start in (result.random_rows, result.equal_rows):
        assert not start.biases[0].any()


def test_random_rows_have_different_bias_gradients_from_the_first_step(result):
    assert result.random_rows.all_distinct == result.seeds
    assert result.random_rows.first_gap > 1e-6
    assert result.random_rows.spread > 0.05


def test_equal_rows_move_their_biases_together(result):
    assert result.equal_rows.all_distinct == 0
    assert np.abs(result.equal_rows.biases).max() > 0.005
    assert result.equal_rows.spread < 1e-9
    assert result.equal_rows.final_loss > 2 * result.random_rows.final_loss


def test_recorded_steps_belong_to_the_biases(result):
    assert result.recorded_steps[0] == 0
    assert result.recorded_steps[-1] == result.steps
    assert result.random_rows.biases.shape == (len(result.recorded_steps), result.units)
    np.testing.assert_array_equal(result.random_rows.biases[-1], result.random_rows.ends[0])


def test_without_biases_the_function_is_odd_and_cannot_beat_the_even_part(result):
    bump = result.bump
    np.testing.assert_allclose(bump.inputs, -bump.inputs[::-1], atol=1e-12)
    np.testing.assert_allclose(bump.without, -bump.without[::-1], atol=1e-9)
    # the least squares fit of odd functions, here by polynomials of high order
    odd = np.stack([np.sin(k * np.pi / 2.5 * bump.inputs) for k in range(1, 16)], axis=1)
    fit = odd @ np.linalg.lstsq(odd, bump.targets, rcond=None)[0]
    best = 0.5 * ((fit - bump.targets) ** 2).mean()
    assert bump.least_loss == pytest.approx(best, rel=1e-2)
    assert bump.without_loss >= bump.least_loss
    assert bump.without_loss < 1.1 * bump.least_loss
    assert bump.learned_loss < 0.2 * bump.least_loss


def test_training_without_biases_against_a_loop_by_hand():
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((9, 2)), rng.standard_normal((9, 1))
    start = Network.initialize(rng, [2, 3, 1], weights=lecun_normal())
    w, v = (m.copy() for m in start.weights)
    for _ in range(20):
        a = np.tanh(x @ w.T)
        error = (a @ v.T - y) / len(x)
        w, v = w - 0.1 * (error @ v * (1 - a * a)).T @ x, v - 0.1 * error.T @ a
    end = train_without_biases(start, x, y, 20)
    np.testing.assert_allclose(end.weights[0], w, atol=1e-12)
    np.testing.assert_allclose(end.weights[1], v, atol=1e-12)
    assert not any(b.any() for b in end.biases)
