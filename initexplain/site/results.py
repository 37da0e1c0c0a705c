"""Runs experiments and draws figures for the site, in processes of their own.

The processes are as old as the package's source: as soon as a source file changes, the next
question starts new ones. So a live preview never shows what an older version computed, and the
process that renders Markdown never imports matplotlib.
"""

import atexit
import functools
import hashlib
import os
import pickle
import queue
import re
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from initexplain.threads import cores

FLOORS_WITH_FOLDERS = ("experiments", "figures", "site")
SLOW_SECONDS = 0.5
PATIENCE_SECONDS = 60
PACKAGE = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class DrawnFigure:
    """A figure as the worker hands it over.

    Attributes:
        svg: an SVG document.
        variables: colour -> CSS variable.
        seconds: what it took: the experiment (if nobody had asked for it before) and the drawing.
        source: dotted name of the function that drew it.
    """

    svg: str
    variables: dict[str, str]
    seconds: float
    source: str


@dataclass(frozen=True)
class ClaimedValue:
    """A value as the worker hands it over.

    Attributes:
        value: the number that the experiment computed.
        source: dotted name of the attribute that holds or computes it.
    """

    value: float
    source: str


def source_fingerprint() -> str:
    """A hash of the package's source: equal if and only if no module changed."""
    folders = [PACKAGE, *(PACKAGE / floor for floor in FLOORS_WITH_FOLDERS)]
    # without the locks that editors put beside a file: `.#name.py`, a link to nothing
    files = [
        file
        for folder in folders
        for file in os.scandir(folder)
        if file.name.endswith(".py") and not file.name.startswith(".")
    ]
    return _digest(tuple((file.path, file.stat().st_mtime_ns) for file in files))


@functools.lru_cache(maxsize=1)
def _digest(states: tuple[tuple[str, int], ...]) -> str:
    """The hash itself, computed anew only when a file was written, added or removed."""
    digest = hashlib.sha256()
    for path, _ in sorted(states):
        digest.update(path.encode())
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def figure(name: str) -> DrawnFigure:
    """The figure `page.function` of the figures floor, drawn from its experiment's defaults.

    Raises:
        ValueError: there is no such figure; the message lists the known ones.
        RuntimeError: the experiment or the drawing failed; the message has the traceback.
    """
    return cast(DrawnFigure, _workers().answer(("figure", name)))


def claim(name: str) -> ClaimedValue:
    """The value `page.attribute` of the experiment's result, run with its defaults.

    Raises:
        ValueError: there is no such value, or it is not a finite number.
        RuntimeError: the experiment failed; the message has the traceback.
    """
    return cast(ClaimedValue, _workers().answer(("claim", name)))


def prefetch(texts: Iterable[str]) -> None:
    """Starts computing every figure and every claim that the texts name; returns at once."""
    named = (match for text in texts for match in _NAMED.finditer(text))
    _workers().request((match["kind"], match["name"]) for match in named)


_NAMED = re.compile(r"\((?P<kind>figure|claim):(?P<name>[\w.-]+)\)")

_Question = tuple[str, str]
_Answers = dict[_Question, object]
_Batch = tuple[list[_Question], Future[_Answers]]


class _Workers:
    """The processes that compute for one state of the source, one per core, and their answers."""

    def __init__(self) -> None:
        self.fingerprint = source_fingerprint()
        self._batches: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        self._answers: dict[_Question, Future[_Answers]] = {}
        self._stopping = False
        self._threads = [_Thread(self._batches, lambda: self._stopping) for _ in range(cores())]

    def request(self, questions: Iterable[_Question]) -> None:
        """Queues what has not been asked yet, page by page: a page's experiment runs once."""
        pages: dict[str, list[_Question]] = defaultdict(list)
        for question in dict.fromkeys(questions):
            if question not in self._answers:
                pages[question[1].partition(".")[0]].append(question)
        for batch in pages.values():
            future: Future[_Answers] = Future()
            self._answers.update(dict.fromkeys(batch, future))
            self._batches.put((batch, future))

    def answer(self, question: _Question) -> object:
        self.request([question])
        future, waited = self._answers[question], 0
        while not wait([future], PATIENCE_SECONDS).done:
            waited += PATIENCE_SECONDS
            print(f"{question[0]} {question[1]}: no answer after {waited} s", file=sys.stderr)
        found = future.result()[question]
        if isinstance(found, Exception):
            raise found
        return found

    def stop(self) -> None:
        """Ends the processes at once; what they were computing is lost."""
        self._stopping = True
        for thread in self._threads:
            self._batches.put(None)
            thread.kill_process()
        for thread in self._threads:
            thread.join()


class _Thread(threading.Thread):
    """One process, and the thread that talks to it: takes batches until it is told to stop."""

    def __init__(
        self, batches: "queue.SimpleQueue[_Batch | None]", stopping: Callable[[], bool]
    ) -> None:
        super().__init__(daemon=True)
        self._batches, self._stopping = batches, stopping
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def run(self) -> None:
        """Answers batch by batch; a process that died is replaced for the next one."""
        while (item := self._batches.get()) is not None and not self._stopping():
            batch, future = item
            try:
                if self._process is None:
                    self._process = _start_process()
                answers = {question: _ask(self._process, question) for question in batch}
            except Exception as error:  # noqa: BLE001 - who asked would wait for ever
                self._close()
                future.set_exception(RuntimeError(f"{batch[0][1]}: its process died: {error!r}"))
            else:
                future.set_result(answers)
        self._close()

    def kill_process(self) -> None:
        """Ends the process, whatever it is doing; called from another thread."""
        if (process := self._process) is not None:
            process.kill()

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()  # closes the pipes and waits


def environment() -> dict[str, str]:
    """What a process that computes for the site sees: one BLAS thread, however many cores.

    A product that is spread over threads rounds differently.
    """
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    return {**os.environ, **threads}


def _start_process() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        # -B: bytecode tells versions of a module by size and second, too coarse for quick edits
        [sys.executable, "-B", "-m", "initexplain.site.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
    )


def _ask(process: subprocess.Popen[bytes], question: _Question) -> object:
    questions, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    pickle.dump(question, questions)
    questions.flush()
    found = pickle.load(answers)
    if isinstance(found, DrawnFigure) and found.seconds > SLOW_SECONDS:
        print(f"figure {question[1]}: {found.seconds:.1f} s", file=sys.stderr)
    return found


_current: list[_Workers] = []


def _workers() -> _Workers:
    """The workers for the source as it is now; those of an older state are stopped."""
    if not _current or _current[0].fingerprint != source_fingerprint():
        _stop()
        _current[:] = [_Workers()]
    return _current[0]


@atexit.register
def _stop() -> None:
    for workers in _current:
        workers.stop()
