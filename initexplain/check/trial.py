"""A few updates on a copy of a network: what moves, what waits, what stays equal.

A framework hands over a `Machine`: a copy of the network whose parameters can be written to, and
that computes loss and gradients on the reader's batch. The rest is the same for all.
"""

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from initexplain.check.parameters import Parameter
from initexplain.checks import Array

# Two updates let a gradient through one zero and show whether units part; one more is for the sums.
UPDATES = 3
MOST_UPDATES = 12
# The change of a tensor in an update, relative to its size: units that part do so by far more than
# the tolerance, and the network stays what it was.
RELATIVE_STEP = 0.01
# of a tensor that is zero, instead of its size: that of common small starts
ZERO_SIZE = 0.02


# activation functions: what their flat side does to a unit, and where their value shows it
FLAT = {
    "relu": ("dead", 0.0, math.inf),
    "relu_": ("dead", 0.0, math.inf),
    "relu6": ("dead", 0.0, math.inf),
    "sigmoid": ("saturated", 0.01, 0.99),
    "tanh": ("saturated", -0.99, 0.99),
}
FEW = 4
"""With fewer examples it says little that a unit is off on all of them."""


@dataclass(frozen=True)
class Activity:
    """What an activation function did on the batch.

    Attributes:
        kind: "dead" for functions that are flat on one side, "saturated" for those flat on both.
        share: "dead": of the units that are off on every example; "saturated": of the values that
            are flat.
    """

    kind: str
    share: float


def activity(function: str, values: Array) -> Activity:
    """How much of what an activation function in `FLAT` returned is flat.

    Args:
        function: its name.
        values: `(..., units)`, the examples among the other axes.

    Examples:
        >>> activity("relu", np.array([[0.0, 0.0], [0.0, 1.0]]))
        Activity(kind='dead', share=0.5)
    """
    kind, low, high = FLAT[function]
    flat = (values <= low) | (values >= high)
    share = flat.reshape(-1, flat.shape[-1]).all(axis=0) if kind == "dead" else flat
    return Activity(kind, float(share.mean()))


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Loss, gradients and signals at one moment.

    Attributes:
        loss: a number, not finite if something overflowed.
        gradients: of each parameter; None where the loss does not depend on it.
        outputs: of each layer with weights, `(units, examples, places)`, in the order of the pass.
        activity: of each activation function, by the module that calls it.
        result: what the network returns, `(examples, outputs)`; None if it is no array.
    """

    loss: float
    gradients: Mapping[str, Array | None]
    outputs: Mapping[str, Array] = field(default_factory=dict)
    activity: Mapping[str, Activity] = field(default_factory=dict)
    result: Array | None = None


class Machine(Protocol):
    """A copy of a network with a batch.

    Attributes:
        arrays: the copy's parameters, to be updated in place.
        tolerance: up to which relative difference its numbers count as equal.
        ends: parameters, and layers, whose units are outputs of the network, each by itself.
    """

    arrays: Mapping[str, Array]
    tolerance: float
    ends: frozenset[str]

    def evaluate(self) -> Evaluation:
        """Loss, gradients and signals with the arrays as they are."""
        ...

    def constants(self) -> list[float]:
        """The losses of constant answers, if the loss is one of outputs and targets."""
        ...


@dataclass(eq=False)
class Trial:
    """What a few updates showed.

    Attributes:
        first: before the first update.
        last: after the last one.
        updates: how many there were.
        reached: for each parameter, the number of updates before its first gradient; None where
            none came.
        rows: for each weight, whether each unit got a gradient, `(units,)`.
        moved: the weights before the updates, and after, `(units, inputs)` both.
        machine: the copy, after the updates.
    """

    first: Evaluation
    last: Evaluation
    machine: Machine
    updates: int = 0
    reached: dict[str, int | None] = field(default_factory=dict)
    rows: dict[str, NDArray[np.bool_]] = field(default_factory=dict)
    before: dict[str, Array] = field(default_factory=dict)


def run(machine: Machine, parameters: Sequence[Parameter], *, progress: bool) -> Trial:
    """Updates the copy until nothing more starts to move, three times at least, twelve at most."""
    first = machine.evaluate()
    trial = Trial(first, first, machine)
    known = {p.name: p for p in parameters}
    trial.before = {name: array.copy() for name, array in machine.arrays.items() if array.ndim > 1}
    waiting = -1
    while math.isfinite(trial.last.loss):
        _note(trial, known)
        left = sum(reached is None for reached in trial.reached.values())
        if trial.updates >= UPDATES and (left in (0, waiting) or trial.updates == MOST_UPDATES):
            break
        waiting = left
        _update(machine, trial.last.gradients)
        trial.last = machine.evaluate()
        trial.updates += 1
        if progress:
            sys.stderr.write(f"\rcheck: update {trial.updates} ")
            sys.stderr.flush()
    if progress:
        sys.stderr.write("\r" + " " * 30 + "\r")
    return trial


def unit_rows(array: Array, p: Parameter) -> Array:
    """An array of the parameter's shape as `(units, inputs)`."""
    moved = np.moveaxis(array, p.unit_axes, range(len(p.unit_axes)))
    return moved.reshape(p.units, -1)


def _note(trial: Trial, known: Mapping[str, Parameter]) -> None:
    """Which parameters, and which rows of them, have a gradient by now."""
    for name, gradient in trial.last.gradients.items():
        some = gradient is not None and bool(gradient.any())
        if trial.reached.get(name) is None:
            trial.reached[name] = trial.updates if some else None
        p = known.get(name)
        if p is not None and p.weighs and gradient is not None:
            live = unit_rows(gradient, p).any(axis=1)
            trial.rows[name] = np.logical_or(live, trial.rows.get(name, False))


def _update(machine: Machine, gradients: Mapping[str, Array | None]) -> None:
    """A step of gradient descent, its size relative to each tensor: one number for a tensor.

    So equal units stay equal, as under plain gradient descent, and a layer whose gradient is small
    moves too. What is smaller than the rounding of the largest gradient is rounding.
    """
    sizes = {name: rms(array) or ZERO_SIZE for name, array in machine.arrays.items()}
    slopes = {name: rms(g) for name, g in gradients.items() if g is not None}
    floor = max((g * sizes[name] for name, g in slopes.items()), default=0.0)
    floor *= machine.tolerance * 1e-7
    for name, slope in slopes.items():
        gradient = gradients[name]
        if gradient is not None and slope * sizes[name] > floor and np.isfinite(slope):
            array = machine.arrays[name]
            array -= RELATIVE_STEP * sizes[name] / slope * gradient


def rms(array: Array) -> float:
    """The root of the mean square, of numbers whose squares overflow or vanish too.

    Examples:
        >>> round(rms(np.array([3e-200, 4e-200])) / 1e-200, 6)
        3.535534
    """
    flat = array.reshape(-1)
    with np.errstate(over="ignore", under="ignore"):
        mean = float(np.dot(flat, flat)) / max(flat.size, 1)
    limits = np.finfo(flat.dtype)
    if limits.tiny / limits.eps < mean < math.inf:
        return math.sqrt(mean)
    largest = float(np.abs(flat).max(initial=0.0))
    return largest * rms(flat / largest) if 0 < largest < math.inf else largest
