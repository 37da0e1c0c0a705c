"""The claims of the page "Freeze or clone", with another seed and other sizes."""

from functools import partial

import numpy as np
import pytest
from oracles import descent, never, not_always, tanh_network

import initexplain as ie
from initexplain.experiments.freeze_or_clone import halves, one_unit, scaled
from initexplain.experiments.reach import PAGE

SETTINGS = {"units": 5, "steps": 200, "seed": 3}


@pytest.mark.parametrize("name", ["tanh", "relu"])
def test_all_zero_tanh_and_relu_freeze(result, name):
    assert result.largest_gradient[name] == 0
    assert not result.unit_tables[name].any()
    assert result.output_bias_move[name] > 0.01
    assert result.zero_losses[name][-1] == pytest.approx(result.best_constant, rel=1e-3)


def test_all_zero_logistic_units_learn_copies(result):
    assert result.largest_gradient["logistic"] > 0.01
    assert result.largest_weight["logistic"] > 0.1
    assert result.unit_spread["logistic"] < 1e-9
    assert result.unit_tables["logistic"].shape == (5, 4 + 1 + 2)
    assert result.zero_losses["logistic"][-1] < 0.8 * result.best_constant


def test_what_freezes_is_what_is_zero_at_zero(result):
    freezes = {name for name, largest in result.largest_gradient.items() if largest == 0}
    assert freezes == {name for name, f in ie.ACTIVATIONS.items() if float(f(0.0)) == 0}
    assert ie.ACTIVATIONS.keys() - freezes == {"logistic"}


def test_where_it_freezes_and_where_it_does_not(result):
    assert never(result.reach) == not_always(result.reach) == {"logistic", "equal", "biases"}


def test_two_layers_of_copies_wait_for_batches_or_adam(result):
    holds = {name: row.holds for name, row in result.copies.items()}
    assert holds[PAGE] == holds["adam"] == 5
    assert holds["two"] == holds["centred"] == 0 < holds["batches"]


def test_classes_of_equal_size_leave_all_zero_logistic_units_at_zero(result):
    assert result.copies["balanced"].holds == 0
    inputs, classes = halves(np.random.default_rng(4))
    assert classes.shape == (len(inputs), 1)
    assert classes.sum() == len(inputs) / 2
    start = ie.Network([np.zeros((5, 4)), np.zeros((1, 5))], None, "logistic")
    one_less = inputs[:-1], classes[:-1]
    for task, moves in (((inputs, classes), False), (one_less, True)):
        end = ie.train(start, *task, steps=100, learning_rate=0.1, loss="logistic").network
        assert (np.abs(end.weights[0]).max() > 1e-6) == moves


@pytest.mark.parametrize(("shift", "moves"), [(0.0, False), (0.1, True)])
def test_the_first_move_of_logistic_units_is_the_mean_error(shift, moves):
    x, y = ie.teacher(np.random.default_rng(3))
    network = ie.Network([np.zeros((5, 4)), np.zeros((2, 5))], None, "logistic")
    _, first = ie.gradients(network, x, y - y.mean(axis=0) + shift)
    expected = np.full((2, 5), -0.5 * shift)  # half the mean error, for each unit
    np.testing.assert_allclose(first.weights[1], expected, atol=1e-15)
    assert (np.abs(first.weights[1]).max() > 1e-6) == moves


def test_two_all_zero_logistic_layers_by_hand():
    # rows are alike, so one number for each input, one for each layer above
    x, y = ie.teacher(np.random.default_rng(3))
    w, u, v = np.zeros(4), 0.0, np.zeros(2)
    b, d, c = 0.0, 0.0, np.zeros(2)
    for _ in range(200):
        p = 1 / (1 + np.exp(-(x @ w + b)))
        q = 1 / (1 + np.exp(-(5 * u * p + d)))
        error = (5 * q[:, None] * v + c - y) / len(x)
        dq = error @ v * q * (1 - q)
        dp = 5 * u * dq * p * (1 - p)
        w, b, u, d = w - 0.1 * x.T @ dp, b - 0.1 * dp.sum(), u - 0.1 * dq @ p, d - 0.1 * dq.sum()
        v, c = v - 0.1 * error.T @ q, c - 0.1 * error.sum(axis=0)
    zeros = [np.zeros(shape) for shape in ((5, 4), (5, 5), (2, 5))]
    network = ie.Network(zeros, None, "logistic")
    after = ie.train(network, x, y, steps=200, learning_rate=0.1).network
    np.testing.assert_allclose(after.weights[0], np.tile(w, (5, 1)), atol=1e-12)
    np.testing.assert_allclose(after.weights[1], u, atol=1e-12)
    assert 0 < abs(u) < 0.01


def test_clones_are_one_unit_and_random_units_are_more(result):
    assert result.agreeing_digits == 12
    clone_losses = result.losses["clones"]
    np.testing.assert_allclose(result.losses["one_unit"], clone_losses, rtol=0, atol=1e-12)
    assert np.ptp(clone_losses) > 1
    assert result.losses["random"][-1] < 0.5 * clone_losses[-1]


def clones(units):
    rng = np.random.default_rng(1)
    row, column = rng.standard_normal(4), 0.3 * rng.standard_normal((2, 1))
    return ie.Network(
        [np.tile(row, (units, 1)), np.tile(column, units)], [np.full(units, 0.2), [0.1, -0.1]]
    )


@pytest.mark.parametrize("units", [1, 2, 7])
def test_one_unit_computes_what_the_clones_compute(units):
    x = np.random.default_rng(2).standard_normal((9, 4))
    network = clones(units)
    single = one_unit(network)
    assert single.sizes == (4, 1, 2)
    expected = ie.forward(network, x).outputs
    np.testing.assert_allclose(ie.forward(single, x).outputs, expected, atol=1e-12)


def test_the_scaled_activation_has_the_slope_of_its_value():
    for activation in ie.ACTIVATIONS.values():
        wide = scaled(activation, 6)
        z = np.array([-1.3, -0.2, 0.4, 2.0])
        slope = (wide(z + 1e-6) - wide(z - 1e-6)) / 2e-6
        np.testing.assert_allclose(wide.derivative(z), slope, atol=1e-7)


def test_an_ordinary_unit_needs_two_learning_rates():
    # the page: eta / n below the unit, n eta above it
    x, y = ie.teacher(np.random.default_rng(4))
    n, rate = 6, 0.1
    network = clones(n)
    (w, v), (b, c) = network.weights, network.biases
    one = [w[:1], n * v[:, :1]], [b[:1], c]
    rates = [rate / n, n * rate, rate / n, rate]
    found, *_ = descent(tanh_network, *one, x, y, rates=rates, steps=60)
    expected = ie.train(network, x, y, steps=60, learning_rate=rate).losses
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_in_a_deep_network_each_class_is_one_unit_with_the_root_of_its_size():
    rng = np.random.default_rng(5)
    x, y = ie.teacher(rng)
    lower, upper = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 0, 1, 1, 1])
    small = [0.5 * rng.standard_normal(shape) for shape in ((3, 4), (2, 3), (2, 2))]
    bias = [0.3 * rng.standard_normal(size) for size in (3, 2, 2)]
    network = ie.Network(
        [small[0][lower], small[1][np.ix_(upper, lower)], small[2][:, upper]],
        [bias[0][lower], bias[1][upper], bias[2]],
    )
    # the quotient: weights times the root of both sizes
    r, s = np.sqrt(np.bincount(lower)), np.sqrt(np.bincount(upper))
    u = [small[0] * r[:, None], small[1] * np.outer(s, r), small[2] * s]
    k = [bias[0] * r, bias[1] * s, bias[2]]
    found, *_ = descent(partial(tanh_network, roots=[r, s]), u, k, x, y, rates=0.05, steps=60)
    expected = ie.train(network, x, y, steps=60, learning_rate=0.05).losses
    np.testing.assert_allclose(found, expected, rtol=1e-9)
