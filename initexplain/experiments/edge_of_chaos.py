"""Depth against weight scale: which networks train, and what the mean field says about it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.activations import LECUN_GAIN, LECUN_SLOPE
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import lecun_normal
from initexplain.losses import best_constant_loss
from initexplain.mean_field import critical_weight_std, mean_field
from initexplain.network import Network
from initexplain.signal import at_scales
from initexplain.sweeps import sweep

EXAMPLES = 16
DEPTHS = (2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 17, 20, 24, 28, 33, 40)
"""Hidden layers."""
SCALES = 24
LOWEST, HIGHEST = 0.5, 2.5
"""Ends of the range of scales, in units of the edge's."""
CURVE = 49
LENGTHS = 6
"""Depth that Schoenholz et al. found to train, in correlation lengths (their figure 5)."""
TRAINED = 0.5
LEARNING_RATE = 0.02
# above the edge, where the map's rate fails: the same networks with smaller steps, and more of them
CHAOTIC_SCALE, CHAOTIC_DEPTH, CHAOTIC_SEEDS, SLOWER = 2.0, 20, 5, 4


@dataclass(frozen=True)
class Map:
    """Networks of one activation, across depth and weight scale.

    Attributes:
        edge: weight scale at the edge of chaos.
        depths: hidden layers, `(depths,)`.
        scales: standard deviation of the weights times `sqrt(fan_in)`, `(scales,)`.
        losses: loss after training, in units of the best constant output's loss,
            `(depths, scales)`; infinite where training left the finite numbers.
        curve_scales: scales at which the theory is evaluated, `(points,)`.
        curve_depths: six correlation lengths at these scales, `(points,)`.
    """

    edge: float
    depths: Array
    scales: Array
    losses: Array
    curve_scales: Array
    curve_depths: Array

    @property
    def trained(self) -> float:
        """Share of the settings that end below half the best constant output's loss."""
        return float(np.mean(self.losses < TRAINED))

    @property
    def settings(self) -> int:
        """Networks trained."""
        return int(self.losses.size)

    @property
    def lost_above(self) -> float:
        """Share of the settings from 1.5 times the edge up that training leaves worse."""
        return float(np.mean(self.losses[:, self.scales > 1.5 * self.edge] > 1.2))

    @property
    def within(self) -> float:
        """Share that trains, of the settings below the edge within six correlation lengths."""
        return float(np.mean(self._ordered()[0] < TRAINED))

    @property
    def beyond(self) -> float:
        """Share that trains, of the settings below the edge beyond twelve correlation lengths."""
        return float(np.mean(self._ordered()[1] < TRAINED))

    @property
    def shallow_above(self) -> float:
        """Share that trains, of the settings above the edge with at most ten hidden layers."""
        return float(np.mean(self.losses[self.depths <= 10][:, self.scales > self.edge] < TRAINED))

    def _theory(self, scale: float) -> float:
        return float(np.interp(scale, self.curve_scales, self.curve_depths))

    def _ordered(self) -> tuple[Array, Array]:
        """Losses below the edge: within the theory's depth, and beyond twice that depth."""
        below = self.scales < self.edge
        reach = np.array([self._theory(scale) for scale in self.scales[below]])
        depths, losses = self.depths[:, None], self.losses[:, below]
        return losses[depths <= reach], losses[depths >= 2 * reach]


@dataclass(frozen=True)
class EdgeOfChaos:
    """What the page shows.

    Attributes:
        tanh: the map of tanh.
        relu: the map of ReLU.
        lecun_q: fixed point of the second moment under LeCun's recipe of 1998.
        lecun_chi: factor of the error per layer at that fixed point.
        lecun_length: correlation length there, in layers.
        lecun_scale: weight scale at which plain tanh does the same as LeCun's recipe.
        torch_scale: weight scale of the defaults of PyTorch, `1 / sqrt(3)`.
        torch_length: correlation length of tanh at that scale, in layers.
        units: units per layer.
        steps: updates.
        edge_with_biases: squared weight scale at the edge for tanh with biases of variance 0.05.
        slower_trained: networks above the edge that a smaller rate with more steps trains.
        chaotic_depth: hidden layers of these networks.
        chaotic_scale: their weight scale.
        chaotic_seeds: how many of them.
    """

    tanh: Map
    relu: Map
    lecun_q: float
    lecun_chi: float
    lecun_length: float
    lecun_scale: float
    torch_scale: float
    torch_length: float
    units: int
    steps: int
    edge_with_biases: float
    slower_trained: int
    chaotic_depth: int
    chaotic_scale: float
    chaotic_seeds: int


def run(
    *,
    depths: Sequence[int] = DEPTHS,
    scales: int = SCALES,
    units: int = 16,
    steps: int = 80,
    seed: int = 0,
) -> EdgeOfChaos:
    """Trains one network for every depth, scale and activation; asks the theory about each.

    Zero biases, momentum 0.9, learning rate 0.02, all examples in every update, float32. At each
    depth the networks are the same up to the scale of their weights; the output weights are
    LeCun's.

    Args:
        depths: hidden layers.
        scales: how many scales, evenly on a log axis around each activation's edge.
        units: units per hidden layer, and inputs.
        steps: updates.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng, examples=EXAMPLES, features=units, units=4)
    lecun = mean_field("lecun_tanh", weight_std=1.0)
    torch_scale = 3**-0.5

    def trained(activation: str) -> Map:
        edge = critical_weight_std(activation)
        grid = edge * np.geomspace(LOWEST, HIGHEST, scales)
        networks = [_networks(rng, activation, depth, units, grid) for depth in depths]
        losses = _losses(networks, inputs, targets, steps=steps)
        curve = edge * np.geomspace(LOWEST, HIGHEST, CURVE)
        return Map(
            edge=edge,
            depths=np.array(depths, dtype=float),
            scales=grid,
            losses=losses,
            curve_scales=curve,
            curve_depths=np.array([LENGTHS * _length(activation, scale) for scale in curve]),
        )

    return EdgeOfChaos(
        tanh=trained("tanh"),
        relu=trained("relu"),
        lecun_q=lecun.q,
        lecun_chi=lecun.chi,
        lecun_length=lecun.correlation_length,
        # with z = 1.5 u, 1.7159 tanh(2 z / 3) passes u on as tanh does, times this factor
        lecun_scale=LECUN_GAIN * LECUN_SLOPE,
        torch_scale=torch_scale,
        torch_length=_length("tanh", torch_scale),
        units=units,
        steps=steps,
        edge_with_biases=critical_weight_std("tanh", bias_std=0.05**0.5) ** 2,
        slower_trained=_slower_trained(rng, inputs, targets, steps),
        chaotic_depth=CHAOTIC_DEPTH,
        chaotic_scale=CHAOTIC_SCALE,
        chaotic_seeds=CHAOTIC_SEEDS,
    )


def _networks(
    rng: np.random.Generator, activation: str, depth: int, units: int, scales: Array
) -> Network:
    """One network at each of the scales: an ensemble `(scales,)`."""
    drawn = Network.initialize(
        rng,
        [*[units] * (depth + 1), 2],
        weights=lecun_normal(),
        activation=activation,
        dtype=np.float32,
    )
    return at_scales(drawn, scales)


def _losses(
    networks: Sequence[Network],
    inputs: Array,
    targets: Array,
    *,
    steps: int,
    learning_rate: float = LEARNING_RATE,
) -> Array:
    """Losses after training in units of the best constant output's loss, a row per ensemble."""
    histories = sweep(
        networks, inputs, targets, steps=steps, learning_rate=learning_rate, optimizer="momentum"
    )
    final = np.array([history.final_losses for history in histories], dtype=np.float64)
    return final / best_constant_loss(targets)


def _slower_trained(rng: np.random.Generator, inputs: Array, targets: Array, steps: int) -> int:
    network = Network.initialize(
        rng,
        [*[inputs.shape[1]] * (CHAOTIC_DEPTH + 1), targets.shape[1]],
        weights=lecun_normal(gain=CHAOTIC_SCALE),
        ensemble=(CHAOTIC_SEEDS,),
        dtype=np.float32,
    )
    losses = _losses(
        [network], inputs, targets, steps=SLOWER * steps, learning_rate=LEARNING_RATE / SLOWER
    )
    return int(np.sum(losses < TRAINED))


def _length(activation: str, scale: float) -> float:
    """Layers in which the theory's signal changes by a factor of e."""
    found = mean_field(activation, weight_std=scale)
    # an exploding ReLU keeps angles; what changes is the size, of signal and error alike
    return found.correlation_length if np.isfinite(found.q) else float(1 / np.log(found.chi))
