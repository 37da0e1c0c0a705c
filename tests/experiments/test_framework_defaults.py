"""The defaults of frameworks: their rules in closed form, and what ten layers make of them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from oracles import best_constant, convolved, descent, heavy_ball, never, relu_network

import initexplain as ie
from initexplain.experiments import framework_defaults

SEEDS = 2
SETTINGS = {"seeds": SEEDS, "steps": 150, "seed": 6}


# name, std of a weight, largest weight, root mean square of a bias: fan-in 75, fan-out 150
RULES = [
    ("torch", 1 / math.sqrt(3 * 75), 1 / math.sqrt(75), 1 / math.sqrt(3 * 75)),
    ("keras", math.sqrt(2 / 225), math.sqrt(6 / 225), 0.0),
    ("flax", 1 / math.sqrt(75), 2 / 0.87962566 / math.sqrt(75), 0.0),
    ("sklearn", math.sqrt(2 / 225), math.sqrt(6 / 225), math.sqrt(2 / 225)),
    ("playground", 0.5 / math.sqrt(3), 0.5, 0.1),
]


@pytest.mark.parametrize(("name", "std", "largest", "bias"), RULES)
def test_rules_draw_what_the_frameworks_say(name, std, largest, bias):
    rng = np.random.default_rng(1)
    layer = framework_defaults.RULES[name](75, 150)
    weights = layer.weights(rng, (8, 150, 75))
    biases = layer.biases(rng, (8, 150))
    assert layer.weight_std == pytest.approx(std)
    assert layer.bias_std == pytest.approx(bias)
    assert weights.std() == pytest.approx(std, rel=0.02)
    assert np.abs(weights).max() == pytest.approx(largest, rel=0.02)
    assert math.sqrt(np.mean(biases**2)) == pytest.approx(bias, rel=0.06)


def test_zero_biases_beside_the_weights_of_torch():
    default, without = (
        rule(75, 150)
        for rule in (framework_defaults.torch_linear, framework_defaults.torch_without_biases)
    )
    drawn = [layer.weights(np.random.default_rng(1), (150, 75)) for layer in (default, without)]
    np.testing.assert_array_equal(*drawn)
    assert without.bias_std == 0
    inputs = np.random.default_rng(2).standard_normal((16, 32))
    left = []
    for rule in (framework_defaults.torch_linear, framework_defaults.torch_without_biases):
        rng, layers = np.random.default_rng(3), [rule(32, 32)] * 10
        weights = [layer.weights(rng, (20, 32, 32)) for layer in layers]
        biases = [layer.biases(rng, (20, 32)) for layer in layers]
        network = ie.Network(weights, biases, "relu")
        left.append(np.median(framework_defaults.signal_variance(network, inputs)[-1]))
    assert left[1] < left[0] < 1e-5  # no more of the input is left
    assert not without.biases(np.random.default_rng(1), (150,)).any()


def test_scales(result):
    expected = dict.fromkeys(("keras", "flax", "sklearn"), 1.0)
    expected |= {"torch": 1 / math.sqrt(3), "playground": math.sqrt(32 / 12)}
    assert result.scale == pytest.approx(expected)
    assert result.playground_scale == pytest.approx(math.sqrt(8 / 12))


def test_constants_of_the_rules():
    # the bound of kaiming_uniform_ for a leaky ReLU of slope sqrt 5: the threes cancel
    gain, variance = framework_defaults.TORCH_GAIN, framework_defaults.TORCH_VARIANCE
    assert (gain, variance) == pytest.approx((1 / math.sqrt(3), 1 / 3))
    assert pytest.approx(0.87962566) == framework_defaults.TRUNCATION


def test_factors_of_relu_in_closed_form(result):
    for name, found in result.relu.items():
        assert found.chi == pytest.approx(result.scale[name] ** 2 / 2)
        assert found.first_error ** (1 / 9) == pytest.approx(found.chi, rel=0.25)


def test_the_signal_is_what_differs_between_examples():
    # with tiny weights, biases make most of a preactivation, and the same for every example
    rng = np.random.default_rng(0)
    tiny = ie.Network.initialize(
        rng, [8, 8, 8], weights=ie.normal(2e-7), biases=ie.normal(0.3), ensemble=(3,)
    )
    inputs = rng.standard_normal((5, 8))
    found = framework_defaults.signal_variance(tiny, inputs)
    assert found.shape == (2, 3)
    assert found.max() < 1e-11
    for seed in range(3):
        first = inputs @ tiny.weights[0][seed].T
        expected = np.mean(np.var(first, axis=0))
        assert found[0, seed] == pytest.approx(expected, rel=1e-6, abs=0)


@pytest.mark.parametrize("kind", ["plain", "grouped", "depthwise", "transposed"])
def test_the_fan_in_of_a_kernel_is_what_multiplies_the_variance(result, kind):
    rng = np.random.default_rng(2)
    images = rng.standard_normal((12, 64, 5, 5))
    groups = {"grouped": 4, "depthwise": 64}.get(kind, 1)
    if kind == "transposed":  # stride 2: zeros between the places, then a convolution
        spread = np.zeros((12, 64, 11, 11))
        spread[:, :, 1::2, 1::2] = images
        found = convolved(rng.standard_normal((64, 64, 4, 4)), spread)[:, :, 1:-1, 1:-1]
    else:
        found = convolved(rng.standard_normal((64, 64 // groups, 3, 3)), images, groups=groups)
    assert np.mean(found**2) == pytest.approx(result.kernels[kind].fan_in, rel=0.1)


def test_scales_of_kernels_are_those_that_the_frameworks_draw(result):
    # standard deviations of the default kernels of PyTorch 2, Keras 3 and Flax, measured there
    measured = {
        "plain": (0.0241, 0.0418, 0.0418),
        "grouped": (0.0480, 0.0525, 0.0830),
        "depthwise": (0.194, 0.0586, 0.332),
        "transposed": (0.0180, 0.0313, 0.0313),
    }
    for kind, stds in measured.items():
        kernel = result.kernels[kind]
        found = [kernel.scale[name] for name in ("torch", "keras", "flax")]
        assert found == pytest.approx(np.sqrt(kernel.fan_in) * np.array(stds), rel=0.02)


def test_ten_layers_of_torch_lose_the_signal(result):
    tanh, relu = (
        {name: found.signal.final for name, found in behaviours.items()}
        for behaviours in (result.tanh, result.relu)
    )
    assert relu["torch"] < 1e-6
    assert tanh["torch"] < 1e-4
    for name in ("keras", "flax", "sklearn"):
        assert tanh[name] > 1e-3
        assert relu[name] > 1e3 * relu["torch"]
        assert result.tanh[name].losses.learned == SEEDS
    assert result.relu["torch"].losses.learned == 0
    assert result.tanh["playground"].losses.learned == SEEDS
    assert np.isinf(result.relu["playground"].losses.values).all()


def test_what_learns_depends_on_the_training(result):
    torch, playground = result.relu["torch"], result.relu["playground"]
    assert (torch.losses.learned, torch.tuned.learned, torch.adam.learned) == (0, 0, SEEDS)
    assert (playground.losses.learned, playground.tuned.learned) == (0, SEEDS)
    for behaviours in (result.tanh, result.relu):
        for found in behaviours.values():
            assert found.adam.learned == SEEDS
            assert (found.tuned.last <= found.losses.last).all()


def test_torch_and_the_playground_by_hand(result):
    rng = np.random.default_rng(6)
    inputs, targets = ie.teacher(rng, examples=16, features=32)
    fans = [32] * 11 + [2]
    starts = {}
    # drawn in the order of the experiment: tanh first, then ReLU, rule by rule
    for activation in ("tanh", "relu"):
        for name, rule in framework_defaults.RULES.items():
            layers = [(rule(m, n), m, n) for m, n in pairwise(fans)]
            weights = [layer.weights(rng, (SEEDS, n, m)) for layer, m, n in layers]
            starts[activation, name] = weights, [b.biases(rng, (SEEDS, n)) for b, _, n in layers]
        if activation == "tanh":
            for _ in framework_defaults.RULES:  # targets of the measured errors
                rng.standard_normal((SEEDS, 16, 2))
    ends = {"torch": [], "playground": []}
    for (name, losses), rate in zip(ends.items(), (0.02, 0.0005), strict=True):
        for seed in range(SEEDS):
            start = [[p[seed] for p in group] for group in starts["relu", name]]
            how = {"rates": rate, "steps": 150, "rule": heavy_ball}
            path, *_ = descent(relu_network, *start, inputs, targets, **how)
            losses.append(path[-1] / best_constant(targets))
    assert result.relu["torch"].losses.last == pytest.approx(ends["torch"], rel=1e-5)
    found = result.relu["playground"].tuned.last
    assert (found <= np.multiply(ends["playground"], 1.001)).all()
    assert max(ends["playground"]) < 0.5


def test_torch_in_ten_layers_of_relu_is_late(result):
    holds = {name: row.holds for name, row in result.reach.items()}
    # of the two that train longer, the one without random biases learns
    assert never(result.reach) == {"adam", "middle", "tanh", "unbiased"}
    assert 0 < holds["longer"] < 5
    assert {n for n, count in holds.items() if count == 5} == {
        "page", "plain", "batches", "wide", "teacher",
    }  # fmt: skip
