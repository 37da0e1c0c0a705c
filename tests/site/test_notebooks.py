"""Notebooks: executed, shown as Markdown, and strict about errors."""

import json
import textwrap
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markdown import markdown
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from initexplain.site import notebooks


@pytest.fixture
def notebook(tmp_path):
    def write(source):
        path = tmp_path / "trial.py"
        path.write_text(textwrap.dedent(source), encoding="utf-8")
        return path

    return write


def test_text_code_outputs_and_figures(notebook):
    path = notebook(
        """\
        # %% [markdown]
        # # Title
        # With $x$ and [6](claim:row_symmetry.units).

        # %%
        print("printed")
        {"a": 1 + 1}

        # %%
        import os
        print("BLAS threads:", os.environ["OPENBLAS_NUM_THREADS"])

        # %% alt="A curve that falls."
        from initexplain.experiments import row_symmetry
        from initexplain.figures.row_symmetry import losses
        losses(row_symmetry.run(steps=20))
        """
    )
    page = notebooks.as_markdown(path)
    assert page.startswith("# Title\nWith $x$ and [6](claim:row_symmetry.units).")
    assert '```python\nprint("printed")' in page
    assert "\nprinted\n```" in page
    assert "{'a': 2}" in page
    assert "BLAS threads: 1\n" in page
    assert 'aria-label="A curve that falls."' in page
    assert "var(--ie-random" in page
    assert "base64" not in page
    # the second call does not execute again, and an edit does
    assert notebooks.as_markdown(path) is page
    path.write_text(path.read_text().replace("1 + 1", "1 + 2"))
    assert "{'a': 3}" in notebooks.as_markdown(path)


def test_an_error_names_notebook_cell_and_reason(notebook):
    path = notebook("# %%\nvalue = 1\n\n# %%\nvalue / 0\n")
    with pytest.raises(notebooks.NotebookError) as caught:
        notebooks.as_markdown(path)
    assert "trial.py" in str(caught.value)
    assert "value / 0" in str(caught.value)
    assert "ZeroDivisionError" in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("error", [DeadKernelError("Kernel died"), CellTimeoutError("timed out")])
def test_a_process_that_ends_or_hangs_is_the_notebooks_error(notebook, monkeypatch, error):
    def fail(_client, **_settings):
        raise error

    monkeypatch.setattr(notebooks.NotebookClient, "execute", fail)
    with pytest.raises(notebooks.NotebookError, match=rf"^trial\.py: {error}$"):
        notebooks.as_markdown(notebook("# %%\n1\n"))


def test_fences_in_a_cell_do_not_end_it():
    cell = NotebookNode(
        cell_type="code",
        source='print("```")',
        outputs=[NotebookNode(output_type="stream", text="```\nx\n```\n")],
    )
    page = notebooks._cell(cell, Path("trial.py"))
    code = BeautifulSoup(markdown(page, extensions=["pymdownx.superfences"]), "html.parser")
    assert [block.get_text() for block in code.find_all("code")] == [
        'print("```")\n',
        "```\nx\n```\n",
    ]


def test_a_figure_without_alt_text_is_refused(notebook):
    path = notebook(
        """\
        # %%
        from initexplain.figures.style import new_figure
        new_figure(height=1.0)[0]
        """
    )
    with pytest.raises(notebooks.NotebookError, match=r"trial\.py: cell-1 draws .* alt"):
        notebooks.as_markdown(path)


def test_the_download_is_a_notebook_without_outputs(notebook):
    path = notebook("# %% [markdown]\n# Text\n\n# %%\n1 + 1\n")
    first = notebooks.as_ipynb(path)
    content = json.loads(first)
    assert [cell["cell_type"] for cell in content["cells"]] == ["markdown", "code"]
    assert content["cells"][1]["outputs"] == []
    assert notebooks.as_ipynb(path) == first
