"""The built site, once for all the tests that look at it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parent.parent


def build(config, target):
    """Runs the strict build, as `make site` does."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-f", str(config), "-d", str(target)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The folder of the built site."""
    target = tmp_path_factory.mktemp("site") / "built"
    before = {p: p.stat().st_mtime_ns for p in (ROOT / "docs").rglob("*")}
    done = build(ROOT / "mkdocs.yml", target)
    assert done.returncode == 0, done.stdout + done.stderr
    after = {p: p.stat().st_mtime_ns for p in (ROOT / "docs").rglob("*")}
    assert after == before, "a build writes nothing into docs/"
    return target


@pytest.fixture(scope="session")
def pages(site):
    """Every page of the built site, parsed, by its path."""
    return {
        path.relative_to(site).as_posix(): BeautifulSoup(path.read_text("utf-8"), "html.parser")
        for path in sorted(site.rglob("*.html"))
    }
