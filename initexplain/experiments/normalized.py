"""Networks with a normalization behind each hidden layer, or at the end of residual branches.

BatchNorm takes from each unit its mean over the examples of a batch, LayerNorm from each example
its mean over the units of a layer; both divide by the standard deviation over the same numbers.
Then come a scale `gamma` and a shift `beta` for each unit, and the activation.

Sources: Ioffe and Szegedy, *Batch normalization: accelerating deep network training by reducing
internal covariate shift* (2015), algorithm 1; Ba, Kiros and Hinton, *Layer normalization* (2016),
section 3. Batch statistics are those of training; running means are not kept.

Signals are `(..., units, examples)` here, the transpose of what `Network` has: so the means run
along the memory, and the weights need no transposing, which small networks notice.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import autograd.numpy as anp
import numpy as np
from autograd.tracer import getval

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import Curves
from initexplain.experiments.differentiated import (
    Loss,
    Moment,
    Parameters,
    activated,
    half_squared_error,
    moments,
    operation,
)
from initexplain.experiments.reach import Setting, Training
from initexplain.experiments.verdicts import EQUAL, STILL
from initexplain.initializers import Matrices, constant, lecun_normal
from initexplain.losses import best_constant_loss
from initexplain.network import Network

EPSILON = 1e-5
"""Added to the variance; PyTorch's default for both."""
EQUAL_WEIGHT = 0.4
"""The value of all weights where units start equal."""
_OVER = {"batch": -1, "layer": -2}


def normalize(z: Any, kind: str) -> Any:
    """Takes away the mean and divides by the standard deviation.

    Args:
        z: preactivations, `(..., units, examples)`.
        kind: `batch`, over the examples; `layer`, over the units; `none`.

    Examples:
        >>> normalize(np.array([[1.0, 3.0], [5.0, 5.0]]), "batch").round(2).tolist()
        [[-1.0, 1.0], [0.0, 0.0]]
        >>> normalize(np.array([[1.0, 3.0], [5.0, 5.0]]), "layer").round(2).tolist()
        [[-1.0, -1.0], [1.0, 1.0]]
    """
    if kind == "none":
        return z
    values = getval(z)
    mean = _mean(values, kind)
    factor = (_mean(np.square(values - mean), kind) + EPSILON) ** -0.5
    return _normalized(z, mean, factor, kind)


def _mean(values: Array, kind: str) -> Array:
    return np.asarray(np.mean(values, axis=_OVER[kind], keepdims=True))


def _by_preactivations(
    normalized: Array, _z: Array, _mean_of_z: Array, factor: Array, kind: str
) -> Callable[[Array], Array]:
    def slope(by_normalized: Array) -> Array:
        along = normalized * _mean(by_normalized * normalized, kind)
        return factor * (by_normalized - _mean(by_normalized, kind) - along)

    return slope


@operation(_by_preactivations)
def _normalized(z: Any, mean: Array, factor: Array, _kind: str) -> Any:
    """`z` by its own mean and factor, which the slope knows to depend on it."""
    return (z - mean) * factor


def _over_examples(by_result: Array) -> Array:
    return np.asarray(np.sum(by_result, axis=-1, keepdims=True))


@operation(
    lambda _, __, signals, ___: lambda by_result: by_result @ signals.mT,
    lambda _, weights, *__: lambda by_result: weights.mT @ by_result,
    lambda *_: _over_examples,
)
def dense(weights: Any, signals: Any, biases: Any) -> Any:
    """`weights @ signals + biases`, `(..., units, examples)`.

    Args:
        weights: `(..., units, units below)`.
        signals: `(..., units below, examples)`; the inputs are the same for all members.
        biases: `(..., units, 1)`.
    """
    return weights @ signals + biases


@operation(
    lambda _, __, z, ___: lambda by_result: _over_examples(by_result * z),
    lambda _, gamma, *__: lambda by_result: by_result * gamma,
    lambda *_: _over_examples,
)
def scaled(gamma: Any, z: Any, beta: Any) -> Any:
    """`gamma z + beta`, with a scale and a shift for each unit, `(..., units, 1)`."""
    return gamma * z + beta


def parameters_of(network: Network, kind: str) -> dict[str, Array]:
    """The parameters of a network by name, with scales one and shifts zero.

    `W1` and `b1` are those of the first layer, `gamma1` and `beta1` those of what stands behind it.
    All but the weights are columns, `(..., units, 1)`.

    Examples:
        >>> start = parameters_of(Network([[[2.0]], [[3.0]]], [[0.0], [0.0]]), "layer")
        >>> list(start), start["gamma1"].tolist()
        (['W1', 'b1', 'gamma1', 'beta1', 'W2', 'b2'], [[1.0]])
    """
    named: dict[str, Array] = {}
    for layer, (w, b) in enumerate(zip(network.weights, network.biases, strict=True), 1):
        column = np.array(b)[..., None]
        named |= {f"W{layer}": np.array(w), f"b{layer}": column}
        if kind != "none" and layer < len(network.weights):
            named |= {f"gamma{layer}": np.ones_like(column), f"beta{layer}": np.zeros_like(column)}
    return named


def activations(parameters: Any, inputs: Array, kind: str, activation: str) -> list[Any]:
    """What each hidden layer gives, and then the outputs, `(..., units, examples)`.

    Args:
        parameters: from `parameters_of`.
        inputs: `(examples, features)`.
        kind: of the normalization.
        activation: of the hidden layers.
    """
    layers, signals = sum(name[0] == "W" for name in parameters), [inputs.T]
    for layer in range(1, layers + 1):
        z = dense(parameters[f"W{layer}"], signals[-1], parameters[f"b{layer}"])
        if layer < layers:
            if kind != "none":
                z = normalize(z, kind)
                z = scaled(parameters[f"gamma{layer}"], z, parameters[f"beta{layer}"])
            z = activated(z, activation)
        signals.append(z)
    return signals[1:]


@dataclass(frozen=True, kw_only=True)
class Normalized(Setting):
    """A setting with a normalization behind each hidden layer.

    Attributes:
        kind: `batch`, `layer` or `none`.
        unequal: of planted copies, what they do not have in common, `gamma` or `beta`.
    """

    kind: str
    unequal: str = ""

    def squared_error(self, inputs: Array, targets: Array, rng: np.random.Generator) -> Loss:
        """Half the squared error, averaged over the examples of each update's batch."""

        def loss(parameters: Any, _update: int) -> Any:
            size = self.batch_size
            rows = rng.permutation(len(inputs))[:size] if size else slice(None)
            outputs = activations(parameters, inputs[rows], self.kind, self.activation)[-1]
            return half_squared_error(anp.swapaxes(outputs, -1, -2), targets[rows])

        return loss

    def descend(
        self,
        start: Parameters,
        inputs: Array,
        targets: Array,
        rng: np.random.Generator,
        **rates: Any,
    ) -> list[Moment]:
        """Trains; the start is the first moment, and the last one is behind all updates."""
        return moments(self.squared_error(inputs, targets, rng), start, self, **rates)


def with_copies(
    rng: np.random.Generator, parameters: Parameters, unequal: str = ""
) -> dict[str, Array]:
    """Random scales and shifts, and in each hidden layer a second unit that copies the first.

    Args:
        rng: draws scales around one and shifts around zero.
        parameters: from `parameters_of`.
        unequal: what of the first layer's copies then differs by a tenth, `gamma` or `beta`.
    """
    planted = {name: p.copy() for name, p in parameters.items()}
    *hidden, last, _ = planted
    for name in hidden:
        p = planted[name]
        if name.startswith(("gamma", "beta")):
            p += 0.3 * rng.standard_normal(p.shape)
        if name[0] == "W" and name != "W1":
            p[..., 1] = p[..., 0]
        p[..., 1, :] = p[..., 0, :]
    planted[last][..., 1] = planted[last][..., 0]
    if unequal:
        planted[f"{unequal}1"][..., 1, :] += 0.1
    return planted


def copies_stay(setting: Normalized) -> Array:
    """Whether two units of each hidden layer are still copies, though they moved, `(seeds,)`."""
    rng, network, inputs, targets = setting.drawn()
    start = with_copies(rng, parameters_of(network, setting.kind), setting.unequal)
    *_, end = setting.descend(start, inputs, targets, rng)
    holds = np.isfinite(end.losses)
    for layer in range(1, len(setting.hidden) + 1):
        before, w = start[f"W{layer}"], end.parameters[f"W{layer}"]
        apart = np.abs(w[:, 0] - w[:, 1]).max(axis=-1) / np.abs(w).max(axis=(-2, -1))
        moved = np.abs(w - before)[:, 0].max(axis=-1)
        holds &= (apart < EQUAL) & (moved > STILL)
    return np.where(np.isfinite(end.losses), holds.astype(float), np.nan)


def more_than_one_unit(setting: Normalized) -> Array:
    """Whether the loss ends a tenth or more below that of clones, `(seeds,)`.

    The clones, which are worth one unit, start from equal weights, have no normalization, and are
    trained alike.
    """
    rng, network, inputs, targets = setting.drawn()
    start = parameters_of(network, setting.kind)
    losses = relative(setting.descend(start, inputs, targets, rng), targets)[-1]
    clones = replace(setting, weights=constant(EQUAL_WEIGHT)).trained().losses[-1]
    return np.where(np.isfinite(losses), (losses < 0.9 * clones).astype(float), np.nan)


def relative(training: list[Moment], targets: Array) -> Array:
    """Losses in units of the best constant output's, `(updates + 1, ...)`."""
    losses: Array = np.stack([moment.losses for moment in training]) / best_constant_loss(targets)
    return losses


def stream(parameters: Any, inputs: Array) -> Any:
    """The outputs of a stream to which branch `k` adds `gamma_k BN(U_k tanh(BN(W_k h))) + beta_k`.

    Args:
        parameters: the `first` and the `last` matrix, the output bias `c`, and of the branches, in
            the last axis but two, the matrices `W` and `U` and the columns `gamma` and `beta`.
        inputs: `(examples, features)`.

    Returns:
        `(..., outputs, examples)`.
    """
    h = parameters["first"] @ inputs.T
    for k in range(parameters["W"].shape[-3]):
        w, u, gamma, beta = (parameters[name][..., k, :, :] for name in ("W", "U", "gamma", "beta"))
        inner = activated(normalize(w @ h, "batch"), "tanh")
        h = h + scaled(gamma, normalize(u @ inner, "batch"), beta)
    return parameters["last"] @ h + parameters["c"]


def branch_losses(branches: int, training: Training) -> dict[str, Curves]:
    """Losses of `stream` in units of the best constant's, not finite where training diverged.

    Each `gamma` starts at `zero`, at `one`, or at one over the `root` of the number of `branches`;
    all other parameters are the same.
    """
    rng = np.random.default_rng(training.seed)
    inputs, targets = teacher(rng, examples=32)
    width, features, outputs = 16, inputs.shape[1], targets.shape[1]
    gammas = {"zero": 0.0, "root": branches**-0.5, "one": 1.0}
    shapes = {
        "first": (width, features),
        "W": (branches, width, width),
        "U": (branches, width, width),
        "last": (outputs, width),
    }
    # the starts stand in front of the seeds
    start = {
        name: np.stack([lecun_normal()(rng, Matrices((training.seeds, *shape)))] * len(gammas))
        for name, shape in shapes.items()
    }
    columns = np.ones((training.seeds, branches, width, 1))
    start["gamma"] = np.multiply.outer(list(gammas.values()), columns)
    start["beta"] = 0 * start["gamma"]
    start["c"] = np.zeros((len(gammas), training.seeds, outputs, 1))

    def loss(parameters: Any, _update: int) -> Any:
        return half_squared_error(anp.swapaxes(stream(parameters, inputs), -1, -2), targets)

    losses = relative(moments(loss, start, training), targets)
    return {name: Curves(losses[:, at]) for at, name in enumerate(gammas)}
