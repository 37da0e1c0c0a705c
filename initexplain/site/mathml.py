"""TeX to MathML while the site builds, and the font for readers whose machine has none."""

import html
import io
import re
import unicodedata
from importlib import metadata
from pathlib import Path

from math_core import LatexError, LatexToMathML

from initexplain.site import cache, tasks

_CONVERTER = LatexToMathML(fancy_error=False)
# letter -> the mathematical italic that a browser shows for it when it stands alone; they are a
# block of Unicode, but for the italic h, which is the Planck constant
_ITALICS = {
    chr(int(unicodedata.decomposition(italic).split()[1], 16)): italic
    for italic in map(chr, (0x210E, *range(0x1D434, 0x1D71C)))
    if re.match("PLANCK CONSTANT|MATHEMATICAL ITALIC", unicodedata.name(italic, ""))
}

used_characters: set[str] = set()
"""Every character that a formula has shown since the process started."""


def to_mathml(tex: str, *, display: bool) -> str:
    r"""The `<math>` element for a formula.

    Args:
        tex: the formula, without dollar signs.
        display: set apart, or in the line.

    Raises:
        ValueError: the TeX does not parse; the message has the formula and the reason.

    Examples:
        >>> to_mathml("x^2", display=False)
        '<math><msup><mi>x</mi><mn>2</mn></msup></math>'
        >>> to_mathml(r"\frac{1", display=False)
        Traceback (most recent call last):
        ...
        ValueError: TeX '\\frac{1': 7: Expected closing token "}", but reached end of input.
    """
    try:
        mathml = _CONVERTER.convert_with_local_state(tex.strip(), displaystyle=display)
    except LatexError as error:
        raise ValueError(f"TeX {tex.strip()!r}: {error}") from None
    # the glyph of a prime is a raised one; as a superscript it would be raised twice, and too small
    prime = r"<msup>(<mi>.</mi>)(<mo>[′″‴⁗]</mo>)</msup>"
    mathml = re.sub(prime, r"<mrow>\1\2</mrow>", mathml)
    used_characters.update(html.unescape(re.sub(r"<[^>]*>", "", mathml)))
    if "<msqrt" in mathml or "<mroot" in mathml:
        used_characters.add("√")  # drawn by the element, not written in it
    used_characters.update(_ITALICS.get(i, i) for i in re.findall(r"<mi>(.)</mi>", mathml))
    return mathml


def font_file() -> Path:
    """STIX Two Math, all of it; it comes with the package `ziamath`."""
    name = "ziamath/fonts/STIXTwoMath-Regular.ttf"
    return Path(str(metadata.distribution("ziamath").locate_file(name)))


def job() -> tasks.Job:
    """What cuts the font down to what the formulas have shown, once for the same characters."""
    characters = "".join(sorted(used_characters))
    return tasks.Job("math font", cache.entry("font", characters), font, (characters,))


def font(characters: str) -> bytes:
    """STIX Two Math cut down to these characters, as WOFF2, its `MATH` table kept.

    The font is under the SIL Open Font License.
    """
    from fontTools import subset  # noqa: PLC0415 - a build that knows the font does not need it

    options = subset.Options(
        flavor="woff2", layout_features=["ssty", "dtls"], notdef_outline=True, hinting=False
    )
    with subset.load_font(str(font_file()), options) as cut:
        cutter = subset.Subsetter(options)
        cutter.populate(text=characters)
        cutter.subset(cut)
        cut.recalcTimestamp = False
        buffer = io.BytesIO()
        subset.save_font(cut, buffer, options)
    return buffer.getvalue()
