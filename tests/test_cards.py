"""What other sites show beside a link: a title always, a picture where the site has an address."""

import io
from itertools import pairwise

import numpy as np
import pytest
from bs4 import BeautifulSoup
from conftest import ADDRESS, OTHER
from PIL import Image

from initexplain.site import cards


def shown(soup):
    """The properties of a page for other sites."""
    named = {"property": "og:", "name": "twitter:"}
    tags = [
        (tag, key)
        for key, start in named.items()
        for tag in soup.find_all("meta")
        if tag.get(key, "").startswith(start)
    ]
    assert len({tag[key] for tag, key in tags}) == len(tags), "each once"
    return {tag[key]: tag["content"] for tag, key in tags}


def test_every_page_has_a_title_and_a_description_for_other_sites(site, pages):
    for name, soup in pages.items():
        if name == "404.html":
            assert not shown(soup)
            continue
        told = shown(soup)
        heading = soup.h1.get_text().removesuffix(soup.h1.a.get_text())
        assert told["og:title"] == " ".join(heading.split()), name
        assert told["og:description"] == soup.find("meta", attrs={"name": "description"})["content"]
        assert told["twitter:card"] == "summary"
        assert "og:image" not in told, name
    assert not list(site.rglob(cards.NAME)), "no build pays for cards that no page can name"


@pytest.mark.parametrize(
    ("page", "title"), [("", "Page"), ("notebooks/other/", OTHER.replace("`", ""))]
)
def test_a_site_with_an_address_has_a_picture_for_every_page(page, title, hosted, nothing_stored):
    soup = BeautifulSoup((hosted / page / "index.html").read_text("utf-8"), "html.parser")
    told = shown(soup)
    assert told["og:title"] == title
    assert told["twitter:card"] == "summary_large_image"
    assert told["og:url"] == ADDRESS + page
    assert told["og:image"] == f"{ADDRESS}{page}card.png"
    size = int(told["og:image:width"]), int(told["og:image:height"])
    with Image.open(hosted / page / "card.png") as card:
        assert card.format == "PNG"
        assert card.size == size == (1200, 630)
        assert (np.asarray(card.convert("L")) == _drawn(title)).all(), "of this title"


def _drawn(title):
    """The card of a title as brightness, `(630, 1200)`."""
    mark = cards.MARK.read_text("utf-8")
    png = cards.draw({"": title}, mark)[""]
    return np.asarray(Image.open(io.BytesIO(png)).convert("L")).astype(int)


@pytest.fixture
def nothing_stored(monkeypatch):
    monkeypatch.setattr(cards.cache, "store", lambda *_: None)


# and the lines of each
TITLES = {
    "Freeze or clone": 1,
    "Why may biases start at zero, and weights not?": 3,
    "How far apart do the units of a layer have to start for training to take them apart?": 3,
}


@pytest.mark.usefixtures("nothing_stored")
@pytest.mark.parametrize(("title", "lines"), TITLES.items())
def test_a_title_is_large_and_stays_inside(title, lines):
    bright = _drawn(title) > 128
    rows, columns = np.flatnonzero(bright.any(axis=1)), np.flatnonzero(bright.any(axis=0))
    assert min(rows[0], columns[0], 629 - rows[-1], 1199 - columns[-1]) > 60
    # its lines: runs of rows with ink below the mark, which ends in the upper half
    inked = bright[250:].any(axis=1)
    starts = [row for row, (one, two) in enumerate(pairwise(inked)) if two and not one]
    assert len(starts) == lines
    # a picture 300 pixels wide is a quarter of this: capitals are 9 of its pixels high or more
    ends = [row for row, (one, two) in enumerate(pairwise(inked)) if one and not two]
    assert min(end - start for start, end in zip(starts, ends, strict=True)) >= 36


@pytest.mark.usefixtures("nothing_stored")
def test_a_card_is_the_same_every_time_and_another_for_another_title():
    one, again, other = (_drawn(title) for title in ("Ones", "Ones", "Zeros"))
    assert (one == again).all()
    head, title = np.s_[:230], np.s_[230:]
    assert (one[head] == other[head]).all(), "the mark and the name"
    assert (one[title] != other[title]).any()
    # the mark: squares of three strengths
    corner = one[84:216, 84:216]

    def cell(row, column):
        return corner[int(5.5 * (4 + 8 * row)), int(5.5 * (4 + 7.5 * column))]

    assert cell(0, 0) == cell(1, 1) == cell(2, 0) > cell(0, 1) == cell(2, 1) > cell(1, 0)


@pytest.mark.usefixtures("nothing_stored")
def test_a_title_without_room_is_named():
    with pytest.raises(ValueError, match="shorten it"):
        _drawn("zero " * 80)
