"""Optimizers and training: gradient descent on one network or on an ensemble of them."""

import math
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initexplain.checks import Array, count, lookup, not_negative, positive
from initexplain.losses import Loss, find_loss
from initexplain.network import (
    Gradients,
    Network,
    check_inputs,
    check_targets,
    run_backward,
    run_forward,
)

Indices = NDArray[np.int64]


class DivergenceWarning(UserWarning):
    """Training left the finite numbers; the message says at which step."""


@dataclass(frozen=True)
class Optimizer:
    """A first-order optimizer that treats every parameter alone.

    A step is `p <- p - learning_rate * (direction(g + l2 p) + weight_decay p)`, for weights
    and biases alike.

    Attributes:
        name: its key in [`OPTIMIZERS`][initexplain.training.OPTIMIZERS].
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


def sgd(*, l2: float = 0.0, weight_decay: float = 0.0) -> Optimizer:
    """Plain gradient descent: the direction is the gradient.

    Raises:
        ValueError: a coefficient is negative or not finite.

    Examples:
        >>> sgd().slots
        0
    """
    return Optimizer("sgd", 0, lambda gradient, _slots, _step: gradient, l2, weight_decay)


def momentum(beta: float = 0.9, *, l2: float = 0.0, weight_decay: float = 0.0) -> Optimizer:
    """Heavy-ball momentum: `v <- beta v + g`, the direction is `v`.

    Source: Polyak (1964), in the form of Sutskever, Martens, Dahl and Hinton, *On the
    importance of initialization and momentum in deep learning* (2013), section 2.

    Raises:
        ValueError: `beta` is not in [0, 1), or a coefficient is negative or not finite.

    Examples:
        >>> momentum(0.5).slots
        1
    """
    _check_fraction(beta, "beta")

    def direction(gradient: Array, slots: Sequence[Array], _step: int) -> Array:
        (velocity,) = slots
        velocity *= beta
        velocity += gradient
        return velocity

    return Optimizer("momentum", 1, direction, l2, weight_decay)


def adam(
    beta1: float = 0.9,
    beta2: float = 0.999,
    *,
    epsilon: float = 1e-8,
    l2: float = 0.0,
    weight_decay: float = 0.0,
) -> Optimizer:
    """Adam: moving averages of the gradient and its square, each corrected for its start at 0.

    Source: Kingma and Ba, *Adam: a method for stochastic optimization* (2015), algorithm 1.
    With `weight_decay` it is AdamW.

    Raises:
        ValueError: a beta is not in [0, 1), `epsilon` is not above 0, or a coefficient is
            negative or not finite.

    Examples:
        >>> adam().slots
        2
    """
    _check_fraction(beta1, "beta1")
    _check_fraction(beta2, "beta2")
    positive(epsilon, "epsilon")

    def direction(gradient: Array, slots: Sequence[Array], step: int) -> Array:
        first, second = slots
        first += (1 - beta1) * (gradient - first)
        second += (1 - beta2) * (gradient * gradient - second)
        root = np.sqrt(second / (1 - beta2**step)) + epsilon
        move: Array = first / (1 - beta1**step) / root
        return move

    return Optimizer("adam", 2, direction, l2, weight_decay)


OPTIMIZERS: dict[str, Callable[[], Optimizer]] = {"sgd": sgd, "momentum": momentum, "adam": adam}
"""Every optimizer of the package with its default settings, by name."""


def find_optimizer(optimizer: str | Optimizer) -> Optimizer:
    """The optimizer of that name with its defaults; an `Optimizer` is returned as it is.

    Raises:
        ValueError: the name is unknown; the message lists the known ones.

    Examples:
        >>> find_optimizer("adam").name
        'adam'
    """
    if isinstance(optimizer, Optimizer):
        return optimizer
    return lookup(OPTIMIZERS, optimizer, "optimizer")()


Observer = Callable[[int, Network, Gradients], Any]
"""`observe(step, network, gradients)`: the parameters before update `step + 1`, and the
gradients of that update, both read-only."""


@dataclass(frozen=True, eq=False)
class History:
    """What training recorded.

    Attributes:
        losses: `(steps + 1, ...)`: the loss on all the examples (without dropout) before the
            first update and after every update. NaN from the step at which a member diverged.
        network: the trained network; a member that diverged keeps its last finite parameters.
        diverged_at: the step at which the loss or a parameter stopped being finite, of the
            ensemble's shape; -1 for members that did not diverge.
        observed: what the observer returned, in the order of steps.
    """

    losses: Array
    network: Network
    diverged_at: Indices
    observed: list[Any] = field(default_factory=list)


def train(
    network: Network,
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    steps: int,
    learning_rate: float,
    optimizer: str | Optimizer = "sgd",
    loss: str | Loss = "squared_error",
    batch_size: int | None = None,
    dropout: float = 0.0,
    rng: np.random.Generator | None = None,
    observe: Observer | None = None,
    observe_every: int = 1,
) -> History:
    """Trains a network, or every member of an ensemble, by gradient descent.

    A large ensemble is trained in groups that fit into the cache, on all cores. The result does
    not depend on their number.

    Args:
        network: where to start; it is not changed.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        targets: `(examples, outputs)`, or with the ensemble's axes in front.
        steps: number of updates; 0 only measures the loss.
        learning_rate: step size, 0 or more.
        optimizer: a name in [`OPTIMIZERS`][initexplain.training.OPTIMIZERS], or an `Optimizer`.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.
        batch_size: examples per update, drawn anew in every epoch and the same for all members;
            all of them if not given. An epoch uses every example once, so that its last batch
            is smaller if `batch_size` does not divide the examples.
        dropout: chance of each hidden unit to be left out, drawn for every example and member.
        rng: needed for mini-batches and dropout.
        observe: called as `observe(step, network, gradients)` before updates
            `0, observe_every, 2 observe_every, ...` and at the end (with the gradients that the
            next update would use).
        observe_every: steps between two calls.

    Returns:
        Losses, trained network, divergence and observations.

    Raises:
        ValueError: an unknown name, a negative learning rate, data that do not fit, or
            randomness asked for without `rng`.

    Warns:
        DivergenceWarning: a member's loss or parameters stopped being finite. It stops there,
            the others go on.

    Examples:
        >>> net = Network(weights=[[[0.0]]], biases=[[0.0]])
        >>> history = train(net, [[1.0], [2.0]], [[3.0], [5.0]], steps=500, learning_rate=0.3)
        >>> history.losses.shape, float(history.network.weights[0].round(3)[0, 0])
        ((501,), 2.0)
    """
    if rng is None and (dropout > 0 or batch_size is not None):
        raise ValueError("mini-batches and dropout are random: pass rng")
    criterion = find_loss(loss)
    data = check_inputs(network, inputs)
    wanted = check_targets(network, data, targets, criterion)
    settings = _Settings(
        optimizer=find_optimizer(optimizer),
        loss=criterion,
        steps=count(steps, "steps", least=0),
        learning_rate=not_negative(learning_rate, "learning_rate"),
        batch_size=_check_batch_size(batch_size, data.shape[-2]),
        dropout=_check_fraction(dropout, "dropout"),
        rng=rng,
        observe=observe,
        observe_every=count(observe_every, "observe_every"),
    )
    # an observer wants to see the whole ensemble, and randomness is drawn for all of it
    if observe is not None or rng is not None:
        groups = [(network, data, wanted)]
    else:
        groups = list(_groups(network, data, wanted))
    if len(groups) == 1:
        histories = [_train_group(groups[0], settings)]
    else:
        with ThreadPoolExecutor(os.cpu_count()) as threads:
            histories = list(threads.map(lambda group: _train_group(group, settings), groups))
    history = histories[0] if len(groups) == 1 else _joined(histories, network.ensemble)
    _warn_of_divergence(history, settings.learning_rate)
    return history


@dataclass(frozen=True)
class _Settings:
    """The arguments of `train`, checked."""

    optimizer: Optimizer
    loss: Loss
    steps: int
    learning_rate: float
    batch_size: int | None
    dropout: float
    rng: np.random.Generator | None
    observe: Observer | None
    observe_every: int


_Group = tuple[Network, Array, Array]

# activations of one layer of a group, in bytes: several layers of it fit into a core's cache
GROUP_BYTES = 2**18


def _groups(network: Network, inputs: Array, targets: Array) -> Iterator[_Group]:
    """Parts of an ensemble, with their data, that are trained one by one.

    Their size depends on the network and the data alone, not on the machine: so do the results.
    """
    member_bytes = inputs.shape[-2] * max(network.sizes) * network.dtype.itemsize
    size = max(1, GROUP_BYTES // member_bytes)
    if math.prod(network.ensemble) <= size:
        yield network, inputs, targets
        return
    own_data_axes = len(network.ensemble) + 2

    def flattened(array: Array, kept_axes: int) -> Array:
        return array.reshape(-1, *array.shape[array.ndim - kept_axes :])

    weights = [flattened(w, 2) for w in network.weights]
    biases = [flattened(b, 1) for b in network.biases]
    own_data = [flattened(d, 2) if d.ndim == own_data_axes else d for d in (inputs, targets)]
    for start in range(0, len(weights[0]), size):
        part = slice(start, start + size)
        data, wanted = (d[part] if d.ndim == 3 else d for d in own_data)
        group = Network([w[part] for w in weights], [b[part] for b in biases], network.activation)
        yield group, data, wanted


def _joined(histories: Sequence[History], ensemble: tuple[int, ...]) -> History:
    """The history of an ensemble from those of its groups."""

    def joined(parts: Sequence[Array], axis: int = 0) -> Array:
        whole = np.concatenate(parts, axis=axis)
        return whole.reshape(*whole.shape[:axis], *ensemble, *whole.shape[axis + 1 :])

    networks = [history.network for history in histories]
    return History(
        losses=joined([history.losses for history in histories], axis=1),
        network=Network(
            [joined(parts) for parts in zip(*(n.weights for n in networks), strict=True)],
            [joined(parts) for parts in zip(*(n.biases for n in networks), strict=True)],
            networks[0].activation,
        ),
        diverged_at=np.concatenate([h.diverged_at for h in histories]).reshape(ensemble),
    )


def _train_group(group: _Group, settings: _Settings) -> History:
    """Trains one group of an ensemble, from the first step to the last."""
    network, inputs, targets = group
    run = _Run(network, settings)
    batches = _batches(inputs.shape[-2], settings.batch_size, settings.rng)
    observe, every, last = settings.observe, settings.observe_every, settings.steps
    losses = np.empty((last + 1, *network.ensemble), dtype=network.dtype)
    observed = []
    with np.errstate(over="ignore", invalid="ignore"):
        for step in range(last + 1):
            gradients, losses[step] = run.gradients(inputs, targets, next(batches))
            run.note_divergence(step, losses[step])
            if observe is not None and (step % every == 0 or step == last):
                observed.append(observe(step, run.snapshot(), _read_only(gradients)))
            if step < last:
                run.update(gradients, step + 1)
    after = np.arange(last + 1).reshape(-1, *(1 for _ in network.ensemble)) >= run.diverged_at
    losses[after & run.stopped] = np.nan
    return History(losses, run.snapshot(), run.diverged_at, observed)


def _warn_of_divergence(history: History, learning_rate: float) -> None:
    """One warning for all the members that diverged."""
    steps = history.diverged_at[history.diverged_at >= 0]
    if steps.size:
        size = history.diverged_at.size
        members = f"{steps.size} of {size} members, " if history.network.ensemble else ""
        warnings.warn(
            f"training diverged at step {steps.min()} ({members}learning_rate="
            f"{learning_rate}): the loss or a parameter is no longer finite",
            DivergenceWarning,
            stacklevel=3,
        )


class _Run:
    """The state of a training: parameters, their values one step ago, optimizer slots."""

    def __init__(self, network: Network, settings: _Settings) -> None:
        self.layers = len(network.weights)
        self.activation, self.ensemble = network.activation, network.ensemble
        self.optimizer, self.loss = settings.optimizer, settings.loss
        self.learning_rate, self.dropout = settings.learning_rate, settings.dropout
        self.rng = settings.rng
        slots = self.optimizer.slots
        # weights first, then biases; `previous` is what a member returns to when it diverges
        self.parameters = [p.copy() for p in (*network.weights, *network.biases)]
        self.previous = [p.copy() for p in self.parameters]
        self.slots = [[np.zeros_like(p) for _ in range(slots)] for p in self.parameters]
        self.diverged_at: Indices = np.full(network.ensemble, -1, dtype=np.int64)

    @property
    def weights(self) -> list[Array]:
        return self.parameters[: self.layers]

    @property
    def biases(self) -> list[Array]:
        return self.parameters[self.layers :]

    @property
    def stopped(self) -> NDArray[np.bool_]:
        """Which members diverged, of the ensemble's shape."""
        return np.asarray(self.diverged_at >= 0)

    def snapshot(self) -> Network:
        """A copy of the network as it stands."""
        return Network(self.weights, self.biases, self.activation)

    def gradients(
        self, inputs: Array, targets: Array, batch: Indices | None
    ) -> tuple[Gradients, Array]:
        """The gradients of the next update, and the loss on all the examples."""
        trace = run_forward(self.weights, self.biases, self.activation, inputs)
        value, error = self.loss.evaluate(trace.outputs, targets)
        masks = None
        if batch is not None or self.dropout > 0:
            if batch is not None:
                inputs, targets = inputs[..., batch, :], targets[..., batch, :]
            masks = self._masks(inputs.shape[-2])
            trace = run_forward(self.weights, self.biases, self.activation, inputs, masks=masks)
            _, error = self.loss.evaluate(trace.outputs, targets)
        found = run_backward(self.weights, self.activation, inputs, trace, error, masks=masks)
        return found, value

    def update(self, gradients: Gradients, step: int) -> None:
        """One step of the optimizer; members that diverged stay where they are."""
        rule, stopped = self.optimizer, self.stopped
        for i, gradient in enumerate((*gradients.weights, *gradients.biases)):
            p, updated = self.parameters[i], self.previous[i]
            penalized = gradient + rule.l2 * p if rule.l2 else gradient
            move = rule.direction(penalized, self.slots[i], step)
            if rule.weight_decay:
                move = move + rule.weight_decay * p
            np.subtract(p, self.learning_rate * move, out=updated)
            if stopped.any():
                updated[stopped] = p[stopped]
            self.parameters[i], self.previous[i] = updated, p

    def note_divergence(self, step: int, loss: Array) -> None:
        """Stops the members that are not finite at this step and takes back their last update."""
        finite = np.isfinite(loss)
        for p in self.parameters:
            finite = finite & np.isfinite(p).all(axis=tuple(range(len(self.ensemble), p.ndim)))
        new = np.asarray(~finite & ~self.stopped)
        if new.any():
            self.diverged_at[new] = step
            for p, last in zip(self.parameters, self.previous, strict=True):
                p[new] = last[new]

    def _masks(self, examples: int) -> list[Array] | None:
        if self.dropout == 0 or self.rng is None:
            return None
        keep = 1.0 - self.dropout
        shapes = [(*self.ensemble, examples, w.shape[-2]) for w in self.weights[:-1]]
        dtype = self.weights[0].dtype
        return [(self.rng.random(shape) < keep).astype(dtype) / keep for shape in shapes]


def _read_only(gradients: Gradients) -> Gradients:
    # an observer that writes into them would change the update
    for gradient in (*gradients.weights, *gradients.biases):
        gradient.flags.writeable = False
    return gradients


def _batches(
    examples: int, batch_size: int | None, rng: np.random.Generator | None
) -> Iterator[Indices | None]:
    """Endless batches of indices, each example once an epoch; None stands for all of them."""
    while batch_size is None or rng is None:
        yield None
    while True:
        order = rng.permutation(examples)
        for start in range(0, examples, batch_size):
            yield order[start : start + batch_size]


def _check_batch_size(batch_size: int | None, examples: int) -> int | None:
    if batch_size is not None and count(batch_size, "batch_size") > examples:
        raise ValueError(f"batch_size {batch_size} is larger than the {examples} examples")
    return batch_size


def _check_fraction(value: float, name: str) -> float:
    if not 0 <= value < 1:
        raise ValueError(f"{name} must be at least 0 and below 1, found {value!r}")
    return float(value)
