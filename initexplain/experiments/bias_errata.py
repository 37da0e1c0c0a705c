"""What a small positive bias does to ReLU units: how often they fire, and how well they learn."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.nonzero_biases import firing_probability, firing_shares
from initexplain.initializers import he_normal
from initexplain.network import Network, forward
from initexplain.training import train

LEARNING_RATE = 0.05


@dataclass(frozen=True)
class SmallBias:
    """ReLU networks whose hidden biases start at one value.

    Attributes:
        bias: the value.
        firing: share of positive preactivations in the first layer, before training.
        deep_firing: the same in the last hidden layer.
        silent: hidden units that fire on no example, before training, over all seeds.
        ahead: seeds that end with a smaller loss than with bias 0 and the same weights.
        gain: median over seeds of the share by which the last loss is smaller.
    """

    bias: float
    firing: float
    deep_firing: float
    silent: int
    ahead: int
    gain: float


@dataclass(frozen=True)
class BiasErrata:
    """Small biases in networks, and the share of firing units against the bias.

    Attributes:
        zero: biases at 0.
        hundredth: biases at 0.01.
        tenth: biases at 0.1.
        biases: biases of the figure.
        predicted: share of firing units, by the normal distribution function, for `biases`.
        measured_biases: a few biases.
        measured: the share counted on normal inputs and their mirror images.
        hidden_layers: hidden layers of the networks.
        units: units in each hidden layer.
        seeds: networks per bias.
        steps: updates of each network.
    """

    zero: SmallBias
    hundredth: SmallBias
    tenth: SmallBias
    biases: Array
    predicted: Array
    measured_biases: Array
    measured: Array
    hidden_layers: int
    units: int
    seeds: int
    steps: int

    @property
    def hidden_units(self) -> int:
        """Hidden units of all networks of one bias."""
        return self.seeds * self.hidden_layers * self.units


def run(
    *, hidden_layers: int = 3, units: int = 16, seeds: int = 20, steps: int = 200, seed: int = 0
) -> BiasErrata:
    """Trains He-normal ReLU networks from three values of the hidden biases.

    Args:
        hidden_layers: hidden layers.
        units: units in each of them.
        seeds: networks per bias; the weights are the same for every bias.
        steps: updates of full-batch gradient descent, learning rate 0.05.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], *[units] * hidden_layers, targets.shape[1]]
    drawn = Network.initialize(
        rng, sizes, weights=he_normal(), activation="relu", ensemble=(seeds,)
    )
    values = np.array([0.0, 0.01, 0.1])
    start = with_hidden_biases(drawn, values)
    history = train(start, inputs, targets, steps=steps, learning_rate=LEARNING_RATE)
    fires = [z > 0 for z in forward(start, inputs).preactivations[:-1]]
    ends = history.losses[-1]
    zero, hundredth, tenth = (
        SmallBias(
            bias=float(values[k]),
            firing=float(fires[0][k].mean()),
            deep_firing=float(fires[-1][k].mean()),
            silent=int(sum((~layer[k].any(axis=-2)).sum() for layer in fires)),
            ahead=int((ends[k] < ends[0]).sum()),
            gain=float(np.median(1 - ends[k] / ends[0])),
        )
        for k in range(len(values))
    )
    biases, points = np.linspace(0.0, 5.0, 51), np.array([0.0, 0.01, 0.1, 1.0, 2.0, 3.0, 4.0])
    return BiasErrata(
        zero=zero,
        hundredth=hundredth,
        tenth=tenth,
        biases=biases,
        predicted=np.array([firing_probability(bias) for bias in biases]),
        measured_biases=points,
        measured=firing_shares(rng, points),
        hidden_layers=hidden_layers,
        units=units,
        seeds=seeds,
        steps=steps,
    )


def with_hidden_biases(network: Network, values: Array) -> Network:
    """The same weights for each value of the hidden biases: `(values, *ensemble)`."""
    *hidden, last = network.biases
    return Network.stack(
        [
            Network(
                network.weights,
                [*(np.full_like(b, value) for b in hidden), last],
                network.activation,
            )
            for value in values
        ]
    )
