"""The gradient relative to the weights: across scales, through training, learning rates."""

import numpy as np
import pytest
from oracles import best_constant, central_differences, descent, tanh_network

import initexplain as ie
from initexplain.experiments import gradient_ratio

SEEDS = 3
SETTINGS = {"seeds": SEEDS, "steps": 60, "path_steps": 150, "seed": 5}


def test_ratios_by_hand():
    # the networks of the smallest run, drawn again
    rng = np.random.default_rng(0)
    inputs, targets = ie.teacher(rng, examples=32, features=8)
    network = ie.Network.initialize(rng, [8, 3, 2], weights=ie.lecun_normal(), ensemble=(2,))
    found = gradient_ratio.run(hidden_layers=1, units=3, seeds=2, steps=1, path_steps=2).ratios
    for i, scale in enumerate(10 ** np.arange(-1.5, 1.75, 0.25)):
        for seed in range(2):
            hidden, output = (w[seed] for w in network.weights)
            weights = [scale * hidden, output]
            _, by_weights, _ = tanh_network(weights, [0.0, 0.0], inputs, targets)
            expected = map(np.linalg.norm, by_weights), map(np.linalg.norm, weights)
            for ratio, gradient, weight in zip(found[:, i, seed], *expected, strict=True):
                assert ratio == pytest.approx(gradient / weight, rel=1e-9)


def test_the_ratio_peaks_near_lecuns_scale(result):
    hidden = np.median(result.ratios[:-1], axis=-1)
    peaks = gradient_ratio.SCALES[hidden.argmax(axis=1)]
    assert ((peaks > 0.3) & (peaks < 3.5)).all()
    for name, scale in (("tenth", 0.1), ("lecun", 1.0), ("tenfold", 10.0)):
        (i,) = np.flatnonzero(np.isclose(gradient_ratio.SCALES, scale))
        assert result.first_layer[name] == hidden[0, i]
        assert result.own_size[name] == pytest.approx(1 / (0.3 * hidden[0, i]))
    assert result.first_layer["lecun"] > 10 * result.first_layer["tenth"]
    assert result.first_layer["lecun"] > 1.5 * result.first_layer["tenfold"]


@pytest.mark.parametrize("hidden_layers", [2, 3, 5])
def test_small_scales_follow_the_power_of_the_depth(hidden_layers):
    found = gradient_ratio.run(hidden_layers=hidden_layers, seeds=8, steps=1, path_steps=2, seed=5)
    small = np.median(found.ratios[0, :5], axis=-1)  # small enough to be linear
    power = np.polyfit(np.log(gradient_ratio.SCALES[:5]), np.log(small), 1)[0]
    assert power == pytest.approx(hidden_layers - 2, abs=0.25)
    assert found.slope == pytest.approx(hidden_layers - 2, abs=0.35)


def test_the_ratio_follows_the_loss(result):
    lecun, waiting = result.paths["lecun"], result.paths["waiting"]
    ratios, small = lecun["first_layer"], waiting["first_layer"]
    assert ratios[0] > 3 * small[0]
    assert result.fall == 1 - ratios[-1] / ratios[0] > 0.8
    assert result.peak == max(small) > 2 * small[0]
    # while the ratio waits, so does the loss
    early = result.recorded <= 3
    np.testing.assert_allclose(waiting["loss"][early][1:], 1.0, atol=0.05)
    assert lecun["loss"][early][-1] < 0.7


def test_paths_record_the_first_and_the_last_update(result):
    assert result.recorded[0] == 0
    assert result.recorded[-1] == 150
    for path in result.paths.values():
        assert {values.shape for values in path.values()} == {result.recorded.shape}
        # two different layers
        assert (path["first_layer"] != path["last_hidden"]).all()


def test_only_adam_feeds_the_starved(result):
    best = {
        (optimizer, start): np.median(losses, axis=-1).min()
        for optimizer, starts in result.losses.items()
        for start, losses in starts.items()
    }
    assert result.starved_learned == {"sgd": 0, "adam": SEEDS}
    assert best["sgd", "starved"] == pytest.approx(1.0, abs=0.01)
    assert best["sgd", "right"] < 0.2
    assert best["adam", "right"] < best["adam", "starved"]
    # the output bias alone: above a rate of 2 its distance grows in every step
    large = np.array(gradient_ratio.RATES["sgd"]) > 2
    assert large.any()
    for losses in result.losses["sgd"].values():
        assert (losses[large] > 1).all()


@pytest.mark.parametrize("mean", [0.0, 3.0])
def test_the_largest_curvature_is_that_of_the_whole_hessian(mean):
    rng = np.random.default_rng(3)
    inputs, targets = ie.teacher(rng, examples=8, features=3)
    targets = targets + mean
    network = ie.Network.initialize(rng, [3, 4, 2], weights=ie.lecun_normal(), ensemble=(2,))
    found = gradient_ratio.over_curvature(2.0, network, inputs, targets)

    def flat(arrays):
        return np.concatenate([a.ravel() for a in arrays])

    def slopes(moved):
        _, by_weights, by_biases = tanh_network(moved[:2], moved[2:], inputs, targets)
        return flat(by_weights + by_biases)

    for seed in range(2):
        start = [p[seed] for p in (*network.weights, *network.biases)]
        rows = [
            flat(central_differences(lambda moved, i=i: slopes(moved)[i], start))
            for i in range(len(flat(start)))
        ]
        assert found[seed] == pytest.approx(2 / np.linalg.eigvalsh(rows)[-1], rel=1e-3)


def test_rates_over_the_ratio_and_over_the_curvature_by_hand(result):
    rng = np.random.default_rng(0)
    inputs, targets = ie.teacher(rng, examples=32, features=8)
    sizes = [8, 16, 16, 16, 16, 2]
    networks = ie.Network.initialize(rng, sizes, weights=ie.lecun_normal(), ensemble=(10,))
    limits = gradient_ratio.over_curvature(1.0, networks, inputs, targets)
    failed = dict.fromkeys(("tenth", "half", "most", "limit", "triple"), 0)
    for seed in range(10):
        task = (
            *([p[seed] for p in of] for of in (networks.weights, networks.biases)),
            inputs,
            targets,
        )
        _, by_weights, _ = tanh_network(*task)
        largest = max(
            np.linalg.norm(g) / np.linalg.norm(w) for g, w in zip(by_weights, task[0], strict=True)
        )
        rates = [0.1 / largest, 0.5 / largest, 0.9 / largest, 2 * limits[seed], 6 * limits[seed]]
        for name, rate in zip(failed, rates, strict=True):
            end = descent(tanh_network, *task, rates=rate, steps=100)[0][-1]
            failed[name] += not end < best_constant(targets)
    assert failed == result.failed
    assert result.limit == pytest.approx(2 * np.median(limits))


def test_the_starved_start_is_late_and_not_lost(result):
    holds = {name: row.holds for name, row in result.reach["starved"].items()}
    assert holds["adam"] == holds["shallow"] == 0
    assert holds["longer"] < 5
    assert holds["middle"] < 5
    kept = {"page", "momentum", "tenth", "deep", "wide", "batches", "mean", "teacher"}
    assert {name for name, count in holds.items() if count == 10} == kept
    assert {row.holds for row in result.reach["curvature"].values()} == {10}
    share = {name: row.holds for name, row in result.reach["share"].items()}
    assert share.pop("deep") < 10
    assert set(share.values()) == {10}
    assert result.relu_failed < 3 < result.failed["triple"]


def test_stages_come_when_a_plain_loop_has_them(result):
    found = result.stages
    rng = np.random.default_rng(SETTINGS["seed"])
    left, right = (np.linalg.qr(rng.standard_normal((4, 4)))[0] for _ in range(2))
    below, above = 1e-3 * rng.standard_normal((16, 4)), 1e-3 * rng.standard_normal((4, 16))
    target = sum(s * np.outer(left[:, k], right[:, k]) for k, s in enumerate((4, 2, 1, 0.5)))
    for shares in found.learned:
        product = above @ below
        for k, s in enumerate((4, 2, 1, 0.5)):
            assert shares[k] == pytest.approx(left[:, k] @ product @ right[:, k] / s, abs=1e-9)
        error = product - target
        below, above = below - 0.05 * above.T @ error, above - 0.05 * error @ below.T
    np.testing.assert_allclose(found.half, found.predicted_half, rtol=0.15)
    assert (np.diff(found.half) > 20).all()
