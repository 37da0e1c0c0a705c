"""What the lab opens with, computed here: one network from four starts."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from initexplain.datasets import two_moons
from initexplain.experiments.curves import Curves
from initexplain.initializers import Initializer, constant, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.symmetry import SignedClasses, signed_redundancy_classes
from initexplain.training import train

LEARNING_RATE = 0.5
HIDDEN = (6, 6)
EXAMPLES = 75
STARTS: dict[str, tuple[Initializer, Initializer]] = {
    "zero": (zeros(), zeros()),
    "equal": (constant(0.5), zeros()),
    "swap": (zeros(), normal(0.5)),
    "random": (lecun_normal(), zeros()),
}
"""Weights and biases."""


@dataclass(frozen=True)
class Lab:
    """Two moons, two hidden tanh layers, gradient descent on all the examples.

    Attributes:
        losses: by start, `(steps + 1, 1)`.
        classes: by start, labels and signs of every hidden layer, predicted from the parameters.
        best_constant: the loss of the best output that ignores its input.
    """

    losses: dict[str, Curves]
    classes: dict[str, list[SignedClasses]]
    best_constant: float


def run(*, steps: int = 300, seed: int = 0) -> Lab:
    """Trains a network from each start."""
    rng = np.random.default_rng(seed)
    inputs, targets = two_moons(rng, examples=EXAMPLES)
    networks = {
        name: Network.initialize(rng, [2, *HIDDEN, 1], weights=weights, biases=biases)
        for name, (weights, biases) in STARTS.items()
    }
    settings: dict[str, Any] = {"steps": steps, "learning_rate": LEARNING_RATE, "loss": "logistic"}
    return Lab(
        losses={
            name: Curves(train(network, inputs, targets, **settings).losses[:, None])
            for name, network in networks.items()
        },
        classes={name: signed_redundancy_classes(network) for name, network in networks.items()},
        best_constant=best_constant_loss(targets, loss="logistic"),
    )
