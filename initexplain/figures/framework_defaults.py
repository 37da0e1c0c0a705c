"""Figures of the page "What frameworks do by default"."""

import numpy as np

from initexplain.experiments.framework_defaults import FrameworkDefaults
from initexplain.figures.palette import MUTED, RECIPES
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, name_heights, new_figure


def signal(result: FrameworkDefaults) -> StyledFigure:
    """Variance over examples through the layers, for five defaults and two activations."""
    figure, (tanh, relu) = new_figure(height=3.8, columns=2, sharey=True)
    recipes = {"keras": "glorot", "flax": "lecun", "sklearn": "glorot"}
    colours = {name: RECIPES[recipes.get(name, name)] for name in result.relu}
    for name, line, fill in (
        ("playground", "^:", "full"),
        ("keras", "o-", "full"),
        ("flax", "D--", "none"),
        ("sklearn", "s-.", "none"),
        ("torch", "v-", "full"),
    ):
        for axes, behaviours in ((tanh, result.tanh), (relu, result.relu)):
            y = behaviours[name].signal.median
            layers = np.arange(1, len(y) + 1)
            axes.plot(layers, y, line, color=colours[name], linewidth=1.2, fillstyle=fill)
    for axes, text in ((tanh, "tanh"), (relu, "ReLU")):
        axes.set_title(text, size=10, color=MUTED)
        axes.set(yscale="log", xlabel="layer")
        axes.set_xticks([1, 4, 7, 10])
    name_heights((tanh, relu), "variance over examples")
    for name, text, lower in (
        ("playground", "Playground ▲", 0),
        ("keras", "Keras ●", 12),
        ("flax", "Flax ◇", 0),
        ("sklearn", "scikit-learn □", -12),
        ("torch", "PyTorch ▼", 0),
    ):
        # three that lie on each other have one place
        y = result.relu["flax" if lower else name].signal.median
        label_line(relu, len(y), y[-1], text, colours[name], xytext=(10, lower))
    for name, text, colour, side in (
        ("playground", "Playground ▲", colours["playground"], {"va": "bottom", "xytext": (0, 6)}),
        ("sklearn", "the others ● ◇ □", MUTED, {"va": "top", "xytext": (0, -9)}),
        ("torch", "PyTorch ▼", colours["torch"], {"ha": "right", "va": "top", "xytext": (-9, -1)}),
    ):
        at = {"ha": "center", "size": 9, **side}
        label_line(tanh, 8, result.tanh[name].signal.median[7], text, colour, **at)
    return figure


def reach(result: FrameworkDefaults) -> StyledFigure:
    """For how many seeds PyTorch's default has not learned, by setting."""
    return reach_figure(result.reach)
