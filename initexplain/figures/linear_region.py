"""Figures of the page "The linear region"."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.linear_region import (
    ACTIVATION,
    FAN_INS,
    FIXED_STD,
    SCALES,
    LinearRegion,
)
from initexplain.figures.palette import GRID, INK, MUTED, RANDOM, THEORY
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, draw_band, label_line, new_figure, on_lines


def region(result: LinearRegion) -> StyledFigure:
    """LeCun's tanh, its slope, and the preactivations that three weight scales give it."""
    figure, (curve, density) = new_figure(height=4.4, rows=2, sharex=True)
    z = np.linspace(-5, 5, 201)
    end = result.tanh["region_end"]
    for axes in (curve, density):
        axes.axvspan(-end, end, color=GRID, alpha=0.5, linewidth=0)
    value, slope = ACTIVATION(z), ACTIVATION.derivative(z)
    curve.plot(z, value, color=INK)
    curve.plot(z, slope, "--", color=MUTED)
    label_line(curve, 2.6, 1.62, "f(z)", INK, va="top", xytext=(0, -6))
    label_line(curve, 2.6, slope[z > 2.6][0], "slope f′(z)", MUTED, va="bottom", xytext=(0, 3))
    curve.text(0.25, -1.55, on_lines("linear", "region"), color=MUTED, ha="center", size=9)
    curve.set(ylabel="value, slope", ylim=(-1.9, 1.9))
    for scale, line, at, text in (
        (0.3, "-.", 0.38, "too small"),
        (1.0, "-", 1.05, "LeCun's scale"),
        (5.0, "--", 2.2, "five times too big"),
    ):
        height = np.exp(-((z / scale) ** 2) / 2) / scale / np.sqrt(2 * np.pi)
        density.plot(z, height, line, color=RANDOM)
        label_line(density, at, np.interp(at, z, height), text, RANDOM, xytext=(5, 6))
    density.set(xlabel="preactivation z of a unit", ylabel="density of z", xlim=(-5, 5))
    return figure


def sweep(result: LinearRegion) -> StyledFigure:
    """Saturation, gradient and loss against the weight scale."""
    found = result.sweep
    figure, (saturation, ratio, loss) = new_figure(height=6.6, rows=3, sharex=True)
    saturation.plot(SCALES, result.predicted, color=THEORY)
    _band(saturation, found["saturated"], linestyle="none")
    label_line(saturation, 2.4, 0.55, "theory", THEORY)
    label_line(saturation, 0.56, 0.01, "measured", RANDOM, ha="right", xytext=(-2, 10))
    saturation.set(ylabel="saturated share", ylim=(-0.05, 1.05))
    for x, text in ((0.045, "starves"), (0.55, "linear"), (14, "saturates")):
        saturation.text(x, 1.1, text, color=MUTED, size=9, ha="center")
    _band(ratio, found["ratio"])
    ratio.set(ylabel="gradient / weights,\nfirst layer", yscale="log")
    _band(loss, found["final"])
    _band(loss, found["fresh"], linestyle="--", marker="s", fillstyle="none")
    label_line(loss, 0.5, 0.055, "training examples", RANDOM, ha="right", xytext=(0, 0))
    label_line(loss, 0.1, 0.2, "fresh ones", RANDOM, xytext=(2, 0))
    loss.axhline(result.best_constant, color=MUTED, linewidth=1, linestyle=":")
    loss.set(ylabel="loss after training", yscale="log")
    loss.set(
        xlabel=on_lines("scale of the hidden weights:", "standard deviation × √(fan-in)"),
        xscale="log",
    )
    for axes in (saturation, ratio, loss):
        axes.axvline(1.0, color=MUTED, linewidth=1, linestyle=":")
    for axis in (loss.xaxis, loss.yaxis, ratio.yaxis):
        axis.set_major_formatter("{x:g}")
    ratio.text(1.08, found["ratio"].min() * 1.1, "LeCun’s scale", color=MUTED, size=9)
    return figure


def fan_in(result: LinearRegion) -> StyledFigure:
    """Variance of preactivations against the number of inputs, for two rules."""
    figure, (axes,) = new_figure(height=2.8)
    m, fixed = np.array(FAN_INS, dtype=float), result.variance["fixed"]
    axes.plot(m, np.ones_like(m), color=THEORY)
    axes.plot(m, FIXED_STD**2 * m, "--", color=THEORY)
    axes.plot(m, result.variance["scaled"], "o", color=RANDOM)
    axes.plot(m, fixed, "s", color=RANDOM, fillstyle="none")
    label_line(axes, m[-1], 1.0, "σ = 1 / √m", RANDOM)
    label_line(axes, m[-1], fixed[-1], f"σ = {FIXED_STD}", RANDOM)
    axes.set(xscale="log", yscale="log", xlabel="inputs m of a unit", ylabel="variance of z")
    axes.set_xticks(m, [f"{int(x)}" for x in m])
    axes.yaxis.set_major_formatter("{x:g}")
    return figure


def reach(result: LinearRegion) -> StyledFigure:
    """For how many seeds the verdicts about a hundredth of LeCun's scale and ten times it hold."""
    titles = (
        "a hundredth:\nhas not begun",
        "a hundredth: worse\non fresh examples",
        "ten times: worse\non fresh examples",
    )
    return reach_figure(*result.reach.values(), titles=titles)


def _band(axes: Axes, values: Array, **options: Any) -> None:
    """Medians over seeds as points, and a band from the lowest seed to the highest."""
    draw_band(axes, SCALES, values.min(axis=1), values.max(axis=1), RANDOM)
    settings = {"marker": "o", "color": RANDOM, "linewidth": 1, **options}
    axes.plot(SCALES, np.median(values, axis=1), **settings)
