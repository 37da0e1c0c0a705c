"""A build on a machine that others use too: it ends when told, and says what is in its way."""

import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from itertools import product
from urllib.error import HTTPError, URLError

import psutil
import pytest
import yaml
from conftest import DOCS, NO_ROOM, ROOT, run, small_site

LONG = """# %%
import os, pathlib, time
pathlib.Path(os.environ["INITEXPLAIN_MARK"], "running").touch()
time.sleep(100)
"""
CLAIM = "[{}](claim:row_symmetry.units)\n\n## Units {{#initexplain.experiments.row_symmetry.run}}"


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return opened.getsockname()[1]


@contextmanager
def _started(command, folder, **environment):
    """The process, in a group and with a mark of its own; whatever happens, it and its kind end."""
    mark = {"INITEXPLAIN_MARK": str(folder)}
    # a shell lets what it runs in the background ignore this signal, and that is handed on
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            list(map(str, command)),
            cwd=folder,
            env=os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)} | mark | environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        for left in _left(folder):
            left.kill()
        process.wait()


def _left(folder):
    """Processes that descend from those that were started for this folder."""
    left = []
    for process in psutil.process_iter():
        try:
            marked = process.environ().get("INITEXPLAIN_MARK") == str(folder)
            if marked and process.status() != psutil.STATUS_ZOMBIE:
                left.append(process)
        except psutil.Error:
            pass
    return left


def _ends(folder, process):
    process.wait(timeout=20)
    end = time.monotonic() + 5
    while (left := _left(folder)) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []


# seconds until the signal, unless a notebook is running before; who gets it; which
ENDS = list(product([False, True], ["SIGTERM", "SIGINT"], ["site", "serve"]))
MOMENTS = [(0.2 + 0.5 * number, *ENDS[5 * number % len(ENDS)]) for number in range(10)]


@pytest.mark.parametrize(("seconds", "everybody", "name", "command"), MOMENTS)
def test_whenever_it_is_told_to_end_nothing_is_left(seconds, everybody, name, command, tmp_path):
    small_site(tmp_path, "notebooks/n.py", LONG)
    (tmp_path / "docs" / "glossary.md").write_text("# Glossary\n", "utf-8")
    port = _free_port()
    make = ["make", "-f", ROOT / "Makefile", "-o", ".venv/ready", f"RUN='{sys.executable}'"]
    with _started([*make, command, f"ADDRESS=127.0.0.1:{port}"], tmp_path) as process:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not (tmp_path / "running").exists():
            time.sleep(0.01)
        assert process.poll() is None, (tmp_path / "log").read_text("utf-8")
        number = getattr(signal, name)
        os.killpg(process.pid, number) if everybody else process.send_signal(number)
        _ends(tmp_path, process)
    socket.create_server(("127.0.0.1", port)).close()
    assert list(tmp_path.glob("initexplain-*")) == []
    log = (tmp_path / "log").read_text("utf-8")
    if "Cleaning" in log:  # before that, it is Python that is interrupted, or MkDocs
        assert list(tmp_path.glob("mkdocs_*")) == []
        assert "Traceback" not in log


def _shown(address, text, seconds=60):
    """Waits until a page shows the text, and returns it."""
    end = time.monotonic() + seconds
    page = ""
    while text not in page and time.monotonic() < end:
        try:
            with urllib.request.urlopen(address, timeout=seconds) as answer:  # noqa: S310 - it is our own
                page = answer.read().decode()
        except HTTPError as error:
            page = error.read().decode()
        except URLError:  # not yet
            time.sleep(0.1)
    assert text in page
    return page


def test_the_preview_shows_what_is_wrong_until_it_is_mended(tmp_path):
    config = small_site(tmp_path, "wrong.md", CLAIM.format(7))
    shutil.copytree(ROOT / "initexplain" / "site" / "theme", tmp_path / "theme")
    template = tmp_path / "theme" / "main.html"
    right = template.read_text("utf-8")
    settings = config.read_text("utf-8")
    config.write_text(re.sub(r"custom_dir: [^}]*", "custom_dir: theme", settings), "utf-8")
    address = f"127.0.0.1:{_free_port()}"
    (tmp_path / "docs" / "glossary.md").write_text("# Glossary\n", "utf-8")
    serve = [sys.executable, "-m", "mkdocs", "serve", "-f", config, "-a", address, "-w", "theme"]
    with _started(serve, tmp_path) as process:
        _shown(f"http://{address}/wrong/", "says 7, computed 6")
        assert "Text." in _shown(f"http://{address}/", "Page")
        page = tmp_path / "docs" / "wrong.md"
        page.write_text(page.read_text("utf-8").replace("[7]", "[6]"), "utf-8")
        assert "has an error" not in _shown(f"http://{address}/wrong/", "ie-claim")
        template.write_text("{% nothing %}", "utf-8")
        _shown(f"http://{address}/wrong/", "unknown tag &#x27;nothing&#x27;")
        template.write_text(right, "utf-8")
        _shown(f"http://{address}/wrong/", "ie-claim")
        process.send_signal(signal.SIGTERM)
        _ends(tmp_path, process)


def test_what_the_preview_rendered_before_is_never_old(tmp_path):
    config = small_site(tmp_path, "other.md", "[](){#place}")
    index, glossary = (tmp_path / "docs" / name for name in ("index.md", "glossary.md"))
    glossary.write_text("# Glossary\n", "utf-8")
    address = f"127.0.0.1:{_free_port()}"
    with _started([sys.executable, "-m", "mkdocs", "serve", "-f", config, "-a", address], tmp_path):
        _shown(f"http://{address}/", "Text.")
        index.write_text(f"{index.read_text('utf-8')}\n[there][place]\n", "utf-8")
        assert 'href="other/#place"' in _shown(f"http://{address}/", "there", 15)
        glossary.write_text("# Glossary\n\n## *Text* { #term-text }\n\nWords.\n", "utf-8")
        _shown(f"http://{address}/other/", "glossary/#term-text", 15)


def test_everything_that_pages_include_is_watched():
    pages = (path.read_text("utf-8") for path in DOCS.rglob("*.md"))
    included = {name for page in pages for name in re.findall(r'^--8<-- "([^":]+)', page, re.M)}
    settings = (ROOT / "mkdocs.yml").read_text("utf-8").partition("\nwatch:")[2]
    watched = set(yaml.safe_load(settings.partition("\n\n")[0]))
    assert included
    assert included | {"initexplain"} == watched


REFUSED = """
import json, sys
from mkdocs.__main__ import cli
for command in json.loads(sys.argv[1]):
    try:
        cli(command)
    except SystemExit as end:
        assert end.code
"""


def _refused(*commands, before=""):
    """What MkDocs says to commands that it refuses, one after the other in one process."""
    commands = [list(map(str, command)) for command in commands]
    status, output = run("-c", before + REFUSED, json.dumps(commands))
    assert status == 0, output
    assert "Traceback" not in output
    return output


def test_a_second_build_in_the_same_folder_is_refused(tmp_path):
    config = small_site(tmp_path)
    target = tmp_path / "site"
    target.mkdir()
    (target / "kept.html").write_text("of the first build", "utf-8")
    first = os.open(target, os.O_RDONLY)
    fcntl.flock(first, fcntl.LOCK_EX)
    output = _refused(["build", "-f", config, "-d", target])
    assert re.search("another build writes into .*INITEXPLAIN_SITE_DIR=", output)
    assert (target / "kept.html").exists()
    os.close(first)


def test_a_taken_address_is_found_before_anything_is_built(tmp_path):
    config = small_site(tmp_path)
    serve = ["serve", "-f", config, "-a"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = "{}:{}".format(*taken.getsockname())
        output = _refused([*serve, address], [*serve, "127.0.0.1:99999"])
    assert re.search(f"cannot have {address}: .* in use.*make serve ADDRESS=", output)
    assert re.search("cannot have 127.0.0.1:99999: .*65535.*make serve ADDRESS=", output)
    assert "Cleaning" not in output


def test_a_full_disk_is_named(tmp_path):
    config = small_site(tmp_path)
    output = _refused(["build", "-f", config, "-d", tmp_path / "site"], before=NO_ROOM)
    place = re.escape(str(tmp_path / "site"))
    assert re.search(f"Aborted: .*needs room and permission to write into {place}", output)
    assert "INITEXPLAIN_SITE_DIR=" in output


def _setting_up(folder, pip):
    """A command that sets up an environment, in an empty project, with this for pip."""
    for name in ("pyproject.toml", "constraints.txt"):
        (folder / name).touch()
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{pip}\n", "utf-8")
    python.chmod(0o755)
    return ["make", "-f", ROOT / "Makefile", "PYTHON=true", "site"]


def test_without_a_network_the_first_command_says_what_to_do(tmp_path):
    with _started(_setting_up(tmp_path, "exit 1"), tmp_path) as process:
        assert process.wait(timeout=20) != 0
    assert "PIP_INDEX_URL" in (tmp_path / "log").read_text("utf-8")
    assert not (tmp_path / ".venv" / "ready").exists()


def test_nothing_is_left_of_a_set_up_that_is_told_to_end(tmp_path):
    with _started(_setting_up(tmp_path, "touch begun\nexec sleep 100"), tmp_path) as process:
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        process.terminate()
        _ends(tmp_path, process)
    assert not (tmp_path / ".venv" / "ready").exists()
