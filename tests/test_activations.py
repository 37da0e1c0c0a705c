"""Activations against plain formulas and finite differences."""

import math

import numpy as np
import plain
import pytest

import initexplain as ie
from initexplain.activations import find_activation

every_activation = pytest.mark.parametrize("name", ie.ACTIVATIONS)
every_dtype = pytest.mark.parametrize("dtype", [np.float32, np.float64])

# no point is nearer than 0.01 to zero, where the ReLU family has its kinks
AWAY_FROM_ZERO = np.concatenate([np.linspace(-9, -0.01, 400), np.linspace(0.01, 9, 400)])
EXTREMES = [0.0, -0.0, 1e3, -1e3, 1e308, -1e308, 5e-324, -5e-324, 1e-300, -1e-300]


def test_the_table_has_a_reference_for_every_entry_and_keys_are_names():
    assert set(plain.ACTIVATIONS) == set(ie.ACTIVATIONS)
    assert [activation.name for activation in ie.ACTIVATIONS.values()] == list(ie.ACTIVATIONS)


@every_activation
def test_value_is_the_plain_formula(name):
    points = [*AWAY_FROM_ZERO.tolist(), -50.0, -25.0, 25.0, 50.0]
    expected = [plain.ACTIVATIONS[name](z) for z in points]
    np.testing.assert_allclose(ie.ACTIVATIONS[name](points), expected, rtol=1e-11, atol=1e-15)


@every_activation
def test_derivative_is_the_slope_of_the_plain_formula(name):
    f, h, derivative = plain.ACTIVATIONS[name], 1e-5, ie.ACTIVATIONS[name].derivative
    expected = [(f(z + h) - f(z - h)) / (2 * h) for z in AWAY_FROM_ZERO.tolist()]
    np.testing.assert_allclose(derivative(AWAY_FROM_ZERO), expected, rtol=1e-8, atol=2e-10)
    # at zero, that of the left side
    assert float(derivative(0.0)) == pytest.approx((f(0.0) - f(-1e-7)) / 1e-7, abs=1e-6)


@every_activation
def test_odd_says_whether_the_function_is_odd(name):
    activation = ie.ACTIVATIONS[name]
    unevenness = np.abs(activation(AWAY_FROM_ZERO) + activation(-AWAY_FROM_ZERO)).max()
    assert activation.odd == (unevenness < 1e-14)


@every_activation
def test_linear_region_is_where_the_derivative_is_half_of_its_largest(name):
    activation = ie.ACTIVATIONS[name]
    low, high = activation.linear_region
    half = activation.derivative(np.linspace(-20, 20, 40_001)).max() / 2
    inside = np.linspace(max(low, -20.0), min(high, 20.0), 1001)[1:-1]
    assert (activation.derivative(inside) >= half).all()
    for end, outward in ((low, -1e-6), (high, 1e-6)):
        if math.isfinite(end):
            assert float(activation.derivative(end - outward)) >= half
            assert float(activation.derivative(end + outward)) < half


@every_activation
@every_dtype
def test_extreme_inputs_give_finite_values(name, dtype):
    largest = np.finfo(dtype).max / 2
    z = np.clip(np.array(EXTREMES), -largest, largest).astype(dtype)
    activation = ie.ACTIVATIONS[name]
    # `value` and `slope` are what the passes of a network call: they warn of nothing themselves
    source = activation.value(z) if activation.monotone else z
    for values in (activation(z), activation.value(z), activation.slope(source)):
        assert np.isfinite(values).all()
        assert values.dtype == dtype


@every_activation
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0), (2, 3, 4)])
def test_shapes_and_dtypes_are_kept(name, shape):
    activation = ie.ACTIVATIONS[name]
    for given, kept in ((np.float32, np.float32), (np.float64, np.float64), (int, np.float64)):
        z = np.ones(shape, dtype=given)
        for values in (activation(z), activation.derivative(z)):
            assert (values.shape, values.dtype) == (shape, kept)


@every_dtype
def test_gelu_keeps_its_digits_down_to_where_it_vanishes(dtype):
    z = np.concatenate([np.linspace(-12, 12, 4801), np.linspace(-37, -12, 400)]).astype(dtype)
    small = 2 * np.finfo(dtype).tiny
    expected = np.array([plain.ACTIVATIONS["gelu"](float(x)) for x in z])
    rtol = 3e-13 if dtype == np.float64 else 3e-7
    np.testing.assert_allclose(ie.ACTIVATIONS["gelu"](z), expected, rtol=rtol, atol=small)
    assert float(ie.ACTIVATIONS["gelu"](-40.0)) == 0.0


def test_gelu_is_not_its_tanh_approximation():
    z = np.linspace(-6, 6, 1201)
    other = 0.5 * z * (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3)))
    gap = np.abs(ie.ACTIVATIONS["gelu"](z) - other).max()
    assert 4e-4 < gap < 5e-4  # the table's docstring says how far they differ


@every_activation
def test_a_monotone_activation_has_a_slope_that_never_changes_its_sign(name):
    rises = ie.ACTIVATIONS[name].derivative(np.linspace(-9, 9, 2001)) >= 0
    assert rises.all() == ie.ACTIVATIONS[name].monotone


@every_activation
@every_dtype
@pytest.mark.parametrize("kind", ["value", "slope"])
def test_values_and_slopes_are_arrays_of_their_own(name, kind, dtype):
    x = np.linspace(-1, 1, 41).reshape(1, 41).astype(dtype)
    kept = x.copy()
    found = getattr(ie.ACTIVATIONS[name], kind)(x)
    found += 1.0
    np.testing.assert_array_equal(x, kept)


OTHER_NAMES = {"sigmoid": "logistic", "swish": "silu"}


@pytest.mark.parametrize("name", [*ie.ACTIVATIONS, *OTHER_NAMES])
def test_an_activation_is_found_by_its_names_and_passes_through(name):
    activation = find_activation(name)
    assert activation is ie.ACTIVATIONS[OTHER_NAMES.get(name, name)]
    assert find_activation(activation) is activation


@every_activation
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_input_that_is_not_finite_is_refused(name, bad):
    for call in (ie.ACTIVATIONS[name], ie.ACTIVATIONS[name].derivative):
        with pytest.raises(ValueError, match=r"preactivations: .* at index \(1,\)"):
            call([0.0, bad])


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ValueError, match="unknown activation 'lecun_tahn'") as info:
        find_activation("lecun_tahn")
    assert str(info.value).endswith(", ".join([*ie.ACTIVATIONS, *OTHER_NAMES]))
