"""Batch and layer normalization: copies, scale, zeros and biases, in small networks.

The gradients are autograd's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.dead_units import DeadUnits, dead_units
from initexplain.experiments.differentiated import Parameters, differentiate
from initexplain.experiments.normalized import (
    EPSILON,
    EQUAL_WEIGHT,
    Normalized,
    branch_losses,
    copies_stay,
    more_than_one_unit,
    parameters_of,
    relative,
    with_copies,
)
from initexplain.experiments.reach import Row, Training, reach
from initexplain.experiments.verdicts import TRAININGS, Variations
from initexplain.initializers import he_normal, lecun_normal, normal

UNITS = 6
WIDE = 16
"""Units of the networks whose scale is varied, in each of three hidden layers."""
SCALED_SEEDS = 3
SCALED_RATE = 0.05
SCALES = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)
"""What the hidden weights are multiplied by."""
NOISES = (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-3, 0.1)
"""Standard deviations of what is added to equal weights."""
NOISE = 1e-6
"""The one whose reach is asked for."""
COPIES_STEPS = 40
PART_STEPS = 100
BRANCHES = 12
BRANCH_RATE = 0.03
BRANCH_STEPS = 40
BRANCH_SEEDS = 3
DEAD_STEPS = 150
DEAD_SEEDS = 5
AMPLIFICATION = EPSILON**-0.5
"""The largest factor by which a normalization multiplies a difference."""
KINDS = ("none", "batch", "layer")
VARIATIONS: Variations = {
    "relu": ("ReLU units", {"activation": "relu"}),
    "logistic": ("logistic units", {"activation": "logistic"}),
    "deep": ("three hidden layers", {"hidden": (UNITS,) * 3}),
    **{name: TRAININGS[name] for name in ("batches", "momentum", "adam", "decay")},
}
"""What is varied for several verdicts."""
COPIES: Variations = {
    **VARIATIONS,
    "gamma": ("unequal scales", {"unequal": "gamma"}),
    "beta": ("unequal shifts", {"unequal": "beta"}),
}
"""Whether planted copies stay copies."""
PARTED: Variations = {
    **VARIATIONS,
    "batch": ("BatchNorm instead", {"kind": "batch"}),
    "none": ("no normalization", {"kind": "none"}),
}
"""Whether nearly equal units behind a LayerNorm learn more than one unit."""
ZEROS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "zero": ({}, ("W1", "W2")),
    "zero_below": ({}, ("W1",)),
    "gamma": ({}, ("gamma1",)),
    "random": ({}, ()),
    "logistic": ({"activation": "logistic"}, ("W1", "W2")),
    "relu": ({"activation": "relu"}, ("W1", "W2")),
    "gamma_relu": ({"activation": "relu"}, ("gamma1",)),
    "gamma_in_two": ({"hidden": (UNITS,) * 2}, ("gamma1", "gamma2")),
}
"""By start, what differs from tanh units in one hidden layer, and what is zero."""


@dataclass(frozen=True, eq=False)
class Ending:
    """What training made of a start.

    Attributes:
        losses: after the last update, in units of the best constant's, `(seeds,)`.
        moved: largest change of a weight of the first layer.
        spread: largest difference between two rows of it.
        gradient: largest magnitude of its first gradient.
    """

    losses: Array
    moved: float
    spread: float
    gradient: float

    @property
    def loss(self) -> float:
        """Median over seeds."""
        return float(np.median(self.losses))


@dataclass(frozen=True)
class Normalization:
    """Networks without a normalization (`none`), with BatchNorm (`batch`) or LayerNorm (`layer`).

    Attributes:
        scale: losses after training, in units of the best constant's, by kind, `(scales, seeds)`.
            Not finite where training diverged.
        same_rate: of the two normalizations, the same from scale one, where the hidden weights and
            biases learn at the rate over the square of the scale.
        effective_rate: with BatchNorm, at each scale, `1 / |W|^2` of the second matrix before each
            update, in units of its value at scale one before the first, `(updates + 1, scales)`.
        starts: what training makes of a start, by start and kind; tanh units in one hidden layer
            where the name does not say otherwise.
        noise: losses of units that start equal up to some noise, by kind, `(noises, seeds)`.
        bias_gradient: by kind of normalization, largest magnitude of a hidden bias's gradient.
        common_gradient: of the mean of such a gradient over the units of the layer.
        residual: losses of residual networks with a BatchNorm at the end of every branch, in units
            of the best constant's, by the start of its scale `gamma`.
        diverged: of these, networks whose training left the finite numbers.
        dead: what a few measures do to dead ReLU units, by measure.
        copies: in how many networks copies stay copies, by kind of normalization.
        part: in how many networks units with a noise of a millionth behind a LayerNorm learn more
            than one unit.
    """

    scale: dict[str, Array]
    same_rate: dict[str, Array]
    effective_rate: Array
    starts: dict[str, dict[str, Ending]]
    noise: dict[str, Array]
    bias_gradient: dict[str, float]
    common_gradient: dict[str, float]
    residual: dict[str, Curves]
    diverged: dict[str, int]
    dead: dict[str, DeadUnits]
    copies: dict[str, dict[str, Row]]
    part: dict[str, Row]


def run(*, seeds: int = 5, steps: int = 150, seed: int = 0) -> Normalization:
    """Trains by full-batch gradient descent, most at the rate 0.1; only the reach varies that."""
    base = Normalized(
        kind="none",
        weights=lecun_normal(),
        hidden=(UNITS,),
        data=partial(teacher, examples=32),
        steps=steps,
        seeds=seeds,
        seed=seed,
    )
    scale, same_rate, effective_rate = scaled_losses(base)
    noisy = {kind: noisy_starts(replace(base, kind=kind)) for kind in KINDS}
    gradients = {kind: bias_gradients(replace(base, kind=kind)) for kind in KINDS[1:]}
    training = Training(
        learning_rate=BRANCH_RATE, steps=BRANCH_STEPS, seeds=BRANCH_SEEDS, seed=seed
    )
    residual = branch_losses(BRANCHES, training)
    two = replace(base, hidden=(UNITS,) * 2, steps=COPIES_STEPS)
    nearly = replace(base, weights=normal(NOISE, mean=EQUAL_WEIGHT), steps=PART_STEPS)
    return Normalization(
        scale=scale,
        same_rate=same_rate,
        effective_rate=effective_rate,
        starts=zero_starts(base) | {"equal": {kind: ends[0] for kind, ends in noisy.items()}},
        noise={kind: np.stack([end.losses for end in ends]) for kind, ends in noisy.items()},
        bias_gradient={kind: float(np.abs(g).max()) for kind, g in gradients.items()},
        common_gradient={
            kind: float(np.abs(g.mean(axis=-2)).max()) for kind, g in gradients.items()
        },
        residual=residual,
        diverged={
            name: int((~np.isfinite(curves.last)).sum()) for name, curves in residual.items()
        },
        dead=dead_units(seeds=DEAD_SEEDS, steps=DEAD_STEPS, seed=seed),
        copies={kind: reach(copies_stay, replace(two, kind=kind), COPIES) for kind in KINDS[1:]},
        part=reach(more_than_one_unit, replace(nearly, kind="layer"), PARTED),
    )


def scaled_losses(base: Normalized) -> tuple[dict[str, Array], dict[str, Array], Array]:
    """Final losses at each scale, those of scale one at other rates, and the effective rates."""
    deep = replace(
        base,
        hidden=(WIDE,) * 3,
        activation="relu",
        weights=he_normal(),
        seeds=SCALED_SEEDS,
    )
    scales, ones = np.array(SCALES), np.ones(len(SCALES))
    final, same_rate = {}, {}
    for kind in KINDS:
        setting = replace(deep, kind=kind)
        rng, network, inputs, targets = setting.drawn()
        start, rates = {}, {}
        for name, p in parameters_of(network, kind).items():
            hidden = name[0] in "Wb" and name[1:] in "123"
            factors, slower = (scales, scales**-2) if hidden else (ones, ones)
            # side by side, these scales, and scale one at the rates that they come to
            start[name] = np.multiply.outer(np.concatenate([factors, ones]), p)
            rates[name] = SCALED_RATE * np.concatenate([ones, slower])[:, None, None, None]
        moments = setting.descend(start, inputs, targets, rng, learning_rate=rates)
        final[kind], same_rate[kind] = np.split(relative(moments, targets)[-1], 2)
        if kind == "batch":
            norms = [(m.parameters["W2"] ** 2).sum(axis=(-2, -1)) for m in moments]
            effective = 1 / np.median(norms, axis=-1)[:, : len(scales)]
    del same_rate["none"]
    return final, same_rate, effective / effective[0, SCALES.index(1.0)]


def endings(setting: Normalized, starts: Mapping[str, Parameters]) -> dict[str, Ending]:
    """Trains starts of one shape side by side."""
    rng, _, inputs, targets = setting.drawn()
    names = next(iter(starts.values()))
    start = {name: np.stack([p[name] for p in starts.values()]) for name in names}
    moments = setting.descend(start, inputs, targets, rng)
    losses = relative(moments, targets)[-1]
    first, last = start["W1"], moments[-1].parameters["W1"]
    return {
        name: Ending(
            losses[at],
            moved=float(np.abs(last[at] - first[at]).max()),
            spread=float(np.ptp(last[at], axis=-2).max()),
            gradient=float(np.abs(moments[0].gradients["W1"][at]).max()),
        )
        for at, name in enumerate(starts)
    }


def noisy_starts(setting: Normalized) -> list[Ending]:
    """How trainings end that start from equal weights plus each of `NOISES`."""
    rng, network, *_ = setting.drawn()
    random = parameters_of(network, setting.kind)
    drawn = {name: rng.standard_normal(p.shape) for name, p in random.items() if name[0] == "W"}
    starts = {
        str(std): random | {name: EQUAL_WEIGHT + std * draw for name, draw in drawn.items()}
        for std in NOISES
    }
    return [*endings(setting, starts).values()]


def zero_starts(base: Normalized) -> dict[str, dict[str, Ending]]:
    """How trainings end that start with each of `ZEROS`, by kind of normalization that has it."""
    found: dict[str, dict[str, Ending]] = {name: {} for name in ZEROS}
    for kind in KINDS:
        for changes, names in groupby(ZEROS, lambda name: ZEROS[name][0]):
            setting = replace(base, kind=kind, **changes)
            random = parameters_of(setting.drawn()[1], kind)
            zeros = {name: ZEROS[name][1] for name in names}
            starts = {
                name: random | {key: 0 * random[key] for key in keys}
                for name, keys in zeros.items()
                if random.keys() >= set(keys)
            }
            for name, end in (endings(setting, starts) if starts else {}).items():
                found[name][kind] = end
    return found


def bias_gradients(base: Normalized) -> Array:
    """Gradients of hidden biases, `(layers, seeds, units, 1)`."""
    setting = replace(base, hidden=(UNITS,) * 2, biases=normal(0.5))
    rng, network, inputs, targets = setting.drawn()
    start = with_copies(rng, parameters_of(network, setting.kind))
    moment = differentiate(setting.squared_error(inputs, targets, rng), start)
    return np.stack([moment.gradients[f"b{layer}"] for layer in (1, 2)])
