"""Losses against plain formulas, one example and one output at a time."""

import math

import numpy as np
import plain
import pytest
from oracles import central_differences

import initexplain as ie
from initexplain.losses import best_constant_loss

pytestmark = pytest.mark.filterwarnings("error")

every_loss = pytest.mark.parametrize("name", ie.LOSSES)


@every_loss
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (3, 4, 3), (2, 3, 5, 2)], ids=str)
@pytest.mark.parametrize("shared", [False, True])
def test_value_and_error_are_those_of_the_plain_formula(name, shape, shared):
    rng = np.random.default_rng(1)
    outputs = 2 * rng.standard_normal(shape)
    targets = plain.draw_targets(rng, name, shape[-2:] if shared else shape)
    value, error = ie.LOSSES[name].evaluate(outputs, targets)
    assert (np.shape(value), error.shape) == (shape[:-2], shape)
    each = np.broadcast_to(targets, shape)
    for member in np.ndindex(*shape[:-2]):
        wanted = each[member].tolist()
        expected = plain.mean_loss(outputs[member].tolist(), wanted, name)
        assert float(np.asarray(value)[member]) == pytest.approx(expected, rel=1e-12)
        (slope,) = central_differences(
            lambda moved, wanted=wanted: plain.mean_loss(moved[0].tolist(), wanted, name),
            [outputs[member]],
        )
        np.testing.assert_allclose(error[member], slope, atol=1e-9, rtol=0)


@every_loss
def test_float32_is_kept_and_arguments_are_not_changed(name):
    rng = np.random.default_rng(4)
    outputs = rng.standard_normal((2, 5, 3)).astype(np.float32)
    targets = plain.draw_targets(rng, name, (2, 5, 3)).astype(np.float32)
    kept = outputs.copy(), targets.copy()
    value, error = ie.LOSSES[name].evaluate(outputs, targets)
    assert value.dtype == error.dtype == np.float32
    error += 1.0
    np.testing.assert_array_equal(outputs, kept[0])
    np.testing.assert_array_equal(targets, kept[1])


# loss, logits, targets, value
KNOWN = [
    ("squared_error", [[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0]] * 2, 6.25),
    ("logistic", [[0.0]] * 3, [[0.0], [1.0], [0.5]], math.log(2)),
    ("softmax_cross_entropy", [[0.0] * 5] * 2, np.eye(5)[:2], math.log(5)),
    # softmax ignores a shift of the logits, another one for every example
    ("softmax_cross_entropy", [[1e4] * 5, [-300.0] * 5], np.eye(5)[:2], math.log(5)),
    # the logit of a prior of 0.01 brings the loss of the background from ln 2 to 0.01005
    ("logistic", [[-math.log(0.99 / 0.01)]], [[0.0]], -math.log(0.99)),
    # a sure answer: loss 0 when right, z when wrong
    *(
        case
        for z in (1e3, 1e300)
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
def test_known_values_and_large_logits(name, outputs, targets, expected):
    value, error = ie.LOSSES[name].evaluate(np.array(outputs), np.array(targets))
    assert float(value) == pytest.approx(expected, rel=1e-12, abs=1e-12)
    assert np.isfinite(error).all()


@every_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_targets_the_loss_is_defined_for(name, dtype):
    drawn = plain.draw_targets(np.random.default_rng(8), name, (50, 3))
    for targets in (drawn, np.eye(3), np.eye(3)[None].repeat(2, axis=0)):
        ie.LOSSES[name].check_targets(targets.astype(dtype))


@every_loss
def test_no_constant_output_is_better_than_the_best(name):
    rng = np.random.default_rng(9)
    targets = plain.draw_targets(rng, name, (6, 3))
    mean = targets.mean(axis=0)
    best = {
        "squared_error": lambda: mean,
        "logistic": lambda: np.log(mean / (1 - mean)),
        "softmax_cross_entropy": lambda: np.log(mean),
    }[name]()
    found = best_constant_loss(targets, loss=name)
    assert found == pytest.approx(plain.mean_loss([best.tolist()] * 6, targets.tolist(), name))
    for other in best + rng.normal(scale=0.3, size=(20, 3)):
        assert plain.mean_loss([other.tolist()] * 6, targets.tolist(), name) > found


def test_a_best_constant_of_one_class_is_zero():
    for name in ("logistic", "softmax_cross_entropy"):
        assert best_constant_loss([[1.0, 0.0], [1.0, 0.0]], loss=name) == 0
