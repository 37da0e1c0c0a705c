"""Figures of the page "Width and rate"."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.width_and_rate import (
    BASE,
    MAXIMAL,
    RATES,
    STANDARD,
    WIDTHS,
    WidthAndRate,
)
from initexplain.figures.palette import INK, MEASURED, MUTED, RECIPES
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, met_first, name_heights, new_figure

# where a rate that diverges is drawn
TOP = 0.9
# below it, singular values are rounding
FLOOR = 1e-8


def losses(result: WidthAndRate) -> StyledFigure:
    """Loss after training against the rate, a curve for each width, two parametrizations."""
    figure, panels = new_figure(height=4.0, columns=2, sharey=True, phone_height=6.4)
    for axes, name, title in zip(
        panels, (STANDARD, MAXIMAL), ("one rate for all layers", "maximal update"), strict=True
    ):
        axes.set_title(title, size=10, color=MUTED)
        for place, width in enumerate(WIDTHS):
            _curve(axes, result.losses[name][width], 0.6 + 0.45 * place)
        axes.set(yscale="log", xlabel="learning rate" + (f" at {BASE} units" * (name == MAXIMAL)))
        axes.set_xscale("log", base=2)
        axes.set_xlim(RATES[0] / 3, RATES[-1] * 1.3)
        axes.set_xticks([1 / 64, 1 / 16, 1 / 4, 1], ["1/64", "1/16", "1/4", "1"])
        axes.set_yticks([0.01, 0.1, TOP], ["0.01", "0.1", "diverged"])
    name_heights(panels, "loss / best constant’s loss")
    standard, maximal = panels
    beside = {"ha": "right", "xytext": (-7, 0), "size": 8}
    for width, values in result.losses[STANDARD].items():
        # two ends are so near that their numbers would touch
        apart = {256: 2, 512: -2}.get(width, 0)
        label_line(
            standard, RATES[0], values[0], f"{width:,}", INK, **beside | {"xytext": (-7, apart)}
        )
    narrow = result.losses[STANDARD][BASE][0]
    label_line(standard, RATES[0], narrow, "units", MUTED, **beside | {"xytext": (-7, 14)})
    narrow, wide = (result.losses[MAXIMAL][width][0] for width in (BASE, WIDTHS[-1]))
    middle = float(np.sqrt(narrow * wide))
    label_line(maximal, RATES[0], middle, "all\nwidths", INK, **beside)
    return figure


def singular_values(result: WidthAndRate) -> StyledFigure:
    """Singular values of the Jacobian of many layers, for three activations, on log axes."""
    figure, panels = new_figure(height=3.2, columns=3, sharey=True, phone_height=7.2)
    titles = {"identity": "linear", "tanh": "tanh", "relu": "ReLU"}
    for axes, (activation, title) in zip(panels, titles.items(), strict=True):
        axes.set_title(title, size=10, color=MUTED)
        for kind, colour, line in (
            ("normal", RECIPES["lecun"], "-"),
            ("orthogonal", RECIPES["orthogonal"], "--"),
        ):
            values = result.singular[activation][kind]
            places = np.arange(1, len(values) + 1)
            shown = values > FLOOR
            axes.plot(places[shown], values[shown], line, color=colour)
        axes.set(yscale="log", ylim=(FLOOR, 100), xlabel="place in order of size")
        axes.set_xlim(-4, 105)
        axes.set_xticks([1, 50, 100])
        axes.set_yticks([1, 1e-2, 1e-4, 1e-6, 1e-8], ["1", "0.01", "10⁻⁴", "10⁻⁶", "10⁻⁸"])
    name_heights(panels, "singular value")
    for axes, singular in zip(met_first(panels), result.singular.values(), strict=False):
        upper, lower = singular["orthogonal"][29], singular["normal"][29]
        beside = {"va": "bottom", "xytext": (2, 3)}
        label_line(axes, 30, upper, "orthogonal", RECIPES["orthogonal"], **beside)
        label_line(
            axes, 30, lower, "normal", RECIPES["lecun"], ha="right", va="top", xytext=(-8, -2)
        )
    return figure


def reach(result: WidthAndRate) -> StyledFigure:
    """For how many networks the rate of a narrow one fails, and serves, in a wide one."""
    titles = ("one rate:\nthe narrow rate fails", "maximal update:\nthe narrow rate serves")
    return reach_figure(result.reach["fails"], result.reach["serves"], titles=titles)


def _curve(axes: Axes, values: Array, thickness: float) -> None:
    """Losses at each rate; crosses on top, at the end of a dotted line, where training diverged."""
    rates, lost = np.array(RATES), values > TOP
    look: dict[str, Any] = {"color": MEASURED, "linewidth": thickness}
    axes.plot(rates[~lost], values[~lost], "o-", markersize=2 + thickness, **look)
    first = int(np.argmax(lost)) if lost.any() else 0
    if first:
        ends = rates[first - 1 : first + 1], [values[first - 1], TOP]
        axes.plot(*ends, ":", color=MEASURED, linewidth=1)
        axes.plot(rates[lost], np.full(lost.sum(), TOP), "x", color=MEASURED)
