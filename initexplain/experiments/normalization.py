"""Batch and layer normalization: copies, scale, zeros and biases, in small networks.

The gradients are autograd's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.dead_units import DeadUnits, dead_units
from initexplain.experiments.differentiated import Moment, Parameters, differentiate
from initexplain.experiments.normalized import (
    EPSILON,
    EQUAL_WEIGHT,
    Normalized,
    copies_stay,
    more_than_one_unit,
    parameters_of,
    relative,
    with_copies,
)
from initexplain.experiments.normalized_branches import branch_losses
from initexplain.experiments.reach import Row, reach
from initexplain.experiments.verdicts import TRAININGS, Variations
from initexplain.initializers import he_normal, lecun_normal, normal

LEARNING_RATE = 0.1
EXAMPLES = 32
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
_task = partial(teacher, examples=EXAMPLES)


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
    """Trains every network by full-batch gradient descent, most with learning rate 0.1.

    Args:
        seeds: networks of each kind and start.
        steps: updates.
        seed: of the data and of the networks.
    """
    base = Normalized(
        kind="none",
        weights=lecun_normal(),
        hidden=(UNITS,),
        data=_task,
        learning_rate=LEARNING_RATE,
        steps=steps,
        seeds=seeds,
        seed=seed,
    )
    scale, same_rate, effective_rate = scaled_losses(base)
    noise, starts = one_layer_starts(base)
    gradients = {kind: bias_gradients(replace(base, kind=kind)) for kind in KINDS[1:]}
    branches = {"branches": BRANCHES, "steps": BRANCH_STEPS, "seeds": BRANCH_SEEDS}
    residual = branch_losses(**branches, learning_rate=BRANCH_RATE, seed=seed)
    return Normalization(
        scale=scale,
        same_rate=same_rate,
        effective_rate=effective_rate,
        starts=starts | other_starts(base),
        noise=noise,
        bias_gradient={kind: largest for kind, (largest, _) in gradients.items()},
        common_gradient={kind: common for kind, (_, common) in gradients.items()},
        residual=residual,
        diverged={
            name: int((~np.isfinite(curves.last)).sum()) for name, curves in residual.items()
        },
        dead=dead_units(seeds=DEAD_SEEDS, steps=DEAD_STEPS, seed=seed),
        copies={kind: copies_reach(replace(base, kind=kind)) for kind in KINDS[1:]},
        part=part_reach(replace(base, kind="layer")),
    )


def scaled_losses(base: Normalized) -> tuple[dict[str, Array], dict[str, Array], Array]:
    """Final losses at each scale, those of scale one at other rates, and the effective rates."""
    deep = replace(
        base,
        hidden=(WIDE,) * 3,
        activation="relu",
        weights=he_normal(),
        learning_rate=SCALED_RATE,
        seeds=SCALED_SEEDS,
    )
    scales, ones = np.array(SCALES), np.ones(len(SCALES))
    hidden = {f"{letter}{layer}" for letter in "Wb" for layer in (1, 2, 3)}
    final, same_rate = {}, {}
    for kind in KINDS:
        setting = replace(deep, kind=kind)
        rng, network, inputs, targets = setting.drawn()
        drawn = {
            name: np.stack([p] * len(scales)) for name, p in parameters_of(network, kind).items()
        }
        scaled = {
            name: p * by_member(scales if name in hidden else ones, p) for name, p in drawn.items()
        }
        if kind == "none":
            final[kind] = relative(setting.descend(scaled, inputs, targets, rng), targets)[-1]
            continue
        # side by side with these, weights of scale one at the rates that the scales come to
        start, rates = {}, {}
        for name, p in drawn.items():
            slower = scales**-2 if name in hidden else ones
            start[name] = np.concatenate([scaled[name], p])
            rates[name] = SCALED_RATE * by_member(np.concatenate([ones, slower]), start[name])
        moments = setting.descend(start, inputs, targets, rng, learning_rate=rates)
        final[kind], same_rate[kind] = np.split(relative(moments, targets)[-1], 2)
        if kind == "batch":
            norms = [(m.parameters["W2"] ** 2).sum(axis=(-2, -1)) for m in moments]
            effective = 1 / np.median(norms, axis=-1)[:, : len(scales)]
    return final, same_rate, effective / effective[0, SCALES.index(1.0)]


def by_member(factors: Array, parameter: Array) -> Array:
    """One factor for each member of the first axis, in a shape that fits the parameter."""
    return factors.reshape(-1, *[1] * (parameter.ndim - 1))


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


def one_layer_starts(base: Normalized) -> tuple[dict[str, Array], dict[str, dict[str, Ending]]]:
    """Tanh units in one hidden layer: equal up to noise, zero, zero below, random, gamma zero."""
    found: dict[str, dict[str, Ending]] = {}
    noise = {}
    for kind in KINDS:
        setting = replace(base, kind=kind)
        rng, network, *_ = setting.drawn()
        random = parameters_of(network, kind)
        drawn = {name: rng.standard_normal(p.shape) for name, p in random.items() if name[0] == "W"}
        starts = {
            str(std): random | {name: EQUAL_WEIGHT + std * draw for name, draw in drawn.items()}
            for std in NOISES
        }
        starts |= {
            "zero": random | {name: 0 * draw for name, draw in drawn.items()},
            "zero_below": random | {"W1": 0 * drawn["W1"]},
            "random": random,
        }
        if kind != "none":
            starts["gamma"] = random | {"gamma1": 0 * random["gamma1"]}
        ends = endings(setting, starts)
        equal, *noisy = [ends.pop(str(std)) for std in NOISES]
        noise[kind] = np.stack([end.losses for end in (equal, *noisy)])
        for name, end in {"equal": equal, **ends}.items():
            found.setdefault(name, {})[kind] = end
    return noise, found


def other_starts(base: Normalized) -> dict[str, dict[str, Ending]]:
    """All-zero logistic and ReLU units, gamma zero in two layers, and of ReLU units."""
    found: dict[str, dict[str, Ending]] = {}
    cases: tuple[tuple[dict[str, Any], dict[str, str]], ...] = (
        ({"activation": "logistic"}, {"W": "logistic"}),
        ({"activation": "relu"}, {"W": "relu", "gamma": "gamma_relu"}),
        ({"hidden": (UNITS,) * 2}, {"gamma": "gamma_in_two"}),
    )
    for changes, zeroed in cases:
        for kind in KINDS:
            setting = replace(base, kind=kind, **changes)
            parameters = parameters_of(setting.drawn()[1], kind)
            starts = {
                name: {key: 0 * p if key.startswith(prefix) else p for key, p in parameters.items()}
                for prefix, name in zeroed.items()
                if prefix == "W" or kind != "none"
            }
            for name, end in (endings(setting, starts) if starts else {}).items():
                found.setdefault(name, {})[kind] = end
    return found


def bias_gradients(base: Normalized) -> tuple[float, float]:
    """Largest gradient of a hidden bias, and of the mean over the units of a layer."""
    setting = replace(base, hidden=(UNITS,) * 2, biases=normal(0.5))
    rng, network, inputs, targets = setting.drawn()
    start = with_copies(rng, parameters_of(network, setting.kind))
    moment: Moment = differentiate(setting.squared_error(inputs, targets, rng), start)
    gradients = np.stack([moment.gradients[f"b{layer}"] for layer in (1, 2)])
    return float(np.abs(gradients).max()), float(np.abs(gradients.mean(axis=-2)).max())


ARCHITECTURES: Variations = {
    "relu": ("ReLU units", {"activation": "relu"}),
    "logistic": ("logistic units", {"activation": "logistic"}),
    "deep": ("three hidden layers", {"hidden": (UNITS,) * 3}),
    **{name: TRAININGS[name] for name in ("batches", "momentum", "adam", "decay")},
}
"""What is varied of both verdicts."""


def copies_reach(base: Normalized) -> dict[str, Row]:
    """Asks of planted copies whether they stay copies."""
    variations: Variations = {
        **ARCHITECTURES,
        "gamma": ("unequal scales", {"unequal": "gamma"}),
        "beta": ("unequal shifts", {"unequal": "beta"}),
    }
    two = replace(base, hidden=(UNITS,) * 2, steps=COPIES_STEPS)
    return reach(copies_stay, two, variations)


def part_reach(base: Normalized) -> dict[str, Row]:
    """Asks of nearly equal units behind a LayerNorm whether they learn more than one unit."""
    variations: Variations = {
        **ARCHITECTURES,
        "batch": ("BatchNorm instead", {"kind": "batch"}),
        "none": ("no normalization", {"kind": "none"}),
    }
    nearly = normal(NOISE, mean=EQUAL_WEIGHT)
    return reach(more_than_one_unit, replace(base, weights=nearly, steps=PART_STEPS), variations)
