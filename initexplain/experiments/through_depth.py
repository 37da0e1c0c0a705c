"""Second moments through depth, forward and backward: predicted by the mean field and measured."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.initializers import (
    Initializer,
    glorot_normal,
    he_normal,
    lecun_normal,
    orthogonal,
)
from initexplain.mean_field import mean_field, mean_square, mean_square_slope, variances
from initexplain.network import Network, forward
from initexplain.signal import lsuv, second_moments

# the second experiment: deep tanh networks with Glorot's weights
DEEP, DEEP_WIDTH, DEEP_SEEDS, EARLY = 100, 200, 3, 5


@dataclass(frozen=True)
class Scheme:
    """One way to draw weights, for one activation, in a deep network of equal layers.

    Attributes:
        weight_std: standard deviation of a weight times `sqrt(fan_in)`.
        forward: mean square of preactivations over that of the first layer, `(layers, seeds)`.
        backward: mean square of errors over that of the output layer, `(layers, seeds)`.
        predicted_forward: `forward` in the mean field, `(layers,)`.
        predicted_backward: `backward` in the mean field, `(layers,)`.
    """

    weight_std: float
    forward: Array
    backward: Array
    predicted_forward: Array
    predicted_backward: Array

    @property
    def last_forward(self) -> float:
        """Measured: second moment in the last layer over that in the first, median over seeds."""
        return float(np.median(self.forward[-1]))

    @property
    def first_backward(self) -> float:
        """Measured: second moment of the first layer's errors over the output's, median."""
        return float(np.median(self.backward[0]))

    @property
    def scatter(self) -> float:
        """Range over seeds of the last layer's second moment, over its median."""
        return float(np.ptp(self.forward[-1]) / np.median(self.forward[-1]))

    @property
    def predicted_last_forward(self) -> float:
        """Predicted: second moment in the last layer over that in the first."""
        return float(self.predicted_forward[-1])

    @property
    def predicted_first_backward(self) -> float:
        """Predicted: second moment of the first layer's errors over that of the output's."""
        return float(self.predicted_backward[0])


@dataclass(frozen=True)
class TanhDecay:
    """Second moments of the activations of deep tanh networks with Glorot's weights.

    Attributes:
        measured: `(layers, seeds)`.
        predicted: in the mean field, `(layers,)`.
    """

    measured: Array
    predicted: Array

    @property
    def predicted_early(self) -> float:
        """In layer 5."""
        return float(self.predicted[EARLY - 1])

    @property
    def predicted_late(self) -> float:
        """In layer 100."""
        return float(self.predicted[-1])

    @property
    def measured_late(self) -> float:
        """In layer 100 of the networks, median over seeds."""
        return float(np.median(self.measured[-1]))

    @property
    def times_depth(self) -> float:
        """Predicted second moment in the last layer, times twice its number: near 1."""
        return float(self.predicted[-1] * 2 * len(self.predicted))


@dataclass(frozen=True)
class ThroughDepth:
    """What the page shows.

    Attributes:
        glorot_tanh: Glorot-normal weights, tanh.
        orthogonal_tanh: orthogonal weights, tanh.
        lsuv_tanh: orthogonal weights rescaled layer by layer to unit variance, tanh.
        glorot_relu: Glorot-normal weights, ReLU.
        he_relu: He-normal weights, ReLU.
        lecun_selu: LeCun-normal weights, SELU.
        decay: deeper tanh networks with Glorot's weights.
        layers: layers of each network.
        units: units per layer.
        seeds: networks per scheme.
        deep_layers: hidden layers of the deeper networks.
        deep_units: units in each of them.
        deep_seeds: how many of them.
        relu_mean_square: `E relu(z)^2` for `z ~ N(0, 1)`.
        relu_variance: `Var relu(z)`.
        tanh_gain: the factor of the weights at which tanh keeps unit variance.
        selu_chi: factor of the error per layer at SELU's fixed point.
    """

    glorot_tanh: Scheme
    orthogonal_tanh: Scheme
    lsuv_tanh: Scheme
    glorot_relu: Scheme
    he_relu: Scheme
    lecun_selu: Scheme
    decay: TanhDecay
    layers: int
    units: int
    seeds: int
    deep_layers: int
    deep_units: int
    deep_seeds: int
    relu_mean_square: float
    relu_variance: float
    tanh_gain: float
    selu_chi: float


def run(
    *, layers: int = 20, units: int = 200, seeds: int = 3, examples: int = 32, seed: int = 0
) -> ThroughDepth:
    """Sends normal inputs up and normal errors down through networks of equal layers.

    Args:
        layers: layers of each network, the linear output layer included.
        units: units per layer, inputs and outputs too.
        seeds: networks per scheme.
        examples: normal inputs.
        seed: of the inputs and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((examples, units))
    sizes = [units] * (layers + 1)
    tanh_gain = float(mean_square("tanh", 1.0)) ** -0.5

    def drawn(weights: Initializer, activation: str, weight_std: float) -> Scheme:
        network = Network.initialize(
            rng, sizes, weights=weights, activation=activation, ensemble=(seeds,)
        )
        return _scheme(rng, network, inputs, weight_std, start=weight_std**2)

    def rescaled() -> Scheme:
        network = lsuv(rng, sizes, inputs, activation="tanh", ensemble=(seeds,))
        return _scheme(rng, network, inputs, tanh_gain, start=1.0)

    relu_mean_square = float(mean_square("relu", 1.0))
    return ThroughDepth(
        glorot_tanh=drawn(glorot_normal(), "tanh", 1.0),
        orthogonal_tanh=drawn(orthogonal(), "tanh", 1.0),
        lsuv_tanh=rescaled(),
        glorot_relu=drawn(glorot_normal(), "relu", 1.0),
        he_relu=drawn(he_normal(), "relu", 2**0.5),
        lecun_selu=drawn(lecun_normal(), "selu", 1.0),
        decay=_decay(rng, examples),
        layers=layers,
        units=units,
        seeds=seeds,
        deep_layers=DEEP,
        deep_units=DEEP_WIDTH,
        deep_seeds=DEEP_SEEDS,
        relu_mean_square=relu_mean_square,
        # E relu(z) = 1 / sqrt(2 pi)
        relu_variance=relu_mean_square - 1 / (2 * np.pi),
        tanh_gain=tanh_gain,
        selu_chi=mean_field("selu", weight_std=1.0).chi,
    )


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
        weight_std=weight_std,
        forward=found.preactivations / found.preactivations[0],
        backward=found.errors / found.errors[-1],
        predicted_forward=q / q[0],
        predicted_backward=np.append(np.cumprod(factors[::-1])[::-1], 1.0),
    )


def _decay(rng: np.random.Generator, examples: int) -> TanhDecay:
    # the last matrix, to a single output, does not count
    network = Network.initialize(
        rng,
        [*[DEEP_WIDTH] * (DEEP + 1), 1],
        weights=glorot_normal(),
        activation="tanh",
        ensemble=(DEEP_SEEDS,),
    )
    inputs = rng.standard_normal((examples, DEEP_WIDTH))
    q = variances("tanh", layers=DEEP, weight_std=1.0)
    activations = forward(network, inputs).activations
    return TanhDecay(
        measured=np.array([np.mean(a**2, axis=(-2, -1)) for a in activations]),
        predicted=mean_square("tanh", q),
    )
