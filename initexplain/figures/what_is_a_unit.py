"""Figures of the page "What is a unit?"."""

from itertools import pairwise
from typing import Any

import numpy as np

from initexplain.experiments.planted_units import STARTS
from initexplain.experiments.what_is_a_unit import BRANCHES, WhatIsAUnit
from initexplain.figures.classes import draw_classes
from initexplain.figures.palette import MUTED, RANDOM, THEORY
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, new_figure, on_phone

WIDE = 13.0
"""Room for the tiles of a start, in tiles."""


def gallery(result: WhatIsAUnit) -> StyledFigure:
    """The classes that the chain of each start predicts, and how many networks show them."""
    phone = on_phone()
    row_height, space = (2.0, 0.3) if phone else (1.0, 0.45)
    kinds = [start.architecture for start in STARTS.values()]
    places = np.cumsum([0.0] + [row_height + space * (a != b) for a, b in pairwise(kinds)])
    bottom = places[-1]
    height = 0.29 * (bottom + 2.4)
    figure, (axes,) = new_figure(height=height, phone_height=0.8 * height)
    networks = result.starts // len(STARTS)
    for (name, start), y in zip(STARTS.items(), places, strict=True):
        if phone:
            axes.text(-0.5, y - 0.95, start.label, va="center", size=8)
        else:
            axes.text(-0.9, y, start.label, ha="right", va="center", size=9)
        signed = [(labels, np.ones_like(labels)) for labels in result.predicted[name]]
        draw_classes(axes, 0, y, signed)
        count = result.agreeing[name]
        seen = f"{'✓  ' if count == networks else ''}{count} of {networks}"
        axes.text(WIDE, y, seen, va="center", size=8.5 if phone else 9)
    for x, title in ((-0.5, "predicted"), (WIDE, "measured too")):
        axes.text(x, -1.2 - phone, title, color=MUTED, size=9)
    left, right = (-0.8, 4) if phone else (-16, 8)
    axes.set(xlim=(left, WIDE + right), ylim=(bottom + 0.6, -1.9 - phone))
    axes.set_axis_off()
    return figure


def copied_layers(result: WhatIsAUnit) -> StyledFigure:
    """Mean square along a residual stream, for copied layers and for layers of their own."""
    figure, (axes,) = new_figure(height=3.3, phone_height=2.9)
    branches = np.arange(BRANCHES + 1)
    marked = slice(None, None, 3)
    for kind, line, marker in (("copied", "-", "o"), ("own", "--", "s")):
        predicted = result.layers.predicted[kind]
        axes.plot(branches, predicted, line, color=THEORY, linewidth=1.2)
        for branch, fill in (("linear", RANDOM), ("tanh", "none")):
            median = result.layers.stream[branch][kind].median
            # the last point stands on the edge
            points: dict[str, Any] = {"color": RANDOM, "markerfacecolor": fill, "clip_on": False}
            axes.plot(branches[marked], median[marked], marker, **points)
            label_line(axes, BRANCHES, median[-1], f"{kind}, {branch}", RANDOM)
    axes.set_yscale("log")
    axes.set(xlabel="branches passed", ylabel="mean square of the stream", xlim=(-0.5, BRANCHES))
    return figure


def reach(result: WhatIsAUnit) -> StyledFigure:
    """For how many networks the copied channel stays a copy, by setting."""
    return reach_figure(result.reach)
