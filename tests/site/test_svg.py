"""From matplotlib's SVG to the page's."""

import re
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.textpath import TextPath

from initexplain.figures.palette import PALETTE, css_variables, ramp
from initexplain.figures.style import (
    PHONE_SVG,
    name_heights,
    new_figure,
    phone,
    style,
    write_inside,
)
from initexplain.site.svg import both, inline_svg, labelled


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
    svg = labelled(both((drawn(), drawn()), name="a", variables=css_variables()), label)
    assert svg.count(f' aria-label="{written}"') == 2


def test_an_unknown_colour_is_refused_by_name():
    with style():
        figure, (axes,) = new_figure(height=2.0)
        axes.plot([0, 1], [0, 1], color="#123456")
    with pytest.raises(ValueError, match="#123456 is not in the palette"):
        inline_svg(figure.svg(), name="a", variables=css_variables())


def test_text_stays_text_in_the_page_font_and_an_inch_is_a_hundred_pixels():
    svg = inline_svg(drawn(), name="a", variables=css_variables())
    assert "a &lt; b &amp; 'c'" in svg
    assert "font-family" not in svg
    assert 'width="680" height="200"' in svg


def from_line(points, start, end):
    """The distance of each point from what lies between two ends."""
    along = end - start
    share = np.clip((points - start) @ along / max(along @ along, 1e-9), 0, 1)
    return np.hypot(*(start + share[:, None] * along - points).T)


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_line_keeps_its_shape_with_fewer_points(turn):
    rng = np.random.default_rng(turn)
    smooth = np.linspace(0, 3, 400)
    # a curve, noise, one way there and back, and a closed box
    x = np.concatenate([50 * smooth, 150 + 30 * rng.random(30), [200, 300, 250, 260], [0] * 2, [0]])
    y = np.concatenate([40 * np.sin(smooth), 40 * rng.random(30), [7] * 4, [0, 50], [0]])
    x, y = [(x, y), (-y, x), (-x, -y), (y, -x)][turn]
    points = list(zip(x, y, strict=True))
    drawn = "".join(f"{'L' if i else 'M'} {a:.6f} {b:.6f} \n" for i, (a, b) in enumerate(points))
    svg = inline_svg(f'<svg viewBox="0 0 9 9"><path d="{drawn}"/></svg>', name="a", variables={})
    written = np.array(re.findall(r"-?[\d.]+", svg.partition(' d="')[2]), float).reshape(-1, 2)
    assert 30 < len(written) < 120
    distances = [from_line(np.array(points), *pair) for pair in pairwise(written)]
    # a tenth of a point, and what rounding to tenths takes
    assert np.min(distances, axis=0).max() < 0.1 + 0.15
    for point in written:
        assert np.hypot(x - point[0], y - point[1]).min() < 0.15


@pytest.mark.parametrize(
    ("path", "written"),
    [
        ("M 1.23 4.0 \nC 1.55 2 3 4.19 5 6 \nL 7 8.04 \nz", "M 1.2 4 C 1.5 2 3 4.1 5 6 L 7 8 z"),
        ("M 0 0 \nL 3 0 \nL 5 0 \nL 9 0", "M 0 0 9 0"),
        ("M 0 0 \nL 9 0 \nL 5 0 \nL 6 0", "M 0 0 9 0 5 0 6 0"),  # there and back
        ("M 0 0 \nL 3 0 \nL 3 3 \nL 0 0 \nz", "M 0 0 3 0 3 3 0 0 z"),
        ("M 0 0 \nL 1 0 \nL 2 0 \nM 5 5 \nL 6 5 \nL 8 5", "M 0 0 2 0 M 5 5 8 5"),
    ],
)
def test_path_data_is_short(path, written):
    drawn = f'<svg viewBox="0 0 9 9"><path d="{path}"/></svg>'
    assert f' d="{written}"' in inline_svg(drawn, name="a", variables={})


def test_ids_are_alone_on_the_page_and_lead_to_what_is_used():
    with style():
        figure, (axes,) = new_figure(height=2.0)
        axes.plot([0, 1, 2], [0, 1, 0], "o", color=PALETTE["zero"][0])
    document = figure.svg()
    svg = both((document, document), name="a.b", variables=css_variables())
    ids = re.findall(r'\bid="([^"]*)"', svg)
    used = set(re.findall(r'(?:href="|url\()#([^")]*)', svg))
    assert len(ids) == len(set(ids))
    assert used == set(ids)
    assert len(used) >= 4
    assert svg.count("<use") == 2 * len(re.findall("<use", document))


def test_a_figure_for_a_phone_is_narrow_with_its_panels_below_each_other():
    options = {"columns": 2, "gridspec_kw": {"width_ratios": [1, 2]}}
    wide, panels = new_figure(height=2.0, **options)
    with phone():
        narrow, stacked = new_figure(height=2.0, **options)
        beside, _ = new_figure(height=2.0, phone_height=1.0, phone_columns=2, **options)
    assert [figure.get_size_inches().tolist() for figure in (wide, narrow, beside)] == [
        [6.8, 2.0],
        [3.28, 3.0],
        [3.28, 1.0],
    ]
    assert len(panels) == len(stacked) == 2
    for figure, name in ((wide, "width"), (narrow, "height"), (beside, "width")):
        figure.draw_without_rendering()
        one, two = (getattr(axes.get_window_extent(), name) for axes in figure.axes)
        assert two / one == pytest.approx(2, abs=0.01)


def test_panels_below_each_other_each_name_their_vertical_axis():
    _, panels = new_figure(height=2.0, columns=2, sharey=True)
    name_heights(panels, "loss")
    assert [axes.get_ylabel() for axes in panels] == ["loss", ""]
    with phone():
        _, panels = new_figure(height=2.0, columns=2, sharey=True)
        name_heights(panels, "loss")
    assert [axes.get_ylabel() for axes in panels] == ["loss", "loss"]


@pytest.mark.parametrize("size", [8, 9, 10, 11])
def test_a_letter_in_a_circle_has_its_middle_there(size):
    figure, (axes,) = new_figure(height=2.0)
    axes.plot(0.5, 0.5, "o")
    write_inside(axes, 0.5, 0.5, "A", size)
    svg = figure.svg()
    circle = float(re.findall(r'<use [^>]*y="([\d.]+)"', svg)[-1])
    letter = float(re.search(r'<text [^>]*y="([\d.]+)"[^>]*>A<', svg)[1])
    capital = TextPath((0, 0), "A", size=size).get_extents()
    assert letter - (capital.y0 + capital.y1) / 2 == pytest.approx(circle, abs=0.1)


def test_a_notebook_shows_a_figure_for_a_page_and_for_a_phone():
    figure, (axes,) = new_figure(height=2.0)
    axes.text(0, 0, "updates")
    shown = figure._repr_mimebundle_()
    wide, narrow = (shown[kind] for kind in ("image/svg+xml", PHONE_SVG))
    assert wide == figure.svg()
    assert 'width="236.16pt"' in narrow
    assert "updates" in narrow


def test_a_document_without_view_box_is_refused():
    with pytest.raises(ValueError, match="viewBox"):
        inline_svg("<svg></svg>", name="a", variables={})


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
    "rectangle": lambda axes, y: axes.bar(0, y[-1], color="#1f2328"),
    "label": lambda axes, y: axes.text(0, 0, f"{y[-1]:.2f} nano"),
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


def test_a_figure_without_anything_in_it_is_refused():
    figure, [axes] = new_figure(height=2.0)
    axes.set_xlabel("update")
    with pytest.raises(ValueError, match="draw something into its panels"):
        figure.svg()
