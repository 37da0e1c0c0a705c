"""Figures of the page "What it takes to be redundant"."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from initexplain.experiments.planted import same_classes
from initexplain.experiments.redundancy import (
    DECAYS,
    MERGING_EVERY,
    MERGING_UNITS,
    Redundancy,
    Starts,
)
from initexplain.figures.classes import draw_classes, runs
from initexplain.figures.diagrams import draw_matrix, draw_network
from initexplain.figures.palette import CLASSES, INK, MUTED, RANDOM
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, new_figure, on_phone


def worked(result: Redundancy) -> StyledFigure:
    """The example on paper: its graph, its second matrix with sums, the network of its classes."""
    figure, (graph, sums, small) = new_figure(
        height=2.9, columns=3, phone_height=7.4, gridspec_kw={"width_ratios": [1.2, 1.3, 1]}
    )
    layers = [list("abcd"), list("efg")]
    # a class is called by its members
    classes = [
        [" ".join(np.array(units)[labels == label]) for label in range(labels.max() + 1)]
        for units, labels in zip(layers, result.worked_classes, strict=True)
    ]
    shared = [name for names in classes for name in names if " " in name]
    fills = {unit: CLASSES[i] for i, name in enumerate(shared) for unit in [*name.split(), name]}
    for axes, network, names, title in (
        (graph, result.worked, layers, "units"),
        (small, result.worked_small, classes, "classes"),
    ):
        draw_network(axes, network.weights, [["x₁", "x₂"], *names, ["y"]], fills)
        axes.set_title(title, size=10, color=MUTED)
    _draw_sums(sums, result, layers, classes)
    return figure


def _draw_sums(
    axes: Axes, result: Redundancy, layers: list[list[str]], classes: list[list[str]]
) -> None:
    """The second matrix, at its right the sums from each class, below it those to each class."""
    matrix, (columns, rows) = result.worked.weights[1], result.worked_classes
    # pale cells: the numbers on them are what counts
    draw_matrix(axes, matrix, limit=2.5 * np.abs(matrix).max())
    right, below = len(columns) + 0.9, len(rows) + 0.9
    from_classes = [matrix[:, columns == label].sum(axis=1) for label in range(columns.max() + 1)]
    to_classes = [matrix[rows == label].sum(axis=0) for label in range(rows.max() + 1)]
    cells = [(j + 0.5, i + 0.5, weight) for (i, j), weight in np.ndenumerate(matrix)]
    cells += [
        (right + k, i + 0.5, x) for k, xs in enumerate(from_classes) for i, x in enumerate(xs)
    ]
    cells += [(j + 0.5, below + k, x) for k, xs in enumerate(to_classes) for j, x in enumerate(xs)]
    for x, y, number in cells:
        text = f"{number:.0f}".replace("-", "−")
        axes.text(x, y, text, ha="center", va="center")
    small: dict[str, Any] = {"color": MUTED, "size": 9, "va": "center"}
    for j, unit in enumerate(layers[0]):
        axes.text(j + 0.5, -0.4, unit, ha="center", **small)
    for i, unit in enumerate(layers[1]):
        axes.text(-0.25, i + 0.5, unit, ha="right", **small)
    for k, name in enumerate(classes[0]):
        axes.text(right + k, -0.4, name, ha="center", **small)
    for k, name in enumerate(classes[1]):
        axes.text(-0.25, below + k, f"to {name}", ha="right", **small)
    axes.text(right + 1, -1.2, "sums from", ha="center", **small)
    axes.set(xlim=(-1.6, right + len(from_classes) - 0.5), ylim=(below + len(to_classes), -1.7))
    axes.spines[:].set_visible(False)
    _outline_blocks(axes, rows.tolist(), columns.tolist())


def _outline_blocks(axes: Axes, rows: list[int], columns: list[int]) -> None:
    """Frames around the cells of each pair of classes, whose members stand side by side."""
    for i, height in runs(rows):
        for j, width in runs(columns):
            axes.add_patch(
                Rectangle((j, i), width, height, fill=False, edgecolor=INK, lw=1.6, clip_on=False)
            )


def gallery(result: Redundancy) -> StyledFigure:
    """The classes of every start that its parameters predict, and whether training shows them."""
    return _rows_of_classes({"predicted": result.predicted}, result.measured)


def given(result: Redundancy) -> StyledFigure:
    """Starts that are special for their data: predicted for any, for theirs, and whether seen."""
    generic, predicted, measured = result.given.values()
    return _rows_of_classes({"for generic data": generic, "for these data": predicted}, measured)


def _rows_of_classes(columns: Mapping[str, Starts], measured: Starts) -> StyledFigure:
    """A row for each start, named left of it or, on a phone, above; its classes by column.

    What was measured is a tick where it is what the last column has; if not, it is drawn too.
    """
    phone = on_phone()
    row_height = 2.0 if phone else 1.0
    height = 0.29 * row_height * len(measured) + 0.75
    figure, (axes,) = new_figure(height=height, phone_height=0.75 * height)
    *_, last = columns.values()
    layers = [len(labels) for labels, _ in last[next(iter(last))]]
    step = sum(layers) + len(layers) + 0.5
    end = len(columns) * step
    for row, (start, seen) in enumerate(measured.items()):
        y = row * row_height
        if phone:
            axes.text(-0.5, y - 0.95, start, va="center", size=8)
        else:
            axes.text(-0.9, y, start, ha="right", va="center", size=9)
        for column, classes in enumerate(columns.values()):
            draw_classes(axes, column * step, y, classes[start])
        if same_classes(last[start], seen):
            axes.text(end + 1, y, "✓", ha="center", va="center", size=11)
        else:
            draw_classes(axes, end, y, seen)
    top = -1.75 - phone
    for column, title in enumerate(columns):
        middle = column * step + step / 2 - 1.25
        axes.text(middle, top, title, color=MUTED, ha="center", size=9)
        for layer, units in enumerate(layers):
            x = column * step + sum(layers[:layer]) + layer + (units - 1) / 2
            axes.text(x, top + 0.9, f"layer {layer + 1}", color=MUTED, ha="center", size=8)
    axes.text(end + 1, top, "measured", color=MUTED, ha="center", size=9)
    agree = all(same_classes(last[start], seen) for start, seen in measured.items())
    bottom = (len(measured) - 1) * row_height + 0.6
    left = -0.8 if phone else -13.5
    axes.set(xlim=(left, end + (3.5 if agree else step)), ylim=(bottom, -2.3 - phone))
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
    label_line(axes, 0, MERGING_UNITS + 1.2, "line: no decay", RANDOM, xytext=(0, 0))
    labels = {"weak": ("dashes", 12.5, "right", -14), "strong": ("dots", 6.5, "left", 8)}
    for name, (style, height, align, away) in labels.items():
        passed = MERGING_EVERY * int(np.argmax(np.array(result.merging[name]) < height))
        text = f"{style}: decay {DECAYS[name]:g}"
        label_line(axes, passed, height, text, RANDOM, ha=align, xytext=(away, 0))
    axes.set(xlabel="updates", ylabel="classes", ylim=(0, MERGING_UNITS + 2.2))
    axes.set_yticks([1, 4, 8, 12, 16])
    return figure


def reach(result: Redundancy) -> StyledFigure:
    """For how many networks the predicted classes are the measured ones, by what is changed."""
    return reach_figure(result.reach)
