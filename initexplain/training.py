"""Training: gradient descent on one network or on an ensemble of them."""

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initexplain.checks import Array, count, fraction, not_negative
from initexplain.losses import Loss, find_loss
from initexplain.network import (
    Gradients,
    Network,
    Trace,
    blank_trace,
    check_inputs,
    check_targets,
    run_backward,
    run_forward,
)
from initexplain.optimizers import Optimizer, find_optimizer
from initexplain.threads import cores, one_blas_thread

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
) -> History:
    """Trains a network, or every member of an ensemble, by gradient descent.

    A large ensemble is trained in parts, on all cores (on processes it is quicker still: see
    [`sweep`][initexplain.sweeps.sweep]). The result does not depend on their number (for layers
    of a hundred units and more, where threadpoolctl is installed: see
    [`one_blas_thread`][initexplain.threads.one_blas_thread]).

    Args:
        network: where to start; it is not changed.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        targets: `(examples, outputs)`, or with the ensemble's axes in front.
        steps: number of updates; 0 only measures the loss.
        learning_rate: step size, 0 or more.
        optimizer: a name in [`OPTIMIZERS`][initexplain.optimizers.OPTIMIZERS], or an `Optimizer`.
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
    settings = Settings(
        optimizer=find_optimizer(optimizer),
        loss=find_loss(loss),
        steps=count(steps, "steps", least=0),
        learning_rate=not_negative(learning_rate, "learning_rate"),
        batch_size=None if batch_size is None else count(batch_size, "batch_size"),
        dropout=fraction(dropout, "dropout"),
        rng=rng,
        observe=observe,
        observe_every=count(observe_every, "observe_every"),
    )
    if settings.random and not isinstance(rng, np.random.Generator):
        raise ValueError(
            f"mini-batches and dropout are random: pass rng, a numpy.random.Generator, not {rng!r}"
        )
    tasks = split(network, inputs, targets, settings, threads=cores())
    workers = useful_threads(tasks)
    if workers == 1:
        histories = [run_task(task) for task in tasks]
    else:
        stop = Event()
        with ThreadPoolExecutor(workers) as threads, set_on_error(stop):
            running = [threads.submit(run_task, task, stop=stop) for task in tasks]
            done, _ = wait(running, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()  # raises at once what one of them raised, so that the others stop
            histories = [future.result() for future in running]
    history = joined(histories, network.ensemble)
    _warn_of_divergence(history, settings.learning_rate)
    return history


@dataclass(frozen=True)
class Settings:
    """The arguments of [`train`][initexplain.training.train] beside network and data, checked."""

    optimizer: Optimizer
    loss: Loss
    steps: int
    learning_rate: float
    batch_size: int | None = None
    dropout: float = 0.0
    rng: np.random.Generator | None = None
    observe: Observer | None = None
    observe_every: int = 1

    @property
    def random(self) -> bool:
        """Whether there are mini-batches or dropout."""
        return self.batch_size is not None or self.dropout > 0


@dataclass(frozen=True, eq=False)
class Task:
    """A network, or a part of an ensemble, with its data and settings."""

    network: Network
    inputs: Array
    targets: Array
    settings: Settings


CACHE_BYTES = 2**17
"""Activations of one layer of a task, in bytes: several layers of it fit into a core's cache."""
THREAD_BYTES = 2**18
"""What a thread should have of them. Threads take turns at the interpreter: if numpy's calls are
short, they wait for each other longer than they compute."""


def split(
    network: Network, inputs: ArrayLike, targets: ArrayLike, settings: Settings, *, threads: int = 1
) -> list[Task]:
    """The tasks that together train the network, or every member of the ensemble.

    Every member is computed as if it were alone, so that the result does not depend on how an
    ensemble is split. An observer wants to see the whole ensemble, and randomness is drawn for
    all of it: then there is one task.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        targets: `(examples, outputs)`, or with the ensemble's axes in front.
        settings: of the training.
        threads: how many threads of this process will run the tasks; 1 for other processes.

    Raises:
        ValueError: the data do not fit the network, the loss or the batch size.
    """
    data = check_inputs(network, inputs)
    wanted = check_targets(network, data, targets, settings.loss)
    examples = data.shape[-2]
    if settings.batch_size is not None and settings.batch_size > examples:
        raise ValueError(f"batch_size {settings.batch_size} is larger than the {examples} examples")
    members = math.prod(network.ensemble)
    parts = min(members, _parts(members * _layer_bytes(network, data), threads))
    if parts <= 1 or settings.observe is not None or settings.rng is not None:
        return [Task(network, data, wanted, settings)]
    flat = network.reshaped(members)
    own_data_axes = len(network.ensemble) + 2
    data, wanted = (
        d.reshape(-1, *d.shape[-2:]) if d.ndim == own_data_axes else d for d in (data, wanted)
    )
    tasks = []
    ends = [members * i // parts for i in range(parts + 1)]
    for part in map(slice, ends, ends[1:]):
        x, y = (d[part] if d.ndim == 3 else d for d in (data, wanted))
        weights, biases = ([p[part] for p in layers] for layers in (flat.weights, flat.biases))
        tasks.append(Task(Network(weights, biases, network.activation), x, y, settings))
    return tasks


def _layer_bytes(network: Network, inputs: Array) -> int:
    """Activations of the widest layer of one network, in bytes."""
    return int(inputs.shape[-2]) * max(network.sizes) * network.dtype.itemsize


def _parts(size: int, threads: int) -> int:
    """Into how many tasks to split activations of that size, for that many threads."""
    busy = min(threads, size // THREAD_BYTES)
    if busy <= 1:
        return math.ceil(size / CACHE_BYTES)
    return busy * math.ceil(size / (busy * 2 * THREAD_BYTES))


def useful_threads(tasks: Sequence[Task]) -> int:
    """All cores for tasks that are large enough; one thread is quicker for small ones."""
    sizes = [math.prod(t.network.ensemble) * _layer_bytes(t.network, t.inputs) for t in tasks]
    return min(len(tasks), cores()) if max(sizes) >= THREAD_BYTES else 1


def joined(histories: Sequence[History], ensemble: tuple[int, ...]) -> History:
    """The history of an ensemble from those of its tasks, in order."""
    if len(histories) == 1:
        return histories[0]
    losses = np.concatenate([history.losses for history in histories], axis=1)
    networks = [history.network for history in histories]
    weights, biases = (
        [np.concatenate(parts) for parts in zip(*layers, strict=True)]
        for layers in ((n.weights for n in networks), (n.biases for n in networks))
    )
    return History(
        losses=losses.reshape(-1, *ensemble),
        network=Network(weights, biases, networks[0].activation).reshaped(*ensemble),
        diverged_at=np.concatenate([h.diverged_at for h in histories]).reshape(ensemble),
    )


class StoppedError(RuntimeError):
    """Training was told to stop before its last step."""


@contextmanager
def set_on_error(stop: Event) -> Iterator[None]:
    """Sets the event if the block fails or is interrupted: threads cannot be ended, only asked."""
    try:
        yield
    except BaseException:
        stop.set()
        raise


def run_task(task: Task, *, stop: Event | None = None) -> History:
    """Trains one part of an ensemble, from the first step to the last.

    Raises:
        StoppedError: `stop` was set in the meantime.
    """
    settings = task.settings
    run = _Run(task)
    batches = _batches(task.inputs.shape[-2], settings.batch_size, settings.rng)
    observe, every, last = settings.observe, settings.observe_every, settings.steps
    losses = np.empty((last + 1, *task.network.ensemble), dtype=task.network.dtype)
    observed = []
    with one_blas_thread():
        for step in range(last + 1):
            if stop is not None and stop.is_set():
                raise StoppedError(f"told to stop before step {step}")
            # what is not finite is noted; the observer keeps the settings of its caller
            with np.errstate(all="ignore"):
                losses[step] = run.pass_through(next(batches))
                run.note_divergence(step, losses[step])
            if observe is not None and (step % every == 0 or step == last):
                observed.append(observe(step, run.network(), run.gradients_seen()))
            if step < last:
                with np.errstate(all="ignore"):
                    run.update(step + 1)
    after = np.arange(last + 1).reshape(-1, *(1 for _ in task.network.ensemble)) >= run.diverged_at
    losses[after & run.stopped] = np.nan
    return History(losses, run.network(), run.diverged_at, observed)


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


class _Parameters:
    """All parameters of an ensemble in one array `(..., parameters)`, and each layer's as views.

    An optimizer and a check for divergence then need one pass over one array.
    """

    def __init__(self, network: Network) -> None:
        parameters = (*network.weights, *network.biases)
        axes = len(network.ensemble)
        ends = np.cumsum([math.prod(p.shape[axes:]) for p in parameters])
        self.values = np.zeros((*network.ensemble, int(ends[-1])), dtype=network.dtype)
        parts = np.split(self.values, ends[:-1], axis=-1)
        views = [part.reshape(p.shape) for part, p in zip(parts, parameters, strict=True)]
        layers = len(network.weights)
        self.weights, self.biases = tuple(views[:layers]), tuple(views[layers:])

    @classmethod
    def of(cls, network: Network) -> "_Parameters":
        """A copy of the network's."""
        made = cls(network)
        for view, p in zip(
            (*made.weights, *made.biases), (*network.weights, *network.biases), strict=True
        ):
            view[...] = p
        return made


class _Run:
    """The state of a training: parameters, their values one step ago, optimizer slots.

    Every array that a step needs is made once, here, and written into at every step.
    """

    def __init__(self, task: Task) -> None:
        network, self.settings = task.network, task.settings
        self.inputs, self.targets = task.inputs, task.targets
        self.activation, self.ensemble = network.activation, network.ensemble
        self.parameters = _Parameters.of(network)
        # what a member returns to when it diverges
        self.previous = _Parameters.of(network)
        self.gradients = _Parameters(network)
        self.slots = [
            np.zeros_like(self.parameters.values) for _ in range(self.settings.optimizer.slots)
        ]
        self.traces: dict[int, Trace] = {}
        self.diverged_at: Indices = np.full(network.ensemble, -1, dtype=np.int64)
        self.stopped: NDArray[np.bool_] = np.zeros(network.ensemble, dtype=bool)

    def network(self) -> Network:
        """A copy of the network as it stands."""
        return Network(self.parameters.weights, self.parameters.biases, self.activation)

    def gradients_seen(self) -> Gradients:
        """A copy of the gradients; an observer that writes into it fails."""
        copies = [[g.copy() for g in gs] for gs in (self.gradients.weights, self.gradients.biases)]
        for gradient in (*copies[0], *copies[1]):
            gradient.flags.writeable = False
        return Gradients(tuple(copies[0]), tuple(copies[1]))

    def pass_through(self, batch: Indices | None) -> Array:
        """Computes the gradients of the next update; returns the loss on all the examples."""
        inputs, targets, masks = self.inputs, self.targets, None
        trace = self._forward(inputs, None)
        value, error = self.settings.loss.evaluate(trace.outputs, targets)
        if batch is not None or self.settings.dropout > 0:
            if batch is not None:
                # in C order, which indexing would not keep: see check_inputs
                inputs, targets = (np.take(d, batch, axis=-2) for d in (inputs, targets))
            masks = self._masks(inputs.shape[-2])
            trace = self._forward(inputs, masks)
            _, error = self.settings.loss.evaluate(trace.outputs, targets)
        weights, gradients = self.parameters.weights, self.gradients
        into = Gradients(gradients.weights, gradients.biases)
        run_backward(weights, self.activation, inputs, trace, error, into=into, masks=masks)
        return value

    def _forward(self, inputs: Array, masks: list[Array] | None) -> Trace:
        weights, biases = self.parameters.weights, self.parameters.biases
        examples = inputs.shape[-2]
        if examples not in self.traces:
            self.traces[examples] = blank_trace(weights, inputs)
        into = self.traces[examples]
        return run_forward(weights, biases, self.activation, inputs, masks=masks, into=into)

    def update(self, step: int) -> None:
        """One step of the optimizer; members that diverged stay where they are."""
        rule, p, updated = self.settings.optimizer, self.parameters.values, self.previous.values
        gradient = self.gradients.values
        penalized = gradient + rule.l2 * p if rule.l2 else gradient
        move = rule.direction(penalized, self.slots, step)
        if rule.weight_decay:
            move = move + rule.weight_decay * p
        np.multiply(move, self.settings.learning_rate, out=updated)
        np.subtract(p, updated, out=updated)
        if self.stopped.any():
            updated[self.stopped] = p[self.stopped]
        self.parameters, self.previous = self.previous, self.parameters

    def note_divergence(self, step: int, loss: Array) -> None:
        """Stops the members that are not finite at this step and takes back their last update."""
        values = self.parameters.values
        # a sum is finite only if everything in it is
        if np.isfinite(loss).all() and np.isfinite(values.sum()):
            return
        finite = np.isfinite(loss) & np.isfinite(values).all(axis=-1)
        new = np.asarray(~finite & ~self.stopped)
        if new.any():
            self.diverged_at[new] = step
            self.stopped |= new
            values[new] = self.previous.values[new]

    def _masks(self, examples: int) -> list[Array] | None:
        dropout, rng = self.settings.dropout, self.settings.rng
        if dropout == 0 or rng is None:
            return None
        keep = 1.0 - dropout
        weights = self.parameters.weights
        shapes = [(*self.ensemble, examples, w.shape[-2]) for w in weights[:-1]]
        dtype = weights[0].dtype
        return [(rng.random(shape) < keep).astype(dtype) / keep for shape in shapes]


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
