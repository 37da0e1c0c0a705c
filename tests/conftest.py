"""The built site, once for all the tests that look at it, and the result of an experiment."""

import gc
import importlib
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from browsing import CHROMIUM, DESKTOP, launch, listen
from bs4 import BeautifulSoup
from filelock import FileLock
from webserver import serving

from initexplain.site import packing

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Puts what waits for a build first, and the tests of the same pages together.

    Of two processes one begins here and builds, while the other begins in the middle.
    """
    costly = ("elsewhere", "pages", "browser", "site")
    items.sort(key=lambda item: [name not in item.fixturenames for name in costly])


def run(*command, cwd=ROOT, **environment):
    """`(exit status, output)` of a Python command."""
    done = subprocess.run(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def build(config, target, **environment):
    """Runs the strict build, as `make site` does."""
    return run("-m", "mkdocs", "build", "--strict", "-f", config, "-d", target, **environment)


# before the text of a program: it can write no file of more than a kilobyte
NO_ROOM = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"


def small_site(folder, name="index.md", text=""):
    """The configuration of a site of one or two pages with this project's settings."""
    docs = folder / "docs"
    (docs / "notebooks").mkdir(parents=True)
    shutil.copytree(DOCS / "assets", docs / "assets")
    good = "---\ndescription: x\n---\n\n# Page\n\nText.\n\n"
    (docs / "index.md").write_text(good, "utf-8")
    (docs / name).write_text(text if name.endswith(".py") else f"{good}{text}\n", "utf-8")
    site = (ROOT / "initexplain" / "site").as_posix()
    config = folder / "mkdocs.yml"
    config.write_text(
        f"INHERIT: {(ROOT / 'mkdocs.yml').as_posix()}\ndocs_dir: docs\nnav: null\nwatch: []\n"
        f"theme: {{custom_dir: {site}/theme}}\nhooks: [{site}/hook.py]\n"
        f"plugins: {{mkdocstrings: {{enabled: false, custom_templates: {site}/templates}}}}\n",
        "utf-8",
    )
    return config


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder that is the same for all the processes of a test run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def once(folder, make):
    """The folder, made by the first process that asks for it; the others wait."""
    done = folder.with_name(f"{folder.name}.done")
    with FileLock(f"{folder}.lock"):
        if not done.exists():
            make(folder)
            done.touch()
    return folder


@pytest.fixture(scope="session")
def site(shared):
    """The folder of the built site."""
    return once(shared / "built", _build_site)


def _build_site(target):
    before = {p: p.stat().st_mtime_ns for p in DOCS.rglob("*")}
    status, output = build(ROOT / "mkdocs.yml", target)
    assert status == 0, output
    after = {p: p.stat().st_mtime_ns for p in DOCS.rglob("*")}
    assert after == before, "a build writes nothing into docs/"


# a word of code in its colour; half of all tags are such
COLOURED = re.compile(r'<span class="[a-z][a-z0-9]{0,2}">([^<]*)</span>')


def parsed(folder):
    """Every page of a built folder, without the colours of its code, by its path.

    Whoever takes them changes nothing in them.
    """
    gc.disable()  # they are kept: to look for garbage in them takes as long as reading them
    pages = {}
    for path in sorted(folder.rglob("*.html")):
        text = COLOURED.sub(r"\1", path.read_text("utf-8"))
        pages[path.relative_to(folder).as_posix()] = BeautifulSoup(text, "html.parser")
    gc.enable()
    return pages


@pytest.fixture(scope="session")
def pages(site):
    """Every page of the built site, parsed, by its path."""
    found = parsed(site)
    gc.freeze()  # they stay to the end
    return found


ADDRESS = "https://example.org/under/"
OTHER = '"Zeros" & `a < b`?'


@pytest.fixture(scope="session")
def hosted(shared):
    """The folder of a site of two pages that is told its address."""
    return once(shared / "hosted", _build_hosted)


def _build_hosted(target):
    folder = target.with_name("to be hosted")
    config = small_site(folder, "notebooks/other.md")
    other = f"---\ndescription: Another page.\n---\n\n# {OTHER}\n"
    (folder / "docs" / "notebooks" / "other.md").write_text(other, "utf-8")
    status, output = build(config, target, INITEXPLAIN_SITE_URL=ADDRESS)
    assert status == 0, output


# as different as a machine can be that runs the same versions
OTHER_ENVIRONMENT = {
    "LC_ALL": "C",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONUTF8": "0",  # files that are opened without an encoding are read as ASCII
    "PYTHONHASHSEED": "77",
    "TZ": "Pacific/Kiritimati",
    "OPENBLAS_NUM_THREADS": "7",
}
NOT_SOURCES = (".*", "__pycache__", "node_modules", "offline", "site", "tests")
# one process for both copies, so that the second does not compute everything again
BUILD_BOTH = """
from mkdocs.__main__ import cli
for options in [], ["--no-directory-urls", "--site-dir", "offline/initexplain"]:
    cli(["build", "--strict", *options], standalone_mode=False)
"""


@pytest.fixture(scope="session")
def elsewhere(site, shared):
    """A folder in which somebody else built the site and the offline copy from the same sources.

    An earlier build was killed there: half of its files are cut off, and one is in the way.
    """
    return once(shared / "else where & other", lambda folder: _build_elsewhere(folder, site))


def _build_elsewhere(folder, site):
    shutil.copytree(ROOT, folder, ignore=shutil.ignore_patterns(*NOT_SOURCES))
    # the package has a folder that is called site too
    shutil.copytree(ROOT / "initexplain", folder / "initexplain", dirs_exist_ok=True)
    shutil.copytree(site, folder / "site")
    for path in [p for p in sorted((folder / "site").rglob("*")) if p.is_file()][::2]:
        path.write_bytes(path.read_bytes()[:1000])
    (folder / "site" / "left-over.html").write_text("An older build had this page.", "utf-8")
    status, output = run("-c", BUILD_BOTH, cwd=folder, PYTHONPATH=str(folder), **OTHER_ENVIRONMENT)
    assert status == 0, output


@pytest.fixture(scope="session")
def origin(site):
    """The address of the built site, behind a server."""
    with serving(site, kept=True) as server:
        yield server.origin


@pytest.fixture(scope="session")
def playwright():
    """What drives the browser; tests that need it are skipped where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("there is no Chromium on this machine")
    with sync_api.sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def browser(playwright):
    running = launch(playwright)
    yield running
    running.close()


@pytest.fixture(scope="session")
def tabs():
    """Tabs that no test uses now, by what cannot be changed: a new one takes half a second."""
    return defaultdict(list)


@pytest.fixture
def visit(browser, origin, tabs):
    """Opens a page; fails at the end if it complained or asked anybody else for anything."""
    opened, complaints = [], []

    def open_page(
        address, *, viewport=DESKTOP, color_scheme="light", reduced_motion="no-preference", **fixed
    ):
        free = tabs[repr(sorted(fixed.items()))]
        page = free.pop() if free else browser.new_context(**fixed).new_page()
        opened.append((free, page, listen(page, origin, complaints)))
        page.set_viewport_size(viewport)
        page.emulate_media(color_scheme=color_scheme, reduced_motion=reduced_motion)
        page.goto(origin + address, wait_until="load")
        return page

    yield open_page
    for free, page, unlisten in opened:
        page.evaluate("localStorage.clear(), sessionStorage.clear()")
        page.goto("about:blank")
        page.emulate_media(media="null")
        unlisten()
        free.append(page)
    assert complaints == []


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory):
    """Runs the body of an async function of `x` in the browser, where `lab` has all that the lab's
    modules of numbers export.
    """
    site = tmp_path_factory.mktemp("lab")
    folder = shutil.copytree(DOCS / packing.LAB, site / packing.LAB)
    packing.pack_lab(site)  # as they travel
    (folder / "index.html").write_text('<link rel="icon" href="data:,"><title>lab</title>', "utf-8")
    complaints = []
    with serving(folder) as server, browser.new_context() as context:
        page = context.new_page()
        listen(page, server.origin, complaints)
        page.goto(server.origin)
        yield lambda body, x=None: page.evaluate(_with_lab(body), x)
    assert complaints == []


LAB = "engine", "seeded", "state", "challenges", "presets"


def _with_lab(body):
    imports = ", ".join(f'import("/{name}.js")' for name in LAB)
    lab = f"Object.assign({{}}, ...await Promise.all([{imports}]))"
    return f"async x => {{ const lab = {lab}; {body} }}"


@pytest.fixture(scope="module")
def result(request):
    """The experiment of the module's name, run with the module's `SETTINGS`."""
    name = request.module.__name__.removeprefix("test_")
    experiment = importlib.import_module(f"initexplain.experiments.{name}")
    return experiment.run(**request.module.SETTINGS)
