"""Zero weights that do no harm, and the one pair that does: how many zeros stand on a path."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher, two_moons
from initexplain.experiments.curves import Curves, by_name
from initexplain.experiments.reach import Task
from initexplain.experiments.residual_networks import EXAMPLES, Residual, residual_weights
from initexplain.experiments.zero_biases import train_without_biases
from initexplain.initializers import lecun_normal
from initexplain.network import Network
from initexplain.training import train

LEARNING_RATE = 0.1
LOGISTIC_RATE = 1.0
"""Of logistic regression, whose gradients are smaller."""
FEW = 3
"""Examples of a regression with four features, which many weights fit."""
WIDTH = 6
SPARSE = 100
"""Networks with scattered zeros."""


@dataclass(frozen=True)
class FineZeros:
    """Losses of models with zero weights in them.

    Attributes:
        linear: linear regression, from `zero` and from `random` weights.
        linear_difference: largest difference between a final weight from zero and the same weight
            from a random start.
        logistic: logistic regression, from `zero` and from `random` weights.
        output: a tanh network with `zero` and with `random` output weights, the others the same.
        scale: a residual network, the last scale of every branch at `zero` and at `one`.
        lora: low-rank adaptation `B A` by the factor that is zero: `B`, `A` or `both`.
        stuck_change: largest change of its loss, with both at zero, between any update and the
            start.
        few_norms: size of the weights of a linear regression on three examples after training, from
            `zero` and, median over seeds, from `random` weights.
        few_losses: their losses.
        sparse_agree: networks with zeros at random places in which the entries that training never
            moved are those that `blocked` predicts.
    """

    linear: dict[str, Curves]
    linear_difference: float
    logistic: dict[str, Curves]
    output: dict[str, Curves]
    scale: dict[str, Curves]
    lora: dict[str, Curves]
    stuck_change: float
    few_norms: dict[str, float]
    few_losses: dict[str, float]
    sparse_agree: int


def run(
    *, branches: int = 3, rank: int = 2, seeds: int = 10, steps: int = 300, seed: int = 0
) -> FineZeros:
    """Trains every model by full-batch gradient descent: learning rate 0.1, logistic regression 1.

    Args:
        branches: residual branches.
        rank: inner width of the adaptation, and rank of the change it has to learn.
        seeds: networks per start.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    init = lecun_normal()
    inputs, targets = teacher(rng, examples=EXAMPLES)
    output = output_layer(rng, (inputs, targets), seeds, steps)
    blocks = residual_weights(rng, seeds, branches, (inputs, targets))
    change = lora_task(rng, rank)
    down, up = init(rng, (seeds, rank, WIDTH)), init(rng, (seeds, WIDTH, rank))
    linear, ends = regression(rng, (inputs, targets), "squared_error", seeds, steps)
    logistic, _ = regression(rng, two_moons(rng), "logistic", seeds, steps)

    def residual(scale: float) -> Curves:
        scales = np.full((seeds, branches), scale)
        training = Residual(branches=branches, learning_rate=LEARNING_RATE, steps=steps)
        return Curves(training.train([*blocks, scales], (inputs, targets), rng))

    def lora(up: Array, down: Array) -> Curves:
        biases = [np.zeros((seeds, rank)), np.zeros((seeds, WIDTH))]
        start = Network([down, up], biases, "identity")
        return Curves(train_without_biases(start, *change, steps, LEARNING_RATE)[0])

    stuck = lora(0 * up, 0 * down)
    few = inputs[:FEW], targets[:FEW]
    few_losses, few_ends = regression(rng, few, "squared_error", seeds, 10 * steps)
    norms = np.sqrt((few_ends**2).sum(axis=(1, 2)))
    return FineZeros(
        linear=linear,
        linear_difference=float(np.abs(ends - ends[0]).max()),
        logistic=logistic,
        output=output,
        scale={"zero": residual(0.0), "one": residual(1.0)},
        lora={"B": lora(0 * up, down), "A": lora(up, 0 * down), "both": stuck},
        stuck_change=float(np.abs(stuck.values - stuck.values[0]).max()),
        few_norms={"zero": float(norms[0]), "random": float(np.median(norms[1:]))},
        few_losses={start: curves.final for start, curves in few_losses.items()},
        sparse_agree=sparse_agreement(rng, (inputs, targets)),
    )


def output_layer(rng: np.random.Generator, data: Task, seeds: int, steps: int) -> dict[str, Curves]:
    """Losses of tanh networks from `zero` and from `random` output weights."""
    inputs, targets = data
    sizes = [inputs.shape[1], 16, 16, targets.shape[1]]
    random = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
    *hidden, last = random.weights
    both = Network.stack([Network([*hidden, 0 * last], random.biases), random])
    losses = train(both, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).losses
    return by_name(losses, ("zero", "random"))


def blocked(weights: Sequence[Array]) -> list[Array]:
    """Entries of the matrices that can never move: every path through them has another zero.

    For a chain of layers without biases, of an activation that is zero at zero and has a slope
    there. A path runs from an input to an output. An entry with a gradient is no longer zero after
    the first update, which may open a path for others: this is repeated until nothing changes.

    Args:
        weights: one matrix `(fan_out, fan_in)` per layer.

    Returns:
        For each, whether its entries are stuck, of the same shapes.

    Examples:
        Two matrices, the second of them zero; then both:

        >>> first, second = np.array([[1.0, 2.0]]), np.array([[0.0]])
        >>> [stuck.tolist() for stuck in blocked([first, second])]
        [[[False, False]], [[False]]]
        >>> [stuck.tolist() for stuck in blocked([0 * first, second])]
        [[[True, True]], [[True]]]
    """
    live = [w != 0 for w in weights]
    while True:
        from_inputs, to_outputs = [np.ones(live[0].shape[1], bool)], [np.ones(len(live[-1]), bool)]
        for edges in live:
            from_inputs.append((edges & from_inputs[-1]).any(axis=1))
        for edges in live[::-1]:
            to_outputs.append((edges & to_outputs[-1][:, None]).any(axis=0))
        ends = zip(from_inputs, to_outputs[-2::-1], strict=False)
        moving = [np.outer(above, below) for below, above in ends]
        opened = [edges | move for edges, move in zip(live, moving, strict=True)]
        if all(map(np.array_equal, live, opened)):
            return [~move for move in moving]
        live = opened


def sparse_agreement(rng: np.random.Generator, data: Task) -> int:
    """Networks in which training moves what `blocked` says that it can, and nothing else."""
    inputs, targets = data
    sizes = [inputs.shape[1], 5, 5, 5, targets.shape[1]]
    drawn = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(SPARSE,))
    weights = [w * (rng.random(w.shape) < 0.3) for w in drawn.weights]
    start = Network(weights, drawn.biases)
    _, end = train_without_biases(start, inputs, targets, 2 * len(sizes), LEARNING_RATE)
    same = [a == b for a, b in zip(start.weights, end.weights, strict=True)]
    predicted = [blocked([w[i] for w in weights]) for i in range(SPARSE)]
    return sum(
        all(np.array_equal(found[i], stuck) for found, stuck in zip(same, layers, strict=True))
        for i, layers in enumerate(predicted)
    )


def regression(
    rng: np.random.Generator, data: Task, loss: str, seeds: int, steps: int
) -> tuple[dict[str, Curves], Array]:
    """A single layer from zero weights and from random ones.

    Returns:
        Losses by start, and the final weights `(1 + seeds, outputs, features)`, from zero first.
    """
    inputs, targets = data
    drawn = lecun_normal()(rng, (seeds, targets.shape[1], inputs.shape[1]))
    weights = np.concatenate([np.zeros_like(drawn[:1]), drawn])
    start = Network([weights], [np.zeros(weights.shape[:2])])
    rate = LOGISTIC_RATE if loss == "logistic" else LEARNING_RATE
    history = train(start, inputs, targets, steps=steps, learning_rate=rate, loss=loss)
    curves = {"zero": Curves(history.losses[:, :1]), "random": Curves(history.losses[:, 1:])}
    return curves, history.network.weights[0]


def lora_task(rng: np.random.Generator, rank: int) -> Task:
    """Inputs, and what a change of this rank adds to the outputs of a frozen layer."""
    inputs = rng.standard_normal((EXAMPLES, WIDTH))
    change = rng.standard_normal((WIDTH, rank)) @ rng.standard_normal((rank, WIDTH)) / WIDTH
    return inputs, inputs @ change.T
