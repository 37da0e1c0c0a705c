"""Social cards: the picture that other sites show beside a link to a page."""

import textwrap
from typing import Any
from xml.etree import ElementTree as ET

from fontTools.pens.recordingPen import RecordingPen
from fontTools.svgLib.path import parse_path
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from initexplain.figures.palette import PALETTE
from initexplain.figures.style import style

WIDTH, HEIGHT = 1200, 630
"""In pixels: what the sites ask for."""
MARGIN = 84
LOGO = 132
"""Height of the mark."""
ROOM = WIDTH - 2 * MARGIN, HEIGHT - 2 * MARGIN - LOGO - 50
"""For the title."""
SIZES = range(108, 32, -4)
"""Of the title's type."""
COLUMNS = range(36, 8, -1)
"""Letters in a line of it."""
_POINTS = 72 / 100  # of a pixel
_CODES = {"moveTo": Path.MOVETO, "lineTo": Path.LINETO, "curveTo": Path.CURVE4}


def card(title: str, mark: str) -> Figure:
    """The card of a page: the mark, the name of the site, and the title as large as it can be.

    Args:
        title: of the page, in plain text.
        mark: an SVG document with a `viewBox` that starts at 0, whose paths are filled or stroked.

    Raises:
        ValueError: the title does not fit.
    """
    ground, ink = (PALETTE[role][1] for role in ("surface", "ink"))
    with style():
        figure = Figure(figsize=(WIDTH / 100, HEIGHT / 100), dpi=100, facecolor=ground)
        axes = figure.add_axes((0, 0, 1, 1), xlim=(0, WIDTH), ylim=(HEIGHT, 0))
        axes.set_axis_off()
        type_: dict[str, Any] = {"color": ink, "weight": "bold", "parse_math": False}
        _draw_mark(axes, mark, ink)
        beside = MARGIN + 1.2 * LOGO, MARGIN + LOGO / 2
        axes.text(*beside, "initexplain", size=60 * _POINTS, va="center_baseline", **type_)
        _fit(axes.text(MARGIN, HEIGHT - MARGIN, "", linespacing=1.15, **type_), title)
    return figure


def _fit(text: Text, title: str) -> None:
    """Sets the title in the largest type for which there is room, in lines of about one length."""
    for size in SIZES:
        text.set_fontsize(size * _POINTS)
        for columns in COLUMNS:
            lines = _wrapped(title, columns)
            text.set_text("\n".join(lines))
            box = text.get_window_extent()
            if box.width <= ROOM[0] and box.height <= ROOM[1]:
                of_like_length = [_wrapped(title, shorter) for shorter in range(columns)[1:]]
                lines = next((other for other in of_like_length if len(other) == len(lines)), lines)
                text.set_text("\n".join(lines))
                return
    raise ValueError(f"there is no room on a card for the title {title!r}: shorten it")


def _wrapped(title: str, columns: int) -> list[str]:
    return textwrap.wrap(title, columns, break_long_words=False, break_on_hyphens=False)


def _draw_mark(axes: Axes, mark: str, colour: str) -> None:
    """Draws the paths of an SVG document, `LOGO` pixels high, in the corner of the margins."""
    root = ET.fromstring(mark)  # noqa: S314 - a file of the project
    scale = LOGO / float(root.attrib["viewBox"].split()[3])
    place = Affine2D().scale(scale).translate(MARGIN, MARGIN)
    for path in root:
        pen = RecordingPen()
        parse_path(path.attrib["d"], pen)
        codes = [_CODES[name] for name, part in pen.value for _ in part]
        shape = Path([point for _, part in pen.value for point in part], codes)
        look: dict[str, Any] = {"alpha": float(path.get("opacity", 1)), "linewidth": 0}
        if path.get("fill") == "none":
            stroke = float(path.attrib["stroke-width"]) * scale * _POINTS
            look |= {"fill": False, "edgecolor": colour, "linewidth": stroke}
        axes.add_patch(PathPatch(place.transform_path(shape), facecolor=colour, **look))
