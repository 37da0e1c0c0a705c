"""Numbers and figures for the pages: from the cache, or from a process for each page.

A process imports the package anew, as it is then, and computes all that its page may ask for. So
nothing here is older than the build at hand, however long a live preview runs.
"""

import math
import multiprocessing
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import resource_tracker
from numbers import Real
from typing import Any

import numpy as np

from initexplain.checks import lookup
from initexplain.site import cache, tasks

TIMEOUT_SECONDS = float(os.environ.get("INITEXPLAIN_TIMEOUT", "120"))
MORE_TIME = "allow more time, as in `INITEXPLAIN_TIMEOUT=600 make site`"
# what the package and its figures import of others
_PRELOADED = ["numpy.random", "psutil", "matplotlib.figure", "matplotlib.backends.backend_svg"]
_ENVIRONMENT = {
    # a product that is spread over threads rounds differently
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # bytecode tells versions of a module by size and second, too coarse for quick edits
    "PYTHONDONTWRITEBYTECODE": "1",
}
_NAMED = re.compile(r"\((?:figure|claim):(\w+)\.[\w.-]+[ )]")


def figure(name: str) -> tuple[str, str]:
    """The figure `page.function`: its drawings for a page and for a phone, and what drew them.

    Raises:
        ValueError: there is no such figure; the message lists the known ones.
        RuntimeError: the experiment or the drawing failed; the message has the traceback.
    """
    figures = current().page(name.partition(".")[0]).figures
    drawn = lookup(figures, name, "figure")
    if isinstance(drawn, tasks.Failure):
        raise RuntimeError(f"figure {name}: {drawn}")
    return drawn, f"initexplain.figures.{name}"


def claim(name: str) -> tuple[float, str]:
    """The number `page.part.part...` of an experiment, and the dotted name of what computes it.

    The first part names an attribute or a key of the result, a setting of its `run` (the default
    is the page's value), or a constant of its module; the source is that of the first part. Every
    further part is a key of a mapping, an attribute, or of a sequence or an array an index, its
    `shape` or its `size`.

    Raises:
        ValueError: a part is unknown (the message has the known ones), or what is found is not a
            finite number.
        RuntimeError: the experiment, or reading the value, failed; the message has the traceback.
    """
    page, *path = name.split(".")
    answers = current().page(page)
    value: Any = answers.values
    for depth, part in enumerate(path):
        if isinstance(value, np.ndarray) and value.ndim:
            entries = {str(index): value[index] for index in range(-len(value), len(value))}
            if part not in entries and re.fullmatch("-?[0-9]+", part):
                raise ValueError(f"there is no entry {part}: the last is {len(value) - 1}, or -1")
            value = {"size": value.size, "shape": np.array(value.shape), **entries}
        known = value if isinstance(value, dict) else {}
        place = "value of " + ".".join([page, *path[:depth]])
        if any("." in key for key in known):
            place += " (where a key with a point in it has no name)"
        value = lookup(known, part, place)
        if isinstance(value, tasks.Failure):
            # the same text for whatever needs this part: a page reports it once
            raise RuntimeError(f"{'.'.join([page, *path[: depth + 1]])}: {value}")
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"not a number: {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"not finite: {value}")
    return float(value), answers.sources.get(path[0], f"initexplain.experiments.{page}.run")


def asked(text: str) -> list[str]:
    """The pages whose figures or numbers a text names, in the order of the text."""
    return list(dict.fromkeys(_NAMED.findall(text)))


def named(text: str) -> list[object]:
    """What is computed for the pages whose figures or numbers a text names, or why it is not."""
    computations, answers = current(), list[object]()
    for page in asked(text):
        try:
            answers.append(computations.page(page))
        except (ValueError, RuntimeError) as error:
            answers.append(str(error))
    return answers


def prefetch(jobs: Iterable[tasks.Job], texts: Iterable[str]) -> None:
    """Starts jobs, then computing for every page whose figures or numbers texts name.

    Returns at once. What failed before is tried again. Until the next call, the source counts as
    it is now.
    """
    computations = current(again=True)
    for job in jobs:
        computations.start(job)
    for page in dict.fromkeys(page for text in texts for page in asked(text)):
        if page in computations.pages:
            computations.start(computations.job(page))
    cache.prune()


def stop() -> None:
    """Ends all processes at once; what they were computing is lost."""
    while _current:
        _current.pop().stop()


class Computations:
    """What is computed for one state of the source: one process at a time for each core."""

    def __init__(self, present: cache.State) -> None:
        self.present = present
        self.pages = dict.fromkeys(cache.pages(present))
        self._futures: dict[str, Future[Any]] = {}
        # processes end when the other end is closed, as it is when this process ends
        self._build, self._open = multiprocessing.Pipe(duplex=False)
        affinity = getattr(os, "sched_getaffinity", lambda _: range(os.cpu_count() or 1))
        self._threads = ThreadPoolExecutor(len(affinity(0)), initializer=_deaf)
        # for every process from here on, and for the kernels of notebooks
        os.environ.update(_ENVIRONMENT)
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_PRELOADED)

    def job(self, page: str) -> tasks.Job:
        """What computes all that a page may ask for."""
        arguments = page, self.present
        return tasks.Job(page, f"{page}.page", tasks.compute, arguments, seconds=TIMEOUT_SECONDS)

    def page(self, name: str) -> tasks.Answers:
        """What a page may ask for; an unknown page raises `ValueError`, with the known ones."""
        lookup(self.pages, name, "page")
        answers: tasks.Answers = self.answer(self.job(name))
        return answers

    def start(self, job: tasks.Job) -> Future[Any]:
        """Starts a job, unless it has started or its result is known; returns at once."""
        future = self._futures.get(job.entry)
        if future is None or (future.done() and future.exception()):
            future = self._futures[job.entry] = self._threads.submit(self._compute, job)
        return future

    def answer(self, job: tasks.Job) -> Any:
        """The result of a job.

        Raises:
            RuntimeError: it failed, died or took too long; the message says which.
        """
        try:
            return (self._futures.get(job.entry) or self.start(job)).result()
        except KeyboardInterrupt:
            stop()
            raise

    def stop(self) -> None:
        """Ends all processes at once."""
        self._open.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _compute(self, job: tasks.Job) -> Any:
        """In a thread: the result from the cache, or from a process from its start to its end."""
        known = cache.load(job.entry, self.present)
        if known is not None:
            return known
        begin = time.monotonic()
        how = self._context, tasks.prepare, (self._build, job.seconds)
        with ProcessPoolExecutor(1, *how) as executor:  # a process that dies breaks no other page's
            try:
                result = executor.submit(tasks.remembered, job, self.present).result()
            except BrokenProcessPool:
                seconds = time.monotonic() - begin
                what = f"died after {seconds:.1f} s"
                if job.seconds and seconds >= job.seconds:
                    what = f"was stopped after {seconds:.0f} s; compute less, or {MORE_TIME}"
                raise RuntimeError(f"{job.name}: its process {what}") from None
        if sys.stderr.isatty():
            print(f"{job.name}: computed in {time.monotonic() - begin:.1f} s", file=sys.stderr)
        return result


def _deaf() -> None:
    """What this thread starts hears no signal to end: it ends with the build, and cleans up."""
    resource_tracker.ensure_running()  # which would let them through again
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])


_lock = threading.Lock()
_current: list[Computations] = []


def current(*, again: bool = False) -> Computations:
    """Those for the source as it was when it was last looked at, or, again, as it is now."""
    with _lock:
        if again or not _current:
            present = cache.state()
            if not _current or _current[0].present != present:
                stop()  # those of the older state
                _current.append(Computations(present))
        return _current[0]
