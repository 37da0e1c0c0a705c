"""The claims of the page "When a bias should not start at zero", with other seeds and sizes."""

import math
from statistics import NormalDist

import numpy as np
import pytest

from initexplain.experiments import nonzero_biases as page


@pytest.fixture(scope="module")
def kinks():
    return page.kinks(np.random.default_rng(9), seeds=10)


@pytest.fixture(scope="module")
def prior():
    return page.prior(np.random.default_rng(9), share=0.02, seeds=6)


def test_the_log_odds_give_the_prior_back(prior):
    assert 1 / (1 + math.exp(-prior.log_odds)) == pytest.approx(prior.share)
    assert prior.background_after == pytest.approx(-math.log(1 - prior.share))
    assert page.prior(np.random.default_rng(0), seeds=1, steps=1).log_odds == pytest.approx(
        -4.595, abs=5e-4
    )


def test_the_first_losses_are_those_of_guessing(prior):
    share = prior.positives / prior.examples
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert prior.first_zero == pytest.approx(math.log(2), rel=0.02)
    assert prior.first_odds == pytest.approx(entropy, rel=0.02)


def test_the_log_odds_save_the_first_updates(prior):
    assert prior.catch_up > 20
    assert prior.ahead == prior.losses.shape[2]
    assert prior.final_odds < prior.final_zero < prior.first_zero


def test_the_half_life_that_a_cell_shows():
    for bias in (-1.0, 0.0, 1.0, 3.0):
        kept = 1 / (1 + math.exp(-bias))
        assert page.measured_half_life(bias) == pytest.approx(math.log(0.5) / math.log(kept))


def test_a_forget_bias_of_one_recalls_more():
    losses = page.recall_losses(np.random.default_rng(2), lag=20, units=4, seeds=6, updates=100)
    # the same weights, fresh sequences: both start at guessing
    np.testing.assert_allclose(losses[0], math.log(2), atol=0.1)
    zero, one = (losses[-1] < math.log(2) / 2).sum(axis=1)
    assert one >= 4
    assert zero <= 2


def test_recall_gradients_against_central_differences():
    rng = np.random.default_rng(6)
    shapes = [(1, 8, 3), (1, 8), (1, 1, 2), (1, 1)]
    parameters = [rng.standard_normal(shape) for shape in shapes]
    inputs = rng.standard_normal((4, 5, 1))
    labels = np.array([[0.0], [1.0], [1.0], [0.0], [1.0]])
    loss, found = page.recall_gradients(parameters, inputs, labels)
    assert loss.shape == (1,)
    for which, gradient in enumerate(found):
        numeric = np.zeros_like(gradient)
        for index in np.ndindex(gradient.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [p.copy() for p in parameters]
                moved[which][index] += step
                ends.append(page.recall_gradients(moved, inputs, labels)[0][0])
            numeric[index] = (ends[0] - ends[1]) / 2e-5
        np.testing.assert_allclose(gradient, numeric, atol=1e-8)
        assert np.abs(numeric).max() > 1e-3


def test_shares_of_firing_units():
    shares = page.firing_shares(np.random.default_rng(1), np.array([0.0, 0.01, 0.1, 1.0]))
    assert shares[0] == 0.5
    normal = NormalDist(0, math.sqrt(2))
    for bias, share in zip((0.01, 0.1, 1.0), shares[1:], strict=True):
        assert page.firing_probability(bias) == pytest.approx(normal.cdf(bias))
        assert share - 0.5 == pytest.approx(normal.cdf(bias) - 0.5, rel=0.1)
    needed = page.firing(np.random.default_rng(1)).needed
    assert normal.cdf(needed) == pytest.approx(0.999)


def test_zero_biases_put_every_kink_at_the_origin(kinks):
    assert not kinks.zero.kinks_before.any()
    assert np.ptp(kinks.spread.kinks_before) > 1
    # two rays: the values on either side are proportional to the input
    grid, before = kinks.grid, kinks.zero.before
    for side in (grid > 0, grid < 0):
        slopes = before[side] / grid[side]
        assert np.ptp(slopes) < 1e-9


def test_spread_kinks_fit_sooner(kinks):
    assert kinks.spread.final_loss < kinks.zero.final_loss
    assert kinks.ahead >= 0.8 * kinks.seeds
    assert np.abs(kinks.zero.kinks_after).max() > 0


def test_kinks_are_where_the_slope_changes(kinks):
    # the function is piecewise linear: between neighbouring kinks second differences vanish
    bends = np.abs(np.diff(kinks.zero.after, 2)) > 1e-9
    near = [np.abs(kinks.zero.kinks_after - x).min() for x in kinks.grid[1:-1][bends]]
    assert bends.any()
    assert max(near) <= kinks.grid[1] - kinks.grid[0]


def test_the_share_of_torchs_bias_against_draws():
    rng = np.random.default_rng(3)
    for fan_in in (1, 16):
        bound = fan_in**-0.5
        weights = rng.uniform(-bound, bound, (40_000, fan_in))
        inputs = rng.standard_normal((40_000, fan_in))
        drawn = rng.uniform(-bound, bound, 40_000).var()
        share = drawn / (drawn + (weights * inputs).sum(axis=1).var())
        assert page.torch_bias_share(fan_in) == pytest.approx(share, rel=0.05)
