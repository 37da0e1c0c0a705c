"""What a unit is in a convolution, an attention layer, an embedding, an LSTM and in shards."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from initexplain.check.copies import classes as equal_rows
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.differentiated import (
    Moment,
    Parameters,
    half_squared_error,
    moments,
)
from initexplain.experiments.planted_units import STARTS, copied
from initexplain.experiments.reach import Row, Training, reach
from initexplain.experiments.repeated_draws import CopiedLayers, Shards, copied_layers, of_shards
from initexplain.experiments.small_architectures import (
    ARCHITECTURES,
    RANKS,
    Architecture,
    Forward,
    convolution,
    drawn,
)
from initexplain.experiments.verdicts import Variations
from initexplain.network import Network
from initexplain.optimizers import sgd
from initexplain.symmetry import Labels, redundancy_classes

LEARNING_RATE = 0.05
EQUAL = 1e-6
"""Units give the same if they differ by less than this part of the largest output."""
SHARD_UNITS = 32
"""Hidden units in all shards."""
SHARD_STEPS = 300
STREAM = 256
"""Width of a residual stream."""
BRANCHES = 30
MOVED = 0.01
"""A kernel has learned if a weight of it has moved by more."""
HALF_FAN_IN = 1024
"""Of weights in bfloat16."""
HALF_UPDATE = 1e-4
"""How much an update takes from each of them."""


@dataclass(frozen=True)
class WhatIsAUnit:
    """Units of small networks: predicted from their chains, measured after training.

    Attributes:
        predicted: of each start and each layer of the first seed, the classes before training.
        agreeing: of each start, the seeds for which these are, in all layers, the classes of what
            the units give after training.
        agree: the sum of these.
        starts: how many networks that is.
        token_gap: how far the rows of two tokens that started equal have come apart, relative to
            the norm of a row, median over seeds.
        layer_gap: the same for two layers that started equal, after one update.
        reach: for how many networks the copied channel of a convolution stays a copy.
        shards: what the seeds of ranks do.
        layers: what copied layers do to the signal.
        half_lost: share of weights in bfloat16 that an update of `HALF_UPDATE` leaves as they are.
        half_scale: by how much rounding to bfloat16 changes their standard deviation, relative.
    """

    predicted: dict[str, list[Labels]]
    agreeing: dict[str, int]
    agree: int
    starts: int
    token_gap: float
    layer_gap: float
    reach: dict[str, Row]
    shards: dict[str, Shards]
    layers: CopiedLayers
    half_lost: float
    half_scale: float


@dataclass(frozen=True, eq=False)
class Answer:
    """A planted start.

    Attributes:
        predicted: classes of the first seed, by layer, from its chain.
        agreeing: for how many seeds the classes measured after training are these.
        first: parameters after one update.
        end: parameters after all updates.
    """

    predicted: list[Labels]
    agreeing: int
    first: Parameters
    end: Parameters


def ask(rng: np.random.Generator, kind: str, training: Training) -> dict[str, Answer]:
    """Draws the starts of an architecture, predicts their classes, trains them, looks at units."""
    seeds = training.seeds
    architecture = ARCHITECTURES[kind]
    inputs = architecture.inputs(rng)
    targets = rng.standard_normal((len(inputs), *architecture.outputs))
    starts = {}
    for name, planted in STARTS.items():
        if planted.architecture == kind:
            random = drawn(architecture, rng, seeds)
            starts[name] = {**random, **planted.plant(random)}
    # side by side: autograd's time is one for each operation, whatever its size
    together = {p: np.concatenate([s[p] for s in starts.values()]) for p in architecture.shapes}
    through = train(architecture.forward, together, inputs, targets, training)
    first, end = through[1].parameters, through[-1].parameters
    layers = list(architecture.forward(end, inputs)[0])
    networks = range(len(starts) * seeds)
    predicted = [predicted_classes(architecture, together, i, rng) for i in networks]
    measured = [[equal_rows(units[i], EQUAL) for units in layers] for i in networks]
    agrees = [all(map(np.array_equal, *pair)) for pair in zip(predicted, measured, strict=True)]
    answers = {}
    for k, name in enumerate(starts):
        own = slice(k * seeds, (k + 1) * seeds)
        answers[name] = Answer(
            predicted=predicted[own][0],
            agreeing=sum(agrees[own]),
            first={p: values[own] for p, values in first.items()},
            end={p: values[own] for p, values in end.items()},
        )
    return answers


def predicted_classes(
    architecture: Architecture, parameters: Parameters, seed: int, rng: np.random.Generator
) -> list[Labels]:
    """The classes of one seed's units, layer by layer, from its chain."""
    matrices = architecture.chain({name: p[seed] for name, p in parameters.items()}, rng)
    # the logistic function has no signs: what is asked is which units are copies
    chain = Network(matrices, [np.zeros(len(w)) for w in matrices], "logistic")
    ends = len(matrices[-1])
    # critics learn one target
    alike = architecture.outputs == (1,) and ends > 1
    return redundancy_classes(chain, targets=np.ones((1, ends)) if alike else None)


def train(
    forward: Forward, start: Parameters, inputs: Array, targets: Array, training: Training
) -> list[Moment]:
    """Trains on half the squared error, in batches that follow each other: moment by moment."""
    examples = np.arange(len(inputs))
    size = training.batch_size or len(inputs)

    def loss(parameters: Any, update: int) -> Any:
        rows = np.roll(examples, -update * size)[:size]
        return half_squared_error(forward(parameters, inputs[rows])[1], targets[rows])

    return moments(loss, start, training)


@dataclass(frozen=True, kw_only=True)
class CopiedChannel(Training):
    """Convolutions with a channel that starts as a copy, and their training.

    Attributes:
        activation: of both convolutions.
        stride: of both convolutions.
        padding: zeros around what they read.
        flat: whether the outputs read each place by itself, and not their mean.
        dropout: chance for what a channel gives to be replaced by 0.
        noise: added to the copy, as a part of a weight.
    """

    activation: str = "tanh"
    stride: int = 1
    padding: int = 0
    flat: bool = False
    dropout: float = 0.0
    noise: float = 0.0
    learning_rate: float = LEARNING_RATE
    seeds: int = 5


def copy_stays(setting: CopiedChannel) -> Array:
    """Whether the channel has learned and is a copy still, `(seeds,)`."""
    rng = np.random.default_rng(setting.seed)
    inputs, targets = rng.standard_normal((12, 2, 7, 7)), rng.standard_normal((12, 2))
    random = drawn(ARCHITECTURES["convolution"], rng, setting.seeds)
    start = {**random, "first": copied(random["first"], 0), "second": copied(random["second"], 1)}
    start["first"][:, 1] *= 1 + setting.noise * rng.standard_normal(start["first"][:, 1].shape)
    network = partial(
        convolution,
        activation=setting.activation,
        stride=setting.stride,
        padding=setting.padding,
        dropout=(setting.dropout, rng),
    )
    if setting.flat:
        *_, maps = network(start, inputs)[0]
        places = maps.shape[-1] // len(inputs)
        start["out"] = start["out"][..., None] * rng.standard_normal(places)
    end = train(network, start, inputs, targets, setting)[-1]
    kernels, first = end.parameters["first"], start["first"]
    moved = np.abs(kernels - first)[:, 0].max(axis=(-2, -1)) > MOVED
    gap = np.abs(kernels[:, 0] - kernels[:, 1]).max(axis=(-2, -1))
    holds = moved & (gap < EQUAL * np.abs(kernels[:, 0]).max(axis=(-2, -1)))
    return np.where(np.isfinite(end.losses), holds.astype(float), np.nan)


VARIATIONS: Variations = {
    "relu": ("ReLU", {"activation": "relu"}),
    "stride": ("stride {stride}", {"stride": 2}),
    "padding": ("zeros around the images", {"padding": 1}),
    "flat": ("each place read by itself", {"flat": True}),
    "batches": ("batches of {batch_size}", {"batch_size": 4}),
    "momentum": ("momentum", {"optimizer": "momentum", "learning_rate": 0.01}),
    "adam": ("Adam", {"optimizer": "adam", "learning_rate": 0.01}),
    "decay": ("weight decay", {"optimizer": sgd(weight_decay=0.1)}),
    "longer": ("{steps} updates", {"steps": 400}),
    "noise": ("{noise:.0%} of noise on the copy", {"noise": 0.01}),
    "dropout": ("dropout of {dropout}", {"dropout": 0.2}),
}


def run(*, steps: int = 100, seeds: int = 10, seed: int = 0) -> WhatIsAUnit:
    """Plants copies in small networks, predicts what stays one, and trains on all examples."""
    rng = np.random.default_rng(seed)
    training = Training(learning_rate=LEARNING_RATE, steps=steps, seeds=seeds)
    by_kind = [ask(rng, kind, training) for kind in ARCHITECTURES]
    asked = {name: answer for answers in by_kind for name, answer in answers.items()}
    table, stack = asked["row"].end["table"], asked["layers"].first
    agreeing = {name: answer.agreeing for name, answer in asked.items()}
    weights = rng.standard_normal((HALF_FAN_IN, HALF_FAN_IN)) / HALF_FAN_IN**0.5
    half = bfloat16(weights)
    return WhatIsAUnit(
        predicted={name: answer.predicted for name, answer in asked.items()},
        agreeing=agreeing,
        agree=sum(agreeing.values()),
        starts=len(STARTS) * seeds,
        token_gap=_gap(table[:, 0], table[:, 1]),
        layer_gap=_gap(stack["second"], stack["third"]),
        reach=reach(copy_stays, CopiedChannel(steps=steps, seed=seed), VARIATIONS),
        shards=of_shards(
            *teacher(rng), units=SHARD_UNITS, ranks=RANKS, steps=SHARD_STEPS, seed=seed
        ),
        layers=copied_layers(rng, width=STREAM, branches=BRANCHES),
        half_lost=float((bfloat16(half - HALF_UPDATE) == half).mean()),
        half_scale=float(abs(half.std() / weights.std() - 1)),
    )


def _gap(one: Array, other: Array) -> float:
    """Norm of the difference relative to that of the first, median over seeds."""
    norms = [np.linalg.norm(a.reshape(len(a), -1), axis=1) for a in (one - other, one)]
    return float(np.median(norms[0] / norms[1]))


def bfloat16(values: Array) -> Array:
    """Rounded to the nearest number with eight significant bits, ties to even; as float32.

    Examples:
        >>> bfloat16(np.array([1.0, 1.003, 1.005])).tolist()
        [1.0, 1.0, 1.0078125]
    """
    bits = values.astype(np.float32).view(np.uint32)
    kept = bits + 0x7FFF + ((bits >> 16) & 1)
    return (kept & 0xFFFF0000).view(np.float32)
