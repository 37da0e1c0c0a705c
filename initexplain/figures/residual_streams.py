"""Figures of the page "Residual streams and transformers"."""

import numpy as np
from matplotlib.ticker import FixedLocator

from initexplain.experiments.residual_streams import POSITIONS, RECIPES, SCORES, ResidualStreams
from initexplain.figures.palette import INK, MEASURED, RANDOM, THEORY, ZERO
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import (
    StyledFigure,
    draw_band,
    draw_curves,
    label_line,
    name_heights,
    new_figure,
    on_lines,
)


def growth(result: ResidualStreams) -> StyledFigure:
    """Mean square of a stream against branches: four kinds of branches, and GPT-2 small."""
    figure, (made, gpt2) = new_figure(height=3.4, phone_height=5.6, columns=2)
    for name, colour, line, at, text, place in (
        ("one", RANDOM, "-", 9, "read the stream", (9, 0)),
        ("normalized", RANDOM, "--", 34, "read it normalized", (-18, 24)),
        ("root", RANDOM, "-.", 40, "scaled by the root", (-30, 24)),
        ("zero", ZERO, "-", 40, "zero", (-10, -16)),
    ):
        draw_curves(made, result.growth[name], colour, line)
        height = result.growth[name].median[at]
        label_line(made, at, height, text, colour, xytext=place)
    made.set(yscale="log", ylim=(0.2, 1e3), xlim=(0, 64))
    made.set_xlabel("ReLU branches")
    name_heights((made, gpt2), "mean square of the stream")
    for name, line, text in (
        ("plain", "--", "without the factor"),
        ("scaled", "-", "as published"),
    ):
        values = result.gpt2[name]
        gpt2.plot(values, line, color=RANDOM)
        label_line(gpt2, 9, values[9], text, RANDOM, xytext=(0, -10), va="top")
    gpt2.set(yscale="log", ylim=(4e-4, 6), xlim=(0, 24), xlabel="branches of GPT-2 small")
    gpt2.xaxis.set_major_locator(FixedLocator([0, 6, 12, 18, 24]))
    return figure


def positions(result: ResidualStreams) -> StyledFigure:
    """Over how many positions a head averages against the standard deviation of its scores."""
    figure, (axes,) = new_figure(height=3.2, phone_height=3.2)
    heads = result.positions.values
    draw_band(axes, SCORES, heads.min(axis=1), heads.max(axis=1), MEASURED)
    axes.plot(SCORES, result.positions.median, color=MEASURED)
    wide = np.geomspace(SCORES[0], 2.5, 100)
    axes.plot(wide, POSITIONS * np.exp(-(wide**2)), "--", color=THEORY)
    label_line(axes, 1.35, 10, on_lines("many", "positions"), THEORY, xytext=(-6, 0), ha="right")
    for name, text, place in (
        ("gpt2", "GPT-2", (2, 10)),
        ("torch", "PyTorch", (6, 8)),
        ("lecun", "LeCun", (7, 7)),
        ("one", "variance one", (0, 12)),
    ):
        at = RECIPES[name], result.recipes[name]
        axes.plot(*at, "o", color=INK)
        right = "right" if name == "one" else "left"
        label_line(axes, *at, text, INK, xytext=place, ha=right)
    axes.set(xscale="log", xlim=(SCORES[0], 1.15 * SCORES[-1]), ylim=(0, POSITIONS * 1.12))
    axes.set_xlabel("standard deviation of the scores")
    axes.set_ylabel("positions in the average")
    axes.xaxis.set_major_locator(FixedLocator([0.1, 1, 10]))
    axes.set_xticklabels(["0.1", "1", "10"])
    axes.set_yticks([1, 16, 32, 48, 64])
    return figure


def reach(result: ResidualStreams) -> StyledFigure:
    """In how many residual networks training removes half of the best constant's loss."""
    return reach_figure(result.reach)
