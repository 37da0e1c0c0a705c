"""The table of a benchmark's results, as Markdown."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

TITLES = {
    "tanh": "48 networks, 8 hidden layers of 32 tanh units, 128 examples, 200 updates",
    "relu": "The same with ReLU units",
    "wide": "12 networks, 3 hidden layers of 256 tanh units, 256 examples, 50 updates",
}


@dataclass(frozen=True)
class Result:
    """What the processes of one implementation took on one setting.

    Attributes:
        setting: its name.
        dtype: "float32" or "float64".
        implementation: its name.
        steady: seconds of a later training, one per round.
        whole: seconds from the start of the process to the end of its first training.
        share: of the machine's matrix-product peak, by the median of `steady`.
    """

    setting: str
    dtype: str
    implementation: str
    steady: Sequence[float]
    whole: Sequence[float]
    share: float


@dataclass(frozen=True)
class Bound:
    """What two parts of a sweep take alone in numpy, in seconds on all cores.

    Attributes:
        setting: its name.
        dtype: "float32" or "float64".
        products: the matrix products.
        activations: the activations and their slopes.
    """

    setting: str
    dtype: str
    products: float
    activations: float


def table(results: Sequence[Result], bounds: Sequence[Bound], machine: str) -> str:
    """Markdown: the machine, then a table per setting and dtype, measured by its first row."""
    lines = [machine, ""]
    for bound in bounds:
        case = bound.setting, bound.dtype
        rows = [r for r in results if (r.setting, r.dtype) == case]
        lines += [
            f"**{TITLES[bound.setting]}, {bound.dtype}**",
            "",
            "| implementation | steady, s | times ours | whole, s | times ours | of peak |",
            "|---|--:|--:|--:|--:|--:|",
            *(_row(row, rows[0]) for row in rows),
            "",
            f"In numpy alone the matrix products take {bound.products:.2f} s, the activations and "
            f"their slopes {bound.activations:.2f} s.",
            "",
        ]
    return "\n".join(lines)


def _row(result: Result, ours: Result) -> str:
    cells = [result.implementation]
    for own, measure in ((result.steady, ours.steady), (result.whole, ours.whole)):
        cells.append(f"{statistics.median(own):.2f}")
        cells.append("" if result is ours else _ratio(own, measure))
    return "| " + " | ".join([*cells, f"{result.share:.0%}"]) + " |"


def _ratio(own: Sequence[float], measure: Sequence[float]) -> str:
    """Median of the rounds' ratios, with the smallest and the largest."""
    ratios = [a / b for a, b in zip(own, measure, strict=True)]
    middle, low, high = statistics.median(ratios), min(ratios), max(ratios)
    return f"{middle:.1f} ({low:.1f}–{high:.1f})"
