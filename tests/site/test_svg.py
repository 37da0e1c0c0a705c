"""From matplotlib's SVG to the page's."""

import pytest

from initexplain.figures.style import PALETTE, css_variables, new_figure, ramp, style
from initexplain.site.svg import inline_svg


def drawn():
    figure, (axes,) = new_figure(height=2.0)
    axes.plot([0, 1], [0, 1], color=PALETTE["zero"][0], label="x")
    axes.set_xlabel("a < b & 'c'")
    return figure.svg()


def test_a_label_cannot_break_out_of_its_attribute():
    svg = inline_svg(drawn(), name="a", label='" onload="x', variables=css_variables())
    assert 'aria-label="&quot; onload=&quot;x"' in svg


def test_a_label_stays_as_it_is():
    label = "The colours #123456 and #00765a,   font-family: x; see url(#a) and xlink:href=b"
    svg = inline_svg(drawn(), name="a", label=label, variables=css_variables())
    assert f'aria-label="{label}"' in svg


def test_an_unknown_colour_is_refused_by_name():
    with style():
        figure, (axes,) = new_figure(height=2.0)
        axes.plot([0, 1], [0, 1], color="#123456")
    with pytest.raises(ValueError, match="#123456 is not in the palette"):
        inline_svg(figure.svg(), name="a", label="a", variables=css_variables())


def test_size_in_pixels_is_a_hundred_an_inch():
    svg = inline_svg(drawn(), name="a", label="a", variables=css_variables())
    assert 'width="680" height="200"' in svg


def test_text_stays_text_in_the_page_font():
    svg = inline_svg(drawn(), name="a", label="a", variables=css_variables())
    assert "a &lt; b &amp; 'c'" in svg
    assert "font-family" not in svg


def test_a_document_without_view_box_is_refused():
    with pytest.raises(ValueError, match="viewBox"):
        inline_svg("<svg></svg>", name="a", label="a", variables={})


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("role", [r for r in PALETTE if r not in ("grid", "surface", "middle")])
def test_every_colour_of_type_and_marks_is_legible(role, side):
    # WCAG 2: 4.5:1 for type
    assert _contrast(PALETTE[role][side], PALETTE["surface"][side]) >= 4.5


def test_a_colour_map_ends_in_its_role():
    assert ramp("negative")[-1] == PALETTE["negative"]
