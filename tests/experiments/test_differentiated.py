"""Other architectures: gradients by finite differences, updates as the package's own training."""

import autograd.numpy as anp
import numpy as np
import pytest
from oracles import central_differences

import initexplain as ie
from initexplain.experiments.differentiated import descent, differentiate

OPTIMIZERS = {
    "sgd": ie.sgd(l2=0.1),
    "momentum": ie.momentum(0.5, weight_decay=0.1),
    "adam": ie.adam(l2=0.1, weight_decay=0.1),
}


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    inputs, targets = ie.teacher(rng)
    start = ie.Network.initialize(
        rng, [4, 5, 2], weights=ie.lecun_normal(), biases=ie.normal(0.1), ensemble=(3,)
    )

    def loss(parameters, update):
        rows = inputs[update % 2 :: 2]
        hidden = anp.tanh(rows @ anp.swapaxes(parameters["W"], 1, 2) + parameters["b"][:, None])
        outputs = hidden @ anp.swapaxes(parameters["V"], 1, 2) + parameters["c"][:, None]
        error = outputs - targets[update % 2 :: 2]
        return 0.5 * anp.sum(error**2, axis=(1, 2)) / len(rows)

    named = dict(zip("WVbc", [*start.weights, *start.biases], strict=True))
    return loss, named, start, inputs, targets


def test_gradients_are_those_of_finite_differences(problem):
    loss, start, *_ = problem
    gradients = differentiate(loss, start).gradients
    # the members do not share anything: each number is in the loss of its own
    expected = central_differences(
        lambda moved: loss(dict(zip(start, moved, strict=True)), 0).sum(), list(start.values())
    )
    for name, slope in zip(start, expected, strict=True):
        np.testing.assert_allclose(gradients[name], slope, atol=1e-7)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_updates_are_those_of_train(problem, name):
    loss, named, network, inputs, targets = problem
    settings = {"learning_rate": 0.1, "optimizer": OPTIMIZERS[name]}
    moments = descent(lambda p, _: loss(p, 0), named, **settings)
    *_, moment = (next(moments) for _ in range(6))
    history = ie.train(network, inputs[::2], targets[::2], steps=5, **settings)
    trained = [*history.network.weights, *history.network.biases]
    for found, expected in zip(moment.parameters.values(), trained, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_the_loss_hears_which_update_it_is(problem):
    loss, named, *_ = problem
    moments = descent(loss, named, learning_rate=0.0)
    losses = [next(moments).losses for _ in range(3)]
    np.testing.assert_array_equal(losses[0], losses[2])
    assert (losses[0] != losses[1]).all()


def test_a_name_without_a_rate_stays_and_the_start_is_not_changed(problem):
    loss, named, *_ = problem
    before = {name: p.copy() for name, p in named.items()}
    moments = descent(loss, named, learning_rate={"W": 0.1, "b": np.array([[0.1], [0], [0]])})
    next(moments)
    after = next(moments).parameters
    for name, p in before.items():
        np.testing.assert_array_equal(named[name], p)
    assert (after["W"] != before["W"]).all()
    assert [(after["b"][member] != before["b"][member]).all() for member in range(3)] == [
        *(True, False, False)
    ]
    np.testing.assert_array_equal(after["V"], before["V"])


def test_a_member_may_diverge_alone():
    moments = descent(
        lambda p, _: p["w"] ** 2, {"w": np.ones(2)}, learning_rate=np.array([0.1, 1e9])
    )
    for _ in range(60):
        moment = next(moments)
    assert np.isfinite(moment.losses).tolist() == [True, False]
