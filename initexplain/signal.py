"""What is measured in a network: saturation, second moments through depth, gradient ratios.

Networks, ensembles, data and errors are those of [`network`][initexplain.network]. A measure is one
number per layer, in float64: first axis the layer, then the ensemble's axes, `(layers, ...)`. What
is measured is predicted, without a network, in [`mean_field`][initexplain.mean_field].
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from initexplain.activations import Activation
from initexplain.checks import Array, check_shape, float_array, no_overflow, not_negative
from initexplain.initializers import orthogonal
from initexplain.losses import Loss, find_loss
from initexplain.network import Gradients, Network, check_inputs, check_targets, forward
from initexplain.passes import run_forward


def saturated_fraction(network: Network, inputs: ArrayLike) -> Array:
    """Share of preactivations outside the linear region of the activation, `(hidden layers, ...)`.

    A unit counts once for every example. For a ReLU, outside means off.

    Examples:
        >>> net = Network([[[1.0], [9.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], "tanh")
        >>> saturated_fraction(net, [[-0.5], [0.5]]).tolist()
        [0.5]
    """
    low, high = network.activation.linear_region
    hidden = forward(network, inputs).preactivations[:-1]
    return _per_layer([np.mean((z < low) | (z > high), axis=(-2, -1)) for z in hidden], network)


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
    network: Network, inputs: ArrayLike, targets: ArrayLike, *, loss: str | Loss = "squared_error"
) -> Moments:
    """Mean squares of preactivations, activations and errors through depth.

    Errors are carried down by `delta_{l-1} = (W_l^T delta_l) f'(z_{l-1})`, from the derivative of
    the loss by the outputs; no bias appears in it. Squares are taken in float64 whatever the
    network's dtype, so that small ones do not vanish.

    Examples:
        >>> net = Network([[[2.0]], [[3.0]]], [[0.0], [0.0]], "identity")
        >>> moments = second_moments(net, [[1.0]], [[5.0]])
        >>> moments.preactivations.tolist(), moments.errors.tolist()
        ([4.0, 36.0], [9.0, 1.0])
    """
    criterion = find_loss(loss)
    data = check_inputs(network, inputs)
    answers = check_targets(network, data, targets, criterion)
    trace = forward(network, data)
    with np.errstate(all="ignore"):
        errors = [criterion.evaluate(trace.outputs, answers)[1]]
        for w, z in zip(network.weights[:0:-1], trace.preactivations[-2::-1], strict=True):
            errors.append((errors[-1] @ w) * network.activation.derivative(z))
    return Moments(
        preactivations=_mean_squares(trace.preactivations, "preactivations", network),
        activations=_mean_squares(trace.activations, "activations", network),
        errors=_mean_squares(errors[::-1], "errors", network),
    )


def gradient_to_weight(network: Network, gradients: Gradients) -> Array:
    """Size of the gradient over the size of the weights, per layer: `|dL/dW| / |W|`.

    Sizes are Frobenius norms. Times the learning rate, it is the share of its size by which
    plain gradient descent moves a matrix. A gradient of 0 gives 0; another gradient of weights
    that are 0 is infinitely large beside them.

    Examples:
        >>> net = Network([[[3.0, 4.0]]], [[0.0]])
        >>> gradient_to_weight(net, Gradients((np.array([[0.0, 1.0]]),), (np.zeros(1),))).tolist()
        [0.2]
    """
    found, expected = ([m.shape for m in layers.weights] for layers in (gradients, network))
    if found != expected:
        raise ValueError(f"gradients of shapes {found} for weights of shapes {expected}")
    return _over_weights(gradients.weights, "gradients", network)


def update_to_weight(before: Network, after: Network) -> Array:
    """Size of an update over the size of the weights it changed, per layer.

    Sizes are Frobenius norms: `|W_after - W_before| / |W_before|`. No change gives 0; a change of
    weights that were 0 is infinite. Networks that differ in more than their parameters raise
    `ValueError`.

    Examples:
        >>> before, after = (Network([[[3.0, w]]], [[0.0]]) for w in (4.0, 3.0))
        >>> update_to_weight(before, after).tolist()
        [0.2]
    """
    both = Network.stack([before, after]).weights
    with np.errstate(all="ignore"):
        updates = [np.subtract(new, old, dtype=np.float64) for old, new in both]
    return _over_weights(updates, "updates", before)


def lsuv(
    rng: np.random.Generator,
    sizes: Sequence[int],
    inputs: ArrayLike,
    *,
    activation: str | Activation = "tanh",
    tolerance: float = 0.02,
    ensemble: Sequence[int] = (),
    dtype: DTypeLike = np.float64,
) -> Network:
    """A network whose preactivations have variance 1 on these inputs, in every layer.

    Layer-sequential unit variance: orthogonal matrices, zero biases, then layer by layer `W` is
    divided by the standard deviation of its layer's preactivations (over examples and units),
    unless their variance is within `tolerance` of 1. Biases are zero and a preactivation is linear
    in `W`, so that one division is enough where the paper iterates. Each member of an ensemble is
    rescaled on its own; the other arguments are those of
    [`Network.initialize`][initexplain.network.Network.initialize]. A layer whose preactivations do
    not vary raises `ValueError`: no factor makes their variance 1.

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
        rng, sizes, weights=orthogonal(), activation=activation, ensemble=ensemble, dtype=dtype
    )
    layer_input = check_inputs(start, inputs)
    matrices: list[Array] = []
    with np.errstate(all="ignore"):  # what overflows is refused
        for layer, (w, b) in enumerate(zip(start.weights, start.biases, strict=True), 1):
            (z,) = run_forward([w], [b], start.activation, layer_input).preactivations
            deviation = z.std(axis=(-2, -1), keepdims=True)
            no_overflow(deviation, f"deviation of the preactivations of layer {layer}")
            if (deviation == 0).any():
                raise ValueError(
                    f"layer {layer}: preactivations do not vary over examples and units, so that "
                    "no factor makes their variance 1"
                )
            factor = np.where(np.abs(deviation**2 - 1) <= tolerance, 1, 1 / deviation)
            matrices.append(w * factor)
            layer_input = start.activation(z * factor)
    return start.with_parameters(matrices, start.biases)


def at_scales(network: Network, scales: ArrayLike) -> Network:
    """The same network at several weight scales: its hidden weights times each of them.

    The output weights and all biases stay, so that the networks start at comparable losses. The
    scales `(scales,)` become the first axis of the ensemble, `(scales, ...)`.

    Examples:
        >>> net = Network([[[1.0]], [[3.0]]], [[0.5], [0.0]])
        >>> many = at_scales(net, [1.0, 10.0])
        >>> [w.ravel().tolist() for w in many.weights]
        [[1.0, 10.0], [3.0, 3.0]]
    """
    factors = float_array(scales, "scales")
    check_shape(factors, "scales", "(scales,)", fits=factors.ndim == 1 and factors.size > 0)
    *hidden, last = network.weights
    with np.errstate(all="ignore"):  # what overflows is refused by the network, as infinite
        scaled = [np.multiply.outer(factors.astype(network.dtype), w) for w in hidden]
    kept = (np.broadcast_to(p, (len(factors), *p.shape)) for p in (last, *network.biases))
    return network.with_parameters([*scaled, next(kept)], list(kept))


def _per_layer(values: Sequence[Array], network: Network) -> Array:
    """One array with the layers first; `(0, ...)` for a network without such layers."""
    return np.array(values, dtype=np.float64).reshape(len(values), *network.ensemble)


def _mean_squares(signals: Sequence[Array], name: str, network: Network) -> Array:
    with np.errstate(all="ignore"):
        means = [np.mean(np.square(s, dtype=np.float64), axis=(-2, -1)) for s in signals]
    for layer, mean in enumerate(means, 1):
        no_overflow(mean, f"mean square of the {name} of layer {layer}")
    return _per_layer(means, network)


def _over_weights(changes: Sequence[Array], name: str, network: Network) -> Array:
    """Frobenius norms of the changes over those of the weights; a change of 0 gives 0."""
    change = np.sqrt(_mean_squares(changes, name, network))
    size = np.sqrt(_mean_squares(network.weights, "weights", network))
    with np.errstate(all="ignore"):
        return np.where(change > 0, change / size, 0)
