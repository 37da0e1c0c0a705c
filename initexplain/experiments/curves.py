"""Curves over seeds: what every experiment that trains several networks of a kind returns."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array


@dataclass(frozen=True, eq=False)
class Curves:
    """One quantity through training, for networks that differ in their seed.

    Attributes:
        values: at each record, `(records, seeds)`; for losses a record stands before the first
            update and after each one.

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
    def best(self) -> float:
        """Smallest last record over seeds."""
        return float(self.last.min())

    @property
    def worst(self) -> float:
        """Largest last record over seeds."""
        return float(self.last.max())

    @property
    def learned(self) -> int:
        """Seeds that end below one half: of losses in units of the best constant output's."""
        return int((self.last < 0.5).sum())

    @property
    def removed(self) -> float:
        """Share of the best constant output's loss that is gone: of losses in units of it."""
        return 1 - self.final
