"""Figures of the page "Zeros that are fine"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.fine_zeros import FineZeros
from initexplain.figures.style import INK, RANDOM, ZERO, StyledFigure, draw_band, new_figure


def losses(result: FineZeros) -> StyledFigure:
    """Loss against updates for zeros in a regression, in an output layer and in a branch."""
    figure, panels = new_figure(height=3.4, columns=3, sharex=True, sharey=True)
    regression, output, scale = panels
    for model in (result.linear, result.logistic):
        _draw(regression, model.losses[:, 1:], RANDOM, "-")
        _draw(regression, model.losses[:, :1], ZERO, "--")
    for axes, random, zero in (
        (output, result.random_output, result.zero_output),
        (scale, result.random_scale, result.zero_scale),
    ):
        _draw(axes, random.losses, RANDOM, "-")
        _draw(axes, zero.losses, ZERO, "--")
    titles = ("no hidden layer", "zero output layer", "zero residual scale")
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title, size=10, color=INK)
        axes.set(xlabel="updates", xlim=(0, result.steps))
    regression.text(290, 0.36, "logistic regression", size=9, ha="right")
    regression.text(290, 0.095, "linear regression", size=9, ha="right")
    output.text(60, 0.35, "zeros", color=ZERO)
    output.text(20, 0.012, "all random", color=RANDOM)
    regression.set(yscale="log", ylabel="loss", ylim=(0.004, 5))
    regression.minorticks_off()
    return figure


def factors(result: FineZeros) -> StyledFigure:
    """Loss against updates for a product of two matrices, one or both of them zero."""
    figure, (axes,) = new_figure(height=3.0)
    for start, line, text, x, y in (
        (result.lora_up, "-", "A random, B zero", 5, 0.0009),
        (result.lora_down, "--", "A zero, B random", 160, 0.13),
        (result.lora_both, "-", "both zero", 160, 1.7),
    ):
        colour = ZERO if start is result.lora_both else RANDOM
        _draw(axes, start.losses, colour, line)
        axes.text(x, y, text, color=colour)
    axes.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(0, result.steps))
    axes.set_ylim(5e-4, 4)
    axes.minorticks_off()
    return figure


def _draw(axes: Axes, losses: Array, colour: str, line: str) -> None:
    """Median over seeds of `(steps + 1, seeds)`, and a band from the best to the worst."""
    steps = len(losses) - 1
    shown = np.unique(np.concatenate([np.arange(10), np.linspace(10, steps, 30).astype(int)]))
    low, high = losses[shown].min(axis=1), losses[shown].max(axis=1)
    if losses.shape[1] > 1:
        draw_band(axes, shown, low, high, colour)
    axes.plot(shown, np.median(losses[shown], axis=1), line, color=colour)
