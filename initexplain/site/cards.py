"""A social card for every page, where the site knows its address: that of a card is a full one."""

import importlib
import io
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from initexplain.site import cache, results

NAME = "card.png"
"""Of the file that stands beside a page."""
_MARK = Path(__file__).parent / "theme/.icons/initexplain/mark.svg"


def job(titles: Mapping[str, str]) -> results.Job:
    """What draws the cards, once for these titles and the code as it is.

    Args:
        titles: of the pages, in plain text, by their address.
    """
    mark, present = _MARK.read_text("utf-8"), cache.state()
    content = repr((sorted(titles.items()), mark))
    entry = f"{sha256(content.encode()).hexdigest()[:16]}.cards"
    return results.Job("cards", entry, present, draw, (dict(titles), mark, entry, present), None)


def draw(titles: dict[str, str], mark: str, entry: str, present: cache.State) -> dict[str, bytes]:
    """Draws the cards, in this process, and stores them.

    Returns:
        PNG files, by the address of the page.
    """
    # here, because the process that renders imports no matplotlib
    figures = importlib.import_module("initexplain.figures.cards")
    cards = {}
    for address, title in titles.items():
        buffer = io.BytesIO()
        figures.card(title, mark).savefig(buffer, format="png", metadata={"Software": None})
        cards[address] = buffer.getvalue()
    cache.store(entry, cache.imported(present), cards)
    return cards
