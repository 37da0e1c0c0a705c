"""Residual networks without biases, which several pages train: a stream to which branches add.

Branch k reads the stream and adds to it, `h_k = h_{k-1} + s_k U_k tanh(W_k h_{k-1})`; the stream
starts as the input, `h_0 = x`, and the output is `V h` of the last. Where a network is normalized,
each `W_k`, and `V`, read the stream divided by its root mean square. The gradients are written by
hand: with `differentiated` they take several times as long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.reach import Training
from initexplain.initializers import Matrices, lecun_normal
from initexplain.losses import best_constant_loss
from initexplain.optimizers import find_optimizer

EXAMPLES = 32


@dataclass(frozen=True, kw_only=True)
class Residual(Training):
    """A start of residual networks, each with a task of its own, and their training.

    Attributes:
        branches: added to the stream.
        scale: every `s_k` at the start.
        last: what every `U_k`, LeCun-normal otherwise, is multiplied by at the start.
        normalized: whether branches and the output read a normalized stream.
    """

    branches: int
    scale: float = 1.0
    last: float = 1.0
    normalized: bool = False

    def losses(self) -> Array:
        """In units of the best constant output's, `(steps + 1, seeds)`; see `train`."""
        rng = np.random.default_rng(self.seed)
        tasks = [teacher(rng, examples=EXAMPLES) for _ in range(self.seeds)]
        inputs, targets = map(np.stack, zip(*tasks, strict=True))
        w, u, v = residual_weights(rng, self.seeds, self.branches, tasks[0])
        start = [w, self.last * u, v, np.full((self.seeds, self.branches), self.scale)]
        constant = [best_constant_loss(of_task) for of_task in targets]
        return self.train(start, (inputs, targets), rng) / constant

    @np.errstate(over="ignore", invalid="ignore")  # a network may diverge: its losses tell
    def train(
        self, parameters: Sequence[Array], data: tuple[Array, Array], rng: np.random.Generator
    ) -> Array:
        """Trains networks that are given.

        Returns:
            Losses on the batch of each update, and at the end on all the examples, `(steps + 1,
            seeds)`; infinite where training left the finite numbers.
        """
        rule = find_optimizer(self.optimizer)
        slots = [[np.zeros_like(p) for _ in range(rule.slots)] for p in parameters]
        losses = np.full((self.steps + 1, len(parameters[0])), np.inf)
        for update in range(self.steps + 1):
            batch = data
            if self.batch_size and update < self.steps:
                chosen = rng.integers(data[0].shape[-2], size=self.batch_size)
                batch = data[0][..., chosen, :], data[1][..., chosen, :]
            losses[update], slopes = residual_gradients(parameters, *batch, self.normalized)
            if not np.isfinite(losses[update]).any():
                break
            parameters = [
                p - self.learning_rate * rule.direction(g, slot, update + 1)
                for p, g, slot in zip(parameters, slopes, slots, strict=True)
            ]
        return np.where(np.isfinite(losses), losses, np.inf)


def residual_weights(
    rng: np.random.Generator, seeds: int, branches: int, data: tuple[Array, Array]
) -> list[Array]:
    """LeCun-normal `W`, `U` and `V` of residual networks with eight units in each branch."""
    features, outputs = (array.shape[1] for array in data)
    shapes = ((branches, 8, features), (branches, features, 8), (outputs, features))
    return [lecun_normal()(rng, Matrices((seeds, *shape))) for shape in shapes]


def residual_gradients(
    parameters: Sequence[Array], inputs: Array, targets: Array, normalized: bool = False
) -> tuple[Array, list[Array]]:
    """Half the squared error, and its gradients by the parameters.

    Args:
        parameters: `W: (seeds, branches, units, features)`, `U: (seeds, branches, features,
            units)`, `V: (seeds, outputs, features)` and `s: (seeds, branches)`.
        inputs: `(examples, features)`, or for each network its own.
        targets: `(examples, outputs)`, likewise.
        normalized: whether `W` and `V` read the normalized stream.
    """
    w, u, v, s = parameters
    factors = s[..., None, None]
    above = factors * u
    # with the examples last the matrices are read as they lie
    stream: Array = np.broadcast_to(inputs.mT, (len(s), *inputs.mT.shape[-2:]))
    reads, hidden = [_read(stream, normalized)], []
    for k in range(s.shape[1]):
        hidden.append(np.tanh(w[:, k] @ reads[k][0]))
        stream = stream + above[:, k] @ hidden[k]
        reads.append(_read(stream, normalized))
    examples = stream.shape[-1]
    read, to_stream = reads[-1]
    error = (v @ read - targets.mT) / examples
    loss = 0.5 * examples * (error * error).sum(axis=(1, 2))
    by_w, by_above = np.empty_like(w), np.empty_like(u)
    by_v = error @ read.mT
    delta = to_stream(v.mT @ error)
    for k in reversed(range(s.shape[1])):
        by_above[:, k] = delta @ hidden[k].mT
        below = above[:, k].mT @ delta
        below *= 1 - hidden[k] * hidden[k]
        read, to_stream = reads[k]
        by_w[:, k] = below @ read.mT
        delta = delta + to_stream(w[:, k].mT @ below)
    return loss, [by_w, factors * by_above, by_v, (u * by_above).sum(axis=(2, 3))]


def _read(stream: Array, normalized: bool) -> tuple[Array, Callable[[Array], Array]]:
    """What a branch reads of the stream, and the way of a slope by that to one by the stream."""
    if not normalized:
        return stream, lambda slope: slope
    size = np.sqrt((stream * stream).mean(axis=-2, keepdims=True))
    read: Array = stream / size
    return read, lambda slope: (slope - read * (slope * read).mean(axis=-2, keepdims=True)) / size
