"""What all-zero networks learn, and what six clones are worth: one unit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from initexplain.activations import ACTIVATIONS, Activation
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import constant, lecun_normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network
from initexplain.training import train

LEARNING_RATE = 0.1
FEATURES = 4
MOST_DIGITS = 12


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
        zero_losses: of each, `(steps + 1,)`.
        activations: activations of the package.
        frozen: how many of them freeze: every gradient but that of the output biases is 0 at
            every update.
        zero_at_zero: how many of them have `f(0) = 0`.
        freezing_agrees: for how many "it freezes" and "f(0) = 0" have the same answer.
        losses: of the constant start, `clones`, of the `one_unit` that equals them, and of the
            `random` start, `(steps + 1,)`.
        agreeing_digits: decimal places to which the losses of clones and unit agree at every
            step, 12 at most.
        best_constant: the loss of an output that ignores its input, at best.
    """

    unit_tables: dict[str, Array]
    unit_spread: dict[str, float]
    largest_weight: dict[str, float]
    largest_gradient: dict[str, float]
    output_bias_move: dict[str, float]
    zero_losses: dict[str, Array]
    activations: int
    frozen: int
    zero_at_zero: int
    freezing_agrees: int
    losses: dict[str, Array]
    agreeing_digits: int
    best_constant: float


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


def run(
    *, units: int = 6, steps: int = 300, constant_value: float = 0.4, seed: int = 0
) -> FreezeOrClone:
    """Trains all-zero networks of every activation, and six tanh clones beside one unit.

    Full-batch gradient descent with learning rate 0.1, one hidden layer.

    Args:
        units: hidden units.
        steps: updates.
        constant_value: the common weight of the clones.
        seed: of the data and of the random start.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, features=FEATURES)
    sizes = [FEATURES, units, targets.shape[1]]
    trained = partial(
        train, inputs=inputs, targets=targets, steps=steps, learning_rate=LEARNING_RATE
    )
    zero_starts = {
        name: Network.initialize(rng, sizes, weights=zeros(), activation=name)
        for name in ACTIVATIONS
    }
    histories = {
        name: trained(start, observe=_largest_gradient) for name, start in zero_starts.items()
    }
    after = {name: history.network for name, history in histories.items()}
    tables = {name: _unit_table(network) for name, network in after.items()}
    gradient = {name: max(history.observed) for name, history in histories.items()}
    still = {name: float(f(0.0)) == 0 for name, f in ACTIVATIONS.items()}
    clones = Network.initialize(rng, sizes, weights=constant(constant_value))
    losses = {
        "clones": trained(clones).losses,
        "one_unit": trained(one_unit(clones)).losses,
        "random": trained(Network.initialize(rng, sizes, weights=lecun_normal())).losses,
    }
    return FreezeOrClone(
        unit_tables=tables,
        unit_spread={name: float(np.ptp(table, axis=0).max()) for name, table in tables.items()},
        largest_weight={name: _largest(network.weights) for name, network in after.items()},
        largest_gradient=gradient,
        output_bias_move={name: _largest(network.biases[-1:]) for name, network in after.items()},
        zero_losses={name: history.losses for name, history in histories.items()},
        activations=len(ACTIVATIONS),
        frozen=sum(largest == 0 for largest in gradient.values()),
        zero_at_zero=sum(still.values()),
        freezing_agrees=sum((gradient[name] == 0) == still[name] for name in ACTIVATIONS),
        losses=losses,
        agreeing_digits=_agreeing_digits(losses["clones"], losses["one_unit"]),
        best_constant=best_constant_loss(targets),
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
