"""Figures of the page "What other pages say about biases"."""

from initexplain.experiments.bias_errata import BiasErrata
from initexplain.figures.palette import GRID, MUTED, RANDOM, THEORY
from initexplain.figures.style import StyledFigure, new_figure


def firing(result: BiasErrata) -> StyledFigure:
    """Share of examples on which a ReLU unit fires, against its bias."""
    figure, (axes,) = new_figure(height=3.0)
    axes.axhline(1.0, color=GRID, linewidth=0.8)
    axes.plot(*result.predicted, color=THEORY)
    axes.plot(*result.measured, "o", color=RANDOM)
    axes.annotate(
        "bias 0, 0.01 and 0.1",
        (result.measured[0, 2], result.measured[1, 2]),
        xytext=(0.55, 0.53),
        textcoords="data",
        color=RANDOM,
        va="center",
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.8},
    )
    axes.text(2.3, 0.84, "line: normal distribution\ndots: counted", color=MUTED, size=9)
    axes.text(0.05, 1.005, "all units fire", color=MUTED, size=9, va="bottom")
    axes.set(xlabel="bias of every ReLU unit", ylabel="share of units that fire")
    axes.set(xlim=(-0.1, 5), ylim=(0.45, 1.06))
    return figure
