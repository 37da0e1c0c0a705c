"""The chart of a benchmark: how many times as long as this package every other one takes."""

import math
from collections.abc import Mapping, Sequence
from html import escape

MARKS = {
    "JAX (jit, vmap, scan)": "●",
    "PyTorch, batched": "■",
    "PyTorch, loop of modules": "◇",
    "scikit-learn, loop": "△",
}
TICKS = 1, 2, 5, 10
ROW, NAME, TOP, EDGE = 62, 13, 34, 14


def chart(ratios: Mapping[str, Mapping[str, float]], label: str) -> str:
    """HTML of the chart, for a wide column and for a phone's.

    Args:
        ratios: of every setting, by implementation; the names are those of `MARKS`.
        label: what it shows, for readers who do not see it.
    """
    names = [f"{mark} {name}" for name, mark in MARKS.items()]
    drawings = [
        _svg("ie-wide", 680, ["   ".join(names[:2]), "   ".join(names[2:])], ratios, label),
        _svg("ie-phone", 328, names, ratios, label),
    ]
    return f'<div class="ie-drawing">{"".join(drawings)}</div>'


def _svg(
    kind: str,
    width: int,
    legend: Sequence[str],
    ratios: Mapping[str, Mapping[str, float]],
    label: str,
) -> str:
    top = TOP + 18 * len(legend)
    bottom = top + ROW * len(ratios)

    drawn = [ratio for found in ratios.values() for ratio in found.values()]
    lowest, highest = 0.9 * min(1.0, *drawn), 1.2 * max(TICKS[-1], *drawn)

    def at(ratio: float) -> float:
        share = math.log(ratio / lowest) / math.log(highest / lowest)
        return round(EDGE + share * (width - 2 * EDGE), 1)

    parts = [_text(EDGE, 16 + 18 * i, line, "start") for i, line in enumerate(legend)]
    parts.append(_text(at(1), top - 14, "initexplain", "middle"))
    rows = [top + ROW * row for row in range(len(ratios))]
    for tick in TICKS:
        # those of the grid leave the names of the rows free
        spans = [(y + NAME, y + ROW - 6) for y in rows] if tick > 1 else [(top - 8, bottom)]
        lines = " ".join(f"M {at(tick)} {start} V {end}" for start, end in spans)
        role = "grid" if tick > 1 else "ink"
        parts.append(f'<path d="{lines}" style="stroke: var(--ie-{role})"/>')
        parts.append(_text(at(tick), bottom + 16, str(tick), "middle", "muted"))
    for y, (setting, found) in zip(rows, ratios.items(), strict=True):
        parts.append(_text(at(1) + 6, y + 8, setting, "start", "muted"))
        # below each other, so that none hides another
        parts += [
            _text(at(found[name]), y + 25 + 9 * place, mark, "middle")
            for place, (name, mark) in enumerate(MARKS.items())
        ]
    title = "seconds of a training / seconds of initexplain"
    parts.append(_text(width / 2, bottom + 36, title, "middle"))
    return (
        f'<svg class="{kind}" role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {width} {bottom + 44}" width="{width}" height="{bottom + 44}" '
        f"data-search-exclude>{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, anchor: str, role: str = "ink") -> str:
    style = f"font-size: 12px; text-anchor: {anchor}; fill: var(--ie-{role}); white-space: pre"
    return f'<text x="{x}" y="{y}" style="{style}">{escape(text)}</text>'
