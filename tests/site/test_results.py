"""Results come from processes that are as old as the package's source."""

import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from initexplain.site import results

PACKAGE = results.PACKAGE


def test_known_values_and_figures():
    assert results.claim("row_symmetry.units").value == 6
    drawn = results.figure("row_symmetry.losses")
    assert drawn.source == "initexplain.figures.row_symmetry.losses"
    assert "<svg" in drawn.svg
    assert drawn.seconds > 0


def test_markdown_process_imports_no_matplotlib():
    code = (
        "import sys, markdown\n"
        "markdown.markdown('[6](claim:row_symmetry.units)', extensions=['initexplain.site'])\n"
        "sys.exit('matplotlib' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


EDIT_WHILE_RUNNING = """
import pathlib, sys
from initexplain.site import results
assert str(results.PACKAGE).startswith(sys.argv[1]), results.PACKAGE
source = results.PACKAGE / "experiments" / "row_symmetry.py"
text = source.read_text()
print(results.claim("row_symmetry.units").value)
source.write_text(text.replace("units: int = 6", "units: int = 5"))
print(results.claim("row_symmetry.units").value)
source.write_text(text.replace("return RowSymmetry(", "raise KeyError('broken')"))
try:
    results.claim("row_symmetry.units")
except (RuntimeError, ValueError) as error:
    print(type(error).__name__, "row_symmetry" in str(error))
source.write_text(text)
print(results.claim("row_symmetry.units").value)
"""


def test_an_edit_of_the_package_shows_at_once(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "initexplain")
    done = subprocess.run(
        [sys.executable, "-c", EDIT_WHILE_RUNNING, str(tmp_path)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split("\n")[:4] == ["6.0", "5.0", "RuntimeError True", "6.0"]


def test_a_process_that_dies_is_reported_and_replaced(monkeypatch):
    monkeypatch.setattr(results, "cores", lambda: 1)
    workers = results._Workers()
    assert workers.answer(("claim", "row_symmetry.units")).value == 6
    for thread in workers._threads:
        thread._process.kill()
        thread._process.wait()
    with pytest.raises(RuntimeError, match=r"row_symmetry\.features.*died"):
        workers.answer(("claim", "row_symmetry.features"))
    # the next question starts a new process
    assert workers.answer(("claim", "row_symmetry.steps")).value == 300
    workers.stop()


BABBLING = """
import os
from initexplain.experiments import row_symmetry
def run():
    print("by Python")
    os.write(1, b"by the system")
    return row_symmetry.run()
"""


def test_what_an_experiment_prints_does_not_mix_with_the_answers(tmp_path):
    shutil.copytree(PACKAGE, tmp_path / "initexplain")
    (tmp_path / "initexplain/experiments/babbling.py").write_text(BABBLING, encoding="utf-8")
    code = "from initexplain.site import results; print(results.claim('babbling.units').value)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "6.0\n"
    assert done.stderr == "by Python\nby the system"


@pytest.mark.parametrize("broken", ["_ask", "_start_process"])
def test_an_answer_that_cannot_be_read_is_reported(monkeypatch, broken):
    def fail(*_arguments):
        raise pickle.UnpicklingError("not a pickle")

    monkeypatch.setattr(results, "cores", lambda: 1)
    monkeypatch.setattr(results, broken, fail)
    monkeypatch.setattr(results, "PATIENCE_SECONDS", 2)
    workers = results._Workers()
    workers.request([("claim", "row_symmetry.units")])
    future = workers._answers["claim", "row_symmetry.units"]
    assert isinstance(future.exception(timeout=5), RuntimeError)
    assert "not a pickle" in str(future.exception())
    workers.stop()


def test_a_long_wait_is_told(monkeypatch, capsys):
    monkeypatch.setattr(results, "cores", lambda: 1)
    monkeypatch.setattr(results, "PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(results, "_ask", lambda *_: time.sleep(0.2) or "answer")
    workers = results._Workers()
    assert workers.answer(("claim", "row_symmetry.units")) == "answer"
    assert "claim row_symmetry.units: no answer after 0.05 s" in capsys.readouterr().err
    workers.stop()


def test_the_lock_of_an_editor_is_no_module():
    lock = PACKAGE / "experiments" / ".#row_symmetry.py"
    before = results.source_fingerprint()
    lock.symlink_to("someone@somewhere.1234")
    try:
        assert results.source_fingerprint() == before
    finally:
        lock.unlink()


def test_prefetch_finds_figures_and_claims():
    results.prefetch(["![a](figure:row_symmetry.rows) and [1](claim:row_symmetry.steps)"])
    asked = results._workers()._answers
    assert ("figure", "row_symmetry.rows") in asked
    assert ("claim", "row_symmetry.steps") in asked


def test_fingerprint_sees_every_module():
    before = results.source_fingerprint()
    extra = Path(PACKAGE / "experiments" / "zz_probe.py")
    try:
        extra.write_text("x = 1\n", encoding="utf-8")
        assert results.source_fingerprint() != before
    finally:
        extra.unlink()
    assert results.source_fingerprint() == before
