"""Rules about the signal on a batch: spread, sizes, gradients, flat units, the first loss."""

import math
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from initexplain.check.findings import Finding, Level
from initexplain.check.parameters import Parameter, holder
from initexplain.check.trial import Evaluation, rms
from initexplain.checks import Array

# Of the size of an output, what differs from example to example. In the eighth layer of a healthy
# ReLU network it is a third, in the hundredth a tenth; a thousandth is below the noise of a batch.
LOST = 1e-3
# float16 ends at 65,504
LARGE = 1e4
# One learning rate moves all layers. Where it moves the last by a hundredth in an update, the first
# need a million updates for as much.
UNEQUAL = 1e4
# Of its size, what an update of gradient descent at a rate of 1 takes off a weight. Below it no
# usual rate moves anything, and Adam sees no gradient beside its epsilon.
VANISHED = 1e-10
# Deep layers see inputs that are much alike, so that half of their units may be off for all.
FLAT = 0.75
# A start with outputs of spread 1 costs half a unit above the best constant, and 3 leaves room.
COSTLY = 3.0


def check_signal(first: Evaluation, parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """Whether the examples still differ at the end, and whether the signal keeps its size.

    A layer whose weights are zero gives its biases: it loses nothing, it waits.
    """
    if not math.isfinite(first.loss):
        remedy = "find the first layer whose output is not finite; draw smaller weights"
        bad = next((n for n, s in first.outputs.items() if not np.isfinite(s).all()), "")
        yield Finding("FAIL", "finite", bad, "the loss is not finite", first.loss, remedy)
        return
    sizes = {name: rms(signal) for name, signal in first.outputs.items()}
    if large := [name for name, size in sizes.items() if size > LARGE]:
        said = f"outputs of size {sizes[large[0]]:.2g}"
        remedy = "draw with standard deviation sqrt(gain / fan-in), or normalize"
        yield Finding("WARN", "signal", large[0], said, sizes[large[0]], remedy)
    shares = {name: _share(signal) for name, signal in first.outputs.items() if signal.shape[1] > 1}
    end = _share(first.result.T[:, :, None]) if first.result is not None else math.nan
    zeros = [p.name for p in parameters if p.weighs and p.statistics.zero]
    waiting = {*zeros, *map(holder, zeros)}
    lost = [name for name, share in shares.items() if share < LOST and name not in waiting]
    if end < LOST and lost:
        said = f"the examples give the same: they differ by {shares[lost[0]]:.2g} of its size here"
        remedy = "draw larger weights, or smaller random biases: see the scale of each layer"
        yield Finding("WARN", "signal", lost[0], f"{said}, by {end:.2g} at the end", end, remedy)
    elif shares:
        said = (
            "all outputs are zero"
            if math.isnan(end)
            else f"outputs differ by {end:.2g} of their size"
        )
        yield Finding("ok", "signal", "", f"between examples, {said}", end)


def _share(signal: Array) -> float:
    """How much of a signal `(units, examples, places)` differs between examples; NaN for zeros."""
    if signal.shape[1] < 2 or not (size := rms(signal)):
        return math.nan
    return math.sqrt(float((signal / size).var(axis=1).mean()))


def check_gradients(
    first: Evaluation, parameters: Sequence[Parameter], ends: Collection[str]
) -> Iterator[Finding]:
    """Whether one learning rate suits all depths, and any: gradients relative to the weights.

    The first quarter of the weights is compared with the last one, by their medians: a branch that
    starts small on purpose is no vanishing gradient. Nor is the network's end, where small weights
    have a gradient that is large beside them: what is odd is so with the end and without it.
    """
    ratios = {}
    for p in parameters:
        gradient = first.gradients.get(p.name)
        if p.weighs and gradient is not None and gradient.any() and not p.statistics.constant:
            spread = math.hypot(p.statistics.std, p.statistics.mean)
            ratios[p.name] = rms(gradient) / spread
    inner = {name: ratio for name, ratio in ratios.items() if name not in ends}
    compared = [_compared([*some.values()]) for some in (ratios, inner) if len(some) > 1]
    if not compared:
        return
    factor, low, high = min(compared)
    said = f"gradient to weight {low:.2g} in the first layers and {high:.2g} in the last"
    # of branches that are scaled down the gradients may be as small, but not that of the last layer
    vanished = max(ratios.values()) < VANISHED * min(1.0, abs(first.loss))
    if vanished or (factor > UNEQUAL and len(inner) > 1):
        remedy = "choose the weight scale so that signal and error keep their size through depth"
        yield Finding("WARN", "gradient", next(iter(ratios)), said, factor, remedy)
    else:
        yield Finding("ok", "gradient", "", said, factor)


def _compared(ratios: Sequence[float]) -> tuple[float, float, float]:
    """How far the first and the last quarter are apart, by a factor; and the median of each."""
    quarter = max(1, len(ratios) // 4)
    low, high = (float(np.median(part)) for part in (ratios[:quarter], ratios[-quarter:]))
    factor = max(low, high) / min(low, high) if min(low, high) else math.inf
    return factor, low, high


def check_activity(first: Evaluation) -> Iterator[Finding]:
    """Activation functions whose units are flat on every example: no error passes them."""
    for name, activity in first.activity.items():
        if activity.share > FLAT:
            level: Level = "WARN"
            if activity.kind == "dead":
                said = f"{activity.share:.0%} of the units are off on every example"
                remedy = "no negative biases before a ReLU, no zero or all-negative rows"
                level = "FAIL" if activity.share == 1 else "WARN"
            else:
                said = f"{activity.share:.0%} of the values are where the function is flat"
                remedy = "draw smaller weights, or scale the inputs"
            yield Finding(level, activity.kind, name, said, activity.share, remedy)


def check_loss(first: float, constants: Sequence[float]) -> Iterator[Finding]:
    """The first loss beside that of the best constant answer, of those that were tried."""
    best = min(constants, default=0.0)
    if best <= 0:
        return
    said = f"the first loss is {first:.3g}, that of the best constant answer {best:.3g}"
    if first > COSTLY * best:
        remedy = (
            "start at the constant answer: inputs of unit spread, smaller last weights, the last "
            "bias at the log odds of the classes or at the mean of the targets"
        )
        yield Finding("WARN", "loss", "", said, first / best, remedy)
    else:
        yield Finding("ok", "loss", "", said, first)
