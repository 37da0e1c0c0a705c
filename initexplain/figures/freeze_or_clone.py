"""Figures of the page "Freeze or clone"."""

import numpy as np

from initexplain.experiments.freeze_or_clone import FEATURES, FreezeOrClone
from initexplain.figures.diagrams import draw_matrix, draw_sign_bar, numbered
from initexplain.figures.palette import CONSTANT, INK, RANDOM, THEORY, ZERO
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, new_figure, on_phone


def zero_starts(result: FreezeOrClone) -> StyledFigure:
    """All parameters of the hidden units after training from zero, for three activations."""
    figure, panels = new_figure(height=2.9, columns=3, phone_height=6.6)
    names = {"tanh": "tanh", "relu": "ReLU", "logistic": "logistic"}
    limit = max(np.abs(result.unit_tables[activation]).max() for activation in names)
    units, parameters = result.unit_tables["tanh"].shape
    columns = [*numbered("x", FEATURES), "b", *numbered("y", parameters - FEATURES - 1)]
    for axes, (activation, name) in zip(panels, names.items(), strict=True):
        named = axes is panels[0] or on_phone()
        rows = [f"unit {i}" for i in range(1, units + 1)] if named else ()
        table = result.unit_tables[activation]
        draw_matrix(axes, table, limit=limit, rows=rows, columns=columns)
        # incoming weights | bias | outgoing weights
        for edge in (FEATURES, FEATURES + 1):
            axes.plot([edge, edge], [0, units], color=INK, linewidth=1.2)
        verdict = "frozen" if result.largest_gradient[activation] == 0 else "clones"
        axes.set_title(f"{name}: {verdict}", size=11, color=ZERO)
    draw_sign_bar(figure, panels, limit, "parameter after training")
    return figure


def one_unit(result: FreezeOrClone) -> StyledFigure:
    """Loss against step: clones, the one unit that equals them, and a random start."""
    figure, (axes,) = new_figure(height=3.2)
    clones, single, random = (result.losses[start] for start in ("clones", "one_unit", "random"))
    last = len(clones) - 1
    axes.plot(clones, color=CONSTANT)
    some = np.unique(np.geomspace(1, last + 1, 24).astype(int)) - 1
    axes.plot(some, single[some], "o", color=THEORY, fillstyle="none", markersize=7, clip_on=False)
    axes.plot(random, "--", color=RANDOM)
    label_line(axes, last, clones[-1] * 1.25, "line: equal units", CONSTANT)
    label_line(axes, last, clones[-1] / 1.25, "circles: one unit", THEORY)
    label_line(axes, last, random[-1], "random units", RANDOM)
    axes.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(-3, last))
    return figure


def reach(result: FreezeOrClone) -> StyledFigure:
    """On how many data sets the all-zero start of tanh units freezes, by setting."""
    return reach_figure(result.reach)
