"""Verdicts that can be scanned: a glyph and a word for a claim, and a table of them.

Emphasis with a class is a verdict, as `*Half true*{ .half }`. A paragraph `[VERDICTS]` becomes the
table of those that stand below headings, with links to them.
"""

import copy
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor

GLYPHS = {"holds": "✓", "half": "◐", "wrong": "✗"}
_PLACE = "[VERDICTS]"


class VerdictProcessor(Treeprocessor):
    """Marks the verdicts of a page, and puts their table where it belongs."""

    def __init__(self, failures: dict[str, None], md: Markdown) -> None:
        super().__init__(md)
        self.failures = failures

    def run(self, root: Element) -> None:
        """Works through the page; that there is nothing for its table is a failure."""
        in_tables = {id(part) for table in root.iter("table") for part in table.iter()}
        heading, places = None, []
        rows: list[tuple[Element, Element]] = []
        for element in list(root.iter()):
            if element.tag in ("h2", "h3"):
                heading = element
            elif element.tag == "p" and (element.text or "").strip() == _PLACE:
                places.append(element)
            elif element.tag == "em" and element.get("class") in GLYPHS:
                _mark(element)
                if heading is not None and id(element) not in in_tables:
                    rows.append((heading, element))
        for place in places:
            if not rows:
                fault = f"{_PLACE}: write verdicts below headings, as *Holds*{{ .holds }}"
                self.failures[fault] = None
            _tabulate(place, rows)


def _mark(verdict: Element) -> None:
    glyph = Element("span", {"aria-hidden": "true"})
    glyph.text, glyph.tail = GLYPHS[verdict.get("class", "")], f" {verdict.text}"
    verdict.tag, verdict.text = "span", None
    verdict.set("class", "ie-verdict")
    verdict.insert(0, glyph)


def _tabulate(place: Element, rows: list[tuple[Element, Element]]) -> None:
    # a search finds the claims themselves
    place.tag, place.text = "div", None
    place.attrib |= {"class": "ie-verdicts", "data-search-exclude": ""}
    table = SubElement(place, "table")
    head = SubElement(SubElement(table, "thead"), "tr")
    for name in ("verdict", "claim"):
        SubElement(head, "th").text = name
    body = SubElement(table, "tbody")
    for heading, verdict in rows:
        row = SubElement(body, "tr")
        word = copy.deepcopy(verdict)
        word.tail = None
        SubElement(row, "td").append(word)
        link = SubElement(SubElement(row, "td"), "a", {"href": f"#{heading.get('id')}"})
        link.text = heading.text
        link.extend(copy.deepcopy(p) for p in heading if p.get("class") != "headerlink")
