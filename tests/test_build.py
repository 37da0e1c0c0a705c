"""The site as the two commands build it: strict, complete, silent towards third parties."""

import json
import re
from itertools import pairwise
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from conftest import DOCS, ROOT, build, run, small_site

from initexplain.site import reference

# of every page; the first one has the empty address
ADDRESSES = [
    *(f"{path.relative_to(DOCS).with_suffix('')}/" for path in sorted(DOCS.rglob("*.md"))),
    *(f"notebooks/{path.stem}/" for path in sorted((DOCS / "notebooks").glob("*.py"))),
    *(
        f"{code.removesuffix('.md')}/"
        for code in reference.code_pages(DOCS, (ROOT / "mkdocs.yml").read_text("utf-8"))
    ),
    "404.html",
]
ADDRESSES[ADDRESSES.index("index/")] = ""


def file_of(address):
    """The file of a page, in the folder of the site."""
    return address if address.endswith(".html") else f"{address}index.html"


def test_every_source_has_a_page(site, pages):
    assert set(pages) == {file_of(address) for address in ADDRESSES}
    for source in (DOCS / "notebooks").glob("*.py"):
        assert (site / "notebooks" / source.name).is_file()
        assert (site / "notebooks" / f"{source.stem}.ipynb").is_file()


def test_what_waits_for_results_is_rendered_last(site, pages):
    """The index of the search has the pages in the order in which they were rendered."""
    index = json.loads((site / "search" / "search_index.json").read_text("utf-8"))
    addresses = dict.fromkeys(urldefrag(entry["location"]).url for entry in index["docs"])
    waits = [
        address.startswith("notebooks/")
        or pages[file_of(address)].select_one(".ie-claim") is not None
        for address in addresses
    ]
    assert any(waits)
    assert not any(one and not other for one, other in pairwise(waits))


def dead_links(folder, pages, *, served):
    """`(page, link)` for every link inside the site that leads to no file or to no anchor.

    A server answers for a folder with its `index.html`; the file system does not. The links of
    404.html are absolute, because a server shows it at any address.
    """
    ids = {
        name: {tag["id"] for tag in soup.find_all(id=True)} | {""} for name, soup in pages.items()
    }
    canonical = pages["index.html"].find("link", rel="canonical")
    root = urlsplit(canonical["href"]).path if canonical else "/"
    missing = []
    for name, soup in pages.items():
        for tag in soup.find_all(["a", "link", "script", "img"]):
            target = tag.get("href") or tag.get("src")
            if not target or re.match(r"[a-z]+:", target):
                continue
            if served and name == "404.html":
                target = target.removeprefix(root)
            address, anchor = urldefrag(unquote(urljoin(name, target)))
            if served and (folder / address).is_dir():
                address = f"{address.rstrip('/')}/index.html".lstrip("/")
            known = anchor in ids[address] if address in pages else (folder / address).is_file()
            if not known:
                missing.append((name, target))
    return missing


def test_every_internal_link_and_anchor_exists(site, pages):
    assert dead_links(site, pages, served=True) == []


@pytest.mark.parametrize(
    ("address", "anchor"),
    [
        ("", "three-themes"),
        ("biases/the-swap/", "what-changes-it"),
        ("the-thread/", "columns-are-for-different-training-examples"),
        ("the-thread/", "does-column-wise-symmetry-disturb-the-training-process-much"),
    ],
)
def test_headings_that_have_another_name_now_are_found_by_the_old_one(pages, address, anchor):
    [place] = pages[file_of(address)].find_all(id=anchor)
    assert place.find_next_sibling().name in ("h2", "h3")


def test_nothing_is_loaded_from_elsewhere(site, pages):
    for name, soup in pages.items():
        for tag in soup.find_all(["link", "script", "img", "iframe", "source", "video", "object"]):
            target = tag.get("href") or tag.get("src") or tag.get("data") or ""
            canonical = tag.name == "link" and "canonical" in tag.get("rel", [])
            assert canonical or not re.match(r"(https?:)?//", target), (name, str(tag)[:200])
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text("utf-8")), sheet


def test_figures_are_inline_labelled_and_captioned(pages):
    figures = [(n, figure) for n, soup in pages.items() for figure in soup.select(".ie-figure")]
    assert len(figures) > 3
    for name, figure in figures:
        svg = figure.svg
        assert svg["role"] == "img", name
        assert len(svg["aria-label"]) > 20, name
        if not name.startswith("notebooks/"):
            assert figure.figcaption.a["href"], name
            # a question in bold, then its answer
            question = figure.figcaption.strong
            assert question.text.endswith("?"), (name, question.text)
            assert figure.figcaption.text.strip().startswith(question.text), (name, question.text)
    for name, soup in pages.items():
        ids = [tag["id"] for tag in soup.find_all(id=True)]
        assert len(ids) == len(set(ids)), name


def test_every_number_leads_to_what_computes_it(pages):
    numbers = [(n, claim) for n, soup in pages.items() for claim in soup.select(".ie-claim")]
    assert len(numbers) > 5
    for name, claim in numbers:
        assert re.search(r"reference/code/[\w-]+/#initexplain\.experiments\.", claim.a["href"]), (
            name
        )
        # who points at a number sees which one it is
        assert re.fullmatch(r"[\w ]+: [\w +-]+(, [\w +-]+)*", claim.a["title"]), (name, claim)


def test_mathematics_is_markup_and_the_font_is_there(site, pages):
    assert sum(len(soup.find_all("math")) for soup in pages.values()) > 5
    for name, soup in pages.items():
        for text in soup.find_all(string=re.compile(r"\\\(|\\\[|\$\w")):
            assert text.find_parent(["code", "pre", "script", "style"]), (name, text)
        assert soup.find("autoref") is None, name
    assert (site / "assets" / "math.woff2").stat().st_size < 40 * 1024


# what is wrong with a page, and what the build says
WRONG = {
    "[7](claim:row_symmetry.units)": "says 7, computed 6",
    "![a](figure:row_symmetry.roes)\nb": r"row_symmetry\.roes.*row_symmetry\.rows",
    "[7](claim:row_symmetry.foo)": "foo.*units",
    r"$\frac{1$": "frac",
    "-[6](claim:row_symmetry.units)": "beside 6 changes it",
    "<claim:row_symmetry.units>": "claim:row_symmetry.units: write it in Markdown",
    "![a](figure:row_symmetry.rows)": "no caption",
}
DEAD = {
    "[a](nowhere.md)": r"nowhere\.md",
    "[a](#nowhere)": "#nowhere",
    "[a][initexplain.no_where]": r"initexplain\.no_where'.*add docs/reference/no-where\.md",
    "[a][initexplain.figures.no_page.f]": r"no_page\.f'.*add docs/<chapter>/no-page\.md",
}


# each looks at a page that those before it have passed
ALONE = {
    "It took 300 steps.": "“300 steps.”: write it as a claim.*without its number",
    "Half, or ½, of them.": "“½, of”",
    "It holds for ninety seeds.": "“ninety seeds”",
}


@pytest.mark.parametrize("cases", [WRONG, DEAD, ALONE], ids=["wrong", "dead", "alone"])
def test_the_strict_build_fails_and_names_each_mistake(cases, tmp_path):
    status, output = build(small_site(tmp_path, text="\n\n".join(cases)), tmp_path / "site")
    assert status != 0, output
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if re.search(r"^  - |^WARNING", line)]
    assert len(lines) == len(cases), output
    for expected in cases.values():
        assert [line for line in lines if re.search(expected, line)], (expected, output)
    assert "index.md" in output


def test_a_number_in_a_title_or_a_description_fails(tmp_path):
    config = small_site(tmp_path)
    page = tmp_path / "docs" / "index.md"
    front = (
        "description: >-\n  [6](claim:row_symmetry.units) in ½\n"
        "title: >-\n  [3](claim:index.steps)\n"
    )
    page.write_text(page.read_text("utf-8").replace("description: x\n", front), "utf-8")
    status, output = build(config, tmp_path / "site")
    assert status != 0, output
    for name in ("row_symmetry.units", "index.steps"):
        assert f"\n  - claim:{name}: write it in Markdown" in output, output
    assert "\n  - “½”\n  - titles, in `nav:` of mkdocs.yml too, and descriptions" in output, output
    assert "index.md" in output
    assert "Traceback" not in output


# notebooks, and what is said of them; what takes longest comes first
NOTEBOOKS = {
    "endless": (
        "# %%\nimport time\nwhile True:\n    time.sleep(1)\n",
        r"endless\.py.*timed out.*while True.*INITEXPLAIN_TIMEOUT=",
    ),
    "death": ("# %%\nimport os\nos._exit(1)\n", r"death\.py.*[Kk]ernel died"),
    "silent": (
        "# %%\nfrom initexplain.figures.style import new_figure\n"
        "figure, [axes] = new_figure(height=1.0)\naxes.axhline(0)\nfigure\n",
        r"silent\.py.*cell 1 draws a figure without alt text",
    ),
}
EXECUTE = """
import pathlib, sys
from initexplain.site import notebooks, results
jobs = [notebooks.job(pathlib.Path(f"{name}.py")) for name in sys.argv[1:]]
for job in jobs:
    results.current().start(job)
for job in jobs:
    try:
        results.current().answer(job)
    except RuntimeError as error:
        print(error)
"""


def test_what_is_wrong_with_a_notebook_is_named(tmp_path):
    for name, (cells, _) in NOTEBOOKS.items():
        (tmp_path / f"{name}.py").write_text(cells, "utf-8")
    settings = {"PYTHONPATH": str(ROOT), "INITEXPLAIN_TIMEOUT": "4"}
    status, output = run("-c", EXECUTE, *NOTEBOOKS, cwd=tmp_path, **settings)
    assert status == 0, output
    for _, message in NOTEBOOKS.values():
        assert re.search(message, output, re.DOTALL), (message, output)
    assert "\x1b" not in output


def test_the_strict_build_fails_at_a_notebook_that_does(tmp_path):
    cells = "# %%\nvalue = 1\n\n# %%\nvalue / 0\n"
    status, output = build(small_site(tmp_path, "notebooks/error.py", cells), tmp_path / "site")
    assert status != 0, output
    assert re.search(r"error\.py.*value / 0.*ZeroDivisionError", output, re.DOTALL), output
    assert "\x1b" not in output
    assert "mkdocs/commands" not in output, "a traceback of the program"
