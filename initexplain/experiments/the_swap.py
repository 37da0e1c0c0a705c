"""The swap: zero weights and random biases, beside random weights and zero biases."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.reach import Row, Setting, Trial, reach
from initexplain.experiments.verdicts import stands_still, still, with_mean
from initexplain.initializers import Initializer, he_normal, lecun_normal, normal, zeros
from initexplain.network import Gradients, Network, forward
from initexplain.symmetry import effective_rank, redundancy_classes

LEARNING_RATE = 0.1
BIAS_STD = 0.5
EXAMPLES = 32
DEPTHS = (1, 2, 3, 4)
"""Hidden layers."""
WAVE = 12
"""Updates; gradients are recorded before each, and after the last."""
EVERY = 5
"""Updates between two records of the loss under other training."""
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
        "deep_momentum": (
            "the same, four hidden layers",
            {**CHANGES["momentum"], "hidden": (units,) * 4},
        ),
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
        wave: by start, norms of the weight gradients before each of the first updates of tanh
            networks with four hidden layers, and after the last, `(updates + 1, layers, seeds)`.
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
        changes: losses of tanh networks with three hidden layers under other training, at every
            fifth update, by its name in `CHANGES`, of the swap; with `usual_` before the name, of
            random weights.
        late: the first such update at which more than half of the best constant's loss is gone,
            median over the seeds that learned.
        ranks: median effective rank of the matrices between hidden layers after that training.
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
    late: dict[str, float]
    ranks: dict[str, float]
    mean_error: dict[str, float]
    logistic_classes: int
    logistic_clones: int
    line_loss: float
    linear_loss: float
    reach: dict[str, Row]


def run(*, units: int = 16, seeds: int = 10, steps: int = 300, seed: int = 0) -> TheSwap:
    """Trains networks of each start, activation and depth by full-batch gradient descent."""
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

    def setting(kind: str, depth: int = 3, activation: str = "tanh", **changes: Any) -> Setting:
        if kind == "usual":
            changes |= {"weights": USUAL[activation], "biases": zeros()}
        return replace(base, hidden=(units,) * depth, activation=activation, **changes)

    starts = {key: setting(*key) for key in product(STARTS, DEPTHS, USUAL)}
    changed = {name: setting("swap", **how) for name, how in CHANGES.items()}
    for name in ("batches", "momentum", "adam"):
        changed[f"usual_{name}"] = setting("usual", **CHANGES[name])
    # each is trained once, for the figures and for the reach
    trials = {of: of.trained() for of in starts.values()}
    trials |= {of: of.trained(losses_every=EVERY) for of in changed.values()}

    def stands(of: Setting) -> Array:
        return still(trials[of]) if of in trials else stands_still(of)

    return measured(
        {key: trials[of] for key, of in starts.items()},
        {name: trials[of] for name, of in changed.items()},
        wave={kind: first_norms(setting(kind, DEPTHS[-1], steps=WAVE)) for kind in STARTS},
        clones=setting("swap", 2, "logistic", biases=zeros()).drawn()[1],
        rows=reach(stands, base, variations(units, seed)),
    )


def first_norms(setting: Setting) -> Array:
    """Norm of every layer's weight gradient before each update and after the last."""
    return np.stack(setting.trained(gradient_norms).history.observed)


def gradient_norms(_step: int, _network: Network, gradients: Gradients) -> Array:
    """Norm of every layer's weight gradient, `(layers, ...)`."""
    return np.stack([np.sqrt((g * g).sum(axis=(-2, -1))) for g in gradients.weights])


def measured(
    trials: dict[tuple[str, int, str], Trial],
    changes: dict[str, Trial],
    *,
    wave: dict[str, Array],
    clones: Network,
    rows: dict[str, Row],
) -> TheSwap:
    """What the page quotes and draws, of trials by start, hidden layers and activation.

    The `clones` are logistic networks with zero weights and biases.
    """
    losses = {
        name: {d: {kind: Curves(trials[kind, d, name].losses) for kind in STARTS} for d in DEPTHS}
        for name in USUAL
    }
    three = {kind: trials[kind, 3, "tanh"].history.network for kind in STARTS}
    four = trials["swap", 4, "tanh"].history.network
    curves = {name: Curves(trial.losses) for name, trial in changes.items()}
    ranks = {name: effective_ranks(trial.history.network) for name, trial in changes.items()}
    on_schedule, first_gradients = first_moves(wave["swap"])
    data = trials["swap", 3, "tanh"].inputs, trials["swap", 3, "tanh"].targets
    line_loss, linear_loss = linear_losses(*data)
    return TheSwap(
        **losses,
        wave=wave,
        on_schedule=on_schedule,
        first_gradients=by_layer(first_gradients),
        largest_weights=by_layer([np.abs(w).max(axis=(-2, -1)) for w in four.weights]),
        matrices={kind: network.weights[0][0] for kind, network in three.items()},
        swap_rank=float(effective_ranks(three["swap"]).max()),
        usual_rank=float(np.median(effective_ranks(three["usual"])[1:-1])),
        distinct_units=fewest_classes(three["swap"]),
        dead=dead_units([trials["swap", depth, "relu"] for depth in DEPTHS]),
        changes=curves,
        late={name: EVERY * curve.learned_at for name, curve in curves.items()},
        ranks={name: float(np.median(of[1:-1])) for name, of in ranks.items()},
        mean_error=mean_errors(three["swap"], *data),
        logistic_classes=fewest_classes(trials["swap", 2, "logistic"].start),
        logistic_clones=fewest_classes(clones),
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


def mean_errors(network: Network, inputs: Array, targets: Array) -> dict[str, float]:
    """Root mean square, over networks, batches and outputs, of a batch's mean error."""
    errors = forward(network, inputs).outputs - targets
    size = CHANGES["batches"]["batch_size"]
    batches = errors.reshape(len(errors), -1, size, targets.shape[1]).mean(axis=2)
    return {
        name: float(np.sqrt((means**2).mean()))
        for name, means in (("all", errors.mean(axis=1)), ("batch", batches))
    }


def fewest_classes(networks: Network) -> int:
    """The smallest number of classes of redundant units in a hidden layer of any network."""
    members = [networks.member(i) for i in range(*networks.ensemble)]
    layers = [labels for network in members for labels in redundancy_classes(network)]
    return min(len(np.unique(labels)) for labels in layers)


def dead_units(trials: Iterable[Trial]) -> dict[str, float]:
    """Counts over the hidden layers of the swap, before and after training."""
    not_positive, never_moved = [], []
    for trial in trials:
        before, after = trial.start, trial.history.network
        for w, b, c in zip(after.weights[:-1], before.biases, after.biases, strict=False):
            not_positive.append(b <= 0)
            never_moved.append((w == 0).all(axis=-1) & (c == b))
    off, kept = np.stack(not_positive), np.stack(never_moved)
    return {
        "units": off.size,
        "not_positive": int(off.sum()),
        "share": float(off.mean()),
        "never_moved": int(kept.sum()),
        "both": int((off & kept).sum()),
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
