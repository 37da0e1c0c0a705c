"""Activation functions: value, derivative, linear region; one table.

The derivative of a monotone activation is a function of its *value*: the backward pass needs the
activations of the forward pass and nothing else. GELU and SiLU are not monotone; their derivative
is a function of the preactivation, which is then kept as well.
Values and slopes are elementwise and keep shape and dtype, as numpy's own functions do.

Sources: LeCun, Bottou, Orr and Mueller (1998), section 4.4, for `lecun_tanh`; Klambauer,
Unterthiner, Mayr and Hochreiter (2017) for `selu`; Hendrycks and Gimpel, *Gaussian error linear
units* (2016), arXiv 1606.08415, for `gelu` and `silu`.
"""

import math
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
GELU_START, SILU_START = 0.08095528704299002, 0.10000576589158289
VANISHED = 40.0  # the normal density and its tail are 0 in float64 from here on

Elementwise = Callable[[Array], Array]


@dataclass(frozen=True)
class Activation:
    """An elementwise function `f`, applied to the preactivations `z` of a layer.

    Called, or asked for its derivative, it raises `ValueError` where `z` is not finite.

    Attributes:
        name: its key in [`ACTIVATIONS`][initexplain.activations.ACTIVATIONS].
        value: `z -> f(z)`.
        slope: `f(z) -> f'(z)`, the derivative as a function of the value; if `f` is not monotone,
            `z -> f'(z)`.
        linear_region: the interval of `z` on which `f'` is at least half of its largest
            value. Outside it a unit is *saturated* (or, for a ReLU, off).
        odd: whether `f(-z) = -f(z)`.
        monotone: whether `f` is monotone.

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
    monotone: bool = True

    def __call__(self, z: ArrayLike) -> Array:
        """`f(z)`; infinite where it is too large for the dtype."""
        with np.errstate(over="ignore", under="ignore"):
            return self.value(float_array(z, "preactivations"))

    def derivative(self, z: ArrayLike) -> Array:
        """`f'(z)`; at a kink (0 for the ReLU family) the slope of the left side."""
        with np.errstate(under="ignore"):
            return self.slope(self(z) if self.monotone else float_array(z, "preactivations"))


def _tanh_slope(a: Array) -> Array:
    return 1.0 - a * a


def _lecun_tanh(z: Array) -> Array:
    squashed: Array = np.tanh(LECUN_SLOPE * z)
    return LECUN_GAIN * squashed


def _lecun_tanh_slope(a: Array) -> Array:
    return LECUN_SLOPE * (LECUN_GAIN - a * a / LECUN_GAIN)


# Signs are hard to foresee: with np.where these functions would take five times as long.


def _logistic(z: Array) -> Array:
    # 1 / (1 + exp(-z)), written so that no exponential overflows and no tail is rounded off
    return np.exp(np.minimum(z, 0.0)) / (1.0 + np.exp(-np.abs(z)))


def _logistic_slope(a: Array) -> Array:
    return a * (1.0 - a)


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _relu_slope(a: Array) -> Array:
    return np.asarray(a > 0, dtype=a.dtype)


def _leaky_relu(z: Array) -> Array:
    return np.maximum(z, np.multiply(LEAKY_SLOPE, z))


def _leaky_relu_slope(a: Array) -> Array:
    return np.maximum(_relu_slope(a), LEAKY_SLOPE)


def _selu(z: Array) -> Array:
    below: Array = SELU_SCALE * SELU_ALPHA * np.expm1(np.minimum(z, 0.0))
    return below + SELU_SCALE * np.maximum(z, 0.0)


def _selu_slope(a: Array) -> Array:
    above = _relu_slope(a)
    return SELU_SCALE * above + (1.0 - above) * (np.minimum(a, 0.0) + SELU_SCALE * SELU_ALPHA)


def _silu(z: Array) -> Array:
    return z * _logistic(z)


def _silu_slope(z: Array) -> Array:
    share = _logistic(z)
    return share * (1.0 + z * (1.0 - share))


def _gelu(z: Array) -> Array:
    return z * _normal_cdf(z)


def _gelu_slope(z: Array) -> Array:
    near = np.clip(z, -VANISHED, VANISHED)
    density = np.exp(-0.5 * near * near) / math.sqrt(2 * math.pi)
    slope: Array = _normal_cdf(z) + near * density
    return slope


def _normal_cdf(z: Array) -> Array:
    """The chance that a standard normal number is below `z`."""
    # numpy has no error function. Python's takes one number at a time, up to twice as long as a
    # polynomial in numpy that is as exact, which has thirty lines
    y = (z.astype(np.float64) * -math.sqrt(0.5)).ravel().tolist()
    cdf = 0.5 * np.fromiter(map(math.erfc, y), np.float64, len(y))
    return cdf.reshape(z.shape).astype(z.dtype)


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
        # slopes grow to 1.129 at sqrt 2 and to 1.100 at 2.399, then fall to 1
        Activation("gelu", _gelu, _gelu_slope, (GELU_START, np.inf), odd=False, monotone=False),
        Activation("silu", _silu, _silu_slope, (SILU_START, np.inf), odd=False, monotone=False),
    )
}
"""Every activation of the package, by name; `find_activation` also takes `"sigmoid"` and `"swish"`,
other names of `"logistic"` and `"silu"`. `"gelu"` is the exact one, `z` times the normal
distribution function; PyTorch's `approximate="tanh"` differs from it by up to 0.0005."""

_BY_NAME = {
    **ACTIVATIONS,
    "sigmoid": ACTIVATIONS["logistic"],
    "swish": ACTIVATIONS["silu"],
}


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
