"""`make page NAME=scale/my-page TITLE="My page"`: the files of a page, but for what it says."""

import json
import re
import sys
from contextlib import suppress
from pathlib import Path

from initexplain.checks import lookup
from initexplain.site import cache

_MARKDOWN = """---
description: ""
search:
  boost: 0.5
---

# {title}

![](figure:{name}.overview)

[0](claim:{name}.value)
"""
_EXPERIMENT = '''"""{title}: what is computed."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class {record}:
    """What the page shows.

    Attributes:
        value: what it is, with its shape.
    """

    value: float


def run(*, seed: int = 0) -> {record}:
    """Computes what the page shows."""
    rng = np.random.default_rng(seed)
    raise NotImplementedError(f"draw from {{rng}}, train, and return a {record}")
'''
_FIGURES = '''"""Figures of the page "{title}"."""

from initexplain.experiments.{name} import {record}
from initexplain.figures.style import StyledFigure, new_figure


def overview(result: {record}) -> StyledFigure:
    """What against what, and for which networks."""
    figure, [axes] = new_figure(height=3.0)
    raise NotImplementedError(f"draw {{result.value}} into {{axes}} and return {{figure}}")
'''
_TEST = '''"""The claims of the page "{title}", with another seed, checked in another way."""

import pytest

SETTINGS = {{"seed": 1}}


def test_what_the_page_says(result):
    pytest.fail(f"check {{result}} in another way than the experiment computes it")
'''


def create(address: str, title: str) -> list[Path]:
    """Creates the files of a page in the current folder and enters it in the navigation.

    Returns the paths of what its author has to fill.

    Raises:
        ValueError: the address is no chapter and name, the chapter is unknown, or a file exists.
        OSError: a file cannot be written; then there is none of them.
    """
    if not re.fullmatch(r"[a-z]+/[a-z][a-z-]*", address) or not title:
        usage = 'usage: make page NAME=scale/my-page TITLE="My page"'
        raise ValueError(f"{usage}; scale is a folder in docs/, and names have no capital letters")
    chapter, _, stem = address.partition("/")
    name = stem.replace("-", "_")
    files = {
        Path(f"docs/{address}.md"): _MARKDOWN,
        Path(f"initexplain/experiments/{name}.py"): _EXPERIMENT,
        Path(f"initexplain/figures/{name}.py"): _FIGURES,
        Path(f"tests/experiments/test_{name}.py"): _TEST,
    }
    if there := [str(path) for path in files if path.exists()]:
        raise ValueError(f"{', '.join(there)}: exists already")
    settings = Path("mkdocs.yml")
    nav = settings.read_text("utf-8")
    entry = re.compile(r"^( +- ).*: ([a-z]+)/(?!.*errata).*\.md\n", re.MULTILINE)
    ends = {match[2]: match for match in entry.finditer(nav) if match[2] != "reference"}
    last = lookup(ends, chapter, "chapter")
    line = f"{last[1]}{json.dumps(title, ensure_ascii=False)}: {address}.md\n"
    record = "".join(map(str.title, name.split("_")))
    try:
        for path, text in files.items():
            content = text.format(title=title, name=name, record=record)
            cache.write(path, content.encode("utf-8"))
        cache.write(settings, f"{nav[: last.end()]}{line}{nav[last.end() :]}".encode())
    except OSError:
        for path in files:
            with suppress(OSError):
                path.unlink()
        raise
    return list(files)


if __name__ == "__main__":
    try:
        paths = create(*[*sys.argv[1:3], "", ""][:2])
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print("Fill these files; `make serve` shows how the page comes along:", *paths, sep="\n  ")
