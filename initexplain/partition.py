"""The coarsest equitable partition of the units of layers, with signs, by refinement.

What it is, and why its classes stay redundant, is said in [`symmetry`][initexplain.symmetry]. Here
are the arrays and the procedure: sums over the classes of one layer split those of the next and of
the one before, until nothing changes.

Source: Paige and Tarjan, *Three partition refinement algorithms* (1987).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initexplain.checks import Array

Labels = NDArray[np.int64]
"""Classes of the units of a layer, `(units,)`, numbered by first appearance: `[0, 0, 1, 0]`."""

Signs = NDArray[np.int64]
"""+1, -1 or 0 for each unit of a layer, `(units,)`."""

SignedClasses = tuple[Labels, Signs]
"""The class of each unit of a layer, up to sign, and its sign there."""


@dataclass(frozen=True)
class Layer:
    """The parameters of a layer, and what counts as equal among them.

    Attributes:
        weights: `(fan_out, fan_in)`.
        biases: `(fan_out,)`.
        largest: the size to which tolerances are relative.
        tolerance: sums of `n` weights are equal that differ by `tolerance sqrt(n) largest` at most.
        bias_tolerance: biases are equal that differ by at most this times `largest`, or times the
            larger one.
        odd: whether units may be mirrored.
    """

    weights: Array
    biases: Array
    largest: float
    tolerance: float
    bias_tolerance: float
    odd: bool


@np.errstate(under="ignore")  # what vanishes against larger numbers does not change the classes
def coarsest_partition(
    layers: Sequence[Layer], start: Sequence[SignedClasses]
) -> list[SignedClasses]:
    """The coarsest equitable partition that refines `start`, for inputs and every layer.

    Mirrored units share a class; where `start` has the sign 0, a unit is silent until a value that
    is not 0 reaches it. The labels have no holes, and no particular order.
    """
    classes = list(start)
    for at, layer in enumerate(layers, 1):
        ranks = _bias_ranks(layer)
        classes[at] = refined(classes[at], ranks[None], np.zeros(1), odd=layer.odd)
    steps = range(len(layers))
    # the sums over classes of one layer split those of the next, or of the one before
    edges = [(i, i + 1) for i in steps] + [(i + 1, i) for i in reversed(steps) if i]
    seen = dict.fromkeys(edges, 0)
    while stale := [edge for edge in edges if seen[edge] < _fineness(*classes[edge[0]])]:
        for source, target in stale:
            seen[source, target] = _fineness(*classes[source])
            odd = layers[target - 1].odd
            for sums, gaps in _class_sums(layers, source, target, classes[source]):
                if _fineness(*classes[target]) == 2 * len(classes[target][0]):
                    break  # every unit is alone, and none silent
                classes[target] = refined(classes[target], sums, gaps, odd=odd)
    return classes


def refined(classes: SignedClasses, values: Array, gaps: Array, *, odd: bool) -> SignedClasses:
    """The classes of a layer, split until they agree on the values, `(values, units)`, as well.

    Values count as equal up to their gaps, `(values,)`. A silent unit that has a value other than 0
    leaves the silent ones.
    """
    labels, signs = classes
    silent = np.flatnonzero(signs == 0)
    heard = np.abs(values[:, silent]) > gaps[:, None]
    if heard.any():
        # mirrored ones have opposite values, so the first one that is not 0 is made positive
        sign = np.sign(values[heard.argmax(axis=0), silent]) if odd else 1
        signs = signs.copy()
        signs[silent] = heard.any(axis=0) * sign
    return split(labels, values * signs, gaps), signs


def split(labels: Labels, values: Array, gaps: Array) -> Labels:
    """Splits classes wherever, in sorted order, a value jumps by more than its gap.

    Labels are `(members,)` and have no holes, values `(n, members)`, gaps `(n,)`. Members stay
    together if none of their `n` values separates them.
    """
    classes = 0
    # again after a split, since to split by one value can open a gap in another
    while labels.max() >= classes:
        classes = int(labels.max()) + 1
        some_member = np.empty(classes, dtype=np.int64)
        some_member[labels] = np.arange(len(labels))
        far = np.abs(values - values[:, some_member[labels]]) > gaps[:, None]
        for i in np.flatnonzero(far.any(axis=1)):
            if labels.max() + 1 < len(labels):
                order = np.lexsort((values[i], labels))
                starts = np.diff(labels[order], prepend=-1) > 0
                jumps = np.diff(values[i][order], prepend=0) > gaps[i]
                labels = np.cumsum(starts | jumps)[np.argsort(order)] - 1
    return labels


def by_first_appearance(labels: Labels) -> Labels:
    """The same classes, numbered by first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def largest_of(array: Array) -> float:
    """The largest absolute value, found without a copy of the array."""
    return float(max(array.max(), -array.min()))


def power_to_one(size: float) -> float:
    """The power of two that brings a size to about one; never so small that it loses digits."""
    return float(np.ldexp(1.0, -np.clip(np.frexp(size)[1], -1000, 1000)))


def _fineness(labels: Labels, signs: Signs) -> int:
    """The number of classes plus that of units that are not silent: every split adds to it."""
    return int(labels.max()) + 1 + int(np.count_nonzero(signs))


def _bias_ranks(layer: Layer) -> Array:
    """Whole numbers: equal for equal biases, opposite for opposite ones, 0 for zeros."""
    order = np.argsort(np.abs(layer.biases))
    sizes = np.abs(layer.biases)[order].astype(np.float64)
    allowed = layer.bias_tolerance * np.maximum(sizes, layer.largest)
    larger = np.diff(sizes, prepend=0) > allowed
    ranks: Array = np.cumsum(larger, dtype=np.float64)[np.argsort(order)]
    return ranks * np.sign(layer.biases)


def _class_sums(
    layers: Sequence[Layer], source: int, target: int, classes: SignedClasses
) -> Iterator[tuple[Array, Array]]:
    """Sums of a target's weights over each class of the source that is not silent, some at a time.

    A unit of the source counts with its sign. Yields sums `(classes, units)` and the differences up
    to which they count as equal, `(classes,)`.
    """
    layer, (labels, signs) = layers[max(source, target) - 1], classes
    columns_first = layer.weights.T if source < target else layer.weights
    block = 32  # classes whose weights fit into the processor's cache
    # all times a power of two, so that sums are exact where they can be and never overflow
    power = power_to_one(layer.largest)
    order = np.flatnonzero(signs)
    order = order[np.argsort(labels[order], kind="stable")]
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    for i in range(0, len(starts), block):
        first, last = starts[i : i + block], ends[i : i + block]
        units = order[first[0] : last[-1]]
        terms = columns_first[units].astype(np.float64, copy=False)
        terms *= signs[units, None] * power
        gaps = layer.tolerance * layer.largest * power * np.sqrt(last - first)
        yield np.add.reduceat(terms, first - first[0]), gaps
