"""Figures of the page "Zeros that are fine"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.experiments.curves import Curves
from initexplain.experiments.fine_zeros import FineZeros
from initexplain.figures.style import INK, RANDOM, ZERO, StyledFigure, draw_band, new_figure


def losses(result: FineZeros) -> StyledFigure:
    """Loss against updates for zeros in a regression, in an output layer and in a branch."""
    figure, panels = new_figure(height=3.4, columns=3, sharex=True, sharey=True)
    regression, output, scale = panels
    for axes, random, zero in (
        (regression, result.linear["random"], result.linear["zero"]),
        (regression, result.logistic["random"], result.logistic["zero"]),
        (output, result.output["random"], result.output["zero"]),
        (scale, result.scale["one"], result.scale["zero"]),
    ):
        _draw(axes, random, RANDOM, "-")
        _draw(axes, zero, ZERO, "--")
    titles = ("no hidden layer", "zero output layer", "zero residual scale")
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title, size=10, color=INK)
        axes.set(xlabel="updates", xlim=(0, len(result.linear["zero"].values) - 1))
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
    for zero, colour, line, text, x, y in (
        ("B", RANDOM, "-", "A random, B zero", 5, 0.0009),
        ("A", RANDOM, "--", "A zero, B random", 160, 0.13),
        ("both", ZERO, "-", "both zero", 160, 1.7),
    ):
        _draw(axes, result.lora[zero], colour, line)
        axes.text(x, y, text, color=colour)
    steps = len(result.lora["both"].values) - 1
    axes.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(0, steps))
    axes.set_ylim(5e-4, 4)
    axes.minorticks_off()
    return figure


def _draw(axes: Axes, curves: Curves, colour: str, line: str) -> None:
    """Median over seeds, and a band from the best to the worst."""
    steps = len(curves.values) - 1
    shown = np.unique(np.concatenate([np.arange(10), np.linspace(10, steps, 30).astype(int)]))
    losses = curves.values[shown]
    if curves.seeds > 1:
        draw_band(axes, shown, losses.min(axis=1), losses.max(axis=1), colour)
    axes.plot(shown, curves.median[shown], line, color=colour)
