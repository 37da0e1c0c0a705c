"""Second moments through depth, forward and backward: predicted by the mean field and measured."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Any

import numpy as np

from initexplain.activations import ACTIVATIONS
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import LEARNED, Curves
from initexplain.experiments.reach import Row, Setting, for_all_horizons, reach
from initexplain.experiments.verdicts import Variations
from initexplain.initializers import (
    Initializer,
    glorot_normal,
    he_normal,
    lecun_normal,
    orthogonal,
    zeros,
)
from initexplain.mean_field import mean_field, mean_square, mean_square_slope, variances
from initexplain.network import Network, forward
from initexplain.signal import lsuv, second_moments

EXAMPLES = 32
KEEPING_GAIN = float(mean_square("tanh", 1.0)) ** -0.5
SCHEMES: dict[str, tuple[Initializer | None, str, float]] = {
    "glorot_tanh": (glorot_normal(), "tanh", 1.0),
    "orthogonal_tanh": (orthogonal(), "tanh", 1.0),
    "lsuv_tanh": (None, "tanh", KEEPING_GAIN),
    "glorot_relu": (glorot_normal(), "relu", 1.0),
    "he_relu": (he_normal(), "relu", 2**0.5),
    "lecun_selu": (lecun_normal(), "selu", 1.0),
}
"""Weights, activation and weight scale of the first experiment; where weights are None, LSUV's."""
DEEP = 100
"""Hidden layers of deep tanh networks with Glorot's weights."""
DEEP_UNITS = 200
DEEP_SEEDS = 3
NARROW = 50
"""Units of networks whose scatter is compared with that of `WIDE` ones."""
WIDE = 200
MANY = 40
"""How many of each."""
LONGEST = 300
TRAINED_UNITS = 16
TRAINED_LAYERS = 20
"""Hidden layers of the networks that are trained."""
RECIPES: dict[str, tuple[Initializer | None, ...]] = {
    "relu": (glorot_normal(), he_normal()),
    "tanh": (glorot_normal(), None),
    "selu": (lecun_normal(),),
}
"""Their weights by activation; None is LSUV's."""
VARIATIONS: Variations = {
    "longer": ("{steps} updates", {"steps": LONGEST}),
    # a momentum of 0.9 makes ten times the rate of it
    "plain": ("plain descent, rate {learning_rate}", {"optimizer": "sgd", "learning_rate": 0.05}),
    "adam": ("Adam, rate {learning_rate}", {"optimizer": "adam", "learning_rate": 0.001}),
    "batches": ("batches of {batch_size}", {"batch_size": 4}),
    "shallow": ("ten hidden layers", {"hidden": (TRAINED_UNITS,) * 10}),
    "deep": ("forty hidden layers", {"hidden": (TRAINED_UNITS,) * 40}),
    "teacher": ("another teacher", {"seed": 1}),
}


@dataclass(frozen=True)
class Scheme:
    """One way to draw weights, for one activation, in a deep network of equal layers.

    Attributes:
        forward: mean square of preactivations over that of the first layer, a record per layer.
        backward: mean square of errors over that of the output layer, a record per layer.
        predicted_forward: `forward` in the mean field, `(layers,)`.
        predicted_backward: `backward` in the mean field, `(layers,)`.
    """

    forward: Curves
    backward: Curves
    predicted_forward: Array
    predicted_backward: Array


@dataclass(frozen=True)
class ThroughDepth:
    """What the page shows.

    Attributes:
        schemes: by name: `glorot_tanh`, `orthogonal_tanh`, `lsuv_tanh` (orthogonal weights rescaled
            layer by layer to unit variance), `glorot_relu`, `he_relu`, `lecun_selu`.
        scatter: of each scheme, the range over seeds of the last layer's second moment, over its
            median.
        decay: second moments of the activations of deeper tanh networks with Glorot's weights, a
            record per layer.
        predicted_decay: `decay` in the mean field, `(layers,)`.
        finite_width: standard deviation over networks of the logarithm of the last second moment
            over the first, with He's weights and ReLU, at one input, by width.
        predicted_width: the same for many layers and units.
        relu_mean_square: `E relu(z)^2` for `z ~ N(0, 1)`.
        relu_variance: `Var relu(z)`.
        tanh_gain: the factor of the weights at which tanh keeps unit variance.
        selu_chi: factor of the error per layer at SELU's fixed point.
        reach: of two verdicts under `VARIATIONS`, after training: networks of the four recipes that
            keep the signal and the error within two orders of magnitude learn, `kept`; those of
            Glorot's weights with ReLU do not, `lost`.
    """

    schemes: dict[str, Scheme]
    scatter: dict[str, float]
    decay: Curves
    predicted_decay: Array
    finite_width: dict[int, float]
    predicted_width: dict[int, float]
    relu_mean_square: float
    relu_variance: float
    tanh_gain: float
    selu_chi: float
    reach: dict[str, dict[str, Row]]


def run(*, layers: int = 20, units: int = 200, seeds: int = 3, seed: int = 0) -> ThroughDepth:
    """Sends normal inputs up and normal errors down through networks of equal layers.

    The last of the `layers` is the linear output layer; inputs and outputs are `units` wide too.
    """
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((EXAMPLES, units))
    sizes = [units] * (layers + 1)
    schemes = {}
    for name, (weights, activation, weight_std) in SCHEMES.items():
        network = start(rng, weights, sizes, inputs, activation=activation, seeds=seeds)
        first = weight_std**2 if weights else 1.0
        schemes[name] = _scheme(rng, network, inputs, weight_std, start=first)
    relu_mean_square = float(mean_square("relu", 1.0))
    return ThroughDepth(
        schemes=schemes,
        scatter={
            name: float(np.ptp(scheme.forward.last) / scheme.forward.final)
            for name, scheme in schemes.items()
        },
        decay=_decay(rng),
        predicted_decay=mean_square("tanh", variances("tanh", layers=DEEP, weight_std=1.0)),
        finite_width={units: _scatter(rng, units, layers) for units in (NARROW, WIDE)},
        predicted_width={units: (5 * (layers - 1) / units) ** 0.5 for units in (NARROW, WIDE)},
        relu_mean_square=relu_mean_square,
        # E relu(z) = 1 / sqrt(2 pi)
        relu_variance=relu_mean_square - 1 / (2 * np.pi),
        tanh_gain=KEEPING_GAIN,
        selu_chi=mean_field("selu", weight_std=1.0).chi,
        reach={
            "kept": reach(_kept, BASE, VARIATIONS),
            "lost": reach(_lost, BASE, VARIATIONS),
        },
    )


def start(
    rng: np.random.Generator,
    weights: Initializer | None,
    sizes: Sequence[int],
    inputs: Array,
    *,
    activation: str,
    seeds: int,
) -> Network:
    """An ensemble `(seeds,)` in single precision, with these weights or with LSUV's."""
    kind: dict[str, Any] = {"activation": activation, "ensemble": (seeds,), "dtype": np.float32}
    if weights is None:
        return lsuv(rng, sizes, inputs, **kind)
    return Network.initialize(rng, sizes, weights=weights, **kind)


def _scheme(
    rng: np.random.Generator, network: Network, inputs: Array, weight_std: float, *, start: float
) -> Scheme:
    """Measures an ensemble, and predicts it from the second moment in its first layer."""
    outputs = forward(network, inputs).outputs
    # with these targets the error at the output is standard normal, over the number of examples
    targets = outputs - rng.standard_normal(outputs.shape)
    found = second_moments(network, inputs, targets)
    q = variances(
        network.activation, layers=len(network.weights), weight_std=weight_std, start=start
    )
    # the error of a layer is that of the layer above times the slope at its own preactivations
    factors = weight_std**2 * mean_square_slope(network.activation, q[:-1])
    return Scheme(
        forward=Curves(found.preactivations / found.preactivations[0]),
        backward=Curves(found.errors / found.errors[-1]),
        predicted_forward=q / q[0],
        predicted_backward=np.append(np.cumprod(factors[::-1])[::-1], 1.0),
    )


def _moments(
    rng: np.random.Generator, weights: Initializer, activation: str, signal: Array, layers: int
) -> Array:
    """Mean squares of preactivations and activations of equal layers, `(2, layers, networks)`.

    The `signal` is what each network reads, `(networks, examples, units)`; a layer is drawn when
    the signal gets there.
    """
    shape, moments = (len(signal), signal.shape[-1], signal.shape[-1]), []
    for _ in range(layers):
        z = signal @ weights(rng, shape).mT
        signal = ACTIVATIONS[activation].value(z)
        moments.append([np.mean(np.square(s), axis=(-2, -1)) for s in (z, signal)])
    return np.swapaxes(moments, 0, 1)


def _decay(rng: np.random.Generator) -> Curves:
    inputs = rng.standard_normal((1, EXAMPLES, DEEP_UNITS)).repeat(DEEP_SEEDS, axis=0)
    return Curves(_moments(rng, glorot_normal(), "tanh", inputs, DEEP)[1])


def _scatter(rng: np.random.Generator, units: int, layers: int) -> float:
    """Over networks of He's weights and ReLU, of the logarithm of a second moment through depth."""
    inputs = rng.standard_normal((MANY, 1, units))
    found, _ = _moments(rng, he_normal(), "relu", inputs, layers)
    return float(np.log(found[-1] / found[0]).std())


class _Recipes(Setting):
    """Networks of every recipe for the activation, from the same draws: `(recipes, seeds)`."""

    def start(self, rng: np.random.Generator, sizes: Sequence[int], inputs: Array) -> Network:
        kind: dict[str, Any] = {"activation": self.activation, "seeds": self.seeds}
        each = RECIPES[self.activation]
        return Network.stack([start(deepcopy(rng), w, sizes, inputs, **kind) for w in each])


BASE = _Recipes(
    weights=zeros(),
    hidden=(TRAINED_UNITS,) * TRAINED_LAYERS,
    data=partial(teacher, examples=16, features=TRAINED_UNITS),
    optimizer="momentum",
    learning_rate=0.005,
    steps=100,
    seeds=5,
)
"""The networks that are trained; the weights of each recipe take the place of the zeros."""


@cache
def _losses(setting: _Recipes) -> Array:
    losses: Array = setting.trained().losses
    return losses


def _learned(setting: _Recipes, activation: str) -> list[Array]:
    """For each recipe for an activation, whether its networks learn, `(seeds,)`."""
    base, asked = (replace(s, activation=activation) for s in (BASE, setting))
    losses = _losses(for_all_horizons(asked, base, LONGEST))[setting.steps]
    return [np.where(np.isnan(found), np.nan, found < LEARNED) for found in losses]


def _kept(setting: _Recipes) -> Array:
    """Whether the networks of four recipes learn, `(recipes * seeds,)`."""
    (_, relu), tanh, selu = (_learned(setting, name) for name in RECIPES)
    return np.concatenate([relu, *tanh, *selu])


def _lost(setting: _Recipes) -> Array:
    """Whether those of Glorot's weights with ReLU do not; a diverged one is neither."""
    glorot, _ = _learned(setting, "relu")
    return 1.0 - glorot
