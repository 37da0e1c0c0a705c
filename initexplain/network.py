"""Fully connected networks: parameters, forward pass, gradients.

A weight matrix has shape `(..., fan_out, fan_in)`: a row is a unit, a column is one input of
the layer. Leading axes are an ensemble: networks of one shape that are computed side by side.
Hidden layers apply the activation; the last layer is linear.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from initexplain.activations import Activation, find_activation
from initexplain.checks import Array, count, float_array, no_overflow
from initexplain.initializers import Initializer, zeros
from initexplain.losses import Loss, find_loss


@dataclass(frozen=True, init=False, eq=False)
class Network:
    """The parameters of a fully connected network, and its activation.

    The arrays are copied and read-only: a network never changes, training returns a new one.

    Attributes:
        weights: one matrix `(..., fan_out, fan_in)` per layer; a row is a unit.
        biases: one vector `(..., fan_out)` per layer.
        activation: applied after every layer but the last.

    Examples:
        >>> W1, b1 = [[1.0, -1.0]], [0.0]
        >>> W2, b2 = [[2.0]], [0.5]
        >>> net = Network(weights=[W1, W2], biases=[b1, b2], activation="relu")
        >>> net
        Network(sizes=(2, 1, 1), activation='relu', dtype=float64)
        >>> forward(net, [[3.0, 1.0], [1.0, 3.0]]).outputs.tolist()
        [[4.5], [0.5]]
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activation: Activation

    def __init__(
        self,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike],
        activation: str | Activation = "tanh",
    ) -> None:
        """Checks, copies and locks the parameters.

        Raises:
            ValueError: there is no layer, a shape does not fit its neighbours (the message
                names the layer and both shapes), a value is not finite, or the activation
                is unknown.
        """
        object.__setattr__(self, "activation", find_activation(activation))
        if len(weights) == 0 or len(weights) != len(biases):
            raise ValueError(
                "a network needs one weight matrix and one bias vector per layer, found "
                f"{len(weights)} and {len(biases)}"
            )
        matrices = [float_array(w, f"weights of layer {i}") for i, w in enumerate(weights, 1)]
        vectors = [float_array(b, f"biases of layer {i}") for i, b in enumerate(biases, 1)]
        _check_shapes(matrices, vectors)
        dtype = np.result_type(*matrices, *vectors)
        object.__setattr__(self, "weights", tuple(_locked(w, dtype) for w in matrices))
        object.__setattr__(self, "biases", tuple(_locked(b, dtype) for b in vectors))

    @classmethod
    def initialize(
        cls,
        rng: np.random.Generator,
        sizes: Sequence[int],
        *,
        weights: Initializer,
        biases: Initializer | None = None,
        activation: str | Activation = "tanh",
        ensemble: Sequence[int] = (),
        dtype: DTypeLike = np.float64,
    ) -> "Network":
        """A network drawn layer by layer: weights first, then biases.

        Args:
            rng: the source of randomness.
            sizes: units per layer, the inputs first: `[inputs, hidden..., outputs]`.
            weights: initializer of every weight matrix.
            biases: initializer of every bias vector; zeros if not given.
            activation: of the hidden layers.
            ensemble: leading axes; `(100,)` draws a hundred networks.
            dtype: float64 or float32.

        Raises:
            ValueError: fewer than two sizes, a size below 1, or an initializer whose array is not
                of the shape asked for.
            TypeError: `weights` or `biases` is no initializer.

        Examples:
            >>> from initexplain.initializers import lecun_normal
            >>> net = Network.initialize(np.random.default_rng(0), [4, 6, 2],
            ...                          weights=lecun_normal(), ensemble=(10,))
            >>> [w.shape for w in net.weights], [b.shape for b in net.biases]
            ([(10, 6, 4), (10, 2, 6)], [(10, 6), (10, 2)])
        """
        if len(sizes) < 2:
            raise ValueError(f"sizes needs at least inputs and outputs, found {list(sizes)}")
        widths = [count(size, f"sizes[{i}]") for i, size in enumerate(sizes)]
        lead = tuple(count(size, "ensemble axis") for size in ensemble)
        draw_biases = zeros() if biases is None else biases
        dtype = _float_dtype(dtype)
        matrices, vectors = [], []
        with np.errstate(
            over="ignore", under="ignore"
        ):  # too large: refused by the constructor, as infinite
            for layer, (fan_in, fan_out) in enumerate(pairwise(widths), 1):
                shape = (*lead, fan_out, fan_in)
                matrices.append(_drawn(weights, rng, shape, f"weights of layer {layer}"))
                vectors.append(_drawn(draw_biases, rng, shape[:-1], f"biases of layer {layer}"))
            return cls(
                weights=[w.astype(dtype) for w in matrices],
                biases=[b.astype(dtype) for b in vectors],
                activation=activation,
            )

    @property
    def sizes(self) -> tuple[int, ...]:
        """Units per layer, the inputs first."""
        return (self.weights[0].shape[-1], *(w.shape[-2] for w in self.weights))

    @property
    def ensemble(self) -> tuple[int, ...]:
        """The leading axes: `()` for a single network."""
        return self.weights[0].shape[:-2]

    @property
    def dtype(self) -> np.dtype[np.floating]:
        """float32 or float64, the same for all parameters."""
        return self.weights[0].dtype

    def member(self, *index: int) -> "Network":
        """One network of the ensemble.

        Raises:
            IndexError: the ensemble has no such member.

        Examples:
            >>> pair = Network(weights=[np.ones((2, 1, 3))], biases=[np.zeros((2, 1))])
            >>> pair.member(1)
            Network(sizes=(3, 1), activation='tanh', dtype=float64)
        """
        if len(index) != len(self.ensemble):
            raise IndexError(f"member {index} of an ensemble with axes {self.ensemble}")
        return Network(
            [w[index] for w in self.weights], [b[index] for b in self.biases], self.activation
        )

    @classmethod
    def stack(cls, networks: Sequence["Network"]) -> "Network":
        """Networks of one shape as an ensemble, along a new first axis.

        Raises:
            ValueError: there are none, or they differ in sizes, ensemble axes, activation or
                dtype; the message names the first that differs.

        Examples:
            >>> one, two = (Network(weights=[[[w]]], biases=[[0.0]]) for w in (1.0, 2.0))
            >>> Network.stack([one, two]).weights[0].tolist()
            [[[1.0]], [[2.0]]]
        """
        if not networks:
            raise ValueError("an ensemble needs at least one network")
        first = networks[0]
        for i, other in enumerate(networks):
            # repr names the sizes, the ensemble, the activation and the dtype
            if repr(other) != repr(first) or other.activation != first.activation:
                raise ValueError(f"network {i} does not fit network 0: {other!r} and {first!r}")
        return cls(
            [np.stack(parts) for parts in zip(*(n.weights for n in networks), strict=True)],
            [np.stack(parts) for parts in zip(*(n.biases for n in networks), strict=True)],
            first.activation,
        )

    def reshaped(self, *ensemble: int) -> "Network":
        """The same members, in order, along other ensemble axes.

        Raises:
            ValueError: the axes do not hold as many members.

        Examples:
            >>> six = Network(weights=[np.ones((6, 1, 3))], biases=[np.zeros((6, 1))])
            >>> six.reshaped(2, 3).ensemble, six.reshaped(2, 3).weights[0].shape
            ((2, 3), (2, 3, 1, 3))
        """
        if math.prod(ensemble) != math.prod(self.ensemble):
            raise ValueError(f"ensemble axes {ensemble} do not hold those of {self.ensemble}")
        return Network(
            [w.reshape(*ensemble, *w.shape[-2:]) for w in self.weights],
            [b.reshape(*ensemble, b.shape[-1]) for b in self.biases],
            self.activation,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        # a copy of a read-only array may be written to: a network is built anew instead
        return Network, (self.weights, self.biases, self.activation)

    def __repr__(self) -> str:
        ensemble = f", ensemble={self.ensemble}" if self.ensemble else ""
        return (
            f"Network(sizes={self.sizes}, activation={self.activation.name!r}{ensemble}, "
            f"dtype={self.dtype})"
        )


@dataclass(frozen=True, eq=False)
class Trace:
    """What a forward pass computed, layer by layer.

    Attributes:
        preactivations: `W a + b` of every layer, each `(..., examples, fan_out)`.
        activations: `f(W a + b)` of the hidden layers, each `(..., examples, fan_out)`.
    """

    preactivations: tuple[Array, ...]
    activations: tuple[Array, ...]

    @property
    def outputs(self) -> Array:
        """The preactivations of the last layer, `(..., examples, outputs)`."""
        return self.preactivations[-1]


@dataclass(frozen=True, eq=False)
class Gradients:
    """Derivatives of a loss by the parameters, each of its parameter's shape.

    Attributes:
        weights: one array per layer.
        biases: one array per layer.
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


def forward(network: Network, inputs: ArrayLike) -> Trace:
    """Preactivations and activations of every layer.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, shared by the ensemble, or `(..., examples, features)`
            with the ensemble's axes.

    Raises:
        ValueError: inputs that are not finite, or do not fit the first layer.
        FloatingPointError: a preactivation overflows; the message names the layer.

    Examples:
        >>> net = Network(weights=[[[2.0]], [[1.0]]], biases=[[0.0], [1.0]], activation="tanh")
        >>> trace = forward(net, [[0.0]])
        >>> len(trace.preactivations), len(trace.activations), trace.outputs.tolist()
        (2, 1, [[1.0]])
    """
    return _finite_trace(network, check_inputs(network, inputs))


def gradients(
    network: Network,
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    loss: str | Loss = "squared_error",
) -> tuple[Array, Gradients]:
    """The loss, and its gradient by backpropagation.

    With `delta_L` the derivative of the loss by the outputs, and from there down
    `delta_{l-1} = (W_l^T delta_l) f'(z_{l-1})`, the gradients are
    `dL/dW_l = delta_l a_{l-1}^T` and `dL/db_l = delta_l`, summed over examples.

    Args:
        network: the network, or an ensemble of them.
        inputs: `(examples, features)`, or with the ensemble's axes in front.
        targets: `(examples, outputs)`, or with the ensemble's axes in front.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.

    Returns:
        The loss, of the ensemble's shape, and the gradients.

    Raises:
        ValueError: an unknown loss, data that are not finite or do not fit.
        FloatingPointError: a preactivation, the loss or a gradient overflows; the message
            says which, and in which layer.

    Examples:
        >>> net = Network(weights=[[[1.0, 2.0]]], biases=[[0.0]])
        >>> loss, grads = gradients(net, [[1.0, 1.0]], [[1.0]])
        >>> float(loss), grads.weights[0].tolist(), grads.biases[0].tolist()
        (2.0, [[2.0, 2.0]], [2.0])
    """
    criterion = find_loss(loss)
    data = check_inputs(network, inputs)
    wanted = check_targets(network, data, targets, criterion)
    trace = _finite_trace(network, data)
    with np.errstate(all="ignore"):
        value, error = criterion.evaluate(trace.outputs, wanted)
        no_overflow(value, f"{criterion.name} loss")
        result = blank_gradients(network.weights, network.biases)
        run_backward(network.weights, network.activation, data, trace, error, into=result)
    for layer, (w, b) in enumerate(zip(result.weights, result.biases, strict=True), 1):
        no_overflow(w, f"weight gradients of layer {layer}")
        no_overflow(b, f"bias gradients of layer {layer}")
    return value, result


def blank_trace(weights: Sequence[Array], inputs: Array) -> Trace:
    """Arrays for `run_forward` to write into: their contents are arbitrary.

    Args:
        weights: one matrix `(..., fan_out, fan_in)` per layer.
        inputs: `(..., examples, features)`.
    """
    lead = np.broadcast_shapes(weights[0].shape[:-2], inputs.shape[:-2])
    shapes = [(*lead, inputs.shape[-2], w.shape[-2]) for w in weights]
    dtype = np.result_type(weights[0], inputs)
    return Trace(
        tuple(np.empty(shape, dtype) for shape in shapes),
        tuple(np.empty(shape, dtype) for shape in shapes[:-1]),
    )


def blank_gradients(weights: Sequence[Array], biases: Sequence[Array]) -> Gradients:
    """Arrays for `run_backward` to write into: their contents are arbitrary."""
    return Gradients(
        tuple(np.empty_like(w) for w in weights), tuple(np.empty_like(b) for b in biases)
    )


def run_forward(
    weights: Sequence[Array],
    biases: Sequence[Array],
    activation: Activation,
    inputs: Array,
    *,
    masks: Sequence[Array] | None = None,
    into: Trace | None = None,
) -> Trace:
    """The forward pass on arrays that are known to fit; overflow travels on as inf or NaN.

    Args:
        weights: one matrix `(..., fan_out, fan_in)` per layer.
        biases: one vector `(..., fan_out)` per layer.
        activation: of the hidden layers.
        inputs: `(..., examples, features)`.
        masks: factors of the hidden activations (dropout), one array per hidden layer.
        into: is written into and returned; a new one if not given.
    """
    trace = blank_trace(weights, inputs) if into is None else into
    layer_input = inputs
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        # small products are quicker when both factors lie in memory as they are read
        across = np.ascontiguousarray(np.swapaxes(w, -1, -2))
        z = np.matmul(layer_input, across, out=trace.preactivations[layer])
        z += b[..., None, :]
        if layer < len(trace.activations):
            layer_input = activation.value(z, out=trace.activations[layer])
            if masks is not None:
                layer_input = layer_input * masks[layer]
    return trace


def run_backward(
    weights: Sequence[Array],
    activation: Activation,
    inputs: Array,
    trace: Trace,
    error: Array,
    *,
    into: Gradients,
    masks: Sequence[Array] | None = None,
) -> None:
    """The backward pass for `run_forward`, from the derivative of the loss by the outputs.

    Writes into `into`, and uses up the hidden layers of the trace: the errors take the place
    of the preactivations, the slopes that of the activations.
    """
    delta = error
    for layer in reversed(range(len(weights))):
        below = inputs if layer == 0 else trace.activations[layer - 1]
        used = below if masks is None or layer == 0 else below * masks[layer - 1]
        np.matmul(np.swapaxes(delta, -1, -2), used, out=into.weights[layer])
        # a product with ones adds up the examples, quicker than a sum along a middle axis
        ones = np.ones((1, delta.shape[-2]), delta.dtype)
        np.matmul(ones, delta, out=into.biases[layer][..., None, :])
        if layer > 0:
            delta = np.matmul(delta, weights[layer], out=trace.preactivations[layer - 1])
            delta *= activation.slope(below, out=below)
            if masks is not None:
                delta *= masks[layer - 1]


def check_inputs(network: Network, inputs: ArrayLike) -> Array:
    """`inputs` as an array of the network's dtype, if they fit its first layer.

    Raises:
        ValueError: they are not finite, or their shape does not fit.
    """
    data = _as_dtype(inputs, network.dtype, "inputs")
    _check_data_shape(network, data, "inputs", ("examples", "features"), network.sizes[0])
    return data


def check_targets(network: Network, inputs: Array, targets: ArrayLike, loss: Loss) -> Array:
    """`targets` as an array of the network's dtype, if they fit outputs, inputs and loss.

    Raises:
        ValueError: they are not finite, their shape does not fit, or the loss is not
            defined for them.
    """
    wanted = _as_dtype(targets, network.dtype, "targets")
    _check_data_shape(network, wanted, "targets", ("examples", "outputs"), network.sizes[-1])
    if wanted.shape[-2] != inputs.shape[-2]:
        raise ValueError(
            f"inputs have {inputs.shape[-2]} examples and targets {wanted.shape[-2]}: "
            f"shapes {inputs.shape} and {wanted.shape}"
        )
    loss.check_targets(wanted)
    return wanted


def _check_data_shape(
    network: Network, data: Array, name: str, axes: tuple[str, str], width: int
) -> None:
    fits = data.ndim >= 2 and data.shape[-1] == width and data.shape[-2] > 0
    if not fits or data.shape[:-2] not in ((), network.ensemble):
        lead = f" or {(*network.ensemble, axes[0], width)}" if network.ensemble else ""
        raise ValueError(
            f"{name}: expected shape ({axes[0]}, {width}){lead} with one or more examples "
            f"for a network of sizes {network.sizes}, found {data.shape}"
        )


def _check_shapes(weights: Sequence[Array], biases: Sequence[Array]) -> None:
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        if w.ndim < 2 or 0 in w.shape:
            raise ValueError(
                f"weights of layer {layer}: expected shape (..., fan_out, fan_in) with every "
                f"axis at least 1, found {w.shape}"
            )
        if b.shape != w.shape[:-1]:
            raise ValueError(
                f"layer {layer}: weights of shape {w.shape} need biases of shape "
                f"{w.shape[:-1]}, found {b.shape}"
            )
        below = weights[layer - 2] if layer > 1 else w
        if below is not w and w.shape[-1] != below.shape[-2]:
            raise ValueError(
                f"layer {layer}: weights of shape {w.shape} take {w.shape[-1]} inputs, but "
                f"layer {layer - 1} has {below.shape[-2]} units (shape {below.shape})"
            )
        if w.shape[:-2] != below.shape[:-2]:
            raise ValueError(
                f"layer {layer}: ensemble axes {w.shape[:-2]} of weights {w.shape} differ from "
                f"{below.shape[:-2]} of layer {layer - 1}, {below.shape}"
            )


def _as_dtype(values: ArrayLike, dtype: DTypeLike, name: str) -> Array:
    array = float_array(values, name)
    with np.errstate(
        over="ignore", under="ignore"
    ):  # beyond float32: refused on the next line, as infinite
        # in C order, since products round by the order in memory
        return float_array(array.astype(dtype, order="C", copy=False), name)


def _finite_trace(network: Network, data: Array) -> Trace:
    """The forward pass on checked inputs; an overflow is refused, with its layer."""
    with np.errstate(all="ignore"):
        trace = run_forward(network.weights, network.biases, network.activation, data)
    for layer, z in enumerate(trace.preactivations, 1):
        no_overflow(z, f"preactivations of layer {layer}")
    return trace


def _drawn(init: Initializer, rng: np.random.Generator, shape: tuple[int, ...], name: str) -> Array:
    """What an initializer draws, if it is of the shape asked for."""
    try:
        drawn = init(rng, shape)
    except TypeError as error:
        raise TypeError(
            f"{name}: {error}; an initializer takes a generator and a shape, as `lecun_normal()` "
            "does (with its parentheses)"
        ) from error
    found = np.asarray(drawn)
    if found.shape != shape:
        raise ValueError(f"{name}: asked for shape {shape}, the initializer gave {found.shape}")
    return found


def _locked(array: Array, dtype: DTypeLike) -> Array:
    copy = np.array(array, dtype=dtype, order="C")  # products round by the order in memory
    copy.flags.writeable = False
    return copy


def _float_dtype(dtype: DTypeLike) -> DTypeLike:
    try:
        found = np.dtype(dtype)
    except TypeError as error:
        raise ValueError(f"dtype must be float32 or float64: {error}") from None
    if found not in (np.float32, np.float64):
        raise ValueError(f"dtype must be float32 or float64, found {found}")
    return found
