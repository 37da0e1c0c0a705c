"""Figures of the page "Why zero biases are safe"."""

from initexplain.experiments.zero_biases import ZeroBiases
from initexplain.figures.palette import CONSTANT, GRID, INK, RANDOM
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, name_heights, new_figure, on_lines, on_phone


def leaving(result: ZeroBiases) -> StyledFigure:
    """Every bias of the first layer against updates, for random rows and for equal rows."""
    figure, panels = new_figure(height=3.2, columns=2, sharex=True, sharey=True)
    starts = (("random", RANDOM, "-"), ("equal", CONSTANT, "--"))
    steps = result.recorded_steps
    for axes, (rows, colour, line) in zip(panels, starts, strict=True):
        axes.axhline(0, color=GRID, linewidth=0.8)
        axes.plot(steps, result.biases[rows], line, color=colour, linewidth=1.6)
        axes.set_title(f"{rows} rows", size=10, color=colour)
        axes.set(xlabel="updates", xlim=(0, steps[-1]))
    name_heights(panels, "bias of a hidden unit")
    panels[0].text(0.04, 0.92, "a curve for each unit", color=RANDOM, transform=panels[0].transAxes)
    panels[1].text(
        0.04, 0.92, "one curve: all units", color=CONSTANT, transform=panels[1].transAxes
    )
    return figure


def bump(result: ZeroBiases) -> StyledFigure:
    """The function that a network with and one without biases has learned."""
    figure, (axes,) = new_figure(height=3.2)
    axes.plot(result.inputs, result.targets, ".", color=INK, markersize=4)
    axes.plot(result.inputs, result.outputs["with"], "-", color=RANDOM)
    axes.plot(result.inputs, result.outputs["without"], "--", color=CONSTANT)
    axes.axhline(0, color=GRID, linewidth=0.8, zorder=0)
    x = -0.3 if on_phone() else 0.75
    axes.text(x, 1.08, on_lines("target (dots), and", "biases that start at zero"), color=RANDOM)
    axes.text(-0.35, -0.64, "no biases", color=CONSTANT, ha="right")
    axes.set(xlabel="input", ylabel="output", xlim=(-2, 2), ylim=(-0.75, 1.4))
    return figure


def reach(result: ZeroBiases) -> StyledFigure:
    """In how many networks zero biases end within twice the loss of random ones, by setting."""
    return reach_figure(result.reach)
