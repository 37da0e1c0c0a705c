"""The defaults of frameworks: their rules in closed form, and what ten layers make of them."""

import math

import numpy as np
import pytest

from initexplain.experiments import framework_defaults

SEEDS = 2


@pytest.fixture(scope="module")
def result():
    return framework_defaults.run(seeds=SEEDS, steps=150, seed=6)


# name, (fan_in, fan_out), std of a weight, largest weight, root mean square of a bias
RULES = [
    ("torch", (75, 150), 1 / math.sqrt(3 * 75), 1 / math.sqrt(75), 1 / math.sqrt(3 * 75)),
    ("keras", (75, 150), math.sqrt(2 / 225), math.sqrt(6 / 225), 0.0),
    ("flax", (75, 150), 1 / math.sqrt(75), 2 / 0.87962566 / math.sqrt(75), 0.0),
    ("sklearn", (75, 150), math.sqrt(2 / 225), math.sqrt(6 / 225), math.sqrt(2 / 225)),
    ("playground", (75, 150), 0.5 / math.sqrt(3), 0.5, 0.1),
]


@pytest.mark.parametrize(("name", "fans", "std", "largest", "bias"), RULES)
def test_rules_draw_what_the_frameworks_say(name, fans, std, largest, bias):
    rng = np.random.default_rng(1)
    layer = framework_defaults.RULES[name](*fans)
    weights = layer.weights(rng, (8, 150, 75))
    biases = layer.biases(rng, (8, 150))
    assert layer.weight_std == pytest.approx(std)
    assert layer.bias_std == pytest.approx(bias)
    assert weights.std() == pytest.approx(std, rel=0.02)
    assert np.abs(weights).max() == pytest.approx(largest, rel=0.02)
    assert math.sqrt(np.mean(biases**2)) == pytest.approx(bias, rel=0.06)


def test_scales(result):
    assert result.torch.scale == pytest.approx(1 / math.sqrt(3))
    for found in (result.keras, result.flax, result.sklearn):
        assert found.scale == pytest.approx(1.0)
    assert result.playground.scale == pytest.approx(math.sqrt(32 / 12))
    assert result.playground_scale == pytest.approx(math.sqrt(8 / 12))


def test_the_square_root_of_five_cancels(result):
    # the bound of kaiming_uniform_ for a leaky ReLU of slope sqrt 5
    assert result.torch_gain * math.sqrt(3) == pytest.approx(1.0)
    assert result.torch_variance == pytest.approx(1 / 3)


def test_truncation_by_integration(result):
    z = np.linspace(-2, 2, 200_001)
    density = np.exp(-(z**2) / 2)
    std = math.sqrt(np.sum(z**2 * density) / np.sum(density))
    assert result.truncation == pytest.approx(std, abs=1e-5)


def test_factors_of_relu_in_closed_form(result):
    for found in (result.torch, result.keras, result.flax, result.sklearn, result.playground):
        assert found.relu.chi == pytest.approx(found.scale**2 / 2)
        measured = found.relu.first_error ** (1 / 9)
        assert measured == pytest.approx(found.relu.chi, rel=0.25)


def test_the_signal_is_what_differs_between_examples():
    # with tiny weights, biases make most of a preactivation, and the same for every example
    rng = np.random.default_rng(0)
    rule = framework_defaults.torch_linear
    drawn = framework_defaults._drawn(rng, [8, 8, 8], rule, "relu", 3)
    tiny = type(drawn)([1e-6 * w for w in drawn.weights], drawn.biases, "relu")
    inputs = rng.standard_normal((5, 8))
    found = framework_defaults._behaviour(rng, tiny, inputs, np.ones(3), rule(8, 8))
    assert found.signal.max() < 1e-11
    for seed in range(3):
        first = inputs @ tiny.weights[0][seed].T
        assert found.signal[0, seed] == pytest.approx(np.mean(np.var(first, axis=0)))


def test_ten_layers_of_torch_lose_the_signal(result):
    assert result.torch.relu.last_signal < 1e-6
    assert result.torch.tanh.last_signal < 1e-4
    assert result.torch.relu.learned == 0
    for found in (result.keras, result.flax, result.sklearn):
        assert found.tanh.learned == SEEDS
        assert found.tanh.last_signal > 1e-3
        assert found.relu.last_signal > 1e3 * result.torch.relu.last_signal
    assert result.playground.tanh.learned == SEEDS
    assert result.playground.relu.learned == 0
    assert np.isinf(result.playground.relu.losses).all()
