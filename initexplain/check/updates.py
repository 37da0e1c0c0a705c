"""Rules about a trial: what gets no gradient, what waits for one, which units stay equal."""

from collections.abc import Iterator, Sequence

import numpy as np

from initexplain.check.chains import REDRAW
from initexplain.check.copies import classes, equal_tensors
from initexplain.check.findings import Finding
from initexplain.check.parameters import Parameter, holder
from initexplain.check.trial import Trial, unit_rows
from initexplain.checks import Array


def check_freeze(trial: Trial, parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """Weights that get no gradient in any update, those that wait for it, those left out."""
    for p in parameters:
        if not p.weighs or p.name not in trial.reached:
            continue
        reached = trial.reached[p.name]
        if trial.first.gradients[p.name] is None and trial.last.gradients[p.name] is None:
            remedy = "call it in the forward pass, or leave it out; a head may wait for its loss"
            yield Finding("WARN", "unused", p.name, "the loss does not depend on it", None, remedy)
        elif reached is None:
            said = f"frozen: no gradient in {trial.updates} updates on this batch"
            remedy = (
                "look on its path for a second zero matrix, or for units that are off on every "
                "example; draw one of the two at random"
            )
            yield Finding("FAIL", "freeze", p.name, said, trial.updates, remedy)
        elif reached:
            said = f"waits: the first gradient comes after update {reached}"
            yield Finding("ok", "freeze", p.name, said, reached)
        else:
            yield from _silent(trial, p)


def _silent(trial: Trial, p: Parameter) -> Iterator[Finding]:
    """Units with zero weights that nothing reaches, while others of the layer learn."""
    idle = ~trial.rows[p.name] & ~unit_rows(trial.before[p.name], p).any(axis=1)
    if idle.any() and p.name not in trial.machine.ends:
        said = f"{int(idle.sum())} of {p.units} units are silent: zero weights and no gradient"
        yield Finding("WARN", "freeze", p.name, said, int(idle.sum()), REDRAW)


def check_clones(trial: Trial, parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """Units that are equal before and after the updates; equal rows that part are fine."""
    named = set()
    for p in parameters:
        if not p.weighs or p.name not in trial.before or p.name in trial.machine.ends:
            continue
        before = unit_rows(trial.before[p.name], p)
        labels = classes(before)
        if len(labels) == labels.max() + 1:
            continue
        after = unit_rows(trial.machine.arrays[p.name], p)
        moved = trial.rows.get(p.name, np.zeros(1, bool)) & (after != before).any(axis=1)
        # rows that were equal are told apart by what was added, which is small beside them
        together = _both(labels, classes(after - before, trial.machine.tolerance))
        clones = _repeated(together) & moved
        if clones.any():
            named |= {p.name, holder(p.name)}
            yield _clones(p.name, together, trial.updates)
        elif moved.any():
            said = "some units start with equal rows, and part"
            yield Finding("ok", "clones", p.name, said, len(labels) - int(labels.max()) - 1)
    for name, signal in trial.first.outputs.items():
        if name in trial.last.outputs and name not in named | trial.machine.ends:
            yield from _equal_outputs(trial, name, signal)


def _equal_outputs(trial: Trial, name: str, signal: Array) -> Iterator[Finding]:
    """Units whose rows differ and whose outputs do not, or only in sign."""
    tolerance = trial.machine.tolerance
    before, after = (_positive(s.reshape(len(s), -1)) for s in (signal, trial.last.outputs[name]))
    if before.shape != after.shape or before.shape[1] < 2:
        return
    heard = np.abs(before).max(axis=1) > tolerance * np.abs(before).max()
    moved = np.abs(after - before).max(axis=1) > tolerance * np.abs(before).max()
    together = _both(classes(before, tolerance), classes(after, tolerance))
    together = _both(together, classes(after - before, tolerance))
    if (_repeated(together) & heard & moved).any():
        yield _clones(name, together, trial.updates)


def _clones(name: str, together: np.ndarray, updates: int) -> Finding:
    distinct = len(np.unique(together))
    said = f"{len(together)} units do the work of {distinct}, before and after {updates} updates"
    return Finding("FAIL", "clones", name, said, distinct, REDRAW)


def _both(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Labels of the units that agree in both."""
    return np.unique(np.stack([one, other]), axis=1, return_inverse=True)[1].reshape(-1)


def _repeated(labels: np.ndarray) -> np.ndarray:
    repeated: np.ndarray = np.bincount(labels)[labels] > 1
    return repeated


def _positive(signal: Array) -> Array:
    """Each row times the sign of its largest entry: mirrored rows become equal."""
    largest = np.abs(signal).argmax(axis=1)
    sign = np.where(np.take_along_axis(signal, largest[:, None], axis=1) < 0, -1.0, 1.0)
    return np.asarray(signal * sign)


def check_lasting_copies(trial: Trial, parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """Equal tensors that the updates moved and left equal: twin networks with one start."""
    for group in equal_tensors(parameters):
        names = [p.name for p in group if p.weighs and p.name in trial.before]
        moved = [n for n in names if (trial.machine.arrays[n] != trial.before[n]).any()]
        if len(moved) < 2:
            continue
        flat = np.stack([trial.machine.arrays[n].reshape(-1) for n in moved])
        labels = classes(flat, trial.machine.tolerance)
        twins = [name for name, twin in zip(moved, _repeated(labels), strict=True) if twin]
        if twins:
            said = f"equal to {', '.join(twins[1:6])}, and still after {trial.updates} updates"
            remedy = "draw each by itself: networks with one start and one target stay one network"
            yield Finding("FAIL", "copies", twins[0], said, len(twins), remedy)
