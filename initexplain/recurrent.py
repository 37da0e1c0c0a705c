"""An LSTM cell: forward pass through a sequence, gradients through time.

The cell keeps a memory `c` that is multiplied by the *forget gate* at every step. With gates
`i` (input), `f` (forget), `o` (output) and a candidate `g`,

    i, f, o = logistic(W [x_t, h_{t-1}] + b)
    g = tanh(W [x_t, h_{t-1}] + b)
    c_t = f c_{t-1} + i g
    h_t = o tanh(c_t)

with rows of `W` and entries of `b` stacked in the order i, f, g, o. As in
[`network`][initexplain.network], a row is a unit's and leading axes are an ensemble.

Values that are not finite, and shapes that do not fit, raise `ValueError`; a preactivation that
overflows raises `FloatingPointError`, which names the step.

Source: Hochreiter and Schmidhuber, *Long short-term memory* (1997); the forget gate: Gers,
Schmidhuber and Cummins, *Learning to forget* (2000), section 3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.activations import ACTIVATIONS
from initexplain.checks import (
    Array,
    check_shape,
    count,
    finite,
    float_array,
    generator,
    no_overflow,
)
from initexplain.initializers import Initializer
from initexplain.parameters import locked

_LOGISTIC = ACTIVATIONS["logistic"].value


@dataclass(frozen=True, eq=False)
class LSTM:
    """The parameters of a cell, or of an ensemble of cells. The arrays are copied and read-only.

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
        w, b = locked([float_array(self.weights, "weights"), float_array(self.biases, "biases")])
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
        generator(rng)
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

    An ensemble shares the inputs `(steps, examples, features)`, or its last axes have inputs of
    their own, `(steps, ..., examples, features)`; every memory cell holds `memory` before the
    first step.

    Examples:
        With zero weights and inputs the memory is halved at every step.

        >>> cell = LSTM(np.zeros((4, 2)), np.zeros(4))
        >>> run_lstm(cell, np.zeros((3, 1, 1)), memory=1.0).memories[:, 0, 0].tolist()
        [1.0, 0.5, 0.25, 0.125]
    """
    data, n, dtype = float_array(inputs, "inputs"), cell.units, cell.weights.dtype
    lead, own = cell.weights.shape[:-2], data.shape[1:-2]
    shared = lead[: len(lead) - len(own)]
    fits = data.ndim >= 3 and data.shape[-1] == cell.features and data.size > 0
    fits = fits and (*shared, *own) == lead
    check_shape(data, "inputs", f"(steps, examples, {cell.features})", fits=fits)
    steps, *_, examples, features = data.shape
    # examples come last in memory: then what belongs to one gate lies together
    joined = np.zeros((steps, *lead, features + n, examples), dtype)
    joined[..., :features, :] = data.mT.reshape(
        steps, *(1 for _ in shared), *own, features, examples
    )
    gates = np.empty((steps, *lead, 4 * n, examples), dtype)
    memories = np.full((steps + 1, *lead, n, examples), finite(memory, "memory"), dtype)
    outputs = np.empty((steps, *lead, n, examples), dtype)
    for t in range(steps):
        if t > 0:
            joined[t, ..., features:, :] = outputs[t - 1]
        z = cell.weights @ joined[t]
        z += cell.biases[..., None]
        no_overflow(z, f"preactivations of step {t + 1}")
        gates[t] = _LOGISTIC(z)
        i, f, g, o = _of_gates(gates[t], n)
        np.tanh(_of_gates(z, n)[2], out=g)
        memories[t + 1] = f * memories[t] + i * g
        np.multiply(o, np.tanh(memories[t + 1]), out=outputs[t])
    return LSTMTrace(joined.mT, gates.mT, memories.mT, outputs.mT)


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
    last, n = trace.outputs.shape[1:], cell.units
    check_shape(by_output, "error", last, fits=by_output.shape == last)
    gates = trace.gates.mT
    i, f, g, o = _of_gates(gates, n)
    squashed = np.tanh(trace.memories.mT[1:])
    to_memory = o * (1 - squashed**2)
    # the derivatives by the preactivations are these, times that by the memory or by the output
    by_gates = 1 - gates
    by_gates *= gates
    by_i, by_f, by_g, by_o = _of_gates(by_gates, n)
    by_i *= g
    by_f *= trace.memories.mT[:-1]
    by_g[...] = i * (1 - g**2)
    by_o *= squashed
    back = np.ascontiguousarray(cell.weights[..., cell.features :].mT)
    by_output, by_memory = by_output.mT, np.zeros_like(by_output.mT)
    for t in reversed(range(len(gates))):
        by_memory += by_output * to_memory[t]
        for by_gate in (by_i, by_f, by_g):
            by_gate[t] *= by_memory
        by_o[t] *= by_output
        by_output = back @ by_gates[t]
        by_memory *= f[t]
    # over all steps at once: (..., 4 units, steps examples)
    delta, seen = (
        np.moveaxis(a, 0, -2).reshape(*a.shape[1:-1], -1) for a in (by_gates, trace.joined.mT)
    )
    return delta @ seen.mT, delta.sum(axis=-1)


def _of_gates(values: Array, units: int) -> list[Array]:
    """The parts that belong to i, f, g and o, of `(..., 4 units, examples)`."""
    return [values[..., k * units : (k + 1) * units, :] for k in range(4)]


def memory_half_life(forget_bias: ArrayLike) -> Array:
    """Steps until the memory of a cell without inputs is halved: `ln 2 / -ln logistic(b)`.

    Elementwise, for biases of the forget gate of any shape.

    Examples:
        >>> memory_half_life([0.0, 1.0]).round(2).tolist()
        [1.0, 2.21]
    """
    bias = float_array(forget_bias, "forget_bias")
    # -ln logistic(b) = ln(1 + exp(-b)), without overflow; of a large bias it is 0
    with np.errstate(under="ignore", divide="ignore"):
        return np.asarray(np.log(2.0) / np.logaddexp(0.0, -bias))
