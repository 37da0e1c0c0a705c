"""Initializers against closed forms: variance, support, shape of the distribution, orthogonality.

Statistics are compared within five standard errors, and the standard error comes from the
closed-form moments and the number of entries: nothing is guessed.
"""

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

import initexplain as ie
from initexplain import initializers
from initexplain.initializers import fans

pytestmark = pytest.mark.filterwarnings("error")

STANDARD_ERRORS = 5.0
# standard deviation left by cutting a standard normal at +-2, and the mass that is left
MASS = math.erf(math.sqrt(2.0))
EDGE = math.exp(-2.0) / math.sqrt(2 * math.pi)
CUT_STD = math.sqrt(1 - 4 * EDGE / MASS)


def cut_normal_moment(order: int) -> float:
    """E z^order of a standard normal cut at +-2, by parts from the order two below."""
    if order == 0:
        return 1.0
    return (order - 1) * cut_normal_moment(order - 2) - 2 * 2.0 ** (order - 1) * EDGE / MASS


@dataclass(frozen=True)
class Shape:
    """A symmetric distribution of variance 1: where it ends, and its even moments."""

    bound: float
    moments: dict[int, float]

    def standard_error(self, order: int, entries: int) -> float:
        """Of the mean of x^order over independent entries."""
        mean = self.moments[order] if order % 2 == 0 else 0.0
        return math.sqrt((self.moments[2 * order] - mean**2) / entries)


SHAPES = {
    "normal": Shape(math.inf, {2: 1.0, 4: 3.0, 8: 105.0}),
    "uniform": Shape(math.sqrt(3.0), {2: 1.0, 4: 9 / 5, 8: 9.0}),
    "truncated_normal": Shape(
        2 / CUT_STD, {k: cut_normal_moment(k) / CUT_STD**k for k in (2, 4, 8)}
    ),
}

Variance = Callable[[int, int], float]


@dataclass(frozen=True)
class Case:
    """An initializer and the closed form of its variance, of (fan_in, fan_out)."""

    init: ie.Initializer
    distribution: str
    variance: Variance


def scaled(scale: float, fan: str, distribution: str, gain: float) -> Case:
    """`variance_scaling` against its formula."""
    fan_of: dict[str, Variance] = {
        "fan_in": lambda fan_in, _fan_out: fan_in,
        "fan_out": lambda _fan_in, fan_out: fan_out,
        "fan_average": lambda fan_in, fan_out: 0.5 * fan_in + 0.5 * fan_out,
    }
    init = ie.variance_scaling(scale, fan, distribution, gain=gain)  # type: ignore[arg-type]
    return Case(init, distribution, lambda i, o: gain**2 * scale / fan_of[fan](i, o))


CASES = {
    "normal": Case(ie.normal(0.3), "normal", lambda _i, _o: 0.09),
    "uniform": Case(ie.uniform(0.3), "uniform", lambda _i, _o: 0.03),
    "truncated_normal": Case(ie.truncated_normal(0.3), "truncated_normal", lambda _i, _o: 0.09),
    "lecun_normal": Case(ie.lecun_normal(), "normal", lambda i, _o: 1 / i),
    "lecun_uniform": Case(ie.lecun_uniform(), "uniform", lambda i, _o: 1 / i),
    "glorot_normal": Case(ie.glorot_normal(), "normal", lambda i, o: 2 / (i + o)),
    "glorot_uniform": Case(ie.glorot_uniform(), "uniform", lambda i, o: 2 / (i + o)),
    "he_normal": Case(ie.he_normal(), "normal", lambda i, _o: 2 / i),
    "he_uniform": Case(ie.he_uniform(), "uniform", lambda i, _o: 2 / i),
    "lecun_normal gain": Case(ie.lecun_normal(gain=1.6), "normal", lambda i, _o: 1.6**2 / i),
    "lecun_uniform gain": Case(ie.lecun_uniform(gain=0.5), "uniform", lambda i, _o: 0.25 / i),
    "glorot_normal gain": Case(ie.glorot_normal(gain=3), "normal", lambda i, o: 18 / (i + o)),
    "glorot_uniform gain": Case(ie.glorot_uniform(gain=3), "uniform", lambda i, o: 18 / (i + o)),
    "he_normal gain": Case(ie.he_normal(gain=0.1), "normal", lambda i, _o: 0.02 / i),
    "he_uniform gain": Case(ie.he_uniform(gain=2), "uniform", lambda i, _o: 8 / i),
    **{
        f"variance_scaling {fan} {distribution}": scaled(1.7, fan, distribution, 0.8)
        for fan in ("fan_in", "fan_out", "fan_average")
        for distribution in SHAPES
    },
}

# (..., fan_out, fan_in): 48,000 entries each, wide and tall, one network and ensembles
MATRICES = [(400, 120), (120, 400), (48, 1000), (10, 120, 40), (4, 25, 16, 30), (8000, 2, 3)]

every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())


def test_every_initializer_of_the_module_is_in_the_table() -> None:
    made = {
        name
        for name, function in inspect.getmembers(initializers, inspect.isfunction)
        if inspect.signature(function).return_annotation == ie.Initializer
    }
    elsewhere = {"zeros", "constant", "orthogonal"}
    assert made == {name.split()[0] for name in CASES} | elsewhere
    assert made <= set(ie.__all__)


def test_every_distribution_and_fan_of_the_package_is_in_the_table() -> None:
    distributions, named_fans = set(initializers._DISTRIBUTIONS), sorted(initializers._FANS)
    assert distributions == set(SHAPES)
    assert named_fans == ["fan_average", "fan_in", "fan_out"]


def test_standard_deviation_of_a_cut_normal() -> None:
    # the constant that Keras divides by
    assert abs(CUT_STD - 0.87962566103423978) < 1e-15
    assert abs(initializers.TRUNCATED_STD - CUT_STD) < 1e-15


@every_case
@pytest.mark.parametrize("shape", MATRICES, ids=str)
def test_moments_and_support_are_the_closed_forms(case: Case, shape: tuple[int, ...]) -> None:
    drawn = case.init(np.random.default_rng(11), shape)
    assert drawn.shape == shape
    assert drawn.dtype == np.float64
    expected = SHAPES[case.distribution]
    x = drawn / math.sqrt(case.variance(shape[-1], shape[-2]))
    for order in (1, 2, 4):
        mean = expected.moments.get(order, 0.0)
        allowed = STANDARD_ERRORS * expected.standard_error(order, x.size)
        assert abs((x**order).mean() - mean) < allowed, f"moment {order}"
    assert np.abs(x).max() <= expected.bound * (1 + 1e-12)


@every_case
def test_draws_come_close_to_the_ends_of_the_support(case: Case) -> None:
    x = case.init(np.random.default_rng(12), (400, 120)) / math.sqrt(case.variance(120, 400))
    bound = SHAPES[case.distribution].bound
    if math.isinf(bound):
        # a normal goes past 3.5 with chance 4.7e-4: none of 48,000 has chance 2e-10
        assert np.abs(x).max() > 3.5
    else:
        # the density at the ends is at least 0.049: none in the last hundredth, chance 4e-11
        assert x.max() > bound - 0.01
        assert x.min() < 0.01 - bound


def test_the_fourth_moment_separates_the_distributions() -> None:
    # the distances are beyond what five standard errors allow, so the table can tell them apart
    entries = 48_000
    for one in SHAPES.values():
        for other in SHAPES.values():
            apart = abs(one.moments[4] - other.moments[4])
            errors = one.standard_error(4, entries) + other.standard_error(4, entries)
            assert one is other or apart > STANDARD_ERRORS * errors


@every_case
def test_entries_are_all_different(case: Case) -> None:
    drawn = case.init(np.random.default_rng(13), (5, 40, 30))
    assert np.unique(drawn).size == drawn.size


@every_case
def test_rows_columns_and_members_are_uncorrelated(case: Case) -> None:
    # the mean over an axis of n independent entries has variance 1/n, kurtosis below 3
    drawn = case.init(np.random.default_rng(14), (40, 40, 40)) / math.sqrt(case.variance(40, 40))
    for axis in range(3):
        means = drawn.mean(axis=axis) * math.sqrt(40)
        assert abs((means**2).mean() - 1) < STANDARD_ERRORS * math.sqrt(2 / means.size)


ALL_INITS: dict[str, ie.Initializer] = {
    **{name: case.init for name, case in CASES.items()},
    "orthogonal": ie.orthogonal(gain=1.5),
    "zeros": ie.zeros(),
    "constant": ie.constant(0.5),
}
every_init = pytest.mark.parametrize("init", ALL_INITS.values(), ids=ALL_INITS.keys())


@every_init
def test_the_same_generator_state_gives_the_same_array(init: ie.Initializer) -> None:
    one, two = (init(np.random.default_rng(3), (2, 4, 5)) for _ in range(2))
    np.testing.assert_array_equal(one, two)


@every_init
def test_an_initializer_keeps_no_state_of_its_own(init: ie.Initializer) -> None:
    rng = np.random.default_rng(3)
    first, second = init(rng, (4, 5)), init(rng, (4, 5))
    fixed = np.unique(first).size == 1
    assert np.array_equal(first, second) == fixed
    kept = first.copy()
    first += 1.0
    np.testing.assert_array_equal(init(np.random.default_rng(3), (4, 5)), kept)


@pytest.mark.parametrize("value", [0.0, 0.5, -3, np.float32(0.25)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 2, 3)])
def test_constants(value: float, shape: tuple[int, ...]) -> None:
    drawn = ie.constant(value)(np.random.default_rng(0), shape)
    assert drawn.shape == shape
    assert drawn.dtype == np.float64
    assert (drawn == float(value)).all()
    assert (ie.zeros()(np.random.default_rng(0), shape) == 0).all()


@pytest.mark.parametrize("init", [ie.normal(), ie.uniform(), ie.truncated_normal()])
def test_plain_distributions_take_every_shape(init: ie.Initializer) -> None:
    rng = np.random.default_rng(0)
    assert init(rng, (7,)).shape == (7,)
    assert init(rng, (0, 3)).shape == (0, 3)
    # one normal draw in 22 is cut, so that some of these are drawn a second time
    assert all(np.shape(init(rng, ())) == () for _ in range(200))


def test_zero_spread_gives_the_mean() -> None:
    rng = np.random.default_rng(0)
    assert (ie.normal(0.0, mean=2.0)(rng, (5,)) == 2.0).all()
    assert (ie.uniform(0.0)(rng, (5,)) == 0.0).all()
    assert (ie.truncated_normal(0.0)(rng, (5,)) == 0.0).all()


def test_normal_has_the_mean_it_is_given() -> None:
    x = ie.normal(0.5, mean=-2.0)(np.random.default_rng(1), (40_000,))
    assert abs(x.mean() + 2.0) < STANDARD_ERRORS * 0.5 / math.sqrt(x.size)


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
@pytest.mark.parametrize(("fan_out", "fan_in"), [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1), (1, 1)])
def test_orthogonal_rows_or_columns(
    lead: tuple[int, ...], fan_out: int, fan_in: int, gain: float
) -> None:
    drawn = ie.orthogonal(gain=gain)(np.random.default_rng(5), (*lead, fan_out, fan_in))
    assert drawn.shape == (*lead, fan_out, fan_in)
    for matrix in drawn.reshape(-1, fan_out, fan_in):
        columns = matrix.T.tolist() if fan_out >= fan_in else matrix.tolist()
        for i, one in enumerate(columns):
            for j, other in enumerate(columns):
                product = sum(a * b for a, b in zip(one, other, strict=True))
                assert product == pytest.approx(gain**2 * (i == j), abs=1e-12)


@pytest.mark.parametrize("shape", [(20_000, 3, 3), (20_000, 3, 2), (20_000, 2, 3)])
def test_orthogonal_matrices_have_no_preferred_direction(shape: tuple[int, ...]) -> None:
    # an entry of a uniformly random orthonormal vector in n dimensions has mean 0, variance 1/n
    # and fourth moment 3/(n(n+2)); products of entries that share no sign have mean 0
    drawn, n = ie.orthogonal()(np.random.default_rng(6), shape), 3
    members = shape[0]
    error = STANDARD_ERRORS / math.sqrt(members)
    assert np.abs(drawn.mean(axis=0)).max() < error * math.sqrt(1 / n)
    spread = math.sqrt(3 / (n * (n + 2)) - 1 / n**2)
    assert np.abs((drawn**2).mean(axis=0) - 1 / n).max() < error * spread
    diagonal = drawn[:, 0, 0] * drawn[:, 1, 1]
    assert abs(diagonal.mean()) < error * math.sqrt(diagonal.var())


def test_fans_are_the_last_two_axes() -> None:
    assert fans((5, 3)) == (3, 5)
    assert fans((9, 8, 5, 3)) == (3, 5)


NEED_FANS = [
    ie.lecun_normal(),
    ie.glorot_uniform(),
    ie.he_normal(),
    ie.variance_scaling(1.0, "fan_out"),
    ie.orthogonal(),
]


@pytest.mark.parametrize("init", NEED_FANS)
@pytest.mark.parametrize("shape", [(), (4,), (0, 3), (3, 0), (2, 0, 0), (-1, 3)])
def test_a_shape_without_fans_is_refused(init: ie.Initializer, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="fan_in and fan_out need a shape") as info:
        init(np.random.default_rng(0), shape)
    assert str(shape) in str(info.value)


BAD_ARGUMENTS: dict[str, tuple[Callable[[], object], str]] = {
    "constant nan": (lambda: ie.constant(math.nan), "value must be finite, found nan"),
    "constant inf": (lambda: ie.constant(math.inf), "value must be finite, found inf"),
    "normal std": (lambda: ie.normal(-0.1), "std must be a finite number, 0 or more, found -0.1"),
    "normal mean": (lambda: ie.normal(mean=math.nan), "mean must be finite, found nan"),
    "uniform": (lambda: ie.uniform(-1), "bound must be a finite number, 0 or more, found -1"),
    "uniform nan": (lambda: ie.uniform(math.nan), "bound must be a finite number"),
    "truncated": (lambda: ie.truncated_normal(math.inf), "std must be a finite number"),
    "scale": (lambda: ie.variance_scaling(0), "scale must be a finite number above 0, found 0"),
    "gain": (lambda: ie.variance_scaling(1, gain=-1), "gain must be a finite number above 0"),
    "lecun gain": (lambda: ie.lecun_normal(gain=0), "gain must be a finite number above 0"),
    "glorot gain": (lambda: ie.glorot_uniform(gain=math.nan), "gain must be a finite number"),
    "he gain": (lambda: ie.he_normal(gain=math.inf), "gain must be a finite number above 0"),
    "orthogonal gain": (lambda: ie.orthogonal(gain=0), "gain must be a finite number above 0"),
    "fan": (
        lambda: ie.variance_scaling(1, "fanin"),  # type: ignore[arg-type]
        "unknown fan 'fanin': did you mean 'fan_in'? known: fan_in, fan_out, fan_average",
    ),
    "distribution": (
        lambda: ie.variance_scaling(1, "fan_in", "norml"),
        "unknown distribution 'norml': did you mean 'normal'? "
        "known: normal, uniform, truncated_normal",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_bad_arguments_are_refused_when_the_initializer_is_made(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match=r"\S") as info:
        make()
    assert str(info.value).startswith(message)
