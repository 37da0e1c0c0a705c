"""Moments through depth: predictions against closed forms, measurements against predictions."""

import math

import numpy as np
import oracles
import pytest

import initexplain as ie

LAYERS, UNITS = 12, 150

SETTINGS = {"layers": LAYERS, "units": UNITS, "seeds": 3, "seed": 4}


def tanh_moments(weight_std):
    """Forward and backward second moments of tanh from 1 on, by Gauss-Hermite quadrature."""
    q = [1.0]
    for _ in range(LAYERS - 1):
        q.append(weight_std**2 * oracles.tanh_square(q[-1]))
    factors = [weight_std**2 * oracles.tanh_slope_square(below) for below in q[:-1]]
    return q, [math.prod(factors[layer:]) for layer in range(LAYERS)]


def test_tanh_is_predicted_by_the_map(result):
    gain = oracles.tanh_square(1.0) ** -0.5
    assert result.tanh_gain == pytest.approx(gain)
    for name, weight_std in (("glorot_tanh", 1.0), ("orthogonal_tanh", 1.0), ("lsuv_tanh", gain)):
        up, down = tanh_moments(weight_std)
        np.testing.assert_allclose(result.schemes[name].predicted_forward, up, rtol=1e-6)
        np.testing.assert_allclose(result.schemes[name].predicted_backward, down, rtol=1e-6)


def test_relu_is_predicted_in_closed_form(result):
    layers = np.arange(LAYERS)
    glorot, he = result.schemes["glorot_relu"], result.schemes["he_relu"]
    np.testing.assert_allclose(glorot.predicted_forward, 0.5**layers)
    np.testing.assert_allclose(glorot.predicted_backward, 0.5 ** layers[::-1])
    for line in (he.predicted_forward, he.predicted_backward):
        np.testing.assert_allclose(line, 1.0)


def test_selu_keeps_unit_variance_and_not_the_error(result):
    selu = result.schemes["lecun_selu"]
    np.testing.assert_allclose(selu.predicted_forward, 1.0)
    # E f'(z)^2: half of scale^2, and scale^2 alpha^2 E exp(2 z) over z < 0
    chi = oracles.SELU_SCALE**2 * (
        0.5 + oracles.SELU_ALPHA**2 * math.exp(2) * math.erfc(math.sqrt(2)) / 2
    )
    assert result.selu_chi == pytest.approx(chi)
    assert selu.predicted_backward[0] == pytest.approx(chi ** (LAYERS - 1))


def test_networks_follow_the_prediction(result):
    assert len(result.schemes) == 6
    for scheme in result.schemes.values():
        for predicted, measured in (
            (scheme.predicted_forward, scheme.forward.values),
            (scheme.predicted_backward, scheme.backward.values),
        ):
            assert measured.shape == (LAYERS, 3)
            logs = np.log(np.median(measured, axis=-1) / predicted)
            assert np.abs(logs).max() < 0.9


def test_the_order_of_the_schemes(result):
    up = {name: scheme.forward.final for name, scheme in result.schemes.items()}
    down = {name: scheme.backward.median[0] for name, scheme in result.schemes.items()}
    assert up["glorot_relu"] < 0.01 * up["glorot_tanh"]
    assert up["he_relu"] > 0.2
    assert up["lsuv_tanh"] == pytest.approx(1.0, abs=0.03)
    assert down["lsuv_tanh"] > down["lecun_selu"] > 1.2
    assert down["glorot_tanh"] < 0.2


def test_orthogonal_weights_scatter_less(result):
    assert result.scatter["orthogonal_tanh"] < 0.2 * result.scatter["glorot_tanh"]
    low, median, high = sorted(result.schemes["he_relu"].forward.values[-1])
    assert result.scatter["he_relu"] == pytest.approx((high - low) / median)


def test_the_scatter_over_networks_is_that_of_depth_over_width(result):
    """Layers of one random unit's factors: of `n` chances of a half, as many squares of normals."""
    rng = np.random.default_rng(8)
    for units, scatter in result.finite_width.items():
        firing = rng.binomial(units, 0.5, size=(LAYERS - 1, 20_000))
        logs = np.log(2 * rng.chisquare(firing) / units).sum(axis=0)
        assert scatter == pytest.approx(logs.std(), rel=0.25)
        assert result.predicted_width[units] == pytest.approx(logs.std(), rel=0.15)


def test_tanh_decays_like_one_over_twice_the_layer(result):
    predicted, layers = result.predicted_decay, np.arange(1, 51)
    assert predicted[4] == pytest.approx(0.1034, abs=5e-5)
    assert predicted[-1] == pytest.approx(0.00507, abs=5e-6)
    assert predicted[-1] * 2 * 100 == pytest.approx(1.0, abs=0.02)
    ratio = np.median(result.decay.values[:50], axis=-1) * 2 * layers
    assert np.abs(np.log(ratio[4:])).max() < 0.5


def test_moments_of_relu(result):
    assert result.relu_mean_square == pytest.approx(0.5)
    sample = np.maximum(np.random.default_rng(0).standard_normal(1_000_000), 0)
    assert result.relu_variance == pytest.approx(sample.var(), rel=0.01)


def test_glorots_weights_with_relu_are_late_by_hand(result):
    rng = np.random.default_rng(0)
    inputs, targets = ie.teacher(rng, examples=16, features=16)
    sizes = [16] * 21 + [2]
    starts = ie.Network.initialize(
        rng, sizes, weights=ie.glorot_normal(), activation="relu", ensemble=(5,)
    )
    how, learned = {"rates": 0.005, "steps": 300, "rule": oracles.heavy_ball}, {100: 0, 300: 0}
    for seed in range(5):
        start = [[p[seed] for p in group] for group in (starts.weights, starts.biases)]
        losses, *_ = oracles.descent(oracles.relu_network, *start, inputs, targets, **how)
        for update in learned:
            learned[update] += losses[update] < 0.5 * oracles.best_constant(targets)
    assert learned == {100: 0, 300: 4}
    assert result.reach["lost"]["page"].holds == 5
    assert result.reach["lost"]["longer"].holds == 1


def test_four_recipes_learn_in_most_settings(result):
    kept = result.reach["kept"]
    assert {row.seeds for row in kept.values()} == {20}
    assert all(row.holds > 10 for row in kept.values())
    full = {name for name, row in kept.items() if row.holds == 20}
    assert full >= {"page", "longer", "adam", "shallow"}
    assert result.reach["lost"]["adam"].holds < 5
