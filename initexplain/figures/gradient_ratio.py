"""Figures of the page "The gradient relative to the weights"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.experiments.gradient_ratio import GradientRatio, Rates
from initexplain.figures.style import (
    MEASURED,
    MUTED,
    THEORY,
    StyledFigure,
    label_line,
    new_figure,
)

# a loss above this, in units of the best constant's, is drawn as a cross at the top
TOP = 3.0


def across_scales(result: GradientRatio) -> StyledFigure:
    """Gradient over weights of three layers, before training, against the weight scale."""
    figure, (axes,) = new_figure(height=3.6)
    scales, ratios = result.start.scales, np.median(result.start.ratios, axis=-1)
    last = len(ratios) - 2
    for layer, line, marker, filled in (
        (0, "-", "o", True),
        (last, "-.", "s", False),
        (last + 1, "--", "^", True),
    ):
        axes.plot(
            scales,
            ratios[layer],
            line,
            marker=marker,
            color=MEASURED,
            linewidth=1.2,
            markerfacecolor=MEASURED if filled else "none",
        )
    label_line(axes, scales[-1], ratios[-1, -1], "output", MEASURED)
    label_line(axes, scales[-1], ratios[0, -1], "first layer", MEASURED)
    label_line(axes, scales[-1], ratios[last, -1], "last hidden", MEASURED)
    below = scales[scales <= 0.6]
    power = result.hidden_layers - 2
    axes.plot(below, 0.35 * below**power, color=THEORY, linewidth=1.2)
    text = "scale" + {1: "", 2: "²", 3: "³"}.get(power, f"^{power}")
    label_line(axes, below[2], 0.35 * below[2] ** power, text, THEORY, ha="right", xytext=(-6, 6))
    axes.axvline(1.0, color=MUTED, linewidth=1, linestyle=":")
    axes.text(1.08, 3e-4, "LeCun’s scale", color=MUTED, size=9)
    axes.set(xscale="log", yscale="log", ylabel="gradient / weights", ylim=(1e-4, 4))
    axes.set_xlabel("scale of the hidden weights: standard deviation × √(fan-in)")
    _plain(axes)
    return figure


def through_training(result: GradientRatio) -> StyledFigure:
    """The ratio of two layers and the loss through training, from two scales."""
    figure, panels = new_figure(height=3.4, columns=2, sharey=True)
    for axes, path, text in (
        (panels[0], result.lecun, "LeCun’s scale"),
        (panels[1], result.waiting, f"{result.waiting.scale:g} of it"),
    ):
        x = path.steps + 1
        axes.plot(x, path.losses, ":", color=MUTED)
        axes.plot(x, path.ratios[:, 0], "-", color=MEASURED)
        axes.plot(x, path.ratios[:, -2], "-.", color=MEASURED, linewidth=1.2)
        axes.set_title(text, size=10, color=MUTED)
        axes.set(xscale="log", yscale="log", xlabel="update")
        _plain(axes)
    panels[0].set_ylabel("gradient / weights;  loss")
    lecun, waiting = result.lecun, result.waiting
    label_line(panels[0], lecun.steps[8] + 1, lecun.losses[8], "loss", MUTED, xytext=(6, 6))
    label_line(panels[1], 2, waiting.losses[1], "loss", MUTED, va="bottom", xytext=(0, 3))
    label_line(panels[1], 2, waiting.ratios[1, 0], "first layer", MEASURED, xytext=(0, -12))
    label_line(panels[1], 2, waiting.ratios[1, -2], "last hidden", MEASURED, xytext=(0, 12))
    return figure


def learning_rates(result: GradientRatio) -> StyledFigure:
    """Loss after training against the learning rate, for two optimizers and three scales."""
    figure, (descent, adam) = new_figure(height=3.6, columns=2, sharey=True)
    _rates(descent, result.sgd)
    _rates(adam, result.adam)
    descent.set_title("gradient descent", size=10, color=MUTED)
    adam.set_title("Adam", size=10, color=MUTED)
    descent.set_ylabel("loss / best constant’s loss")
    starved, saturated, right = (
        np.median(losses, axis=-1)
        for losses in (result.sgd.starved, result.sgd.saturated, result.sgd.right)
    )
    at = result.sgd.rates
    label_line(descent, at[1], starved[1], "starved", MEASURED, va="bottom", xytext=(-8, 5))
    label_line(descent, at[3], saturated[3], "saturated", MEASURED, xytext=(8, 2))
    label_line(descent, at[2], right[2], "LeCun’s scale", MEASURED, ha="right", xytext=(2, -14))
    descent.set_yticks(
        [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5], ["1", "0.1", "0.01", "0.001", "10⁻⁴", "10⁻⁵"]
    )
    descent.text(at[-1], TOP * 1.7, "grows ×", color=MUTED, size=9, ha="right")
    return figure


def _rates(axes: Axes, found: Rates) -> None:
    for losses, line, marker, filled in (
        (found.starved, "-.", "s", False),
        (found.right, "-", "o", True),
        (found.saturated, "--", "^", True),
    ):
        median = np.median(losses, axis=-1)
        shown = np.where(median < TOP, median, np.nan)
        axes.plot(
            found.rates,
            shown,
            line,
            marker=marker,
            color=MEASURED,
            linewidth=1.2,
            markerfacecolor=MEASURED if filled else "none",
        )
        lost = found.rates[median >= TOP]
        axes.plot(lost, np.full(len(lost), TOP), "x", color=MEASURED)
    axes.set(xscale="log", yscale="log", xlabel="learning rate")
    axes.minorticks_off()
    axes.xaxis.set_major_formatter("{x:g}")


def _plain(axes: Axes) -> None:
    """Logarithmic axes with plain numbers and no minor ticks."""
    axes.minorticks_off()
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
