"""Toy data: shapes, ranges, targets by a plain formula where there is one, bad sizes."""

import math
from typing import Any

import numpy as np
import pytest

import initexplain as ie
from initexplain import datasets

pytestmark = pytest.mark.filterwarnings("error")

MAKERS: dict[str, tuple[Any, int, int]] = {
    "teacher": (ie.teacher, 4, 2),
    "noisy_sine": (ie.noisy_sine, 1, 1),
    "two_moons": (ie.two_moons, 2, 1),
}
every_maker = pytest.mark.parametrize(
    ("make", "features", "outputs"), MAKERS.values(), ids=MAKERS.keys()
)


def test_every_dataset_of_the_module_is_in_the_table() -> None:
    public = {
        name
        for name, value in vars(datasets).items()
        if getattr(value, "__module__", "") == datasets.__name__
    }
    assert public == set(MAKERS)


@every_maker
@pytest.mark.parametrize("examples", [2, 3, 17])
def test_shapes_and_dtype(make: Any, features: int, outputs: int, examples: int) -> None:
    data = make(np.random.default_rng(0), examples=examples)
    assert [array.shape for array in data] == [(examples, features), (examples, outputs)]
    for array in data:
        assert array.dtype == np.float64
        assert np.isfinite(array).all()


@every_maker
def test_the_generator_is_the_only_randomness(make: Any, features: int, outputs: int) -> None:
    rng = np.random.default_rng(4)
    first, later = make(rng), make(rng)
    again = make(np.random.default_rng(4))
    for one, same in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, same)
    assert any(not np.array_equal(one, other) for one, other in zip(first, later, strict=True))


WHOLE, NOT_NEGATIVE = "must be a whole number of at least", "must be a finite number, 0 or more"
REFUSED: list[tuple[Any, str, list[Any], str]] = [
    *((make, "examples", [0, -3, True, 2.0, "4", None], WHOLE) for make, _, _ in MAKERS.values()),
    (ie.two_moons, "examples", [1], f"{WHOLE} 2, found 1"),
    *((ie.teacher, name, [0, -1, True, 1.5], f"{WHOLE} 1") for name in ("features", "outputs")),
    (ie.teacher, "units", [0, -1, True, 1.5], f"{WHOLE} 1"),
    *(
        (make, "noise", [-0.1, math.nan, math.inf], NOT_NEGATIVE)
        for make in (ie.noisy_sine, ie.two_moons)
    ),
]


@pytest.mark.parametrize(("make", "name", "values", "message"), REFUSED)
def test_bad_numbers_are_refused(make: Any, name: str, values: list[Any], message: str) -> None:
    for value in values:
        with pytest.raises(ValueError, match=f"^{name} {message}"):
            make(np.random.default_rng(0), **{name: value})


def test_teacher_targets_have_variance_near_one() -> None:
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


def test_teacher_inputs_are_standard_normal() -> None:
    inputs, _ = ie.teacher(np.random.default_rng(2), examples=10_000)
    entries = inputs.size
    assert abs(inputs.mean()) < 5 / math.sqrt(entries)
    assert abs((inputs**2).mean() - 1) < 5 * math.sqrt(2 / entries)


def test_one_unit_cannot_be_the_teacher() -> None:
    # a teacher of more units than one has targets that no single unit spans: rank above 1
    inputs, targets = ie.teacher(
        np.random.default_rng(3), examples=200, features=3, outputs=8, units=6
    )
    assert (inputs.shape, targets.shape) == ((200, 3), (200, 8))
    assert np.linalg.matrix_rank(targets) == 6


def test_noisy_sine_without_noise_is_a_sine_and_a_half() -> None:
    inputs, targets = ie.noisy_sine(np.random.default_rng(0), examples=9, noise=0.0)
    assert inputs[:, 0].tolist() == [-2 + 0.5 * i for i in range(9)]
    # a period and a half fits into [-2, 2]: the period is 8/3
    expected = [math.sin(2 * math.pi * x / (8 / 3)) for x in inputs[:, 0].tolist()]
    np.testing.assert_allclose(targets[:, 0], expected, atol=1e-14)


def test_noise_has_the_standard_deviation_it_is_given() -> None:
    examples = 20_000
    _, noisy = ie.noisy_sine(np.random.default_rng(5), examples=examples, noise=0.3)
    _, clean = ie.noisy_sine(np.random.default_rng(5), examples=examples, noise=0.0)
    x = (noisy - clean) / 0.3
    assert abs(x.mean()) < 5 / math.sqrt(examples)
    assert abs((x**2).mean() - 1) < 5 * math.sqrt(2 / examples)


@pytest.mark.parametrize("examples", [2, 5, 60])
def test_two_moons_are_two_half_circles(examples: int) -> None:
    inputs, targets = ie.two_moons(np.random.default_rng(0), examples=examples, noise=0.0)
    assert targets[:, 0].tolist() == [0.0] * (examples // 2) + [1.0] * (examples - examples // 2)
    np.testing.assert_allclose(inputs.mean(axis=0), 0.0, atol=1e-12)
    upper, lower = (inputs[targets[:, 0] == label] for label in (0, 1))
    # the half circles start at opposite ends; half of the first chord to the last is a centre
    if examples > 3:
        centres = [(moon[0] + moon[-1]) / 2 for moon in (upper, lower)]
        for moon, centre in zip((upper, lower), centres, strict=True):
            np.testing.assert_allclose(np.hypot(*(moon - centre).T), 1.0, atol=1e-12)
        np.testing.assert_allclose(centres[1] - centres[0], [1.0, 0.5], atol=1e-12)


def test_two_moons_are_not_linearly_separable_but_apart() -> None:
    inputs, targets = ie.two_moons(np.random.default_rng(0), examples=200, noise=0.0)
    upper, lower = (inputs[targets[:, 0] == label] for label in (0, 1))
    # each moon reaches into the other one's hull, and no two points of them meet
    assert lower[:, 1].max() > upper[:, 1].min()
    distances = np.hypot(*np.moveaxis(upper[:, None] - lower[None], -1, 0))
    assert distances.min() > 0.3
