"""What a process computes for one page: every number and every figure that a page may ask for.

The process that renders Markdown gets plain data: it imports no experiment and no matplotlib.
"""

import dataclasses
import faulthandler
import importlib.util
import inspect
import os
import signal
import threading
import traceback
from collections.abc import Callable, Mapping
from multiprocessing.connection import Connection, wait
from numbers import Real
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from initexplain.site import cache

STYLE = "style"


class Failure(str):
    """Stands for what could not be computed: the traceback."""

    __slots__ = ()


class Answers(NamedTuple):
    """What a page may ask for, as plain data.

    Attributes:
        values: parts of the result, settings of `run` and constants, by name.
        sources: the same names -> dotted name of what the reference has of them.
        figures: SVG documents by the function that draws them.
    """

    values: dict[str, Any]
    sources: dict[str, str]
    figures: dict[str, str]


def prepare(build: Connection, seconds: float) -> None:
    """Prepares the process: it ends with the build, and after some time whatever it does.

    Args:
        build: the reading end of a pipe that is open for as long as the build wants an answer.
        seconds: the time that the process has.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the build decides what an interrupt means
    os.dup2(2, 1)  # what an experiment prints is no output of the build
    faulthandler.dump_traceback_later(seconds, exit=True, file=2)
    threading.Thread(target=lambda: wait([build]) and os._exit(1), daemon=True).start()


def compute(name: str, present: cache.State) -> Any:
    """The `Answers` for a page; for `STYLE`, colour of the figures -> CSS variable of the pages.

    Raises:
        RuntimeError: the experiment failed; the message has the traceback.
    """
    try:
        if name != STYLE:
            return _page(name, present)
        variables = importlib.import_module("initexplain.figures.style").css_variables()
        cache.store(f"{STYLE}.page", cache.imported(present), variables)
        return variables
    except BaseException:  # noqa: BLE001 - sys.exit() too: the page failed, not the build
        raise RuntimeError(f"{name}: {traceback.format_exc()}") from None


def _page(name: str, present: cache.State) -> Answers:
    """Runs the experiment, unless its result is known, and draws all figures."""
    module = importlib.import_module(f"initexplain.experiments.{name}")
    known = cache.load(f"{name}.result", present)
    if known is None:
        result = module.run()
        known = cache.imported(present), result  # now, with all that it needed and no figure
        cache.store(f"{name}.result", *known)
    depends, result = known
    answers = Answers(*values(module, result), figures(name, result))
    # what lacks a figure is tried again by the next build
    if not any(isinstance(drawn, Failure) for drawn in answers.figures.values()):
        cache.store(f"{name}.page", depends | cache.imported(present), answers)
    return answers


def figures(name: str, result: object) -> dict[str, str]:
    """Calls each function of the page's module on the figures floor that takes the result alone."""
    if importlib.util.find_spec(f"initexplain.figures.{name}") is None:
        return {}
    style = importlib.import_module("initexplain.figures.style")
    module = importlib.import_module(f"initexplain.figures.{name}")

    def drawn(function: Callable[[Any], Any]) -> str:
        with style.style():
            return str(function(result).svg())

    return {
        key: attempted(drawn, function)
        for key, function in inspect.getmembers(module, inspect.isfunction)
        if key[0] != "_" and function.__module__ == module.__name__
        if len(inspect.signature(function).parameters) == 1
    }


def values(module: ModuleType, result: object) -> tuple[dict[str, Any], dict[str, str]]:
    """The parts of the result, the defaults of `run` and the module's constants; their sources."""
    constants = {key: value for key, value in vars(module).items() if key.isupper()}
    parameters = inspect.signature(module.run).parameters.items()
    defaults = {key: parameter.default for key, parameter in parameters}
    parts = as_plain(result)
    kind = f"{module.__name__}.{type(result).__name__}"
    sources = (
        {key: f"{module.__name__}.{key}" for key in constants}
        | dict.fromkeys(defaults, f"{module.__name__}.run")
        | {key: f"{kind}.{key}" for key in parts if dataclasses.is_dataclass(result)}
    )
    return as_plain(constants | defaults) | parts, sources


def as_plain(value: Any) -> Any:
    """The value as bool, float, array, list, or dict with text for keys.

    An object of the package becomes the dict of its attributes. Of what is none of these only the
    name of its type is left.

    Examples:
        >>> as_plain({1: (2, True), "x": "text"})
        {'1': [2.0, True], 'x': 'str'}
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
        return {n: attempted(lambda n=n: as_plain(getattr(value, n))) for n in names}
    if isinstance(value, (list, tuple, range, np.ndarray)):
        return [as_plain(part) for part in value]
    return kind.__name__


def attempted(function: Callable[..., Any], *arguments: object) -> Any:
    """What the function returns; where it raises, a `Failure`."""
    try:
        return function(*arguments)
    except Exception:  # noqa: BLE001 - it belongs to whoever asks for this part
        return Failure(traceback.format_exc())
