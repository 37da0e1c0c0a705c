"""Zero weights that do no harm, and the one pair that does: how many zeros stand on a path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher, two_moons
from initexplain.initializers import lecun_normal
from initexplain.network import Network
from initexplain.training import train

LEARNING_RATE = 0.1
LOGISTIC_RATE = 1.0
EXAMPLES = 32
WIDTH = 6


@dataclass(frozen=True)
class Regression:
    """A model without hidden units: the zero start first, then random ones.

    Attributes:
        losses: `(steps + 1, 1 + seeds)`; column 0 starts from zero weights, the others from
            LeCun-normal ones.
        difference: largest difference between a final weight of the zero start and the same
            weight of a random start.
    """

    losses: Array
    difference: float

    @property
    def zero_loss(self) -> float:
        """Last loss from zero weights."""
        return float(self.losses[-1, 0])

    @property
    def random_loss(self) -> float:
        """Median last loss from random weights."""
        return float(np.median(self.losses[-1, 1:]))


@dataclass(frozen=True)
class Start:
    """Networks that differ in their seed.

    Attributes:
        losses: `(steps + 1, seeds)`.
    """

    losses: Array

    @property
    def first_loss(self) -> float:
        """Median over seeds before the first update."""
        return float(np.median(self.losses[0]))

    @property
    def final_loss(self) -> float:
        """Median over seeds after the last update."""
        return float(np.median(self.losses[-1]))

    @property
    def most_change(self) -> float:
        """Largest change of the loss between any update and the start, over seeds."""
        return float(np.abs(self.losses - self.losses[0]).max())


@dataclass(frozen=True)
class FineZeros:
    """Models with zero weights in them.

    Attributes:
        linear: linear regression.
        logistic: logistic regression.
        random_output: a tanh network, all weights random.
        zero_output: the same hidden weights, zero output weights.
        random_scale: a residual network, the last scale of every branch at 1.
        zero_scale: the same weights, the last scale of every branch at 0.
        lora_up: low-rank adaptation with a random `A` and `B = 0`.
        lora_down: the mirror image: a random `B` and `A = 0`.
        lora_both: both factors 0.
        branches: residual branches.
        rank: inner width of the adaptation, and rank of the change it has to learn.
        seeds: networks per start.
        steps: updates.
        learning_rate: the step size.
        logistic_rate: the step size of logistic regression, whose gradients are smaller.
    """

    linear: Regression
    logistic: Regression
    random_output: Start
    zero_output: Start
    random_scale: Start
    zero_scale: Start
    lora_up: Start
    lora_down: Start
    lora_both: Start
    branches: int
    rank: int
    seeds: int
    steps: int
    learning_rate: float = LEARNING_RATE
    logistic_rate: float = LOGISTIC_RATE


def run(
    *, branches: int = 3, rank: int = 2, seeds: int = 10, steps: int = 300, seed: int = 0
) -> FineZeros:
    """Trains every model by full-batch gradient descent: learning rate 0.1, logistic regression 1.

    Args:
        branches: residual branches.
        rank: inner width of the adaptation.
        seeds: networks per start.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES)
    random_output, zero_output = _output_layers(rng, inputs, targets, seeds, steps)
    blocks = residual_blocks(rng, branches, inputs.shape[1], targets.shape[1], seeds)
    change = lora_task(rng, rank)
    down = lecun_normal()(rng, (seeds, rank, WIDTH))
    up = lecun_normal()(rng, (seeds, WIDTH, rank))

    def residual(scale: float) -> Start:
        start = [*blocks, np.full((seeds, branches), scale)]
        return Start(descend(start, lambda p: residual_gradients(p, inputs, targets), steps))

    def lora(up: Array, down: Array) -> Start:
        return Start(descend([up, down], lambda p: lora_gradients(p, *change), steps))

    return FineZeros(
        linear=_regression(rng, (inputs, targets), "squared_error", seeds, steps),
        logistic=_regression(rng, two_moons(rng), "logistic", seeds, steps),
        random_output=random_output,
        zero_output=zero_output,
        random_scale=residual(1.0),
        zero_scale=residual(0.0),
        lora_up=lora(0 * up, down),
        lora_down=lora(up, 0 * down),
        lora_both=lora(0 * up, 0 * down),
        branches=branches,
        rank=rank,
        seeds=seeds,
        steps=steps,
    )


def _regression(
    rng: np.random.Generator, data: tuple[Array, Array], loss: str, seeds: int, steps: int
) -> Regression:
    """A single layer, first from zero weights, then from random ones."""
    inputs, targets = data
    drawn = lecun_normal()(rng, (seeds, targets.shape[1], inputs.shape[1]))
    weights = np.concatenate([np.zeros_like(drawn[:1]), drawn])
    start = Network([weights], [np.zeros(weights.shape[:2])])
    rate = LOGISTIC_RATE if loss == "logistic" else LEARNING_RATE
    history = train(start, inputs, targets, steps=steps, learning_rate=rate, loss=loss)
    ends = history.network.weights[0]
    return Regression(history.losses, float(np.abs(ends - ends[0]).max()))


def _output_layers(
    rng: np.random.Generator, inputs: Array, targets: Array, seeds: int, steps: int
) -> tuple[Start, Start]:
    """Tanh networks with two hidden layers and random, then zero, output weights."""
    sizes = [inputs.shape[1], 16, 16, targets.shape[1]]
    net = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
    *hidden, last = net.weights
    weights = [np.stack([w, w]) for w in hidden] + [np.stack([last, 0 * last])]
    both = Network(weights, [np.stack([b, b]) for b in net.biases])
    losses = train(both, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).losses
    return Start(losses[:, 0]), Start(losses[:, 1])


Parameters = Sequence[Array]
WithGradients = Callable[[Parameters], tuple[Array, Parameters]]
"""`parameters -> (losses, gradients)`, losses of the ensemble's shape."""


def descend(parameters: Parameters, evaluate: WithGradients, steps: int) -> Array:
    """Plain gradient descent on any list of arrays; the losses `(steps + 1, ...)`."""
    losses = []
    for _ in range(steps + 1):
        loss, found = evaluate(parameters)
        losses.append(loss)
        parameters = [p - LEARNING_RATE * g for p, g in zip(parameters, found, strict=True)]
    return np.stack(losses)


def residual_blocks(
    rng: np.random.Generator, branches: int, features: int, outputs: int, seeds: int
) -> list[Array]:
    """Weights of the branches and of the output layer, all random.

    Returns:
        `W: (seeds, branches, units, features)`, `U: (seeds, branches, features, units)` and
        `V: (seeds, outputs, features)`.
    """
    init, units = lecun_normal(), 8
    return [
        init(rng, (seeds, branches, units, features)),
        init(rng, (seeds, branches, features, units)),
        init(rng, (seeds, outputs, features)),
    ]


def residual_gradients(
    parameters: Parameters, inputs: Array, targets: Array
) -> tuple[Array, Parameters]:
    """Squared error, and gradients, of a residual network without biases.

    Branch k adds to its input: `h_k = h_{k-1} + s_k U_k tanh(W_k h_{k-1})`, `h_0 = x`; the
    output is `V h`. With `s = 0` every branch is silent at the start.

    Args:
        parameters: `[W, U, V, s]`, shapes as in `residual_blocks`, `s: (seeds, branches)`.
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


def lora_gradients(
    parameters: Parameters, inputs: Array, targets: Array
) -> tuple[Array, Parameters]:
    """Squared error, and gradients, of the adaptation `B A x` of a frozen layer.

    The frozen `W x` is already subtracted from the targets.

    Args:
        parameters: `[B, A]`: `(seeds, width, rank)` and `(seeds, rank, width)`.
        inputs: `(examples, width)`.
        targets: `(examples, width)`.
    """
    up, down = parameters
    inner = inputs @ np.swapaxes(down, 1, 2)
    error = (inner @ np.swapaxes(up, 1, 2) - targets) / len(inputs)
    loss = 0.5 * len(inputs) * (error * error).sum(axis=(1, 2))
    return loss, [np.swapaxes(error, 1, 2) @ inner, np.swapaxes(error @ up, 1, 2) @ inputs]
