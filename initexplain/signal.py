"""How far the signal gets: saturation, moments through depth, mean field, gradient ratios.

Functions of a network and its data return one number per layer, first axis the layer, then the
ensemble's axes: `(layers, ...)`. The mean-field functions need no network: they describe the limit
of many units per layer, in which preactivations are normal with mean 0 and a second moment `q`
that a layer passes to the next one by a map of one variable,

    q_l = weight_std^2 E f(sqrt(q_{l-1}) z)^2 + bias_std^2,    z ~ N(0, 1).

Here `weight_std` is the standard deviation of a weight times `sqrt(fan_in)`: 1 is LeCun's and, for
square matrices, Glorot's recipe, `sqrt 2` is He's.

Sources: Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli, *Exponential expressivity in deep neural
networks through transient chaos* (2016), arXiv 1606.05340; Schoenholz, Gilmer, Ganguli and
Sohl-Dickstein, *Deep information propagation* (2017), arXiv 1611.01232.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

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
from initexplain.initializers import Initializer, orthogonal
from initexplain.losses import Loss, find_loss
from initexplain.network import (
    Gradients,
    Network,
    Trace,
    check_inputs,
    check_targets,
    forward,
    run_forward,
)

# Gauss-Legendre panels for integrals over z > 0: finer towards 0, where the ReLU family has its
# kink and a wide tanh its step, up to where the normal density is below 1e-22.
PANEL_EDGES = (0.0, *np.geomspace(1e-3, 0.5, 10), *np.arange(1.0, 10.5, 0.5))
PANEL_NODES = 10
ARC_NODES = 48
# Fixed points q* are looked for between these; below counts as 0, above as infinite.
SMALLEST_Q, LARGEST_Q = 1e-12, 1e12
# A standard deviation whose square times LARGEST_Q is still a float.
LARGEST_STD = 1e100
ROUNDING = 1e-12
HALVINGS = 50


def saturated_fraction(network: Network, inputs: ArrayLike) -> Array:
    """Share of preactivations outside the linear region of the activation, per hidden layer.

    A unit counts once for every example. For a ReLU, outside means off.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.

    Returns:
        `(hidden layers, ...)`, between 0 and 1.

    Raises:
        ValueError: inputs that are not finite, or do not fit the first layer.
        FloatingPointError: a preactivation overflows.

    Examples:
        >>> net = Network([[[1.0], [9.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], "tanh")
        >>> saturated_fraction(net, [[-0.5], [0.5]]).tolist()
        [0.5]
    """
    return _per_hidden_layer(
        network, inputs, lambda z, low, high: np.mean((z < low) | (z > high), axis=(-2, -1))
    )


def region_distance(network: Network, inputs: ArrayLike) -> Array:
    """Mean distance of the preactivations from the linear region, per hidden layer.

    0 for a preactivation inside; in units of the preactivation.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.

    Returns:
        `(hidden layers, ...)`, 0 or more.

    Raises:
        ValueError: inputs that are not finite, or do not fit the first layer.
        FloatingPointError: a preactivation overflows.

    Examples:
        >>> net = Network([[[1.0]], [[1.0]]], [[0.0], [0.0]], "relu")
        >>> region_distance(net, [[-3.0], [2.0]]).tolist()
        [1.5]
    """
    return _per_hidden_layer(
        network,
        inputs,
        lambda z, low, high: np.mean(np.maximum(0, np.maximum(low - z, z - high)), axis=(-2, -1)),
    )


def dead_fraction(network: Network, inputs: ArrayLike) -> Array:
    """Share of units that are off for every example, per hidden layer.

    Off means that the derivative of the activation is exactly 0, so that no example sends a
    gradient to the unit's weights. A leaky ReLU is never off; a tanh is where rounding makes it 1.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.

    Returns:
        `(hidden layers, ...)`, between 0 and 1.

    Raises:
        ValueError: inputs that are not finite, or do not fit the first layer.
        FloatingPointError: a preactivation overflows.

    Examples:
        >>> net = Network([[[1.0], [1.0]], [[1.0, 1.0]]], [[0.0, -9.0], [0.0]], "relu")
        >>> dead_fraction(net, [[-1.0], [1.0]]).tolist()
        [0.5]
    """
    slope = network.activation.slope
    with np.errstate(under="ignore"):
        shares = [
            np.mean(np.all(slope(a) == 0, axis=-2), axis=-1)
            for a in forward(network, inputs).activations
        ]
    return _stacked(shares, network)


@dataclass(frozen=True, eq=False)
class Moments:
    """Mean squares of a network's signals over examples and units, layer by layer.

    Attributes:
        preactivations: of `z_l`, `(layers, ...)`.
        activations: of `f(z_l)`, `(hidden layers, ...)`.
        errors: of `dL/dz_l`, where `L` is the loss averaged over examples, `(layers, ...)`.
    """

    preactivations: Array
    activations: Array
    errors: Array


def second_moments(
    network: Network,
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    loss: str | Loss = "squared_error",
) -> Moments:
    """Mean squares of preactivations, activations and errors through depth.

    Computed in float64 whatever the network's dtype, so that small squares do not vanish.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        targets: `(examples, outputs)`, or with the ensemble's axes in front.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.

    Raises:
        ValueError: an unknown loss, data that are not finite or do not fit.
        FloatingPointError: a preactivation, an error or a square overflows.

    Examples:
        >>> net = Network([[[2.0]], [[3.0]]], [[0.0], [0.0]], "identity")
        >>> found = second_moments(net, [[1.0]], [[5.0]])
        >>> found.preactivations.tolist(), found.errors.tolist()
        ([4.0, 36.0], [9.0, 1.0])
    """
    trace, deltas = _both_ways(network, inputs, targets, find_loss(loss))
    return Moments(
        preactivations=_mean_squares(trace.preactivations, "preactivations", network),
        activations=_mean_squares(trace.activations, "activations", network),
        errors=_mean_squares(deltas, "errors", network),
    )


def errors(
    network: Network,
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    loss: str | Loss = "squared_error",
) -> tuple[Array, ...]:
    """The derivatives of the loss by the preactivations: what backpropagation carries down.

    `delta_{l-1} = (W_l^T delta_l) f'(z_{l-1})`, from the derivative by the outputs; no bias
    appears in it.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        targets: `(examples, outputs)`, or with the ensemble's axes in front.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.

    Returns:
        One array `(..., examples, fan_out)` per layer.

    Raises:
        ValueError: an unknown loss, data that are not finite or do not fit.
        FloatingPointError: a preactivation or an error overflows.

    Examples:
        >>> net = Network([[[1.0]], [[3.0]]], [[0.0], [0.0]], "relu")
        >>> [delta.tolist() for delta in errors(net, [[1.0], [-1.0]], [[1.0], [-4.0]])]
        [[[3.0], [0.0]], [[1.0], [2.0]]]
    """
    return _both_ways(network, inputs, targets, find_loss(loss))[1]


def gradient_to_weight(network: Network, gradients: Gradients) -> Array:
    """Size of the gradient over the size of the weights, per layer: `|dL/dW| / |W|`.

    Sizes are Frobenius norms. Times the learning rate, it is the share of its size by which
    plain gradient descent moves a matrix.

    Args:
        network: the network, or an ensemble of them.
        gradients: of its parameters.

    Returns:
        `(layers, ...)`. A gradient of 0 gives 0; another gradient of weights that are 0 is
        infinitely large beside them.

    Raises:
        ValueError: the gradients are not of the network's shapes, or not finite.

    Examples:
        >>> net = Network([[[3.0, 4.0]]], [[0.0]])
        >>> gradient_to_weight(net, Gradients((np.array([[0.0, 1.0]]),), (np.zeros(1),))).tolist()
        [0.2]
    """
    found = [float_array(g, f"gradients of layer {i}") for i, g in enumerate(gradients.weights, 1)]
    return _ratios(found, network.weights, "gradients")


def update_to_weight(before: Network, after: Network) -> Array:
    """Size of an update over the size of the weights it changed, per layer.

    Sizes are Frobenius norms: `|W_after - W_before| / |W_before|`.

    Args:
        before: the network before the update, or an ensemble of networks.
        after: the same after it.

    Returns:
        `(layers, ...)`. No change gives 0; a change of weights that were 0 is infinite.

    Raises:
        ValueError: the two networks have different shapes.
        FloatingPointError: a difference overflows.

    Examples:
        >>> before = Network([[[3.0, 4.0]]], [[0.0]])
        >>> after = Network([[[3.0, 3.0]]], [[0.0]])
        >>> update_to_weight(before, after).tolist()
        [0.2]
    """
    if [w.shape for w in before.weights] != [w.shape for w in after.weights]:
        raise ValueError(f"networks of different shapes: {before} and {after}")
    with np.errstate(over="ignore", under="ignore"):
        updates = [
            np.subtract(new, old, dtype=np.float64)
            for new, old in zip(after.weights, before.weights, strict=True)
        ]
    for layer, update in enumerate(updates, 1):
        no_overflow(update, f"update of layer {layer}")
    return _ratios(updates, before.weights, "updates")


def lsuv(
    rng: np.random.Generator,
    sizes: Sequence[int],
    inputs: ArrayLike,
    *,
    activation: str | Activation = "tanh",
    tolerance: float = 0.02,
    weights: Initializer | None = None,
    ensemble: Sequence[int] = (),
    dtype: DTypeLike = np.float64,
) -> Network:
    """A network whose preactivations have variance 1 on these inputs, in every layer.

    Layer-sequential unit variance: orthogonal matrices, zero biases, then layer by layer `W` is
    divided by the standard deviation of its layer's preactivations (over examples and units),
    unless their variance is within `tolerance` of 1. Biases are zero and a preactivation is linear
    in `W`, so that one division is enough where the paper iterates.

    Args:
        rng: the source of randomness.
        sizes: units per layer, the inputs first: `[inputs, hidden..., outputs]`.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        activation: of the hidden layers.
        tolerance: a variance this close to 1 is left alone.
        weights: initializer of the weights; orthogonal if not given.
        ensemble: leading axes; each member is rescaled on its own.
        dtype: float64 or float32.

    Raises:
        ValueError: data or sizes that do not fit, a negative tolerance, or a layer whose
            preactivations do not vary, so that no factor makes their variance 1.
        FloatingPointError: a preactivation overflows.

    Source: Mishkin and Matas, *All you need is a good init* (2016), arXiv 1511.06422, algorithm 1.

    Examples:
        >>> rng = np.random.default_rng(0)
        >>> X = rng.standard_normal((50, 4))
        >>> net = lsuv(rng, [4, 16, 16, 2], X, activation="relu")
        >>> [round(float(z.var()), 2) for z in forward(net, X).preactivations]
        [1.0, 1.0, 1.0]
    """
    not_negative(tolerance, "tolerance")
    start = Network.initialize(
        rng,
        sizes,
        weights=orthogonal() if weights is None else weights,
        activation=activation,
        ensemble=ensemble,
        dtype=dtype,
    )
    layer_input = check_inputs(start, inputs)
    matrices: list[Array] = []
    with np.errstate(all="ignore"):  # what overflows is refused
        for layer, (w, b) in enumerate(zip(start.weights, start.biases, strict=True), 1):
            (z,) = run_forward([w], [b], start.activation, layer_input).preactivations
            factor = _to_unit_variance(z, tolerance, layer)
            matrices.append(w * factor)
            layer_input = start.activation(z * factor)
    return Network(matrices, start.biases, start.activation)


def at_scales(network: Network, scales: ArrayLike) -> Network:
    """The same network at several weight scales: its hidden weights times each of them.

    The output weights and all biases stay, so that the networks start at comparable losses.

    Args:
        network: the network, or an ensemble of them.
        scales: factors, `(scales,)`.

    Returns:
        An ensemble with the scales as its first axis, `(scales, ...)`.

    Raises:
        ValueError: the scales are not a list of finite numbers, or a weight times one of them
            is not finite.

    Examples:
        >>> net = Network([[[1.0]], [[3.0]]], [[0.5], [0.0]])
        >>> many = at_scales(net, [1.0, 10.0])
        >>> [w.ravel().tolist() for w in many.weights]
        [[1.0, 10.0], [3.0, 3.0]]
    """
    factors = float_array(scales, "scales")
    if factors.ndim != 1 or not len(factors):
        raise ValueError(f"scales: expected shape (scales,), found {factors.shape}")
    hidden, output = network.weights[:-1], network.weights[-1]
    with np.errstate(over="ignore", under="ignore"):  # refused by the network, as infinite
        factors = factors.astype(network.dtype)
        return Network(
            [*(np.multiply.outer(factors, w) for w in hidden), _repeated(output, len(factors))],
            [_repeated(b, len(factors)) for b in network.biases],
            network.activation,
        )


def gaussian_mean(function: Callable[[Array], Array], variance: ArrayLike = 1.0) -> Array:
    """`E function(sqrt(variance) z)` for `z ~ N(0, 1)`, by quadrature on either side of 0.

    The two sides are integrated apart, in panels that shrink towards 0: a kink or a jump at 0 (the
    ReLU family) costs no accuracy, nor does a function much narrower than the density.

    Args:
        function: elementwise.
        variance: of the argument, 0 or more, of any shape.

    Returns:
        An array of the shape of `variance`.

    Raises:
        ValueError: a variance is negative or not finite.
        FloatingPointError: the mean overflows.

    Examples:
        >>> relu = ACTIVATIONS["relu"]
        >>> [float(gaussian_mean(g).round(12)) for g in (relu, relu.derivative)]
        [0.398942280401, 0.5]
    """
    spread = np.sqrt(_variances(variance))[..., None] * _NODES
    with np.errstate(over="ignore", under="ignore"):
        mean: Array = 0.5 * ((function(spread) + function(-spread)) @ _WEIGHTS)
    if not np.isfinite(mean).all():
        raise FloatingPointError("a mean over the normal density is too large for a float")
    return mean


def mean_square(activation: str | Activation, q: ArrayLike) -> Array:
    """`E f(sqrt(q) z)^2`: the second moment of activations, from that of preactivations.

    Args:
        activation: an activation of the table.
        q: second moments of preactivations, of any shape.

    Raises:
        ValueError: the activation is unknown or not of the table; a `q` is negative or not finite.

    Examples:
        >>> float(mean_square("relu", 3.0).round(12))
        1.5
    """
    f = _tabled(activation)
    return gaussian_mean(lambda z: f.value(z) ** 2, q)


def mean_square_slope(activation: str | Activation, q: ArrayLike) -> Array:
    """`E f'(sqrt(q) z)^2`: the factor of the squared error at each layer, `weight_std` apart.

    Where `q` is 0 it is the limit: the mean of the squared slopes on the two sides of 0.

    Args:
        activation: an activation of the table.
        q: second moments of preactivations, of any shape.

    Raises:
        ValueError: the activation is unknown or not of the table; a `q` is negative or not finite.

    Examples:
        >>> [float(mean_square_slope(name, 0.0).round(12)) for name in ("relu", "tanh")]
        [0.5, 1.0]
    """
    f = _tabled(activation)
    # a slope that jumps at 0 is one-sided there: step off it, by less than matters elsewhere
    return gaussian_mean(
        lambda z: f.slope(f.value(z)) ** 2, np.maximum(_variances(q), SMALLEST_Q**2)
    )


def variance_map(
    activation: str | Activation, q: ArrayLike, *, weight_std: float, bias_std: float = 0.0
) -> Array:
    """The second moment of the next layer's preactivations, from that of this layer's.

    Args:
        activation: an activation of the table.
        q: second moments of preactivations, of any shape.
        weight_std: standard deviation of a weight, times `sqrt(fan_in)`.
        bias_std: standard deviation of a bias.

    Raises:
        ValueError: the activation is unknown or not of the table; a number is negative or not
            finite, or a standard deviation above 1e100.
        FloatingPointError: the second moment overflows.

    Source: Poole et al. (2016), equation 3.

    Examples:
        >>> float(variance_map("relu", 3.0, weight_std=2**0.5).round(12))
        3.0
    """
    weight_std, bias_std = _std(weight_std, "weight_std"), _std(bias_std, "bias_std")
    with np.errstate(over="ignore", under="ignore"):
        passed: Array = weight_std**2 * mean_square(activation, q) + bias_std**2
    no_overflow(passed, "second moment of the next layer")
    return passed


def variances(
    activation: str | Activation,
    *,
    layers: int,
    weight_std: float,
    bias_std: float = 0.0,
    start: float = 1.0,
) -> Array:
    """Second moments of the preactivations of layers 1 to `layers`, `(layers,)`.

    Args:
        activation: an activation of the table.
        layers: how many layers.
        weight_std: standard deviation of a weight, times `sqrt(fan_in)`.
        bias_std: standard deviation of a bias.
        start: the second moment in layer 1.

    Raises:
        ValueError: the activation is unknown or not of the table; a number is negative or not
            finite; `layers` is below 1.

    Examples:
        >>> variances("tanh", layers=4, weight_std=1.0).round(3).tolist()
        [1.0, 0.394, 0.236, 0.167]
    """
    found = [np.asarray(not_negative(start, "start"))]
    for _ in range(count(layers, "layers") - 1):
        found.append(variance_map(activation, found[-1], weight_std=weight_std, bias_std=bias_std))
    return np.array(found)


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

    Args:
        activation: an activation of the table.
        correlation: between -1 and 1.
        q: second moment of the preactivations, for both inputs.
        weight_std: standard deviation of a weight, times `sqrt(fan_in)`.
        bias_std: standard deviation of a bias.

    Raises:
        ValueError: the activation is unknown or not of the table; a number is out of its range.

    Source: Poole et al. (2016), equation 5.

    Examples:
        >>> round(correlation_map("tanh", 0.5, q=1.0, weight_std=1.0), 4)
        0.4726
        >>> round(correlation_map("relu", 0.0, q=1.0, weight_std=1.0), 4)  # 1 / pi
        0.3183
    """
    f = _tabled(activation)
    positive(q, "q")
    shared = _pair_mean(f.value, q, _checked_correlation(correlation))
    passed = float(variance_map(f, q, weight_std=weight_std, bias_std=bias_std))
    return (weight_std**2 * shared + bias_std**2) / positive(passed, "the next layer's q")


@dataclass(frozen=True)
class MeanField:
    """Where a deep, wide network of one weight scale ends up, layer after layer.

    Attributes:
        q: the fixed point of the second moment of preactivations; 0 if the signal dies, infinite
            if it explodes. Where every `q` is one (He's ReLU), it is given as 1.
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
    """The fixed point of the mean-field maps, and what it says about depth.

    Args:
        activation: an activation of the table.
        weight_std: standard deviation of a weight, times `sqrt(fan_in)`; above 0.
        bias_std: standard deviation of a bias.

    Raises:
        ValueError: the activation is unknown or not of the table; a number is out of its range.

    Source: Schoenholz et al. (2017), sections 2 and 3; the length is its equation 9.

    Examples:
        LeCun's recipe of 1998 sits next to the edge:

        >>> found = mean_field("lecun_tanh", weight_std=1.0)
        >>> round(found.q, 4), round(found.chi, 4)
        (0.3824, 1.0192)
        >>> round(mean_field("tanh", weight_std=0.9).correlation_length, 3)
        4.746
    """
    positive(weight_std, "weight_std")
    f = _tabled(activation)
    q = _fixed_q(f, weight_std, bias_std)
    chi = _chi(f, q, weight_std)
    if not np.isfinite(q):
        return MeanField(q, chi, np.nan, np.nan)
    if chi <= 1 + ROUNDING:
        return MeanField(q, chi, 1.0, _length(chi))
    correlation = _fixed_correlation(f, q, weight_std, bias_std)
    slope = weight_std**2 * _pair_mean(lambda z: f.slope(f.value(z)), q, correlation)
    return MeanField(q, chi, correlation, _length(slope))


def critical_weight_std(activation: str | Activation, *, bias_std: float = 0.0) -> float:
    """The weight scale at the edge of chaos: `chi` is 1 at the fixed point.

    Args:
        activation: an activation of the table.
        bias_std: standard deviation of a bias.

    Returns:
        The standard deviation of a weight, times `sqrt(fan_in)`.

    Raises:
        ValueError: the activation is unknown or not of the table; `bias_std` is negative or not
            finite.

    Source: Schoenholz et al. (2017), figure 1.

    Examples:
        >>> round(critical_weight_std("relu") ** 2, 6), round(critical_weight_std("tanh") ** 2, 6)
        (2.0, 1.0)
        >>> round(critical_weight_std("tanh", bias_std=0.05**0.5) ** 2, 4)
        1.761
    """
    f = _tabled(activation)

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


def _fixed_q(activation: Activation, weight_std: float, bias_std: float) -> float:
    def excess(q: float) -> float:
        passed = variance_map(activation, q, weight_std=weight_std, bias_std=bias_std)
        return float(passed) / q - 1

    if all(abs(excess(q)) < ROUNDING for q in (SMALLEST_Q, 1.0, LARGEST_Q)):
        return 1.0
    if excess(SMALLEST_Q) <= 0:
        return 0.0
    if excess(LARGEST_Q) > -ROUNDING:
        return float("inf")
    # the map over q falls with q for every activation of the table, so it meets 1 once
    return _boundary(lambda q: excess(q) < 0, SMALLEST_Q, LARGEST_Q)


def _chi(activation: Activation, q: float, weight_std: float) -> float:
    return weight_std**2 * float(mean_square_slope(activation, min(q, LARGEST_Q)))


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
        if beyond(middle):
            high = middle
        else:
            low = middle
    return float(np.sqrt(low * high))


def _length(slope: float) -> float:
    """Layers until `slope ** layers` is 1 / e."""
    if abs(slope - 1) <= ROUNDING:
        return float("inf")
    return 0.0 if slope == 0 else float(-1 / np.log(slope))


def _tabled(activation: str | Activation) -> Activation:
    found = find_activation(activation)
    # equal, not the same object: a network may have come from another process
    if ACTIVATIONS.get(found.name) != found:
        raise ValueError(
            f"mean field: activation {found.name!r} is not in the table; the quadrature is known "
            f"to be accurate for {', '.join(ACTIVATIONS)}"
        )
    return found


def _variances(values: ArrayLike) -> Array:
    array = float_array(values, "second moments")
    if (array < 0).any():
        raise ValueError(f"second moments must be 0 or more, found {array.min()}")
    return array


def _std(value: float, name: str) -> float:
    if not_negative(value, name) > LARGEST_STD:
        raise ValueError(f"{name} must be at most {LARGEST_STD}, found {value!r}")
    return float(value)


def _checked_correlation(value: float) -> float:
    if not -1 <= finite(value, "correlation") <= 1:
        raise ValueError(f"correlation must lie between -1 and 1, found {value!r}")
    return float(value)


def _to_unit_variance(preactivations: Array, tolerance: float, layer: int) -> Array:
    """The factor of a layer's weights, `(..., 1, 1)`; 1 where the variance is close enough."""
    no_overflow(preactivations, f"preactivations of layer {layer}")
    # the power of two next to the largest: squares of the rest neither overflow nor vanish
    _, exponent = np.frexp(np.abs(preactivations).max(axis=(-2, -1), keepdims=True))
    deviation = np.ldexp(preactivations, -exponent).std(axis=(-2, -1), keepdims=True)
    deviation = np.ldexp(deviation, exponent)
    if (deviation == 0).any():
        raise ValueError(
            f"layer {layer}: preactivations do not vary over examples and units, so that no "
            "factor makes their variance 1"
        )
    factor: Array = np.where(np.abs(deviation**2 - 1) <= tolerance, 1, 1 / deviation)
    return factor.astype(preactivations.dtype)


def _both_ways(
    network: Network, inputs: ArrayLike, targets: ArrayLike, loss: Loss
) -> tuple[Trace, tuple[Array, ...]]:
    """The forward pass, and the errors of every layer."""
    data = check_inputs(network, inputs)
    wanted = check_targets(network, data, targets, loss)
    trace = forward(network, data)
    with np.errstate(all="ignore"):
        deltas = [loss.evaluate(trace.outputs, wanted)[1]]
        for w, a in zip(reversed(network.weights), reversed(trace.activations), strict=False):
            deltas.append((deltas[-1] @ w) * network.activation.slope(a))
    deltas.reverse()
    for layer, delta in enumerate(deltas, 1):
        no_overflow(delta, f"errors of layer {layer}")
    return trace, tuple(deltas)


def _per_hidden_layer(
    network: Network, inputs: ArrayLike, measure: Callable[[Array, float, float], Array]
) -> Array:
    low, high = network.activation.linear_region
    hidden = forward(network, inputs).preactivations[:-1]
    with np.errstate(over="ignore", under="ignore"):
        found = _stacked([measure(z, low, high) for z in hidden], network)
    for layer, values in enumerate(found, 1):
        no_overflow(values, f"mean over the preactivations of layer {layer}")
    return found


def _repeated(array: Array, times: int) -> Array:
    return np.broadcast_to(array, (times, *array.shape))


def _stacked(values: Sequence[Array], network: Network) -> Array:
    """One array with the layers first; `(0, ...)` for a network without such layers."""
    return np.array(values, dtype=np.float64).reshape(len(values), *network.ensemble)


def _mean_squares(signals: Sequence[Array], name: str, network: Network) -> Array:
    with np.errstate(over="ignore", under="ignore"):
        means = [np.mean(np.square(s, dtype=np.float64), axis=(-2, -1)) for s in signals]
    for layer, mean in enumerate(means, 1):
        no_overflow(mean, f"mean square of the {name} of layer {layer}")
    return _stacked(means, network)


def _ratios(changes: Sequence[Array], weights: Sequence[Array], name: str) -> Array:
    if [c.shape for c in changes] != [w.shape for w in weights]:
        raise ValueError(
            f"{name} of shapes {[c.shape for c in changes]} for weights of shapes "
            f"{[w.shape for w in weights]}"
        )
    return np.array([_ratio(c, w) for c, w in zip(changes, weights, strict=True)])


def _ratio(top: Array, bottom: Array) -> Array:
    """The ratio of two Frobenius norms; 0 for a `top` of 0, infinite where it is too large."""
    (top_size, top_norm), (bottom_size, bottom_norm) = _norm(top), _norm(bottom)
    with np.errstate(all="ignore"):
        ratio = (top_size / bottom_size) * (top_norm / bottom_norm)
    return np.where(top_size > 0, ratio, 0)


def _norm(matrices: Array) -> tuple[Array, Array]:
    """Frobenius norms over the last two axes in two factors, since a product may overflow.

    Returns:
        The largest entry, and the norm in units of it, both `(...)`.
    """
    exact = matrices.astype(np.float64)
    largest = np.abs(exact).max(axis=(-2, -1))
    scaled = exact / np.where(largest > 0, largest, 1)[..., None, None]
    with np.errstate(under="ignore"):
        return largest, np.sqrt(np.sum(scaled**2, axis=(-2, -1)))
