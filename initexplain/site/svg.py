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


def inline_svg(document: str, *, name: str, label: str, variables: Mapping[str, str]) -> str:
    """The `<svg>` element for a page: themed, labelled, and alone with its ids.

    Args:
        document: an SVG document as matplotlib writes it, with text kept as text.
        name: unique on the page; every id gets it as a prefix.
        label: what the figure shows, for readers who do not see it.
        variables: colour (`#rrggbb`) -> name of the CSS variable that replaces it.

    Raises:
        ValueError: the document has no `viewBox`, or a colour that is not in `variables`.

    Examples:
        >>> drawn = '<svg viewBox="0 0 72 36"><path id="a" style="fill: #00765a"/></svg>'
        >>> svg = inline_svg(drawn, name="f", label="A shape", variables={"#00765a": "--bias"})
        >>> print(svg.partition(">")[2])
        <path id="f-a" style="fill: var(--bias, #00765a)"/></svg>
    """
    body = _UNWANTED.sub("", document).replace("xlink:href=", "href=")
    body = re.sub(r"<defs>\s*</defs>", "", body)
    box = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', body)
    if box is None:
        raise ValueError(f"figure {name}: the SVG has no viewBox")
    width, height = (round(float(size) * _PIXELS_PER_POINT) for size in box.groups())
    opening = (
        f'<svg role="img" aria-label="{escape(label)}" {box[0]} '
        f'width="{width}" height="{height}" data-search-exclude>'
    )
    prefix = re.sub(r"[^\w-]+", "-", name)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{prefix}-", body)
    body = re.sub(r' d="([^"]*)"', _shorter, body)
    body = re.sub(r">\s+<", "><", body)

    def themed(match: re.Match[str]) -> str:
        if match[0] not in variables:
            known = ", ".join(variables)
            raise ValueError(f"figure {name}: the colour {match[0]} is not in the palette: {known}")
        return f"var({variables[match[0]]}, {match[0]})"

    body = re.sub(r"#[0-9a-f]{6}\b", themed, body)
    # last: what the label says stays as it is
    return re.sub(r"<svg\b[^>]*>", lambda _: opening, body, count=1).strip()


def _shorter(match: re.Match[str]) -> str:
    """Path data without line breaks, and in tenths of a point, finer than any screen."""
    numbers = re.sub(r"(\d+\.\d)\d+", r"\1", match[1]).split()
    return f' d="{" ".join(numbers)}"'
