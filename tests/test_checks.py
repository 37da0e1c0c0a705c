"""Checks of arguments: what passes, what is refused, and what the message says."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from initexplain.checks import count, float_array, fraction, lookup, not_negative, positive

pytestmark = pytest.mark.filterwarnings("error")

TABLE = {"relu": 1, "tanh": 2, "identity": 3}


def test_lookup_returns_the_entry() -> None:
    assert lookup(TABLE, "tanh", "activation") == 2


@pytest.mark.parametrize("name", ["tahn", "TANH", "", "gelu", None, 3, ["tanh"], {"tanh": 1}])
def test_lookup_of_an_unknown_name_lists_the_known_ones(name: Any) -> None:
    with pytest.raises(
        ValueError, match=r"unknown activation .*known: relu, tanh, identity"
    ) as info:
        lookup(TABLE, name, "activation")
    assert repr(name) in str(info.value)


@pytest.mark.parametrize(
    ("name", "nearest"), [("tahn", "tanh"), ("rellu", "relu"), ("ident", "identity")]
)
def test_lookup_suggests_the_nearest_name(name: str, nearest: str) -> None:
    with pytest.raises(ValueError, match=f"did you mean '{nearest}'"):
        lookup(TABLE, name, "activation")


def test_lookup_of_a_far_name_suggests_nothing() -> None:
    with pytest.raises(ValueError, match="unknown") as info:
        lookup(TABLE, "zzz", "activation")
    assert "did you mean" not in str(info.value)


KEPT = [
    (np.float32, np.float32),
    (np.float64, np.float64),
    (np.float16, np.float64),
    (np.int8, np.float64),
    (np.int64, np.float64),
    (np.uint16, np.float64),
    (np.bool_, np.float64),
    (np.longdouble, np.float64),
    (np.dtype(">f8"), np.float64),
]


@pytest.mark.parametrize(("given", "kept"), KEPT)
def test_float_array_keeps_single_precision_and_makes_the_rest_double(
    given: Any, kept: Any
) -> None:
    array = float_array(np.array([[1, 0], [0, 1]], dtype=given), "inputs")
    assert array.dtype == kept
    assert array.dtype.isnative
    assert array.tolist() == [[1.0, 0.0], [0.0, 1.0]]


@pytest.mark.parametrize("values", [3, 2.5, True, [], [[]], [[1, 2.5]], np.zeros((0, 4))])
def test_float_array_takes_every_rectangular_shape(values: Any) -> None:
    assert float_array(values, "inputs").shape == np.shape(values)


NOT_FINITE = [
    ([[0.0, math.nan], [math.inf, 0.0]], "nan at index (0, 1)"),
    ([[0.0, 1.0], [math.inf, 0.0]], "inf at index (1, 0)"),
    ([-math.inf], "-inf at index (0,)"),
    (math.nan, "nan at index ()"),
    (np.array([1.0, np.inf], dtype=np.float32), "inf at index (1,)"),
]


@pytest.mark.parametrize(("values", "where"), NOT_FINITE)
def test_float_array_says_where_a_value_is_not_finite(values: Any, where: str) -> None:
    with pytest.raises(ValueError, match="every value must be finite") as info:
        float_array(values, "inputs")
    assert str(info.value).startswith(f"inputs: {where};")


def test_float_array_refuses_a_value_beyond_double_precision_without_a_warning() -> None:
    if np.finfo(np.longdouble).max <= np.finfo(np.float64).max:
        pytest.skip("this platform's longdouble is a double")
    with pytest.raises(ValueError, match=r"inf at index \(0,\)"):
        float_array(np.array([np.longdouble("1e400")]), "inputs")


NOT_REAL = [
    [1 + 2j],
    np.zeros(2, dtype=np.complex64),
    ["1.0"],
    [None],
    None,
    "text",
    {"a": 1},
    ...,
    [10**400],
    np.array(["2020-01-01"], dtype="datetime64[D]"),
]


@pytest.mark.parametrize("values", NOT_REAL, ids=repr)
def test_float_array_refuses_what_is_not_a_real_number(values: Any) -> None:
    with pytest.raises(ValueError, match="targets: expected real numbers, found dtype"):
        float_array(values, "targets")


def test_float_array_does_not_uncover_masked_entries() -> None:
    hidden = np.ma.array([1.0, -999.0], mask=[False, True])
    with pytest.raises(ValueError, match="targets: masked entries"):
        float_array(hidden, "targets")
    np.testing.assert_array_equal(float_array(hidden[:1], "targets"), [1.0])


@pytest.mark.parametrize("values", [[[1.0, 2.0], [3.0]], [1.0, [2.0]], [[1.0], 2.0]])
def test_float_array_refuses_ragged_lists(values: Any) -> None:
    with pytest.raises(ValueError, match=r"^targets: not a rectangular array"):
        float_array(values, "targets")


NUMBERS: list[Any] = [1, 0.5, 5e-324, 1.7e308, np.float32(0.5), np.int64(3), Fraction(1, 3)]
NOT_NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, -1, -5e-324, np.float64(-1.0), 10**400]
WRONG_TYPES: list[Any] = ["0.1", None, [0.1], np.array([0.1, 0.2]), 1j, {}]


@pytest.mark.parametrize("check", [positive, not_negative])
@pytest.mark.parametrize("value", NUMBERS, ids=repr)
def test_numbers_in_range_become_python_floats(check: Any, value: Any) -> None:
    # a numpy scalar would lift float32 arithmetic to float64
    found = check(value, "rate")
    assert type(found) is float
    assert found == float(value)


@pytest.mark.parametrize("check", [positive, not_negative])
@pytest.mark.parametrize("value", NOT_NUMBERS + WRONG_TYPES, ids=repr)
def test_numbers_out_of_range_are_refused_by_name(check: Any, value: Any) -> None:
    with pytest.raises(ValueError, match=r"^rate must be a finite number") as info:
        check(value, "rate")
    assert repr(value) in str(info.value)


def test_zero_is_not_negative_but_not_positive() -> None:
    assert not_negative(0, "rate") == 0.0
    with pytest.raises(ValueError, match="rate must be a finite number above 0, found 0"):
        positive(0, "rate")


@pytest.mark.parametrize("value", [1, 7, np.int64(1), np.uint8(7)])
def test_count_takes_whole_numbers(value: Any) -> None:
    found = count(value, "size")
    assert type(found) is int
    assert found == int(value)


@pytest.mark.parametrize("value", [0, -1, True, np.True_, 1.0, 2.5, "3", None, [1], np.array([1])])
def test_count_refuses_the_rest(value: Any) -> None:
    with pytest.raises(ValueError, match=r"^size must be a whole number of at least 1, found"):
        count(value, "size")


def test_count_takes_another_least_value() -> None:
    assert count(0, "steps", least=0) == 0
    with pytest.raises(ValueError, match="steps must be a whole number of at least 2, found 1"):
        count(1, "steps", least=2)


@pytest.mark.parametrize("value", [0, 0.0, 0.5, np.float32(0.25)])
def test_fraction_takes_what_lies_below_one(value: Any) -> None:
    found = fraction(value, "beta")
    assert found == value
    assert type(found) is float


@pytest.mark.parametrize("value", [1, 1.5, -0.1, math.nan, math.inf, "0.5", None])
def test_fraction_refuses_the_rest(value: Any) -> None:
    with pytest.raises(ValueError, match="beta must be at least 0 and below 1"):
        fraction(value, "beta")
