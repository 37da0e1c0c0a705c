"""Wide tables, which a phone shows as one block for each row."""

from xml.etree.ElementTree import Element

WIDE = 5
"""Columns from which on a table does not fit a phone."""


def label_cells(table: Element) -> None:
    """Gives the cells of a wide table the names of their columns, which a style sheet can show.

    Raises:
        ValueError: a column of a wide table has a name that is no plain text.
    """
    names = table.findall("thead/tr/th")
    if len(names) < WIDE:
        return
    for name in names:
        if len(name):
            text = "".join(name.itertext())
            raise ValueError(f"the head {text!r} of a wide table: write it in plain words")
    table.set("data-stacks", "")
    for row in table.iterfind("tbody/tr"):
        for name, cell in zip(names, row, strict=True):
            cell.set("data-label", name.text or "")
