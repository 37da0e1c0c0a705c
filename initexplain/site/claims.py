"""Numbers in prose, `[1.019](claim:page.attribute)`: compared at the precision written.

`python -m initexplain.site docs` rewrites the stale ones below a folder.
"""

import math
import re
import sys
from decimal import Decimal
from pathlib import Path

from initexplain.site import cache, results

FORM = '[6](claim:page.part) or [6](claim:page.part "word")'
# the only form, for the build and for `make claims`; "word" stands beside the number
LINK = re.compile(
    r"(?<!!)\[(?P<text>[^\]\[`*_\x02]+)\]\(claim:(?P<name>[\w.-]+)(?: \"(?P<word>[^\"\n]+)\")?\)"
)
# code, which shows how a claim is written and is none; in a notebook behind comment signs
_CODE = r"(?P<code>^[# ]*(?P<fence>```+|~~~+)[^\n]*\n.*?^[# ]*(?P=fence)|`[^`\n]*`)"
_CODE_OR_LINK = re.compile(f"{_CODE}|{LINK.pattern}", re.DOTALL | re.MULTILINE)
_NUMBER = re.compile(
    r"(?P<bound>less than\s)?"
    # a float has no larger exponent
    r"(?:(?P<power>[-−]?[1-9](?:\.[0-9]+)?e(?:0|[-−]?[1-9][0-9]{0,2}))"
    r"|(?P<plain>[-−]?(?:0|[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]*)(?:\.[0-9]+)?)"
    r"(?P<percent>\s?%)?)"
)
# room for values that sit on the edge between two roundings and tip over on another machine
_EDGE = Decimal("1e-6")
_LEAST = 4  # decimals before the first digit, from which on a power of ten is easier to read


def agrees(text: str, value: float) -> bool:
    """Whether the number written is `value` at the precision written, and shows a digit of it.

    Raises:
        ValueError: the text is no number such as `6`, `2,000`, `-4.595`, `1e-26`, `50 %` or
            `less than 1e-9`; the minus may be a hyphen or U+2212.

    Examples:
        >>> agrees("1.019", 1.0192), agrees("98 %", 0.975), agrees("−2e-5", -2.6e-5)
        (True, True, False)
        >>> agrees("0", 0.0), agrees("0.0", 0.0086), agrees("less than 1e-12", 3e-14)
        (True, False, True)
    """
    match = _match(text)
    number = Decimal((match["power"] or match["plain"]).replace(",", "").replace("−", "-"))
    number = number.scaleb(-2) if match["percent"] else number
    if match["bound"]:
        return abs(Decimal(value)) < number
    if not number:  # it has no sign, and stands for nothing else
        return not number.is_signed() and value == 0
    unit = Decimal(1).scaleb(int(number.as_tuple().exponent))  # one in the last digit written
    return abs(Decimal(value) - number) <= unit * (Decimal("0.5") + _EDGE)


def rewritten(text: str, value: float) -> str:
    """The text for `value`, in the form and the precision of the number written.

    Where that would show no digit of the value, it has more digits.

    Examples:
        >>> rewritten("1.2e-5", 3.456e-7), rewritten("49 %", 0.5), rewritten("2,000", 12345.6)
        ('3.5e-7', '50 %', '12,346')
        >>> rewritten("0.0", 0.0086), rewritten("0.0", 8.6e-9)
        ('0.009', '9e-9')
    """
    match = _match(text)
    number, percent = match["power"] or match["plain"], match["percent"] or ""
    if match["bound"] and value:
        return f"less than 1e{_exponent(value) + 1}"
    shown = value * 100 if percent else value
    places = len(number.partition("e")[0].partition(".")[2])
    comma = "," if "," in number else ""
    new = _power(shown, places) if match["power"] and shown else f"{shown:{comma}.{places}f}"
    if shown and not re.search("[1-9]", new):
        places = -_exponent(shown)
        new = f"{shown:.{places}f}" if percent or places < _LEAST else _power(shown, 0)
    # a value that rounds to zero has no sign
    new = new if re.search("[1-9]", new) else new.removeprefix("-")
    return new.replace("-", "−" if "−" in text else "-") + percent


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _power(value: float, places: int) -> str:
    mantissa, exponent = f"{value:.{places}e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def _match(text: str) -> re.Match[str]:
    match = _NUMBER.fullmatch(text.strip())
    if match is None:
        kinds = "6, 2,000, -4.595, 1.2e-26, 50 % or less than 1e-9"
        raise ValueError(f"{text!r} is not a number such as {kinds}")
    return match


def check(text: str, name: str) -> str:
    """The dotted name of what computes the number `name`, if the number written agrees with it.

    Raises:
        ValueError: the text is not a number, the name is unknown, or the number differs.
    """
    try:
        value, source = results.claim(name)
        if not agrees(text, value):
            found = f"computed {rewritten(text, value)} ({value!r}); `make claims` rewrites it"
            raise ValueError(f"the text says {text}, {found}")
    except ValueError as error:
        raise ValueError(f"claim {name}: {error}") from None
    return source


def in_words(name: str) -> str:
    """What a reader sees who points at a number: which one it is.

    Examples:
        >>> in_words("row_symmetry.losses.constant.-1"), in_words("row_symmetry.LEARNING_RATE")
        ('row symmetry: losses, constant, last', 'row symmetry: learning rate')
    """
    page, *parts = name.replace("_", " ").split(".")
    words = ("last" if p == "-1" else p.lower() if p.isupper() else p for p in parts)
    return f"{page}: {', '.join(words)}"


def typeset(text: str) -> str:
    """The number as print sets it: a true minus, powers of ten as such.

    Examples:
        >>> typeset("-1.2e-26"), typeset("2,000"), typeset("less than 1e-9")
        ('−1.2 × 10⁻²⁶', '2,000', 'less than 10⁻⁹')
    """
    text = text.replace("-", "−")
    match = re.fullmatch(r"(.*?)(\S+)e(−?[0-9]+)", text, re.DOTALL)
    if match is None:
        return text
    factor = "" if match[2] == "1" else f"{match[2]} × "
    raised = match[3].translate(str.maketrans("−0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{match[1]}{factor}10{raised}"


def rewrite(markdown: str) -> tuple[str, list[str], list[str]]:
    """The Markdown with every stale number outside code rewritten, a line for each change.

    Returns a line also for each number that cannot be: its name is unknown, or its text no number.
    """
    changes = []
    faults: dict[str, None] = {}

    def renewed(match: re.Match[str]) -> str:
        if match["code"]:
            return match[0]
        number, name = match["text"].strip(), match["name"]
        try:
            value, _ = results.claim(name)
            new = number if agrees(number, value) else rewritten(number, value)
        except (ValueError, RuntimeError) as error:
            # a traceback stands once, whatever needs what failed
            known = isinstance(error, RuntimeError)
            faults[str(error) if known else f"claim {name}: {error}"] = None
            return match[0]
        if new != number:
            changes.append(f"{name}: {number} -> {new}")
        return match[0].replace(number, new, 1)

    return _CODE_OR_LINK.sub(renewed, markdown), changes, list(faults)


def rewrite_folders(folders: list[str]) -> int:
    """Rewrites the stale numbers of all Markdown and notebook sources below the folders.

    Returns 1 where one could not be, or a folder has no pages, which it reports.
    """
    paths = []
    for folder in folders or [""]:
        found = sorted(Path(folder).rglob("*")) if folder else []
        found = [path for path in found if path.suffix in (".md", ".py")]
        if not found:
            print(f"no pages in {folder!r}; name the folder that has them: docs", file=sys.stderr)
            return 1
        paths += found
    results.prefetch([], (path.read_text("utf-8", errors="replace") for path in paths))
    failures = 0
    for path in paths:
        try:
            # as bytes: line ends stay as they are
            renewed, changes, faults = rewrite(path.read_bytes().decode("utf-8"))
            if changes:
                cache.write(path, renewed.encode("utf-8"))
        except (UnicodeError, OSError) as error:
            changes, faults = [], [f"{error}; the page is as it was"]
        for change in changes:
            print(f"{path}: {change}")
        for fault in faults:
            print(f"{path}: {fault}", file=sys.stderr)
        failures += len(faults)
    print(f"{len(paths)} pages read")
    return min(failures, 1)
