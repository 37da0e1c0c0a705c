"""Losses on a network's outputs: the value, and the error that backpropagation starts from."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.activations import ACTIVATIONS
from initexplain.checks import Array, check_shape, float_array, lookup


@dataclass(frozen=True)
class Loss:
    """A loss averaged over examples, of outputs and targets `(..., examples, outputs)`.

    Attributes:
        name: its key in [`LOSSES`][initexplain.losses.LOSSES].
        evaluate: `(outputs, targets) -> (loss, error)`: the loss, of shape `(...)`, and its
            derivative by the outputs, of the outputs' shape.
        check_targets: raises `ValueError` for targets that the loss is not defined for.
        mirror: every output is scored alike and by itself, and outputs `-o` have for targets
            `2 mirror - y` the opposite error of `o` for `y`. None where that is not so.
        shift_invariant: every output is scored alike, and a number that is added to all outputs of
            an example changes nothing.
    """

    name: str
    evaluate: Callable[[Array, Array], tuple[Array, Array]]
    check_targets: Callable[[Array], None]
    mirror: float | None = None
    shift_invariant: bool = False


def _squared_error(outputs: Array, targets: Array) -> tuple[Array, Array]:
    error = outputs - targets
    examples = outputs.shape[-2]
    return 0.5 * (error * error).sum(axis=(-1, -2)) / examples, error / examples


def _logistic(logits: Array, targets: Array) -> tuple[Array, Array]:
    examples = logits.shape[-2]
    # log(1 + exp(z)) - y z, without overflow
    losses = np.maximum(logits, 0.0) + np.log1p(np.exp(-np.abs(logits))) - targets * logits
    probabilities = ACTIVATIONS["logistic"].value(logits)
    return losses.sum(axis=(-1, -2)) / examples, (probabilities - targets) / examples


def _softmax_cross_entropy(logits: Array, targets: Array) -> tuple[Array, Array]:
    examples = logits.shape[-2]
    shifted = logits - logits.max(axis=-1, keepdims=True)
    exponentials = np.exp(shifted)
    total = exponentials.sum(axis=-1, keepdims=True)
    losses = np.log(total[..., 0]) - (targets * shifted).sum(axis=-1)
    return losses.sum(axis=-1) / examples, (exponentials / total - targets) / examples


def _any_targets(targets: Array) -> None:
    """Squared error takes every finite target."""


def _probabilities(targets: Array) -> None:
    if ((targets < 0) | (targets > 1)).any():
        raise ValueError("logistic loss: targets must lie between 0 and 1")


def _distributions(targets: Array) -> None:
    if (targets < 0).any() or not np.allclose(targets.sum(axis=-1), 1.0, atol=1e-5):
        raise ValueError(
            "softmax_cross_entropy: each row of the targets must be a distribution over the "
            "outputs (one-hot, for instance): 0 or more, with sum 1"
        )


LOSSES: dict[str, Loss] = {
    loss.name: loss
    for loss in (
        Loss("squared_error", _squared_error, _any_targets, mirror=0.0),
        Loss("logistic", _logistic, _probabilities, mirror=0.5),
        Loss("softmax_cross_entropy", _softmax_cross_entropy, _distributions, shift_invariant=True),
    )
}
"""Every loss of the package, by name. `"squared_error"` is half the squared error, summed over
outputs, averaged over examples; the other two take logits."""


def find_loss(loss: str | Loss) -> Loss:
    """The loss of that name; a `Loss` is returned as it is.

    Examples:
        >>> value, error = find_loss("squared_error").evaluate(np.array([[3.0]]), np.array([[1.0]]))
        >>> float(value), error.tolist()
        (2.0, [[2.0]])
    """
    if isinstance(loss, Loss):
        return loss
    return lookup(LOSSES, loss, "loss")


def best_constant_loss(targets: ArrayLike, *, loss: str | Loss = "squared_error") -> float:
    """The loss of the best output that ignores its input.

    A network that learns nothing but its output bias ends there. With squared error that output is
    the mean of the targets; with the others it stands for the share of each class, and the loss is
    the entropy of the shares.
    Targets `(examples, outputs)` that are not finite, or not of that shape, raise `ValueError`, and
    so do a loss that is not in [`LOSSES`][initexplain.losses.LOSSES] and targets that it refuses.

    Examples:
        >>> best_constant_loss([[1.0], [3.0]])
        0.5

        Of two classes that are as frequent, the entropy is the logarithm of two:

        >>> round(best_constant_loss([[0.0], [1.0]], loss="logistic"), 4)
        0.6931
    """
    criterion = find_loss(loss)
    array = float_array(targets, "targets")
    fits = array.ndim == 2 and array.size > 0
    check_shape(array, "targets", "(examples, outputs)", fits=fits)
    criterion.check_targets(array)
    mean = array.mean(axis=0)
    if criterion.name == "squared_error":
        return float(0.5 * array.var(axis=0).sum())
    lookup(LOSSES, criterion.name, "loss")
    return _entropy(mean) + (_entropy(1 - mean) if criterion.name == "logistic" else 0.0)


def _entropy(shares: Array) -> float:
    return float(-(shares * np.log(np.where(shares > 0, shares, 1.0))).sum())
