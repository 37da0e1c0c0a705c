"""Verdicts that several pages ask, and data and weights to ask them of.

A verdict is a function of a [`Setting`][initexplain.experiments.reach.Setting].
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.reach import Setting, Task, Trial
from initexplain.initializers import Initializer
from initexplain.network import Network
from initexplain.optimizers import sgd

STILL = 0.01
"""A network stands still while less than this share of the best constant's loss is gone."""
EQUAL = 1e-6
"""Rows are equal if they differ by less than this part of the largest weight."""

Verdict = Callable[[Setting], Array]
Variations = Mapping[str, tuple[str, Mapping[str, Any]]]
"""By name a label and the fields that change, for `reach`."""


def stands_still(setting: Setting) -> Array:
    """Whether training has removed next to nothing of the best constant's loss, `(seeds,)`.

    Examples:
        >>> from initexplain.initializers import zeros
        >>> stands_still(Setting(weights=zeros(), steps=100, seeds=2)).tolist()
        [1.0, 1.0]
    """
    return still(setting.trained(losses_every=setting.steps))


def still(trial: Trial) -> Array:
    """Whether next to nothing of the best constant's loss is gone after a training, `(seeds,)`."""
    return trial.judged(trial.losses[-1] > 1 - STILL)


def frozen(setting: Setting) -> Array:
    """Whether no weight and no hidden bias has moved, not even in the last digit, `(seeds,)`."""
    trial = setting.trained(losses_every=setting.steps)
    return trial.judged(unmoved(trial.start, trial.history.network))


def unmoved(before: Network, after: Network) -> NDArray[np.bool_]:
    """Which members of an ensemble have the same weights and hidden biases, bit by bit, `(seeds,)`.

    Examples:
        >>> pair = Network([np.ones((2, 1, 1)), np.ones((2, 1, 1))], [np.zeros((2, 1))] * 2)
        >>> first, second = pair.weights
        >>> unmoved(pair, Network([first + [[[0]], [[1]]], second], pair.biases)).tolist()
        [True, False]
    """
    pairs = [*zip(before.weights, after.weights, strict=True)]
    pairs += zip(before.biases[:-1], after.biases[:-1], strict=True)
    same: NDArray[np.bool_] = np.all(
        [(a == b).all(axis=tuple(range(1, a.ndim))) for a, b in pairs], axis=0
    )
    return same


def cloned(setting: Setting) -> Array:
    """Whether the weights have moved and the rows of every hidden matrix are equal, `(seeds,)`."""
    trial = setting.trained(losses_every=setting.steps)
    before, after = trial.start.weights[:-1], trial.history.network.weights[:-1]
    largest = [np.abs(w).max(axis=(-2, -1)) for w in after]
    spread = [np.ptp(w, axis=-2).max(axis=-1) for w in after]
    moved = [np.abs(w - v).max(axis=(-2, -1)) for w, v in zip(after, before, strict=True)]
    equal = np.all([s < EQUAL * size for s, size in zip(spread, largest, strict=True)], axis=0)
    return trial.judged(equal & np.all([m > STILL for m in moved], axis=0))


class _OnDataSets(Setting):
    """Every seed is one network on a data set of its own; all see batches of the same places."""

    def drawn(self) -> tuple[np.random.Generator, Network, Array, Array]:
        one = vars(self) | {"seeds": 1}
        each = [Setting(**one | {"seed": self.seed + i}).drawn() for i in range(self.seeds)]
        rngs, starts, inputs, targets = zip(*each, strict=True)
        start = Network.stack([start.member(0) for start in starts])
        return rngs[0], start, np.stack(inputs), np.stack(targets)


def on_data_sets(verdict: Verdict) -> Verdict:
    """Asks a verdict of as many data sets as there are seeds, with one network for each.

    For starts in which nothing is random: their networks differ by the data alone. The verdict
    looks at parameters; losses are not in units of the best constant output's here.
    """

    def asked(setting: Setting) -> Array:
        return verdict(_OnDataSets(**vars(setting)))

    asked.__name__ = verdict.__name__
    return asked


def with_mean(rng: np.random.Generator, *, mean: float = 5.0, **task: int) -> Task:
    """The teacher's task with a mean added to the targets, whose variance is around 1."""
    inputs, targets = teacher(rng, **task)
    return inputs, targets + mean


def centred(rng: np.random.Generator) -> Task:
    """The teacher's task with the mean of the targets taken away."""
    inputs, targets = teacher(rng)
    return inputs, targets - targets.mean(axis=0)


def labels(rng: np.random.Generator) -> Task:
    """The teacher's task with the signs of the targets as classes, 0 and 1."""
    inputs, targets = teacher(rng)
    return inputs, (targets > 0).astype(float)


def outgoing(units: int, last: Initializer, others: Initializer) -> Initializer:
    """Of networks with one hidden layer of so many units: `last` for their outgoing weights.

    Examples:
        >>> from initexplain.initializers import constant
        >>> weights = outgoing(3, constant(2.0), constant(1.0))
        >>> net = Network.initialize(np.random.default_rng(0), [1, 3, 1], weights=weights)
        >>> [w.tolist() for w in net.weights]
        [[[1.0], [1.0], [1.0]], [[2.0, 2.0, 2.0]]]
    """

    def init(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return (last if shape[-1] == units else others)(rng, shape)

    return init


TRAININGS: Variations = {
    "batches": ("batches of {batch_size}", {"batch_size": 8}),
    "momentum": (
        "momentum, the same effective rate",
        {"optimizer": "momentum", "learning_rate": 0.01},
    ),
    "adam": ("Adam", {"optimizer": "adam", "learning_rate": 0.01}),
    "decay": ("weight decay", {"optimizer": sgd(weight_decay=0.1)}),
    "mean": ("targets plus 5", {"data": with_mean}),
    "labels": ("classes, logistic loss", {"data": labels, "loss": "logistic"}),
    "few": ("four examples", {"data": partial(teacher, examples=4)}),
}
"""Variations of any start: other training, other data."""
