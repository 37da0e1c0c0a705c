"""Rules about tensors, and rows of one tensor, that are equal bit for bit."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from initexplain.check.findings import Finding
from initexplain.check.parameters import Parameter
from initexplain.checks import Array


def looks_random(p: Parameter) -> bool:
    """Whether the values were drawn: not constant, seldom repeated, not sorted along an axis.

    Tables that a formula fills (positions, decay rates, masks, identities) are equal by right.
    Up to 1,024 values decide; fewer than 4 are too few to be equal by anything but chance.
    """
    if p.values is None or p.size < 4 or p.statistics.constant:
        return False
    line = p.rows()[: max(1, 1024 // (p.size // p.units))].astype(np.float64)
    flat = line.reshape(-1)[:1024]
    if len(np.unique(flat)) < len(flat) / 2:
        return False
    steps = np.diff(line if line.shape[1] > 1 else line.T, axis=1)
    return not ((steps >= 0).all() or (steps <= 0).all())


def equal_tensors(parameters: Iterable[Parameter]) -> list[list[Parameter]]:
    """Groups of parameters of one shape whose random values are equal bit for bit.

    What shares its memory is one parameter under two names, and no copy.
    """
    alike = defaultdict(list)
    for p in parameters:
        if p.values is not None and p.kind != "buffer" and p.trainable:
            alike[p.shape, p.dtype, _few(p).tobytes()].append(p)
    groups = []
    for candidates in alike.values():
        if len(candidates) > 1 and looks_random(candidates[0]):
            groups += _equal(candidates)
    return groups


def _few(p: Parameter) -> NDArray[np.generic]:
    """Some of the stored values, evenly spread."""
    return p.stored.reshape(-1)[:: max(1, p.size // 64)]


def _equal(candidates: list[Parameter]) -> list[list[Parameter]]:
    """The candidates in groups that are equal throughout, those alone left out."""
    groups: list[list[Parameter]] = []
    for p in candidates:
        for group in groups:
            first = group[0]
            if any(_same_memory(p, other) for other in group):
                break
            if np.array_equal(first.stored, p.stored):
                group.append(p)
                break
        else:
            groups.append([p])
    return [group for group in groups if len(group) > 1]


def _same_memory(one: Parameter, other: Parameter) -> bool:
    both = (p.stored.__array_interface__["data"] for p in (one, other))
    return bool(next(both) == next(both))


def classes(rows: Array, tolerance: float = 0.0) -> NDArray[np.int64]:
    """Equal rows of a matrix `(rows, columns)`, one label a row, numbered by first appearance.

    Rows are equal if no entry differs by more than `tolerance` times the largest one.

    Examples:
        >>> classes(np.array([[1.0, 2.0], [3.0, 4.0], [1.0, 2.0]])).tolist()
        [0, 1, 0]
    """
    labels = np.arange(len(rows))
    # rows of equal products with a vector are compared; a product rounds, row by row
    direction = np.cos(np.arange(1, rows.shape[1] + 1, dtype=np.float64) ** 1.5)
    products = rows.astype(np.float64) @ direction
    largest = float(np.abs(rows).max(initial=0.0))
    reach = (tolerance + 1e-12) * largest * float(np.abs(direction).sum())
    order = np.argsort(products, kind="stable")
    jumps = np.flatnonzero(np.diff(products[order]) > reach) + 1
    for near in np.split(order, jumps):
        group = np.sort(near)
        while len(group) > 1:
            apart = np.abs(rows[group] - rows[group[0]]).max(axis=1) > tolerance * largest
            labels[group[~apart]] = group[0]
            group = group[apart]
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def check_copies(parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """Tensors that hold the same random numbers, and embeddings that copy a row."""
    for group in equal_tensors(parameters):
        others = ", ".join(p.name for p in group[1:6])
        more = f" and {len(group) - 6} more" if len(group) > 6 else ""
        yield Finding(
            "WARN",
            "copies",
            group[0].name,
            f"bit for bit equal to {others}{more}",
            len(group),
            "draw each by itself: a copied module, an initializer with a fixed seed, or one seed "
            "for every shard repeats the numbers; a target network may be left",
        )
    for p in parameters:
        if p.kind == "embedding" and p.values is not None and p.size:
            yield from _embedding(p)


def _embedding(p: Parameter) -> Iterator[Finding]:
    rows = p.rows()
    spread = rows[:, :: max(1, rows.shape[1] // 16)]
    labels = classes(spread) if looks_random(p) else np.arange(len(rows))
    _, first, count = np.unique(labels, return_index=True, return_counts=True)
    repeated = [np.flatnonzero(labels == labels[row]) for row in first[count > 1]]
    groups = [s for s in repeated if rows[s[0]].any() and (rows[s] == rows[s[0]]).all()]
    if groups:
        n, same = sum(map(len, groups)), groups[0]
        each = f"in {len(groups)} groups, of which one is " if len(groups) > 1 else ""
        yield Finding(
            "WARN",
            "embedding",
            p.name,
            f"{n} rows are equal: {each}{', '.join(map(str, same[:5]))}{', ...' * (len(same) > 5)}",
            n,
            "draw new tokens from the law of the others, or add noise to the copied row",
        )
