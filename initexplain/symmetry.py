"""Redundant units: predicted from the parameters alone, measured on data; effective rank.

Two hidden units of a layer are *redundant* if they compute the same number on every input, now
and after any amount of training. Whether they do can be read off the parameters. Give all hidden
units of a layer one class and every input and output its own. Then split classes until, inside
every class, units agree on

- the bias,
- the sum of incoming weights from each class of the layer below,
- the sum of outgoing weights to each class of the layer above.

The result is the *coarsest equitable partition* of the network.

**Theorem.** Units of one class stay redundant for ever under gradient descent, on any data and
with any loss. For activations and backpropagated errors are constant on classes, so the gradient
is constant on each block (the weights from one class to another), so the sums still agree
after the step.

**Silent units.** If `f(0) = 0`, as for tanh and every kind of ReLU, one class of each layer can be
*silent*: the bias is 0, and so is the sum of weights from, and to, each class that is not silent.
Silent units compute 0 and receive the error 0 for ever, and no weight from or to them learns. So
the others need not agree on these weights. All hidden units start as silent; a unit that fails the
condition leaves.

**Signs.** An odd activation, `f(-z) = -f(z)`, allows more. Units with opposite biases and opposite
sums are *mirrored*: their outputs are opposite for ever. They share a class if a sum counts each
unit with its sign. That is the coarsest equitable partition of the *doubled* network, in which
every unit, input and output has a negated copy: the bias is negated, and so is a weight between an
original and a copy. Units are mirrored if one shares a class with the other's copy, and silent if
they do with their own.

**Converse.** On generic data, units of different classes separate, with exceptions: more stays
redundant than the partition says. A ReLU unit can be dead, which makes it 0 on all inputs
whatever its parameters. The identity keeps every linear relation between units, not only equality.
The softmax loss sees outgoing weights only up to a constant that is added for all outputs.

**Other optimizers.** Mini-batches, momentum, weight decay and Adam keep the classes, because what
they add to the weights is constant on blocks or proportional to the weights. Adam with an L2
penalty keeps only units whose weights agree one by one, and dropout keeps only silent units with
zero weights. Rounding is a small violation of the sums, and training can amplify it; Adam does so
within a few steps where the gradient should be 0.

Related work: Velarde, Parra, Boldi and Makse, *The role of fibration symmetries in geometric deep
learning* (2024), arXiv 2408.15894; Prabhakar, *Bisimulations for neural network reduction*
(VMCAI 2022). The procedure is colour refinement, the one-dimensional Weisfeiler-Leman
algorithm, on a weighted graph.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initexplain.checks import Array, float_array, not_negative
from initexplain.network import Network, forward

Labels = NDArray[np.int64]
"""Classes of the units of a layer, `(units,)`, numbered by first appearance: `[0, 0, 1, 0]`."""

Signs = NDArray[np.int64]
"""+1, -1 or 0 for each unit of a layer, `(units,)`."""

SignedClasses = tuple[Labels, Signs]
"""The classes of a layer, and the signs of its units in them."""

# What counts as equal, relative to the largest weight. Sums over 2,000 units round at 1e-14
# (float64, in which all sums are taken) and, of float32 weights that trained, at 1e-7 or more;
# what lies between is room for the drift of trained networks.
TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
# A bias is one number: 1,000 random ones in float32 lie closer together than their sums would.
BIAS_TOLERANCES = {"float64": 1e-9, "float32": 4 * float(np.finfo(np.float32).eps)}
# Classes whose sums are taken at a time: their weights fit into the processor's cache.
BLOCK = 32


def redundancy_classes(network: Network, *, tolerance: float | None = None) -> list[Labels]:
    """Which hidden units are redundant for ever, from the parameters alone.

    Units of a layer get the same label exactly if they share a class of the coarsest equitable
    partition and are not mirrored; see the [module][initexplain.symmetry] for the theorem and its
    converse. Equal incoming rows, biases and outgoing columns are the visible special case.

    Args:
        network: a single network.
        tolerance: sums of `n` weights of the matrix `W` that differ by less than
            `tolerance sqrt(n) max|W|` count as equal; so do biases that differ by less than
            `tolerance max|W|`, for the incoming weights, or by less than `tolerance` times the
            larger of them. If not given, 1e-9 for float64; for float32 1e-5, but 5e-7 for biases.
            Training leaves rounding errors, and a matrix that holds nothing else is taken at its
            word: predict from the network before training.

    Returns:
        One array `(units,)` per hidden layer; labels are numbered by first appearance.

    Raises:
        ValueError: the network is an ensemble, or the tolerance is negative, NaN or infinite.

    Source: fibration symmetries (Velarde, Parra, Boldi and Makse 2024, arXiv 2408.15894) and
    bisimulations (Prabhakar 2022) of networks, found by colour refinement.

    Examples:
        Units 0, 1 and 3 have equal rows, but 1 feeds the output with another weight.

        >>> W1 = [[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
        >>> W2 = [[5.0, 6.0, 5.0, 5.0]]
        >>> net = Network([W1, W2], [[0.0] * 4, [0.0]], "logistic")
        >>> [labels.tolist() for labels in redundancy_classes(net)]
        [[0, 1, 2, 0]]
    """
    return [
        _by_first_appearance(3 * labels + signs)
        for labels, signs in _coarsest_partition(network, tolerance)
    ]


def signed_redundancy_classes(
    network: Network, *, tolerance: float | None = None
) -> list[SignedClasses]:
    """Which hidden units are equal up to sign for ever, from the parameters alone.

    Units that are redundant or mirrored share a label: the output of each is its sign times
    that of the first unit of the class. Silent units, whose output is 0 for ever, have sign 0
    and share one label. Where the activation is not odd, no sign is -1; where `f(0)` is not 0,
    none is 0.

    Args:
        network: a single network.
        tolerance: as for [`redundancy_classes`][initexplain.symmetry.redundancy_classes].

    Returns:
        For each hidden layer the labels, numbered by first appearance, and the signs, both
        `(units,)`; the first unit of a class that is not silent has sign +1.

    Raises:
        ValueError: the network is an ensemble, or the tolerance is negative, NaN or infinite.

    Source: as for `redundancy_classes`, applied to the doubled network.

    Examples:
        Unit 1 mirrors unit 0. The last unit gets nothing and gives nothing.

        >>> W1 = [[1.0, 2.0], [-1.0, -2.0], [3.0, 4.0], [0.0, 0.0]]
        >>> W2 = [[5.0, -5.0, 6.0, 0.0]]
        >>> net = Network([W1, W2], [[0.5, -0.5, 0.0, 0.0], [0.0]], "tanh")
        >>> [(labels, signs)] = signed_redundancy_classes(net)
        >>> labels.tolist(), signs.tolist()
        ([0, 0, 1, 2], [1, -1, 1, 0])
    """
    return [
        (
            _by_first_appearance(labels),
            signs * signs[np.unique(labels, return_index=True)[1]][labels],
        )
        for labels, signs in _coarsest_partition(network, tolerance)
    ]


def measured_redundancy(
    network: Network, inputs: ArrayLike, *, tolerance: float | None = None
) -> list[Labels]:
    """Which hidden units have equal activations on these inputs.

    An observation about one moment: units that agree now may separate in training, and units
    that always differ may agree on few inputs.

    Args:
        network: a single network.
        inputs: `(examples, features)`.
        tolerance: activations of two units count as equal if they differ, on each example, by less
            than `tolerance` times the largest activation of the layer (or what it would be if the
            sums `W a` did not cancel). 1e-9 for float64 and 1e-5 for float32 if not given.

    Returns:
        One array `(units,)` per hidden layer; labels are numbered by first appearance.

    Raises:
        ValueError: the network is an ensemble, the tolerance is negative, NaN or infinite, or
            the inputs are not finite or do not fit the first layer.
        FloatingPointError: a preactivation overflows.

    Examples:
        >>> W1, W2 = [[1.0], [1.0], [2.0]], [[1.0, 3.0, 1.0]]
        >>> net = Network([W1, W2], [[0.0] * 3, [0.0]], "relu")
        >>> measured_redundancy(net, [[1.0], [2.0]])[0].tolist()
        [0, 0, 1]
        >>> measured_redundancy(net, [[-1.0], [-2.0]])[0].tolist()
        [0, 0, 0]
    """
    _check_single(network)
    allowed = _tolerance(network, tolerance, TOLERANCES)
    activations = forward(network, inputs).activations
    layer_inputs = [float_array(inputs, "inputs"), *activations]
    classes = []
    with np.errstate(over="ignore", under="ignore"):
        for layer, a in enumerate(activations):
            values = a.astype(np.float64) / _scale(network, layer, layer_inputs[layer], a)
            together = np.zeros(a.shape[1], dtype=np.int64)
            classes.append(_by_first_appearance(_split(together, values, np.full(len(a), allowed))))
    return classes


def effective_rank(matrix: ArrayLike) -> float | Array:
    """How many directions a matrix uses: the exponential of the entropy of its singular values.

    With singular values `s`, `p = s / sum(s)` and `H = -sum(p ln p)` it is `exp(H)`: 1 for rank
    one, `n` for `n` equal singular values, 0 for a zero matrix. A small singular value adds
    little, so it says more than the rank about a matrix with noise.

    Args:
        matrix: `(..., rows, columns)`.

    Returns:
        A float, or an array of the leading axes.

    Raises:
        ValueError: the matrix has fewer than two axes or no entries, or is not finite.

    Source: Roy and Vetterli, *The effective rank: a measure of effective dimensionality*
    (EUSIPCO 2007).

    Examples:
        >>> round(effective_rank(np.eye(4)), 6), round(effective_rank(np.ones((3, 5))), 6)
        (4.0, 1.0)
        >>> effective_rank(np.zeros((2, 3, 4))).tolist()
        [0.0, 0.0]
    """
    array = float_array(matrix, "matrix")
    if array.ndim < 2 or 0 in array.shape[-2:]:
        raise ValueError(f"matrix: expected shape (..., rows, columns), found {array.shape}")
    largest = np.abs(array).max(axis=(-2, -1), keepdims=True)
    values = np.linalg.svd(array / np.where(largest > 0, largest, 1), compute_uv=False)
    total = values.sum(axis=-1, keepdims=True)
    shares = values / np.where(total > 0, total, 1)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=-1)
    rank = np.where(total[..., 0] > 0, np.exp(entropy), 0)
    return float(rank) if rank.ndim == 0 else rank


def _coarsest_partition(network: Network, tolerance: float | None) -> list[SignedClasses]:
    """For each hidden layer the classes and the signs of its units; mirrored ones share a class."""
    _check_single(network)
    allowed, odd = _tolerance(network, tolerance, TOLERANCES), network.activation.odd
    steps = range(len(network.weights))
    # where sums over the classes of one layer split those of the next, or of the one before
    edges = [(i, i + 1) for i in steps] + [(i + 1, i) for i in reversed(steps) if i]
    # small numbers may vanish against large ones: that does not change what is equal
    with np.errstate(under="ignore"):
        layers = _split_by_bias(network, _tolerance(network, tolerance, BIAS_TOLERANCES))
        seen = dict.fromkeys(edges, 0)
        while stale := [edge for edge in edges if seen[edge] < _fineness(*layers[edge[0]])]:
            for source, target in stale:
                seen[source, target] = _fineness(*layers[source])
                w = network.weights[min(source, target)]
                matrix = w if source < target else w.T
                for sums, gaps in _class_sums(matrix, *layers[source], allowed):
                    if _fineness(*layers[target]) == 2 * network.sizes[target]:
                        break
                    layers[target] = _refined(*layers[target], sums, gaps, odd=odd)
    return layers[1:-1]


def _fineness(labels: Labels, signs: Signs) -> int:
    """The number of classes plus that of units that are not silent: every split adds to it."""
    return int(labels.max()) + 1 + int(np.count_nonzero(signs))


def _split_by_bias(network: Network, tolerance: float) -> list[SignedClasses]:
    """The first partition: inputs and outputs each alone, hidden units split by their biases."""
    layers = [(np.arange(n), np.ones(n, dtype=np.int64)) for n in network.sizes]
    sign, odd = int(network.activation(0.0) != 0), network.activation.odd
    for layer, (w, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True), 1):
        together = np.zeros(len(b), dtype=np.int64)
        ranks = _ranks(b.astype(np.float64), _largest(w), tolerance)[None]
        layers[layer] = _refined(together, together + sign, ranks, np.zeros(1), odd=odd)
    return layers


def _ranks(biases: Array, scale: float, tolerance: float) -> Array:
    """Whole numbers `(units,)`: equal for equal biases, opposite for opposite ones, 0 for zeros."""
    order = np.argsort(np.abs(biases))
    sizes = np.abs(biases)[order]
    ranks = np.empty_like(biases)
    ranks[order] = np.cumsum(np.diff(sizes, prepend=0) > tolerance * np.maximum(sizes, scale))
    return ranks * np.sign(biases)


def _class_sums(
    matrix: Array, labels: Labels, signs: Signs, tolerance: float
) -> Iterator[tuple[Array, Array]]:
    """Sums of each row over each class of columns that is not silent, some classes at a time.

    Args:
        matrix: `(rows, columns)`.
        labels: `(columns,)`.
        signs: `(columns,)`: every column counts with its sign.
        tolerance: relative to the largest entry and the root of the number of terms.

    Yields:
        Sums `(classes, rows)`, times a power of two, and up to which difference they count as
        equal, `(classes,)`.
    """
    largest = _largest(matrix)
    # so that sums neither overflow nor vanish, and are exact where those of the weights are
    power = np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -1000, 1000))
    order = np.argsort(labels, kind="stable")
    order = order[signs[order] != 0]
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    for i in range(0, len(starts), BLOCK):
        first, last = starts[i : i + BLOCK], ends[i : i + BLOCK]
        columns = order[first[0] : last[-1]]
        terms = matrix.T[columns] * (signs[columns, None] * power)
        yield (
            np.add.reduceat(terms, first - first[0]),
            tolerance * (largest * power) * np.sqrt(last - first),
        )


def _refined(
    labels: Labels, signs: Signs, values: Array, gaps: Array, *, odd: bool
) -> SignedClasses:
    """Classes and signs of a layer whose members agree on the values, `(values, units)`, too."""
    silent = np.flatnonzero(signs == 0)
    heard = np.abs(values[:, silent]) > gaps[:, None]
    leaving = heard.any(axis=0)
    if leaving.any():
        # those that leave together are mirrored if their values are opposite: the first value
        # that is not 0 is made positive
        first = np.sign(values[heard.argmax(axis=0), silent])
        signs = signs.copy()
        signs[silent] = leaving * (first if odd else 1)
        labels = _split_by_one(labels, signs != 0, 0)
    return _split(labels, values * signs, gaps), signs


def _split(labels: Labels, values: Array, gaps: Array) -> Labels:
    """Splits classes wherever, in sorted order, a value jumps by more than its gap.

    Args:
        labels: `(members,)`, from 0 without holes.
        values: `(n, members)`: members stay together if none of their `n` values separates them.
        gaps: `(n,)`, the largest steps inside a class.

    Returns:
        Finer labels, from 0 without holes.
    """
    some_member = np.empty(_classes(labels), dtype=np.int64)
    some_member[labels] = np.arange(len(labels))
    far = np.abs(values - values[:, some_member[labels]]) > gaps[:, None]
    split = labels
    for i in np.flatnonzero(far.any(axis=1)):
        if _classes(split) == len(split):
            break
        split = _split_by_one(split, values[i], gaps[i])
    # to split by one value can open a gap in another
    return labels if _classes(split) == _classes(labels) else _split(split, values, gaps)


def _split_by_one(labels: Labels, values: Array, gap: float) -> Labels:
    """`_split` by one value of each member; labels and values `(members,)`."""
    order = np.lexsort((values, labels))
    jumps = np.diff(values[order], prepend=0) > gap
    split = np.empty_like(labels)
    split[order] = np.cumsum(jumps | (np.diff(labels[order], prepend=-1) > 0)) - 1
    return split


def _classes(labels: Labels) -> int:
    """How many classes there are; labels from 0 without holes."""
    return int(labels.max()) + 1


def _by_first_appearance(labels: Labels) -> Labels:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def _scale(network: Network, layer: int, below: Array, activations: Array) -> float:
    """How large an activation of the layer is, or could be if its sums did not cancel.

    Where they do cancel, as in a layer of silent units, the activations are rounding errors of
    numbers of this size.
    """
    weights = network.weights[layer]
    possible = float(np.sqrt(weights.shape[1])) * _largest(below) * _largest(weights)
    # the largest that every activation takes to a finite number
    possible = min(float(np.finfo(np.float64).max) / 4, possible)
    at_most = network.activation(np.array([possible, -possible]))
    return max(_largest(activations), _largest(at_most)) or 1.0


def _largest(array: Array) -> float:
    """The largest absolute value, found without a copy of the array."""
    return float(max(array.max(), -array.min()))


def _check_single(network: Network) -> None:
    if network.ensemble:
        raise ValueError(
            f"redundancy is a property of one network, found an ensemble with axes "
            f"{network.ensemble}: pass network.member(i), with one index per axis"
        )


def _tolerance(network: Network, tolerance: float | None, usual: dict[str, float]) -> float:
    return usual[network.dtype.name] if tolerance is None else not_negative(tolerance, "tolerance")
