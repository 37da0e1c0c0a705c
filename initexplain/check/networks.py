"""`initexplain.Network` as a check sees it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from initexplain.check.parameters import Parameter
from initexplain.check.trial import Activity, Evaluation
from initexplain.checks import Array
from initexplain.losses import Loss, find_loss
from initexplain.network import Network, check_inputs, check_targets, forward, gradients


def network_parameters(network: Network) -> list[Parameter]:
    """Weights and biases, named as the attributes that hold them: `weights[0]`, `biases[0]`."""
    parameters = []
    for i, (w, b) in enumerate(zip(network.weights, network.biases, strict=True)):
        dtype = network.dtype.name
        parameters.append(Parameter(f"weights[{i}]", w, w.shape, dtype, "matrix"))
        parameters.append(Parameter(f"biases[{i}]", b, b.shape, dtype, "vector"))
    return parameters


class NetworkMachine:
    """A float64 copy of a network, with a batch. Without targets, some that were drawn."""

    tolerance = 1e-9

    def __init__(
        self, network: Network, inputs: ArrayLike, targets: ArrayLike | None, loss: str | Loss
    ) -> None:
        """The copy; data that do not fit raise `ValueError`."""
        self._activation = network.activation
        self.arrays: Mapping[str, Array] = {
            p.name: np.array(p.values, dtype=np.float64) for p in network_parameters(network)
        }
        self._network = self._rebuilt()
        self._inputs = check_inputs(self._network, inputs)
        self._loss, self._given = find_loss(loss), targets is not None
        if targets is None:
            drawn = np.random.default_rng(0).standard_normal((len(self._inputs), network.sizes[-1]))
            targets, self._loss = drawn, find_loss("squared_error")
        self._targets = check_targets(self._network, self._inputs, targets, self._loss)
        last = len(network.weights) - 1
        self.ends = frozenset({f"weights[{last}]", f"biases[{last}]"})

    def evaluate(self) -> Evaluation:
        """Loss, gradients and signals with the arrays as they are."""
        net = self._network = self._rebuilt()
        try:
            trace = forward(net, self._inputs)
            loss, grads = gradients(net, self._inputs, self._targets, loss=self._loss)
        except FloatingPointError:
            return Evaluation(float("inf"), {})
        named = {f"weights[{i}]": g for i, g in enumerate(grads.weights)}
        named |= {f"biases[{i}]": g for i, g in enumerate(grads.biases)}
        outputs = {f"weights[{i}]": z.T[:, :, None] for i, z in enumerate(trace.preactivations)}
        return Evaluation(
            float(loss), named, outputs, self._activity(trace.preactivations[:-1]), trace.outputs
        )

    def constants(self) -> list[float]:
        """The losses of constant answers to the targets that were given."""
        answers = constant_answers(self._targets, self._loss.name) if self._given else []
        spread = (np.broadcast_to(answer, self._targets.shape) for answer in answers)
        return [float(self._loss.evaluate(outputs, self._targets)[0]) for outputs in spread]

    def _rebuilt(self) -> Network:
        layers = range(len(self.arrays) // 2)
        weights = [self.arrays[f"weights[{i}]"] for i in layers]
        return Network(weights, [self.arrays[f"biases[{i}]"] for i in layers], self._activation)

    def _activity(self, preactivations: tuple[Array, ...]) -> dict[str, Activity]:
        """What is flat in each hidden layer: units that are off for all, or single values."""
        kind = "dead" if self._activation.name == "relu" else "saturated"
        found = {}
        for i, z in enumerate(preactivations):
            flat = np.abs(self._activation.derivative(z)) < 0.02
            share = flat.all(axis=0).mean() if kind == "dead" else flat.mean()
            found[f"weights[{i}]"] = Activity(kind, float(share))
        return found


def shape_of_outputs(outputs: Any, targets: Any) -> tuple[int, ...]:
    """The shape that targets take for a loss: `(examples,)` beside `(examples, 1)` would broadcast.

    Examples:
        >>> shape_of_outputs(np.zeros((3, 1)), np.ones(3))
        (3, 1)
    """
    if math.prod(outputs.shape) != math.prod(targets.shape):
        raise ValueError(
            f"outputs of shape {tuple(outputs.shape)} for targets of shape {tuple(targets.shape)}"
        )
    return tuple(outputs.shape)


def suggested_loss(targets: ArrayLike) -> str:
    """The loss that targets suggest: classes are whole numbers.

    Examples:
        >>> suggested_loss([0, 2, 1]), suggested_loss([0.5])
        ('softmax_cross_entropy', 'squared_error')
    """
    whole = not np.issubdtype(np.asarray(targets).dtype, np.floating)
    return "softmax_cross_entropy" if whole else "squared_error"


def constant_answers(targets: Array, loss: str) -> list[Array]:
    """Outputs that ignore the input: zeros, and where enough targets tell it, their mean.

    For a loss on logits the mean is a share of ones, and its answer the log odds; that needs a
    hundred targets. A mean needs eight examples.
    """
    answers: list[Array] = [np.zeros(targets.shape[1:])]
    share = float(targets.mean())
    if loss == "logistic" and targets.size >= 100 and 0 < share < 1:
        answers.append(np.full(targets.shape[1:], np.log(share / (1 - share))))
    if loss == "squared_error" and len(targets) >= 8:
        answers.append(targets.mean(axis=0))
    return answers
