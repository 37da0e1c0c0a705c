"""Activation functions: value, derivative, linear region; one table.

Every activation here is monotone, so its derivative is a function of its *value*:
the backward pass needs the activations of the forward pass and nothing else.
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


@dataclass(frozen=True)
class Activation:
    """An elementwise function `f`, applied to the preactivations `z` of a layer.

    Attributes:
        name: its key in [`ACTIVATIONS`][initexplain.activations.ACTIVATIONS].
        value: `z -> f(z)`, elementwise, keeping the dtype.
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
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    linear_region: tuple[float, float]
    odd: bool

    def __call__(self, z: ArrayLike) -> Array:
        """`f(z)`, elementwise; infinite where it is too large for the dtype.

        Raises `ValueError` where `z` is not finite.
        """
        with np.errstate(over="ignore"):
            return self.value(float_array(z, "preactivations"))

    def derivative(self, z: ArrayLike) -> Array:
        """`f'(z)`, elementwise; at a kink (0 for the ReLU family) the slope of the left side.

        Raises `ValueError` where `z` is not finite.
        """
        return self.slope(self(z))


def _identity(z: Array) -> Array:
    return z.copy()


def _one(a: Array) -> Array:
    return np.ones_like(a)


def _tanh_slope(a: Array) -> Array:
    slope: Array = 1.0 - a * a
    return slope


def _lecun_tanh(z: Array) -> Array:
    value: Array = LECUN_GAIN * np.tanh(LECUN_SLOPE * z)
    return value


def _lecun_tanh_slope(a: Array) -> Array:
    slope: Array = LECUN_SLOPE * (LECUN_GAIN - a * a / LECUN_GAIN)
    return slope


def _logistic(z: Array) -> Array:
    # 1 / (1 + exp(-z)), written so that no exponential overflows and no tail is rounded off
    small = np.exp(-np.abs(z))
    value: Array = np.where(z >= 0, 1.0, small) / (1.0 + small)
    return value.astype(z.dtype, copy=False)


def _logistic_slope(a: Array) -> Array:
    return a * (1.0 - a)


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _relu_slope(a: Array) -> Array:
    return (a > 0).astype(a.dtype)


def _leaky_relu(z: Array) -> Array:
    return np.where(z > 0, z, LEAKY_SLOPE * z).astype(z.dtype, copy=False)


def _leaky_relu_slope(a: Array) -> Array:
    return np.where(a > 0, 1.0, LEAKY_SLOPE).astype(a.dtype, copy=False)


def _selu(z: Array) -> Array:
    below = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0.0))
    return np.where(z > 0, SELU_SCALE * z, below).astype(z.dtype, copy=False)


def _selu_slope(a: Array) -> Array:
    return np.where(a > 0, SELU_SCALE, a + SELU_SCALE * SELU_ALPHA).astype(a.dtype, copy=False)


_EVERYWHERE = (-np.inf, np.inf)
_RIGHT_HALF = (0.0, np.inf)
# tanh'(z) = 1/2 at z = arccosh(sqrt 2); the logistic is a tanh of half the argument
_TANH_END = float(np.arccosh(np.sqrt(2.0)))

ACTIVATIONS: dict[str, Activation] = {
    activation.name: activation
    for activation in (
        Activation("identity", _identity, _one, _EVERYWHERE, odd=True),
        Activation("tanh", np.tanh, _tanh_slope, (-_TANH_END, _TANH_END), odd=True),
        Activation(
            "lecun_tanh",
            _lecun_tanh,
            _lecun_tanh_slope,
            (-_TANH_END / LECUN_SLOPE, _TANH_END / LECUN_SLOPE),
            odd=True,
        ),
        Activation(
            "logistic", _logistic, _logistic_slope, (-2 * _TANH_END, 2 * _TANH_END), odd=False
        ),
        Activation("relu", _relu, _relu_slope, _RIGHT_HALF, odd=False),
        Activation("leaky_relu", _leaky_relu, _leaky_relu_slope, _RIGHT_HALF, odd=False),
        # the slope jumps from 1.758 to 1.051 at 0 and is half of the larger one at -ln 2
        Activation("selu", _selu, _selu_slope, (-float(np.log(2.0)), np.inf), odd=False),
    )
}
"""Every activation of the package, by name."""


def find_activation(activation: str | Activation) -> Activation:
    """The activation of that name; an `Activation` is returned as it is.

    Raises:
        ValueError: the name is unknown; the message lists the known ones.

    Examples:
        >>> find_activation("relu").linear_region
        (0.0, inf)
    """
    if isinstance(activation, Activation):
        return activation
    return lookup(ACTIVATIONS, activation, "activation")
