"""The figure of the lab's page, for readers whose browser runs no script."""

from matplotlib.axes import Axes

from initexplain.experiments.lab import Lab
from initexplain.figures.diagrams import class_fills, class_names
from initexplain.figures.palette import CONSTANT, INK, MUTED, RANDOM, THEORY, ZERO
from initexplain.figures.style import (
    StyledFigure,
    draw_curves,
    label_line,
    new_figure,
    write_inside,
)

STARTS = {
    "zero": ("zero weights", ZERO, "-"),
    "equal": ("equal weights", CONSTANT, "-"),
    "swap": ("zero weights, random biases", ZERO, "--"),
    "random": ("random weights", RANDOM, "-"),
}
"""Name, colour and line."""


def starts(result: Lab) -> StyledFigure:
    """The classes of the units that each start has, and its loss."""
    figure, (units, losses) = new_figure(
        height=3.2, columns=2, gridspec_kw={"width_ratios": [1, 1.3]}
    )
    for row, (start, classes) in enumerate(result.classes.items()):
        name, colour, _ = STARTS[start]
        units.text(-0.5, 2 * row - 0.85, name, color=colour, size=9, va="center")
        x = 0
        for labels, signs in classes:
            _draw_units(units, x, 2 * row, class_names(labels.tolist(), signs.tolist()))
            x += len(labels) + 1
    units.set(xlim=(-0.6, 12.6), ylim=(7, -1.4))
    units.set_axis_off()
    last = len(result.losses["zero"].values) - 1
    for start, curves in result.losses.items():
        draw_curves(losses, curves, *STARTS[start][1:])
    names = {"zero": "zero, with either kind of biases", "equal": "equal", "random": "random"}
    for start, name in names.items():
        curve = result.losses[start].median
        # beside the curve that falls, above those that do not
        falls = start == "random"
        x = int((curve > 3 * curve[-1]).argmin()) if falls else last
        side = {"va": "top", "xytext": (-4, 0)} if falls else {"va": "bottom", "xytext": (0, 4)}
        label_line(losses, x, curve[x], name, STARTS[start][1], size=9, ha="right", **side)
    losses.axhline(result.best_constant, color=THEORY, linewidth=1, linestyle=":")
    losses.set(xlabel="updates", ylabel="loss", yscale="log", xlim=(0, last))
    return figure


def _draw_units(axes: Axes, left: float, row: float, names: list[str]) -> None:
    """A circle for each unit, filled where units share a class."""
    fills = class_fills(names)
    for i, name in enumerate(names):
        edge = MUTED if name == "0" else INK
        axes.plot(left + i, row, "o", ms=9.5, mfc=fills[name.lstrip("−")], mec=edge, mew=1)
        write_inside(axes, left + i, row, name, 8)
