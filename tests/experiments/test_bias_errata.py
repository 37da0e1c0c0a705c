"""The checks of the page "What other pages say about biases", with another seed and width."""

import numpy as np
import pytest

SETTINGS = {"units": 12, "seeds": 8, "steps": 100, "seed": 3}


def test_a_small_bias_does_not_make_all_units_fire(result):
    assert 0.45 < result.firing["zero"] < 0.55
    assert 0 < result.firing["hundredth"] - result.firing["zero"] < 0.02
    assert 0.01 < result.firing["tenth"] - result.firing["zero"] < 0.1
    assert result.hidden_units == 8 * 3 * 12


def test_a_small_bias_does_not_wake_up_silent_units(result):
    silent = result.silent
    assert 0 < silent["zero"] < 0.1 * result.hidden_units
    assert abs(silent["hundredth"] - silent["zero"]) <= 0.2 * silent["zero"] + 1


def test_a_small_bias_changes_the_loss_a_little(result):
    assert result.gain["zero"] == 0
    assert abs(result.gain["hundredth"]) < 0.05
    assert abs(result.gain["hundredth"]) < abs(result.gain["tenth"])


def test_the_sign_of_a_small_bias_matters(result):
    # a shift to the flat side does harm, so that what helps is the shift to the other one
    assert result.firing["negative"] < result.firing["zero"]
    assert result.gain["negative"] < -0.02 < 0 < result.gain["tenth"]
    assert result.ahead["negative"] < 4 < result.ahead["tenth"]


def test_the_line_of_the_figure_against_counting(result):
    rng = np.random.default_rng(1)
    z = np.sqrt(2) * rng.standard_normal(200_000)
    for bias, share in result.predicted[:, ::10].T:
        assert share == pytest.approx((z + bias > 0).mean(), abs=0.005)
    points, measured = result.measured
    np.testing.assert_allclose(measured, np.interp(points, *result.predicted), atol=0.01)
