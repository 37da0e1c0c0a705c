"""Optimizers: the direction of an update from the gradient and what came before.

Each takes the coefficients `l2` and `weight_decay`, 0 or more, and decay rates in [0, 1), Adam an
`epsilon` above 0; other numbers raise `ValueError`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from initexplain.checks import Array, fraction, lookup, not_negative, positive


@dataclass(frozen=True)
class Optimizer:
    """A first-order optimizer that treats every parameter alone.

    A step is `p <- p - learning_rate * (direction(g + l2 p) + weight_decay p)`, for weights
    and biases alike.

    Attributes:
        name: its key in [`OPTIMIZERS`][initexplain.optimizers.OPTIMIZERS].
        slots: how many arrays of state it keeps for each parameter, zero at the start.
        direction: `(gradient, slots, step) -> direction`; updates the slots in place; `step`
            counts from 1.
        l2: coefficient of the squared-norm penalty `l2/2 |p|^2` in the loss.
        weight_decay: decoupled decay (Loshchilov and Hutter, *Decoupled weight decay
            regularization*, 2019, section 2), not seen by the direction.
    """

    name: str
    slots: int
    direction: Callable[[Array, Sequence[Array], int], Array]
    l2: float = 0.0
    weight_decay: float = 0.0

    def __post_init__(self) -> None:
        not_negative(self.l2, "l2")
        not_negative(self.weight_decay, "weight_decay")

    def move(self, p: Array, gradient: Array, slots: Sequence[Array], step: int) -> Array:
        """What a step takes off the parameters `p`, but for the learning rate."""
        # zeros are not added: where the arrays are large that takes as long as the rest
        penalized = gradient + self.l2 * p if self.l2 else gradient
        direction = self.direction(penalized, slots, step)
        return direction + self.weight_decay * p if self.weight_decay else direction


def sgd(*, l2: float = 0.0, weight_decay: float = 0.0) -> Optimizer:
    """Plain gradient descent: the direction is the gradient.

    Examples:
        >>> sgd().slots
        0
    """
    return Optimizer("sgd", 0, _steepest, l2, weight_decay)


def momentum(beta: float = 0.9, *, l2: float = 0.0, weight_decay: float = 0.0) -> Optimizer:
    """Heavy-ball momentum: `v <- beta v + g`, the direction is `v`.

    Source: Polyak (1964); Sutskever, Martens, Dahl and Hinton, *On the importance of
    initialization and momentum in deep learning* (2013), section 2, has the learning rate in `v`,
    which is the same as long as it does not change.

    Examples:
        >>> momentum(0.5).slots
        1
    """
    return Optimizer("momentum", 1, partial(_heavy_ball, fraction(beta, "beta")), l2, weight_decay)


def adam(
    *,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    l2: float = 0.0,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Adam: moving averages of the gradient and its square, each corrected for its start at 0.

    Source: Kingma and Ba, *Adam: a method for stochastic optimization* (2015), algorithm 1.
    With `weight_decay` it is AdamW. The rates have names, since the first number that other
    libraries take is the learning rate, which here belongs to the training.

    Examples:
        >>> adam().slots
        2
    """
    rates = fraction(beta1, "beta1"), fraction(beta2, "beta2"), positive(epsilon, "epsilon")
    return Optimizer("adam", 2, partial(_adaptive_moments, rates), l2, weight_decay)


# The directions are functions of the module, so that an optimizer travels to another process.


def _steepest(gradient: Array, _slots: Sequence[Array], _step: int) -> Array:
    return gradient


def _heavy_ball(beta: float, gradient: Array, slots: Sequence[Array], _step: int) -> Array:
    (velocity,) = slots
    velocity *= beta
    velocity += gradient
    return velocity


def _adaptive_moments(
    rates: tuple[float, float, float], gradient: Array, slots: Sequence[Array], step: int
) -> Array:
    beta1, beta2, epsilon = rates
    first, second = slots
    first += (1 - beta1) * (gradient - first)
    second += (1 - beta2) * (gradient * gradient - second)
    root = np.sqrt(second / (1 - beta2**step)) + epsilon
    move: Array = first / (1 - beta1**step) / root
    return move


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {"sgd": sgd, "momentum": momentum, "adam": adam}
"""Every optimizer of the package with its default settings, by name."""


def find_optimizer(optimizer: str | Optimizer) -> Optimizer:
    """The optimizer of that name with its defaults; an `Optimizer` is returned as it is.

    Examples:
        >>> find_optimizer("adam").name
        'adam'
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    return lookup(OPTIMIZERS, optimizer, "optimizer")()
