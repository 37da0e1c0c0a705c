"""What is drawn once and used again: shards of one seed, layers that are copies of each other."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from math import comb
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.experiments.curves import Curves, relative_losses
from initexplain.network import Network
from initexplain.symmetry import redundancy_classes

SEEDS = 5
"""Networks of each kind."""
RATE = 0.1
EXAMPLES = 8
"""Inputs that a residual stream gets."""


@dataclass(frozen=True)
class Shards:
    """Networks whose layers are drawn shard by shard.

    Attributes:
        distinct: classes of hidden units, predicted from the starts, the same in all.
        losses: after training, in units of the best constant output's.
    """

    distinct: int
    losses: Curves


@dataclass(frozen=True)
class CopiedLayers:
    """Mean squares of the signal in stacks of layers that are copies, or each their own.

    Attributes:
        stream: along a residual stream, by branch, `linear` or `tanh`, and by layers, `copied` or
            `own`.
        predicted: the linear ones in infinite width, `(branches + 1,)`.
        stack: after as many tanh layers without a stream, median over seeds.
    """

    stream: dict[str, dict[str, Curves]]
    predicted: dict[str, Array]
    stack: dict[str, float]


def of_shards(
    inputs: Array, targets: Array, *, units: int, ranks: int, steps: int, seed: int
) -> dict[str, Shards]:
    """Networks drawn shard by shard: with `one` seed, with one in the `first` layer, with `own`."""
    features, outputs, part = inputs.shape[1], targets.shape[1], units // ranks
    found = {}
    for name, repeated in {
        "one": (True, True),
        "first": (True, False),
        "own": (False, False),
    }.items():
        rng = np.random.default_rng(seed)
        first = rng.standard_normal((SEEDS, ranks, part, features)) / features**0.5
        second = rng.standard_normal((SEEDS, ranks, part, outputs)) / units**0.5
        first, second = (
            np.repeat(shards[:, :1], ranks, axis=1) if same else shards
            for shards, same in zip((first, second), repeated, strict=True)
        )
        weights = [
            first.reshape(SEEDS, units, features),
            np.swapaxes(second.reshape(SEEDS, units, outputs), 1, 2),
        ]
        network = Network(weights, [np.zeros((SEEDS, len(w[0]))) for w in weights])
        distinct = {int(redundancy_classes(network.member(i))[0].max()) + 1 for i in range(SEEDS)}
        (count,) = distinct  # the same for every seed
        losses = relative_losses(
            [network], inputs, targets, steps=steps, learning_rate=RATE, optimizer="sgd"
        )
        found[name] = Shards(count, Curves(losses))
    return found


def copied_layers(rng: np.random.Generator, *, width: int, branches: int) -> CopiedLayers:
    """Sends normal inputs through a residual stream, and through a stack without one.

    A branch is `W x` or `W tanh(x)`, added with the factor `branches ** -0.5`, a layer of the stack
    is `tanh(W x)`. Entries of `W` have variance one over the width.
    """
    layers = {"copied": 1, "own": branches}
    kinds: dict[str, Callable[[Any, Array], Any]] = {
        "linear": lambda x, w: x + branches**-0.5 * w @ x,
        "tanh": lambda x, w: x + branches**-0.5 * w @ np.tanh(x),
        "stack": lambda x, w: np.tanh(w @ x),
    }
    squares = {name: {k: np.empty((branches + 1, SEEDS)) for k in layers} for name in kinds}
    for seed in range(SEEDS):
        inputs = rng.standard_normal((width, EXAMPLES))
        for whose, count in layers.items():
            drawn = rng.standard_normal((count, width, width)) / width**0.5
            matrices = np.broadcast_to(drawn, (branches, width, width))
            for name, layer in kinds.items():
                signals = accumulate(matrices, layer, initial=inputs)
                squares[name][whose][:, seed] = [np.mean(x**2) for x in signals]
    curves = {name: {k: Curves(of) for k, of in by.items()} for name, by in squares.items()}
    stack = curves.pop("stack")
    return CopiedLayers(curves, growth(branches), {k: of.final for k, of in stack.items()})


def growth(branches: int) -> dict[str, Array]:
    """The mean square of the stream of linear branches in infinite width, branch by branch.

    Layers of their own add `1 / branches` of what is there, each. With one matrix for all the
    stream is a polynomial in it, whose powers are orthogonal and keep the mean square: the squares
    of the coefficients add up, `sum_k comb(l, k)^2 branches^-k`.
    """
    return {
        "copied": np.array(
            [
                sum(comb(depth, k) ** 2 / branches**k for k in range(depth + 1))
                for depth in range(branches + 1)
            ]
        ),
        "own": np.array([(1 + 1 / branches) ** depth for depth in range(branches + 1)]),
    }
