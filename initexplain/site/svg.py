"""From matplotlib's SVG to an inline figure that follows the page's palette."""

import re
from collections.abc import Mapping
from html import escape

_UNWANTED = re.compile(
    r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>|<style.*?</style>", re.DOTALL
)
_EMPTY_DEFS = re.compile(r"<defs>\s*</defs>")
_IDS = re.compile(r'(\bid="|href="#|url\(#)')
_OPENING = re.compile(r"<svg\b[^>]*>")
_VIEW_BOX = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FONT_FAMILY = re.compile(r" font-family: [^;\"]*;?")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_PATH_DATA = re.compile(r' d="([^"]*)"')
# the data of a path are in points, 1.4 pixels each: a tenth is finer than any screen
_DECIMALS = re.compile(r"(\d+\.\d)\d+")
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
    body = _EMPTY_DEFS.sub("", _UNWANTED.sub("", document))
    box = _VIEW_BOX.search(body)
    if box is None:
        raise ValueError(f"figure {name}: the SVG has no viewBox")
    width, height = (round(float(size) * _PIXELS_PER_POINT) for size in box.groups())
    opening = (
        f'<svg role="img" aria-label="{escape(label)}" viewBox="{box[0][9:-1]}" '
        f'width="{width}" height="{height}" data-search-exclude>'
    )
    body = body.replace("xlink:href=", "href=")
    slug = re.sub(r"[^\w-]+", "-", name)
    body = _IDS.sub(rf"\g<1>{slug}-", body)
    body = _FONT_FAMILY.sub("", body)  # the page's own fonts
    body = _PATH_DATA.sub(_shorter, body)
    body = re.sub(r">\s+<", "><", body)

    def themed(match: re.Match[str]) -> str:
        if match[0] not in variables:
            raise ValueError(
                f"figure {name}: the colour {match[0]} is not in the palette: "
                f"{', '.join(variables)}"
            )
        return f"var({variables[match[0]]}, {match[0]})"

    # last: what the label says stays as it is
    return _OPENING.sub(lambda _: opening, _COLOUR.sub(themed, body), count=1).strip()


def _shorter(match: re.Match[str]) -> str:
    """Path data without needless decimals and line breaks."""
    return ' d="' + " ".join(_DECIMALS.sub(r"\1", match[1]).split()) + '"'
