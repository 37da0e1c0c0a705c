"""The weight scale of a network of LeCun's tanh: saturation, gradients and what it learns."""

import math
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from initexplain.activations import ACTIVATIONS, LECUN_SLOPE
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.reach import Data, Row, Scaled, Trial, reach
from initexplain.experiments.verdicts import Variations, with_mean
from initexplain.initializers import Initializer, constant, lecun_normal, normal
from initexplain.losses import best_constant_loss
from initexplain.mean_field import mean_square, variances
from initexplain.network import Network, forward, gradients
from initexplain.signal import gradient_to_weight, saturated_fraction

ACTIVATION = ACTIVATIONS["lecun_tanh"]
REGION_END = ACTIVATION.linear_region[1]
LEARNING_RATE = 0.1
SMALLER_RATE = 0.01
"""Tried as well on inputs that are not normalized, where a smaller step may help."""
FEATURES = 16
EXAMPLES = 64
SCALES = np.logspace(-2, 1.5, 15)
PLACES = {"small": 0, "lecun": 8, "large": 12}
"""Where 0.01, 1 and 10 stand among `SCALES`."""
FAN_INS = (4, 16, 64, 256)
FIXED_STD = 0.25
"""The standard deviation that fits a fan-in of 16, used for all of `FAN_INS`."""
WIDE = 640
"""Units, and examples, from which a variance is known to a few percent."""
SMALL_CONSTANT = 0.01
LARGE_STD = 5.0
WAITING = 0.9
"""Share of the best constant output's loss above which a network has not begun to learn."""
VARIATIONS: Variations = {
    "longer": ("{steps:,} updates", {"steps": 1000}),
    "slower": ("learning rate {learning_rate}", {"learning_rate": 0.03}),
    "batches": ("batches of {batch_size}", {"batch_size": 8}),
    # a momentum of 0.9 makes ten times the rate of it
    "momentum": (
        "momentum, rate {learning_rate}",
        {"optimizer": "momentum", "learning_rate": LEARNING_RATE / 10},
    ),
    "adam": ("Adam, rate {learning_rate}", {"optimizer": "adam", "learning_rate": 0.01}),
    "shallow": ("one hidden layer", {"hidden": (16,)}),
    "deep": ("six hidden layers", {"hidden": (16,) * 6}),
    "wide": ("layers of 32 units", {"hidden": (32,) * 3}),
    "tanh": ("tanh units", {"activation": "tanh"}),
    "logistic": ("logistic units", {"activation": "logistic"}),
    "mean": (
        "targets plus 3",
        {"data": partial(with_mean, mean=3.0, examples=2 * EXAMPLES, features=FEATURES)},
    ),
    "teacher": ("another teacher", {"seed": 1}),
}


def _task(rng: np.random.Generator, shift: float = 0.0, factor: float = 1.0) -> tuple[Array, Array]:
    """All examples, of which training sees the first half."""
    inputs, targets = teacher(rng, examples=2 * EXAMPLES, features=FEATURES)
    return factor * inputs + shift, targets


INPUTS: dict[str, Data] = {
    "normalized": _task,
    "shifted": partial(_task, shift=3.0),
    "stretched": partial(_task, factor=10.0),
}


@dataclass(frozen=True)
class LinearRegion:
    """What the page shows.

    Attributes:
        tanh: numbers of `f(z) = 1.7159 tanh(2 z / 3)`: `region_end`, where the slope is half of its
            largest value; `inside`, the chance that a standard normal preactivation lies in the
            linear region; `slope_at_zero`; `excess_at_one`, which is `f(1) - 1`; `bend`, where
            `|f''|` is largest; `mean_square`, which is `E f(z)^2` for `z ~ N(0, 1)`.
        sweep: networks across `SCALES`, `(scales, seeds)` each: `saturated`, the share of hidden
            preactivations outside the linear region; `ratio`, gradient over weights of the first
            layer before training; `final`, the training loss after the last step; `fresh`, the
            loss on examples that were not trained on.
        medians: over seeds of each of these, at the scales named in `PLACES`.
        predicted: what the mean field says about the saturated share, `(scales,)`.
        lecun_wins: seeds in which LeCun's scale beats the small and the large one on fresh
            examples.
        best_constant: training loss of an output that ignores its input, at best.
        variance: of preactivations at each of `FAN_INS`, `(fan-ins,)`: `scaled` with the standard
            deviation `fan_in ** -0.5`, `fixed` with `FIXED_STD`.
        largest_error: largest deviation of the scaled variance from 1.
        inputs: LeCun's scale on inputs that are `normalized`, `shifted` by 3 or `stretched` by 10,
            medians over seeds: `saturated` in the first hidden layer; `fresh`, with the better of
            two learning rates; `condition`, the largest over the smallest eigenvalue of the
            inputs' second moments.
        random_saturated: share outside the region in a layer of random weights of standard
            deviation 5.
        constant_saturated: the same for a layer whose weights are all 0.01.
        reach: of three verdicts under `VARIATIONS`: at a hundredth of LeCun's scale the network
            `waits`, its loss is still that of a constant; on fresh examples it ends above LeCun's
            scale, `small`; and so does ten times that scale, `large`.
        late: median training loss that a hundredth ends with, under each of them, in units of the
            best constant output's.
    """

    tanh: dict[str, float]
    sweep: dict[str, Array]
    medians: dict[str, dict[str, float]]
    predicted: Array
    lecun_wins: int
    best_constant: float
    variance: dict[str, Array]
    largest_error: float
    inputs: dict[str, dict[str, float]]
    random_saturated: float
    constant_saturated: float
    reach: dict[str, dict[str, Row]]
    late: dict[str, float]


def run(
    *, hidden_layers: int = 3, units: int = 16, seeds: int = 5, steps: int = 100, seed: int = 0
) -> LinearRegion:
    """Trains networks of LeCun's tanh across scales; measures variances and saturation.

    The scale multiplies the hidden weights; the output weights stay at LeCun's, so that all
    networks start at comparable losses. Full-batch gradient descent, learning rate 0.1.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = _task(rng)
    hidden = (units,) * hidden_layers
    base = replace(PAGE_SETTING, hidden=hidden, seeds=seeds, steps=steps, seed=seed)
    across = _sweep(replace(base, scales=tuple(SCALES)))
    lecuns = replace(base, scales=(1.0,))
    small, lecun, large = (across["fresh"][place] for place in PLACES.values())
    scaled, fixed = _variances(rng, lecun_normal()), _variances(rng, normal(FIXED_STD))
    return LinearRegion(
        tanh=_lecun_tanh(),
        sweep=across,
        medians={
            name: {key: float(np.median(values[place])) for key, values in across.items()}
            for name, place in PLACES.items()
        },
        predicted=np.array([_predicted_saturation(scale, hidden_layers) for scale in SCALES]),
        lecun_wins=int(np.sum((lecun < small) & (lecun < large))),
        best_constant=best_constant_loss(targets[:EXAMPLES]),
        variance={"scaled": scaled, "fixed": fixed},
        largest_error=float(np.abs(scaled - 1).max()),
        inputs={name: _on(replace(lecuns, data=data)) for name, data in INPUTS.items()},
        random_saturated=_saturated(rng, inputs, normal(LARGE_STD)),
        constant_saturated=_saturated(rng, inputs, constant(SMALL_CONSTANT)),
        reach={
            "waits": reach(_waits, PAGE_SETTING, VARIATIONS),
            "small": reach(partial(_beaten, 0), PAGE_SETTING, VARIATIONS),
            "large": reach(partial(_beaten, 2), PAGE_SETTING, VARIATIONS),
        },
        late={
            name: float(np.median(_outcome(replace(PAGE_SETTING, **changes))[0].losses[-1, 0]))
            for name, (_, changes) in VARIATIONS.items()
        },
    )


class _Halved(Scaled):
    """Trained on the first half of its data."""

    def drawn(self) -> tuple[np.random.Generator, Network, Array, Array]:
        rng, start, inputs, targets = super().drawn()
        return rng, start, inputs[:EXAMPLES], targets[:EXAMPLES]


PAGE_SETTING = _Halved(
    weights=lecun_normal(),
    hidden=(16, 16, 16),
    activation="lecun_tanh",
    data=_task,
    learning_rate=LEARNING_RATE,
    steps=100,
    scales=(0.01, 1.0, 10.0),
    dtype=np.float32,
)


@cache
def _outcome(setting: _Halved) -> tuple[Trial, Array]:
    """A training, and the losses on fresh examples after it, `(scales, seeds)`."""
    trial = setting.trained()
    inputs, targets = setting.data(np.random.default_rng(setting.seed))
    return trial, gradients(trial.history.network, inputs[EXAMPLES:], targets[EXAMPLES:])[0]


def _waits(setting: _Halved) -> Array:
    trial, _ = _outcome(setting)
    return trial.judged(trial.losses[-1, 0] > WAITING)


def _beaten(scale: int, setting: _Halved) -> Array:
    """Whether this one of the scales ends above LeCun's on fresh examples."""
    trial, fresh = _outcome(setting)
    return trial.judged(fresh[scale] > fresh[1])


def _lecun_tanh() -> dict[str, float]:
    return {
        "region_end": REGION_END,
        "inside": math.erf(REGION_END / math.sqrt(2)),
        "slope_at_zero": float(ACTIVATION.derivative(0.0)),
        # the constants are rounded
        "excess_at_one": float(ACTIVATION(1.0)) - 1,
        # |f''| is largest where tanh^2 = 1/3
        "bend": math.atanh(3**-0.5) / LECUN_SLOPE,
        "mean_square": float(mean_square(ACTIVATION, 1.0)),
    }


def _sweep(setting: _Halved) -> dict[str, Array]:
    """Measures before and after a training, `(scales, seeds)` each."""
    trial, fresh = _outcome(setting)
    _, slopes = gradients(trial.start, trial.inputs, trial.targets)
    return {
        "saturated": saturated_fraction(trial.start, trial.inputs).mean(axis=0),
        "ratio": gradient_to_weight(trial.start, slopes)[0],
        "final": trial.history.losses[-1],
        "fresh": fresh,
    }


def _variances(rng: np.random.Generator, weights: Initializer) -> Array:
    """Variance of a layer's preactivations for each fan-in, `(fan-ins,)`."""

    def variance(fan_in: int) -> float:
        layer = Network.initialize(rng, [fan_in, WIDE], weights=weights)
        return float(forward(layer, rng.standard_normal((WIDE, fan_in))).outputs.var())

    return np.array([variance(fan_in) for fan_in in FAN_INS])


def _on(setting: _Halved) -> dict[str, float]:
    """LeCun's recipe on these inputs, of two learning rates with the one that is better there."""
    rates = (LEARNING_RATE, SMALLER_RATE)
    (trial, large), (_, small) = (_outcome(replace(setting, learning_rate=r)) for r in rates)
    moments = np.linalg.eigvalsh(trial.inputs.T @ trial.inputs)
    return {
        "saturated": float(np.median(saturated_fraction(trial.start, trial.inputs)[0])),
        "fresh": float(np.median([large, small], axis=-1).min()),
        "condition": float(moments[-1] / moments[0]),
    }


def _predicted_saturation(scale: float, layers: int) -> float:
    """Mean chance over hidden layers that a normal preactivation is outside the region."""
    # the inputs have second moment 1, so that the first preactivations have scale^2
    q = variances(ACTIVATION, layers=layers, weight_std=scale, start=scale**2)
    return float(np.mean([math.erfc(REGION_END / math.sqrt(2 * variance)) for variance in q]))


def _saturated(rng: np.random.Generator, inputs: Array, weights: Initializer) -> float:
    """Share of saturated preactivations in one hidden layer of these weights."""
    network = Network.initialize(
        rng, [inputs.shape[1], WIDE, 1], weights=weights, activation=ACTIVATION
    )
    return float(saturated_fraction(network, inputs)[0])
