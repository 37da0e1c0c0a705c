"""Checks of arguments that every floor shares, and the array type they speak of.

A check returns the argument in the type that computation wants, or raises `ValueError` with a
message that starts with its name and ends with what was found.
"""

import difflib
import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]

READ_AS = {"bfloat16": "float32", "float16": "float32", "float32": "float32", "float64": "float64"}
"""The type that computes with numbers of another one, the coarsest first."""

_Entry = TypeVar("_Entry")


def lookup(table: Mapping[str, _Entry], name: str, kind: str) -> _Entry:
    """The entry of `table`, whose entries are of this `kind`; an unknown name lists those known.

    Examples:
        >>> lookup({"relu": 1, "tanh": 2}, "tahn", "activation")
        Traceback (most recent call last):
        ...
        ValueError: unknown activation 'tahn': did you mean 'tanh'? known: relu, tanh
    """
    if isinstance(name, str) and name in table:
        return table[name]
    nearest = difflib.get_close_matches(str(name).lower(), table, n=1)
    hint = f" did you mean {nearest[0]!r}?" if nearest else ""
    if (factory := getattr(name, "__name__", "")) and table.get(factory) is name:
        hint = f" call it, `{factory}()`;"
    raise ValueError(f"unknown {kind} {name!r}:{hint} known: {', '.join(table)}")


def float_array(values: ArrayLike, name: str) -> Array:
    """`values` as a finite float array: float32, and what is coarser, as float32, else float64.

    Refused are values that are not real numbers, masked entries, ragged lists, and NaN or infinity,
    where the message gives the index of the first.

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
    kept = READ_AS.get(array.dtype.name, "float64")
    # numpy calls bfloat16, which is another package's, by no kind of its own
    if array.dtype.kind not in "fiub" and array.dtype.name not in READ_AS:
        raise ValueError(f"{name}: expected real numbers, found dtype {array.dtype}")
    with np.errstate(over="ignore", under="ignore"):  # what overflows is refused below, as infinite
        array = array.astype(kept, copy=False)
    finite = np.isfinite(array)
    if not finite.all():
        where = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(f"{name}: {array[where]} at index {where}; every value must be finite")
    return array


def float_type(values: ArrayLike | None) -> str | None:
    """The type in which an array comes, a key of `READ_AS`; None for lists and whole numbers.

    Examples:
        >>> float_type(np.ones(2, np.float16)), float_type([1.0, 2.0])
        ('float16', None)
    """
    name = np.asarray(values).dtype.name if hasattr(values, "__array__") else ""
    return name if name in READ_AS else None


def check_shape(array: Array, name: str, expected: object, *, fits: bool) -> None:
    """Refuses an array whose shape does not fit; `expected` is a shape, or says what it is.

    Examples:
        >>> check_shape(np.zeros(3), "scales", "(scales, 1)", fits=False)
        Traceback (most recent call last):
        ...
        ValueError: scales: expected shape (scales, 1), found (3,)
    """
    if not fits:
        raise ValueError(f"{name}: expected shape {expected}, found {array.shape}")


def generator(rng: object) -> None:
    """Refuses what is no source of randomness: a seed, or None.

    Examples:
        >>> generator(0)
        Traceback (most recent call last):
        ...
        TypeError: rng: expected a numpy.random.Generator, as default_rng(0) makes one, found 0
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng: expected a numpy.random.Generator, as default_rng(0) makes one, found {rng!r}"
        )


def no_overflow(values: ArrayLike, name: str) -> None:
    """Refuses a result that left the finite numbers, with a `FloatingPointError`.

    Examples:
        >>> no_overflow([1.0, np.inf], "loss")
        Traceback (most recent call last):
        ...
        FloatingPointError: loss: overflow, a value is not finite
    """
    if not np.isfinite(values).all():
        raise FloatingPointError(f"{name}: overflow, a value is not finite")


def finite(value: float, name: str) -> float:
    """`value` as a float, if it is a finite number."""
    return _number(value, name, "finite", lambda _: True)


def positive(value: float, name: str) -> float:
    """`value` as a float, if it is a finite number above zero."""
    return _number(value, name, "a finite number above 0", lambda x: x > 0)


def not_negative(value: float, name: str) -> float:
    """`value` as a float, if it is a finite number of zero or more."""
    return _number(value, name, "a finite number, 0 or more", lambda x: x >= 0)


def fraction(value: float, name: str) -> float:
    """`value` as a float, if it is a number of at least 0 and below 1."""
    return _number(value, name, "at least 0 and below 1", lambda x: 0 <= x < 1)


def count(value: int, name: str, *, least: int = 1) -> int:
    """`value` as an int, if it is a whole number of at least `least`."""
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, found {value!r}")
    return int(value)


def _number(value: float, name: str, expected: str, fits: Callable[[float], bool]) -> float:
    if not (isinstance(value, Real) and math.isfinite(value) and fits(value)):
        raise ValueError(f"{name} must be {expected}, found {value!r}")
    return float(value)
