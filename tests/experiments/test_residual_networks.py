"""Gradients of residual networks by differences, and their training one network at a time."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import central_differences

from initexplain.experiments.residual_networks import Residual, residual_gradients


def residual_loss(parameters, x, y, normalized):
    """One network, one example at a time."""
    w, u, v, s = (p[0] for p in parameters)

    def read(h):
        return h / np.sqrt(np.mean(h**2)) if normalized else h

    total = 0.0
    for example, wanted in zip(x, y, strict=True):
        h = example
        for k in range(len(s)):
            h = h + s[k] * (u[k] @ np.tanh(w[k] @ read(h)))
        total += 0.5 * ((v @ read(h) - wanted) ** 2).sum()
    return total / len(x)


def drawn(rng, scale):
    shapes = ((1, 2, 8, 3), (1, 2, 3, 8), (1, 2, 3))
    return [*(rng.standard_normal(shape) for shape in shapes), np.full((1, 2), scale)]


@pytest.mark.parametrize("normalized", [False, True])
@pytest.mark.parametrize("scale", [0.0, 0.7])
def test_residual_gradients(scale, normalized):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((5, 3)), rng.standard_normal((5, 2))
    parameters = drawn(rng, scale)
    loss, found = residual_gradients(parameters, x, y, normalized)
    assert loss[0] == pytest.approx(residual_loss(parameters, x, y, normalized))
    expected = central_differences(lambda p: residual_loss(p, x, y, normalized), parameters)
    for gradient, numeric in zip(found, expected, strict=True):
        np.testing.assert_allclose(gradient, numeric, atol=1e-7)
    # a zero scale hides its branch from the gradient, not itself
    assert found[0].any() == found[1].any() == (scale != 0)
    assert found[3].all()


def test_training_is_gradient_descent():
    rng = np.random.default_rng(2)
    data = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    setting = Residual(branches=2, learning_rate=0.05, steps=3)
    parameters = drawn(rng, 0.5)
    losses = setting.train(parameters, data, rng)[:, 0]
    for loss in losses:
        assert loss == pytest.approx(residual_loss(parameters, *data, False), rel=1e-5)
        slopes = central_differences(lambda p: residual_loss(p, *data, False), parameters)
        parameters = [p - 0.05 * slope for p, slope in zip(parameters, slopes, strict=True)]


def test_batches_end_in_a_loss_on_all_the_examples():
    full = Residual(branches=2, steps=0, seeds=2)
    batches = replace(full, steps=4, learning_rate=0.0, batch_size=4).losses()
    np.testing.assert_allclose(batches[-1], full.losses()[-1])
    assert np.ptp(batches, axis=0).min() > 0


def test_the_loss_of_a_network_that_diverged_is_infinite():
    rng = np.random.default_rng(3)
    data = rng.standard_normal((6, 3)), rng.standard_normal((6, 2))
    calm, wild = drawn(rng, 0.0), drawn(rng, 1e6)
    both = [np.concatenate(pair) for pair in zip(calm, wild, strict=True)]
    setting = Residual(branches=2, learning_rate=0.01, steps=30)
    losses = setting.train(both, data, rng)
    np.testing.assert_allclose(losses[:, 0], setting.train(calm, data, rng)[:, 0])
    assert np.isfinite(losses[:, 0]).all()
    assert np.isfinite(losses[0, 1])
    assert np.isposinf(losses[-1, 1])
    # nothing is computed any more where every network has diverged
    assert np.isposinf(setting.train(wild, data, rng)[-1]).all()
