"""The claims of the page "Residual streams and transformers", with another seed."""

from dataclasses import replace

import numpy as np
import pytest
from oracles import HERMITE_X, central_differences, normal_mean

from initexplain.experiments.reach import PAGE
from initexplain.experiments.residual_streams import (
    POSITIONS,
    SCORES,
    VOCABULARY,
    starts,
    times_normal,
)

SETTINGS = {"seed": 11, "branches": 16}


def test_mean_squares_add(result):
    growth = {name: curves.median for name, curves in result.growth.items()}
    branches = np.arange(len(growth["one"]))
    for name, expected in (
        ("one", 2.0**branches),
        ("normalized", 1 + branches),
        ("root", (1 + 1 / branches[-1]) ** branches),
        ("zero", 1.0),
    ):
        ratio = growth[name] / expected
        assert ((ratio > 0.6) & (ratio < 1.6)).all(), name
    assert np.ptp(growth["zero"]) == 0


def gelu_square(variance):
    """`E gelu(z)^2`, with the tanh that GPT-2 has in it."""
    assert len(HERMITE_X) > 100  # enough for a function this smooth

    def square(z):
        inner = np.sqrt(2 / np.pi) * (z + 0.044715 * z**3)
        return (0.5 * z * (1 + np.tanh(inner))) ** 2

    return normal_mean(square, variance)


def test_gpt2_adds_what_its_shapes_and_its_scale_say(result):
    entry = 0.02**2
    read = 768 * entry
    by_network = 4 * 768 * entry * gelu_square(read)
    # the first attention averages over 1, 2, ... 16 independent tokens, with nearly equal weights
    by_attention = read**2 * np.exp(read**2) * (1 / np.arange(1, 17)).mean()
    for name, share in (("plain", 1), ("scaled", 1 / 24)):
        squares = result.gpt2[name]
        assert squares.shape == (25,)
        assert squares[0] == pytest.approx(1.25 * entry, rel=0.05)
        added = np.diff(squares)
        assert added[0] == pytest.approx(share * by_attention, rel=0.15)
        # with little else in the stream; later branches find one that they already wrote
        assert added[1] == pytest.approx(share * by_network, rel=0.15)
        assert added[1::2].mean() == pytest.approx(share * by_network, rel=0.3)


@pytest.mark.parametrize(("vectors", "size"), [((2, 3), 40), ((30,), 4)])
def test_products_with_a_normal_matrix_have_the_angles_of_the_vectors(vectors, size):
    rng = np.random.default_rng(6)
    factors = rng.standard_normal((*vectors, size))
    products = times_normal(rng, factors, 100_000)
    assert products.shape == (*vectors, 100_000)
    flat, columns = factors.reshape(-1, size), products.reshape(-1, 100_000)
    # as a matrix of all rows gives: columns are independent, each with this covariance
    np.testing.assert_allclose(np.cov(columns), flat @ flat.T, atol=0.04 * size)
    assert np.abs(np.corrcoef(columns[0, :-1], columns[0, 1:])[0, 1]) < 0.02


def test_a_head_averages_over_fewer_positions_the_larger_its_scores(result):
    counts = result.positions.median
    assert (np.diff(counts) < 0).all()
    small = SCORES < 0.6
    expected = POSITIONS * np.exp(-(SCORES[small] ** 2))
    np.testing.assert_allclose(counts[small], expected, rtol=0.04)
    recipes = result.recipes
    assert recipes["gpt2"] == pytest.approx(POSITIONS * np.exp(-(0.3072**2)), rel=0.02)
    assert recipes["torch"] == pytest.approx(POSITIONS * np.exp(-0.25), rel=0.04)
    assert 1 < recipes["one"] < 1.5


def block_loss(matrices, x, y):
    """One position at a time."""
    query, key, value, out = matrices
    total = 0.0
    for position, wanted in zip(x, y, strict=True):
        scores = np.array([(query @ position) @ (key @ other) for other in x]) / np.sqrt(len(query))
        weights = np.exp(scores) / np.exp(scores).sum()
        mixed = sum(weight * (value @ other) for weight, other in zip(weights, x, strict=True))
        total += 0.5 * ((position + out @ mixed - wanted) ** 2).sum()
    return total / len(x)


@pytest.mark.parametrize("zero", ["", "Q", "O", "QO", "QK", "VO"])
def test_what_moves_from_zero_matrices(result, zero):
    rng = np.random.default_rng(3)
    x, y = rng.standard_normal((2, 4, 3))
    matrices = [rng.standard_normal((3, 3)) * (name not in zero) for name in "QKVO"]
    moved = set()
    for _ in range(3):  # as many updates as there can be zeros, and one more
        slopes = central_differences(lambda m: block_loss(m, x, y), matrices)
        slopes = [np.where(np.abs(slope) > 1e-9, slope, 0) for slope in slopes]
        moved |= {name for name, slope in zip("QKVO", slopes, strict=True) if slope.any()}
        matrices = [m - 0.1 * slope for m, slope in zip(matrices, slopes, strict=True)]
    assert moved == set(result.moved[zero])


def test_a_tied_output_predicts_the_token_itself(result):
    rng = np.random.default_rng(4)
    uniform = np.log(VOCABULARY)
    assert result.uniform_loss == pytest.approx(uniform)
    first = result.first_loss
    assert first["one"]["tied"] == pytest.approx(64, abs=2)
    # independent logits of the standard deviation of the width's root
    logits = 8 * rng.standard_normal((2000, VOCABULARY))
    assert first["one"]["free"] == pytest.approx(np.log(np.exp(logits).sum(axis=1)).mean(), abs=1.5)
    # the token's own logit is 64 times 0.125 = 8
    own = np.log(np.exp(8) + VOCABULARY * np.exp(0.5))
    assert first["lecun"]["tied"] == pytest.approx(own, abs=0.3)
    for loss in first["gpt2"].values():
        assert loss == pytest.approx(uniform, abs=0.05)


def test_branches_correct_the_same_error(result):
    # gradients by differences, of three branches of a network that is drawn here
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((20, 4)), rng.standard_normal((20, 2))
    below, out = rng.standard_normal((3, 8, 4)) / 2, rng.standard_normal((2, 4)) / 2
    hidden = [np.tanh(x @ w.T) for w in below]

    def loss(last):
        stream = x + sum(h @ u.T for h, u in zip(hidden, last, strict=True))
        return 0.5 * ((stream @ out.T - y) ** 2).sum() / len(x)

    slopes = central_differences(loss, [np.zeros((4, 8)) for _ in below])
    added = [-(h @ slope.T).ravel() for h, slope in zip(hidden, slopes, strict=True)]
    cosines = np.corrcoef(added)[np.triu_indices(3, 1)]
    assert cosines.mean() > 0.5
    assert result.alignment == pytest.approx(cosines.mean(), abs=0.2)


def test_small_and_zero_branches_train_at_depth(result):
    rows = {name: (row.holds, row.diverged) for name, row in result.reach.items()}
    for name in (PAGE, "zero", "zero_batches", "root", "last_slow"):
        assert rows[name] == (10, 0)
    assert rows["one"] == rows["deep_one"] == (0, 10)
    for name in ("one_slow", "one_adam", "one_normalized"):
        assert rows[name][0] >= 9
    assert rows["last"][0] < 10


def test_what_zeros_cost(result):
    final = {name: {n: c.final for n, c in row.items()} for name, row in result.losses.items()}
    for depth in (8, 30, 60):
        assert final["root"][depth] < 1.1 * final["zero"][depth] < 0.15
    assert final["last"][8] < final["zero"][8]
    assert final["last"][60] > 1.5 * final["last"][8]


def test_with_few_branches_zero_scales_catch_up_at_three_times_the_rate():
    of = {name: depths[8] for name, depths in starts(5).items()}
    slow, fast, last = (
        np.median(replace(of[name], learning_rate=rate).losses()[-1])
        for name, rate in (("zero", 0.1), ("zero", 0.3), ("last", 0.1))
    )
    assert slow > 1.5 * last
    assert fast < 1.2 * last
