"""Figures of the front page."""

from typing import Any

from matplotlib.axes import Axes

from initexplain.experiments.index import FourStarts
from initexplain.figures.palette import BIAS, MUTED, RANDOM, ZERO
from initexplain.figures.style import StyledFigure, draw_curves, new_figure, on_phone, power_of_ten


def four_starts(result: FourStarts) -> StyledFigure:
    """Loss against step in four panels: random or zero weights by zero or random biases."""
    figure, panels = new_figure(
        height=3.4, rows=2, columns=2, phone_columns=2, phone_height=3.5, sharex=True, sharey=True
    )
    starts = (
        ("random_weights", RANDOM, "-"),
        ("both_random", BIAS, "--"),
        ("both_zero", ZERO, "-"),
        ("random_biases", ZERO, "--"),
    )
    for axes, (start, colour, line) in zip(panels, starts, strict=True):
        axes.axhline(result.best_constant, color=MUTED, linewidth=1, linestyle=":")
        draw_curves(axes, result.losses[start], colour, line)
        _write_verdict(axes, result.words[start], result.moved[start], colour)
    corner = panels[0]
    corner.set_yscale("log")
    steps = len(result.losses["both_zero"].values) - 1
    corner.set(xlim=(0, steps), ylim=(None, 6))
    corner.set_title("loss", loc="left", size="medium", x=-0.08, ha="right")
    name = "best constant" if on_phone() else "best constant output"
    above = 1.1 * result.best_constant
    corner.text(steps, above, name, color=MUTED, ha="right", va="bottom")
    heading: dict[str, Any] = {"size": 9 if on_phone() else 11, "weight": "bold"}
    for column, biases in enumerate(("zero biases", "random biases")):
        panels[column].set_title(biases, **heading)
        panels[2 + column].set_xlabel("updates")
    for row, weights in enumerate(("random weights", "zero weights")):
        panels[2 * row].set_ylabel(weights, labelpad=8, **heading)
    return figure


def _write_verdict(axes: Axes, word: str, moved: float, colour: str) -> None:
    """Writes what became of a start, and how far its first matrix has moved."""
    rounded = float(f"{moved:.0e}")
    way = f"{moved:.1g}" if rounded == 0 or rounded >= 0.01 else power_of_ten(rounded)
    size, space = (14, "\n") if on_phone() else (19, " ")
    place: dict[str, Any] = {"transform": axes.transAxes, "ha": "center", "va": "center"}
    axes.text(0.55, 0.64, word, color=colour, size=size, weight="bold", **place)
    axes.text(0.55, 0.46, f"first matrix{space}moves by {way}", color=MUTED, **place)
