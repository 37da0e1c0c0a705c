"""No number stands in the prose of a built page without something that computes it."""

import re

import markdown
import pytest
from bs4 import BeautifulSoup

# digits in prose that need no source, each with its reason
ALLOWED = {
    # before years, which some begin like
    r"\barXiv[: ]\d{4}\.\d{4,5}\b": "identifiers of papers",
    r"\b(?:18|19|20)\d\d\b": "years",
    r"\b(?:doi|DOI)[: ]10\.\S+": "identifiers of papers",
    r"\b[Ss]ections? \d+(?:\.\d+)*(?:(?:, | and |–|-)\d+(?:\.\d+)*)*": "sections of a source",
    r"§ ?\d+(?:\.\d+)*": "sections of a source",
    r"\b(?:[Ee]quations?|[Tt]ables?|[Ff]igures?|[Aa]lgorithm|[Tt]utorial|[Cc]hapter|[Pp]art) "
    r"\d+(?:\.\d+)*": "places in a source",
    r"\b[123]-?D\b": "names of dimensions",
    r"\bCS231n\b|\bGPT-2\b|\bd2l\b|\bL2\b|\b1-WL\b|\bU\+[0-9A-F]+\b": "names",
    r"\bb?float(?:16|32|64)\b|\bbf16\b": "names of number formats",
    r"\bPython 3\.\d+\b": "versions of a language",
    r"\b\d+\.\d+\.\d+\b": "versions of the package",
    r"\b[Ii]ssue \d+\b": "identifiers of discussions",
}
# of any kind, ½ and ² and ① too
DIGITS = "".join(character for character in map(chr, range(0x3000)) if character.isnumeric())
# what results count; how many units, layers or examples there are, a reader sees in the figure
COUNTED = "seeds|networks|runs|trainings|epochs|updates|percent|per cent"
WORDS = (
    r"three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|hundred|thousand|million"
)
COUNT = re.compile(rf"(?<!few )\b(?:{WORDS})(?: of the| [a-z-]+)? (?:{COUNTED})\b", re.IGNORECASE)
CHECKED_ELSEWHERE = (
    # a measured table says so itself
    "code, pre, math, svg, .ie-claim, .ie-source, .ie-output, .ie-benchmark, .headerlink, "
    ".footnote-ref, .footnote-backref"
)


def _prose(soup):
    """Text and labels of what stands in `soup` outside code, formulas, figures and claims."""
    # a figure is drawn twice, for a page and for a phone
    labels = {
        tag[label]: None
        for label in ("aria-label", "title", "alt")
        for tag in soup.find_all(attrs={label: True})
        if not tag.find_parent(class_="ie-claim")
    }
    elsewhere = {id(text) for tag in soup.select(CHECKED_ELSEWHERE) for text in tag.strings}
    return " ".join([*(text for text in soup.strings if id(text) not in elsewhere), *labels])


def _around(soup):
    """What a page says outside its article: its title, its description, the navigation."""
    yield soup.title.get_text()
    yield soup.find("meta", attrs={"name": "description"})["content"]
    for link in soup.select(".md-nav--primary .md-nav__link"):
        if not link.find_parent(class_="md-nav--secondary"):  # headings, which are in the article
            yield link.get_text(" ")


def _unsourced(prose):
    """The digits and the counts in words, with what follows them."""
    prose = re.sub(r"\s+", " ", prose)
    for pattern in ALLOWED:
        prose = re.sub(pattern, "", prose)
    return re.findall(rf"\S*[{DIGITS}]\S*(?: \S+)?", prose) + COUNT.findall(prose)


def test_no_number_in_prose_without_a_source(pages):
    found = {}
    for name in pages.keys() - {"404.html"}:
        # the reference is made of docstrings, whose examples run
        article = "" if name.startswith("reference/") else _prose(pages[name].article)
        found[name] = _unsourced(" | ".join([*_around(pages[name]), article]))
    assert len(found) > 40
    found = {name: numbers for name, numbers in found.items() if numbers}
    assert not found, f"write each as a claim, [6](claim:page.part), or without its number: {found}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In 1998, section 4.6 and §4.3; a 1-D net.", []),
        ("It took 300 steps.", ["300 steps."]),
        ("A loss of 0.5", ["0.5"]),
        ("units2", ["units2"]),
        ("![alt with 7](figure:row_symmetry.rows)\nA caption.", ["7"]),
        ("[6](claim:row_symmetry.units), `x[0]` and $x_1$", []),
        ("a ½ share", ["½ share"]),
        ("as L² is", ["L² is"]),
        ("① here", ["① here"]),
        ('[a](b "in 7 of")', ["7 of"]),
        ("The *HTML* has\n\n*[HTML]: 5 words", ["5 words"]),
        ("It holds for ninety seeds.", ["ninety seeds"]),
        (
            "All two hundred random networks, and nine of the networks",
            ["hundred random networks", "nine of the networks"],
        ),
        ("with three hidden layers and six units, a few hundred updates", []),
    ],
)
def test_the_test_can_fail(text, found):
    html = markdown.markdown(text, extensions=["initexplain.site", "abbr"])
    assert _unsourced(_prose(BeautifulSoup(html, "html.parser"))) == found


def test_titles_descriptions_and_the_navigation_are_read():
    page = """<title>In 3 seeds</title><meta name="description" content="In 4 seeds">
        <nav class="md-nav--primary"><a class="md-nav__link">In <b>5</b> seeds</a>
        <nav class="md-nav--secondary"><a class="md-nav__link">In 6 seeds</a></nav></nav>"""
    around = " | ".join(_around(BeautifulSoup(page, "html.parser")))
    assert _unsourced(around) == ["3 seeds", "4 seeds", "5 seeds"]
