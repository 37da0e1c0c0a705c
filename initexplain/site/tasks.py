"""What a process computes for one page: every number and every figure that a page may ask for.

The process that renders Markdown gets plain data: it imports no experiment and no matplotlib.
"""

import dataclasses
import faulthandler
import gc
import importlib.util
import inspect
import os
import shutil
import threading
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from numbers import Real
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import psutil

from initexplain.site import cache

scratch: list[str] = []  # folders that go with this process


class Failure(str):
    """Stands for what could not be computed: the traceback."""

    __slots__ = ()


class Job(NamedTuple):
    """What a process of its own computes and stores, unless it is known.

    Attributes:
        name: what messages call it.
        entry: the name of its result in the cache.
        function: what the process calls.
        arguments: of the function.
        depends: the state that the result depends on; None is what the process imports.
        seconds: the time that the process has; None is without end.
    """

    name: str
    entry: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    depends: cache.State | None = None
    seconds: float | None = None


class Answers(NamedTuple):
    """What a page may ask for, as plain data.

    Attributes:
        values: parts of the result, settings of `run` and constants, by name.
        sources: name of a value -> dotted name of it in the reference, for those that have one.
        figures: by `page.function` the drawing for a page and the one for a phone.
    """

    values: dict[str, Any]
    sources: dict[str, str]
    figures: dict[str, str]

    @property
    def whole(self) -> bool:
        """Whether all figures could be drawn."""
        return not any(isinstance(drawn, Failure) for drawn in self.figures.values())


def prepare(build: Connection, seconds: float | None) -> None:
    """Prepares the process: it ends with the build, and after some time whatever it does.

    Args:
        build: the reading end of a pipe that is open for as long as the build wants an answer.
        seconds: the time that the process has; None is without end.
    """
    os.dup2(2, 1)  # what an experiment prints is no output of the build
    if seconds is not None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=2)
    threading.Thread(target=_end_with, args=[build], daemon=True).start()


def _end_with(build: Connection) -> None:
    """Waits for the end of the build, and ends this process and what it has started."""
    wait([build])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # nobody wants to know how
    for process in psutil.Process().children(recursive=True):  # the kernel of a notebook
        process.kill()
    for folder in scratch:
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(1)


def remembered(job: Job, present: cache.State) -> Any:
    """The result of a job, stored for the next build unless something is lacking in it."""
    result = job.function(*job.arguments)
    if not isinstance(result, Answers) or result.whole:
        depends = cache.imported(present) if job.depends is None else job.depends
        cache.store(job.entry, depends, result, present)
    return result


def compute(name: str, present: cache.State) -> Answers:
    """The answers for a page: runs the experiment, unless its result is known, and draws.

    Raises:
        RuntimeError: the experiment failed; the message has the traceback.
    """
    try:
        module = importlib.import_module(f"initexplain.experiments.{name}")
        result = cache.load(f"{name}.result", present)
        if result is None:
            result = module.run()
            # now, with all that it needed and no figure
            cache.store(f"{name}.result", cache.imported(present), result, present)
        return Answers(*_values(module, result), _figures(name, result))
    except BaseException:  # noqa: BLE001 - sys.exit() too: the page failed, not the build
        raise RuntimeError(f"{name}: {traceback.format_exc()}") from None


def _figures(page: str, result: object) -> dict[str, str]:
    """Calls each function of the page's module on the figures floor that takes the result alone."""
    if importlib.util.find_spec(f"initexplain.figures.{page}") is None:
        return {}
    floor = "initexplain.figures"
    style, module = (importlib.import_module(f"{floor}.{name}") for name in ("style", page))
    svg = importlib.import_module("initexplain.site.svg")  # no result depends on it
    variables = importlib.import_module(f"{floor}.palette").css_variables()
    gc.disable()  # artists refer to each other; this process ends before they fill the memory

    def document(function: Callable[[object], Any]) -> str:
        with style.style():
            figure = function(result)
            if figure is None:
                raise ValueError("it draws and returns nothing; it has to return its figure")
            return str(figure.svg())

    def drawn(name: str, function: Callable[[object], Any]) -> Any:
        wide = document(function)
        with style.phone():
            documents = wide, document(function)
        return svg.both(documents, name=name, variables=variables)

    return {
        f"{page}.{name}": _attempted(drawn, f"{page}.{name}", function)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if name[0] != "_" and function.__module__ == module.__name__
        if len(inspect.signature(function).parameters) == 1
    }


def _values(module: ModuleType, result: object) -> tuple[dict[str, Any], dict[str, str]]:
    """The parts of the result, the defaults of `run` and the module's constants; their sources."""
    constants = {name: value for name, value in vars(module).items() if name.isupper()}
    parameters = inspect.signature(module.run).parameters.items()
    settings = {name: parameter.default for name, parameter in parameters}
    parts = as_plain(result)
    sources = {name: f"{module.__name__}.{name}" for name in constants}
    if dataclasses.is_dataclass(result):
        sources |= {name: f"{module.__name__}.{type(result).__name__}.{name}" for name in parts}
    return as_plain(constants | settings) | parts, sources


def as_plain(value: Any) -> Any:
    """The value as bool, float, array (a list as one of objects), or dict with text for keys.

    An object of the package becomes the dict of its attributes. Of what is none of these only the
    name of its type is left.

    Examples:
        >>> as_plain({1: (2, True), "x": "text"})
        {'1': array([2.0, True], dtype=object), 'x': 'str'}
    """
    if isinstance(value, (Real, np.bool_)):
        return bool(value) if isinstance(value, (bool, np.bool_)) else float(value)
    if isinstance(value, np.ndarray) and value.dtype != object:
        return value
    if isinstance(value, Mapping):
        return {str(key): as_plain(part) for key, part in value.items()}
    kind = type(value)
    if kind.__module__.startswith("initexplain."):
        names = [n for n in dir(value) if n[0] != "_" and not callable(getattr(kind, n, None))]
        return {n: _attempted(lambda n=n: as_plain(getattr(value, n))) for n in names}
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return np.fromiter(map(as_plain, value), dtype=object, count=len(value))
    return kind.__name__


def _attempted(function: Callable[..., Any], *arguments: object) -> Any:
    """What the function returns; where it raises, a `Failure`."""
    try:
        return function(*arguments)
    except Exception:  # noqa: BLE001 - it belongs to whoever asks for this part
        # it is remembered, and read in whatever folder the package is then
        return Failure(traceback.format_exc().replace(f"{cache.PACKAGE.parent}/", ""))
