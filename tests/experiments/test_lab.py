"""What the lab opens with."""

import numpy as np
import pytest

from initexplain.experiments import lab

SETTINGS = {"steps": 300, "seed": 4}


def test_zero_weights_end_at_the_entropy_of_the_classes(result):
    share = 37 / 75  # the first half, rounded down, is class 0
    entropy = -share * np.log(share) - (1 - share) * np.log(1 - share)
    assert result.best_constant == pytest.approx(entropy)
    assert result.losses["zero"].final == pytest.approx(entropy, rel=1e-6)


def test_random_weights_learn_what_equal_ones_cannot(result):
    assert result.losses["random"].final < 0.1
    assert result.losses["equal"].final > 0.2
    assert result.losses["equal"].final < 0.6 * result.best_constant


def test_classes_of_the_starts(result):
    letters = {
        "zero": ([0] * 6, [0] * 6),
        "equal": ([0] * 6, [1] * 6),
        "swap": (list(range(6)), [1] * 6),
        "random": (list(range(6)), [1] * 6),
    }
    for start, expected in letters.items():
        for labels, signs in result.classes[start]:
            assert (labels.tolist(), signs.tolist()) == expected, start


def test_equal_weights_are_one_unit(result):
    # with one unit a layer, whose weights count for six: the same losses
    rng = np.random.default_rng(SETTINGS["seed"])
    inputs, targets = lab.two_moons(rng, examples=lab.EXAMPLES)
    w, v, u = np.full(2, 0.5), 0.5, 0.5
    a = b = c = 0.0
    losses = []
    for _ in range(20):
        h = np.tanh(inputs @ w + a)
        k = np.tanh(6 * v * h + b)
        z = 6 * u * k + c
        losses.append(np.mean(np.logaddexp(0, z) - targets[:, 0] * z))
        error = (1 / (1 + np.exp(-z)) - targets[:, 0]) / len(z)
        upper = error * u * (1 - k**2)
        lower = 6 * upper * v * (1 - h**2)
        u, v = u - lab.LEARNING_RATE * error @ k, v - lab.LEARNING_RATE * upper @ h
        w = w - lab.LEARNING_RATE * lower @ inputs
        a, b, c = (x - lab.LEARNING_RATE * d.sum() for x, d in ((a, lower), (b, upper), (c, error)))
    np.testing.assert_allclose(result.losses["equal"].values[:20, 0], losses)
