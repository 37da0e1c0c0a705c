"""The process behind `results`: reads questions from standard input, answers on standard output."""

import functools
import importlib
import inspect
import math
import os
import pickle
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from inspect import get_annotations
from numbers import Real
from types import ModuleType
from typing import Any

import numpy as np

from initexplain import experiments, figures
from initexplain.checks import lookup
from initexplain.site.results import ClaimedValue, DrawnFigure


def pages(package: ModuleType) -> dict[str, str]:
    """The page modules of a floor: name -> dotted name."""
    return {
        module.name: f"{package.__name__}.{module.name}"
        for module in pkgutil.iter_modules(package.__path__)
        if module.name not in ("style", "curves")
    }


@functools.cache
def result(page: str) -> Any:
    """What the experiment of a page returns with its default settings."""
    module = importlib.import_module(lookup(pages(experiments), page, "experiment"))
    return module.run()


def draw(name: str) -> DrawnFigure:
    """Draws the figure `page.function`."""
    # matplotlib takes most of a second to import, and a page may ask for numbers only
    from initexplain.figures import style  # noqa: PLC0415

    page, _, function_name = name.partition(".")
    start = time.perf_counter()
    module = importlib.import_module(lookup(pages(figures), page, "figure page"))
    known = {
        f"{page}.{key}": value
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and key[0] != "_"
    }
    function = lookup(known, name, "figure")
    with style.style():
        drawn = function(result(page))
    return DrawnFigure(
        svg=drawn.svg(),
        variables=style.css_variables(),
        seconds=time.perf_counter() - start,
        source=f"{module.__name__}.{function_name}",
    )


def evaluate(name: str) -> ClaimedValue:
    """Reads the number `page.part.part...` off the result of a page or off its settings.

    The first part names an attribute or a key of the result, a setting of its `run` (the default
    is the page's value), or a constant of its module. Every further part is a key of a mapping,
    an index of a sequence or an array, or an attribute. The source is the last name on the way
    that the reference knows: the others belong to what it holds.

    Raises:
        ValueError: a part is unknown (the message has the nearest known ones), or what is found
            is not a finite number.
    """
    page, *path = name.split(".")
    value = result(page)
    module = importlib.import_module(pages(experiments)[page])
    source = f"{module.__name__}.run"
    for depth, part in enumerate(path):
        known = parts_of(value)
        if depth == 0:
            known = settings(module) | known
        where = lookup(known, part, f"value of {'.'.join([page, *path[:depth]])}")
        value, source = where(), source_of(module, value, part, source)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not path or isinstance(value, (bool, np.bool_)) or not isinstance(value, Real):
        raise ValueError(f"claim {name!r} is not a number: {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"claim {name!r} is not finite: {value}")
    return ClaimedValue(float(value), source)


def settings(module: ModuleType) -> dict[str, Callable[[], Any]]:
    """What an experiment can be asked besides its result: defaults of `run`, and constants."""
    defaults = {
        key: parameter.default
        for key, parameter in inspect.signature(module.run).parameters.items()
    }
    constants = {key: value for key, value in vars(module).items() if key.isupper()}
    return {key: partial(_same, value) for key, value in (constants | defaults).items()}


def parts_of(value: Any) -> dict[str, Callable[[], Any]]:
    """The parts of a value by name, each computed only if it is asked for."""
    if isinstance(value, Mapping):
        return {str(key): partial(_same, part) for key, part in value.items()}
    attributes: dict[str, Callable[[], Any]] = {
        key: partial(getattr, value, key)
        for key in dir(value)
        if key[0] != "_" and not callable(getattr(type(value), key, None))
    }
    if isinstance(value, (Sequence, np.ndarray)) and np.ndim(value) != 0:
        attributes |= {
            str(index): partial(value.__getitem__, index)
            for index in range(-len(value), len(value))
        }
    return attributes


def source_of(module: ModuleType, value: Any, part: str, before: str) -> str:
    """Where a reader finds the part: the class that defines it, not one that inherits it."""
    for definer in type(value).__mro__:
        if definer.__module__.startswith("initexplain.") and part in {
            *vars(definer),
            *get_annotations(definer),
        }:
            return f"{definer.__module__}.{definer.__qualname__}.{part}"
    return f"{module.__name__}.{part}" if part.isupper() and hasattr(module, part) else before


def _same(value: Any) -> Any:
    return value


ANSWERS = {"figure": draw, "claim": evaluate}


def main() -> None:
    """Answers questions until standard input ends."""
    # whatever an experiment or a library of it prints must not mix with the answers
    questions, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    while True:
        try:
            kind, name = pickle.load(questions)
        except EOFError:
            return
        try:
            answer: object = ANSWERS[kind](name)
        except ValueError as error:
            answer = error
        except Exception:  # noqa: BLE001 - every failure belongs to the page that asked
            answer = RuntimeError(f"{kind} {name}: {traceback.format_exc()}")
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main()
