"""Mathematics: markup, and a font with just its glyphs."""

import io
import unicodedata

import pytest
from fontTools.ttLib import TTFont

from initexplain.site import mathml


def test_display_and_inline():
    assert mathml.to_mathml("a", display=False) == "<math><mi>a</mi></math>"
    assert mathml.to_mathml("a", display=True) == '<math display="block"><mi>a</mi></math>'


@pytest.mark.parametrize(
    ("tex", "markup"),
    [
        ("f'", "<mrow><mi>f</mi><mo>′</mo></mrow>"),
        ("f''", "<mrow><mi>f</mi><mo>″</mo></mrow>"),
        ("{f'}^2", "<msup><mrow><mi>f</mi><mo>′</mo></mrow><mn>2</mn></msup>"),
    ],
)
def test_a_prime_is_raised_once(tex, markup):
    assert mathml.to_mathml(tex, display=False) == f"<math>{markup}</math>"


@pytest.mark.parametrize("tex", [r"\frac{1", r"\nonsense", "{", r"\begin{aligned} a"])
def test_bad_tex_is_refused_with_the_formula(tex):
    with pytest.raises(ValueError, match="TeX ") as caught:
        mathml.to_mathml(tex, display=False)
    assert repr(tex) in str(caught.value)


def test_the_font_has_the_letters_as_a_browser_shows_them(monkeypatch):
    monkeypatch.setattr(mathml, "used_characters", set())
    mathml.to_mathml(r"\sqrt{\alpha + h W}", display=False)
    font = TTFont(io.BytesIO(mathml.font(frozenset(mathml.used_characters))))
    # alpha, h, W as mathematical italics; U+1D455 is reserved, italic h is the Planck constant
    assert {0x1D6FC, 0x210E, 0x1D44A, ord("+"), ord("√")} <= set(font.getBestCmap())
    assert "MATH" in font
    assert font.flavor == "woff2"


def test_the_font_has_the_signs_that_markup_escapes(monkeypatch):
    monkeypatch.setattr(mathml, "used_characters", set())
    mathml.to_mathml(r"a < b \& c > d", display=False)
    font = TTFont(io.BytesIO(mathml.font(frozenset(mathml.used_characters))))
    found = set(font.getBestCmap())
    assert {ord(c) for c in "<>&"} <= found
    assert not found & {ord(c) for c in "ltgmp;"}


def test_the_font_has_the_italics_that_stand_apart(monkeypatch):
    monkeypatch.setattr(mathml, "used_characters", set())
    mathml.to_mathml(
        r"\partial\epsilon\vartheta\varkappa\phi\varrho\varpi\imath\jmath h", display=False
    )
    found = mathml.used_characters
    for letter in "∂ϵϑϰϕϱϖıȷh":
        # Unicode says which letter an italic is a form of
        assert any(
            c != letter
            and unicodedata.normalize("NFKC", c) in {letter, unicodedata.normalize("NFKC", letter)}
            for c in found
        ), letter


def test_the_font_can_stretch_a_root_and_brackets():
    font = TTFont(io.BytesIO(mathml.font(frozenset("√()a"))))
    variants = font["MATH"].table.MathVariants
    stretched = set(variants.VertGlyphCoverage.glyphs)
    cmap = font.getBestCmap()
    assert {cmap[ord(c)] for c in "√()"} <= stretched


def test_the_font_is_small_and_the_same_every_time():
    letters = frozenset("abcdefghijklmnopqrstuvwxyzαβγδεζηθσχ=+−∑∏√()[]{}0123456789")
    first = mathml.font(letters)
    assert first == mathml.font.__wrapped__(letters)
    assert len(first) < 40 * 1024
