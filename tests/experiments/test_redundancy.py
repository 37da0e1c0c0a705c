"""The claims of the page "What it takes to be redundant", with other seeds; brute force."""

import numpy as np
import pytest
from oracles import refine_exactly

import initexplain as ie
from initexplain.experiments.planted import (
    layout_of,
    observed_classes,
    planted_network,
    random_layout,
    same_classes,
)
from initexplain.experiments.redundancy import PlantedStart, predicted_is_measured

SETTINGS = {"planted": 10, "merging_steps": 11000, "seed": 4}


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
    "one unit copied, biases differ": ([0, 1, 2, 3, 4, 5], [1] * 6),
    "rows differ, sums agree": ([0, 0, 0, 1, 2, 3], [1] * 6),
    "a mirrored pair": ([0, 0, 1, 2, 3, 4], [1, -1, 1, 1, 1, 1]),
    "zero weights, random biases": ([0, 1, 2, 3, 4, 5], [1] * 6),
    "random": ([0, 1, 2, 3, 4, 5], [1] * 6),
}


def test_every_start_ends_with_the_classes_that_were_predicted(result):
    assert result.starts == result.agreeing == 11
    for classes in (result.predicted, result.measured):
        first = {name: [side.tolist() for side in layers[0]] for name, layers in classes.items()}
        assert first == {name: list(sides) for name, sides in CLASSES.items()}


# labels of the layer with the pair, and which layer that is
PAIRS = {
    "two features are equal": (0, [0, 0, 1, 2, 3, 4]),
    "one-hot features, biases make up": (0, [0, 0, 1, 2, 3, 4]),
    "fewer examples than features": (0, [0, 0, 1, 2, 3, 4]),
    "two outputs have equal targets": (1, [0, 0, 1, 2]),
}


def test_each_of_the_given_starts_has_a_pair_that_only_its_data_make(result):
    assert set(result.given["measured"]) == set(PAIRS)
    for name, (layer, labels) in PAIRS.items():
        alone = [list(range(len(of))) for of, _ in result.given["generic"][name]]
        paired = [labels if at == layer else of for at, of in enumerate(alone)]
        for what, expected in (("generic", alone), ("predicted", paired), ("measured", paired)):
            classes = result.given[what][name]
            assert [of.tolist() for of, _ in classes] == expected, (name, what)
            assert all((signs == 1).all() for _, signs in classes)


def test_strong_decay_merges_units_and_none_does_not(result):
    counts = {name: np.array(of) for name, of in result.merging.items()}
    assert (counts["none"] == 16).all()
    assert counts["weak"][0] == counts["strong"][0] == 16
    assert counts["strong"][-1] < 12
    assert (counts["weak"] >= counts["strong"]).all()  # a weaker decay merges later


def test_the_reach_of_the_prediction(result):
    kept = {name for name, row in result.reach.items() if row.holds == row.seeds}
    assert {"page", "random", "batches", "momentum", "decay", "logistic", "gelu", "two"} <= kept
    assert {"adam", "longer", "relu"}.isdisjoint(kept)
    assert result.reach["copies"].holds > result.reach["longer"].holds


def test_where_the_prediction_fails_in_long_training_rounding_separates_units():
    setting = PlantedStart(weights=ie.lecun_normal(), hidden=(8, 6), steps=1000, seeds=6, seed=4)
    trial = setting.trained()
    holds = predicted_is_measured(setting)
    assert 0 < holds.sum() < 6
    for i in np.flatnonzero(holds == 0):
        start, end = trial.start.member(int(i)), trial.history.network.member(int(i))
        before, after = (observed_classes(of, trial.inputs) for of in (start, end))
        # no unit has joined another, and some that were together are apart
        assert all(x.max() <= y.max() for (x, _), (y, _) in zip(before, after, strict=True))
        assert any(x.max() < y.max() for (x, _), (y, _) in zip(before, after, strict=True))


@pytest.mark.parametrize("inputs", [[1.0, 0.0], [-0.3, 2.0]])
def test_the_network_of_the_classes_has_the_outputs_of_the_worked_example(result, inputs):
    def outputs(network):
        below = np.array(inputs)
        for weights, biases in zip(network.weights[:-1], network.biases, strict=False):
            below = 1 / (1 + np.exp(-(weights @ below + biases)))
        return network.weights[-1] @ below + network.biases[-1]

    small = result.worked_small
    assert [len(b) for b in small.biases] == [3, 2, 1]
    assert small.weights[1].tolist() == [[2, 5, 1], [6, 0, -1]]
    np.testing.assert_allclose(outputs(small), outputs(result.worked), rtol=1e-12)


def test_the_worked_example_by_brute_force(result):
    network = result.worked
    layers = refine_exactly(network.weights, network.biases, odd=False, zero_at_zero=False)
    assert [labels for labels, _ in layers] == [[0, 0, 1, 2], [0, 0, 1]]
    assert [labels.tolist() for labels in result.worked_classes] == [[0, 0, 1, 2], [0, 0, 1]]
    # the rows of the redundant upper units differ
    assert not np.array_equal(*network.weights[1][:2])


@pytest.mark.parametrize("signed", [False, True])
def test_signed_layouts_have_mirrored_and_silent_units(signed):
    rng = np.random.default_rng(8)
    layouts = [random_layout(rng, [3, 6, 5, 2], signed=signed) for _ in range(10)]
    drawn = {int(sign) for layout in layouts for _, signs in layout for sign in signs}
    assert drawn == ({-1, 0, 1} if signed else {1})


def test_planted_rows_are_unequal_unless_asked_otherwise():
    layout = layout_of([[0, 1], [0, 0, 1], [0, 0], [0]])
    rng = np.random.default_rng(9)
    assert np.ptp(planted_network(rng, layout, "relu").weights[1], axis=0).max() > 0.01
    assert np.ptp(planted_network(rng, layout, "relu", unequal=0.0).weights[1], axis=0).max() == 0


def test_observed_classes_by_comparing_pairs():
    rng = np.random.default_rng(10)
    w = rng.standard_normal((3, 2))
    rows = np.stack([w[0], w[1], -w[0], w[2], w[0], np.zeros(2)])
    network = ie.Network([rows, np.ones((1, 6))], [np.zeros(6), [0.0]], "tanh")
    [(labels, signs)] = observed_classes(network, rng.standard_normal((20, 2)))
    assert (labels.tolist(), signs.tolist()) == ([0, 1, 0, 2, 0, 3], [1, 1, -1, 1, 1, 0])


def test_same_classes_sees_a_different_sign():
    layout = layout_of([[0], [0, 0], [0]], [[1], [1, -1], [1]])
    assert same_classes(layout, layout)
    assert not same_classes(layout, layout_of([[0], [0, 0], [0]]))
