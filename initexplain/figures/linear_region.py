"""Figures of the page "The linear region"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.activations import ACTIVATIONS
from initexplain.checks import Array
from initexplain.experiments.linear_region import LinearRegion
from initexplain.figures.style import (
    GRID,
    INK,
    MEASURED,
    MUTED,
    RANDOM,
    THEORY,
    StyledFigure,
    draw_band,
    label_line,
    new_figure,
)

LECUN_TANH = ACTIVATIONS["lecun_tanh"]


def region(result: LinearRegion) -> StyledFigure:
    """LeCun's tanh, its slope, and the preactivations that three weight scales give it."""
    figure, (curve, density) = new_figure(height=4.4, rows=2, sharex=True)
    z = np.linspace(-5, 5, 201)
    end = result.tanh.region_end
    for axes in (curve, density):
        axes.axvspan(-end, end, color=GRID, alpha=0.5, linewidth=0)
    value, slope = LECUN_TANH(z), LECUN_TANH.derivative(z)
    curve.plot(z, value, color=INK)
    curve.plot(z, slope, "--", color=MUTED)
    label_line(curve, 2.6, 1.62, "f(z)", INK, va="top", xytext=(0, -6))
    label_line(curve, 2.6, slope[z > 2.6][0], "slope f′(z)", MUTED, va="bottom", xytext=(0, 3))
    curve.text(0, -1.55, "linear region", color=MUTED, ha="center", size=9)
    curve.set(ylabel="value, slope", ylim=(-1.9, 1.9))
    for scale, line, at, text in (
        (0.3, "-.", 0.38, "too small"),
        (1.0, "-", 1.25, "LeCun's scale"),
        (5.0, "--", 2.9, "five times too big"),
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
    saturation.plot(found.scales, found.predicted, color=THEORY)
    _band(saturation, found.scales, found.saturated, line="none")
    label_line(saturation, 2.4, 0.55, "theory", THEORY)
    label_line(saturation, 0.56, 0.01, "measured", MEASURED, ha="right", xytext=(-2, 10))
    saturation.set(ylabel="saturated share", ylim=(-0.05, 1.05))
    for x, text in ((0.045, "starves"), (0.55, "linear"), (14, "saturates")):
        saturation.text(x, 1.1, text, color=MUTED, size=9, ha="center")
    _band(ratio, found.scales, found.ratio)
    ratio.set(ylabel="gradient / weights,\nfirst layer", yscale="log")
    _band(loss, found.scales, found.final)
    _band(loss, found.scales, found.fresh, line="--", marker="s", filled=False)
    label_line(loss, 0.5, 0.055, "training examples", MEASURED, ha="right", xytext=(0, 0))
    label_line(loss, 0.1, 0.37, "fresh examples", MEASURED, va="bottom", xytext=(0, 5))
    loss.axhline(found.best_constant, color=MUTED, linewidth=1, linestyle=":")
    loss.set(ylabel="loss after training", yscale="log")
    loss.set(xlabel="scale of the hidden weights: standard deviation × √(fan-in)", xscale="log")
    for axes in (saturation, ratio, loss):
        axes.axvline(1.0, color=MUTED, linewidth=1, linestyle=":")
        axes.minorticks_off()
    for axis in (loss.xaxis, loss.yaxis, ratio.yaxis):
        axis.set_major_formatter("{x:g}")
    ratio.text(1.08, found.ratio.min() * 1.1, "LeCun’s scale", color=MUTED, size=9)
    return figure


def fan_in(result: LinearRegion) -> StyledFigure:
    """Variance of preactivations against the number of inputs, for two rules."""
    figure, (axes,) = new_figure(height=2.8)
    m, found = result.fan_in.fan_ins, result.fan_in
    axes.plot(m, np.ones_like(m), color=THEORY)
    axes.plot(m, found.fixed_std**2 * m, "--", color=THEORY)
    axes.plot(m, found.scaled, "o", color=MEASURED)
    axes.plot(m, found.fixed, "s", color=MEASURED, markerfacecolor="none")
    label_line(axes, m[-1], 1.0, "σ = 1 / √m", MEASURED)
    label_line(axes, m[-1], found.fixed[-1], f"σ = {found.fixed_std}", MEASURED)
    axes.set(xscale="log", yscale="log", xlabel="inputs m of a unit", ylabel="variance of z")
    axes.set_xticks(m, [f"{int(x)}" for x in m])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    return figure


def _band(
    axes: Axes,
    x: Array,
    values: Array,
    *,
    line: str = "-",
    marker: str = "o",
    filled: bool = True,
) -> None:
    """Medians over seeds as points, and a band from the lowest seed to the highest."""
    draw_band(axes, x, values.min(axis=1), values.max(axis=1), MEASURED)
    axes.plot(
        x,
        np.median(values, axis=1),
        linestyle=line,
        marker=marker,
        color=MEASURED,
        linewidth=1,
        markerfacecolor=MEASURED if filled else "none",
    )
