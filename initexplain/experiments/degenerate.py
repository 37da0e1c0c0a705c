"""Starts with units that are redundant for their data, and for no others."""

from collections.abc import Sequence

import numpy as np

from initexplain.checks import Array
from initexplain.initializers import lecun_normal
from initexplain.network import Network

EXAMPLES = 2
"""In the start with fewer examples than features."""


def given_starts(
    rng: np.random.Generator, sizes: Sequence[int], inputs: Array, targets: Array
) -> dict[str, tuple[Network, Array, Array]]:
    """Networks of these sizes, with inputs and targets by name, by what is special about both.

    In the first ones units 0 and 1 feed the next layer alike, and their rows differ by what the
    inputs do not tell; in the last one two units of the second layer
    have equal rows, and feed two outputs that have equal targets.

    Args:
        rng: the source of randomness.
        sizes: units per layer; two hidden layers, two outputs.
        inputs: `(examples, features)`.
        targets: `(examples, 2)`.
    """
    features = sizes[0]
    equal = inputs[:, [0, 0, *range(2, features)]]
    one_hot = np.eye(features)[np.arange(len(inputs)) % features]
    swap = np.array([1.0, -1.0, *[0.0] * (features - 1)])
    bias_for_all = np.array([1.0] * features + [-1.0])
    *_, directions = np.linalg.svd(np.column_stack([inputs[:EXAMPLES], np.ones(EXAMPLES)]))
    return {
        "two features are equal": (_apart(rng, sizes, swap), equal, targets),
        "one-hot features, biases make up": (_apart(rng, sizes, bias_for_all), one_hot, targets),
        "fewer examples than features": (
            _apart(rng, sizes, directions[-1]),
            inputs[:EXAMPLES],
            targets[:EXAMPLES],
        ),
        "two outputs have equal targets": (_twin_outputs(rng, sizes), inputs, targets[:, [0, 0]]),
    }


def _apart(rng: np.random.Generator, sizes: Sequence[int], difference: Array) -> Network:
    """Units 0 and 1 of the first layer alike, but for this difference of `[w b]`."""
    network = Network.initialize(rng, sizes, weights=lecun_normal())
    first, second, last = (w.copy() for w in network.weights)
    first[1], second[:, 1] = first[0] + difference[:-1], second[:, 0]
    biases = network.biases[0].copy()
    biases[1] = biases[0] + difference[-1]
    return Network([first, second, last], [biases, *network.biases[1:]])


def _twin_outputs(rng: np.random.Generator, sizes: Sequence[int]) -> Network:
    """Units 0 and 1 of the second layer alike, but for the output that each feeds more."""
    network = Network.initialize(rng, sizes, weights=lecun_normal())
    first, second, last = (w.copy() for w in network.weights)
    second[1], last[1] = second[0], last[0]
    last[1, :2] = last[0, 1::-1]
    return Network([first, second, last], network.biases)
