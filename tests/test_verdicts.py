"""What the site says of more than one case has something that carries it: `verdicts.yml`."""

import re

import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import ROOT

from initexplain.site import results

LISTED = yaml.safe_load((ROOT / "tests" / "verdicts.yml").read_text("utf-8")) or {}
WORDS = re.compile(
    r"\b(?:never|always|for ever|nothing|none|nobody|no|all|every|any|only|cannot|can['’]t|must|"
    r"whatever|impossible|stands? still|stood still)\b",
    re.IGNORECASE,
)
NO_PROSE = ".headerlink, .ie-source, code"
# what only lists the work of others or the package itself
OTHER_PAGES = ("reference/", "references/", "changelog/", "contributing/", "404.html")


def _plain(text):
    return " ".join(text.replace("’", "'").split())


def _sentences(text):
    return re.split(r"(?<=[.?!:;])\s+", _plain(text))


def _texts(soup):
    """Headings, the description, the first sentence after each heading, the captions' sentences."""
    yield _plain(soup.find("meta", attrs={"name": "description"})["content"])
    article = BeautifulSoup(str(soup.article), "html.parser")
    for tag in article.select(NO_PROSE):
        tag.decompose()
    for heading in article.select("h1, h2, h3"):
        yield _plain(heading.get_text())
        following = heading.find_next(["p", "li", "h1", "h2", "h3"])
        if following is not None and following.name in ("p", "li"):
            yield _sentences(following.get_text())[0]
    for caption in article.select("figcaption"):
        yield from _sentences(caption.get_text())


def verdicts(soup):
    """Sentence -> its word, of these that have one outside quotations and are no questions."""
    told = (text for text in _texts(soup) if not text.endswith("?"))
    found = {text: WORDS.search(re.sub("“.*?”", "", text)) for text in told}
    return {text: word[0] for text, word in found.items() if word}


def _content(pages):
    for name, soup in pages.items():
        page = name.removesuffix("index.html").strip("/")
        if not name.startswith(OTHER_PAGES):
            yield page, soup


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ("<h1>Zeros <em>never</em> learn</h1><p>One. All two.</p>", {"Zeros never learn": "never"}),
        (
            "<h2>Zeros</h2><p>It stands\nstill, here. All else.</p>",
            {"It stands still, here.": "stands still"},
        ),
        ("<h2>Must they?</h2><p>By “all of them”, he means two.</p>", {}),
        ("<figcaption>What? One. For ever two.</figcaption>", {"For ever two.": "For ever"}),
    ],
)
def test_verdicts_are_recognized(html, found):
    page = f'<meta name="description" content="x"><article>{html}</article>'
    assert verdicts(BeautifulSoup(page, "html.parser")) == found


def test_every_verdict_is_carried_by_something(pages):
    lacking = {
        page: left
        for page, soup in _content(pages)
        if (
            left := {
                text: word
                for text, word in verdicts(soup).items()
                if not any(
                    _plain(entry["says"]) in text for entry in LISTED.get(page or "home", [])
                )
            }
        )
    }
    assert lacking == {}, "give each an entry in tests/verdicts.yml, or say less: without its word"


def test_every_entry_stands_on_its_page(pages):
    told = {page or "home": verdicts(soup) for page, soup in _content(pages)}
    stale = [
        (page, entry["says"])
        for page, entries in LISTED.items()
        for entry in entries
        if not any(_plain(entry["says"]) in text for text in told.get(page, []))
    ]
    assert stale == []


def _fault(entry, pages):
    """What is wrong with what carries the verdict; nothing where it supports it."""
    kinds = entry.keys() & {"reach", "proof", "test", "wording"}
    if len(kinds) != 1:
        return "has one of reach, proof, test and wording"
    (kind,) = kinds
    where = entry[kind]
    if kind == "reach":
        rows = {
            row: [results.claim(f"{where}.{row}.{n}")[0] for n in ("holds", "seeds")]
            for row in entry.get("rows", [])
        }
        fewer = {row: counts for row, counts in rows.items() if counts[0] < counts[1]}
        return fewer or (not rows and "rows: [page, ...] names some of the reach")
    if kind == "proof":
        page, _, anchor = where.partition("#")
        soup = pages.get(f"{page}/index.html".lstrip("/"))
        return not (soup and soup.find(id=anchor)) and f"no section #{anchor} on the page {page!r}"
    if kind == "test":
        path, _, name = where.partition("::")
        there = (ROOT / path).is_file() and f"\ndef {name}(" in (ROOT / path).read_text("utf-8")
        return not there and f"no function {name} in {path}"
    return len(where.split()) < 2 and "wording: says in words why it is no verdict"


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({}, "has one of reach"),
        ({"reach": "the_swap.reach"}, "rows: "),
        ({"proof": "symmetry/redundancy#nowhere"}, "no section #nowhere on .*redundancy"),
        ({"proof": "nowhere#why"}, "no section #why on .*nowhere"),
        ({"test": "tests/test_verdicts.py::test_nothing"}, "no function test_nothing in tests/"),
        ({"test": "tests/test_nowhere.py::test_nothing"}, "no function test_nothing in tests/"),
        ({"wording": "defined"}, "wording: "),
    ],
)
def test_an_entry_that_carries_nothing_is_named(entry, fault, pages):
    assert re.match(fault, _fault(entry, pages))


def test_what_carries_a_verdict_supports_it(pages):
    faults = {
        f"{page}: {entry['says']}": fault
        for page, entries in LISTED.items()
        for entry in entries
        if (fault := _fault(entry, pages))
    }
    assert faults == {}
