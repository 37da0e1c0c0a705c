"""Figures of the page "What it takes to be redundant"."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from initexplain.experiments.redundancy import Redundancy, SignedClasses
from initexplain.figures.diagrams import class_names, draw_matrix, draw_network, name_shades
from initexplain.figures.style import (
    INK,
    MEASURED,
    MUTED,
    SURFACE,
    THEORY,
    StyledFigure,
    new_figure,
)


def worked(result: Redundancy) -> StyledFigure:
    """The example on paper as a graph with its classes, and its second matrix in blocks."""
    figure, (graph, blocks) = new_figure(
        height=3.1, columns=2, gridspec_kw={"width_ratios": [1.25, 1]}
    )
    network, classes = result.worked, result.worked_classes
    lower, upper = (class_names(labels.tolist()) for labels in classes)
    upper = [name.translate(str.maketrans("AB", "DE")) for name in upper]
    draw_network(graph, network.weights, [["x₁", "x₂"], lower, upper, ["y"]])
    for x, units in ((1, "abcd"), (2, "efg")):
        for i, unit in enumerate(units):
            y = (len(units) - 1) / 2 - i
            label = graph.text(x, y + 0.33, f"unit {unit}", color=MUTED, size=9, ha="center")
            label.set_bbox({"facecolor": SURFACE, "linewidth": 0, "pad": 0.8})
    matrix = network.weights[1]
    rows = [f"{unit}  (class {name})" for unit, name in zip("efg", upper, strict=True)]
    columns = [f"{unit}\n({name})" for unit, name in zip("abcd", lower, strict=True)]
    # pale cells: the numbers on them are what counts
    draw_matrix(blocks, matrix, limit=2.5 * np.abs(matrix).max(), rows=rows, columns=columns)
    for (i, j), weight in np.ndenumerate(matrix):
        text = f"{weight:.0f}".replace("-", "−")
        blocks.text(j + 0.5, i + 0.5, text, ha="center", va="center")
    _outline_blocks(blocks, classes[1].tolist(), classes[0].tolist())
    return figure


def _outline_blocks(axes: Axes, rows: list[int], columns: list[int]) -> None:
    """Frames around the cells of each pair of classes, whose members stand side by side."""
    for i, height in _runs(rows):
        for j, width in _runs(columns):
            axes.add_patch(
                Rectangle((j, i), width, height, fill=False, edgecolor=INK, lw=1.6, clip_on=False)
            )


def _runs(labels: Sequence[object]) -> list[tuple[int, int]]:
    """Start and length of each stretch of equal labels."""
    starts = [i for i, label in enumerate(labels) if i == 0 or label != labels[i - 1]]
    return [(a, b - a) for a, b in zip(starts, [*starts[1:], len(labels)], strict=True)]


def gallery(result: Redundancy) -> StyledFigure:
    """The classes of every start: predicted from the parameters, measured after training."""
    figure, (axes,) = new_figure(height=4.2)
    units, upper_units = (len(labels) for labels, _ in result.predicted["random"])
    wide = units + upper_units + 1
    sides = (
        (0.0, "predicted", result.predicted, THEORY),
        (wide + 1.5, "measured", result.measured, MEASURED),
    )
    for row, start in enumerate(result.predicted):
        axes.text(-0.9, row, start, ha="right", va="center", size=9)
        for left, _, classes, _ in sides:
            _draw_classes(axes, left, row, classes[start])
    for left, text, _, colour in sides:
        axes.text(left + wide / 2 - 0.5, -1.75, text, color=colour, ha="center", size=11)
        for middle, layer in (
            ((units - 1) / 2, "layer 1"),
            (units + (upper_units + 1) / 2, "layer 2"),
        ):
            axes.text(left + middle, -0.85, layer, color=MUTED, ha="center", size=9)
    axes.set(xlim=(-13.5, 2 * wide + 1.5), ylim=(result.starts - 0.4, -2.3))
    axes.set_axis_off()
    return figure


def _draw_classes(axes: Axes, left: float, row: int, classes: list[SignedClasses]) -> None:
    """A shaded tile with the name of its class per unit; a dot for a unit alone in its class."""
    x = left
    for labels, signs in classes:
        names = class_names(labels.tolist(), signs.tolist())
        shades = [name_shades(names)[name.lstrip("−")] for name in names]
        for start, length in _runs(shades):
            if shades[start] != SURFACE:
                corner = (x + start - 0.5, row - 0.4)
                axes.add_patch(Rectangle(corner, length, 0.8, facecolor=shades[start], lw=0))
        alone = [x + i for i, shade in enumerate(shades) if shade == SURFACE]
        axes.plot(alone, [row] * len(alone), "o", color=INK, ms=3)
        for i, name in enumerate(names):
            if shades[i] != SURFACE:
                axes.text(x + i, row, name, ha="center", va="center_baseline", size=9)
        x += len(names) + 1
