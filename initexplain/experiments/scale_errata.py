"""What other pages say about scale, each statement beside a number that checks it.

Numbers that another page has as well, such as the moments of ReLU, come from that page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import glorot_uniform, lecun_normal
from initexplain.mean_field import (
    MeanField,
    critical_weight_std,
    mean_field,
    mean_square,
    variances,
)
from initexplain.network import Network, forward, gradients
from initexplain.signal import at_scales

TUTORIAL = (784, 512, 256, 256, 128, 10)
"""Units per layer of the network in the UvA tutorial, inputs first."""
FACTORS = [2 * fan_in / (fan_in + fan_out) for fan_in, fan_out in pairwise(TUTORIAL)]
"""Variance of Glorot's weights in each of its layers, times their fan-in."""
DEPTH = 40
"""Layers of the network of equal layers."""
EXAMPLES = 64
LARGE = 10.0
BIAS_VARIANCE = 0.05
TANH_GAIN = 5 / 3
SELU_GAIN = 3 / 4
"""What PyTorch recommends, as `TANH_GAIN`."""


@dataclass(frozen=True)
class ScaleErrata:
    """What the page shows.

    Attributes:
        measured: variances of the preactivations of tanh with Glorot's weights, `(layers,)`, in a
            network of the `tutorial`'s shape and in one of `equal` layers.
        predicted: the same in the mean field.
        tanh_at_one: variance of the next layer's preactivations, from 1, with gain 5/3.
        gains: the mean field with the recommended gains of `tanh` and `selu`, and with the gain
            that keeps a variance of 1 in tanh, `keeping`.
        gradient: first layer's gradient at ten times LeCun's scale over that at his scale, median
            over seeds, in `shallow` networks of one hidden layer, in those of `two` and of `three`,
            and in `deep` ones of four.
        ratio: the same for the gradient relative to the weights.
        keeping_both: the gain with which tanh keeps signal and error, with biases of variance 0.05.
    """

    measured: dict[str, Array]
    predicted: dict[str, Array]
    tanh_at_one: float
    gains: dict[str, MeanField]
    gradient: dict[str, float]
    ratio: dict[str, float]
    keeping_both: float


def run(*, units: int = 256, seeds: int = 10, seed: int = 0) -> ScaleErrata:
    """Computes each of the numbers."""
    rng = np.random.default_rng(seed)
    passed = float(mean_square("tanh", 1.0))
    measured = {
        "tutorial": _variances(rng, TUTORIAL),
        "equal": _variances(rng, [units] * (DEPTH + 1)),
    }
    inputs, targets = teacher(rng, examples=EXAMPLES, features=16)
    gradient = {
        name: _growth(rng, inputs, targets, hidden_layers, seeds)
        for name, hidden_layers in (("shallow", 1), ("deep", 4), ("two", 2), ("three", 3))
    }
    return ScaleErrata(
        measured=measured,
        predicted={
            "tutorial": _predicted_tutorial(),
            "equal": variances("tanh", layers=DEPTH, weight_std=1.0),
        },
        tanh_at_one=TANH_GAIN**2 * passed,
        gains={
            "tanh": mean_field("tanh", weight_std=TANH_GAIN),
            "keeping": mean_field("tanh", weight_std=passed**-0.5),
            "selu": mean_field("selu", weight_std=SELU_GAIN),
        },
        gradient=gradient,
        ratio={name: growth / LARGE for name, growth in gradient.items()},
        keeping_both=critical_weight_std("tanh", bias_std=BIAS_VARIANCE**0.5),
    )


def _variances(rng: np.random.Generator, sizes: Sequence[int]) -> Array:
    """Measured variances of the preactivations of one network, `(layers,)`."""
    network = Network.initialize(rng, sizes, weights=glorot_uniform(), activation="tanh")
    inputs = rng.standard_normal((EXAMPLES, sizes[0]))
    return np.array([z.var() for z in forward(network, inputs).preactivations])


def _predicted_tutorial() -> Array:
    """Variances of the preactivations in the tutorial's network, in the mean field, `(layers,)`."""
    q = [FACTORS[0]]
    for factor in FACTORS[1:]:
        q.append(factor * float(mean_square("tanh", q[-1])))
    return np.array(q)


def _growth(
    rng: np.random.Generator, inputs: Array, targets: Array, hidden_layers: int, seeds: int
) -> float:
    """How much larger the first layer's gradient is at ten times LeCun's scale."""
    sizes = [*[inputs.shape[1]] * (hidden_layers + 1), targets.shape[1]]
    drawn = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
    _, found = gradients(at_scales(drawn, [1.0, LARGE]), inputs, targets)
    usual, large = np.linalg.norm(found.weights[0], axis=(-2, -1))
    return float(np.median(large / usual))
