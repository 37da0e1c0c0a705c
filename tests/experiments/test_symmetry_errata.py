"""The checks of the page "What other pages say about symmetry", with another seed."""

import numpy as np
from oracles import tanh_network

import initexplain as ie
from initexplain.experiments.symmetry_errata import HIDDEN_LAYERS

SETTINGS = {"seeds": 6, "steps": 200, "seed": 9}


def test_a_constant_first_matrix_is_no_harm_if_outgoing_weights_differ(result):
    losses = result.losses
    assert result.incoming_better == losses["incoming"].seeds == 6
    assert losses["incoming"].final < 0.7 * losses["both"].final
    assert losses["incoming"].final < 2 * losses["neither"].final
    # two constant matrices draw nothing: all seeds are the same network
    assert np.ptp(losses["both"].values, axis=1).max() == 0


def test_the_gradient_of_a_constant_matrix_has_equal_rows_and_unequal_columns(result):
    # examples are not columns
    assert (result.inputs.shape, result.gradient.shape) == ((64, 4), (2, 4))
    assert np.ptp(result.gradient, axis=0).max() < 1e-12
    assert result.gradient_values == result.values_after == 4
    assert result.columns_differ_after == 1


def test_the_gradient_is_error_times_input(result):
    x, y = ie.teacher(np.random.default_rng(9))
    weights = [np.full((2, 4), 0.4), np.full((1, 2), 0.4)]
    _, (gradient, _), _ = tanh_network(weights, [0.0, 0.0], x, y[:, :1])
    np.testing.assert_allclose(result.gradient, gradient, atol=1e-12)
    np.testing.assert_allclose(result.after, 0.4 - 0.1 * result.gradient, atol=1e-12)


def test_equal_biases_are_a_symmetry_that_random_weights_break(result):
    assert result.bias_gradients == {"constant": 1, "random": 6}


def test_all_zero_logistic_matrices_have_one_row_each(result):
    assert result.zero_rows == HIDDEN_LAYERS == 2
