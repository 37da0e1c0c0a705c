"""The passes through a network, on arrays that are known to fit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.activations import Activation
from initexplain.checks import Array

Arrays = Sequence[Array]


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
    """Derivatives of a loss by the parameters, one array of the parameter's shape per layer."""

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]


def run_forward(
    weights: Arrays,
    biases: Arrays,
    activation: Activation,
    inputs: Array,
    *,
    masks: Arrays = (),
    keep_all: bool = True,
) -> Trace:
    """The forward pass, of an ensemble too; overflow travels on as inf or NaN.

    The `masks` are factors of the hidden activations (dropout), one array per hidden layer. With
    `keep_all=False` the preactivations of hidden layers are kept only if the backward pass needs
    them, which takes a little less time; training asks for that.
    """
    preactivations, activations = [], []
    signal = inputs
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        # small products are quicker when both factors lie in memory as they are read
        z = np.matmul(signal, np.ascontiguousarray(w.mT))
        z += b[..., None, :]
        last = layer == len(weights) - 1
        if last or keep_all or not activation.monotone:
            preactivations.append(z)
        if not last:
            activations.append(activation.value(z))
            signal = activations[-1] * masks[layer] if masks else activations[-1]
    return Trace(tuple(preactivations), tuple(activations))


def run_backward(
    weights: Arrays,
    activation: Activation,
    inputs: Array,
    trace: Trace,
    error: Array,
    *,
    masks: Arrays = (),
    out: Gradients | None = None,
) -> Gradients:
    """The backward pass for `run_forward`, from the derivative of the loss by the outputs.

    The gradients are new arrays, or those of `out`.
    """
    if out is None:
        lead, dtype = error.shape[:-2], error.dtype
        by_weights = [np.empty((*lead, *w.shape[-2:]), dtype) for w in weights]
        by_biases = [np.empty((*lead, w.shape[-2]), dtype) for w in weights]
        out = Gradients(tuple(by_weights), tuple(by_biases))
    ones = np.ones((1, error.shape[-2]), error.dtype)
    delta = error
    for layer in reversed(range(len(weights))):
        below = inputs if layer == 0 else trace.activations[layer - 1]
        used = below * masks[layer - 1] if masks and layer > 0 else below
        np.matmul(delta.mT, used, out=out.weights[layer])
        # a product with ones adds up the examples, quicker than a sum along a middle axis
        np.matmul(ones, delta, out=out.biases[layer][..., None, :])
        if layer > 0:
            delta = np.matmul(delta, weights[layer])
            seen = below if activation.monotone else trace.preactivations[layer - 1]
            delta *= activation.slope(seen)
            if masks:
                delta *= masks[layer - 1]
    return out
