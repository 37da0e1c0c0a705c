"""Figures of the page "What frameworks do"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.experiments.framework_defaults import Behaviour, FrameworkDefaults
from initexplain.figures.style import MEASURED, MUTED, StyledFigure, label_line, new_figure


def signal(result: FrameworkDefaults) -> StyledFigure:
    """Variance over examples through the layers, for five defaults and two activations."""
    figure, (tanh, relu) = new_figure(height=3.8, columns=2, sharey=True)
    for name, line, marker, filled in (
        ("playground", ":", "^", True),
        ("keras", "-", "o", True),
        ("flax", "--", "D", False),
        ("sklearn", "-.", "s", False),
        ("torch", "-", "v", True),
    ):
        found = getattr(result, name)
        for axes, behaviour in ((tanh, found.tanh), (relu, found.relu)):
            _curve(axes, behaviour, line, marker, filled=filled)
    for axes, text in ((tanh, "tanh"), (relu, "ReLU")):
        axes.set_title(text, size=10, color=MUTED)
        axes.set(yscale="log", xlabel="layer")
        axes.set_xticks([1, 4, 7, 10])
        axes.minorticks_off()
    tanh.set_ylabel("variance over examples")
    _label(relu, result.playground.relu, "Playground ▲")
    _label(relu, result.keras.relu, "Keras ●\nFlax ◇\nscikit-learn □")
    _label(relu, result.torch.relu, "torch ▼")
    return figure


def _curve(axes: Axes, behaviour: Behaviour, line: str, marker: str, *, filled: bool) -> None:
    median = np.median(behaviour.signal, axis=-1)
    axes.plot(
        np.arange(1, len(median) + 1),
        median,
        line,
        marker=marker,
        color=MEASURED,
        linewidth=1.2,
        markerfacecolor=MEASURED if filled else "none",
    )


def _label(axes: Axes, behaviour: Behaviour, text: str) -> None:
    label_line(axes, len(behaviour.signal), behaviour.last_signal, text, MEASURED, xytext=(10, 0))
