"""Figures of the page "Zeros that are fine"."""

import numpy as np
from numpy.typing import NDArray

from initexplain.experiments.fine_zeros import FineZeros
from initexplain.figures.palette import INK, RANDOM, ZERO
from initexplain.figures.style import (
    StyledFigure,
    draw_curves,
    label_line,
    met_first,
    name_heights,
    new_figure,
)


def losses(result: FineZeros) -> StyledFigure:
    """Loss against updates for zeros in a regression, in an output layer and in a branch."""
    figure, panels = new_figure(height=3.4, columns=3, sharex=True, sharey=True)
    regression, output, scale = panels
    steps = len(result.linear["zero"].values) - 1
    for axes, random, zero in (
        (regression, result.linear["random"], result.linear["zero"]),
        (regression, result.logistic["random"], result.logistic["zero"]),
        (output, result.output["random"], result.output["zero"]),
        (scale, result.scale["one"], result.scale["zero"]),
    ):
        draw_curves(axes, random, RANDOM, "-", _shown(steps))
        draw_curves(axes, zero, ZERO, "--", _shown(steps))
    titles = ("no hidden layer", "zero output layer", "zero residual scale")
    for axes, title in zip(panels, titles, strict=True):
        axes.set_title(title, size=10, color=INK)
        axes.set(xlabel="updates", xlim=(0, steps))
    regression.text(290, 0.36, "logistic regression", size=9, ha="right")
    regression.text(290, 0.095, "linear regression", size=9, ha="right")
    for axes in met_first((output, scale)):
        axes.text(60, 0.35, "zeros", color=ZERO)
        axes.text(20, 0.012, "all random", color=RANDOM)
    regression.set(yscale="log", ylim=(0.004, 5))
    name_heights(panels, "loss")
    return figure


def factors(result: FineZeros) -> StyledFigure:
    """Loss against updates for a product of two matrices, one or both of them zero."""
    figure, (axes,) = new_figure(height=3.0)
    steps = len(result.lora["both"].values) - 1
    shown = _shown(steps)
    for zero, colour, line, text in (
        ("B", RANDOM, "-", "A random,\nB zero"),
        ("A", RANDOM, "--", "A zero,\nB random"),
        ("both", ZERO, "-", "both zero"),
    ):
        curves = result.lora[zero]
        if zero == "A":  # two filled bands of one hue could not be told apart
            ends = np.sort(curves.values[shown])[:, [0, -1]]
            axes.plot(shown, ends, line, color=colour, linewidth=0.8)
            axes.plot(shown, curves.median[shown], line, color=colour)
        else:
            draw_curves(axes, curves, colour, line, shown)
        label_line(axes, steps, curves.final, text, colour)
    axes.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(0, steps))
    axes.set_ylim(5e-4, 4)
    return figure


def _shown(steps: int) -> NDArray[np.int64]:
    """The first ten records, one by one, and thirty of the others."""
    return np.concatenate([np.arange(10), np.linspace(10, steps, 30).astype(int)])
