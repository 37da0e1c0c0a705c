"""Fully connected networks: parameters, forward pass, gradients.

A weight matrix has shape `(fan_out, fan_in)`: a row is a unit, a column is one input of the layer.
Hidden layers apply the activation; the last layer is linear. Inputs are `(examples, features)`,
targets `(examples, outputs)`.

Leading axes are an ensemble, networks of one shape that are computed side by side: weights
`(..., fan_out, fan_in)`, biases `(..., fan_out)`. Its members share the data, unless these have
the ensemble's axes in front too. What is computed has them always.

Data that are not finite or do not fit raise `ValueError`. A result that overflows raises
`FloatingPointError`, which says what it is, and in which layer.
"""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from initexplain.activations import Activation, find_activation
from initexplain.checks import (
    READ_AS,
    Array,
    count,
    float_array,
    float_type,
    generator,
    lookup,
    no_overflow,
)
from initexplain.initializers import Initializer, Matrices, zeros
from initexplain.losses import Loss, find_loss
from initexplain.parameters import check_layers, check_list, check_sizes, locked
from initexplain.passes import Arrays, Gradients, Trace, run_backward, run_forward

__all__ = ["Gradients", "Network", "Trace", "check_inputs", "check_targets", "forward", "gradients"]


@dataclass(frozen=True, init=False, eq=False)
class Network:
    """The parameters of a fully connected network, and its activation.

    The arrays are copied and read-only: a network never changes, training returns a new one.

    Attributes:
        weights: one matrix `(..., fan_out, fan_in)` per layer.
        biases: one vector `(..., fan_out)` per layer.
        activation: applied after every layer but the last.
        precision: the type that rounded the parameters: that of the arrays, or the coarser
            `"float16"` or `"bfloat16"` in which some came, which are read as float32.

    Examples:
        >>> net = Network(weights=[[[1.0, -1.0]], [[2.0]]], biases=[None, [0.5]], activation="relu")
        >>> net
        Network(sizes=(2, 1, 1), activation='relu', dtype=float64)
        >>> forward(net, [[3.0, 1.0], [1.0, 3.0]]).outputs.tolist()
        [[4.5], [0.5]]
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    activation: Activation
    precision: str

    def __init__(
        self,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike | None] | None = None,
        activation: str | Activation = "tanh",
        *,
        precision: str | None = None,
    ) -> None:
        """Checks, copies and locks the parameters.

        A bias vector, or all of them, may be None, for zeros. Numbers in lists take the type of the
        arrays beside them. Keras, Flax and scikit-learn store kernels `(fan_in, fan_out)`: pass
        `kernel.T`. A shape that does not fit its neighbours raises `ValueError`, which names both.
        The `precision` is that of the arrays, unless a coarser one is named.
        """
        check_list(weights, "weights")
        biases = [None] * len(weights) if biases is None else biases
        check_list(biases, "biases")
        if len(weights) == 0 or len(weights) != len(biases):
            raise ValueError(
                "a network needs one weight matrix and one bias vector per layer, found "
                f"{len(weights)} and {len(biases)}"
            )
        matrices = [float_array(w, f"weights of layer {i}") for i, w in enumerate(weights, 1)]
        vectors = [
            None if b is None else float_array(b, f"biases of layer {i}")
            for i, b in enumerate(biases, 1)
        ]
        check_layers(matrices, vectors)
        filled = [
            np.zeros_like(w[..., 0]) if b is None else b
            for w, b in zip(matrices, vectors, strict=True)
        ]
        given = {float_type(p) for p in (*weights, *biases)}
        types = [name for name in READ_AS if name in given]  # the coarsest first
        dtype = np.dtype(READ_AS[types[-1]]) if types else np.result_type(*matrices, *filled)
        named = precision or next(iter(types), dtype.name)
        lookup(READ_AS, named, "precision")
        vars(self).update(
            weights=locked(matrices, dtype),
            biases=locked(filled, dtype),
            activation=find_activation(activation),
            precision=named,
        )

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
        """A network drawn layer by layer: weights first, then biases, which are zeros if not given.

        The `sizes` are units per layer, `[inputs, hidden..., outputs]`. `ensemble=(100,)` draws a
        hundred networks. The `dtype` is float64 or float32. What is no initializer raises
        `TypeError`, one that does not keep to the shape `ValueError`.

        Examples:
            >>> from initexplain.initializers import lecun_normal
            >>> net = Network.initialize(np.random.default_rng(0), [4, 6, 2],
            ...                          weights=lecun_normal(), ensemble=(10,))
            >>> [w.shape for w in net.weights], [b.shape for b in net.biases]
            ([(10, 6, 4), (10, 2, 6)], [(10, 6), (10, 2)])
        """
        generator(rng)
        if len(sizes) < 2:
            raise ValueError(f"sizes needs at least inputs and outputs, found {list(sizes)}")
        widths = [count(size, f"sizes[{i}]") for i, size in enumerate(sizes)]
        lead = tuple(count(size, "ensemble axis") for size in ensemble)
        if dtype not in (np.float32, np.float64, "float32", "float64"):
            raise ValueError(f"dtype must be float32 or float64, found {dtype!r}")
        of_biases = zeros() if biases is None else biases
        drawn: tuple[list[Array], list[Array]] = [], []
        # what overflows is refused by the constructor, as infinite
        with np.errstate(over="ignore", under="ignore"):
            for layer, (fan_in, fan_out) in enumerate(pairwise(widths), 1):
                shape = Matrices((*lead, fan_out, fan_in))
                w = _drawn(weights, rng, shape, f"weights of layer {layer}")
                b = _drawn(of_biases, rng, shape[:-1], f"biases of layer {layer}")
                drawn[0].append(w.astype(dtype))
                drawn[1].append(b.astype(dtype))
            return cls(*drawn, activation)

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
        """One network of the ensemble, by one index per axis.

        Examples:
            >>> pair = Network(weights=[np.ones((2, 1, 3))], biases=[np.zeros((2, 1))])
            >>> pair.member(1)
            Network(sizes=(3, 1), activation='tanh', dtype=float64)
        """
        if len(index) != len(self.ensemble):
            raise IndexError(f"member {index} of an ensemble with axes {self.ensemble}")
        weights, biases = ([p[index] for p in layers] for layers in (self.weights, self.biases))
        return copied(self, weights, biases)

    def with_parameters(self, weights: Sequence[Array], biases: Sequence[Array]) -> "Network":
        """Other parameters with this activation, of this precision.

        Examples:
            >>> net = Network(weights=[[[2.0]]], biases=[[1.0]], activation="relu")
            >>> net.with_parameters([3 * w for w in net.weights], net.biases).weights[0].tolist()
            [[6.0]]
        """
        return Network(weights, biases, self.activation, precision=self.precision)

    @classmethod
    def stack(cls, networks: Sequence["Network"]) -> "Network":
        """Networks that differ only in their numbers as an ensemble, along a new first axis.

        Examples:
            >>> one, two = (Network(weights=[[[w]]], biases=[[0.0]]) for w in (1.0, 2.0))
            >>> Network.stack([one, two]).weights[0].tolist()
            [[[1.0]], [[2.0]]]
        """
        if not networks:
            raise ValueError("an ensemble needs at least one network")
        first, *others = networks
        kind = first.sizes, first.ensemble, first.activation, first.dtype, first.precision
        for i, n in enumerate(others, 1):
            if (n.sizes, n.ensemble, n.activation, n.dtype, n.precision) != kind:
                raise ValueError(f"network {i} does not fit network 0: {n!r} and {first!r}")
        weights = map(np.stack, zip(*(n.weights for n in networks), strict=True))
        biases = map(np.stack, zip(*(n.biases for n in networks), strict=True))
        return copied(first, list(weights), list(biases))

    def __reduce__(self) -> tuple[Any, ...]:
        # a copy of a read-only array may be written to: a network is built anew instead
        build = partial(Network, precision=self.precision)
        return build, (self.weights, self.biases, self.activation)

    def __repr__(self) -> str:
        ensemble = f", ensemble={self.ensemble}" if self.ensemble else ""
        kind = f"sizes={self.sizes}, activation={self.activation.name!r}{ensemble}"
        return f"Network({kind}, dtype={self.dtype})"


def copied(like: Network, weights: Arrays, biases: Arrays) -> Network:
    """A network of copies of parameters that are known to fit, with the rest of another one."""
    network = object.__new__(Network)
    vars(network).update(vars(like), weights=locked(weights), biases=locked(biases))
    return network


def forward(network: Network, inputs: ArrayLike) -> Trace:
    """Preactivations and activations of every layer.

    Examples:
        >>> net = Network(weights=[[[2.0]], [[1.0]]], biases=[[0.0], [1.0]], activation="tanh")
        >>> trace = forward(net, [[0.0]])
        >>> len(trace.preactivations), len(trace.activations), trace.outputs.tolist()
        (2, 1, [[1.0]])
    """
    data = check_inputs(network, inputs)
    with np.errstate(all="ignore"):
        trace = run_forward(network.weights, network.biases, network.activation, data)
    for layer, z in enumerate(trace.preactivations, 1):
        no_overflow(z, f"preactivations of layer {layer}")
    return trace


def gradients(
    network: Network, inputs: ArrayLike, targets: ArrayLike, *, loss: str | Loss = "squared_error"
) -> tuple[Array, Gradients]:
    """The loss, of the ensemble's shape, and its gradient by backpropagation.

    With `delta_L` the derivative of the loss by the outputs, and from there down
    `delta_{l-1} = (W_l^T delta_l) f'(z_{l-1})`, the gradients are
    `dL/dW_l = delta_l a_{l-1}^T` and `dL/db_l = delta_l`, summed over examples. The `loss` is a
    name in [`LOSSES`][initexplain.losses.LOSSES], or a `Loss`.

    Examples:
        >>> net = Network(weights=[[[1.0, 2.0]]], biases=[[0.0]])
        >>> loss, grads = gradients(net, [[1.0, 1.0]], [[1.0]])
        >>> float(loss), grads.weights[0].tolist(), grads.biases[0].tolist()
        (2.0, [[2.0, 2.0]], [2.0])
    """
    criterion = find_loss(loss)
    data = check_inputs(network, inputs)
    answers = check_targets(network, data, targets, criterion)
    trace = forward(network, data)
    with np.errstate(all="ignore"):
        value, error = criterion.evaluate(trace.outputs, answers)
        no_overflow(value, f"{criterion.name} loss")
        grads = run_backward(network.weights, network.activation, data, trace, error)
    for layer, (w, b) in enumerate(zip(grads.weights, grads.biases, strict=True), 1):
        no_overflow(w, f"weight gradients of layer {layer}")
        no_overflow(b, f"bias gradients of layer {layer}")
    return value, grads


def check_inputs(network: Network, inputs: ArrayLike) -> Array:
    """`inputs` as an array of the network's dtype, if they are finite and fit its first layer."""
    check_network(network)
    return _check_data(network, inputs, "inputs", ("examples", network.sizes[0]))


def check_targets(network: Network, inputs: Array | None, targets: ArrayLike, loss: Loss) -> Array:
    """`targets` as an array of the network's dtype, if they fit its outputs, inputs and loss."""
    array = _check_data(network, targets, "targets", ("examples", network.sizes[-1]))
    if inputs is not None and array.shape[-2] != inputs.shape[-2]:
        raise ValueError(
            f"inputs have {inputs.shape[-2]} examples and targets {array.shape[-2]}: "
            f"shapes {inputs.shape} and {array.shape}"
        )
    loss.check_targets(array)
    return array


def _check_data(net: Network, values: ArrayLike, name: str, axes: tuple[str, int]) -> Array:
    array = float_array(values, name)
    with np.errstate(over="ignore", under="ignore"):  # beyond float32: refused, as infinite
        # in C order, since products round by the order in memory
        array = float_array(array.astype(net.dtype, order="C", copy=False), name)
    lead = () if array.ndim == 2 else net.ensemble
    check_sizes(array, name, (*lead, *axes), f"for a network of sizes {net.sizes}")
    return array


def check_network(network: object) -> None:
    """Refuses what is no `Network`, and says what takes it."""
    if not isinstance(network, Network):
        raise TypeError(
            f"expected an initexplain Network, found {type(network).__name__}; models of other "
            "libraries and mappings of parameters are for `initexplain.check`"
        )


def _drawn(init: Initializer, rng: np.random.Generator, shape: tuple[int, ...], name: str) -> Array:
    """What an initializer draws, if it is one and keeps to the shape."""
    try:
        inspect.signature(init).bind(rng, shape)
    except TypeError as error:
        raise TypeError(
            f"{name}: {error}; an initializer takes a generator and a shape, as `lecun_normal()` "
            "does (with its parentheses)"
        ) from None
    except ValueError:  # a compiled function need not say what it takes
        pass
    array = float_array(init(rng, shape), name)
    check_sizes(array, name, shape, "from the initializer")
    return array
