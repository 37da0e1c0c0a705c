"""Figures of the page "Through depth"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.curves import Curves
from initexplain.experiments.through_depth import ThroughDepth
from initexplain.figures.palette import MUTED, RECIPES, THEORY
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, name_heights, new_figure, on_lines

EVERY = 3


def both_ways(result: ThroughDepth) -> StyledFigure:
    """Second moments through the layers, forward and backward, for six schemes."""
    figure, (up, down) = new_figure(height=4.6, columns=2, sharey=True)
    for name, recipe, marker, fill, text, lower in (
        ("lsuv_tanh", "orthogonal", "s", "full", "LSUV tanh ■", 0),
        ("lecun_selu", "selu", "^", "full", "SELU ▲", 0),
        ("he_relu", "he", "o", "full", "He ReLU ●", 0),
        ("glorot_tanh", "glorot", "D", "full", "Glorot tanh ◆", 6),
        ("orthogonal_tanh", "orthogonal", "D", "none", "orthogonal ◇", -6),
        ("glorot_relu", "glorot", "o", "none", "Glorot\nReLU ○", 0),
    ):
        scheme = result.schemes[name]
        look = {"colour": RECIPES[recipe], "marker": marker, "fill": fill}
        _curve(up, scheme.predicted_forward, scheme.forward, **look)
        _curve(down, scheme.predicted_backward, scheme.backward, **look)
        last = scheme.predicted_backward[0]
        label_line(down, 1, last, text, RECIPES[recipe], xytext=(8, lower))
    for place, (recipe, text) in enumerate(
        (("he", "He ReLU ●"), ("selu", "SELU ▲"), ("orthogonal", "LSUV tanh ■"))
    ):
        offset = {"va": "bottom", "xytext": (0, 6 + 12 * place)}
        label_line(up, 3, 1.0, text, RECIPES[recipe], **offset)
    label_line(up, 11.2, 0.009, "Glorot tanh ◆", RECIPES["glorot"], va="top", xytext=(0, 0))
    label_line(up, 11.2, 0.009, "orthogonal ◇", RECIPES["orthogonal"], va="top", xytext=(0, -12))
    lost = on_lines("Glorot", "ReLU ○")
    label_line(up, 10, 5e-4, lost, RECIPES["glorot"], ha="right", xytext=(-4, 0))
    layers = len(result.schemes["lsuv_tanh"].predicted_forward)
    up.set(yscale="log", xlabel="layer, from the input up")
    name_heights((up, down), "second moment / at the start")
    down.set(xlabel="layer, from the output down", xlim=(layers + 0.7, 0.3))
    up.set_title("forward: preactivations", size=10, color=MUTED)
    down.set_title("backward: errors", size=10, color=MUTED)
    ticks = np.logspace(-6, 1, 8)
    up.set_yticks(ticks, ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10"])
    return figure


def tanh_decay(result: ThroughDepth) -> StyledFigure:
    """Second moments of the activations of a deep tanh network with Glorot's weights."""
    figure, (axes,) = new_figure(height=3.2)
    predicted, measured = result.predicted_decay, result.decay.median
    layers = np.arange(1, len(predicted) + 1)
    shown = np.unique(np.geomspace(1, len(layers), 25).astype(int)) - 1
    axes.plot(layers, 1 / (2 * layers), "--", color=MUTED, linewidth=1.2)
    axes.plot(layers, predicted, color=THEORY)
    axes.plot(layers[shown], measured[shown], "o", color=RECIPES["glorot"])
    axes.axhline(0.25, color=MUTED, linewidth=1, linestyle=":")
    label_line(axes, 1.05, 0.53, "1 / (2 × layer)", MUTED, xytext=(0, 4), va="bottom")
    label_line(axes, 20, predicted[19], "theory", THEORY, va="bottom", xytext=(4, 4))
    label_line(axes, 7, 0.05, "measured", RECIPES["glorot"], ha="right", va="top")
    axes.set(xscale="log", yscale="log", xlabel="layer", ylabel="second moment\nof the activations")
    axes.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    axes.set_yticks([0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005])
    axes.yaxis.set_major_formatter("{x:g}")
    return figure


def reach(result: ThroughDepth) -> StyledFigure:
    """For how many networks the recipes learn, and Glorot's weights with ReLU do not."""
    titles = ("four recipes:\nhave learned", "Glorot with ReLU:\nhas not learned")
    return reach_figure(result.reach["kept"], result.reach["lost"], titles=titles)


def _curve(
    axes: Axes, predicted: Array, measured: Curves, *, colour: str, marker: str, fill: str
) -> None:
    layers = np.arange(1, len(predicted) + 1)
    axes.plot(layers, predicted, color=colour, linewidth=1.2)
    shown = slice(None, None, EVERY)
    axes.plot(layers[shown], measured.median[shown], marker, color=colour, fillstyle=fill)
