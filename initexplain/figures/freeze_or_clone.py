"""Figures of the page "Freeze or clone"."""

import numpy as np

from initexplain.experiments.freeze_or_clone import FreezeOrClone
from initexplain.figures.style import (
    CONSTANT,
    INK,
    RANDOM,
    THEORY,
    ZERO,
    StyledFigure,
    draw_matrix,
    label_line,
    new_figure,
)


def zero_starts(result: FreezeOrClone) -> StyledFigure:
    """All parameters of the hidden units after training from zero, for three activations."""
    figure, panels = new_figure(height=2.5, columns=3)
    starts = (("tanh", result.tanh), ("ReLU", result.relu), ("logistic", result.logistic))
    limit = max(np.abs(start.unit_table).max() for _, start in starts)
    features, outputs = result.features, len(result.tanh.outgoing)
    columns = [f"x{i}" for i in "₁₂₃₄₅₆₇₈₉"[:features]]
    columns += ["b", *(f"y{i}" for i in "₁₂₃₄₅₆₇₈₉"[:outputs])]
    units = [f"unit {i}" for i in range(1, result.units + 1)]
    for number, (axes, (name, start)) in enumerate(zip(panels, starts, strict=True)):
        rows = units if number == 0 else ()
        draw_matrix(axes, start.unit_table, limit=limit, rows=rows, columns=columns)
        # incoming weights | bias | outgoing weights
        for edge in (features, features + 1):
            axes.plot([edge, edge], [0, result.units], color=INK, linewidth=1.2)
        verdict = "frozen" if start.largest_gradient == 0 else "clones"
        axes.set_title(f"{name}: {verdict}", size=11, color=ZERO)
    return figure


def one_unit(result: FreezeOrClone) -> StyledFigure:
    """Loss against step: clones, the one unit that equals them, and a random start."""
    figure, (axes,) = new_figure(height=3.2)
    steps = np.arange(result.steps + 1)
    axes.plot(steps, result.clone_losses, color=CONSTANT)
    some = np.unique(np.geomspace(1, result.steps + 1, 24).astype(int)) - 1
    axes.plot(some, result.one_unit_losses[some], "o", color=THEORY, fillstyle="none", markersize=7)
    axes.plot(steps, result.random_losses, "--", color=RANDOM)
    end = result.clone_loss
    label_line(axes, steps[-1], end * 1.25, "line: equal units", CONSTANT)
    label_line(axes, steps[-1], end / 1.25, "circles: one unit", THEORY)
    label_line(axes, steps[-1], result.random_loss, "random units", RANDOM)
    axes.set_yscale("log")
    axes.set(xlabel="updates", ylabel="loss", xlim=(-3, result.steps))
    return figure
