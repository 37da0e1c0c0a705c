"""What every implementation trains: the same networks, data and rule, as plain arrays."""

import math
import os
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]

CORES = os.cpu_count() or 1
FEATURES = 8
LEARNING_RATE = 0.02
SCALES = 0.5, 1.5
"""The first and the last network's weights, in units of `1 / sqrt(fan_in)`."""
CHECKED_STEPS = 5
"""After so many updates all implementations must agree; much later, chaos parts them."""
TOLERANCE = {"float32": 2e-4, "float64": 1e-11}


@dataclass(frozen=True)
class Setting:
    """A sweep: networks of one shape, from small weights to large ones.

    Attributes:
        networks: how many.
        hidden_layers: of each.
        units: in each hidden layer.
        activation: "tanh" or "relu".
        examples: all of which are seen in every update.
        steps: updates.
    """

    networks: int
    hidden_layers: int
    units: int
    activation: str
    examples: int
    steps: int

    @property
    def sizes(self) -> list[int]:
        """Units per layer, the inputs first."""
        return [FEATURES, *[self.units] * self.hidden_layers, 1]

    @property
    def operations(self) -> int:
        """Additions and multiplications of all matrix products of the sweep."""
        products = sum(
            fan_in * fan_out * (2 if layer == 0 else 3)
            for layer, (fan_in, fan_out) in enumerate(pairwise(self.sizes))
        )
        return 2 * products * self.examples * self.networks * self.steps


SETTINGS = {
    "tanh": Setting(48, 8, 32, "tanh", examples=128, steps=200),
    "relu": Setting(48, 8, 32, "relu", examples=128, steps=200),
    "wide": Setting(12, 3, 256, "tanh", examples=256, steps=50),
}


@dataclass(frozen=True)
class Problem:
    """The arrays: weights `(networks, fan_out, fan_in)` and biases `(networks, fan_out)`."""

    weights: list[Array]
    biases: list[Array]
    inputs: Array
    targets: Array


def problem(setting: Setting, dtype: str) -> Problem:
    """The same numbers in every process, rounded to the dtype."""
    rng = np.random.default_rng(0)
    scales = np.geomspace(*SCALES, setting.networks)[:, None, None]
    inputs = rng.standard_normal((setting.examples, FEATURES))
    targets = rng.standard_normal((setting.examples, 1))
    shapes = [(setting.networks, out, fan_in) for fan_in, out in pairwise(setting.sizes)]
    weights = [scales / math.sqrt(s[-1]) * rng.standard_normal(s) for s in shapes]
    return Problem(
        [w.astype(dtype) for w in weights],
        [np.zeros(s[:-1], dtype) for s in shapes],
        inputs.astype(dtype),
        targets.astype(dtype),
    )
