"""Small matrices as cells, small networks as graphs, and what the colours of sizes say."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colorbar import Colorbar
from matplotlib.colors import Normalize

from initexplain.checks import Array
from initexplain.figures.palette import (
    CLASSES,
    GRID,
    INK,
    MUTED,
    NEGATIVE,
    POSITIVE,
    SIGNED,
    SIZES,
    SURFACE,
)
from initexplain.figures.style import StyledFigure, write_inside


def draw_size_bar(
    figure: StyledFigure,
    panels: Sequence[Axes],
    sizes: Normalize,
    ticks: Mapping[int, str],
    text: str,
) -> None:
    """Draws below the panels which size each step of `SIZES` stands for.

    Args:
        figure: that has the panels.
        panels: drawn in these colours.
        sizes: the range that the steps divide.
        ticks: what is written at which size.
        text: what the sizes are of.
    """
    bar = _draw_bar(figure, panels, ScalarMappable(sizes, SIZES), text)
    bar.set_ticks(list(ticks), labels=list(ticks.values()))


def draw_sign_bar(figure: StyledFigure, panels: Sequence[Axes], limit: float, text: str) -> None:
    """Draws below the panels which colour stands for which number from -limit to limit.

    Args:
        figure: that has the panels.
        panels: matrices drawn with this limit.
        limit: the magnitude at the ends of the colour map.
        text: what the numbers are.
    """
    bar = _draw_bar(figure, panels, ScalarMappable(Normalize(-limit, limit), SIGNED), text)
    ticks = [-limit, 0.0, limit]
    bar.set_ticks(ticks, labels=[f"{tick:.2g}".replace("-", "−") for tick in ticks])


def _draw_bar(
    figure: StyledFigure,
    panels: Sequence[Axes],
    colours: ScalarMappable,
    text: str,
) -> Colorbar:
    bar = figure.colorbar(colours, ax=panels, location="bottom", aspect=36, shrink=0.6, pad=0.03)
    bar.set_label(text)
    bar.outline.set_visible(False)
    bar.dividers.remove()  # there are none
    bar.ax.tick_params(length=0)
    return bar


def draw_matrix(
    axes: Axes,
    matrix: Array,
    *,
    limit: float,
    rows: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> None:
    """Draws a signed matrix as cells, rows from the top; colours run from -limit to limit.

    Args:
        axes: where to draw.
        matrix: `(rows, columns)`.
        limit: the magnitude at the ends of the colour map.
        rows: labels of the rows, drawn at the left.
        columns: labels of the columns, drawn below.
    """
    height, width = matrix.shape
    axes.pcolormesh(
        np.arange(width + 1),
        np.arange(height + 1),
        matrix,
        cmap=SIGNED,
        vmin=-limit,
        vmax=limit,
        edgecolors=GRID,
        linewidth=0.6,
    )
    axes.set(xlim=(0, width), ylim=(height, 0), aspect="equal")
    axes.set_xticks(np.arange(width) + 0.5 if columns else [], columns)
    axes.set_yticks(np.arange(height) + 0.5 if rows else [], rows)
    axes.tick_params(length=0)
    axes.spines[:].set(visible=True, color=MUTED)  # a matrix of zeros is seen on white too


def numbered(letter: str, count: int) -> list[str]:
    """Names such as x₁, x₂, x₃: of features, or of outputs."""
    return [letter + digit for digit in "₁₂₃₄₅₆₇₈₉"[:count]]


def class_names(labels: Sequence[int], signs: Sequence[int] = ()) -> list[str]:
    """Letters for redundancy classes: A for the first, −A for a mirrored member, 0 for silent.

    Examples:
        >>> class_names([0, 0, 1, 2], [1, -1, 1, 0])
        ['A', '−A', 'B', '0']
    """
    marks = {1: "", -1: "−", 0: "0"}
    return [
        marks[sign] + (chr(ord("A") + label) if sign else "")
        for label, sign in zip(labels, signs or [1] * len(labels), strict=True)
    ]


def draw_network(
    axes: Axes,
    weights: Sequence[Array],
    names: Sequence[Sequence[str]],
    fills: Mapping[str, str] | None = None,
) -> None:
    """Draws a small network as a graph, inputs at the left.

    Weights are lines: solid if positive, dashed if negative, wider if larger, none if 0.

    Args:
        axes: where to draw.
        weights: one matrix `(fan_out, fan_in)` per layer.
        names: what to write on the units of each layer, inputs and outputs too; a minus in front
            stands for a mirrored unit.
        fills: colour of the units by name; if not given, units of a layer with equal names share
            one.
    """
    places = [[(x, (len(row) - 1) / 2 - i) for i in range(len(row))] for x, row in enumerate(names)]
    widest = max(np.abs(matrix).max() for matrix in weights)
    for matrix, below, above in zip(weights, places, places[1:], strict=False):
        for (i, j), weight in np.ndenumerate(matrix):
            if weight:
                (x0, y0), (x1, y1) = below[j], above[i]
                colour, line = (POSITIVE, "-") if weight > 0 else (NEGATIVE, "--")
                width = 0.6 + 2.4 * abs(weight) / widest
                axes.plot([x0, x1], [y0, y1], line, color=colour, linewidth=width, zorder=1)
    for row, points in zip(names, places, strict=True):
        own = class_fills(row) if fills is None else fills
        for name, (x, y) in zip(row, points, strict=True):
            fill = own.get(name.lstrip("−"), SURFACE)
            axes.plot(x, y, "o", ms=22, mfc=fill, mec=INK, mew=1, zorder=2, clip_on=False)
            write_inside(axes, x, y, name, 10)
    tallest = max(len(row) for row in names)
    axes.set(xlim=(-0.25, len(names) - 0.75), ylim=(-tallest / 2, tallest / 2))
    axes.set_axis_off()


def class_fills(names: Sequence[str]) -> dict[str, str]:
    """A fill for each name: its class's own where units share it, else the page's background.

    The silent class, 0, is grey.

    Examples:
        >>> fills = class_fills(["A", "−A", "B", "0", "0"])
        >>> [fills[name] for name in ("A", "B", "0")] == [CLASSES[0], SURFACE, GRID]
        True
    """
    plain = [name.lstrip("−") for name in names]
    shared = {name for name in plain if plain.count(name) > 1}
    fills = {"0": GRID} | {
        name: CLASSES[(ord(name) - ord("A")) % len(CLASSES)] for name in shared - {"0"}
    }
    return {name: fills[name] if name in shared else SURFACE for name in plain}
