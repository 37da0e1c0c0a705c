"""The claims of the page "What is a unit?", with another seed; networks written as loops."""

import ml_dtypes
import numpy as np
import pytest
from oracles import best_constant, convolved, descent, never, not_always, tanh_network

import initexplain as ie
from initexplain.experiments import what_is_a_unit
from initexplain.experiments.planted_units import STARTS
from initexplain.experiments.repeated_draws import copied_layers, growth, of_shards
from initexplain.experiments.small_architectures import ARCHITECTURES, drawn
from initexplain.experiments.small_architectures import convolution as forward_convolution

SETTINGS = {"steps": 100, "seeds": 3, "seed": 5}
APART5, APART4, APART3 = ([*range(n)] for n in (5, 4, 3))
CLASSES = {
    "channel": [[0, 0, 1, 2, 3], APART4],
    "channel_read": [APART5, APART4],
    "turned": [APART5, APART4],
    "sums": [[0, 0, 1, 2, 3], [0, 0, 1, 2]],
    "heads": [[0, 0, 0, 0]],
    "heads_read": [APART4],
    "column": [[0, 0, 1, 2, 3], APART4],
    "row": [APART5, APART4],
    "unit": [[0, 0, 1, 2, 3]],
    "three_gates": [APART5],
    "layers": [APART3] * 3,
    "critics": [[0, 1, 2] * 2],
    "shards": [[0, 1] * 4],
}


@pytest.mark.parametrize("name", CLASSES)
def test_what_is_planted_is_predicted_and_measured(result, name):
    assert CLASSES.keys() == STARTS.keys()
    assert [labels.tolist() for labels in result.predicted[name]] == CLASSES[name]
    assert result.agreeing[name] == 3


def test_all_agree(result):
    assert result.agree == result.starts == 39


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def convolution(p, images, stride=1, padding=0):
    first, second = (p[name].reshape(*p[name].shape[:2], 3, 3) for name in ("first", "second"))
    below = np.tanh(convolved(first, images, stride=stride, padding=padding))
    above = np.tanh(convolved(second, below, stride=stride, padding=padding))
    return [below, above], [p["out"] @ maps.mean(axis=(1, 2)) for maps in above]


def attention(p, inputs):
    outputs, values = [], []
    for x in inputs:
        heads = []
        for head in range(4):
            q, k, v = (x @ p["in"][which, head].T for which in range(3))
            weights = np.exp(q @ k.T / np.sqrt(2))
            heads.append(weights / weights.sum(axis=1, keepdims=True) @ v)
        values.append(heads)
        outputs.append(sum(v @ p["out"][:, head].T for head, v in enumerate(heads)))
    return [values], outputs


def embedding(p, examples):
    outputs, vectors, hidden = [], [], []
    for one_hot in examples:
        rows = [p["table"][token] for token in one_hot.argmax(axis=1)]
        vectors.append(np.stack(rows, axis=1))
        hidden.append(np.tanh(sum(p["hidden"][:, place] @ row for place, row in enumerate(rows))))
        outputs.append(p["out"] @ hidden[-1])
    return [vectors, hidden], outputs


def lstm(p, sequences):
    outputs, states = [], []
    for sequence in sequences:
        h = c = np.zeros(5)
        states.append([])
        for x in sequence:
            i, f, g, o = (p["in"][gate] @ x + p["recurrent"][gate] @ h for gate in range(4))
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            states[-1].append(h)
        states[-1] = np.stack(states[-1], axis=1)
        outputs.append(p["out"] @ h)
    return [states], outputs


def stack(p, inputs):
    layers = [[np.tanh(p["first"] @ x) for x in inputs]]
    for name in ("second", "third"):
        layers.append([np.tanh(p[name] @ a) for a in layers[-1]])
    return layers, [p["out"] @ a for a in layers[-1]]


def critics(p, inputs):
    hidden = [np.tanh(np.concatenate([p["in"][0] @ x, p["in"][1] @ x])) for x in inputs]
    return [hidden], [[p["out"][0] @ a[:3], p["out"][1] @ a[3:]] for a in hidden]


def shards(p, inputs):
    hidden = [np.tanh(np.concatenate([p["in"][rank] @ x for rank in range(4)])) for x in inputs]
    return [hidden], [
        sum(p["out"][:, rank] @ a[2 * rank : 2 * rank + 2] for rank in range(4)) for a in hidden
    ]


LOOPS = {
    loop.__name__: loop
    for loop in (convolution, attention, embedding, lstm, stack, critics, shards)
}


@pytest.mark.parametrize("name", LOOPS)
def test_small_networks_compute_what_loops_compute(name):
    assert LOOPS.keys() == ARCHITECTURES.keys()
    architecture, rng = ARCHITECTURES[name], np.random.default_rng(2)
    inputs, parameters = architecture.inputs(rng), drawn(architecture, rng, 2)
    found_layers, found = architecture.forward(parameters, inputs)
    found_layers = list(found_layers)
    for seed in range(2):
        layers, outputs = LOOPS[name]({key: p[seed] for key, p in parameters.items()}, inputs)
        np.testing.assert_allclose(found[seed], outputs, atol=1e-12)
        for units, expected in zip(found_layers, layers, strict=True):
            by_unit = np.moveaxis(np.array(expected), 1, 0).reshape(len(units[seed]), -1)
            np.testing.assert_allclose(units[seed], by_unit, atol=1e-12)


@pytest.mark.parametrize(("stride", "padding"), [(1, 0), (2, 0), (1, 1), (2, 1)])
@pytest.mark.parametrize("flat", [False, True])
def test_convolutions_with_a_stride_or_padding_compute_what_loops_compute(stride, padding, flat):
    rng = np.random.default_rng(4)
    images, p = rng.standard_normal((3, 2, 7, 7)), drawn(ARCHITECTURES["convolution"], rng, 1)
    (first, second), outputs = convolution({k: a[0] for k, a in p.items()}, images, stride, padding)
    if flat:
        places = second[0][0].size
        p["out"] = rng.standard_normal((1, 2, 4, places))
        outputs = [np.sum(p["out"][0] * maps.reshape(4, places), axis=(1, 2)) for maps in second]
    found_layers, found = forward_convolution(p, images, stride=stride, padding=padding)
    np.testing.assert_allclose(found[0], outputs, atol=1e-12)
    for units, expected in zip(found_layers, (first, second), strict=True):
        by_unit = np.moveaxis(np.array(expected), 1, 0).reshape(len(units[0]), -1)
        np.testing.assert_allclose(units[0], by_unit, atol=1e-12)


def test_dropout_takes_places_of_channels_for_all_seeds_alike():
    rng = np.random.default_rng(4)
    images, p = rng.standard_normal((3, 2, 6, 6)), drawn(ARCHITECTURES["convolution"], rng, 1)
    twice = {key: np.repeat(values, 2, axis=0) for key, values in p.items()}
    plain = forward_convolution(twice, images)[1]
    dropped = forward_convolution(twice, images, dropout=(0.5, np.random.default_rng(0)))[1]
    assert (dropped != plain).any()
    np.testing.assert_array_equal(dropped[0], dropped[1])
    everything = forward_convolution(twice, images, dropout=(1.0, np.random.default_rng(0)))[1]
    assert not everything.any()


@pytest.mark.parametrize("name", ["channel", "heads", "column", "unit", "critics", "shards"])
def test_units_that_stay_copies_can_change_places(name):
    # the reason for copies: a relabelling that leaves start and outputs as they are
    rng = np.random.default_rng(3)
    _, kind, plant = STARTS[name]
    random = drawn(ARCHITECTURES[kind], rng, 1)
    start = {key: p[0] for key, p in {**random, **plant(random)}.items()}
    axes = {  # of the units, by parameter
        "channel": {"first": [0], "second": [1]},
        "heads": {"in": [1], "out": [1]},
        "column": {"table": [1], "hidden": [2]},
        "unit": {"in": [1], "recurrent": [1, 2], "out": [1]},
        "critics": {"in": [0], "out": [0]},
        "shards": {"in": [0], "out": [1]},
    }[name]
    inputs = ARCHITECTURES[kind].inputs(rng)
    moved = {key: p[0] for key, p in random.items()}
    outputs = LOOPS[kind](moved, inputs)[1]
    for key, where in axes.items():
        for axis in where:
            order = np.arange(start[key].shape[axis])
            order[:2] = 1, 0
            start_moved = np.take(start[key], order, axis)
            np.testing.assert_array_equal(start_moved, start[key])
            moved[key] = np.take(moved[key], order, axis)
    exchanged = LOOPS[kind](moved, inputs)[1]
    if name == "critics":
        exchanged = np.flip(exchanged, axis=1)
    np.testing.assert_allclose(exchanged, outputs, atol=1e-12)


def test_tokens_part_and_so_do_layers(result):
    assert 0.01 < result.token_gap < 1
    assert 1e-3 < result.layer_gap < 0.5


def test_where_a_copied_channel_stays_a_copy(result):
    assert never(result.reach) == not_always(result.reach) == {"noise", "dropout"}


def test_shards_with_one_seed_are_a_network_of_a_quarter():
    # clones as one unit: the rate over 4 below it, 4 times the rate above it
    x, y = ie.teacher(np.random.default_rng(1))
    found = of_shards(x, y, units=32, ranks=4, steps=60, seed=6)
    assert {name: shards.distinct for name, shards in found.items()} == {
        "one": 8, "first": 32, "own": 32,
    }  # fmt: skip
    rng = np.random.default_rng(6)
    first = rng.standard_normal((5, 4, 8, 4))[:, 0] / 2
    second = np.swapaxes(rng.standard_normal((5, 4, 8, 2))[:, 0], 1, 2) / 32**0.5
    how = {"rates": [0.1 / 4, 0.4, 0.1 / 4, 0.1], "steps": 60}
    for seed in range(5):
        start = [first[seed], 4 * second[seed]], [np.zeros(8), np.zeros(2)]
        loss = descent(tanh_network, *start, x, y, **how)[0][-1] / best_constant(y)
        assert found["one"].losses.last[seed] == pytest.approx(loss, rel=1e-7)


def test_one_seed_for_all_ranks_costs_what_seeds_of_their_own_do_not(result):
    one, own = (result.shards[name].losses.final for name in ("one", "own"))
    assert one > 2 * own


def test_the_growth_of_a_stream_of_copies():
    predicted = growth(7)
    for depth in range(8):
        copies = np.polynomial.Polynomial([1, 7**-0.5]) ** depth
        assert predicted["copied"][depth] == pytest.approx(np.sum(copies.coef**2))
        assert predicted["own"][depth] == pytest.approx((8 / 7) ** depth)
    assert predicted["copied"][-1] > 2 * predicted["own"][-1]


def test_wide_streams_grow_as_predicted():
    found = copied_layers(np.random.default_rng(7), width=400, branches=6)
    for kind, predicted in found.predicted.items():
        assert found.stream["linear"][kind].median == pytest.approx(predicted, rel=0.1)
    tanh = {kind: curves.final for kind, curves in found.stream["tanh"].items()}
    assert 1 < tanh["own"] < tanh["copied"] < found.predicted["copied"][-1]


def test_copies_matter_in_a_stream_and_little_without_one(result):
    stream = result.layers.stream["tanh"]
    assert stream["copied"].final > 8 * stream["own"].final
    assert 0.5 < result.layers.stack["copied"] / result.layers.stack["own"] < 2


def test_bfloat16_is_that_of_ml_dtypes():
    rng = np.random.default_rng(8)
    values = rng.standard_normal(2000) * 10.0 ** rng.integers(-20, 20, 2000)
    # ties, which go to the even neighbour, and what carries into the exponent
    values[:4] = 1 + 2.0**-8, 1 + 3 * 2.0**-8, -1 - 2.0**-8, 2 - 2.0**-9
    expected = values.astype(np.float32).astype(ml_dtypes.bfloat16).astype(np.float32)
    np.testing.assert_array_equal(what_is_a_unit.bfloat16(values), expected)


def test_small_updates_are_lost_in_bfloat16(result):
    # of numbers from 2^-5 to 2^-4 half a step is 2^-13, which is more than the update, and below
    # it is less; 2^-5 is the standard deviation, so it is the share of a normal beyond one
    assert result.half_lost == pytest.approx(0.3173, abs=0.005)
    assert result.half_scale < 1e-5
