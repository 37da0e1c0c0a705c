"""Biases that start at zero: how they leave it, and what a network without biases cannot do."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.initializers import constant, lecun_normal
from initexplain.network import Network, forward, gradients
from initexplain.training import train

LEARNING_RATE = 0.1
CONSTANT = 0.4
BUMP_AT = 0.7
BUMP_UNITS = 16
RECORDS = 50
ROWS = {"random": lecun_normal(), "equal": constant(CONSTANT)}
"""Weights: every row its own, or all of them the same."""


@dataclass(frozen=True)
class ZeroBiases:
    """Zero biases with random and with equal rows; zero biases and no biases.

    What is kept by rows has the keys of `ROWS`, and belongs to the first layer.

    Attributes:
        recorded_steps: the steps at which biases were recorded, `(records,)`.
        biases: by rows, the biases of one network, `(records, units)`.
        gradients: by rows, of the biases before the first update, `(seeds, units)`.
        distinct: by rows, seeds in which those of all units differ.
        spread: by rows, largest difference after the last update, over seeds, between a bias and
            the first unit's.
        largest: by rows, median over seeds of the largest bias after the last update.
        losses: by rows.
        inputs: of the bump, `(examples,)`, an even grid around 0.
        targets: the bump, `(examples,)`.
        outputs: of one network trained on it `with` biases that start at 0, and one `without`
            biases, `(examples,)`.
        bump: losses on it, `with` and `without` biases.
        least_loss: the least loss of an odd function: half the mean square of the targets' even
            part, `(y(x) + y(-x)) / 2`.
    """

    recorded_steps: Array
    biases: dict[str, Array]
    gradients: dict[str, Array]
    distinct: dict[str, int]
    spread: dict[str, float]
    largest: dict[str, float]
    losses: dict[str, Curves]
    inputs: Array
    targets: Array
    outputs: dict[str, Array]
    bump: dict[str, Curves]
    least_loss: float


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
    histories = {
        rows: train(
            Network.initialize(rng, sizes, weights=weights, ensemble=(seeds,)),
            inputs,
            targets,
            steps=steps,
            learning_rate=LEARNING_RATE,
            observe=lambda _, network, slopes: (network.biases[0], slopes.biases[0]),
            observe_every=steps // RECORDS,
        )
        for rows, weights in ROWS.items()
    }
    first = {rows: history.observed[0][1] for rows, history in histories.items()}
    ends = {rows: history.network.biases[0] for rows, history in histories.items()}
    x = np.linspace(-2.0, 2.0, 41)[:, None]
    y = np.exp(-2.0 * (x - BUMP_AT) ** 2)
    start = Network.initialize(rng, [1, BUMP_UNITS, 1], weights=lecun_normal(), ensemble=(seeds,))
    bump = train(start, x, y, steps=bump_steps, learning_rate=LEARNING_RATE)
    odd_losses, odd = train_without_biases(start, x, y, bump_steps, LEARNING_RATE)
    fitted = {"with": bump.network, "without": odd}
    return ZeroBiases(
        recorded_steps=np.arange(0.0, steps + 1, steps // RECORDS),
        biases={
            rows: np.stack([biases[0] for biases, _ in history.observed])
            for rows, history in histories.items()
        },
        gradients=first,
        distinct={rows: all_distinct(gradients) for rows, gradients in first.items()},
        spread={rows: float(np.abs(b - b[:, :1]).max()) for rows, b in ends.items()},
        largest={rows: float(np.median(np.abs(b).max(axis=1))) for rows, b in ends.items()},
        losses={rows: Curves(history.losses) for rows, history in histories.items()},
        inputs=x[:, 0],
        targets=y[:, 0],
        outputs={name: forward(end, x).outputs[0, :, 0] for name, end in fitted.items()},
        bump={"with": Curves(bump.losses), "without": Curves(odd_losses)},
        least_loss=float(0.5 * (((y + y[::-1]) / 2) ** 2).mean()),
    )


def all_distinct(gradients: Array) -> int:
    """Seeds in which no two units' gradients agree, of `(seeds, units)`."""
    gaps = np.diff(np.sort(gradients, axis=1), axis=1)
    return int((gaps > 1e-9 * np.abs(gradients).max()).all(axis=1).sum())


def train_without_biases(
    network: Network, inputs: Array, targets: Array, steps: int, learning_rate: float
) -> tuple[Array, Network]:
    """Gradient descent on the weights alone: the biases stay where they are.

    Returns:
        The losses, `(steps + 1, ...)`, and the trained network.
    """
    loss, slopes = gradients(network, inputs, targets)
    losses = [loss]
    for _ in range(steps):
        pairs = zip(network.weights, slopes.weights, strict=True)
        weights = [w - learning_rate * g for w, g in pairs]
        network = Network(weights, network.biases, network.activation)
        loss, slopes = gradients(network, inputs, targets)
        losses.append(loss)
    return np.stack(losses), network
