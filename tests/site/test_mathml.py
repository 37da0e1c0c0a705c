"""Mathematics: markup, and a font with just its glyphs."""

import io
import unicodedata

import pytest
from fontTools.ttLib import TTFont

from initexplain.site import mathml


@pytest.mark.parametrize(
    ("tex", "markup"),
    [
        ("a", "<mi>a</mi>"),
        ("f'", "<mrow><mi>f</mi><mo>′</mo></mrow>"),
        ("f''", "<mrow><mi>f</mi><mo>″</mo></mrow>"),
        ("{f'}^2", "<msup><mrow><mi>f</mi><mo>′</mo></mrow><mn>2</mn></msup>"),
    ],
)
def test_markup_raises_a_prime_once(tex, markup):
    assert mathml.to_mathml(tex, display=False) == f"<math>{markup}</math>"
    assert mathml.to_mathml(tex, display=True) == f'<math display="block">{markup}</math>'


@pytest.mark.parametrize("tex", [r"\frac{1", r"\nonsense", "{", r"\begin{aligned} a"])
def test_bad_tex_is_refused_with_the_formula(tex):
    with pytest.raises(ValueError, match="TeX ") as caught:
        mathml.to_mathml(tex, display=False)
    assert repr(tex) in str(caught.value)


@pytest.fixture
def used(monkeypatch):
    """What formulas are made of, from here on."""
    monkeypatch.setattr(mathml, "used_characters", set())
    return mathml.used_characters


@pytest.mark.parametrize(
    ("tex", "there", "absent"),
    [
        # mathematical italics; U+1D455 is reserved, italic h is the Planck constant
        (r"\sqrt{\alpha + h W}", "\U0001d6fc\u210e\U0001d44a+√", ""),
        (r"a < b \& c > d", "<>&", "ltgmp;"),  # signs that markup escapes
    ],
)
def test_the_font_has_the_letters_as_a_browser_shows_them(tex, there, absent, used):
    mathml.to_mathml(tex, display=False)
    font = TTFont(io.BytesIO(mathml.font("".join(used))))
    letters = set(map(chr, font.getBestCmap()))
    assert set(there) <= letters
    assert not letters & set(absent)
    assert "MATH" in font
    assert font.flavor == "woff2"


def test_the_font_has_the_italics_that_stand_apart(used):
    mathml.to_mathml(
        r"\partial\epsilon\vartheta\varkappa\phi\varrho\varpi\imath\jmath h", display=False
    )
    for letter in "∂ϵϑϰϕϱϖıȷh":
        # Unicode says which letter an italic is a form of
        assert any(
            c != letter
            and unicodedata.normalize("NFKC", c) in {letter, unicodedata.normalize("NFKC", letter)}
            for c in used
        ), letter


def test_the_font_can_stretch_a_root_and_brackets():
    font = TTFont(io.BytesIO(mathml.font("√()a")))
    variants = font["MATH"].table.MathVariants
    stretched = set(variants.VertGlyphCoverage.glyphs)
    cmap = font.getBestCmap()
    assert {cmap[ord(c)] for c in "√()"} <= stretched


def test_the_font_is_small_and_the_same_every_time():
    letters = "abcdefghijklmnopqrstuvwxyzαβγδεζηθσχ=+−∑∏√()[]{}0123456789"
    first = mathml.font(letters)
    assert first == mathml.font(letters)
    assert len(first) < 40 * 1024
