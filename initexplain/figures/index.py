"""Figures of the front page."""

from initexplain.experiments.index import FourStarts
from initexplain.figures.style import (
    BIAS,
    RANDOM,
    ZERO,
    StyledFigure,
    draw_curves,
    label_line,
    new_figure,
)


def four_starts(result: FourStarts) -> StyledFigure:
    """Loss against step for zero or random weights with zero or random biases."""
    figure, (axes,) = new_figure(height=3.6)
    last = len(result.losses["both_zero"].values) - 1
    for start, colour, line in (
        ("both_random", BIAS, "--"),
        ("random_weights", RANDOM, "-"),
        ("random_biases", ZERO, "--"),
        ("both_zero", ZERO, "-"),
    ):
        draw_curves(axes, result.losses[start], colour, line)
    axes.set_yscale("log")
    axes.set(xlabel="updates", ylabel="loss", xlim=(0, last))

    # on the left, where they are seen on a phone too
    def at(share: float) -> int:
        return round(share * last)

    stuck = result.best_constant
    highest = result.losses["both_random"].values[at(0.1)].max()
    lowest = result.losses["random_weights"].values[at(0.35)].min()
    label_line(
        axes, at(0.04), stuck / 1.2, "zero weights, with zero or random biases", ZERO, va="top"
    )
    label_line(axes, at(0.1), 1.3 * highest, "random weights, random biases", BIAS, va="bottom")
    label_line(axes, at(0.03), lowest / 1.15, "random weights, zero biases", RANDOM, va="top")
    return figure
