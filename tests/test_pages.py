"""The pages' sources: every snippet runs, no digit stands in prose without a source."""

import ast
import doctest
import re
from collections import Counter
from importlib.util import find_spec

import pytest
import yaml
from conftest import DOCS, ROOT

from initexplain.figures.palette import LEVELS, PALETTE, ramp

PAGES = sorted(DOCS.rglob("*.md"))
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.py"))
WITH_FENCES = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]

FENCE = re.compile(
    r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)``` *$", re.M | re.S
)
# what Markdown shows as code too, and nobody runs
UNREAD = re.compile(r"^[\s>]*(?:~~~|>>> )|<(?:pre|code)\b", re.M | re.I)
# languages that are shown and not run, each for a reason
NOT_RUN = {
    "console": "commands for a shell",
    "markdown": "how to write a page",
    "bibtex": "a citation",
    "yaml": "an entry of a list",
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
    assert not UNREAD.search(FENCE.sub("", text)), "examples stand between lines of backticks"
    for line, language, _, code in fences:
        assert language == "pycon" or language in NOT_RUN, f"{_name(path)}:{line}: {language!r}"
        assert (">>> " in code) == (language == "pycon"), f"{_name(path)}:{line}"


COLUMNS = 78  # what a page shows beside its copy button


def _too_long(path):
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":  # what is no comment
        return [line for line in re.findall(r"^(?!#).*", text, re.M) if len(line) > COLUMNS]
    return [line for *_, code in _fences(text) for line in code.split("\n") if len(line) > COLUMNS]


@pytest.mark.parametrize("path", [*WITH_FENCES, *NOTEBOOKS], ids=_name)
def test_no_line_of_code_is_longer_than_a_page_shows(path):
    assert _too_long(path) == []


@pytest.mark.parametrize(
    "text",
    [
        "~~~pycon\n>>> 1\n2\n~~~",
        "~~~ python\nf()\n~~~",
        "    >>> 1",
        "> >>> 1\n",
        "a <pre>b</pre>",
        "<CODE>1</CODE>",
    ],
)
def test_an_example_that_nobody_runs_is_found(text):
    assert UNREAD.search(FENCE.sub("", f"```pycon\n>>> 1\n1\n```\n\n{text}"))


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_every_page_describes_itself(path):
    front = re.match(r"---\n(.*?)\n---\n", path.read_text(encoding="utf-8"), re.S)
    assert front, "front matter with a description"
    description = yaml.safe_load(front[1])["description"]
    assert 40 <= len(description) <= 200, "a description has 40 to 200 characters"


NUMBER = r"[0-9][0-9,]*(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?"
# a number and nothing else between backticks or dollar signs, or 10^{-3}
ALONE = re.compile(rf"(?:=|<|>|\\[a-z]+)? ?[-+−]?(?:{NUMBER}|10\^\{{?-?[0-9]+\}}?) ?(?:\\?%)?")
# such numbers that no program has, each with its reason
FOR_THE_SAKE_OF_ARGUMENT = {
    "1e-7": "a small gradient",
    "0.001": "a small weight",
    "10^{-3}": "a small gradient",
    "10^{-17}": "the size of rounding",
    "10^{-8}": "what Adam adds to a gradient",
    "10^8": "the inverse of that",
}


def _numbers(text):
    text = re.sub(r"\b10\^\{?(-?[0-9]+)\}?", r"1e\1", text.replace(",", ""))
    return {float(number) for number in re.findall(NUMBER, text)}


def _told(name):
    """The numbers that the experiment and the figures of a page hold, and what they import."""
    for floor in "experiments", "figures":
        path = ROOT / "initexplain" / floor / f"{name}.py"
        source = path.read_text("utf-8") if path.is_file() else ""
        # but for the two that hold what is varied on every page
        imports = rf"^from initexplain\.{floor}\.(?!reach|verdicts)(\w+) import"
        for other in re.findall(imports, source, re.M):
            yield from _told(other)
        tree = ast.parse(source)
        values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
        yield from (float(value) for value in values if type(value) in (int, float))


def _hidden_results(path, text):
    """The numbers that stand alone as code or as a formula, and that nothing gave to the page.

    Given are numbers in its programs, in its longer formulas, in the experiments that it names,
    and in quotations.
    """
    if path.suffix == ".py":
        programs = "".join(re.findall(r"^(?!#).*\n", text, re.M))
        text = re.sub(r"^# ?", "", re.sub(r"^(?!#).*\n", "", text, flags=re.M), flags=re.M)
    else:
        programs, text = "".join(code for *_, code in _fences(text)), FENCE.sub("", text)
    names = [path.stem.replace("-", "_"), *re.findall(r"\((?:claim|figure):(\w+)", text)]
    text = re.sub(r"^(?:>|#+ .*[“‘]).*", "", text, flags=re.M)
    marked = [a or b for a, b in re.findall(r"`([^`\n]+)`|\$+([^$]+)\$", text)]
    alone = [number for number in map(str.strip, marked) if ALONE.fullmatch(number)]
    longer = "\n".join(formula for formula in map(str.strip, marked) if formula not in alone)
    given = _numbers(programs) | _numbers(longer) | {n for name in set(names) for n in _told(name)}
    return [n for n in alone if n not in FOR_THE_SAKE_OF_ARGUMENT and not _numbers(n) <= given]


@pytest.mark.parametrize("path", [*PAGES, *NOTEBOOKS], ids=_name)
def test_no_result_hides_in_code_or_mathematics(path):
    found = _hidden_results(path, path.read_text(encoding="utf-8"))
    assert not found, f"{found}: write a result as a claim, [6](claim:page.part)"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It ends at `0.31`, at $0.31$, $= 0.31$,\n$\\approx -0.31$ or `31 %`.", 5),
        ("It ends at $10^{-6}$.", 1),
        ("With $x = 0.31$ it is `0.31`, as in `1,000 + 7`: $1000$ and $7$.", 0),
        ("```pycon\n>>> f(0.31)\n```\n\nReplace `0.31`.\n", 0),
        ("> it stabilizes around `0.25`\n\n## “Around `0.25`”\n", 0),
        ("[6](claim:row_symmetry.units) at learning rate `0.123`", 1),
        ("[2](claim:the_swap.units) at learning rate `0.1`", 0),
    ],
)
def test_a_hidden_result_is_found(text, found):
    assert len(_hidden_results(DOCS / "no-such-page.md", text)) == found


def test_colours_of_the_style_sheet_are_those_of_the_figures():
    css = (DOCS / "assets" / "initexplain.css").read_text(encoding="utf-8")
    blocks = dict(re.findall(r'\[data-md-color-scheme="(default|slate)"\] \{(.*?)\}', css, re.S))
    for side, scheme in enumerate(("default", "slate")):
        found = dict(re.findall(r"--ie-([\w-]+): (#[0-9a-f]{6});", blocks[scheme]))
        assert found == {role: pair[side] for role, pair in PALETTE.items()}
    mixes = re.findall(r"--ie-(\w+)-(\d): color-mix\(in srgb, var\(--ie-(\w+)\) ([\d.]+)%", css)
    assert {(end, int(step), float(share)) for end, step, _, share in mixes} == {
        (end, step, 100 / LEVELS * step)
        for end in ("negative", "positive")
        for step in range(1, len(ramp(end)))
    }
    assert all(end == mixed for end, _, mixed, _ in mixes)


# what several figures use, and what the experiments of several pages share
SHARED = {"cards", "classes", "diagrams", "palette", "style"} | {
    name.replace("-", "_")
    for name in re.findall(
        r": reference/code/([\w-]+)\.md", (ROOT / "mkdocs.yml").read_text("utf-8")
    )
}
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
