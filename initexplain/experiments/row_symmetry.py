"""The rows of a weight matrix through training, for zero, constant and random weights."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, constant, lecun_normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.training import train

LEARNING_RATE = 0.1


@dataclass(frozen=True)
class RowsThroughTraining:
    """The first weight matrix of one network at a few steps, and its loss at every step.

    Attributes:
        matrices: `W` of the first layer at each recorded step, `(records, units, features)`.
        losses: `(steps + 1,)`.
    """

    matrices: Array
    losses: Array

    @property
    def row_spread(self) -> float:
        """Largest difference, at the last step, between a row and the first row."""
        last = self.matrices[-1]
        return float(np.abs(last - last[0]).max())

    @property
    def column_spread(self) -> float:
        """Largest difference, at the last step, between a column and the first column."""
        last = self.matrices[-1]
        return float(np.abs(last - last[:, :1]).max())

    @property
    def largest_weight(self) -> float:
        """Largest magnitude of a weight at the last step."""
        return float(np.abs(self.matrices[-1]).max())

    @property
    def final_loss(self) -> float:
        """The loss after the last step."""
        return float(self.losses[-1])


@dataclass(frozen=True)
class RowSymmetry:
    """Three starts of the same network on the same task.

    Attributes:
        zero: every weight starts at 0.
        constant: every weight starts at `constant_value`.
        random: weights start as LeCun-normal draws.
        constant_value: the common value of the constant start.
        recorded_steps: the steps at which matrices were recorded.
        units: hidden units.
        features: inputs.
        steps: updates.
        best_constant: the loss of an output that ignores its input, at best.
    """

    zero: RowsThroughTraining
    constant: RowsThroughTraining
    random: RowsThroughTraining
    constant_value: float
    recorded_steps: tuple[int, ...]
    units: int
    features: int
    steps: int
    best_constant: float


def run(
    *, units: int = 6, steps: int = 300, constant_value: float = 0.4, seed: int = 0
) -> RowSymmetry:
    """Trains a tanh network with one hidden layer from each start, all biases zero.

    Args:
        units: hidden units.
        steps: full-batch updates with learning rate 0.1; a multiple of 10.
        constant_value: the common value of the constant start.
        seed: of the data and of the random start.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], units, targets.shape[1]]
    every = steps // 10

    def rows(weights: Initializer) -> RowsThroughTraining:
        history = train(
            Network.initialize(rng, sizes, weights=weights),
            inputs,
            targets,
            steps=steps,
            learning_rate=LEARNING_RATE,
            observe=lambda _step, network, _gradients: network.weights[0],
            observe_every=every,
        )
        return RowsThroughTraining(
            np.stack([history.observed[i] for i in (0, 1, -1)]), history.losses
        )

    return RowSymmetry(
        zero=rows(zeros()),
        constant=rows(constant(constant_value)),
        random=rows(lecun_normal()),
        constant_value=constant_value,
        recorded_steps=(0, every, steps),
        units=units,
        features=inputs.shape[1],
        steps=steps,
        best_constant=best_constant_loss(targets),
    )
