"""The pages' sources: every snippet runs, no digit stands in prose without a source."""

import doctest
import re
from collections import Counter
from importlib.util import find_spec

import pytest
import yaml
from conftest import DOCS, ROOT

from initexplain.figures.style import PALETTE, ramp
from initexplain.site import claims

PAGES = sorted(DOCS.rglob("*.md"))
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.py"))
WITH_FENCES = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)``` *$", re.M | re.S
)
# languages that are shown and not run, each for a reason
NOT_RUN = {
    "console": "commands for a shell",
    "markdown": "how to write a page",
    "bibtex": "a citation",
}


def _name(path):
    return str(path.relative_to(ROOT))


def _language(info):
    return re.split(r"[ {]", info.strip().lstrip("{."))[0]


def _needs(info):
    """The frameworks that a fence needs, as its classes name them; it runs where they are."""
    return re.findall(r"\.(torch|keras|flax)\b", info)


def _fences(text):
    """`(line, language, info, dedented code)` of each fence, indented and titled ones too."""
    for match in FENCE.finditer(text):
        indent = match["indent"]
        code = "\n".join(line.removeprefix(indent) for line in match["code"].split("\n"))
        line = text.count("\n", 0, match.start()) + 1
        yield line, _language(match["info"]), match["info"], code


@pytest.mark.parametrize("path", WITH_FENCES, ids=_name)
def test_every_snippet_runs(path):
    text = path.read_text(encoding="utf-8")
    lines = [""] * text.count("\n")
    for line, language, info, code in _fences(text):
        if language == "pycon" and all(map(find_spec, _needs(info))):
            # each at its own line, the rest blank: failures name the line of the page
            block = code.split("\n")
            lines[line : line + len(block)] = block
    test = doctest.DocTestParser().get_doctest(
        "\n".join(lines) + "\n", {}, _name(path), str(path), 0
    )
    assert "# doctest:" not in "\n".join(lines), "no skipped or loosened examples"
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(report)


@pytest.mark.parametrize("path", WITH_FENCES, ids=_name)
def test_every_fence_is_found_and_run_or_known_not_to_be(path):
    text = path.read_text(encoding="utf-8")
    fences = list(_fences(text))
    assert len(re.findall(r"^\s*```", text, re.M)) == 2 * len(fences)
    for line, language, _, code in fences:
        assert language == "pycon" or language in NOT_RUN, f"{_name(path)}:{line}: {language!r}"
        assert (">>> " in code) == (language == "pycon"), f"{_name(path)}:{line}"


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_page_describes_itself(path):
    front = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.S)
    assert front, "front matter with a description"
    description = yaml.safe_load(front[1])["description"]
    assert 40 <= len(description) <= 200


def test_every_claim_link_is_read_by_the_rewriter():
    # a claim that Markdown renders and `make claims` overlooks would have to be mended by hand
    for path in [*PAGES, *NOTEBOOKS]:
        text = path.read_text(encoding="utf-8")
        outside_code = re.sub(r"```.*?```", "", text, flags=re.S)
        assert outside_code.count("](claim:") == len(claims.LINK.findall(outside_code)), path


def test_colours_of_the_style_sheet_are_those_of_the_figures():
    css = (DOCS / "assets" / "initexplain.css").read_text(encoding="utf-8")
    blocks = dict(re.findall(r'\[data-md-color-scheme="(default|slate)"\] \{(.*?)\}', css, re.S))
    for side, scheme in enumerate(("default", "slate")):
        found = dict(re.findall(r"--ie-([\w-]+): (#[0-9a-f]{6});", blocks[scheme]))
        assert found == {role: pair[side] for role, pair in PALETTE.items()}
    mixes = re.findall(r"--ie-(\w+)-(\d): color-mix\(in srgb, var\(--ie-(\w+)\) ([\d.]+)%", css)
    assert {(end, int(step), float(share)) for end, step, _, share in mixes} == {
        (end, step, 12.5 * step)
        for end in ("negative", "positive")
        for step in range(1, len(ramp(end)))
    }
    assert all(end == mixed for end, _, mixed, _ in mixes)


# what several pages use, and what a page keeps in a module of its own
SHARED = {"curves", "diagrams", "head_starts", "reach", "separation", "style", "verdicts"}
INTERNAL = {"checks", "parameters"}  # what no user calls


def _modules(folder):
    return {p.stem.removeprefix("test_") for p in folder.glob("[!_]*.py")} - SHARED


def _left_out():
    """What a page, or a module that users call, still needs; as CONTRIBUTING.md lists it."""
    package = ROOT / "initexplain"
    experiments, figures = _modules(package / "experiments"), _modules(package / "figures")
    written = {path.stem.replace("-", "_") for path in PAGES}
    text = "".join(path.read_text("utf-8") for path in PAGES)
    named = {kind: set(re.findall(rf"\({kind}:(\w+)\.", text)) for kind in ("claim", "figure")}
    listed = Counter(re.findall(r"^::: (\S+)", text, re.M))
    for name in experiments | figures | named["claim"] | named["figure"]:
        yield f"docs/<chapter>/{name.replace('_', '-')}.md", name in written
        yield f"initexplain/experiments/{name}.py", name in experiments
        yield f"tests/experiments/test_{name}.py", name in _modules(ROOT / "tests/experiments")
    for name in figures | named["figure"]:
        yield f"initexplain/figures/{name}.py", name in figures
    for name in _modules(package) - INTERNAL:
        page = f"docs/reference/{name.replace('_', '-')}.md"
        yield f"{page} with a line ::: initexplain.{name}", listed[f"initexplain.{name}"] == 1


def test_nothing_is_left_out():
    missing = {what for what, there in _left_out() if not there}
    assert not missing, f"missing: {', '.join(sorted(missing))}"
