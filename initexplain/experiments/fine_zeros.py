"""Zero weights that do no harm, and the one pair that does: how many zeros stand on a path."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher, two_moons
from initexplain.initializers import Initializer, lecun_normal, zeros
from initexplain.network import Network
from initexplain.training import train

LEARNING_RATE = 0.1


@dataclass(frozen=True)
class Regression:
    """A model without hidden units, from zero weights and from random ones.

    Attributes:
        zero: losses from zero weights, `(steps + 1,)`.
        random: losses from LeCun-normal weights, `(steps + 1, seeds)`.
        difference: largest difference between a weight that the zero start ends at and the
            same weight of a random start.
    """

    zero: Array
    random: Array
    difference: float


@dataclass(frozen=True)
class Start:
    """Networks that differ in their seed.

    Attributes:
        losses: `(steps + 1, seeds)`.
    """

    losses: Array

    @property
    def first_loss(self) -> float:
        """Median over seeds before the first update."""
        return float(np.median(self.losses[0]))

    @property
    def final_loss(self) -> float:
        """Median over seeds after the last update."""
        return float(np.median(self.losses[-1]))

    @property
    def most_change(self) -> float:
        """Largest change of the loss between any update and the start, over seeds."""
        return float(np.abs(self.losses - self.losses[0]).max())


@dataclass(frozen=True)
class FineZeros:
    """Models with zero weights in them.

    Attributes:
        linear: linear regression.
        logistic: logistic regression.
        random_output: a tanh network, all weights random.
        zero_output: the same hidden weights, zero output weights.
        random_scale: a residual network, the last scale of every branch at 1.
        zero_scale: the same weights, the last scale of every branch at 0.
        lora_b: low-rank adaptation with a random `A` and `B = 0`.
        lora_a: the mirror image: a random `B` and `A = 0`.
        lora_both: both factors 0.
        lora_best: the least loss that an adaptation of this rank can reach.
        hidden_layers: hidden layers of `zero_output`.
        branches: residual branches.
        rank: inner width of the adaptation.
        seeds: networks per start.
        steps: updates.
    """

    linear: Regression
    logistic: Regression
    random_output: Start
    zero_output: Start
    random_scale: Start
    zero_scale: Start
    lora_b: Start
    lora_a: Start
    lora_both: Start
    lora_best: float
    hidden_layers: int
    branches: int
    rank: int
    seeds: int
    steps: int


def run(*, seeds: int = 10, steps: int = 300, seed: int = 0) -> FineZeros:
    """Trains every model by full-batch gradient descent, learning rate 0.1.

    Args:
        seeds: networks per start.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=32)
    moons = two_moons(rng)
    rank, branches = 2, 3
    down = lecun_normal()(rng, (seeds, rank, ADAPTED))
    up = lecun_normal()(rng, (seeds, ADAPTED, rank))
    task = adaptation_task(rng)
    random_output, zero_output = _output_layers(rng, inputs, targets, seeds, steps)
    random_scale, zero_scale = _residual(rng, inputs, targets, (seeds, branches), steps)

    def lora(up: Array, down: Array) -> Start:
        return Start(descend([up, down], lambda p: lora_gradients(p, *task), steps))

    return FineZeros(
        linear=_regression(rng, inputs, targets, "squared_error", seeds, 2 * steps),
        logistic=_regression(rng, *moons, "logistic", seeds, 2 * steps),
        random_output=random_output,
        zero_output=zero_output,
        random_scale=random_scale,
        zero_scale=zero_scale,
        lora_b=lora(0 * up, down),
        lora_a=lora(up, 0 * down),
        lora_both=lora(0 * up, 0 * down),
        lora_best=best_low_rank_loss(*task, rank),
        hidden_layers=2,
        branches=branches,
        rank=rank,
        seeds=seeds,
        steps=steps,
    )
