"""From matplotlib's SVG to an inline figure that follows the page's palette."""

import re
from collections.abc import Mapping
from html import escape

_UNWANTED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>"
    r"| font-family: [^;\"]*;?",  # the page has its own fonts
    re.DOTALL,
)
_PIXELS_PER_POINT = 100 / 72
_INVISIBLE = 0.1  # points, of a line that is eight times as wide


def both(documents: tuple[str, str], *, name: str, variables: Mapping[str, str]) -> str:
    """The drawings for a page and for a phone, of which the style sheet shows the one that fits."""
    return "".join(
        inline_svg(document, name=f"{name}-{kind}", variables=variables).replace(
            "<svg", f'<svg class="ie-{kind}"', 1
        )
        for kind, document in zip(("wide", "phone"), documents, strict=True)
    )


def labelled(drawing: str, label: str) -> str:
    """The drawing with a label in each of its elements, for readers who do not see it.

    Examples:
        >>> print(labelled('<svg class="ie-wide" role="img"></svg>', "A < B"))
        <svg class="ie-wide" role="img" aria-label="A &lt; B"></svg>
    """
    spoken = f' aria-label="{escape(label)}"'
    return re.sub('<svg[^>]*role="img"', lambda match: match[0] + spoken, drawing)


def inline_svg(document: str, *, name: str, variables: Mapping[str, str]) -> str:
    """The `<svg>` element for a page: themed, and alone with its ids.

    Args:
        document: an SVG document as matplotlib writes it, with text kept as text.
        name: unique on the page; every id gets it as a prefix.
        variables: colour (`#rrggbb`) -> name of the CSS variable that replaces it.

    Raises:
        ValueError: the document has no `viewBox`, or a colour that is not in `variables`.

    Examples:
        >>> drawn = '<svg viewBox="0 0 72 36"><use href="#a" style="fill: #00765a"/></svg>'
        >>> svg = inline_svg(drawn, name="f", variables={"#00765a": "--bias"})
        >>> print(svg.partition(">")[2])
        <use href="#f-1" style="fill: var(--bias, #00765a)"/></svg>
    """
    body = _UNWANTED.sub("", document).replace("xlink:href=", "href=")
    body = re.sub(r"<defs>\s*</defs>", "", body)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    if box is None:
        raise ValueError(f"figure {name}: the SVG has no viewBox")
    width, height = (round(float(size) * _PIXELS_PER_POINT) for size in box.groups())
    size = f'{box[0]} width="{width}" height="{height}"'
    prefix = re.sub(r"[^\w-]+", "-", name)
    body = _numbered(body, prefix)
    body = re.sub(r'<path d="[^"]*" style="fill: none"/>', "", body)  # what nobody sees
    body = re.sub(r' d="([^"]*)"', _shorter, body)
    body = _themed(re.sub(r">\s+<", "><", body), name, variables)
    opening = f'<svg role="img" {size} data-search-exclude>'
    return re.sub(r"<svg\b[^>]*>", opening, body, count=1).strip()


def _themed(body: str, name: str, variables: Mapping[str, str]) -> str:
    """The body with variables for colours, and each colour where nothing sets its variable."""
    for colour in dict.fromkeys(re.findall(r"#[0-9a-f]{6}\b", body)):
        if colour not in variables:
            known = ", ".join(variable.removeprefix("--ie-") for variable in variables.values())
            raise ValueError(
                f"figure {name}: the colour {colour} is not in the palette; take one of "
                f"figures/palette.py that means the same, as `color=MEASURED`: {known}"
            )
    return re.sub(r"#[0-9a-f]{6}\b", lambda m: f"var({variables[m[0]]}, {m[0]})", body)


def _numbered(body: str, prefix: str) -> str:
    """The body with ids `prefix-1`, `prefix-2`, ... of what is used again, and no others."""
    used = dict.fromkeys(re.findall(r'(?:href="#|url\(#)([^")]+)', body))
    numbers = {name: f"{prefix}-{number}" for number, name in enumerate(used, 1)}
    body = re.sub(
        r' id="([^"]*)"', lambda m: f' id="{numbers[m[1]]}"' if m[1] in numbers else "", body
    )
    return re.sub(r'(href="#|url\(#)([^")]+)', lambda m: m[1] + numbers[m[2]], body)


def _shorter(match: re.Match[str]) -> str:
    """Path data in tenths of a point, without points that a line through the others meets."""
    runs = re.split(r"(?=M)", match[1].strip())
    return f' d="{" ".join(filter(None, map(_run, runs)))}"'


def _run(run: str) -> str:
    words = run.split()
    if set(words[::3]) - {"M", "L", "z"} or len(words) < 9:  # a curve, or two points
        return " ".join(map(_tenths, words))
    points = [complex(*map(float, pair)) for pair in re.findall(r"[ML] (\S+) (\S+)", run)]
    # further pairs of numbers are lines: they need no letter
    numbers = [str(n) for point in _simplified(points) for n in (point.real, point.imag)]
    return " ".join(["M", *map(_tenths, numbers), *words[-1:][: words[-1] == "z"]])


def _tenths(word: str) -> str:
    return re.sub(r"\.0$", "", re.sub(r"(\.\d)\d+", r"\1", word))


def _simplified(points: list[complex]) -> list[complex]:
    """The points that a polyline needs to keep its shape (Ramer, Douglas and Peucker)."""
    kept, parts = {0, len(points) - 1}, [(0, len(points) - 1)]
    while parts:
        first, last = parts.pop()
        away = [_distance(p, points[first], points[last]) for p in points[first + 1 : last]]
        if away and max(away) > _INVISIBLE:
            furthest = first + 1 + away.index(max(away))
            kept.add(furthest)
            parts += [(first, furthest), (furthest, last)]
    return [points[i] for i in sorted(kept)]


def _distance(point: complex, start: complex, end: complex) -> float:
    """From the line between both ends."""
    length = abs(end - start)
    # turned so that the line lies on the real axis
    there = (point - start) * ((end - start).conjugate() / length if length else 1)
    return abs(complex(max(-there.real, 0.0, there.real - length), there.imag))
