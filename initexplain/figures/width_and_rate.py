"""Figures of the page "Width and rate"."""

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
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import (
    INK,
    LEVELS,
    MUTED,
    RECIPES,
    StyledFigure,
    label_line,
    new_figure,
    on_phone,
    ramp,
)

# where a rate that diverges is drawn
TOP = 0.9
LAST = "after the last layer"
FLOOR = 1e-8


def losses(result: WidthAndRate) -> StyledFigure:
    """Loss after training against the rate, a curve for each width, two parametrizations."""
    figure, panels = new_figure(height=3.8, columns=2, sharey=True, phone_height=6.0)
    # the palest steps cannot be told from the page
    shades = [light for light, _ in ramp("positive")[LEVELS - len(WIDTHS) :]]
    for axes, name, title in zip(
        panels, (STANDARD, MAXIMAL), ("one rate for all layers", "maximal update"), strict=True
    ):
        axes.set_title(title, size=10, color=MUTED)
        for width, shade in zip(WIDTHS, shades, strict=True):
            _curve(axes, result.losses[name][width], shade)
        axes.set(xscale="log", yscale="log", xlabel=_rate_label(name))
        axes.set_xscale("log", base=2)
        axes.set_xticks([1 / 64, 1 / 16, 1 / 4, 1], ["1/64", "1/16", "1/4", "1"])
        axes.set_yticks([0.01, 0.1, TOP], ["0.01", "0.1", "diverged"])
        axes.minorticks_off()
    if on_phone():
        panels[1].set_ylabel("loss / best constant’s loss")
    panels[0].set_ylabel("loss / best constant’s loss")
    standard, maximal = panels
    for place in (0, len(WIDTHS) - 1):
        values = result.losses[STANDARD][WIDTHS[place]]
        low = int(np.argmin(values))
        text = f"{WIDTHS[place]} units" if place == 0 else f"{WIDTHS[place]:,}"
        label_line(
            standard, RATES[low], values[low], text, INK, ha="center", va="top", xytext=(0, -6)
        )
    low = max(result.losses[MAXIMAL][width][0] for width in WIDTHS)
    label_line(maximal, RATES[1], low, "all widths", INK, va="bottom", xytext=(0, 0))
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
        axes.set_xticks([1, 50, 100])
        axes.set_yticks([1, 1e-2, 1e-4, 1e-6, 1e-8], ["1", "0.01", "10⁻⁴", "10⁻⁶", "10⁻⁸"])
        axes.minorticks_off()
    for axes in panels if on_phone() else panels[:1]:
        axes.set_ylabel("singular value")
    linear, tanh, relu = panels
    label_line(linear, 50, 1, "orthogonal", RECIPES["orthogonal"], va="bottom", xytext=(0, 4))
    values = result.singular["identity"]["normal"]
    label_line(linear, 45, values[44], "normal", RECIPES["lecun"], ha="right", va="top")
    return figure


def reach(result: WidthAndRate) -> StyledFigure:
    """For how many networks the rate of a narrow one fails, and serves, in a wide one."""
    titles = ("one rate:\nthe narrow rate fails", "maximal update:\nthe narrow rate serves")
    return reach_figure(result.reach["fails"], result.reach["serves"], titles=titles)


def _rate_label(name: str) -> str:
    return "learning rate" if name == STANDARD else f"learning rate at {BASE} units"


def _curve(axes: Axes, values: Array, shade: str) -> None:
    rates = np.array(RATES)
    lost = values > TOP
    axes.plot(rates[~lost], values[~lost], "o-", color=shade, markersize=3.5, linewidth=1.4)
    first = int(np.argmax(lost)) if lost.any() else len(rates)
    if 0 < first < len(rates):
        ends = rates[first - 1 : first + 1], [values[first - 1], TOP]
        axes.plot(*ends, ":", color=shade, linewidth=1.2)
    axes.plot(rates[lost], np.full(lost.sum(), TOP), "x", color=shade)
