"""The gradient relative to the weights: across scales, through training, and the learning rate."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import LEARNED, relative_losses
from initexplain.experiments.reach import Row, Scaled, Setting, reach
from initexplain.experiments.stages import Stages, stages
from initexplain.experiments.verdicts import Variations, with_mean
from initexplain.initializers import he_normal, lecun_normal
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network, gradients
from initexplain.optimizers import find_optimizer
from initexplain.signal import at_scales, gradient_to_weight
from initexplain.training import train

FEATURES = 8
EXAMPLES = 32
SCALES = np.logspace(-1.5, 1.5, 13)
# where 0.1, 1 and 10 stand among them
PLACES = {"tenth": 2, "lecun": 6, "tenfold": 10}
# 0.2 is small enough to wait visibly, and large enough to leave the plateau
PATHS = {"waiting": 0.2, "lecun": 1.0}
STARTS = {"starved": 0.03, "right": 1.0, "saturated": 10.0}
RATES = {"sgd": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "adam": (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)}
RECORDS = 30
STAGE_SCALE = 1e-3
"""Standard deviation of the weights of a linear network with one hidden layer at its start."""
STAGE_RATE = 0.05
"""Learning rate of that network."""
# small enough not to step over the kink of a ReLU
DIFFERENCE = 1e-6
ITERATIONS = 16


Task = tuple[Array, Array]
_task = partial(teacher, examples=EXAMPLES, features=FEATURES)
COMMON: Variations = {
    "shallow": ("one hidden layer", {"hidden": (16,)}),
    "deep": ("eight hidden layers", {"hidden": (16,) * 8}),
    "wide": ("layers of 48 units", {"hidden": (48,) * 4}),
    "batches": ("batches of {batch_size}", {"batch_size": 8}),
    "mean": (
        "targets plus 3",
        {"data": partial(with_mean, mean=3.0, examples=EXAMPLES, features=FEATURES)},
    ),
    "teacher": ("another teacher", {"seed": 1}),
}
"""Variations for several verdicts."""
VARIATIONS: dict[str, Variations] = {
    "starved": {
        "longer": ("{steps:,} updates", {"steps": 1750, "rates": (0.7,)}),
        "momentum": ("momentum", {"optimizer": "momentum", "rates": (0.03, 0.1)}),
        "adam": ("Adam", {"optimizer": "adam", "rates": (0.003, 0.03)}),
        "tenth": ("a tenth of the scale", {"scales": (0.1,)}),
        "middle": ("three hidden layers", {"hidden": (16,) * 3}),
        **COMMON,
    },
    "rate": {
        "longer": ("{steps} updates", {"steps": 500}),
        "relu": ("ReLU, He's weights", {"activation": "relu", "weights": he_normal()}),
        **COMMON,
    },
}


Rule = Callable[[Network, Array, Array], Array]
"""From networks, inputs and targets to the rate for each network, `(seeds,)`."""


@dataclass(frozen=True)
class GradientRatio:
    """What the page shows; losses are in units of the best constant output's.

    Attributes:
        ratios: gradient over weights before training at each of `SCALES`,
            `(layers, scales, seeds)`, the first layer first.
        first_layer: median ratio of the first layer at the scales named in `PLACES`.
        own_size: updates of the first one's size that add up to the first layer's weights, at
            these scales.
        slope: power of the scale with which the first layer's ratio grows below LeCun's scale.
        recorded: updates at which the two runs of `PATHS` were recorded, `(records,)`.
        paths: of each of the two, medians over seeds, `(records,)`: `loss`, and the ratios of the
            `first_layer` and of the `last_hidden`.
        fall: share of the first layer's first ratio that is gone at the end, from LeCun's scale.
        peak: largest recorded ratio of the first layer, from the small scale.
        stages: of a linear network with one hidden layer from a small start.
        losses: after training, for each optimizer of `RATES` and each of `STARTS`,
            `(rates, seeds)`; infinite where training left the finite numbers.
        starved_learned: for each optimizer, seeds in which some rate brings the starved start
            below half the constant's loss.
        reach: of three verdicts under `VARIATIONS`: the `starved` start learns with none of the
            rates; every network ends below the best constant output with the rate `0.1 / r`, where
            `r` is the largest ratio of a layer, `share`; and with that of two over the largest
            curvature, `curvature`.
        failed: networks of ten that do not get below the best constant output, with each of
            `RULES`.
        relu_failed: those of ReLU that do not with the last one.
        limit: two over the largest curvature, the median of these networks.
    """

    ratios: Array
    first_layer: dict[str, float]
    own_size: dict[str, float]
    slope: float
    recorded: Array
    paths: dict[str, dict[str, Array]]
    fall: float
    peak: float
    stages: Stages
    losses: dict[str, dict[str, Array]]
    starved_learned: dict[str, int]
    reach: dict[str, dict[str, Row]]
    failed: dict[str, int]
    relu_failed: int
    limit: float


def run(
    *,
    hidden_layers: int = 4,
    units: int = 16,
    seeds: int = 5,
    steps: int = 100,
    path_steps: int = 200,
    learning_rate: float = 0.3,
    seed: int = 0,
) -> GradientRatio:
    """Measures the ratio in tanh networks whose hidden weights differ in scale.

    The output weights are LeCun-normal at every scale. Updates use all examples. `path_steps` and
    `learning_rate` are those of the two recorded runs, plain gradient descent; the rates of the
    others, which have `steps`, are `RATES`.
    """
    rng = np.random.default_rng(seed)
    task = inputs, targets = _task(rng)
    sizes = [FEATURES, *[units] * hidden_layers, targets.shape[1]]

    def scaled(scales: Iterable[float]) -> Network:
        """An ensemble `(scales, seeds)`: the same tanh networks at each scale."""
        drawn = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
        return at_scales(drawn, list(scales))

    start = scaled(SCALES)
    ratios = gradient_to_weight(start, gradients(start, inputs, targets)[1])
    medians = np.median(ratios[0], axis=-1)
    first_layer = {name: float(medians[place]) for name, place in PLACES.items()}
    low = SCALES < 1 / 3
    recorded = np.unique(np.geomspace(1, path_steps + 1, RECORDS).astype(int)) - 1
    paths = _paths(scaled(PATHS.values()), task, recorded, learning_rate)
    lecun, waiting = paths["lecun"]["first_layer"], paths["waiting"]["first_layer"]
    compared = scaled(STARTS.values())
    losses = {
        optimizer: _losses(compared, task, optimizer=optimizer, steps=steps) for optimizer in RATES
    }
    return GradientRatio(
        ratios=ratios,
        first_layer=first_layer,
        own_size={name: 1 / (learning_rate * ratio) for name, ratio in first_layer.items()},
        slope=float(np.polyfit(np.log(SCALES[low]), np.log(medians[low]), 1)[0]),
        recorded=recorded,
        paths=paths,
        fall=float(1 - lecun[-1] / lecun[0]),
        peak=float(waiting.max()),
        stages=stages(scale=STAGE_SCALE, learning_rate=STAGE_RATE, seed=seed),
        losses=losses,
        starved_learned={
            optimizer: int(np.sum(starts["starved"].min(axis=0) < LEARNED))
            for optimizer, starts in losses.items()
        },
        **_how_far(),
    )


@dataclass(frozen=True, kw_only=True)
class _Starved(Scaled):
    """One small scale, and the rates that are tried for it."""

    rates: tuple[float, ...]


def _starves(setting: _Starved) -> Array:
    """Whether a network has learned with none of the rates."""
    trials = [replace(setting, learning_rate=rate).trained() for rate in setting.rates]
    losses = np.array([trial.history.final_losses[0] for trial in trials])
    starved = losses.min(axis=0) > LEARNED * best_constant_loss(trials[0].targets)
    return np.where(starved, 1.0, 0.0)


@cache
def _gains(rate: Rule, setting: Setting) -> Array:
    """Whether each network, with a rate of its own, ends below the best constant output."""
    _, start, inputs, targets = setting.drawn()
    rates = rate(start, inputs, targets)
    rule = find_optimizer(setting.optimizer)
    own = replace(rule, direction=lambda *given: rates[:, None] * rule.direction(*given))
    trial = replace(setting, optimizer=own, learning_rate=1.0, dtype=np.float32).trained()
    return trial.judged(trial.losses[-1] < 1)


def _failures(rate: Rule, setting: Setting) -> int:
    return int(np.sum(_gains(rate, setting) != 1))


def share_of_ratio(share: float, network: Network, inputs: Array, targets: Array) -> Array:
    """The rate at which the first update moves no matrix by more than this share, `(seeds,)`."""
    ratios = gradient_to_weight(network, gradients(network, inputs, targets)[1])
    largest: Array = ratios.max(axis=0)
    return share / largest


def over_curvature(step_size: float, network: Network, inputs: Array, targets: Array) -> Array:
    """`step_size` over the largest curvature of the loss, `(seeds,)`; on a parabola 2 is the limit.

    Lanczos' method: the largest eigenvalue of the Hessian on what its powers make of one vector.
    Its product with a vector is a central difference of gradients.
    """
    parameters, layers = [*network.weights, *network.biases], len(network.weights)
    ends = np.cumsum([p[0].size for p in parameters])
    flat = _flat(parameters, network.ensemble)
    basis, images = np.zeros((2, *network.ensemble, ITERATIONS, ends[-1]))
    direction = np.random.default_rng(0).standard_normal(flat.shape)
    for i in range(ITERATIONS):
        for _ in range(2):  # once leaves rounding errors
            direction -= (direction[:, None] @ basis.mT @ basis)[:, 0]
        basis[:, i] = direction / np.linalg.norm(direction, axis=1, keepdims=True)
        moves = DIFFERENCE * np.stack([basis[:, i], -basis[:, i]])
        parts = np.split(flat + moves, ends[:-1], axis=-1)
        moved = [part.reshape(2, *p.shape) for part, p in zip(parts, parameters, strict=True)]
        there = network.with_parameters(moved[:layers], moved[layers:])
        _, slopes = gradients(there, inputs, targets)
        ahead, behind = _flat([*slopes.weights, *slopes.biases], there.ensemble)
        images[:, i] = direction = (ahead - behind) / (2 * DIFFERENCE)
    curvatures = np.linalg.eigvalsh(basis @ images.mT)
    return step_size / curvatures[:, -1]


def _flat(parameters: Sequence[Array], ensemble: Sequence[int]) -> Array:
    """All parameters of each member in one row, `(..., parameters)`."""
    return np.concatenate([p.reshape(*ensemble, -1) for p in parameters], axis=-1)


STARVED = _Starved(
    weights=lecun_normal(),
    hidden=(16,) * 4,
    data=_task,
    steps=100,
    scales=(0.03,),
    rates=(0.3, 1.0),
    dtype=np.float32,
)
RATE = Setting(weights=lecun_normal(), hidden=(16,) * 4, data=_task, steps=100)


RULES: dict[str, Rule] = {
    "tenth": partial(share_of_ratio, 0.1),
    "half": partial(share_of_ratio, 0.5),
    "most": partial(share_of_ratio, 0.9),
    "limit": partial(over_curvature, 2.0),
    "triple": partial(over_curvature, 6.0),
}


@cache
def _how_far() -> dict[str, Any]:
    relu = replace(RATE, **VARIATIONS["rate"]["relu"][1])
    _, start, inputs, targets = RATE.drawn()
    return {
        "reach": {
            "starved": reach(_starves, STARVED, VARIATIONS["starved"]),
            "share": reach(partial(_gains, RULES["tenth"]), RATE, VARIATIONS["rate"]),
            "curvature": reach(partial(_gains, RULES["limit"]), RATE, VARIATIONS["rate"]),
        },
        "failed": {name: _failures(rule, RATE) for name, rule in RULES.items()},
        "relu_failed": _failures(RULES["triple"], relu),
        "limit": float(np.median(RULES["limit"](start, inputs, targets))),
    }


def _paths(
    network: Network, task: Task, recorded: Array, learning_rate: float
) -> dict[str, dict[str, Array]]:
    """Ratios and losses at the recorded updates, for each scale of the ensemble."""

    def ratios(step: int, network: Network, found: Gradients) -> Array | None:
        return gradient_to_weight(network, found) if step in recorded else None

    steps = int(recorded[-1])
    history = train(network, *task, steps=steps, learning_rate=learning_rate, observe=ratios)
    # axes: record, layer, scale; losses without the layer
    found = np.median([seen for seen in history.observed if seen is not None], axis=-1)
    losses = np.median(history.losses[recorded] / best_constant_loss(task[1]), axis=-1)
    return {
        name: {"loss": losses[:, i], "first_layer": found[:, 0, i], "last_hidden": found[:, -2, i]}
        for i, name in enumerate(PATHS)
    }


def _losses(network: Network, task: Task, *, optimizer: str, steps: int) -> dict[str, Array]:
    """Trains the ensemble `(starts, seeds)` once for every learning rate."""
    rates = RATES[optimizer]
    how: dict[str, Any] = {"steps": steps, "learning_rate": rates, "optimizer": optimizer}
    losses = relative_losses([network] * len(rates), *task, **how)
    return {name: losses[:, i] for i, name in enumerate(STARTS)}
