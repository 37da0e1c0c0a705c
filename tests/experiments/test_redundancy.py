"""The claims of the page "What it takes to be redundant", with other seeds; brute force."""

import itertools

import numpy as np
import pytest

from initexplain.experiments.redundancy import (
    layout_of,
    observed_classes,
    planted_network,
    random_layout,
    same_classes,
    worked_example,
)
from initexplain.network import Network
from initexplain.symmetry import redundancy_classes

SETTINGS = {"planted": 10, "seed": 4}


def test_random_partitions_are_predicted_and_measured(result):
    assert result.planted_agree == result.planted_signed_agree == 10


def test_equal_rows_or_equal_columns_alone_end_at_the_first_update(result):
    assert result.rows_differ_after == result.columns_differ_after == 1
    assert result.repeated_matrix_clones == 0


# labels and signs of the first hidden layer
CLASSES = {
    "all zero, logistic": ([0] * 6, [1] * 6),
    "all zero, tanh": ([0] * 6, [0] * 6),
    "all weights equal": ([0] * 6, [1] * 6),
    "equal rows, outgoing weights differ": ([0, 1, 2, 3, 4, 5], [1] * 6),
    "equal outgoing weights, rows differ": ([0, 1, 2, 3, 4, 5], [1] * 6),
    "one unit copied": ([0, 0, 1, 2, 3, 4], [1] * 6),
    "rows differ, sums agree": ([0, 0, 0, 1, 2, 3], [1] * 6),
    "a mirrored pair": ([0, 0, 1, 2, 3, 4], [1, -1, 1, 1, 1, 1]),
    "zero weights, random biases": ([0, 1, 2, 3, 4, 5], [1] * 6),
    "random": ([0, 1, 2, 3, 4, 5], [1] * 6),
    "rows differ, two features equal": ([0, 0, 1, 2, 3, 4], [1] * 6),
}


def test_every_start_ends_with_the_classes_that_were_predicted(result):
    assert result.starts == result.agreeing == 11
    for classes in (result.predicted, result.measured):
        first = {name: [side.tolist() for side in layers[0]] for name, layers in classes.items()}
        assert first == {name: list(sides) for name, sides in CLASSES.items()}


def partitions(members):
    """All partitions of a list, as lists of lists."""
    if not members:
        yield []
        return
    for rest in partitions(members[1:]):
        yield [[members[0]], *rest]
        for i in range(len(rest)):
            yield [*rest[:i], [members[0], *rest[i]], *rest[i + 1 :]]


def equitable(network, layers):
    """Conditions (a), (b) and (c) of the page, unit by unit."""
    for at in range(1, len(layers) - 1):
        into, out, bias = network.weights[at - 1], network.weights[at], network.biases[at - 1]
        for group in layers[at]:
            sums_in = [[into[unit, low].sum() for low in layers[at - 1]] for unit in group]
            sums_out = [[out[high, unit].sum() for high in layers[at + 1]] for unit in group]
            if np.ptp(np.column_stack([bias[group], sums_in, sums_out]), axis=0).any():
                return False
    return True


def test_the_worked_example_by_trying_all_partitions():
    network = worked_example()
    inputs, outputs = [[0], [1]], [[0]]
    fitting = [
        (lower, upper)
        for lower, upper in itertools.product(partitions([0, 1, 2, 3]), partitions([0, 1, 2]))
        if equitable(network, [inputs, lower, upper, outputs])
    ]
    coarsest = min(fitting, key=lambda pair: len(pair[0]) + len(pair[1]))
    assert [sorted(map(sorted, layer)) for layer in coarsest] == [
        [[0, 1], [2], [3]],
        [[0, 1], [2]],
    ]
    # the finest always fits, and there is more than these two
    assert len(fitting) >= 2
    assert [c.tolist() for c in redundancy_classes(network)] == [[0, 0, 1, 2], [0, 0, 1]]
    # the rows of the redundant upper units differ
    assert not np.array_equal(*network.weights[1][:2])


@pytest.mark.parametrize("signed", [False, True])
def test_planted_networks_satisfy_the_sums(signed):
    rng = np.random.default_rng(8)
    silent = 0
    for _ in range(10):
        layout = random_layout(rng, [3, 6, 5, 2], signed=signed)
        network = planted_network(rng, layout, "tanh")
        sides = itertools.pairwise(layout)
        for matrix, ((low, below), (high, above)) in zip(network.weights, sides, strict=True):
            plain = matrix * np.outer(np.where(above, above, 1), np.where(below, below, 1))
            for a, b in itertools.product(set(high.tolist()), set(low.tolist())):
                rows, columns = high == a, low == b
                block = plain[np.ix_(rows, columns)]
                loud, heard = below[columns].any(), above[rows].any()
                # silent rows hear nothing: their sums are not only equal, they are 0
                if loud:
                    sums = block.sum(axis=1)
                    np.testing.assert_allclose(sums, sums[0] if heard else 0.0, atol=1e-12)
                if heard:
                    sums = block.sum(axis=0)
                    np.testing.assert_allclose(sums, sums[0] if loud else 0.0, atol=1e-12)
        silent += sum(int((signs == 0).any()) for _, signs in layout)
    assert (silent > 0) == signed


def test_planted_rows_are_unequal_unless_asked_otherwise():
    layout = layout_of([[0, 1], [0, 0, 1], [0, 0], [0]])
    rng = np.random.default_rng(9)
    assert np.ptp(planted_network(rng, layout, "relu").weights[1], axis=0).max() > 0.01
    assert np.ptp(planted_network(rng, layout, "relu", unequal=0.0).weights[1], axis=0).max() == 0


def test_observed_classes_by_comparing_pairs():
    rng = np.random.default_rng(10)
    w = rng.standard_normal((3, 2))
    rows = np.stack([w[0], w[1], -w[0], w[2], w[0], np.zeros(2)])
    network = Network([rows, np.ones((1, 6))], [np.zeros(6), [0.0]], "tanh")
    [(labels, signs)] = observed_classes(network, rng.standard_normal((20, 2)))
    assert (labels.tolist(), signs.tolist()) == ([0, 1, 0, 2, 0, 3], [1, 1, -1, 1, 1, 0])


def test_same_classes_sees_a_different_sign():
    layout = layout_of([[0], [0, 0], [0]], [[1], [1, -1], [1]])
    assert same_classes(layout, layout)
    assert not same_classes(layout, layout_of([[0], [0, 0], [0]]))
