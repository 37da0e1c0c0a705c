"""Figures of the page "What other pages say about symmetry"."""

import numpy as np

from initexplain.experiments.symmetry_errata import SymmetryErrata
from initexplain.figures.diagrams import draw_matrix, numbered
from initexplain.figures.palette import CONSTANT, INK, RANDOM
from initexplain.figures.style import (
    StyledFigure,
    draw_curves,
    label_line,
    new_figure,
    on_phone,
    write_inside,
)


def gradient(result: SymmetryErrata) -> StyledFigure:
    """The gradient of a constant first matrix, and the matrix after one update."""
    figure, panels = new_figure(height=1.7, columns=2, phone_height=3.4)
    columns = numbered("x", result.gradient.shape[1])
    shown = (("gradient", result.gradient), ("weights after one update", result.after))
    for number, (axes, (title, matrix)) in enumerate(zip(panels, shown, strict=True)):
        rows = ["unit 1", "unit 2"] if number == 0 or on_phone() else ()
        # pale cells: the numbers on them are what counts
        draw_matrix(axes, matrix, limit=3 * np.abs(matrix).max(), rows=rows, columns=columns)
        axes.set_title(title, size=10, color=INK)
        for (i, j), value in np.ndenumerate(matrix):
            text = f"{value:.4f}".replace("-", "−")
            write_inside(axes, j + 0.5, i + 0.5, text, 9)
    return figure


def constant_layers(result: SymmetryErrata) -> StyledFigure:
    """Loss against step with two, one or no constant matrix."""
    figure, (axes,) = new_figure(height=3.2)
    last = len(result.losses["both"].values) - 1
    for name, text, colour, line, shift in (
        ("both", "both constant", CONSTANT, "-", 1.0),
        ("incoming", "incoming constant,\noutgoing random", CONSTANT, "--", 1.2),
        ("neither", "both random", RANDOM, "-", 0.8),
    ):
        curves = result.losses[name]
        draw_curves(axes, curves, colour, line)
        label_line(axes, last, curves.final * shift, text, colour)
    axes.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(0, last))
    return figure
