"""The thread's question in one experiment: zero or random weights, zero or random biases."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.training import train

BIAS_STD = 0.5


@dataclass(frozen=True)
class Start:
    """One way to start, trained from many seeds.

    Attributes:
        losses: `(steps + 1, seeds)`.
    """

    losses: Array

    @property
    def median(self) -> Array:
        """Median loss over seeds after each step, `(steps + 1,)`."""
        return np.median(self.losses, axis=1)

    @property
    def final_loss(self) -> float:
        """Median loss over seeds after the last step."""
        return float(self.median[-1])

    @property
    def learned(self) -> float:
        """Median over seeds of the share of the first loss that training removed."""
        return float(np.median(1 - self.losses[-1] / self.losses[0]))


@dataclass(frozen=True)
class FourStarts:
    """Random or zero weights with random or zero biases, on the same task.

    Attributes:
        random_weights: random weights, zero biases: the usual start.
        both_random: random weights, random biases.
        random_biases: zero weights, random biases: the swap that the thread asks about.
        both_zero: zero weights, zero biases.
        best_constant: the loss of a network whose output ignores its input, at best.
        hidden_layers: hidden layers of every network.
        units: units in each hidden layer.
        seeds: networks per start.
        steps: updates of each network.
    """

    random_weights: Start
    both_random: Start
    random_biases: Start
    both_zero: Start
    best_constant: float
    hidden_layers: int
    units: int
    seeds: int
    steps: int


def run(
    *, hidden_layers: int = 3, units: int = 16, seeds: int = 10, steps: int = 300, seed: int = 0
) -> FourStarts:
    """Trains tanh networks from four starts: full-batch gradient descent, learning rate 0.1.

    Args:
        hidden_layers: hidden layers of every network.
        units: units in each hidden layer.
        seeds: networks per start.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], *[units] * hidden_layers, targets.shape[1]]

    def start(weights: Initializer, biases: Initializer) -> Start:
        network = Network.initialize(rng, sizes, weights=weights, biases=biases, ensemble=(seeds,))
        return Start(train(network, inputs, targets, steps=steps, learning_rate=0.1).losses)

    return FourStarts(
        random_weights=start(lecun_normal(), zeros()),
        both_random=start(lecun_normal(), normal(BIAS_STD)),
        random_biases=start(zeros(), normal(BIAS_STD)),
        both_zero=start(zeros(), zeros()),
        best_constant=best_constant_loss(targets),
        hidden_layers=hidden_layers,
        units=units,
        seeds=seeds,
        steps=steps,
    )
