"""Biases that start at zero: how they leave it, and what a network without biases cannot do."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, constant, lecun_normal
from initexplain.network import Gradients, Network, forward, gradients
from initexplain.training import train

LEARNING_RATE = 0.1
CONSTANT = 0.4
BUMP_AT = 0.7
BUMP_UNITS = 16
RECORDS = 50


@dataclass(frozen=True)
class Leaving:
    """First-layer biases on their way from zero, for networks that differ in their seed.

    Attributes:
        biases: of the first network at each recorded step, `(records, units)`.
        gradients: of the biases before the first update, `(seeds, units)`.
        ends: the biases after the last update, `(seeds, units)`.
        losses: `(steps + 1, seeds)`.
    """

    biases: Array
    gradients: Array
    ends: Array
    losses: Array

    @property
    def first_gap(self) -> float:
        """Smallest difference of two units' first gradients, in units of the largest gradient.

        The smallest over seeds.
        """
        ordered = np.sort(self.gradients, axis=1)
        gaps = np.diff(ordered, axis=1).min(axis=1)
        return float((gaps / np.abs(self.gradients).max(axis=1)).min())

    @property
    def all_distinct(self) -> int:
        """Seeds in which the first gradients of all units differ."""
        gaps = np.diff(np.sort(self.gradients, axis=1), axis=1)
        return int((gaps > 1e-9 * np.abs(self.gradients).max()).all(axis=1).sum())

    @property
    def spread(self) -> float:
        """Largest difference, after the last update, between a bias and the first unit's."""
        return float(np.abs(self.ends - self.ends[:, :1]).max())

    @property
    def largest(self) -> float:
        """Median over seeds of the largest bias after the last update."""
        return float(np.median(np.abs(self.ends).max(axis=1)))

    @property
    def final_loss(self) -> float:
        """Median loss over seeds after the last update."""
        return float(np.median(self.losses[-1]))


@dataclass(frozen=True)
class Bump:
    """Networks with and without biases on a bump beside the origin.

    Attributes:
        inputs: `(examples,)`, an even grid around 0.
        targets: `(examples,)`.
        learned: outputs of the first network with biases that start at 0, `(examples,)`.
        without: outputs of the first network without biases, `(examples,)`.
        learned_loss: median loss over seeds with biases.
        without_loss: median loss over seeds without.
        least_loss: the least loss of an odd function: half the mean square of the targets' even
            part, `(y(x) + y(-x)) / 2`.
    """

    inputs: Array
    targets: Array
    learned: Array
    without: Array
    learned_loss: float
    without_loss: float
    least_loss: float


@dataclass(frozen=True)
class ZeroBiases:
    """Zero biases with random and with equal rows; zero biases and no biases.

    Attributes:
        random_rows: LeCun-normal weights.
        equal_rows: every weight starts at the same value.
        bump: what a network without biases cannot fit.
        recorded_steps: the steps at which biases were recorded.
        units: hidden units of the networks in `random_rows` and `equal_rows`.
        seeds: networks per start.
        steps: updates.
        bump_units: hidden units of the networks in `bump`.
        bump_steps: updates of the networks in `bump`.
        constant_value: the common weight of `equal_rows`.
    """

    random_rows: Leaving
    equal_rows: Leaving
    bump: Bump
    recorded_steps: tuple[int, ...]
    units: int
    seeds: int
    steps: int
    bump_steps: int
    bump_units: int = BUMP_UNITS
    constant_value: float = CONSTANT


def run(
    *, units: int = 6, seeds: int = 10, steps: int = 300, bump_steps: int = 1000, seed: int = 0
) -> ZeroBiases:
    """Trains tanh networks with one hidden layer, full-batch, learning rate 0.1.

    Args:
        units: hidden units.
        seeds: networks per start.
        steps: updates; a multiple of 50.
        bump_steps: updates of the networks on the bump.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], units, targets.shape[1]]

    def leave(weights: Initializer) -> Leaving:
        start = Network.initialize(rng, sizes, weights=weights, ensemble=(seeds,))
        return _leave(start, inputs, targets, steps)

    return ZeroBiases(
        random_rows=leave(lecun_normal()),
        equal_rows=leave(constant(CONSTANT)),
        bump=_bump(rng, seeds, bump_steps),
        recorded_steps=tuple(range(0, steps + 1, steps // RECORDS)),
        units=units,
        seeds=seeds,
        steps=steps,
        bump_steps=bump_steps,
    )


def _leave(start: Network, inputs: Array, targets: Array, steps: int) -> Leaving:
    def biases(_step: int, network: Network, gradients: Gradients) -> tuple[Array, Array]:
        return network.biases[0], gradients.biases[0]

    history = train(
        start,
        inputs,
        targets,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=biases,
        observe_every=steps // RECORDS,
    )
    return Leaving(
        biases=np.stack([values[0] for values, _ in history.observed]),
        gradients=history.observed[0][1],
        ends=history.network.biases[0],
        losses=history.losses,
    )


def _bump(rng: np.random.Generator, seeds: int, steps: int) -> Bump:
    inputs = np.linspace(-2.0, 2.0, 41)[:, None]
    targets = np.exp(-2.0 * (inputs - BUMP_AT) ** 2)
    sizes = [1, BUMP_UNITS, 1]
    start = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
    history = train(start, inputs, targets, steps=steps, learning_rate=LEARNING_RATE)
    without = train_without_biases(start, inputs, targets, steps)
    even = (targets + targets[::-1]) / 2
    return Bump(
        inputs=inputs[:, 0],
        targets=targets[:, 0],
        learned=forward(history.network, inputs).outputs[0, :, 0],
        without=forward(without, inputs).outputs[0, :, 0],
        learned_loss=float(np.median(history.losses[-1])),
        without_loss=float(np.median(gradients(without, inputs, targets)[0])),
        least_loss=float(0.5 * (even**2).mean()),
    )


def train_without_biases(network: Network, inputs: Array, targets: Array, steps: int) -> Network:
    """Gradient descent on the weights alone: the biases stay where they are."""
    for _ in range(steps):
        _, found = gradients(network, inputs, targets)
        weights = [
            w - LEARNING_RATE * g for w, g in zip(network.weights, found.weights, strict=True)
        ]
        network = Network(weights, network.biases, network.activation)
    return network
