"""Figures of the page "Through depth"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.curves import Curves
from initexplain.experiments.through_depth import ThroughDepth
from initexplain.figures.style import (
    MEASURED,
    MUTED,
    THEORY,
    StyledFigure,
    label_line,
    new_figure,
)

EVERY = 3


def both_ways(result: ThroughDepth) -> StyledFigure:
    """Second moments through the layers, forward and backward, for six schemes."""
    figure, (up, down) = new_figure(height=4.6, columns=2, sharey=True)
    for name, marker, fill in (
        ("lsuv_tanh", "s", "full"),
        ("lecun_selu", "^", "full"),
        ("he_relu", "o", "full"),
        ("glorot_tanh", "D", "full"),
        ("orthogonal_tanh", "D", "none"),
        ("glorot_relu", "o", "none"),
    ):
        scheme = result.schemes[name]
        _curve(up, scheme.predicted_forward, scheme.forward, marker, fill)
        _curve(down, scheme.predicted_backward, scheme.backward, marker, fill)
    label_line(up, 3, 1.0, "LSUV tanh ■\nSELU ▲\nHe ReLU ●", MEASURED, va="bottom", xytext=(0, 6))
    label_line(up, 10.5, 0.022, "Glorot tanh ◆\northogonal ◇", MEASURED, va="top", xytext=(0, 0))
    label_line(up, 10, 5e-4, "Glorot ReLU ○", MEASURED, ha="right", xytext=(-4, 0))
    for name, text in (
        ("lsuv_tanh", "LSUV tanh ■"),
        ("lecun_selu", "SELU ▲"),
        ("he_relu", "He ReLU ●"),
        ("glorot_tanh", "Glorot tanh ◆\northogonal ◇"),
        ("glorot_relu", "Glorot\nReLU ○"),
    ):
        last = result.schemes[name].predicted_backward[0]
        label_line(down, 1, last, text, MEASURED, xytext=(8, 0))
    layers = len(result.schemes["lsuv_tanh"].predicted_forward)
    up.set(yscale="log", xlabel="layer, from the input up", ylabel="second moment / at the start")
    down.set(xlabel="layer, from the output down", xlim=(layers + 0.7, 0.3))
    up.set_title("forward: preactivations", size=10, color=MUTED)
    down.set_title("backward: errors", size=10, color=MUTED)
    ticks = np.logspace(-6, 1, 8)
    up.set_yticks(ticks, ["10⁻⁶", "10⁻⁵", "10⁻⁴", "0.001", "0.01", "0.1", "1", "10"])
    up.minorticks_off()
    return figure


def tanh_decay(result: ThroughDepth) -> StyledFigure:
    """Second moments of the activations of a deep tanh network with Glorot's weights."""
    figure, (axes,) = new_figure(height=3.2)
    predicted, measured = result.predicted_decay, result.decay.median
    layers = np.arange(1, len(predicted) + 1)
    shown = np.unique(np.geomspace(1, len(layers), 25).astype(int)) - 1
    axes.plot(layers, 1 / (2 * layers), "--", color=MUTED, linewidth=1.2)
    axes.plot(layers, predicted, color=THEORY)
    axes.plot(layers[shown], measured[shown], "o", color=MEASURED)
    axes.axhline(0.25, color=MUTED, linewidth=1, linestyle=":")
    label_line(axes, 1.05, 0.53, "1 / (2 × layer)", MUTED, xytext=(0, 4), va="bottom")
    label_line(axes, 20, predicted[19], "theory", THEORY, va="bottom", xytext=(4, 4))
    label_line(axes, 7, 0.05, "measured", MEASURED, ha="right", va="top")
    axes.set(xscale="log", yscale="log", xlabel="layer", ylabel="second moment\nof the activations")
    axes.set_xticks([1, 2, 5, 10, 20, 50, 100], ["1", "2", "5", "10", "20", "50", "100"])
    axes.set_yticks([0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005])
    axes.yaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    return figure


def _curve(axes: Axes, predicted: Array, measured: Curves, marker: str, fill: str) -> None:
    layers = np.arange(1, len(predicted) + 1)
    axes.plot(layers, predicted, color=THEORY, linewidth=1.2)
    shown = slice(None, None, EVERY)
    axes.plot(layers[shown], measured.median[shown], marker, color=MEASURED, fillstyle=fill)
