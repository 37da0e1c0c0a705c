"""Initializers against closed forms: variance, support, shape of the distribution, orthogonality.

Statistics are compared within five standard errors, and the standard error comes from the
closed-form moments and the number of entries: nothing is guessed.
"""

import inspect
import math

import numpy as np
import pytest

import initexplain as ie
from initexplain import initializers
from initexplain.initializers import Matrices

STANDARD_ERRORS = 5.0
# standard deviation left by cutting a standard normal at +-2, and the mass that is left
MASS = math.erf(math.sqrt(2.0))
EDGE = math.exp(-2.0) / math.sqrt(2 * math.pi)
CUT_STD = math.sqrt(1 - 4 * EDGE / MASS)


def cut_normal_moment(order):
    """E z^order of a standard normal cut at +-2, by parts from the order two below."""
    if order == 0:
        return 1.0
    return (order - 1) * cut_normal_moment(order - 2) - 2 * 2.0 ** (order - 1) * EDGE / MASS


# of each distribution with variance 1: where it ends, and its even moments
SHAPES = {
    "normal": (math.inf, {2: 1.0, 4: 3.0, 8: 105.0}),
    "uniform": (math.sqrt(3.0), {2: 1.0, 4: 9 / 5, 8: 9.0}),
    "truncated_normal": (2 / CUT_STD, {k: cut_normal_moment(k) / CUT_STD**k for k in (2, 4, 8)}),
}
# the closed forms, of (fan_in, fan_out)
SCALED = {
    "lecun": lambda fan_in, _fan_out: 1 / fan_in,
    "glorot": lambda fan_in, fan_out: 2 / (fan_in + fan_out),
    "he": lambda fan_in, _fan_out: 2 / fan_in,
}
FANS = {
    "fan_in": lambda fan_in, _fan_out: 1.7 / fan_in,
    "fan_out": lambda _fan_in, fan_out: 1.7 / fan_out,
    "fan_average": lambda fan_in, fan_out: 1.7 / (0.5 * fan_in + 0.5 * fan_out),
}


def times(factor, variance):
    return lambda fan_in, fan_out: factor * variance(fan_in, fan_out)


# an initializer, its distribution and the closed form of its variance
CASES = {
    "normal": (ie.normal(0.3), "normal", lambda _i, _o: 0.09),
    "uniform": (ie.uniform(0.3), "uniform", lambda _i, _o: 0.03),
    "truncated_normal": (ie.truncated_normal(0.3), "truncated_normal", lambda _i, _o: 0.09),
    **{
        f"{name}_{kind} {how}": (
            getattr(ie, f"{name}_{kind}")(**how),
            kind,
            times(how.get("gain", 1.0) ** 2, variance),
        )
        for name, variance in SCALED.items()
        for kind in ("normal", "uniform")
        for how in ({}, {"gain": 1.6})
    },
    **{
        f"variance_scaling {fan} {kind}": (
            ie.variance_scaling(1.7, fan, kind, gain=0.8),
            kind,
            times(0.8**2, variance),
        )
        for fan, variance in FANS.items()
        for kind in SHAPES
    },
}
every_case = pytest.mark.parametrize(("init", "kind", "variance"), CASES.values(), ids=CASES)
OTHERS = {
    "orthogonal": ie.orthogonal(gain=1.5),
    "zeros": ie.zeros(),
    "constant": ie.constant(0.5),
}
# (..., fan_out, fan_in): 48,000 entries each, wide and tall, one network and ensembles
MATRICES = [(400, 120), (120, 400), (48, 1000), (10, 120, 40), (4, 25, 16, 30), (8000, 2, 3)]


def test_every_initializer_of_the_module_is_in_the_table():
    made = {
        name
        for name, function in inspect.getmembers(initializers, inspect.isfunction)
        if inspect.signature(function).return_annotation == ie.Initializer
    }
    assert made == {name.split()[0] for name in CASES} | set(OTHERS)
    assert made <= set(ie.__all__)


def test_standard_deviation_of_a_cut_normal():
    # the constant that Keras divides by
    assert abs(CUT_STD - 0.87962566103423978) < 1e-15
    assert abs(initializers.TRUNCATED_STD - CUT_STD) < 1e-15


@every_case
@pytest.mark.parametrize("shape", MATRICES, ids=str)
def test_moments_and_support_are_the_closed_forms(init, kind, variance, shape):
    drawn = init(np.random.default_rng(11), Matrices(shape))
    assert (drawn.shape, drawn.dtype) == (shape, np.float64)
    bound, moments = SHAPES[kind]
    x = drawn / math.sqrt(variance(shape[-1], shape[-2]))
    for order in (1, 2, 4):
        mean = moments.get(order, 0.0)
        allowed = STANDARD_ERRORS * math.sqrt((moments[2 * order] - mean**2) / x.size)
        assert abs((x**order).mean() - mean) < allowed, f"moment {order}"
    if math.isinf(bound):
        # a normal goes past 3.5 with chance 4.7e-4: none of 48,000 has chance 2e-10
        assert np.abs(x).max() > 3.5
    else:
        assert np.abs(x).max() <= bound * (1 + 1e-12)
        # the density at the ends is at least 0.049: none in the last hundredth, chance 4e-11
        assert min(x.max(), -x.min()) > bound - 0.01


@every_case
def test_entries_differ_and_rows_columns_and_members_are_uncorrelated(init, kind, variance):
    drawn = init(np.random.default_rng(14), (40, 40, 40)) / math.sqrt(variance(40, 40))
    assert np.unique(drawn).size == drawn.size
    # the mean over an axis of n independent entries has variance 1/n, kurtosis below 3
    for axis in range(3):
        means = drawn.mean(axis=axis) * math.sqrt(40)
        assert abs((means**2).mean() - 1) < STANDARD_ERRORS * math.sqrt(2 / means.size)


@pytest.mark.parametrize("init", [*(case[0] for case in CASES.values()), *OTHERS.values()])
def test_the_generator_is_the_only_state(init):
    rng = np.random.default_rng(3)
    first, second = init(rng, (2, 4, 5)), init(rng, (2, 4, 5))
    assert np.array_equal(first, second) == (np.unique(first).size == 1)
    kept = first.copy()
    first += 1.0
    np.testing.assert_array_equal(init(np.random.default_rng(3), (2, 4, 5)), kept)


@pytest.mark.parametrize("value", [0.0, 0.5, -3, np.float32(0.25)])
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 2, 3)])
def test_constants(value, shape):
    drawn = ie.constant(value)(np.random.default_rng(0), shape)
    assert (drawn.shape, drawn.dtype) == (shape, np.float64)
    assert (drawn == float(value)).all()
    assert (ie.zeros()(np.random.default_rng(0), shape) == 0).all()


@pytest.mark.parametrize("make", [ie.normal, ie.uniform, ie.truncated_normal])
def test_plain_distributions_take_every_shape(make):
    rng = np.random.default_rng(0)
    init = make()
    assert init(rng, (7,)).shape == (7,)
    # which are no kernels of a convolution, whose fans would be others
    for shape in ((0, 3), (64, 3, 3, 3), (2, 5, 16, 30)):
        assert init(rng, shape).shape == shape
    # one normal draw in 22 is cut, so that some of these are drawn a second time
    assert all(np.shape(init(rng, ())) == () for _ in range(200))
    assert (make(0.0)(rng, (5,)) == 0.0).all()


def test_normal_has_the_mean_it_is_given():
    x = ie.normal(0.5, mean=-2.0)(np.random.default_rng(1), (40_000,))
    assert abs(x.mean() + 2.0) < STANDARD_ERRORS * 0.5 / math.sqrt(x.size)


@pytest.mark.parametrize("gain", [1.0, 2.5])
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
@pytest.mark.parametrize(("fan_out", "fan_in"), [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1), (1, 1)])
def test_orthogonal_rows_or_columns(lead, fan_out, fan_in, gain):
    shape = Matrices((*lead, fan_out, fan_in))
    drawn = ie.orthogonal(gain=gain)(np.random.default_rng(5), shape)
    assert drawn.shape == (*lead, fan_out, fan_in)
    few = drawn if fan_out < fan_in else np.swapaxes(drawn, -1, -2)
    products = np.einsum("...ik,...jk->...ij", few, few)
    assert np.abs(products - gain**2 * np.eye(min(fan_out, fan_in))).max() < 1e-12


@pytest.mark.parametrize("shape", [(20_000, 3, 3), (20_000, 3, 2), (20_000, 2, 3)])
def test_orthogonal_matrices_have_no_preferred_direction(shape):
    # an entry of a uniformly random orthonormal vector in n dimensions has mean 0, variance 1/n
    # and fourth moment 3/(n(n+2)); products of entries that share no sign have mean 0
    drawn, n = ie.orthogonal()(np.random.default_rng(6), shape), 3
    error = STANDARD_ERRORS / math.sqrt(shape[0])
    assert np.abs(drawn.mean(axis=0)).max() < error * math.sqrt(1 / n)
    spread = math.sqrt(3 / (n * (n + 2)) - 1 / n**2)
    assert np.abs((drawn**2).mean(axis=0) - 1 / n).max() < error * spread
    diagonal = drawn[:, 0, 0] * drawn[:, 1, 1]
    assert abs(diagonal.mean()) < error * math.sqrt(diagonal.var())


def test_a_kernel_drawn_as_its_message_says_has_its_fan():
    kernel = ie.he_normal()(np.random.default_rng(0), (64, 3 * 3 * 3)).reshape(64, 3, 3, 3)
    # 27 inputs, with five standard errors of 1,728 normal numbers
    assert kernel.std() == pytest.approx(math.sqrt(2 / 27), rel=5 / math.sqrt(2 * kernel.size))
