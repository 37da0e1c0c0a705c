"""Curves over seeds: what every experiment that trains several networks of a kind returns."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import Array
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.sweeps import sweep

LEARNED = 0.5
"""Share of the best constant's loss below which a network has learned."""


@dataclass(frozen=True, eq=False)
class Curves:
    """One quantity, through training or from layer to layer, of networks that differ in their seed.

    Attributes:
        values: at each record, `(records, seeds)`; the first of losses stands before any update.

    Examples:
        >>> curves = Curves(np.array([[1.0, 1.0, 1.0], [0.7, 0.2, 0.6], [0.4, 0.1, 0.9]]))
        >>> curves.median.tolist(), curves.final, curves.learned, curves.seeds
        ([1.0, 0.6, 0.4], 0.4, 2, 3)
    """

    values: Array

    @property
    def seeds(self) -> int:
        """Networks."""
        return int(self.values.shape[1])

    @property
    def median(self) -> Array:
        """Median over seeds at each record, `(records,)`."""
        return np.median(self.values, axis=1)

    @property
    def last(self) -> Array:
        """The last record of every seed, `(seeds,)`."""
        last: Array = self.values[-1]
        return last

    @property
    def final(self) -> float:
        """Median over seeds at the last record."""
        return float(np.median(self.last))

    @property
    def learned(self) -> int:
        """Seeds whose loss, in units of the best constant output's, ends below one half."""
        return int((self.last < LEARNED).sum())

    @property
    def learned_at(self) -> float:
        """Median, over the seeds that learned, of the first record below one half; else infinite.

        Examples:
            >>> Curves(np.array([[1.0, 1.0, 1.0], [0.4, 0.8, 1.0], [0.1, 0.4, 0.9]])).learned_at
            1.5
        """
        learned = self.values[:, self.last < LEARNED]
        return float(np.median((learned < LEARNED).argmax(axis=0))) if learned.size else np.inf

    @property
    def removed(self) -> float:
        """Share of the best constant output's loss that is gone, where that is the unit."""
        return 1 - self.final

    def below(self, others: "Curves") -> int:
        """Seeds that end below what the same seed has in other curves."""
        return int((self.last < others.last).sum())

    def catches_up(self, ahead: "Curves") -> int:
        """The first record at which the median is down to where another begins; 0 if none is."""
        return int((self.median <= ahead.median[0]).argmax())


def by_name(values: Array, names: Iterable[Any]) -> dict[Any, Curves]:
    """The curves of an ensemble whose first axis has these names, `(records, names, seeds)`.

    Examples:
        >>> pair = by_name(np.array([[[4.0], [1.0]], [[1.0], [0.5]]]), ("late", "soon"))
        >>> pair["late"].catches_up(pair["soon"]), pair["soon"].below(pair["late"])
        (1, 1)
    """
    return {name: Curves(values[:, i]) for i, name in enumerate(names)}


def relative_losses(
    networks: Sequence[Network],
    inputs: ArrayLike,
    targets: ArrayLike,
    *,
    steps: int,
    learning_rate: float | Sequence[float],
    optimizer: str,
) -> Array:
    """Losses after training in units of the best constant output's, `(networks, ...)`.

    Infinite where training left the finite numbers. The arguments are those of
    [`sweep`][initexplain.sweeps.sweep]; all networks are ensembles of one shape, or none is one.

    Examples:
        Half of the way from the origin to the targets leaves a quarter of the squared error:

        >>> network, inputs, targets = Network([[[1.0]]], [[0.0]]), [[1.0], [-1.0]], [[2.0], [-2.0]]
        >>> relative_losses([network], inputs, targets, steps=0, learning_rate=0, optimizer="sgd")
        array([0.25])
    """
    histories = sweep(
        networks, inputs, targets, steps=steps, learning_rate=learning_rate, optimizer=optimizer
    )
    final = np.array([history.final_losses for history in histories], dtype=np.float64)
    return final / best_constant_loss(targets)
