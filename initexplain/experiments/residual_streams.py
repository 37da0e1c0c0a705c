"""What branches add up to: residual streams, such as a transformer's, at the start and trained.

The gradients of attention are autograd's.
"""

from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import LEARNED, Curves
from initexplain.experiments.differentiated import (
    Parameters,
    attention,
    half_squared_error,
    moments,
)
from initexplain.experiments.normalized import normalize
from initexplain.experiments.reach import PAGE, Row, Training, reach
from initexplain.experiments.residual_networks import (
    EXAMPLES,
    Residual,
    residual_gradients,
    residual_weights,
)
from initexplain.experiments.verdicts import Variations
from initexplain.initializers import he_normal, lecun_normal

WIDTH = 128
"""Of the streams that grow."""
DEPTHS = (8, 30, 60)
"""Branches of the networks that are trained."""
LEARNING_RATE = 0.1
SLOWER = 0.03
"""Learning rate, where the page's is too large for zero last matrices."""
SLOW = 0.01
"""Learning rate, where the page's is too large for scales of one."""
STEPS = 200
TRAINED = 10
"""Networks of each kind that are trained, each on a task of its own."""
GPT2_WIDTH = 768
GPT2_BLOCKS = 12
GPT2_HEADS = 12
GPT2_SCALE = 0.02
"""Standard deviation of a weight of GPT-2 small, whose width, blocks and heads are above."""
TOKENS = 16
"""Tokens on which the stream of GPT-2 is measured."""
POSITIONS = 64
"""Which a head attends to; also its width."""
SCORES = 2.0 ** np.arange(-4, 6.01, 0.5)
"""Standard deviations of the scores."""
RECIPES = {
    "gpt2": GPT2_SCALE**2 * GPT2_WIDTH,
    "torch": 0.5,  # Glorot's for the three matrices as one: 2 / (fan_in + 3 fan_in) each
    "lecun": 1.0,
    "one": float(POSITIONS),
}
"""Standard deviation of the scores by the recipe of query and key; the last has variance one."""
VOCABULARY = 1000
EMBEDDING = 64
"""Width of the embeddings that may be tied to the output."""
MOVES = ("", "Q", "O", "QO", "QK", "VO")
"""Matrices of an attention block that start at zero, together."""


@dataclass(frozen=True)
class ResidualStreams:
    """Streams and losses.

    Attributes:
        growth: mean square of a stream before the first branch and after each, `(branches + 1,
            seeds)`, for branches of the stream itself (`one`), of the `normalized` stream, of the
            stream itself and scaled by one over the `root` of their number, and for `zero` scales.
        gpt2: the same for GPT-2 small at its start, `(25,)`: `plain`, and `scaled` as published.
        losses: by start and number of branches, in units of the best constant's.
        alignment: mean cosine between what two branches add after one update from zero last
            matrices, in the deepest network.
        positions: over how many positions a head averages, `(scores, heads)`.
        recipes: the same, median over heads, by recipe.
        moved: by the matrices that are zero at the start, those that ten updates move.
        first_loss: by the scale of the embeddings, `one`, `lecun` or `gpt2`, with the output `tied`
            to them or `free`.
        uniform_loss: of equal probabilities.
        reach: in how many networks training removes half of the best constant's loss.
    """

    growth: dict[str, Curves]
    gpt2: dict[str, Array]
    losses: dict[str, dict[int, Curves]]
    alignment: float
    positions: Curves
    recipes: dict[str, float]
    moved: dict[str, str]
    first_loss: dict[str, dict[str, float]]
    uniform_loss: float
    reach: dict[str, Row]


def run(*, branches: int = 64, seeds: int = 10, seed: int = 0) -> ResidualStreams:
    """Measures streams at their start, and trains residual networks.

    The `branches` are those of the streams that grow; `seeds` are streams, and heads of attention.
    """
    rng = np.random.default_rng(seed)
    return ResidualStreams(
        growth=growth(rng, branches, seeds),
        gpt2=gpt2_stream(rng),
        losses={
            name: {depth: Curves(losses(setting)) for depth, setting in at_depths.items()}
            for name, at_depths in starts(seed).items()
        },
        alignment=alignment(rng),
        positions=Curves(np.stack([attended(rng, seeds, score) for score in SCORES])),
        recipes={
            name: float(np.median(attended(rng, seeds, score))) for name, score in RECIPES.items()
        },
        moved={zero: moved(zero, seed) for zero in MOVES},
        first_loss=first_losses(rng),
        uniform_loss=float(np.log(VOCABULARY)),
        reach=learning_reach(seed),
    )


def growth(rng: np.random.Generator, branches: int, seeds: int) -> dict[str, Curves]:
    """Mean square of four streams through the same branches of two matrices with ReLU between them.

    With He's weights below and LeCun's above, a branch adds as much as it reads.
    """
    scales = {"one": 1.0, "normalized": 1.0, "root": branches**-0.5, "zero": 0.0}
    normalized = np.array([name == "normalized" for name in scales])
    factors = np.array(list(scales.values()))
    stream = np.repeat(rng.standard_normal((seeds, WIDTH, 1)), len(scales), axis=2)
    squares = [(stream**2).mean(axis=1)]
    for _ in range(branches):
        below = he_normal()(rng, (seeds, WIDTH, WIDTH))
        above = lecun_normal()(rng, (seeds, WIDTH, WIDTH))
        size = np.where(normalized, np.sqrt(squares[-1]), 1.0)[:, None]
        stream = stream + factors * (above @ np.maximum(below @ (stream / size), 0))
        squares.append((stream**2).mean(axis=1))
    return {name: Curves(np.stack(squares)[..., k]) for k, name in enumerate(scales)}


def gpt2_stream(rng: np.random.Generator) -> dict[str, Array]:
    """Mean square of the stream of GPT-2 small after its embeddings and after each branch.

    Random tokens, no dropout. The report on GPT-2, *Language models are unsupervised multitask
    learners*, section 2.3, has the factor; its published code has the standard deviations, half as
    large for the positions.
    """
    width, factors = GPT2_WIDTH, np.array([1, (2 * GPT2_BLOCKS) ** -0.5])[:, None, None]
    tokens, places = GPT2_SCALE * rng.standard_normal((2, TOKENS, width))
    streams = np.stack([tokens + 0.5 * places] * 2)
    squares = [(streams**2).mean(axis=(1, 2))]
    for branch, fan_out in ((_heads, 3 * width), (_gelu, 4 * width)) * GPT2_BLOCKS:
        below = GPT2_SCALE * times_normal(rng, normalize(streams.mT, "layer").mT, fan_out)
        added = GPT2_SCALE * times_normal(rng, branch(below), width)
        streams = streams + factors * added
        squares.append((streams**2).mean(axis=(1, 2)))
    return dict(zip(("plain", "scaled"), np.transpose(squares), strict=True))


def times_normal(rng: np.random.Generator, vectors: Array, fan_out: int) -> Array:
    """Vectors times one matrix with standard normal entries, `(..., fan_out)`.

    In an orthonormal basis of the vectors such a matrix has normal entries too. It is drawn there,
    with a row for each vector, which gives the same products in law as one with all its rows.

    Args:
        rng: draws the matrix.
        vectors: `(..., fan_in)`.
        fan_out: columns of the matrix.

    Examples:
        What is twice as long becomes twice as long:

        >>> one, other = times_normal(np.random.default_rng(0), np.outer([1, 2], np.ones(700)), 3)
        >>> np.allclose(2 * one, other)
        True
    """
    flat = vectors.reshape(-1, vectors.shape[-1])
    coordinates = np.linalg.qr(flat.T).R.T
    products = coordinates @ rng.standard_normal((coordinates.shape[1], fan_out))
    return np.asarray(products.reshape(*vectors.shape[:-1], fan_out))


def _gelu(z: Array) -> Array:
    result: Array = 0.5 * z * (1 + np.tanh(np.sqrt(2 / np.pi) * (z + 0.044715 * z * z * z)))
    return result


def _heads(read: Array) -> Array:
    """Causal attention of all heads, from queries, keys and values `(2, tokens, 3 width)`."""
    split = read.reshape(2, TOKENS, 3, GPT2_HEADS, -1)
    query, key, value = np.moveaxis(split, (2, 3), (0, 2))
    mixed: Array = attention(query, key, causal=True) @ value
    return np.swapaxes(mixed, 1, 2).reshape(2, TOKENS, -1)


def starts(seed: int) -> dict[str, dict[int, Residual]]:
    """The four starts of the page, by the number of branches."""
    base = partial(Residual, learning_rate=LEARNING_RATE, steps=STEPS, seeds=TRAINED, seed=seed)
    return {
        "one": {n: base(branches=n) for n in DEPTHS},
        "root": {n: base(branches=n, scale=n**-0.5) for n in DEPTHS},
        "zero": {n: base(branches=n, scale=0.0) for n in DEPTHS},
        "last": {n: base(branches=n, last=0.0) for n in DEPTHS},
    }


@cache
def losses(setting: Residual) -> Array:
    """Of a setting that two parts of the page may ask for."""
    return setting.losses()


def learns(setting: Residual) -> Array:
    """Whether half of the best constant's loss is gone; NaN where training diverged, `(seeds,)`."""
    last = losses(setting)[-1]
    return np.where(np.isfinite(last), (last < LEARNED).astype(float), np.nan)


def learning_reach(seed: int) -> dict[str, Row]:
    """Asks whether residual networks learn, of each start and of other training."""
    shallow, middle, deep = DEPTHS
    one = {"branches": middle, "scale": 1.0}
    slow = {**one, "learning_rate": SLOW}
    last = {"branches": deep, "scale": 1.0, "last": 0.0}
    variations: Variations = {
        "zero": ("zero scales, {branches}", {"branches": deep}),
        "zero_batches": (
            "zero scales, {branches}, batches of {batch_size}",
            {"branches": middle, "batch_size": 8},
        ),
        "root": ("scales 1/√{branches}, {branches}", {"branches": deep, "scale": deep**-0.5}),
        "last": ("zero last matrices, {branches}", last),
        "last_slow": (
            "zero last matrices, {branches}, rate {learning_rate:.2g}",
            {**last, "learning_rate": SLOWER},
        ),
        "shallow_one": ("scales of one, {branches}", {"branches": shallow, "scale": 1.0}),
        "one": ("scales of one, {branches}", one),
        "deep_one": ("scales of one, {branches}", {"branches": deep, "scale": 1.0}),
        "one_slow": ("scales of one, {branches}, rate {learning_rate:.2g}", slow),
        "one_adam": ("scales of one, {branches}, Adam", {**slow, "optimizer": "adam"}),
        "one_normalized": ("scales of one, {branches}, normalized", {**one, "normalized": True}),
    }
    rows = reach(learns, starts(seed)["zero"][shallow], variations)
    label = f"zero scales, {shallow} branches"
    return {PAGE: replace(rows.pop(PAGE), label=label), **rows}


def alignment(rng: np.random.Generator) -> float:
    """Mean cosine between what two branches add after one update from zero last matrices."""
    depth = DEPTHS[-1]
    inputs, targets = teacher(rng, examples=EXAMPLES)
    below, last, out = residual_weights(rng, 1, depth, (inputs, targets))
    start = [below, 0 * last, out, np.ones((1, depth))]
    _, (_, by_last, _, _) = residual_gradients(start, inputs, targets)
    # the stream that they read is still the input, and the rate does not turn what they add
    added = np.tanh(inputs @ below[0].mT) @ -by_last[0].mT
    flat = added.reshape(depth, -1)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True)
    cosines = flat @ flat.T
    return float(cosines[np.triu_indices(depth, 1)].mean())


def attended(rng: np.random.Generator, heads: int, deviation: float) -> Array:
    """Over how many positions heads average, `1 / sum of squared weights`, `(heads,)`.

    Inputs are normal, and the entries of the query and key matrices have the variance `deviation /
    fan_in`: then a score `q k / sqrt(width)` has this standard deviation.
    """
    shape = (heads, POSITIONS, POSITIONS)
    inputs = rng.standard_normal(shape)
    init = lecun_normal(gain=deviation**0.5)
    query, key = inputs @ init(rng, shape), inputs @ init(rng, shape)
    counts: Array = (1 / (attention(query, key) ** 2).sum(axis=-1)).mean(axis=-1)
    return counts


def moved(zero: str, seed: int) -> str:
    """Which matrices of a residual attention block ten updates move, from some that are zero.

    Args:
        zero: letters of these: `Q`, `K`, `V` and, of the output, `O`.
        seed: of the data and of the other matrices.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = rng.standard_normal((2, 6, 5))
    start = {name: lecun_normal()(rng, (5, 5)) * (name not in zero) for name in "QKVO"}

    def loss(parameters: Parameters, _update: int) -> Any:
        query, key, value = (inputs @ parameters[name].T for name in "QKV")
        outputs = inputs + attention(query, key) @ value @ parameters["O"].T
        return half_squared_error(outputs, targets)

    end = moments(loss, start, Training(steps=10))[-1].parameters
    return "".join(name for name in "QKVO" if (end[name] != start[name]).any())


def first_losses(rng: np.random.Generator) -> dict[str, dict[str, float]]:
    """Cross-entropy of random next tokens where the stream is the normalized embedding.

    With the output `tied`, its matrix is that of the embeddings; `free`, another of the same scale.
    """
    tokens, targets = rng.integers(VOCABULARY, size=(2, 500))
    one, other = rng.standard_normal((2, VOCABULARY, EMBEDDING))
    stream = normalize(one[tokens].T, "layer").T

    def loss(matrix: Array) -> float:
        logits = stream @ matrix.T
        of_target = logits[np.arange(len(targets)), targets]
        return float(np.mean(np.logaddexp.reduce(logits, axis=1) - of_target))

    return {
        name: {"tied": loss(scale * one), "free": loss(scale * other)}
        for name, scale in (("one", 1.0), ("lecun", EMBEDDING**-0.5), ("gpt2", GPT2_SCALE))
    }
