"""The page's snippets with every framework; without them `test_pages` runs the rest."""

import doctest
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "check.md"


def test_every_snippet_runs_with_the_frameworks():
    for framework in ("torch", "keras", "flax"):
        pytest.importorskip(framework)
    text = PAGE.read_text("utf-8")
    fences = re.findall(r"^```\{?\.?pycon[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(fences) >= 8
    test = doctest.DocTestParser().get_doctest("".join(fences), {}, "check.md", str(PAGE), 0)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)
