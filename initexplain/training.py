"""Training: gradient descent on one network or on an ensemble of them.

The shapes of data, and of what an ensemble puts in front, are those of
[`network`][initexplain.network].
"""

import math
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initexplain.checks import Array, count, fraction, not_negative
from initexplain.losses import Loss, find_loss
from initexplain.network import Gradients, Network, check_inputs, check_targets, copied
from initexplain.optimizers import Optimizer, find_optimizer
from initexplain.parameters import locked
from initexplain.passes import run_backward, run_forward

Indices = NDArray[np.int64]


class DivergenceWarning(UserWarning):
    """Training left the finite numbers; the message says at which step."""


Observer = Callable[[int, Network, Gradients], Any]
"""`observe(step, network, gradients)`: the parameters before update `step + 1`, and the
gradients of that update, both read-only."""


@dataclass(frozen=True, eq=False)
class History:
    """What training recorded.

    Attributes:
        losses: `(steps + 1, ...)`: the loss on all the examples (without dropout) before the
            first update and after every update; `(records, ...)` where it is not recorded at every
            one. NaN from the step at which a member diverged.
        network: the trained network; a member that diverged keeps its last finite parameters.
        diverged_at: the step at which the loss or a parameter stopped being finite, of the
            ensemble's shape; -1 for members that did not diverge.
        observed: what the observer returned, in the order of steps.
    """

    losses: Array
    network: Network
    diverged_at: Indices
    observed: list[Any] = field(default_factory=list)

    @property
    def final_losses(self) -> Array:
        """The losses after the last update, `(...)`; infinite for members that diverged."""
        last = self.losses[-1]
        return np.where(self.diverged_at >= 0, np.inf, last).astype(last.dtype)


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
    losses_every: int = 1,
) -> History:
    """Trains a network, or every member of an ensemble, by gradient descent, on one core.

    With threadpoolctl (in the main thread) the matrix products keep to that core too; else
    `OPENBLAS_NUM_THREADS=1` in the environment does it. Spread over cores, small products wait
    longer than they compute, and their rounding depends on the number of cores.

    Args:
        network: where to start; it is not changed.
        inputs: `(examples, features)`.
        targets: `(examples, outputs)`.
        steps: number of updates; 0 only measures the loss.
        learning_rate: 0 or more.
        optimizer: a name in [`OPTIMIZERS`][initexplain.optimizers.OPTIMIZERS], or an `Optimizer`.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.
        batch_size: examples per update, all of them if not given; the same for all members. Every
            epoch shuffles them and uses each once: its last batch may be smaller.
        dropout: chance of each hidden unit to be left out, drawn for every example and member.
        rng: needed for mini-batches and dropout: without it, these raise `ValueError`.
        observe: called as `observe(step, network, gradients)` at steps
            `0, observe_every, 2 observe_every, ...` and at the end (with the gradients that the
            next update would use).
        observe_every: steps between two calls.
        losses_every: steps between two records of the losses, of which the last is after the last
            update. With mini-batches and dropout each costs a pass over all the examples.

    Warns:
        DivergenceWarning: a member's loss or parameters stopped being finite. It stops there,
            the others go on.

    Examples:
        >>> net = Network(weights=[[[0.0]]], biases=[[0.0]])
        >>> history = train(net, [[1.0], [2.0]], [[3.0], [5.0]], steps=500, learning_rate=0.3)
        >>> history.losses.shape, float(history.network.weights[0].round(3)[0, 0])
        ((501,), 2.0)
    """
    descent = Descent(
        network,
        inputs,
        targets,
        steps=steps,
        learning_rate=learning_rate,
        optimizer=optimizer,
        loss=loss,
        batch_size=batch_size,
        dropout=dropout,
        rng=rng,
        observe=observe,
        observe_every=observe_every,
        losses_every=losses_every,
    )
    history = descent.run()
    diverged = history.diverged_at[history.diverged_at >= 0]
    if diverged.size:
        members = f"{diverged.size} of {history.diverged_at.size} members, "
        warnings.warn(
            f"training diverged at step {diverged.min()} ({members if network.ensemble else ''}"
            f"learning_rate={descent.learning_rate}): the loss or a parameter is no longer finite",
            DivergenceWarning,
            stacklevel=2,
        )
    return history


class Descent:
    """The arguments of [`train`][initexplain.training.train], checked and ready to run.

    It may be sent to another process, and gives no warning of members that diverge.
    """

    def __init__(
        self,
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
        losses_every: int = 1,
    ) -> None:
        self.network, self.rng, self.observe = network, rng, observe
        self.optimizer, self.loss = find_optimizer(optimizer), find_loss(loss)
        self.steps = count(steps, "steps", least=0)
        self.learning_rate = not_negative(learning_rate, "learning_rate")
        self.batch_size = None if batch_size is None else count(batch_size, "batch_size")
        self.dropout = fraction(dropout, "dropout")
        self.observe_every = count(observe_every, "observe_every")
        self.losses_every = count(losses_every, "losses_every")
        self.inputs = check_inputs(network, inputs)
        self.targets = check_targets(network, self.inputs, targets, self.loss)
        self.random = batch_size is not None or self.dropout > 0
        if self.random and not isinstance(rng, np.random.Generator):
            raise ValueError(
                "mini-batches and dropout are random: pass rng, a numpy.random.Generator, "
                f"not {rng!r}"
            )
        examples = self.inputs.shape[-2]
        if self.batch_size is not None and self.batch_size > examples:
            raise ValueError(f"batch_size {batch_size} is larger than the {examples} examples")

    def run(self) -> History:
        """Trains from the first step to the last."""
        _keep_freed_memory()
        state = _State(self.network, self.optimizer)
        batches = self._batches()
        records = -(-self.steps // self.losses_every) + 1
        losses = np.empty((records, *self.network.ensemble), self.network.dtype)
        observed, callers = [], np.geterr()
        with _one_blas_thread(), np.errstate(all="ignore"):  # what is not finite is noted
            for step in range(self.steps + 1):
                # of the steps with this record the last one counts
                record = -(-step // self.losses_every)
                losses[record] = self._pass(
                    state, next(batches), self._due(step, self.losses_every)
                )
                if state.diverges(step, losses[record]):
                    losses[record, ...][state.stopped] = np.nan
                if self.observe and self._due(step, self.observe_every):
                    with np.errstate(**callers):
                        seen = self.observe(step, state.network(), state.locked_gradients())
                    observed.append(seen)
                if step < self.steps:
                    state.update(step + 1, self.learning_rate)
        return History(losses, state.network(), state.diverged_at, observed)

    def _due(self, step: int, every: int) -> bool:
        """Whether it is the turn of what is done every so many steps, and after the last one."""
        return step % every == 0 or step == self.steps

    def _pass(self, state: "_State", batch: Indices | None, recorded: bool) -> Array:
        """Puts the gradients of the next update into the state.

        Returns the loss, which is that on all the examples if it is `recorded`.
        """
        weights, biases = state.layers.weights, state.layers.biases
        activation = self.network.activation
        inputs, targets, masks = self.inputs, self.targets, list[Array]()
        if recorded or not self.random:
            trace = run_forward(weights, biases, activation, inputs, keep_all=False)
            loss, error = self.loss.evaluate(trace.outputs, targets)
        if self.random:
            if batch is not None:
                # in C order, which indexing would not keep: see check_inputs
                inputs, targets = (np.take(d, batch, axis=-2) for d in (inputs, targets))
            masks = self._masks(inputs.shape[-2])
            trace = run_forward(weights, biases, activation, inputs, masks=masks, keep_all=False)
            here, error = self.loss.evaluate(trace.outputs, targets)
            loss = loss if recorded else here
        run_backward(weights, activation, inputs, trace, error, masks=masks, out=state.gradients)
        return loss

    def _batches(self) -> Iterator[Indices | None]:
        """Endless batches of indices, each example once an epoch; None stands for all of them."""
        while self.batch_size is None or self.rng is None:
            yield None
        while True:
            order = self.rng.permutation(self.inputs.shape[-2])
            for start in range(0, len(order), self.batch_size):
                yield order[start : start + self.batch_size]

    def _masks(self, examples: int) -> list[Array]:
        """Factors of the hidden units: 0 with the chance of dropout, else 1 / (1 - dropout)."""
        if self.dropout == 0 or self.rng is None:
            return []
        keep, network = 1.0 - self.dropout, self.network
        shapes = [(*network.ensemble, examples, units) for units in network.sizes[1:-1]]
        return [(self.rng.random(s) < keep).astype(network.dtype) / keep for s in shapes]


class _State:
    """What changes in a training.

    All parameters of an ensemble are one array `(..., parameters)`, of which the layers' are views,
    and so are the gradients: an optimizer and a check for divergence need one pass over one array.
    """

    def __init__(self, network: Network, optimizer: Optimizer) -> None:
        self.start, self.ensemble = network, network.ensemble
        self.optimizer = optimizer
        arrays = (*network.weights, *network.biases)
        flat = [a.reshape(*self.ensemble, -1) for a in arrays]
        self.values = np.concatenate(flat, axis=-1)
        # what a member returns to when it diverges; an update writes there and exchanges both
        self.previous = self.values.copy()
        self.gradient, self.move = np.empty_like(self.values), np.empty_like(self.values)
        self.slots = [np.zeros_like(self.values) for _ in range(optimizer.slots)]
        self.diverged_at: Indices = np.full(self.ensemble, -1, dtype=np.int64)
        self.stopped: NDArray[np.bool_] = np.zeros(self.ensemble, dtype=bool)
        self.any_stopped = False
        self.gradients = self._by_layer(self.gradient)
        self.layers, self.layers_before = map(self._by_layer, (self.values, self.previous))

    def _by_layer(self, values: Array) -> Gradients:
        """The weights and biases that are views of all parameters."""
        arrays = (*self.start.weights, *self.start.biases)
        ends = np.cumsum([math.prod(p.shape[len(self.ensemble) :]) for p in arrays])
        parts = np.split(values, ends[:-1], axis=-1)
        views = [part.reshape(p.shape) for part, p in zip(parts, arrays, strict=True)]
        layers = len(self.start.weights)
        return Gradients(tuple(views[:layers]), tuple(views[layers:]))

    def network(self) -> Network:
        """A copy of the network as it stands."""
        return copied(self.start, self.layers.weights, self.layers.biases)

    def locked_gradients(self) -> Gradients:
        """A copy of the gradients; an observer that writes into them fails."""
        return Gradients(locked(self.gradients.weights), locked(self.gradients.biases))

    def update(self, step: int, learning_rate: float) -> None:
        """One step of the optimizer; members that diverged stay where they are."""
        p = self.values
        move = self.optimizer.move(p, self.gradient, self.slots, step)
        np.multiply(move, learning_rate, out=self.move)
        np.subtract(p, self.move, out=self.previous)
        self.values, self.previous = self.previous, p
        self.layers, self.layers_before = self.layers_before, self.layers
        if self.any_stopped:
            self.values[self.stopped] = p[self.stopped]

    def diverges(self, step: int, loss: Array) -> bool:
        """Stops the members that are not finite at this step and takes back their last update.

        Says whether there are such members, now or before.
        """
        # a sum is finite only if everything in it is
        total = np.add.reduce(self.values, axis=None) + np.add.reduce(loss, axis=None)
        if math.isfinite(total):
            return self.any_stopped
        finite = np.isfinite(loss) & np.isfinite(self.values).all(axis=-1)
        new = np.asarray(~finite & ~self.stopped)
        self.diverged_at[new] = step
        self.stopped |= new
        self.any_stopped = bool(self.stopped.any())
        self.values[new] = self.previous[new]
        return self.any_stopped


@cache
def _keep_freed_memory() -> None:
    """Has the C library keep blocks that are freed, up to 32 MiB, for the arrays of the next step.

    From a bound on, glibc gives blocks back to the system, and to get them anew takes as long as
    many a step. The bound is the largest block freed so far (mallopt(3), M_MMAP_THRESHOLD).
    """
    np.empty(2**25 - 2**16, np.uint8)


def _one_blas_thread() -> AbstractContextManager[Any]:
    # there is one setting for all threads: other ones than the main thread leave it alone
    blas = _blas() if threading.current_thread() is threading.main_thread() else None
    return blas.limit(limits=1, user_api="blas") if blas else nullcontext()


@cache
def _blas() -> Any:
    """What sets the number of threads of the libraries that are loaded, or None."""
    try:
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return ThreadpoolController()
