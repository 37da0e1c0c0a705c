"""No digit stands in the prose of a built page without something that computes it."""

import re

import markdown
import pytest
from bs4 import BeautifulSoup

# digits in prose that need no source, each with its reason
ALLOWED = {
    r"\b(?:18|19|20)\d\d\b": "years",
    r"\barXiv[: ]\d{4}\.\d{4,5}\b": "identifiers of papers",
    r"\b(?:doi|DOI)[: ]10\.\S+": "identifiers of papers",
    r"\b[Ss]ections? \d+(?:\.\d+)*(?:(?:, | and |–|-)\d+(?:\.\d+)*)*": "sections of a source",
    r"§ ?\d+(?:\.\d+)*": "sections of a source",
    r"\b(?:[Ee]quations?|[Tt]ables?|[Ff]igures?|[Aa]lgorithm|[Tt]utorial|[Cc]hapter|[Pp]art) "
    r"\d+(?:\.\d+)*": "places in a source",
    r"\b[123]-?D\b": "names of dimensions",
    r"\bCS231n\b|\bd2l\b|\bL2\b|\b1-WL\b|\bfloat(?:32|64)\b|\bU\+[0-9A-F]+\b": "names",
    r"\bPython 3\.\d+\b": "versions of a language",
    r"\b\d+\.\d+\.\d+\b": "versions of the package",
}
CHECKED_ELSEWHERE = (
    # a measured table says so itself
    "code, pre, math, svg, .ie-claim, .ie-source, .ie-output, .ie-benchmark, .headerlink, "
    ".footnote-ref, .footnote-backref"
)


def _prose(soup):
    """Text and labels of what stands in `soup` outside code, formulas, figures and claims."""
    # a figure is drawn twice, for a page and for a phone
    labels = {tag["aria-label"]: None for tag in soup.find_all(attrs={"aria-label": True})}
    elsewhere = {id(text) for tag in soup.select(CHECKED_ELSEWHERE) for text in tag.strings}
    return " ".join([*(text for text in soup.strings if id(text) not in elsewhere), *labels])


def _unsourced_digits(prose):
    for pattern in ALLOWED:
        prose = re.sub(pattern, "", prose)
    return re.findall(r"\S*\d\S*(?: \S+)?", prose)


def test_no_digit_in_prose_without_a_source(pages):
    checked = {
        name: _unsourced_digits(_prose(soup.article))
        for name, soup in pages.items()
        # the reference is made of docstrings, whose examples run
        if not name.startswith("reference/") and name != "404.html"
    }
    assert len(checked) > 15
    assert {name: found for name, found in checked.items() if found} == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("In 1998, section 4.6 and §4.3; a 1-D net.", []),
        ("It took 300 steps.", ["300 steps."]),
        ("A loss of 0.5", ["0.5"]),
        ("units2", ["units2"]),
        ("![alt with 7](figure:row_symmetry.rows)\nA caption.", ["7"]),
        ("[6](claim:row_symmetry.units), `x[0]` and $x_1$", []),
    ],
)
def test_the_test_can_fail(text, found):
    html = markdown.markdown(text, extensions=["initexplain.site"])
    assert _unsourced_digits(_prose(BeautifulSoup(html, "html.parser"))) == found
