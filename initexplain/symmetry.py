"""Redundant units: predicted from the parameters alone, measured on data; effective rank.

Two hidden units of a layer are *redundant* if they compute the same number on every input, now
and after any amount of gradient descent. This can be read off the parameters: their classes are
those of the *coarsest equitable partition* of the network. Give all hidden units of a layer one
class and every input and output its own; split classes until, inside every class, units agree on

- the bias,
- the sum of incoming weights from each class of the layer below,
- the sum of outgoing weights to each class of the layer above.

The page *What it takes to be redundant* has the proof, and what units of different classes, other
optimizers and rounding do.

**Silent units.** If `f(0) = 0`, as for tanh and ReLU, one class of each layer can be *silent*: bias
0, and sums of 0 from and to every class that is not silent. Its units give 0 and receive the error
0 for ever, no weight from or to them learns, and the others need not agree on these. All hidden
units start there; one that fails the condition leaves.

**Signs.** An odd activation, `f(-z) = -f(z)`, allows more. Units with opposite biases and opposite
sums are *mirrored*, their outputs opposite for ever. They share a class, in whose sums every unit
counts with its sign: this is the partition of the *doubled* network, in which every unit, input
and output has a negated copy. A silent unit is its own mirror image there.

**Given data** know more, and the same partition answers for them after three replacements.

- *Inputs*: of a row `[w b]` of the first layer only the projection on the span of the data's rows
  `[x 1]` is seen, and ever changes. It takes the row's place, which matters where features are
  equal or one-hot with a bias, or where examples are fewer than features.
- *Targets*: outputs whose targets are equal on all examples may share a class. If the error is odd,
  as for the squared error, outputs may be mirrored, or silent where the target is 0, too.
- *Loss*: softmax does not see what all outputs share, so the mean over the outputs is subtracted
  from the last matrix.

Classes are of a single network, one array of labels per hidden layer. An ensemble, or a `tolerance`
that is negative or not finite, raises `ValueError`.

Source: fibration symmetries (Velarde, Parra, Boldi and Makse 2024, arXiv 2408.15894) and
bisimulations of networks (Prabhakar, VMCAI 2022), found by colour refinement (1-WL).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import Array, check_shape, float_array, not_negative
from initexplain.losses import Loss, find_loss
from initexplain.network import Network, check_inputs, check_network, check_targets, forward
from initexplain.partition import (
    Labels,
    Layer,
    SignedClasses,
    Signs,
    by_first_appearance,
    coarsest_partition,
    largest_of,
    power_to_one,
    refined,
    split,
)

__all__ = [
    "Labels",
    "SignedClasses",
    "Signs",
    "effective_rank",
    "measured_redundancy",
    "redundancy_classes",
    "signed_redundancy_classes",
]

# What counts as equal, relative to the largest weight. Sums of 2,000 weights, all taken in float64,
# round at 1e-14; the rest is room for the drift of trained networks. In half precision it is room
# for the rounding of the weights themselves, of which a sum of n collects that of sqrt(n).
TOLERANCES = {"float64": 1e-9, "float32": 1e-5, "float16": 2.0**-8, "bfloat16": 2.0**-5}
# A bias is one number: of 1,000 random ones in float32, some lie closer together than 1e-5.
BIAS_TOLERANCES = {"float64": 1e-9, "float32": 2.0**-23, "float16": 2.0**-10, "bfloat16": 2.0**-7}
# What a projection leaves of nothing, for each number that it adds up.
ROUNDING = 2.0**-52


def redundancy_classes(
    network: Network,
    *,
    inputs: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    loss: str | Loss = "squared_error",
    tolerance: float | None = None,
) -> list[Labels]:
    """Which hidden units are redundant for ever, from the parameters alone, or for given data.

    Units get the same label exactly if they share a class of the coarsest equitable partition and
    are not mirrored. Equal incoming rows, biases and outgoing columns are the visible special case.

    Sums of `n` weights of the matrix `W` count as equal if they differ by no more than `tolerance
    sqrt(n) max|W|`; biases, by `tolerance` times `max|W|` (of the incoming weights) or the larger
    one. If not given, it is 1e-9; for float32 1e-5, for parameters that came in float16 or bfloat16
    four of their last places, and one last place for biases of each of these three. Training leaves
    rounding errors, and a matrix that holds nothing else is taken at its word: predict from the
    network before training.

    Args:
        network: a single network.
        inputs: `(examples, features)`: the classes on these, whatever the targets. A direction in
            which the features, each scaled to 1, spread by less than the `tolerance` is none.
        targets: `(examples, outputs)`: outputs with equal targets may share a class. Inputs and
            targets may be given alone. A `Loss` of your own says what its outputs share.
        loss: what training minimizes.
        tolerance: see above.

    Examples:
        Units 0, 1 and 3 have equal rows, but 1 feeds the output with another weight. Units 0 and 2
        get the same if the two features are always equal.

        >>> W1 = [[1.0, 2.0], [1.0, 2.0], [3.0, 0.0], [1.0, 2.0]]
        >>> W2 = [[5.0, 6.0, 5.0, 5.0]]
        >>> net = Network([W1, W2], [[0.0] * 4, [0.0]], "logistic")
        >>> [labels.tolist() for labels in redundancy_classes(net)]
        [[0, 1, 2, 0]]
        >>> [labels.tolist() for labels in redundancy_classes(net, inputs=[[1, 1], [2, 2]])]
        [[0, 1, 0, 0]]
    """
    signed = signed_redundancy_classes(
        network, inputs=inputs, targets=targets, loss=loss, tolerance=tolerance
    )
    return [by_first_appearance(3 * labels + signs) for labels, signs in signed]


def signed_redundancy_classes(
    network: Network,
    *,
    inputs: ArrayLike | None = None,
    targets: ArrayLike | None = None,
    loss: str | Loss = "squared_error",
    tolerance: float | None = None,
) -> list[SignedClasses]:
    """Which hidden units are equal up to sign for ever: from the parameters, or for given data.

    For each hidden layer the labels and the signs, both `(units,)`. Units that are redundant or
    mirrored share a label: the output of each is its sign times that of the first unit of the
    class. Silent units, whose output is 0 for ever, share a label and have sign 0. Where the
    activation is not odd, no sign is -1; where `f(0)` is not 0, none is 0. The arguments are those
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
    allowed = _tolerance(network, tolerance, TOLERANCES)
    of_biases = _tolerance(network, tolerance, BIAS_TOLERANCES)
    criterion, odd = find_loss(loss), network.activation.odd
    layers = [
        Layer(w, b, largest_of(w), allowed, of_biases, odd)
        for w, b in zip(network.weights, network.biases, strict=True)
    ]
    start = int(network.activation(0.0) != 0)
    hidden = [(np.zeros(n, dtype=np.int64), np.full(n, start)) for n in network.sizes[1:-1]]
    classes = [_apart(network.sizes[0]), *hidden, _apart(network.sizes[-1])]
    data = None if inputs is None else check_inputs(network, inputs)
    if data is not None:
        layers[0] = _seen_by(layers[0], data)
    if criterion.shift_invariant:
        layers[-1] = _without_shift(layers[-1])
    if targets is not None:
        answers = check_targets(network, data, targets, criterion)
        classes[-1] = _alike(answers, criterion, allowed)
        layers[-1] = replace(layers[-1], odd=criterion.mirror is not None)
    return [_by_first_units(*found) for found in coarsest_partition(layers, classes)[1:-1]]


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
            possible = min(float(np.sqrt(w.shape[1])) * largest_of(x) * largest_of(w), 1e307)
            scale = max(largest_of(a), largest_of(network.activation([possible, -possible]))) or 1.0
            together, values = np.zeros(a.shape[1], dtype=np.int64), a.astype(np.float64) / scale
            classes.append(by_first_appearance(split(together, values, np.full(len(a), allowed))))
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


def _apart(units: int) -> SignedClasses:
    return np.arange(units), np.ones(units, dtype=np.int64)


def _by_first_units(labels: Labels, signs: Signs) -> SignedClasses:
    """Labels by first appearance, and signs relative to the first unit of the class."""
    _, first = np.unique(labels, return_index=True)
    return by_first_appearance(labels), signs * signs[first][labels]


def _seen_by(layer: Layer, inputs: Array) -> Layer:
    """The first layer with `[W b]` projected on the span of the rows `[x 1]` of the data.

    What is left out changes no preactivation, and no update changes it.
    """
    rows = np.column_stack([inputs, np.ones(len(inputs))]).astype(np.float64)
    sizes = np.abs(rows).max(axis=0)
    sizes[sizes == 0] = 1.0
    rank_of = np.linalg.qr(rows / sizes, mode="r")
    _, singular, directions = np.linalg.svd(rank_of, full_matrices=False)
    tolerance = max(layer.tolerance, ROUNDING * max(rows.shape))
    used = singular > tolerance * singular[0]
    if used.sum() == rows.shape[1]:
        return layer
    basis, _ = np.linalg.qr(sizes[:, None] / sizes.max() * directions[used].T)
    # where the features do not add up to a constant, biases stay as they are
    mixed = np.abs(basis[:-1] @ basis[-1]).max() > tolerance
    size = max(layer.largest, largest_of(layer.biases))
    power = power_to_one(size)  # or products overflow
    weights, biases = (p.astype(np.float64) * power for p in (layer.weights, layer.biases))
    seen = np.column_stack([weights, biases if mixed else 0 * biases]) @ basis @ basis.T
    return replace(
        layer,
        weights=seen[:, :-1],
        biases=seen[:, -1] if mixed else biases,
        largest=power * (size if mixed else layer.largest),
        tolerance=tolerance,
        bias_tolerance=tolerance if mixed else layer.bias_tolerance,
    )


def _without_shift(layer: Layer) -> Layer:
    """The last matrix without its mean over the outputs, which the loss does not see."""
    w = 0.5 * layer.weights.astype(np.float64)  # halved, or differences overflow
    return replace(
        layer,
        weights=w - (w / len(w)).sum(axis=0),
        biases=0.5 * layer.biases,
        largest=0.5 * layer.largest,
        tolerance=max(layer.tolerance, ROUNDING * len(w)),
    )


def _alike(targets: Array, loss: Loss, tolerance: float) -> SignedClasses:
    """Outputs that may share a class: equal targets or, if the loss allows it, mirrored ones."""
    outputs = targets.shape[1]
    if loss.mirror is None and not loss.shift_invariant:
        return _apart(outputs)
    values = targets.astype(np.float64) - (loss.mirror or 0.0)
    gaps = np.full(len(values), tolerance * largest_of(values))
    together = np.zeros(outputs, dtype=np.int64), np.full(outputs, int(loss.mirror is None))
    return refined(together, values, gaps, odd=loss.mirror is not None)


def _tolerance(network: Network, tolerance: float | None, usual: dict[str, float]) -> float:
    """The tolerance for a network, which has to be a single one."""
    check_network(network)
    if network.ensemble:
        raise ValueError(
            f"redundancy is a property of one network, found an ensemble with axes "
            f"{network.ensemble}: pass network.member(i), with one index per axis"
        )
    return usual[network.precision] if tolerance is None else not_negative(tolerance, "tolerance")
