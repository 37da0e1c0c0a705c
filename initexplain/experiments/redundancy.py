"""Redundancy predicted from the parameters and measured after training, for many starts."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, constant, lecun_normal, normal, zeros
from initexplain.network import Network, forward
from initexplain.symmetry import Labels, Signs, redundancy_classes, signed_redundancy_classes
from initexplain.training import train

LEARNING_RATE = 0.1
FEATURES = 3
BIAS_STD = 0.3
# of activations, which are of the order of 1: far above rounding, far below what training separates
TOLERANCE = 1e-6

SignedClasses = tuple[Labels, Signs]
"""Class and sign of the units of a layer: the first of a class has +1, or 0 if it is silent."""

Layout = Sequence[SignedClasses]
"""A partition of a network's units: for every layer, inputs and outputs too."""


@dataclass(frozen=True)
class Redundancy:
    """Predicted and measured classes of a gallery of starts and of random planted partitions.

    Attributes:
        worked: the network of the example on paper.
        worked_classes: its classes, per hidden layer.
        predicted: of each start in the gallery, labels and signs per hidden layer, from the
            parameters before training.
        measured: the same from the activations after training.
        starts: starts in the gallery.
        agreeing: starts whose predicted and measured classes are the same.
        planted_agree: of the planted partitions without signs (logistic units), how many are both
            predicted and measured after training.
        planted_signed_agree: the same with mirrored and silent units (tanh).
        rows_differ_after: updates until rows that start equal differ, if outgoing weights do.
        columns_differ_after: updates until outgoing weights that start equal differ, if rows do.
        repeated_matrix_clones: redundant units in a network that uses one random matrix twice.
    """

    worked: Network
    worked_classes: list[Labels]
    predicted: dict[str, list[SignedClasses]]
    measured: dict[str, list[SignedClasses]]
    starts: int
    agreeing: int
    planted_agree: int
    planted_signed_agree: int
    rows_differ_after: int
    columns_differ_after: int
    repeated_matrix_clones: int


def worked_example() -> Network:
    """The network of the example on paper: logistic units, whole weights, no biases.

    Examples:
        >>> [int(labels.max()) + 1 for labels in redundancy_classes(worked_example())]
        [3, 2]
    """
    first = [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [3.0, -1.0]]
    second = [[2.0, 0.0, 5.0, 1.0], [0.0, 2.0, 5.0, 1.0], [3.0, 3.0, 0.0, -1.0]]
    return Network([first, second, [[1.0, 1.0, 2.0]]], [[0.0] * 4, [0.0] * 3, [0.0]], "logistic")


def layout_of(labels: Sequence[Sequence[int]], signs: Sequence[Sequence[int]] = ()) -> Layout:
    """The layout with these labels, one row per layer; all signs +1 if not given."""
    plain = [[1] * len(of_layer) for of_layer in labels]
    return [
        (np.array(of_layer), np.array(flips))
        for of_layer, flips in zip(labels, signs or plain, strict=True)
    ]


def same_classes(some: Sequence[SignedClasses], others: Sequence[SignedClasses]) -> bool:
    """Whether labels and signs agree in every layer."""
    return all(
        np.array_equal(a, b)
        for one, other in zip(some, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def observed_classes(network: Network, inputs: Array) -> list[SignedClasses]:
    """Units whose activations are equal up to sign on these inputs, per hidden layer.

    Args:
        network: a single network.
        inputs: `(examples, features)`.

    Returns:
        Labels and signs, as `signed_redundancy_classes` numbers them.

    Examples:
        >>> net = Network([[[1.0], [-1.0], [2.0]], [[1.0, -1.0, 3.0]]], [[0.0] * 3, [0.0]], "tanh")
        >>> [(labels, signs)] = observed_classes(net, np.array([[0.5], [-2.0]]))
        >>> labels.tolist(), signs.tolist()
        ([0, 0, 1], [1, -1, 1])
    """
    return [_equal_up_to_sign(a) for a in forward(network, inputs).activations]


def _equal_up_to_sign(activations: Array) -> SignedClasses:
    left, right = activations[:, :, None], activations[:, None, :]
    equal = np.abs(left - right).max(axis=0) <= TOLERANCE
    opposite = np.abs(left + right).max(axis=0) <= TOLERANCE
    first = (equal | opposite).argmax(axis=0)
    signs = np.where(equal[first, np.arange(len(first))], 1, -1)
    signs[np.diagonal(opposite)] = 0
    return np.unique(first, return_inverse=True)[1].astype(np.int64), signs


def planted_network(
    rng: np.random.Generator, layout: Layout, activation: str, *, unequal: float = 1.0
) -> Network:
    """A random network whose coarsest equitable partition is the layout.

    Inside a block, the weights from one class to another, rows have equal sums and so have
    columns. What is multiplied by the signs of the units afterwards is:

    - a random level plus noise without row and column sums, between classes that are not silent;
    - noise alone, where one class is silent: what it gets and gives has to cancel.

    Args:
        rng: the source of randomness.
        layout: the classes; inputs and outputs each alone.
        activation: odd, if the layout has signs other than +1.
        unequal: size of the noise; with 0, units of a class have equal rows and columns.
    """
    weights, biases = [], []
    for (low, low_signs), (high, high_signs) in itertools.pairwise(layout):
        matrix = np.empty((len(high), len(low)))
        for a, b in itertools.product(np.unique(high), np.unique(low)):
            rows, columns = high == a, low == b
            heard, loud = high_signs[rows].any(), low_signs[columns].any()
            shape = (rows.sum(), columns.sum())
            matrix[np.ix_(rows, columns)] = _block(rng, shape, heard, loud, unequal)
        # silent units have no sign of their own
        flips = np.outer(high_signs + (high_signs == 0), low_signs + (low_signs == 0))
        weights.append(matrix * flips / np.sqrt(len(low)))
        biases.append(BIAS_STD * rng.standard_normal(len(high))[high] * high_signs)
    return Network(weights, biases, activation)


def _block(
    rng: np.random.Generator, shape: tuple[int, int], heard: bool, loud: bool, unequal: float
) -> Array:
    """Weights between two classes: `heard` and `loud` if the upper and lower one is not silent."""
    noise = rng.standard_normal(shape)
    if loud:
        noise -= noise.mean(axis=1, keepdims=True)
    if heard:
        noise -= noise.mean(axis=0, keepdims=True)
    level = rng.standard_normal() if heard and loud else 0.0
    return level + unequal * noise


def random_layout(rng: np.random.Generator, sizes: Sequence[int], *, signed: bool) -> Layout:
    """A random partition of the hidden layers; signed: with mirrored units and a silent class."""
    labels = [np.arange(size) for size in sizes]
    signs = [np.ones(size, dtype=np.int64) for size in sizes]
    for at in range(1, len(sizes) - 1):
        drawn = rng.integers(0, rng.integers(2, sizes[at]), size=sizes[at])
        _, first, inverse = np.unique(drawn, return_index=True, return_inverse=True)
        labels[at] = np.argsort(np.argsort(first))[inverse]
        if signed:
            sign = rng.choice([-1, 1], size=sizes[at])
            signs[at] = sign * sign[np.unique(labels[at], return_index=True)[1]][labels[at]]
            if rng.random() < 0.5:
                signs[at][labels[at] == labels[at].max()] = 0
    return list(zip(labels, signs, strict=True))


def run(
    *, units: int = 6, upper_units: int = 4, steps: int = 100, planted: int = 20, seed: int = 0
) -> Redundancy:
    """Predicts and measures the classes of every start; learning rate 0.1, two hidden layers.

    Args:
        units: units of the first hidden layer, at least 6.
        upper_units: units of the second, at least 4.
        steps: full-batch updates before classes are measured.
        planted: random planted partitions, without signs and as many with signs.
        seed: of data, networks and partitions.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, features=FEATURES)
    sizes = (FEATURES, units, upper_units, targets.shape[1])
    starts = {name: (start, start, inputs) for name, start in _gallery(rng, sizes).items()}
    starts["rows differ, two features equal"] = _twin_features(rng, sizes, inputs)
    predicted, measured = {}, {}
    for name, (network, seen, data) in starts.items():
        predicted[name] = signed_redundancy_classes(seen)
        after = train(network, data, targets, steps=steps, learning_rate=LEARNING_RATE).network
        measured[name] = observed_classes(after, data)
    equal_rows, _, _ = starts["equal rows, outgoing weights differ"]
    equal_columns, _, _ = starts["equal outgoing weights, rows differ"]
    example = worked_example()
    return Redundancy(
        worked=example,
        worked_classes=redundancy_classes(example),
        predicted=predicted,
        measured=measured,
        starts=len(starts),
        agreeing=sum(same_classes(predicted[name], measured[name]) for name in starts),
        planted_agree=_planted_agree(rng, planted, inputs, targets, steps, signed=False),
        planted_signed_agree=_planted_agree(rng, planted, inputs, targets, steps, signed=True),
        rows_differ_after=_updates_until_apart(
            equal_rows, inputs, targets, lambda network: network.weights[0]
        ),
        columns_differ_after=_updates_until_apart(
            equal_columns, inputs, targets, lambda network: network.weights[1].T
        ),
        repeated_matrix_clones=_repeated_matrix_clones(rng, units),
    )


def _gallery(rng: np.random.Generator, sizes: Sequence[int]) -> dict[str, Network]:
    """Networks of these sizes by what is special about them."""

    def drawn(weights: Initializer, activation: str = "tanh", biases: float = 0.0) -> Network:
        return Network.initialize(
            rng, sizes, weights=weights, biases=normal(biases), activation=activation
        )

    def planted(first: list[int], *, mirrored: Sequence[int] = ()) -> Network:
        labels = [list(range(sizes[0])), first, upper, list(range(sizes[-1]))]
        signs = [[1] * len(of_layer) for of_layer in labels]
        for unit in mirrored:
            signs[1][unit] = -1
        return planted_network(rng, layout_of(labels, signs), "tanh")

    some = drawn(lecun_normal())
    w1, w2, w3 = some.weights
    rest, upper = list(range(2, sizes[1] - 2)), [0, 0, *range(1, sizes[2] - 1)]
    # the first unit twice, the last one left out
    copied = [0, *range(sizes[1] - 1)]
    return {
        "all zero, logistic": drawn(zeros(), "logistic"),
        "all zero, tanh": drawn(zeros()),
        "all weights equal": drawn(constant(0.4)),
        "equal rows, outgoing weights differ": Network(
            [np.tile(w1[0], (len(w1), 1)), w2, w3], some.biases
        ),
        "equal outgoing weights, rows differ": Network(
            [w1, np.tile(w2[:, :1], w2.shape[1]), w3], some.biases
        ),
        "one unit copied": Network([w1[copied], w2[:, copied], w3], some.biases),
        "rows differ, sums agree": planted([0, 0, 0, 1, *rest]),
        "a mirrored pair": planted([0, 0, 1, *rest, sizes[1] - 2], mirrored=[1]),
        "zero weights, random biases": drawn(zeros(), biases=BIAS_STD),
        "random": some,
    }


def _twin_features(
    rng: np.random.Generator, sizes: Sequence[int], inputs: Array
) -> tuple[Network, Network, Array]:
    """A network, the same with two inputs merged into one, and data where the two are equal."""
    network = Network.initialize(rng, sizes, weights=lecun_normal())
    w1, w2, w3 = (w.copy() for w in network.weights)
    # units 1 and 2: the first two weights in reverse order, else alike
    w1[1] = w1[0][[1, 0, *range(2, sizes[0])]]
    w2[:, 1] = w2[:, 0]
    merged = np.hstack([w1[:, :2].sum(axis=1, keepdims=True), w1[:, 2:]])
    data = inputs[:, [0, 0, *range(2, sizes[0])]]
    apart, seen = (Network([first, w2, w3], network.biases) for first in (w1, merged))
    return apart, seen, data


def _planted_agree(
    rng: np.random.Generator, count: int, inputs: Array, targets: Array, steps: int, *, signed: bool
) -> int:
    """For how many random layouts prediction and measurement both are the layout."""
    sizes = [inputs.shape[1], 8, 6, targets.shape[1]]
    activation = "tanh" if signed else "logistic"
    layouts = [random_layout(rng, sizes, signed=signed) for _ in range(count)]
    networks = [planted_network(rng, layout, activation) for layout in layouts]
    together = Network.stack(networks)
    after = train(together, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).network
    return sum(
        same_classes(signed_redundancy_classes(network), layout[1:-1])
        and same_classes(observed_classes(after.member(i), inputs), layout[1:-1])
        for i, (network, layout) in enumerate(zip(networks, layouts, strict=True))
    )


def _updates_until_apart(
    network: Network, inputs: Array, targets: Array, rows: Callable[[Network], Array]
) -> int:
    """Updates until rows of what `rows` takes from the network differ by more than rounding."""

    def spread(_step: int, now: Network, _gradients: object) -> float:
        return float(np.ptp(rows(now), axis=0).max())

    history = train(network, inputs, targets, steps=5, learning_rate=LEARNING_RATE, observe=spread)
    return int(np.argmax(np.array(history.observed) > TOLERANCE))


def _repeated_matrix_clones(rng: np.random.Generator, units: int) -> int:
    """Redundant units where two layers start from the same random square matrix."""
    square, last = lecun_normal()(rng, (units, units)), lecun_normal()(rng, (2, units))
    network = Network([square, square, last], [np.zeros(units), np.zeros(units), np.zeros(2)])
    return sum(units - len(np.unique(labels)) for labels in redundancy_classes(network))
