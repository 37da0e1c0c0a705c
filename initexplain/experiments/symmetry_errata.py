"""What other pages say about symmetry, each sentence as a check that runs."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.verdicts import outgoing
from initexplain.initializers import constant, lecun_normal, zeros
from initexplain.network import Network, gradients
from initexplain.training import train

LEARNING_RATE = 0.1
CONSTANT_VALUE = 0.4
HIDDEN_LAYERS = 2
PLACES = 12
"""Decimals to which numbers are compared: in those after them, rounding may differ."""


@dataclass(frozen=True)
class SymmetryErrata:
    """One value or more for each sentence.

    Attributes:
        inputs: the data, `(examples, features)`.
        losses: of ReLU networks with equal biases, `(steps + 1, seeds)`: with `both` weight
            matrices constant, with a constant first matrix and random outgoing weights
            (`incoming`), with two random matrices (`neither`).
        incoming_better: seeds in which the constant first matrix ends below two constant matrices.
        gradient: of a constant first matrix with two units and one output, `(2, features)`.
        gradient_values: different values among the elements of the gradient.
        after: that matrix after one update.
        values_after: different values in it.
        columns_differ_after: updates until the columns of that matrix differ.
        bias_gradients: different values among the units' bias gradients, at the first update, with
            `constant` and with `random` weights.
        zero_rows: different rows among all the matrices of an all-zero logistic network with two
            hidden layers after training, output layer apart: one for each matrix if 2.
    """

    inputs: Array
    losses: dict[str, Curves]
    incoming_better: int
    gradient: Array
    gradient_values: int
    after: Array
    values_after: int
    columns_differ_after: int
    bias_gradients: dict[str, int]
    zero_rows: int


def run(*, units: int = 6, steps: int = 300, seeds: int = 10, seed: int = 0) -> SymmetryErrata:
    """Runs every check on the teacher's task; full-batch gradient descent, learning rate 0.1."""
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    features, outputs = inputs.shape[1], targets.shape[1]
    larger, deeper = ([features, *[units] * k, outputs] for k in (1, HIDDEN_LAYERS))
    equal, random = constant(CONSTANT_VALUE), lecun_normal()
    observed = train(
        Network.initialize(rng, [features, 2, 1], weights=equal),
        inputs,
        targets[:, :1],
        steps=3,
        learning_rate=LEARNING_RATE,
        observe=lambda _step, now, found: (now.weights[0], found.weights[0]),
    ).observed
    matrices, (gradient, *_) = zip(*observed, strict=True)
    deep = Network.initialize(rng, deeper, weights=zeros(), activation="logistic")
    trained = train(deep, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).network
    kinds = {"both": equal, "incoming": outgoing(units, random, equal), "neither": random}
    losses = {}
    for name, weights in kinds.items():
        start = Network.initialize(
            rng, larger, weights=weights, activation="relu", ensemble=(seeds,)
        )
        history = train(start, inputs, targets, steps=steps, learning_rate=LEARNING_RATE)
        losses[name] = Curves(history.losses)
    bias_gradients = {}
    for name, weights in (("constant", equal), ("random", random)):
        _, first = gradients(Network.initialize(rng, larger, weights=weights), inputs, targets)
        bias_gradients[name] = _different(first.biases[0][:, None])
    return SymmetryErrata(
        inputs=inputs,
        losses=losses,
        incoming_better=losses["incoming"].below(losses["both"]),
        gradient=gradient,
        gradient_values=_different(gradient.reshape(-1, 1)),
        after=matrices[1],
        values_after=_different(matrices[1].reshape(-1, 1)),
        columns_differ_after=next(i for i, w in enumerate(matrices) if _different(w.T) > 1),
        bias_gradients=bias_gradients,
        zero_rows=sum(_different(w) for w in trained.weights[:-1]),
    )


def _different(rows: Array) -> int:
    """How many different rows, rounding apart."""
    return len(np.unique(np.round(rows, PLACES), axis=0))
