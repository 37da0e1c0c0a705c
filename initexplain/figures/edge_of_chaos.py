"""Figures of the page "The edge of chaos"."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from initexplain.checks import Array
from initexplain.experiments.edge_of_chaos import (
    LECUN_SCALE,
    LENGTHS,
    TORCH_SCALE,
    EdgeOfChaos,
)
from initexplain.figures.diagrams import draw_size_bar
from initexplain.figures.palette import GRID, INK, MEASURED, MUTED, SIZES, SURFACE, THEORY
from initexplain.figures.style import StyledFigure, name_heights, new_figure, on_lines

# the colours run from the loss of the best constant output to one a thousand times smaller
DECADES = 3.0
GROWN = 2.0  # times the loss of the best constant


def maps(result: EdgeOfChaos) -> StyledFigure:
    """Loss after training across depth and weight scale, with six correlation lengths on top."""
    figure, (tanh, relu) = new_figure(height=5.0, columns=2, sharey=True, phone_height=7.6)
    for axes, name, text in ((tanh, "tanh", "tanh"), (relu, "relu", "ReLU")):
        _draw(axes, result, name)
        axes.set_title(text, size=10, color=INK, pad=24)
        axes.set_xlabel("weight scale σ × √(fan-in)")
    name_heights((tanh, relu), "hidden layers")
    _mark(tanh, TORCH_SCALE, "torch", ha="center")
    _mark(tanh, 1.0, "Glorot", ha="right")
    _mark(tanh, LECUN_SCALE, "LeCun 1998", ha="left")
    _mark(relu, 2**0.5, "He", ha="center")
    for axes, x, y, text in (
        (tanh, 0.66, 27, "dies"),
        (tanh, 1.9, 33, "chaotic"),
        (relu, 0.95, 27, "dies"),
        (relu, 2.5, 12, "explodes"),
        (tanh, result.edge["tanh"], 2.35, "edge"),
        (relu, result.edge["relu"], 2.35, "edge"),
    ):
        # no one colour is legible on every step of the map
        ground = {"facecolor": SURFACE, "edgecolor": "none", "pad": 2}
        axes.text(x, y, text, color=INK, ha="center", va="center", bbox=ground)
    ticks = {0: "1", 1: "0.1", 2: "0.01", 3: "0.001"}
    text = on_lines("loss after training", "(1: best constant; hatched: grown)")
    draw_size_bar(figure, [tanh, relu], Normalize(0, DECADES), ticks, text)
    return figure


def reach(result: EdgeOfChaos) -> StyledFigure:
    """How many correlation lengths deep networks train, in each of the settings."""
    rows = result.reach
    figure, (axes,) = new_figure(height=0.9 + 0.27 * len(rows))
    for place, name in enumerate(rows):
        axes.axhline(place, color=GRID, linewidth=0.8, zorder=0)
        found = np.median(result.border[name], axis=1)
        axes.plot(found, np.full(len(found), place), "o-", color=MEASURED)
    axes.axvline(LENGTHS, color=THEORY, linewidth=1.2, linestyle="--")
    axes.annotate(
        "six lengths",
        (LENGTHS, 1),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        xytext=(0, 4),
        color=THEORY,
        ha="center",
        va="bottom",
        annotation_clip=False,
    )
    axes.set_yticks(range(len(rows)), [row.label for row in rows.values()])
    axes.set(xscale="log", ylim=(len(rows) - 0.5, -0.5), xlim=(1.5, 50))
    axes.set_xlabel(on_lines("depth down to which networks train,", "in correlation lengths"))
    axes.set_xticks([2, 3, 6, 12, 24, 48], ["2", "3", "6", "12", "24", "48"])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)
    return figure


def _draw(axes: Axes, result: EdgeOfChaos, name: str) -> None:
    x, y = _edges(result.scales[name]), _edges(result.depths)
    with np.errstate(divide="ignore"):
        fall = -np.log10(result.losses[name])
    levels = np.clip(fall / DECADES * SIZES.N, 0, SIZES.N - 1).astype(int)
    grown = fall < -np.log10(GROWN)
    for level in np.unique(levels[~grown]):
        cells = Path.make_compound_path(*_runs((levels == level) & ~grown, x, y))
        axes.add_patch(
            PathPatch(cells, facecolor=SIZES(level), edgecolor=SIZES(level), linewidth=0.4)
        )
    if grown.any():
        cells = Path.make_compound_path(*_runs(grown, x, y))
        axes.add_patch(
            PathPatch(cells, facecolor="none", edgecolor=MUTED, hatch="////", linewidth=0)
        )
    scales, depths, edge = result.curve_scales[name], result.curve_depths[name], result.edge[name]
    for side in (scales < edge, scales > edge):
        shown = np.isfinite(depths) & side
        axes.plot(scales[shown], depths[shown], color=THEORY)
    axes.axvline(edge, color=THEORY, linestyle="--", linewidth=1.2)
    axes.set(xscale="log", yscale="log", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    ticks = [0.5, 0.7, 1, 1.4, 2, 2.8]
    axes.set_xticks([t for t in ticks if x[0] < t < x[-1]])
    axes.set_yticks([2, 3, 5, 10, 20, 40])
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")


def _runs(cells: Array, x: Array, y: Array) -> list[Path]:
    """The marked cells as rectangles, neighbours of one row joined."""
    found = []
    for row, marked in enumerate(cells):
        steps = np.flatnonzero(np.diff(np.concatenate([[0], marked, [0]])))
        for left, right in zip(steps[::2], steps[1::2], strict=True):
            corners = [
                (x[left], y[row]),
                (x[right], y[row]),
                (x[right], y[row + 1]),
                (x[left], y[row + 1]),
            ]
            found.append(Path([*corners, corners[0]], closed=True))
    return found


def _edges(centres: Array) -> Array:
    """Ends of cells around centres on a log axis."""
    logs = np.log(centres)
    middle = (logs[1:] + logs[:-1]) / 2
    first, last = 2 * logs[0] - middle[0], 2 * logs[-1] - middle[-1]
    ends: Array = np.exp(np.concatenate([[first], middle, [last]]))
    return ends


def _mark(axes: Axes, scale: float, text: str, *, ha: str) -> None:
    """A recipe's place on the axis of scales, above the map."""
    top = axes.get_ylim()[1]
    axes.plot([scale], [top], "v", color=INK, clip_on=False, zorder=3)
    offset = {"left": -3, "center": 0, "right": 3}[ha]
    axes.annotate(
        text,
        (scale, top),
        textcoords="offset points",
        xytext=(offset, 5),
        color=INK,
        size=9,
        ha=ha,
        va="bottom",
    )
