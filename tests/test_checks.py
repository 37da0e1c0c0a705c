"""Checks of arguments: what passes, what is refused, and what the message says."""

import math
from fractions import Fraction

import numpy as np
import pytest
from ml_dtypes import bfloat16

from initexplain import checks
from initexplain.checks import check_shape, count, float_array, lookup, no_overflow

TABLE = {"relu": 1, "tanh": 2, "identity": 3}


def refusal(check, *arguments, **options):
    """What the message says."""
    with pytest.raises(ValueError, match=r"\S") as info:
        check(*arguments, **options)
    return str(info.value)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("tahn", " did you mean 'tanh'?"),
        ("rellu", " did you mean 'relu'?"),
        ("ident", " did you mean 'identity'?"),
        ("TANH", " did you mean 'tanh'?"),
        ("Identity", " did you mean 'identity'?"),
        *((name, "") for name in ("zzz", "", None, 3, {"tanh": 1}, np.tanh)),
    ],
    ids=str,
)
def test_lookup_returns_the_entry_or_lists_the_known_names(name, hint):
    assert lookup(TABLE, "tanh", "activation") == 2
    message = f"unknown activation {name!r}:{hint} known: relu, tanh, identity"
    assert refusal(lookup, TABLE, name, "activation") == message


KEPT = [
    *((t, np.float32) for t in (np.float32, np.float16, bfloat16)),
    *((t, np.float64) for t in (np.float64, np.int8, np.int64, np.uint16, np.bool_)),
    (np.longdouble, np.float64),
    (np.dtype(">f8"), np.float64),
]


@pytest.mark.parametrize(("given", "kept"), KEPT)
def test_float_array_keeps_to_single_precision_or_makes_the_rest_double(given, kept):
    array = float_array(np.array([[1, 0], [0, 1]], dtype=given), "inputs")
    assert array.dtype == kept
    assert array.dtype.isnative
    assert array.tolist() == [[1.0, 0.0], [0.0, 1.0]]


MASKED = np.ma.array([1.0, -999.0], mask=[False, True])
ARRAYS = [3, 2.5, True, [], [[]], [[1, 2.5]], np.zeros((0, 4)), MASKED[:1]]


@pytest.mark.parametrize("values", ARRAYS, ids=str)
def test_float_array_takes_every_rectangular_shape(values):
    array = float_array(values, "inputs")
    assert array.shape == np.shape(values)
    assert array.tolist() == np.asarray(values).tolist()


FINITE = "every value must be finite"
NO_ARRAYS = [
    ([[0.0, math.nan], [math.inf, 0.0]], f"nan at index (0, 1); {FINITE}"),
    ([[0.0, 1.0], [math.inf, 0.0]], f"inf at index (1, 0); {FINITE}"),
    ([-math.inf], f"-inf at index (0,); {FINITE}"),
    (math.nan, f"nan at index (); {FINITE}"),
    (np.array([1.0, np.inf], dtype=np.float32), f"inf at index (1,); {FINITE}"),
    (MASKED, f"masked entries; {FINITE}"),
    *((v, "expected real numbers, found dtype complex") for v in ([1 + 2j], np.complex64(1))),
    (["1.0"], "expected real numbers, found dtype <U3"),
    *((v, "expected real numbers, found dtype object") for v in ([None], {"a": 1}, [10**400])),
    (np.array(["2020-01-01"], dtype="M8[D]"), "expected real numbers, found dtype datetime64[D]"),
    ([[1.0, 2.0], [3.0]], "not a rectangular array"),
    ([1.0, [2.0]], "not a rectangular array"),
]
if np.finfo(np.longdouble).max > np.finfo(np.float64).max:
    NO_ARRAYS.append((np.array([np.longdouble("1e400")]), f"inf at index (0,); {FINITE}"))


@pytest.mark.parametrize(("values", "message"), NO_ARRAYS)
def test_float_array_says_what_it_refuses(values, message):
    assert refusal(float_array, values, "targets").startswith(f"targets: {message}")


def test_what_fits_and_stays_finite_passes():
    check_shape(np.zeros((2, 3)), "inputs", (2, 3), fits=True)
    no_overflow([[1.7e308], [0.0]], "loss")


SMALL = [0.5, 5e-324, np.float32(0.5), Fraction(1, 3)]
LARGE = [1, 1.7e308, np.int64(3)]
BELOW = [-1, -5e-324, np.float64(-1.0)]
NO_NUMBERS = [math.nan, math.inf, -math.inf, "0.1", None, [0.1], np.array([0.1, 0.2]), 1j, {}]
# a check, what it says, what passes and what is refused beside what is no finite number
NUMBERS = [
    (checks.finite, "finite", [0, *SMALL, *LARGE, *BELOW], []),
    (checks.positive, "a finite number above 0", [*SMALL, *LARGE], [0, *BELOW]),
    (checks.not_negative, "a finite number, 0 or more", [0, *SMALL, *LARGE], BELOW),
    (checks.fraction, "at least 0 and below 1", [0, *SMALL], [*LARGE, *BELOW]),
]


@pytest.mark.parametrize(("check", "expected", "passing", "refused"), NUMBERS)
def test_numbers_in_range_become_python_floats_and_others_are_refused(
    check, expected, passing, refused
):
    for value in passing:
        number = check(value, "rate")
        assert (type(number), number) == (float, float(value))  # no scalar that lifts float32
    for value in [*refused, *NO_NUMBERS]:
        assert refusal(check, value, "rate") == f"rate must be {expected}, found {value!r}"


def test_count_takes_whole_numbers_from_the_least_on():
    for value, least in ((1, 1), (7, 2), (np.int64(1), 1), (np.uint8(7), 1), (0, 0), (2**60, 1)):
        number = count(value, "size", least=least)
        assert (type(number), number) == (int, value)
    for value in (1, 0, -1, True, np.True_, 2.0, 2.5, "3", None, [2]):
        message = f"size must be a whole number of at least 2, found {value!r}"
        assert refusal(count, value, "size", least=2) == message
    assert refusal(count, 0, "size").startswith("size must be a whole number of at least 1")
