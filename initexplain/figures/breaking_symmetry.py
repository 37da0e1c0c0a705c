"""Figures of the page "How symmetry breaks"."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from initexplain.checks import Array
from initexplain.experiments.breaking_symmetry import SCALES, WIDTHS, BreakingSymmetry
from initexplain.experiments.separation import EVERY
from initexplain.figures.palette import CONSTANT, INK, MUTED, THEORY
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import (
    StyledFigure,
    label_line,
    name_heights,
    new_figure,
    on_phone,
    power_of_ten,
)

FLOOR = 1e-17
"""Where rows that are equal bit for bit are drawn on a logarithmic axis."""


def noise(result: BreakingSymmetry) -> StyledFigure:
    """Differences between noisy clones through training, on a task of each kind."""
    size = 8 if on_phone() else 9
    figure, (repelling, lasting) = new_figure(height=3.4, columns=2, phone_height=6)
    curves = _draw_spreads(repelling, result.spreads["teacher"])
    for scale, curve in zip(SCALES["teacher"], curves, strict=True):
        # where it has grown by sixty, or soon for the largest, which does not grow as far
        at = max(4, int((curve > 60 * curve[0]).argmax()))
        text = power_of_ten(scale)
        label_line(repelling, EVERY * at, curve[at], text, CONSTANT, size=size, va="top")
    # the slope is what is compared, so the line stands beside the curves
    steps = EVERY * np.arange(len(result.growth["teacher"]))
    line = result.growth["teacher"] + np.log10(0.001 * SCALES["teacher"][-1])
    shown = (line < 0) & (line > -10)
    repelling.plot(steps[shown], 10.0 ** line[shown], "--", color=THEORY)
    text = "dashes: slope from\nsecond derivatives"
    repelling.text(0.98 * steps[-1], 1e-9, text, color=THEORY, ha="right", va="center", size=9)
    repelling.set_title("four features, two outputs", size=10, color=INK)
    curves = _draw_spreads(lasting, result.spreads["sine"])
    lasting.set_title("one feature, one output", size=10, color=INK)
    end = curves[:, -1]
    for text, y in (("large noise grows", end.max() / 2), ("small noise fades", end.min() / 1.4)):
        lasting.text(0.98 * steps[-1], y, text, color=CONSTANT, ha="right", va="top", size=9)
    for scale, curve in zip(SCALES["sine"], curves, strict=True):
        # below the second curve, which is near the first; the labels of neighbours apart
        side = "top" if scale == 0.1 else "bottom"
        lower, at = (-4 if scale == 0.1 else 4), (24 if scale < 0.05 else 8)
        options: dict[str, Any] = {"size": 9, "va": side, "xytext": (0, lower)}
        label_line(lasting, EVERY * at, curve[at], f"{scale:.1g}", CONSTANT, **options)
    lasting.set_ylim(end.min() / 4, 3 * end.max())
    name_heights((repelling, lasting), "largest difference between rows")
    for axes in (repelling, lasting):
        axes.set(xlabel="updates", xlim=(0, steps[-1]))
    return figure


def _draw_spreads(axes: Axes, spreads: Array) -> Array:
    """Draws a curve for each scale of the noise, and returns them, `(scales, records)`."""
    medians: Array = np.median(spreads, axis=2)
    axes.plot(EVERY * np.arange(len(medians)), medians, color=CONSTANT, linewidth=1.6)
    axes.set_yscale("log")
    return medians.T


def rounding(result: BreakingSymmetry) -> StyledFigure:
    """Bit-equal rows after one product, and through training, on this machine."""
    figure, (product, training) = new_figure(height=3.2, columns=2)
    spread = result.product_spread
    product.plot(WIDTHS, spread["blas"], "o", color=CONSTANT)
    product.plot(WIDTHS, spread["einsum"], "--", color=THEORY, linewidth=1.4)
    product.set(
        xlabel="equal rows in the product",
        ylabel="difference, in last places",
        ylim=(-0.3, max(2.0, 1.4 * spread["blas"].max())),
    )
    for axis in (product.xaxis, product.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True))
    top = product.get_ylim()[1]
    product.text(WIDTHS[0], 0.93 * top, "points: BLAS", color=CONSTANT, va="center")
    product.text(WIDTHS[0], 0.83 * top, "dashes: einsum", color=THEORY, va="center")
    _draw_bit_equal(training, result.trained_spreads)
    return figure


def _draw_bit_equal(axes: Axes, spreads: Array) -> None:
    """Row spread of clones of several widths; those that stay bit-equal lie on the floor."""
    steps = EVERY * np.arange(len(spreads))
    groups: dict[bool, list[str]] = {True: [], False: []}
    for width, column in zip(WIDTHS, spreads.T, strict=False):
        apart = bool(column[-1] > 0)
        groups[apart].append(str(width))
        colour, line = (CONSTANT, "-") if apart else (MUTED, ":")
        axes.plot(steps, np.maximum(column, FLOOR), line, color=colour, linewidth=1.6)
    axes.set(
        xlabel="updates",
        ylabel="largest difference between rows",
        yscale="log",
        xlim=(0, steps[-1]),
        ylim=(FLOOR / 300, 10),
    )
    for apart, text, x, y, colour, side in (
        (True, "coming apart:", 20, 1.0, CONSTANT, "left"),
        (False, "bit-equal:", steps[-1], FLOOR / 200, MUTED, "right"),
    ):
        if groups[apart]:
            units = f"{text} {', '.join(groups[apart])} units"
            axes.text(x, y, units, color=colour, ha=side, va="bottom", size=9)


def apart(result: BreakingSymmetry) -> StyledFigure:
    """In how many networks a little noise ends the redundancy on the teacher's task, by setting."""
    return reach_figure(result.apart)


def fading(result: BreakingSymmetry) -> StyledFigure:
    """In how many networks a little noise fades on the sine, by setting."""
    return reach_figure(result.fading)
