"""The gradient relative to the weights: across scales, through training, and the learning rate."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import relative_losses
from initexplain.initializers import lecun_normal
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network, gradients
from initexplain.signal import at_scales, gradient_to_weight
from initexplain.training import train

FEATURES, EXAMPLES = 8, 32
SCALES = np.logspace(-1.5, 1.5, 13)
# where 0.1, 1 and 10 stand among them
PLACES = {"tenth": 2, "lecun": 6, "tenfold": 10}
# 0.2 is small enough to wait visibly, and large enough to leave the plateau
PATHS = {"waiting": 0.2, "lecun": 1.0}
STARTS = {"starved": 0.03, "right": 1.0, "saturated": 10.0}
RATES = {"sgd": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "adam": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)}
RECORDS = 30


@dataclass(frozen=True)
class GradientRatio:
    """What the page shows; losses are in units of the best constant output's.

    Attributes:
        ratios: gradient over weights before training at each of `SCALES`,
            `(layers, scales, seeds)`, the first layer first.
        first_layer: median ratio of the first layer at the scales named in `PLACES`.
        own_size: updates of the first one's size that add up to the first layer's weights, at
            these scales.
        slope: power of the scale with which the first layer's ratio grows below LeCun's scale.
        recorded: updates at which the two runs of `PATHS` were recorded, `(records,)`.
        paths: of each of the two, medians over seeds, `(records,)`: `loss`, and the ratios of the
            `first_layer` and of the `last_hidden`.
        fall: share of the first layer's first ratio that is gone at the end, from LeCun's scale.
        peak: largest recorded ratio of the first layer, from the small scale.
        losses: after training, for each optimizer of `RATES` and each of `STARTS`,
            `(rates, seeds)`; infinite where training left the finite numbers.
        starved_learned: for each optimizer, seeds in which some rate brings the starved start
            below half the constant's loss.
    """

    ratios: Array
    first_layer: dict[str, float]
    own_size: dict[str, float]
    slope: float
    recorded: Array
    paths: dict[str, dict[str, Array]]
    fall: float
    peak: float
    losses: dict[str, dict[str, Array]]
    starved_learned: dict[str, int]


def run(
    *,
    hidden_layers: int = 4,
    units: int = 16,
    seeds: int = 5,
    steps: int = 100,
    path_steps: int = 200,
    learning_rate: float = 0.3,
    seed: int = 0,
) -> GradientRatio:
    """Measures the ratio in tanh networks whose hidden weights differ in scale.

    The output weights are LeCun-normal at every scale. Updates use all examples.

    Args:
        hidden_layers: hidden layers of every network.
        units: units in each of them.
        seeds: networks per setting.
        steps: updates of the runs across learning rates.
        path_steps: updates of the two recorded runs.
        learning_rate: of the two recorded runs, plain gradient descent.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES, features=FEATURES)
    sizes = [FEATURES, *[units] * hidden_layers, targets.shape[1]]

    def scaled(scales: Iterable[float]) -> Network:
        """An ensemble `(scales, seeds)`: the same tanh networks at each scale."""
        drawn = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
        return at_scales(drawn, list(scales))

    start = scaled(SCALES)
    ratios = gradient_to_weight(start, gradients(start, inputs, targets)[1])
    medians = np.median(ratios[0], axis=-1)
    first_layer = {name: float(medians[place]) for name, place in PLACES.items()}
    low = SCALES < 1 / 3
    recorded = np.unique(np.geomspace(1, path_steps + 1, RECORDS).astype(int)) - 1
    paths = _paths(scaled(PATHS.values()), inputs, targets, recorded, learning_rate)
    lecun, waiting = paths["lecun"]["first_layer"], paths["waiting"]["first_layer"]
    compared = scaled(STARTS.values())
    losses = {
        optimizer: _losses(compared, inputs, targets, optimizer=optimizer, steps=steps)
        for optimizer in RATES
    }
    return GradientRatio(
        ratios=ratios,
        first_layer=first_layer,
        own_size={name: 1 / (learning_rate * ratio) for name, ratio in first_layer.items()},
        slope=float(np.polyfit(np.log(SCALES[low]), np.log(medians[low]), 1)[0]),
        recorded=recorded,
        paths=paths,
        fall=float(1 - lecun[-1] / lecun[0]),
        peak=float(waiting.max()),
        losses=losses,
        starved_learned={
            optimizer: int(np.sum(starts["starved"].min(axis=0) < 0.5))
            for optimizer, starts in losses.items()
        },
    )


def _paths(
    network: Network, inputs: Array, targets: Array, recorded: Array, learning_rate: float
) -> dict[str, dict[str, Array]]:
    """Ratios and losses at the recorded updates, for each scale of the ensemble."""

    def ratios(step: int, network: Network, found: Gradients) -> Array | None:
        return gradient_to_weight(network, found) if step in recorded else None

    history = train(
        network,
        inputs,
        targets,
        steps=int(recorded[-1]),
        learning_rate=learning_rate,
        observe=ratios,
    )
    # axes: record, layer, scale; losses without the layer
    found = np.median([seen for seen in history.observed if seen is not None], axis=-1)
    losses = np.median(history.losses[recorded] / best_constant_loss(targets), axis=-1)
    return {
        name: {
            "loss": losses[:, i],
            "first_layer": found[:, 0, i],
            "last_hidden": found[:, -2, i],
        }
        for i, name in enumerate(PATHS)
    }


def _losses(
    network: Network, inputs: Array, targets: Array, *, optimizer: str, steps: int
) -> dict[str, Array]:
    """Trains the ensemble `(starts, seeds)` once for every learning rate."""
    rates = RATES[optimizer]
    losses = relative_losses(
        [network] * len(rates),
        inputs,
        targets,
        steps=steps,
        learning_rate=rates,
        optimizer=optimizer,
    )
    return {name: losses[:, i] for i, name in enumerate(STARTS)}
