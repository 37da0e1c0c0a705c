"""The weight scale of LeCun's tanh: its constants, the sweep, fan-ins and inputs."""

import math

import numpy as np
import pytest

from initexplain.experiments import linear_region


@pytest.fixture(scope="module")
def result():
    return linear_region.run(seeds=3, steps=100, seed=5)


def lecun_tanh(z):
    return 1.7159 * math.tanh(2 * z / 3)


def saturated(variance):
    """Share of a normal of this variance at which LeCun's tanh has under half its slope."""
    end = 1.5 * math.acosh(math.sqrt(2))
    return math.erfc(end / math.sqrt(2 * variance))


def test_constants_of_lecun_tanh(result):
    found = result.tanh
    h = 1e-4
    slope = [(lecun_tanh(z + h) - lecun_tanh(z - h)) / (2 * h) for z in (0.0, found.region_end)]
    assert found.slope_at_zero == pytest.approx(slope[0], rel=1e-6)
    assert slope[1] / slope[0] == pytest.approx(0.5, rel=1e-6)
    assert found.excess_at_one == pytest.approx(lecun_tanh(1.0) - 1, rel=1e-6)
    assert found.inside == pytest.approx(1 - saturated(1.0))


def test_the_curve_bends_most_where_stated(result):
    z = np.linspace(0.5, 1.5, 1001)
    h = 1e-3
    bends = [abs(lecun_tanh(x + h) - 2 * lecun_tanh(x) + lecun_tanh(x - h)) for x in z]
    assert result.tanh.bend == pytest.approx(z[np.argmax(bends)], abs=1.5e-3)


def test_mean_square_by_gauss_hermite(result):
    x, w = np.polynomial.hermite_e.hermegauss(80)
    values = np.array([lecun_tanh(z) ** 2 for z in x])
    assert result.tanh.mean_square == pytest.approx(w @ values / w.sum(), rel=1e-8)


def test_too_small_starves_and_too_big_saturates(result):
    sweep = result.sweep
    assert sweep.small.saturated == 0
    assert sweep.large.saturated > 0.85
    assert sweep.lecun.ratio > 3 * sweep.small.ratio
    assert sweep.lecun.ratio > 1.5 * sweep.large.ratio
    assert sweep.small.final == pytest.approx(sweep.best_constant, rel=0.01)
    assert sweep.lecun.final < 0.4 * min(sweep.small.final, sweep.large.final)
    assert sweep.lecun_wins == sweep.seeds == 3


def test_medians_are_of_the_scales_named(result):
    sweep = result.sweep
    for scale, found in ((0.01, sweep.small), (1.0, sweep.lecun), (10.0, sweep.large)):
        (i,) = np.flatnonzero(np.isclose(sweep.scales, scale))
        assert found.final == sorted(sweep.final[i])[1]
        assert found.fresh == sorted(sweep.fresh[i])[1]


def test_saturation_follows_the_mean_field(result):
    sweep = result.sweep
    assert np.abs(sweep.predicted[:, None] - sweep.saturated).max() < 0.12
    # the first of the layers alone, in closed form: normalized inputs give variance scale^2
    one_layer = linear_region.run(hidden_layers=1, seeds=3, steps=1, seed=5).sweep
    expected = [saturated(scale**2) for scale in one_layer.scales]
    np.testing.assert_allclose(one_layer.predicted, expected, atol=1e-12)
    assert np.abs(one_layer.saturated - np.array(expected)[:, None]).max() < 0.12


def test_variance_is_fan_in_times_the_variance_of_a_weight(result):
    found = result.fan_in
    np.testing.assert_allclose(found.scaled, 1.0, atol=0.12)
    np.testing.assert_allclose(found.fixed, found.fan_ins * found.fixed_std**2, rtol=0.12)
    assert found.largest_error == max(abs(v - 1) for v in found.scaled)


def test_inputs_that_are_not_normalized(result):
    assert result.normalized.saturated == pytest.approx(saturated(1.0), abs=0.06)
    assert result.shifted.saturated == pytest.approx(saturated(1.0 + 9.0), abs=0.1)
    assert result.stretched.saturated == pytest.approx(saturated(100.0), abs=0.06)
    assert result.normalized.fresh < min(result.shifted.fresh, result.stretched.fresh)


def test_condition_numbers_of_the_inputs(result):
    # a mean of 3 in each of 16 features adds an eigenvalue near 16 * 9
    assert 3 < result.normalized.condition < 30
    assert result.stretched.condition == pytest.approx(result.normalized.condition)
    ratio = result.shifted.condition / result.normalized.condition
    assert 16 * 9 / 5 < ratio < 16 * 9


def test_scale_and_not_randomness_decides(result):
    assert result.random_saturated == pytest.approx(saturated(25.0 * 16), abs=0.03)
    assert result.constant_saturated == 0
