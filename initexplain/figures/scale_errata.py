"""Figures of the page "What other pages say about scale"."""

import numpy as np

from initexplain.experiments.scale_errata import ScaleErrata
from initexplain.figures.palette import MUTED, RECIPES, THEORY
from initexplain.figures.style import StyledFigure, label_line, new_figure

CLAIMED_LEVEL = 0.25


def xavier_tanh(result: ScaleErrata) -> StyledFigure:
    """Variance through the layers of tanh networks with Glorot's weights, of two shapes."""
    figure, (axes,) = new_figure(height=3.4)
    measured, predicted = result.measured, result.predicted
    for shape, marker, fill in (("tutorial", "s", "none"), ("equal", "o", "full")):
        layers = np.arange(1, len(measured[shape]) + 1)
        axes.plot(layers, predicted[shape], color=THEORY, linewidth=1.2)
        axes.plot(layers, measured[shape], marker, color=RECIPES["glorot"], fillstyle=fill)
    axes.axhline(CLAIMED_LEVEL, color=MUTED, linewidth=1, linestyle=":")
    axes.text(len(measured["equal"]), CLAIMED_LEVEL * 1.06, "0.25", color=MUTED, ha="right", size=9)
    narrow, equal = measured["tutorial"][-1], predicted["equal"][13]
    label_line(axes, 5, narrow, "five layers that narrow □", RECIPES["glorot"], xytext=(8, 6))
    label_line(axes, 14, equal, "equal layers ●", RECIPES["glorot"], xytext=(8, 8))
    axes.set(yscale="log", xlabel="layer", ylabel="variance of the preactivations")
    axes.set_yticks([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1])
    axes.yaxis.set_major_formatter("{x:g}")
    return figure
