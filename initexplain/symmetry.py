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

An odd activation, `f(-z) = -f(z)`, allows more. Units with opposite biases and opposite sums are
*mirrored*: their outputs are opposite for ever. The criterion is then the coarsest equitable
partition of the *doubled* network, in which every unit, input and output `i+` has a negated copy
`i-`: the bias is negated, and so is a weight between an original and a copy. Units `i` and `j` are
redundant if `i+` and `j+` share a class and mirrored if `i+` and `j-` do. A unit is *silent* if
`i+` and `i-` do: its output is 0 for ever and it never learns.

**Converse.** On generic data, units of different classes separate, with three exceptions: more
stays redundant than the partition says. A ReLU unit can be dead, which makes it 0 on all inputs
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

import numpy as np
from numpy.typing import ArrayLike, NDArray

from initexplain.checks import Array, float_array, not_negative
from initexplain.network import Network, forward

Labels = NDArray[np.int64]
"""Classes of the units of a layer, `(units,)`, numbered by first appearance: `[0, 0, 1, 0]`."""

Signs = NDArray[np.int64]
"""+1, -1 or 0 for each unit of a layer, `(units,)`."""

# What counts as equal, relative to the largest of the numbers compared. Sums over 2,000 units
# round at 1e-14 (float64) and 4e-8 (float32) in this unit, and 2,000 random units are first
# taken for equal at 1e-2; what lies between is room for the drift of trained networks.
TOLERANCES = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-5}

# Class sums are compared through this many random combinations. Units that differ pass for
# equal only if all of these agree.
COMBINATIONS = 4
# Short random numbers: products with small whole weights are free of rounding.
COMBINATION_BITS = 20
# Not the randomness of an experiment: no result depends on it, except with negligible probability.
COMBINATION_SEED = 0
# Entries of a matrix that are multiplied at a time. So float32 needs no float64 copy of the whole,
# and BLAS stays in one thread: waiting for others costs more than these thin products.
BLOCK = 2**17


def redundancy_classes(network: Network, *, tolerance: float | None = None) -> list[Labels]:
    """Which hidden units are redundant for ever, from the parameters alone.

    Units `i` and `j` of a layer get the same label exactly if they share a class of the coarsest
    equitable partition (of the doubled network, where the activation is odd); see the
    [module][initexplain.symmetry] for the theorem and its converse. Equal incoming rows, biases
    and outgoing columns are the visible special case.

    Class sums are compared through four random combinations of them, so a round costs two thin
    matrix products and a sort per layer. The random numbers are fixed, and the result does not
    depend on them, except with negligible probability.

    Args:
        network: a single network.
        tolerance: sums that differ by less than `tolerance sqrt(n) max|W|` count as equal, with
            `n` the number of weights in a row (incoming) or column (outgoing) of the matrix `W`;
            biases do if they differ by less than that, or than `tolerance max|b|`. 1e-9 for
            float64 and 1e-5 for float32 if not given. With 0, the sums over each class are
            compared bit for bit, as they round when they are added in the order of the units:
            units with equal rows, biases and columns still share a class, others may be
            separated by rounding. Training leaves rounding errors, and a matrix that holds
            nothing else is taken at its word: predict from the network before training.

    Returns:
        One array `(units,)` per hidden layer; labels are numbered by first appearance.

    Raises:
        ValueError: the network is an ensemble, or the tolerance is negative, NaN or infinite.

    Source: fibration symmetries (Velarde, Parra, Boldi and Makse 2024, arXiv 2408.15894) and
    bisimulations (Prabhakar 2022) of networks, found by colour refinement; the order of the work
    is that of Paige and Tarjan, *Three partition refinement algorithms* (1987).

    Examples:
        Units 0, 1 and 3 have equal rows, but 1 feeds the output with another weight.

        >>> W1 = [[1.0, 2.0], [1.0, 2.0], [3.0, 4.0], [1.0, 2.0]]
        >>> W2 = [[5.0, 6.0, 5.0, 5.0]]
        >>> net = Network([W1, W2], [[0.0] * 4, [0.0]], "logistic")
        >>> [labels.tolist() for labels in redundancy_classes(net)]
        [[0, 1, 2, 0]]
    """
    return [_by_first_appearance(labels[0]) for labels in _coarsest_partition(network, tolerance)]


def signed_redundancy_classes(
    network: Network, *, tolerance: float | None = None
) -> list[tuple[Labels, Signs]]:
    """Which hidden units are equal up to sign for ever, from the parameters alone.

    Units that are redundant or mirrored share a label: the output of each is its sign times
    that of the first unit of the class. Silent units, whose output is 0 for ever, have sign 0
    and share one label. Where the activation is not odd, all signs are +1 and the labels are
    those of [`redundancy_classes`][initexplain.symmetry.redundancy_classes].

    Args:
        network: a single network.
        tolerance: as for `redundancy_classes`.

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
    return [_signed(labels) for labels in _coarsest_partition(network, tolerance)]


def measured_redundancy(
    network: Network, inputs: ArrayLike, *, tolerance: float | None = None
) -> list[Labels]:
    """Which hidden units have equal activations on these inputs.

    An observation about one moment: units that agree now may separate in training, and units
    that always differ may agree on few inputs.

    Args:
        network: a single network.
        inputs: `(examples, features)`.
        tolerance: activations of two units count as equal if they differ, in root mean square
            over the examples, by less than about `tolerance` times the largest activation of
            the layer (or what it would be if the sums `W a` did not cancel). 1e-9 for float64
            and 1e-5 for float32 if not given; with 0 they have to be equal bit for bit.

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
    allowed = _tolerance(network, tolerance)
    activations = forward(network, inputs).activations
    layer_inputs = [float_array(inputs, "inputs"), *activations]
    return [
        _equal_columns(a, allowed, _scale(network, layer, layer_inputs[layer], a))
        for layer, a in enumerate(activations)
    ]


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


def _coarsest_partition(network: Network, tolerance: float | None) -> list[Labels]:
    """For each hidden layer the classes of all copies of its units, `(copies, units)`.

    There are two copies, the unit and its negative, where the activation is odd, else one.
    """
    _check_single(network)
    # Numbers of very different sizes may underflow against each other, and the difference of two
    # huge biases may overflow: neither changes what is equal.
    with np.errstate(over="ignore", under="ignore"):
        return _Refinement(network, _tolerance(network, tolerance)).run()


class _Refinement:
    """A partition of the copies of a network's units, on its way to the coarsest equitable one.

    Layers count from 0, the inputs. `labels[layer]` has shape `(copies, units)`. `waiting[source,
    target]` marks the units of the source whose classes are new: the classes of the target have
    not been split yet by their sums over these.
    """

    def __init__(self, network: Network, tolerance: float) -> None:
        self.network, self.tolerance = network, tolerance
        self.sizes = network.sizes
        self.copies = 2 if network.activation.odd else 1
        self.rng = np.random.default_rng(COMBINATION_SEED)
        self.weights = [_tamed(w) for w in network.weights]
        self.gaps = [tolerance * _largest(w) for w in self.weights]
        self.labels = [self._each_alone(self.sizes[0])]
        self.labels += [self._by_bias(layer, b) for layer, b in enumerate(network.biases[:-1])]
        self.labels += [self._each_alone(self.sizes[-1])]
        hidden = range(1, len(self.weights))
        self.edges = [(i - 1, i) for i in hidden] + [(i + 1, i) for i in reversed(hidden)]
        self.waiting: dict[tuple[int, int], NDArray[np.bool_]] = {}

    def run(self) -> list[Labels]:
        """The classes of the hidden layers, once no class can be split any more."""
        split = True
        while split:
            # the second time around checks all the sums against the final classes
            self.waiting = {edge: np.ones(self.sizes[edge[0]], bool) for edge in self.edges}
            split = self._settle()
        return self.labels[1:-1]

    def _settle(self) -> bool:
        """Refines until nothing waits; whether a class was split."""
        split = False
        while any(new.any() for new in self.waiting.values()):
            for source, target in self.edges:
                split |= self._refine(source, target)
        return split

    def _refine(self, source: int, target: int) -> bool:
        """Splits the target's classes by their sums over what waits; whether one was split."""
        new, old = self.waiting[source, target], self.labels[target]
        self.waiting[source, target] = np.zeros_like(new)
        if not new.any() or old.max() + 1 == old.size:
            return False
        labels = _split(old, *self._sums(source, target, new))
        if labels.max() == old.max():
            return False
        self.labels[target] = labels
        changed = _new_classes(old, labels)
        for edge in self.edges:
            if edge[0] == target:
                self.waiting[edge] |= changed
        return True

    def _sums(self, source: int, target: int, new: NDArray[np.bool_]) -> tuple[Array, float]:
        """Sums of the target's copies over new classes, `(copies, units, ...)`, and the gap."""
        matrix = self.weights[source] if source < target else self.weights[target].T
        pairs, signs = _pairs(self.labels[source])
        signs = signs * new
        if self.tolerance == 0:
            return _exact_sums(matrix, pairs, signs, self.copies), 0.0
        sums = _combined_sums(matrix, pairs, signs, self.rng)
        gap = self.gaps[min(source, target)] * np.sqrt(matrix.shape[1])
        return np.stack([sums, -sums][: self.copies]), gap

    def _each_alone(self, units: int) -> Labels:
        return np.arange(self.copies * units).reshape(self.copies, units)

    def _by_bias(self, layer: int, bias: Array) -> Labels:
        weights = self.network.weights[layer]
        # each factor in turn: the scale itself may overflow
        gap = self.tolerance * _largest(weights) * float(np.sqrt(weights.shape[1]))
        together = np.zeros((self.copies, len(bias)), dtype=np.int64)
        biases = np.stack([bias, -bias][: self.copies])[..., None].astype(np.float64)
        return _split(together, biases, max(gap, self.tolerance * _largest(bias)))


def _pairs(labels: Labels) -> tuple[Labels, Signs]:
    """One label for a class and its mirror image, and which of the two a unit is in.

    Args:
        labels: `(copies, units)`.

    Returns:
        Labels `(units,)` and signs `(units,)`, 0 for silent units.
    """
    pairs = labels.min(axis=0)
    signs = np.sign(labels[1] - labels[0]) if len(labels) == 2 else np.ones_like(pairs)
    return pairs, signs


def _combined_sums(matrix: Array, pairs: Labels, signs: Signs, rng: np.random.Generator) -> Array:
    """Random combinations `(rows, combinations)` of each row's sums over classes of columns.

    The negated copy of a unit has the negated value, a silent unit the value 0: so the doubled
    network is summed over without being stored.
    """
    columns = np.flatnonzero(signs)
    # a few columns are copied; for many the copy would cost more than the product
    if 8 * len(columns) < len(signs):
        matrix, pairs, signs = matrix[:, columns], pairs[columns], signs[columns]
    _, classes = np.unique(pairs, return_inverse=True)
    top = 2**COMBINATION_BITS
    values = rng.integers(-top, top, size=(len(pairs), COMBINATIONS), endpoint=True) / top
    return _float64_product(matrix, values[classes] * signs[:, None])


def _float64_product(matrix: Array, columns: Array) -> Array:
    """`matrix @ columns` in float64, a few rows at a time."""
    rows = max(1, BLOCK // max(1, len(columns)))
    blocks = [matrix[i : i + rows] for i in range(0, len(matrix), rows)]
    return np.concatenate([block.astype(np.float64, copy=False) @ columns for block in blocks])


def _exact_sums(matrix: Array, pairs: Labels, signs: Signs, copies: int) -> Array:
    """Which rows (and negated rows) have equal sums over all classes of columns, bit for bit.

    Returns:
        Whole numbers `(copies, rows, 1)`, equal where the sums are.
    """
    columns = np.flatnonzero(signs)
    columns = columns[np.argsort(pairs[columns], kind="stable")]
    starts = np.flatnonzero(np.diff(pairs[columns], prepend=-1))
    if not len(columns):
        return np.zeros((copies, len(matrix), 1))
    sums = np.add.reduceat(matrix[:, columns] * signs[columns], starts, axis=1)
    # 0 + s and 0 - s: no negative zeros
    rows = np.concatenate([0 + sums, 0 - sums][:copies])
    return _equal_rows(rows).reshape(copies, -1, 1).astype(float)


def _equal_rows(rows: Array) -> Labels:
    """Labels `(rows,)`, equal where the rows are equal bit for bit."""
    whole = np.dtype((np.void, rows.itemsize * rows.shape[1]))
    return np.unique(np.ascontiguousarray(rows).view(whole)[:, 0], return_inverse=True)[1]


def _split(labels: Labels, values: Array, gap: float) -> Labels:
    """Splits classes wherever, in sorted order, a value jumps by more than the gap.

    Args:
        labels: `(...)`, from 0 without holes.
        values: `(..., n)`: members stay together if none of their `n` values separates them.
        gap: the largest step inside a class.

    Returns:
        Finer labels, from 0 without holes.
    """
    flat, classes = labels.ravel(), -1
    # to split by one value can open a gap in another
    while classes < flat.max():
        classes = int(flat.max())
        for column in values.reshape(-1, values.shape[-1]).T:
            flat = _split_by_one(flat, column, gap)
    return flat.reshape(labels.shape)


def _split_by_one(labels: Labels, values: Array, gap: float) -> Labels:
    """`_split` by one value of each member; labels and values `(members,)`."""
    classes = int(labels.max()) + 1
    some_member = np.empty(classes, dtype=np.int64)
    some_member[labels] = np.arange(len(labels))
    # a class whose members are all this close to one of them has no jump, and is not sorted
    far = np.abs(values - values[some_member[labels]]) > gap
    if not far.any():
        return labels
    torn = np.zeros(classes, dtype=bool)
    torn[labels[far]] = True
    members = np.flatnonzero(torn[labels])
    order = members[np.lexsort((values[members], labels[members]))]
    inside = np.diff(labels[order], prepend=-1) == 0
    jumps = np.cumsum(inside & (np.diff(values[order], prepend=0) > gap))
    jumps_before_class = np.maximum.accumulate(np.where(inside, 0, jumps))
    split = labels.copy()
    split[order] = np.where(jumps > jumps_before_class, classes - 1 + jumps, labels[order])
    return split


def _new_classes(old: Labels, labels: Labels) -> NDArray[np.bool_]:
    """Which units `(units,)` neighbours must look at again after a split.

    Sums over the largest part of a class follow from those over the class and the other parts,
    so it is left out; then a unit is looked at again no more than log2(units) times (Hopcroft's
    argument). Sums over a silent class are 0 and nothing follows from them.
    """
    (before, signs), (after, _) = _pairs(old), _pairs(labels)
    size = np.bincount(after)[after]
    order = np.lexsort((after, size, before))
    last = np.diff(before[order], append=-1) != 0
    largest: NDArray[np.bool_] = np.isin(after, after[order[last]])
    silent: NDArray[np.bool_] = signs == 0
    return ~largest | silent


def _signed(labels: Labels) -> tuple[Labels, Signs]:
    """Labels and signs `(units,)` of a layer from the classes `(copies, units)`."""
    pairs, signs = _pairs(labels)
    classes = _by_first_appearance(pairs)
    _, first = np.unique(classes, return_index=True)
    return classes, signs * signs[first][classes]


def _by_first_appearance(labels: Labels) -> Labels:
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.int64)


def _equal_columns(activations: Array, tolerance: float, scale: float) -> Labels:
    """Classes of equal columns of `(examples, units)`, without comparing pairs."""
    if tolerance == 0:
        return _by_first_appearance(_equal_rows(activations.T + 0))
    rows = (activations.astype(np.float64) / scale).T
    alone, signs = np.arange(rows.shape[1]), np.ones(rows.shape[1], dtype=np.int64)
    sums = _combined_sums(rows, alone, signs, np.random.default_rng(COMBINATION_SEED))
    gap = tolerance * np.sqrt(rows.shape[1])
    return _by_first_appearance(_split(np.zeros(len(rows), dtype=np.int64), sums, gap))


def _scale(network: Network, layer: int, below: Array, activations: Array) -> float:
    """How large an activation of the layer is, or could be if its sums did not cancel.

    Where they do cancel, as in a layer of silent units, the activations are rounding errors of
    numbers of this size.
    """
    weights = network.weights[layer]
    possible = _largest(weights) * float(np.sqrt(weights.shape[1])) * _largest(below)
    top = float(np.finfo(np.float64).max)
    # by hand, since a product with 0 may be infinity times 0
    possible = min(possible, top) if _largest(below) > 0 else 0.0
    at_most = network.activation(np.array([possible, -possible]))
    return max(_largest(activations), min(_largest(at_most), top)) or 1.0


def _largest(array: Array) -> float:
    """The largest absolute value, found without a copy of the array."""
    return float(max(array.max(), -array.min()))


def _tamed(array: Array) -> Array:
    """The array, times a power of two if float64 sums of its entries could overflow or vanish."""
    exponent = int(np.frexp(_largest(array))[1])
    if exponent > 1000:
        return np.ldexp(array, -64)
    return np.ldexp(array, 512) if exponent < -512 else array


def _check_single(network: Network) -> None:
    if network.ensemble:
        raise ValueError(
            f"redundancy is a property of one network, found an ensemble with axes "
            f"{network.ensemble}: pass network.member(i), with one index per axis"
        )


def _tolerance(network: Network, tolerance: float | None) -> float:
    return TOLERANCES[network.dtype] if tolerance is None else not_negative(tolerance, "tolerance")
