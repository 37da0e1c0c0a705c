"""How far a verdict reaches: asked again with one thing changed at a time.

A *verdict* is a statement about one training, or about two that are compared. It is a function of a
[`Setting`][initexplain.experiments.reach.Setting] that says of every seed whether it holds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Network
from initexplain.optimizers import Optimizer
from initexplain.signal import at_scales
from initexplain.training import Descent, History, Observer

Task = tuple[Array, Array]
"""Inputs and targets."""
Data = Callable[[np.random.Generator], Task]
PAGE = "page"
"""The row of the setting of the page itself."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """What all trainings have; every field is something to vary.

    Attributes:
        optimizer: of the training.
        learning_rate: of the training.
        steps: updates.
        batch_size: examples of an update; without it every update sees all of them.
        seeds: networks, which differ in nothing but what is drawn for their parameters.
        seed: of the data, the networks and the batches.
    """

    optimizer: str | Optimizer = "sgd"
    learning_rate: float = 0.1
    batch_size: int | None = None
    steps: int = 300
    seeds: int = 10
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Setting(Training):
    """A start of a `Network`, and its training.

    Attributes:
        weights: of the start.
        biases: of the start.
        hidden: units in each hidden layer.
        activation: of the hidden layers.
        data: from a generator to inputs and targets.
        loss: that is trained.
        dtype: float64, or float32, in which larger networks train in half of the time.
    """

    weights: Initializer
    biases: Initializer = field(default_factory=zeros)
    hidden: Sequence[int] = (16,)
    activation: str = "tanh"
    data: Data = teacher
    loss: str = "squared_error"
    dtype: DTypeLike = np.float64

    def start(self, rng: np.random.Generator, sizes: Sequence[int], _inputs: Array) -> Network:
        """Draws the networks, an ensemble whose last axis is the seeds."""
        return Network.initialize(
            rng,
            sizes,
            weights=self.weights,
            biases=self.biases,
            activation=self.activation,
            ensemble=(self.seeds,),
            dtype=self.dtype,
        )

    def drawn(self) -> tuple[np.random.Generator, Network, Array, Array]:
        """The generator, the networks, the inputs and the targets, as training begins."""
        rng = np.random.default_rng(self.seed)
        inputs, targets = self.data(rng)
        sizes = [inputs.shape[-1], *self.hidden, targets.shape[-1]]
        return rng, self.start(rng, sizes, inputs), inputs, targets

    def trained(
        self, observe: Observer | None = None, observe_every: int = 1, losses_every: int = 1
    ) -> "Trial":
        """Draws the data and the networks, and trains all of these as one ensemble."""
        rng, start, inputs, targets = self.drawn()
        watched = {"observe": observe, "observe_every": observe_every, "losses_every": losses_every}
        history = self.train(start, inputs, targets, rng, **watched)
        return Trial(start, history, inputs, targets, self.loss)

    def train(
        self,
        start: Network,
        inputs: Array,
        targets: Array,
        rng: np.random.Generator,
        **watched: Any,
    ) -> History:
        """Trains given networks on given data, as the fields say."""
        return Descent(
            start,
            inputs,
            targets,
            steps=self.steps,
            learning_rate=self.learning_rate,
            optimizer=self.optimizer,
            loss=self.loss,
            batch_size=self.batch_size,
            rng=rng,
            **watched,
        ).run()


@dataclass(frozen=True, kw_only=True)
class Scaled(Setting):
    """The same networks at several scales of the hidden weights, `(scales, seeds)`."""

    scales: Sequence[float]

    def start(self, rng: np.random.Generator, sizes: Sequence[int], inputs: Array) -> Network:
        """Draws the networks once and multiplies their hidden weights by each scale."""
        return at_scales(super().start(rng, sizes, inputs), self.scales)


@dataclass(frozen=True, kw_only=True)
class TwoStarts(Setting):
    """The same weights with zero biases and with others, `(2, seeds)`.

    Attributes:
        others: from the generator and the networks with zero biases to the other biases.
    """

    others: Callable[[np.random.Generator, Network], Sequence[Array]]

    def start(self, rng: np.random.Generator, sizes: Sequence[int], inputs: Array) -> Network:
        """Draws the weights once, and then the biases of the second of the two."""
        zero = super().start(rng, sizes, inputs)
        return Network.stack([zero, zero.with_parameters(zero.weights, self.others(rng, zero))])


@dataclass(frozen=True, eq=False)
class Trial:
    """What a verdict looks at: networks before and after their training, and the data."""

    start: Network
    history: History
    inputs: Array
    targets: Array
    loss: str

    @property
    def losses(self) -> Array:
        """In units of the best constant output's, `(records, ..., seeds)`."""
        return self.history.losses / best_constant_loss(self.targets, loss=self.loss)

    def judged(self, holds: NDArray[Any]) -> Array:
        """The verdict for each seed, `(seeds,)`: 1 or 0, and NaN where a training diverged."""
        diverged = (self.history.diverged_at >= 0).reshape(-1, len(holds)).any(axis=0)
        return np.where(diverged, np.nan, holds.astype(float))


@dataclass(frozen=True)
class Row:
    """One setting, and for how many of its seeds the verdict holds.

    Attributes:
        label: what differs from the setting of the page.
        seeds: networks.
        holds: those for which the verdict holds.
        diverged: those whose training left the finite numbers; of these it says nothing.
    """

    label: str
    seeds: int
    holds: int
    diverged: int


def reach(
    verdict: Callable[[Any], Array],
    base: Any,
    variations: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> dict[str, Row]:
    """Asks a verdict of the setting of a page, and of each variation of it.

    Args:
        verdict: from a setting to 1, 0 or NaN (diverged) for each seed, `(seeds,)`.
        base: the setting of the page, a dataclass such as `Setting`.
        variations: by name a label, in which `{field}` stands for its value there, and the
            fields that change.

    Returns:
        The rows by name; `PAGE`, the setting of the page, is the first.

    Raises:
        ValueError: the verdict does not hold for every seed of the page's own setting.

    Examples:
        Zero weights and zero biases leave the first layer of tanh networks where it is.

        >>> def frozen(setting):
        ...     trial = setting.trained()
        ...     moved = trial.history.network.weights[0] != trial.start.weights[0]
        ...     return trial.judged(~moved.any(axis=(-2, -1)))
        >>> base = Setting(weights=zeros(), steps=5, seeds=2)
        >>> rows = reach(frozen, base, {
        ...     "depth": ("hidden layers of {hidden}", {"hidden": (4, 4)}),
        ...     "logistic": ("{activation} units", {"activation": "logistic"}),
        ... })
        >>> [(row.label, row.holds, row.seeds) for row in rows.values()][1:]
        [('hidden layers of (4, 4)', 2, 2), ('logistic units', 0, 2)]
    """
    rows = {PAGE: _row("as on this page", verdict(base))}
    if rows[PAGE].holds < rows[PAGE].seeds:
        raise ValueError(f"the verdict {verdict.__name__!r} does not hold here: {rows[PAGE]}")
    for name, (label, changes) in variations.items():
        setting = replace(base, **changes)
        rows[name] = _row(label.format_map(vars(setting)), verdict(setting))
    return rows


def for_all_horizons(setting: Any, base: Any, longest: int) -> Any:
    """The setting; if it is the base up to the number of updates, with the `longest` training.

    One training serves them all: its first updates are those of the shorter ones.

    Examples:
        >>> base = Setting(weights=zeros(), steps=5)
        >>> settings = base, replace(base, steps=2), replace(base, optimizer="adam")
        >>> [for_all_horizons(setting, base, 20).steps for setting in settings]
        [20, 20, 5]
    """
    same = replace(setting, steps=base.steps) == base
    return replace(setting, steps=longest) if same else setting


def _row(label: str, outcomes: Array) -> Row:
    holds = int(np.count_nonzero(outcomes == 1))
    return Row(label, len(outcomes), holds, int(np.isnan(outcomes).sum()))
