"""The swap: zero weights and random biases, beside random weights and zero biases."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, he_normal, lecun_normal, normal, zeros
from initexplain.losses import best_constant_loss
from initexplain.network import Gradients, Network
from initexplain.symmetry import effective_rank, redundancy_classes
from initexplain.training import History, train

LEARNING_RATE = 0.1
BIAS_STD = 0.5
ADAM_RATE = 0.01
EXAMPLES = 32
DEPTHS = (1, 2, 3, 4)
"""Hidden layers."""
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
    """

    losses: Array

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
    def median_update(self) -> float:
        """Median, over the seeds that learned, of the first update below half that loss.

        Infinite if no seed learned.
        """
        learned = self.losses[:, self.losses[-1] < 0.5]
        return float(np.median((learned < 0.5).argmax(axis=0))) if learned.size else np.inf


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
    """The two starts at every depth.

    Attributes:
        one: one hidden layer.
        two: two hidden layers.
        three: three hidden layers.
        four: four hidden layers.
    """

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
        return int((first_updates(self.swap) == schedule).all(axis=0).sum())

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
        distinct_units: the smallest number of classes of redundant units in a hidden layer of
            any seed of the swap, predicted from the parameters.
    """

    swap_matrix: Array
    usual_matrix: Array
    swap_rank: float
    usual_rank: float
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
class Change:
    """Networks trained in one way.

    Attributes:
        start: their losses.
        updates: updates of each network.
        learning_rate: the step size.
        rank: median effective rank of the matrices between hidden layers after training.
    """

    start: Start
    updates: int
    learning_rate: float
    rank: float


@dataclass(frozen=True)
class Changes:
    """The swap with tanh units under other training.

    Attributes:
        longer: three hidden layers, gradient descent as before, for longer.
        faster: three hidden layers, three times the learning rate.
        momentum: three hidden layers, momentum 0.9.
        adam: three hidden layers, Adam.
        usual_adam: three hidden layers, Adam, from random weights and zero biases.
        deep_momentum: four hidden layers, momentum 0.9.
        deep_adam: four hidden layers, Adam.
    """

    longer: Change
    faster: Change
    momentum: Change
    adam: Change
    usual_adam: Change
    deep_momentum: Change
    deep_adam: Change


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
        line_loss: least loss of a linear function that depends on one direction of the input
            only, in units of the best constant's.
        linear_loss: least loss of any linear function, in the same units.
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
    line_loss: float
    linear_loss: float
    units: int
    seeds: int
    steps: int
    bias_std: float = BIAS_STD
    learning_rate: float = LEARNING_RATE
    examples: int = EXAMPLES


@dataclass(frozen=True)
class Task:
    """What all networks of the page learn, and how large they are.

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

    def draw(
        self,
        rng: np.random.Generator,
        depth: int,
        weights: Initializer,
        biases: Initializer,
        activation: str = "tanh",
    ) -> Network:
        """Networks with `depth` hidden layers, one per seed."""
        sizes = [self.inputs.shape[1], *[self.units] * depth, self.targets.shape[1]]
        return Network.initialize(
            rng,
            sizes,
            weights=weights,
            biases=biases,
            activation=activation,
            ensemble=(self.seeds,),
        )

    def start(self, losses: Array) -> Start:
        """Losses `(steps + 1, seeds)`, measured by the loss of the best constant output."""
        return Start(losses / best_constant_loss(self.targets))


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
    depths = {
        name: Depths(*(_pair(task, history) for history in histories))
        for name, histories in runs.items()
    }
    line_loss, linear_loss = linear_losses(task.inputs, task.targets)
    return TheSwap(
        tanh=depths["tanh"],
        logistic=depths["logistic"],
        relu=depths["relu"],
        wave=_wave(runs["tanh"][-1]),
        rank=_rank(runs["tanh"][2].network),
        dead=_dead_units(starts["relu"], [history.network for history in runs["relu"]]),
        changes=_changes(rng, task, long_steps),
        logistic_classes=_logistic_classes(rng, task, normal(BIAS_STD)),
        logistic_clones=_logistic_classes(rng, task, zeros()),
        line_loss=line_loss,
        linear_loss=linear_loss,
        units=units,
        seeds=seeds,
        steps=steps,
    )


def both_starts(rng: np.random.Generator, task: Task, depth: int, activation: str) -> Network:
    """An ensemble `(2, seeds)`: the usual start, then the swap."""
    usual = task.draw(rng, depth, USUAL[activation], zeros(), activation)
    swap = task.draw(rng, depth, zeros(), normal(BIAS_STD), activation)
    return Network.stack([usual, swap])


def train_both(task: Task, network: Network, steps: int) -> History:
    """Gradient descent; the deepest networks are observed, for `_wave`."""

    def norms(_step: int, _network: Network, gradients: Gradients) -> Array:
        return np.stack([np.sqrt((g * g).sum(axis=(-2, -1))) for g in gradients.weights])

    deepest = len(network.weights) == len(DEPTHS) + 1
    return train(
        network,
        task.inputs,
        task.targets,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=norms if deepest else None,
    )


def _pair(task: Task, history: History) -> Pair:
    return Pair(task.start(history.losses[:, 0]), task.start(history.losses[:, 1]))


def _wave(history: History) -> Wave:
    norms = np.stack(history.observed)
    swap = norms[:, :, 1]
    first = first_updates(swap)
    gradients = np.take_along_axis(swap, first[None] - 1, axis=0)[0]
    weights = [np.abs(w[1]).max(axis=(-2, -1)) for w in history.network.weights]
    layers = [
        LayerWave(*(float(np.median(values)) for values in layer))
        for layer in zip(first, gradients, weights, strict=True)
    ]
    return Wave(norms[:, :, 0], swap, *layers)


def first_updates(norms: Array) -> NDArray[np.int64]:
    """The update, counted from 1, at which each layer of each seed first moves.

    Args:
        norms: of the gradients before each update, `(steps + 1, layers, seeds)`.

    Returns:
        `(layers, seeds)`.
    """
    updates: NDArray[np.int64] = (norms > 0).argmax(axis=0) + 1
    return updates


def _rank(network: Network) -> Rank:
    usual, swap = np.stack([effective_rank(w) for w in network.weights], axis=1)
    members = [network.member(1, k) for k in range(network.ensemble[1])]
    layers = [labels for member in members for labels in redundancy_classes(member)]
    return Rank(
        swap_matrix=network.weights[0][1, 0],
        usual_matrix=network.weights[0][0, 0],
        swap_rank=float(swap.max()),
        usual_rank=float(np.median(usual[1:-1])),
        distinct_units=min(len(np.unique(labels)) for labels in layers),
    )


def _dead_units(starts: list[Network], ends: list[Network]) -> DeadUnits:
    """Counts over the hidden layers of the swap, in networks before and after training."""
    not_positive, never_moved = [], []
    for start, end in zip(starts, ends, strict=True):
        for layer in range(len(start.weights) - 1):
            bias, later = start.biases[layer][1], end.biases[layer][1]
            zero_row = (end.weights[layer][1] == 0).all(axis=-1)
            not_positive.append((bias <= 0).ravel())
            never_moved.append((zero_row & (later == bias)).ravel())
    before, after = np.concatenate(not_positive), np.concatenate(never_moved)
    return DeadUnits(before.size, int(before.sum()), int(after.sum()), int((before & after).sum()))


def _changes(rng: np.random.Generator, task: Task, steps: int) -> Changes:
    swap = task.draw(rng, 3, zeros(), normal(BIAS_STD))
    usual = task.draw(rng, 3, lecun_normal(), zeros())
    deep = task.draw(rng, 4, zeros(), normal(BIAS_STD))

    def change(
        network: Network,
        updates: int,
        learning_rate: float = LEARNING_RATE,
        optimizer: str = "sgd",
    ) -> Change:
        history = train(
            network,
            task.inputs,
            task.targets,
            steps=updates,
            learning_rate=learning_rate,
            optimizer=optimizer,
        )
        ranks = np.stack([effective_rank(w) for w in history.network.weights[1:-1]])
        start = task.start(history.losses)
        return Change(start, updates, learning_rate, float(np.median(ranks)))

    return Changes(
        longer=change(swap, steps),
        faster=change(swap, steps // 2, 3 * LEARNING_RATE),
        momentum=change(swap, steps // 2, optimizer="momentum"),
        adam=change(swap, steps // 5, ADAM_RATE, "adam"),
        usual_adam=change(usual, steps // 5, ADAM_RATE, "adam"),
        deep_momentum=change(deep, steps // 2, optimizer="momentum"),
        deep_adam=change(deep, steps // 5, ADAM_RATE, "adam"),
    )


def _logistic_classes(rng: np.random.Generator, task: Task, biases: Initializer) -> int:
    """Classes of redundant units in the first layer of one logistic network with zero weights."""
    network = task.draw(rng, 2, zeros(), biases, "logistic").member(0)
    return len(np.unique(redundancy_classes(network)[0]))


def linear_losses(inputs: Array, targets: Array) -> tuple[float, float]:
    """Least squared errors of linear functions with a constant, of rank one and of any rank.

    Both in units of the best constant's. Source: Izenman, *Reduced-rank regression for the
    multivariate linear model* (1975), section 2: of the best fit, keep the first singular value.

    Examples:
        >>> x = np.array([[-1.0, 0.0], [1.0, 0.0], [0.0, -1.0], [0.0, 1.0]])
        >>> line, linear = linear_losses(x, 2 * x + 1)
        >>> round(line, 3), round(linear, 3)
        (0.5, 0.0)
    """
    centred = inputs - inputs.mean(axis=0)
    wanted = targets - targets.mean(axis=0)
    fit = centred @ np.linalg.lstsq(centred, wanted, rcond=None)[0]
    residual = ((wanted - fit) ** 2).sum()
    dropped = (np.linalg.svd(fit, compute_uv=False)[1:] ** 2).sum()
    total = (wanted**2).sum()
    return float((residual + dropped) / total), float(residual / total)
