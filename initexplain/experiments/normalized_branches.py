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
        parameters: `first` and `last` matrix, `W` and `U` of `(..., branches, width, width)`,
            `gamma` and `beta` of `(..., branches, 1, width)`, and the output bias `c`.
        inputs: `(examples, features)`.
    """
    h = inputs @ anp.swapaxes(parameters["first"], -1, -2)
    into, out = (anp.swapaxes(parameters[name], -1, -2) for name in ("W", "U"))
    for k in range(into.shape[-3]):
        inner = anp.tanh(normalize(h @ into[..., k, :, :], "batch"))
        outer = normalize(inner @ out[..., k, :, :], "batch")
        gamma, beta = (parameters[name][..., k, :, :] for name in ("gamma", "beta"))
        h = h + gamma * outer + beta
    return h @ anp.swapaxes(parameters["last"], -1, -2) + parameters["c"]


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

    per_branch = (len(starts), seeds, branches, 1, _WIDTH)
    gammas = np.array(list(starts.values())).reshape(-1, 1, 1, 1, 1)
    start = {
        "first": drawn(_WIDTH, inputs.shape[1]),
        "W": drawn(branches, _WIDTH, _WIDTH),
        "U": drawn(branches, _WIDTH, _WIDTH),
        "last": drawn(targets.shape[1], _WIDTH),
        "gamma": np.broadcast_to(gammas, per_branch),
        "beta": np.zeros(per_branch),
        "c": np.zeros((len(starts), seeds, 1, targets.shape[1])),
    }

    def loss(parameters: Any, _update: int) -> Any:
        return half_squared_error(stream(parameters, inputs), targets)

    moments = descent(loss, start, learning_rate=learning_rate)
    losses = relative([next(moments) for _ in range(steps + 1)], targets)
    return {name: Curves(losses[:, at]) for at, name in enumerate(starts)}
