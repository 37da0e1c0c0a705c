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
from inspect import get_annotations
from numbers import Real
from types import ModuleType
from typing import Any

from initexplain import experiments, figures
from initexplain.checks import lookup
from initexplain.site.results import ClaimedValue, DrawnFigure


def pages(package: ModuleType) -> dict[str, str]:
    """The page modules of a floor: name -> dotted name."""
    return {
        module.name: f"{package.__name__}.{module.name}"
        for module in pkgutil.iter_modules(package.__path__)
        if module.name != "style"
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
    """Reads the number `page.attribute` (or deeper: `page.part.attribute`) off a result."""
    page, *path = name.split(".")
    owner, value = None, result(page)
    for key in path:
        known = {k: k for k in dir(value) if k[0] != "_" and not callable(getattr(value, k))}
        owner = value
        value = getattr(value, lookup(known, key, f"value of {type(value).__name__}"))
    if owner is None or not isinstance(value, Real):
        raise ValueError(f"claim {name!r} is not a number: {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"claim {name!r} is not finite: {value}")
    # where a reader finds it: in the class that defines it, not in one that inherits it
    definer = next(c for c in type(owner).__mro__ if path[-1] in {*vars(c), *get_annotations(c)})
    return ClaimedValue(float(value), f"{definer.__module__}.{definer.__qualname__}.{path[-1]}")


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
