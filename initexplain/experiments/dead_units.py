"""What kills ReLU units, and what a few measures do about it.

The gradients are autograd's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.differentiated import Parameters
from initexplain.experiments.normalized import Normalized, activations, parameters_of, relative
from initexplain.initializers import he_normal

LARGE = 0.1
SMALL = 0.01
"""Learning rate of Adam, as `LARGE`."""
_HIDDEN = (16, 16, 16)
_MEASURES: Mapping[tuple[str, str], Mapping[str, tuple[float, float, float]]] = {
    ("none", "relu"): {
        "large": (LARGE, 0.0, 1.0),
        "small": (SMALL, 0.0, 1.0),
        "positive": (LARGE, 0.1, 1.0),
        "double": (LARGE, 0.0, 2.0),
        "half": (LARGE, 0.0, 0.5),
        "negative": (SMALL, -1.0, 1.0),
    },
    **{
        network: {name: (LARGE, 0.0, 1.0), f"negative_{name}": (SMALL, -1.0, 1.0)}
        for name, network in (
            ("leaky", ("none", "leaky_relu")),
            ("batch", ("batch", "relu")),
            ("layer", ("layer", "relu")),
        )
    },
}
"""By kind of normalization and activation: rate, hidden biases, factor of the hidden weights."""


@dataclass(frozen=True)
class DeadUnits:
    """Hidden units that are off on every example, in networks with three hidden layers.

    Attributes:
        before: their share at the start.
        after: their share after training.
        loss: after training, in units of the best constant's; median over seeds.
    """

    before: float
    after: float
    loss: float


def dead_units(*, seeds: int, steps: int, seed: int) -> dict[str, DeadUnits]:
    """Trains He-normal networks with Adam: ReLU networks, and others with one thing changed."""
    found: dict[str, DeadUnits] = {}
    for (kind, activation), measures in _MEASURES.items():
        setting = Normalized(
            kind=kind,
            weights=he_normal(),
            hidden=_HIDDEN,
            activation=activation,
            data=partial(teacher, examples=32),
            optimizer="adam",
            steps=steps,
            seeds=seeds,
            seed=seed,
        )
        found |= side_by_side(setting, measures)
    return found


def side_by_side(
    setting: Normalized, measures: Mapping[str, tuple[float, float, float]]
) -> dict[str, DeadUnits]:
    """Trains a setting under each measure: rate, hidden biases, factor of the hidden weights."""
    kind, activation = setting.kind, setting.activation
    rng, network, inputs, targets = setting.drawn()
    drawn = parameters_of(network, kind)
    rates, biases, factors = np.array(list(measures.values())).T
    hidden_weights, hidden_biases = (
        [f"{letter}{layer}" for layer in range(1, len(_HIDDEN) + 1)] for letter in "Wb"
    )
    start, rate = {}, {}
    for name, p in drawn.items():
        one_each = (-1, *[1] * p.ndim)
        start[name] = np.stack([p] * len(measures))
        if name in hidden_weights:
            start[name] = start[name] * factors.reshape(one_each)
        elif name in hidden_biases:
            start[name] = start[name] + biases.reshape(one_each)
        rate[name] = rates.reshape(one_each)
    moments = setting.descend(start, inputs, targets, rng, learning_rate=rate)
    losses = np.median(relative(moments, targets)[-1], axis=-1)
    before, after = (
        dead_fraction(moment.parameters, inputs, kind, activation)
        for moment in (moments[0], moments[-1])
    )
    return {
        name: DeadUnits(float(before[at]), float(after[at]), float(losses[at]))
        for at, name in enumerate(measures)
    }


def dead_fraction(parameters: Parameters, inputs: Array, kind: str, activation: str) -> Array:
    """Share of hidden units, in all layers and seeds, that are off on every example."""
    hidden = activations(parameters, inputs, kind, activation)[:-1]
    off: Array = np.mean(
        [(signal <= 0).all(axis=-1).mean(axis=(-2, -1)) for signal in hidden], axis=0
    )
    return off
