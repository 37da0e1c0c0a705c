"""Runs experiments and draws figures for the site, in a process of its own.

The process is as old as the package's source: as soon as a source file changes, the next question
starts a new one. So a live preview never shows what an older version computed, and the process
that renders Markdown never imports matplotlib.
"""

import atexit
import functools
import hashlib
import os
import pickle
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

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
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def figure(name: str) -> DrawnFigure:
    """The figure `page.function` of the figures floor, drawn from its experiment's defaults.

    Raises:
        ValueError: there is no such figure; the message lists the known ones.
    """
    return cast(DrawnFigure, _ask("figure", name))


def claim(name: str) -> ClaimedValue:
    """The value `page.attribute` of the experiment's result, run with its defaults.

    Raises:
        ValueError: there is no such value, or it is not a number.
    """
    return cast(ClaimedValue, _ask("claim", name))


def _ask(kind: str, name: str) -> object:
    return _answer(source_fingerprint(), kind, name)


@functools.cache
def _answer(fingerprint: str, kind: str, name: str) -> object:
    process = _worker(fingerprint)
    questions, answers = cast(IO[bytes], process.stdin), cast(IO[bytes], process.stdout)
    try:
        pickle.dump((kind, name), questions)
        questions.flush()
        found = pickle.load(answers)  # noqa: S301 - written by our own process
    except (EOFError, BrokenPipeError) as error:
        _worker.cache_clear()
        raise RuntimeError(f"{kind} {name}: the process that computes it died") from error
    if isinstance(found, Exception):
        raise found
    return found


@functools.lru_cache(maxsize=1)
def _worker(fingerprint: str) -> subprocess.Popen[bytes]:
    """The process that answers for the source of this fingerprint; an older one is stopped."""
    for old in _processes:
        old.kill()
    _processes.clear()
    # one BLAS thread: the same bits whatever the machine's number of cores
    threads = {f"{library}_NUM_THREADS": "1" for library in ("OPENBLAS", "OMP", "MKL")}
    process = subprocess.Popen(
        [sys.executable, "-m", "initexplain.site.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, **threads, "PYTHONPATH": os.pathsep.join([str(PACKAGE.parent), os.environ.get("PYTHONPATH", "")])},
    )
    _processes.append(process)
    return process


_processes: list[subprocess.Popen[bytes]] = []


@atexit.register
def _stop_processes() -> None:
    for process in _processes:
        process.kill()
