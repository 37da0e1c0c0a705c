"""One colour grammar: a start has a hue, a sign or size a ramp, a class of units a fill."""

import re
from itertools import combinations, product

import numpy as np
import pytest
from browsing import contrast

from initexplain.figures.palette import LEVELS, PARTS, ramp_colours

LINKS = r"--md-typeset-a-color: (#[0-9a-f]{6})"
INK, SURFACE = PARTS["neutral"]["ink"], PARTS["neutral"]["surface"]
STARTS, CLASSES = PARTS["starts"], PARTS["classes"]
ENDS = {role: PARTS["signs"][role] for role in ("negative", "positive")}


def oklab(colour):
    """Lightness and the two opponents of a colour (Ottosson 2020), where distances are seen."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    cones = [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
    opponents = [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
    return opponents @ np.cbrt(cones @ linear)


def turn(one, other):
    """Degrees between the hues of two colours; 180 where one of them is a grey."""
    a, b = (complex(*oklab(colour)[1:]) for colour in (one, other))
    return 180 if min(abs(a), abs(b)) < 0.055 else abs(np.degrees(np.angle(a / b)))


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_starts_signs_and_links_share_no_hue(side, site):
    css = (site / "assets" / "initexplain.css").read_text("utf-8")
    links = re.findall(LINKS, css)
    assert len(links) == 2
    near = {
        (one, other): round(turn(pair[side], another[side]))
        for one, pair in STARTS.items()
        for other, another in {**ENDS, "links": links}.items()
        if turn(pair[side], another[side]) < 22
    }
    near |= {
        role: round(turn(pair[side], links[side]))
        for role, pair in ENDS.items()
        if turn(pair[side], links[side]) < 22
    }
    assert near == {}
    assert turn(*(pair[side] for pair in ENDS.values())) > 100


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
def test_a_class_is_told_from_every_start_and_sign_and_from_the_other_classes(side):
    def apart(one, other):
        return np.linalg.norm(oklab(one[side]) - oklab(other[side]))

    others = [*STARTS.values(), *ENDS.values()]
    assert min(apart(*pair) for pair in product(CLASSES.values(), others)) > 0.2
    assert min(apart(*pair) for pair in combinations(CLASSES.values(), 2)) > 0.07
    assert min(contrast(pair[side], INK[side]) for pair in CLASSES.values()) >= 4.5


@pytest.mark.parametrize("side", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(
    "role", [*STARTS, *ENDS, *(r for r in PARTS["neutral"] if r not in ("grid", "surface"))]
)
def test_every_colour_of_type_and_marks_is_legible(role, side):
    # WCAG 2: 4.5:1 for type
    pair = {**STARTS, **ENDS, **PARTS["neutral"]}[role]
    assert contrast(pair[side], SURFACE[side]) >= 4.5


def drawings(pages):
    """Every drawing of the site with a name."""
    for path, page in pages.items():
        for number, svg in enumerate(page.select(".ie-drawing svg")):
            yield f"{path} {number}", svg


def colours(element, kind):
    """Roles that an element takes for its `fill` or `stroke`."""
    return re.findall(rf"\b{kind}: var\(--ie-([\w-]+)", element.get("style", ""))


def test_type_has_the_colour_of_a_start_or_none_and_lines_no_colour_of_a_class(pages):
    legible, inked = {*STARTS, *PARTS["neutral"]}, set(ramp_colours()) | set(CLASSES)
    wrong = {}
    for name, svg in drawings(pages):
        type_ = {role for text in svg.find_all("text") for role in colours(text, "fill")} - legible
        # the edge of a cell may be in its own colour, so that no gap is seen
        lines = {
            role
            for element in svg.find_all(style=True)
            for role in colours(element, "stroke")
            if role in inked - set(ENDS) and role not in colours(element, "fill")
        }
        if type_ | lines:
            wrong[name] = type_ | lines
    assert wrong == {}


def test_a_map_of_colours_says_what_they_stand_for(pages):
    """By a bar that has all of its steps, or by a number on every cell."""
    ends = [[f"{end}-{i}" for i in range(1, LEVELS)] + [end] for end in ("positive", "negative")]
    unsaid, seen = [], 0
    for name, svg in drawings(pages):
        fills = [role for element in svg.find_all(style=True) for role in colours(element, "fill")]
        used = [end for end in ends if set(end) & set(fills)]
        cells = sum(role in {*ends[0], *ends[1], "middle"} for role in fills)
        numbers = [t for t in svg.find_all("text") if re.fullmatch(r"−?[\d.]+", t.text.strip())]
        seen += bool(used)
        if used and not all(set(end) <= set(fills) for end in used) and len(numbers) < cells:
            unsaid.append(name)
    assert seen > 5
    assert unsaid == []
