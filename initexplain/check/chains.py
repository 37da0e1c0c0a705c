"""Rules about redundant units that need no data: the criterion, where the network is a chain.

A chain is a stack of dense layers, each reading the one before. Elsewhere the parameters alone do
not say what reads what, and equal rows are reported where the next matrix that could read them has
equal columns as well.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from initexplain.activations import Activation
from initexplain.check.copies import classes
from initexplain.check.findings import Finding
from initexplain.check.parameters import Parameter
from initexplain.network import Network
from initexplain.symmetry import SignedClasses, signed_redundancy_classes

REDRAW = "draw the weights of the layer at random, each unit anew; biases may stay zero"


def chain(parameters: Sequence[Parameter], activation: str | Activation) -> Network | None:
    """The network that the parameters are, if they are the layers of a chain and nothing else."""
    matrices = [p for p in parameters if p.kind == "matrix"]
    vectors = {p.name: p for p in parameters if p.kind == "vector"}
    if len(matrices) < 2 or len(matrices) + len(vectors) != len(parameters):
        return None
    weights, biases = [p.rows() for p in matrices], []
    for p, w in zip(matrices, weights, strict=True):
        named = [name for name in vectors if _layer(name) == _layer(p.name)]
        if len(named) > 1 or (named and vectors[named[0]].shape != (len(w),)):
            return None
        biases.append(vectors.pop(named[0]).rows()[:, 0] if named else None)
    fits = all(upper.shape[1] == len(lower) for lower, upper in pairwise(weights))
    return Network(weights, biases, activation) if fits and not vectors else None


def _layer(name: str) -> str:
    """What the names of a layer's weight and bias have in common."""
    return re.sub(r"(weights?|bias(es)?|kernel|w|b)(?=([_\W]?\d*\W*)$)", "", name.lower())


def check_chain(
    network: Network, names: Sequence[str], data: Mapping[str, Any] | None = None
) -> Iterator[Finding]:
    """The criterion's verdict on each hidden layer, named by its weight, for any data or for these.

    The data are the arguments of
    [`signed_redundancy_classes`][initexplain.symmetry.signed_redundancy_classes].
    """
    partition = signed_redundancy_classes(network, **(data or {}))
    for name, layer in zip(names, partition, strict=False):
        yield from redundant_units(layer, name, " on these data" if data else "")


def redundant_units(layer: SignedClasses, name: str, reach: str) -> Iterator[Finding]:
    """What a layer's classes and signs mean for it; the `reach` says for which data."""
    labels, signs = layer
    units, silent = len(labels), int((signs == 0).sum())
    if silent == units:
        said = f"all {units} units are silent for ever{reach}: no weight to or from them learns"
        yield Finding("FAIL", "freeze", name, said, silent, REDRAW)
        return
    if silent:
        said = f"{silent} of {units} units are silent for ever{reach}: nothing comes in or goes out"
        yield Finding("WARN", "freeze", name, said, silent, REDRAW)
    heard = labels[signs != 0]
    distinct = len(np.unique(heard))
    if distinct < len(heard):
        mirrored = any(len(set(signs[labels == label])) > 1 for label in np.unique(heard))
        kind = " (some mirrored)" if mirrored else ""
        said = f"{len(heard)} units do the work of {distinct}, now and for ever{reach}{kind}"
        yield Finding("FAIL", "clones", name, said, distinct, REDRAW)


def check_pairs(parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """Matrices whose equal rows meet equal columns in the next matrix that could read them."""
    weights = [p for p in parameters if p.weighs and p.size <= 1 << 26]
    for i, p in enumerate(weights):
        labels = classes(p.rows())
        distinct = int(labels.max()) + 1
        if distinct == len(labels) or p.statistics.zero:
            continue
        reader = next((q for q in weights[i + 1 :] if q.fan_in == p.units * q.kernel), None)
        if reader is not None and not reader.statistics.zero and _agrees(reader, labels):
            said = f"{len(labels)} units do the work of {distinct}: equal rows, and equal columns "
            said += f"in {reader.name}"
            yield Finding("FAIL", "clones", p.name, said, distinct, REDRAW)
        else:
            said = f"{len(labels)} rows, {distinct} distinct; the units part if what reads them "
            said += "differs"
            yield Finding("ok", "clones", p.name, said, distinct)


def _agrees(reader: Parameter, labels: np.ndarray) -> bool:
    """Whether the columns of the reader are equal for all units of each class."""
    rows = reader.rows()
    per_unit = rows.reshape(len(rows), len(labels), -1) if reader.unit_axes == (0,) else None
    if per_unit is None:
        per_unit = np.swapaxes(rows.reshape(len(rows), -1, len(labels)), 1, 2)
    _, first = np.unique(labels, return_index=True)
    return bool((per_unit == per_unit[:, first[labels]]).all())


def check_zeros(parameters: Sequence[Parameter], *, is_chain: bool) -> Iterator[Finding]:
    """All-zero matrices: fine one at a time, stuck where one waits for another."""
    weights = [p for p in parameters if p.weighs]
    zeros = [p for p in weights if p.statistics.zero]
    everywhere = len(zeros) == len(weights) > 1
    stuck = zeros if everywhere or (is_chain and len(zeros) > 1) else []
    stuck = stuck or [p for p in zeros if _both_factors(p, zeros)]
    for p in zeros:
        if p in stuck:
            said = "all zero, and so is a matrix that its gradient passes through"
            remedy = "draw at random; of the two factors of a product one may be zero"
            yield Finding("FAIL", "freeze", p.name, said, None, remedy)
        else:
            said = "all zero: it waits for one update, unless another zero stands in its way"
            yield Finding("ok", "zero", p.name, said)


def _both_factors(p: Parameter, zeros: Sequence[Parameter]) -> bool:
    """Whether it is a factor of a low-rank pair whose other one is zero too."""
    pair = re.compile(r"(?i)(lora_)[ab]")
    names = {pair.sub(r"\1*", q.name) for q in zeros if q is not p and pair.search(q.name)}
    return bool(pair.search(p.name)) and pair.sub(r"\1*", p.name) in names
