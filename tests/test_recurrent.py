"""The LSTM cell against a loop over units in plain Python, its gradients by differences."""

import math

import numpy as np
import pytest

from initexplain.initializers import zeros
from initexplain.recurrent import LSTM, lstm_gradients, memory_half_life, run_lstm


def logistic(z):
    return 1 / (1 + math.exp(-z))


def loop(weights, biases, sequence, units, memory=0.0):
    """Outputs and memories after each step, for one sequence of lists, unit by unit."""
    h, c = [0.0] * units, [memory] * units
    outputs, memories = [], [c]
    for x in sequence:
        joined = [*x, *h]
        z = [
            b + sum(w * v for w, v in zip(row, joined, strict=True))
            for row, b in zip(weights, biases, strict=True)
        ]
        i, f, g, o = (z[k * units : (k + 1) * units] for k in range(4))
        c = [logistic(f[k]) * c[k] + logistic(i[k]) * math.tanh(g[k]) for k in range(units)]
        h = [logistic(o[k]) * math.tanh(c[k]) for k in range(units)]
        outputs.append(h)
        memories.append(c)
    return outputs, memories


@pytest.fixture
def case():
    rng = np.random.default_rng(3)
    weights, biases = rng.standard_normal((12, 5)), rng.standard_normal(12)
    return LSTM(weights, biases), rng.standard_normal((6, 4, 2)), rng.standard_normal((4, 3))


def test_forward_against_the_loop(case):
    cell, inputs, _ = case
    trace = run_lstm(cell, inputs, memory=0.7)
    for example in range(4):
        sequence = inputs[:, example].tolist()
        outputs, memories = loop(cell.weights.tolist(), cell.biases.tolist(), sequence, 3, 0.7)
        np.testing.assert_allclose(trace.outputs[:, example], outputs, atol=1e-12)
        np.testing.assert_allclose(trace.memories[:, example], memories, atol=1e-12)


def loop_loss(weights, biases, inputs, wanted):
    """Half the squared error of the last outputs, by the loop."""
    total = 0.0
    for example in range(inputs.shape[1]):
        sequence = inputs[:, example].tolist()
        last = loop(weights.tolist(), biases.tolist(), sequence, wanted.shape[1])[0][-1]
        total += sum((a - b) ** 2 for a, b in zip(last, wanted[example], strict=True)) / 2
    return total


def test_gradients_against_central_differences_of_the_loop(case):
    cell, inputs, wanted = case
    trace = run_lstm(cell, inputs)
    found = lstm_gradients(cell, trace, trace.outputs[-1] - wanted)
    step = 1e-5
    for which, gradient in enumerate(found):
        numeric = np.zeros_like(gradient)
        for index in np.ndindex(gradient.shape):
            ends = []
            for sign in (1, -1):
                moved = [cell.weights.copy(), cell.biases.copy()]
                moved[which][index] += sign * step
                ends.append(loop_loss(*moved, inputs, wanted))
            numeric[index] = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(gradient, numeric, atol=1e-7)
        assert np.abs(numeric).max() > 0.1


def test_an_ensemble_is_its_members():
    rng = np.random.default_rng(4)
    cells = LSTM(0.8 * rng.standard_normal((2, 3, 12, 5)), rng.standard_normal((2, 3, 12)))
    inputs = rng.standard_normal((5, 4, 2))
    trace = run_lstm(cells, inputs)
    error = rng.standard_normal((2, 3, 4, 3))
    by_weights, by_biases = lstm_gradients(cells, trace, error)
    assert by_weights.shape == cells.weights.shape
    for index in np.ndindex(2, 3):
        one = LSTM(cells.weights[index], cells.biases[index])
        alone = run_lstm(one, inputs)
        np.testing.assert_allclose(trace.outputs[:, *index], alone.outputs, atol=1e-12)
        expected = lstm_gradients(one, alone, error[index])
        np.testing.assert_allclose(by_weights[index], expected[0], atol=1e-12)
        np.testing.assert_allclose(by_biases[index], expected[1], atol=1e-12)


def test_the_forget_bias_sits_on_the_forget_gate():
    rng = np.random.default_rng(0)
    cell = LSTM.initialize(rng, 1, 2, weights=zeros(), forget_bias=2.0)
    gates = run_lstm(cell, np.zeros((1, 1, 1))).gates[0, 0]
    np.testing.assert_allclose(gates, [0.5] * 2 + [logistic(2.0)] * 2 + [0.0] * 2 + [0.5] * 2)
    assert (cell.units, cell.features) == (2, 1)


@pytest.mark.parametrize("bias", [-2.0, 0.0, 1.0, 5.0])
def test_half_life_is_the_time_to_a_half(bias):
    steps = float(memory_half_life(bias))
    assert logistic(bias) ** steps == pytest.approx(0.5)


def test_half_life_of_extreme_biases_does_not_overflow():
    short, long = memory_half_life([-800.0, 30.0])
    assert 0 < short < 1e-3
    assert long == pytest.approx(math.log(2) * math.exp(30), rel=1e-6)


def test_lists_are_parameters_too():
    cell = LSTM([[0.0, 1.0]] * 4, [0, 0, 0, 1])
    assert cell.weights.shape == (4, 2)
    assert cell.biases.dtype == np.float64


def test_float32_is_kept():
    cell = LSTM(np.ones((4, 2), np.float32), np.zeros(4, np.float32))
    trace = run_lstm(cell, np.ones((3, 2, 1)))
    arrays = (*vars(trace).values(), *lstm_gradients(cell, trace, np.ones((2, 1), np.float32)))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


CELL = LSTM(np.zeros((4, 2)), np.zeros(4))
TRACE = run_lstm(CELL, np.zeros((3, 2, 1)))
RNG, ONE = np.random.default_rng(0), np.zeros((1, 1, 1))
INPUTS = r"inputs: expected shape \(steps, examples, 1\), found"
FOUR = r"weights: expected shape \(..., 4 units, features \+ units\), found"
REFUSED = {
    "rows": (lambda: LSTM(np.zeros((5, 3)), np.zeros(5)), rf"{FOUR} \(5, 3\)"),
    "no features": (lambda: LSTM(np.zeros((4, 1)), np.zeros(4)), rf"{FOUR} \(4, 1\)"),
    "one axis": (lambda: LSTM(np.zeros(4), np.zeros(4)), rf"{FOUR} \(4,\)"),
    "biases": (lambda: LSTM(np.zeros((4, 2)), np.zeros(3)), r"biases: expected shape \(4,\)"),
    "nan": (lambda: LSTM(np.full((4, 2), np.nan), np.zeros(4)), r"weights: nan at index \(0, 0\)"),
    "units": (lambda: LSTM.initialize(RNG, 1, 0, weights=zeros()), "units must be a whole number"),
    "features": (lambda: LSTM.initialize(RNG, 0, 1, weights=zeros()), "features must be a whole"),
    "forget bias": (
        lambda: LSTM.initialize(RNG, 1, 1, weights=zeros(), forget_bias=np.nan),
        "forget_bias must be finite, found nan",
    ),
    "two axes": (lambda: run_lstm(CELL, np.zeros((3, 2))), rf"{INPUTS} \(3, 2\)"),
    "width": (lambda: run_lstm(CELL, np.zeros((3, 2, 2))), rf"{INPUTS} \(3, 2, 2\)"),
    "no steps": (lambda: run_lstm(CELL, np.zeros((0, 2, 1))), rf"{INPUTS} \(0, 2, 1\)"),
    "memory nan": (lambda: run_lstm(CELL, ONE, memory=np.nan), "memory must be finite, found nan"),
    "memory inf": (lambda: run_lstm(CELL, ONE, memory=np.inf), "memory must be finite, found inf"),
    "memory text": (lambda: run_lstm(CELL, ONE, memory="1"), "memory must be finite, found '1'"),
    "error": (
        lambda: lstm_gradients(CELL, TRACE, np.zeros((3, 1))),
        r"error: expected shape \(2, 1",
    ),
    "nan error": (lambda: lstm_gradients(CELL, TRACE, np.full((2, 1), np.nan)), "error: nan at"),
    "half-life": (lambda: memory_half_life([0.0, np.inf]), r"forget_bias: inf at index \(1,\)"),
}


@pytest.mark.parametrize(("call", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_is_not_finite_does_not_travel_on():
    cell = LSTM(np.full((4, 2), 1e200), np.zeros(4))
    with pytest.raises(FloatingPointError, match="preactivations of step 1: overflow"):
        run_lstm(cell, np.full((3, 1, 1), 1e200))
