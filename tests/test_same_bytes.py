"""The same source gives the same bytes: anywhere, on any day, after a build that was killed."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime

from conftest import ADDRESS, OTHER_ENVIRONMENT, ROOT, build, run, small_site

from initexplain.site import cache

# the headings stand for the reference pages that figures and claims lead to
PAGE = """
![A figure](figure:row_symmetry.rows)
**A caption.** And $x$, [6](claim:row_symmetry.units).

## Rows {#initexplain.figures.row_symmetry.rows}

## Units {#initexplain.experiments.row_symmetry.run}
"""


def _contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*.*")}


def _differences(one, other):
    first, second = _contents(one), _contents(other)
    return sorted(name for name in first | second if first.get(name) != second.get(name))


def test_another_folder_and_another_environment_give_the_same_bytes(site, elsewhere):
    assert len(_contents(site)) > 100
    assert _differences(site, elsewhere / "site") == []


FORMAT = """
from initexplain.site import hook
from mkdocstrings_handlers.python import do_format_code
hook.on_startup("build")
print(ascii(do_format_code("LABELS = {'\\u2212': 1}", 10)))
"""


def test_source_is_formatted_in_any_locale():
    status, output = run("-c", FORMAT, PYTHONPATH=str(ROOT), **OTHER_ENVIRONMENT)
    assert (status, output) == (0, "'LABELS = {\\n    \"\\u2212\": 1\\n}\\n'\n")


def test_what_is_remembered_elsewhere_holds_here(site, elsewhere, monkeypatch):
    """All of it: results, notebooks, the reference and the font; so a copy of it saves a build."""
    here = {path.name for path in cache.FOLDER.iterdir()}
    present = cache.state()
    monkeypatch.setattr(cache, "FOLDER", elsewhere / ".cache" / "results")
    entries = {path.name for path in cache.FOLDER.iterdir()}
    assert {name.partition(".")[2] for name in entries} == {
        "font",
        "html",
        "notebook",
        "page",
        "result",
    }
    assert [name for name in entries if cache.load(name, present) is None] == []
    assert entries <= here


def test_no_page_knows_the_day_or_the_place_it_was_built(site):
    places = [str(ROOT), str(site)]
    day = datetime.now(UTC).date().isoformat()
    for name, content in _contents(site).items():
        assert day.encode() not in content, name
        assert not any(place.encode() in content for place in places), name


def test_a_site_names_an_address_only_if_it_is_told_one(site, hosted):
    assert not list(site.glob("sitemap.xml*"))
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert "localhost" not in text
        assert 'rel="canonical"' not in text
    page = (hosted / "index.html").read_text("utf-8")
    assert f'<link rel="canonical" href="{ADDRESS}">' in page
    assert 'href="/under/assets/' in (hosted / "404.html").read_text("utf-8")
    sitemap = (hosted / "sitemap.xml").read_text("utf-8")
    assert f"<loc>{ADDRESS}</loc>" in sitemap
    assert "lastmod" not in sitemap
    no_date = bytes(4)  # in the header of gzip, RFC 1952
    assert (hosted / "sitemap.xml.gz").read_bytes()[4:8] == no_date


def _killed(config, target, *, at):
    """Runs a build that is killed as soon as it has written the file `at`."""
    begin = time.time()
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-f", str(config), "-d", str(target)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            if (target / at).exists() and (target / at).stat().st_mtime >= begin:
                process.kill()
            time.sleep(0.003)
    return process.returncode < 0


@contextmanager
def _one_core():
    """Processes that start in this block have one core, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def test_a_build_that_was_killed_leaves_no_trace(tmp_path):
    config = small_site(tmp_path, text=PAGE)
    status, output = build(config, tmp_path / "clean")
    assert status == 0, output
    # while assets are copied, templates written, pages written
    for moment in ("assets", "404.html", "index.html"):
        assert _killed(config, tmp_path / "again", at=moment), moment
    assert _differences(tmp_path / "clean", tmp_path / "again") != []
    with _one_core():
        status, output = build(config, tmp_path / "again")
    assert status == 0, output
    assert _differences(tmp_path / "clean", tmp_path / "again") == []
