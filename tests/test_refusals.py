"""What is refused, of all modules: bad numbers, data that do not fit, results that overflow.

The checks themselves, with every number and array that they refuse, are in `test_checks.py`: here
stands one call for each argument that is checked.
"""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

import initexplain as ie
from initexplain import mean_field as mf
from initexplain import signal
from initexplain.losses import best_constant_loss
from initexplain.recurrent import LSTM, lstm_gradients, memory_half_life, run_lstm

RNG = np.random.default_rng(0)
NOT_NEGATIVE, ABOVE_0 = "must be a finite number, 0 or more", "must be a finite number above 0"
WHOLE = "must be a whole number of at least"
BETWEEN_0_AND_1 = "logistic.*targets must lie between 0 and 1"
KNOWN = "known: " + ", ".join(ie.LOSSES)

INITIALIZERS = [
    (lambda: ie.constant(math.nan), "value must be finite, found nan"),
    (lambda: ie.normal(-0.1), f"std {NOT_NEGATIVE}, found -0.1"),
    (lambda: ie.normal(mean=math.nan), "mean must be finite, found nan"),
    (lambda: ie.uniform(-1), f"bound {NOT_NEGATIVE}, found -1"),
    (lambda: ie.truncated_normal(math.inf), f"std {NOT_NEGATIVE}, found inf"),
    (lambda: ie.variance_scaling(0), f"scale {ABOVE_0}, found 0"),
    (lambda: ie.variance_scaling(1, gain=-1), f"gain {ABOVE_0}, found -1"),
    (lambda: ie.lecun_normal(gain=0), f"gain {ABOVE_0}, found 0"),
    (lambda: ie.orthogonal(gain=0), f"gain {ABOVE_0}, found 0"),
    (
        lambda: ie.variance_scaling(1, "fanin"),
        r"unknown fan 'fanin': did you mean 'fan_in'\? known: fan_in, fan_out, fan_average$",
    ),
    (
        lambda: ie.variance_scaling(1, distribution="norml"),
        r"unknown distribution 'norml': .* known: normal, uniform, truncated_normal$",
    ),
    *(
        (
            lambda init=init, shape=shape: init(RNG, shape),
            f"fan_in and fan_out need a shape .*{re.escape(str(shape))}",
        )
        for init in (ie.variance_scaling(1.0, "fan_out"), ie.orthogonal())
        for shape in ((), (4,), (0, 3), (3, 0), (2, 0, 0), (-1, 3))
    ),
    *(
        (
            lambda init=init, shape=shape: init(RNG, shape),
            f".*shape {re.escape(str(shape))}: draw the kernel of a convolution as",
        )
        for init in (ie.he_normal(), ie.orthogonal())
        for shape in ((64, 3, 3, 3), (2, 5, 16, 30), (1, 1, 1, 1, 1))
    ),
]

DATASETS = [
    (lambda: ie.teacher(RNG, examples=0), f"examples {WHOLE} 1"),
    (lambda: ie.teacher(RNG, features=1.5), f"features {WHOLE} 1"),
    (lambda: ie.teacher(RNG, outputs=0), f"outputs {WHOLE} 1"),
    (lambda: ie.teacher(RNG, units=True), f"units {WHOLE} 1"),
    (lambda: ie.teacher(RNG, biases=-0.1), f"biases {NOT_NEGATIVE}"),
    (lambda: ie.noisy_sine(RNG, examples=0), f"examples {WHOLE} 1"),
    (lambda: ie.noisy_sine(RNG, noise=-0.1), f"noise {NOT_NEGATIVE}"),
    (lambda: ie.two_moons(RNG, examples=1), f"examples {WHOLE} 2, found 1"),
    (lambda: ie.two_moons(RNG, noise=math.nan), f"noise {NOT_NEGATIVE}"),
]

CELL = LSTM(np.zeros((4, 2)), np.zeros(4))
TRACE = run_lstm(CELL, np.zeros((3, 2, 1)))
FOUR = r"weights: expected shape \(..., 4 units, features \+ units\), found"
STEPS = r"inputs: expected shape \(steps, examples, 1\), found"


def initialized(features=1, units=1, forget_bias=0.0):
    return LSTM.initialize(RNG, features, units, weights=ie.zeros(), forget_bias=forget_bias)


RECURRENT = [
    (lambda: LSTM([[0.0] * 3] * 5, [0.0] * 5), rf"{FOUR} \(5, 3\)"),
    (lambda: LSTM(np.zeros((4, 1)), np.zeros(4)), rf"{FOUR} \(4, 1\)"),
    (lambda: LSTM(np.zeros(4), np.zeros(4)), rf"{FOUR} \(4,\)"),
    (lambda: LSTM(np.zeros((4, 2)), [0.0] * 3), r"biases: expected shape \(4,\)"),
    (lambda: LSTM(np.full((4, 2), np.nan), np.zeros(4)), r"weights: nan at index \(0, 0\)"),
    (lambda: LSTM(np.zeros((4, 2)), np.full(4, np.nan)), r"biases: nan at index \(0,\)"),
    (lambda: initialized(units=0), f"units {WHOLE} 1"),
    (lambda: initialized(features=0), f"features {WHOLE} 1"),
    (lambda: initialized(forget_bias=math.nan), "forget_bias must be finite, found nan"),
    (lambda: run_lstm(CELL, np.zeros((3, 2))), rf"{STEPS} \(3, 2\)"),
    (lambda: run_lstm(CELL, np.zeros((3, 2, 2))), rf"{STEPS} \(3, 2, 2\)"),
    (lambda: run_lstm(CELL, np.zeros((3, 4, 2, 1))), rf"{STEPS} \(3, 4, 2, 1\)"),
    (lambda: run_lstm(CELL, np.zeros((0, 2, 1))), rf"{STEPS} \(0, 2, 1\)"),
    (lambda: run_lstm(CELL, [[[0.0]]], memory="1"), "memory must be finite, found '1'"),
    (lambda: lstm_gradients(CELL, TRACE, np.zeros((3, 1))), r"error: expected shape \(2, 1\)"),
    (lambda: lstm_gradients(CELL, TRACE, np.full((2, 1), np.nan)), "error: nan at"),
    (lambda: memory_half_life([0.0, np.inf]), r"forget_bias: inf at index \(1,\)"),
]

MINE = ie.Activation("mine", np.cos, np.ones_like, (-1.0, 1.0), odd=False)
OTHER_TANH = ie.Activation("tanh", np.cos, np.ones_like, (-1.0, 1.0), odd=False)
MEAN_FIELD = [
    (lambda: mf.mean_field("tahn", weight_std=1.0), "unknown activation 'tahn'"),
    (lambda: mf.variance_map(MINE, 1.0, weight_std=1.0), "mean field: activation 'mine' is not"),
    (lambda: mf.critical_weight_std(OTHER_TANH), "mean field: activation 'tanh' is not"),
    (lambda: mf.mean_field("gelu", weight_std=1.0), "fixed points: the map of 'gelu' can have"),
    (lambda: mf.mean_field("tanh", weight_std=0.0), f"weight_std {ABOVE_0}"),
    (lambda: mf.variance_map("tanh", 1.0, weight_std=-1.0), f"weight_std {NOT_NEGATIVE}"),
    (lambda: mf.mean_field("tanh", weight_std=1.0, bias_std=-0.1), f"bias_std {NOT_NEGATIVE}"),
    (lambda: mf.critical_weight_std("tanh", bias_std=-0.1), f"bias_std {NOT_NEGATIVE}"),
    (lambda: mf.mean_square_slope("tanh", -1.0), "second moments must be 0 or more, found -1"),
    (lambda: mf.mean_square("tanh", [1.0, math.nan]), r"second moments: nan at index \(1,\)"),
    (lambda: mf.variances("tanh", layers=0, weight_std=1.0), f"layers {WHOLE} 1"),
    (lambda: mf.variances("tanh", layers=2, weight_std=1.0, start=-1.0), f"start {NOT_NEGATIVE}"),
    (
        lambda: mf.correlation_map("tanh", 1.5, q=1.0, weight_std=1.0),
        "correlation must lie between -1 and 1, found 1.5",
    ),
    (lambda: mf.correlation_map("tanh", "1", q=1.0, weight_std=1.0), "correlation must be finite"),
    (lambda: mf.correlation_map("tanh", 0.5, q=0.0, weight_std=1.0), f"q {ABOVE_0}"),
]

NET = ie.Network.initialize(RNG, [3, 5, 2], weights=ie.lecun_normal())
SINGLE = ie.Network.initialize(RNG, [3, 5, 2], weights=ie.lecun_normal(), dtype=np.float32)
ONE = ie.Network([np.ones((2, 3))], [None])
X, Y = np.ones((6, 3)), np.ones((6, 2))
GRADIENTS = ie.gradients(NET, X, Y)[1]
SIGNAL = [
    (lambda: signal.saturated_fraction(NET, [[1.0]]), "inputs: expected"),
    (lambda: signal.second_moments(NET, X, Y, loss="mse"), "unknown loss"),
    (lambda: signal.second_moments(NET, X, Y[:1]), "inputs have 6 examples and targets 1"),
    (lambda: signal.gradient_to_weight(ONE, GRADIENTS), "gradients of shapes"),
    (lambda: signal.update_to_weight(ONE, NET), "network 1 does not fit"),
    (lambda: signal.lsuv(RNG, [3, 1], 0 * X), "layer 1: preactivations do not vary"),
    (lambda: signal.lsuv(RNG, [3, 1], X, tolerance=-1.0), f"tolerance {NOT_NEGATIVE}"),
    *(
        (lambda scales=scales: signal.at_scales(NET, scales), r"scales: expected shape \(scales,\)")
        for scales in (2.0, [[1.0]], [])
    ),
    (lambda: signal.at_scales(NET, [1.0, math.inf]), "scales: inf"),
    (lambda: signal.at_scales(SINGLE, [1.0, 1e300]), "weights of layer 1: -?inf"),
]

ENSEMBLE = ie.Network([np.ones((2, 5, 3, 3)), np.ones((2, 5, 1, 3))], [None, None])
SYMMETRY = [
    (lambda: ie.measured_redundancy(NET, np.ones((5, 4))), "inputs: expected"),
    *(
        (lambda call=call, of=of: call(of[0], **of[1]), message)
        for call in (
            ie.redundancy_classes,
            ie.signed_redundancy_classes,
            lambda network, **how: ie.measured_redundancy(network, X, **how),
        )
        for of, message in (
            ((ENSEMBLE, {}), r".*axes \(2, 5\): pass network\.member\(i\)"),
            ((NET, {"tolerance": -1e-9}), f"tolerance {NOT_NEGATIVE}"),
            ((NET, {"tolerance": math.inf}), f"tolerance {NOT_NEGATIVE}"),
        )
    ),
    *(
        (lambda call=call, data=data: call(NET, **data), message)
        for call in (ie.redundancy_classes, ie.signed_redundancy_classes)
        for data, message in (
            ({"inputs": X[:, :2]}, r"inputs: expected shape \(examples, 3\)"),
            ({"targets": Y[:, :1]}, r"targets: expected shape \(examples, 2\)"),
            ({"inputs": X, "targets": Y[:4]}, "inputs have 6 examples and targets 4"),
            ({"inputs": X, "targets": 2 * Y, "loss": "logistic"}, BETWEEN_0_AND_1),
            ({"loss": "softmax"}, "unknown loss 'softmax'"),
        )
    ),
    *(
        (lambda matrix=matrix: ie.effective_rank(matrix), "matrix: expected ")
        for matrix in ([1.0, 2.0], np.ones((0, 3)), [["a"]])
    ),
    (lambda: ie.effective_rank([[math.nan]]), r"matrix: nan at index \(0, 0\)"),
]


NETWORKS = [
    (lambda: ie.Network(NET.weights, None, None), "unknown activation None"),
    (
        lambda: ie.Network(NET.weights, precision="half"),
        "unknown precision 'half': known: bfloat16, float16, float32, float64",
    ),
    (lambda: ie.Network.stack([]), "an ensemble needs at least one network"),
]

DISTRIBUTION = "softmax_cross_entropy.*must be a distribution"
LOSSES = [
    *(
        (lambda loss=loss: ie.gradients(ONE, X, Y, loss=loss), f"unknown loss .*{KNOWN}")
        for loss in ("square_error", None)
    ),
    *(
        (lambda loss=loss, y=y: ie.gradients(ONE, X[: len(y)], y, loss=loss), message)
        for loss, message, wrong in (
            ("logistic", BETWEEN_0_AND_1, ([[0.5, 1.0 + 1e-9]], [[-1e-9, 0.5]])),
            ("softmax_cross_entropy", DISTRIBUTION, ([[1.0, 0.0], [0.0, 0.0]], [[0.5, 0.4]])),
            ("softmax_cross_entropy", DISTRIBUTION, ([[1.5, -0.5]],)),
        )
        for y in wrong
    ),
    *(
        (lambda y=y: best_constant_loss(y), "targets: ")
        for y in (np.zeros((0, 1)), [1.0, 2.0], [[math.nan]], "text")
    ),
]

SEEDS = [
    lambda: ie.teacher(0),
    lambda: ie.noisy_sine(0),
    lambda: ie.two_moons(None),
    lambda: LSTM.initialize(0, 1, 1, weights=ie.zeros()),
    lambda: signal.lsuv(0, [2, 2], [[1.0, 2.0]]),
]


@pytest.mark.parametrize("call", SEEDS)
def test_a_seed_is_no_generator(call):
    with pytest.raises(TypeError, match=r"^rng: expected a numpy\.random\.Generator"):
        call()


def test_the_first_number_of_adam_is_no_learning_rate():
    # taken for beta1, it would train all the same
    with pytest.raises(TypeError, match="positional"):
        ie.adam(0.001)


OPTIMIZERS = [
    (lambda: ie.sgd(weight_decay=math.nan), f"weight_decay {NOT_NEGATIVE}"),
    (lambda: ie.Optimizer("mine", 0, max, l2=-1), f"l2 {NOT_NEGATIVE}, found -1"),
    (lambda: ie.momentum(1.0), "beta must be at least 0 and below 1, found 1.0"),
    (lambda: ie.adam(beta1=1.0), "beta1 must be at least 0 and below 1, found 1.0"),
    (lambda: ie.adam(beta2=math.nan), "beta2 must be at least 0 and below 1"),
    (lambda: ie.adam(epsilon=0), f"epsilon {ABOVE_0}, found 0"),
]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        *(*INITIALIZERS, *DATASETS, *RECURRENT, *MEAN_FIELD),
        *(*SIGNAL, *SYMMETRY, *NETWORKS, *LOSSES, *OPTIMIZERS),
    ],
)
def test_what_is_out_of_range_or_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        call()


CHAIN = ie.Network([[[1e-150]], [[1e200]]], [None, None], "identity")
OPPOSITE = ie.Network([[[1.0]], [[-1e200]]], [None, None], "identity")
NO_NUMBERS = replace(
    ie.gradients(CHAIN, [[0.0]], [[0.0]])[1], weights=[np.full((1, 1), math.nan)] * 2
)
HUGE = LSTM(np.full((4, 2), 1e200), np.zeros(4))
OVERFLOWS = [
    (lambda: mf.variance_map("identity", 1e307, weight_std=1.0), "mean over the normal density"),
    (lambda: mf.variance_map("relu", 1e150, weight_std=1e100), "second moment of the next layer"),
    (lambda: mf.mean_field("tanh", weight_std=1e200), "second moment of the next layer"),
    (lambda: mf.critical_weight_std("tanh", bias_std=1e200), "second moment of the next layer"),
    (lambda: mf.correlation_map("relu", 0.5, q=1.7e308, weight_std=1.0), "mean over two normals"),
    (lambda: signal.second_moments(CHAIN, [[1e160]], [[0.0]]), ".*preactivations of layer 2"),
    (lambda: signal.second_moments(CHAIN, [[1e-10]], [[1e150]]), ".*errors of layer 1"),
    (lambda: signal.gradient_to_weight(CHAIN, NO_NUMBERS), ".*gradients of layer 1"),
    (lambda: signal.update_to_weight(CHAIN, OPPOSITE), ".*updates of layer 2"),
    (
        lambda: signal.lsuv(RNG, [3, 1], [[1.7e308] * 3, [-1.7e308] * 3]),
        ".*preactivations of layer 1",
    ),
    (lambda: run_lstm(HUGE, np.full((3, 1, 1), 1e200)), "preactivations of step 1"),
]


@pytest.mark.parametrize(("call", "message"), OVERFLOWS)
def test_what_overflows_is_refused(call, message):
    with pytest.raises(FloatingPointError, match=f"^{message}: overflow"):
        call()
