"""The four starts of the front page."""

import numpy as np
import pytest
from oracles import best_constant

import initexplain as ie
from initexplain.experiments import index

SEED, STEPS = 3, 60
SETTINGS = {"seeds": 4, "steps": STEPS, "seed": SEED}


def test_zero_weights_and_biases_leave_only_the_output_bias(result):
    _, targets = ie.teacher(np.random.default_rng(SEED))
    assert result.best_constant == pytest.approx(best_constant(targets))
    # the output bias b follows b <- b - 0.1 (b - mean), from 0: a geometric series
    rest = 0.9 ** np.arange(STEPS + 1)
    expected = result.best_constant + 0.5 * rest**2 * np.sum(targets.mean(axis=0) ** 2)
    np.testing.assert_allclose(result.losses["both_zero"].values, np.tile(expected[:, None], 4))


def test_random_biases_with_zero_weights_reach_the_best_constant_and_stay(result):
    losses = result.losses["random_biases"].values
    assert (losses[20:] < 1.01 * result.best_constant).all()
    assert (losses > 0.999 * result.best_constant).all()


def test_random_weights_learn_with_either_kind_of_bias(result):
    for start in ("random_weights", "both_random"):
        assert (result.losses[start].last < 0.2 * result.best_constant).all()
        assert result.removed[start] > 0.8
    assert result.losses["random_biases"].final > 0.99 * result.best_constant


def test_one_hidden_layer_is_another_story():
    shallow = index.run(hidden_layers=1, seeds=4, steps=200, seed=SEED)
    assert (shallow.losses["random_biases"].last < 0.5 * shallow.best_constant).all()


def test_what_became_of_the_four_starts_in_a_word(result):
    assert result.words == {
        "random_weights": "learns",
        "both_random": "learns",
        "both_zero": "frozen",
        "random_biases": "stuck",
    }
    assert result.moved["both_zero"] == 0 < result.moved["random_biases"] < 1e-3
    assert min(result.moved["random_weights"], result.moved["both_random"]) > 0.1


RANDOM, ZERO = ie.lecun_normal(), ie.zeros()


@pytest.mark.parametrize(
    ("starts", "steps", "expected"),
    [
        ([RANDOM], 60, "learns"),
        ([RANDOM], 1, "mixed"),
        ([ZERO], 60, "frozen"),
        ([RANDOM, ZERO], 60, "mixed"),
    ],
)
def test_a_word_holds_for_every_network(starts, steps, expected):
    inputs, targets = ie.teacher(np.random.default_rng(SEED))
    ensemble = ie.Network.stack(
        [ie.Network.initialize(np.random.default_rng(SEED), [4, 8, 2], weights=w) for w in starts]
    )
    history = ie.train(ensemble, inputs, targets, steps=steps, learning_rate=0.1)
    assert index.word(ensemble, history, best_constant(targets)) == expected
