"""From matplotlib's SVG to the page's."""

import numpy as np
import pytest
from browsing import contrast

from initexplain.figures.style import PALETTE, css_variables, new_figure, ramp, style
from initexplain.site.svg import inline_svg


def drawn():
    figure, (axes,) = new_figure(height=2.0)
    axes.plot([0, 1], [0, 1], color=PALETTE["zero"][0], label="x")
    axes.set_xlabel("a < b & 'c'")
    return figure.svg()


UNTOUCHED = "The colours #123456 and #00765a,   font-family: x; see url(#a) and xlink:href=b"


@pytest.mark.parametrize(
    ("label", "written"),
    [
        ('" onload="x', "&quot; onload=&quot;x"),
        (UNTOUCHED, UNTOUCHED),
    ],
)
def test_a_label_stays_as_it_is_and_in_its_attribute(label, written):
    svg = inline_svg(drawn(), name="a", label=label, variables=css_variables())
    assert f'aria-label="{written}"' in svg


def test_an_unknown_colour_is_refused_by_name():
    with style():
        figure, (axes,) = new_figure(height=2.0)
        axes.plot([0, 1], [0, 1], color="#123456")
    with pytest.raises(ValueError, match="#123456 is not in the palette"):
        inline_svg(figure.svg(), name="a", label="a", variables=css_variables())


def test_text_stays_text_in_the_page_font_and_an_inch_is_a_hundred_pixels():
    svg = inline_svg(drawn(), name="a", label="a", variables=css_variables())
    assert "a &lt; b &amp; 'c'" in svg
    assert "font-family" not in svg
    assert 'width="680" height="200"' in svg


def test_a_document_without_view_box_is_refused():
    with pytest.raises(ValueError, match="viewBox"):
        inline_svg("<svg></svg>", name="a", label="a", variables={})


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("role", [r for r in PALETTE if r not in ("grid", "surface", "middle")])
def test_every_colour_of_type_and_marks_is_legible(role, side):
    # WCAG 2: 4.5:1 for type
    assert contrast(PALETTE[role][side], PALETTE["surface"][side]) >= 4.5


def test_a_colour_map_ends_in_its_role():
    assert ramp("negative")[-1] == PALETTE["negative"]


X = np.arange(4.0)
DRAWN = {
    "line": lambda axes, y: axes.plot(X, y),
    "points": lambda axes, y: axes.scatter(X, y),
    "band": lambda axes, y: axes.fill_between(X, y, y + 1),
    "cells": lambda axes, y: axes.pcolormesh(y[None]),
    "masked cells": lambda axes, y: axes.pcolormesh(np.ma.masked_invalid(y[None])),
    "image": lambda axes, y: axes.imshow(y[None]),
    "bars": lambda axes, y: axes.vlines(X, 0, y),
}


@pytest.mark.parametrize("kind", DRAWN)
def test_a_figure_that_draws_nothing_is_refused(kind):
    for y in ([np.nan, 2, np.nan, 3], np.full(4, np.nan)):
        figure, [axes] = new_figure(height=2.0)
        axes.plot([], [])
        axes.plot(X, X)
        DRAWN[kind](axes, np.array(y))
        if np.isfinite(y).any():
            assert "<svg" in figure.svg()
        else:
            with pytest.raises(ValueError, match="has no finite value"):
                figure.svg()
