"""Initializers: factories that return `init(rng, shape) -> array`.

Randomness is an argument: the same generator state gives the same array. A weight
matrix has shape `(..., fan_out, fan_in)`, a bias vector `(..., fan_out)`; leading axes
are an ensemble of networks. A `gain` multiplies every entry.

A shape of four axes may be the kernel of a convolution, whose fan-in is channels times kernel.
Initializers with a fan refuse it. Draw a kernel as a matrix,
`he_normal()(rng, (m, n * k * k)).reshape(m, n, k, k)`, and an ensemble with two axes as
`he_normal()(rng, Matrices(shape))`.

Numbers are checked when the initializer is made: `ValueError` for a standard deviation or a bound
that is negative, a scale or a gain that is not above 0, and whatever is not finite.

Sources: LeCun, Bottou, Orr and Mueller, *Efficient BackProp* (1998); Glorot and Bengio,
*Understanding the difficulty of training deep feedforward neural networks* (2010); He, Zhang, Ren
and Sun, *Delving deep into rectifiers* (2015); Saxe, McClelland and Ganguli, *Exact solutions to
the nonlinear dynamics of learning in deep linear neural networks* (2014).
"""

from collections.abc import Callable

import numpy as np

from initexplain.checks import Array, finite, lookup, not_negative, positive

Initializer = Callable[[np.random.Generator, tuple[int, ...]], Array]
"""`init(rng, shape)` returns a float64 array of that shape."""

# standard deviation of a standard normal cut off at two standard deviations
TRUNCATION = 2.0
TRUNCATED_STD = 0.87962566103423978


class Matrices(tuple[int, ...]):
    """A shape `(..., fan_out, fan_in)` of which all axes but the last two are an ensemble's.

    Examples:
        >>> lecun_normal()(np.random.default_rng(0), Matrices((5, 2, 3, 4))).shape
        (5, 2, 3, 4)
    """

    __slots__ = ()


def zeros() -> Initializer:
    """Every entry 0.

    Examples:
        >>> zeros()(np.random.default_rng(0), (2, 3)).tolist()
        [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    return constant(0.0)


def constant(value: float) -> Initializer:
    """Every entry `value`.

    Examples:
        >>> constant(0.5)(np.random.default_rng(0), (1, 3)).tolist()
        [[0.5, 0.5, 0.5]]
    """
    entry = finite(value, "value")
    return lambda _rng, shape: np.full(shape, entry)


def normal(std: float = 1.0, *, mean: float = 0.0) -> Initializer:
    """Independent entries from `N(mean, std^2)`.

    Examples:
        >>> W = normal(0.1)(np.random.default_rng(0), (300, 300))
        >>> round(float(W.std()), 2)
        0.1
    """
    not_negative(std, "std")
    finite(mean, "mean")
    return lambda rng, shape: mean + std * rng.standard_normal(shape)


def uniform(bound: float = 1.0) -> Initializer:
    """Independent entries from `U(-bound, bound)`, of variance `bound^2 / 3`.

    Examples:
        >>> W = uniform(0.3)(np.random.default_rng(0), (300, 300))
        >>> bool(abs(W).max() <= 0.3), round(float(W.var()), 2)
        (True, 0.03)
    """
    not_negative(bound, "bound")
    return lambda rng, shape: rng.uniform(-bound, bound, shape)


def truncated_normal(std: float = 1.0) -> Initializer:
    """A normal cut off at two standard deviations, of standard deviation `std` after the cut.

    The cut shrinks the standard deviation to 0.8796 of the normal's, which is wider to make up for
    it, as in the variance scaling of Keras and JAX; their plain truncated normals are not.

    Examples:
        >>> W = truncated_normal(1.0)(np.random.default_rng(0), (300, 300))
        >>> round(float(W.std()), 2), bool(abs(W).max() <= 2 / 0.8796)
        (1.0, True)
    """
    not_negative(std, "std")

    def init(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        draws = rng.standard_normal(shape)
        while (outside := np.abs(draws) > TRUNCATION).any():
            draws[outside] = rng.standard_normal(int(outside.sum()))
        return draws * (std / TRUNCATED_STD)

    return init


_DISTRIBUTIONS: dict[str, Callable[[float], Initializer]] = {
    "normal": normal,
    "uniform": lambda std: uniform(np.sqrt(3.0) * std),
    "truncated_normal": truncated_normal,
}

_FANS: dict[str, Callable[[int, int], float]] = {
    "fan_in": lambda fan_in, _fan_out: fan_in,
    "fan_out": lambda _fan_in, fan_out: fan_out,
    "fan_average": lambda fan_in, fan_out: (fan_in + fan_out) / 2,
}


def variance_scaling(
    scale: float, fan: str = "fan_in", distribution: str = "normal", *, gain: float = 1.0
) -> Initializer:
    """Independent entries of mean 0 and variance `gain^2 * scale / fan`.

    The `fan` is `"fan_in"`, `"fan_out"` or `"fan_average"` (their mean), the `distribution`
    `"normal"`, `"uniform"` or `"truncated_normal"`. Every scheme below but the last is one line of
    this function. A shape without fans, a bias vector's for instance, raises `ValueError`.

    Examples:
        >>> W = variance_scaling(1.0, "fan_out")(np.random.default_rng(0), (400, 100))
        >>> round(float(W.std() * np.sqrt(400)), 2)
        1.0
    """
    positive(scale, "scale")
    positive(gain, "gain")
    size = lookup(_FANS, fan, "fan")
    draw = lookup(_DISTRIBUTIONS, distribution, "distribution")
    return lambda rng, shape: draw(float(gain * np.sqrt(scale / size(*_fans(shape)))))(rng, shape)


def lecun_normal(*, gain: float = 1.0) -> Initializer:
    """Normal of standard deviation `gain / sqrt(fan_in)`: LeCun et al. (1998), section 4.6.

    Keeps the variance of preactivations at that of the layer's inputs.

    Examples:
        >>> W = lecun_normal()(np.random.default_rng(0), (300, 100))
        >>> round(float(W.std()), 2)
        0.1
    """
    return variance_scaling(1.0, "fan_in", "normal", gain=gain)


def lecun_uniform(*, gain: float = 1.0) -> Initializer:
    """Uniform of bound `gain * sqrt(3 / fan_in)`: the variance of `lecun_normal`.

    Examples:
        >>> W = lecun_uniform()(np.random.default_rng(0), (100, 300))
        >>> bool(abs(W).max() <= 0.1)
        True
    """
    return variance_scaling(1.0, "fan_in", "uniform", gain=gain)


def glorot_normal(*, gain: float = 1.0) -> Initializer:
    """Normal of variance `gain^2 * 2 / (fan_in + fan_out)`: Glorot and Bengio (2010), section 4.2.

    Examples:
        >>> W = glorot_normal()(np.random.default_rng(0), (100, 300))
        >>> round(float(W.var() * 200), 1)
        1.0
    """
    return variance_scaling(1.0, "fan_average", "normal", gain=gain)


def glorot_uniform(*, gain: float = 1.0) -> Initializer:
    """Uniform of bound `gain * sqrt(6 / (fan_in + fan_out))`: Glorot and Bengio, equation 16.

    Examples:
        >>> W = glorot_uniform()(np.random.default_rng(0), (300, 300))
        >>> bool(abs(W).max() <= 0.1)
        True
    """
    return variance_scaling(1.0, "fan_average", "uniform", gain=gain)


def he_normal(*, gain: float = 1.0) -> Initializer:
    """Normal of standard deviation `gain * sqrt(2 / fan_in)`, for ReLU: He et al., section 2.2.

    Examples:
        >>> W = he_normal()(np.random.default_rng(0), (200, 200))
        >>> round(float(W.std()), 2)
        0.1
    """
    return variance_scaling(2.0, "fan_in", "normal", gain=gain)


def he_uniform(*, gain: float = 1.0) -> Initializer:
    """Uniform of bound `gain * sqrt(6 / fan_in)`, for ReLU: the variance of `he_normal`.

    Examples:
        >>> W = he_uniform()(np.random.default_rng(0), (300, 600))
        >>> bool(abs(W).max() <= 0.1)
        True
    """
    return variance_scaling(2.0, "fan_in", "uniform", gain=gain)


def orthogonal(*, gain: float = 1.0) -> Initializer:
    """A uniformly random matrix with orthonormal rows or columns (the fewer), times `gain`.

    Source: Saxe et al. (2014), section 3.

    Examples:
        >>> W = orthogonal()(np.random.default_rng(0), (3, 5))
        >>> bool(np.allclose(W @ W.T, np.eye(3)))
        True
    """
    positive(gain, "gain")

    def init(rng: np.random.Generator, shape: tuple[int, ...]) -> Array:
        fan_in, fan_out = _fans(shape)
        tall = (*shape[:-2], max(fan_in, fan_out), min(fan_in, fan_out))
        q, r = np.linalg.qr(rng.standard_normal(tall))
        # the signs of R's diagonal make the distribution uniform (Haar)
        q = q * np.where(np.diagonal(r, axis1=-2, axis2=-1) < 0, -1.0, 1.0)[..., None, :]
        return gain * (q if fan_out >= fan_in else q.mT)

    return init


def _fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """`(fan_in, fan_out)` of a weight matrix; a bias vector has none, a kernel others."""
    if len(shape) < 2 or min(shape[-2:]) < 1:
        raise ValueError(
            "fan_in and fan_out need a shape (..., fan_out, fan_in), both 1 or more, found "
            f"{shape}; for biases use zeros, constant, normal or uniform"
        )
    if len(shape) > 3 and not isinstance(shape, Matrices):
        raise ValueError(
            f"fan_in and fan_out of the shape {shape}: draw the kernel of a convolution as a matrix"
            " (channels_out, channels_in * height * width) and reshape it; an ensemble of matrices"
            " is Matrices(shape)"
        )
    return shape[-1], shape[-2]
