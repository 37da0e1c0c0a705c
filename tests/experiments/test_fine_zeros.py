"""The claims of the page "Zeros that are fine" with another seed, gradients by differences."""

import numpy as np
import pytest

from initexplain.datasets import teacher
from initexplain.experiments.fine_zeros import (
    EXAMPLES,
    lora_gradients,
    lora_task,
    residual_blocks,
    residual_gradients,
    run,
)


@pytest.fixture(scope="module")
def result():
    return run(seeds=5, branches=2, seed=13)


def test_regressions_do_not_care(result):
    assert result.linear.difference < 1e-3
    assert result.linear.zero_loss == pytest.approx(result.linear.random_loss, rel=1e-6)
    assert result.logistic.zero_loss == pytest.approx(result.logistic.random_loss, rel=1e-2)
    # least squares with a constant column
    x, y = teacher(np.random.default_rng(13), examples=EXAMPLES)
    full = np.column_stack([x, np.ones(len(x))])
    fit = full @ np.linalg.lstsq(full, y, rcond=None)[0]
    assert result.linear.zero_loss == pytest.approx(0.5 * ((fit - y) ** 2).sum() / len(x), rel=1e-4)
    # the zero start answers zero, and a half
    assert result.linear.losses[0, 0] == pytest.approx(0.5 * (y**2).sum() / len(x))
    assert result.logistic.losses[0, 0] == pytest.approx(np.log(2))
    assert np.ptp(result.linear.losses[0]) > 0.1


def test_a_zero_output_layer_and_zero_scales_learn(result):
    x, y = teacher(np.random.default_rng(13), examples=EXAMPLES)
    # the output is exactly zero at first
    assert result.zero_output.first_loss == pytest.approx(0.5 * (y**2).sum() / len(x))
    for zero in (result.zero_output, result.zero_scale):
        assert zero.final_loss < 0.3 * zero.first_loss
    assert result.zero_output.final_loss < 2 * result.random_output.final_loss


def test_one_zero_factor_learns_and_two_are_stuck(result):
    for start in (result.lora_up, result.lora_down):
        assert start.final_loss < 0.2 * start.first_loss
    assert result.lora_both.most_change == 0
    assert result.lora_both.first_loss == result.lora_up.first_loss > 0.1


def differences(loss, parameters, step=1e-6):
    """Central differences by every entry of every parameter."""
    found = []
    for which, parameter in enumerate(parameters):
        numeric = np.zeros_like(parameter)
        for index in np.ndindex(parameter.shape):
            ends = []
            for sign in (1, -1):
                moved = [p.copy() for p in parameters]
                moved[which][index] += sign * step
                ends.append(loss(moved))
            numeric[index] = (ends[0] - ends[1]) / (2 * step)
        found.append(numeric)
    return found


def residual_loss(parameters, x, y):
    """One network, one example at a time."""
    w, u, v, s = (p[0] for p in parameters)
    total = 0.0
    for example, wanted in zip(x, y, strict=True):
        h = example
        for k in range(len(s)):
            h = h + s[k] * (u[k] @ np.tanh(w[k] @ h))
        total += 0.5 * ((v @ h - wanted) ** 2).sum()
    return total / len(x)


@pytest.mark.parametrize("scale", [0.0, 0.7])
def test_residual_gradients(scale):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    parameters = [*residual_blocks(rng, 2, 3, 2, 1), np.full((1, 2), scale)]
    loss, found = residual_gradients(parameters, x, y)
    assert loss[0] == pytest.approx(residual_loss(parameters, x, y))
    expected = differences(lambda p: residual_loss(p, x, y), parameters)
    for gradient, numeric in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, numeric, atol=1e-7)
    # a zero scale hides its branch from the gradient, not itself
    assert found[0].any() == found[1].any() == (scale != 0)
    assert found[3].all()


def test_lora_gradients():
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 3))
    parameters = [rng.standard_normal((1, 3, 2)), rng.standard_normal((1, 2, 3))]

    def loss(p):
        return 0.5 * ((x @ (p[0][0] @ p[1][0]).T - y) ** 2).sum() / len(x)

    value, found = lora_gradients(parameters, x, y)
    assert value[0] == pytest.approx(loss(parameters))
    for gradient, numeric in zip(found, differences(loss, parameters), strict=True):
        np.testing.assert_allclose(gradient, numeric, atol=1e-7)


def test_the_change_to_learn_has_the_rank_of_the_adaptation():
    x, y = lora_task(np.random.default_rng(0), 2)
    change = np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.linalg.matrix_rank(change, tol=1e-9) == 2
