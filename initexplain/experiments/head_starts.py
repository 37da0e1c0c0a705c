"""Starts that get ahead: an output bias at the prior, and spread kinks; and how far they do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from initexplain.checks import Array
from initexplain.datasets import noisy_sine
from initexplain.experiments.curves import Curves
from initexplain.experiments.reach import Row, reach
from initexplain.experiments.verdicts import TRAININGS, Variations, with_mean
from initexplain.initializers import he_normal, lecun_normal, normal, uniform
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.training import train

EXAMPLES = 500
"""Of the classifier."""
SINE_UNITS = 16


def log_prior_odds(share: float) -> float:
    """The logit of a share of positives."""
    return math.log(share / (1 - share))


def prior_curves(
    rng: np.random.Generator,
    positives: int,
    log_odds: float,
    seeds: int,
    steps: int,
    *,
    output_std: float = 0.01,
    **training: Any,
) -> dict[str, Curves]:
    """Cross-entropy of ReLU networks that look for rare positives, from two output biases.

    Gradient descent, learning rate 0.3, if `training` does not say otherwise. Hidden weights are
    He-normal, output weights N(0, 0.01^2) as in RetinaNet's last layer, so that the first logits
    are close to the output bias.
    """
    units = 8
    labels = (np.arange(EXAMPLES) < positives).astype(float)[:, None]
    inputs = rng.standard_normal((EXAMPLES, 2)) + [3.0, 0.0] * labels
    drawn = he_normal()(rng, (seeds, units, 2)), normal(output_std)(rng, (seeds, 1, units))
    zero = Network([w.astype(np.float32) for w in drawn], None, "relu")
    hidden, output = zero.biases
    both = Network.stack([zero, zero.with_parameters(zero.weights, [hidden, output + log_odds])])
    options = {"learning_rate": 0.3, "rng": rng, **training}
    losses = train(both, inputs, labels, steps=steps, loss="logistic", **options).losses
    return {"zero": Curves(losses[:, 0]), "odds": Curves(losses[:, 1])}


def mean_curves(
    rng: np.random.Generator, seeds: int, mean: float, *, units: int = 16, steps: int = 100
) -> dict[str, dict[str, Curves]]:
    """Losses of regression on targets with a mean, from output biases at zero and at the mean.

    Tanh networks; losses are in units of the best constant output's, by optimizer and start.
    """
    inputs, targets = with_mean(rng, mean=mean)
    zero = Network.initialize(
        rng, [4, units, 2], weights=lecun_normal(), ensemble=(seeds,), dtype=np.float32
    )
    hidden, output = zero.biases
    at_mean = output + targets.mean(axis=0).astype(np.float32)
    both = Network.stack([zero, zero.with_parameters(zero.weights, [hidden, at_mean])])
    found = {}
    for optimizer, rate in (("sgd", 0.1), ("adam", 0.01)):
        history = train(both, inputs, targets, steps=steps, learning_rate=rate, optimizer=optimizer)
        losses = history.losses / best_constant_loss(targets)
        found[optimizer] = {"zero": Curves(losses[:, 0]), "mean": Curves(losses[:, 1])}
    return found


@dataclass(frozen=True, kw_only=True)
class Rare:
    """The classifier with rare positives, and what is varied of it."""

    share: float = 0.01
    output_std: float = 0.01
    training: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 120
    seeds: int = 5
    seed: int = 0


def odds_ahead(setting: Rare) -> Array:
    """Whether the log odds have the smaller loss after the last update, `(seeds,)`."""
    positives, odds = round(setting.share * EXAMPLES), log_prior_odds(setting.share)
    curves = prior_curves(
        np.random.default_rng(setting.seed),
        positives,
        odds,
        setting.seeds,
        setting.steps,
        output_std=setting.output_std,
        **setting.training,
    )
    return (curves["odds"].last < curves["zero"].last).astype(float)


def prior_reach() -> dict[str, Row]:
    """Asks whether the log odds are ahead, under other training and with other shares."""
    adam = {"training": TRAININGS["adam"][1]}
    variations: Variations = {
        "late": ("{steps:,} updates", {"steps": 1500}),
        "fast": ("learning rate 1", {"training": {"learning_rate": 1.0}}),
        "batches": ("batches of 32", {"training": {"batch_size": 32}}),
        "adam": ("Adam", adam),
        "late_adam": ("Adam, {steps} updates", {**adam, "steps": 500}),
        "output": ("LeCun-normal output weights", {"output_std": 8**-0.5}),
        "tenth": ("a tenth are positive", {"share": 0.1}),
        "half": ("half are positive", {"share": 0.5}),
        "data": ("a second data set", {"seed": 1}),
    }
    return reach(odds_ahead, Rare(), variations)


@dataclass(frozen=True, kw_only=True)
class Kinks:
    """Networks on a noisy sine, and what is varied of them; each seed is a data set."""

    units: int = SINE_UNITS
    training: Mapping[str, Any] = field(default_factory=dict)
    steps: int = 300
    networks: int = 10
    seeds: int = 3


def spread_ahead(setting: Kinks) -> Array:
    """Whether spread kinks have a median loss smaller by a tenth or more, `(seeds,)`."""
    rngs = [np.random.default_rng(seed) for seed in range(setting.seeds)]
    # the inputs are an even grid, the same for all
    inputs, targets = map(
        np.stack, zip(*(noisy_sine(rng, examples=32) for rng in rngs), strict=True)
    )
    starts = Network.stack(
        [sine_starts(rng, setting.networks, setting.units, np.float32) for rng in rngs]
    )
    each = np.broadcast_to(targets[:, None, None], (*starts.ensemble, *targets.shape[1:]))
    options = {"learning_rate": 0.05, "rng": rngs[0], **setting.training}
    losses = train(starts, inputs[0], each, steps=setting.steps, **options).losses
    zero, spread = np.median(losses[-1], axis=-1).T
    return np.asarray(spread < 0.9 * zero, dtype=float)


def sine_reach() -> dict[str, Row]:
    """Asks whether spread kinks are ahead, under other training and with other widths."""
    variations: Variations = {
        "short": ("{steps} updates", {"steps": 100}),
        "late": ("{steps:,} updates", {"steps": 1500}),
        "batches": ("batches of 8", {"training": {"batch_size": 8}}),
        "momentum": (
            "momentum, ten times the effective rate",
            {"training": {"optimizer": "momentum"}},
        ),
        "adam": ("Adam", {"training": TRAININGS["adam"][1]}),
        "wide": ("{units} units", {"units": 64}),
        "narrow": ("{units} units", {"units": 4}),
    }
    return reach(spread_ahead, Kinks(), variations)


def sine_starts(
    rng: np.random.Generator, seeds: int, units: int, dtype: DTypeLike = np.float64
) -> Network:
    """One-dimensional ReLU networks, He-normal, with biases of zero and spread as torch's.

    Both have the same weights: an ensemble `(2, seeds)`.
    """
    zero = Network.initialize(
        rng,
        [1, units, 1],
        weights=he_normal(),
        activation="relu",
        ensemble=(seeds,),
        dtype=dtype,
    )
    spread = [
        uniform(w.shape[-1] ** -0.5)(rng, b.shape).astype(zero.dtype)
        for w, b in zip(zero.weights, zero.biases, strict=True)
    ]
    return Network.stack([zero, zero.with_parameters(zero.weights, spread)])
