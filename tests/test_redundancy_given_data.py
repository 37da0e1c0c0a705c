"""Redundancy for given data: by hand, against preactivations, against training."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from ml_dtypes import bfloat16
from oracles import by_first_appearance
from plain import changed, draw_targets
from test_symmetry import classes, measured, signed, trained

import initexplain as ie
from initexplain.experiments.planted import layout_of, planted_network

N = 30


def after_training(network, inputs, targets, loss):
    how = {"steps": 150, "learning_rate": 0.05, "loss": loss}
    return measured(trained(network, inputs, targets, **how), inputs)


# --- by hand ------------------------------------------------------------------------------------

RNG = np.random.default_rng(0)
X, Y, P = RNG.standard_normal((N, 3)), RNG.standard_normal((N, 2)), RNG.random((N, 2))
ONE_HOT = np.eye(3)[np.arange(N) % 3]
# softmax targets whose last two outputs are equal
SHARED = RNG.dirichlet(np.ones(3), size=N) @ [[1, 0, 0], [0, 0.5, 0.5], [0, 0.5, 0.5]]
APART = [[0.3, 0.3, 0.8], [-0.4, -0.4, 0.1]]
ROWS = [[0.5, 0.2, -0.3], [0.2, 0.5, -0.3], [0.1, -0.6, 0.4]]
TWINS = [ROWS[0], ROWS[0], ROWS[2]]
NO_BIAS, SHIFTED = [0.0, 0.0, 0.0], [0.0, 0.5, 0.0]


def with_column(column):
    """Features of which the first is the other two's combination, or what is given."""
    return np.column_stack([column, X[:, 1:]])


def net(rows, biases=NO_BIAS, last=APART, outer=None, activation="logistic"):
    outer = np.zeros(len(last)) if outer is None else outer
    return ie.Network([rows, last], [biases, outer], activation)


SAME, OTHERS = [[0, 0, 1]], [[0, 1, 2]]
# name: network, inputs, targets, loss, classes for these data; for generic data all are apart
CASES = {
    "equal features": (net(ROWS), with_column(X[:, 1]), Y, "squared_error", SAME),
    "opposite features": (
        net([[0.5, 0.2, 0.1], [0.7, 0.4, 0.1], ROWS[2]]),
        *(with_column(-X[:, 1]), Y, "squared_error", SAME),
    ),
    "a feature is the sum of two": (
        net([[0.5, 0.2, 0.1], [0.1, 0.6, 0.5], ROWS[2]]),
        *(with_column(X[:, 1] + X[:, 2]), P, "logistic", SAME),
    ),
    "a feature that is always zero": (
        net([[9.0, 0.2, 0.1], [-9.0, 0.2, 0.1], ROWS[2]]),
        *(with_column(np.zeros(N)), Y, "squared_error", SAME),
    ),
    "a constant feature and the bias": (
        net([[0.5, 0.2, 0.1], [0.3, 0.2, 0.1], [0.8, -0.6, 0.4]], [0.0, 0.4, 0.7]),
        *(with_column(np.full(N, 2.0)), Y, "squared_error", SAME),
    ),
    "one-hot features and the bias": (
        net([[0.5, 0.2, 0.1], [0.0, -0.3, -0.4], ROWS[2]], SHIFTED),
        *(ONE_HOT, Y, "squared_error", SAME),
    ),
    "one-hot features, the bias does not make up for it": (
        net([[0.5, 0.2, 0.1], [0.0, -0.3, -0.4], ROWS[2]], [0.0, 0.4, 0.0]),
        *(ONE_HOT, Y, "squared_error", OTHERS),
    ),
    "fewer examples than features": (
        net([[0.5, 0.2, 0.1], [0.5, 0.2, 7.0], ROWS[2]]),
        *(np.eye(3)[:2], Y[:2], "squared_error", SAME),
    ),
    "outputs with equal targets": (
        net(TWINS, last=[[0.1, 0.5, 0.8], [0.5, 0.1, 0.8]]),
        *(X, Y[:, [0, 0]], "squared_error", SAME),
    ),
    "outputs with equal targets and different biases": (
        net(TWINS, last=[[0.1, 0.5, 0.8], [0.5, 0.1, 0.8]], outer=[0.0, 0.1]),
        *(X, Y[:, [0, 0]], "squared_error", OTHERS),
    ),
    "outputs with equal targets and different sums": (
        net(TWINS, last=[[0.1, 0.5, 0.8], [0.5, 0.2, 0.8]]),
        *(X, P[:, [0, 0]], "logistic", OTHERS),
    ),
    "outputs with opposite targets": (
        net(TWINS, last=[[0.1, 0.5, 0.8], [-0.5, -0.1, -0.8]]),
        *(X, Y[:, [0, 0]] * [1, -1], "squared_error", SAME),
    ),
    "chances that add up to one": (
        net(TWINS, last=[[0.1, 0.5, 0.8], [-0.5, -0.1, -0.8]]),
        *(X, np.abs([0, 1] - P[:, [0, 0]]), "logistic", SAME),
    ),
    "an output that is zero, as are its targets": (
        net(TWINS, last=[[0.3, 0.3, 0.8], [0.2, -0.2, 0.0]]),
        *(X, Y * [1, 0], "squared_error", SAME),
    ),
    "outputs with targets of zero that start opposite": (
        net(TWINS, last=[[0.1, 0.5, 0.8], [-0.5, -0.1, -0.8]], outer=[0.2, -0.2]),
        *(X, 0 * Y, "squared_error", SAME),
    ),
    "softmax and a number for all outputs": (
        net(TWINS, last=[[0.3, 0.8, 0.1], [-0.4, 0.1, 0.2]]),
        *(X, np.column_stack([P[:, 0], 1 - P[:, 0]]), "softmax_cross_entropy", SAME),
    ),
    "softmax, two targets equal": (
        net(TWINS, last=[[0.3, 0.8, -1], [0.1, 0.9, 1], [0.4, 0.6, 1]]),
        *(X, SHARED, "softmax_cross_entropy", SAME),
    ),
}


@pytest.mark.parametrize(
    ("network", "inputs", "targets", "loss", "expected"), CASES.values(), ids=CASES
)
def test_by_hand_before_and_after_training(network, inputs, targets, loss, expected):
    assert classes(network) == OTHERS
    assert classes(network, inputs=inputs, targets=targets, loss=loss) == expected
    assert after_training(network, inputs, targets, loss) == expected


def test_the_inputs_alone_the_targets_alone_the_loss_alone():
    rows = net([[0.5, 0.2, -0.3], [0.2, 0.5, -0.3], ROWS[2]])
    twins = CASES["outputs with equal targets"][0]
    shifted = CASES["softmax and a number for all outputs"][0]
    assert classes(rows, inputs=with_column(X[:, 1])) == SAME
    assert classes(twins, targets=Y[:, [0, 0]]) == classes(twins, targets=Y[:7, [0, 0]]) == SAME
    assert classes(twins, targets=Y) == classes(rows, targets=Y) == OTHERS
    assert classes(shifted, loss="softmax_cross_entropy") == SAME


def test_mirrored_and_silent_units_for_given_data():
    # units 0 and 1 are opposite where features 0 and 1 are equal, unit 2 gets nothing there
    network = net([[1, 2, 3], [-2, -1, -3], [1, -1, 0]], last=[[1, -1, 0]], activation="tanh")
    inputs = with_column(X[:, 1])
    assert signed(network) == [([0, 1, 2], [1, 1, 1])]
    assert signed(network, inputs=inputs) == [([0, 0, 1], [1, -1, 0])]
    # an output that is zero hears nobody: what units give to it is their own affair
    silent = net([[1, 2, 3], [0, 0, 0], [0, 0, 0]], last=[[1, 0, 0], [0, 3, -3]], activation="relu")
    targets = Y * [1, 0]
    assert signed(silent) == [([0, 1, 2], [1, 1, 1])]
    assert signed(silent, targets=targets) == [([0, 1, 1], [1, 0, 0])]


@pytest.mark.parametrize("loss", ie.LOSSES)
def test_two_critics_that_start_as_copies_stay_copies(loss):
    rng = np.random.default_rng(7)
    w1, w2, w3 = (rng.standard_normal(shape) for shape in ((4, 3), (3, 4), (1, 3)))
    pair = np.eye(2)
    weights = [np.tile(w1, (2, 1)), np.kron(pair, w2), np.kron(pair, w3)]
    targets = {"softmax_cross_entropy": np.full((N, 2), 0.5), "logistic": P[:, [0, 0]]}
    critics = ie.Network(weights, None, "tanh")
    y = targets.get(loss, Y[:, [0, 0]])
    twins = [[0, 1, 2, 3] * 2, [0, 1, 2] * 2]
    assert classes(critics) == [list(range(8)), list(range(6))]
    assert classes(critics, inputs=X, targets=y, loss=loss) == twins
    assert after_training(critics, X, y, loss) == twins


# --- by preactivations --------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", [(0, 0, 0, 0), (7, 0, -7, 0), (-9, -9, 0, 5)], ids=str)
@pytest.mark.parametrize("rank", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_units_of_the_first_layer_agree_whose_preactivations_do(rank, sizes, seed):
    # whole numbers times powers of two: preactivations are exact, and coincidences frequent
    rng = np.random.default_rng(seed)
    inputs = rng.integers(-2, 3, size=(N, rank)) @ rng.integers(-1, 2, size=(rank, 4))
    inputs = inputs * 2.0 ** np.array(sizes)
    rows, biases = rng.integers(-1, 2, size=(40, 4)), rng.integers(0, 2, size=40)
    expected = by_first_appearance(map(tuple, rows @ inputs.T + biases[:, None]))
    network = ie.Network([rows, np.ones((1, 40))], [biases, [0.0]], "logistic")
    assert classes(network, inputs=inputs) == [expected]
    assert 2 < len(set(expected)) < 40


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_random_biases_are_told_apart_where_features_are_equal(dtype):
    rng = np.random.default_rng(1)
    how = {"weights": ie.zeros(), "biases": ie.normal(1.0), "dtype": dtype}
    network = ie.Network.initialize(rng, [3, 1024, 2], **how)
    assert len(set(network.biases[0].tolist())) == len(
        set(classes(network, inputs=X[:, [0, 0, 1]])[0])
    )


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e20, 1.7e308])
@pytest.mark.parametrize("name", ["a constant feature and the bias", "softmax, two targets equal"])
def test_classes_do_not_depend_on_the_scale_of_the_parameters(name, scale):
    network, inputs, targets, loss, expected = CASES[name]
    top = max(np.abs(p).max() for p in (*network.weights, *network.biases))
    weights, biases = ([p / top * scale for p in of] for of in (network.weights, network.biases))
    with np.errstate(all="raise"):
        scaled = ie.Network(weights, biases, network.activation)
        assert classes(scaled, inputs=inputs, targets=targets, loss=loss) == expected


@pytest.mark.parametrize("name", CASES)
def test_single_precision(name):
    network, inputs, targets, loss, expected = CASES[name]
    data = {"inputs": inputs, "targets": targets, "loss": loss}
    assert classes(changed(network, np.float32), **data) == expected


@pytest.mark.parametrize("precision", [np.float16, bfloat16])
def test_half_precision_has_room_for_the_rounding_of_its_weights(precision):
    # sums that agree in the network agree no better than its numbers once these are rounded
    rng = np.random.default_rng(5)
    layout = [[0, 1, 2], np.arange(60) // 3, np.arange(60) // 2, [0, 1]]
    whole = planted_network(rng, layout_of([list(of) for of in layout]), "tanh")
    half = changed(whole, lambda p: p.astype(precision))
    expected = [of.tolist() for of in layout[1:-1]]
    assert classes(half) == expected
    assert classes(changed(half, np.float32)) != expected
    drawn = ie.Network.initialize(rng, [784, 300, 10], weights=ie.he_normal(), activation="relu")
    assert classes(changed(drawn, lambda p: p.astype(precision))) == [list(range(300))]


def test_tolerance_zero_leaves_room_for_the_rounding_of_the_projection():
    eighths = np.round(np.array(ROWS) * 8) / 8
    network, inputs = net(eighths), with_column(X[:, 1])
    assert classes(network, inputs=inputs, tolerance=0.0) == SAME
    eighths[1, 0] += 1e-11
    assert classes(net(eighths), inputs=inputs, tolerance=0.0) == OTHERS
    assert classes(net(eighths), inputs=inputs) == SAME


# --- random networks ----------------------------------------------------------------------------


def degenerate(rng, kind, features=4):
    """Data and, in its rows, what may be added to `[w b]` without a change on them."""
    inputs, null = rng.standard_normal((N, features)), np.zeros((1, features + 1))
    if kind == "equal":
        inputs[:, 1], null[0, :2] = inputs[:, 0], [1, -1]
    elif kind == "one-hot":
        inputs, null[0] = np.eye(features)[np.arange(N) % features], [1] * features + [-1]
    elif kind == "few":
        inputs[2:] = inputs[:1] + (inputs[1:2] - inputs[:1]) * rng.random((N - 2, 1))
        null = np.linalg.svd(np.column_stack([inputs, np.ones(N)]))[2][2:]
    return inputs, null


@pytest.mark.parametrize("loss", ie.LOSSES)
@pytest.mark.parametrize("activation", ["tanh", "logistic", "lecun_tanh"])
@pytest.mark.parametrize("kind", ["equal", "one-hot", "few"])
def test_planted_classes_on_degenerate_data(kind, activation, loss):
    rng, counts = np.random.default_rng(2), Counter[str]()
    mirror = {"squared_error": 0.0, "logistic": 0.5}.get(loss)
    for trial in range(4):
        layout = [[0, 1, 2, 3], [0, 0, 0, 1, 2, 2], [0, 1, 1, 2], [0, 1, 2]]
        twins = trial % 2 == 1
        if twins:
            layout[-1] = [0, 0, 1]
        whole = planted_network(rng, layout_of(layout), activation)
        inputs, null = degenerate(rng, kind)
        more = rng.standard_normal((6, len(null))) @ null
        first, second, last = whole.weights
        last = last + (loss == "softmax_cross_entropy") * rng.standard_normal((1, 4))
        biases = [whole.biases[0] + more[:, -1], *whole.biases[1:]]
        network = ie.Network([first + more[:, :-1], second, last], biases, activation)
        targets = draw_targets(rng, loss, (N, 3))
        if twins:
            targets[:, :2] = targets[:, :2].mean(axis=1, keepdims=True)
        expected = classes(network, inputs=inputs, targets=targets, loss=loss)
        assert expected == layout[1:-1]
        assert after_training(network, inputs, targets, loss) == expected
        counts["generic"] += classes(network) != expected
        if mirror is not None and twins:
            opposite = ie.Network(
                [*network.weights[:2], last * [[1], [-1], [1]]],
                [*biases[:2], biases[2] * [1, -1, 1]],
                activation,
            )
            targets[:, 1] = 2 * mirror - targets[:, 1]
            assert classes(opposite, inputs=inputs, targets=targets, loss=loss) == expected
            assert after_training(opposite, inputs, targets, loss) == expected
            counts["opposite"] += 1
    assert counts["generic"] == 4


@pytest.mark.parametrize("seed", range(5))
def test_data_in_general_position_leave_the_classes_as_they_are(seed):
    rng = np.random.default_rng(seed)
    network = planted_network(rng, layout_of([[0, 1, 2], [0, 0, 1, 2], [0, 1, 1], [0, 1]]), "tanh")
    for inputs in (rng.standard_normal((4, 3)), 1e9 + rng.standard_normal((9, 3)) * 1e5):
        assert classes(network, inputs=inputs, targets=inputs[:, :2]) == [[0, 0, 1, 2], [0, 1, 1]]


# --- what a loss says of its outputs, and what does not fit ---------------------------------------


def test_a_loss_that_says_nothing_of_its_outputs_keeps_them_apart():
    network, inputs, targets, _, _ = CASES["outputs with equal targets"]
    own = replace(ie.LOSSES["squared_error"], name="weighted", mirror=None)
    assert classes(network, inputs=inputs, targets=targets, loss=own) == OTHERS


@pytest.mark.parametrize("name", ie.LOSSES)
def test_losses_have_the_symmetries_that_they_claim(name):
    loss, rng = ie.LOSSES[name], np.random.default_rng(4)
    outputs, targets = rng.standard_normal((N, 3)), draw_targets(rng, name, (N, 3))
    error = loss.evaluate(outputs, targets)[1]
    swapped = loss.evaluate(outputs[:, ::-1], targets[:, ::-1])[1]
    np.testing.assert_allclose(swapped, error[:, ::-1], atol=1e-15)
    moved = loss.evaluate(outputs + 1.5, targets)[1]
    assert np.allclose(moved, error) == loss.shift_invariant
    if loss.mirror is not None:
        opposite = loss.evaluate(-outputs, 2 * loss.mirror - targets)[1]
        np.testing.assert_allclose(opposite, -error, atol=1e-15)
