"""Zero weights that do no harm, and the one pair that does: how many zeros stand on a path."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher, two_moons
from initexplain.experiments.curves import Curves
from initexplain.experiments.zero_biases import train_without_biases
from initexplain.initializers import lecun_normal
from initexplain.network import Network
from initexplain.training import train

LEARNING_RATE = 0.1
LOGISTIC_RATE = 1.0
"""Of logistic regression, whose gradients are smaller."""
EXAMPLES = 32
WIDTH = 6


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
    """

    linear: dict[str, Curves]
    linear_difference: float
    logistic: dict[str, Curves]
    output: dict[str, Curves]
    scale: dict[str, Curves]
    lora: dict[str, Curves]
    stuck_change: float


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
    features, outputs = inputs.shape[1], targets.shape[1]
    sizes = [features, 16, 16, outputs]
    random = Network.initialize(rng, sizes, weights=init, ensemble=(seeds,))
    *hidden, last = random.weights
    zero = Network([*hidden, 0 * last], random.biases)
    both = Network.stack([zero, random])
    output = train(both, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).losses
    shapes = ((branches, 8, features), (branches, features, 8), (outputs, features))
    blocks = [init(rng, (seeds, *shape)) for shape in shapes]
    change = lora_task(rng, rank)
    down, up = init(rng, (seeds, rank, WIDTH)), init(rng, (seeds, WIDTH, rank))
    linear, ends = regression(rng, (inputs, targets), "squared_error", seeds, steps)
    logistic, _ = regression(rng, two_moons(rng), "logistic", seeds, steps)

    def residual(scale: float) -> Curves:
        scales = np.full((seeds, branches), scale)
        return Curves(residual_losses([*blocks, scales], inputs, targets, steps))

    def lora(up: Array, down: Array) -> Curves:
        biases = [np.zeros((seeds, rank)), np.zeros((seeds, WIDTH))]
        start = Network([down, up], biases, "identity")
        return Curves(train_without_biases(start, *change, steps, LEARNING_RATE)[0])

    stuck = lora(0 * up, 0 * down)
    return FineZeros(
        linear=linear,
        linear_difference=float(np.abs(ends - ends[0]).max()),
        logistic=logistic,
        output={"zero": Curves(output[:, 0]), "random": Curves(output[:, 1])},
        scale={"zero": residual(0.0), "one": residual(1.0)},
        lora={"B": lora(0 * up, down), "A": lora(up, 0 * down), "both": stuck},
        stuck_change=float(np.abs(stuck.values - stuck.values[0]).max()),
    )


def regression(
    rng: np.random.Generator, data: tuple[Array, Array], loss: str, seeds: int, steps: int
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


def residual_losses(
    parameters: Sequence[Array], inputs: Array, targets: Array, steps: int
) -> Array:
    """Gradient descent on a residual network: the losses `(steps + 1, seeds)`."""
    losses = []
    for _ in range(steps + 1):
        loss, slopes = residual_gradients(parameters, inputs, targets)
        losses.append(loss)
        parameters = [p - LEARNING_RATE * g for p, g in zip(parameters, slopes, strict=True)]
    return np.stack(losses)


def residual_gradients(
    parameters: Sequence[Array], inputs: Array, targets: Array
) -> tuple[Array, list[Array]]:
    """Squared error, and gradients, of a residual network without biases.

    Branch k adds to its input: `h_k = h_{k-1} + s_k U_k tanh(W_k h_{k-1})`, `h_0 = x`; the
    output is `V h`. With `s = 0` every branch is silent at the start.

    Args:
        parameters: `W: (seeds, branches, units, features)`, `U: (seeds, branches, features,
            units)`, `V: (seeds, outputs, features)` and `s: (seeds, branches)`.
        inputs: `(examples, features)`.
        targets: `(examples, outputs)`.
    """
    w, u, v, s = parameters
    states, hidden, added = [inputs], [], []
    for k in range(s.shape[1]):
        hidden.append(np.tanh(states[k] @ np.swapaxes(w[:, k], 1, 2)))
        added.append(hidden[k] @ np.swapaxes(u[:, k], 1, 2))
        states.append(states[k] + s[:, k, None, None] * added[k])
    error = (states[-1] @ np.swapaxes(v, 1, 2) - targets) / len(inputs)
    loss = 0.5 * len(inputs) * (error * error).sum(axis=(1, 2))
    by_w, by_u, by_s = np.zeros_like(w), np.zeros_like(u), np.zeros_like(s)
    by_v = np.swapaxes(error, 1, 2) @ states[-1]
    delta = error @ v
    for k in reversed(range(s.shape[1])):
        by_s[:, k] = (delta * added[k]).sum(axis=(1, 2))
        inside = s[:, k, None, None] * delta
        by_u[:, k] = np.swapaxes(inside, 1, 2) @ hidden[k]
        below = (inside @ u[:, k]) * (1 - hidden[k] ** 2)
        by_w[:, k] = np.swapaxes(below, 1, 2) @ states[k]
        delta = delta + below @ w[:, k]
    return loss, [by_w, by_u, by_v, by_s]


def lora_task(rng: np.random.Generator, rank: int) -> tuple[Array, Array]:
    """Inputs, and what a change of this rank adds to the outputs of a frozen layer."""
    inputs = rng.standard_normal((EXAMPLES, WIDTH))
    change = rng.standard_normal((WIDTH, rank)) @ rng.standard_normal((rank, WIDTH)) / WIDTH
    return inputs, inputs @ change.T
