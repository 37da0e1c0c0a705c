"""Activation functions: value, derivative, linear region; one table.

Every activation here is monotone, so its derivative is a function of its *value*:
the backward pass needs the activations of the forward pass and nothing else.
Values and slopes are elementwise and keep shape and dtype, as numpy's own functions do.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import Array, float_array, lookup

SELU_SCALE = 1.0507009873554805
SELU_ALPHA = 1.6732632423543772
LEAKY_SLOPE = 0.01
LECUN_GAIN = 1.7159
LECUN_SLOPE = 2.0 / 3.0

Elementwise = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """An elementwise function `f`, applied to the preactivations `z` of a layer.

    Called, or asked for its derivative, it raises `ValueError` where `z` is not finite.

    Attributes:
        name: its key in [`ACTIVATIONS`][initexplain.activations.ACTIVATIONS].
        value: `z -> f(z)`.
        slope: `f(z) -> f'(z)`: the derivative as a function of the value.
        linear_region: the interval of `z` on which `f'` is at least half of its largest
            value. Outside it a unit is *saturated* (or, for a ReLU, off).
        odd: whether `f(-z) = -f(z)`.

    Examples:
        >>> tanh = ACTIVATIONS["tanh"]
        >>> float(tanh.derivative(0.0)), tanh.odd
        (1.0, True)
        >>> low, high = tanh.linear_region
        >>> round(high, 4), float(tanh.derivative(high).round(4))
        (0.8814, 0.5)
    """

    name: str
    value: Elementwise
    slope: Elementwise
    linear_region: tuple[float, float]
    odd: bool

    def __call__(self, z: ArrayLike) -> Array:
        """`f(z)`; infinite where it is too large for the dtype."""
        with np.errstate(over="ignore", under="ignore"):
            return self.value(float_array(z, "preactivations"))

    def derivative(self, z: ArrayLike) -> Array:
        """`f'(z)`; at a kink (0 for the ReLU family) the slope of the left side."""
        with np.errstate(under="ignore"):
            return self.slope(self(z))


def _tanh_slope(a: Array) -> Array:
    return 1.0 - a * a


def _lecun_tanh(z: Array) -> Array:
    squashed: Array = np.tanh(LECUN_SLOPE * z)
    return LECUN_GAIN * squashed


def _lecun_tanh_slope(a: Array) -> Array:
    return LECUN_SLOPE * (LECUN_GAIN - a * a / LECUN_GAIN)


def _logistic(z: Array) -> Array:
    # 1 / (1 + exp(-z)), written so that no exponential overflows and no tail is rounded off
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, np.ones_like(small), small) / (1.0 + small)


def _logistic_slope(a: Array) -> Array:
    return a * (1.0 - a)


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _relu_slope(a: Array) -> Array:
    return np.asarray(a > 0, dtype=a.dtype)


def _leaky_relu(z: Array) -> Array:
    return np.maximum(z, np.multiply(LEAKY_SLOPE, z))


def _leaky_relu_slope(a: Array) -> Array:
    return np.where(a > 0, 1.0, LEAKY_SLOPE).astype(a.dtype)


def _selu(z: Array) -> Array:
    below = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0.0))
    return np.where(z > 0, SELU_SCALE * z, below)


def _selu_slope(a: Array) -> Array:
    return np.where(a > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA).astype(a.dtype)


def _within(end: float) -> tuple[float, float]:
    return -end, end


_RIGHT_HALF = (0.0, np.inf)
# tanh'(z) = 1/2 at z = arccosh(sqrt 2); the logistic is a tanh of half the argument
_TANH_END = float(np.arccosh(np.sqrt(2.0)))

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("identity", np.positive, np.ones_like, _within(np.inf), odd=True),
        Activation("tanh", np.tanh, _tanh_slope, _within(_TANH_END), odd=True),
        Activation(
            "lecun_tanh", _lecun_tanh, _lecun_tanh_slope, _within(_TANH_END / LECUN_SLOPE), odd=True
        ),
        Activation("logistic", _logistic, _logistic_slope, _within(2 * _TANH_END), odd=False),
        Activation("relu", _relu, _relu_slope, _RIGHT_HALF, odd=False),
        Activation("leaky_relu", _leaky_relu, _leaky_relu_slope, _RIGHT_HALF, odd=False),
        # the slope jumps from 1.758 to 1.051 at 0 and is half of the larger one at -ln 2
        Activation("selu", _selu, _selu_slope, (-float(np.log(2.0)), np.inf), odd=False),
    )
}
"""Every activation of the package, by name. `"sigmoid"` is another name of `"logistic"`."""

_BY_NAME = {**ACTIVATIONS, "sigmoid": ACTIVATIONS["logistic"]}


def find_activation(activation: str | Activation) -> Activation:
    """The activation of that name; an `Activation` is returned as it is.

    Examples:
        >>> find_activation("relu").linear_region
        (0.0, inf)
        >>> find_activation("sigmoid").name
        'logistic'
    """
    if isinstance(activation, Activation):
        return activation
    return lookup(_BY_NAME, activation, "activation")
