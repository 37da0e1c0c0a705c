"""Figures of the page "When a bias should not start at zero"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.nonzero_biases import Fit, NonzeroBiases
from initexplain.figures.style import (
    BIAS,
    GRID,
    INK,
    MEASURED,
    MUTED,
    RANDOM,
    THEORY,
    StyledFigure,
    draw_band,
    label_line,
    new_figure,
)


def prior(result: NonzeroBiases) -> StyledFigure:
    """Cross-entropy in the first updates, for output biases at zero and at the log odds."""
    figure, (axes,) = new_figure(height=3.2)
    found = result.prior
    _draw_band(axes, found.losses[:, 0], RANDOM, "-")
    _draw_band(axes, found.losses[:, 1], BIAS, "--")
    axes.axhline(found.first_odds, color=MUTED, linewidth=0.8, linestyle=":")
    label_line(axes, found.steps, found.first_odds, "prior,\nno more", MUTED, size=9)
    axes.text(22, 0.22, "output bias starts at zero", color=RANDOM)
    axes.text(3, 0.021, "output bias starts at the log odds", color=BIAS)
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5]
    axes.set(yscale="log", ylim=(0.017, 1), yticks=ticks, yticklabels=[str(t) for t in ticks])
    axes.set(xlabel="updates", ylabel="cross-entropy", xlim=(0, found.steps))
    axes.minorticks_off()
    return figure


def _draw_band(axes: Axes, losses: Array, colour: str, line: str) -> None:
    """Median over seeds of `(steps + 1, seeds)`, and a band from the best to the worst."""
    shown = np.unique(np.linspace(0, len(losses) - 1, 41).astype(int))
    low, high = losses[shown].min(axis=1), losses[shown].max(axis=1)
    draw_band(axes, shown, low, high, colour)
    axes.plot(shown, np.median(losses[shown], axis=1), line, color=colour)


def forget(result: NonzeroBiases) -> StyledFigure:
    """Half-life of a memory against the forget bias, and loss of a recall task."""
    figure, (left, right) = new_figure(height=3.4, columns=2)
    found = result.forget
    left.plot(found.biases, found.half_lives, color=THEORY)
    left.plot(found.measured_biases, found.measured, "o", color=MEASURED)
    left.axhline(found.lag, color=MUTED, linewidth=0.8, linestyle=":")
    left.text(-2, found.lag, "lag of the task", color=MUTED, va="bottom", size=9)
    left.text(1.2, 1.2, "line: formula\ndots: cell", color=THEORY, size=9)
    left.set(xlabel="bias of the forget gate", ylabel="half-life of the memory, steps")
    left.set(yscale="log", yticks=[1, 10], yticklabels=["1", "10"])
    left.minorticks_off()
    for losses, colour, line in (
        (found.losses[:, 0], RANDOM, "-"),
        (found.losses[:, 1], BIAS, "--"),
    ):
        _draw_seeds(right, losses, colour, line)
    right.text(found.updates, 0.72, "bias zero", color=RANDOM, ha="right", va="bottom")
    right.text(found.updates, 0.06, "bias one", color=BIAS, ha="right", va="bottom")
    right.set(xlabel="updates", ylabel="loss of recall", xlim=(0, found.updates), ylim=(0, 0.8))
    return figure


def _draw_seeds(axes: Axes, losses: Array, colour: str, line: str) -> None:
    """One thin curve per seed, averaged over neighbouring updates: the sequences are fresh."""
    width = 6
    used = len(losses) // width * width
    smooth = losses[:used].reshape(-1, width, losses.shape[1]).mean(axis=1)
    axes.plot(np.arange(len(smooth)) * width + width / 2, smooth, line, color=colour, linewidth=1)


def kinks(result: NonzeroBiases) -> StyledFigure:
    """Functions of ReLU networks before and after training, with their kinks."""
    figure, panels = new_figure(height=3.6, columns=2, sharex=True, sharey=True)
    found = result.kinks
    starts = ((found.zero, "zero biases", RANDOM), (found.spread, "uniform biases", BIAS))
    for axes, (fit, name, colour) in zip(panels, starts, strict=True):
        axes.plot(found.inputs, found.targets, ".", color=INK, markersize=4)
        _draw_fit(axes, found.grid, fit, colour)
        axes.set_title(name, size=10, color=colour)
        axes.set(xlabel="input", xlim=(-2.5, 2.5), ylim=(-3.2, 3.2))
    panels[0].set_ylabel("output")
    panels[0].text(-2.4, -2.75, "kinks before", color=MUTED, size=9, va="center")
    panels[0].text(-2.4, -3.05, "kinks after", color=RANDOM, size=9, va="center")
    return figure


def _draw_fit(axes: Axes, grid: Array, fit: Fit, colour: str) -> None:
    """The first network's function before (dotted) and after, and marks where its units switch."""
    above = fit.before > -2.6  # the marks stand below
    axes.plot(grid[above], fit.before[above], ":", color=MUTED)
    axes.plot(grid, fit.after, "-", color=colour)
    axes.axhline(-2.9, color=GRID, linewidth=0.8)
    for kinks, height, ink in ((fit.kinks_before, -2.75, MUTED), (fit.kinks_after, -3.05, colour)):
        inside = kinks[np.abs(kinks) <= grid[-1]]
        axes.plot(inside, np.full(inside.shape, height), "|", color=ink, markersize=8)
