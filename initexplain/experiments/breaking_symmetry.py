"""What ends redundancy: noise and its growth, optimizers, dropout, rounding."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import noisy_sine, teacher
from initexplain.experiments.planted import (
    Layout,
    layout_of,
    observed_classes,
    planted_network,
    same_classes,
)
from initexplain.experiments.reach import Row, Task
from initexplain.experiments.separation import (
    EVERY,
    apart_reach,
    fading_reach,
    row_spread,
    separation_hessian,
    separation_updates,
)
from initexplain.initializers import lecun_normal, normal
from initexplain.network import Network
from initexplain.optimizers import adam, momentum, sgd
from initexplain.symmetry import SignedClasses
from initexplain.training import History, Observer, train

LEARNING_RATE = 0.1
UNITS = 6
CONSTANT_VALUE = 0.4

SCALES: Mapping[str, Array] = {
    "teacher": 10.0 ** -np.arange(2, 11, 2),
    "sine": 10.0 ** np.array([-3, -2, -1, -0.5]),
}
"""Standard deviations of the noise, by task."""

SEEDS = {"teacher": 5, "sine": 10}
"""Networks for each scale of the noise, by task."""

RULES: Mapping[str, Mapping[str, Any]] = {
    "sgd": {},
    "batches": {"batch_size": 16},
    "momentum": {"optimizer": momentum(), "learning_rate": 0.01},
    "decay": {"optimizer": sgd(weight_decay=0.1)},
    "adam": {"optimizer": adam(), "learning_rate": 0.01},
    "adamw": {"optimizer": adam(weight_decay=0.1), "learning_rate": 0.01},
    "adam_l2": {"optimizer": adam(l2=0.1), "learning_rate": 0.01},
    "dropout": {"dropout": 0.2},
}
"""Ways to train planted networks: what differs from full batches with learning rate 0.05."""

WIDTHS = tuple(range(2, 18))
TRAINED_WIDTHS = 6
EINSUM_STEPS = 100
ERRORS = 10


@dataclass(frozen=True)
class BreakingSymmetry:
    """What noise, optimizers, dropout and rounding do to redundant units.

    The noisy clones learn one of two tasks: `teacher`, where differences grow, or `sine`, where
    small differences do not.

    Attributes:
        spreads: by task, largest difference between the rows of two units at every tenth update,
            `(records, scales, seeds)`.
        losses: by task, after the last update, median over the seeds, `(scales,)`.
        random_loss: by task, the same of LeCun-normal weights, one number.
        separation: updates until the rows differ by 0.5 on the teacher's task, median over the
            seeds, `(scales,)`.
        growth: by task, of a small difference along the path of the clones, predicted from second
            derivatives: powers of ten since the start, at every tenth update, `(records,)`.
        updates_per_decade: further updates until separation on the teacher's task for ten times
            less noise, measured from 1e-4 to 1e-10.
        predicted_share: the same predicted from the growth, over the measured.
        closer_with_least: seeds of the sine in which rows end closer together than they began,
            with the smallest noise.
        apart_with_most: seeds of the sine in which they end farther apart, with the largest noise.
        kept: by rule and kind of class, in how many planted networks the classes are still there
            after training.
        product_spread: of `blas` and `einsum`, largest difference between equal rows after one
            product, for ten random errors, in last places of the largest entry, `(widths,)`.
        trained_spreads: largest difference between bit-equal rows at every tenth update of
            training by BLAS, `(records, trained widths)`.
        einsum_equal: widths whose rows stay equal bit for bit, in the product and in training,
            when `numpy.einsum` does the products.
        apart: in how many networks clones with a little noise come apart on the teacher's task.
        fading: in how many networks they end closer together than they began, on the sine.
    """

    spreads: dict[str, Array]
    losses: dict[str, Array]
    random_loss: dict[str, float]
    separation: Array
    growth: dict[str, Array]
    updates_per_decade: float
    predicted_share: float
    closer_with_least: int
    apart_with_most: int
    kept: dict[str, dict[str, int]]
    product_spread: dict[str, Array]
    trained_spreads: Array
    einsum_equal: int
    apart: dict[str, Row]
    fading: dict[str, Row]


def run(
    *, steps: int = 800, planted: int = 10, planted_steps: int = 50, seed: int = 0
) -> BreakingSymmetry:
    """Trains noisy clones, planted networks under every rule, and rows that are bit-equal.

    Args:
        steps: updates of the noisy clones, full batch, learning rate 0.1.
        planted: networks for each rule and kind of class.
        planted_steps: their updates.
        seed: of data, noise and planted networks.
    """
    rng = np.random.default_rng(seed)
    tasks = {"teacher": teacher(rng), "sine": noisy_sine(rng)}
    clones = {
        name: _noisy_clones(rng, task, SCALES[name], SEEDS[name], steps)
        for name, task in tasks.items()
    }
    spreads = {name: np.stack(noisy.observed) for name, (noisy, _) in clones.items()}
    separation = np.median(separation_updates(spreads["teacher"]), axis=1)
    growth = {name: _growth(task, steps) for name, task in tasks.items()}
    measured, predicted = _updates_per_decade(separation, growth["teacher"])
    least, most = spreads["sine"][:, 0], spreads["sine"][:, -1]
    kept = _kept(rng, planted, planted_steps)
    task = inputs, _ = tasks["teacher"]
    errors = rng.standard_normal((ERRORS, len(inputs), 1))
    product_spread = {
        "blas": _product_spread(errors, lambda error: error.T @ inputs),
        "einsum": _product_spread(errors, lambda error: np.einsum("eu,ef->uf", error, inputs)),
    }
    trained = [
        _observed(_clones(task, units, 2.4 / units), task, steps, row_spread).observed
        for units in WIDTHS[:TRAINED_WIDTHS]
    ]
    einsum_trained = np.array([_einsum_trained_spread(task, units) for units in WIDTHS])
    return BreakingSymmetry(
        spreads=spreads,
        losses={name: np.median(noisy.losses[-1], axis=1) for name, (noisy, _) in clones.items()},
        random_loss={name: float(np.median(h.losses[-1])) for name, (_, h) in clones.items()},
        separation=separation,
        growth=growth,
        updates_per_decade=measured,
        predicted_share=predicted / measured,
        closer_with_least=int((least[-1] < least[0]).sum()),
        apart_with_most=int((most[-1] > most[0]).sum()),
        kept=kept,
        product_spread=product_spread,
        trained_spreads=np.array(trained).T,
        einsum_equal=int(((product_spread["einsum"] == 0) & (einsum_trained == 0)).sum()),
        apart=apart_reach(CONSTANT_VALUE, UNITS, steps),
        fading=fading_reach(CONSTANT_VALUE, UNITS, steps),
    )


def _noisy_clones(
    rng: np.random.Generator, task: Task, scales: Array, seeds: int, steps: int
) -> tuple[History, History]:
    """Training of clones with noise, `(scales, seeds)`, and of random weights, `(seeds,)`."""
    sizes = [task[0].shape[1], UNITS, task[1].shape[1]]
    noise = Network.initialize(rng, sizes, weights=normal(), ensemble=(len(scales), seeds))
    near = [CONSTANT_VALUE + scales[:, None, None, None] * w for w in noise.weights]
    noisy = noise.with_parameters(near, noise.biases)
    random = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
    return _observed(noisy, task, steps, row_spread), _observed(random, task, steps, row_spread)


def _observed(network: Network, task: Task, steps: int, observe: Observer) -> History:
    """Training of the whole batch with learning rate 0.1, observed at every tenth update."""
    return train(
        network,
        *task,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=observe,
        observe_every=EVERY,
    )


def _clones(task: Task, units: int, outgoing: float) -> Network:
    """Tanh units that are equal bit for bit."""
    features, outputs = (data.shape[1] for data in task)
    return Network(
        [np.full((units, features), CONSTANT_VALUE), np.full((outputs, units), outgoing)],
        [np.zeros(units), np.zeros(outputs)],
    )


def _growth(task: Task, steps: int) -> Array:
    """Growth of the fastest difference along the path of the clones, in powers of ten."""

    def rate(_step: int, clones: Network, _gradients: object) -> float:
        lowest = np.linalg.eigvalsh(separation_hessian(clones, *task))[0]
        return float(np.log10(1 - LEARNING_RATE * lowest))

    rates = _observed(_clones(task, UNITS, CONSTANT_VALUE), task, steps, rate).observed
    # rates at the middle of each stretch of ten updates
    between = EVERY * (np.array(rates[:-1]) + rates[1:]) / 2
    return np.concatenate([[0.0], np.cumsum(between)])


def _updates_per_decade(separation: Array, growth: Array) -> tuple[float, float]:
    """Further updates for ten times less noise: measured, and predicted by the growth.

    Both from 1e-4 to 1e-10; the prediction counts from where noise of 1e-4 separates.
    """
    few, many = separation[1], separation[-1]
    updates = EVERY * np.arange(len(growth))
    until = np.interp(np.interp(few, updates, growth) + 6, growth, updates)
    return float(many - few) / 6, float(until - few) / 6


def _layout(lower: list[int], upper: list[int]) -> Layout:
    """The first three units of hidden layer 1 and the first two of layer 2 share a class.

    The other three units of layer 1 are redundant, too, so that what a silent unit gets can cancel:
    three weights, which cancel up to rounding only, where two would cancel exactly.
    `lower` are the signs of the three, `upper` those of the two.
    """
    labels = [[0, 1, 2], [0, 0, 0, 1, 1, 1], [0, 0, 1, 2], [0, 1]]
    return layout_of(labels, [[1, 1, 1], [*lower, 1, 1, 1], [*upper, 1, 1], [1, 1]])


def _first_class(layout: Layout) -> list[SignedClasses]:
    """Labels and signs of the hidden units that `_layout` puts into one class."""
    return [
        (labels[:size], signs[:size]) for size, (labels, signs) in zip((3, 2), layout, strict=True)
    ]


KINDS: Mapping[str, tuple[Layout, float]] = {
    "copies": (_layout([1, 1, 1], [1, 1]), 0.0),
    "sums": (_layout([1, 1, 1], [1, 1]), 1.0),
    "mirrored": (_layout([1, -1, 1], [1, -1]), 0.0),
    "silent": (_layout([0, 0, 0], [0, 0]), 0.0),
    "cancelling": (_layout([0, 0, 0], [0, 0]), 1.0),
}
"""Kinds of classes: the layout, and how unequal the weights inside a block are."""


def _kept(rng: np.random.Generator, planted: int, steps: int) -> dict[str, dict[str, int]]:
    inputs, targets = teacher(rng, features=3)
    kinds = [kind for kind in KINDS for _ in range(planted)]
    drawn = [KINDS[kind] for kind in kinds]
    start = Network.stack([planted_network(rng, of, "tanh", unequal=size) for of, size in drawn])

    def survivors(rule: Mapping[str, Any]) -> dict[str, int]:
        options = {"learning_rate": 0.05, "rng": rng, "losses_every": steps, **rule}
        after = train(start, inputs, targets, steps=steps, **options).network
        kept = dict.fromkeys(KINDS, 0)
        for i, kind in enumerate(kinds):
            before = _first_class(KINDS[kind][0][1:-1])
            classes = observed_classes(after.member(i), inputs)
            kept[kind] += same_classes(_first_class(classes), before)
        return kept

    return {name: survivors(rule) for name, rule in RULES.items()}


def _product_spread(errors: Array, product: Callable[[Array], Array]) -> Array:
    """Largest difference between rows of a product with equal rows, in last places, `(widths,)`."""

    def last_places(rows: Array) -> float:
        return float(np.ptp(rows, axis=0).max() / np.spacing(np.abs(rows).max()))

    return np.array(
        [max(last_places(product(np.tile(error, n))) for error in errors) for n in WIDTHS]
    )


def _einsum_trained_spread(task: Task, units: int) -> float:
    """Row spread of bit-equal tanh clones after gradient descent without BLAS.

    `numpy.einsum` adds in the same order for every row.
    """
    clones, (inputs, targets) = _clones(task, units, 2.4 / units), task
    (w, v), (b, c) = clones.weights, clones.biases
    for _ in range(EINSUM_STEPS):
        a = np.tanh(np.einsum("ef,uf->eu", inputs, w) + b)
        error = (np.einsum("eu,ou->eo", a, v) + c - targets) / len(inputs)
        delta = np.einsum("eo,ou->eu", error, v) * (1 - a * a)
        w = w - LEARNING_RATE * np.einsum("eu,ef->uf", delta, inputs)
        b = b - LEARNING_RATE * delta.sum(axis=0)
        v = v - LEARNING_RATE * np.einsum("eo,eu->ou", error, a)
        c = c - LEARNING_RATE * error.sum(axis=0)
    return float(np.ptp(w, axis=0).max())
