"""What mkdocs-jupyter is told, so that its notebooks become pages like all others.

It executes a jupytext script. The template in `jupyter/` writes the Markdown of its page, with the
filters here, and the hook renders that.
"""

import hashlib
import os
import re
import tempfile
from pathlib import Path

import jupytext
from nbconvert.exporters.templateexporter import default_filters
from nbformat import NotebookNode

from initexplain.site import cache
from initexplain.site.extension import PageError
from initexplain.site.results import css_variables
from initexplain.site.svg import inline_svg

FOLDER = Path(__file__).parent / "jupyter"
_IMPORTS_A_PAGE = re.compile(
    r"^\s*(?:from|import) +initexplain(?!\.figures\.style\b).*\b(?:experiments|figures)\b", re.M
)


def set_up() -> None:
    """Lets nbconvert find the template, its filters and the settings of the kernel."""
    os.environ |= {"JUPYTER_PATH": str(FOLDER), "JUPYTER_CONFIG_DIR": str(FOLDER)}
    default_filters.update(fenced=fenced, inline_figure=inline_figure)


def cache_folder(docs: Path) -> Path:
    """Where executed notebooks are kept, for the package and the libraries as they are.

    The modules of a page count where a notebook imports any of them. Where nothing can be written
    it is a folder for this build alone.
    """
    present = cache.state()
    scripts = "".join(path.read_text("utf-8") for path in sorted((docs / "notebooks").glob("*.py")))
    depends = present if _IMPORTS_A_PAGE.search(scripts) else cache.of_no_page(present)
    files = [path for path in FOLDER.rglob("*") if path.is_file()]
    digest = hashlib.sha256(repr(sorted(depends)).encode())
    for path in sorted(files):
        digest.update(path.read_bytes())
    folder = cache.FOLDER.with_name("notebooks")
    cache.prune(folder)
    try:
        (folder / digest.hexdigest()[:16]).mkdir(parents=True, exist_ok=True)
        os.utime(folder / digest.hexdigest()[:16])
    except OSError:
        return Path(tempfile.mkdtemp())
    return folder / digest.hexdigest()[:16]


def fenced(text: str, kind: str) -> str:
    """The text between fences that are longer than any in it.

    Raises:
        PageError: it is no text: the output of a cell that shows neither text nor a drawing.
    """
    if not isinstance(text, str):
        raise PageError("a cell has an output that is neither text nor an SVG figure")
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", text))])
    return f"{fence}{kind}\n{text.rstrip()}\n{fence}"


def inline_figure(svg: str, cell: NotebookNode, number: int) -> str:
    """A figure that a cell has drawn, with the alt text of the cell.

    Raises:
        PageError: the cell has no alt text.
    """
    label = cell.metadata.get("alt")
    if not label:
        raise PageError(
            f"cell {number} draws a figure without alt text; write it in the cell's first line: "
            '# %% alt="what it shows"'
        )
    drawn = inline_svg(svg, name=f"cell-{number}", label=label, variables=css_variables())
    return f'<figure class="ie-figure"><div class="ie-drawing" tabindex="0">{drawn}</div></figure>'


def as_ipynb(path: Path) -> str:
    """The notebook as a file for Jupyter: no outputs, and cell ids that stay the same."""
    notebook = jupytext.read(path)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    return str(jupytext.writes(notebook, fmt="ipynb"))
