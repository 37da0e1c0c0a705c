"""Planted partitions: random networks whose classes are known, and the classes that are seen."""

import itertools
from collections.abc import Sequence

import numpy as np

from initexplain.checks import Array
from initexplain.network import Network, forward
from initexplain.symmetry import Labels, SignedClasses

BIAS_STD = 0.3
# of activations, which are of the order of 1: far above rounding, far below what training separates
TOLERANCE = 1e-6

Layout = Sequence[SignedClasses]
"""A partition of a network's units: for every layer, inputs and outputs too."""


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


def class_network(network: Network, classes: Sequence[Labels]) -> Network:
    """A network of one unit for each class, with the same outputs: weights from a class add up.

    Args:
        network: a single network.
        classes: labels of every hidden layer, an equitable partition.

    Examples:
        >>> net = Network([[[1.0], [1.0]], [[2.0, 3.0]]], None, "tanh")
        >>> [W.tolist() for W in class_network(net, [np.array([0, 0])]).weights]
        [[[1.0]], [[5.0]]]
    """
    weights, biases = [], []
    members = np.eye(network.weights[0].shape[1])
    outputs = np.arange(len(network.biases[-1]))
    layers = zip(network.weights, network.biases, [*classes, outputs], strict=True)
    for matrix, bias, labels in layers:
        _, first = np.unique(labels, return_index=True)
        weights.append(matrix[first] @ members)
        biases.append(bias[first])
        members = np.eye(len(first))[labels]
    return Network(weights, biases, network.activation)


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
