"""What mkdocs-jupyter is told, so that its notebooks become pages like all others.

It executes a jupytext script, in a process like those of the pages. The template in `jupyter/`
writes the Markdown of its page, with the filters here, and the hook renders that.
"""

import functools
import html
import importlib
import json
import os
import re
import tempfile
from pathlib import Path

import jupytext
from nbclient.exceptions import CellControlSignal, CellTimeoutError
from nbconvert.exporters.templateexporter import default_filters
from nbformat import NotebookNode

from initexplain.site import cache, results, tasks
from initexplain.site.extension import PageError
from initexplain.site.svg import both, labelled

_FOLDER = str(Path(__file__).parent / "jupyter")
_STAGES = [f"nbconvert.preprocessors.{of}Preprocessor" for of in ("Execute", "CoalesceStreams")]
# but for modules that import none of a page
_NAMES_A_PAGE = re.compile(
    r"initexplain.*\b(?:experiments|figures)\b(?!\.(?:classes|diagrams|palette|style)\b)"
)


def job(path: Path) -> tasks.Job:
    """What executes a notebook, once for a text and the package and libraries as they are.

    The modules of a page count where the notebook may import any of them.
    """
    text = path.read_text("utf-8")
    present = cache.state()
    depends = cache.code(present if _NAMES_A_PAGE.search(text) else cache.shared(present))
    # each cell has a limit, and is named where it exceeds that
    return tasks.Job(path.name, cache.entry("notebook", text), execute, (path,), depends)


def execute(path: Path) -> str:
    """Executes a notebook, in this process, and returns the Markdown of its page.

    Raises:
        RuntimeError: a cell failed or took too long, the kernel died, or an output cannot be shown.
    """
    # here, because it takes a second, and the process that renders does not need it
    from mkdocs_jupyter.convert import nb2html  # noqa: PLC0415

    default_filters.update(fenced=fenced, inline_figure=inline_figure)
    with tempfile.TemporaryDirectory(prefix="initexplain-", ignore_cleanup_errors=True) as folder:
        tasks.scratch.append(folder)
        settings = {
            "NotebookClient": {
                "timeout": int(results.TIMEOUT_SECONDS),
                "extra_arguments": ["--log-level=ERROR", "--InteractiveShell.colors=nocolor"],
            },
            # a busy machine parts what one print writes: it is joined, after the execution
            "Exporter": {"default_preprocessors": _STAGES},
            "CoalesceStreamsPreprocessor": {"enabled": True},
            # the kernel is reached through files: that needs no network, nor a free port
            "KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"},
        }
        Path(folder, "jupyter_nbconvert_config.json").write_text(json.dumps(settings), "utf-8")
        folders = {"JUPYTER_CONFIG_DIR": folder, "JUPYTER_RUNTIME_DIR": folder}
        os.environ |= folders | {"JUPYTER_PATH": _FOLDER}
        try:
            return html.unescape(nb2html(str(path), execute=True, allow_errors=False))
        except (CellControlSignal, PageError, RuntimeError) as error:
            hint = f"Or {results.MORE_TIME}." if isinstance(error, CellTimeoutError) else ""
            raise RuntimeError(f"{path.name}: {error}{hint}") from None


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
    variables = importlib.import_module("initexplain.figures.palette").css_variables()
    drawn = labelled(both(documents, name=f"cell-{number}", variables=variables), label)
    return f'<figure class="ie-figure"><div class="ie-drawing">{drawn}</div></figure>'


@functools.cache  # a preview builds again and again
def as_ipynb(script: str) -> str:
    """The notebook of a script, for Jupyter: no outputs, and cell ids that stay the same."""
    notebook = jupytext.reads(script, fmt="py:percent")
    for number, cell in enumerate(notebook.cells, 1):
        cell.id = f"cell-{number}"
    return str(jupytext.writes(notebook, fmt="ipynb"))
