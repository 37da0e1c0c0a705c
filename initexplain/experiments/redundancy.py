"""Redundancy predicted from the parameters and measured after training, for many starts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, constant, lecun_normal, normal, zeros
from initexplain.network import Network, forward
from initexplain.symmetry import Labels, Signs, redundancy_classes, signed_redundancy_classes
from initexplain.training import train

LEARNING_RATE = 0.1
BIAS_STD = 0.3
# of activations, which are of the order of 1: far above rounding, far below what training separates
TOLERANCE = 1e-6

SignedClasses = tuple[Labels, Signs]


@dataclass(frozen=True)
class Layout:
    """A partition of a network's units: for every layer, inputs and outputs too, class and sign.

    Attributes:
        labels: one array `(units,)` per layer, numbered by first appearance.
        signs: +1, -1 (mirrored) or 0 (silent) for every unit; the first of a class has +1 or 0.
    """

    labels: tuple[Labels, ...]
    signs: tuple[Signs, ...]

    @classmethod
    def of(cls, labels: Sequence[Sequence[int]], signs: Sequence[Sequence[int]] = ()) -> "Layout":
        """The layout with these labels; all signs +1 if not given."""
        plain = [[1] * len(of_layer) for of_layer in labels]
        return cls(
            tuple(np.array(of_layer) for of_layer in labels),
            tuple(np.array(of_layer) for of_layer in signs or plain),
        )

    @property
    def hidden(self) -> list[SignedClasses]:
        """Labels and signs of the hidden layers."""
        return list(zip(self.labels[1:-1], self.signs[1:-1], strict=True))


@dataclass(frozen=True)
class Start:
    """One initialization: the classes its parameters predict, and those seen after training.

    Attributes:
        name: what is special about the parameters.
        predicted: labels and signs per hidden layer, from the parameters before training.
        measured: the same from the activations after training.
    """

    name: str
    predicted: list[SignedClasses]
    measured: list[SignedClasses]

    @property
    def agrees(self) -> bool:
        """Whether prediction and measurement are the same."""
        return same_classes(self.predicted, self.measured)


@dataclass(frozen=True)
class Redundancy:
    """Predicted and measured classes of a gallery of starts and of random planted partitions.

    Attributes:
        worked: the network of the example on paper.
        worked_classes: its classes, per hidden layer.
        gallery: one start after the other.
        planted: random networks with a planted partition, for each of the next two counts.
        planted_agree: of those without signs (logistic units), how many have the planted classes
            both predicted and measured after training.
        planted_signed_agree: the same with mirrored and silent units (tanh).
        rows_differ_after: updates until rows that start equal differ, if outgoing weights do.
        columns_differ_after: updates until outgoing weights that start equal differ, if rows do.
        repeated_matrix_clones: redundant units in a network that uses one random matrix twice.
        steps: updates before every measurement.
        features: inputs of the networks in the gallery.
        units: hidden units of the networks in the gallery, first layer.
        upper_units: the same, second layer.
    """

    worked: Network
    worked_classes: list[Labels]
    gallery: tuple[Start, ...]
    planted: int
    planted_agree: int
    planted_signed_agree: int
    rows_differ_after: int
    columns_differ_after: int
    repeated_matrix_clones: int
    steps: int
    features: int
    units: int
    upper_units: int

    @property
    def starts(self) -> int:
        """Starts in the gallery."""
        return len(self.gallery)

    @property
    def agreeing(self) -> int:
        """Starts whose predicted and measured classes are the same."""
        return sum(start.agrees for start in self.gallery)


def worked_example() -> Network:
    """The network of the example on paper: logistic units, whole weights, no biases.

    Examples:
        >>> [int(labels.max()) + 1 for labels in redundancy_classes(worked_example())]
        [3, 2]
    """
    first = [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [3.0, -1.0]]
    second = [[2.0, 0.0, 5.0, 1.0], [0.0, 2.0, 5.0, 1.0], [3.0, 3.0, 0.0, -1.0]]
    return Network([first, second, [[1.0, 1.0, 2.0]]], [[0.0] * 4, [0.0] * 3, [0.0]], "logistic")


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
        layout: the classes, inputs and outputs each alone.
        activation: odd, if the layout has signs other than +1.
        unequal: size of the noise; with 0, units of a class have equal rows and columns.
    """
    weights, biases = [], []
    for at in range(1, len(layout.labels)):
        below, above = (layout.labels[at - 1], layout.signs[at - 1]), _side(layout, at)
        matrix = np.empty((len(above[0]), len(below[0])))
        for a in np.unique(above[0]):
            for b in np.unique(below[0]):
                rows, columns = above[0] == a, below[0] == b
                heard, loud = above[1][rows].any(), below[1][columns].any()
                shape = (rows.sum(), columns.sum())
                matrix[np.ix_(rows, columns)] = _block(rng, shape, heard, loud, unequal)
        # silent units have no sign of their own
        signs = np.outer(above[1] + (above[1] == 0), below[1] + (below[1] == 0))
        weights.append(matrix * signs / np.sqrt(len(below[0])))
        biases.append(BIAS_STD * rng.standard_normal(len(above[0]))[above[0]] * above[1])
    return Network(weights, biases, activation)


def _side(layout: Layout, at: int) -> SignedClasses:
    return layout.labels[at], layout.signs[at]


def _block(
    rng: np.random.Generator,
    shape: tuple[int, int],
    heard: bool,
    loud: bool,
    unequal: float,
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
    return Layout(tuple(labels), tuple(signs))


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
    inputs, targets = teacher(rng, features=3)
    sizes = (inputs.shape[1], units, upper_units, targets.shape[1])
    starts = {
        name: (network, network, inputs) for name, network in _gallery(rng, sizes).items()
    } | {"rows differ, two features equal": _twin_features(rng, sizes, inputs)}

    def trained(network: Network, data: Array, updates: int = steps) -> Network:
        rate = LEARNING_RATE
        return train(network, data, targets, steps=updates, learning_rate=rate).network

    example = worked_example()
    return Redundancy(
        worked=example,
        worked_classes=redundancy_classes(example),
        gallery=tuple(
            Start(
                name,
                signed_redundancy_classes(seen),
                observed_classes(trained(network, data), data),
            )
            for name, (network, seen, data) in starts.items()
        ),
        planted=planted,
        planted_agree=_planted_agree(rng, planted, inputs, targets, steps, signed=False),
        planted_signed_agree=_planted_agree(rng, planted, inputs, targets, steps, signed=True),
        rows_differ_after=_updates_until_apart(
            starts["equal rows, outgoing weights differ"][0], inputs, targets, rows=True
        ),
        columns_differ_after=_updates_until_apart(
            starts["equal outgoing weights, rows differ"][0], inputs, targets, rows=False
        ),
        repeated_matrix_clones=_repeated_matrix_clones(rng, units),
        steps=steps,
        features=sizes[0],
        units=units,
        upper_units=upper_units,
    )


def _gallery(rng: np.random.Generator, sizes: Sequence[int]) -> dict[str, Network]:
    """Networks of these sizes by what is special about them."""

    def drawn(weights: Initializer, activation: str = "tanh", biases: float = 0.0) -> Network:
        return Network.initialize(
            rng, sizes, weights=weights, biases=normal(biases), activation=activation
        )

    def planted(first: list[int], second: list[int], signs: list[int] | None = None) -> Network:
        labels = [list(range(sizes[0])), first, second, list(range(sizes[-1]))]
        flips = [[1] * len(of_layer) for of_layer in labels]
        flips[1] = flips[1] if signs is None else signs
        return planted_network(rng, Layout.of(labels, flips), "tanh")

    some = drawn(lecun_normal())
    w1, w2, w3 = some.weights
    rest, upper = list(range(2, sizes[1] - 2)), [0, 0, *range(1, sizes[2] - 1)]
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
        "one unit copied": Network([w1[_doubled(w1)], w2[:, _doubled(w1)], w3], some.biases),
        "rows differ, sums agree": planted([0, 0, 0, 1, *rest], upper),
        "a mirrored pair": planted(
            [0, 0, 1, *rest, sizes[1] - 2], upper, [1, -1] + [1] * (sizes[1] - 2)
        ),
        "zero weights, random biases": drawn(zeros(), biases=BIAS_STD),
        "random": some,
    }


def _doubled(matrix: Array) -> Labels:
    """Row numbers with the first one twice and the last one left out."""
    return np.concatenate([[0], np.arange(len(matrix) - 1)])


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
    return (
        Network([w1, w2, w3], network.biases),
        Network([merged, w2, w3], network.biases),
        data,
    )


def _planted_agree(
    rng: np.random.Generator, count: int, inputs: Array, targets: Array, steps: int, *, signed: bool
) -> int:
    """For how many random layouts prediction and measurement both are the layout."""
    sizes = [inputs.shape[1], 8, 6, targets.shape[1]]
    activation = "tanh" if signed else "logistic"
    layouts = [random_layout(rng, sizes, signed=signed) for _ in range(count)]
    networks = [planted_network(rng, layout, activation) for layout in layouts]
    after = train(
        side_by_side(networks), inputs, targets, steps=steps, learning_rate=LEARNING_RATE
    ).network
    return sum(
        same_classes(signed_redundancy_classes(network), layout.hidden)
        and same_classes(observed_classes(after.member(i), inputs), layout.hidden)
        for i, (network, layout) in enumerate(zip(networks, layouts, strict=True))
    )


def side_by_side(networks: Sequence[Network]) -> Network:
    """Networks of one shape as an ensemble."""
    return Network(
        [np.stack(of_layer) for of_layer in zip(*(n.weights for n in networks), strict=True)],
        [np.stack(of_layer) for of_layer in zip(*(n.biases for n in networks), strict=True)],
        networks[0].activation,
    )


def _updates_until_apart(network: Network, inputs: Array, targets: Array, *, rows: bool) -> int:
    """Updates until the units' rows (or outgoing weights) differ by more than rounding."""

    def spread(_step: int, now: Network, _gradients: object) -> float:
        return float(np.ptp(now.weights[0] if rows else now.weights[1].T, axis=0).max())

    seen = train(
        network, inputs, targets, steps=5, learning_rate=LEARNING_RATE, observe=spread
    ).observed
    return int(np.argmax(np.array(seen) > TOLERANCE))


def _repeated_matrix_clones(rng: np.random.Generator, units: int) -> int:
    """Redundant units where two layers start from the same random square matrix."""
    square, last = lecun_normal()(rng, (units, units)), lecun_normal()(rng, (2, units))
    network = Network([square, square, last], [np.zeros(units), np.zeros(units), np.zeros(2)])
    return sum(units - len(np.unique(labels)) for labels in redundancy_classes(network))
