"""Threads: how many cores there are, and how many of them BLAS takes."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

_lock = threading.Lock()
if hasattr(os, "register_at_fork"):
    # a fork copies the lock but not the thread that holds it: then nobody would ever open it
    os.register_at_fork(
        before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release
    )
_limits: list[Any] = []
_users = 0


def cores() -> int:
    """How many cores this process may use: `OMP_NUM_THREADS` of the environment, if it is less.

    Examples:
        >>> cores() >= 1
        True
    """
    known = hasattr(os, "sched_getaffinity")
    there = len(os.sched_getaffinity(0)) if known else os.cpu_count() or 1
    asked = os.environ.get("OMP_NUM_THREADS", "")
    return min(there, int(asked)) if asked.isdecimal() and int(asked) > 0 else there


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Keeps numpy's matrix products to the calling thread, where threadpoolctl is installed.

    Threads that train side by side and products that are themselves spread over threads get in
    each other's way. Besides, a product rounds differently when it is spread, so that a result
    would depend on the machine's number of cores. Blocks may overlap in several threads: the last
    one to end gives BLAS its threads back. Without threadpoolctl nothing is changed;
    `OPENBLAS_NUM_THREADS=1` in the environment does the same.

    Examples:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     (np.ones((2, 3)) @ np.ones(3)).tolist()
        [3.0, 3.0]
    """
    global _users  # noqa: PLW0603 - BLAS has one setting for the whole process
    controller = _controller()
    if controller is None:
        yield
        return
    with _lock:
        _users += 1
        if _users == 1:
            _in_new_thread(lambda: _limits.append(controller.limit(limits=1, user_api="blas")))
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _in_new_thread(_limits.pop().restore_original_limits)


def _in_new_thread(action: Callable[[], object]) -> None:
    """Sets BLAS from a thread that ends at once.

    threadpoolctl gives the control to the thread that set a limit first, for as long as it lives.
    That may be another one than the one whose block ends last.
    """
    thread = threading.Thread(target=action)
    thread.start()
    thread.join()


@cache
def _controller() -> Any:
    """What sets the number of threads of the libraries that are loaded, or None."""
    try:
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - optional
    except ImportError:
        return None
    return ThreadpoolController()
