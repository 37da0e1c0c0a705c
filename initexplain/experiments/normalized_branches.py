"""Residual networks with a BatchNorm at the end of each branch."""

from typing import Any

import autograd.numpy as anp
import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.differentiated import descent, half_squared_error
from initexplain.experiments.normalized import normalize, relative
from initexplain.initializers import Matrices, lecun_normal

_EXAMPLES, _WIDTH = 32, 16


def stream(parameters: Any, inputs: Array) -> Any:
    """The outputs of a stream to which branch `k` adds `gamma_k BN(U_k tanh(BN(W_k h))) + beta_k`.

    Args:
        parameters: `first` and `last` matrix, of each branch `W0`, `U0` and so on, columns
            `gamma0` and `beta0`, and the output bias `c`.
        inputs: `(examples, features)`.

    Returns:
        `(..., outputs, examples)`.
    """
    h = parameters["first"] @ inputs.T
    for k in range(sum(name[0] == "W" for name in parameters)):
        inner = anp.tanh(normalize(parameters[f"W{k}"] @ h, "batch"))
        outer = normalize(parameters[f"U{k}"] @ inner, "batch")
        h = h + parameters[f"gamma{k}"] * outer + parameters[f"beta{k}"]
    return parameters["last"] @ h + parameters["c"]


def branch_losses(
    *, branches: int, learning_rate: float, steps: int, seeds: int, seed: int
) -> dict[str, Curves]:
    """Losses in units of the best constant's, not finite where training diverged.

    Each `gamma` starts at `zero`, at `one`, or at one over the `root` of the number of branches.

    Args:
        branches: of the stream.
        learning_rate: of full-batch gradient descent.
        steps: updates.
        seeds: networks for each start.
        seed: of the data and of the weights, which all starts have in common.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=_EXAMPLES)
    init = lecun_normal()
    starts = {"zero": 0.0, "root": branches**-0.5, "one": 1.0}

    def drawn(*shape: int) -> Array:
        matrices = init(rng, Matrices((seeds, *shape)))
        return np.stack([matrices] * len(starts))

    column = np.ones((len(starts), seeds, _WIDTH, 1))
    gammas = column * np.array(list(starts.values())).reshape(-1, 1, 1, 1)
    start = {"first": drawn(_WIDTH, inputs.shape[1])}
    for letter in "WU":
        matrices = drawn(branches, _WIDTH, _WIDTH)
        start |= {f"{letter}{k}": matrices[..., k, :, :] for k in range(branches)}
    start["last"] = drawn(targets.shape[1], _WIDTH)
    for k in range(branches):
        start |= {f"gamma{k}": gammas, f"beta{k}": 0 * column}
    start["c"] = np.zeros((len(starts), seeds, targets.shape[1], 1))

    def loss(parameters: Any, _update: int) -> Any:
        return half_squared_error(anp.swapaxes(stream(parameters, inputs), -1, -2), targets)

    moments = descent(loss, start, learning_rate=learning_rate)
    losses = relative([next(moments) for _ in range(steps + 1)], targets)
    return {name: Curves(losses[:, at]) for at, name in enumerate(starts)}
