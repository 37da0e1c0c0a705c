"""Results come from processes that are as new as the source, or from what they left on disk."""

import gzip
import json
import os
import pickle
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from conftest import NO_ROOM

PACKAGE = Path(__file__).resolve().parents[2] / "initexplain"

# every experiment and every figure of a copy leaves a line in a file
LOG = """
import math, os, time
from dataclasses import dataclass
from typing import NamedTuple
import numpy as np
def _log(line):
    with open(os.environ["LOG"], "a") as file:
        file.write(line + "\\n")
"""
EXPERIMENTS = {
    "one": """
SCALE = 2.5
class Pair(NamedTuple):
    low: float
    high: float
@dataclass(frozen=True)
class One:
    steps: int
    runs: dict
    curve: np.ndarray
    pair: Pair
    ragged: tuple
    flag: bool
    nothing: float
    @property
    def twice(self):
        return 2 * self.steps
    @property
    def raising(self):
        raise KeyError("lost")
def run(*, width=8, names=("a", "b")):
    _log("run one")
    return One(3, {"relu": [1, {2: 7.5, 0.5: 1}]}, np.array([[1.0, 2.0], [3.0, 4.0]]), Pair(-1, 1),
               (np.ones(2), np.ones((3, 4))), np.bool_(True), math.nan)
""",
    "two": "def run():\n    _log('run two')\n    return {'value': 1}\n",
    "raises": "def run():\n    raise KeyError('broken')\n",
    "exits": "def run():\n    raise SystemExit(0)\n",
    "dies": "def run():\n    os._exit(0)\n",
    "killed": "def run():\n    os.kill(os.getpid(), 9)\n",
    "endless": "def run():\n    _log(str(os.getpid()))\n    while True:\n        time.sleep(1)\n",
    "prints": "def run():\n    print('by Python', flush=True)\n    os.write(1, b'by the system')\n"
    "    return {'value': 1}\n",
    "no_page": "value = 1\n",
}
DRAWS = """
from initexplain.figures.style import new_figure, on_phone
def curve(result):
    if not on_phone():  # it is drawn for one as well
        _log("draw {0}")
    figure, [axes] = new_figure(height=1.0)
    axes.axhline(0, color="#1f2328")
    return figure
def helper(result, other):
    _log("a helper is no figure")
"""
FIGURES = {
    "one": DRAWS.format("one")
    + "def broken(result):\n    raise KeyError('no ink')\n"
    + "def empty(result):\n    pass\n",
    "two": DRAWS.format("two"),
}

# answers each line, a list of names, with a line: one build after the other in the same process
ASK = """
import json, sys
from initexplain.site import results
for line in sys.stdin:
    names, answers = json.loads(line), {}
    results.stop()
    results.prefetch([], (f"({name})" for name in names))
    for name in names:
        kind, _, rest = name.partition(":")
        try:
            answers[name] = getattr(results, kind)(rest)
        except (ValueError, RuntimeError) as error:
            answers[name] = f"{type(error).__name__}: {error}"
    foreign = [m for m in sys.modules if m.startswith(("matplotlib", "initexplain.experiments"))]
    assert not foreign, foreign
    print(json.dumps(answers), flush=True)
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A folder for a copy of the package that has these experiments and figures alone."""
    return write(tmp_path_factory.mktemp("copy"))


def write(folder):
    """The folder, with the copy as it is before any edit and nothing in the cache."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    ignored = shutil.ignore_patterns("__pycache__", "experiments", "figures")
    copy = shutil.copytree(PACKAGE, folder / "initexplain", ignore=ignored)
    for floor, modules in (("experiments", EXPERIMENTS), ("figures", FIGURES)):
        (copy / floor).mkdir()
        for name, text in modules.items():
            (copy / floor / f"{name}.py").write_text(LOG + text, "utf-8")
    shared = "experiments/__init__", "experiments/curves", "experiments/reach"
    for name in (*shared, "figures/__init__", "figures/palette", "figures/style"):
        shutil.copy(PACKAGE / f"{name}.py", copy / f"{name}.py")
    return folder


@pytest.fixture
def fresh(package):
    return write(package)


def start(folder, code=ASK, *, stderr=None, **environment):
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "LOG": str(folder / "log"), **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def tell(process, *names):
    process.stdin.write(f"{json.dumps(names)}\n")
    process.stdin.flush()


def answers(process, *names):
    """What a build in the process answers."""
    tell(process, *names)
    return json.loads(process.stdout.readline())


ONE = "initexplain.experiments.one"
CLAIMS = {
    "one.steps": (3, f"{ONE}.One.steps"),
    "one.twice": (6, f"{ONE}.One.twice"),
    "one.runs.relu.0": (1, f"{ONE}.One.runs"),
    "one.runs.relu.-1.2": (7.5, f"{ONE}.One.runs"),
    "one.curve.0.1": (2, f"{ONE}.One.curve"),
    "one.curve.-1.-2": (3, f"{ONE}.One.curve"),
    "one.pair.high": (1, f"{ONE}.One.pair"),
    "one.ragged.1.shape.1": (4, f"{ONE}.One.ragged"),
    "one.curve.shape.1": (2, f"{ONE}.One.curve"),
    "one.curve.size": (4, f"{ONE}.One.curve"),
    "one.width": (8, f"{ONE}.run"),
    "one.SCALE": (2.5, f"{ONE}.SCALE"),
    "two.value": (1, "initexplain.experiments.two.run"),
    "prints.value": (1, "initexplain.experiments.prints.run"),
}
FAULTS = {
    "claim:one.stepz": r"ValueError.*value of one 'stepz': did you mean 'steps'. known:.*width",
    "claim:one.runs.rely.0": r"ValueError.*value of one.runs 'rely': did you mean 'relu'",
    "claim:one.runs.relu.1.0.5": r"ValueError.*a point in it has no name.* '0'.*known: 2, 0\.5$",
    "claim:one.curve.2.0": r"ValueError: there is no entry 2: the last is 1, or -1$",
    "claim:one.curve.x": r"ValueError.*value of one.curve 'x'.*known: size, shape, -2, -1, 0, 1",
    "claim:one.steps.real": r"ValueError.*value of one.steps 'real'",
    "claim:one": r"ValueError: not a number: dict",
    "claim:one.flag": r"ValueError: not a number: bool",
    "claim:one.names.0": r"ValueError: not a number: str",
    "claim:one.curve.0": r"ValueError: not a number: ndarray",
    "claim:one.nothing": r"ValueError: not finite: nan",
    "claim:one.raising": r"RuntimeError.*one.raising.*one.py.*KeyError: 'lost'",
    # whatever needs the part that failed: a page says it once
    "claim:one.raising.of.it": r"^RuntimeError: one\.raising: Traceback",
    "claim:oen.steps": r"ValueError: unknown page 'oen': did you mean 'one'",
    "claim:no_page.value": r"ValueError.*page 'no_page'",
    "claim:raises.x": r"RuntimeError: raises:.*raises.py.*KeyError: 'broken'",
    "claim:exits.x": r"RuntimeError: exits:.*SystemExit",
    "claim:dies.x": r"RuntimeError: dies: its process died after",
    "claim:killed.x": r"RuntimeError: killed: its process died after",
    "claim:endless.x": r"^RuntimeError: endless: its process was stopped",
    "figure:one.curv": r"ValueError.*figure 'one.curv': did you mean 'one.curve'",
    "figure:one.helper": r"ValueError.*figure 'one.helper'",
    "figure:one.empty": r"RuntimeError.*figure one.empty.*has to return its figure",
    "figure:one.broken": r"RuntimeError.*figure one.broken.*one.py.*KeyError: 'no ink'",
    "figure:prints.x": r"ValueError.*figure 'prints.x'",
}


@pytest.fixture(scope="module", autouse=True)
def answering(tmp_path_factory):
    """A build of all that is right and all that is wrong, which waits for what never ends."""
    names = [*(f"claim:{name}" for name in CLAIMS), *FAULTS, "figure:one.curve"]
    how = {"stderr": subprocess.PIPE, "INITEXPLAIN_TIMEOUT": "10"}
    with start(write(tmp_path_factory.mktemp("together")), **how) as process:
        tell(process, *names)
        yield process


@pytest.fixture(scope="module")
def together(answering):
    """Its answers, and what it said beside them; the tests that need them come last."""
    return json.loads(answering.stdout.readline()), answering.communicate()[1]


@pytest.fixture(scope="module")
def staying(package):
    with start(package) as process:
        answers(process)  # from now on it needs no file of the copy
        yield process


@pytest.fixture
def ask(staying, fresh):
    """Gives the answers of a build of the fresh copy."""
    return partial(answers, staying)


def logged(folder):
    """What was run and drawn since the last call."""
    log = folder / "log"
    lines = log.read_text("utf-8").split("\n")[:-1] if log.exists() else []
    log.unlink(missing_ok=True)
    return sorted(lines)


IMPORT_ALL = """
import importlib, pkgutil, sys
import initexplain.site
for module in pkgutil.iter_modules(initexplain.site.__path__, "initexplain.site."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
sys.exit(sum(name.startswith(("matplotlib", "initexplain.experiments")) for name in sys.modules))
"""


def test_the_process_that_renders_imports_no_experiment_and_no_matplotlib():
    subprocess.run([sys.executable, "-c", IMPORT_ALL], check=True)


WARM = ("claim:one.SCALE", "figure:one.curve", "claim:two.value", "figure:two.curve")
ALL = ["draw one", "draw two", "run one", "run two"]
EDITS = [
    ("experiments/raises.py", "broken", "other", []),
    ("site/claims.py", "Numbers", "All numbers", []),
    ("figures/two.py", "1.0", "1.5", ["draw two"]),
    ("experiments/two.py", "'value': 1", "'value': 2", ["draw two", "run two"]),
    ("figures/style.py", '"font.size": 10', '"font.size": 11', ["draw one", "draw two"]),
    ("site/svg.py", "_INVISIBLE = 0.1", "_INVISIBLE = 0.2", ["draw one", "draw two"]),
    # what a module says of itself is no part of a result; what it does is
    ("network.py", '"""', '"""Edited. ', []),
    ("network.py", "\nfrom ", "\n# edited\nfrom ", []),
    ("network.py", "\nfrom ", "\nEDITED = 1\nfrom ", ALL),
]


def test_an_edit_computes_what_depends_on_it_and_nothing_else(fresh, ask, tmp_path):
    # a figure that fails is drawn again each time
    page = fresh / "initexplain" / "figures" / "one.py"
    page.write_text(page.read_text("utf-8").partition("def broken")[0], "utf-8")
    first = ask(*WARM)
    assert logged(fresh) == ALL
    assert ask(*WARM) == first
    assert logged(fresh) == []
    # a copy of it holds in another folder
    copy = shutil.copytree(fresh, tmp_path / "another folder")
    for entry in (copy / ".cache" / "results").iterdir():
        assert str(fresh).encode() not in gzip.decompress(entry.read_bytes()), entry.name
    with start(copy) as process:
        assert answers(process, *WARM) == first
        assert logged(copy) == []
        for name, old, new, computed in EDITS:
            path = copy / "initexplain" / name
            text = path.read_text("utf-8")
            assert old in text
            path.write_text(text.replace(old, new, 1), "utf-8")
            found = answers(process, *WARM)
            assert logged(copy) == computed, name
    assert found["claim:two.value"][0] == 2
    assert found["figure:two.curve"] != first["figure:two.curve"]
    # and nothing of it where the source is another one
    shutil.copytree(copy / ".cache", fresh / ".cache", dirs_exist_ok=True)
    assert ask(*WARM) == first
    assert logged(fresh) == ALL


def _flip(entry):
    content = bytearray(entry.read_bytes())
    content[len(content) // 2] ^= 1
    entry.write_bytes(content)


def _another_number(entry):
    """It can be read all the same, but for the check sum."""
    content = gzip.compress(pickle.dumps((frozenset(), 5)))
    entry.write_bytes(content[:-8] + entry.read_bytes()[-8:])


def _folder(entry):
    entry.unlink()
    entry.mkdir()


# what happens to each entry of the cache; after the last, none can be written
DAMAGES = {
    "truncated": lambda entry: entry.write_bytes(entry.read_bytes()[:-10]),
    "empty": lambda entry: entry.write_bytes(b""),
    "one bit": _flip,
    "foreign": lambda entry: entry.write_text("something else", "utf-8"),
    "another number": _another_number,
    "a folder": _folder,
}
# which entries a build finds: one like that which wrote them, and others
KNOWN = """
import importlib, json, numpy, platform
from unittest import mock
from initexplain.site import cache
def known():
    importlib.reload(cache)
    return [cache.load(name, cache.state()) is not None for name in ("two.result", "two.page")]
found = {"the same": known()}
with mock.patch("os.utime", side_effect=PermissionError):  # as in a tree that can only be read
    found["only read"] = known()
for name, value in {
    "sys.version": "3.0",
    "numpy.__version__": "3.0",
    "importlib.metadata.distributions": list,
    "platform.machine": lambda: "abacus",
}.items():
    with mock.patch(name, value):
        found[name] = known()
print(json.dumps(found))
"""


def test_an_entry_of_another_version_or_processor_does_not_count(fresh, ask):
    ask("claim:two.value")
    with start(fresh, KNOWN) as process:
        found = json.loads(process.stdout.read())
    assert found.pop("the same") == [True, True]
    assert found.pop("only read") == [True, True]
    assert list(found.values()) == [[False, False]] * 4, found


def test_a_damaged_entry_is_computed_again(fresh, ask):
    right = ask("claim:two.value")
    for case, damage in DAMAGES.items():
        assert logged(fresh) == ["draw two", "run two"], case
        entries = list((fresh / ".cache" / "results").glob("two.*"))
        assert len(entries) == 2, case
        for entry in entries:
            damage(entry)
        assert ask("claim:two.value") == right, case
    assert logged(fresh) == ["draw two", "run two"]


@pytest.mark.parametrize("obstacle", ["a file is in the way", "the disk is full"])
def test_without_a_place_to_write_there_is_no_cache(fresh, obstacle):
    before = NO_ROOM if obstacle == "the disk is full" else ""
    if not before:
        (fresh / ".cache").write_text("in the way", "utf-8")
    with start(fresh, before + ASK, stderr=subprocess.PIPE) as process:
        for _ in range(2):
            assert answers(process, "claim:two.value")["claim:two.value"][0] == 1
            assert logged(fresh) == ["draw two", "run two"]
            assert list((fresh / ".cache").glob("results/*")) == []
        assert process.communicate()[1] == ""


def test_two_builds_at_once_agree_and_leave_whole_entries(fresh, ask):
    names = ["claim:one.steps", "figure:two.curve"]
    with start(fresh) as one, start(fresh) as other:
        for process in (one, other):
            tell(process, *names)
        first, second = (json.loads(process.stdout.readline()) for process in (one, other))
    assert first == second
    logged(fresh)
    assert ask("figure:two.curve")["figure:two.curve"] == first["figure:two.curve"]
    assert logged(fresh) == []


def test_the_cache_keeps_what_was_used_within_a_week(fresh, ask):
    folder = fresh / ".cache" / "results"
    ask("claim:two.value")
    (folder / "gone.page").write_bytes(b"x")
    (folder / "one.page").write_bytes(b"x")
    for name, days in (("gone.page", 8), ("one.page", 6), ("two.page", 6)):
        os.utime(folder / name, (time.time() - days * 24 * 3600,) * 2)
    ask("claim:two.value")
    kept = {path.name for path in folder.iterdir()}
    assert kept == {"two.page", "two.result", "one.page"}
    assert (folder / "two.page").stat().st_mtime > time.time() - 3600


LIVE = """
import pathlib
from initexplain.site import cache, results
source = pathlib.Path("initexplain/experiments/two.py")
text = source.read_text()
for new in ("'value': 1", "'value': 5", "'value': undefined", "'value': 1"):
    source.write_text(text.replace("'value': 1", new))
    results.prefetch([], [])
    try:
        print(results.claim("two.value")[0])
    except RuntimeError as error:
        print("NameError" in str(error))
def states():
    present = cache.state()
    return present, cache.shared(present, "two"), cache.shared(present, "one")
def changed(before=states()):
    return "".join("no" if one == other else "yes" for one, other in zip(before, states()))
pathlib.Path("initexplain/experiments/.#two.py").symlink_to("an.editor@somewhere.1234")
print(changed())
source.write_text(text + "SCALE = 1")
print(changed())
# a build takes the source as it was when it began
source.write_text(text)
for _ in range(2):
    results.prefetch([], ["(claim:two.value)"])
    print(results.claim("two.value")[0])
    source.write_text(source.read_text().replace("'value': 1", "'value': 5"))
    print(results.claim("two.value")[0])
"""


def test_an_edit_shows_in_the_next_build_of_a_process_that_stays(fresh):
    with start(fresh, LIVE) as process:
        out = process.stdout.read().split()
    alone, build = ["1.0", "5.0", "True", "1.0", "nonono", "yesyesno"], ["1.0", "1.0", "5.0", "5.0"]
    assert out == [*alone, *build]


PREFETCH = """
import sys
from initexplain.site import results
results.prefetch([], ["(claim:endless.x)"])
"""
ENDS = {
    "interrupt": ("results.claim('endless.x')", signal.SIGINT),
    "termination": ("results.claim('endless.x')", signal.SIGTERM),
    "kill": ("results.claim('endless.x')", signal.SIGKILL),
    "its end": ("sys.stdin.read(1); results.stop()", None),
}


@pytest.mark.parametrize("end", ENDS)
def test_no_process_outlives_the_build(fresh, end):
    # a shell lets what it runs in the background ignore this signal, and that is handed on
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code, number = ENDS[end]
    build = start(fresh, PREFETCH + code, stderr=subprocess.PIPE)
    while not (lines := logged(fresh)):
        assert build.poll() is None
        time.sleep(0.05)
    children = psutil.Process(build.pid).children(recursive=True)
    assert int(lines[0]) in {child.pid for child in children}
    if number:
        build.send_signal(number)
    build.communicate("x", timeout=60)
    end = time.monotonic() + 20
    while (alive := list(filter(_runs, children))) and time.monotonic() < end:
        time.sleep(0.05)
    assert alive == []


def _runs(process):
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_finds_its_value_and_its_source(together, name):
    assert together[0][f"claim:{name}"] == list(CLAIMS[name])


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_wrong_is_named_and_harms_nothing_beside_it(together, name):
    assert re.search(FAULTS[name], together[0][name], re.DOTALL), together[0][name]


def test_a_figure_is_drawn_for_a_page_and_for_a_phone_and_has_its_source(together):
    drawing, source = together[0]["figure:one.curve"]
    sizes = re.findall(r'<svg class="ie-(\w+)" [^>]*width="(\d+)"', drawing)
    assert sizes == [("wide", "680"), ("phone", "328")]
    assert source == "initexplain.figures.one.curve"


def test_what_an_experiment_prints_stays_out_of_the_output(together):
    # the output is nothing but the answers
    assert "by Python" in together[1]
    assert "by the system" in together[1]


def test_an_endless_experiment_is_stopped_and_named(together):
    assert "INITEXPLAIN_TIMEOUT=" in together[0]["claim:endless.x"], "what to do"
    assert "endless.py" in together[1]
