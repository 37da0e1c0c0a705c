"""Signal: saturation, moments and ratios against plain loops over units, LSUV and scales."""

import math

import numpy as np
import pytest

import initexplain as ie
from initexplain import signal

every_activation = pytest.mark.parametrize("activation", ie.ACTIVATIONS)
every_ensemble = pytest.mark.parametrize("ensemble", [(), (3,), (2, 3)], ids=str)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def drawn(ensemble=(), activation="tanh", dtype=np.float64):
    """A small network with biases, inputs and targets."""
    rng = np.random.default_rng(7)
    start = {"weights": ie.lecun_normal(gain=1.5), "biases": ie.normal(0.5)}
    kind = {"activation": activation, "ensemble": ensemble, "dtype": dtype}
    network = ie.Network.initialize(rng, [3, 5, 4, 2], **start, **kind)
    return network, rng.standard_normal((6, 3)), rng.standard_normal((6, 2))


def entries(found, layers, ensemble):
    """A measure of every layer of every member, beside the numbers that it is a measure of."""
    assert found.shape == (len(layers), *ensemble)
    assert found.dtype == np.float64
    for layer, values in enumerate(layers):
        for index in np.ndindex(*ensemble):
            yield float(found[(layer, *index)]), values[index].ravel().tolist()


def mean_square(values):
    return math.fsum(v * v for v in values) / len(values)


@every_activation
@every_ensemble
def test_saturation_counts_units_outside_the_region(activation, ensemble):
    network, inputs, _ = drawn(ensemble, activation)
    low, high = network.activation.linear_region
    hidden = ie.forward(network, inputs).preactivations[:-1]
    for share, values in entries(signal.saturated_fraction(network, inputs), hidden, ensemble):
        outside = [z for z in values if z < low or z > high]
        assert share == pytest.approx(len(outside) / len(values))


def test_a_network_without_hidden_layers_has_nothing_to_saturate():
    network = ie.Network([np.ones((3, 1, 2))], [np.zeros((3, 1))])
    assert signal.saturated_fraction(network, [[1.0, 2.0]]).shape == (0, 3)
    assert signal.second_moments(network, [[1.0, 2.0]], [[0.0]]).activations.shape == (0, 3)


@every_ensemble
def test_moments_are_means_of_squares(ensemble):
    network, inputs, targets = drawn(ensemble)
    moments = signal.second_moments(network, inputs, targets)
    trace = ie.forward(network, inputs)
    for found, signals in (
        (moments.preactivations, trace.preactivations),
        (moments.activations, trace.activations),
    ):
        for mean, values in entries(found, signals, ensemble):
            assert mean == pytest.approx(mean_square(values))


@every_activation
@every_ensemble
@pytest.mark.parametrize("loss", ["squared_error", "logistic"])
def test_errors_are_the_bias_gradients_of_single_examples(activation, ensemble, loss):
    network, inputs, targets = drawn(ensemble, activation)
    targets = (targets > 0).astype(float)
    # the loss is averaged over examples, so that each of six carries a sixth of its own gradient
    alone = [
        ie.gradients(network, x[None], y[None], loss=loss)[1].biases
        for x, y in zip(inputs, targets, strict=True)
    ]
    deltas = [np.stack(layer, axis=-2) / len(inputs) for layer in zip(*alone, strict=True)]
    found = signal.second_moments(network, inputs, targets, loss=loss).errors
    for mean, values in entries(found, deltas, ensemble):
        assert mean == pytest.approx(mean_square(values), rel=1e-10)


def gradients(*values):
    """Of layers of one weight, in float32."""
    matrices = tuple(np.full((1, 1), v, np.float32) for v in values)
    return ie.Gradients(matrices, tuple(np.zeros(1, np.float32) for _ in values))


def test_small_numbers_of_a_float32_network_do_not_vanish():
    weights = [np.full((1, 1), 1e-30, np.float32), np.ones((1, 1), np.float32)]
    network = ie.Network(weights, [np.zeros(1, np.float32)] * 2)
    moments = signal.second_moments(network, [[1.0]], [[0.0]])
    assert moments.preactivations == pytest.approx([1e-60, 1e-60], rel=1e-6, abs=0)
    ratios = signal.gradient_to_weight(network, gradients(1e-30, 1e-38))
    assert ratios == pytest.approx([1.0, 1e-38], rel=1e-6, abs=0)


@every_ensemble
def test_gradient_ratio_is_a_ratio_of_frobenius_norms(ensemble):
    network, inputs, targets = drawn(ensemble)
    _, grads = ie.gradients(network, inputs, targets)
    found = signal.gradient_to_weight(network, grads)
    pairs = [np.stack([g, w], axis=-3) for g, w in zip(grads.weights, network.weights, strict=True)]
    for ratio, both in entries(found, pairs, ensemble):
        g, w = both[: len(both) // 2], both[len(both) // 2 :]
        assert ratio == pytest.approx(math.hypot(*g) / math.hypot(*w))


@every_ensemble
def test_one_step_of_descent_updates_by_rate_times_ratio(ensemble):
    network, inputs, targets = drawn(ensemble)
    _, grads = ie.gradients(network, inputs, targets)
    after = ie.train(network, inputs, targets, steps=1, learning_rate=0.01).network
    expected = 0.01 * signal.gradient_to_weight(network, grads)
    assert signal.update_to_weight(network, after) == pytest.approx(expected)


def test_ratios_of_zeros():
    network = ie.Network([np.zeros((1, 1)), np.ones((1, 1)), np.zeros((1, 1))], [np.zeros(1)] * 3)
    found = signal.gradient_to_weight(network, gradients(1.0, 0.0, 0.0))
    assert found.tolist() == [math.inf, 0.0, 0.0]
    assert signal.update_to_weight(network, network).tolist() == [0.0, 0.0, 0.0]


@every_activation
@every_ensemble
@every_dtype
def test_lsuv_gives_unit_variance(activation, ensemble, dtype):
    rng = np.random.default_rng(3)
    inputs = 4.0 * rng.standard_normal((40, 6))
    network = signal.lsuv(
        rng, [6, 12, 12, 3], inputs, activation=activation, ensemble=ensemble, dtype=dtype
    )
    assert (network.dtype, network.ensemble) == (dtype, ensemble)
    for z in ie.forward(network, inputs).preactivations:
        assert np.abs(z.var(axis=(-2, -1)) - 1).max() <= 0.021
    for w in network.weights:  # orthogonal up to a factor
        wide = w if w.shape[-2] <= w.shape[-1] else np.swapaxes(w, -1, -2)
        gram = wide @ np.swapaxes(wide, -1, -2)
        assert np.allclose(gram / gram[..., :1, :1], np.eye(gram.shape[-1]), atol=1e-4)


@pytest.mark.parametrize(("tolerance", "size"), [(0.02, 1.0), (0.0, 1 / 1.005)])
def test_lsuv_leaves_what_is_close_enough(tolerance, size):
    rng = np.random.default_rng(0)
    network = signal.lsuv(rng, [1, 1], [[1.005], [-1.005]], tolerance=tolerance)
    assert abs(network.weights[0].item()) == pytest.approx(size, rel=1e-15)


@every_ensemble
@every_dtype
def test_at_scales_multiplies_hidden_weights_only(ensemble, dtype):
    network, *_ = drawn(ensemble, "relu", dtype)
    found = signal.at_scales(network, [0.5, 1.0, 3.0])
    assert found.ensemble == (3, *ensemble)
    assert (found.dtype, found.activation) == (dtype, network.activation)
    for i, scale in enumerate((0.5, 1.0, 3.0)):
        expected = [*(dtype(scale) * w for w in network.weights[:-1]), network.weights[-1]]
        for w, b, w0, b0 in zip(found.weights, found.biases, expected, network.biases, strict=True):
            np.testing.assert_array_equal(w[i], w0)
            np.testing.assert_array_equal(b[i], b0)
