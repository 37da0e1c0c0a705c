"""The site as the two commands build it: strict, complete, silent towards third parties."""

import re
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from conftest import ROOT, build, small_site


def test_every_source_has_a_page(site, pages):
    for source in (ROOT / "docs").rglob("*.md"):
        stem = source.relative_to(ROOT / "docs").with_suffix("").as_posix()
        page = f"{stem.removesuffix('index')}/index.html".lstrip("/").replace("//", "/")
        assert page in pages, source
    for source in (ROOT / "docs" / "notebooks").glob("*.py"):
        assert f"notebooks/{source.stem}/index.html" in pages
        assert (site / "notebooks" / source.name).is_file()
        assert (site / "notebooks" / f"{source.stem}.ipynb").is_file()


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


def test_no_page_loads_anything_from_elsewhere(pages):
    for name, soup in pages.items():
        for tag in soup.find_all(["link", "script", "img", "iframe", "source", "video", "object"]):
            target = tag.get("href") or tag.get("src") or tag.get("data") or ""
            canonical = tag.name == "link" and "canonical" in tag.get("rel", [])
            assert canonical or not re.match(r"(https?:)?//", target), (name, str(tag)[:200])


def test_style_sheets_load_nothing_from_elsewhere(site):
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//", sheet.read_text("utf-8")), sheet


def test_figures_are_inline_labelled_and_captioned(pages):
    figures = [
        (name, figure) for name, soup in pages.items() for figure in soup.select("figure.ie-figure")
    ]
    assert len(figures) > 3
    for name, figure in figures:
        svg = figure.svg
        assert svg["role"] == "img", name
        assert len(svg["aria-label"]) > 20, name
        if not name.startswith("notebooks/"):
            assert figure.figcaption.a["href"], name
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
        assert claim.a["title"], name


def test_mathematics_is_markup_and_the_font_is_there(site, pages):
    assert sum(len(soup.find_all("math")) for soup in pages.values()) > 5
    for name, soup in pages.items():
        for tag in soup.select("code, pre, script, style"):
            tag.extract()
        assert not re.search(r"\\\(|\\\[|\$\w", soup.get_text()), name
        assert "autoref" not in [tag.name for tag in soup.find_all()], name
    assert (site / "assets" / "math.woff2").stat().st_size < 40 * 1024


def test_pages_are_rendered_by_markdown_alone_just_the_same(pages):
    import markdown  # noqa: PLC0415

    source = (ROOT / "docs" / "symmetry" / "row-symmetry.md").read_text("utf-8")
    alone = BeautifulSoup(
        markdown.markdown(source.split("---\n", 2)[2], extensions=["initexplain.site"]),
        "html.parser",
    )
    built = pages["symmetry/row-symmetry/index.html"]
    drawn = [str(svg) for svg in built.select("figure svg")]
    assert drawn == [str(svg) for svg in alone.select("figure svg")]
    assert len(drawn) > 1
    texts = [[e.get_text() for e in s.select(".ie-claim, math")] for s in (alone, built.article)]
    assert texts[0] == texts[1]


# what is wrong with a page, and what the build says
WRONG = {
    "[7](claim:row_symmetry.units)": "says 7, computed 6",
    "![a](figure:row_symmetry.roes)\nb": r"row_symmetry\.roes.*row_symmetry\.rows",
    "[7](claim:row_symmetry.foo)": "foo.*units",
    r"$\frac{1$": "frac",
    "![a](figure:row_symmetry.rows)": "no caption",
}
DEAD = {
    "[a](nowhere.md)": r"nowhere\.md",
    "[a](#nowhere)": "#nowhere",
    "[a][initexplain.nowhere]": r"initexplain\.nowhere",
}


def test_the_small_site_builds_when_nothing_is_wrong(tmp_path):
    status, output = build(small_site(tmp_path, text="And $x$."), tmp_path / "site")
    assert status == 0, output


@pytest.mark.parametrize("cases", [WRONG, DEAD], ids=["wrong", "dead"])
def test_the_strict_build_fails_and_names_each_mistake(cases, tmp_path):
    status, output = build(small_site(tmp_path, text="\n\n".join(cases)), tmp_path / "site")
    assert status != 0, output
    assert "Traceback" not in output
    lines = [line for line in output.splitlines() if re.search(r"^  - |^WARNING", line)]
    assert len(lines) == len(cases), output
    for expected in cases.values():
        assert [line for line in lines if re.search(expected, line)], (expected, output)
    assert "index.md" in output


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("# %%\nvalue = 1\n\n# %%\nvalue / 0\n", r"n\.py.*value / 0.*ZeroDivisionError"),
        ("# %%\nimport os\nos._exit(1)\n", r"n\.py.*[Kk]ernel died"),
        (
            "# %%\nfrom initexplain.figures.style import new_figure\nnew_figure(height=1.0)[0]\n",
            r"n\.py.*cell 1 draws a figure without alt text",
        ),
    ],
    ids=["error", "death", "no alt text"],
)
def test_the_strict_build_fails_and_names_the_notebook(cell, message, tmp_path):
    status, output = build(small_site(tmp_path, "notebooks/n.py", cell), tmp_path / "site")
    assert status != 0, output
    assert re.search(message, output, re.DOTALL), output
    assert "\x1b" not in output
    assert "mkdocs/commands" not in output, "a traceback of the program"
