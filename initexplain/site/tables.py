"""Wide tables, which a phone shows as one block for each row."""

from xml.etree.ElementTree import Element

WIDE = 4
"""From so many columns on, a table does not fit a phone."""


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
