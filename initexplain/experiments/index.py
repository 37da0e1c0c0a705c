"""The thread's question in one experiment: zero or random weights, zero or random biases."""

from dataclasses import dataclass

import numpy as np

from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.initializers import Initializer, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.training import train

BIAS_STD = 0.5


@dataclass(frozen=True)
class FourStarts:
    """Random or zero weights with random or zero biases, on the same task.

    The starts: `random_weights` have zero biases, as usual; `random_biases` have zero weights, the
    swap that the thread asks about; `both_random` and `both_zero`.

    Attributes:
        losses: of each start, `(steps + 1, seeds)`.
        removed: share of the first loss that training removed, of each start; median over seeds.
        best_constant: the loss of a network whose output ignores its input, at best.
    """

    losses: dict[str, Curves]
    removed: dict[str, float]
    best_constant: float


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

    def trained(weights: Initializer, biases: Initializer) -> Curves:
        network = Network.initialize(rng, sizes, weights=weights, biases=biases, ensemble=(seeds,))
        return Curves(train(network, inputs, targets, steps=steps, learning_rate=0.1).losses)

    losses = {
        "random_weights": trained(lecun_normal(), zeros()),
        "both_random": trained(lecun_normal(), normal(BIAS_STD)),
        "random_biases": trained(zeros(), normal(BIAS_STD)),
        "both_zero": trained(zeros(), zeros()),
    }
    return FourStarts(
        losses=losses,
        removed={
            start: float(np.median(1 - curves.last / curves.values[0]))
            for start, curves in losses.items()
        },
        best_constant=best_constant_loss(targets),
    )
