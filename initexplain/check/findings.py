"""What a check found: findings, and the report that shows them to a reader, a test or a machine."""

import html
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

Level = Literal["FAIL", "WARN", "ok"]

# where the site explains a rule; those without a page of their own are on that of the check
PAGES = {
    "clones": "symmetry/redundancy",
    "copies": "symmetry/row-symmetry",
    "dead": "biases/nonzero-biases",
    "embedding": "symmetry/row-symmetry",
    "freeze": "symmetry/freeze-or-clone",
    "gradient": "scale/gradient-ratio",
    "loss": "biases/nonzero-biases",
    "memory": "biases/nonzero-biases",
    "saturated": "scale/linear-region",
    "scale": "scale/linear-region",
    "signal": "scale/through-depth",
    "zero": "biases/fine-zeros",
}
_SHOWN = 20  # groups of a level that a report prints


@dataclass(frozen=True)
class Finding:
    """One thing that a rule says about a network.

    Attributes:
        level: "FAIL": the network cannot train as it should; "WARN": look at it; "ok": said for
            information.
        rule: the rule's name.
        where: the parameter or module, as its framework spells it; empty for the whole network.
        message: what was found.
        value: the number that decided, if there is one.
        remedy: what to do, in a line.

    Examples:
        >>> Finding("ok", "zero", "head.weight", "all zero, and waits for one update").page
        'biases/fine-zeros'
    """

    level: Level
    rule: str
    where: str
    message: str
    value: float | str | None = None
    remedy: str = ""

    @property
    def page(self) -> str:
        """The page of the site that explains the rule."""
        return PAGES.get(self.rule, "check")


@dataclass(frozen=True)
class Report:
    """The findings about one network, the worst first. Printing it groups those that are alike.

    Attributes:
        subject: the network, in a few words.
        findings: all findings.

    Examples:
        >>> found = [Finding("FAIL", "finite", f"layers.{i}.weight", "2 of 9 values are not finite",
        ...                  2, "find what divided by zero") for i in range(40)]
        >>> print(Report.of("a network", [*found, Finding("ok", "zero", "head", "all zero")]))
        a network
        FAIL  finite  layers.*.weight (40): 2 of 9 values are not finite
              remedy: find what divided by zero
              page: check
        ok    zero    head: all zero
        40 FAIL, 0 WARN
    """

    subject: str
    findings: tuple[Finding, ...]

    @classmethod
    def of(cls, subject: str, findings: Iterable[Finding]) -> "Report":
        """A report with the findings in order: FAIL, WARN, ok; within a level as they came."""
        order = {"FAIL": 0, "WARN": 1, "ok": 2}
        return cls(subject, tuple(sorted(findings, key=lambda finding: order[finding.level])))

    @property
    def ok(self) -> bool:
        """Whether nothing fails. Warnings do not count."""
        return not self._count("FAIL")

    def to_dict(self) -> dict[str, Any]:
        """The report as plain data, for JSON; a value that is not finite becomes its name."""
        rows = [asdict(finding) | {"page": finding.page} for finding in self.findings]
        for row in rows:
            if isinstance(row["value"], float) and not math.isfinite(row["value"]):
                row["value"] = str(row["value"])
        return {"subject": self.subject, "ok": self.ok, "findings": rows}

    def __str__(self) -> str:
        groups = _grouped(self.findings)
        width = max((len(group[0].rule) for group in groups), default=0)
        lines = [self.subject]
        for level in ("FAIL", "WARN", "ok"):
            alike = [group for group in groups if group[0].level == level]
            for group in alike[:_SHOWN]:
                lines += _lines(group, width)
            if len(alike) > _SHOWN:
                lines.append(f"{level:<6}and {len(alike) - _SHOWN} more kinds in report.findings")
        return "\n".join([*lines, self._summary()])

    def _repr_html_(self) -> str:
        """The report as a table, for a notebook."""
        rows = []
        for group in _grouped(self.findings):
            first = group[0]
            cells = first.level, first.rule, _place(group), _message(group), first.remedy
            rows.append("".join(f"<td>{html.escape(cell)}</td>" for cell in cells))
        head = "".join(f"<th>{name}</th>" for name in ("", "rule", "where", "what", "remedy"))
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        caption = html.escape(f"{self.subject}: {self._summary()}")
        return f"<table><caption>{caption}</caption><tr>{head}</tr>{body}</table>"

    def _count(self, level: Level) -> int:
        return sum(finding.level == level for finding in self.findings)

    def _summary(self) -> str:
        return f"{self._count('FAIL')} FAIL, {self._count('WARN')} WARN"


def numbered(name: str) -> str:
    """A name, or a message, with its numbers left out: what is alike has the same."""
    return re.sub(r"\d+(?:\.\d+)?(?:e[-+]?\d+)?", "*", name)


def _grouped(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings that differ only in numbers together; what is only said, by rule."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike: tuple[str, ...] = finding.level, finding.rule
        if finding.level != "ok":
            alike += numbered(finding.where), numbered(finding.message)
        groups.setdefault(alike, []).append(finding)
    return list(groups.values())


def _lines(group: list[Finding], width: int) -> list[str]:
    first = group[0]
    place = _place(group)
    lines = [f"{first.level:<6}{first.rule:<{width}}  {place}{': ' * bool(place)}{_message(group)}"]
    if first.level != "ok":
        lines += [f"      remedy: {first.remedy}"] * bool(first.remedy)
        lines += [f"      page: {first.page}"]
    return lines


def _place(group: list[Finding]) -> str:
    if len(group) == 1:
        return group[0].where
    patterns = dict.fromkeys(numbered(finding.where) for finding in group)
    more = f" and {len(patterns) - 1} more" if len(patterns) > 1 else ""
    return f"{next(iter(patterns))}{more} ({len(group)})"


def _message(group: list[Finding]) -> str:
    """The first message, whether all say the same, and the range of the values."""
    values = [f.value for f in group if isinstance(f.value, float | int) and math.isfinite(f.value)]
    least, most = (min(values), max(values)) if values else (0, 0)
    spread = f" ({least:.3g} to {most:.3g})" if least != most else ""
    others = ", and others" if len({numbered(finding.message) for finding in group}) > 1 else ""
    return group[0].message + others + spread
