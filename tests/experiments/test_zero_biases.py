"""The claims of the page "Why zero biases are safe", with another seed and other sizes."""

import numpy as np
import pytest
from oracles import descent, tanh_network

import initexplain as ie
from initexplain.experiments.reach import PAGE, TwoStarts
from initexplain.experiments.zero_biases import odd_sine, random_biases, run, train_without_biases

SETTINGS = {"units": 8, "seeds": 6, "bump_steps": 800, "seed": 11}


def test_random_rows_have_different_bias_gradients_from_the_first_step(result):
    assert result.distinct["random"] == result.losses["random"].seeds
    for gradients in result.gradients["random"]:
        assert np.diff(np.sort(gradients)).min() > 1e-6 * np.abs(gradients).max()
    assert result.spread["random"] > 0.05


def test_equal_rows_move_their_biases_together(result):
    assert result.distinct["equal"] == 0
    assert np.abs(result.biases["equal"]).max() > 0.005
    assert result.spread["equal"] < 1e-9
    assert result.losses["equal"].final > 2 * result.losses["random"].final


def test_zero_biases_are_as_good_as_random_ones_where_they_can_all_learn(result):
    compared = result.compared
    assert compared["zero"].final < 2 * compared["random"].final
    assert compared["none"].final > 2 * compared["zero"].final
    full = {name for name, row in result.reach.items() if row.holds == row.seeds}
    assert {PAGE, "odd", "data", "deep", "relu", "adam", "batches"} <= full
    assert result.reach["one"].holds < 6


def test_on_odd_data_zero_biases_stay_where_they_are_under_full_batches_alone(result):
    assert result.odd_bias < 1e-12
    assert result.odd_ahead == 6
    assert result.odd["random"].final < 0.6 * result.odd["zero"].final
    x, y = odd_sine(np.random.default_rng(0))
    np.testing.assert_allclose(x, -x[::-1])
    np.testing.assert_allclose(y, -y[::-1], atol=1e-12)
    start = ie.Network.initialize(np.random.default_rng(3), [1, 8, 1], weights=ie.lecun_normal())
    for how in ({"batch_size": 8, "rng": np.random.default_rng(1)}, {"optimizer": "adam"}):
        end = ie.train(start, x, y, steps=500, learning_rate=0.01, **how).network
        assert np.abs(end.biases[0]).max() > 1e-4, how


def test_the_two_starts_differ_in_their_biases_alone():
    setting = TwoStarts(weights=ie.lecun_normal(), hidden=(5, 3), seeds=4, others=random_biases)
    _, start, _, _ = setting.drawn()
    assert start.ensemble == (2, 4)
    for w, b in zip(start.weights, start.biases, strict=True):
        np.testing.assert_array_equal(w[0], w[1])
        assert not b[0].any()
        assert b[1].all()


def test_recorded_steps_belong_to_the_biases_which_start_at_zero(result):
    assert not any(biases[0].any() for biases in result.biases.values())
    assert result.recorded_steps[0] == 0
    assert result.recorded_steps[-1] == len(result.losses["random"].values) - 1
    assert result.biases["random"].shape == (len(result.recorded_steps), 8)
    one = run(seeds=1, steps=50, bump_steps=0)
    last = one.biases["random"][-1]
    assert one.spread["random"] == last.max() - last.min()
    assert one.largest["random"] == np.abs(last).max()


def test_without_biases_the_function_is_odd_and_cannot_beat_the_even_part(result):
    x, without = result.inputs, result.outputs["without"]
    np.testing.assert_allclose(x, -x[::-1], atol=1e-12)
    np.testing.assert_allclose(without, -without[::-1], atol=1e-9)
    # the least squares fit of odd functions, here by sines of high order
    odd = np.stack([np.sin(k * np.pi / 2.5 * x) for k in range(1, 16)], axis=1)
    fit = odd @ np.linalg.lstsq(odd, result.targets, rcond=None)[0]
    best = 0.5 * ((fit - result.targets) ** 2).mean()
    assert result.least_loss == pytest.approx(best, rel=1e-2)
    assert result.least_loss <= result.bump["without"].final < 1.1 * result.least_loss
    assert result.bump["with"].final < 0.2 * result.least_loss


def test_training_without_biases_against_a_loop_by_hand():
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((9, 2)), rng.standard_normal((9, 1))
    start = ie.Network.initialize(rng, [2, 3, 1], weights=ie.lecun_normal())
    losses, end = train_without_biases(start, x, y, 20, 0.1)
    how = {"rates": [0.1, 0.1, 0, 0], "steps": 20}
    path, weights, _ = descent(tanh_network, start.weights, start.biases, x, y, **how)
    np.testing.assert_allclose(losses, path)
    for w, expected in zip(end.weights, weights, strict=True):
        np.testing.assert_allclose(w, expected, atol=1e-12)
    assert not any(b.any() for b in end.biases)
