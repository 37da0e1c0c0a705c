"""What all-zero networks learn, and what six clones are worth: one unit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from initexplain.activations import ACTIVATIONS, Activation
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.reach import Row, Setting, Task, reach
from initexplain.experiments.verdicts import (
    TRAININGS,
    Variations,
    centred,
    cloned,
    frozen,
    on_data_sets,
)
from initexplain.initializers import constant, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network
from initexplain.training import train

LEARNING_RATE = 0.1
FEATURES = 4
CONSTANT_VALUE = 0.4
"""The common weight of the clones."""
MOST_DIGITS = 12
DATA_SETS = 5
COPIES_STEPS = 1000
"""Updates by mini-batches of an all-zero logistic network with two hidden layers."""
FREEZE_STEPS = 100
"""Updates after which the reach of freezing looks whether anything has moved."""
SHOWN = "tanh", "relu", "logistic"
"""Activations that the page shows; the others are trained for `FREEZE_STEPS`."""


@dataclass(frozen=True)
class FreezeOrClone:
    """All-zero starts of every activation; clones beside the one unit that equals them.

    Attributes:
        unit_tables: of each activation, what training makes of the all-zero start: a row per unit
            with its incoming weights, bias and outgoing weights,
            `(units, features + 1 + outputs)`.
        unit_spread: of each of these tables, largest difference between two units.
        largest_weight: of each of these networks, largest magnitude of a weight.
        largest_gradient: of each, largest magnitude, over all updates, of a gradient of anything
            but the output biases.
        output_bias_move: of each, how far the output biases moved, at most.
        zero_losses: of each, `(updates + 1,)`.
        losses: of the constant start, `clones`, of the `one_unit` that equals them, and of the
            `random` start, `(steps + 1,)`.
        agreeing_digits: decimal places to which the losses of clones and unit agree at every
            step, 12 at most.
        best_constant: the loss of an output that ignores its input, at best.
        reach: on how many data sets the all-zero start of tanh units freezes.
        copies: on how many data sets the all-zero start of logistic units learns copies: every
            hidden matrix has moved, and has equal rows.
    """

    unit_tables: dict[str, Array]
    unit_spread: dict[str, float]
    largest_weight: dict[str, float]
    largest_gradient: dict[str, float]
    output_bias_move: dict[str, float]
    zero_losses: dict[str, Array]
    losses: dict[str, Array]
    agreeing_digits: int
    best_constant: float
    reach: dict[str, Row]
    copies: dict[str, Row]


def scaled(activation: Activation, clones: int) -> Activation:
    """`sqrt(n) f(z / sqrt(n))`: the activation of one unit that stands for `n` clones.

    Examples:
        >>> one_for_four = scaled(ACTIVATIONS["relu"], 4)
        >>> one_for_four([-1.0, 3.0]).tolist()  # the ReLU does not see the scale
        [0.0, 3.0]
    """
    root = float(np.sqrt(clones))
    return replace(
        activation,
        name=f"{activation.name} for {clones}",
        value=lambda z: root * activation.value(z / root),
        slope=lambda a: activation.slope(a / root),
    )


def one_unit(clones: Network) -> Network:
    """The one unit that gradient descent trains as it trains the clones of a hidden layer.

    Its weights and bias are `sqrt(n)` times those of a clone, its activation is
    `sqrt(n) f(z / sqrt(n))`; the output biases stay.

    Args:
        clones: one hidden layer of units with equal rows, biases and outgoing weights.
    """
    incoming, outgoing = clones.weights
    hidden, output = clones.biases
    units = len(incoming)
    root = np.sqrt(units)
    return Network(
        [root * incoming[:1], root * outgoing[:, :1]],
        [root * hidden[:1], output],
        scaled(clones.activation, units),
    )


def freezing_reach(base: Setting) -> dict[str, Row]:
    """Asks of an all-zero start whether it freezes."""
    units = base.hidden[0]
    variations: Variations = {
        "relu": ("ReLU units", {"activation": "relu"}),
        "selu": ("SELU units", {"activation": "selu"}),
        "deep": ("three hidden layers", {"hidden": (units,) * 3}),
        "rate": ("learning rate {learning_rate:.0f}", {"learning_rate": 1.0}),
        **TRAININGS,
        "logistic": ("logistic units", {"activation": "logistic"}),
        "equal": ("hidden biases of 0.1", {"biases": constant(0.1)}),
        "biases": ("random biases", {"biases": normal(0.5)}),
    }
    return reach(on_data_sets(frozen), replace(base, steps=FREEZE_STEPS), variations)


def halves(rng: np.random.Generator) -> Task:
    """The teacher's first answer as two classes, 0 and 1, of as many examples each."""
    inputs, targets = teacher(rng)
    first = targets[:, :1]
    return inputs, (first > np.median(first)).astype(float)


def copies_reach(base: Setting) -> dict[str, Row]:
    """Asks of an all-zero start of logistic units whether it learns copies."""
    two = {"hidden": (base.hidden[0],) * 2}
    variations: Variations = {
        "centred": ("targets of mean zero", {"data": centred}),
        "balanced": ("classes of equal size", {"data": halves, "loss": "logistic"}),
        "two": ("two hidden layers", two),
        "batches": (
            "two, batches of {batch_size}, {steps:,} updates",
            {**two, "batch_size": 8, "steps": COPIES_STEPS},
        ),
        "adam": ("two, Adam", {**two, **TRAININGS["adam"][1]}),
    }
    return reach(on_data_sets(cloned), replace(base, activation="logistic"), variations)


def run(*, units: int = 6, steps: int = 300, seed: int = 0) -> FreezeOrClone:
    """Trains all-zero networks of every activation, and tanh clones beside one unit.

    Full-batch gradient descent with learning rate 0.1, one hidden layer.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, features=FEATURES)
    sizes = [FEATURES, units, targets.shape[1]]
    trained = partial(
        train, inputs=inputs, targets=targets, steps=steps, learning_rate=LEARNING_RATE
    )
    histories = {
        name: trained(
            Network.initialize(rng, sizes, weights=zeros(), activation=name),
            steps=steps if name in SHOWN else FREEZE_STEPS,
            observe=_largest_gradient,
        )
        for name in ACTIVATIONS
    }
    after = {name: history.network for name, history in histories.items()}
    tables = {name: _unit_table(network) for name, network in after.items()}
    clones = Network.initialize(rng, sizes, weights=constant(CONSTANT_VALUE))
    losses = {
        "clones": trained(clones).losses,
        "one_unit": trained(one_unit(clones)).losses,
        "random": trained(Network.initialize(rng, sizes, weights=lecun_normal())).losses,
    }
    base = Setting(weights=zeros(), hidden=(units,), steps=steps, seeds=DATA_SETS, seed=seed)
    return FreezeOrClone(
        unit_tables=tables,
        unit_spread={name: float(np.ptp(table, axis=0).max()) for name, table in tables.items()},
        largest_weight={name: _largest(network.weights) for name, network in after.items()},
        largest_gradient={name: max(history.observed) for name, history in histories.items()},
        output_bias_move={name: _largest(network.biases[-1:]) for name, network in after.items()},
        zero_losses={name: history.losses for name, history in histories.items()},
        losses=losses,
        agreeing_digits=_agreeing_digits(losses["clones"], losses["one_unit"]),
        best_constant=best_constant_loss(targets),
        reach=freezing_reach(base),
        copies=copies_reach(base),
    )


def _largest(arrays: Sequence[Array]) -> float:
    """Largest magnitude."""
    return float(max(np.abs(array).max() for array in arrays))


def _largest_gradient(_step: int, _network: Network, gradients: Gradients) -> float:
    """Largest magnitude of a gradient of anything but the output biases."""
    return _largest([*gradients.weights, *gradients.biases[:-1]])


def _unit_table(network: Network) -> Array:
    incoming, outgoing = network.weights
    return np.hstack([incoming, network.biases[0][:, None], outgoing.T])


def _agreeing_digits(some: Array, others: Array) -> int:
    gap = np.abs(some - others).max()
    return MOST_DIGITS if gap == 0 else min(MOST_DIGITS, int(-np.log10(gap)))
