"""Figures of the front page."""

import numpy as np

from initexplain.experiments.index import FourStarts, Start
from initexplain.figures.style import (
    BIAS,
    MUTED,
    RANDOM,
    ZERO,
    StyledFigure,
    draw_band,
    label_line,
    new_figure,
)


def four_starts(result: FourStarts) -> StyledFigure:
    """Loss against step for zero or random weights with zero or random biases."""
    figure, (axes,) = new_figure(height=3.6)
    steps = np.arange(result.steps + 1)

    def curve(start: Start, text: str, colour: str, line: str, label_y: float) -> None:
        low, high = start.losses.min(axis=1), start.losses.max(axis=1)
        draw_band(axes, steps, low, high, colour)
        axes.plot(steps, start.median, line, color=colour)
        label_line(axes, steps[-1], label_y, text, colour)

    end = result.random_weights.final_loss
    stuck = result.best_constant
    curve(result.both_random, "random weights,\nrandom biases", BIAS, "--", end * 3.2)
    curve(result.random_weights, "random weights,\nzero biases", RANDOM, "-", end)
    curve(result.random_biases, "zero weights,\nrandom biases", ZERO, "--", stuck * 1.45)
    curve(result.both_zero, "zero weights,\nzero biases", ZERO, "-", stuck / 1.45)
    axes.set_yscale("log")
    axes.set(xlabel="updates", ylabel="loss", xlim=(0, result.steps))
    axes.text(9, stuck / 1.08, "best constant output", color=MUTED, va="top", size=9)
    return figure
