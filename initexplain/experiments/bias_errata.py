"""What a small positive bias does to ReLU units: how often they fire, and how well they learn."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.nonzero_biases import PREACTIVATION, firing_shares
from initexplain.initializers import he_normal
from initexplain.network import Network, forward
from initexplain.training import train

LEARNING_RATE = 0.05
BIASES = {"zero": 0.0, "hundredth": 0.01, "tenth": 0.1, "negative": -0.1}
"""Of the hidden units of the networks that are trained."""


@dataclass(frozen=True)
class BiasErrata:
    """Small biases in ReLU networks, and the share of firing units against the bias.

    Attributes:
        hidden_units: of all networks of one bias.
        firing: share of positive preactivations in the first layer before training, by the
            bias's name in `BIASES`.
        silent: hidden units that fire on no example before training, by bias.
        ahead: seeds that end with a smaller loss than with bias 0 and the same weights, by bias.
        gain: median over seeds of the share by which the last loss is smaller, by bias.
        predicted: biases, and the share of firing units by the normal distribution function,
            `(2, biases)`.
        measured: a few biases, and the share counted on normal inputs and their mirror images,
            `(2, points)`.
    """

    hidden_units: int
    firing: dict[str, float]
    silent: dict[str, int]
    ahead: dict[str, int]
    gain: dict[str, float]
    predicted: Array
    measured: Array


def run(
    *, hidden_layers: int = 3, units: int = 16, seeds: int = 20, steps: int = 200, seed: int = 0
) -> BiasErrata:
    """Trains He-normal ReLU networks from four values of the hidden biases.

    The weights are the same for every bias. Full-batch gradient descent, learning rate 0.05.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], *[units] * hidden_layers, targets.shape[1]]
    drawn = Network.initialize(
        rng, sizes, weights=he_normal(), activation="relu", ensemble=(seeds,)
    )
    *hidden, last = drawn.biases
    start = Network.stack(
        [
            Network(drawn.weights, [*(b + value for b in hidden), last], "relu")
            for value in BIASES.values()
        ]
    )
    history = train(start, inputs, targets, steps=steps, learning_rate=LEARNING_RATE)
    # (hidden layers, biases, seeds, examples, units)
    fires = np.stack([z > 0 for z in forward(start, inputs).preactivations[:-1]])
    silent = (~fires.any(axis=-2)).sum(axis=(0, 2, 3))
    ends = dict(zip(BIASES, history.losses[-1], strict=True))
    biases, points = np.linspace(0.0, 5.0, 51), np.array([0.0, 0.01, 0.1, 1.0, 2.0, 3.0, 4.0])
    return BiasErrata(
        hidden_units=seeds * hidden_layers * units,
        firing=dict(zip(BIASES, fires[0].mean(axis=(1, 2, 3)).tolist(), strict=True)),
        silent=dict(zip(BIASES, silent.tolist(), strict=True)),
        ahead={name: int((end < ends["zero"]).sum()) for name, end in ends.items()},
        gain={name: float(np.median(1 - end / ends["zero"])) for name, end in ends.items()},
        predicted=np.array([biases, [PREACTIVATION.cdf(bias) for bias in biases]]),
        measured=np.stack([points, firing_shares(rng, points)]),
    )
