"""Networks that `Network` does not know: a forward function, which autograd differentiates.

Such a network is a function of its parameters, written with `autograd.numpy`
(https://github.com/HIPS/autograd), which the packages of the site bring. Leading axes are an
ensemble here too: members do not meet in the function, so its gradients are each member's own.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import autograd.numpy as anp
import numpy as np
from autograd import make_vjp

from initexplain.checks import Array
from initexplain.optimizers import Optimizer, find_optimizer

Parameters = Mapping[str, Array]
Loss = Callable[[Any, int], Any]
"""From the parameters and the number of the update to the loss of each member, `(...)`."""


class Moment(NamedTuple):
    """A network between two updates.

    Attributes:
        losses: of each member, `(...)`.
        parameters: by name.
        gradients: of each member's loss, by name, in the shapes of the parameters.
    """

    losses: Array
    parameters: Parameters
    gradients: Parameters


def descent(
    loss: Loss,
    start: Parameters,
    *,
    learning_rate: float | Mapping[str, Any],
    optimizer: str | Optimizer = "sgd",
) -> Iterator[Moment]:
    """Updates a network as long as somebody asks for the next moment; the start is the first.

    Args:
        loss: called with the parameters and the number of the update, which chooses a batch.
        start: arrays by name. They are not changed.
        learning_rate: one for all, or by name; a name without one does not move.
        optimizer: as for [`train`][initexplain.training.train].

    Examples:
        The parabola of `w = 1` and that of `w = 2`, both at the rate 0.5:

        >>> def half_square(parameters, update):
        ...     return 0.5 * parameters["w"] ** 2
        >>> moments = descent(half_square, {"w": np.array([1.0, 2.0])}, learning_rate=0.5)
        >>> [moment.losses.tolist() for moment, _ in zip(moments, range(3))]
        [[0.5, 2.0], [0.125, 0.5], [0.03125, 0.125]]
    """
    rates: Mapping[str, Any] = (
        learning_rate if isinstance(learning_rate, Mapping) else dict.fromkeys(start, learning_rate)
    )
    rule = find_optimizer(optimizer)
    slots = {name: [np.zeros_like(p) for _ in range(rule.slots)] for name, p in start.items()}
    parameters, update = start, 0
    while True:
        moment = differentiate(loss, parameters, update)
        yield moment
        update += 1
        with _may_diverge():
            directions = {
                name: rule.direction(moment.gradients[name] + rule.l2 * p, slots[name], update)
                for name, p in parameters.items()
            }
            parameters = {
                name: p - rates.get(name, 0.0) * (directions[name] + rule.weight_decay * p)
                for name, p in parameters.items()
            }


def _may_diverge() -> np.errstate:
    """A member may diverge: its losses tell."""
    return np.errstate(over="ignore", invalid="ignore")


def differentiate(loss: Loss, parameters: Parameters, update: int = 0) -> Moment:
    """The losses and their gradients.

    Examples:
        >>> differentiate(lambda p, _: p["w"] ** 3, {"w": np.array([1.0, 2.0])}).gradients
        {'w': array([ 3., 12.])}
    """
    with _may_diverge():
        vjp, losses = make_vjp(lambda p: loss(p, update))(dict(parameters))
        return Moment(losses, parameters, vjp(np.ones_like(losses)))


def half_squared_error(outputs: Any, targets: Array) -> Any:
    """Half the squared error of each member, summed over outputs, averaged over examples, `(...)`.

    Args:
        outputs: `(..., examples, ...)`, the members' axes in front of those of the targets.
        targets: `(examples, ...)`.

    Examples:
        >>> half_squared_error(np.array([[[1.0], [3.0]], [[0.0], [0.0]]]), np.zeros((2, 1)))
        array([2.5, 0. ])
    """
    error = outputs - targets
    axes = tuple(range(error.ndim - targets.ndim, error.ndim))
    return 0.5 * anp.sum(error * error, axis=axes) / len(targets)


def logistic(z: Any) -> Any:
    """`1 / (1 + exp(-z))`, without overflow.

    Examples:
        >>> logistic(np.array([0.0, 1000.0])).tolist()
        [0.5, 1.0]
    """
    return 0.5 * (1 + anp.tanh(0.5 * z))
