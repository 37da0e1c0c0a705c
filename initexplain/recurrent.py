"""An LSTM cell: forward pass through a sequence, gradients through time.

The cell keeps a memory `c` that is multiplied by the *forget gate* at every step. With gates
`i` (input), `f` (forget), `o` (output) and a candidate `g`,

    i, f, o = logistic(W [x_t, h_{t-1}] + b)      g = tanh(W [x_t, h_{t-1}] + b)
    c_t = f c_{t-1} + i g                         h_t = o tanh(c_t)

with rows of `W` and entries of `b` stacked in the order i, f, g, o. As in
[`network`][initexplain.network], a row is a unit's and leading axes are an ensemble.

Source: Hochreiter and Schmidhuber, *Long short-term memory* (1997); the forget gate: Gers,
Schmidhuber and Cummins, *Learning to forget* (2000), section 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.activations import find_activation
from initexplain.checks import Array, count, finite, float_array
from initexplain.initializers import Initializer

GATES = ("input", "forget", "candidate", "output")
"""The order in which the rows of the weights and the entries of the biases are stacked."""

_LOGISTIC = find_activation("logistic").value


@dataclass(frozen=True, eq=False)
class LSTM:
    """The parameters of a cell, or of an ensemble of cells.

    Attributes:
        weights: `(..., 4 units, features + units)`; the columns of the inputs come first.
        biases: `(..., 4 units)`.

    Examples:
        >>> cell = LSTM(np.zeros((4, 2)), np.zeros(4))
        >>> cell.units, cell.features
        (1, 1)
    """

    weights: Array
    biases: Array

    def __post_init__(self) -> None:
        weights, biases = float_array(self.weights, "weights"), float_array(self.biases, "biases")
        dtype = np.result_type(weights, biases)
        object.__setattr__(self, "weights", weights.astype(dtype, copy=False))
        object.__setattr__(self, "biases", biases.astype(dtype, copy=False))
        if weights.ndim < 2:
            raise ValueError(f"weights: expected two axes or more, found shape {weights.shape}")
        rows, columns = weights.shape[-2:]
        if rows % len(GATES) or columns <= rows // len(GATES):
            raise ValueError(
                f"weights: expected shape (..., 4 units, features + units), "
                f"found {self.weights.shape}"
            )
        if self.biases.shape != self.weights.shape[:-1]:
            raise ValueError(
                f"biases: expected shape {self.weights.shape[:-1]}, found {self.biases.shape}"
            )

    @classmethod
    def initialize(
        cls,
        rng: np.random.Generator,
        features: int,
        units: int,
        *,
        weights: Initializer,
        forget_bias: float | Sequence[float] = 0.0,
        ensemble: Sequence[int] = (),
    ) -> "LSTM":
        """A cell with drawn weights, the given bias of the forget gate, and no other bias.

        Args:
            rng: the source of randomness.
            features: inputs per step.
            units: memory cells.
            weights: initializer of the stacked matrix.
            forget_bias: one number, or one for each member along the last ensemble axis.
            ensemble: leading axes.

        Raises:
            ValueError: a size is below 1.

        Examples:
            >>> from initexplain.initializers import zeros
            >>> cell = LSTM.initialize(np.random.default_rng(0), 1, 2, weights=zeros(),
            ...                        forget_bias=1.0)
            >>> cell.biases.tolist()
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        """
        count(features, "features")
        rows = len(GATES) * count(units, "units")
        matrix = weights(rng, (*ensemble, rows, features + units))
        biases = np.zeros((*ensemble, rows))
        bias = float_array(forget_bias, "forget_bias")
        if bias.shape not in ((), tuple(ensemble)[-1:]):
            raise ValueError(
                f"forget_bias: expected one number or one for each member along the last axis of "
                f"the ensemble {tuple(ensemble)}, found shape {bias.shape}"
            )
        biases[..., units : 2 * units] = bias[..., None]
        return cls(matrix, biases)

    @property
    def units(self) -> int:
        """Memory cells."""
        return int(self.weights.shape[-2]) // len(GATES)

    @property
    def features(self) -> int:
        """Inputs per step."""
        return int(self.weights.shape[-1]) - self.units


@dataclass(frozen=True, eq=False)
class LSTMTrace:
    """What a pass through a sequence computed, with time as the first axis.

    Attributes:
        joined: `[x_t, h_{t-1}]`, `(steps, ..., examples, features + units)`.
        gates: values of i, f, g, o, stacked: `(steps, ..., examples, 4 units)`.
        memories: `c_0 ... c_T`, `(steps + 1, ..., examples, units)`.
        outputs: `h_1 ... h_T`, `(steps, ..., examples, units)`.
    """

    joined: Array
    gates: Array
    memories: Array
    outputs: Array


@np.errstate(all="ignore")
def run_lstm(cell: LSTM, inputs: ArrayLike, *, memory: float = 0.0) -> LSTMTrace:
    """The pass of a cell through sequences, from outputs 0 and one common memory.

    Args:
        cell: the cell, or an ensemble of them.
        inputs: `(steps, examples, features)`, shared by the ensemble.
        memory: the value of every memory cell before the first step.

    Raises:
        ValueError: inputs or a memory that are not finite, or inputs that do not fit the cell.
        FloatingPointError: a sum overflows; the message names the step.

    Examples:
        With zero weights and inputs the memory is halved at every step.

        >>> cell = LSTM(np.zeros((4, 2)), np.zeros(4))
        >>> run_lstm(cell, np.zeros((3, 1, 1)), memory=1.0).memories[:, 0, 0].tolist()
        [1.0, 0.5, 0.25, 0.125]
    """
    dtype = cell.weights.dtype
    data = float_array(inputs, "inputs")
    if data.ndim != 3 or data.shape[-1] != cell.features or 0 in data.shape:
        raise ValueError(
            f"inputs: expected shape (steps, examples, {cell.features}), found {data.shape}"
        )
    steps, examples = data.shape[:2]
    n, lead = cell.units, (*cell.weights.shape[:-2], examples)
    joined = np.zeros((steps, *lead, cell.features + n), dtype)
    joined[..., : cell.features] = data.reshape(steps, *(1 for _ in lead[:-1]), *data.shape[1:])
    gates = np.empty((steps, *lead, len(GATES) * n), dtype)
    memories = np.full((steps + 1, *lead, n), finite(memory, "memory"), dtype)
    outputs = np.empty((steps, *lead, n), dtype)
    matrix = np.swapaxes(cell.weights, -1, -2)
    for t in range(steps):
        if t > 0:
            joined[t, ..., cell.features :] = outputs[t - 1]
        z = joined[t] @ matrix + cell.biases[..., None, :]
        if not np.isfinite(z).all():
            raise FloatingPointError(f"step {t + 1}: overflow, a preactivation is not finite")
        gates[t] = _LOGISTIC(z)
        gates[t, ..., 2 * n : 3 * n] = np.tanh(z[..., 2 * n : 3 * n])
        i, f, g, o = _split(gates[t], n)
        memories[t + 1] = f * memories[t] + i * g
        outputs[t] = o * np.tanh(memories[t + 1])
    return LSTMTrace(joined, gates, memories, outputs)


@np.errstate(under="ignore")
def lstm_gradients(cell: LSTM, trace: LSTMTrace, error: Array) -> tuple[Array, Array]:
    """Gradients by weights and biases, backpropagated through time from the last output.

    Going back one step, the derivative by the memory is multiplied by the forget gate: over a
    lag of T steps what the first input contributed shrinks by the product of T gates.

    Args:
        cell: the cell, or an ensemble of them.
        trace: of `run_lstm`.
        error: derivative of the loss by the last output `h_T`, `(..., examples, units)`.

    Returns:
        Arrays of the shapes of `cell.weights` and `cell.biases`, summed over examples.

    Raises:
        ValueError: the error is not finite, or not of the shape of the last output.

    Examples:
        >>> cell = LSTM(np.zeros((4, 2)), np.zeros(4))
        >>> trace = run_lstm(cell, np.ones((1, 1, 1)))
        >>> lstm_gradients(cell, trace, np.ones((1, 1)))[1].tolist()  # i, f, g, o
        [0.0, 0.0, 0.25, 0.0]
    """
    error = float_array(error, "error").astype(cell.weights.dtype, copy=False)
    if error.shape != trace.outputs.shape[1:]:
        raise ValueError(f"error: expected shape {trace.outputs.shape[1:]}, found {error.shape}")
    n = cell.units
    weight_gradient, bias_gradient = np.zeros_like(cell.weights), np.zeros_like(cell.biases)
    by_output, by_memory = error, np.zeros_like(error)
    for t in reversed(range(len(trace.outputs))):
        i, f, g, o = _split(trace.gates[t], n)
        squashed = np.tanh(trace.memories[t + 1])
        by_memory = by_memory + by_output * o * (1 - squashed**2)
        delta = np.concatenate(
            [
                by_memory * g * i * (1 - i),
                by_memory * trace.memories[t] * f * (1 - f),
                by_memory * i * (1 - g**2),
                by_output * squashed * o * (1 - o),
            ],
            axis=-1,
        )
        weight_gradient += np.swapaxes(delta, -1, -2) @ trace.joined[t]
        bias_gradient += delta.sum(axis=-2)
        by_output = (delta @ cell.weights)[..., cell.features :]
        by_memory = by_memory * f
    return weight_gradient, bias_gradient


def memory_half_life(forget_bias: ArrayLike) -> Array:
    """Steps until the memory of a cell without inputs is halved: `ln 2 / -ln logistic(b)`.

    Args:
        forget_bias: bias of the forget gate, of any shape.

    Raises:
        ValueError: a bias is not finite.

    Examples:
        >>> memory_half_life([0.0, 1.0]).round(2).tolist()
        [1.0, 2.21]
    """
    bias = float_array(forget_bias, "forget_bias")
    # -ln logistic(b) = ln(1 + exp(-b)), without overflow
    with np.errstate(under="ignore"):
        return np.asarray(np.log(2.0) / np.logaddexp(0.0, -bias))


def _split(gates: Array, units: int) -> tuple[Array, Array, Array, Array]:
    """The four gates of stacked values `(..., 4 units)`, as views."""
    i, f, g, o = (gates[..., k * units : (k + 1) * units] for k in range(len(GATES)))
    return i, f, g, o
