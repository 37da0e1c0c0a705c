"""A small start in a linear network: what has to be learned comes in stages."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.initializers import normal
from initexplain.network import Gradients, Network
from initexplain.training import train

STRENGTHS = (4.0, 2.0, 1.0, 0.5)
"""Singular values of the map that the network has to learn."""
UNITS = 16
STEPS = 400


@dataclass(frozen=True)
class Stages:
    """A linear network with one hidden layer as it learns each singular value of its task.

    Attributes:
        learned: of each of `STRENGTHS`, the share that the network has, `(STEPS + 1, strengths)`.
        predicted: the same from the equation of Saxe and others.
        half: update at which half of each is learned, `(strengths,)`.
        predicted_half: the same from the equation.
    """

    learned: Array
    predicted: Array
    half: Array
    predicted_half: Array


def stages(*, scale: float, learning_rate: float, seed: int) -> Stages:
    """Trains the network by gradient descent on inputs that are white, from a small random start.

    With `p = W2^T u + W1 v` for the singular vectors `u` and `v` of a singular value `s`, the
    strength `a` of a mode grows from `|p|^2 / 4` as `da/dt = 2 a (s - a)` says, a unit of `t` being
    one over the learning rate. Source: Saxe, McClelland and Ganguli (2014), section 1.3.

    Args:
        scale: standard deviation of all weights at the start.
        learning_rate: of gradient descent.
        seed: of the task and of the network.
    """
    rng = np.random.default_rng(seed)
    size = len(STRENGTHS)
    left, right = (np.linalg.qr(rng.standard_normal((size, size)))[0] for _ in range(2))
    # of mean zero and covariance one; an odd task, so that the biases stay at zero
    inputs = np.sqrt(size) * np.concatenate([np.eye(size), -np.eye(size)])
    targets = inputs @ (left * STRENGTHS @ right.T).T
    start = Network.initialize(
        rng, [size, UNITS, size], weights=normal(scale), activation="identity"
    )

    def modes(_step: int, now: Network, _gradients: Gradients) -> Array:
        below, above = now.weights
        strengths: Array = ((left.T @ above) * (below @ right).T).sum(axis=1)
        return strengths

    history = train(start, inputs, targets, steps=STEPS, learning_rate=learning_rate, observe=modes)
    below, above = start.weights
    size_at_start = ((above.T @ left + below @ right) ** 2).sum(axis=0) / 4
    times = learning_rate * np.arange(STEPS + 1)[:, None]
    ratio = np.array(STRENGTHS) / size_at_start - 1
    learned = np.stack(history.observed) / STRENGTHS
    return Stages(
        learned=learned,
        predicted=1 / (1 + ratio * np.exp(-2 * times * STRENGTHS)),
        half=(learned > 0.5).argmax(axis=0).astype(float),
        predicted_half=np.log(ratio) / (2 * np.array(STRENGTHS) * learning_rate),
    )
