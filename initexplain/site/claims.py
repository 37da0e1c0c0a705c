"""Numbers in prose, `[1.019](claim:page.attribute)`: compared at the precision written.

`python -m initexplain.site docs` rewrites the stale ones below a folder.
"""

import re
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from initexplain.site import results

LINK = re.compile(r"\[(?P<text>[^\]\[]+)\]\(claim:(?P<name>[\w.-]+)\)")
# code, which shows how a claim is written and is none; in a notebook behind comment signs
_CODE = r"(?P<code>^[# ]*(?P<fence>```+|~~~+)[^\n]*\n.*?^[# ]*(?P=fence)|`[^`\n]*`)"
_CODE_OR_LINK = re.compile(f"{_CODE}|{LINK.pattern}", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(
    r"(?P<sign>[-−]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<fraction>[0-9]+))?"
    # a float has no larger exponent
    r"(?:e(?P<exponent>[-−]?[0-9]{1,3})|(?P<percent>\s?%))?"
)
# room for values that sit on the edge between two roundings and tip over on another machine
_EDGE = Decimal("1e-6")


class StaleClaimError(ValueError):
    """A number in the text differs from what the package computes."""


@dataclass(frozen=True)
class WrittenNumber:
    """A number as it stands in the text.

    Attributes:
        value: its value.
        places: digits after the point.
        exponent: the power of ten that is written; None if there is none.
        percent: the percent sign and the space before it; empty if there is none.
        comma: what separates thousands: a comma or nothing.
        minus: the character in front of negative numbers.
    """

    value: Decimal
    places: int
    exponent: int | None
    percent: str
    comma: str
    minus: str

    @classmethod
    def parse(cls, text: str) -> "WrittenNumber":
        """Reads `6`, `2,000`, `-4.595`, `1e-26`, `50 %`; the minus may be a hyphen or U+2212.

        Raises:
            ValueError: the text is no such number.

        Examples:
            >>> number = WrittenNumber.parse("−4.595")
            >>> number.value, number.places, number.unit
            (Decimal('-4.595'), 3, Decimal('0.001'))
        """
        match = _NUMBER.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a number such as 6, 2,000, -4.595, 1.2e-26 or 50 %")
        digits = text.strip().removesuffix(match["percent"] or "").replace(",", "")
        value = Decimal(digits.replace("−", "-"))
        return cls(
            value=value / 100 if match["percent"] else value,
            places=len(match["fraction"] or ""),
            exponent=int(match["exponent"].replace("−", "-")) if match["exponent"] else None,
            percent=match["percent"] or "",
            comma="," if "," in match["whole"] else "",
            minus="−" if "−" in text else "-",
        )

    @property
    def unit(self) -> Decimal:
        """One in the last digit written."""
        return Decimal(1).scaleb((self.exponent or 0) - self.places - 2 * bool(self.percent))

    def agrees(self, value: float) -> bool:
        """Whether `value`, rounded to the precision written, is the number written."""
        if self.value.is_signed() and not self.value:  # zero has no sign
            return False
        return abs(Decimal(value) - self.value) <= self.unit * (Decimal("0.5") + _EDGE)

    def rewritten(self, value: float) -> str:
        """The text for `value`, in the same form and precision.

        Examples:
            >>> WrittenNumber.parse("1.2e-5").rewritten(3.456e-7)
            '3.5e-7'
            >>> WrittenNumber.parse("49 %").rewritten(0.5)
            '50 %'
        """
        if self.exponent is not None:
            mantissa, exponent = f"{value:.{self.places}e}".split("e")
            text = f"{mantissa}e{int(exponent)}"
        else:
            text = f"{value * 100 if self.percent else value:{self.comma}.{self.places}f}"
        # a value that rounds to zero has no sign
        text = text if re.search("[1-9]", text) else text.removeprefix("-")
        return text.replace("-", self.minus) + self.percent


def check(text: str, name: str) -> results.ClaimedValue:
    """The value behind `name`, if the number written agrees with it.

    Raises:
        ValueError: the text is not a number, or the name is unknown.
        StaleClaimError: the number differs; the message has both.
    """
    try:
        written = WrittenNumber.parse(text)
    except ValueError as error:
        raise ValueError(f"claim {name}: {error}") from None
    found = results.claim(name)
    if not written.agrees(found.value):
        raise StaleClaimError(
            f"claim {name}: the text says {text}, computed {written.rewritten(found.value)} "
            f"({found.value!r}); `make claims` rewrites it"
        )
    return found


def typeset(text: str) -> str:
    """The number as print sets it: a true minus, powers of ten as such.

    Examples:
        >>> typeset("-1.2e-26"), typeset("2,000")
        ('−1.2 × 10⁻²⁶', '2,000')
    """
    mantissa, power, exponent = text.replace("-", "−").partition("e")
    if not power:
        return mantissa
    raised = exponent.translate(str.maketrans("−+0123456789", "⁻⁺⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"10{raised}" if mantissa == "1" else f"{mantissa} × 10{raised}"


def rewrite(markdown: str) -> tuple[str, list[str]]:
    """The Markdown with every stale number outside code rewritten, and a line for each change.

    Raises:
        ValueError: a name is unknown or a text is no number.
    """
    changes = []

    def renewed(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        number = match["text"].strip("*_ \r\n")  # it may be set in bold
        written = WrittenNumber.parse(number)
        found = results.claim(match["name"])
        if written.agrees(found.value):
            return match[0]
        text = written.rewritten(found.value)
        changes.append(f"{match['name']}: {number} -> {text}")
        return f"[{match['text'].replace(number, text)}](claim:{match['name']})"

    return _CODE_OR_LINK.sub(renewed, markdown), changes


def rewrite_folders(folders: list[str]) -> int:
    """Rewrites the stale numbers of all Markdown and notebook sources below the folders."""
    paths = [p for f in folders for p in sorted(Path(f).rglob("*")) if p.suffix in (".md", ".py")]
    failed = False
    for path in paths:
        try:
            # as bytes: line ends stay as they are
            renewed, changes = rewrite(path.read_bytes().decode("utf-8"))
        except ValueError as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = True
            continue
        for change in changes:
            print(f"{path}: {change}")
        if changes:
            path.write_bytes(renewed.encode("utf-8"))
    print(f"{len(paths)} pages read")
    return int(failed)
