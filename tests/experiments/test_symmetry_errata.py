"""The checks of the page "What other pages say about symmetry", with another seed."""

import numpy as np
import pytest

from initexplain.datasets import teacher
from initexplain.experiments.symmetry_errata import run


@pytest.fixture(scope="module")
def result():
    return run(seeds=6, steps=200, seed=9)


def test_a_constant_first_matrix_is_no_harm_if_outgoing_weights_differ(result):
    found = result.constant_layers
    assert found.incoming_better == found.seeds == 6
    assert found.incoming_loss < 0.7 * found.both_loss
    assert found.incoming_loss < 2 * found.neither_loss
    # two constant matrices draw nothing: all seeds are the same network
    assert np.ptp(found.both, axis=1).max() == 0


def test_the_gradient_of_a_constant_matrix_has_equal_rows_and_unequal_columns(result):
    assert result.gradient.shape == (2, 4)
    assert result.gradient_elements == 8
    assert result.gradient_rows == 1
    assert result.gradient_values == result.values_after == 4
    assert result.columns_differ_after == 1


def test_the_gradient_is_error_times_input(result):
    x, y = teacher(np.random.default_rng(9))
    a = np.tanh(x @ np.full(4, 0.4))
    error = (0.4 * a + 0.4 * a - y[:, 0]) / len(x)
    row = sum(error[i] * 0.4 * (1 - a[i] ** 2) * x[i] for i in range(len(x)))
    np.testing.assert_allclose(result.gradient, np.stack([row, row]), atol=1e-12)
    np.testing.assert_allclose(result.after, 0.4 - 0.1 * result.gradient, atol=1e-12)


def test_equal_biases_are_a_symmetry_that_random_weights_break(result):
    assert result.bias_gradients_constant == 1
    assert result.bias_gradients_random == result.units == 6


def test_all_zero_logistic_matrices_have_one_row_each(result):
    assert result.zero_rows == result.hidden_layers == 2


def test_examples_are_not_columns(result):
    assert result.examples == 64
    assert result.features == result.gradient.shape[1] == 4
