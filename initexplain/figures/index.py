"""Figures of the front page."""

import numpy as np

from initexplain.experiments.index import FourStarts, Start
from initexplain.figures.style import (
    BIAS,
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

    def curve(start: Start, colour: str, line: str) -> None:
        low, high = start.losses.min(axis=1), start.losses.max(axis=1)
        draw_band(axes, steps, low, high, colour)
        axes.plot(steps, start.median, line, color=colour)

    curve(result.both_random, BIAS, "--")
    curve(result.random_weights, RANDOM, "-")
    curve(result.random_biases, ZERO, "--")
    curve(result.both_zero, ZERO, "-")
    axes.set_yscale("log")
    axes.set(xlabel="updates", ylabel="loss", xlim=(0, result.steps))

    # on the left, where they are seen on a phone too
    def at(share: float) -> int:
        return round(share * result.steps)

    stuck = result.best_constant
    highest = result.both_random.losses.max(axis=1)[at(0.1)]
    lowest = result.random_weights.losses.min(axis=1)[at(0.35)]
    label_line(
        axes, at(0.04), stuck / 1.2, "zero weights, with zero or random biases", ZERO, va="top"
    )
    label_line(axes, at(0.1), 1.3 * highest, "random weights, random biases", BIAS, va="bottom")
    label_line(axes, at(0.03), lowest / 1.15, "random weights, zero biases", RANDOM, va="top")
    return figure
