"""Sweeps: networks and ensembles of different shapes, trained side by side."""

import math
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor, as_completed
from functools import partial
from threading import Event
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import count, not_negative
from initexplain.losses import Loss, find_loss
from initexplain.network import Network
from initexplain.optimizers import Optimizer, find_optimizer
from initexplain.threads import cores
from initexplain.training import (
    History,
    Settings,
    Task,
    joined,
    run_task,
    set_on_error,
    split,
    useful_threads,
)


class SweepError(RuntimeError):
    """The executor failed before a sweep was done.

    Attributes:
        histories: one entry per network of the sweep: what training recorded, or None where it
            did not finish.
    """

    def __init__(self, message: str, histories: list[History | None]) -> None:
        super().__init__(message)
        self.histories = histories

    def __reduce__(self) -> tuple[Any, ...]:
        # an exception is built anew from its message alone, unless it says otherwise
        return type(self), (str(self), self.histories)


def sweep(
    networks: Sequence[Network],
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    steps: int,
    learning_rate: float | Sequence[float],
    optimizer: str | Optimizer = "sgd",
    loss: str | Loss = "squared_error",
    executor: Executor | None = None,
    progress: bool | None = None,
) -> list[History]:
    """Trains networks that may differ in depth, width, activation and ensemble axes.

    Every network starts from its own parameters and sees all the examples in every update. Large
    ensembles are trained in parts. The result depends neither on the executor nor on its number
    of workers. No warning is given of members that diverge, since a sweep often looks for them:
    their step is in `diverged_at`, their `final_losses` are infinite.

    Args:
        networks: where to start; networks or ensembles.
        inputs: `(examples, features)`, seen by every network.
        targets: `(examples, outputs)`.
        steps: number of updates.
        learning_rate: step size, one for all or one per network.
        optimizer: a name in [`OPTIMIZERS`][initexplain.optimizers.OPTIMIZERS], or an `Optimizer`.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.
        executor: runs the parts, for instance a `ProcessPoolExecutor`, Dask's
            `client.get_executor()` or mpi4py's `MPIPoolExecutor`; it is not shut down. If not
            given, threads: one per core for large layers or ensembles, and one for small ones,
            for which threads take turns rather than help. Processes have no such limit.
        progress: whether to show a progress bar (with tqdm); if not given, on a terminal where
            tqdm is installed.

    Returns:
        One history per network, in their order.

    Raises:
        ValueError: there is no network, an unknown name, a negative learning rate, or data that
            do not fit; nothing has been trained then.
        SweepError: the executor failed, in whole or in part; `histories` keeps what is finished.

    Examples:
        >>> import numpy as np
        >>> from initexplain.initializers import lecun_normal
        >>> rng = np.random.default_rng(0)
        >>> X, Y = rng.normal(size=(8, 3)), rng.normal(size=(8, 1))
        >>> depths = [1, 2, 4]
        >>> networks = [Network.initialize(rng, [3, *[5] * depth, 1], weights=lecun_normal())
        ...             for depth in depths]
        >>> histories = sweep(networks, X, Y, steps=10, learning_rate=[0.1, 0.1, 0.05])
        >>> [len(history.network.weights) for history in histories]
        [2, 3, 5]
    """
    if not networks:
        raise ValueError("a sweep needs at least one network")
    rates = _one_per_network(learning_rate, len(networks))
    rule, criterion = find_optimizer(optimizer), find_loss(loss)
    updates = count(steps, "steps", least=0)
    threads = 1 if executor else cores()
    parts = [
        split(network, inputs, targets, Settings(rule, criterion, updates, rate), threads=threads)
        for network, rate in zip(networks, rates, strict=True)
    ]
    tasks = [task for part in parts for task in part]
    if executor:
        done, error = _run_all(tasks, executor, run_task, progress)
    else:
        stop = Event()
        with ThreadPoolExecutor(useful_threads(tasks)) as workers, set_on_error(stop):
            done, error = _run_all(tasks, workers, partial(run_task, stop=stop), progress)
    histories: list[History | None] = []
    for network, part in zip(networks, parts, strict=True):
        found = [done[id(task)] for task in part if id(task) in done]
        histories.append(joined(found, network.ensemble) if len(found) == len(part) else None)
    complete = [history for history in histories if history is not None]
    if len(complete) < len(networks):
        raise SweepError(
            f"the executor failed with {len(complete)} of {len(networks)} networks trained "
            f"({type(error).__name__}: {error}); `histories` of this error keeps theirs",
            histories,
        ) from error
    return complete


def _one_per_network(learning_rate: float | Sequence[float], networks: int) -> list[float]:
    rates = np.atleast_1d(learning_rate).tolist()
    if len(rates) not in (1, networks):
        raise ValueError(
            f"{networks} networks need one learning_rate or {networks}, not {len(rates)}"
        )
    return [not_negative(rate, "learning_rate") for rate in rates] * (networks // len(rates))


def _run_all(
    tasks: Sequence[Task],
    executor: Executor,
    run: Callable[[Task], History],
    progress: bool | None,
) -> tuple[dict[int, History], BaseException | None]:
    """The histories of the tasks that could be run, by the task's `id`, and the first error."""
    done: dict[int, History] = {}
    error: BaseException | None = None
    running: dict[Future[History], Task] = {}
    try:
        try:
            # the longest first: no core waits for it at the end
            for task in sorted(tasks, key=_cost, reverse=True):
                running[executor.submit(run, task)] = task
        except Exception as refused:  # noqa: BLE001 - raised again by `sweep`, with what is finished
            error = refused
        for future in _with_bar(as_completed(running), len(running), progress):
            try:
                done[id(running[future])] = future.result()
            except Exception as failed:  # noqa: BLE001 - as above
                error = error or failed
    except BaseException:
        for future in running:
            future.cancel()
        raise
    return done, error


def _with_bar(
    futures: Iterable[Future[History]], total: int, shown: bool | None
) -> Iterable[Future[History]]:
    """The futures, with a progress bar on standard error if it is wanted."""
    if shown or (shown is None and sys.stderr.isatty()):
        try:
            from tqdm import tqdm  # noqa: PLC0415 - not needed where nobody looks
        except ImportError:
            if shown:
                raise ImportError("a progress bar needs tqdm: pip install tqdm") from None
        else:
            return tqdm(futures, total=total, desc="sweep", unit="part", leave=False)
    return futures


def _cost(task: Task) -> int:
    """Multiplications of one step, as far as they tell tasks apart."""
    return math.prod(task.inputs.shape[-2:-1]) * sum(w.size for w in task.network.weights)
