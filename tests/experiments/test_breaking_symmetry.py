"""The claims of the page "How symmetry breaks", with another seed; finite differences."""

import numpy as np
import pytest
from oracles import descent, tanh_network

import initexplain as ie
from initexplain.experiments.breaking_symmetry import SCALES, WIDTHS
from initexplain.experiments.reach import PAGE
from initexplain.experiments.separation import EVERY, separation_hessian, separation_updates

PLANTED = 2
SETTINGS = {"steps": 800, "planted": PLANTED, "seed": 3}


def test_separation_time_grows_with_the_logarithm_of_the_noise(result):
    assert SCALES["teacher"] == pytest.approx([1e-2, 1e-4, 1e-6, 1e-8, 1e-10])
    waits = np.diff(result.separation)
    assert np.isfinite(waits).all()
    # a hundred times less noise costs about the same number of updates again and again
    assert (waits > 0.6 * waits.mean()).all()
    assert (waits < 1.5 * waits.mean()).all()
    assert result.updates_per_decade == pytest.approx(waits[1:].sum() / 6)


def test_second_derivatives_predict_the_growth(result):
    assert result.predicted_share == pytest.approx(1, abs=0.1)


def test_on_the_sine_small_noise_fades_and_large_noise_separates(result):
    first, last = result.spreads["sine"][[0, -1]]
    assert (last[0] < first[0]).all()
    assert (last[-1] > first[-1]).all()
    assert result.closer_with_least == result.apart_with_most == 10
    losses = result.losses["sine"]
    assert losses[0] > 5 * losses[-1]
    assert losses[-1] < 3 * result.random_loss["sine"]
    assert result.growth["sine"][-1] < 0.3 * result.growth["teacher"][-1]


def test_how_far_growing_and_fading_reach(result):
    apart = {name: row.holds for name, row in result.apart.items()}
    assert apart[PAGE] == apart["less"] == apart["data"] == apart["momentum"] == apart["adam"] == 10
    assert apart["short"] == apart["one_feature"] == apart["deep"] == 0
    fading = {name: row.holds for name, row in result.fading.items()}
    assert fading[PAGE] == fading["late"] == fading["momentum"] == 10
    assert fading["much"] == fading["adam"] == fading["relu"] == 0


def test_small_noise_on_the_sine_by_hand():
    # six tanh clones with one input and one output
    w, v = 0.4 + 1e-3 * np.random.default_rng(8).standard_normal((2, 6))
    start = [w[:, None], v[None]], [np.zeros(6), np.zeros(1)]
    task = ie.noisy_sine(np.random.default_rng(0))
    _, (end, _), _ = descent(tanh_network, *start, *task, rates=0.1, steps=800)
    assert np.ptp(end) < 0.5 * np.ptp(w)


KINDS = ("copies", "sums", "mirrored", "silent", "cancelling")
SURVIVE = {
    "sgd": (1, 1, 1, 1, 1),
    "batches": (1, 1, 1, 1, 1),
    "momentum": (1, 1, 1, 1, 1),
    "decay": (1, 1, 1, 1, 1),
    "adam": (1, 1, 1, 1, 0),
    "adamw": (1, 1, 1, 1, 0),
    "adam_l2": (1, 0, 1, 1, 0),
    "dropout": (0, 0, 0, 1, 0),
}


def test_which_rule_keeps_which_class(result):
    assert result.kept == {
        rule: {kind: PLANTED * survives for kind, survives in zip(KINDS, row, strict=True)}
        for rule, row in SURVIVE.items()
    }


def test_einsum_keeps_rows_equal_bit_for_bit(result):
    assert result.einsum_equal == result.product_spread["einsum"].size == len(WIDTHS) == 16
    # what BLAS does to equal rows belongs to the machine; it is rounding in any case
    assert (result.product_spread["blas"] >= 0).all()
    assert (result.product_spread["blas"] < 1000).all()
    assert (result.trained_spreads[0] == 0).all()
    assert result.trained_spreads[1].max() < 1e-12


def test_separation_of_curves_that_grow_evenly_at_once_and_never():
    scales = np.array([1e-2, 1e-4])
    steps = EVERY * np.arange(101)
    spreads = scales * 10 ** (steps / 100)[:, None]
    expected = 100 * np.log10(0.5 / scales)
    np.testing.assert_allclose(separation_updates(spreads), expected, rtol=1e-12)
    # the last rows come close to each other again
    spreads = np.array([[0.9, 0.1, 0.05], [2.0, 0.2, 5.0], [2.0, 0.1, 0.1]])
    np.testing.assert_allclose(separation_updates(spreads), [0.0, np.inf, 5.0])


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_second_derivatives_against_finite_differences_of_the_loss(outputs):
    rng = np.random.default_rng(6)
    inputs, targets = ie.teacher(rng, outputs=outputs)
    units, features = 3, inputs.shape[1]
    row, column = rng.standard_normal(features), rng.standard_normal((outputs, 1))
    w, v = np.tile(row, (units, 1)), np.tile(column, units)
    b, c = np.full(units, 0.3), rng.standard_normal(outputs)
    hessian = separation_hessian(ie.Network([w, v], [b, c]), inputs, targets)
    change = rng.standard_normal((units, features + 1 + outputs))
    change -= change.mean(axis=0)

    def loss(size):
        dw, db, dv = np.split(size * change, [features, features + 1], axis=1)
        moved = ie.Network([w + dw, v + dv.T], [b + db[:, 0], c])
        return float(ie.gradients(moved, inputs, targets)[0])

    size = 1e-3
    measured = (loss(size) + loss(-size) - 2 * loss(0.0)) / size**2
    assert measured == pytest.approx(sum(q @ hessian @ q for q in change), rel=1e-4)
    # a block of zeros beside a block that is not leaves a negative eigenvalue
    mixed, zero = np.split(hessian[:, features + 1 :], [features + 1])
    assert np.linalg.eigvalsh(hessian)[0] < 0 < np.abs(mixed).max()
    assert not zero.any()
