"""Starts that get ahead: an output bias at the prior, and spread kinks; and how far they do."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import noisy_sine
from initexplain.experiments.curves import Curves, by_name
from initexplain.experiments.reach import Row, Task, TwoStarts, reach
from initexplain.experiments.verdicts import TRAININGS, Variations, outgoing, with_mean
from initexplain.initializers import he_normal, lecun_normal, normal, uniform
from initexplain.network import Network

EXAMPLES = 500
"""Of the classifier."""
CLASSIFIER_UNITS = 8
SINE_UNITS = 16
DATA_SETS = 3
"""Samples of the sine, on each of which it is asked whether spread kinks get ahead."""


def log_prior_odds(share: float) -> float:
    """The logit of a share of positives."""
    return math.log(share / (1 - share))


def rare_positives(rng: np.random.Generator, *, share: float) -> Task:
    """Two normal features, the first of them 3 larger where the label is 1."""
    labels = (np.arange(EXAMPLES) < round(share * EXAMPLES)).astype(float)[:, None]
    return rng.standard_normal((EXAMPLES, 2)) + np.array([3.0, 0.0]) * labels, labels


def output_at(bias: float | Array) -> Callable[[np.random.Generator, Network], Sequence[Array]]:
    """The other biases of `TwoStarts`: the output's at this value, hidden ones at zero."""

    def others(_rng: np.random.Generator, zero: Network) -> list[Array]:
        *hidden, output = zero.biases
        return [*hidden, (output + bias).astype(zero.dtype)]

    return others


def of_share(share: float) -> dict[str, Any]:
    """The fields of `TwoStarts` that a share of positives decides."""
    others = output_at(log_prior_odds(share))
    return {"data": partial(rare_positives, share=share), "others": others}


def prior_starts(share: float, **training: Any) -> TwoStarts:
    """ReLU networks that look for rare positives, with output biases at zero and at the log odds.

    Hidden weights are He-normal, output weights N(0, 0.01^2) as in RetinaNet's last layer, so that
    the first logits are close to the output bias.
    """
    return TwoStarts(
        weights=outgoing(CLASSIFIER_UNITS, normal(0.01), he_normal()),
        hidden=(CLASSIFIER_UNITS,),
        activation="relu",
        **of_share(share),
        loss="logistic",
        learning_rate=0.3,
        dtype=np.float32,
        **training,
    )


def odds_ahead(setting: TwoStarts) -> Array:
    """Whether the log odds have the smaller loss after the last update, `(seeds,)`."""
    trial = setting.trained(losses_every=setting.steps)
    zero, odds = trial.history.losses[-1]
    return trial.judged(odds < zero)


def prior_reach() -> dict[str, Row]:
    """Asks whether the log odds are ahead, under other training and with other shares."""
    adam = TRAININGS["adam"][1]
    lecun_output = outgoing(CLASSIFIER_UNITS, lecun_normal(), he_normal())
    variations: Variations = {
        "late": ("{steps:,} updates", {"steps": 1500}),
        "fast": ("learning rate {learning_rate:.0f}", {"learning_rate": 1.0}),
        "faster": ("learning rate {learning_rate:.0f}", {"learning_rate": 3.0}),
        "batches": ("batches of {batch_size}", {"batch_size": 32}),
        "adam": ("Adam", adam),
        "late_adam": ("Adam, {steps} updates", {**adam, "steps": 500}),
        "output": ("LeCun-normal output weights", {"weights": lecun_output}),
        "tenth": ("a tenth are positive", of_share(0.1)),
        "half": ("half are positive", of_share(0.5)),
        "data": ("a second data set", {"seed": 1}),
    }
    return reach(odds_ahead, prior_starts(0.01, steps=120, seeds=5), variations)


def mean_curves(*, mean: float, seeds: int, seed: int) -> dict[str, dict[str, Curves]]:
    """Losses of regression on targets with a mean, from output biases at `zero` and at the `mean`.

    Tanh networks; losses are in units of the best constant output's, by optimizer and start.
    """
    data = partial(with_mean, mean=mean)
    _, targets = data(np.random.default_rng(seed))
    base = TwoStarts(
        weights=lecun_normal(),
        data=data,
        others=output_at(targets.mean(axis=0)),
        steps=100,
        seeds=seeds,
        seed=seed,
        dtype=np.float32,
    )
    settings = {"sgd": base, "adam": replace(base, **TRAININGS["adam"][1])}
    return {name: by_name(of.trained().losses, ("zero", "mean")) for name, of in settings.items()}


def sine_starts(**training: Any) -> TwoStarts:
    """One-dimensional ReLU networks, He-normal, with biases of zero and spread as torch's."""

    def spread(rng: np.random.Generator, zero: Network) -> list[Array]:
        pairs = zip(zero.weights, zero.biases, strict=True)
        drawn = [uniform(w.shape[-1] ** -0.5)(rng, b.shape) for w, b in pairs]
        return [b.astype(zero.dtype) for b in drawn]

    return TwoStarts(
        weights=he_normal(),
        hidden=(SINE_UNITS,),
        activation="relu",
        data=partial(noisy_sine, examples=32),
        others=spread,
        learning_rate=0.05,
        **training,
    )


def spread_ahead(setting: TwoStarts) -> Array:
    """Whether spread kinks have a median loss smaller by a tenth or more, `(data sets,)`."""
    each = [replace(setting, seed=seed).drawn() for seed in range(DATA_SETS)]
    rngs, starts, inputs, targets = zip(*each, strict=True)
    start = Network.stack(starts)
    # the inputs are an even grid, the same for all
    aims = np.broadcast_to(np.stack(targets)[:, None, None], (*start.ensemble, *targets[0].shape))
    losses = setting.train(start, inputs[0], aims, rngs[0], losses_every=setting.steps).losses
    zero, spread = np.median(losses[-1], axis=-1).T
    return np.asarray(spread < 0.9 * zero, dtype=float)


def sine_reach() -> dict[str, Row]:
    """Asks whether spread kinks are ahead, under other training and with other widths."""
    variations: Variations = {
        "short": ("{steps} updates", {"steps": 100}),
        "late": ("{steps:,} updates", {"steps": 1500}),
        "batches": ("batches of {batch_size}", {"batch_size": 8}),
        "momentum": ("momentum, ten times the effective rate", {"optimizer": "momentum"}),
        "adam": TRAININGS["adam"],
        "wide": ("{hidden[0]} units", {"hidden": (64,)}),
        "narrow": ("{hidden[0]} units", {"hidden": (4,)}),
    }
    return reach(spread_ahead, sine_starts(dtype=np.float32), variations)
