"""Sweeps: networks and ensembles of different shapes, trained with one call.

Each network is one task on one core: a large ensemble is best given in as many parts as there are
cores.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike

from initexplain.losses import Loss
from initexplain.network import Network
from initexplain.optimizers import Optimizer
from initexplain.training import Descent, History

Outcome = tuple[int, History | Exception]
_Result = TypeVar("_Result")


class SweepError(RuntimeError):
    """A sweep could not train all of its networks.

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
    networks: Iterable[Network],
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    steps: int,
    learning_rate: ArrayLike,
    optimizer: str | Optimizer = "sgd",
    loss: str | Loss = "squared_error",
    executor: Executor | None = None,
    progress: bool | None = None,
) -> list[History]:
    """Trains networks that may differ in depth, width, activation and ensemble axes.

    Every network starts from its own parameters and sees all the examples in every update; the
    histories are in the order of the networks. A `learning_rate` is one for all or one per network,
    the other settings are those of [`train`][initexplain.training.train]. No warning is given of
    members that diverge, since a sweep often looks for them: their step is in `diverged_at`, their
    `final_losses` are infinite.

    An `executor` trains the networks side by side, each in one task: a `ProcessPoolExecutor`, or
    Dask's `client.get_executor()`, or mpi4py's `MPIPoolExecutor`. It is not shut down. Without one,
    they are trained here, one after the other; the result is the same. A `progress` bar needs tqdm;
    if not asked for or against, it is shown on a terminal where tqdm is installed.

    Raises:
        TypeError: `networks` is one network.
        ValueError: there is no network, or an argument does not fit; nothing has been trained then.
        SweepError: a network could not be trained; `histories` keeps those that are finished.

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
    if isinstance(networks, Network):
        raise TypeError("networks: expected a list, found one Network; `train` takes one")
    networks = list(networks)
    total = len(networks)
    if not total:
        raise ValueError("a sweep needs at least one network")
    rates = np.atleast_1d(learning_rate).tolist()
    if len(rates) not in (1, total):
        raise ValueError(f"{total} networks need one learning_rate or {total}, not {len(rates)}")
    given: dict[str, Any] = {"steps": steps, "optimizer": optimizer, "loss": loss}
    descents = [
        Descent(network, inputs, targets, learning_rate=rate, **given)
        for network, rate in zip(networks, rates * (total // len(rates)), strict=True)
    ]
    histories: list[History | None] = [None] * total
    errors = []
    for i, outcome in _with_bar(_outcomes(descents, executor), total, progress):
        if isinstance(outcome, History):
            histories[i] = outcome
        else:
            errors.append(outcome)
    if errors:
        raise SweepError(
            f"{total - len(errors)} of {total} networks trained ({type(errors[0]).__name__}: "
            f"{errors[0]}); `histories` of this error keeps theirs",
            histories,
        ) from errors[0]
    return [history for history in histories if history is not None]


def _outcomes(descents: Sequence[Descent], executor: Executor | None) -> Iterator[Outcome]:
    """The index of every network and what became of it, as soon as that is known."""
    # the longest first: no core waits for it at the end
    cost = [sum(w.size for w in descent.network.weights) for descent in descents]
    running: dict[Future[History], int] = {}
    try:
        for i in sorted(range(len(descents)), key=cost.__getitem__, reverse=True):
            run = partial(Descent.run, descents[i])
            if executor is None:
                yield i, _attempt(run)
            elif isinstance(started := _attempt(partial(executor.submit, run)), Exception):
                yield i, started
            else:
                running[started] = i
        for future in as_completed(running):
            yield running[future], _attempt(future.result)
    except BaseException:
        for future in running:
            future.cancel()
        raise


def _attempt(call: Callable[[], _Result]) -> _Result | Exception:
    try:
        return call()
    except Exception as error:  # noqa: BLE001 - raised by `sweep`, with what is finished
        return error


def _with_bar(outcomes: Iterable[Outcome], total: int, shown: bool | None) -> Iterable[Outcome]:
    """The outcomes, with a progress bar on standard error if it is wanted."""
    if not (sys.stderr.isatty() if shown is None else shown):
        return outcomes
    try:
        from tqdm import tqdm  # noqa: PLC0415 - not needed where nobody looks
    except ImportError:
        if shown:
            raise
        return outcomes
    return tqdm(outcomes, total=total, desc="sweep", unit="network", leave=False)
