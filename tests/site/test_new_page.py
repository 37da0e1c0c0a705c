"""A page begins with files that lack only what its author has to say."""

import re
import shutil

import pytest
from conftest import NO_ROOM, ROOT, run, small_site

PROGRAM = "-m", "initexplain.site.new_page"


@pytest.fixture
def project(tmp_path):
    """A copy of the project without its pages."""
    folder = tmp_path / "project"
    for name in ("initexplain", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("mkdocs.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "docs" / "scale").mkdir(parents=True)
    return folder


def test_a_new_page_lacks_what_its_author_has_to_say_and_nothing_else(project, tmp_path):
    status, output = run(*PROGRAM, "scale/my-page", "Mine: a page", cwd=project)
    assert status == 0, output
    files = re.findall(r"^  (\S+)$", output, re.MULTILINE)
    assert len(files) == 4
    assert all((project / path).is_file() for path in files)
    before, after = ((f / "mkdocs.yml").read_text("utf-8") for f in (ROOT, project))
    line = '      - "Mine: a page": scale/my-page.md\n'
    assert after.replace(line, "") == before
    assert before.index("Notebook: change") < after.index("Notebook: change"), "after the pages"
    for command in (("check",), ("format", "--check")):
        status, output = run("-m", "ruff", *command, *files[1:], cwd=project)
        assert status == 0, output
    (project / "docs" / "glossary.md").touch()
    page = (project / files[0]).read_text("utf-8")
    config = small_site(tmp_path / "small", text=page.partition("# Mine: a page")[2])
    status, output = run("-m", "mkdocs", "build", "-f", config, cwd=project)
    assert status != 0
    missing = re.findall(r"^  - (.*?)(?=\n  - |\n\n|\Z)", output, re.MULTILINE | re.DOTALL)
    assert len(missing) == 2, output
    assert [text for text in missing if "no alt text" in text], output
    assert [text for text in missing if text.endswith("return a MyPage")], output
    test = (project / files[3]).read_text("utf-8")
    assert "pytest.fail" in test, "as long as it checks nothing"


def test_without_room_there_is_no_page(project):
    before = sorted(project.rglob("*"))
    code = f"{NO_ROOM}import runpy; runpy.run_module('{PROGRAM[1]}', run_name='__main__')"
    status, output = run("-c", code, "scale/my-page", "Mine", cwd=project)
    assert status == 1
    assert "too large" in output
    assert "Traceback" not in output
    assert sorted(project.rglob("*")) == before
    assert (project / "mkdocs.yml").read_bytes() == (ROOT / "mkdocs.yml").read_bytes()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("scale/linear-region", "A page"), r"linear_region\.py: exists already"),
        (("scala/my-page", "A page"), "chapter 'scala': did you mean 'scale'"),
        (("my-page", "A page"), "NAME="),
        (("scale/my-page", ""), "TITLE="),
        ((), "NAME="),
    ],
)
def test_what_is_no_new_page_is_refused(arguments, message, project):
    status, output = run(*PROGRAM, *arguments, cwd=project)
    assert status == 1
    assert re.search(message, output)
    assert "Traceback" not in output
    assert (project / "mkdocs.yml").read_bytes() == (ROOT / "mkdocs.yml").read_bytes()
