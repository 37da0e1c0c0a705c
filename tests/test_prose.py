"""No number stands in the prose of a built page without something that computes it."""

import markdown
import pytest
from bs4 import BeautifulSoup

from initexplain.site import prose


def _around(soup):
    """What a page says outside its article: its title, its description, the navigation."""
    yield soup.title.get_text()
    yield soup.find("meta", attrs={"name": "description"})["content"]
    for link in soup.select(".md-nav--primary .md-nav__link"):
        if not link.find_parent(class_="md-nav--secondary"):  # headings, which are in the article
            yield link.get_text(" ")


def test_no_number_in_prose_without_a_source(pages):
    found = {}
    for name in pages.keys() - {"404.html"}:
        # the reference is made of docstrings, whose examples run
        article = "" if name.startswith("reference/") else str(pages[name].article)
        found[name] = prose.unsourced(" | ".join([*_around(pages[name]), article]))
    assert len(found) > 40
    assert not {name: numbers for name, numbers in found.items() if numbers}


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
        ("a &frac12; share, &#53; of all", ["½ share,", "5 of"]),
        ("**a 5**, *6*\n\n`0`7", ["5 ,", "6 7"]),
        ('[a](b "in 7 of")', ["7 of"]),
        ("<b title='in 7 of'>a</b> <b TITLE=8>", ["7 of", "8"]),
        ("The *HTML* has\n\n*[HTML]: 5 words", ["5 words"]),
        ("It holds for ninety seeds.", ["ninety seeds"]),
        (
            "All two hundred random networks, and nine of the networks",
            ["hundred random networks", "nine of the networks"],
        ),
        ("with three hidden layers and six units, a few hundred updates", []),
    ],
)
def test_a_number_that_nothing_computes_is_found(text, found):
    html = markdown.markdown(text, extensions=["initexplain.site", "abbr"])
    assert prose.unsourced(html) == found


def test_titles_descriptions_and_the_navigation_are_read():
    page = """<title>In 3 seeds</title><meta name="description" content="In 4 seeds">
        <nav class="md-nav--primary"><a class="md-nav__link">In <b>5</b> seeds</a>
        <nav class="md-nav--secondary"><a class="md-nav__link">In 6 seeds</a></nav></nav>"""
    around = " | ".join(_around(BeautifulSoup(page, "html.parser")))
    assert prose.unsourced(around) == ["3 seeds", "4 seeds", "5 seeds"]
