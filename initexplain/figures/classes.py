"""Classes of units as rows of tiles."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from initexplain.figures.diagrams import class_fills, class_names
from initexplain.figures.palette import INK, SURFACE
from initexplain.figures.style import write_inside
from initexplain.symmetry import SignedClasses


def runs(labels: Sequence[object]) -> list[tuple[int, int]]:
    """Start and length of each stretch of equal labels."""
    starts = [i for i, label in enumerate(labels) if i == 0 or label != labels[i - 1]]
    return [(a, b - a) for a, b in zip(starts, [*starts[1:], len(labels)], strict=True)]


def draw_classes(axes: Axes, left: float, row: float, classes: Sequence[SignedClasses]) -> None:
    """A filled tile with the name of its class per unit; a dot for a unit alone in its class."""
    x = left
    for labels, signs in classes:
        names = class_names(labels.tolist(), signs.tolist())
        fills = [class_fills(names)[name.lstrip("−")] for name in names]
        for start, length in runs(fills):
            if fills[start] != SURFACE:
                corner = (x + start - 0.5, row - 0.4)
                axes.add_patch(Rectangle(corner, length, 0.8, facecolor=fills[start], lw=0))
        alone = [x + i for i, fill in enumerate(fills) if fill == SURFACE]
        axes.plot(alone, [row] * len(alone), "o", color=INK, ms=3)
        for i, name in enumerate(names):
            if fills[i] != SURFACE:
                write_inside(axes, x + i, row, name, 9)
        x += len(names) + 1
