"""What is scanned rather than read: verdicts with their table, and wide tables on a phone.

Emphasis with a class is a verdict, as `*Half true*{ .half }`. A paragraph `[VERDICTS]` becomes the
table of those that stand below headings, with links to them.
"""

import copy
from xml.etree.ElementTree import XML, Element, SubElement

GLYPHS = {"holds": "✓", "half": "◐", "wrong": "✗"}
WIDE = 4
"""From so many columns on, a table does not fit a phone."""
_PLACE = "[VERDICTS]"
_HEAD = "<thead><tr><th>verdict</th><th>claim</th></tr></thead>"


def mark_verdicts(root: Element) -> None:
    """Marks the verdicts of a page, and puts their table where it belongs.

    Raises:
        ValueError: there is nothing for the table.
    """
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
    if places and not rows:
        raise ValueError(f"{_PLACE}: write verdicts below headings, as *Holds*{{ .holds }}")
    for place in places:
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
    table.append(XML(_HEAD))
    body = SubElement(table, "tbody")
    for heading, verdict in rows:
        row = SubElement(body, "tr")
        word = copy.deepcopy(verdict)
        word.tail = None
        SubElement(row, "td").append(word)
        link = SubElement(SubElement(row, "td"), "a", {"href": f"#{heading.get('id')}"})
        link.text = heading.text
        link.extend(copy.deepcopy(p) for p in heading if p.get("class") != "headerlink")


def label_cells(table: Element) -> None:
    """Gives the cells of a wide table the names of their columns, which a style sheet can show.

    One of four columns whose heads are formulas is left as it is, and scrolls.

    Raises:
        ValueError: a head of a still wider table has a formula, which a label cannot hold.
    """
    heads = table.findall("thead/tr/th")
    names = ["".join(head.itertext()).strip() for head in heads]
    formulas = [name for name in names if r"\(" in name]
    if formulas and len(heads) > WIDE:
        raise ValueError(f"the head {formulas[0]!r} of a wide table: write it in plain words")
    if formulas or len(heads) < WIDE:
        return
    table.set("data-stacks", "")
    for row in table.iterfind("tbody/tr"):
        for name, cell in zip(names, row, strict=True):
            cell.set("data-label", name)
