"""The figure of "How far this reaches"."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from initexplain.experiments.reach import Row
from initexplain.figures.palette import GRID, INK, MEASURED, MUTED
from initexplain.figures.style import StyledFigure, label_line, new_figure, on_phone


def draw_reach(axes: Axes, rows: Mapping[str, Row], *, told: bool = True) -> None:
    """Draws for how many seeds a verdict holds, one bar for each setting, the page's on top.

    The whole bar is all seeds. The filled part is where the verdict holds, the hatched part where
    the training diverged. What differs stands left of a bar; on a phone, above it.

    Args:
        axes: where to draw.
        rows: from [`reach`][initexplain.experiments.reach.reach].
        told: whether the number of those that diverged is written too.
    """
    below, height = (0.24, 0.34) if on_phone() else (0, 0.62)
    middles = np.arange(len(rows)) + below
    holds = [row.holds / row.seeds for row in rows.values()]
    diverged = np.array([row.diverged / row.seeds for row in rows.values()])
    axes.barh(middles, 1, height=height, facecolor="none", edgecolor=GRID, linewidth=0.8)
    axes.barh(middles, holds, height=height, color=MEASURED)
    (some,) = diverged.nonzero()
    bars: dict[str, Any] = {"height": height, "hatch": "////", "fc": "none", "ec": MUTED, "lw": 0}
    axes.barh(middles[some], diverged[some], left=1 - diverged[some], **bars)
    for middle, row in zip(middles, rows.values(), strict=True):
        count = f"{row.holds} of {row.seeds}"
        text = f"{count}, {row.diverged} diverged" if told and row.diverged else count
        label_line(axes, 1, middle, text, INK, xytext=(6, 0))
        if on_phone():
            label_line(axes, 0, middle - height / 2, row.label, INK, xytext=(0, 2), va="bottom")
    labels = [] if on_phone() else [row.label for row in rows.values()]
    axes.set_yticks(range(len(labels)), labels)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set_xticks([])
    axes.set(xlim=(0, 1), ylim=(len(rows) - 0.5, -0.5))
    axes.spines[:].set_visible(False)


def reach_figure(*verdicts: Mapping[str, Row], titles: Sequence[str] = ("",)) -> StyledFigure:
    """The figure of "How far this reaches": the variations of a verdict, or of a few side by side.

    Args:
        *verdicts: rows of each, from [`reach`][initexplain.experiments.reach.reach], of the same
            variations.
        titles: what each verdict says.
    """
    lines = max(title.count("\n") + bool(title) for title in titles)
    rows_of = len(verdicts[0])
    figure, panels = new_figure(
        height=0.35 + 0.27 * rows_of + 0.17 * lines,
        phone_height=(0.35 + 0.34 * rows_of + 0.17 * lines) * len(verdicts),
        columns=len(verdicts),
        sharey=True,
    )
    for axes, rows, title in zip(panels, verdicts, titles, strict=True):
        draw_reach(axes, rows, told=len(verdicts) == 1 or on_phone())
        axes.set_title(title, size=10, color=MUTED, loc="left")
        # room for what is written right of the bars
        axes.set_xlim(0, 1.65 if on_phone() else 1.5 if len(verdicts) == 1 else 2.0)
    return figure
