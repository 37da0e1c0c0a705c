"""A social card for every page, where the site knows its address: that of a card is a full one."""

import importlib
import io
from collections.abc import Mapping
from pathlib import Path

from initexplain.site import cache, tasks

NAME = "card.png"
"""Of the file that stands beside a page."""
MARK = Path(__file__).parent / "theme/.icons/initexplain/mark.svg"
"""The picture of the site."""


def job(titles: Mapping[str, str]) -> tasks.Job:
    """What draws the cards, once for these titles and the code as it is.

    Args:
        titles: of the pages, in plain text, by their address.
    """
    drawn = dict(sorted(titles.items())), MARK.read_text("utf-8")
    return tasks.Job("cards", cache.entry("cards", *drawn), draw, drawn)


def draw(titles: dict[str, str], mark: str) -> dict[str, bytes]:
    """Draws the cards, PNG files by the address of the page."""
    # here, because the process that renders imports no matplotlib
    figures = importlib.import_module("initexplain.figures.cards")
    cards = {}
    for address, title in titles.items():
        buffer = io.BytesIO()
        figures.card(title, mark).savefig(buffer, format="png", metadata={"Software": None})
        cards[address] = buffer.getvalue()
    return cards
