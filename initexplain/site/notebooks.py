"""What mkdocs-jupyter is told, so that its notebooks become pages like all others.

It executes a jupytext script. The template in `jupyter/` writes the Markdown of its page, with the
filters here, and the hook renders that.
"""

import os
import re
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import jupytext
from nbconvert.exporters.templateexporter import default_filters
from nbformat import NotebookNode

from initexplain.site import cache, results
from initexplain.site.extension import PageError
from initexplain.site.svg import both

_FOLDER = str(Path(__file__).parent / "jupyter")
_NAMES_A_PAGE = re.compile(r"initexplain.*\b(?:experiments|figures)\b(?!\.style\b)")


def set_up() -> None:
    """Lets nbconvert find the template, its filters and the settings of the kernel."""
    os.environ |= {"JUPYTER_PATH": _FOLDER, "JUPYTER_CONFIG_DIR": _FOLDER}
    default_filters.update(fenced=fenced, inline_figure=inline_figure)


def remembered(path: Path, execute: Callable[[], Any]) -> Any:
    """What a notebook was executed to, once for a text and the package and libraries as they are.

    The modules of a page count where the notebook may import any of them.
    """
    text = path.read_text("utf-8")
    present = cache.state()
    depends = present if _NAMES_A_PAGE.search(text) else cache.shared(present)
    name = f"{sha256(text.encode()).hexdigest()[:16]}.notebook"
    known = cache.load(name, depends)
    if known is None:
        known = execute()
        cache.store(name, depends, known)
    return known


def fenced(text: str, kind: str) -> str:
    """The text between fences that are longer than any in it.

    Raises:
        PageError: it is no text: the output of a cell that shows neither text nor a drawing.
    """
    if not isinstance(text, str):
        raise PageError("a cell has an output that is neither text nor an SVG figure")
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", text))])
    return f"{fence}{kind}\n{text.rstrip()}\n{fence}"


def inline_figure(data: dict[str, str], cell: NotebookNode, number: int) -> str:
    """A figure that a cell has drawn, for a page and for a phone, with the alt text of the cell.

    Raises:
        PageError: the cell has no alt text.
    """
    label = cell.metadata.get("alt")
    if not label:
        raise PageError(
            f"cell {number} draws a figure without alt text; write it in the cell's first line: "
            '# %% alt="what it shows"'
        )
    wide = data["image/svg+xml"]
    documents = wide, data.get("image/svg+xml;width=phone", wide)  # another library's has one
    variables = results.css_variables()
    drawn = both(documents, name=f"cell-{number}", label=label, variables=variables)
    return f'<figure class="ie-figure"><div class="ie-drawing" tabindex="0">{drawn}</div></figure>'


def as_ipynb(path: Path) -> str:
    """The notebook as a file for Jupyter: no outputs, and cell ids that stay the same."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    return str(jupytext.writes(notebook, fmt="ipynb"))
