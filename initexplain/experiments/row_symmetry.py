"""The rows of a weight matrix through training, for zero, constant and random weights."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.reach import Row, Setting, reach
from initexplain.experiments.verdicts import (
    TRAININGS,
    Variations,
    cloned,
    on_data_sets,
    outgoing,
)
from initexplain.initializers import constant, lecun_normal, normal, zeros
from initexplain.network import Network
from initexplain.training import train

LEARNING_RATE = 0.1
REACH_STEPS = 100
"""Of the reach: few enough that rounding, which training amplifies, plays no part."""
DATA_SETS = 5


@dataclass(frozen=True)
class RowSymmetry:
    """Three starts of the same network on the same task: `zero`, `constant` and `random` weights.

    Attributes:
        recorded_steps: the steps at which matrices were recorded.
        matrices: of each start, `W` of the first layer at those steps,
            `(records, units, features)`.
        losses: of each start, `(steps + 1,)`.
        row_spread: largest difference, at the last step, between two rows.
        column_spread: largest difference, at the last step, between two columns.
        largest_weight: largest magnitude of a weight at the last step.
        reach: on how many data sets the rows of the constant start move and stay equal.
    """

    recorded_steps: tuple[int, ...]
    matrices: dict[str, Array]
    losses: dict[str, Array]
    row_spread: dict[str, float]
    column_spread: dict[str, float]
    largest_weight: dict[str, float]
    reach: dict[str, Row]


def clones_reach(units: int, value: float, seed: int) -> dict[str, Row]:
    """Asks of the constant start whether it clones, under other training and with other starts."""
    equal = constant(value)
    base = Setting(weights=equal, hidden=(units,), steps=REACH_STEPS, seeds=DATA_SETS, seed=seed)
    random_outgoing = outgoing(units, lecun_normal(), equal)
    variations: Variations = {
        "relu": ("ReLU units", {"activation": "relu"}),
        "logistic": ("logistic units", {"activation": "logistic"}),
        "deep": ("three hidden layers", {"hidden": (units,) * 3}),
        **TRAININGS,
        "biases": ("random biases", {"biases": normal(0.5)}),
        "outgoing": ("random outgoing weights", {"weights": random_outgoing}),
        "noise": ("weights with noise of 0.001", {"weights": normal(1e-3, mean=value)}),
    }
    return reach(on_data_sets(cloned), base, variations)


def run(
    *, units: int = 6, steps: int = 300, constant_value: float = 0.4, seed: int = 0
) -> RowSymmetry:
    """Trains a tanh network with one hidden layer from each start, all biases zero.

    Full-batch gradient descent with learning rate 0.1; the `steps` are a multiple of 10.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], units, targets.shape[1]]
    every = steps // 10
    starts = {"zero": zeros(), "constant": constant(constant_value), "random": lecun_normal()}
    histories = {
        start: train(
            Network.initialize(rng, sizes, weights=weights),
            inputs,
            targets,
            steps=steps,
            learning_rate=LEARNING_RATE,
            observe=lambda _step, network, _gradients: network.weights[0],
            observe_every=every,
        )
        for start, weights in starts.items()
    }
    last = {start: history.observed[-1] for start, history in histories.items()}
    return RowSymmetry(
        recorded_steps=(0, every, steps),
        matrices={
            start: np.stack([history.observed[i] for i in (0, 1, -1)])
            for start, history in histories.items()
        },
        losses={start: history.losses for start, history in histories.items()},
        row_spread={start: float(np.ptp(w, axis=0).max()) for start, w in last.items()},
        column_spread={start: float(np.ptp(w, axis=1).max()) for start, w in last.items()},
        largest_weight={start: float(np.abs(w).max()) for start, w in last.items()},
        reach=clones_reach(units, constant_value, seed),
    )
