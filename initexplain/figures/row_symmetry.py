"""Figures of the page "Row symmetry"."""

import numpy as np

from initexplain.experiments.row_symmetry import RowSymmetry
from initexplain.figures.diagrams import draw_matrix, draw_sign_bar, numbered
from initexplain.figures.palette import CONSTANT, INK, MUTED, RANDOM, ZERO
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, new_figure, on_lines, on_phone


def rows(result: RowSymmetry) -> StyledFigure:
    """The first weight matrix at three steps of training, for three starts."""
    figure, panels = new_figure(height=5.1, rows=3, columns=3, phone_height=5.0, phone_columns=3)
    starts = (("zero", ZERO), ("constant", CONSTANT), ("random", RANDOM))
    limit = max(np.abs(matrices).max() for matrices in result.matrices.values())
    _, rows, columns = result.matrices["zero"].shape
    units = [str(i) if on_phone() else f"unit {i}" for i in range(1, rows + 1)]
    for row, (start, colour) in enumerate(starts):
        for column, step in enumerate(result.recorded_steps):
            axes = panels[3 * row + column]
            draw_matrix(
                axes,
                result.matrices[start][column],
                limit=limit,
                rows=units if column == 0 else (),
                columns=numbered("x", columns) if row == 2 else (),
            )
            if row == 0:
                axes.set_title(on_lines(f"after {step}", "updates"), size=10, color=INK)
        panels[3 * row].set_ylabel(
            start, color=colour, size=11, rotation=0, ha="right", va="center"
        )
    if on_phone():
        panels[0].text(-0.4, -0.5, "unit", color=MUTED, size=8, ha="right")
    draw_sign_bar(figure, panels, limit, "weight")
    return figure


def losses(result: RowSymmetry) -> StyledFigure:
    """Loss against step for the three starts."""
    figure, (axes,) = new_figure(height=3.0)
    last = len(result.losses["zero"]) - 1
    for start, text, colour, line in (
        ("zero", "zero: frozen", ZERO, "-"),
        ("constant", "constant: one unit,\ncopied", CONSTANT, "--"),
        ("random", "random", RANDOM, "-"),
    ):
        axes.plot(result.losses[start], line, color=colour)
        label_line(axes, last, result.losses[start][-1], text, colour)
    axes.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(0, last))
    return figure


def reach(result: RowSymmetry) -> StyledFigure:
    """On how many data sets the constant start clones, by setting."""
    return reach_figure(result.reach)
