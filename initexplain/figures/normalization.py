"""Figures of the page "Normalization"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.normalization import NOISES, SCALES, Normalization
from initexplain.figures.palette import INK, NORMALIZATIONS
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, draw_band, label_line, new_figure

_COLOURS = {"none": INK, "batch": NORMALIZATIONS["batchnorm"], "layer": NORMALIZATIONS["layernorm"]}
_LOST = 3.0
"""A loss above it, in units of the best constant's, is not drawn: training diverged."""


def scale(result: Normalization) -> StyledFigure:
    """Left, the loss against the scale of the weights; right, the effective rate while training."""
    figure, (left, right) = new_figure(height=3.4, columns=2, phone_height=6.2)
    for kind, losses in result.scale.items():
        _draw_losses(left, np.array(SCALES), losses, kind)
    for kind, losses in result.same_rate.items():
        middle, colour = np.median(losses, axis=-1), _COLOURS[kind]
        left.plot(SCALES, middle, "o", color=colour, fillstyle="none", markersize=8)
    left.set(xscale="log", yscale="log", xlabel="scale of the weights (1 = He)")
    left.set(ylabel="loss (1 = best constant)", ylim=(1e-4, 2.5), xticks=[0.03, 0.3, 3, 30])
    left.set_xticklabels(["0.03", "0.3", "3", "30"])
    lost = "no normalization\n(diverges from 3 on)"
    label_line(left, 0.13, 1.05, lost, INK, xytext=(0, 0))
    label_line(left, 0.7, 0.0016, "BatchNorm", _COLOURS["batch"], xytext=(0, 0))
    label_line(left, 3.5, 0.26, "LayerNorm", _COLOURS["layer"], xytext=(0, 0))
    _draw_rates(right, result.effective_rate)
    return figure


def _draw_losses(axes: Axes, x: Array, losses: Array, kind: str) -> None:
    """Median and range over seeds of what is still a loss."""
    kept = (losses < _LOST).all(axis=-1)
    losses = losses[kept]
    draw_band(axes, x[kept], losses.min(axis=-1), losses.max(axis=-1), _COLOURS[kind])
    style = {"none": ":", "batch": "-", "layer": "--"}[kind]
    axes.plot(x[kept], np.median(losses, axis=-1), style, color=_COLOURS[kind])


def _draw_rates(axes: Axes, rates: Array) -> None:
    """The effective rate before each update, one line for each scale."""
    updates = np.arange(1, len(rates) + 1)
    colour = _COLOURS["batch"]
    for factor in (0.03, 0.1, 1.0, 10.0):
        line = rates[:, SCALES.index(factor)]
        axes.plot(updates, line, color=colour, linewidth=1.6)
        label_line(axes, updates[-1], line[-1], f"{factor:g}", colour)
    axes.set(xscale="log", yscale="log", xlabel="update", ylabel="effective rate (1 = He)")
    axes.set(xlim=(1, updates[-1]), xticks=[1, 10, 100])
    axes.set_xticklabels(["1", "10", "100"])
    axes.text(1.6, 150, "BatchNorm, by scale", color=colour)


def noise(result: Normalization) -> StyledFigure:
    """The loss against the noise that is added to equal weights."""
    figure, (axes,) = new_figure(height=3.3, phone_height=3.4)
    places = np.arange(len(NOISES))
    for kind, losses in result.noise.items():
        style = {"none": "o:", "batch": "s-", "layer": "D--"}[kind]
        colour, middle = _COLOURS[kind], np.median(losses, axis=-1)
        axes.vlines(places, losses.min(axis=-1), losses.max(axis=-1), color=colour, linewidth=2.5)
        axes.plot(places[:1], middle[:1], style[0], color=colour)
        axes.plot(places[1:], middle[1:], style, color=colour)
    exponents = ["0", *(f"10{power}" for power in ("⁻¹⁵", "⁻¹²", "⁻⁹", "⁻⁶", "⁻³", "⁻¹"))]
    axes.set_xticks(places, exponents)
    axes.set(yscale="log", ylim=(0.012, 1.5), xlabel="noise added to equal weights")
    axes.set(ylabel="loss (1 = best constant)")
    label_line(axes, 0, 1.0, "LayerNorm, exactly equal", _COLOURS["layer"], xytext=(9, 0))
    label_line(axes, 2.1, 0.018, "LayerNorm", _COLOURS["layer"], xytext=(0, 0))
    label_line(axes, 1, 0.37, "BatchNorm", _COLOURS["batch"], xytext=(0, 0))
    label_line(axes, 1, 0.19, "no normalization", INK, xytext=(0, 0))
    return figure


def reach(result: Normalization) -> StyledFigure:
    """For how many networks the three verdicts hold, by setting."""
    verdicts = [*result.copies.values(), result.part]
    shared = [name for name in result.part if name in result.copies["batch"]]
    titles = ("BatchNorm:\ncopies stay", "LayerNorm:\ncopies stay", "LayerNorm:\nnoise parts them")
    return reach_figure(
        *({name: rows[name] for name in shared} for rows in verdicts), titles=titles
    )
