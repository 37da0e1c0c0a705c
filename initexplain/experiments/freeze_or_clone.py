"""What all-zero networks learn, and what six clones are worth: one unit."""

from dataclasses import dataclass, replace

import numpy as np

from initexplain.activations import ACTIVATIONS, Activation
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import constant, lecun_normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network
from initexplain.training import train

LEARNING_RATE = 0.1
MOST_DIGITS = 12


@dataclass(frozen=True)
class ZeroStart:
    """A network that starts with every weight and bias at 0, after training.

    Attributes:
        incoming: `W` of the hidden layer, `(units, features)`.
        biases: `b` of the hidden layer, `(units,)`.
        outgoing: weights from the hidden units to the outputs, `(outputs, units)`.
        largest_gradient: largest magnitude, over all updates, of a gradient of anything but the
            output biases.
        output_bias_move: how far the output biases moved, at most.
        final_loss: the loss after the last update.
    """

    incoming: Array
    biases: Array
    outgoing: Array
    largest_gradient: float
    output_bias_move: float
    final_loss: float

    @property
    def unit_table(self) -> Array:
        """A row per unit: incoming weights, bias, outgoing weights."""
        return np.hstack([self.incoming, self.biases[:, None], self.outgoing.T])

    @property
    def unit_spread(self) -> float:
        """Largest difference between a unit's parameters and those of the first unit."""
        return float(np.ptp(self.unit_table, axis=0).max())

    @property
    def largest_weight(self) -> float:
        """Largest magnitude of a weight."""
        return float(max(np.abs(self.incoming).max(), np.abs(self.outgoing).max()))


@dataclass(frozen=True)
class FreezeOrClone:
    """All-zero starts of several activations; clones beside the one unit that equals them.

    Attributes:
        tanh: the all-zero start with tanh units.
        relu: the same with ReLU units.
        logistic: the same with logistic units.
        activations: activations of the package, all started at zero.
        frozen: how many of them freeze: every gradient but that of the output biases is 0 at
            every update.
        zero_at_zero: how many of them have `f(0) = 0`.
        freezing_agrees: for how many "it freezes" and "f(0) = 0" have the same answer.
        clone_losses: of the constant start, `(steps + 1,)`.
        one_unit_losses: of the one unit that equals the clones, `(steps + 1,)`.
        random_losses: of the random start, `(steps + 1,)`.
        best_constant: the loss of an output that ignores its input, at best.
        constant_value: the common weight of the clones at the start.
        features: inputs.
        units: hidden units.
        steps: updates.
    """

    tanh: ZeroStart
    relu: ZeroStart
    logistic: ZeroStart
    activations: int
    frozen: int
    zero_at_zero: int
    freezing_agrees: int
    clone_losses: Array
    one_unit_losses: Array
    random_losses: Array
    best_constant: float
    constant_value: float
    features: int
    units: int
    steps: int

    @property
    def agreeing_digits(self) -> int:
        """Decimal places to which the two loss curves agree at every step, 12 at most."""
        gap = np.abs(self.clone_losses - self.one_unit_losses).max()
        return MOST_DIGITS if gap == 0 else min(MOST_DIGITS, int(-np.log10(gap)))

    @property
    def clone_loss(self) -> float:
        """Loss of the clones after the last update."""
        return float(self.clone_losses[-1])

    @property
    def random_loss(self) -> float:
        """Loss of the random start after the last update."""
        return float(self.random_losses[-1])


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
        value=lambda z, out=None: np.multiply(root, activation.value(z / root), out=out),
        slope=lambda a, out=None: activation.slope(a / root, out=out),
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
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], units, targets.shape[1]]
    starts = {
        name: _zero_start(rng, sizes, activation, data=(inputs, targets), steps=steps)
        for name, activation in ACTIVATIONS.items()
    }
    frozen = {name: start.largest_gradient == 0 for name, start in starts.items()}
    still = {name: float(f(0.0)) == 0 for name, f in ACTIVATIONS.items()}

    def losses(network: Network) -> Array:
        return train(network, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).losses

    clones = Network.initialize(rng, sizes, weights=constant(constant_value))
    return FreezeOrClone(
        tanh=starts["tanh"],
        relu=starts["relu"],
        logistic=starts["logistic"],
        activations=len(starts),
        frozen=sum(frozen.values()),
        zero_at_zero=sum(still.values()),
        freezing_agrees=sum(frozen[name] == still[name] for name in starts),
        clone_losses=losses(clones),
        one_unit_losses=losses(one_unit(clones)),
        random_losses=losses(Network.initialize(rng, sizes, weights=lecun_normal())),
        best_constant=best_constant_loss(targets),
        constant_value=constant_value,
        features=inputs.shape[1],
        units=units,
        steps=steps,
    )


def _zero_start(
    rng: np.random.Generator,
    sizes: list[int],
    activation: Activation,
    *,
    data: tuple[Array, Array],
    steps: int,
) -> ZeroStart:
    history = train(
        Network.initialize(rng, sizes, weights=zeros(), activation=activation),
        *data,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=_largest_gradient,
    )
    (incoming, outgoing), (hidden, output) = history.network.weights, history.network.biases
    return ZeroStart(
        incoming=incoming,
        biases=hidden,
        outgoing=outgoing,
        largest_gradient=max(history.observed),
        output_bias_move=float(np.abs(output).max()),
        final_loss=float(history.losses[-1]),
    )


def _largest_gradient(_step: int, _network: Network, gradients: Gradients) -> float:
    """Largest magnitude of a gradient of anything but the output biases."""
    return float(max(np.abs(g).max() for g in (*gradients.weights, *gradients.biases[:-1])))
