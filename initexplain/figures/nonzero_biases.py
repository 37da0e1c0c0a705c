"""Figures of the page "When a bias should not start at zero"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.experiments.curves import Curves
from initexplain.experiments.nonzero_biases import LAG, Fits, NonzeroBiases
from initexplain.figures.palette import BIAS, GRID, INK, MEASURED, MUTED, RANDOM, THEORY
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import (
    StyledFigure,
    draw_curves,
    label_line,
    met_first,
    name_heights,
    new_figure,
)


def prior(result: NonzeroBiases) -> StyledFigure:
    """Cross-entropy in the first updates, for output biases at zero and at the log odds."""
    figure, (axes,) = new_figure(height=3.2)
    first_odds, steps = result.prior["odds"].median[0], len(result.prior["odds"].values) - 1
    shown = np.linspace(0, steps, 41).astype(int)
    draw_curves(axes, result.prior["zero"], RANDOM, "-", shown)
    draw_curves(axes, result.prior["odds"], BIAS, "--", shown)
    axes.axhline(first_odds, color=MUTED, linewidth=0.8, linestyle=":")
    label_line(axes, steps, first_odds, "prior,\nno more", MUTED, size=9)
    axes.text(22, 0.22, "output bias starts at zero", color=RANDOM)
    axes.text(3, 0.0155, "output bias starts at the log odds", color=BIAS)
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5]
    axes.set(yscale="log", ylim=(0.014, 1), yticks=ticks, yticklabels=[str(t) for t in ticks])
    axes.set(xlabel="updates", ylabel="cross-entropy", xlim=(0, steps))
    return figure


def forget(result: NonzeroBiases) -> StyledFigure:
    """Half-life of a memory against the forget bias, and loss of a recall task."""
    figure, (left, right) = new_figure(height=3.4, columns=2)
    left.plot(*result.half_lives, color=THEORY)
    left.plot(*result.measured, "o", color=MEASURED)
    for bias, colour, text in ((0, RANDOM, "bias zero"), (1, BIAS, "bias one")):
        life = result.half_life[bias]
        left.plot(bias, life, "o", color=colour, markersize=9)
        label_line(left, bias, life, text, colour, xytext=(8, -6))
    left.axhline(LAG, color=MUTED, linewidth=0.8, linestyle=":")
    label_line(left, -2, LAG, "lag of the task", MUTED, va="bottom", xytext=(0, 3), size=9)
    left.text(-2, 4.6, "line: formula\ndots: cell", color=THEORY, size=9)
    left.set(xlabel="bias of the forget gate", ylabel="half-life of the memory, steps")
    left.set(yscale="log", yticks=[1, 10], yticklabels=["1", "10"])
    _draw_seeds(right, result.recall[0], RANDOM, "-")
    _draw_seeds(right, result.recall[1], BIAS, "--")
    updates = len(result.recall[0].values) - 1
    for bias, colour, height, word in ((0, RANDOM, 0.72, "zero"), (1, BIAS, -0.12, "one")):
        learned = f"bias {word}: {result.recalled[bias]} of {result.recall[bias].seeds} learn"
        right.text(updates, height, learned, color=colour, ha="right", va="bottom")
    right.set(xlabel="updates", ylabel="loss of recall", xlim=(0, updates), ylim=(-0.15, 0.8))
    return figure


def _draw_seeds(axes: Axes, curves: Curves, colour: str, line: str) -> None:
    """One thin curve per seed, averaged over neighbouring updates: the sequences are fresh."""
    width = 6
    used = len(curves.values) // width * width
    smooth = curves.values[:used].reshape(-1, width, curves.seeds).mean(axis=1)
    axes.plot(np.arange(len(smooth)) * width + width / 2, smooth, line, color=colour, linewidth=1)


def kinks(result: NonzeroBiases) -> StyledFigure:
    """Functions of ReLU networks before and after training, with their kinks."""
    figure, panels = new_figure(height=3.6, columns=2, sharex=True, sharey=True)
    starts = (("zero", "zero biases", RANDOM), ("spread", "uniform biases", BIAS))
    for axes, (start, name, colour) in zip(panels, starts, strict=True):
        axes.plot(result.fits.inputs, result.fits.targets, ".", color=INK, markersize=4)
        _draw_fit(axes, result.fits, start, colour)
        axes.set_title(name, size=10, color=colour)
        axes.set(xlabel="input", xlim=(-2.5, 2.5), ylim=(-3.8, 3.2))
    name_heights(panels, "output")
    for axes, (_, _, colour) in zip(met_first(panels), starts, strict=False):
        axes.text(-2.4, -2.42, "kinks before", color=MUTED, size=9, va="bottom")
        axes.text(-2.4, -3.18, "kinks after", color=colour, size=9, va="top")
    return figure


def _draw_fit(axes: Axes, fits: Fits, start: str, colour: str) -> None:
    """A network's function before (dotted) and after, and marks where its units switch."""
    before, after = fits.functions[start]
    above = before > -2.2  # the marks stand below
    axes.plot(fits.grid[above], before[above], ":", color=MUTED)
    axes.plot(fits.grid, after, "-", color=colour)
    axes.axhline(-2.9, color=GRID, linewidth=0.8)
    marks = zip(fits.kinks[start], (-2.75, -3.05), (MUTED, colour), strict=True)
    for kinks, height, ink in marks:
        inside = kinks[np.abs(kinks) <= fits.grid[-1]]
        axes.plot(inside, np.full(inside.shape, height), "|", color=ink, markersize=8)


def prior_reach(result: NonzeroBiases) -> StyledFigure:
    """In how many networks the log odds are ahead after the last update, by setting."""
    return reach_figure(result.prior_reach)


def sine_reach(result: NonzeroBiases) -> StyledFigure:
    """On how many data sets the spread kinks are ahead, by setting."""
    return reach_figure(result.sine_reach)
