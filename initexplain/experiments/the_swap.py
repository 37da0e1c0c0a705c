"""The swap: zero weights and random biases, beside random weights and zero biases."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.reach import Row, Setting, reach
from initexplain.experiments.verdicts import stands_still, with_mean
from initexplain.initializers import Initializer, he_normal, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network, forward
from initexplain.symmetry import effective_rank, redundancy_classes
from initexplain.training import History, train

LEARNING_RATE = 0.1
BIAS_STD = 0.5
EXAMPLES = 32
DEPTHS = (1, 2, 3, 4)
"""Hidden layers."""
STARTS = ("usual", "swap")
"""Random weights and zero biases; zero weights and random biases."""
USUAL: dict[str, Initializer] = {
    "tanh": lecun_normal(),
    "logistic": lecun_normal(),
    "relu": he_normal(),
}
"""Random weights of the usual start, by activation."""
CHANGES: dict[str, dict[str, Any]] = {
    "longer": {"steps": 3000},
    "batches": {"steps": 3000, "batch_size": 8},
    "momentum": {"steps": 500, "optimizer": "momentum"},
    "adam": {"steps": 200, "learning_rate": 0.01, "optimizer": "adam"},
}
"""Other training: settings of [`train`][initexplain.training.train]."""


def variations(units: int, seed: int) -> dict[str, tuple[str, dict[str, Any]]]:
    """What is changed of the swap with three hidden layers, one thing at a time."""
    mini = CHANGES["batches"]
    return {
        "one": ("one hidden layer", {"hidden": (units,)}),
        "two": ("two hidden layers", {"hidden": (units,) * 2}),
        "four": ("four hidden layers", {"hidden": (units,) * 4}),
        "wide": ("twice as many units", {"hidden": (2 * units,) * 3}),
        "relu": ("ReLU units", {"activation": "relu"}),
        "logistic": ("logistic units", {"activation": "logistic"}),
        "large": ("biases four times as large", {"biases": normal(4 * BIAS_STD)}),
        "data": ("a second data set", {"seed": seed + 1}),
        "third": ("a third data set", {"seed": seed + 2}),
        "biased": (
            "a teacher with biases",
            {"data": partial(teacher, examples=EXAMPLES, biases=1.0)},
        ),
        "mean": ("targets plus 5", {"data": partial(with_mean, examples=EXAMPLES)}),
        "rate": ("learning rate {learning_rate}", {"learning_rate": 0.5}),
        "late": ("{steps:,} updates", CHANGES["longer"]),
        "same": (
            "momentum, the same effective rate",
            {"optimizer": "momentum", "learning_rate": 0.1 * LEARNING_RATE},
        ),
        "momentum": ("momentum, ten times that rate", CHANGES["momentum"]),
        "batches": ("batches of {batch_size}, {steps:,} updates", mini),
        "slow_batches": ("the same, rate {learning_rate}", {**mini, "learning_rate": 0.01}),
        "logistic_batches": ("the same, logistic units", {**mini, "activation": "logistic"}),
        "deep_batches": ("the same, four hidden layers", {**mini, "hidden": (units,) * 4}),
        "adam": ("Adam", CHANGES["adam"]),
        "deep_adam": ("Adam, four hidden layers", {**CHANGES["adam"], "hidden": (units,) * 4}),
    }


@dataclass(frozen=True)
class TheSwap:
    """Zero weights with random biases against random weights with zero biases.

    What is kept by start has the keys of `STARTS`. Losses are in units of the best constant
    output's.

    Attributes:
        tanh: losses by number of hidden layers and start, with tanh units.
        logistic: the same with logistic units.
        relu: the same with ReLU units.
        wave: by start, norms of the weight gradients before each update of tanh networks with
            four hidden layers, `(steps + 1, layers, seeds)`.
        on_schedule: seeds of the swap in which layer `l` of `L` first moves at update
            `L - l + 1`, for every `l`.
        first_gradients: by layer, 1 for the first, norm of the gradient with which it first
            moves in the swap; median over seeds.
        largest_weights: by layer, largest magnitude of its weights in the swap after the last
            update; median over seeds.
        matrices: by start, first matrix of one tanh network with three hidden layers after
            training, `(units, features)`.
        swap_rank: largest effective rank of any matrix of any seed of the swap, after the same
            training.
        usual_rank: median effective rank of the matrices between hidden layers, usual start.
        distinct_units: the smallest number of classes of redundant units in a hidden layer of
            any seed of the swap, predicted from the parameters.
        dead: of the hidden ReLU units of the swap at all depths (`units`), those whose bias
            starts at 0 or below (`not_positive`, and their `share`), those with a zero row and
            an unchanged bias after the last update (`never_moved`), and those that are `both`.
        changes: losses of tanh networks with three hidden layers under other training, by its name
            in `CHANGES`: the swap; `usual_`, random weights.
        ranks: median effective rank of the matrices between hidden layers after it.
        mean_error: root mean square of the outputs' mean error, over `all` the examples and over a
            `batch` of eight, where three layers of the swap stand after the last update.
        logistic_classes: classes of redundant units in a logistic layer with zero weights and
            random biases.
        logistic_clones: the same with zero weights and zero biases.
        line_loss: least loss of a linear function that depends on one direction of the input
            only.
        linear_loss: least loss of any linear function.
        reach: for how many seeds the swap with three hidden layers stands still.
    """

    tanh: dict[int, dict[str, Curves]]
    logistic: dict[int, dict[str, Curves]]
    relu: dict[int, dict[str, Curves]]
    wave: dict[str, Array]
    on_schedule: int
    first_gradients: dict[int, float]
    largest_weights: dict[int, float]
    matrices: dict[str, Array]
    swap_rank: float
    usual_rank: float
    distinct_units: int
    dead: dict[str, float]
    changes: dict[str, Curves]
    ranks: dict[str, float]
    mean_error: dict[str, float]
    logistic_classes: int
    logistic_clones: int
    line_loss: float
    linear_loss: float
    reach: dict[str, Row]


def run(*, units: int = 16, seeds: int = 10, steps: int = 300, seed: int = 0) -> TheSwap:
    """Trains networks from both starts: full-batch gradient descent on a small regression task.

    Args:
        units: units in each hidden layer.
        seeds: networks of each start, activation and depth.
        steps: updates of each network.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES)

    def start(depth: int, kind: str, activation: str = "tanh") -> Network:
        weights, biases = {
            "usual": (USUAL[activation], zeros()),
            "swap": (zeros(), normal(BIAS_STD)),
            "zero": (zeros(), zeros()),
        }[kind]
        return Network.initialize(
            rng,
            [inputs.shape[1], *[units] * depth, targets.shape[1]],
            weights=weights,
            biases=biases,
            activation=activation,
            ensemble=(seeds,),
        )

    def trained(network: Network, **settings: Any) -> History:
        options = {"learning_rate": LEARNING_RATE, "rng": rng, **settings}
        return train(network, inputs, targets, **options)

    starts = {
        (name, depth): Network.stack([start(depth, kind, name) for kind in STARTS])
        for name in USUAL
        for depth in DEPTHS
    }
    runs = {
        key: trained(network, steps=steps, observe=gradient_norms)
        for key, network in starts.items()
    }
    swap, random = start(3, "swap"), start(3, "usual")
    changes = {name: trained(swap, **settings) for name, settings in CHANGES.items()}
    changes |= {
        f"usual_{name}": trained(random, **CHANGES[name])
        for name in ("batches", "momentum", "adam")
    }
    clone = start(2, "zero", "logistic").member(0)
    base = Setting(
        weights=zeros(),
        biases=normal(BIAS_STD),
        hidden=(units,) * 3,
        data=partial(teacher, examples=EXAMPLES),
        learning_rate=LEARNING_RATE,
        steps=steps,
        seeds=seeds,
        seed=seed,
    )
    rows = reach(stands_still, base, variations(units, seed))
    return measured(starts, runs, changes, clone=clone, data=(inputs, targets), rows=rows)


def gradient_norms(_step: int, _network: Network, gradients: Gradients) -> Array:
    """Norm of every layer's weight gradient, `(layers, ...)`."""
    return np.stack([np.sqrt((g * g).sum(axis=(-2, -1))) for g in gradients.weights])


def measured(
    starts: dict[tuple[str, int], Network],
    runs: dict[tuple[str, int], History],
    changes: dict[str, History],
    *,
    clone: Network,
    data: tuple[Array, Array],
    rows: dict[str, Row],
) -> TheSwap:
    """What the page quotes and draws.

    Args:
        starts: ensembles `(2, seeds)` in the order of `STARTS`, by activation and hidden layers.
        runs: their training.
        changes: other training.
        clone: a logistic network with zero weights and biases.
        data: inputs and targets.
        rows: of the reach.
    """
    best_constant = best_constant_loss(data[1])
    losses: dict[str, dict[int, dict[str, Curves]]] = {name: {} for name in USUAL}
    for (name, depth), history in runs.items():
        curves = history.losses / best_constant
        losses[name][depth] = {kind: Curves(curves[:, k]) for k, kind in enumerate(STARTS)}
    changed = {name: Curves(history.losses / best_constant) for name, history in changes.items()}
    three, four = runs["tanh", 3].network, runs["tanh", 4].network
    wave = np.stack(runs["tanh", 4].observed)
    on_schedule, first_gradients = first_moves(wave[:, :, 1])
    ranks = effective_ranks(three)
    line_loss, linear_loss = linear_losses(*data)
    return TheSwap(
        **losses,
        wave={kind: wave[:, :, k] for k, kind in enumerate(STARTS)},
        on_schedule=on_schedule,
        first_gradients=by_layer(first_gradients),
        largest_weights=by_layer([np.abs(w[1]).max(axis=(-2, -1)) for w in four.weights]),
        matrices={kind: three.weights[0][k, 0] for k, kind in enumerate(STARTS)},
        swap_rank=float(ranks[:, 1].max()),
        usual_rank=float(np.median(ranks[1:-1, 0])),
        distinct_units=fewest_classes(swaps(three)),
        dead=dead_units([(starts["relu", d], runs["relu", d].network) for d in DEPTHS]),
        changes=changed,
        ranks={
            name: float(np.median(effective_ranks(history.network)[1:-1]))
            for name, history in changes.items()
        },
        mean_error=mean_errors(swaps(three), data),
        logistic_classes=fewest_classes(swaps(starts["logistic", 2])),
        logistic_clones=fewest_classes([clone]),
        line_loss=line_loss,
        linear_loss=linear_loss,
        reach=rows,
    )


def by_layer(values: Iterable[Array]) -> dict[int, float]:
    """Medians over seeds of values `(layers, seeds)`, by layer from 1."""
    return {layer: float(np.median(row)) for layer, row in enumerate(values, 1)}


def first_moves(norms: Array) -> tuple[int, Array]:
    """Seeds whose layers start to move from the last to the first, one at every update.

    Args:
        norms: of the gradients before each update, `(steps + 1, layers, seeds)`.

    Returns:
        Their number, and the norm with which every layer first moves, `(layers, seeds)`.
    """
    first = (norms > 0).argmax(axis=0)
    in_turn = first[::-1] == np.arange(len(first))[:, None]
    return int(in_turn.all(axis=0).sum()), np.take_along_axis(norms, first[None], axis=0)[0]


def effective_ranks(network: Network) -> Array:
    """Of every weight matrix, `(layers, ...)`."""
    return np.stack([effective_rank(w) for w in network.weights])


def mean_errors(networks: Iterable[Network], data: tuple[Array, Array]) -> dict[str, float]:
    """Root mean square, over networks, batches and outputs, of a batch's mean error."""
    inputs, targets = data
    errors = np.stack([forward(network, inputs).outputs - targets for network in networks])
    size = CHANGES["batches"]["batch_size"]
    batches = errors.reshape(len(errors), -1, size, targets.shape[1]).mean(axis=2)
    return {
        name: float(np.sqrt((means**2).mean()))
        for name, means in (("all", errors.mean(axis=1)), ("batch", batches))
    }


def swaps(network: Network) -> list[Network]:
    """The networks of the swap in an ensemble `(2, seeds)`."""
    return [network.member(1, seed) for seed in range(network.ensemble[1])]


def fewest_classes(networks: Iterable[Network]) -> int:
    """The smallest number of classes of redundant units in a hidden layer of any network."""
    layers = [labels for network in networks for labels in redundancy_classes(network)]
    return min(len(np.unique(labels)) for labels in layers)


def dead_units(trained: Iterable[tuple[Network, Network]]) -> dict[str, float]:
    """Counts over the hidden layers of the swap, in ensembles before and after training."""
    not_positive, never_moved = [], []
    for start, end in trained:
        for w, before, after in zip(end.weights[:-1], start.biases, end.biases, strict=False):
            not_positive.append(before[1] <= 0)
            never_moved.append((w[1] == 0).all(axis=-1) & (after[1] == before[1]))
    off, still = np.stack(not_positive), np.stack(never_moved)
    return {
        "units": off.size,
        "not_positive": int(off.sum()),
        "share": float(off.mean()),
        "never_moved": int(still.sum()),
        "both": int((off & still).sum()),
    }


def linear_losses(inputs: Array, targets: Array) -> tuple[float, float]:
    """Least squared errors of linear functions with a constant, of rank one and of any rank.

    Both in units of the best constant's. Source: Izenman, *Reduced-rank regression for the
    multivariate linear model* (1975), section 2: of the best fit, keep the first singular value.

    Examples:
        >>> x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
        >>> line, linear = linear_losses(x, 2 * x + 1)
        >>> round(line, 3), round(linear, 3)
        (0.5, 0.0)
    """
    centred = inputs - inputs.mean(axis=0)
    wanted = targets - targets.mean(axis=0)
    fit = centred @ np.linalg.lstsq(centred, wanted, rcond=None)[0]
    residual = ((wanted - fit) ** 2).sum()
    dropped = (np.linalg.svd(fit, compute_uv=False)[1:] ** 2).sum()
    total = (wanted**2).sum()
    return float((residual + dropped) / total), float(residual / total)
