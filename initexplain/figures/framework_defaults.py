"""Figures of the page "What frameworks do"."""

import numpy as np

from initexplain.experiments.framework_defaults import FrameworkDefaults
from initexplain.figures.style import MEASURED, MUTED, StyledFigure, label_line, new_figure


def signal(result: FrameworkDefaults) -> StyledFigure:
    """Variance over examples through the layers, for five defaults and two activations."""
    figure, (tanh, relu) = new_figure(height=3.8, columns=2, sharey=True)
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
            axes.plot(layers, y, line, color=MEASURED, linewidth=1.2, fillstyle=fill)
    for axes, text in ((tanh, "tanh"), (relu, "ReLU")):
        axes.set_title(text, size=10, color=MUTED)
        axes.set(yscale="log", xlabel="layer")
        axes.set_xticks([1, 4, 7, 10])
        axes.minorticks_off()
    tanh.set_ylabel("variance over examples")
    for name, text in (
        ("playground", "Playground ▲"),
        ("keras", "Keras ●\nFlax ◇\nscikit-learn □"),
        ("torch", "torch ▼"),
    ):
        y = result.relu[name].signal.median
        label_line(relu, len(y), y[-1], text, MEASURED, xytext=(10, 0))
    return figure
