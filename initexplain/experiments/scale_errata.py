"""What other pages say about scale, each statement beside a number that checks it."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import (
    glorot_uniform,
    lecun_normal,
)
from initexplain.mean_field import gaussian_mean, mean_field, mean_square, variances
from initexplain.network import Network, forward, gradients
from initexplain.signal import at_scales

TUTORIAL = (784, 512, 256, 256, 128, 10)
"""Units per layer of the network in the UvA tutorial, inputs first."""
DEPTH = 40
EXAMPLES = 64
LARGE = 10.0


@dataclass(frozen=True)
class XavierTanh:
    """Does the variance of tanh with Glorot's weights settle at a quarter?

    Attributes:
        tutorial: variances of the preactivations in a network of the tutorial's shape, measured,
            `(layers,)`.
        tutorial_predicted: the same in the mean field, `(layers,)`.
        deeper: variances in a network of equal layers, measured, `(depth,)`.
        deeper_predicted: the same in the mean field, `(depth,)`.
        units: units in each of the equal layers.
    """

    tutorial: Array
    tutorial_predicted: Array
    deeper: Array
    deeper_predicted: Array
    units: int

    @property
    def layers(self) -> int:
        """Layers of the network of equal layers."""
        return len(self.deeper)

    @property
    def tutorial_third(self) -> float:
        """Variance in the third layer of the tutorial's shape, whose sides are equal."""
        return float(self.tutorial[2])

    @property
    def tutorial_fourth(self) -> float:
        """Variance in the fourth layer of the tutorial's shape."""
        return float(self.tutorial[3])

    @property
    def tutorial_last(self) -> float:
        """Variance in the output layer of the tutorial's shape."""
        return float(self.tutorial[-1])

    @property
    def last_factor(self) -> float:
        """Variance of the tutorial's output weights, times their fan-in."""
        fan_in, fan_out = TUTORIAL[-2:]
        return 2 * fan_in / (fan_in + fan_out)

    @property
    def deeper_last(self) -> float:
        """Variance in the last of the equal layers."""
        return float(self.deeper[-1])

    @property
    def deeper_predicted_last(self) -> float:
        """Variance in the last of the equal layers, predicted."""
        return float(self.deeper_predicted[-1])


@dataclass(frozen=True)
class Gains:
    """Do the gains that PyTorch recommends keep the variance?

    Attributes:
        tanh_at_one: variance of the next layer's preactivations, from 1, with gain 5/3.
        tanh_keeping: gain that keeps the variance at 1.
        tanh_q: fixed point of the variance with gain 5/3.
        tanh_chi: factor of the error per layer there.
        tanh_keeping_chi: factor of the error per layer with the gain that keeps 1.
        selu_q: fixed point with SELU's recommended gain, 3/4.
        selu_chi: factor of the error per layer there.
        selu_one_chi: factor of the error per layer with gain 1.
    """

    tanh_at_one: float
    tanh_keeping: float
    tanh_q: float
    tanh_chi: float
    tanh_keeping_chi: float
    selu_q: float
    selu_chi: float
    selu_one_chi: float


@dataclass(frozen=True)
class Saturation:
    """Does a network that saturates have a small gradient?

    Attributes:
        shallow: first layer's gradient at ten times LeCun's scale over that at his scale, one
            hidden layer, median over seeds.
        deep: the same with four hidden layers.
        shallow_ratio: `shallow` for the gradient relative to the weights.
        deep_ratio: `deep` for the gradient relative to the weights.
        seeds: networks of each kind.
    """

    shallow: float
    deep: float
    shallow_ratio: float
    deep_ratio: float
    seeds: int


@dataclass(frozen=True)
class ScaleErrata:
    """What the page shows.

    Attributes:
        xavier: tanh with Glorot's weights.
        gains: recommended gains.
        saturation: gradients of saturated networks.
        relu_mean_square: `E relu(z)^2` for `z ~ N(0, 1)`.
        relu_variance: `Var relu(z)`.
        lecun_first: variance of outputs of a layer of LeCun's recipe on normalized inputs.
        lecun_settled: the same after many layers.
    """

    xavier: XavierTanh
    gains: Gains
    saturation: Saturation
    relu_mean_square: float
    relu_variance: float
    lecun_first: float
    lecun_settled: float


def run(*, units: int = 256, seeds: int = 10, seed: int = 0) -> ScaleErrata:
    """Computes each of the numbers.

    Args:
        units: units per layer of the network of equal layers.
        seeds: networks of which gradients are compared.
        seed: of all draws.
    """
    rng = np.random.default_rng(seed)
    relu_mean_square = float(mean_square("relu", 1.0))
    return ScaleErrata(
        xavier=_xavier(rng, units),
        gains=_gains(),
        saturation=_saturation(rng, seeds),
        relu_mean_square=relu_mean_square,
        relu_variance=relu_mean_square - float(gaussian_mean(lambda z: np.maximum(z, 0.0))) ** 2,
        lecun_first=float(mean_square("lecun_tanh", 1.0)),
        # with weights of variance 1 / fan-in, the inputs' second moment is the preactivations'
        lecun_settled=mean_field("lecun_tanh", weight_std=1.0).q,
    )


def _xavier(rng: np.random.Generator, units: int) -> XavierTanh:
    def measured(sizes: tuple[int, ...]) -> Array:
        network = Network.initialize(rng, sizes, weights=glorot_uniform(), activation="tanh")
        inputs = rng.standard_normal((EXAMPLES, sizes[0]))
        return np.array([z.var() for z in forward(network, inputs).preactivations])

    predicted = [1.0]
    for layer, (fan_in, fan_out) in enumerate(pairwise(TUTORIAL)):
        received = predicted[-1] if layer == 0 else float(mean_square("tanh", predicted[-1]))
        predicted.append(2 * fan_in / (fan_in + fan_out) * received)
    return XavierTanh(
        tutorial=measured(TUTORIAL),
        tutorial_predicted=np.array(predicted[1:]),
        deeper=measured((units,) * (DEPTH + 1)),
        deeper_predicted=variances("tanh", layers=DEPTH, weight_std=1.0),
        units=units,
    )


def _gains() -> Gains:
    torch = mean_field("tanh", weight_std=5 / 3)
    keeping = float(mean_square("tanh", 1.0)) ** -0.5
    selu = mean_field("selu", weight_std=3 / 4)
    return Gains(
        tanh_at_one=(5 / 3) ** 2 * float(mean_square("tanh", 1.0)),
        tanh_keeping=keeping,
        tanh_q=torch.q,
        tanh_chi=torch.chi,
        tanh_keeping_chi=mean_field("tanh", weight_std=keeping).chi,
        selu_q=selu.q,
        selu_chi=selu.chi,
        selu_one_chi=mean_field("selu", weight_std=1.0).chi,
    )


def _saturation(rng: np.random.Generator, seeds: int) -> Saturation:
    inputs, targets = teacher(rng, examples=EXAMPLES, features=16)

    def grown(hidden_layers: int) -> float:
        sizes = [*[16] * (hidden_layers + 1), targets.shape[1]]
        drawn = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,))
        _, found = gradients(at_scales(drawn, [1.0, LARGE]), inputs, targets)
        usual, large = np.linalg.norm(found.weights[0], axis=(-2, -1))
        return float(np.median(large / usual))

    shallow, deep = grown(1), grown(4)
    return Saturation(shallow, deep, shallow / LARGE, deep / LARGE, seeds)
