"""The defaults of five frameworks, and what each of them does to a network of ten hidden layers."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import (
    TRUNCATED_STD,
    Initializer,
    constant,
    glorot_uniform,
    truncated_normal,
    uniform,
    zeros,
)
from initexplain.losses import best_constant_loss
from initexplain.mean_field import mean_field
from initexplain.network import Network, forward
from initexplain.signal import second_moments
from initexplain.sweeps import sweep

EXAMPLES = 16
LEARNING_RATE = 0.02
PLAYGROUND_UNITS = 8
"""The most units that a layer has in the TensorFlow Playground."""
TORCH_GAIN = math.sqrt(2 / (1 + math.sqrt(5) ** 2))
"""The gain of `kaiming_uniform_` with `a = sqrt(5)`."""


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
"""The defaults by field of the result."""


@dataclass(frozen=True)
class Behaviour:
    """Networks with one framework's defaults and one activation, one per seed.

    Attributes:
        chi: factor of the mean squared error per layer, in the mean field.
        signal: variance over examples of the preactivations, mean over units,
            `(layers, seeds)`; biases alone have none.
        error: mean square of the first hidden layer's errors over that of the last hidden
            layer's, `(seeds,)`.
        losses: after training, in units of the best constant output's loss, `(seeds,)`;
            infinite where training left the finite numbers.
    """

    chi: float
    signal: Array
    error: Array
    losses: Array

    @property
    def last_signal(self) -> float:
        """Signal in the output layer, median over seeds."""
        return float(np.median(self.signal[-1]))

    @property
    def first_error(self) -> float:
        """Errors of the first hidden layer over those of the last, median over seeds."""
        return float(np.median(self.error))

    @property
    def learned(self) -> int:
        """Seeds that end below half the best constant output's loss."""
        return int(np.sum(self.losses < 0.5))


@dataclass(frozen=True)
class Defaults:
    """One framework.

    Attributes:
        scale: standard deviation of a hidden weight times `sqrt(fan_in)`.
        bias_std: root mean square of a hidden bias.
        tanh: networks of tanh.
        relu: networks of ReLU.
    """

    scale: float
    bias_std: float
    tanh: Behaviour
    relu: Behaviour


@dataclass(frozen=True)
class FrameworkDefaults:
    """What the page shows.

    Attributes:
        torch: PyTorch `nn.Linear`.
        keras: Keras `Dense`.
        flax: Flax `Dense`.
        sklearn: scikit-learn `MLPRegressor`.
        playground: the TensorFlow Playground's rule, at the width of the other networks.
        playground_scale: weight scale of that rule at 8 units, the most that it is used with.
        hidden_layers: hidden layers of every network.
        units: units in each of them.
        seeds: networks per framework and activation.
        steps: updates.
        torch_gain: the gain of `kaiming_uniform_` with `a = sqrt(5)`.
        torch_variance: variance of torch's weights over that of LeCun's.
        truncation: standard deviation of a normal cut off at two standard deviations.
    """

    torch: Defaults
    keras: Defaults
    flax: Defaults
    sklearn: Defaults
    playground: Defaults
    playground_scale: float
    hidden_layers: int
    units: int
    seeds: int
    steps: int
    torch_gain: float
    torch_variance: float
    truncation: float


def run(
    *, hidden_layers: int = 10, units: int = 32, seeds: int = 5, steps: int = 150, seed: int = 0
) -> FrameworkDefaults:
    """Draws, measures and trains networks with the defaults of each framework.

    Momentum 0.9, learning rate 0.02, all examples in every update.

    Args:
        hidden_layers: hidden layers of every network.
        units: units in each of them, and inputs.
        seeds: networks per framework and activation.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES, features=units)
    sizes = [*[units] * (hidden_layers + 1), targets.shape[1]]

    def behaviours(activation: str) -> list[Behaviour]:
        drawn = [_drawn(rng, sizes, rule, activation, seeds) for rule in RULES.values()]
        losses = _losses(drawn, inputs, targets, steps)
        return [
            _behaviour(rng, network, inputs, final, rule(units, units))
            for network, final, rule in zip(drawn, losses, RULES.values(), strict=True)
        ]

    both = zip(RULES.items(), behaviours("tanh"), behaviours("relu"), strict=True)
    found = {
        name: Defaults(
            scale=rule(units, units).weight_std * math.sqrt(units),
            bias_std=rule(units, units).bias_std,
            tanh=tanh,
            relu=relu,
        )
        for (name, rule), tanh, relu in both
    }
    few = PLAYGROUND_UNITS
    return FrameworkDefaults(
        **found,
        playground_scale=playground(few, few).weight_std * math.sqrt(few),
        hidden_layers=hidden_layers,
        units=units,
        seeds=seeds,
        steps=steps,
        torch_gain=TORCH_GAIN,
        torch_variance=TORCH_GAIN**2,
        truncation=TRUNCATED_STD,
    )


def _drawn(
    rng: np.random.Generator, sizes: list[int], rule: Rule, activation: str, seeds: int
) -> Network:
    """An ensemble `(seeds,)` that starts by the rule, layer by layer."""
    layers = [rule(fan_in, fan_out) for fan_in, fan_out in pairwise(sizes)]
    shapes = [(seeds, fan_out, fan_in) for fan_in, fan_out in pairwise(sizes)]
    return Network(
        [layer.weights(rng, shape) for layer, shape in zip(layers, shapes, strict=True)],
        [layer.biases(rng, shape[:-1]) for layer, shape in zip(layers, shapes, strict=True)],
        activation,
    )


def _losses(networks: list[Network], inputs: Array, targets: Array, steps: int) -> Array:
    """Trains ensembles side by side: final losses over the best constant's, `(rules, seeds)`."""
    histories = sweep(
        networks, inputs, targets, steps=steps, learning_rate=LEARNING_RATE, optimizer="momentum"
    )
    final = np.array([history.final_losses for history in histories])
    return final / best_constant_loss(targets)


def _behaviour(
    rng: np.random.Generator, network: Network, inputs: Array, losses: Array, hidden: Layer
) -> Behaviour:
    trace = forward(network, inputs)
    # with these targets the error at the output is standard normal, over the number of examples
    targets = trace.outputs - rng.standard_normal(trace.outputs.shape)
    error = second_moments(network, inputs, targets).errors
    scale = hidden.weight_std * math.sqrt(network.sizes[1])
    return Behaviour(
        chi=mean_field(network.activation, weight_std=scale, bias_std=hidden.bias_std).chi,
        signal=np.array([z.var(axis=-2).mean(axis=-1) for z in trace.preactivations]),
        error=error[0] / error[-2],
        losses=losses,
    )
