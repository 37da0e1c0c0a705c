"""Figures of the page "What it takes to be redundant"."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from initexplain.experiments.redundancy import DECAYS, MERGING_EVERY, MERGING_UNITS, Redundancy
from initexplain.figures.diagrams import class_fills, class_names, draw_matrix, draw_network
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import (
    INK,
    MEASURED,
    MUTED,
    RANDOM,
    SURFACE,
    THEORY,
    StyledFigure,
    label_line,
    new_figure,
    on_phone,
)
from initexplain.symmetry import SignedClasses


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
    rows = [
        f"{unit} ({name})" if on_phone() else f"{unit}  (class {name})"
        for unit, name in zip("efg", upper, strict=True)
    ]
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
    columns = {
        "predicted": (result.predicted, THEORY),
        "measured": (result.measured, MEASURED),
    }
    return _rows_of_classes(columns)


def given(result: Redundancy) -> StyledFigure:
    """Starts that are special for their data: predicted for any, for theirs, and measured."""
    columns = {
        title: ({name: getattr(start, what) for name, start in result.given.items()}, colour)
        for title, what, colour in (
            ("for generic data", "generic", MUTED),
            ("for these data", "predicted", THEORY),
            ("measured", "measured", MEASURED),
        )
    }
    return _rows_of_classes(columns)


def _rows_of_classes(
    columns: Mapping[str, tuple[Mapping[str, Sequence[SignedClasses]], str]],
) -> StyledFigure:
    """A row for each start, named left of it or, on a phone, above; title and colour by column."""
    phone = on_phone()
    starts = list(next(iter(columns.values()))[0])
    row_height = 2.0 if phone else 1.0
    height = 0.29 * row_height * len(starts) + 0.75
    figure, (axes,) = new_figure(height=height, phone_height=0.75 * height)
    layers = [len(labels) for labels, _ in next(iter(columns.values()))[0][starts[0]]]
    wide = sum(layers) + len(layers) - 1
    for row, start in enumerate(starts):
        y = row * row_height
        if phone:
            axes.text(-0.5, y - 0.95, start, va="center", size=8)
        else:
            axes.text(-0.9, y, start, ha="right", va="center", size=9)
        for column, (classes, _) in enumerate(columns.values()):
            _draw_classes(axes, column * (wide + 1.5), y, classes[start])
    for column, (title, (_, colour)) in enumerate(columns.items()):
        left, top = column * (wide + 1.5), -0.85 - phone
        size = 11 if len(columns) == 2 else 9
        axes.text(left + wide / 2 - 0.5, top - 0.9, title, color=colour, ha="center", size=size)
        for layer, units in enumerate(layers, 1):
            middle = left + (units - 1) / 2
            name = f"layer {layer}" if len(columns) == 2 else str(layer)
            axes.text(middle, top, name, color=MUTED, ha="center", size=8 if phone else 9)
            left += units + 1
    end = len(columns) * (wide + 1.5) - 1.5
    bottom = (len(starts) - 1) * row_height
    axes.set(xlim=(-0.8 if phone else -13.5, end), ylim=(bottom + 0.6, -2.3 - phone))
    axes.set_axis_off()
    return figure


def merging(result: Redundancy) -> StyledFigure:
    """Classes that activations show, against updates, for each weight decay."""
    figure, (axes,) = new_figure(height=2.8)
    for shift, (name, style) in enumerate({"none": "-", "weak": "--", "strong": ":"}.items()):
        counts = np.array(result.merging[name])
        # lines that lie on each other stay apart by a little
        axes.plot(
            MERGING_EVERY * np.arange(len(counts)), counts + 0.15 * shift, style, color=RANDOM
        )
    few = result.merging["strong"]
    halved = MERGING_EVERY * int(np.argmax(np.array(few) < MERGING_UNITS / 2))
    top = f"no decay, and decay {DECAYS['weak']:g}"
    label_line(axes, 0, MERGING_UNITS + 1.2, top, RANDOM, xytext=(0, 0))
    label_line(axes, halved, 7.5, f"decay {DECAYS['strong']:g}", RANDOM)
    axes.set(xlabel="updates", ylabel="classes", ylim=(0, MERGING_UNITS + 2.2))
    axes.set_yticks([1, 4, 8, 12, 16])
    return figure


def reach(result: Redundancy) -> StyledFigure:
    """For how many networks the predicted classes are the measured ones, by what is changed."""
    return reach_figure(result.reach)


def _draw_classes(axes: Axes, left: float, row: float, classes: Sequence[SignedClasses]) -> None:
    """A filled tile with the name of its class per unit; a dot for a unit alone in its class."""
    x = left
    for labels, signs in classes:
        names = class_names(labels.tolist(), signs.tolist())
        fills = [class_fills(names)[name.lstrip("−")] for name in names]
        for start, length in _runs(fills):
            if fills[start] != SURFACE:
                corner = (x + start - 0.5, row - 0.4)
                axes.add_patch(Rectangle(corner, length, 0.8, facecolor=fills[start], lw=0))
        alone = [x + i for i, fill in enumerate(fills) if fill == SURFACE]
        axes.plot(alone, [row] * len(alone), "o", color=INK, ms=3)
        for i, name in enumerate(names):
            if fills[i] != SURFACE:
                axes.text(x + i, row, name, ha="center", va="center_baseline", size=9)
        x += len(names) + 1
