"""What helps a reader along: titles, ways on, definitions, sources, how to cite."""

import re

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import DOCS, ROOT, run
from markdown import Markdown

import initexplain
from initexplain.site import glossary, reference

ENTRIES = glossary.entries((DOCS / "glossary.md").read_text("utf-8"))


def test_titles_and_descriptions_tell_pages_apart(pages):
    titles = {name: soup.title.get_text() for name, soup in pages.items()}
    assert len(set(titles.values())) == len(titles), titles
    assert all(re.fullmatch(r".{4,} - initexplain", title) for title in titles.values()), titles
    descriptions = [
        soup.find("meta", attrs={"name": "description"})["content"]
        for name, soup in pages.items()
        if name != "404.html"
    ]
    assert len(set(descriptions)) == len(descriptions)


def test_every_page_leads_on_and_shows_its_sections(pages):
    for name, soup in pages.items():
        if name == "404.html":
            continue
        assert soup.select(".md-footer__link--prev, .md-footer__link--next"), name
        sections = soup.article.select("h2[id]")
        listed = {a["href"] for a in soup.select(".md-sidebar--secondary .md-nav__link[href]")}
        assert {f"#{section['id']}" for section in sections} <= listed, name


def test_every_page_links_to_its_source(site, pages):
    code = reference.code_pages(DOCS, (ROOT / "mkdocs.yml").read_text("utf-8"))
    for name, soup in pages.items():
        if name == "404.html":
            continue
        [link] = soup.select("article a[title='View source of this page']")
        source = (site / name).parent.joinpath(link["href"]).resolve()
        address = source.relative_to(site.resolve()).as_posix()
        written = code[address][1] if address in code else (DOCS / address).read_text("utf-8")
        assert source.read_text("utf-8") == written, name


def test_the_reference_says_before_it_shows(pages):
    entry = pages["reference/training/index.html"].find(
        id="initexplain.training.History.final_losses"
    )
    text = entry.find_next(class_="doc-contents").get_text().strip()
    assert text.startswith("The losses after the last update"), "the text of a property"
    assert "return np.where(" in text
    assert '"""' not in text
    shares = pages["reference/code/edge-of-chaos/index.html"].find(
        id="initexplain.experiments.edge_of_chaos.shares"
    )
    returns = shares.find_next(string=re.compile("Returns:")).find_next("ul")
    assert len(returns.find_all("li")) == 1, "a sentence is one value, however many lines it has"
    name = pages["reference/code/edge-of-chaos/index.html"].find(class_="doc-module-name")
    assert str(name).count("<wbr") == 4, "a long name breaks where words end"


def test_the_page_for_lost_readers_leads_back(site, pages):
    links = [a["href"] for a in pages["404.html"].article.select("li a")]
    assert len(links) >= 5
    # it is shown at any depth, so no link of it is relative
    assert all(link.startswith("/") for link in links), links
    assert all((site / link.lstrip("/") / "index.html").is_file() for link in links)


def _marked(text):
    md = Markdown(
        extensions=["attr_list", "initexplain.site"],
        extension_configs={"initexplain.site": {"glossary": str(DOCS / "glossary.md")}},
    )
    soup = BeautifulSoup(md.convert(f"# Clones\n\n{text}"), "html.parser")
    return [(link["identifier"], link.get_text()) for link in soup.select("autoref.ie-term")]


@pytest.mark.parametrize(
    ("text", "marked"),
    [
        ("Two clones. A clone.", [("term-clone", "clones")]),
        ("Xavier’s\nweights", [("term-glorot", "Xavier’s\nweights")]),
        ("Frozen clones *on scale* saturate.", ["term-freeze", "term-clone", "term-saturated"]),
        ("## Clones\n\n`clones` [clones](x) and cyclones, mini-clones", []),
        ("> Clones\n", []),
        ("By X, *On clones*.", []),
        ("They are **clones**: equal. So clones, again.", []),
        ("They are **true clones**.", ["term-clone"]),
        ("A $z$, then fan-in.", ["term-fan-in"]),
    ],
)
def test_the_first_use_of_a_term_on_a_page_is_marked(text, marked):
    found = _marked(text)
    assert found == marked or [anchor for anchor, _ in found] == marked


@pytest.mark.parametrize(
    "text",
    [
        "## Clone { #term-clone }\n\nA copy.\n",
        "## *Clone*\n\nA copy.\n",
        "## *Clone* { #term-clone }\n\nA *copy*.\n",
        "## *Clone* { #term-clone }\n\n## *Copy* { #term-copy }\n\nA clone.\n",
    ],
)
def test_an_entry_that_cannot_be_shown_in_place_is_an_error(text):
    with pytest.raises(ValueError, match=r"glossary: '## \*?Clone"):
        glossary.entries(text)


def test_terms_on_pages_carry_the_definitions_of_the_glossary(pages):
    anchors = {heading["id"] for heading in pages["glossary/index.html"].select("h2[id]")}
    definitions = {entry.anchor: entry.definition for entry in ENTRIES}
    assert anchors == set(definitions)
    assert [e.term.lower() for e in ENTRIES] == sorted(e.term.lower() for e in ENTRIES)
    met = set()
    for name, soup in pages.items():
        terms = [link["href"].partition("#")[2] for link in soup.select("a.ie-term")]
        assert len(terms) == len(set(terms)), name
        for link in soup.select("a.ie-term"):
            assert link["title"] == definitions[link["href"].partition("#")[2]], name
        met.update(terms)
    # but for those that pages write in mathematics or explain where they first stand
    assert len(definitions.keys() - met) < len(definitions) / 4, definitions.keys() - met


# who wrote it, perhaps its title, and the year
SEVERAL = re.compile(
    r"([A-Z][\w-]+)(?:, [A-Z][\w-]+)*(?: et al\.| and others|,? and [A-Z][\w-]+)[^.;]{0,130}?"
    r"\b((?:19|20)\d\d)\b"
)
ONE = re.compile(r"([A-Z][\w-]+) \((?:[^().]{0,100}[ ,])?((?:19|20)\d\d)\b")


def _sources(text):
    """`(first author, year)` of every source that the text names."""
    text = " ".join(text.split())
    return {*SEVERAL.findall(text), *ONE.findall(SEVERAL.sub("", text))}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("LSUV (Mishkin and Matas, 2016) starts", {("Mishkin", "2016")}),
        (
            "Poole et al. (2016) and Schoenholz et al. (2017)",
            {("Poole", "2016"), ("Schoenholz", "2017")},
        ),
        ("Prabhakar (Bisimulations, VMCAI 2022) merges", {("Prabhakar", "2022")}),
        ("(Hu and others, LoRA: low-rank adaptation, 2021, section 4.1)", {("Hu", "2021")}),
        ("LeCun, Bottou, Orr and Müller, Efficient BackProp (1998)", {("LeCun", "1998")}),
        ("the recipe of 1998", set()),
    ],
)
def test_sources_are_recognized(text, found):
    assert _sources(text) == found


def test_every_source_stands_among_the_references(pages):
    references = pages["references/index.html"].article
    listed = set().union(
        *(_sources(item.strong.get_text()) for item in references.select("li:has(strong)"))
    )
    named = {
        source: name
        for name, soup in pages.items()
        if not name.startswith("references/")
        for tag in soup.article.select("p, li, td")
        for source in _sources(tag.get_text())
    }
    assert len(named) > 15
    assert {source: name for source, name in named.items() if source not in listed} == {}
    for item in references.select("li:has(strong)"):
        link = item.find("a", href=re.compile("^https:"))
        target = link["href"]
        assert re.match(
            r"https://(doi\.org/10\.|arxiv\.org/abs/|proceedings\.mlr\.press/)", target
        ) or (
            target.startswith(("https://www.deeplearningbook.org", "https://ieeexplore.ieee.org/"))
        ), target
        # the identifier that is written is the one that is linked
        written = link.get_text().removeprefix("doi:").removeprefix("arXiv ")
        assert written in target or not re.match(r"[\d.]", written), written


def test_the_citation_says_what_the_package_says():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors", "version", "license", "type"} <= set(
        citation
    )
    assert citation["cff-version"] == "1.2.0"
    assert citation["version"] == initexplain.__version__
    assert citation["license"] in (ROOT / "pyproject.toml").read_text("utf-8")
    [author] = citation["authors"]
    assert author["name"].lower() in (ROOT / "LICENSE").read_text("utf-8").lower()
    page = (DOCS / "references.md").read_text("utf-8")
    entry = re.search(r"```bibtex\n(.*?)```", page, re.S)[1]
    fields = dict(re.findall(r"(\w+) += \{+([^{}]+)\}", entry))
    for field in ("title", "version", "license"):
        # to BibTeX a line break is a space
        assert " ".join(fields[field].split()) == citation[field]
    assert fields["author"] == author["name"]


def test_the_changelog_begins_with_this_version(pages):
    latest = pages["changelog/index.html"].article.select("h2")[0].get_text()
    assert latest.startswith(initexplain.__version__)


@pytest.mark.parametrize("name", ["plant-a-symmetry", "the-swap", "weight-scale"])
def test_a_downloaded_script_runs_in_an_empty_folder(name, site, tmp_path):
    script = site / "notebooks" / f"{name}.py"
    (tmp_path / script.name).write_bytes(script.read_bytes())
    status, output = run("-W", "error", script.name, cwd=tmp_path)
    assert status == 0, output
