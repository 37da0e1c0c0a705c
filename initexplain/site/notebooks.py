"""Notebooks: a jupytext source, executed, as the Markdown of a page.

The Markdown goes through the same extensions as every other page, so a notebook has checked links,
MathML, claims and figures that follow the palette, and no style sheet of its own.
"""

import json
import re
from pathlib import Path

import jupytext
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from initexplain.site.results import css_variables, environment, source_fingerprint
from initexplain.site.svg import inline_svg

_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_TIMEOUT_SECONDS = 120


class NotebookError(RuntimeError):
    """A cell failed, or has an output that the page cannot show."""


def read(path: Path) -> NotebookNode:
    """The notebook of a jupytext percent script, with cell ids that stay the same."""
    notebook: NotebookNode = jupytext.read(path)
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    return notebook


def as_ipynb(path: Path) -> str:
    """The notebook as a file for Jupyter, without outputs."""
    return str(jupytext.writes(read(path), fmt="ipynb"))


def as_markdown(path: Path) -> str:
    """The executed notebook as Markdown; executed once for a source and a package.

    Raises:
        NotebookError: a cell fails, takes too long, ends its process, or draws a figure without
            alt text; the message names the notebook, the cell and the error.
    """
    state = path, path.read_text(encoding="utf-8"), source_fingerprint()
    if state not in _pages:
        _pages[state] = _executed(path)
    return _pages[state]


_pages: dict[tuple[Path, str, str], str] = {}


def _executed(path: Path) -> str:
    notebook = read(path)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        timeout=_TIMEOUT_SECONDS,
        extra_arguments=["--log-level=ERROR"],
    )
    try:
        client.execute(env=environment())
    except CellExecutionError as error:
        raise NotebookError(f"{path.name}: {_ANSI.sub('', str(error)).strip()}") from None
    except (CellTimeoutError, DeadKernelError) as error:
        raise NotebookError(f"{path.name}: {str(error).strip()}") from None
    parts = [_front_matter(notebook), *(_cell(cell, path) for cell in notebook.cells)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(notebook: NotebookNode) -> str:
    """The description of the page, which stands among the metadata of the notebook."""
    description = notebook.metadata.get("description")
    return f"---\ndescription: {json.dumps(description)}\n---" if description else ""


def _cell(cell: NotebookNode, path: Path) -> str:
    source = str(cell.source).strip()
    if cell.cell_type == "markdown":
        return source
    outputs = [_output(output, cell, path) for output in cell.outputs]
    return "\n\n".join([_fenced("python", source), *outputs]) if source else ""


def _output(output: NotebookNode, cell: NotebookNode, path: Path) -> str:
    if output.output_type == "stream":
        return _text(output.text)
    if "image/svg+xml" in output.data:
        label = cell.metadata.get("alt", "")
        if not label:
            raise NotebookError(
                f"{path.name}: {cell.id} draws a figure without alt text; "
                'write it in the cell\'s first line: # %% alt="what it shows"'
            )
        name = f"{path.stem}-{cell.id}"
        svg = inline_svg(
            output.data["image/svg+xml"], name=name, label=label, variables=css_variables()
        )
        return (
            f'<figure class="ie-figure"><div class="ie-drawing" tabindex="0">{svg}</div></figure>'
        )
    if "text/plain" in output.data:
        return _text(output.data["text/plain"])
    raise NotebookError(
        f"{path.name}: {cell.id} has an output of an unknown kind: {list(output.data)}"
    )


def _text(text: str) -> str:
    return _fenced("{.text .ie-output}", text.rstrip())


def _fenced(kind: str, text: str) -> str:
    """The text between fences that are longer than any in it."""
    fence = "`" * max([3, *(len(run) + 1 for run in re.findall("`{3,}", text))])
    return f"{fence}{kind}\n{text}\n{fence}"
