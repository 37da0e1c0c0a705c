"""Checks of arguments that every floor shares, and the array type they speak of."""

import difflib
import math
from collections.abc import Mapping
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]

_Entry = TypeVar("_Entry")


def lookup(table: Mapping[str, _Entry], name: str, kind: str) -> _Entry:
    """The entry of `table` under `name`; an unknown name lists the known ones.

    Args:
        table: the entries by name.
        name: the name asked for.
        kind: what the entries are ("activation", "loss"), for the message.

    Raises:
        ValueError: `name` is not in the table.

    Examples:
        >>> lookup({"relu": 1, "tanh": 2}, "tahn", "activation")
        Traceback (most recent call last):
        ...
        ValueError: unknown activation 'tahn': did you mean 'tanh'? known: relu, tanh
    """
    if isinstance(name, str) and name in table:
        return table[name]
    nearest = difflib.get_close_matches(str(name), table, n=1)
    hint = f" did you mean {nearest[0]!r}?" if nearest else ""
    raise ValueError(f"unknown {kind} {name!r}:{hint} known: {', '.join(table)}")


def float_array(values: ArrayLike, name: str) -> Array:
    """`values` as a finite float array: float32 stays, everything else becomes float64.

    Args:
        values: real numbers, of any shape.
        name: what they are, for the message.

    Raises:
        ValueError: a value is not a real number, is masked, or is NaN or infinite; for these
            the message gives the index of the first such value.

    Examples:
        >>> float_array([1, 2], "inputs").dtype
        dtype('float64')
        >>> float_array([[0.0, np.nan]], "inputs")
        Traceback (most recent call last):
        ...
        ValueError: inputs: nan at index (0, 1); every value must be finite
    """
    if isinstance(values, np.ma.MaskedArray) and np.ma.is_masked(values):
        raise ValueError(f"{name}: masked entries; every value must be finite")
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{name}: not a rectangular array ({error})") from None
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name}: expected real numbers, found dtype {array.dtype}")
    kept = array.dtype if array.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    with np.errstate(over="ignore", under="ignore"):  # what overflows is refused below, as infinite
        array = array.astype(kept, copy=False)
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{name}: {array[where]} at index {where}; every value must be finite")
    return array


def no_overflow(values: ArrayLike, name: str) -> None:
    """Refuses a result that left the finite numbers.

    Args:
        values: what was computed, of any shape.
        name: what it is, for the message.

    Raises:
        FloatingPointError: a value is NaN or infinite.

    Examples:
        >>> no_overflow([1.0, np.inf], "loss")
        Traceback (most recent call last):
        ...
        FloatingPointError: loss: overflow, a value is not finite
    """
    if not np.isfinite(values).all():
        raise FloatingPointError(f"{name}: overflow, a value is not finite")


def finite(value: float, name: str) -> float:
    """`value` as a float, if it is a finite number.

    Raises:
        ValueError: it is not.
    """
    if not _is_finite(value):
        raise ValueError(f"{name} must be finite, found {value!r}")
    return float(value)


def positive(value: float, name: str) -> float:
    """`value` as a float, if it is a finite number above zero.

    Raises:
        ValueError: it is not.
    """
    if not (_is_finite(value) and value > 0):
        raise ValueError(f"{name} must be a finite number above 0, found {value!r}")
    return float(value)


def not_negative(value: float, name: str) -> float:
    """`value` as a float, if it is a finite number of zero or more.

    Raises:
        ValueError: it is not.
    """
    if not (_is_finite(value) and value >= 0):
        raise ValueError(f"{name} must be a finite number, 0 or more, found {value!r}")
    return float(value)


def fraction(value: float, name: str) -> float:
    """`value` as a float, if it is a number of at least 0 and below 1.

    Raises:
        ValueError: it is not.
    """
    if not (isinstance(value, Real) and 0 <= value < 1):
        raise ValueError(f"{name} must be at least 0 and below 1, found {value!r}")
    return float(value)


def count(value: int, name: str, *, least: int = 1) -> int:
    """`value` as an int, if it is a whole number of at least `least`.

    Raises:
        ValueError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, found {value!r}")
    return int(value)


def _is_finite(value: object) -> bool:
    try:
        return isinstance(value, Real) and math.isfinite(value)
    except OverflowError:  # a whole number beyond the floats
        return False
