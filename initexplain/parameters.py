"""Parameters as they are given to a network: their shapes, and the type that they share."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import DTypeLike

from initexplain.checks import Array, check_shape
from initexplain.passes import Arrays


def check_list(values: object, name: str) -> None:
    """Refuses what is no list of arrays: a model, or a mapping of parameters."""
    model = hasattr(values, "state_dict") or not hasattr(values, "__len__")
    if model or isinstance(values, Mapping):
        raise TypeError(
            f"{name}: expected one array per layer, [W1, W2, ...], found {type(values).__name__}; "
            "`initexplain.check` takes models and mappings of parameters as they are"
        )


def locked(arrays: Arrays, dtype: DTypeLike | None = None) -> tuple[Array, ...]:
    """Read-only copies in C order, since products round by the order in memory."""
    copies = tuple(np.array(a, dtype, order="C") for a in arrays)
    for array in copies:
        array.flags.writeable = False
    return copies


def check_layers(weights: Arrays, biases: Sequence[Array | None]) -> None:
    """Refuses layers that do not fit each other, and names those that fit transposed."""
    try:
        _check_rows(weights, biases)
    except ValueError as error:
        try:
            _check_rows([w.mT for w in weights], biases)
        except ValueError:
            raise error from None
        raise ValueError(
            f"{error}; these fit as (fan_in, fan_out), the order of Keras, Flax and scikit-learn: "
            "pass the transpose, `kernel.T`, of each"
        ) from None


def _check_rows(weights: Arrays, biases: Sequence[Array | None]) -> None:
    expected: tuple[str | int, ...] = (*weights[0].shape[:-2], "fan_out", "fan_in")
    above = "as the first layer"
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True), 1):
        check_sizes(w, f"weights of layer {layer}", expected, above)
        if b is not None:
            place = f"for weights of shape {w.shape}"
            check_sizes(b, f"biases of layer {layer}", w.shape[:-1], place)
        expected = (*w.shape[:-2], "fan_out", w.shape[-2])
        above = f"above layer {layer} of shape {w.shape}"


def check_sizes(array: Array, name: str, expected: tuple[str | int, ...], place: str) -> None:
    """Refuses another shape than expected; a word stands for any size."""
    same = [isinstance(e, str) or e == n for e, n in zip(expected, array.shape, strict=False)]
    fits = array.ndim == len(expected) and all(same) and 0 not in array.shape
    shape = str(expected).replace("'", "")
    check_shape(array, name, f"{shape} {place}, every axis 1 or more", fits=fits)
