"""An LSTM cell: forward pass through a sequence, gradients through time.

The cell keeps a memory `c` that is multiplied by the *forget gate* at every step. With gates
`i` (input), `f` (forget), `o` (output) and a candidate `g`,

    i, f, o = logistic(W [x_t, h_{t-1}] + b)      g = tanh(W [x_t, h_{t-1}] + b)
    c_t = f c_{t-1} + i g                         h_t = o tanh(c_t)

with rows of `W` and entries of `b` stacked in the order i, f, g, o. As in
[`network`][initexplain.network], a row is a unit's and leading axes are an ensemble.

Values that are not finite, and shapes that do not fit, raise `ValueError`; a preactivation that
overflows raises `FloatingPointError`, which names the step.

Source: Hochreiter and Schmidhuber, *Long short-term memory* (1997); the forget gate: Gers,
Schmidhuber and Cummins, *Learning to forget* (2000), section 2.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.activations import ACTIVATIONS
from initexplain.checks import Array, check_shape, count, finite, float_array, no_overflow
from initexplain.initializers import Initializer

_LOGISTIC = ACTIVATIONS["logistic"].value


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
        w, b = float_array(self.weights, "weights"), float_array(self.biases, "biases")
        object.__setattr__(self, "weights", w)
        object.__setattr__(self, "biases", b)
        rows, columns = w.shape[-2:] if w.ndim > 1 else (1, 0)
        fits = rows % 4 == 0 and columns > rows // 4
        check_shape(w, "weights", "(..., 4 units, features + units)", fits=fits)
        check_shape(b, "biases", w.shape[:-1], fits=b.shape == w.shape[:-1])

    @classmethod
    def initialize(
        cls,
        rng: np.random.Generator,
        features: int,
        units: int,
        *,
        weights: Initializer,
        forget_bias: float = 0.0,
    ) -> "LSTM":
        """A cell with drawn weights, the given bias of every forget gate, and no other bias.

        Examples:
            >>> from initexplain.initializers import zeros
            >>> cell = LSTM.initialize(np.random.default_rng(0), 1, 2, weights=zeros(),
            ...                        forget_bias=1.0)
            >>> cell.biases.tolist()
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]
        """
        matrix = weights(rng, (4 * count(units, "units"), count(features, "features") + units))
        biases = np.zeros(4 * units)
        biases[units : 2 * units] = finite(forget_bias, "forget_bias")
        return cls(matrix, biases)

    @property
    def units(self) -> int:
        """Memory cells."""
        return int(self.weights.shape[-2]) // 4

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

    An ensemble shares the inputs `(steps, examples, features)`; every memory cell holds `memory`
    before the first step.

    Examples:
        With zero weights and inputs the memory is halved at every step.

        >>> cell = LSTM(np.zeros((4, 2)), np.zeros(4))
        >>> run_lstm(cell, np.zeros((3, 1, 1)), memory=1.0).memories[:, 0, 0].tolist()
        [1.0, 0.5, 0.25, 0.125]
    """
    data, n, dtype = float_array(inputs, "inputs"), cell.units, cell.weights.dtype
    fits = data.ndim == 3 and data.shape[-1] == cell.features and data.size > 0
    check_shape(data, "inputs", f"(steps, examples, {cell.features})", fits=fits)
    steps, examples = data.shape[:2]
    lead = (*cell.weights.shape[:-2], examples)
    joined = np.zeros((steps, *lead, cell.features + n), dtype)
    joined[..., : cell.features] = data.reshape(steps, *(1 for _ in lead[:-1]), *data.shape[1:])
    gates = np.empty((steps, *lead, 4 * n), dtype)
    memories = np.full((steps + 1, *lead, n), finite(memory, "memory"), dtype)
    outputs = np.empty((steps, *lead, n), dtype)
    matrix = np.swapaxes(cell.weights, -1, -2)
    for t in range(steps):
        if t > 0:
            joined[t, ..., cell.features :] = outputs[t - 1]
        z = joined[t] @ matrix + cell.biases[..., None, :]
        no_overflow(z, f"preactivations of step {t + 1}")
        gates[t] = _LOGISTIC(z)
        gates[t, ..., 2 * n : 3 * n] = np.tanh(z[..., 2 * n : 3 * n])
        i, f, g, o = np.split(gates[t], 4, axis=-1)
        memories[t + 1] = f * memories[t] + i * g
        outputs[t] = o * np.tanh(memories[t + 1])
    return LSTMTrace(joined, gates, memories, outputs)


@np.errstate(under="ignore")
def lstm_gradients(cell: LSTM, trace: LSTMTrace, error: Array) -> tuple[Array, Array]:
    """Gradients by weights and biases, backpropagated through time from the last output.

    Going back one step, the derivative by the memory is multiplied by the forget gate: over a
    lag of T steps what the first input contributed shrinks by the product of T gates. The `error`
    is the derivative of the loss by the last output `h_T`, `(..., examples, units)`; the gradients
    have the shapes of `cell.weights` and `cell.biases`, summed over examples.

    Examples:
        >>> cell = LSTM(np.zeros((4, 2)), np.zeros(4))
        >>> trace = run_lstm(cell, np.ones((1, 1, 1)))
        >>> lstm_gradients(cell, trace, np.ones((1, 1)))[1].tolist()  # i, f, g, o
        [0.0, 0.0, 0.25, 0.0]
    """
    by_output = float_array(error, "error").astype(cell.weights.dtype, copy=False)
    last = trace.outputs.shape[1:]
    check_shape(by_output, "error", last, fits=by_output.shape == last)
    by_weights, by_biases = np.zeros_like(cell.weights), np.zeros_like(cell.biases)
    by_memory = np.zeros_like(by_output)
    for t in reversed(range(len(trace.outputs))):
        i, f, g, o = np.split(trace.gates[t], 4, axis=-1)
        squashed = np.tanh(trace.memories[t + 1])
        by_memory = by_memory + by_output * o * (1 - squashed**2)
        by_gates = (
            by_memory * g * i * (1 - i),
            by_memory * trace.memories[t] * f * (1 - f),
            by_memory * i * (1 - g**2),
            by_output * squashed * o * (1 - o),
        )
        delta = np.concatenate(by_gates, axis=-1)
        by_weights += np.swapaxes(delta, -1, -2) @ trace.joined[t]
        by_biases += delta.sum(axis=-2)
        by_output = (delta @ cell.weights)[..., cell.features :]
        by_memory = by_memory * f
    return by_weights, by_biases


def memory_half_life(forget_bias: ArrayLike) -> Array:
    """Steps until the memory of a cell without inputs is halved: `ln 2 / -ln logistic(b)`.

    Elementwise, for biases of the forget gate of any shape.

    Examples:
        >>> memory_half_life([0.0, 1.0]).round(2).tolist()
        [1.0, 2.21]
    """
    bias = float_array(forget_bias, "forget_bias")
    # -ln logistic(b) = ln(1 + exp(-b)), without overflow
    with np.errstate(under="ignore"):
        return np.asarray(np.log(2.0) / np.logaddexp(0.0, -bias))
