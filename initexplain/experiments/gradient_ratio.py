"""The gradient relative to the weights: across scales, through training, and the learning rate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import lecun_normal
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network, gradients
from initexplain.signal import at_scales, gradient_to_weight
from initexplain.sweeps import sweep
from initexplain.training import train

FEATURES, EXAMPLES = 8, 32
SCALES = np.logspace(-1.5, 1.5, 13)
STARVED, RIGHT, SATURATED = 0.03, 1.0, 10.0
# small enough to wait visibly, large enough to leave the plateau
WAITING = 0.2
SGD_RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
ADAM_RATES = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
RECORDS = 30


@dataclass(frozen=True)
class Ratios:
    """Gradient over weights of every layer before training.

    Attributes:
        scales: standard deviation of the hidden weights times `sqrt(fan_in)`, `(scales,)`.
        ratios: `(layers, scales, seeds)`, the first layer first.
    """

    scales: Array
    ratios: Array

    @property
    def lecun(self) -> float:
        """Median ratio of the first layer at LeCun's scale."""
        return self._first_layer(RIGHT)

    @property
    def tenth(self) -> float:
        """Median ratio of the first layer at a tenth of LeCun's scale."""
        return self._first_layer(RIGHT / 10)

    @property
    def tenfold(self) -> float:
        """Median ratio of the first layer at ten times LeCun's scale."""
        return self._first_layer(RIGHT * 10)

    @property
    def slope(self) -> float:
        """Power of the scale with which the first layer's ratio grows below LeCun's scale."""
        low = self.scales < RIGHT / 3
        logs = np.log(np.median(self.ratios[0, low], axis=-1))
        return float(np.polyfit(np.log(self.scales[low]), logs, 1)[0])

    def _first_layer(self, scale: float) -> float:
        i = int(np.argmin(np.abs(np.log(self.scales / scale))))
        return float(np.median(self.ratios[0, i]))


@dataclass(frozen=True)
class Path:
    """Ratios and losses through training, medians over seeds.

    Attributes:
        scale: of the hidden weights.
        steps: the recorded steps, `(records,)`.
        ratios: `(records, layers)`.
        losses: `(records,)`, in units of the best constant output's loss.
    """

    scale: float
    steps: Array
    ratios: Array
    losses: Array

    @property
    def first(self) -> float:
        """Ratio of the first layer before the first update."""
        return float(self.ratios[0, 0])

    @property
    def largest(self) -> float:
        """Largest ratio of the first layer at any recorded step."""
        return float(self.ratios[:, 0].max())

    @property
    def fall(self) -> float:
        """Share of the first layer's first ratio that is gone at the end."""
        return float(1 - self.ratios[-1, 0] / self.ratios[0, 0])


@dataclass(frozen=True)
class Rates:
    """Loss after training against the learning rate, for one optimizer.

    Attributes:
        rates: learning rates, `(rates,)`.
        starved: loss after training from a scale of 0.03, `(rates, seeds)`, in units of the best
            constant output's loss; infinite where training left the finite numbers.
        right: the same from LeCun's scale.
        saturated: the same from ten times LeCun's scale.
    """

    rates: Array
    starved: Array
    right: Array
    saturated: Array

    @property
    def starved_best(self) -> float:
        """Lowest median loss over rates from the starved start."""
        return float(np.median(self.starved, axis=-1).min())

    @property
    def right_best(self) -> float:
        """Lowest median loss over rates from LeCun's scale."""
        return float(np.median(self.right, axis=-1).min())

    @property
    def starved_learned(self) -> int:
        """Seeds in which some rate brings the starved start below half the constant's loss."""
        return int(np.sum(self.starved.min(axis=0) < 0.5))


@dataclass(frozen=True)
class GradientRatio:
    """What the page shows.

    Attributes:
        start: ratios before training, across scales.
        waiting: training from a small scale.
        lecun: training from LeCun's scale.
        sgd: final losses of gradient descent across learning rates.
        adam: the same for Adam.
        learning_rate: of the two recorded runs.
        hidden_layers: hidden layers of every network.
        units: units in each of them.
        seeds: networks per setting.
        steps: updates of the runs across learning rates.
        path_steps: updates of the two recorded runs.
    """

    start: Ratios
    waiting: Path
    lecun: Path
    sgd: Rates
    adam: Rates
    learning_rate: float
    hidden_layers: int
    units: int
    seeds: int
    steps: int
    path_steps: int

    @property
    def lecun_steps(self) -> float:
        """Updates of the first size that add up to the first layer's weights, at LeCun's scale."""
        return 1 / (self.learning_rate * self.start.lecun)

    @property
    def tenth_steps(self) -> float:
        """The same at a tenth of LeCun's scale."""
        return 1 / (self.learning_rate * self.start.tenth)


def run(
    *,
    hidden_layers: int = 4,
    units: int = 16,
    seeds: int = 5,
    steps: int = 100,
    path_steps: int = 200,
    learning_rate: float = 0.3,
    seed: int = 0,
) -> GradientRatio:
    """Measures the ratio in tanh networks whose hidden weights differ in scale.

    The output weights are LeCun-normal at every scale. Updates use all examples.

    Args:
        hidden_layers: hidden layers of every network.
        units: units in each of them.
        seeds: networks per setting.
        steps: updates of the runs across learning rates.
        path_steps: updates of the two recorded runs.
        learning_rate: of the two recorded runs, plain gradient descent.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES, features=FEATURES)
    sizes = [FEATURES, *[units] * hidden_layers, targets.shape[1]]
    start = _scaled(rng, sizes, SCALES, seeds)
    paths = _scaled(rng, sizes, [WAITING, RIGHT], seeds)
    waiting, lecun = _paths(paths, inputs, targets, path_steps, learning_rate)
    compared = _scaled(rng, sizes, [STARVED, RIGHT, SATURATED], seeds)
    return GradientRatio(
        start=Ratios(SCALES, gradient_to_weight(start, gradients(start, inputs, targets)[1])),
        waiting=waiting,
        lecun=lecun,
        sgd=_rates(compared, inputs, targets, optimizer="sgd", rates=SGD_RATES, steps=steps),
        adam=_rates(compared, inputs, targets, optimizer="adam", rates=ADAM_RATES, steps=steps),
        learning_rate=learning_rate,
        hidden_layers=hidden_layers,
        units=units,
        seeds=seeds,
        steps=steps,
        path_steps=path_steps,
    )


def _scaled(rng: np.random.Generator, sizes: list[int], scales: ArrayLike, seeds: int) -> Network:
    """An ensemble `(scales, seeds)`: the same tanh networks at each scale."""
    return at_scales(
        Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(seeds,)), scales
    )


def _paths(
    network: Network, inputs: Array, targets: Array, steps: int, learning_rate: float
) -> list[Path]:
    """One path for each scale of the ensemble, at steps that are spread evenly on a log axis."""
    wanted = np.unique(np.geomspace(1, steps + 1, RECORDS).astype(int)) - 1

    def ratios(step: int, network: Network, found: Gradients) -> Array | None:
        return gradient_to_weight(network, found) if step in wanted else None

    history = train(
        network, inputs, targets, steps=steps, learning_rate=learning_rate, observe=ratios
    )
    # axes: record, layer, scale, seed
    recorded = np.array([found for found in history.observed if found is not None])
    losses = history.losses[wanted] / best_constant_loss(targets)
    return [
        Path(
            scale=scale,
            steps=wanted.astype(float),
            ratios=np.median(recorded[:, :, i], axis=-1),
            losses=np.median(losses[:, i], axis=-1),
        )
        for i, scale in enumerate((WAITING, RIGHT))
    ]


def _rates(
    network: Network,
    inputs: Array,
    targets: Array,
    *,
    optimizer: str,
    rates: tuple[float, ...],
    steps: int,
) -> Rates:
    """Trains the ensemble `(3, seeds)` once for every learning rate."""
    histories = sweep(
        [network] * len(rates),
        inputs,
        targets,
        steps=steps,
        learning_rate=rates,
        optimizer=optimizer,
    )
    final = np.array([history.final_losses for history in histories])
    losses = final / best_constant_loss(targets)
    return Rates(np.array(rates), losses[:, 0], losses[:, 1], losses[:, 2])
