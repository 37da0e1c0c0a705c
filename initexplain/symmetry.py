"""Redundant units: predicted from the parameters alone, measured on data; effective rank.

Two hidden units of a layer are *redundant* if they compute the same number on every input, now
and after any amount of training. This can be read off the parameters: their classes are those of
the *coarsest equitable partition* of the network. Give all hidden units of a layer one class and
every input and output its own; split classes until, inside every class, units agree on

- the bias,
- the sum of incoming weights from each class of the layer below,
- the sum of outgoing weights to each class of the layer above.

**Theorem.** Units of one class stay redundant for ever under gradient descent, on any data and
with any loss: activations and errors are constant on classes, so the gradient is constant on each
block (the weights from one class to another), so the sums still agree after the step.

**Silent units.** If `f(0) = 0`, as for tanh and ReLU, one class of each layer can be *silent*: bias
0, and sums of 0 from and to every class that is not silent. Its units give 0 and receive the error
0 for ever, no weight from or to them learns, and the others need not agree on these. All hidden
units start there; one that fails the condition leaves.

**Signs.** An odd activation, `f(-z) = -f(z)`, allows more. Units with opposite biases and opposite
sums are *mirrored*, their outputs opposite for ever. They share a class, in whose sums every unit
counts with its sign: this is the partition of the *doubled* network, in which every unit, input
and output has a negated copy. A silent unit is its own mirror image there.

**Converse.** On generic data, units of different classes separate, with exceptions: a ReLU unit can
be dead, 0 on all inputs; the identity keeps every linear relation between units, not only equality;
the softmax loss sees outgoing weights only up to a constant that is added for all outputs.

**Other optimizers.** Mini-batches, momentum, weight decay and Adam keep the classes, because what
they add is constant on blocks or proportional to the weights. Adam with an L2 penalty keeps only
units whose weights agree one by one, dropout only silent ones with zero weights. Training can
amplify rounding, at a kink of `f` at once.

Classes are of a single network, one array of labels per hidden layer. An ensemble, or a `tolerance`
that is negative or not finite, raises `ValueError`.

Source: fibration symmetries (Velarde, Parra, Boldi and Makse 2024, arXiv 2408.15894) and
bisimulations of networks (Prabhakar, VMCAI 2022), found by colour refinement (1-WL).
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initexplain.checks import Array, check_shape, float_array, not_negative
from initexplain.network import Network, forward

Labels = NDArray[np.int64]
"""Classes of the units of a layer, `(units,)`, numbered by first appearance: `[0, 0, 1, 0]`."""

Signs = NDArray[np.int64]
"""+1, -1 or 0 for each unit of a layer, `(units,)`."""

SignedClasses = tuple[Labels, Signs]

# What counts as equal, relative to the largest weight. Sums of 2,000 weights, all taken in float64,
# round at 1e-14; the rest is room for the drift of trained networks.
TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
# A bias is one number: of 1,000 random ones in float32, some lie closer together than 1e-5.
BIAS_TOLERANCES = {"float64": 1e-9, "float32": float(np.finfo(np.float32).eps)}


def redundancy_classes(network: Network, *, tolerance: float | None = None) -> list[Labels]:
    """Which hidden units are redundant for ever, from the parameters alone.

    Units get the same label exactly if they share a class of the coarsest equitable partition and
    are not mirrored. Equal incoming rows, biases and outgoing columns are the visible special case.

    Sums of `n` weights of the matrix `W` count as equal if they differ by no more than `tolerance
    sqrt(n) max|W|`; biases, by `tolerance` times `max|W|` (of the incoming weights) or the larger
    one. If not given, it is 1e-9; for float32 1e-5, and one last place for biases. Training leaves
    rounding errors, and a matrix that holds nothing else is taken at its word: predict from the
    network before training.

    Examples:
        Units 0, 1 and 3 have equal rows, but 1 feeds the output with another weight.

        >>> W1 = [[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
        >>> W2 = [[5.0, 6.0, 5.0, 5.0]]
        >>> net = Network([W1, W2], [[0.0] * 4, [0.0]], "logistic")
        >>> [labels.tolist() for labels in redundancy_classes(net)]
        [[0, 1, 2, 0]]
    """
    signed = _coarsest_partition(network, tolerance)
    return [_by_first_appearance(3 * labels + signs) for labels, signs in signed]


def signed_redundancy_classes(
    network: Network, *, tolerance: float | None = None
) -> list[SignedClasses]:
    """Which hidden units are equal up to sign for ever, from the parameters alone.

    For each hidden layer the labels and the signs, both `(units,)`. Units that are redundant or
    mirrored share a label: the output of each is its sign times that of the first unit of the
    class. Silent units, whose output is 0 for ever, share a label and have sign 0. Where the
    activation is not odd, no sign is -1; where `f(0)` is not 0, none is 0. The `tolerance` is that
    of [`redundancy_classes`][initexplain.symmetry.redundancy_classes].

    Examples:
        Unit 1 mirrors unit 0. The last unit gets nothing and gives nothing.

        >>> W1 = [[1.0, 2.0], [-1.0, -2.0], [3.0, 4.0], [0.0, 0.0]]
        >>> W2 = [[5.0, -5.0, 6.0, 0.0]]
        >>> net = Network([W1, W2], [[0.5, -0.5, 0.0, 0.0], [0.0]], "tanh")
        >>> [(labels, signs)] = signed_redundancy_classes(net)
        >>> labels.tolist(), signs.tolist()
        ([0, 0, 1, 2], [1, -1, 1, 0])
    """
    classes = []
    for labels, signs in _coarsest_partition(network, tolerance):
        _, first = np.unique(labels, return_index=True)
        classes.append((_by_first_appearance(labels), signs * signs[first][labels]))
    return classes


def measured_redundancy(
    network: Network, inputs: ArrayLike, *, tolerance: float | None = None
) -> list[Labels]:
    """Which hidden units have equal activations on these inputs.

    An observation about one moment: units that agree now may separate in training, and units that
    always differ may agree on few inputs `(examples, features)`. Units are equal if they differ, on
    each example, by no more than `tolerance` times the largest activation of the layer, or what it
    would be if the sums `W a` did not cancel; if not given, 1e-9, and 1e-5 for float32.

    Examples:
        >>> W1, W2 = [[1.0], [1.0], [2.0]], [[1.0, 3.0, 1.0]]
        >>> net = Network([W1, W2], [[0.0] * 3, [0.0]], "relu")
        >>> measured_redundancy(net, [[1.0], [2.0]])[0].tolist()
        [0, 0, 1]
        >>> measured_redundancy(net, [[-1.0], [-2.0]])[0].tolist()
        [0, 0, 0]
    """
    allowed = _tolerance(network, tolerance, TOLERANCES)
    activations = forward(network, inputs).activations
    below = [float_array(inputs, "inputs"), *activations]
    classes = []
    with np.errstate(over="ignore", under="ignore"):
        for w, x, a in zip(network.weights, below, activations, strict=False):
            # where sums cancel, as for silent units, activations are rounding errors of numbers of
            # the size that is possible; every activation takes 1e307 to a finite number
            possible = min(float(np.sqrt(w.shape[1])) * _largest(x) * _largest(w), 1e307)
            scale = max(_largest(a), _largest(network.activation([possible, -possible]))) or 1.0
            together, values = np.zeros(a.shape[1], dtype=np.int64), a.astype(np.float64) / scale
            classes.append(_by_first_appearance(_split(together, values, np.full(len(a), allowed))))
    return classes


def effective_rank(matrix: ArrayLike) -> float | Array:
    """How many directions a matrix uses: the exponential of the entropy of its singular values.

    With singular values `s`, `p = s / sum(s)` and `H = -sum(p ln p)` it is `exp(H)`: 1 for rank
    one, `n` for `n` equal singular values, 0 for a zero matrix. A small singular value adds
    little, so it says more than the rank about a matrix with noise. A float for one matrix, an
    array `(...)` for `(..., rows, columns)`; what is no matrix, or not finite, raises `ValueError`.

    Source: Roy and Vetterli, *The effective rank* (EUSIPCO 2007).

    Examples:
        >>> round(effective_rank(np.eye(4)), 6), round(effective_rank(np.ones((3, 5))), 6)
        (4.0, 1.0)
        >>> effective_rank(np.zeros((2, 3, 4))).tolist()
        [0.0, 0.0]
    """
    array = float_array(matrix, "matrix")
    fits = array.ndim >= 2 and 0 not in array.shape[-2:]
    check_shape(array, "matrix", "(..., rows, columns)", fits=fits)
    largest = np.abs(array).max(axis=(-2, -1), keepdims=True)
    values = np.linalg.svd(array / np.where(largest > 0, largest, 1), compute_uv=False)
    total = values.sum(axis=-1, keepdims=True)
    shares = values / np.where(total > 0, total, 1)
    entropy = -(shares * np.log(np.where(shares > 0, shares, 1))).sum(axis=-1)
    rank = np.where(total[..., 0] > 0, np.exp(entropy), 0)
    return float(rank) if rank.ndim == 0 else rank


@np.errstate(under="ignore")  # what vanishes against larger numbers does not change the classes
def _coarsest_partition(network: Network, tolerance: float | None) -> list[SignedClasses]:
    """For each hidden layer the classes and the signs of its units; mirrored ones share a class."""
    allowed = _tolerance(network, tolerance, TOLERANCES)
    layers = _split_by_bias(network, _tolerance(network, tolerance, BIAS_TOLERANCES))
    steps, odd = range(len(network.weights)), network.activation.odd
    # the sums over classes of one layer split those of the next, or of the one before
    edges = [(i, i + 1) for i in steps] + [(i + 1, i) for i in reversed(steps) if i]
    seen = dict.fromkeys(edges, 0)
    while stale := [edge for edge in edges if seen[edge] < _fineness(*layers[edge[0]])]:
        for source, target in stale:
            seen[source, target] = _fineness(*layers[source])
            w = network.weights[min(source, target)]
            for sums, gaps in _class_sums(w if source < target else w.T, *layers[source], allowed):
                if _fineness(*layers[target]) == 2 * network.sizes[target]:
                    break  # every unit is alone, and none silent
                layers[target] = _refined(layers[target], sums, gaps, odd=odd)
    return layers[1:-1]


def _fineness(labels: Labels, signs: Signs) -> int:
    """The number of classes plus that of units that are not silent: every split adds to it."""
    return int(labels.max()) + 1 + int(np.count_nonzero(signs))


def _split_by_bias(network: Network, tolerance: float) -> list[SignedClasses]:
    """The first partition: inputs and outputs each alone, hidden units split by their biases."""
    sign, odd = int(network.activation(0.0) != 0), network.activation.odd
    layers = [(np.zeros(n, dtype=np.int64), np.full(n, sign)) for n in network.sizes]
    for end in (0, -1):
        layers[end] = np.arange(network.sizes[end]), np.ones(network.sizes[end], dtype=np.int64)
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        # whole numbers: equal for equal biases, opposite for opposite ones, 0 for zeros
        order = np.argsort(np.abs(b))
        sizes = np.abs(b)[order].astype(np.float64)
        larger = np.diff(sizes, prepend=0) > tolerance * np.maximum(sizes, _largest(w))
        ranks = np.cumsum(larger, dtype=np.float64)[np.argsort(order)] * np.sign(b)
        layers[layer] = _refined(layers[layer], ranks[None], np.zeros(1), odd=odd)
    return layers


def _class_sums(
    matrix: Array, labels: Labels, signs: Signs, tolerance: float
) -> Iterator[tuple[Array, Array]]:
    """Sums of each row over each class of columns that is not silent, some classes at a time.

    A column of the matrix, `(rows, columns)`, counts with its sign. Yields sums `(classes, rows)`
    and the differences up to which they count as equal, `(classes,)`.
    """
    largest, block = _largest(matrix), 32  # classes whose weights fit into the processor's cache
    # all times a power of two, so that sums are exact where they can be and never overflow
    power = np.ldexp(1.0, -np.clip(np.frexp(largest)[1], -1000, 1000))
    order = np.flatnonzero(signs)
    order = order[np.argsort(labels[order], kind="stable")]
    starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
    ends = np.append(starts[1:], len(order))
    for i in range(0, len(starts), block):
        first, last = starts[i : i + block], ends[i : i + block]
        columns = order[first[0] : last[-1]]
        terms = matrix.T[columns].astype(np.float64, copy=False)
        terms *= signs[columns, None] * power
        gaps = tolerance * largest * power * np.sqrt(last - first)
        yield np.add.reduceat(terms, first - first[0]), gaps


def _refined(classes: SignedClasses, values: Array, gaps: Array, *, odd: bool) -> SignedClasses:
    """The classes of a layer, split until they agree on the values, `(values, units)`, as well."""
    labels, signs = classes
    silent = np.flatnonzero(signs == 0)
    heard = np.abs(values[:, silent]) > gaps[:, None]
    if heard.any():
        # some leave; mirrored ones have opposite values, so the first one not 0 is made positive
        sign = np.sign(values[heard.argmax(axis=0), silent]) if odd else 1
        signs = signs.copy()
        signs[silent] = heard.any(axis=0) * sign
    return _split(labels, values * signs, gaps), signs


def _split(labels: Labels, values: Array, gaps: Array) -> Labels:
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


def _by_first_appearance(labels: Labels) -> Labels:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def _largest(array: Array) -> float:
    """The largest absolute value, found without a copy of the array."""
    return float(max(array.max(), -array.min()))


def _tolerance(network: Network, tolerance: float | None, usual: dict[str, float]) -> float:
    """The tolerance for a network, which has to be a single one."""
    if network.ensemble:
        raise ValueError(
            f"redundancy is a property of one network, found an ensemble with axes "
            f"{network.ensemble}: pass network.member(i), with one index per axis"
        )
    return usual[network.dtype.name] if tolerance is None else not_negative(tolerance, "tolerance")
