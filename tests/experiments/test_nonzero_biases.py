"""The claims of the page "When a bias should not start at zero", with other seeds and sizes."""

import math
from dataclasses import replace

import numpy as np
import pytest
from oracles import central_differences, logistic

import initexplain as ie
from initexplain.experiments import framework_defaults
from initexplain.experiments import nonzero_biases as page
from initexplain.experiments.head_starts import prior_starts
from initexplain.experiments.reach import PAGE

SHARE = 0.02
SETTINGS = {"share": SHARE, "seeds": 6, "sine_seeds": 10, "seed": 9}


def test_the_log_odds_give_the_prior_back(result):
    assert logistic(result.log_odds) == pytest.approx(SHARE)
    assert result.background["odds"] == pytest.approx(-math.log(1 - SHARE))
    small = page.run(seeds=1, steps=1, sine_seeds=1, sine_steps=1)
    assert small.log_odds == pytest.approx(-4.595, abs=5e-4)


def test_the_first_losses_are_those_of_guessing(result):
    share = result.positives / page.EXAMPLES
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share)
    assert result.prior["zero"].median[0] == pytest.approx(math.log(2), rel=0.02)
    assert result.prior["odds"].median[0] == pytest.approx(entropy, rel=0.02)


def test_the_log_odds_save_the_first_updates(result):
    zero, odds = result.prior["zero"], result.prior["odds"]
    assert result.catch_up > 20
    assert result.prior_ahead == odds.seeds
    assert odds.final < zero.final < zero.median[0]


def test_how_long_a_head_start_lasts(result):
    prior = {name: row.holds for name, row in result.prior_reach.items()}
    assert prior[PAGE] == prior["adam"] == prior["late_adam"] == prior["batches"] == 5
    assert prior["half"] == 0  # where a half are positive, the log odds are zero
    assert prior["late"] < 3
    assert prior["fast"] == 5 > 2 * prior["faster"]
    sine = {name: row.holds for name, row in result.sine_reach.items()}
    assert sine[PAGE] == sine["wide"] == 3
    assert sine["late"] == sine["adam"] == sine["narrow"] == 0


def test_at_a_larger_rate_both_outputs_end_lower_and_the_log_odds_are_not_ahead():
    setting = prior_starts(0.01, steps=120, seeds=8, seed=2)
    (zero, odds), (fast_zero, fast_odds) = (
        np.median(replace(setting, learning_rate=rate).trained().history.losses[-1], axis=-1)
        for rate in (0.3, 3.0)
    )
    assert fast_odds < odds < zero
    assert fast_zero < 1.05 * fast_odds


def test_the_half_life_that_a_cell_shows():
    for bias in (-1.0, 0.0, 1.0, 3.0):
        half_life = math.log(0.5) / math.log(logistic(bias))
        assert page.measured_half_life(bias) == pytest.approx(half_life)


def test_a_forget_bias_of_one_recalls_more(result):
    # the same weights, fresh sequences: both start at guessing
    for curves in result.recall.values():
        np.testing.assert_allclose(curves.values[0], math.log(2), atol=0.1)
    assert result.recalled[1] >= 4
    assert result.recalled[0] <= 2


def test_chrono_remembers_over_a_longer_lag(result):
    # the memory of log U(1, T) is halved after T log 2 steps, at most
    assert page.measured_half_life(math.log(50)) == pytest.approx(50 * math.log(2), rel=0.02)
    assert result.recalled["chrono"] >= 4
    assert result.recalled_later["chrono"] > result.recalled_later[1]
    assert result.recalled_later["chrono"] > result.recalled_later[0]


def test_at_a_small_rate_chrono_is_ahead_over_a_longer_lag_but_later():
    curves = page.recall_curves(np.random.default_rng(5), 8, 300, lag=50, rate=0.005)

    def ahead(update):  # the sequences are fresh, so a few losses are averaged
        below = {
            start: int((c.values[update - 8 : update + 1].mean(axis=0) < math.log(2) / 2).sum())
            for start, c in curves.items()
        }
        return below["chrono"] - below[1]

    assert abs(ahead(120)) <= 3 < ahead(300)


def test_an_output_bias_at_the_mean_of_the_targets(result):
    _, targets = ie.teacher(np.random.default_rng(9))
    excess = ((targets.mean(axis=0) + 5) ** 2).sum() / targets.var(axis=0).sum()
    for curves in result.mean.values():
        first = curves["zero"].median[0] - curves["mean"].median[0]
        assert first == pytest.approx(excess, rel=0.15)
    # the distance of an output bias alone shrinks by 1 - rate per update
    update = int((excess * 0.9 ** (2 * np.arange(200)) < 0.5).argmax())
    assert 2 <= result.mean_catch_up["sgd"] <= update
    assert 20 < result.mean_catch_up["adam"] < 100


def test_recall_gradients_against_central_differences():
    rng = np.random.default_rng(6)
    shapes = [(1, 8, 3), (1, 8), (1, 1, 2), (1, 1)]
    parameters = [rng.standard_normal(shape) for shape in shapes]
    inputs = rng.standard_normal((4, 5, 1))
    labels = np.array([[0.0], [1.0], [1.0], [0.0], [1.0]])
    loss, found = page.recall_gradients(parameters, inputs, labels)
    assert loss.shape == (1,)
    numeric = central_differences(
        lambda moved: page.recall_gradients(moved, inputs, labels)[0][0], parameters
    )
    for gradient, expected in zip(found, numeric, strict=True):
        np.testing.assert_allclose(gradient, expected, atol=1e-8)
        assert np.abs(expected).max() > 1e-3


def test_shares_of_firing_units(result):
    assert result.firing["zero"] == 0.5
    for name in ("hundredth", "tenth", "one"):
        bias = page.FIRING_BIASES[name]
        predicted = 0.5 * (1 + math.erf(bias / 2))  # Phi(b / sqrt 2) = (1 + erf(b / 2)) / 2
        assert pytest.approx(predicted) == page.PREACTIVATION.cdf(bias)
        assert result.firing[name] - 0.5 == pytest.approx(predicted - 0.5, rel=0.1)
    assert 0.5 * (1 + math.erf(page.NEEDED_BIAS / 2)) == pytest.approx(0.999)


def test_zero_biases_put_every_kink_at_the_origin(result):
    assert not result.fits.kinks["zero"][0].any()
    assert np.ptp(result.fits.kinks["spread"][0]) > 1
    # two rays: the values on either side are proportional to the input
    grid, before = result.fits.grid, result.fits.functions["zero"][0]
    for side in (grid > 0, grid < 0):
        slopes = before[side] / grid[side]
        assert np.ptp(slopes) < 1e-9


def test_spread_kinks_fit_sooner(result):
    assert result.sine["spread"].final < result.sine["zero"].final
    assert result.sine_ahead >= 0.8 * result.sine["zero"].seeds
    assert np.abs(result.fits.kinks["zero"][1]).max() > 0


def test_kinks_are_where_the_slope_changes(result):
    # the function is piecewise linear: between neighbouring kinks second differences vanish
    bends = np.abs(np.diff(result.fits.functions["zero"][1], 2)) > 1e-9
    near = [np.abs(result.fits.kinks["zero"][1] - x).min() for x in result.fits.grid[1:-1][bends]]
    assert bends.any()
    assert max(near) <= result.fits.grid[1] - result.fits.grid[0]


def test_the_share_of_torchs_bias():
    for fan_in in (1, 16):
        layer = framework_defaults.torch_linear(fan_in, 1)
        own, rest = layer.bias_std**2, fan_in * layer.weight_std**2
        assert page.torch_bias_share(fan_in) == pytest.approx(own / (own + rest))
