"""The colours of all figures: one for one meaning, in the light palette and in the dark one.

Figures are drawn in the light palette's. On a page the site floor replaces each of them by the
theme variable of the same name, so that a figure follows the reader's palette; saved or shown
elsewhere, the figure simply has these colours.
"""

from collections.abc import Mapping
from types import MappingProxyType

from matplotlib.colors import ListedColormap, to_hex, to_rgb

# part -> role -> (light palette, dark palette). Started from Okabe and Ito's set, then darkened or
# lightened until each has a contrast of 4.5:1 with the page, or, of a class, with the type on it.
PARTS: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        # type, axes, theory, and what was measured where no start is compared
        "neutral": {
            "ink": ("#1f2328", "#e3e6ec"),
            "muted": ("#59636e", "#a3abb8"),
            "grid": ("#d1d9e0", "#3d434e"),
            "surface": ("#ffffff", "#1e2129"),
            "theory": ("#474d54", "#c3c9d3"),
            "measured": ("#5f6770", "#adb5c1"),
        },
        # lines and points: how the parameters start
        "starts": {
            "zero": ("#b34700", "#ff9a5c"),
            "constant": ("#9c3a6b", "#f390bd"),
            "random": ("#0068a3", "#5cb8ec"),
            "bias": ("#00765a", "#3ccb9f"),
            "lecun": ("#00737d", "#4cc5cf"),
            "glorot": ("#2a61b1", "#84b6ff"),
            "he": ("#8f4517", "#e5975f"),
            "selu": ("#4f6f1c", "#a3c96b"),
            "orthogonal": ("#a33949", "#fc9099"),
            "torch": ("#4d5b78", "#a5b4d0"),
            "playground": ("#b0386b", "#f08fb5"),
            "batchnorm": ("#b5301f", "#ff8a76"),
            "layernorm": ("#1d7432", "#62d07c"),
        },
        # cells and edges: the sign and size of a number; sizes without sign run to "positive"
        "signs": {
            "negative": ("#7e5e00", "#d4b045"),
            "middle": ("#f2f3f5", "#2a2e37"),
            "positive": ("#8a3d9a", "#dc97e6"),
        },
        # fills under ink: units that stay equal
        "classes": {
            "class-1": ("#9cdaff", "#084868"),
            "class-2": ("#fdb48e", "#743c1c"),
            "class-3": ("#b9eeba", "#356537"),
            "class-4": ("#ee96b1", "#5b2036"),
            "class-5": ("#66c4be", "#17726d"),
            "class-6": ("#f9dbbf", "#422b13"),
            "class-7": ("#a0adeb", "#2a316b"),
            "class-8": ("#97bc70", "#2f4513"),
        },
    }
)
PALETTE: Mapping[str, tuple[str, str]] = MappingProxyType(
    {role: pair for roles in PARTS.values() for role, pair in roles.items()}
)

ZERO, CONSTANT, RANDOM, BIAS = (
    PARTS["starts"][role][0] for role in ("zero", "constant", "random", "bias")
)
RECIPES = {
    role: PARTS["starts"][role][0]
    for role in ("lecun", "glorot", "he", "selu", "orthogonal", "torch", "playground")
}
"""The hue of each scheme for random weights, where several are compared."""
NORMALIZATIONS = {role: PARTS["starts"][role][0] for role in ("batchnorm", "layernorm")}
"""The hue of each normalization."""
INK, MUTED, GRID, SURFACE, THEORY, MEASURED = (light for light, _ in PARTS["neutral"].values())
POSITIVE, NEGATIVE = (PARTS["signs"][role][0] for role in ("positive", "negative"))
CLASSES = tuple(light for light, _ in PARTS["classes"].values())
"""Fills of the classes of units, in order; a letter on it says which."""

LEVELS = 10
"""Steps of a colour map on either side of its middle."""


def ramp(end: str, steps: int = LEVELS) -> list[tuple[str, str]]:
    """`(light, dark)` colours from the middle, excluded, to the role `end`, mixed in sRGB."""

    def mixed(side: int, share: float) -> str:
        ends = to_rgb(PALETTE["middle"][side]), to_rgb(PALETTE[end][side])
        red, green, blue = (
            (1 - share) * start + share * stop for start, stop in zip(*ends, strict=True)
        )
        return to_hex((red, green, blue))

    return [(mixed(0, step / steps), mixed(1, step / steps)) for step in range(1, steps + 1)]


def ramp_colours() -> dict[str, tuple[str, str]]:
    """Every step of the colour maps by name: `negative-1` ... `negative-10`, `positive-1` ...."""
    return {
        f"{end}-{step}": pair
        for end in ("negative", "positive")
        for step, pair in enumerate(ramp(end), 1)
    }


def css_variables() -> dict[str, str]:
    """Light colour -> name of the CSS variable that a page puts in its place."""
    # a ramp ends in its role's own colour, which keeps the role's name
    colours = {**ramp_colours(), **PALETTE}
    return {light: f"--ie-{role}" for role, (light, _) in colours.items()}


SIGNED = ListedColormap(
    [light for light, _ in reversed(ramp("negative"))]
    + [PALETTE["middle"][0]]
    + [light for light, _ in ramp("positive")],
    name="signed",
)
"""Negative, zero, positive: the middle colour is exactly 0 when the range is symmetric."""
SIZES = ListedColormap([light for light, _ in ramp("positive")], name="sizes")
"""Small to large, where there is no sign."""
