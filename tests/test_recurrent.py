"""The LSTM cell against a loop over units in plain Python, its gradients by differences."""

import math

import numpy as np
import pytest
from oracles import central_differences, logistic

from initexplain.initializers import zeros
from initexplain.recurrent import LSTM, lstm_gradients, memory_half_life, run_lstm


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
    gradients = lstm_gradients(cell, trace, trace.outputs[-1] - wanted)
    expected = central_differences(
        lambda moved: loop_loss(*moved, inputs, wanted), [cell.weights, cell.biases]
    )
    for gradient, numeric in zip(gradients, expected, strict=True):
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


def test_members_may_have_inputs_of_their_own():
    rng = np.random.default_rng(4)
    cells = LSTM(0.8 * rng.standard_normal((2, 3, 12, 5)), rng.standard_normal((2, 3, 12)))
    inputs = rng.standard_normal((5, 3, 4, 2))
    trace = run_lstm(cells, inputs)
    error = rng.standard_normal((2, 3, 4, 3))
    by_weights, by_biases = lstm_gradients(cells, trace, error)
    for i, j in np.ndindex(2, 3):
        one = LSTM(cells.weights[i, j], cells.biases[i, j])
        alone = run_lstm(one, inputs[:, j])
        np.testing.assert_allclose(trace.outputs[:, i, j], alone.outputs, atol=1e-12)
        expected = lstm_gradients(one, alone, error[i, j])
        np.testing.assert_allclose(by_weights[i, j], expected[0], atol=1e-12)
        np.testing.assert_allclose(by_biases[i, j], expected[1], atol=1e-12)


def test_the_forget_bias_sits_on_the_forget_gate():
    rng = np.random.default_rng(0)
    cell = LSTM.initialize(rng, 1, 2, weights=zeros(), forget_bias=2.0)
    gates = run_lstm(cell, np.zeros((1, 1, 1))).gates[0, 0]
    np.testing.assert_allclose(gates, [0.5] * 2 + [logistic(2.0)] * 2 + [0.0] * 2 + [0.5] * 2)
    assert (cell.units, cell.features) == (2, 1)


def test_half_life_is_the_time_to_a_half_and_extreme_biases_do_not_overflow():
    biases = [-2.0, 0.0, 1.0, 5.0]
    for bias, steps in zip(biases, memory_half_life(biases), strict=True):
        assert logistic(bias) ** float(steps) == pytest.approx(0.5)
    short, long, for_ever = memory_half_life([-800.0, 30.0, 800.0])
    assert 0 < short < 1e-3
    assert for_ever == math.inf
    assert long == pytest.approx(math.log(2) * math.exp(30), rel=1e-6)


def test_a_cell_has_arrays_of_its_own():
    weights, biases = np.zeros((4, 2)), np.zeros(4)
    cell = LSTM(weights, biases)
    weights += 1
    biases += 1
    assert not cell.weights.any()
    assert not cell.biases.any()
    assert not cell.weights.flags.writeable


def test_float32_is_kept():
    cell = LSTM(np.ones((4, 2), np.float32), np.zeros(4, np.float32))
    trace = run_lstm(cell, np.ones((3, 2, 1)))
    arrays = (*vars(trace).values(), *lstm_gradients(cell, trace, np.ones((2, 1), np.float32)))
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}
