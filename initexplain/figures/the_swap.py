"""Figures of the page "The swap"."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from initexplain.checks import Array
from initexplain.experiments.the_swap import TheSwap
from initexplain.figures.diagrams import draw_matrix, draw_sign_bar, draw_size_bar, numbered
from initexplain.figures.palette import INK, MUTED, RANDOM, SIZES, SURFACE, THEORY, ZERO
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import (
    StyledFigure,
    draw_curves,
    met_first,
    name_heights,
    new_figure,
    on_lines,
)

UPDATES, DECADES = 12, Normalize(-20, 0)
"""Of the wave: what is drawn, and the exponents of the sizes."""


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
    name_heights(panels, "loss (1 = best constant)")
    panels[0].set(yscale="log", ylim=(0.004, 3))
    panels[2].text(
        295, result.line_loss, "one direction", color=THEORY, size=9, ha="right", va="bottom"
    )
    panels[2].text(295, result.linear_loss, "linear", color=THEORY, size=9, ha="right", va="bottom")
    panels[0].text(80, 0.42, "zero weights,\nrandom biases", color=ZERO, size=9)
    panels[0].text(20, 0.013, "random weights,\nzero biases", color=RANDOM, size=9)
    for axes in met_first(panels)[1:]:
        axes.text(295, 1.3, "zero weights, random biases", color=ZERO, size=9, ha="right")
        axes.text(5, 0.006, "random weights, zero biases", color=RANDOM, size=9)
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
    name_heights(panels, "loss (1 = best constant)")
    panels[0].set(yscale="log", ylim=(0.002, 3))
    for axes in met_first(panels):
        axes.text(0.7, 1.4, "zero weights", color=ZERO, size=9)
        axes.text(0.7, 0.0026, "random weights", color=RANDOM, size=9)
    return figure


def _draw_ends(axes: Axes, ends: Array, shift: float, colour: str, marker: str) -> None:
    """Of the networks `(depths, seeds)` the median, and a bar from the best to the worst."""
    positions = np.arange(1, len(ends) + 1) + shift
    axes.vlines(positions, ends.min(axis=1), ends.max(axis=1), color=colour, linewidth=3, alpha=0.7)
    axes.plot(positions, np.median(ends, axis=1), f"-{marker}", color=colour, linewidth=1)


def wave(result: TheSwap) -> StyledFigure:
    """Size of every layer's gradient before each of the first updates, for both starts."""
    figure, panels = new_figure(height=3.2, columns=2, sharey=True, phone_height=5.0)
    names = ("zero weights, random biases", "random weights, zero biases")
    norms_of = (result.wave["swap"], result.wave["usual"])
    for axes, norms, name, colour in zip(panels, norms_of, names, (ZERO, RANDOM), strict=True):
        middle = np.median(norms[:UPDATES], axis=-1).T
        layers = len(middle)
        decades = np.log10(np.where(middle > 0, middle, np.nan))
        axes.pcolormesh(
            np.arange(UPDATES + 1) + 0.5,
            np.arange(layers + 1) + 0.5,
            decades,
            cmap=SIZES,
            norm=DECADES,
            edgecolors=SURFACE,
            linewidth=1,
        )
        for layer, update in np.argwhere(middle == 0) + 1:
            axes.text(update, layer, "0", color=MUTED, ha="center", va="center_baseline", size=9)
        axes.set(xlabel="update", xticks=[1, 5, 10], yticks=range(1, layers + 1))
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(name, size=10, color=colour)
    name_heights(panels, "layer")
    ticks = {-18: "10⁻¹⁸", -12: "10⁻¹²", -6: "10⁻⁶", 0: "1"}
    draw_size_bar(figure, panels, DECADES, ticks, "norm of the weight gradient")
    return figure


def matrices(result: TheSwap) -> StyledFigure:
    """The first weight matrix after training from both starts, each in its own scale."""
    figure, panels = new_figure(height=4.9, columns=2, phone_height=5.0, phone_columns=2)
    features = numbered("x", result.matrices["swap"].shape[1])
    for axes, start, name, colour in (
        (panels[0], "swap", on_lines("zero weights,", "random biases"), ZERO),
        (panels[1], "usual", on_lines("random weights,", "zero biases"), RANDOM),
    ):
        matrix = result.matrices[start]
        limit = float(np.abs(matrix).max())
        units = [f"unit {i}" for i in range(1, len(matrix) + 1)] if axes is panels[0] else ()
        draw_matrix(axes, matrix, limit=limit, rows=units, columns=features)
        axes.set_title(name, size=10, color=colour)
        axes.set_xlabel(f"largest weight {limit:.1g}".replace("e-0", "e-"), color=MUTED)
        axes.set_aspect("auto")
    draw_sign_bar(figure, panels, 1.0, "weight / largest weight")
    return figure


def reach(result: TheSwap) -> StyledFigure:
    """For how many networks the swap with three hidden layers stands still, by setting."""
    return reach_figure(result.reach)
