"""The swap: zero weights and random biases, beside random weights and zero biases."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, he_normal, lecun_normal, normal, zeros
from initexplain.network import Gradients, Network
from initexplain.symmetry import effective_rank, redundancy_classes
from initexplain.training import History, train

LEARNING_RATE = 0.1
BIAS_STD = 0.5
EXAMPLES = 32
USUAL: dict[str, Initializer] = {
    "tanh": lecun_normal(),
    "logistic": lecun_normal(),
    "relu": he_normal(),
}
"""Random weights of the usual start, by activation."""


@dataclass(frozen=True)
class Start:
    """Networks of one start and depth, one per seed.

    Attributes:
        losses: `(steps + 1, seeds)`, in units of the loss of the best constant output.
        updates: updates of each network.
        learning_rate: the step size.
        hidden_layers: hidden layers of each network.
    """

    losses: Array
    updates: int
    learning_rate: float
    hidden_layers: int

    @property
    def median(self) -> Array:
        """Median over seeds after each update, `(updates + 1,)`."""
        return np.median(self.losses, axis=1)

    @property
    def final_loss(self) -> float:
        """Median over seeds after the last update, in units of the best constant's loss."""
        return float(self.median[-1])

    @property
    def removed(self) -> float:
        """Median over seeds of the share of the best constant's loss that training removed."""
        return 1 - self.final_loss

    @property
    def learned(self) -> int:
        """Seeds that ended below half the best constant's loss."""
        return int((self.losses[-1] < 0.5).sum())

    @property
    def seeds(self) -> int:
        """Networks of this start."""
        return int(self.losses.shape[1])

    @property
    def median_update(self) -> float:
        """Median over the seeds that learned of the first update below half that loss."""
        below = self.losses[:, self.losses[-1] < 0.5] < 0.5
        return float(np.median(below.argmax(axis=0)))


@dataclass(frozen=True)
class Pair:
    """The two starts at one depth.

    Attributes:
        usual: random weights, zero biases.
        swap: zero weights, random biases.
    """

    usual: Start
    swap: Start


@dataclass(frozen=True)
class Depths:
    """The two starts with one to four hidden layers."""

    one: Pair
    two: Pair
    three: Pair
    four: Pair

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """From one hidden layer to four."""
        return (self.one, self.two, self.three, self.four)


@dataclass(frozen=True)
class LayerWave:
    """One layer of weights of the swap, medians over seeds.

    Attributes:
        first_update: the update at which its weights first move.
        first_gradient: norm of the gradient of that update.
        largest_weight: largest magnitude of a weight after the last update.
    """

    first_update: float
    first_gradient: float
    largest_weight: float


@dataclass(frozen=True)
class Wave:
    """Gradients of every layer of tanh networks with four hidden layers.

    Attributes:
        usual: norms of the weight gradients before each update, `(steps + 1, layers, seeds)`.
        swap: the same for zero weights and random biases.
        layer_1: the first layer of the swap.
        layer_2: the second.
        layer_3: the third.
        layer_4: the fourth.
        layer_5: the output layer.
    """

    usual: Array
    swap: Array
    layer_1: LayerWave
    layer_2: LayerWave
    layer_3: LayerWave
    layer_4: LayerWave
    layer_5: LayerWave

    @property
    def on_schedule(self) -> int:
        """Seeds in which layer `l` of `L` first moves at update `L - l + 1`, for every `l`."""
        layers = self.swap.shape[1]
        schedule = np.arange(layers, 0, -1)[:, None]
        return int((_first_updates(self.swap) == schedule).all(axis=0).sum())

    @property
    def usual_smallest(self) -> float:
        """Smallest norm of a first gradient, over layers and seeds, of the usual start."""
        return float(self.usual[0].min())


@dataclass(frozen=True)
class Rank:
    """Weight matrices of tanh networks with three hidden layers after training.

    Attributes:
        swap_matrix: first matrix of one network, `(units, features)`, started by the swap.
        usual_matrix: first matrix of one network of the usual start.
        swap_rank: largest effective rank of any matrix of any seed.
        usual_rank: median effective rank of the matrices between hidden layers.
        first_rank: median effective rank of the first matrix of the usual start.
        distinct_units: the smallest number of classes of redundant units in a hidden layer of
            any seed of the swap, predicted from the parameters.
    """

    swap_matrix: Array
    usual_matrix: Array
    swap_rank: float
    usual_rank: float
    first_rank: float
    distinct_units: int


@dataclass(frozen=True)
class DeadUnits:
    """Hidden ReLU units of the swap, in networks of all four depths.

    Attributes:
        units: hidden units in all.
        not_positive: units whose bias starts at 0 or below.
        never_moved: units with zero row and unchanged bias after the last update.
        both: units that are both.
    """

    units: int
    not_positive: int
    never_moved: int
    both: int

    @property
    def share(self) -> float:
        """The share of units whose bias starts at 0 or below."""
        return self.not_positive / self.units


@dataclass(frozen=True)
class Changes:
    """The swap with tanh units under other training.

    Attributes:
        longer: three hidden layers, gradient descent as before, for longer.
        faster: three hidden layers, a larger learning rate.
        momentum: three hidden layers, momentum 0.9.
        adam: three hidden layers, Adam.
        usual_adam: three hidden layers, Adam, from random weights and zero biases.
        deep_momentum: four hidden layers, momentum 0.9.
        deep_adam: four hidden layers, Adam.
        adam_rank: median effective rank of the matrices between hidden layers for `adam`.
        usual_adam_rank: the same for `usual_adam`.
    """

    longer: Start
    faster: Start
    momentum: Start
    adam: Start
    usual_adam: Start
    deep_momentum: Start
    deep_adam: Start
    adam_rank: float
    usual_adam_rank: float


@dataclass(frozen=True)
class TheSwap:
    """Zero weights with random biases against random weights with zero biases.

    Attributes:
        tanh: losses with tanh units.
        logistic: losses with logistic units.
        relu: losses with ReLU units.
        wave: gradients through depth, tanh.
        rank: matrices after training, tanh.
        dead: ReLU units that never move.
        changes: other optimizers, tanh.
        logistic_classes: classes of redundant units in a logistic layer with zero weights and
            random biases.
        logistic_clones: the same with zero weights and zero biases.
        units: units in each hidden layer.
        seeds: networks of each start, activation and depth.
        steps: updates of each network.
        bias_std: standard deviation of the random biases.
        learning_rate: of gradient descent.
        examples: training examples.
    """

    tanh: Depths
    logistic: Depths
    relu: Depths
    wave: Wave
    rank: Rank
    dead: DeadUnits
    changes: Changes
    logistic_classes: int
    logistic_clones: int
    units: int
    seeds: int
    steps: int
    bias_std: float = BIAS_STD
    learning_rate: float = LEARNING_RATE
    examples: int = EXAMPLES


@dataclass(frozen=True)
class Task:
    """What all networks of the page learn, and their sizes.

    Attributes:
        inputs: `(examples, features)`.
        targets: `(examples, outputs)`.
        units: units in each hidden layer.
        seeds: networks of each start.
    """

    inputs: Array
    targets: Array
    units: int
    seeds: int

    @property
    def best_constant(self) -> float:
        """The loss of an output that ignores its input, at best."""
        return float(0.5 * self.targets.var(axis=0).sum())

    def sizes(self, depth: int) -> list[int]:
        """Units per layer of a network with `depth` hidden layers."""
        return [self.inputs.shape[1], *[self.units] * depth, self.targets.shape[1]]

    def draw(
        self, rng: np.random.Generator, depth: int, weights: Initializer, biases: Initializer
    ) -> Network:
        """One tanh network per seed."""
        return Network.initialize(
            rng, self.sizes(depth), weights=weights, biases=biases, ensemble=(self.seeds,)
        )

    def start(self, losses: Array, learning_rate: float, depth: int) -> Start:
        """Losses `(steps + 1, seeds)` in units of the best constant's."""
        return Start(losses / self.best_constant, len(losses) - 1, learning_rate, depth)


def run(
    *, units: int = 16, seeds: int = 10, steps: int = 300, long_steps: int = 1000, seed: int = 0
) -> TheSwap:
    """Trains networks from both starts: full-batch gradient descent on a small regression task.

    Args:
        units: units in each hidden layer.
        seeds: networks of each start, activation and depth.
        steps: updates of each network.
        long_steps: updates of the longest run; a multiple of 10.
        seed: of the data and of the networks.
    """
    rng = np.random.default_rng(seed)
    task = Task(*teacher(rng, examples=EXAMPLES), units, seeds)
    starts = {name: [both_starts(rng, task, depth, name) for depth in DEPTHS] for name in USUAL}
    runs = {
        name: [train_both(task, network, steps) for network in networks]
        for name, networks in starts.items()
    }

    def depths(name: str) -> Depths:
        return Depths(
            *(
                Pair(*(task.start(h.losses[:, i], LEARNING_RATE, depth) for i in (0, 1)))
                for depth, h in zip(DEPTHS, runs[name])
            )
        )

    random, none = normal(BIAS_STD), zeros()
    return TheSwap(
        tanh=depths("tanh"),
        logistic=depths("logistic"),
        relu=depths("relu"),
        wave=_wave(runs["tanh"][3]),
        rank=_rank(runs["tanh"][2].network),
        dead=_dead_units(starts["relu"], [h.network for h in runs["relu"]]),
        changes=_changes(rng, task, long_steps),
        logistic_classes=_classes(rng, task, random),
        logistic_clones=_classes(rng, task, none),
        units=units,
        seeds=seeds,
        steps=steps,
    )


DEPTHS = (1, 2, 3, 4)


def both_starts(rng: np.random.Generator, task: Task, depth: int, activation: str) -> Network:
    """An ensemble `(2, seeds)`: the usual start, then the swap."""
    usual = task.draw(rng, depth, USUAL[activation], zeros())
    swap = task.draw(rng, depth, zeros(), normal(BIAS_STD))
    return Network(
        [np.stack(pair) for pair in zip(usual.weights, swap.weights)],
        [np.stack(pair) for pair in zip(usual.biases, swap.biases)],
        activation,
    )


def train_both(task: Task, network: Network, steps: int) -> History:
    """Gradient descent; observes the norm of every layer's weight gradient, `(layers, 2, seeds)`."""

    def norms(step: int, network: Network, gradients: Gradients) -> Array:
        return np.stack([np.sqrt((g * g).sum(axis=(-2, -1))) for g in gradients.weights])

    # only the deepest networks are watched at every update: watching costs time
    deepest = len(network.weights) == max(DEPTHS) + 1
    return train(
        network,
        task.inputs,
        task.targets,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=norms if deepest else None,
    )


def _wave(history: History) -> Wave:
    norms = np.stack(history.observed)
    swap = norms[:, :, 1]
    first = _first_updates(swap)
    layers = [
        LayerWave(
            first_update=float(np.median(first[layer])),
            first_gradient=float(
                np.median([swap[first[layer, k] - 1, layer, k] for k in range(swap.shape[2])])
            ),
            largest_weight=float(np.median(np.abs(weights[1]).max(axis=(-2, -1)))),
        )
        for layer, weights in enumerate(history.network.weights)
    ]
    return Wave(norms[:, :, 0], swap, *layers)


def _first_updates(norms: Array) -> np.ndarray[tuple[int, ...], np.dtype[np.intp]]:
    """The update, from 1, at which each layer of each seed first moves: `(layers, seeds)`."""
    return (norms > 0).argmax(axis=0) + 1


def _rank(network: Network) -> Rank:
    ranks = [np.asarray(effective_rank(w)) for w in network.weights]
    layers = [
        labels
        for k in range(network.ensemble[1])
        for labels in redundancy_classes(network.member(1, k))
    ]
    return Rank(
        swap_matrix=network.weights[0][1, 0],
        usual_matrix=network.weights[0][0, 0],
        swap_rank=float(max(rank[1].max() for rank in ranks)),
        usual_rank=_middle_rank(network.member_axis(0)),
        first_rank=float(np.median(ranks[0][0])),
        distinct_units=min(len(np.unique(labels)) for labels in layers),
    )
