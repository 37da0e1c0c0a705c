"""Notebooks: executed, shown as a page like any other, remembered; errors are in test_build."""

import json
import shutil

import pytest
from bs4 import BeautifulSoup
from conftest import build, small_site

from initexplain.site import cache, notebooks

NOTEBOOK = """\
# ---
# jupyter:
#   description: What a trial shows & tells.
# ---

# %% [markdown]
# # Title
# With $x$, [6](claim:row_symmetry.units) and [a page](../index.md#page).
#
# ## Where the number comes from {#initexplain.experiments.row_symmetry.run}

# %%
import os, time
print("1 < 2 & BLAS threads:", os.environ["OPENBLAS_NUM_THREADS"], "pid", os.getpid())
{"a": 1 + 1}

# %%
print("```\\nx", flush=True)
time.sleep(0.3)  # now the kernel sends what it has
print("```")

# %% alt="A curve that falls."
from initexplain.experiments import row_symmetry
from initexplain.figures.row_symmetry import losses
losses(row_symmetry.run(steps=20))
"""


def test_a_notebook_becomes_a_page_once_for_a_source_and_a_package(tmp_path):
    config = small_site(tmp_path, "notebooks/n.py", NOTEBOOK)

    def built():
        status, output = build(config, tmp_path / "site")
        assert status == 0, output
        return BeautifulSoup(
            (tmp_path / "site/notebooks/n/index.html").read_text("utf-8"), "html.parser"
        )

    page = built()
    outputs = [output.get_text() for output in page.select(".ie-output code")]
    assert outputs[0].startswith("1 < 2 & BLAS threads: 1 pid ")
    assert outputs[1:] == ["{'a': 2}\n", "```\nx\n```\n"]
    assert page.select_one("article .highlight code").get_text().startswith("import os, time\n")
    assert page.find("meta", attrs={"name": "description"})["content"].endswith("shows & tells.")
    assert page.title.get_text().startswith("Title - ")
    assert page.math
    assert page.select_one("a[href='../../#page']")
    assert page.select_one(".ie-claim a")["href"].startswith("#initexplain.experiments")
    assert page.article.figure.svg["aria-label"] == "A curve that falls."
    assert "var(--ie-random" in str(page.article.figure)
    assert "base64" not in str(page.article)
    for link in page.select("article a[href^='../n.']"):
        assert (tmp_path / "site/notebooks/n" / link["href"]).resolve().is_file()
    plain = len((tmp_path / "site/index.html").read_bytes())
    assert len(str(page)) - len(str(page.article)) < plain + 30 * 1024

    assert built().article == page.article  # the process has the same number: it is the same run
    changed = NOTEBOOK.replace("1 + 1", "1 + 2")
    (tmp_path / "docs/notebooks/n.py").write_text(changed, "utf-8")
    assert built().select(".ie-output code")[1].get_text() == "{'a': 3}\n"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package that may be edited, in the place of the package."""
    folder = tmp_path_factory.mktemp("copy")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "PACKAGE", shutil.copytree(cache.PACKAGE, folder / "initexplain"))
        patch.setattr(cache, "FOLDER", folder / ".cache")
        yield cache.PACKAGE


STYLE_ALONE = (
    "# %%\nfrom initexplain.figures.style import new_figure\n"
    "from initexplain.figures.diagrams import draw_network\n"
)
A_PAGE = "# %%\nfrom initexplain.experiments import the_swap\n"


@pytest.mark.parametrize(
    ("text", "edited", "line", "again"),
    [
        (STYLE_ALONE, "network.py", "EDITED = 1", True),
        (STYLE_ALONE, "network.py", "# edited", False),
        (STYLE_ALONE, "figures/style.py", "EDITED = 1", True),
        (STYLE_ALONE, "site/jupyter/nbconvert/templates/mkdocs_html/notebook.html.j2", "x", True),
        (STYLE_ALONE, "experiments/the_swap.py", "EDITED = 1", False),
        (A_PAGE, "experiments/the_swap.py", "EDITED = 1", True),
    ],
)
def test_a_notebook_is_executed_again_where_that_could_change_it(text, edited, line, again, copy):
    script = copy.parent / "n.py"
    script.write_text(text, "utf-8")
    shutil.rmtree(cache.FOLDER, ignore_errors=True)

    def known():
        job = notebooks.job(script)
        return job, cache.load(job.entry, cache.state())

    job, nothing = known()
    assert nothing is None
    cache.store(job.entry, job.depends, "content", cache.state())
    assert known()[1] == "content"
    with (copy / edited).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")
    assert known()[1] == (None if again else "content")


@pytest.mark.parametrize("edited", ["network.py", "experiments/the_swap.py"])
def test_what_came_of_a_file_that_has_changed_is_not_kept(edited, copy):
    script = copy.parent / "n.py"
    script.write_text(STYLE_ALONE, "utf-8")
    shutil.rmtree(cache.FOLDER, ignore_errors=True)
    job, before = notebooks.job(script), cache.state()
    with (copy / edited).open("a", encoding="utf-8") as file:
        file.write("\nEDITED = 1\n")
    cache.store(job.entry, job.depends, "content", before)
    kept = cache.load(job.entry, before)
    assert kept == (None if edited == "network.py" else "content")


@pytest.mark.parametrize(
    ("text", "fence"), [("x", "```"), ("```", "````"), ("a\n````\nb", "`````")]
)
def test_a_fence_is_longer_than_any_in_it(text, fence):
    assert notebooks.fenced(text, "python") == f"{fence}python\n{text}\n{fence}"


def test_the_download_is_a_notebook_without_outputs():
    script = "# %% [markdown]\n# Text\n\n# %%\n1 + 1\n"
    first = notebooks.as_ipynb(script)
    content = json.loads(first)
    assert [cell["cell_type"] for cell in content["cells"]] == ["markdown", "code"]
    assert content["cells"][1]["outputs"] == []
    notebooks.as_ipynb.cache_clear()
    assert notebooks.as_ipynb(script) == first
