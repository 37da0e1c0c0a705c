"""Numbers in prose, `[1.019](claim:page.attribute)`: compared at the precision written.

`python -m initexplain.site docs` rewrites the stale ones below a folder.
"""

import re
import sys
from decimal import Decimal
from pathlib import Path

from initexplain.site import results

LINK = re.compile(r"\[(?P<text>[^\]\[]+)\]\(claim:(?P<name>[\w.-]+)\)")
# code, which shows how a claim is written and is none; in a notebook behind comment signs
_CODE = r"(?P<code>^[# ]*(?P<fence>```+|~~~+)[^\n]*\n.*?^[# ]*(?P=fence)|`[^`\n]*`)"
_CODE_OR_LINK = re.compile(f"{_CODE}|{LINK.pattern}", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(
    r"[-−]?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.(?P<fraction>[0-9]+))?"
    # a float has no larger exponent
    r"(?:(?P<exponent>e[-−]?[0-9]{1,3})|(?P<percent>\s?%))?"
)
# room for values that sit on the edge between two roundings and tip over on another machine
_EDGE = Decimal("1e-6")


def agrees(text: str, value: float) -> bool:
    """Whether the number written is `value` at the precision written.

    Raises:
        ValueError: the text is no number such as `6`, `2,000`, `-4.595`, `1e-26` or `50 %`; the
            minus may be a hyphen or U+2212.

    Examples:
        >>> agrees("1.019", 1.0192), agrees("98 %", 0.975), agrees("−2e-5", -2.6e-5)
        (True, True, False)
    """
    match = _match(text)
    number = Decimal(re.sub(r"[,\s%]", "", text).replace("−", "-"))
    number = number.scaleb(-2) if match["percent"] else number
    if number.is_signed() and not number:  # zero has no sign
        return False
    unit = Decimal(1).scaleb(int(number.as_tuple().exponent))  # one in the last digit written
    return abs(Decimal(value) - number) <= unit * (Decimal("0.5") + _EDGE)


def rewritten(text: str, value: float) -> str:
    """The text for `value`, in the form and the precision of the number written.

    Examples:
        >>> rewritten("1.2e-5", 3.456e-7), rewritten("49 %", 0.5), rewritten("2,000", 12345.6)
        ('3.5e-7', '50 %', '12,346')
    """
    match = _match(text)
    places, percent = len(match["fraction"] or ""), match["percent"] or ""
    if match["exponent"]:
        mantissa, exponent = f"{value:.{places}e}".split("e")
        new = f"{mantissa}e{int(exponent)}"
    else:
        comma = "," if "," in text else ""
        new = f"{value * 100 if percent else value:{comma}.{places}f}"
    # a value that rounds to zero has no sign
    new = new if re.search("[1-9]", new) else new.removeprefix("-")
    return new.replace("-", "−" if "−" in text else "-") + percent


def _match(text: str) -> re.Match[str]:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a number such as 6, 2,000, -4.595, 1.2e-26 or 50 %")
    return match


def check(text: str, name: str) -> str:
    """The dotted name of what computes the number `name`, if the number written agrees with it.

    Raises:
        ValueError: the text is not a number, the name is unknown, or the number differs.
    """
    value, source = results.claim(name)
    try:
        if not agrees(text, value):
            found = f"computed {rewritten(text, value)} ({value!r}); `make claims` rewrites it"
            raise ValueError(f"the text says {text}, {found}")
    except ValueError as error:
        raise ValueError(f"claim {name}: {error}") from None
    return source


def typeset(text: str) -> str:
    """The number as print sets it: a true minus, powers of ten as such.

    Examples:
        >>> typeset("-1.2e-26"), typeset("2,000")
        ('−1.2 × 10⁻²⁶', '2,000')
    """
    mantissa, power, exponent = text.replace("-", "−").partition("e")
    raised = exponent.translate(str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    factor = "" if mantissa == "1" else f"{mantissa} × "
    return f"{factor}10{raised}" if power else mantissa


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
        value, _ = results.claim(match["name"])
        if agrees(number, value):
            return match[0]
        new = rewritten(number, value)
        changes.append(f"{match['name']}: {number} -> {new}")
        return match[0].replace(number, new, 1)

    return _CODE_OR_LINK.sub(renewed, markdown), changes


def rewrite_folders(folders: list[str]) -> int:
    """Rewrites the stale numbers of all Markdown and notebook sources below the folders.

    Returns 1 where one could not be, which it reports.
    """
    paths = [p for f in folders for p in sorted(Path(f).rglob("*")) if p.suffix in (".md", ".py")]
    results.prefetch(path.read_text("utf-8", errors="replace") for path in paths)
    failures = 0
    for path in paths:
        try:
            # as bytes: line ends stay as they are
            renewed, changes = rewrite(path.read_bytes().decode("utf-8"))
        except (ValueError, RuntimeError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failures += 1
            continue
        if changes:
            print(*(f"{path}: {change}" for change in changes), sep="\n")
            path.write_bytes(renewed.encode("utf-8"))
    print(f"{len(paths)} pages read")
    return min(failures, 1)
