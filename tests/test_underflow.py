"""Numbers that vanish are no error, whatever the caller makes numpy do about them."""

import numpy as np
import pytest

import initexplain as ie
from initexplain import mean_field, recurrent, signal

INPUTS = np.random.default_rng(0).standard_normal((6, 3))
TARGETS = np.eye(2)[[0, 1, 0, 1, 1, 0]]

pytestmark = [
    pytest.mark.parametrize("scale", [1e-200, 1e-25, 300.0]),
    pytest.mark.parametrize("activation", ie.ACTIVATIONS),
]


@pytest.fixture(autouse=True)
def strict():
    with np.errstate(all="raise"):
        yield


def drawn(activation, scale, dtype=np.float64):
    rng, init = np.random.default_rng(1), ie.normal(scale)
    kind = {"activation": activation, "dtype": dtype}
    return ie.Network.initialize(rng, [3, 4, 4, 2], weights=init, biases=init, **kind)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_passes_and_training(activation, scale, dtype):
    network = drawn(activation, scale, dtype)
    for loss in ie.LOSSES:
        ie.gradients(network, 1e-60 * INPUTS, TARGETS, loss=loss)
        for optimizer in ie.OPTIMIZERS:
            options = {"steps": 3, "learning_rate": 1e-12, "loss": loss, "optimizer": optimizer}
            ie.train(network, INPUTS, TARGETS, **options)
    for size in (1e3, 1e-300):
        network.activation(size * INPUTS)
        network.activation.derivative(size * INPUTS)


def test_what_is_said_of_a_network(activation, scale):
    network = drawn(activation, scale)
    _, gradients = ie.gradients(network, INPUTS, TARGETS)
    signal.gradient_to_weight(network, gradients)
    signal.second_moments(network, INPUTS, TARGETS)
    signal.saturated_fraction(network, INPUTS)
    signal.at_scales(network, [1e-150, 1.0])
    signal.lsuv(np.random.default_rng(2), [3, 4, 2], INPUTS, activation=activation)
    for tolerance in (None, 0.0):
        ie.redundancy_classes(network, tolerance=tolerance)
        ie.measured_redundancy(network, INPUTS, tolerance=tolerance)
    ie.effective_rank(network.weights[0])


def test_mean_field_and_recurrence(activation, scale):
    for q in (1e-300, 1e-12, 1.0, scale):
        mean_field.mean_square_slope(activation, q)
        mean_field.correlation_map(activation, 0.3, q=q, weight_std=1.2)
    cell = recurrent.LSTM.initialize(
        np.random.default_rng(3), 1, 2, weights=ie.normal(scale), forget_bias=2.0
    )
    trace = recurrent.run_lstm(cell, np.ones((5, 2, 1)))
    recurrent.lstm_gradients(cell, trace, np.ones((2, 2)))
    recurrent.memory_half_life([-800.0, 30.0])
