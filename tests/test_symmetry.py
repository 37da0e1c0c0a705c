"""Redundancy: predicted against brute force, against planted symmetries and against training."""

import tracemalloc
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from oracles import by_first_appearance, refine_exactly
from plain import changed, draw_targets

import initexplain as ie
from initexplain.experiments.planted import layout_of, planted_network


def classes(network, tolerance=None, **data):
    found = ie.redundancy_classes(network, tolerance=tolerance, **data)
    return [labels.tolist() for labels in found]


def signed(network, tolerance=None, **data):
    found = ie.signed_redundancy_classes(network, tolerance=tolerance, **data)
    return [(labels.tolist(), signs.tolist()) for labels, signs in found]


def measured(net, inputs, tolerance=None):
    return [labels.tolist() for labels in ie.measured_redundancy(net, inputs, tolerance=tolerance)]


def unsigned(layers):
    """The classes of redundant units: mirrored ones apart."""
    return [by_first_appearance(list(zip(*layer, strict=True))) for layer in layers]


def unbiased(weights, activation="logistic"):
    return ie.Network(weights, [np.zeros(len(np.asarray(w))) for w in weights], activation)


def can_be_silent(activation):
    return float(activation(0.0)) == 0


def task(rng, network, loss="squared_error"):
    inputs, shape = rng.standard_normal((60, network.sizes[0])), (60, network.sizes[-1])
    return inputs, {name: draw_targets(rng, name, shape) for name in ie.LOSSES}[loss]


def trained(network, inputs, targets, steps=200, **how):
    # at this rate no planted network below diverges
    how = {"learning_rate": 0.02, **how}
    return ie.train(network, inputs, targets, steps=steps, **how).network


# --- brute force -------------------------------------------------------------------------------


def doubled(rng, weights, biases, *, odd):
    """Every hidden unit twice: rows of the two differ, sums agree; if `odd`, mirrored at random."""
    first, *between, last = weights
    dealt = [
        np.kron(w, np.eye(2, dtype=np.int64))
        + np.kron(rng.integers(-1, 2, size=w.shape), [[1, -1], [-1, 1]])
        for w in between
    ]
    weights = [np.kron(first, [[1], [1]]), *dealt, np.kron(last, [[1, 1]])]
    signs = [rng.choice([-1, 1] if odd else [1], size=len(w)) for w in weights[:-1]]
    ends = [np.ones(w.shape[axis], dtype=np.int64) for w, axis in ((first, 1), (last, 0))]
    pairs = pairwise([ends[0], *signs, ends[1]])
    weights = [w * np.outer(over, under) for w, (under, over) in zip(weights, pairs, strict=True)]
    hidden = [np.repeat(b, 2) * over for b, over in zip(biases, signs, strict=False)]
    return weights, [*hidden, biases[-1]]


def small_networks(rng, activation, count):
    """Clones, mirrored pairs, silent units and sums that cancel, by chance and planted.

    Weights and biases are in {-1, 0, 1}, with few inputs and outputs: coincidences are frequent.
    """
    for trial in range(count):
        hidden = rng.integers(1, 5, size=rng.integers(1, 4))
        sizes = [int(rng.integers(1, 3)), *hidden.tolist(), int(rng.integers(1, 3))]
        odds = rng.dirichlet([1.0, 1.0, 1.0])
        weights = [rng.choice([-1, 0, 1], p=odds, size=(b, a)) for a, b in pairwise(sizes)]
        odds = np.array([0.05, 0.9, 0.05] if rng.random() < 0.5 else [0.0, 1.0, 0.0])
        biases = [rng.choice([-1, 0, 1], p=odds, size=n) for n in sizes[1:]]
        if trial % 2:
            weights, biases = doubled(rng, weights, biases, odd=ie.ACTIVATIONS[activation].odd)
        yield weights, biases


@pytest.mark.parametrize("activation", ie.ACTIVATIONS)
def test_integer_networks_match_brute_force(activation):
    f, counts = ie.ACTIVATIONS[activation], Counter[str]()
    for weights, biases in small_networks(np.random.default_rng(5), activation, 120):
        expected = refine_exactly(weights, biases, odd=f.odd, zero_at_zero=can_be_silent(f))
        network = ie.Network(weights, biases, activation)
        for tolerance in (None, 0.0):
            assert signed(network, tolerance) == expected
            assert classes(network, tolerance) == unsigned(expected)
        for w, (labels, signs) in zip(weights, expected, strict=False):
            counts["redundant"] += len(set(labels)) < len(labels)
            counts["rows differ"] += (w[[labels.index(label) for label in labels]] != w).any()
            counts["mirrored"] += -1 in signs
            counts["silent"] += 0 in signs
            counts["cancelling"] += w[np.array(signs) == 0].any()
    # the test says something only if the cases occur
    assert min(counts["redundant"], counts["rows differ"]) > 50
    assert counts["mirrored"] > 40 if f.odd else counts["mirrored"] == 0
    assert counts["cancelling"] > 5 if can_be_silent(f) else counts["silent"] == 0


@pytest.mark.parametrize("activation", ["tanh", "lecun_tanh", "logistic"])
def test_small_networks_separate_as_predicted(activation):
    rng, counts = np.random.default_rng(22), Counter()
    for weights, biases in small_networks(rng, activation, 60):
        network = ie.Network([0.5 * w for w in weights], [0.3 * b for b in biases], activation)
        inputs, targets = task(rng, network)
        if weights[-1].any():  # or it cannot learn
            after = trained(network, inputs, targets, steps=60, learning_rate=0.05)
            assert measured(after, inputs) == classes(network)
            counts[any(len(set(labels)) < len(labels) for labels in classes(network))] += 1
    assert counts[True] > 15


# --- planted symmetries -------------------------------------------------------------------------


def random_layout(rng, activation):
    """Depth, widths, classes and signs at random; up to one silent class a layer."""
    f, hidden = ie.ACTIVATIONS[activation], []
    for units in rng.integers(3, 9, size=rng.integers(1, 5)).tolist():
        labels = by_first_appearance(rng.integers(0, rng.integers(2, units), size=units).tolist())
        drawn = rng.choice([-1, 1] if f.odd else [1], size=units).tolist()
        signs = [s * drawn[labels.index(label)] for s, label in zip(drawn, labels, strict=True)]
        if can_be_silent(f) and rng.random() < 0.5:
            signs = [s * (label < max(labels)) for s, label in zip(signs, labels, strict=True)]
        hidden.append((labels, signs))
    return [([0, 1, 2], [1] * 3), *hidden, ([0, 1], [1] * 2)]


def planted(rng, layout, activation):
    """A random network of which the layout is the coarsest equitable partition."""
    return planted_network(rng, layout_of(*zip(*layout, strict=True)), activation)


def alive(network, inputs, labels):
    """The labels of the units that are not 0 on all the inputs, renumbered."""
    return [
        by_first_appearance([of_layer[i] for i in np.flatnonzero(np.abs(a).max(axis=0))])
        for of_layer, a in zip(labels, ie.forward(network, inputs).activations, strict=True)
    ]


@pytest.mark.parametrize("loss", ie.LOSSES)
@pytest.mark.parametrize("activation", ie.ACTIVATIONS)
def test_planted_classes_are_predicted_and_measured_before_and_after_training(activation, loss):
    rng = np.random.default_rng(23)
    for _ in range(5):
        layout = random_layout(rng, activation)
        network = planted(rng, layout, activation)
        inputs, targets = task(rng, network, loss)
        after = trained(network, inputs, targets, loss=loss)
        assert np.abs(after.weights[-1] - network.weights[-1]).max() > 0.01
        for stage in (network, after):
            assert signed(stage) == layout[1:-1]
            assert classes(stage) == unsigned(layout[1:-1])
            seen, expected = measured(stage, inputs), unsigned(layout[1:-1])
            if activation == "relu":
                # dead ReLU units are all equal, whatever their class
                seen, expected = alive(stage, inputs, seen), alive(stage, inputs, expected)
            assert seen == expected
            activations = ie.forward(stage, inputs).activations
            for a, (labels, signs) in zip(activations, layout[1:-1], strict=True):
                first = [labels.index(label) for label in labels]
                np.testing.assert_allclose(a, a[:, first] * signs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("activation", ["tanh", "leaky_relu"])
def test_a_layer_that_is_silent_because_weights_cancel_stays_silent(activation):
    # all its activations, and the changes of its biases, are rounding errors
    rng = np.random.default_rng(19)
    labels = [0, 1, 2], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 1], [0, 1]
    layout = [(of, [int(at != 2)] * len(of)) for at, of in enumerate(labels)]
    for _ in range(5):
        network = planted(rng, layout, activation)
        inputs, targets = task(rng, network)
        after = trained(network, inputs, targets, learning_rate=0.1)
        assert signed(network) == signed(after) == layout[1:-1]
        assert measured(network, inputs) == measured(after, inputs) == unsigned(layout[1:-1])


# --- the converse: one broken condition separates -----------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "logistic", "leaky_relu"])
@pytest.mark.parametrize("what", ["bias", "incoming", "outgoing"])
def test_a_unit_with_one_broken_condition_leaves_its_class(what, activation):
    rng = np.random.default_rng(3)
    labels = [0, 1, 2], [0, 0, 0, 1, 1], [0, 1, 2, 3], [0, 1]
    whole = planted_network(rng, layout_of(labels), activation)
    weights, biases = [w.copy() for w in whole.weights], [b.copy() for b in whole.biases]
    shifted = {"bias": biases[0][1:], "incoming": weights[0][1], "outgoing": weights[1][0, 1:]}
    shifted[what][0] += 1e-3
    network = ie.Network(weights, biases, activation)
    inputs, targets = task(rng, network)
    after = trained(network, inputs, targets)
    assert classes(whole)[0] == [0, 0, 0, 1, 1]
    assert classes(network)[0] == measured(after, inputs)[0] == [0, 1, 0, 2, 2]
    now = [0, 0, 0, 1, 1] if what == "outgoing" else [0, 1, 0, 2, 2]
    assert measured(network, inputs)[0] == now


@pytest.mark.parametrize(
    ("shift", "later"),
    [
        ([[1e-3, -1e-3], [-1e-3, 1e-3]], [0, 0, 1]),
        # rows agree, columns do not: layer 1 separates, then layer 2 has nothing left to agree on
        ([[1e-3, -1e-3], [1e-3, -1e-3]], [0, 1, 2]),
    ],
)
def test_a_broken_sum_over_a_class_separates_and_a_kept_one_does_not(shift, later):
    rng = np.random.default_rng(4)
    labels = [0, 1, 2], [0, 0, 1], [0, 0, 1], [0, 1]
    whole = planted_network(rng, layout_of(labels), "tanh")
    inputs, targets = task(rng, whole)
    first, second, last = whole.weights
    second = second + np.pad(shift, ((0, 1), (0, 1)))
    network = ie.Network([first, second, last], whole.biases, "tanh")
    assert classes(network) == [later, later]
    assert measured(network, inputs) == [[0, 0, 1], [0, 0, 1]]
    assert measured(trained(network, inputs, targets), inputs) == [later, later]


# --- facts that can be checked by hand ----------------------------------------------------------

EYE, ONES, PLUS, APART = np.eye(3), np.ones((3, 1)), [1, 1, 1], ([0, 1, 2], [1, 1, 1])
# units 0 and 1 of layer 1 are opposite, and what two units above them get is equal
MIRRORED = [[[0.4, -0.7], [-0.4, 0.7], [0.3, 0.2]], [[1, 0, 0.6], [0, -1, 0.6], [0.5, -0.5, -0.2]]]
MIRRORED.append([[0.8, 0.8, 0.1]])
# only unit 2 of layer 1 tells the units of layer 2 apart
FED = [[[1, 2], [0.3, -0.7], [0, 0]], [[0.5, 0.4, 1], [0.5, 0.4, -1]], [[0.6, 0.6], [-0.3, -0.3]]]
# only unit 0 of layer 2 tells units 0 and 1 of layer 1 apart
FEEDING = [[[1, 2], [1, 2], [0.3, -0.7]], [[1, -1, 0], [0.5, 0.5, 0.4]], [[0, 0.6], [0, -0.3]]]
# nothing but cancelling clones of layer 1 reaches units 0 and 1 of layer 2
CANCELLING = [[[1, 2], [1, 2], [0.5, -0.5]], [[3, -3, 0], [-1, 1, 0], [1, 1, 1]], [[0, 0, 1]]]
BY_HAND = [
    (unbiased([np.ones((2, 3))]), []),
    (unbiased([[[1]]] * 3, "tanh"), [([0], [1])] * 2),
    (unbiased([[[0]]] * 3, "relu"), [([0], [0])] * 2),
    (unbiased([np.ones((3, 2)), [[1, 2, 1]]]), [([0, 1, 0], PLUS)]),
    # the last matrix tells its inputs apart, and so layer by layer down
    (unbiased([ONES, EYE, EYE, EYE, [[1, 2, 3]]]), [APART] * 4),
    *(
        (ie.Network(MIRRORED, [[0.1, -0.1, 0.2], [0.3, 0.3, -0.3], [0]], activation), layers)
        for activation, layers in (
            ("tanh", [([0, 0, 1], [1, -1, 1]), ([0, 0, 1], PLUS)]),
            ("logistic", [APART, APART]),
        )
    ),
    *(
        (unbiased(weights, activation), layers)
        for activation in ("tanh", "relu", "leaky_relu", "selu")
        for weights, layers in (
            (FED, [([0, 1, 2], [1, 1, 0]), ([0, 0], [1, 1])]),
            (FEEDING, [([0, 0, 1], PLUS), ([0, 1], [0, 1])]),
            (CANCELLING, [([0, 0, 1], PLUS), ([0, 0, 1], [0, 0, 1])]),
        )
    ),
    *((unbiased(w), [APART, (list(range(len(w[1]))), [1] * len(w[1]))]) for w in (FED, FEEDING)),
    (unbiased(CANCELLING), [APART, APART]),
    (ie.Network(CANCELLING, [[0] * 3, [0, 0.1, 0], [0]], "selu"), [APART, APART]),
    *(
        (
            unbiased([np.full((b, a), value) for a, b in pairwise((3, 4, 5, 2))], name),
            [([0] * n, [int(value != 0 or name == "logistic")] * n) for n in (4, 5)],
        )
        for name in ie.ACTIVATIONS
        for value in (0.0, 0.5, -0.5)
    ),
]


@pytest.mark.parametrize(("network", "expected"), BY_HAND)
def test_small_networks_by_hand_before_and_after_training(network, expected):
    assert signed(network) == expected
    assert classes(network) == unsigned(expected)
    inputs, targets = task(np.random.default_rng(17), network)
    after = trained(network, inputs, targets)
    assert measured(after, inputs) == unsigned(expected)
    for a, (_, signs) in zip(ie.forward(after, inputs).activations, expected, strict=True):
        assert np.abs(a[:, np.array(signs) == 0]).max(initial=0) < 1e-12


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_long_chains_of_splits_are_followed_to_the_end(activation):
    # only unit 0 sees the data, and every unit feeds the next: one split per round
    units, biases = 60, [*[np.full(60, 0.1)] * 3, np.zeros(1)]
    first, step = np.eye(units, 1), np.eye(units) + np.eye(units, k=-1)
    network = ie.Network([first, step, np.eye(units), np.ones((1, units))], biases, activation)
    assert classes(network) == [list(range(units))] * 3


# --- limits of the converse ---------------------------------------------------------------------

DEAD = ie.Network([[[0.0], [0.0], [1.0], [0.7]], np.ones((2, 4))], [[-1, -2, 0, 0.1], None], "relu")
# columns 0 and 1 of the last matrix differ by a constant
CONSTANT = unbiased([[[0.4, -0.2], [0.4, -0.2], [0.9, 0.5]], [[0.1, 1.1, 0.5], [0.7, 1.7, -0.6]]])
# units 0 and 1 of layer 2 agree where unit 2 of layer 1 is the sum of units 0 and 1, for ever
SUMS = [
    [[0.5, -0.3, 0.2], [0.1, 0.6, -0.4], [0.6, 0.3, -0.2]],
    [[2 / 3, 2 / 3, 1 / 3], [0, 0, 1], [1, -1, 0]],
    [[0.3, 0.3, -0.1], [-0.2, -0.2, 0.4]],
]
# unit 1 of layer 1 is 0, and its errors would come through a last layer that is 0 for ever
STOPPED = unbiased([[[1], [0]], [[1, 1], [1, 0]], [[1, -1]], [[0]]], "tanh")
LIMITS = [
    (DEAD, "squared_error", [[0, 0, 1, 2]]),
    (CONSTANT, "softmax_cross_entropy", [[0, 0, 1]]),
    (CONSTANT, "squared_error", [[0, 1, 2]]),
    (unbiased(SUMS, "identity"), "squared_error", [[0, 1, 2], [0, 0, 1]]),
    (unbiased(SUMS, "tanh"), "squared_error", [[0, 1, 2], [0, 1, 2]]),
    (STOPPED, "squared_error", [[0, 1], [0, 0], [0]]),
]


@pytest.mark.parametrize(("network", "loss", "seen"), LIMITS)
def test_units_of_different_classes_can_stay_equal(network, loss, seen):
    inputs, targets = task(np.random.default_rng(7), network, loss)
    assert classes(network) == [list(range(n)) for n in network.sizes[1:-1]]
    assert measured(trained(network, inputs, targets, loss=loss), inputs) == seen


# --- tolerance and size -------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [1e-6, 1e6, 1e-310, 1e-300, 1e300])
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_classes_do_not_depend_on_the_scale_of_the_parameters(activation, scale):
    rng = np.random.default_rng(12)
    layout = random_layout(rng, activation)
    network = planted(rng, layout, activation)
    weights, biases = ([p * scale for p in of] for of in (network.weights, network.biases))
    with np.errstate(all="raise"):
        assert signed(ie.Network(weights, biases, activation)) == layout[1:-1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("tolerance", [None, 0.0])
def test_the_largest_numbers_do_not_overflow(dtype, tolerance):
    top = float(np.finfo(dtype).max)
    rows = top * np.array([[1.0, 1, 1, 1], [1, 1, 1, 0.5], [1, -1, 1, -1], [1, 1, 1, 1], [1] * 4])
    parameters = [rows, np.full((1, 5), top)], [top * np.array([1.0, 1, 1, 1, -1]), np.zeros(1)]
    weights, biases = ([p.astype(dtype) for p in of] for of in parameters)
    assert classes(ie.Network(weights, biases, "logistic"), tolerance) == [[0, 1, 2, 0, 3]]


@pytest.mark.parametrize(("corner", "expected"), [(30, [0, 0, 0]), (0, [0, 1, 2])])
def test_the_smallest_numbers_do_not_vanish(corner, expected):
    # sums of 90 units in the last place, made of different terms, unless one is missing
    second = np.array([[corner, 30, 30], [10, 50, 30], [50, 10, 30]]) * 5e-324
    assert classes(unbiased([ONES, second, ONES.T])) == [expected, expected]


def test_single_precision_networks():
    rng = np.random.default_rng(13)
    for _ in range(20):
        layout = random_layout(rng, "tanh")
        single = changed(planted(rng, layout, "tanh"), np.float32)
        inputs, _ = task(rng, single)
        assert classes(single) == measured(single, inputs) == unsigned(layout[1:-1])


def test_single_precision_weights_are_summed_in_double_precision():
    # a circulant matrix: all rows and columns hold the same numbers, in another order
    units = 500
    row = np.random.default_rng(20).integers(0, 256, size=units) / 256
    circulant = row[(np.arange(units)[:, None] + np.arange(units)) % units]
    network = unbiased([np.ones((units, 1)), circulant, np.ones((1, units))], "tanh")
    assert classes(changed(network, np.float32), 1e-8) == [[0] * units] * 2


@pytest.mark.parametrize("init", [ie.zeros(), ie.constant(0.4)])
@pytest.mark.parametrize("seed", range(5))
def test_random_biases_in_single_precision_are_told_apart(init, seed):
    rng, how = np.random.default_rng(seed), {"biases": ie.normal(1.0), "dtype": np.float32}
    network = ie.Network.initialize(rng, [3, 1024, 2], weights=init, **how)
    assert classes(network) == [by_first_appearance(network.biases[0].tolist())]


def test_tolerance_sets_what_counts_as_equal():
    network = unbiased([[[1.0], [1.0 + 1e-4], [1.0]], ONES.T], "tanh")
    inputs = np.linspace(-1.0, 1.0, 20)[:, None]
    assert classes(network) == measured(network, inputs) == [[0, 1, 0]]
    assert classes(network, 1e-2) == measured(network, inputs, 1e-2) == [[0, 0, 0]]
    biases = [np.array([1.0, 1.0 + 1e-12, 1.0 + 1e-6]), np.zeros(1)]
    assert classes(ie.Network([np.zeros((3, 1)), ONES.T], biases, "tanh")) == [[0, 0, 1]]


@pytest.mark.parametrize("units", [5, 7, 13, 33])
def test_with_tolerance_zero_clones_agree_and_one_bit_separates(units):
    rng = np.random.default_rng(14)
    rows = np.tile(rng.standard_normal(50), (units, 1))
    second = np.tile(rng.standard_normal((6, 1)), units)
    biases = [np.full(units, 0.1), np.zeros(6), np.zeros(2)]
    network = ie.Network([rows, second, rng.standard_normal((2, 6))], biases, "tanh")
    assert classes(network, 0.0) == [[0] * units, list(range(6))]
    rows[2, 7] = np.nextafter(rows[2, 7], np.inf)
    other = ie.Network([rows, *network.weights[1:]], biases, "tanh")
    assert classes(other, 0.0)[0] == [0, 0, 1] + [0] * (units - 3)
    assert classes(other)[0] == [0] * units


def test_with_tolerance_zero_the_sums_over_the_final_classes_agree():
    # 1 + 2^53 + 1 rounds to 2^53: only sums over units 0 and 2 alone tell the rows apart
    second = np.array([[1.0, 2.0**53, 1.0], [0.0, 2.0**53, 0.0]])
    assert classes(unbiased([ONES, second, np.ones((1, 2))]), 0.0) == [[0, 1, 0], [0, 1]]


LAST_BIT = np.zeros((2000, 2))
LAST_BIT[:, 0] = np.linspace(1.0, 1000.0, 2000)
LAST_BIT[0, 1] = 2.0**-52
NEARLY, HUGE = [[1, 0], [1, 1], [1, 0]], [[1e300, 0.0], [1e300, 0.0], [1e299, 0.0]]


@pytest.mark.parametrize(
    ("weights", "activation", "inputs", "tolerance", "expected"),
    [
        # unit 1 differs from unit 0 in the last bit of one example of many
        (NEARLY, "identity", LAST_BIT, 0.0, [0, 1, 0]),
        (NEARLY, "identity", LAST_BIT, None, [0, 0, 0]),
        # data that do not tell units apart, and data that do
        (np.eye(2), "tanh", [[1.0, 1.0]], None, [0, 0]),
        (np.eye(2), "tanh", [[1.0, 1.0], [1.0, 1.1]], None, [0, 1]),
        # one value splits off unit 1, and that opens a gap between units 0 and 2 in the other
        ([[0, 0], [1, 5], [2, 0]], "identity", np.eye(2), 0.2, [0, 1, 2]),
        # what does not overflow in the forward pass does not overflow here
        (HUGE, "identity", [[1.0, 1e10], [2.0, 0.0]], 1e-20, [0, 0, 1]),
        (HUGE, "identity", [[1.0, 1e10], [2.0, 0.0]], 0.0, [0, 0, 1]),
        (1.7e308 * np.eye(2), "selu", np.zeros((3, 2)), None, [0, 0]),
        (1.7e308 * np.eye(2), "selu", np.array([[1, 0.5], [0.5, 1]]) / 1.1, None, [0, 1]),
    ],
)
def test_measured_classes(weights, activation, inputs, tolerance, expected):
    network = unbiased([weights, np.zeros((1, len(expected)))], activation)
    assert measured(network, inputs, tolerance) == [expected]


def test_zero_and_minus_zero_are_equal():
    # a leaky ReLU of the smallest negative number underflows to -0
    biases = [np.array([0.0, -5e-324, 1.0]), np.zeros(1)]
    network = ie.Network([np.zeros((3, 1)), ONES.T], biases, "leaky_relu")
    assert measured(network, np.ones((4, 1)), 0.0) == [[0, 0, 1]]


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_wide_layers_need_less_memory_than_their_weights(activation):
    rng, pattern = np.random.default_rng(15), np.arange(2000) % 700
    first, last = rng.standard_normal((700, 4))[pattern], rng.standard_normal((1, 700))[:, pattern]
    second = rng.standard_normal((700, 700))[np.ix_(pattern, pattern)]
    network = unbiased([first, second, last], activation)
    tracemalloc.start()
    predicted = ie.redundancy_classes(network)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # which copies of a class have the same number of twins below decides nothing: all are clones
    assert [int(labels.max()) + 1 for labels in predicted] == [700, 700]
    assert peak < 0.25 * sum(w.nbytes for w in network.weights)


# --- effective rank -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        # as many as there are equal singular values
        *((-3.0 * np.eye(size), size) for size in (1, 2, 7)),
        *((np.eye(size, 9), size) for size in (1, 2, 7)),
        (np.outer([1.0, -2.0, 0.5], [3.0, 1.0]), 1.0),
        # shares 3/4 and 1/4: exp(H) = 4 / 3^(3/4)
        (np.diag([3.0, 1.0]), 4 / 3**0.75),
        *((scale * np.diag([1.0, 1.0, 0.0]), 2.0) for scale in (1e-320, 1e-200, 1.7e308)),
        (np.zeros((2, 2)), 0.0),
    ],
)
def test_effective_rank(matrix, expected):
    rank = ie.effective_rank(matrix)
    assert type(rank) is float
    assert rank == pytest.approx(expected)


def test_effective_rank_over_leading_axes():
    matrices = np.stack([np.zeros((3, 4)), np.eye(3, 4), np.ones((3, 4))])
    ranks = ie.effective_rank(np.stack([matrices, matrices[::-1]]))
    assert isinstance(ranks, np.ndarray)
    np.testing.assert_allclose(ranks, [[0.0, 3.0, 1.0], [1.0, 3.0, 0.0]])


@pytest.mark.parametrize(("activation", "keeps"), [("leaky_relu", False), ("logistic", True)])
def test_rounding_at_a_kink_separates_at_once(activation, keeps):
    # units 0 and 1 of layer 2 get rounding errors of opposite signs, and pass errors back
    second = [[0.1, 0.2, -0.3, 0], [-0.1, -0.2, 0.3, 0], [0, 0, 0, 1]]
    network = unbiased([[[1], [1], [1], [2]], second, [[1, 1, 1]]], activation)
    inputs, targets = task(np.random.default_rng(24), network)
    assert classes(network)[1] == [0, 0, 1]
    after = trained(network, inputs, targets, steps=2)
    assert (measured(after, inputs)[1] == [0, 0, 1]) == keeps
