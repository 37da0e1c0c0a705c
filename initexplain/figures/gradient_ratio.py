"""Figures of the page "The gradient relative to the weights"."""

import numpy as np
from matplotlib.axes import Axes

from initexplain.checks import Array
from initexplain.experiments.gradient_ratio import PATHS, RATES, SCALES, GradientRatio
from initexplain.experiments.stages import STRENGTHS
from initexplain.figures.palette import MUTED, RANDOM, THEORY
from initexplain.figures.reach import reach_figure
from initexplain.figures.style import StyledFigure, label_line, name_heights, new_figure, on_lines

# a loss above this, in units of the best constant's, is drawn as a cross at the top
TOP = 3.0


def across_scales(result: GradientRatio) -> StyledFigure:
    """Gradient over weights of three layers, before training, against the weight scale."""
    figure, (axes,) = new_figure(height=3.6)
    ratios = np.median(result.ratios, axis=-1)
    for layer, line, fill in ((0, "o-", "full"), (-2, "s-.", "none"), (-1, "^--", "full")):
        axes.plot(SCALES, ratios[layer], line, color=RANDOM, linewidth=1.2, fillstyle=fill)
    for layer, text in ((-1, "output"), (0, "first layer"), (-2, "last hidden")):
        label_line(axes, SCALES[-1], ratios[layer, -1], text, RANDOM)
    below = SCALES[SCALES <= 0.6]
    power = len(ratios) - 3
    axes.plot(below, 0.35 * below**power, color=THEORY, linewidth=1.2)
    text = "scale" + {1: "", 2: "²", 3: "³"}.get(power, f"^{power}")
    label_line(axes, below[4], 0.35 * below[4] ** power, text, THEORY, ha="right", xytext=(-6, 6))
    axes.axvline(1.0, color=MUTED, linewidth=1, linestyle=":")
    axes.text(1.08, 3e-4, "LeCun’s scale", color=MUTED, size=9)
    axes.set(xscale="log", yscale="log", ylabel="gradient / weights", ylim=(1e-4, 4))
    axes.set_xlabel(on_lines("scale of the hidden weights:", "standard deviation × √(fan-in)"))
    _plain(axes)
    return figure


def through_training(result: GradientRatio) -> StyledFigure:
    """Above the ratio of two layers, below the loss, through training from two scales."""
    figure, panels = new_figure(
        height=4.6,
        rows=2,
        columns=2,
        sharex=True,
        sharey="row",
        phone_height=4.4,
        phone_columns=2,
        gridspec_kw={"height_ratios": [1.4, 1]},
    )
    x = result.recorded + 1
    titles = {"lecun": "LeCun’s scale", "waiting": f"{PATHS['waiting']:g} of it"}
    for column, (start, title) in enumerate(titles.items()):
        ratio, loss = panels[column], panels[column + 2]
        path = result.paths[start]
        ratio.plot(x, path["first_layer"], "-", color=RANDOM)
        ratio.plot(x, path["last_hidden"], "-.", color=RANDOM, linewidth=1.2)
        loss.plot(x, path["loss"], "-", color=RANDOM)
        ratio.set_title(title, size=10, color=MUTED)
        loss.set(xlabel="update")
        for axes in (ratio, loss):
            axes.set(xscale="log", yscale="log")
            _plain(axes)
    panels[0].set_ylabel("gradient / weights")
    panels[2].set_ylabel("loss")
    waiting = result.paths["waiting"]
    for layer, text, lower in (
        ("first_layer", "first layer", -12),
        ("last_hidden", "last hidden", 12),
    ):
        label_line(panels[1], 1, waiting[layer][0], text, RANDOM, xytext=(0, lower))
    return figure


def in_stages(result: GradientRatio) -> StyledFigure:
    """The share of each singular value that a linear network has, against updates."""
    figure, (axes,) = new_figure(height=2.8)
    found = result.stages
    updates = np.arange(len(found.learned))
    axes.plot(updates, found.predicted, "--", color=THEORY, linewidth=1.2)
    axes.plot(updates, found.learned, color=RANDOM)
    for strength, half in zip(STRENGTHS, found.half, strict=True):
        label_line(axes, half, 0.5, f"{strength:g}", RANDOM)
    axes.set(xlabel="update", ylabel="share that is learned", xlim=(0, 320), ylim=(0, 1.05))
    axes.text(318, 0.12, "dashes: theory", color=THEORY, ha="right", size=9)
    _plain(axes)
    return figure


def learning_rates(result: GradientRatio) -> StyledFigure:
    """Loss after training against the learning rate, for two optimizers and three scales."""
    figure, (descent, adam) = new_figure(height=3.6, columns=2, sharey=True)
    at = RATES["sgd"]
    median = _draw_losses(descent, np.array(at), result.losses["sgd"])
    fine, side = RATES["adam"], {"ha": "right"}
    other = _draw_losses(adam, np.array(fine), result.losses["adam"])
    descent.set_title("gradient descent", size=10, color=MUTED)
    adam.set_title("Adam", size=10, color=MUTED)
    name_heights((descent, adam), "loss / best constant’s loss")
    starved, right, saturated = median["starved"][1], median["right"][2], median["saturated"][3]
    label_line(descent, at[1], starved, "starved", RANDOM, va="bottom", xytext=(-8, 5))
    label_line(descent, at[3], saturated, "saturated", RANDOM, xytext=(8, 2))
    label_line(descent, at[2], right, "LeCun’s scale", RANDOM, ha="right", xytext=(2, -14))
    label_line(adam, fine[1], other["right"][1], "LeCun’s scale", RANDOM, xytext=(6, 6))
    label_line(adam, fine[-2], other["saturated"][-2], "saturated", RANDOM, xytext=(3, 13), **side)
    label_line(adam, fine[-2], other["starved"][-2], "starved", RANDOM, xytext=(-9, -6), **side)
    descent.set_yticks(
        [1, 0.1, 0.01, 1e-3, 1e-4, 1e-5], ["1", "0.1", "0.01", "0.001", "10⁻⁴", "10⁻⁵"]
    )
    descent.text(at[-1], TOP * 1.7, "grows ×", color=MUTED, size=9, ha="right")
    return figure


def starved(result: GradientRatio) -> StyledFigure:
    """For how many seeds the starved start learns with no rate."""
    return reach_figure(result.reach["starved"])


def rates(result: GradientRatio) -> StyledFigure:
    """For how many seeds two rules for the rate work."""
    return reach_figure(
        result.reach["share"],
        result.reach["curvature"],
        titles=("a tenth of the\nlargest matrix step", "two over the\nlargest curvature"),
    )


def _draw_losses(axes: Axes, rates: Array, losses: dict[str, Array]) -> dict[str, Array]:
    """A line for each start; returns the medians over seeds, `(rates,)`."""
    medians = {start: np.median(values, axis=-1) for start, values in losses.items()}
    for start, line, fill in (
        ("starved", "s-.", "none"),
        ("right", "o-", "full"),
        ("saturated", "^--", "full"),
    ):
        median = medians[start]
        shown = np.where(median < TOP, median, np.nan)
        axes.plot(rates, shown, line, color=RANDOM, linewidth=1.2, fillstyle=fill)
        lost = rates[median >= TOP]
        axes.plot(lost, np.full(len(lost), TOP), "x", color=RANDOM)
    axes.set(xscale="log", yscale="log", xlabel="learning rate")
    axes.xaxis.set_major_formatter("{x:g}")
    return medians


def _plain(axes: Axes) -> None:
    """Logarithmic axes with plain numbers and no minor ticks."""
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
