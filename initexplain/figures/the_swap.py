"""Figures of the page "The swap"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.the_swap import TheSwap
from initexplain.figures.diagrams import draw_matrix
from initexplain.figures.style import (
    INK,
    MUTED,
    RANDOM,
    THEORY,
    ZERO,
    StyledFigure,
    draw_band,
    draw_curves,
    label_line,
    new_figure,
    reach_figure,
)


def losses(result: TheSwap) -> StyledFigure:
    """Loss against updates for tanh networks with one, two and three hidden layers."""
    figure, panels = new_figure(height=3.4, columns=3, sharex=True, sharey=True)
    titles = ("one hidden layer", "two hidden layers", "three hidden layers")
    shown = np.linspace(0, len(result.tanh[1]["swap"].values) - 1, 31).astype(int)
    for axes, (depth, title) in zip(panels, enumerate(titles, 1), strict=True):
        for level in (result.line_loss, result.linear_loss):
            axes.axhline(level, color=THEORY, linewidth=0.9, linestyle=":")
        draw_curves(axes, result.tanh[depth]["usual"], RANDOM, "-", shown)
        draw_curves(axes, result.tanh[depth]["swap"], ZERO, "--", shown)
        axes.set_title(title, size=10, color=INK)
        axes.set(xlabel="updates", xlim=(0, shown[-1]))
    panels[0].set(yscale="log", ylabel="loss (1 = best constant)", ylim=(0.004, 3))
    panels[0].minorticks_off()
    panels[2].text(
        295, result.line_loss, "one direction", color=THEORY, size=9, ha="right", va="bottom"
    )
    panels[2].text(295, result.linear_loss, "linear", color=THEORY, size=9, ha="right", va="bottom")
    panels[0].text(80, 0.42, "zero weights,\nrandom biases", color=ZERO, size=9)
    panels[0].text(20, 0.013, "random weights,\nzero biases", color=RANDOM, size=9)
    return figure


def depths(result: TheSwap) -> StyledFigure:
    """The loss after training of every network, against the number of hidden layers."""
    figure, panels = new_figure(height=3.2, columns=3, sharex=True, sharey=True)
    activations = ((result.tanh, "tanh"), (result.logistic, "logistic"), (result.relu, "ReLU"))
    for axes, (losses, name) in zip(panels, activations, strict=True):
        for start, shift, colour, marker in (
            ("usual", -0.1, RANDOM, "o"),
            ("swap", 0.1, ZERO, "s"),
        ):
            ends = np.stack([starts[start].last for starts in losses.values()])
            _draw_ends(axes, ends, shift, colour, marker)
        axes.set_title(name, size=10, color=INK)
        axes.set(xlabel="hidden layers", xlim=(0.6, 4.4), xticks=[1, 2, 3, 4])
    panels[0].set(yscale="log", ylabel="loss (1 = best constant)", ylim=(0.002, 3))
    panels[0].minorticks_off()
    panels[0].text(0.7, 1.4, "zero weights", color=ZERO, size=9)
    panels[0].text(0.7, 0.0026, "random weights", color=RANDOM, size=9)
    return figure


def _draw_ends(axes: Axes, ends: Array, shift: float, colour: str, marker: str) -> None:
    """Of the networks `(depths, seeds)` the median, and a bar from the best to the worst."""
    positions = np.arange(1, len(ends) + 1) + shift
    axes.vlines(positions, ends.min(axis=1), ends.max(axis=1), color=colour, linewidth=3, alpha=0.7)
    axes.plot(positions, np.median(ends, axis=1), f"-{marker}", color=colour, linewidth=1)


def wave(result: TheSwap) -> StyledFigure:
    """Size of every layer's gradient in the first updates, for both starts."""
    figure, panels = new_figure(height=3.8, columns=2, sharey=True)
    updates = np.arange(1, 31)
    names = ("zero weights, random biases", "random weights, zero biases")
    norms_of = (result.wave["swap"], result.wave["usual"])
    for axes, norms, name, colour in zip(panels, norms_of, names, (ZERO, RANDOM), strict=True):
        for layer in range(norms.shape[1]):
            seen = norms[: len(updates), layer]
            moved = (seen > 0).all(axis=1)
            x, band = updates[moved], seen[moved]
            low, middle, high = np.quantile(band, [0.25, 0.5, 0.75], axis=1)
            draw_band(axes, x, low, high, colour)
            axes.plot(x, middle, color=colour)
            if axes is panels[0]:
                axes.plot(x[:1], middle[:1], "o", color=colour)
                lift = 5 if layer + 1 == norms.shape[1] else 0  # off the layer below
                text = f"layer {layer + 1}"
                label_line(axes, x[-1], middle[-1], text, colour, size=9, xytext=(5, lift))
        axes.set(xlabel="update", xlim=(0.5, updates[-1]), yscale="log")
        axes.set_title(name, size=10, color=colour)
    panels[1].text(30, 3e-4, "all five layers", color=RANDOM, size=9, ha="right")
    panels[0].set(ylabel="norm of the weight gradient", xticks=[1, 5, 10, 20, 30])
    panels[1].set(xticks=[1, 5, 10, 20, 30])
    return figure


def matrices(result: TheSwap) -> StyledFigure:
    """The first weight matrix after training from both starts, each in its own scale."""
    figure, panels = new_figure(height=4.4, columns=2)
    features = [f"x{i}" for i in "₁₂₃₄₅₆₇₈₉"[: result.matrices["swap"].shape[1]]]
    for axes, start, name, colour in (
        (panels[0], "swap", "zero weights, random biases", ZERO),
        (panels[1], "usual", "random weights, zero biases", RANDOM),
    ):
        matrix = result.matrices[start]
        limit = float(np.abs(matrix).max())
        units = [f"unit {i}" for i in range(1, len(matrix) + 1)] if axes is panels[0] else ()
        draw_matrix(axes, matrix, limit=limit, rows=units, columns=features)
        axes.set_title(name, size=10, color=colour)
        axes.set_xlabel(f"largest weight {limit:.1g}".replace("e-0", "e-"), color=MUTED)
        axes.set_aspect("auto")
    return figure


def reach(result: TheSwap) -> StyledFigure:
    """For how many networks the swap with three hidden layers stands still, by setting."""
    return reach_figure(result.reach)
