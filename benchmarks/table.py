"""What a benchmark found, as Markdown: the machine, one chart, one table."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.chart import MARKS, chart
from benchmarks.problem import SETTINGS

TITLES = {"tanh": "narrow, tanh", "relu": "narrow, ReLU", "wide": "wide, tanh"}
ALT = (
    "Dots of four implementations for each of six sweeps, against how many times as long as "
    "initexplain they take. The values are those of the table below."
)


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


@dataclass(frozen=True)
class Row:
    """One sweep in the table.

    Attributes:
        name: of the sweep.
        steady: seconds of a later training here, the median of the rounds.
        whole: seconds of the whole process.
        share: of the machine's matrix-product peak.
        alone: seconds of the products and of the activations alone.
        ratios: of every other implementation, of a later training and of the whole process.
        spread: the largest of these ratios in a round, over the smallest.
    """

    name: str
    steady: float
    whole: float
    share: float
    alone: tuple[float, float]
    ratios: dict[str, tuple[float, float]]
    spread: float


def rows(results: Sequence[Result], bounds: Sequence[Bound]) -> list[Row]:
    """A row for each setting and dtype, measured by its first implementation."""
    found = []
    for bound in bounds:
        case = bound.setting, bound.dtype
        ours, *others = (r for r in results if (r.setting, r.dtype) == case)
        rounds = {
            other.implementation: (
                _ratios(other.steady, ours.steady),
                _ratios(other.whole, ours.whole),
            )
            for other in others
        }
        found.append(
            Row(
                name=f"{TITLES[bound.setting]}, {bound.dtype}",
                steady=statistics.median(ours.steady),
                whole=statistics.median(ours.whole),
                share=ours.share,
                alone=(bound.products, bound.activations),
                ratios={
                    name: (statistics.median(steady), statistics.median(whole))
                    for name, (steady, whole) in rounds.items()
                },
                spread=max(max(r) / min(r) for pair in rounds.values() for r in pair),
            )
        )
    return found


def markdown(found: Sequence[Row], machine: str) -> str:
    """The sweeps, the chart and the table, each a section that the page includes by its name."""
    kinds = {TITLES[name].partition(",")[0]: setting for name, setting in SETTINGS.items()}
    sweeps = [
        f"- *{kind.capitalize()}*: {of.networks} networks, {of.hidden_layers} hidden layers of "
        f"{of.units} units, {of.examples} examples, {of.steps} updates."
        for kind, of in kinds.items()
    ]
    drawn = chart({row.name: {k: v for k, (v, _) in row.ratios.items()} for row in found}, ALT)
    table = [
        f"| sweep | initexplain, s | of peak | alone, s | {' | '.join(MARKS)} |",
        f"|---|--:|--:|--:|{'--:|' * len(MARKS)}",
    ]
    for row in found:
        cells = [
            row.name,
            f"{row.steady:.2f} / {row.whole:.2f}",
            f"{row.share:.0%}",
            "{:.2f} / {:.2f}".format(*row.alone),
            *("{:.1f} / {:.1f}".format(*row.ratios[name]) for name in MARKS),
        ]
        table.append(f"| {' | '.join(cells)} |")
    spread = max(row.spread for row in found)
    table += ["", f"{machine} The ratio of one round is at most {spread:.2f} times another's."]
    return "\n".join(
        line
        for name, lines in (("sweeps", sweeps), ("chart", [drawn]), ("table", table))
        for line in (
            f"<!-- --8<-- [start:{name}] -->",
            *lines,
            f"<!-- --8<-- [end:{name}] -->",
            "",
        )
    )


def _ratios(own: Sequence[float], measure: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(own, measure, strict=True)]
