"""The defaults of five frameworks, and what each of them does to a network of ten hidden layers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import LEARNED, Curves, relative_losses
from initexplain.experiments.reach import Row, Setting, reach
from initexplain.experiments.verdicts import Variations
from initexplain.initializers import (
    TRUNCATED_STD,
    Initializer,
    constant,
    glorot_uniform,
    truncated_normal,
    uniform,
    zeros,
)
from initexplain.mean_field import mean_field
from initexplain.network import Network, forward
from initexplain.signal import second_moments

EXAMPLES = 16
LEARNING_RATE = 0.02
OTHER_RATES = (0.0005, 0.005, 0.1)
"""Learning rates of momentum for what has not learned at the first."""
ADAM_RATE = 0.001
CHANNELS = 64
GROUPS = 4
PLAYGROUND_UNITS = 8
"""The most units that a layer has in the TensorFlow Playground."""
TORCH_GAIN = math.sqrt(2 / (1 + math.sqrt(5) ** 2))
"""The gain of `kaiming_uniform_` with `a = sqrt(5)`."""
TORCH_VARIANCE = TORCH_GAIN**2
"""Variance of torch's weights over that of LeCun's."""
TRUNCATION = TRUNCATED_STD
"""Standard deviation of a normal that was cut off at two standard deviations."""


@dataclass(frozen=True)
class Layer:
    """How a framework starts one layer.

    Attributes:
        weights: initializer of the matrix.
        biases: initializer of the bias vector.
        weight_std: standard deviation of a weight.
        bias_std: root mean square of a bias.
    """

    weights: Initializer
    biases: Initializer
    weight_std: float
    bias_std: float


Rule = Callable[[int, int], Layer]
"""`(fan_in, fan_out)` -> how the layer starts."""


def torch_linear(fan_in: int, fan_out: int) -> Layer:  # noqa: ARG001 - a rule of the fan-in only
    """PyTorch `nn.Linear`: weights and biases U(-1/sqrt(fan_in), 1/sqrt(fan_in)).

    Written there as `kaiming_uniform_(weight, a=sqrt(5))`, whose bound is
    `sqrt(3) gain / sqrt(fan_in)` with the gain `sqrt(2 / (1 + a^2))` of a leaky ReLU of slope `a`.
    """
    weight_bound = TORCH_GAIN * math.sqrt(3 / fan_in)
    bias_bound = 1 / math.sqrt(fan_in)
    return Layer(
        uniform(weight_bound), uniform(bias_bound), weight_bound / 3**0.5, bias_bound / 3**0.5
    )


def torch_without_biases(fan_in: int, fan_out: int) -> Layer:
    """The weights of PyTorch's `nn.Linear`, and zero biases."""
    return replace(torch_linear(fan_in, fan_out), biases=zeros(), bias_std=0.0)


def keras_dense(fan_in: int, fan_out: int) -> Layer:
    """Keras `Dense`: `glorot_uniform`, zero biases."""
    return Layer(glorot_uniform(), zeros(), math.sqrt(2 / (fan_in + fan_out)), 0.0)


def flax_dense(fan_in: int, fan_out: int) -> Layer:  # noqa: ARG001 - a rule of the fan-in only
    """Flax `Dense`: `lecun_normal`, cut off at two standard deviations; zero biases."""
    std = 1 / math.sqrt(fan_in)
    return Layer(truncated_normal(std), zeros(), std, 0.0)


def sklearn_mlp(fan_in: int, fan_out: int) -> Layer:
    """scikit-learn `MLPRegressor` with tanh or ReLU: Glorot's bound for weights and biases."""
    bound = math.sqrt(6 / (fan_in + fan_out))
    return Layer(uniform(bound), uniform(bound), bound / 3**0.5, bound / 3**0.5)


def playground(fan_in: int, fan_out: int) -> Layer:  # noqa: ARG001 - a rule without fans
    """TensorFlow Playground: U(-0.5, 0.5) whatever the fan-in, biases 0.1."""
    return Layer(uniform(0.5), constant(0.1), 0.5 / 3**0.5, 0.1)


RULES: dict[str, Rule] = {
    "torch": torch_linear,
    "keras": keras_dense,
    "flax": flax_dense,
    "sklearn": sklearn_mlp,
    "playground": playground,
}
"""The defaults by name of the framework."""


@dataclass(frozen=True)
class Kernel:
    """A convolution's kernel.

    Attributes:
        fan_in: how many products an output sums up, the mean over places.
        scale: by framework, the standard deviation of a weight times the root of that.
    """

    fan_in: float
    scale: dict[str, float]


def kernels() -> dict[str, Kernel]:
    """Convolutions of 64 channels in and out, as the frameworks store and draw their kernels.

    Plain, in `GROUPS` and depthwise with sides of 3; transposed with a side of 4 and stride 2,
    where one place reads a quarter of the offsets.

    Examples:
        >>> kernels()["depthwise"].fan_in, round(kernels()["depthwise"].scale["keras"], 3)
        (9, 0.175)
    """
    n, part, side, up = CHANNELS, CHANNELS // GROUPS, 3, 4
    shapes = {
        "plain": (n * side**2, (n, n, side, side), (side, side, n, n)),
        "grouped": (part * side**2, (n, part, side, side), (side, side, part, n)),
        "depthwise": (side**2, (n, 1, side, side), (side, side, n, 1)),
        "transposed": (n * (up // 2) ** 2, (n, n, up, up), (up, up, n, n)),
    }
    found = {}
    for kind, (fan_in, torch, keras) in shapes.items():
        flax = (side, side, 1, n) if kind == "depthwise" else keras
        # each takes its fans from the axes of the shape, whatever they mean
        variances = {
            "torch": TORCH_VARIANCE / math.prod(torch[1:]),
            "keras": 2 / (math.prod(keras[:2]) * (keras[2] + keras[3])),
            "flax": 1 / math.prod(flax[:3]),
        }
        found[kind] = Kernel(fan_in, {k: math.sqrt(v * fan_in) for k, v in variances.items()})
    return found


@dataclass(frozen=True)
class Behaviour:
    """Networks with one framework's defaults and one activation, one per seed.

    Attributes:
        chi: factor of the mean squared error per layer, in the mean field.
        signal: variance over examples of the preactivations, a record per layer; biases alone
            have none.
        first_error: mean square of the first hidden layer's errors over that of the last hidden
            layer's, median over seeds.
        losses: after training, in units of the best constant output's loss; one record.
        tuned: the same, at the best of all rates where a network has not learned at the first.
        adam: the same with Adam.
    """

    chi: float
    signal: Curves
    first_error: float
    losses: Curves
    tuned: Curves
    adam: Curves


@dataclass(frozen=True)
class FrameworkDefaults:
    """What the page shows, for each of the frameworks in `RULES`.

    Attributes:
        scale: standard deviation of a hidden weight times `sqrt(fan_in)`.
        tanh: networks of tanh.
        relu: networks of ReLU.
        playground_scale: weight scale of the Playground's rule at 8 units, the most that it is
            used with.
        kernels: of convolutions of 64 channels in and out, by kind.
        depthwise_share: of the variance that Keras's depthwise kernel passes on.
        reach: of the verdict that PyTorch's ReLU networks have not learned, under `VARIATIONS`.
    """

    scale: dict[str, float]
    tanh: dict[str, Behaviour]
    relu: dict[str, Behaviour]
    playground_scale: float
    kernels: dict[str, Kernel]
    depthwise_share: float
    reach: dict[str, Row]


def run(
    *, hidden_layers: int = 10, units: int = 32, seeds: int = 5, steps: int = 150, seed: int = 0
) -> FrameworkDefaults:
    """Draws, measures and trains networks with the defaults of each framework.

    Momentum 0.9 at the rate 0.02, what does not learn there also at `OTHER_RATES`, and Adam;
    full batches, in single precision, as the frameworks train. There are as many inputs as `units`.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES, features=units)
    sizes = [*[units] * (hidden_layers + 1), targets.shape[1]]
    trained = partial(relative_losses, inputs=inputs, targets=targets, steps=steps)

    def behaviours(activation: str) -> dict[str, Behaviour]:
        drawn = [_drawn(rng, sizes, rule, activation, seeds) for rule in RULES.values()]
        momentum = trained(drawn, optimizer="momentum", learning_rate=LEARNING_RATE)
        tuned = momentum.copy()
        late = np.flatnonzero((momentum >= LEARNED).any(axis=1))
        for rate in OTHER_RATES if late.size else ():
            again = trained([drawn[k] for k in late], optimizer="momentum", learning_rate=rate)
            tuned[late] = np.minimum(tuned[late], again)
        adam = trained(drawn, optimizer="adam", learning_rate=ADAM_RATE)
        losses = np.stack([momentum, tuned, adam], axis=1)
        return {
            name: _behaviour(rng, network, inputs, final, rule(units, units))
            for (name, rule), network, final in zip(RULES.items(), drawn, losses, strict=True)
        }

    few = PLAYGROUND_UNITS
    return FrameworkDefaults(
        scale={
            name: rule(units, units).weight_std * math.sqrt(units) for name, rule in RULES.items()
        },
        tanh=behaviours("tanh"),
        relu=behaviours("relu"),
        playground_scale=playground(few, few).weight_std * math.sqrt(few),
        kernels=kernels(),
        depthwise_share=kernels()["depthwise"].scale["keras"] ** 2,
        reach=_how_far(),
    )


def signal_variance(network: Network, inputs: ArrayLike) -> Array:
    """Variance over examples of the preactivations, mean over units, `(layers, ...)`.

    Examples:
        A bias adds nothing that would tell one example from another:

        >>> signal_variance(Network([[[2.0]]], [[9.0]]), [[1.0], [-1.0]])
        array([4.])
    """
    preactivations = forward(network, inputs).preactivations
    return np.array([z.var(axis=-2).mean(axis=-1) for z in preactivations])


def _drawn(
    rng: np.random.Generator, sizes: list[int], rule: Rule, activation: str, seeds: int
) -> Network:
    """An ensemble `(seeds,)` that starts by the rule, layer by layer, in single precision."""
    layers = [(rule(*fans), fans) for fans in pairwise(sizes)]
    single = np.float32
    weights = [layer.weights(rng, (seeds, n, m)).astype(single) for layer, (m, n) in layers]
    biases = [layer.biases(rng, (seeds, n)).astype(single) for layer, (_, n) in layers]
    return Network(weights, biases, activation)


def _behaviour(
    rng: np.random.Generator, network: Network, inputs: Array, losses: Array, hidden: Layer
) -> Behaviour:
    """Measures an ensemble; the losses are `(trainings, seeds)`."""
    outputs = forward(network, inputs).outputs
    # with these targets the error at the output is standard normal, over the number of examples
    targets = outputs - rng.standard_normal(outputs.shape)
    error = second_moments(network, inputs, targets).errors
    scale = hidden.weight_std * math.sqrt(network.sizes[1])
    return Behaviour(
        chi=mean_field(network.activation, weight_std=scale, bias_std=hidden.bias_std).chi,
        signal=Curves(signal_variance(network, inputs)),
        first_error=float(np.median(error[0] / error[-2])),
        losses=Curves(losses[:1]),
        tuned=Curves(losses[1:2]),
        adam=Curves(losses[2:]),
    )


@dataclass(frozen=True, kw_only=True)
class _Default(Setting):
    """The start of a framework, instead of one initializer for each layer."""

    rule: Rule
    weights: Initializer = field(default_factory=zeros)

    def start(self, rng: np.random.Generator, sizes: Sequence[int], _inputs: Array) -> Network:
        return _drawn(rng, list(sizes), self.rule, self.activation, self.seeds)


def _has_not_learned(setting: Setting) -> Array:
    trial = setting.trained()
    return trial.judged(trial.losses[-1] >= LEARNED)


VARIATIONS: Variations = {
    "longer": ("{steps:,} updates", {"steps": 1000}),
    "unbiased": (
        "{steps:,} updates, zero biases",
        {"steps": 1000, "rule": torch_without_biases},
    ),
    # a momentum of 0.9 makes ten times the rate of it
    "plain": ("plain descent, rate {learning_rate}", {"optimizer": "sgd", "learning_rate": 0.2}),
    "adam": ("Adam, rate {learning_rate}", {"optimizer": "adam", "learning_rate": ADAM_RATE}),
    "batches": ("batches of {batch_size}", {"batch_size": 4}),
    "middle": ("five hidden layers", {"hidden": (32,) * 5}),
    "wide": ("layers of 64 units", {"hidden": (64,) * 10}),
    "tanh": ("tanh units", {"activation": "tanh"}),
    "teacher": ("another teacher", {"seed": 1}),
}


@cache
def _how_far() -> dict[str, Row]:
    base = _Default(
        rule=torch_linear,
        hidden=(32,) * 10,
        activation="relu",
        data=partial(teacher, examples=EXAMPLES, features=32),
        optimizer="momentum",
        learning_rate=LEARNING_RATE,
        steps=150,
        seeds=5,
    )
    return reach(_has_not_learned, base, VARIATIONS)
