"""What is predicted of a wide network: maps from layer to layer, fixed points, correlation length.

In the limit of many units per layer, preactivations are normal with mean 0 and a second moment `q`
that a layer passes to the next one by a map of one variable,

    q_l = weight_std^2 E f(sqrt(q_{l-1}) z)^2 + bias_std^2,    z ~ N(0, 1).

Here `weight_std` is the standard deviation of a weight times `sqrt(fan_in)`: 1 is LeCun's and, for
square matrices, Glorot's recipe, `sqrt 2` is He's; `bias_std` is that of a bias. An `activation` is
a name in the table, or an entry of it: for these the quadrature is known to be accurate. Second
moments `q` may have any shape. What is predicted is measured in [`signal`][initexplain.signal].

A number out of its range, and another activation, raises `ValueError`; a mean or a second moment
that overflows raises `FloatingPointError`.

Sources: Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli, *Exponential expressivity in deep neural
networks through transient chaos* (2016), arXiv 1606.05340; Schoenholz, Gilmer, Ganguli and
Sohl-Dickstein, *Deep information propagation* (2017), arXiv 1611.01232.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.activations import ACTIVATIONS, Activation, find_activation
from initexplain.checks import (
    Array,
    count,
    finite,
    float_array,
    no_overflow,
    not_negative,
    positive,
)

# Gauss-Legendre panels for integrals over z > 0: finer towards 0, where the ReLU family has its
# kink and a wide tanh its step, up to where the normal density is below 1e-22.
PANEL_EDGES = (0.0, *np.geomspace(1e-3, 0.5, 10), *np.arange(1.0, 10.5, 0.5))
PANEL_NODES = 10
ARC_NODES = 48
# Fixed points q* are looked for between these; below counts as 0, above as infinite.
SMALLEST_Q, LARGEST_Q = 1e-12, 1e12
ROUNDING = 1e-12
HALVINGS = 50


def gaussian_mean(function: Callable[[Array], Array], variance: ArrayLike = 1.0) -> Array:
    """`E function(sqrt(variance) z)` for `z ~ N(0, 1)`, by quadrature on either side of 0.

    The two sides are integrated apart, in panels that shrink towards 0: a kink or a jump at 0 (the
    ReLU family) costs no accuracy, nor does a function much narrower than the density.

    Examples:
        >>> relu = ACTIVATIONS["relu"]
        >>> [float(gaussian_mean(g).round(12)) for g in (relu, relu.derivative)]
        [0.398942280401, 0.5]
    """
    q = float_array(variance, "second moments")
    if (q < 0).any():
        raise ValueError(f"second moments must be 0 or more, found {q.min()}")
    spread = np.sqrt(q)[..., None] * _NODES
    with np.errstate(all="ignore"):
        mean: Array = 0.5 * ((function(spread) + function(-spread)) @ _WEIGHTS)
    no_overflow(mean, "mean over the normal density")
    return mean


def mean_square(activation: str | Activation, q: ArrayLike) -> Array:
    """`E f(sqrt(q) z)^2`: the second moment of activations, from that of preactivations.

    Examples:
        >>> float(mean_square("relu", 3.0).round(12))
        1.5
    """
    f = _of_the_table(activation)
    return gaussian_mean(lambda z: f.value(z) ** 2, q)


def mean_square_slope(activation: str | Activation, q: ArrayLike) -> Array:
    """`E f'(sqrt(q) z)^2`: times `weight_std^2`, the factor of the squared error at each layer.

    Where `q` is 0 it is the limit: the mean of the squared slopes on the two sides of 0.

    Examples:
        >>> [float(mean_square_slope(name, 0.0).round(12)) for name in ("relu", "tanh")]
        [0.5, 1.0]
    """
    f = _of_the_table(activation)
    # a slope that jumps at 0 is one-sided there: step off it
    spread = np.where(np.equal(q, 0), SMALLEST_Q**2, q)
    return gaussian_mean(lambda z: f.derivative(z) ** 2, spread)


def variance_map(
    activation: str | Activation, q: ArrayLike, *, weight_std: float, bias_std: float = 0.0
) -> Array:
    """The second moment of the next layer's preactivations, from that of this layer's.

    Source: Poole et al. (2016), equation 3.

    Examples:
        >>> float(variance_map("relu", 3.0, weight_std=2**0.5).round(12))
        3.0
    """
    return _passed_on(mean_square(activation, q), weight_std, bias_std)


def variances(
    activation: str | Activation,
    *,
    layers: int,
    weight_std: float,
    bias_std: float = 0.0,
    start: float = 1.0,
) -> Array:
    """Second moments of the preactivations of layers 1 to `layers`, the first of which is `start`.

    Examples:
        >>> variances("tanh", layers=4, weight_std=1.0).round(3).tolist()
        [1.0, 0.394, 0.236, 0.167]
    """
    moments = [np.asarray(not_negative(start, "start"))]
    for _ in range(count(layers, "layers") - 1):
        below = moments[-1]
        moments.append(variance_map(activation, below, weight_std=weight_std, bias_std=bias_std))
    return np.array(moments)


def correlation_map(
    activation: str | Activation,
    correlation: float,
    *,
    q: float,
    weight_std: float,
    bias_std: float = 0.0,
) -> float:
    """The next layer's correlation between two inputs, from this layer's, at second moment `q`.

    `(weight_std^2 E f(u) f(v) + bias_std^2) / q'`, with `u, v` normal of variance `q` and this
    correlation, and `q'` what the same formula gives for `u = v`. The angle between `u` and `v` is
    integrated apart from their length, in arcs that end where `u` or `v` changes sign.

    Source: Poole et al. (2016), equation 5.

    Examples:
        >>> round(correlation_map("tanh", 0.5, q=1.0, weight_std=1.0), 4)
        0.4726
        >>> round(correlation_map("relu", 0.0, q=1.0, weight_std=1.0), 4)  # 1 / pi
        0.3183
    """
    f = _of_the_table(activation)
    if not -1 <= finite(correlation, "correlation") <= 1:
        raise ValueError(f"correlation must lie between -1 and 1, found {correlation!r}")
    shared = _pair_mean(f.value, positive(q, "q"), correlation)
    passed = float(variance_map(f, q, weight_std=weight_std, bias_std=bias_std))
    both = float(_passed_on(shared, weight_std, bias_std))
    return both / positive(passed, "the next layer's q")


@dataclass(frozen=True)
class MeanField:
    """Where a deep, wide network of one weight scale ends up, layer after layer.

    Attributes:
        q: the fixed point of the second moment of preactivations; 0 if the signal dies, infinite
            if it explodes. Where every `q` is a fixed point (He's ReLU), 1 is given.
        chi: `weight_std^2 E f'(sqrt(q) z)^2`: the factor of the errors' mean square from one layer
            to the one below, and of the squared distance of two near inputs to the one above.
            Below 1 ordered, above 1 chaotic, 1 the edge.
        correlation: the fixed point of the correlation between two inputs; 1 in the ordered phase,
            NaN where `q` is infinite.
        correlation_length: layers in which the distance of the correlation from its fixed point
            falls by a factor of e, or, where `q` is 0, the squared signal; infinite at the edge,
            NaN where `q` is infinite.
    """

    q: float
    chi: float
    correlation: float
    correlation_length: float


def mean_field(
    activation: str | Activation, *, weight_std: float, bias_std: float = 0.0
) -> MeanField:
    """The fixed point of the maps, and what it says about depth; `weight_std` is above 0.

    Source: Schoenholz et al. (2017), sections 2 and 3; the length is its equation 9.

    Examples:
        LeCun's recipe of 1998 sits next to the edge:

        >>> limit = mean_field("lecun_tanh", weight_std=1.0)
        >>> round(limit.q, 4), round(limit.chi, 4)
        (0.3824, 1.0192)
        >>> round(mean_field("tanh", weight_std=0.9).correlation_length, 3)
        4.746
    """
    positive(weight_std, "weight_std")
    f = _of_the_table(activation)
    q = _fixed_q(f, weight_std, bias_std)
    chi = _chi(f, q, weight_std)
    if not np.isfinite(q):
        return MeanField(q, chi, np.nan, np.nan)
    if chi <= 1 + ROUNDING:
        return MeanField(q, chi, 1.0, _length(chi))
    correlation = _fixed_correlation(f, q, weight_std, bias_std)
    shared = _pair_mean(f.derivative, q, correlation)
    return MeanField(q, chi, correlation, _length(float(_passed_on(shared, weight_std))))


def critical_weight_std(activation: str | Activation, *, bias_std: float = 0.0) -> float:
    """The weight scale at the edge of chaos: `chi` is 1 at the fixed point.

    Source: Schoenholz et al. (2017), figure 1.

    Examples:
        >>> round(critical_weight_std("relu") ** 2, 6), round(critical_weight_std("tanh") ** 2, 6)
        (2.0, 1.0)
        >>> round(critical_weight_std("tanh", bias_std=0.05**0.5) ** 2, 4)
        1.761
    """
    f = _of_the_table(activation)
    return _boundary(lambda std: _chi(f, _fixed_q(f, std, bias_std), std) > 1, 1e-2, 1e2)


def _panels(edges: Sequence[float], nodes: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss-Legendre quadrature in every panel between the edges."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    half, middle = np.diff(edges) / 2, (np.array(edges[1:]) + np.array(edges[:-1])) / 2
    return (middle[:, None] + half[:, None] * x).ravel(), (half[:, None] * w).ravel()


_NODES, _WEIGHTS = _panels(PANEL_EDGES, PANEL_NODES)
# the density of |z|, and that of the length of two independent normals
_RADIAL_WEIGHTS = _WEIGHTS * _NODES * np.exp(-(_NODES**2) / 2)
_WEIGHTS = _WEIGHTS * np.exp(-(_NODES**2) / 2) * np.sqrt(2 / np.pi)


def _pair_mean(function: Callable[[Array], Array], q: float, correlation: float) -> float:
    """`E g(u) g(v)` for `u, v` normal of variance `q` and this correlation."""
    angle = float(np.arccos(correlation))
    # u = r cos(t) and v = r cos(t - angle) change sign where these arcs meet
    ends = np.pi / 2 + np.array([0.0, angle, np.pi, np.pi + angle, 2 * np.pi])
    t, arc_weights = _panels(list(ends), ARC_NODES)
    length = np.sqrt(q) * _NODES[:, None]
    with np.errstate(all="ignore"):
        product = function(length * np.cos(t)) * function(length * np.cos(t - angle))
        mean = float(_RADIAL_WEIGHTS @ product @ arc_weights) / (2 * np.pi)
    no_overflow(mean, "mean over two normals")
    return mean


def _passed_on(mean: ArrayLike, weight_std: float, bias_std: float = 0.0) -> Array:
    """What weights and biases of these scales make of a mean over the layer below."""
    # as numpy's floats, whose square is infinite where it is too large
    weight = np.float64(not_negative(weight_std, "weight_std"))
    bias = np.float64(not_negative(bias_std, "bias_std"))
    with np.errstate(all="ignore"):
        passed: Array = np.multiply(weight**2, mean) + bias**2
    no_overflow(passed, "second moment of the next layer")
    return passed


def _fixed_q(activation: Activation, weight_std: float, bias_std: float) -> float:
    if not activation.monotone:
        raise ValueError(
            f"fixed points: the map of {activation.name!r} can have several; iterate it by "
            "`variances`"
        )

    def excess(q: float) -> float:
        passed = variance_map(activation, q, weight_std=weight_std, bias_std=bias_std)
        return float(passed) / q - 1

    if all(abs(excess(q)) < ROUNDING for q in (SMALLEST_Q, 1.0, LARGEST_Q)):
        return 1.0
    if excess(SMALLEST_Q) <= 0:
        return 0.0
    if excess(LARGEST_Q) > -ROUNDING:
        return float("inf")
    # the map over q falls with q for every monotone activation of the table, so it meets 1 once
    return _boundary(lambda q: excess(q) < 0, SMALLEST_Q, LARGEST_Q)


def _chi(activation: Activation, q: float, weight_std: float) -> float:
    return float(_passed_on(mean_square_slope(activation, min(q, LARGEST_Q)), weight_std))


def _fixed_correlation(
    activation: Activation, q: float, weight_std: float, bias_std: float
) -> float:
    """The stable fixed point of the correlation map where the one at 1 is not: below 1."""

    def excess(c: float) -> float:
        return correlation_map(activation, c, q=q, weight_std=weight_std, bias_std=bias_std) - c

    if excess(0.0) <= ROUNDING:
        return 0.0
    # the map is convex, so it lies below the diagonal between its two fixed points
    return 1 - _boundary(lambda gap: excess(1 - gap) > 0, 1e-9, 1.0)


def _boundary(beyond: Callable[[float], bool], low: float, high: float) -> float:
    """Where `beyond` turns from false to true between `low` and `high`, by geometric bisection."""
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if beyond(middle) else (middle, high)
    return float(np.sqrt(low * high))


def _length(slope: float) -> float:
    """Layers until `slope ** layers` is 1 / e."""
    return float("inf") if abs(slope - 1) <= ROUNDING else float(-1 / np.log(slope))


def _of_the_table(activation: str | Activation) -> Activation:
    found = find_activation(activation)
    # equal, not the same object: a network may have come from another process
    if ACTIVATIONS.get(found.name) != found:
        raise ValueError(
            f"mean field: activation {found.name!r} is not in the table: {', '.join(ACTIVATIONS)}"
        )
    return found
