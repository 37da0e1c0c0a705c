"""Losses against plain formulas, one example and one output at a time."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import initexplain as ie
from initexplain.losses import best_constant_loss, find_loss

pytestmark = pytest.mark.filterwarnings("error")

Row = list[float]


def squared_error(outputs: Row, targets: Row) -> float:
    return sum((o - t) ** 2 for o, t in zip(outputs, targets, strict=True)) / 2


def logistic(logits: Row, targets: Row) -> float:
    # minus the log likelihood of a coin, output by output
    chances = [1 / (1 + math.exp(-z)) for z in logits]
    return -sum(
        t * math.log(p) + (1 - t) * math.log(1 - p) for p, t in zip(chances, targets, strict=True)
    )


def softmax_cross_entropy(logits: Row, targets: Row) -> float:
    total = math.fsum(math.exp(z) for z in logits)
    return -sum(t * math.log(math.exp(z) / total) for z, t in zip(logits, targets, strict=True))


REFERENCE: dict[str, Callable[[Row, Row], float]] = {
    "squared_error": squared_error,
    "logistic": logistic,
    "softmax_cross_entropy": softmax_cross_entropy,
}

every_loss = pytest.mark.parametrize("name", ie.LOSSES)
SHAPES = [(1, 1), (3, 2), (3, 4, 3), (2, 3, 5, 2)]


def draw_targets(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> Any:
    """Targets the loss is defined for, not only the corners."""
    if name == "logistic":
        return rng.random(shape)
    if name == "softmax_cross_entropy":
        weights = rng.random(shape) + 0.1
        return weights / weights.sum(axis=-1, keepdims=True)
    return rng.standard_normal(shape)


def reference_loss(name: str, outputs: Any, targets: Any) -> float:
    """The loss of one network: a loop over examples, then their mean."""
    rows = zip(outputs.tolist(), targets.tolist(), strict=True)
    losses = [REFERENCE[name](outputs, targets) for outputs, targets in rows]
    return sum(losses) / len(losses)


def test_the_table_has_a_reference_for_every_entry_and_keys_are_names() -> None:
    assert set(REFERENCE) == set(ie.LOSSES)
    assert [loss.name for loss in ie.LOSSES.values()] == list(ie.LOSSES)


@every_loss
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("shared", [False, True])
def test_value_is_the_plain_formula(name: str, shape: tuple[int, ...], shared: bool) -> None:
    rng = np.random.default_rng(1)
    outputs = 2 * rng.standard_normal(shape)
    targets = draw_targets(rng, name, shape[-2:] if shared else shape)
    value, error = ie.LOSSES[name].evaluate(outputs, targets)
    assert (np.shape(value), error.shape) == (shape[:-2], shape)
    each = np.broadcast_to(targets, shape)
    for member in np.ndindex(*shape[:-2]):
        expected = reference_loss(name, outputs[member], each[member])
        assert float(np.asarray(value)[member]) == pytest.approx(expected, rel=1e-12)


@every_loss
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_error_is_the_slope_of_the_plain_formula(name: str, shape: tuple[int, ...]) -> None:
    rng, h = np.random.default_rng(2), 1e-5
    outputs = rng.standard_normal(shape)
    targets = draw_targets(rng, name, shape)
    _, error = ie.LOSSES[name].evaluate(outputs, targets)
    for index in np.ndindex(*shape):
        member, up, down = index[:-2], outputs.copy(), outputs.copy()
        up[index] += h
        down[index] -= h
        above, below = (reference_loss(name, o[member], targets[member]) for o in (up, down))
        assert error[index] == pytest.approx((above - below) / (2 * h), abs=1e-9)


@every_loss
def test_the_error_vanishes_at_the_best_outputs(name: str) -> None:
    targets = draw_targets(np.random.default_rng(3), name, (4, 3))
    best: dict[str, Callable[[Any], Any]] = {
        "squared_error": lambda t: t,
        "logistic": lambda t: np.log(t / (1 - t)),
        "softmax_cross_entropy": np.log,
    }
    _, error = ie.LOSSES[name].evaluate(best[name](targets), targets)
    np.testing.assert_allclose(error, 0.0, atol=1e-15)


@every_loss
def test_float32_is_kept_and_arguments_are_not_changed(name: str) -> None:
    rng = np.random.default_rng(4)
    outputs = rng.standard_normal((2, 5, 3)).astype(np.float32)
    targets = draw_targets(rng, name, (2, 5, 3)).astype(np.float32)
    kept = outputs.copy(), targets.copy()
    value, error = ie.LOSSES[name].evaluate(outputs, targets)
    assert value.dtype == error.dtype == np.float32
    error += 1.0
    np.testing.assert_array_equal(outputs, kept[0])
    np.testing.assert_array_equal(targets, kept[1])


# loss, logits, targets, value
KNOWN: list[tuple[str, Any, Any, float]] = [
    ("squared_error", [[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0]] * 2, 6.25),
    ("logistic", [[0.0]] * 3, [[0.0], [1.0], [0.5]], math.log(2)),
    ("softmax_cross_entropy", [[0.0] * 5] * 2, np.eye(5)[:2], math.log(5)),
    # the logit of a prior of 0.01 brings the loss of the background from ln 2 to 0.01005
    ("logistic", [[-math.log(0.99 / 0.01)]], [[0.0]], -math.log(0.99)),
    # a sure answer: loss 0 when right, z when wrong
    *(
        case
        for z in (1e3, 1e5, 1e300)
        for case in (
            ("logistic", [[z]], [[1.0]], 0.0),
            ("logistic", [[z]], [[0.0]], z),
            ("logistic", [[-z]], [[1.0]], z),
            ("softmax_cross_entropy", [[z, 0.0]], [[1.0, 0.0]], 0.0),
            ("softmax_cross_entropy", [[z, 0.0]], [[0.0, 1.0]], z),
        )
    ),
]


@pytest.mark.parametrize(("name", "outputs", "targets", "expected"), KNOWN)
def test_known_values_and_large_logits(
    name: str, outputs: Any, targets: Any, expected: float
) -> None:
    value, error = ie.LOSSES[name].evaluate(np.array(outputs), np.array(targets))
    assert float(value) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert np.isfinite(error).all()


def test_softmax_ignores_a_shift_of_the_logits() -> None:
    rng = np.random.default_rng(6)
    logits, targets = (
        rng.standard_normal((4, 3)),
        draw_targets(rng, "softmax_cross_entropy", (4, 3)),
    )
    loss = ie.LOSSES["softmax_cross_entropy"].evaluate
    shift = np.array([[0.0], [5.0], [-300.0], [1e4]])
    assert float(loss(logits + shift, targets)[0]) == pytest.approx(float(loss(logits, targets)[0]))


def test_logistic_is_softmax_with_a_second_logit_of_zero() -> None:
    rng = np.random.default_rng(7)
    z, t = rng.standard_normal((6, 1)), rng.random((6, 1))
    one, one_error = ie.LOSSES["logistic"].evaluate(z, t)
    two, two_error = ie.LOSSES["softmax_cross_entropy"].evaluate(
        np.hstack([z, 0 * z]), np.hstack([t, 1 - t])
    )
    assert float(one) == pytest.approx(float(two), rel=1e-13)
    np.testing.assert_allclose(one_error[:, 0], two_error[:, 0], atol=1e-15)


BAD_TARGETS = [
    ("logistic", [[0.5, 1.0 + 1e-9]], "between 0 and 1"),
    ("logistic", [[-1e-9, 0.5]], "between 0 and 1"),
    ("logistic", [[-1.0, 1.0]], "between 0 and 1"),
    ("softmax_cross_entropy", [[0.5, 0.4]], "must be a distribution"),
    ("softmax_cross_entropy", [[1.0, 0.0], [0.0, 0.0]], "must be a distribution"),
    ("softmax_cross_entropy", [[1.5, -0.5]], "must be a distribution"),
]


@pytest.mark.parametrize(("name", "targets", "message"), BAD_TARGETS)
def test_targets_the_loss_is_not_defined_for(name: str, targets: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}.*{message}"):
        ie.LOSSES[name].check_targets(np.array(targets))
    network = ie.Network(weights=[np.ones((2, 1))], biases=[np.zeros(2)])
    with pytest.raises(ValueError, match=f"^{name}.*{message}"):
        ie.gradients(network, np.ones((len(targets), 1)), targets, loss=name)


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets_the_loss_is_defined_for(name: str, dtype: Any) -> None:
    drawn = draw_targets(np.random.default_rng(8), name, (50, 3))
    for targets in (drawn, np.eye(3), np.eye(3)[None].repeat(2, axis=0)):
        ie.LOSSES[name].check_targets(targets.astype(dtype))


def test_find_loss_passes_a_loss_through_and_lists_the_known_names() -> None:
    loss = ie.LOSSES["logistic"]
    assert find_loss(loss) is loss
    assert find_loss("logistic") is loss
    with pytest.raises(ValueError, match=r"unknown loss 'square_error'.*'squared_error'") as info:
        find_loss("square_error")
    assert str(info.value).endswith(", ".join(ie.LOSSES))


def test_the_best_constant_is_the_mean() -> None:
    targets = [[1.0, 0.0], [3.0, 2.0], [2.0, 7.0]]
    means = [2.0, 3.0]
    expected = sum(squared_error(means, row) for row in targets) / 3
    assert best_constant_loss(targets) == pytest.approx(expected)


@pytest.mark.parametrize("targets", [np.zeros((0, 1)), [1.0, 2.0], [[math.nan]], "text"], ids=str)
def test_a_best_constant_needs_finite_examples(targets: Any) -> None:
    with pytest.raises(ValueError, match=r"^targets: "):
        best_constant_loss(targets)
