"""The weight scale of LeCun's tanh: its constants, the sweep, fan-ins and inputs."""

import math

import numpy as np
import pytest
from oracles import best_constant, descent, lecun_tanh, normal_mean, not_always, tanh_network

import initexplain as ie
from initexplain.experiments import linear_region

SETTINGS = {"seeds": 3, "steps": 100, "seed": 5}


def saturated(variance):
    """Share of a normal of this variance at which LeCun's tanh has under half its slope."""
    end = 1.5 * math.acosh(math.sqrt(2))
    return math.erfc(end / math.sqrt(2 * variance))


def test_constants_of_lecun_tanh(result):
    found = result.tanh
    h = 1e-4
    slope = [(lecun_tanh(z + h) - lecun_tanh(z - h)) / (2 * h) for z in (0.0, found["region_end"])]
    assert found["slope_at_zero"] == pytest.approx(slope[0], rel=1e-6)
    assert slope[1] / slope[0] == pytest.approx(0.5, rel=1e-6)
    assert found["excess_at_one"] == pytest.approx(lecun_tanh(1.0) - 1, rel=1e-6)
    assert found["inside"] == pytest.approx(1 - saturated(1.0))
    z = np.linspace(0.5, 1.5, 1001)
    h = 1e-3
    bends = np.abs(lecun_tanh(z + h) - 2 * lecun_tanh(z) + lecun_tanh(z - h))
    assert found["bend"] == pytest.approx(z[np.argmax(bends)], abs=1.5e-3)
    square = normal_mean(lambda u: lecun_tanh(u) ** 2)
    assert found["mean_square"] == pytest.approx(square, rel=1e-8)


def test_too_small_starves_and_too_big_saturates(result):
    small, lecun, large = (result.medians[name] for name in ("small", "lecun", "large"))
    assert small["saturated"] == 0
    assert large["saturated"] > 0.85
    assert lecun["ratio"] > 3 * small["ratio"]
    assert lecun["ratio"] > 1.5 * large["ratio"]
    assert small["final"] == pytest.approx(result.best_constant, rel=0.01)
    assert lecun["final"] < 0.4 * min(small["final"], large["final"])
    assert result.lecun_wins == 3


def test_medians_are_of_the_scales_named(result):
    for name, scale in (("small", 0.01), ("lecun", 1.0), ("large", 10.0)):
        (i,) = np.flatnonzero(np.isclose(linear_region.SCALES, scale))
        for key in ("saturated", "ratio", "final", "fresh"):
            assert result.medians[name][key] == sorted(result.sweep[key][i])[1]


def test_saturation_follows_the_mean_field(result):
    assert np.abs(result.predicted[:, None] - result.sweep["saturated"]).max() < 0.12
    # the first of the layers alone, in closed form: normalized inputs give variance scale^2
    one_layer = linear_region.run(hidden_layers=1, seeds=3, steps=1, seed=5)
    expected = np.array([saturated(scale**2) for scale in linear_region.SCALES])
    np.testing.assert_allclose(one_layer.predicted, expected, atol=1e-12)
    assert np.abs(one_layer.sweep["saturated"] - expected[:, None]).max() < 0.12


def test_variance_is_fan_in_times_the_variance_of_a_weight(result):
    scaled, fixed = result.variance["scaled"], result.variance["fixed"]
    np.testing.assert_allclose(scaled, 1.0, atol=0.12)
    np.testing.assert_allclose(fixed, np.array([4, 16, 64, 256]) * 0.25**2, rtol=0.12)
    assert result.largest_error == max(abs(v - 1) for v in scaled)


def test_inputs_that_are_not_normalized(result):
    normalized, shifted, stretched = result.inputs.values()
    assert normalized["saturated"] == pytest.approx(saturated(1.0), abs=0.06)
    assert shifted["saturated"] == pytest.approx(saturated(1.0 + 9.0), abs=0.1)
    assert stretched["saturated"] == pytest.approx(saturated(100.0), abs=0.06)
    assert normalized["fresh"] < min(shifted["fresh"], stretched["fresh"])
    assert 3 < normalized["condition"] < 30
    assert stretched["condition"] == pytest.approx(normalized["condition"])
    # a mean of 3 in each of 16 features adds an eigenvalue near 16 * 9
    assert 16 * 9 / 5 < shifted["condition"] / normalized["condition"] < 16 * 9


def test_scale_and_not_randomness_decides(result):
    assert result.random_saturated == pytest.approx(saturated(25.0 * 16), abs=0.03)
    assert result.constant_saturated == 0


def test_the_rows_of_the_reach_are_trainings_by_hand(result):
    rng = np.random.default_rng(0)
    inputs, targets = ie.teacher(rng, examples=128, features=16)
    sizes = [16, 16, 16, 16, 2]
    drawn = ie.Network.initialize(rng, sizes, weights=ie.lecun_normal(), ensemble=(10,))
    waiting, fresh = [], []
    for scale in (0.01, 1.0, 10.0):
        for seed in range(3):
            weights = [w[seed] * (scale if i < 3 else 1.0) for i, w in enumerate(drawn.weights)]
            task = [np.zeros(len(w)) for w in weights], inputs[:64], targets[:64]
            losses, *end = descent(tanh_network, weights, *task, rates=0.1, steps=100)
            waiting.append(losses[-1] > 0.9 * best_constant(targets[:64]))
            fresh.append(tanh_network(*end, inputs[64:], targets[64:])[0])
    assert waiting == [True] * 3 + [False] * 6
    small, lecun, large = np.reshape(fresh, (3, 3))
    assert ((small > lecun) & (large > lecun)).all()
    assert [rows["tanh"].holds for rows in result.reach.values()] == [10, 10, 10]


def test_a_start_of_a_hundredth_is_late_and_not_lost(result):
    waits = {name: row.holds for name, row in result.reach["waits"].items()}
    assert [name for name, holds in waits.items() if holds == 0] == ["longer", "adam", "shallow"]
    assert all(result.late[name] < 0.1 for name in ("longer", "adam", "shallow"))
    # in all others it is the output bias that was learned, or what little it is off by
    others = [loss for name, loss in result.late.items() if waits[name] == 10]
    assert others == pytest.approx([1.0] * 9, abs=0.01)
    assert max(row.holds for row in result.reach["small"].values()) == 10
    assert result.reach["small"]["longer"].holds < 5
    assert not_always(result.reach["large"]) == {"logistic"}
