"""The thread's question in one experiment: zero or random weights, zero or random biases."""

from dataclasses import dataclass

import numpy as np

from initexplain.datasets import teacher
from initexplain.experiments.curves import LEARNED, Curves
from initexplain.experiments.verdicts import STILL, unmoved
from initexplain.initializers import Initializer, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.training import History, train

BIAS_STD = 0.5


@dataclass(frozen=True)
class FourStarts:
    """Random or zero weights with random or zero biases, on the same task.

    The starts: `random_weights` have zero biases, as usual; `random_biases` have zero weights, the
    swap that the thread asks about; `both_random` and `both_zero`.

    Attributes:
        losses: of each start, `(steps + 1, seeds)`.
        words: what became of each start, from [`word`][initexplain.experiments.index.word].
        moved: how far the weight of the first matrix has come that has moved most; median over
            seeds.
        removed: share of the first loss that training removed, of each start; median over seeds.
        best_constant: the loss of a network whose output ignores its input, at best.
    """

    losses: dict[str, Curves]
    words: dict[str, str]
    moved: dict[str, float]
    removed: dict[str, float]
    best_constant: float


def run(
    *, hidden_layers: int = 3, units: int = 16, seeds: int = 10, steps: int = 300, seed: int = 0
) -> FourStarts:
    """Trains tanh networks from four starts: full-batch gradient descent, learning rate 0.1."""
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], *[units] * hidden_layers, targets.shape[1]]

    best_constant = best_constant_loss(targets)
    starts: dict[str, tuple[Initializer, Initializer]] = {
        "random_weights": (lecun_normal(), zeros()),
        "both_random": (lecun_normal(), normal(BIAS_STD)),
        "random_biases": (zeros(), normal(BIAS_STD)),
        "both_zero": (zeros(), zeros()),
    }
    losses, words, moved, removed = {}, {}, {}, {}
    for name, (weights, biases) in starts.items():
        start = Network.initialize(rng, sizes, weights=weights, biases=biases, ensemble=(seeds,))
        history = train(start, inputs, targets, steps=steps, learning_rate=0.1)
        way = np.abs(history.network.weights[0] - start.weights[0]).max(axis=(-2, -1))
        losses[name] = Curves(history.losses)
        words[name] = word(start, history, best_constant)
        moved[name] = float(np.median(way))
        removed[name] = float(np.median(1 - history.losses[-1] / history.losses[0]))
    return FourStarts(losses, words, moved, removed, best_constant)


def word(start: Network, history: History, best_constant: float) -> str:
    """What became of networks, in a word that is true of every one of them.

    Args:
        start: an ensemble.
        history: of its training.
        best_constant: the loss of a network whose output ignores its input, at best.

    Returns:
        `"frozen"`: no weight and no hidden bias has moved, not even in the last digit;
        `"learns"`: the loss is below half of the best constant's; `"stuck"`: weights have moved,
        and next to nothing of the best constant's loss is gone; `"mixed"`: none of these.
    """
    if unmoved(start, history.network).all():
        return "frozen"
    left = history.losses[-1] / best_constant
    if (left < LEARNED).all():
        return "learns"
    return "stuck" if (left > 1 - STILL).all() else "mixed"
