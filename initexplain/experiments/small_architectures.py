"""Small networks with channels, heads, embeddings, gates and shards, and the chain that each is.

Every network is a forward function for autograd. Beside it stands its *chain*: the matrices
`(units, units below)` of layers of units, for which the criterion of
[`symmetry`][initexplain.symmetry] is made. Parameters have the seeds in front; there are no biases.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import autograd.numpy as anp
import numpy as np

from initexplain.checks import Array
from initexplain.experiments.differentiated import Parameters, activated, attention

Forward = Callable[[Any, Array], tuple[Iterable[Any], Any]]
"""From parameters and inputs to what the units of each layer give, `(seeds, units, values)`, and
the outputs `(seeds, examples, ...)`."""

GATES = 4
"""Of an LSTM: in, forget, candidate, out."""
KERNEL = 3
TOKENS = 10
RANKS = 4
OFFSETS = KERNEL**2
"""Weights with which a channel reads one channel below."""


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    Attributes:
        shapes: of the parameters of one seed, by name, and the fan-in of each.
        forward: what the units give, and the outputs.
        chain: the matrices of its layers of units, from the parameters of one seed.
        inputs: `(examples, ...)`, from a generator.
        outputs: shape of the targets of one example.
    """

    shapes: dict[str, tuple[tuple[int, ...], int]]
    forward: Forward
    chain: Callable[[Parameters, np.random.Generator], list[Array]]
    inputs: Callable[[np.random.Generator], Array]
    outputs: tuple[int, ...]


def as_matrix(kernel: Array, unit: int, source: int, rng: np.random.Generator) -> Array:
    """One random combination of a kernel's offsets, the same for every pair: `(units, sources)`.

    Where kernels agree their combinations do and, for almost every combination, nowhere else; so
    with sums of kernels.

    Args:
        kernel: of any number of axes.
        unit: the axis that counts the units which read.
        source: the axis that counts what they read.
        rng: draws the combination.

    Examples:
        >>> kernel = np.ones((6, 4, 3, 3))  # as PyTorch stores that of a convolution
        >>> as_matrix(kernel, 0, 1, np.random.default_rng(0)).shape
        (6, 4)
    """
    pairs = np.moveaxis(kernel, (unit, source), (0, 1))
    flat = pairs.reshape(*pairs.shape[:2], -1)
    return np.asarray(flat @ rng.standard_normal(flat.shape[-1]))


@cache
def windows(side: int, stride: int, padding: int) -> Array:
    """What a kernel sees of a square image, as a matrix `(OFFSETS * places, pixels)`.

    Autograd takes as long for one product as for two slices; this one is in the place of nine.

    Examples:
        >>> seen = windows(4, 1, 0) @ np.arange(16.0)
        >>> seen.reshape(OFFSETS, -1)[:, 0]  # by the kernel's first place
        array([ 0.,  1.,  2.,  4.,  5.,  6.,  8.,  9., 10.])
    """
    pixels = np.eye(side**2).reshape(side, side, -1)
    framed = np.pad(pixels, ((padding, padding), (padding, padding), (0, 0)))
    seen = np.lib.stride_tricks.sliding_window_view(framed, (KERNEL, KERNEL), axis=(0, 1))
    return np.moveaxis(seen[::stride, ::stride], (3, 4), (0, 1)).reshape(-1, side**2)


def by_unit(values: Any, axis: int) -> Any:
    """What units give, `(seeds, ..., units, ...)`, as `(seeds, units, values)`."""
    moved = anp.moveaxis(values, axis, 1)
    return anp.reshape(moved, (*moved.shape[:2], -1))


def convolution(
    parameters: Any,
    images: Array,
    *,
    activation: str = "tanh",
    stride: int = 1,
    padding: int = 0,
    dropout: tuple[float, np.random.Generator] | None = None,
) -> tuple[Iterable[Any], Any]:
    """Two convolutions, and outputs that read the mean over places, or each place.

    Args:
        parameters: `first` and `second`, `(seeds, channels, channels below, offsets)`; `out`,
            `(seeds, outputs, channels)` or `(seeds, outputs, channels, places)`.
        images: `(examples, channels, side, side)`.
        activation: of both.
        stride: of both.
        padding: zeros around what both read.
        dropout: the chance that a place of a channel of the first one is 0, and what draws it.
    """
    # examples in the last axis: what a kernel sees is in one piece with the channels below
    layers, below = [], np.moveaxis(images.reshape(*images.shape[:2], -1), 0, -1)
    for name in ("first", "second"):
        channels, pixels, examples = below.shape[-3:]
        seen = anp.matmul(windows(round(pixels**0.5), stride, padding), below)
        seen = anp.reshape(seen, (*below.shape[:-3], channels * OFFSETS, -1))
        kernels = anp.reshape(parameters[name], (*parameters[name].shape[:2], -1))
        maps = activated(anp.matmul(kernels, seen), activation)
        below = anp.reshape(maps, (*maps.shape[:2], -1, examples))
        layers.append(below)
        if dropout and name == "first":
            chance, rng = dropout
            below = below * (rng.random(below.shape[1:]) >= chance)
    # for who looks at them: training does not
    units = (by_unit(anp.swapaxes(maps, 2, 3), 1) for maps in layers)
    out = parameters["out"]
    if out.ndim == 3:
        return units, anp.einsum("soc,scn->sno", out, anp.mean(below, axis=2))
    return units, anp.einsum("socp,scpn->sno", out, below)


def _attention(parameters: Any, inputs: Array) -> tuple[Iterable[Any], Any]:
    # `(seeds, heads, examples, positions, size)` each
    query, key, value = (
        anp.einsum("shdf,ntf->shntd", parameters["in"][:, which], inputs) for which in range(3)
    )
    mixed = anp.matmul(attention(query, key), value)
    return [by_unit(mixed, 1)], anp.einsum("sohd,shntd->snto", parameters["out"], mixed)


def _embedding(parameters: Any, tokens: Array) -> tuple[Iterable[Any], Any]:
    vectors = anp.einsum("npt,std->snpd", tokens, parameters["table"])
    hidden = activated(anp.einsum("smpd,snpd->snm", parameters["hidden"], vectors), "tanh")
    outputs = anp.einsum("som,snm->sno", parameters["out"], hidden)
    return [by_unit(vectors, 3), by_unit(hidden, 2)], outputs


def _lstm(parameters: Any, inputs: Array) -> tuple[Iterable[Any], Any]:
    seeds, _, units, features = parameters["in"].shape
    below = anp.reshape(parameters["in"], (seeds, GATES * units, features))
    beside = anp.reshape(parameters["recurrent"], (seeds, GATES * units, units))
    state = cell = np.zeros((seeds, units, len(inputs)))
    states = []
    for now in np.moveaxis(inputs, 1, 0):
        z = anp.matmul(below, now.T) + anp.matmul(beside, state)
        let_in, keep, candidate, give = (
            z[:, first : first + units] for first in range(0, GATES * units, units)
        )
        keep, let_in, give = (activated(gate, "logistic") for gate in (keep, let_in, give))
        cell = keep * cell + let_in * activated(candidate, "tanh")
        state = give * activated(cell, "tanh")
        states.append(state)
    outputs = anp.einsum("sou,sun->sno", parameters["out"], state)
    return [by_unit(anp.stack(states, axis=-1), 1)], outputs


def _lstm_chain(p: Parameters, rng: np.random.Generator) -> list[Array]:
    """What units read and what reads them, with the units one step before and after as other ends.

    So it finds copies, and not what agrees in sums over units of the layer itself.
    """
    recurrent = as_matrix(p["recurrent"], 1, 2, rng)
    incoming = np.hstack([as_matrix(p["in"], 1, 2, rng), recurrent])
    return [incoming, np.vstack([p["out"], recurrent])]


def _stack(parameters: Any, inputs: Array) -> tuple[Iterable[Any], Any]:
    below, layers = inputs[None], []
    for name in ("first", "second", "third"):
        below = activated(anp.matmul(below, anp.swapaxes(parameters[name], 1, 2)), "tanh")
        layers.append(by_unit(below, 2))
    return layers, anp.matmul(below, anp.swapaxes(parameters["out"], 1, 2))


def _blocks(readout: str) -> Forward:
    """Hidden units in blocks: critics, or shards. An equation of `einsum` says what reads them."""

    def forward(parameters: Any, inputs: Array) -> tuple[Iterable[Any], Any]:
        hidden = activated(anp.einsum("sbmf,nf->snbm", parameters["in"], inputs), "tanh")
        units = anp.reshape(hidden, (*hidden.shape[:2], -1))
        return [by_unit(units, 2)], anp.einsum(readout, parameters["out"], hidden)

    return forward


def _critics_chain(p: Parameters, _rng: np.random.Generator) -> list[Array]:
    one, two = p["out"]
    return [
        p["in"].reshape(-1, p["in"].shape[-1]),
        np.block([[one, 0 * two], [0 * one, two]]),
    ]


def _normal(*shape: int) -> Callable[[np.random.Generator], Array]:
    return lambda rng: rng.standard_normal(shape)


def _one_hot(rng: np.random.Generator) -> Array:
    """Tokens at three places of an example."""
    return np.eye(TOKENS)[rng.integers(TOKENS, size=(24, 3))]


ARCHITECTURES: dict[str, Architecture] = {
    "convolution": Architecture(
        {
            "first": ((5, 2, OFFSETS), 2 * OFFSETS),
            "second": ((4, 5, OFFSETS), 5 * OFFSETS),
            "out": ((2, 4), 4),
        },
        convolution,
        lambda p, rng: [*(as_matrix(p[name], 0, 1, rng) for name in ("first", "second")), p["out"]],
        _normal(12, 2, 6, 6),
        (2,),
    ),
    "attention": Architecture(
        {"in": ((3, 4, 2, 5), 5), "out": ((5, 4, 2), 8)},
        _attention,
        lambda p, rng: [as_matrix(p["in"], 1, 3, rng), as_matrix(p["out"], 0, 1, rng)],
        _normal(12, 4, 5),
        (4, 5),
    ),
    "embedding": Architecture(
        # a row of the table is looked up: nothing is summed
        {"table": ((TOKENS, 5), 1), "hidden": ((4, 3, 5), 15), "out": ((2, 4), 4)},
        _embedding,
        lambda p, rng: [p["table"].T, as_matrix(p["hidden"], 0, 2, rng), p["out"]],
        _one_hot,
        (2,),
    ),
    "lstm": Architecture(
        {"in": ((GATES, 5, 3), 3), "recurrent": ((GATES, 5, 5), 5), "out": ((2, 5), 5)},
        _lstm,
        _lstm_chain,
        _normal(12, 4, 3),
        (2,),
    ),
    "stack": Architecture(
        {"first": ((3, 3), 3), "second": ((3, 3), 3), "third": ((3, 3), 3), "out": ((2, 3), 3)},
        _stack,
        lambda p, _: [p["first"], p["second"], p["third"], p["out"]],
        _normal(24, 3),
        (2,),
    ),
    "critics": Architecture(
        {"in": ((2, 3, 3), 3), "out": ((2, 3), 3)},
        _blocks("sbm,snbm->snb"),
        _critics_chain,
        _normal(24, 3),
        (1,),
    ),
    "shards": Architecture(
        {"in": ((RANKS, 2, 3), 3), "out": ((2, RANKS, 2), 2 * RANKS)},
        _blocks("sobm,snbm->sno"),
        lambda p, _: [p["in"].reshape(-1, 3), p["out"].reshape(2, -1)],
        _normal(24, 3),
        (2,),
    ),
}
"""By name."""


def drawn(architecture: Architecture, rng: np.random.Generator, seeds: int) -> dict[str, Array]:
    """Normal parameters of variance one over the fan-in, `(seeds, ...)`."""
    return {
        name: rng.standard_normal((seeds, *shape)) / np.sqrt(fan_in)
        for name, (shape, fan_in) in architecture.shapes.items()
    }
