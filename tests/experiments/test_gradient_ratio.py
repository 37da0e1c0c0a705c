"""The gradient relative to the weights: across scales, through training, learning rates."""

import numpy as np
import pytest

from initexplain.experiments import gradient_ratio

SEEDS = 3


@pytest.fixture(scope="module")
def result():
    return gradient_ratio.run(seeds=SEEDS, steps=60, path_steps=150, seed=5)


def loop_ratios(weights, inputs, targets):
    """Gradient over weights of a tanh network without biases, by central differences."""

    def loss(matrices):
        a = inputs
        for w in matrices[:-1]:
            a = np.tanh(a @ w.T)
        return 0.5 * np.mean(np.sum((a @ matrices[-1].T - targets) ** 2, axis=1))

    found = []
    for layer, w in enumerate(weights):
        gradient = np.empty_like(w)
        for place in np.ndindex(*w.shape):
            ends = []
            for step in (1e-5, -1e-5):
                moved = [m.copy() for m in weights]
                moved[layer][place] += step
                ends.append(loss(moved))
            gradient[place] = (ends[0] - ends[1]) / 2e-5
        found.append(np.sqrt(np.sum(gradient**2) / np.sum(w**2)))
    return found


def test_ratios_by_central_differences():
    rng = np.random.default_rng(0)
    network = gradient_ratio._scaled(rng, [3, 4, 4, 2], np.array([0.5, 2.0]), 2)
    inputs, targets = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    found = gradient_ratio.gradient_to_weight(
        network, gradient_ratio.gradients(network, inputs, targets)[1]
    )
    for scale in range(2):
        for seed in range(2):
            weights = [w[scale, seed].copy() for w in network.weights]
            expected = loop_ratios(weights, inputs, targets)
            np.testing.assert_allclose(found[:, scale, seed], expected, rtol=1e-5)


def test_only_the_hidden_weights_are_scaled():
    rng = np.random.default_rng(0)
    network = gradient_ratio._scaled(rng, [100, 80, 80, 50], np.array([0.1, 1.0, 10.0]), 2)
    spreads = [w.std(axis=(-2, -1)) * np.sqrt(w.shape[-1]) for w in network.weights]
    for hidden in spreads[:-1]:
        np.testing.assert_allclose(hidden, np.array([[0.1], [1.0], [10.0]]) * [1, 1], rtol=0.05)
    np.testing.assert_allclose(spreads[-1], 1.0, rtol=0.05)


def test_the_ratio_peaks_near_lecuns_scale(result):
    hidden = np.median(result.start.ratios[:-1], axis=-1)
    peaks = result.start.scales[hidden.argmax(axis=1)]
    assert ((peaks > 0.3) & (peaks < 3.5)).all()
    assert result.start.lecun > 10 * result.start.tenth
    assert result.start.lecun > 1.5 * result.start.tenfold
    assert result.tenth_steps > 10 * result.lecun_steps


@pytest.mark.parametrize("hidden_layers", [2, 3, 5])
def test_small_scales_follow_the_power_of_the_depth(hidden_layers):
    found = gradient_ratio.run(
        hidden_layers=hidden_layers, seeds=8, steps=1, path_steps=2, seed=5
    ).start
    small = np.median(found.ratios[0, :5], axis=-1)  # small enough to be linear
    power = np.polyfit(np.log(found.scales[:5]), np.log(small), 1)[0]
    assert power == pytest.approx(hidden_layers - 2, abs=0.25)
    assert found.slope == pytest.approx(hidden_layers - 2, abs=0.35)


def test_the_ratio_follows_the_loss(result):
    lecun, waiting = result.lecun, result.waiting
    assert lecun.first > 3 * waiting.first
    assert lecun.fall == 1 - lecun.ratios[-1, 0] / lecun.first > 0.8
    assert waiting.largest > 2 * waiting.first
    # while the ratio waits, so does the loss
    early = waiting.steps <= 3
    np.testing.assert_allclose(waiting.losses[early][1:], 1.0, atol=0.05)
    assert lecun.losses[early][-1] < 0.7


def test_paths_record_the_first_and_the_last_update(result):
    for path in (result.lecun, result.waiting):
        assert path.steps[0] == 0
        assert path.steps[-1] == 150
        assert path.ratios.shape == (len(path.steps), 5)


def test_no_rate_of_gradient_descent_feeds_the_starved(result):
    assert result.sgd.starved_learned == 0
    assert result.sgd.starved_best == pytest.approx(1.0, abs=0.01)
    assert result.sgd.right_best < 0.2
    # the output bias alone: above a rate of 2 its distance grows in every step
    assert (result.sgd.rates > 2).any()
    for losses in (result.sgd.starved, result.sgd.right, result.sgd.saturated):
        assert (losses[result.sgd.rates > 2] > 1).all()


def test_adam_feeds_the_starved(result):
    assert result.adam.starved_learned == SEEDS
    assert result.adam.right_best < result.adam.starved_best
