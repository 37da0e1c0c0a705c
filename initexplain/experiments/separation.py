"""How small differences between clones grow, and under which training they do."""

from functools import partial

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import noisy_sine, teacher
from initexplain.experiments.reach import Row, Setting, reach
from initexplain.experiments.verdicts import TRAININGS, Variations
from initexplain.initializers import normal
from initexplain.network import Network, forward

# rows that start within a tenth of this are taken for separate once they differ by it
SEPARATE = 0.5
EVERY = 10
"""Updates between two records."""


def row_spread(_step: int, network: Network, _gradients: object) -> Array:
    """Largest difference between rows of the first matrix, of the ensemble's shape."""
    return np.asarray(np.ptp(network.weights[0], axis=-2).max(axis=-1))


def separation_updates(spreads: Array) -> Array:
    """Updates until rows differ by 0.5, `(...)`; infinite if they never do.

    Between two records the logarithm of the spread is taken to grow evenly.

    Args:
        spreads: largest difference between rows at every tenth update, `(records, ...)`.

    Examples:
        >>> separation_updates(np.array([[0.05, 0.9, 0.1], [5.0, 0.9, 0.2]])).tolist()
        [5.0, 0.0, inf]
    """
    late = np.maximum.accumulate(spreads, axis=0) >= SEPARATE
    after = late.argmax(axis=0)
    at = np.maximum(after, 1)
    logs = np.log(spreads)
    before, then = (np.take_along_axis(logs, i[None], axis=0)[0] for i in (at - 1, at))
    share = (np.log(SEPARATE) - before) / np.where(then > before, then - before, 1)
    updates = np.where(after > 0, EVERY * (at - 1 + share), 0.0)
    return np.where(late[-1], updates, np.inf)


def separation_hessian(clones: Network, inputs: Array, targets: Array) -> Array:
    """Second derivatives of the loss for differences between tanh clones.

    Let the incoming weights and bias of clone `i` change by `u_i` and its outgoing weights by
    `y_i`, with sums 0 over the clones. The outputs do not change to first order, and the loss
    changes by half the sum over clones of `(u_i, y_i) H (u_i, y_i)`, with `H = [[A, B], [B^T, 0]]`,
    `A = sum (v . d) f''(z) x x^T` and `B = sum f'(z) x d^T`: sums over the examples, with `x` the
    input and a 1 for the bias, `z` and `v` a clone's preactivation and outgoing weights, and `d`
    the derivative of the loss by the outputs.

    Args:
        clones: one hidden layer of tanh units with equal parameters.
        inputs: `(examples, features)`.
        targets: `(examples, outputs)`.

    Returns:
        `H`, square, of size features + 1 + outputs.

    Source: the block form follows Fukumizu and Amari, *Local minima and plateaus in hierarchical
    structures of multilayer perceptrons* (2000).
    """
    trace = forward(clones, inputs)
    x = np.hstack([inputs, np.ones((len(inputs), 1))])
    a, error = trace.activations[0][:, 0], (trace.outputs - targets) / len(inputs)
    slope = 1 - a * a
    curved = (error @ clones.weights[1][:, 0]) * (-2 * a * slope)
    upper, mixed = (x * curved[:, None]).T @ x, (x * slope[:, None]).T @ error
    outputs = targets.shape[1]
    return np.block([[upper, mixed], [mixed.T, np.zeros((outputs, outputs))]])


def comes_apart(setting: Setting) -> Array:
    """Whether rows differ by 0.5 before the last update, `(seeds,)`."""
    trial = setting.trained(row_spread, EVERY, losses_every=setting.steps)
    updates = separation_updates(np.stack(trial.history.observed))
    return trial.judged(np.isfinite(updates))


def comes_closer(setting: Setting) -> Array:
    """Whether rows end closer together than they began, `(seeds,)`."""
    trial = setting.trained(row_spread, setting.steps, losses_every=setting.steps)
    first, last = trial.history.observed
    return trial.judged(last < first)


def apart_reach(value: float, units: int, steps: int) -> dict[str, Row]:
    """Asks of clones with noise of 1e-4 whether they come apart on the teacher's task."""
    base = Setting(weights=normal(1e-4, mean=value), hidden=(units,), steps=steps)
    less = {"weights": normal(1e-8, mean=value)}
    variations: Variations = {
        "less": ("noise of 1e-8", less),
        "short": ("noise of 1e-8, {steps} updates", {**less, "steps": steps // 2}),
        "data": ("a second data set", {"seed": 1}),
        "third": ("a third data set", {"seed": 2}),
        "one_output": ("one output", {"data": partial(teacher, outputs=1)}),
        "two_features": ("two features", {"data": partial(teacher, features=2)}),
        "one_feature": ("one feature", {"data": partial(teacher, features=1)}),
        "relu": ("ReLU units", {"activation": "relu"}),
        "logistic": ("logistic units", {"activation": "logistic"}),
        "deep": ("two hidden layers", {"hidden": (units,) * 2}),
        "slow": ("learning rate {learning_rate}", {"learning_rate": 0.03}),
        **{name: TRAININGS[name] for name in ("momentum", "batches", "adam")},
    }
    return reach(comes_apart, base, variations)


def fading_reach(value: float, units: int, steps: int) -> dict[str, Row]:
    """Asks of clones with noise of 0.001 whether they come closer on the sine."""
    base = Setting(weights=normal(1e-3, mean=value), hidden=(units,), data=noisy_sine, steps=steps)
    variations: Variations = {
        "late": ("{steps:,} updates", {"steps": 4 * steps}),
        "data": ("other noise in the targets", {"seed": 1}),
        "more": ("noise of 0.01", {"weights": normal(1e-2, mean=value)}),
        "much": ("noise of 0.1", {"weights": normal(1e-1, mean=value)}),
        "relu": ("ReLU units", {"activation": "relu"}),
        "logistic": ("logistic units", {"activation": "logistic"}),
        "fast": ("learning rate {learning_rate}", {"learning_rate": 0.3}),
        **{name: TRAININGS[name] for name in ("momentum", "batches", "adam")},
    }
    return reach(comes_closer, base, variations)
