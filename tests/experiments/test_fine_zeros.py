"""The claims of the page "Zeros that are fine" with another seed."""

from itertools import product

import numpy as np
import pytest

import initexplain as ie
from initexplain.experiments.fine_zeros import FEW, SPARSE, blocked, lora_task
from initexplain.experiments.residual_networks import EXAMPLES, Residual, residual_weights

SETTINGS = {"seeds": 5, "branches": 2, "seed": 13}


@pytest.fixture(scope="module")
def data():
    return ie.teacher(np.random.default_rng(13), examples=EXAMPLES)


def test_regressions_do_not_care(result, data):
    assert result.linear_difference < 1e-3
    linear, logistic = result.linear, result.logistic
    assert linear["zero"].final == pytest.approx(linear["random"].final, rel=1e-6)
    assert logistic["zero"].final == pytest.approx(logistic["random"].final, rel=1e-2)
    # least squares with a constant column
    x, y = data
    full = np.column_stack([x, np.ones(len(x))])
    fit = full @ np.linalg.lstsq(full, y, rcond=None)[0]
    assert linear["zero"].final == pytest.approx(0.5 * ((fit - y) ** 2).sum() / len(x), rel=1e-4)
    # the zero start answers zero, and a half
    assert linear["zero"].values[0] == pytest.approx(0.5 * (y**2).sum() / len(x))
    assert logistic["zero"].values[0] == pytest.approx(np.log(2))
    assert np.ptp(linear["random"].values[0]) > 0.1


def test_a_zero_output_layer_and_zero_scales_learn(result, data):
    x, y = data
    # the output is exactly zero at first
    assert result.output["zero"].values[0] == pytest.approx(0.5 * (y**2).sum() / len(x))
    for zero in (result.output["zero"], result.scale["zero"]):
        assert zero.final < 0.3 * zero.median[0]
    assert result.output["zero"].final < 2 * result.output["random"].final


def test_one_zero_factor_learns_and_two_are_stuck(result):
    for factor in ("B", "A"):
        assert result.lora[factor].final < 0.2 * result.lora[factor].median[0]
    assert result.stuck_change == np.ptp(result.lora["both"].values, axis=0).max() == 0
    assert result.lora["both"].median[0] == result.lora["B"].median[0] > 0.1


def test_few_examples_fit_many_weights_and_zero_finds_the_smallest(result, data):
    x, y = (array[:FEW] for array in data)
    full = np.column_stack([x, np.ones(FEW)])
    smallest = np.linalg.pinv(full) @ y  # with the bias, which the norm of the page leaves out
    assert result.few_losses["zero"] < 1e-12 > result.few_losses["random"]
    assert result.few_norms["zero"] == pytest.approx(np.linalg.norm(smallest[:-1]), rel=1e-4)
    assert result.few_norms["random"] > 1.05 * result.few_norms["zero"]


def paths(weights, layer, entry):
    """Whether a path of nonzero entries leads through an entry of a layer, all paths one by one."""
    sizes = [weights[0].shape[1], *map(len, weights)]
    for path in product(*map(range, sizes)):
        if (path[layer + 1], path[layer]) == entry:
            others = (k for k in range(len(weights)) if k != layer)
            if all(weights[k][path[k + 1], path[k]] for k in others):
                return True
    return False


@pytest.mark.parametrize("seed", range(8))
def test_blocked_entries_against_all_the_paths(seed):
    rng = np.random.default_rng(seed)
    shapes = [(3, 2), (3, 3), (2, 3)]
    live = [rng.standard_normal(s) * (rng.random(s) < 0.35) for s in shapes]
    expected = blocked(live)
    for _ in range(6):
        gradient = [
            np.array([[paths(live, k, (i, j)) for j in range(s[1])] for i in range(s[0])])
            for k, s in enumerate(shapes)
        ]
        live = [np.where(move, 1.0, w) for w, move in zip(live, gradient, strict=True)]
    for stuck, move in zip(expected, gradient, strict=True):
        np.testing.assert_array_equal(stuck, ~move)


def test_what_is_not_blocked_moves(result):
    assert result.sparse_agree == SPARSE == 100


def test_the_change_to_learn_has_the_rank_of_the_adaptation():
    x, y = lora_task(np.random.default_rng(0), 2)
    change = np.linalg.lstsq(x, y, rcond=None)[0]
    assert np.linalg.matrix_rank(change, tol=1e-9) == 2


def test_each_at_the_best_of_its_rates_zero_scales_lose_less(data):
    blocks = residual_weights(np.random.default_rng(2), 8, 3, data)

    def ends(scale, rate):
        training = Residual(branches=3, learning_rate=rate, steps=300)
        start = [*blocks, np.full((8, 3), scale)]
        losses = np.asarray(training.train(start, data, np.random.default_rng(0)))[-1]
        return np.where(losses < 1e3, losses, 1e3)  # diverged

    (zero, *others), (one, *fast) = (
        [ends(scale, rate) for rate in (0.1, 0.2, 0.4, 0.7)] for scale in (0.0, 1.0)
    )
    at_page = np.median(zero) - np.median(one)
    at_best = min(np.median(e) for e in (zero, *others)) - min(np.median(e) for e in (one, *fast))
    assert 0 < at_best < 0.6 * at_page
    # 0.7: most networks of full size have diverged, most of those from zero have not
    assert (fast[-1] > 1).sum() > 4 > (others[-1] > 1).sum()
