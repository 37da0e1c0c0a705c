"""The claims of the page "Normalization": by finite differences, closed forms and plain loops."""

import numpy as np
import pytest
from oracles import central_differences, never, not_always
from plain import ACTIVATIONS

import initexplain as ie
from initexplain.experiments.dead_units import dead_units
from initexplain.experiments.differentiated import differentiate
from initexplain.experiments.normalized import (
    EPSILON,
    Normalized,
    activations,
    normalize,
    parameters_of,
    stream,
    with_copies,
)
from initexplain.experiments.reach import PAGE

SETTINGS = {"seeds": 3, "steps": 80, "seed": 2}


def standardized(z, kind):
    """Of rows of examples."""
    lines = z if kind == "batch" else z.T
    lines = (lines - lines.mean(axis=0)) / np.sqrt(lines.var(axis=0) + 1e-5)
    return lines if kind == "batch" else lines.T


def by_hand(p, x, kind, activate, layer=1):
    """The outputs of one network from what a layer reads."""
    z = x @ p[f"W{layer}"].T + p[f"b{layer}"].T
    if f"W{layer + 1}" not in p:
        return z
    scaled = standardized(z, kind) * p[f"gamma{layer}"].T + p[f"beta{layer}"].T
    return by_hand(p, np.vectorize(activate)(scaled), kind, activate, layer + 1)


def small(kind, seed=0, activation="tanh"):
    """A network with everything random, its setting and data."""
    setting = Normalized(
        kind=kind,
        weights=ie.lecun_normal(),
        biases=ie.normal(0.5),
        hidden=(4, 3),
        activation=activation,
        data=lambda rng: ie.teacher(rng, examples=7),
        seeds=1,
        seed=seed,
    )
    rng, network, x, y = setting.drawn()
    p = {name: v[0] for name, v in parameters_of(network, kind).items()}
    for name, value in p.items():
        if name.startswith(("gamma", "beta")):
            p[name] = value + 0.5 * rng.standard_normal(value.shape)
    return setting, p, x, y


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "leaky_relu"])
@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_the_forward_pass_is_that_of_the_definitions(kind, activation):
    _, p, x, _ = small(kind, activation=activation)
    found = activations(p, x, kind, activation)[-1].T
    np.testing.assert_allclose(found, by_hand(p, x, kind, ACTIVATIONS[activation]), rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic", "leaky_relu"])
@pytest.mark.parametrize("kind", ["batch", "layer"])
def test_gradients_are_those_of_finite_differences(kind, activation):
    setting, p, x, y = small(kind, activation=activation)
    gradients = differentiate(setting.squared_error(x, y, np.random.default_rng(0)), p).gradients
    names = list(p)

    def loss(values):
        start = dict(zip(names, values, strict=True))
        error = by_hand(start, x, kind, ACTIVATIONS[activation]) - y
        return 0.5 * (error**2).sum() / len(x)

    for name, expected in zip(names, central_differences(loss, list(p.values())), strict=True):
        np.testing.assert_allclose(gradients[name], expected, atol=1e-8)


def test_without_a_normalization_training_is_that_of_a_network():
    setting = Normalized(kind="none", weights=ie.lecun_normal(), hidden=(4, 3), steps=7, seeds=2)
    rng, network, x, y = setting.drawn()
    moments = setting.descend(parameters_of(network, "none"), x, y, rng)
    trained = setting.trained().history
    np.testing.assert_allclose([moment.losses for moment in moments], trained.losses, rtol=1e-9)
    for name, p in parameters_of(trained.network, "none").items():
        np.testing.assert_allclose(moments[-1].parameters[name], p, rtol=1e-9, atol=1e-12)


def test_copies_stay_and_unequal_scales_part_them(result):
    for kind, rows in result.copies.items():
        assert never(rows) == not_always(rows) == {"gamma", "beta"}, kind


def test_planted_copies_are_copies():
    setting, *_ = small("layer")
    rng, network, *_ = setting.drawn()
    planted = with_copies(rng, parameters_of(network, "layer"))
    for layer in (1, 2):
        for name in ("W", "b", "gamma", "beta"):
            p = planted[f"{name}{layer}"][0]
            np.testing.assert_array_equal(p[0], p[1])
            assert (p[0] != p[2]).any(), name
        np.testing.assert_array_equal(*planted[f"W{layer + 1}"][0].T[:2])


def test_equal_units_are_one_under_batchnorm_and_none_under_layernorm(result):
    equal = result.starts["equal"]
    assert equal["layer"].loss == pytest.approx(1, abs=1e-3)
    assert equal["layer"].moved < 1e-9
    for kind in ("none", "batch"):
        assert 0.1 < equal[kind].loss < 0.9
        assert equal[kind].moved > 0.1
        assert equal[kind].spread < 1e-9


def test_the_least_noise_parts_units_behind_a_layernorm_alone(result):
    rows = result.part
    assert rows[PAGE].holds == rows[PAGE].seeds
    assert rows["batch"].holds == rows["none"].holds == 0
    # of the noises from 1e-15 to 1e-6
    assert (result.noise["layer"][1:5] < 0.8 * result.noise["none"][0]).all()
    for kind in ("none", "batch"):
        exact = np.broadcast_to(result.noise[kind][0], (3, 3))
        np.testing.assert_allclose(result.noise[kind][1:4], exact, rtol=1e-3)


def test_a_layernorm_multiplies_small_differences_by_the_root_of_epsilon():
    difference = 1e-7 * np.array([[1.0], [-1.0]])
    found = normalize(0.8 + difference, "layer")
    np.testing.assert_allclose(found, difference / np.sqrt(1e-5), rtol=1e-5)


@pytest.mark.parametrize("kind", ["batch", "layer"])
@pytest.mark.parametrize("factor", [0.1, 30.0])
def test_a_scale_is_a_rate(kind, factor):
    # one update of scaled weights against one of the others, whose rate is divided by the square
    setting, p, x, y = small(kind)
    hidden = ("W1", "W2") if kind == "batch" else ("W1", "W2", "b1", "b2")
    loss = setting.squared_error(x, y, np.random.default_rng(0))
    one = differentiate(loss, p).gradients
    scaled = {name: factor * v if name in hidden else v for name, v in p.items()}
    other = differentiate(loss, scaled).gradients
    # but for epsilon beside the variance
    for name in hidden:
        error = np.abs(factor * other[name] - one[name]).max() / np.abs(one[name]).max()
        assert error < (0.02 if factor < 1 else 1e-3), name
    if kind == "batch":
        for w, g in ((p["W1"], one["W1"]), (p["W2"], one["W2"])):
            assert np.abs((w * g).sum(axis=1)).max() < 1e-3 * np.abs(g).max()


def test_the_scale_of_the_weights_becomes_the_effective_rate(result):
    for kind, losses in result.same_rate.items():
        np.testing.assert_allclose(result.scale[kind][4:], losses[4:], rtol=0.02)
    assert not (result.scale["none"][-3:] < 3).any()
    assert (result.scale["none"][0] > 0.9).all()
    assert (result.scale["batch"][:3] < 0.1).all()
    rates = result.effective_rate
    np.testing.assert_allclose(rates[0], np.array([0.03, 0.1, 0.3, 1, 3, 10, 30]) ** -2.0)
    assert rates[1, 0] < 0.01 * rates[0, 0]
    np.testing.assert_allclose(rates[-1, -2:], rates[0, -2:], rtol=1e-3)
    assert (np.diff(rates, axis=0) < 1e-9).all()


def test_zeros(result):
    starts = result.starts
    for name in ("zero", "relu"):
        for end in starts[name].values():
            assert end.moved == 0
            assert end.loss == pytest.approx(1, abs=1e-3)
    assert starts["logistic"]["batch"].moved > 0.01
    assert starts["logistic"]["batch"].spread < 1e-9
    assert starts["logistic"]["layer"].moved < 1e-9
    for kind in ("batch", "layer"):
        assert starts["gamma"][kind].loss < 0.5
        assert starts["gamma_relu"][kind].moved == starts["gamma_in_two"][kind].moved == 0
        assert starts["random"][kind].loss < 0.5
        ratio = starts["zero_below"][kind].gradient / starts["zero_below"]["none"].gradient
        assert 50 < ratio < 2 * EPSILON**-0.5


def test_a_bias_in_front_of_a_normalization(result):
    assert result.bias_gradient["batch"] < 1e-12
    assert result.bias_gradient["layer"] > 0.01
    assert result.common_gradient["layer"] < 1e-12


def test_branches_that_end_in_a_batchnorm(result):
    assert result.diverged["zero"] == result.diverged["root"] == 0
    assert result.diverged["one"] > 0
    assert result.residual["zero"].last.max() < 0.5


def test_the_stream_of_one_branch_by_hand():
    rng = np.random.default_rng(0)
    shapes = {"first": (5, 3), "W": (1, 5, 5), "U": (1, 5, 5), "last": (2, 5)}
    shapes |= {"gamma": (1, 5, 1), "beta": (1, 5, 1), "c": (2, 1)}
    p = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
    x = rng.standard_normal((9, 3))

    h = x @ p["first"].T
    between = np.tanh(standardized(h @ p["W"][0].T, "batch"))
    branch = standardized(between @ p["U"][0].T, "batch")
    h = h + p["gamma"][0].T * branch + p["beta"][0].T
    np.testing.assert_allclose(stream(p, x).T, h @ p["last"].T + p["c"].T, rtol=1e-12)


def test_dead_units(result):
    dead = result.dead
    assert dead["negative"].before > 0.2 > dead["small"].before
    # a positive factor changes no sign
    assert dead["half"].before == dead["double"].before == dead["large"].before
    assert dead["large"].after > 2 * dead["small"].after
    assert dead["negative_batch"].before == dead["negative_batch"].after == 0
    assert dead["batch"].after < 0.5 * dead["large"].after
    assert dead["negative"].loss > 10 * dead["negative_batch"].loss


def test_dead_units_at_the_start_by_a_plain_count():
    setting = Normalized(
        kind="none",
        weights=ie.he_normal(),
        hidden=(16, 16, 16),
        data=lambda rng: ie.teacher(rng, examples=32),
        seeds=2,
        seed=4,
    )
    _, network, x, _ = setting.drawn()
    off = 0
    for seed in range(2):
        signal = x
        for w in network.weights[:-1]:
            signal = np.maximum(signal @ w[seed].T - 1, 0)
            off += int((signal.max(axis=0) == 0).sum())
    found = dead_units(seeds=2, steps=1, seed=4)["negative"]
    assert found.before == pytest.approx(off / (2 * 48))
