"""The lab's challenges and presets, in a real browser: solvable, not solved already, and true."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import DOCS

import initexplain as ie
from initexplain.experiments.redundancy import worked_example
from initexplain.signal import saturated_fraction

RUN = """
    const run = (address, updates) => {
        const { state, problems } = lab.readAddress(address);
        if (problems.length) throw new Error(problems.join(" "));
        const start = lab.specOf(state), training = lab.createTraining(start);
        const losses = [training.loss];
        for (let k = 0; k < updates; k++) { training.step(); losses.push(training.loss); }
        const { weights, biases } = training;
        return { start, losses, network: { weights, biases, activation: start.activation } };
    };
"""


# --- challenges ---------------------------------------------------------------------------------


def cells(numbers):
    """Numbers by layer, unit and input, as an address has them."""
    return "cells=" + "_".join(f"{'.'.join(map(str, at))}:{x}" for at, x in numbers.items())


# address and updates; each is one of the ways
SOLUTIONS = {
    "fine-zeros": (cells({(3, 1, j): 0 for j in range(1, 7)}), 400),
    "one-number": ("weights=equal&scale=0.5&hidden=4.4&cells=2.3.1:0.7", 20),
    "equal-rows": (
        "hidden=4&" + cells({(1, i, j): j - 1.5 for i in range(1, 5) for j in (1, 2)}),
        20,
    ),
    "freeze": ("activation=relu&scale=he&biases=equal&spread=-8", 20),
    "starved": ("hidden=6.6.6&scale=0.1", 200),
    "swap": ("weights=zero&biases=random&hidden=6.6.6&optimizer=adam&rate=0.01", 200),
    "mirrored": ("weights=mirrored&hidden=2&cells=2.1.1:1_2.1.2:-1", 20),
    "sums": (
        "weights=equal&scale=0.5&hidden=2.2&cells=2.1.1:0.8_2.1.2:0.2_2.2.1:0.2_2.2.2:0.8",
        20,
    ),
}
# what looks like a solution and is none
NEAR_MISSES = [
    # the zeros of the swap come with biases that are not zero
    ("fine-zeros", "weights=zero&biases=random", 1000),
    # it tells units of layer 1 apart, but none of layer 2
    ("one-number", "weights=equal&scale=0.5&hidden=4.4&cells=1.1.1:0.7", 20),
    ("one-number", "weights=equal&scale=0.5&hidden=4.4&cells=2.3.1:0.7_1.1.1:0.7", 20),
    # pairs of copies
    ("equal-rows", "weights=copied&hidden=4", 20),
    ("freeze", "weights=zero", 20),
    # no weight has a gradient, but a bias has, which sets the last matrix going
    ("freeze", "weights=zero&hidden=3.3.3&cells=1.1.1:1_2.2.2:1_3.2.2:1_4.1.1:1", 20),
    # clones
    ("starved", "weights=equal&scale=0.001&hidden=6.6.6", 200),
    ("starved", "hidden=6.6.6&scale=0.1&rate=0.001", 200),
    # two hidden layers
    ("swap", "weights=zero&biases=random&optimizer=adam&rate=0.01", 400),
    # mirrored rows, outgoing weights alike
    ("mirrored", "weights=mirrored&hidden=2&cells=2.1.1:1_2.1.2:1", 20),
    # clones with equal rows, or with rows that differ by rounding
    ("sums", "weights=equal&scale=0.5&hidden=2.2", 20),
    ("sums", "weights=equal&scale=0.5&hidden=2.2&cells=2.1.1:0.5000000000001", 20),
]


@pytest.fixture(scope="module")
def challenges(lab):
    found = lab("return lab.CHALLENGES.map(({ passed, ...rest }) => rest)")
    return {challenge["name"]: challenge for challenge in found}


def passed(lab, address, updates):
    """The names of the challenges that a training passes."""
    body = """
        const { start, losses, network } = run(...x);
        return lab.CHALLENGES.filter(c => c.passed(start, losses, network)).map(c => c.name);
    """
    return lab(RUN + body, [address, updates])


def test_each_challenge_is_told_and_explained(challenges):
    assert challenges.keys() == SOLUTIONS.keys() == {name for name, *_ in NEAR_MISSES}
    for challenge in challenges.values():
        assert all(challenge[part].strip() for part in ("title", "task", "hint"))
        assert (DOCS / f"{challenge['page']}.md").is_file()


@pytest.mark.parametrize("name", SOLUTIONS)
def test_a_solution_passes_its_challenge_alone(lab, name):
    address, updates = SOLUTIONS[name]
    assert passed(lab, address, updates) == [name]
    # before anything has happened nothing is passed
    assert passed(lab, address, 0) == []


@pytest.mark.parametrize("updates", [0, 20, 400])
def test_the_starts_of_the_lab_and_of_the_challenges_pass_nothing(lab, challenges, updates):
    for address in "", *(challenge["address"] for challenge in challenges.values()):
        assert passed(lab, address, updates) == []


@pytest.mark.parametrize(("name", "address", "updates"), NEAR_MISSES)
def test_what_is_nearly_a_solution_does_not_pass(lab, name, address, updates):
    assert name not in passed(lab, address, updates)


def test_other_ways_pass_too(lab):
    # off by the weights, of a single unit
    assert passed(lab, "activation=relu&hidden=1&cells=1.1.b:-9", 20) == ["freeze"]
    # a silent unit below may send anything: the rows differ, and no sum does
    entries = {(1, 3, 1): 0, (1, 3, 2): 0, (2, 1, 3): 0.7, (2, 2, 3): -0.7}
    assert passed(lab, "weights=equal&scale=0.5&hidden=3.2&" + cells(entries), 20) == ["sums"]
    assert passed(lab, "weights=zero&biases=random&hidden=6.6.6&batch=8", 3000) == ["swap"]


# --- presets ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def presets(lab):
    return {preset["name"]: preset for preset in lab("return lab.PRESETS")}


@pytest.fixture
def seen(lab, presets, request):
    """What comes of the preset of this name after so many updates."""
    name, updates = request.param
    body = """
        const [{ address }, updates] = x;
        const { start, losses, network } = run(address, updates);
        const { loss, inputs, targets } = start;
        const first = lab.gradients(start, inputs, targets, loss).gradients;
        return {
            start, losses, network, inputs, first, predicted: lab.classes(start),
            measured: lab.measuredRedundancy(network, inputs),
            ratios: lab.gradientToWeight(start.weights, first.weights),
            share: losses.map(x => x / lab.bestConstantLoss(loss, targets)),
        };
    """
    return SimpleNamespace(**lab(RUN + body, [presets[name], updates]))


def at(name, updates):
    return pytest.mark.parametrize("seen", [(name, updates)], indirect=True, ids=[name])


def labels(layers):
    return [layer["labels"] for layer in layers]


def all_differ(layers):
    return all(len(set(of)) == len(of) for of in labels(layers)) and all(
        0 not in layer["signs"] for layer in layers
    )


def test_each_preset_is_told_and_explained(presets):
    assert len(presets) > 10
    for preset in presets.values():
        assert preset["question"].endswith("?")
        assert preset["watch"].endswith(".")
        assert (DOCS / f"{preset['page']}.md").is_file()
    assert len({preset["address"] for preset in presets.values()}) == len(presets)


def test_every_address_is_read_without_complaint(lab, presets, challenges):
    for entry in (*presets.values(), *challenges.values()):
        address = lab("return lab.writeAddress(lab.readAddress(x).state)", entry["address"])
        problems = lab("return lab.readAddress(x).problems", entry["address"])
        assert problems == []
        # nothing in it says what is so anyway
        defaults = {"weights=random", "scale=lecun"}
        assert (
            set(entry["address"].split("&")) - defaults
            == set(address.removeprefix("#").split("&")) - defaults
        )


@at("zero-weights", 500)
def test_zero_weights_freeze(seen):
    assert not any(np.any(w) for w in (*seen.first["weights"], *seen.network["weights"]))


@at("clones", 1000)
def test_zero_weights_of_logistic_units_clone(seen):
    assert labels(seen.measured) == labels(seen.predicted) == [[0] * 6]
    assert 0.4 < seen.share[-1] < 0.45 < seen.share[20]


@at("equal-weights", 1000)
def test_equal_weights_stay_one_class(seen):
    assert labels(seen.measured) == labels(seen.predicted) == [[0] * 6] * 2
    assert 0.4 < seen.share[-1] < 0.45


@at("zero-biases", 500)
def test_zero_biases_get_gradients_of_their_own(seen):
    assert not any(np.any(b) for b in seen.start["biases"])
    for gradient in seen.first["biases"][:-1]:
        assert np.diff(np.sort(gradient)).min() > 1e-4
    assert seen.share[-1] < 0.05


@at("swap", 2)
def test_the_layers_of_the_swap_begin_one_after_the_other(lab, seen):
    assert all_differ(seen.predicted)
    assert [bool(np.any(w)) for w in seen.network["weights"]] == [False, True, True]
    body = "return run(...x).network.weights.map(w => w.some(row => row.some(Boolean)))"
    for updates, moved in (1, [False, False, True]), (3, [True] * 3):
        assert lab(RUN + body, ["weights=zero&biases=random", updates]) == moved


@at("deep-swap", 5000)
def test_the_deep_swap_stands_still(seen):
    assert all_differ(seen.predicted)
    assert seen.share[-1] == pytest.approx(1, abs=1e-3)


@at("equal-biases", 500)
def test_equal_biases_with_random_rows_differ(seen):
    assert all(len(set(b)) == 1 for b in seen.start["biases"])
    assert all_differ(seen.measured)
    assert seen.share[-1] < 0.05


@at("equal-rows", 1)
def test_copied_rows_differ_after_one_update(seen):
    before = ie.Network(seen.start["weights"], seen.start["biases"], "tanh")
    pairs = [0, 0, 1, 1, 2, 2]
    assert [of.tolist() for of in ie.measured_redundancy(before, seen.inputs)] == [pairs] * 2
    assert all_differ(seen.measured)


@at("redundancy", 500)
def test_the_network_on_paper_is_that_of_the_page(seen):
    paper = worked_example()
    for w, expected in zip(seen.start["weights"], paper.weights, strict=True):
        np.testing.assert_array_equal(w, expected)
    assert not any(np.any(b) for b in seen.start["biases"])
    assert seen.network["activation"] == paper.activation.name
    assert labels(seen.predicted) == labels(seen.measured) == [[0, 0, 1, 2], [0, 0, 1]]
    assert np.abs(np.subtract(*seen.network["weights"][1][:2])).max() > 1


@at("equal-columns", 500)
def test_equal_columns_part_at_once(lab, seen):
    w = np.array(seen.start["weights"][0])
    np.testing.assert_array_equal(w[:, 0], w[:, 1])
    first = np.array(seen.first["weights"][0])
    assert np.abs(first[:, 0] - first[:, 1]).min() > 1e-4
    assert seen.share[-1] < 0.05


@at("near-clones", 2000)
def test_one_number_parts_clones_late(lab, seen):
    assert 0.4 < seen.share[500] < 0.45
    assert seen.share[-1] < 0.05


@at("too-large", 500)
def test_random_weights_that_are_too_large_saturate(seen):
    start = ie.Network(seen.start["weights"], seen.start["biases"], "tanh")
    assert saturated_fraction(start, seen.inputs).min() > 0.95
    assert seen.share[-1] > 1


@at("too-small", 5000)
def test_weights_that_are_too_small_starve(seen):
    assert all_differ(seen.predicted)
    assert 0 < min(seen.ratios) < max(seen.ratios) < 1e-3
    assert seen.share[1000] == pytest.approx(1, abs=1e-3)
    # it is slow; it does not stand still
    assert seen.share[-1] < 0.5


@at("linear-region", 500)
def test_the_recipe_starts_in_the_linear_region(seen):
    start = ie.Network(seen.start["weights"], seen.start["biases"], "lecun_tanh")
    assert saturated_fraction(start, seen.inputs).max() < 0.3
    assert min(seen.ratios) > 0.05
    assert seen.share[-1] < 0.05


@at("kinks", 1000)
def test_kinks_start_at_zero_and_biases_move_them(seen):
    assert not np.any(seen.start["biases"][0])
    w, b = (np.array(p[0]) for p in (seen.network["weights"], seen.network["biases"]))
    assert np.sum(np.abs(b / w[:, 0]) > 0.05) > 4
    assert seen.share[-1] < 0.05
