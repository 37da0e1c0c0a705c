"""Starts that get ahead: an output bias at the prior, and spread kinks; and how far they do."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

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
    weights = [he_normal()(rng, (seeds, units, 2)), normal(output_std)(rng, (seeds, 1, units))]
    hidden = np.zeros((seeds, units))
    zero, odds = (
        Network(weights, [hidden, np.full((seeds, 1), bias)], "relu") for bias in (0.0, log_odds)
    )
    both = Network.stack([zero, odds])
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
    weights = [lecun_normal()(rng, (seeds, units, 4)), lecun_normal()(rng, (seeds, 2, units))]
    at_mean = np.broadcast_to(targets.mean(axis=0), (seeds, 2))
    biases = {"zero": np.zeros((seeds, 2)), "mean": at_mean}
    both = Network.stack(
        [Network(weights, [np.zeros((seeds, units)), bias], "tanh") for bias in biases.values()]
    )
    found = {}
    for optimizer, rate in (("sgd", 0.1), ("adam", 0.01)):
        history = train(both, inputs, targets, steps=steps, learning_rate=rate, optimizer=optimizer)
        losses = history.losses / best_constant_loss(targets)
        found[optimizer] = {start: Curves(losses[:, k]) for k, start in enumerate(biases)}
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

    def median_losses(seed: int) -> list[float]:
        rng = np.random.default_rng(seed)
        data = noisy_sine(rng, examples=32)
        options = {"learning_rate": 0.05, "rng": rng, **setting.training}
        starts = sine_starts(rng, setting.networks, setting.units)
        histories = [train(n, *data, steps=setting.steps, **options) for n in starts.values()]
        return [float(np.median(history.losses[-1])) for history in histories]

    zero, spread = np.array([median_losses(seed) for seed in range(setting.seeds)]).T
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


def sine_starts(rng: np.random.Generator, seeds: int, units: int) -> dict[str, Network]:
    """One-dimensional ReLU networks with the same He-normal weights, by the start of the biases."""
    weights = [he_normal()(rng, (seeds, *shape)) for shape in ((units, 1), (1, units))]
    zero = [np.zeros((seeds, units)), np.zeros((seeds, 1))]
    spread = [uniform(1.0)(rng, (seeds, units)), uniform(units**-0.5)(rng, (seeds, 1))]
    return {"zero": Network(weights, zero, "relu"), "spread": Network(weights, spread, "relu")}
