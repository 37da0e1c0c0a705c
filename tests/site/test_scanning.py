"""What is scanned rather than read: verdicts with their table, and wide tables on a phone."""

import re

import markdown
import pytest
from bs4 import BeautifulSoup

from initexplain.site.extension import PageError

CLAIMED = """# Page

[VERDICTS]

## “*Zeros* freeze” { #zeros }

**Verdict:** *half true*{ .half }. They wait.

## Ones

*Holds*{ .holds }, and *this* is emphasis.

| verdict | claim |
|---|---|
| *wrong*{ .wrong } | of this table alone |
"""


def render(text):
    extensions = ["attr_list", "tables", "toc", "initexplain.site"]
    html = markdown.markdown(text, extensions=extensions, extension_configs=PERMALINKS)
    return BeautifulSoup(html, "html.parser")


PERMALINKS = {"toc": {"permalink": True}}


def _rows(soup):
    return [
        (row.td.get_text(), row.a.get_text(), row.a["href"].removeprefix("#"))
        for row in soup.select(".ie-verdicts tbody tr")
    ]


def test_verdicts_are_marked_and_listed_with_links():
    page = render(CLAIMED)
    assert _rows(page) == [("◐ half true", "“Zeros freeze”", "zeros"), ("✓ Holds", "Ones", "ones")]
    marked = page.select("p .ie-verdict, table:not(.ie-verdicts table) .ie-verdict")
    assert [verdict.get_text() for verdict in marked] == ["◐ half true", "✓ Holds", "✗ wrong"]
    # the glyph is an ornament; the word says it
    assert all(verdict.span["aria-hidden"] == "true" for verdict in page.select(".ie-verdict"))
    assert page.em.get_text() == "Zeros"


def test_a_table_of_no_verdicts_fails():
    with pytest.raises(PageError, match=r"\*Holds\*\{ \.holds \}"):
        render("# Page\n\n[VERDICTS]\n\n## Zeros\n\nThey freeze.\n")


PAGES = {
    "the-thread": "h3",
    "symmetry/symmetry-errata": "h2",
    "biases/bias-errata": "h2",
    "scale/scale-errata": "h2",
}


@pytest.mark.parametrize("address", PAGES)
def test_every_claim_of_a_page_of_verdicts_has_one(pages, address):
    article = pages[f"{address}/index.html"].article
    # what is quoted, which is not how other sections begin
    quoting = [heading["id"] for heading in article.select(PAGES[address])]
    listed = [anchor for *_, anchor in _rows(article)]
    assert listed == [anchor for anchor in quoting if anchor in listed]
    others = {"run-it", "limits", "the-thread", "how-far-this-reaches"}
    assert set(quoting) - set(listed) <= others
    assert len(listed) > 3


def test_blocks_of_a_stacked_table_have_a_name_of_their_own(pages):
    stacked = [table for page in pages.values() for table in page.select("table[data-stacks]")]
    assert len(stacked) > 10
    for table in stacked:
        names = [row.td.get_text(" ", strip=True) for row in table.select("tbody tr")]
        assert len(set(names)) == len(names), names
        labels = [cell["data-label"] for cell in table.select("tbody tr:first-child td")]
        assert len(set(labels)) == len(labels), labels


# Where a table is stacked, there are none.
SIDES = r"\b(last|first|two|three|each) columns?\b|\bcolumns? \*|\btop of the column\b"


def test_no_sentence_beside_a_stacked_table_speaks_of_its_columns(pages):
    for path, page in pages.items():
        for table in page.select("article table[data-stacks]"):
            for beside in (table.find_previous_sibling("p"), table.find_next_sibling("p")):
                assert beside is None or not re.search(SIDES, beside.get_text()), path


def test_cells_of_wide_tables_name_their_columns():
    wide = "| a | b | c | d |\n|---|---|---|---|\n| 1 | 2 | 3 | 4 |\n"
    table = render(wide).table
    assert table.has_attr("data-stacks")
    assert [cell["data-label"] for cell in table.select("td")] == list("abcd")
    narrow = render(re.sub(r"[^|\n]*\|\n", "\n", wide)).table
    assert not narrow.has_attr("data-stacks")
    assert not render(wide.replace("| b", "| $b$")).table.has_attr("data-stacks")
    with pytest.raises(PageError, match=r"the head '\\\\\(b\\\\\)' of a wide table"):
        render(re.sub(r"(?m)^\|[^|]*", r"\g<0>\g<0>", wide.replace("| b", "| $b$")))
