"""Width and rate: trainings by a loop of their own, exponents of the width, matrix products."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import best_constant, descent, tanh_network

import initexplain as ie
from initexplain.experiments import width_and_rate as page

STEPS, SEEDS = 6, 2
SETTINGS = {"steps": STEPS, "seeds": SEEDS, "seed": 3}


@pytest.mark.parametrize(("name", "width"), [("standard", 64), ("maximal", 64), ("maximal", 256)])
def test_trainings_by_hand(result, name, width):
    rng = np.random.default_rng(3)
    inputs, targets = ie.teacher(rng, examples=32, features=8)
    seeds = SEEDS if width < 200 else 1
    rng, shapes = np.random.default_rng(4), ((width, 8), (width, width), (2, width))
    networks = [ie.lecun_normal()(rng, (seeds, *shape)) for shape in shapes]
    wider = width / 32 if name == "maximal" else 1.0
    networks[2] = networks[2] / np.sqrt(wider)
    factors = np.array([wider, 1.0, 1 / wider, wider, wider, 1.0])
    biases = np.zeros(width), np.zeros(width), np.zeros(2)
    for place, rate in ((0, 1 / 64), (3, 1 / 8)):
        how = {"rates": rate * factors, "steps": STEPS}
        ends = [
            descent(tanh_network, [w[seed] for w in networks], biases, inputs, targets, **how)[0][
                -1
            ]
            for seed in range(seeds)
        ]
        loss = np.median(ends) / best_constant(targets)
        assert result.losses[name][width][place] == pytest.approx(loss, rel=1e-3)


@pytest.mark.parametrize(
    ("parametrization", "optimizer", "power"),
    [
        ("standard", "sgd", 0.5),
        ("standard", "momentum", 0.5),
        ("standard", "adam", 1.0),
        ("maximal", "sgd", 0.0),
        ("maximal", "momentum", 0.0),
        ("maximal", "adam", 0.0),
    ],
)
def test_how_far_one_update_moves_the_hidden_units(parametrization, optimizer, power):
    setting = page.Wide(parametrization=parametrization, optimizer=optimizer, steps=1)
    narrow, wide = (np.median(page.trained(setting, width, [[1e-4]])[1]) for width in (64, 512))
    assert np.log(wide / narrow) / np.log(8) == pytest.approx(power, abs=0.15)


def test_a_rate_of_its_own_for_each_network():
    setting = page.Wide(seeds=2, steps=3)
    each, _ = page.trained(setting, 16, [[0.1], [0.2]])
    own, _ = page.trained(setting, 16, [[0.1, 0.2]])
    np.testing.assert_allclose(own[0], [each[0, 0], each[1, 1]], rtol=1e-5)


def test_batches_momentum_and_a_single_network():
    """The options change the training, and one network trains as in company."""
    setting = page.Wide(seeds=1, steps=3)
    rates = [[0.1], [0.05]]
    together, _ = page.trained(setting, 16, rates)
    alone = [page.trained(setting, 16, [rate])[0][0] for rate in rates]
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    for change in ({"batch_size": 8}, {"optimizer": "momentum"}, {"activation": "relu"}):
        other, _ = page.trained(replace(setting, **change), 16, rates)
        assert not np.allclose(other, together, rtol=0.01)


def test_the_best_standard_rate_falls_with_the_width_and_the_other_does_not():
    rates = {}
    for name in ("standard", "maximal"):
        setting = page.Wide(parametrization=name, seed=5, seeds=3)
        ends = {width: np.median(page.swept(setting, width)[0], axis=1) for width in (32, 128)}
        rates[name] = [page.RATES[int(losses.argmin())] for losses in ends.values()]
    assert rates["standard"][1] <= rates["standard"][0] / 2
    assert rates["maximal"][1] >= rates["maximal"][0] / 2
    assert rates["standard"][0] == rates["maximal"][0]  # the same networks


def test_the_narrow_rate_serves_under_maximal_update_only(result):
    fails, serves = (
        {k: row.holds for k, row in result.reach[v].items()} for v in ("fails", "serves")
    )
    assert fails["page"] == serves["page"] == 5
    assert min(fails.values()) >= 3
    assert min(serves.values()) >= 3
    for name, widths in result.best_rate.items():
        for width, rate in widths.items():
            assert result.losses[name][width].min() == result.best_loss[name][width]
            assert (
                result.losses[name][width][page.RATES.index(rate)] == result.best_loss[name][width]
            )


def test_features_move_less_in_wide_standard_networks():
    moved = {}
    for name in ("standard", "maximal"):
        setting = page.Wide(parametrization=name, seeds=2)
        for width in (32, 256):
            losses, moves = (np.median(found, axis=1) for found in page.swept(setting, width))
            moved[name, width] = moves[losses.argmin() - 1]
    assert moved["standard", 256] < 0.5 * moved["standard", 32]
    assert moved["maximal", 256] > 0.6 * moved["maximal", 32]


def test_jacobians_are_those_of_finite_differences():
    found = page.jacobians(np.random.default_rng(7))
    rng = np.random.default_rng(7)
    x = rng.standard_normal(page.JACOBIAN_UNITS)
    sizes = [page.JACOBIAN_UNITS] * (page.JACOBIAN_LAYERS + 2)
    functions = {"identity": lambda z: z, "tanh": np.tanh, "relu": lambda z: np.maximum(z, 0)}
    for name, function in functions.items():
        for kind, draw in (("normal", ie.lecun_normal), ("orthogonal", ie.orthogonal)):
            gain = 2**0.5 if name == "relu" else 1.0
            weights = ie.Network.initialize(rng, sizes, weights=draw(gain=gain)).weights[:-1]
            ends = []
            for sign in (1, -1):
                signal = x + sign * 1e-6 * np.eye(len(x))
                for w in weights:
                    signal = function(signal @ w.T)
                ends.append(signal)
            singular = np.linalg.svd((ends[0] - ends[1]) / 2e-6, compute_uv=False)
            np.testing.assert_allclose(found[name][kind][:8], singular[:8], rtol=1e-4)


def test_orthogonal_weights_keep_directions_that_normal_ones_lose(result):
    np.testing.assert_allclose(result.singular["identity"]["orthogonal"], 1.0)
    for counts in result.alive.values():
        assert counts["normal"] < 40
    assert result.alive["tanh"]["orthogonal"] > 80
    assert result.alive["relu"]["orthogonal"] < 50
    assert result.orthogonal_ahead >= 4
    assert result.deep_losses["orthogonal"] < result.deep_losses["normal"]
