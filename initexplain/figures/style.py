"""The look that all figures share: type sizes, widths, SVG output, and what is drawn often."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG, RendererSVG
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.lines import Line2D
from matplotlib.ticker import LogFormatterMathtext
from matplotlib.transforms import offset_copy
from numpy.typing import NDArray

from initexplain.checks import Array
from initexplain.experiments.curves import Curves
from initexplain.figures.palette import GRID, INK, MUTED

_SETTINGS: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.labelsize": 10,
    "xtick.labelsize": 9,
    "ytick.labelsize": 9,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": MUTED,
    "ytick.labelcolor": MUTED,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "savefig.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "lines.linewidth": 2.0,
    "lines.solid_capstyle": "round",
    "lines.markersize": 5,
    "axes.unicode_minus": True,
    "axes.formatter.use_mathtext": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "initexplain",
    "figure.dpi": 72,
}


# type of 11 px or more where a figure is as wide as a phone's column
_PHONE_SETTINGS = {
    "font.size": 8.5,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
}
PAGE_WIDTH, PHONE_WIDTH = 6.8, 3.28
"""Of a figure, in inches; 1 inch is 100 pixels."""
PHONE_SVG = "image/svg+xml;width=phone"
"""The type of a drawing for a phone among what a notebook may show."""

_UNDATED = {"Date": None, "Creator": None}
_phone = ContextVar("phone", default=False)


@contextmanager
def style() -> Iterator[None]:
    """The settings under which every figure is drawn and saved."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS | (_PHONE_SETTINGS if _phone.get() else {}))
        yield


def _points(artist: Any) -> Array:
    """One number for each point that is drawn; not finite where the point is not."""
    data: Any
    if isinstance(artist, Sequence):  # of patches: what lacks a corner is not drawn
        paths = (patch.get_transform().transform_path(patch.get_path()) for patch in artist)
        data = np.array([path.vertices.sum(axis=0) for path in paths])
    elif isinstance(artist, Line2D):
        data = artist.get_xydata()
    elif artist.get_array() is not None:
        data = np.ma.asarray(artist.get_array())[..., None]
    elif isinstance(artist, PathCollection):
        data = artist.get_offsets()
    else:
        data = np.concatenate([np.zeros((0, 2)), *(path.vertices for path in artist.get_paths())])
    points: Array = np.ma.filled(np.ma.sum(data, axis=-1).astype(float), np.nan)
    return points


@contextmanager
def phone() -> Iterator[None]:
    """Figures that are drawn here are for a narrow column: small, with panels below each other."""
    token = _phone.set(True)
    try:
        yield
    finally:
        _phone.reset(token)


def on_phone() -> bool:
    """Whether the figure is drawn for a narrow column, where labels may have to move."""
    return _phone.get()


def on_lines(*parts: str) -> str:
    """The parts of a label: in one line on a page, below each other on a phone."""
    return ("\n" if on_phone() else " ").join(parts)


def power_of_ten(value: float, _: object = None) -> str:
    """How a number is written as a power of ten: text, since to typeset a formula takes far longer.

    Examples:
        >>> power_of_ten(1e-7), power_of_ten(20.0)
        ('10⁻⁷', '2 × 10¹')
    """
    factor, exponent = f"{value:e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if float(factor) == 1 else f"{float(factor):g} × 10{raised}"


class _Renderer(RendererSVG):
    """What writes a drawing, without the elements that group and name its artists."""

    def open_group(self, *_: object, **__: object) -> None:
        """Writes nothing."""

    def close_group(self, *_: object) -> None:
        """Writes nothing."""

    def _get_font_height_metrics(self, font: FontProperties) -> tuple[float, float, float]:
        """What matplotlib asks of other renderers, and else reads from the font for each text."""
        return _heights(font)


@cache
def _heights(font: FontProperties) -> tuple[float, float, float]:
    """Ascent, descent and line gap, in points, which are the pixels here."""
    file = get_font(findfont(font))
    table: Any = file.get_sfnt_table("OS/2")
    point: float = font.get_size_in_points() / file.units_per_EM
    ascent, descent = table["sTypoAscender"], -table["sTypoDescender"]
    return ascent * point, descent * point, table["sTypoLineGap"] * point


class _Canvas(FigureCanvasSVG):
    """A canvas with one renderer, which measures text for the layout, and then draws."""

    def __init__(self, figure: Figure, document: io.StringIO) -> None:
        super().__init__(figure)
        width, height = 72 * figure.get_size_inches()
        renderer: Any = _Renderer  # what it inherits has no annotations
        self._renderer = renderer(width, height, document, metadata=_UNDATED)

    def get_renderer(self) -> Any:
        """What the layout of a figure asks for."""
        return self._renderer


class StyledFigure(Figure):
    """A matplotlib figure that saves, and shows itself in a notebook, in the site's style."""

    def svg(self) -> str:
        """The figure as an SVG document, the same bytes at every call.

        Raises:
            ValueError: nothing is drawn, or what is drawn or written has no finite value.
        """
        drawn: list[Any] = []
        for axes in self.axes:
            drawn += [*axes.lines, *axes.collections, *axes.images]
            drawn += [axes.patches] * bool(axes.patches)
        texts = [text.get_text() for axes in self.axes for text in axes.texts]
        if not_finite := [text for text in texts if re.search(r"\b(?:nan|inf)\b", text)]:
            raise ValueError(f"the label {not_finite[0]!r} has no finite value: leave it out")
        if not drawn + texts:
            raise ValueError("the figure has no finite value: draw something into its panels")
        for artist in drawn:
            # a line without points is one for a legend
            points = _points(artist)
            if not np.isfinite(points).any() and (points.size or not isinstance(artist, Line2D)):
                raise ValueError(f"{artist} has no finite value: there is nothing to draw")
        for axes in self.axes:
            axes.minorticks_off()
            for axis in (axes.xaxis, axes.yaxis):
                if isinstance(axis.get_major_formatter(), LogFormatterMathtext):
                    axis.set_major_formatter(power_of_ten)
        document = io.StringIO()
        with style():
            # `savefig` goes through all of it twice, the first time for the layout alone
            renderer = _Canvas(self, document).get_renderer()
            self.draw(renderer)
            renderer.finalize()
        return document.getvalue()

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """What a notebook shows: the figure, and for a phone the same, which is narrowed."""
        wide, (width, height) = self.svg(), self.get_size_inches()
        self.set_size_inches(PHONE_WIDTH, height)
        narrow = self.svg()
        self.set_size_inches(width, height)
        return {"image/svg+xml": wide, PHONE_SVG: narrow}


def new_figure(
    *,
    height: float,
    rows: int = 1,
    columns: int = 1,
    phone_height: float | None = None,
    phone_columns: int = 1,
    **options: Any,
) -> tuple[StyledFigure, list[Axes]]:
    """A figure of the page's width or, inside `phone()`, of a phone's; and its panels row by row.

    Args:
        height: in inches; 1 inch is 100 pixels on the page.
        rows: panels below each other.
        columns: panels beside each other.
        phone_height: the height on a phone; if not given, three quarters for every panel.
        phone_columns: panels beside each other there.
        **options: passed to `Figure.subplots` (`sharex`, `gridspec_kw`, ...).
    """
    width, unstacked = PAGE_WIDTH, columns
    if on_phone():
        width, panels = PHONE_WIDTH, rows * columns
        stacked = -(-panels // phone_columns)
        height = phone_height or 0.75 * height * stacked / rows
        if phone_columns != columns and "gridspec_kw" in options:
            options["gridspec_kw"] = {
                {"width_ratios": "height_ratios"}.get(key, key): value
                for key, value in options["gridspec_kw"].items()
            }
        rows, columns = stacked, phone_columns
    with style():
        figure = StyledFigure(figsize=(width, height), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False, **options)
    if columns < unstacked:  # each has a name at its horizontal axis, so the numbers too
        for axes in panels.ravel():
            axes.tick_params(labelbottom=True)
    return figure, list(panels.ravel())


def label_line(axes: Axes, x: float, y: float, text: str, colour: str, **options: Any) -> None:
    """Writes `text` beside the data at `(x, y)`, `xytext` points away, instead of a legend."""
    settings = {"va": "center", "xytext": (5, 0), **options}
    right, up = settings.pop("xytext")
    # an annotation would measure itself three times as often
    beside = offset_copy(axes.transData, axes.get_figure(root=True), right, up, units="points")
    axes.text(x, y, text, color=colour, transform=beside, **settings)


def write_inside(axes: Axes, x: float, y: float, text: str, size: float) -> None:
    """Writes a letter or a number with its middle at `(x, y)`, inside of what is drawn there."""
    # half the height of a capital; matplotlib would round the height of the type to whole points
    middle = {"ha": "center", "va": "baseline", "xytext": (0, -0.36 * size)}
    label_line(axes, x, y, text, INK, size=size, **middle)


def met_first(panels: Sequence[Axes]) -> Sequence[Axes]:
    """The panels that say what all have in common: the first or, on a phone, each."""
    return panels if on_phone() else panels[:1]


def name_heights(panels: Sequence[Axes], text: str) -> None:
    """Names a vertical axis that panels have in common."""
    for axes in met_first(panels):
        axes.set_ylabel(text)


def draw_band(axes: Axes, x: Any, low: Array, high: Array, colour: str) -> None:
    """Fills between two curves `(points,)`; the edges are what can be told from the background."""
    axes.fill_between(
        x, low, high, facecolor=(colour, 0.18), edgecolor=(colour, 0.75), linewidth=0.6
    )


def draw_curves(
    axes: Axes, curves: Curves, colour: str, line: str = "-", shown: NDArray[np.int64] | None = None
) -> None:
    """Draws the median over seeds, and a band from the lowest seed to the highest.

    Args:
        axes: where to draw; its x-axis counts records.
        curves: of one seed or more.
        colour: of both.
        line: style of the median.
        shown: the records to draw, `(points,)`; all of them if not given.
    """
    records = np.arange(len(curves.values)) if shown is None else shown
    values = curves.values[records]
    if curves.seeds > 1:
        draw_band(axes, records, values.min(axis=1), values.max(axis=1), colour)
    axes.plot(records, curves.median[records], line, color=colour)
