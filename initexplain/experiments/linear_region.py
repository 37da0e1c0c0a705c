"""The weight scale of a network of LeCun's tanh: saturation, gradients and what it learns."""

import math
from dataclasses import dataclass

import numpy as np

from initexplain.activations import ACTIVATIONS, LECUN_SLOPE
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, constant, lecun_normal, normal
from initexplain.losses import best_constant_loss
from initexplain.mean_field import mean_square, variances
from initexplain.network import Network, forward, gradients
from initexplain.signal import at_scales, gradient_to_weight, saturated_fraction
from initexplain.sweeps import sweep
from initexplain.training import train

ACTIVATION = ACTIVATIONS["lecun_tanh"]
LEARNING_RATE = 0.1
# tried as well on inputs that are not normalized, where a smaller step may help
SMALLER_RATE = 0.01
FEATURES = 16
EXAMPLES = 64
FAN_INS = (4, 16, 64, 256)
# the standard deviation that fits a fan-in of 16, used for all of them
FIXED_STD = 0.25
# units, and examples, from which a variance is known to a few percent
WIDE = 640
TOO_SMALL, RIGHT, TOO_BIG = 0.01, 1.0, 10.0
SMALL_CONSTANT, LARGE_STD = 0.01, 5.0


@dataclass(frozen=True)
class LecunTanh:
    """The numbers of `f(z) = 1.7159 tanh(2 z / 3)`.

    Attributes:
        region_end: where the slope is half of its largest value.
        inside: chance that a standard normal preactivation lies in the linear region.
        slope_at_zero: `f'(0)`.
        excess_at_one: `f(1) - 1`; the constants are rounded.
        bend: where `|f''|` is largest.
        mean_square: `E f(z)^2` for `z ~ N(0, 1)`.
    """

    region_end: float
    inside: float
    slope_at_zero: float
    excess_at_one: float
    bend: float
    mean_square: float


@dataclass(frozen=True)
class ScaleSweep:
    """Networks that differ in the scale of their hidden weights, from several seeds.

    Attributes:
        scales: standard deviation of the hidden weights times `sqrt(fan_in)`, `(scales,)`.
        saturated: share of hidden preactivations outside the linear region, `(scales, seeds)`.
        predicted: what the mean field says about this share, `(scales,)`.
        ratio: gradient over weights of the first layer before training, `(scales, seeds)`.
        final: training loss after the last step, `(scales, seeds)`.
        fresh: loss on examples that were not trained on, `(scales, seeds)`.
        best_constant: training loss of an output that ignores its input, at best.
        steps: updates.
        learning_rate: of plain gradient descent.
        hidden_layers: hidden layers.
        units: units in each of them.
    """

    scales: Array
    saturated: Array
    predicted: Array
    ratio: Array
    final: Array
    fresh: Array
    best_constant: float
    steps: int
    learning_rate: float
    hidden_layers: int
    units: int

    @property
    def seeds(self) -> int:
        """Networks per scale."""
        return int(self.saturated.shape[1])

    @property
    def small(self) -> "OneScale":
        """The networks a hundred times below LeCun's scale."""
        return self._at(TOO_SMALL)

    @property
    def lecun(self) -> "OneScale":
        """The networks at LeCun's scale, 1."""
        return self._at(RIGHT)

    @property
    def large(self) -> "OneScale":
        """The networks ten times above LeCun's scale."""
        return self._at(TOO_BIG)

    @property
    def lecun_wins(self) -> int:
        """Seeds in which LeCun's scale beats the small and the large one on fresh examples."""
        small, lecun, large = (
            self.fresh[self._index(scale)] for scale in (TOO_SMALL, RIGHT, TOO_BIG)
        )
        return int(np.sum((lecun < small) & (lecun < large)))

    def _index(self, scale: float) -> int:
        return int(np.argmin(np.abs(np.log(self.scales / scale))))

    def _at(self, scale: float) -> "OneScale":
        i = self._index(scale)
        return OneScale(
            *(
                float(np.median(values[i]))
                for values in (self.saturated, self.ratio, self.final, self.fresh)
            )
        )


@dataclass(frozen=True)
class OneScale:
    """Medians over the seeds of one scale.

    Attributes:
        saturated: share of hidden preactivations outside the linear region.
        ratio: gradient over weights of the first layer before training.
        final: training loss after the last step.
        fresh: loss on examples that were not trained on.
    """

    saturated: float
    ratio: float
    final: float
    fresh: float


@dataclass(frozen=True)
class FanIns:
    """Variance of preactivations against the number of inputs of a unit.

    Attributes:
        fan_ins: inputs of a unit, `(fan_ins,)`.
        scaled: measured variance with standard deviation `fan_in ** -0.5`, `(fan_ins,)`.
        fixed: measured variance with the standard deviation `fixed_std`, `(fan_ins,)`.
        fixed_std: the standard deviation that ignores the fan-in.
    """

    fan_ins: Array
    scaled: Array
    fixed: Array
    fixed_std: float

    @property
    def largest_error(self) -> float:
        """Largest deviation of the scaled variance from 1."""
        return float(np.abs(self.scaled - 1).max())

    @property
    def fixed_at_most_inputs(self) -> float:
        """Variance with the fixed standard deviation at the largest fan-in."""
        return float(self.fixed[-1])


@dataclass(frozen=True)
class Inputs:
    """Networks at LeCun's scale on one form of the same inputs, medians over seeds.

    Attributes:
        saturated: share of the first hidden layer's preactivations outside the linear region.
        fresh: loss on examples that were not trained on, with the better of two learning rates.
        condition: largest over smallest eigenvalue of the inputs' second moments.
    """

    saturated: float
    fresh: float
    condition: float


@dataclass(frozen=True)
class LinearRegion:
    """What the page shows.

    Attributes:
        tanh: the numbers of LeCun's tanh.
        sweep: networks across the weight scale.
        fan_in: variance of preactivations across the fan-in.
        normalized: inputs of mean 0 and standard deviation 1.
        shifted: the same inputs plus 3.
        stretched: the same inputs times 10.
        random_saturated: share outside the region in a layer of random weights of standard
            deviation 5.
        constant_saturated: the same for a layer whose weights are all 0.01.
        features: inputs of each network.
    """

    tanh: LecunTanh
    sweep: ScaleSweep
    fan_in: FanIns
    normalized: Inputs
    shifted: Inputs
    stretched: Inputs
    random_saturated: float
    constant_saturated: float
    features: int


def run(
    *, hidden_layers: int = 3, units: int = 16, seeds: int = 5, steps: int = 100, seed: int = 0
) -> LinearRegion:
    """Trains networks of LeCun's tanh across scales; measures variances and saturation.

    The scale multiplies the hidden weights; the output weights stay at LeCun's, so that all
    networks start at comparable losses. Full-batch gradient descent, learning rate 0.1.

    Args:
        hidden_layers: hidden layers of the trained networks.
        units: units in each of them.
        seeds: networks per scale.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=2 * EXAMPLES, features=FEATURES)
    sizes = [FEATURES, *[units] * hidden_layers, targets.shape[1]]
    return LinearRegion(
        tanh=_lecun_tanh(),
        sweep=_sweep(rng, sizes, inputs, targets, seeds=seeds, steps=steps),
        fan_in=_fan_ins(rng),
        normalized=_on(rng, sizes, inputs, targets, seeds=seeds, steps=steps),
        shifted=_on(rng, sizes, inputs + 3.0, targets, seeds=seeds, steps=steps),
        stretched=_on(rng, sizes, inputs * 10.0, targets, seeds=seeds, steps=steps),
        random_saturated=_saturated(rng, inputs, normal(LARGE_STD)),
        constant_saturated=_saturated(rng, inputs, constant(SMALL_CONSTANT)),
        features=FEATURES,
    )


def _lecun_tanh() -> LecunTanh:
    end = ACTIVATION.linear_region[1]
    return LecunTanh(
        region_end=end,
        inside=math.erf(end / math.sqrt(2)),
        slope_at_zero=float(ACTIVATION.derivative(0.0)),
        excess_at_one=float(ACTIVATION(1.0)) - 1,
        # |f''| is largest where tanh^2 = 1/3
        bend=math.atanh(3**-0.5) / LECUN_SLOPE,
        mean_square=float(mean_square(ACTIVATION, 1.0)),
    )


def _sweep(
    rng: np.random.Generator,
    sizes: list[int],
    inputs: Array,
    targets: Array,
    *,
    seeds: int,
    steps: int,
) -> ScaleSweep:
    scales = np.logspace(-2, 1.5, 15)
    drawn = Network.initialize(
        rng, sizes, weights=lecun_normal(), activation=ACTIVATION, ensemble=(seeds,)
    )
    network = at_scales(drawn, scales)
    (seen, fresh), (wanted, fresh_wanted) = np.split(inputs, 2), np.split(targets, 2)
    history = train(network, seen, wanted, steps=steps, learning_rate=LEARNING_RATE)
    return ScaleSweep(
        scales=scales,
        saturated=saturated_fraction(network, seen).mean(axis=0),
        predicted=np.array([_predicted_saturation(scale, len(sizes) - 2) for scale in scales]),
        ratio=gradient_to_weight(network, gradients(network, seen, wanted)[1])[0],
        final=history.losses[-1],
        fresh=gradients(history.network, fresh, fresh_wanted)[0],
        best_constant=best_constant_loss(wanted),
        steps=steps,
        learning_rate=LEARNING_RATE,
        hidden_layers=len(sizes) - 2,
        units=sizes[1],
    )


def _fan_ins(rng: np.random.Generator) -> FanIns:
    def variance(fan_in: int, weights: Initializer) -> float:
        layer = Network.initialize(rng, [fan_in, WIDE], weights=weights)
        return float(forward(layer, rng.standard_normal((WIDE, fan_in))).outputs.var())

    return FanIns(
        fan_ins=np.array(FAN_INS, dtype=float),
        scaled=np.array([variance(m, lecun_normal()) for m in FAN_INS]),
        fixed=np.array([variance(m, normal(FIXED_STD)) for m in FAN_INS]),
        fixed_std=FIXED_STD,
    )


def _on(
    rng: np.random.Generator,
    sizes: list[int],
    inputs: Array,
    targets: Array,
    *,
    seeds: int,
    steps: int,
) -> Inputs:
    """LeCun's recipe on these inputs, the first half of which is trained on."""
    start = Network.initialize(
        rng, sizes, weights=lecun_normal(), activation=ACTIVATION, ensemble=(seeds,)
    )
    (seen, fresh), (wanted, fresh_wanted) = np.split(inputs, 2), np.split(targets, 2)
    rates = (LEARNING_RATE, SMALLER_RATE)
    trained = sweep([start] * len(rates), seen, wanted, steps=steps, learning_rate=rates)
    # no updates: the loss on these examples, infinite where it is too large for a float; a rate
    # that is too large leaves such a loss, and the other one counts
    networks = [history.network for history in trained]
    unseen = sweep(networks, fresh, fresh_wanted, steps=0, learning_rate=0.0)
    found = [history.final_losses for history in unseen]
    moments = np.linalg.eigvalsh(seen.T @ seen)
    return Inputs(
        saturated=float(np.median(saturated_fraction(start, seen)[0])),
        fresh=float(np.median(found, axis=1).min()),
        condition=float(moments[-1] / moments[0]),
    )


def _predicted_saturation(scale: float, layers: int) -> float:
    """Mean chance over hidden layers that a normal preactivation is outside the region."""
    # the inputs have second moment 1, so that the first preactivations have scale^2
    q = variances(ACTIVATION, layers=layers, weight_std=scale, start=scale**2)
    end = ACTIVATION.linear_region[1]
    return float(np.mean([math.erfc(end / math.sqrt(2 * variance)) for variance in q]))


def _saturated(rng: np.random.Generator, inputs: Array, weights: Initializer) -> float:
    """Share of saturated preactivations in one hidden layer of these weights."""
    network = Network.initialize(
        rng, [inputs.shape[1], WIDE, 1], weights=weights, activation=ACTIVATION
    )
    return float(saturated_fraction(network, inputs)[0])
