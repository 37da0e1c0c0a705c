"""The Markdown extension, alone: figures, claims, formulas, and how each fails."""

import re
from xml.etree import ElementTree as ET

import markdown
import pytest

from initexplain.figures.palette import PALETTE
from initexplain.site.extension import PageError

FIGURE = "![Two curves that fall.](figure:row_symmetry.losses)\n**Caption** with $x^2$."


def render(text, *extensions):
    return markdown.markdown(text, extensions=["initexplain.site", *extensions])


def test_a_figure_is_captioned_labelled_inline_svg():
    html = render(FIGURE)
    assert html.startswith('<figure class="ie-figure" id="figure-row-symmetry-losses">')
    assert (
        html.count('role="img" aria-label="Two curves that fall."') == 2
    )  # for a page, for a phone
    caption = re.search("<figcaption>(.*?)</figcaption>", html, re.DOTALL)
    assert caption is not None
    assert "<strong>Caption</strong>" in caption[1]
    assert "<msup>" in caption[1]
    assert 'identifier="initexplain.figures.row_symmetry.losses"' in caption[1]


def test_a_figure_follows_the_palette_and_leaks_nothing():
    html = render(FIGURE)
    svg = html[html.index("<svg") : html.index("</svg>") + 6]
    ET.fromstring(svg.replace(" data-search-exclude>", ' data-search-exclude="">', 1))
    assert "<style" not in svg
    assert "DejaVu" not in svg
    light = {light: role for role, (light, _) in PALETTE.items()}
    used = re.findall(r"var\((--ie-[\w-]+), (#[0-9a-f]{6})\)", svg)
    assert {"--ie-zero", "--ie-random", "--ie-constant"} <= {name for name, _ in used}
    assert all(name == f"--ie-{light[colour]}" for name, colour in used)
    # no colour outside a variable
    assert not re.search(r"#[0-9a-f]{6}\b(?!\))", svg)
    ids = re.findall(r'\bid="([^"]+)"', svg)
    assert len(ids) == len(set(ids))
    assert all(i.startswith("row_symmetry-losses-") for i in ids)
    targets = re.findall(r'(?:href="#|url\(#)([^")]+)', svg)
    assert set(targets) <= set(ids)


def test_a_claim_shows_the_number_and_its_source():
    html = render("It has [6](claim:row_symmetry.units) units.")
    source = "initexplain.experiments.row_symmetry.run"
    assert (
        f'<span class="ie-claim"><autoref identifier="{source}" title="row symmetry: units">'
        "6</autoref></span> units." in html
    )


def test_formulas_become_mathml_and_need_no_script():
    html = render(
        r"Inline $\sigma_w$ and" + "\n\n$$\n\\begin{aligned}a &= b\\\\ c &< d\\end{aligned}\n$$\n"
    )
    assert html.count("<math") == 2
    assert "<script" not in html
    assert "\\(" not in html
    assert "&lt;" in html
    ET.fromstring(f"<div>{html}</div>")


def test_a_row_of_formulas_breaks_between_them_and_no_line_before_a_comma():
    html = render("Take $a$, or $b$ and:\n\n$$\na = b, \\qquad c = d\n$$\n")
    assert [html.count("<math"), html.count('<math display="block"')] == [4, 2]
    assert "</math>,</span> or" in html
    assert "</math></span> and" in html


def test_dollars_in_code_and_money_stay():
    assert "<math" not in render("`$x$` costs $5, not $6.")


def test_code_may_show_how_html_is_written():
    text = '`<a href="claim:x.y">` and\n\n    <img src="figure:x.y">\n'
    assert "claim:x.y" in render(text)


FAILURES = [
    ("[7](claim:row_symmetry.units)", r"row_symmetry\.units.*says 7, computed 6"),
    ("[6](claim:row_symmetry.unitz)", r"'unitz'.*did you mean 'units'.*known:"),
    ("[6](claim:row_symetry.units)", r"'row_symetry'.*did you mean 'row_symmetry'"),
    ("[six](claim:row_symmetry.units)", r"row_symmetry\.units: 'six' is not a number"),
    ("[7](claim:stds.size)", r"claim stds\.size: unknown page 'stds'"),
    # one form is read, by the build and by `make claims`; the others stand for nothing
    ("[7](CLAIM:row_symmetry.units)", r"CLAIM:row_symmetry\.units: write it in Markdown, as \[6"),
    ("[`6`](claim:row_symmetry.units)", r"^\n  - claim:row_symmetry\.units: write it in [^\x02]*$"),
    ("[**6**](claim:row_symmetry.units)", r"claim:row_symmetry\.units: write it"),
    ("[6](<claim:row_symmetry.units>)", r"claim:row_symmetry\.units: write it"),
    ("[6]( claim:row_symmetry.units )", r"claim:row_symmetry\.units: write it"),
    ("[6](claim:row_symmetry.units 'six')", r"claim:row_symmetry\.units: write it"),
    ("[6][r]\n\n[r]: claim:row_symmetry.units", r"claim:row_symmetry\.units: write it"),
    ("\\[6](claim:row_symmetry.units)", r"claim:row_symmetry\.units: write it"),
    ("![half](claim:row_symmetry.units)", r"claim:row_symmetry\.units: write it"),
    ("<claim:row_symmetry.units>", r"claim:row_symmetry\.units: write it"),
    ("[a](b.md 'claim:row_symmetry.units')", r"claim:row_symmetry\.units: write it"),
    ("[see [6](claim:row_symmetry.units)](b.md)", r"link 'see 6' has a number in it"),
    ("<a href='nowhere/'>a</a>", r"<a href='nowhere/'>.*write the link in Markdown"),
    ("<p>\n<img alt='a' src=nowhere.png>\n</p>", r"<img alt='a' src=now.*in Markdown"),
    (
        '<a href="claim:row_symmetry.units">7</a>',
        r"claim:row_symmetry\.units: write it in Markdown",
    ),
    ("<p>\n<a href='claim:x'>7</a>\n</p>", "claim:x: write it in Markdown"),
    ('An <img alt="a" src=figure:row_symmetry.rows>', r"figure:row_symmetry\.rows: write it in"),
    ("![a](Figure:row_symmetry.drift)\nCaption", r"figure 'row_symmetry\.drift'"),
    (FIGURE + "\n\n" + FIGURE, r"row_symmetry\.losses: it stands on this page already"),
    ("![the size $x_1$](figure:row_symmetry.rows)\nCaption", "cannot hold a formula"),
    ("![a](figure:row_symmetry.rows){ .wide }\nCaption", r"no attributes, found \{ \.wide"),
    ("where\n$$x^2$$\nholds", r"x\^2.*in a paragraph of its own"),
    ("$$x^2$$ holds", r"x\^2.*in a paragraph of its own"),
    ("[6](claim:row_symmetry)", "not a number"),
    ("[6](claim:row_symmetry.losses)", "not a number"),
    ("[6](claim:row_symmetry.losses.zero)", "not a number"),
    ("![a](figure:row_symmetry.drift)\nCaption", r"figure 'row_symmetry\.drift'.*known:.*rows"),
    ("![a](figure:nowhere.rows)\nCaption", "'nowhere'.*known:.*row_symmetry"),
    ("![a](figure:style.new_figure)\nCaption", "'style'"),
    ("![](figure:row_symmetry.rows)\nCaption", "row_symmetry.rows: no alt text"),
    ("![a](figure:row_symmetry.rows)", "row_symmetry.rows: no caption"),
    ("See ![a](figure:row_symmetry.rows)", "start of a paragraph"),
    ("- ![a](figure:row_symmetry.rows)", "start of a paragraph"),
    (r"$\frac{1$", r"TeX.*frac\{1"),
    (r"$\nonsense$", "nonsense"),
]


@pytest.mark.parametrize(("text", "message"), FAILURES)
def test_what_is_wrong_fails_and_names_it(text, message):
    with pytest.raises(PageError, match=message):
        render(text)


def test_all_failures_of_a_page_are_named_at_once():
    text = "# A\n\n-[6](claim:row_symmetry.units), [7](claim:index.units)\n\n## B\n\n<claim:a.b>"
    with pytest.raises(PageError) as caught:
        render(text, "toc")
    assert len(re.findall("^  - ", str(caught.value), re.MULTILINE)) == 3


SIX = "[6](claim:row_symmetry.units)"
CHANGED = [
    *(f"{before}{SIX} units" for before in ("-", "−", "–", "&minus;", "\\-", "− ", "minus ")),
    *(f"{before}{SIX} units" for before in ("1", "0.", "x", "$-$", "`-`", "**-**", "<b>1</b>")),
    *(f"**{before}{SIX}** units" for before in "-1"),
    *(
        f"all {SIX}{after} "
        for after in ("%", " %", "&nbsp;%", " ‰", " percent", " per cent", "e-3")
    ),
    *(
        f"all {SIX}{after}, "
        for after in (" thousand", " millions", " billion", "\nhundred", " e5")
    ),
    *(f"all {SIX}{after} " for after in (" × 10", " x 10", " · $10^3$", " times ten", "$^2$", "²")),
    *(f"all {SIX}{after} " for after in ("<sup>2</sup>", ".5", ",000", "k", "-5", SIX)),
    f"| a | b |\n|---|---|\n| -{SIX} | {SIX} |",
]
KEPT = [
    f"({SIX}) {SIX}, {SIX}; “{SIX}” **{SIX}** {SIX}/{SIX} {SIX}—a",
    f"{SIX}-layer, {SIX}.\nAnd {SIX}: {SIX} × {SIX}, all {SIX} times, a − b is {SIX}",
    f"| a | b |\n|---|---|\n| − | {SIX} |\n| {SIX} | % of all |",
    f"{SIX}\n\n% is a sign\n\n- minus\n- {SIX}",
]


@pytest.mark.parametrize("text", CHANGED)
def test_text_that_changes_a_number_is_refused(text):
    with pytest.raises(PageError, match=r"what stands beside 6 changes it"):
        render(text, "tables")


@pytest.mark.parametrize("text", KEPT)
def test_text_that_leaves_a_number_as_it_is_stays(text):
    assert render(text, "tables").count("ie-claim") == text.count("claim:")


ZERO = '[2.12](claim:row_symmetry.losses.zero.-1 "zero")'
OTHER = '[0.22](claim:row_symmetry.losses.constant.-1 "constant")'
ROWS = "| start | loss |\n|---|---|\n| zero | {} |\n| constant | {} |"
PAIRS = [
    "Zero weights end at {}, constant ones at {}.",
    "At {} for the zeros, and {} for constant ones.",
    "From **zero**: {}.\n\n- `constant`: {}",
    ROWS,
]


@pytest.mark.parametrize("text", PAIRS)
def test_numbers_with_a_word_stand_beside_it_and_cannot_be_exchanged(text):
    assert "zero&quot;" not in render(text.format(ZERO, OTHER), "tables")
    with pytest.raises(PageError, match=r"belongs to '(zero|constant)', which is not beside it"):
        render(text.format(OTHER, ZERO), "tables")
