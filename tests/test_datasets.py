"""Toy data: shapes, ranges, targets by a plain formula where there is one."""

import math

import numpy as np
import pytest

import initexplain as ie
from initexplain import datasets

MAKERS = {"teacher": (ie.teacher, 4, 2), "noisy_sine": (ie.noisy_sine, 1, 1)}
MAKERS["two_moons"] = (ie.two_moons, 2, 1)
every_maker = pytest.mark.parametrize(("make", "features", "outputs"), MAKERS.values(), ids=MAKERS)


def assert_standard_normal(x):
    """Within five standard errors."""
    assert abs(x.mean()) < 5 / math.sqrt(x.size)
    assert abs((x**2).mean() - 1) < 5 * math.sqrt(2 / x.size)


def test_every_dataset_of_the_module_is_in_the_table():
    public = {
        name
        for name, value in vars(datasets).items()
        if getattr(value, "__module__", "") == datasets.__name__
    }
    assert public == set(MAKERS)


@every_maker
@pytest.mark.parametrize("examples", [2, 3, 17])
def test_shapes_and_dtype(make, features, outputs, examples):
    data = make(np.random.default_rng(0), examples=examples)
    assert [array.shape for array in data] == [(examples, features), (examples, outputs)]
    for array in data:
        assert array.dtype == np.float64
        assert np.isfinite(array).all()


@every_maker
def test_the_generator_is_the_only_randomness(make, features, outputs):
    rng = np.random.default_rng(4)
    first, later, again = make(rng), make(rng), make(np.random.default_rng(4))
    assert all(map(np.array_equal, first, again))
    assert not all(map(np.array_equal, first, later))


def test_teacher_targets_have_variance_near_one():
    # given its weights w, a unit sees N(0, 4 q / 4) with q = |w|^2 chi-squared of four degrees,
    # so the mean square of the targets is 2 E tanh(sqrt(q) z)^2
    q, z = np.linspace(0, 60, 3001)[:, None], np.linspace(-10, 10, 1001)
    mass = q * np.exp(-q / 2) / 4 * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    expected = float((mass * 2 * np.tanh(np.sqrt(q) * z) ** 2).sum() * 0.02 * 0.02)
    assert expected == pytest.approx(1.168, abs=0.001)
    rng = np.random.default_rng(1)
    # the targets of one teacher depend on each other: one number per teacher, over 1,000
    squares = [float((ie.teacher(rng)[1] ** 2).mean()) for _ in range(1000)]
    assert abs(np.mean(squares) - expected) < 5 * np.std(squares) / math.sqrt(len(squares))


def test_teacher_has_normal_inputs_and_as_many_units_as_it_is_given():
    rng = np.random.default_rng(3)
    inputs, targets = ie.teacher(rng, examples=10_000, features=3, outputs=8, units=6)
    assert (inputs.shape, targets.shape) == ((10_000, 3), (10_000, 8))
    assert_standard_normal(inputs)
    assert np.linalg.matrix_rank(targets) == 6


@pytest.mark.parametrize(("biases", "odd"), [(0.0, True), (1.0, False)])
def test_a_teacher_is_odd_until_it_has_biases(biases, odd):
    # an odd function of symmetric inputs has the mean 0
    _, y = ie.teacher(np.random.default_rng(5), examples=20_000, biases=biases)
    assert (abs(y.mean(axis=0)) < 5 * y.std(axis=0) / math.sqrt(len(y))).all() == odd


def test_biases_of_a_teacher_shift_its_units_and_nothing_else():
    rng = np.random.default_rng(6)
    x, y = ie.teacher(rng, examples=50, units=1, outputs=1)
    t = math.tanh(0.7 * rng.standard_normal())
    same, shifted = ie.teacher(
        np.random.default_rng(6), examples=50, units=1, outputs=1, biases=0.7
    )
    np.testing.assert_array_equal(same, x)
    # v tanh(z) and v tanh(z + b): by the addition formula, v is a root of this for every example
    y, shifted = y[:, 0], shifted[:, 0]
    middle, product = (shifted - y) / (2 * t), shifted * y
    roots = middle + np.array([[-1.0], [1.0]]) * np.sqrt(middle**2 + product)
    spread = np.ptp(roots, axis=1).min()
    assert spread < 1e-9 < abs(t)


def test_noisy_sine_without_noise_is_a_sine_and_a_half():
    inputs, targets = ie.noisy_sine(np.random.default_rng(0), examples=9, noise=0.0)
    assert inputs[:, 0].tolist() == [-2 + 0.5 * i for i in range(9)]
    # a period and a half fits into [-2, 2]: the period is 8/3
    expected = [math.sin(2 * math.pi * x / (8 / 3)) for x in inputs[:, 0].tolist()]
    np.testing.assert_allclose(targets[:, 0], expected, atol=1e-14)


@pytest.mark.parametrize("examples", [2, 5, 60])
def test_two_moons_are_two_half_circles(examples):
    inputs, targets = ie.two_moons(np.random.default_rng(0), examples=examples, noise=0.0)
    assert targets[:, 0].tolist() == [0.0] * (examples // 2) + [1.0] * (examples - examples // 2)
    np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-12)
    moons = [inputs[targets[:, 0] == label] for label in (0, 1)]
    if examples > 3:
        # half of the way from the first point to the last is a centre
        centres = [(moon[0] + moon[-1]) / 2 for moon in moons]
        np.testing.assert_allclose(centres[1] - centres[0], [1.0, 0.5], atol=1e-12)
        for moon, centre, side in zip(moons, centres, (1, -1), strict=True):
            np.testing.assert_allclose(np.hypot(*(moon - centre).T), 1.0, atol=1e-12)
            assert (side * (moon - centre)[:, 1] > -1e-12).all()  # the upper one, the lower one
            # from one end to the other, in even steps
            np.testing.assert_allclose(moon[0] - centre, [side, 0.0], atol=1e-12)
            chords = np.hypot(*np.diff(moon, axis=0).T)
            np.testing.assert_allclose(chords, chords[0], atol=1e-12)


@pytest.mark.parametrize("make", [ie.noisy_sine, ie.two_moons])
def test_noise_is_added_to_what_the_same_generator_gives_without(make):
    clean, noisy = (make(np.random.default_rng(7), examples=2000, noise=n) for n in (0.0, 0.3))
    difference = np.hstack(noisy) - np.hstack(clean)
    moved = difference[:, np.ptp(difference, axis=0) > 0]
    assert_standard_normal(moved / 0.3)
