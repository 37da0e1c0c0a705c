"""Activations against plain formulas, finite differences and closed-form constants."""

import math
from collections.abc import Callable

import numpy as np
import pytest

import initexplain as ie
from initexplain.activations import find_activation

pytestmark = pytest.mark.filterwarnings("error")

REFERENCE: dict[str, Callable[[float], float]] = {
    "identity": lambda z: z,
    "tanh": math.tanh,
    "lecun_tanh": lambda z: 1.7159 * math.tanh(2 * z / 3),
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * (math.exp(z) - 1)),
}

every_activation = pytest.mark.parametrize("name", ie.ACTIVATIONS)

# no point is nearer than 0.01 to zero, where the ReLU family has its kinks
AWAY_FROM_ZERO = np.concatenate([np.linspace(-9, -0.01, 400), np.linspace(0.01, 9, 400)])
EXTREMES = [0.0, -0.0, 1e3, -1e3, 1e308, -1e308, 5e-324, -5e-324, 1e-300, -1e-300]


def test_the_table_has_a_reference_for_every_entry_and_keys_are_names() -> None:
    assert set(REFERENCE) == set(ie.ACTIVATIONS)
    assert [activation.name for activation in ie.ACTIVATIONS.values()] == list(ie.ACTIVATIONS)


@every_activation
def test_value_is_the_plain_formula(name: str) -> None:
    expected = [REFERENCE[name](z) for z in AWAY_FROM_ZERO.tolist()]
    np.testing.assert_allclose(
        ie.ACTIVATIONS[name](AWAY_FROM_ZERO), expected, rtol=1e-11, atol=1e-15
    )


@every_activation
def test_derivative_is_the_slope_of_the_plain_formula(name: str) -> None:
    f, h = REFERENCE[name], 1e-5
    expected = [(f(z + h) - f(z - h)) / (2 * h) for z in AWAY_FROM_ZERO.tolist()]
    found = ie.ACTIVATIONS[name].derivative(AWAY_FROM_ZERO)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=2e-10)


@every_activation
def test_derivative_at_zero_is_the_slope_of_the_left_side(name: str) -> None:
    f, h = REFERENCE[name], 1e-7
    found = float(ie.ACTIVATIONS[name].derivative(0.0))
    assert found == pytest.approx((f(0.0) - f(-h)) / h, abs=1e-6)


@every_activation
def test_odd_says_whether_the_function_is_odd(name: str) -> None:
    activation = ie.ACTIVATIONS[name]
    unevenness = np.abs(activation(AWAY_FROM_ZERO) + activation(-AWAY_FROM_ZERO)).max()
    assert activation.odd == (unevenness < 1e-14)


@every_activation
def test_value_never_falls_and_derivative_is_never_negative(name: str) -> None:
    # what lets the derivative be a function of the value
    z = np.linspace(-50, 50, 5001)
    assert (np.diff(ie.ACTIVATIONS[name](z)) >= 0).all()
    assert (ie.ACTIVATIONS[name].derivative(z) >= 0).all()


@every_activation
def test_linear_region_is_where_the_derivative_is_half_of_its_largest(name: str) -> None:
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
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_give_finite_values(name: str, dtype: type[np.floating]) -> None:
    largest = np.finfo(dtype).max / 2
    z = np.clip(np.array(EXTREMES), -largest, largest).astype(dtype)
    activation = ie.ACTIVATIONS[name]
    # `value` and `slope` are what the passes of a network call: they warn of nothing themselves
    for found in (activation(z), activation.value(z), activation.slope(activation.value(z))):
        assert np.isfinite(found).all()
        assert found.dtype == dtype


@every_activation
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 0), (2, 3, 4)])
def test_shapes_and_dtypes_are_kept(name: str, shape: tuple[int, ...]) -> None:
    activation = ie.ACTIVATIONS[name]
    for dtype in (np.float32, np.float64):
        z = np.full(shape, 0.5, dtype=dtype)
        for found in (activation(z), activation.derivative(z)):
            assert found.shape == shape
            assert found.dtype == dtype
    assert activation(np.ones(shape, dtype=int)).dtype == np.float64


@every_activation
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_an_input_that_is_not_finite_is_refused(name: str, bad: float) -> None:
    for call in (ie.ACTIVATIONS[name], ie.ACTIVATIONS[name].derivative):
        with pytest.raises(ValueError, match=r"preactivations: .* at index \(1,\)"):
            call([0.0, bad])


@pytest.mark.parametrize("name", [*ie.ACTIVATIONS, "sigmoid"])
def test_an_activation_is_found_by_its_names_and_passes_through(name: str) -> None:
    found = find_activation(name)
    assert found is ie.ACTIVATIONS["logistic" if name == "sigmoid" else name]
    assert find_activation(found) is found


def test_an_unknown_name_lists_the_known_ones_and_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"unknown activation 'lecun_tahn'.*'lecun_tanh'") as info:
        find_activation("lecun_tahn")
    assert str(info.value).endswith(", ".join([*ie.ACTIVATIONS, "sigmoid"]))


def test_lecun_tanh_constants() -> None:
    # LeCun et al. (1998), section 4.4, with its constants as printed
    lecun = ie.ACTIVATIONS["lecun_tanh"]
    assert float(lecun(1.0)) - 1 == pytest.approx(-2.74e-6, abs=0.005e-6)
    assert float(lecun(-1.0)) == -float(lecun(1.0))
    assert float(lecun.derivative(0.0)) == pytest.approx(1.1439, abs=5e-5)
    z, h = np.linspace(0.5, 1.5, 100_001), 1e-4
    curvature = np.abs(lecun.derivative(z + h) - lecun.derivative(z - h)) / (2 * h)
    assert z[curvature.argmax()] == pytest.approx(0.98772, abs=2e-5)


MOMENTS = [
    # E f(z) and E f(z)^2 for z ~ N(0, 1), and how far they may be off
    ("identity", 0.0, 1.0, 1e-12),
    ("lecun_tanh", 0.0, 0.7504, 5e-5),
    ("relu", 1 / math.sqrt(2 * math.pi), 0.5, 1e-6),
    ("leaky_relu", 0.99 / math.sqrt(2 * math.pi), (1 + 0.01**2) / 2, 1e-6),
    # SELU keeps mean 0 and variance 1; the trapezoid rule errs by 2e-8 at the kink
    ("selu", 0.0, 1.0, 1e-6),
]


@pytest.mark.parametrize(("name", "mean", "square", "error"), MOMENTS)
def test_moments_under_a_standard_normal(
    name: str, mean: float, square: float, error: float
) -> None:
    z = np.linspace(-12.0, 12.0, 24_001)
    weight = np.exp(-z * z / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    f = ie.ACTIVATIONS[name](z)
    assert (weight @ f, weight @ f**2) == pytest.approx((mean, square), abs=error)


@every_activation
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["value", "slope"])
def test_values_and_slopes_are_arrays_of_their_own(
    name: str, kind: str, dtype: type[np.floating]
) -> None:
    x = np.linspace(-1, 1, 41).reshape(1, 41).astype(dtype)
    kept = x.copy()
    found = getattr(ie.ACTIVATIONS[name], kind)(x)
    found += 1.0
    np.testing.assert_array_equal(x, kept)
