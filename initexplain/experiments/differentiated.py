"""Networks that `Network` does not know: a forward function, which autograd differentiates.

Such a network is a function of its parameters, written with the numpy of
[autograd](https://github.com/HIPS/autograd), which the packages of the site bring. Leading axes are
an ensemble here too: members do not meet in the function, so its gradients are each member's own.

Autograd's time is one for each operation, of small arrays whatever their size. What networks do in
every update is one operation here, with its derivative, where numpy would need several.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count, islice
from typing import Any, NamedTuple, TypeVar

import autograd.numpy as anp
import numpy as np
from autograd.core import VJPNode, add_outgrads
from autograd.extend import defvjp, primitive
from autograd.tracer import getval, new_box, trace_stack
from autograd.util import toposort

from initexplain.activations import ACTIVATIONS
from initexplain.checks import Array
from initexplain.experiments.reach import Training
from initexplain.optimizers import Optimizer, find_optimizer

Parameters = Mapping[str, Array]
Loss = Callable[[Any, int], Any]
"""From the parameters and the number of the update to the loss of each member, `(...)`."""
Slope = Callable[..., Callable[[Array], Array]]
"""From a value and the arguments that gave it to the way from a slope by the value to one by an
argument."""
_Operation = TypeVar("_Operation", bound=Callable[..., Any])


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
        A parabola from two starts, both at the rate 0.5:

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
    moment = differentiate(loss, start, 0)
    slots = {
        name: [np.zeros_like(moment.gradients[name]) for _ in range(rule.slots)] for name in rates
    }
    yield moment
    for update in count(1):
        parameters = dict(moment.parameters)
        with _may_diverge():
            for name, rate in rates.items():
                p = parameters[name]
                move = rule.move(p, moment.gradients[name], slots[name], update)
                # in the gradient's own order in memory, which may be that of the transpose
                step = -rate * move
                step += p
                parameters[name] = step
        moment = differentiate(loss, parameters, update)
        yield moment


def moments(loss: Loss, start: Parameters, training: Training, **rates: Any) -> list[Moment]:
    """A network before its first update and after each one; `rates` instead of the training's."""
    how = {"learning_rate": training.learning_rate, "optimizer": training.optimizer, **rates}
    return [*islice(descent(loss, start, **how), training.steps + 1)]


def _may_diverge() -> np.errstate:
    """A member may diverge: its losses tell."""
    return np.errstate(over="ignore", invalid="ignore")


def differentiate(loss: Loss, parameters: Parameters, update: int = 0) -> Moment:
    """The losses and their gradients.

    Examples:
        >>> differentiate(lambda p, _: p["w"] ** 3, {"w": np.array([1.0, 2.0])}).gradients
        {'w': array([ 3., 12.])}
    """
    roots = {name: VJPNode.new_root() for name in parameters}
    with _may_diverge():
        with trace_stack.new_trace() as trace:
            boxes = {name: new_box(p, trace, roots[name]) for name, p in parameters.items()}
            losses = loss(boxes, update)
        found = _gradients(losses, set(roots.values()))
    gradients = {
        name: found[root] if root in found else np.zeros_like(parameters[name])
        for name, root in roots.items()
    }
    return Moment(getval(losses), parameters, gradients)


def _gradients(losses: Any, roots: Collection[Any]) -> dict[Any, Array]:
    """Autograd's backward pass, to a root for each parameter.

    Its own `make_vjp` takes the parameters as one argument; then every use of one of them brings a
    gradient of all of them, which is zero elsewhere.
    """
    end = losses._node  # noqa: SLF001 - the public way to it has a single root
    pending, found = {end: (np.ones_like(getval(losses)), False)}, {}
    for node in toposort(end):
        gradient, _ = pending.pop(node)
        if node in roots:
            found[node] = gradient
        for parent, share in zip(node.parents, node.vjp(gradient), strict=True):
            pending[parent] = add_outgrads(pending.get(parent), share)
    return found


def operation(*slopes: Slope) -> Callable[[_Operation], _Operation]:
    """Makes a function of numpy one operation for autograd; the slopes are by its first arguments.

    Examples:
        >>> @operation(lambda cube, x: lambda by_cube: by_cube * 3 * x**2)
        ... def cube(x):
        ...     return x * x * x
        >>> differentiate(lambda p, _: cube(p["x"]), {"x": np.array([2.0])}).gradients
        {'x': array([12.])}
    """

    def made(function: _Operation) -> _Operation:
        wrapped: _Operation = primitive(function)
        defvjp(wrapped, *slopes)
        return wrapped

    return made


def _by_outputs(_losses: Array, outputs: Array, targets: Array) -> Callable[[Array], Array]:
    per_example = (outputs - targets) / len(targets)
    return lambda by_loss: by_loss.reshape(*by_loss.shape, *[1] * targets.ndim) * per_example


@operation(_by_outputs)
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
    return np.sum(error * error, axis=axes) * (0.5 / len(targets))


@operation(lambda value, _, name: lambda by_value: by_value * ACTIVATIONS[name].slope(value))
def activated(z: Any, activation: str) -> Any:
    """The values of an activation that is monotone, by its name.

    Examples:
        >>> activated(np.array([-1.0, 2.0]), "relu").tolist()
        [0.0, 2.0]
    """
    return ACTIVATIONS[activation].value(z)


def attention(query: Any, key: Any, *, causal: bool = False) -> Any:
    """How much each position takes from each, `(..., positions, positions)`: rows add up to one.

    The softmax of the scores `q k / sqrt(size)`.

    Args:
        query: of the positions that read, `(..., positions, size)`.
        key: of those that are read, likewise.
        causal: whether a position reads none that comes after it.

    Examples:
        >>> attention(np.zeros((2, 1)), np.ones((2, 1)), causal=True).tolist()
        [[1.0, 0.0], [0.5, 0.5]]
    """
    scores = anp.matmul(query, anp.swapaxes(key, -1, -2)) / query.shape[-1] ** 0.5
    if causal:
        scores = anp.where(np.tri(query.shape[-2], dtype=bool), scores, -np.inf)
    shares = anp.exp(scores)
    return shares / anp.sum(shares, axis=-1, keepdims=True)
