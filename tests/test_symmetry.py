"""Redundancy: predicted against brute force, against planted symmetries and against training."""

import tracemalloc
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from initexplain import ACTIVATIONS, LOSSES, Network, adam, forward, momentum, sgd, symmetry, train
from initexplain.optimizers import Optimizer
from initexplain.symmetry import (
    effective_rank,
    measured_redundancy,
    redundancy_classes,
    signed_redundancy_classes,
)

Floats = NDArray[np.floating[Any]]
Ints = NDArray[np.int64]
SignedClasses = tuple[list[int], list[int]]
Copy = tuple[int, int, int]

# Training steps, and a rate at which no planted network below diverges.
STEPS, RATE = 200, 0.02


def classes(network: Network, tolerance: float | None = None) -> list[list[int]]:
    return [labels.tolist() for labels in redundancy_classes(network, tolerance=tolerance)]


def signed(network: Network, tolerance: float | None = None) -> list[SignedClasses]:
    found = signed_redundancy_classes(network, tolerance=tolerance)
    return [(labels.tolist(), signs.tolist()) for labels, signs in found]


def measured(network: Network, inputs: Floats, tolerance: float | None = None) -> list[list[int]]:
    found = measured_redundancy(network, inputs, tolerance=tolerance)
    return [labels.tolist() for labels in found]


def by_first_appearance(labels: Sequence[object]) -> list[int]:
    seen: dict[object, int] = {}
    return [seen.setdefault(label, len(seen)) for label in labels]


# --- the oracle: exact refinement of the stored doubled network ---------------------------------


def refine_exactly(weights: list[Ints], biases: list[Ints], *, odd: bool) -> dict[Copy, int]:
    """The coarsest equitable partition, by brute force and in rational numbers.

    Every copy `(layer, unit, sign)` is a node; the weight between copies `i, s` and `j, t` is
    `s t w_ij`. Nodes are split by their full signatures until nothing changes.
    """
    signs = (1, -1) if odd else (1,)
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    ends = (0, len(weights))
    nodes = [(at, i, s) for at, n in enumerate(sizes) for i in range(n) for s in signs]
    edges = [
        ((at + 1, i, s), (at, j, t), s * t * Fraction(int(w[i, j])))
        for at, w in enumerate(weights)
        for i in range(w.shape[0])
        for j in range(w.shape[1])
        for s in signs
        for t in signs
    ]
    colour = {node: nodes.index(node) if node[0] in ends else -node[0] for node in nodes}
    while True:
        sums: dict[Copy, defaultdict[tuple[str, int], Fraction]]
        sums = {node: defaultdict(Fraction) for node in nodes}
        for above, below, weight in edges:
            sums[above]["in", colour[below]] += weight
            sums[below]["out", colour[above]] += weight
        signatures = {
            (at, i, s): (
                colour[at, i, s],
                s * int(biases[at - 1][i]) if at else 0,
                frozenset((key, total) for key, total in sums[at, i, s].items() if total),
            )
            for at, i, s in nodes
        }
        numbers = by_first_appearance([signatures[node] for node in nodes])
        if len(set(numbers)) == len(set(colour.values())):
            return colour
        colour = dict(zip(nodes, numbers, strict=True))


def oracle_signed(colour: dict[Copy, int], layer: int, units: int, *, odd: bool) -> SignedClasses:
    """Labels and signs of a layer, read off the colours of its copies."""
    plus = [colour[layer, i, 1] for i in range(units)]
    minus = [colour[layer, i, -1 if odd else 1] for i in range(units)]
    labels = by_first_appearance([frozenset(pair) for pair in zip(plus, minus, strict=True)])
    signs = [1 if plus[i] == plus[labels.index(labels[i])] else -1 for i in range(units)]
    return labels, [0 if odd and p == m else s for p, m, s in zip(plus, minus, signs, strict=True)]


def ternary_network(rng: np.random.Generator) -> tuple[list[Ints], list[Ints]]:
    """Weights and biases in {-1, 0, 1}, few inputs and outputs: coincidences are frequent."""
    hidden = rng.integers(1, 5, size=rng.integers(1, 4))
    sizes = [int(rng.integers(1, 3)), *hidden.tolist(), int(rng.integers(1, 3))]
    odds = rng.dirichlet([1.0, 1.0, 1.0])
    weights = [rng.choice([-1, 0, 1], p=odds, size=(b, a)) for a, b in pairwise(sizes)]
    bias_odds = [0.05, 0.9, 0.05] if rng.random() < 0.5 else [0.0, 1.0, 0.0]
    biases = [rng.choice([-1, 0, 1], p=bias_odds, size=n) for n in sizes[1:]]
    return weights, biases


def multiplied(
    rng: np.random.Generator, weights: list[Ints], biases: list[Ints], copies: int, *, odd: bool
) -> tuple[list[Ints], list[Ints]]:
    """Every hidden unit several times, its weights dealt out so that rows differ and sums agree.

    A weight becomes a permutation matrix times the weight; if `odd`, units are then mirrored at
    random.
    """
    times = [1, *[copies] * (len(weights) - 1), 1]
    signs = [rng.choice([-1, 1] if odd and n > 1 else [1], size=n) for n in times]
    big_weights, big_biases = [], []
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        below, above = times[layer], times[layer + 1]
        blocks = [
            [
                v
                * (
                    rng.permutation(np.eye(copies, dtype=np.int64))
                    if below == above > 1
                    else np.ones((above, below), np.int64)
                )
                for v in row
            ]
            for row in w.tolist()
        ]
        flips = np.outer(np.tile(signs[layer + 1], len(w)), np.tile(signs[layer], w.shape[1]))
        big_weights.append(np.block(blocks) * flips)
        big_biases.append(np.repeat(b, above) * np.tile(signs[layer + 1], len(w)))
    return big_weights, big_biases


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
@pytest.mark.parametrize("tolerance", [None, 0.0])
def test_integer_networks_match_brute_force(activation: str, tolerance: float | None) -> None:
    rng = np.random.default_rng(5)
    odd = ACTIVATIONS[activation].odd
    redundant = unequal_rows = mirrored = silent = 0
    for trial in range(300):
        weights, biases = ternary_network(rng)
        if trial % 2:
            weights, biases = multiplied(rng, weights, biases, int(rng.integers(2, 4)), odd=odd)
        network = Network(weights, biases, activation)
        colour = refine_exactly(weights, biases, odd=odd)
        hidden = list(enumerate(network.sizes[1:-1], 1))
        expected = [oracle_signed(colour, at, n, odd=odd) for at, n in hidden]
        plain = [by_first_appearance([colour[at, i, 1] for i in range(n)]) for at, n in hidden]
        assert signed(network, tolerance) == expected
        assert classes(network, tolerance) == plain
        redundant += any(len(set(labels)) < len(labels) for labels in plain)
        unequal_rows += any(
            (w[labels.index(label)] != row).any()
            for w, labels in zip(weights[:-1], plain, strict=True)
            for row, label in zip(w, labels, strict=True)
        )
        mirrored += any(-1 in signs for _, signs in expected)
        silent += any(0 in signs for _, signs in expected)
    # the test says something only if the cases occur
    assert redundant > 150
    assert unequal_rows > 50
    assert (mirrored > 50 and silent > 50) if odd else mirrored == silent == 0


# --- planted symmetries -------------------------------------------------------------------------


@dataclass(frozen=True)
class Layout:
    """A partition: for every layer, inputs and outputs included, labels and signs of its units."""

    labels: list[Ints]
    signs: list[Ints]

    def hidden(self) -> list[list[int]]:
        """The classes of redundant units: mirrored ones apart."""
        pairs = zip(self.labels[1:-1], self.signs[1:-1], strict=True)
        return [
            by_first_appearance(list(zip(labels.tolist(), signs.tolist(), strict=True)))
            for labels, signs in pairs
        ]

    def signed_hidden(self) -> list[SignedClasses]:
        pairs = zip(self.labels[1:-1], self.signs[1:-1], strict=True)
        return [(by_first_appearance(labels.tolist()), signs.tolist()) for labels, signs in pairs]


def random_layout(rng: np.random.Generator, *, odd: bool) -> Layout:
    """Depth, widths, classes and, if odd, signs at random; up to one silent class a layer."""
    sizes = [3, *rng.integers(3, 9, size=rng.integers(1, 5)).tolist(), 2]
    labels, signs = [np.arange(n) for n in sizes], [np.ones(n, np.int64) for n in sizes]
    for layer, units in list(enumerate(sizes))[1:-1]:
        drawn = rng.integers(0, rng.integers(2, units), size=units)
        labels[layer] = np.array(by_first_appearance(drawn.tolist()))
        if odd:
            sign = rng.choice([-1, 1], size=units)
            _, first = np.unique(labels[layer], return_index=True)
            signs[layer] = sign * sign[first][labels[layer]]
            if rng.random() < 0.5:
                signs[layer][labels[layer] == labels[layer].max()] = 0
    return Layout(labels, signs)


def equitable_block(
    rng: np.random.Generator, shape: tuple[int, int], *, rows_silent: bool, columns_silent: bool
) -> Floats:
    """Weights between two classes, signs left out, with the sums that the theorem asks for.

    Units that are not silent need equal sums over their own row (column). Sums of a silent
    unit over a class that is not silent must be 0; those over a silent class do not count.
    So noise is centred along the axes over which sums count, and a constant is added where
    neither class is silent.
    """
    block = rng.standard_normal(shape)
    if not columns_silent:
        block = block - block.mean(axis=1, keepdims=True)
    if not rows_silent:
        block = block - block.mean(axis=0, keepdims=True)
    return block + rng.standard_normal() * (not rows_silent and not columns_silent)


def planted_network(
    rng: np.random.Generator, layout: Layout, activation: str, *, equal_rows: bool = False
) -> Network:
    """A random network of which the layout is the coarsest equitable partition.

    Unequal weights whose sums agree, or, with `equal_rows`, blocks of equal weights. Weights
    and biases are then multiplied by the signs of the units; silent units have bias 0.
    """
    weights, biases = [], []
    for layer in range(1, len(layout.labels)):
        below, above = layout.labels[layer - 1], layout.labels[layer]
        sign_below, sign_above = layout.signs[layer - 1], layout.signs[layer]
        w = np.empty((len(above), len(below)))
        for a in set(above.tolist()):
            for b in set(below.tolist()):
                where = np.ix_(above == a, below == b)
                rows_silent = not sign_above[above == a].any()
                columns_silent = not sign_below[below == b].any()
                block = equitable_block(
                    rng, w[where].shape, rows_silent=rows_silent, columns_silent=columns_silent
                )
                kept = 0.0 if rows_silent or columns_silent else block.mean()
                w[where] = kept if equal_rows else block
        signs = np.outer(sign_above + (sign_above == 0), sign_below + (sign_below == 0))
        weights.append(w * signs / np.sqrt(len(below)))
        biases.append(0.3 * rng.standard_normal(len(above))[above] * sign_above)
    return Network(weights, biases, activation)


def task(
    rng: np.random.Generator, network: Network, loss: str = "squared_error"
) -> tuple[Floats, Floats]:
    inputs = rng.standard_normal((60, network.sizes[0]))
    shape = (60, network.sizes[-1])
    targets = {
        "squared_error": rng.standard_normal(shape),
        "logistic": rng.random(shape),
        "softmax_cross_entropy": rng.dirichlet(np.ones(shape[1]), size=60),
    }
    return inputs, targets[loss]


def trained(
    network: Network,
    inputs: Floats,
    targets: Floats,
    *,
    loss: str = "squared_error",
    rate: float = RATE,
    optimizer: str | Optimizer = "sgd",
    **randomness: Any,
) -> Network:
    return train(
        network,
        inputs,
        targets,
        steps=STEPS,
        learning_rate=rate,
        loss=loss,
        optimizer=optimizer,
        **randomness,
    ).network


def alive(network: Network, inputs: Floats, labels: list[list[int]]) -> list[list[int]]:
    """The labels of the units that are not 0 on all the inputs, renumbered."""
    return [
        by_first_appearance([of_layer[i] for i in np.flatnonzero(np.abs(a).max(axis=0))])
        for of_layer, a in zip(labels, forward(network, inputs).activations, strict=True)
    ]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_planted_classes_are_predicted_and_measured_before_and_after_training(
    activation: str, loss: str
) -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        layout = random_layout(rng, odd=ACTIVATIONS[activation].odd)
        network = planted_network(rng, layout, activation)
        inputs, targets = task(rng, network, loss)
        after = trained(network, inputs, targets, loss=loss)
        assert np.abs(after.weights[-1] - network.weights[-1]).max() > 0.01
        for stage in (network, after):
            assert signed(stage) == layout.signed_hidden()
            assert classes(stage) == layout.hidden()
            seen, planted = measured(stage, inputs), layout.hidden()
            if activation == "relu":
                # dead ReLU units are all equal, whatever their class
                seen, planted = alive(stage, inputs, seen), alive(stage, inputs, planted)
            assert seen == planted


def test_signs_are_the_signs_of_the_activations_after_training() -> None:
    rng = np.random.default_rng(2)
    for _ in range(10):
        network = planted_network(rng, random_layout(rng, odd=True), "tanh")
        inputs, targets = task(rng, network)
        activations = forward(trained(network, inputs, targets), inputs).activations
        for a, (labels, signs) in zip(activations, signed_redundancy_classes(network), strict=True):
            first = np.unique(labels, return_index=True)[1]
            np.testing.assert_allclose(a, a[:, first][:, labels] * signs, rtol=0, atol=1e-10)


def test_a_layer_that_is_silent_because_weights_cancel_stays_silent() -> None:
    # all its activations, and the changes of its biases, are rounding errors
    rng = np.random.default_rng(19)
    labels = [np.arange(3), np.array([0, 0, 1, 1]), np.zeros(4, np.int64), np.array([0, 0, 1])]
    signs = [np.ones(len(of_layer), np.int64) for of_layer in labels]
    signs[2] = np.zeros(4, np.int64)
    layout = Layout([*labels, np.arange(2)], [*signs, np.ones(2, np.int64)])
    for _ in range(5):
        network = planted_network(rng, layout, "tanh")
        inputs, targets = task(rng, network)
        after = trained(network, inputs, targets, rate=0.1)
        assert signed(network) == signed(after) == layout.signed_hidden()
        assert measured(network, inputs) == measured(after, inputs) == layout.hidden()


# --- the converse: one broken condition separates -----------------------------------------------


def broken(network: Network, what: str, shift: float) -> Network:
    """The network with one bias, incoming or outgoing weight of unit 1 of layer 1 shifted."""
    weights, biases = [w.copy() for w in network.weights], [b.copy() for b in network.biases]
    if what == "bias":
        biases[0][1] += shift
    elif what == "incoming":
        weights[0][1, 0] += shift
    else:
        weights[1][0, 1] += shift
    return Network(weights, biases, network.activation)


@pytest.mark.parametrize("activation", ["tanh", "logistic", "leaky_relu"])
@pytest.mark.parametrize("what", ["bias", "incoming", "outgoing"])
def test_a_unit_with_one_broken_condition_leaves_its_class(what: str, activation: str) -> None:
    rng = np.random.default_rng(3)
    labels = [np.arange(3), np.array([0, 0, 0, 1, 1]), np.arange(4), np.arange(2)]
    layout = Layout(labels, [np.ones(len(of_layer), np.int64) for of_layer in labels])
    whole = planted_network(rng, layout, activation)
    network = broken(whole, what, 1e-3)
    inputs, targets = task(rng, network)
    after = trained(network, inputs, targets)
    assert classes(whole)[0] == [0, 0, 0, 1, 1]
    assert classes(network)[0] == [0, 1, 0, 2, 2]
    assert measured(network, inputs)[0] == (
        [0, 0, 0, 1, 1] if what == "outgoing" else [0, 1, 0, 2, 2]
    )
    assert measured(after, inputs)[0] == [0, 1, 0, 2, 2]


def test_a_broken_sum_over_a_class_separates_and_a_kept_one_does_not() -> None:
    rng = np.random.default_rng(4)
    labels = [np.arange(3), np.array([0, 0, 1]), np.array([0, 0, 1]), np.arange(2)]
    layout = Layout(labels, [np.ones(len(of_layer), np.int64) for of_layer in labels])
    network = planted_network(rng, layout, "tanh")
    inputs, targets = task(rng, network)

    def shifted(change: list[list[float]]) -> Network:
        weights = list(network.weights)
        weights[1] = weights[1] + np.pad(change, ((0, 1), (0, 1)))
        return Network(weights, network.biases, "tanh")

    kept = shifted([[1e-3, -1e-3], [-1e-3, 1e-3]])
    assert classes(kept) == [[0, 0, 1], [0, 0, 1]]
    assert measured(trained(kept, inputs, targets), inputs) == [[0, 0, 1], [0, 0, 1]]
    # rows agree, columns do not: layer 1 separates, then layer 2 has nothing left to agree on
    torn = shifted([[1e-3, -1e-3], [1e-3, -1e-3]])
    assert classes(torn) == [[0, 1, 2], [0, 1, 2]]
    assert measured(torn, inputs) == [[0, 0, 1], [0, 0, 1]]
    assert measured(trained(torn, inputs, targets), inputs) == [[0, 1, 2], [0, 1, 2]]


# --- facts that can be checked by hand ----------------------------------------------------------


def filled(value: float, activation: str, sizes: Sequence[int] = (3, 4, 5, 2)) -> Network:
    shapes = [(above, below) for below, above in pairwise(sizes)]
    return Network(
        [np.full(shape, value) for shape in shapes], [np.zeros(n) for n, _ in shapes], activation
    )


@pytest.mark.parametrize(
    ("activation", "value", "sign"),
    [
        ("tanh", 0.0, 0),
        ("identity", 0.0, 0),
        ("logistic", 0.0, 1),
        ("relu", 0.0, 1),
        ("tanh", 0.5, 1),
        ("logistic", 0.5, 1),
        ("relu", -0.5, 1),
    ],
)
def test_constant_weights_make_one_class_per_layer(
    activation: str, value: float, sign: int
) -> None:
    network = filled(value, activation)
    inputs = np.random.default_rng(17).standard_normal((20, 3))
    assert classes(network) == measured(network, inputs) == [[0] * 4, [0] * 5]
    assert signed(network) == [([0] * 4, [sign] * 4), ([0] * 5, [sign] * 5)]


def test_outgoing_weights_alone_make_distinct_units() -> None:
    network = Network([np.ones((3, 2)), [[1.0, 2.0, 1.0]]], [np.zeros(3), [0.0]], "logistic")
    assert classes(network) == [[0, 1, 0]]


def test_signs_of_a_mirrored_pair_below_make_different_rows_redundant() -> None:
    first = [[0.4, -0.7], [-0.4, 0.7], [0.3, 0.2]]
    second = [[1.0, 0.0, 0.6], [0.0, -1.0, 0.6], [0.5, -0.5, -0.2]]
    last = [[0.8, 0.8, 0.1]]
    biases = [[0.1, -0.1, 0.2], [0.3, 0.3, -0.3], [0.0]]
    odd = Network([first, second, last], biases, "tanh")
    assert signed(odd) == [([0, 0, 1], [1, -1, 1]), ([0, 0, 1], [1, 1, 1])]
    assert classes(odd) == [[0, 1, 2], [0, 0, 1]]
    assert classes(Network([first, second, last], biases, "logistic")) == [[0, 1, 2], [0, 1, 2]]


def test_units_that_only_cancelling_clones_reach_are_silent() -> None:
    first = [[1.0, 2.0], [1.0, 2.0], [0.5, -0.5]]
    second = [[3.0, -3.0, 0.0], [-1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]
    network = Network([first, second, [[0.0, 0.0, 1.0]]], [np.zeros(3), np.zeros(3), [0.0]], "tanh")
    assert signed(network) == [([0, 0, 1], [1, 1, 1]), ([0, 0, 1], [0, 0, 1])]


def test_a_distinction_travels_through_depth_and_back() -> None:
    # equal rows everywhere; the last matrix tells its inputs apart, and so layer by layer down
    eye, ones = np.eye(3), np.ones((3, 1))
    network = Network(
        [ones, eye, eye, eye, [[1.0, 2.0, 3.0]]], [*[np.zeros(3)] * 4, np.zeros(1)], "logistic"
    )
    assert classes(network) == [[0, 1, 2]] * 4


# --- limits of the converse ---------------------------------------------------------------------


def test_dead_relu_units_are_equal_whatever_their_class() -> None:
    rng = np.random.default_rng(6)
    weights = [np.vstack([np.zeros((2, 3)), rng.standard_normal((2, 3))]), np.ones((2, 4))]
    network = Network(weights, [[-1.0, -2.0, 0.0, 0.0], [0.0, 0.0]], "relu")
    inputs, targets = task(rng, network)
    assert classes(network) == [[0, 1, 2, 3]]
    assert measured(trained(network, inputs, targets), inputs) == [[0, 0, 1, 2]]


def test_softmax_does_not_see_a_constant_added_to_outgoing_weights() -> None:
    rng = np.random.default_rng(7)
    row, column = rng.standard_normal(3), rng.standard_normal((3, 1))
    network = Network(
        [[row, row, -2 * row + 1], np.hstack([column, column + 1, column**2])],
        [np.zeros(3), np.zeros(3)],
        "tanh",
    )
    assert classes(network) == [[0, 1, 2]]
    for loss, seen in [("softmax_cross_entropy", [0, 0, 1]), ("squared_error", [0, 1, 2])]:
        inputs, targets = task(rng, network, loss)
        assert measured(trained(network, inputs, targets, loss=loss), inputs) == [seen]


def test_the_identity_keeps_linear_relations() -> None:
    # unit 2 is the sum of units 0 and 1, in its row, bias and column, and stays so
    rng = np.random.default_rng(8)
    first = 0.5 * rng.standard_normal((3, 3))
    first[2] = first[0] + first[1]
    second = np.array([[2 / 3, 2 / 3, 1 / 3], [0.0, 0.0, 1.0], [1.0, -1.0, 0.0]])
    last = 0.3 * rng.standard_normal((2, 3))
    last[:, 1] = last[:, 0]
    weights, biases = [first, second, last], [np.zeros(3), np.zeros(3), np.zeros(2)]
    for activation, seen in [("identity", [0, 0, 1]), ("tanh", [0, 1, 2])]:
        network = Network(weights, biases, activation)
        inputs, targets = task(rng, network)
        assert classes(network) == [[0, 1, 2], [0, 1, 2]]
        assert measured(trained(network, inputs, targets), inputs)[1] == seen


# --- other optimizers ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("optimizer", "equal_rows", "dropout", "keeps"),
    [
        (sgd(l2=0.01), False, 0.0, True),
        (momentum(weight_decay=0.01), False, 0.0, True),
        (adam(weight_decay=0.01), False, 0.0, True),
        (adam(l2=0.01), False, 0.0, False),
        (adam(l2=0.01), True, 0.0, True),
        (sgd(), True, 0.3, False),
    ],
)
def test_which_training_keeps_which_classes(
    optimizer: Optimizer, *, equal_rows: bool, dropout: float, keeps: bool
) -> None:
    rng = np.random.default_rng(9)
    labels = [np.arange(3), np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 0, 0, 1]), np.arange(2)]
    signs = [np.ones(len(of_layer), np.int64) for of_layer in labels]
    signs[1] = np.array([1, -1, 1, 1, -1, 1, 1])
    layout = Layout(labels, signs)
    network = planted_network(rng, layout, "tanh", equal_rows=equal_rows)
    inputs, targets = task(rng, network)
    after = trained(
        network,
        inputs,
        targets,
        rate=0.01,
        optimizer=optimizer,
        batch_size=20,
        dropout=dropout,
        rng=rng,
    )
    assert (measured(after, inputs, 1e-6) == layout.hidden()) == keeps


def test_dropout_does_not_wake_silent_units() -> None:
    rng = np.random.default_rng(10)
    network = filled(0.0, "tanh")
    inputs, targets = task(rng, network)
    after = trained(network, inputs, targets, dropout=0.3, rng=rng)
    assert signed(after) == [([0] * 4, [0] * 4), ([0] * 5, [0] * 5)]


# --- invariance, tolerance, size ----------------------------------------------------------------


def permuted(network: Network, orders: list[Ints]) -> Network:
    """The same function with hidden layer `l`'s units in the order `orders[l]`."""
    rows = [*orders, np.arange(network.sizes[-1])]
    columns = [np.arange(network.sizes[0]), *orders]
    return Network(
        [w[np.ix_(r, c)] for w, r, c in zip(network.weights, rows, columns, strict=True)],
        [b[r] for b, r in zip(network.biases, rows, strict=True)],
        network.activation,
    )


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_permuting_units_permutes_labels(activation: str) -> None:
    rng = np.random.default_rng(11)
    for _ in range(10):
        layout = random_layout(rng, odd=activation == "tanh")
        network = planted_network(rng, layout, activation)
        orders = [rng.permutation(n) for n in network.sizes[1:-1]]
        assert classes(permuted(network, orders)) == [
            by_first_appearance([labels[i] for i in order])
            for labels, order in zip(layout.hidden(), orders, strict=True)
        ]


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e-310, 1e-300, 1e300])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.filterwarnings("error")
def test_classes_do_not_depend_on_the_scale_of_the_parameters(
    activation: str, scale: float
) -> None:
    rng = np.random.default_rng(12)
    layout = random_layout(rng, odd=activation == "tanh")
    network = planted_network(rng, layout, activation)
    scaled = Network(
        [w * scale for w in network.weights], [b * scale for b in network.biases], activation
    )
    assert classes(scaled) == layout.hidden()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tolerance", [None, 0.0])
def test_the_largest_numbers_do_not_overflow(dtype: type, tolerance: float | None) -> None:
    top = float(np.finfo(dtype).max)
    rows = top * np.array([[1.0, 1, 1, 1], [1, 1, 1, 0.5], [1, -1, 1, -1], [1, 1, 1, 1], [1] * 4])
    biases = top * np.array([1.0, 1, 1, 1, -1])
    network = Network(
        [rows.astype(dtype), np.full((1, 5), top, dtype)],
        [biases.astype(dtype), np.zeros(1, dtype)],
        "logistic",
    )
    assert classes(network, tolerance) == [[0, 1, 2, 0, 3]]


@pytest.mark.filterwarnings("error")
def test_the_smallest_numbers_do_not_vanish() -> None:
    # sums of 90 units in the last place, made of different terms
    second = np.array([[30, 30, 30], [10, 50, 30], [50, 10, 30]]) * 5e-324
    network = Network(
        [np.ones((3, 1)), second, np.ones((1, 3))], [np.zeros(3)] * 2 + [np.zeros(1)], "logistic"
    )
    assert classes(network) == [[0] * 3, [0] * 3]
    second[0, 0] = 0
    network = Network([np.ones((3, 1)), second, np.ones((1, 3))], network.biases, "logistic")
    assert classes(network) == [[0, 1, 2], [0, 1, 2]]


def test_single_precision_networks() -> None:
    rng = np.random.default_rng(13)
    for _ in range(20):
        layout = random_layout(rng, odd=True)
        network = planted_network(rng, layout, "tanh")
        single = Network(
            [w.astype(np.float32) for w in network.weights],
            [b.astype(np.float32) for b in network.biases],
            "tanh",
        )
        inputs, _ = task(rng, single)
        assert classes(single) == measured(single, inputs) == layout.hidden()


def test_single_precision_weights_are_summed_in_double_precision() -> None:
    # a circulant matrix: all rows and columns hold the same numbers, in another order
    units = 500
    row = np.random.default_rng(20).integers(0, 256, size=units) / 256
    circulant = row[(np.arange(units)[:, None] + np.arange(units)) % units]
    weights = [np.ones((units, 1)), circulant, np.ones((1, units))]
    biases = [np.zeros(units), np.zeros(units), np.zeros(1)]
    network = Network(
        [w.astype(np.float32) for w in weights], [b.astype(np.float32) for b in biases], "tanh"
    )
    assert classes(network, 1e-8) == [[0] * units] * 2


def test_tolerance_sets_what_counts_as_equal() -> None:
    first = np.array([[1.0], [1.0 + 1e-4], [1.0]])
    network = Network([first, np.ones((1, 3))], [np.zeros(3), np.zeros(1)], "tanh")
    inputs = np.linspace(-1.0, 1.0, 20)[:, None]
    assert classes(network) == measured(network, inputs) == [[0, 1, 0]]
    assert classes(network, 1e-2) == measured(network, inputs, 1e-2) == [[0, 0, 0]]
    biases = [np.array([1.0, 1.0 + 1e-12, 1.0 + 1e-6]), np.zeros(1)]
    assert classes(Network([np.zeros((3, 1)), np.ones((1, 3))], biases, "tanh")) == [[0, 0, 1]]


@pytest.mark.parametrize("units", [5, 7, 13, 33])
def test_with_tolerance_zero_clones_agree_and_one_bit_separates(units: int) -> None:
    rng = np.random.default_rng(14)
    rows = np.tile(rng.standard_normal(50), (units, 1))
    second = np.tile(rng.standard_normal((6, 1)), units)
    biases = [np.full(units, 0.1), np.zeros(6), np.zeros(2)]
    network = Network([rows, second, rng.standard_normal((2, 6))], biases, "tanh")
    assert classes(network, 0.0) == [[0] * units, list(range(6))]
    rows[2, 7] = np.nextafter(rows[2, 7], np.inf)
    other = Network([rows, *network.weights[1:]], biases, "tanh")
    assert classes(other, 0.0)[0] == [0, 0, 1] + [0] * (units - 3)
    assert classes(other)[0] == [0] * units


def test_with_tolerance_zero_the_sums_over_the_final_classes_agree() -> None:
    # 1 + 2^53 + 1 rounds to 2^53: only sums over units 0 and 2 alone tell the rows apart
    second = np.array([[1.0, 2.0**53, 1.0], [0.0, 2.0**53, 0.0]])
    network = Network(
        [np.ones((3, 1)), second, np.ones((1, 2))],
        [np.zeros(3), np.zeros(2), np.zeros(1)],
        "logistic",
    )
    assert classes(network, 0.0) == [[0, 1, 0], [0, 1]]


def test_measuring_with_tolerance_zero_compares_bits() -> None:
    # unit 1 differs from unit 0 in the last bit of one example of many
    inputs = np.zeros((2000, 2))
    inputs[:, 0] = np.linspace(1.0, 1000.0, 2000)
    inputs[0, 1] = 2.0**-52
    first = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 0.0]])
    network = Network([first, np.ones((1, 3))], [np.zeros(3), np.zeros(1)], "identity")
    assert measured(network, inputs, 0.0) == [[0, 1, 0]]
    assert measured(network, inputs) == [[0, 0, 0]]


def test_zero_and_minus_zero_are_equal() -> None:
    # a leaky ReLU of the smallest negative number underflows to -0
    biases = [np.array([0.0, -5e-324, 1.0]), np.zeros(1)]
    network = Network([np.zeros((3, 1)), np.ones((1, 3))], biases, "leaky_relu")
    assert measured(network, np.ones((4, 1)), 0.0) == [[0, 0, 1]]


@pytest.mark.filterwarnings("error")
def test_measuring_does_not_overflow_where_the_forward_pass_does_not() -> None:
    first = np.array([[1e300, 0.0], [1e300, 0.0], [1e299, 0.0]])
    network = Network([first, np.full((1, 3), 1e-300)], [np.zeros(3), np.zeros(1)], "identity")
    inputs = np.array([[1.0, 1e10], [2.0, 0.0]])
    assert measured(network, inputs, 1e-20) == measured(network, inputs, 0.0) == [[0, 0, 1]]


def test_activations_next_to_the_largest_float_are_told_apart() -> None:
    weights = [[[1.7e308, 0.0], [0.0, 1.7e308]], [[0.0, 0.0]]]
    network = Network(weights, [[0.0, 0.0], [0.0]], "selu")
    assert measured(network, np.zeros((3, 2))) == [[0, 0]]
    assert measured(network, np.array([[1.0, 0.5], [0.5, 1.0]]) / 1.1) == [[0, 1]]


def test_measured_classes_need_data_that_tell_units_apart() -> None:
    network = Network([np.eye(2), np.ones((1, 2))], [np.zeros(2), [0.0]], "tanh")
    assert measured(network, np.array([[1.0, 1.0]])) == [[0, 0]]
    assert measured(network, np.array([[1.0, 1.0], [1.0, 1.1]])) == [[0, 1]]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_wide_layers_need_less_memory_than_their_weights(activation: str) -> None:
    rng = np.random.default_rng(15)
    units = 2000
    pattern = np.arange(units) % 700
    first = rng.standard_normal((700, 4))[pattern]
    second = rng.standard_normal((700, 700))[np.ix_(pattern, pattern)]
    last = rng.standard_normal((1, 700))[:, pattern]
    network = Network([first, second, last], [np.zeros(units), np.zeros(units), [0.0]], activation)
    tracemalloc.start()
    found = redundancy_classes(network)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # which copies of a class have the same number of twins below decides nothing: all are clones
    assert [int(labels.max()) + 1 for labels in found] == [700, 700]
    assert peak < 0.25 * sum(w.nbytes for w in network.weights)


def chain(units: int, activation: str) -> Network:
    """Only unit 0 sees the data, and every unit feeds the next: one split per round."""
    first, step = np.zeros((units, 1)), np.eye(units) + np.eye(units, k=-1)
    first[0] = 1.0
    return Network(
        [first, step, np.eye(units), np.ones((1, units))],
        [*[np.full(units, 0.1)] * 3, np.zeros(1)],
        activation,
    )


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_long_chains_of_splits_are_followed_to_the_end(activation: str) -> None:
    assert classes(chain(60, activation)) == [list(range(60))] * 3


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_long_chains_of_splits_cost_a_few_passes_over_the_weights(
    activation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    multiplied_weights = []
    product = symmetry._float64_product

    def counted(matrix: Floats, columns: Floats) -> Floats:
        multiplied_weights.append(matrix.size)
        return product(matrix, columns)

    monkeypatch.setattr(symmetry, "_float64_product", counted)
    network = chain(200, activation)
    redundancy_classes(network)
    assert sum(multiplied_weights) < 10 * sum(w.size for w in network.weights)


def test_all_that_leave_the_silent_class_are_looked_at_again() -> None:
    silent, two_thirds = np.array([[0, 0, 0]] * 2), np.array([[1, 1, 0], [2, 2, 0]])
    assert symmetry._new_classes(silent, two_thirds)[:2].all()
    plain = np.array([[0, 0, 0]])
    assert symmetry._new_classes(plain, two_thirds[:1]).tolist() == [False, False, True]


def test_a_split_by_one_value_can_open_a_gap_in_another() -> None:
    values = np.array([[0.0, 0.0], [1.0, 5.0], [2.0, 0.0]])
    together = np.zeros(3, np.int64)
    assert len(set(symmetry._split(together, values, gap=1.5).tolist())) == 3


# --- bad input ----------------------------------------------------------------------------------


def test_a_network_without_hidden_layers_has_no_classes() -> None:
    network = Network([np.ones((2, 3))], [np.zeros(2)])
    assert classes(network) == measured(network, np.ones((1, 3))) == []
    assert signed(network) == []


def test_layers_of_one_unit() -> None:
    network = filled(1.0, "tanh", (1, 1, 1, 1))
    assert classes(network) == measured(network, np.ones((1, 1))) == [[0], [0]]
    assert signed(network) == [([0], [1]), ([0], [1])]
    assert signed(filled(0.0, "tanh", (1, 1, 1, 1))) == [([0], [0]), ([0], [0])]


def test_an_ensemble_is_refused_with_its_axes() -> None:
    ensemble = Network(
        [np.ones((2, 5, 3, 4)), np.ones((2, 5, 1, 3))], [np.zeros((2, 5, 3)), np.zeros((2, 5, 1))]
    )
    message = r"axes \(2, 5\).*network\.member\(i\)"
    with pytest.raises(ValueError, match=message):
        redundancy_classes(ensemble)
    with pytest.raises(ValueError, match=message):
        signed_redundancy_classes(ensemble)
    with pytest.raises(ValueError, match=message):
        measured_redundancy(ensemble, np.ones((1, 4)))
    assert classes(ensemble.member(1, 4)) == [[0, 0, 0]]


@pytest.mark.parametrize("tolerance", [-1e-9, np.nan, np.inf, -np.inf])
def test_a_tolerance_must_be_finite_and_not_negative(tolerance: float) -> None:
    network = filled(1.0, "tanh")
    with pytest.raises(ValueError, match="tolerance"):
        redundancy_classes(network, tolerance=tolerance)
    with pytest.raises(ValueError, match="tolerance"):
        signed_redundancy_classes(network, tolerance=tolerance)
    with pytest.raises(ValueError, match="tolerance"):
        measured_redundancy(network, np.ones((1, 3)), tolerance=tolerance)


def test_inputs_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="inputs"):
        measured_redundancy(filled(1.0, "tanh"), np.ones((5, 4)))


# --- effective rank -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 7])
def test_effective_rank_of_equal_singular_values_is_their_number(size: int) -> None:
    assert effective_rank(-3.0 * np.eye(size)) == pytest.approx(size)
    assert effective_rank(np.eye(size, 9)) == pytest.approx(size)


def test_effective_rank_of_an_outer_product_is_one() -> None:
    rng = np.random.default_rng(16)
    matrix = np.outer(rng.standard_normal(6), rng.standard_normal(4))
    assert effective_rank(matrix) == pytest.approx(1.0)


def test_effective_rank_of_two_singular_values() -> None:
    # shares 3/4 and 1/4: exp(H) = 4 / 3^(3/4)
    assert effective_rank(np.diag([3.0, 1.0])) == pytest.approx(4 / 3**0.75)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1e-320, 1e-200, 1.7e308])
def test_effective_rank_does_not_depend_on_scale(scale: float) -> None:
    assert effective_rank(scale * np.diag([1.0, 1.0, 0.0])) == pytest.approx(2.0)


def test_effective_rank_over_leading_axes() -> None:
    matrices = np.stack([np.zeros((3, 4)), np.eye(3, 4), np.ones((3, 4))])
    ranks = effective_rank(np.stack([matrices, matrices[::-1]]))
    assert isinstance(ranks, np.ndarray)
    np.testing.assert_allclose(ranks, [[0.0, 3.0, 1.0], [1.0, 3.0, 0.0]])
    assert type(effective_rank(np.zeros((2, 2)))) is float
    assert effective_rank(np.zeros((2, 2))) == 0.0


@pytest.mark.parametrize("matrix", [[1.0, 2.0], np.ones((0, 3)), [[np.nan]], [["a"]]])
def test_effective_rank_refuses_what_is_no_matrix(matrix: Any) -> None:
    with pytest.raises(ValueError, match="matrix"):
        effective_rank(matrix)
