"""What is planted in random small networks to see what is a copy of a unit, and what is none."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from initexplain.checks import Array


def copied(array: Array, *axes: int) -> Array:
    """Entry 1 along each axis replaced by entry 0; the axes of one seed are counted."""
    array = array.copy()
    for axis in axes:
        entries = np.moveaxis(array, axis + 1, 0)
        entries[1] = entries[0]
    return array


def all_equal(array: Array, axis: int) -> Array:
    """All entries along an axis of one seed replaced by entry 0."""
    return np.repeat(np.take(array, [0], axis + 1), array.shape[axis + 1], axis + 1)


def turned(kernels: Array) -> Array:
    """Channel 1 is channel 0 with the offsets of its kernels in reverse."""
    kernels = copied(kernels, 0)
    kernels[:, 1] = kernels[:, 1, :, ::-1]
    return kernels


def exchanged(kernels: Array) -> Array:
    """Channels 0 and 1 read their two copies with exchanged kernels: only sums of kernels agree."""
    crossed = copied(kernels, 0, 1)
    crossed[:, 0, 1] = crossed[:, 1, 0] = kernels[:, 0, 1]
    return crossed


def but_one_gate(rows: Array) -> Array:
    """Unit 1 has the rows of unit 0 in all gates but the first."""
    return np.concatenate([rows[:, :1], copied(rows, 1)[:, 1:]], axis=1)


class Planted(NamedTuple):
    """A start that is random but for what is planted.

    Attributes:
        label: what it is, in words.
        architecture: its name.
        plant: from random parameters to those that are replaced.
    """

    label: str
    architecture: str
    plant: Callable[[Mapping[str, Array]], dict[str, Array]]


STARTS: dict[str, Planted] = {
    "channel": Planted(
        "convolution, a channel copied",
        "convolution",
        lambda p: {"first": copied(p["first"], 0), "second": copied(p["second"], 1)},
    ),
    "channel_read": Planted(
        "the same, read with other kernels",
        "convolution",
        lambda p: {"first": copied(p["first"], 0)},
    ),
    "turned": Planted(
        "copied, but turned",
        "convolution",
        lambda p: {"first": turned(p["first"]), "second": copied(p["second"], 1)},
    ),
    "sums": Planted(
        "only sums of kernels agree",
        "convolution",
        lambda p: {
            "first": copied(p["first"], 0),
            "second": exchanged(p["second"]),
            "out": copied(p["out"], 1),
        },
    ),
    "heads": Planted(
        "attention, heads equal",
        "attention",
        lambda p: {"in": all_equal(p["in"], 1), "out": all_equal(p["out"], 1)},
    ),
    "heads_read": Planted(
        "the same, read with other weights",
        "attention",
        lambda p: {"in": all_equal(p["in"], 1)},
    ),
    "column": Planted(
        "embedding, a column copied",
        "embedding",
        lambda p: {"table": copied(p["table"], 1), "hidden": copied(p["hidden"], 2)},
    ),
    "row": Planted("a token's row copied", "embedding", lambda p: {"table": copied(p["table"], 0)}),
    "unit": Planted(
        "LSTM, a unit copied",
        "lstm",
        lambda p: {
            "in": copied(p["in"], 1),
            "recurrent": copied(p["recurrent"], 1, 2),
            "out": copied(p["out"], 1),
        },
    ),
    "three_gates": Planted(
        "the same, but for one gate",
        "lstm",
        lambda p: {
            "in": but_one_gate(p["in"]),
            "recurrent": but_one_gate(copied(p["recurrent"], 2)),
            "out": copied(p["out"], 1),
        },
    ),
    "layers": Planted("a layer copied", "stack", lambda p: {"third": p["second"]}),
    "critics": Planted(
        "twin critics with one start",
        "critics",
        lambda p: {"in": all_equal(p["in"], 0), "out": all_equal(p["out"], 0)},
    ),
    "shards": Planted(
        "shards with one seed",
        "shards",
        lambda p: {"in": all_equal(p["in"], 0), "out": all_equal(p["out"], 1)},
    ),
}
"""By name."""
