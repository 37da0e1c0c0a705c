"""Redundancy predicted from the parameters and measured after training, for many starts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.degenerate import given_starts
from initexplain.experiments.planted import (
    BIAS_STD,
    TOLERANCE,
    class_network,
    layout_of,
    observed_classes,
    planted_network,
    random_layout,
    same_classes,
)
from initexplain.experiments.reach import Row, Setting, Task, reach
from initexplain.experiments.verdicts import Variations
from initexplain.initializers import Initializer, constant, lecun_normal, normal, zeros
from initexplain.network import Network
from initexplain.optimizers import Optimizer, adam, momentum, sgd
from initexplain.symmetry import (
    Labels,
    SignedClasses,
    redundancy_classes,
    signed_redundancy_classes,
)
from initexplain.training import train

Starts = dict[str, list[SignedClasses]]
"""Labels and signs of every hidden layer, by name of the start."""

LEARNING_RATE = 0.1
FEATURES = 3

DECAYS = {"none": 0.0, "weak": 0.06, "strong": 0.2}
MERGING_UNITS = 16
"""Units of the networks that training merges."""
MERGING_RATE = 0.5
MERGING_EVERY = 500
"""Updates between two counts."""


@dataclass(frozen=True, kw_only=True)
class PlantedStart(Setting):
    """Networks with a random partition each; if not `planted`, random ones.

    Rows of a class differ by about `unequal`; at 0 its units are copies.
    """

    planted: bool = True
    unequal: float = 1.0

    def start(self, rng: np.random.Generator, sizes: Sequence[int], inputs: Array) -> Network:
        """Draws a partition and a network for every seed."""
        drawn = super().start(rng, sizes, inputs)
        if not self.planted:
            return drawn
        odd = drawn.activation.odd
        layouts = [random_layout(rng, sizes, signed=odd) for _ in range(self.seeds)]
        activation, unequal = self.activation, self.unequal
        return Network.stack(
            [planted_network(rng, of, activation, unequal=unequal) for of in layouts]
        )


def predicted_is_measured(setting: Setting) -> Array:
    """Whether the classes before training are those that activations show after it, `(seeds,)`."""
    trial = setting.trained()
    same = []
    for i in range(setting.seeds):
        before, after = trial.start.member(i), trial.history.network.member(i)
        predicted = signed_redundancy_classes(
            before, inputs=trial.inputs, targets=trial.targets, loss=trial.loss
        )
        same.append(same_classes(predicted, observed_classes(after, trial.inputs)))
    return trial.judged(np.array(same))


def _chances(rng: np.random.Generator) -> Task:
    """The teacher's answers as chances that are independent."""
    inputs, targets = teacher(rng)
    return inputs, 1 / (1 + np.exp(-targets))


def _shares(rng: np.random.Generator) -> Task:
    """The teacher's answers as chances of three classes."""
    inputs, targets = teacher(rng, outputs=3)
    shares = np.exp(targets)
    return inputs, shares / shares.sum(axis=1, keepdims=True)


CHANGES: Variations = {
    "random": ("nothing planted", {"planted": False}),
    "deep": ("a third hidden layer", {"hidden": (8, 6, 6)}),
    "batches": ("batches of {batch_size}", {"batch_size": 8}),
    "momentum": ("momentum", {"optimizer": momentum(), "learning_rate": 0.01}),
    "decay": ("weight decay of 0.1", {"optimizer": sgd(weight_decay=0.1)}),
    "adam": ("Adam", {"optimizer": adam(), "learning_rate": 0.01}),
    "longer": ("2,000 updates", {"steps": 2000}),
    "copies": ("2,000 updates, copies", {"steps": 2000, "unequal": 0.0}),
    "two": ("two examples", {"data": partial(teacher, examples=2)}),
    "chances": ("logistic loss", {"data": _chances, "loss": "logistic"}),
    "shares": ("softmax", {"data": _shares, "loss": "softmax_cross_entropy"}),
    "logistic": ("logistic units", {"activation": "logistic"}),
    "gelu": ("GELU units", {"activation": "gelu"}),
    "selu": ("SELU units", {"activation": "selu"}),
    "leaky_relu": ("leaky ReLU units", {"activation": "leaky_relu"}),
    "relu": ("ReLU units", {"activation": "relu"}),
    "identity": ("linear units", {"activation": "identity", "learning_rate": 0.03}),
}


@dataclass(frozen=True)
class Redundancy:
    """Predicted and measured classes of a gallery of starts and of random planted partitions.

    Attributes:
        worked: the network of the example on paper.
        worked_classes: its classes, per hidden layer.
        worked_small: the network of its classes.
        predicted: classes of each start in the gallery, from the parameters before training.
        measured: the same from the activations after training.
        starts: starts in the gallery.
        agreeing: starts whose predicted and measured classes are the same.
        given: the same for starts that are special for their data: `generic`, predicted for generic
            data; `predicted` for their own; and `measured`.
        planted_agree: of the planted partitions without signs (logistic units), how many are both
            predicted and measured after training.
        planted_signed_agree: the same with mirrored and silent units (tanh).
        rows_differ_after: updates until rows that start equal differ, if outgoing weights do.
        columns_differ_after: updates until outgoing weights that start equal differ, if rows do.
        repeated_matrix_clones: redundant units in a network that uses one random matrix twice.
        merging: classes, up to sign, that activations show every `MERGING_EVERY` updates, by
            name of the weight decay.
        reach: for how many of ten networks the predicted classes are the measured ones.
    """

    worked: Network
    worked_classes: list[Labels]
    worked_small: Network
    predicted: Starts
    measured: Starts
    starts: int
    agreeing: int
    given: dict[str, Starts]
    planted_agree: int
    planted_signed_agree: int
    rows_differ_after: int
    columns_differ_after: int
    repeated_matrix_clones: int
    merging: dict[str, list[int]]
    reach: dict[str, Row]


def worked_example() -> Network:
    """The network of the example on paper: logistic units, whole weights, no biases.

    Examples:
        >>> [int(labels.max()) + 1 for labels in redundancy_classes(worked_example())]
        [3, 2]
    """
    first = [[1.0, 2.0], [1.0, 2.0], [1.0, 2.0], [3.0, -1.0]]
    second = [[2.0, 0.0, 5.0, 1.0], [0.0, 2.0, 5.0, 1.0], [3.0, 3.0, 0.0, -1.0]]
    return Network([first, second, [[1.0, 1.0, 2.0]]], [[0.0] * 4, [0.0] * 3, [0.0]], "logistic")


def run(
    *,
    units: int = 6,
    upper_units: int = 4,
    steps: int = 100,
    planted: int = 20,
    merging_steps: int = 16000,
    seed: int = 0,
) -> Redundancy:
    """Predicts and measures the classes of every start; learning rate 0.1, two hidden layers.

    Args:
        units: units of the first hidden layer, at least 6.
        upper_units: units of the second, at least 4.
        steps: full-batch updates before classes are measured.
        planted: random planted partitions, without signs and as many with signs.
        merging_steps: updates with weight decay.
        seed: of data, networks and partitions.
    """
    rng = np.random.default_rng(seed)
    task = inputs, targets = teacher(rng, features=FEATURES)
    sizes = (FEATURES, units, upper_units, targets.shape[1])
    starts = _gallery(rng, sizes)
    predicted = {name: signed_redundancy_classes(network) for name, network in starts.items()}
    measured = {
        name: observed_classes(_trained(network, task, steps), inputs)
        for name, network in starts.items()
    }
    given: dict[str, Starts] = {"generic": {}, "predicted": {}, "measured": {}}
    for name, (network, x, y) in given_starts(rng, sizes, inputs, targets).items():
        given["generic"][name] = signed_redundancy_classes(network)
        given["predicted"][name] = signed_redundancy_classes(network, inputs=x, targets=y)
        given["measured"][name] = observed_classes(_trained(network, (x, y), steps), x)
    agree = {sign: _planted_agree(rng, planted, task, steps, signed=sign) for sign in (False, True)}
    equal_rows = starts["equal rows, outgoing weights differ"]
    equal_columns = starts["equal outgoing weights, rows differ"]
    example = worked_example()
    base = PlantedStart(weights=lecun_normal(), hidden=(8, 6), steps=steps, seed=seed)
    return Redundancy(
        worked=example,
        worked_classes=redundancy_classes(example),
        worked_small=class_network(example, redundancy_classes(example)),
        predicted=predicted,
        measured=measured,
        starts=len(starts),
        agreeing=sum(same_classes(predicted[name], measured[name]) for name in starts),
        given=given,
        planted_agree=agree[False],
        planted_signed_agree=agree[True],
        rows_differ_after=_apart_after(equal_rows, task, lambda now: now.weights[0]),
        columns_differ_after=_apart_after(equal_columns, task, lambda now: now.weights[1].T),
        repeated_matrix_clones=_repeated_matrix_clones(rng, units),
        merging=_merging(task, merging_steps, seed),
        reach=reach(predicted_is_measured, base, CHANGES),
    )


def _trained(network: Network, task: Task, steps: int) -> Network:
    return train(network, *task, steps=steps, learning_rate=LEARNING_RATE).network


def _gallery(rng: np.random.Generator, sizes: Sequence[int]) -> dict[str, Network]:
    """Networks of these sizes by what is special about them."""

    def drawn(weights: Initializer, activation: str = "tanh", biases: float = 0.0) -> Network:
        return Network.initialize(
            rng, sizes, weights=weights, biases=normal(biases), activation=activation
        )

    def planted(first: list[int], *, mirrored: Sequence[int] = ()) -> Network:
        labels = [list(range(sizes[0])), first, upper, list(range(sizes[-1]))]
        signs = [[1] * len(of_layer) for of_layer in labels]
        for unit in mirrored:
            signs[1][unit] = -1
        return planted_network(rng, layout_of(labels, signs), "tanh")

    some = drawn(lecun_normal())
    w1, w2, w3 = some.weights
    rest, upper = list(range(2, sizes[1] - 2)), [0, 0, *range(1, sizes[2] - 1)]
    # the first unit twice, the last one left out
    copied = [0, *range(sizes[1] - 1)]
    shifted = [0.5 * (np.arange(sizes[1]) == 1), *some.biases[1:]]
    return {
        "all zero, logistic": drawn(zeros(), "logistic"),
        "all zero, tanh": drawn(zeros()),
        "all weights equal": drawn(constant(0.4)),
        "equal rows, outgoing weights differ": Network(
            [np.tile(w1[0], (len(w1), 1)), w2, w3], some.biases
        ),
        "equal outgoing weights, rows differ": Network(
            [w1, np.tile(w2[:, :1], w2.shape[1]), w3], some.biases
        ),
        "one unit copied": Network([w1[copied], w2[:, copied], w3], some.biases),
        "one unit copied, biases differ": Network([w1[copied], w2[:, copied], w3], shifted),
        "rows differ, sums agree": planted([0, 0, 0, 1, *rest]),
        "a mirrored pair": planted([0, 0, 1, *rest, sizes[1] - 2], mirrored=[1]),
        "zero weights, random biases": drawn(zeros(), biases=BIAS_STD),
        "random": some,
    }


def _planted_agree(
    rng: np.random.Generator, count: int, task: Task, steps: int, *, signed: bool
) -> int:
    """For how many random layouts prediction and measurement both are the layout."""
    inputs, targets = task
    sizes = [inputs.shape[1], 8, 6, targets.shape[1]]
    activation = "tanh" if signed else "logistic"
    layouts = [random_layout(rng, sizes, signed=signed) for _ in range(count)]
    networks = [planted_network(rng, layout, activation) for layout in layouts]
    after = _trained(Network.stack(networks), task, steps)
    return sum(
        same_classes(signed_redundancy_classes(network), layout[1:-1])
        and same_classes(observed_classes(after.member(i), inputs), layout[1:-1])
        for i, (network, layout) in enumerate(zip(networks, layouts, strict=True))
    )


def _apart_after(network: Network, task: Task, rows: Callable[[Network], Array]) -> int:
    """Updates until rows of what `rows` takes from the network differ by more than rounding."""

    def spread(_step: int, now: Network, _gradients: object) -> float:
        return float(np.ptp(rows(now), axis=0).max())

    history = train(network, *task, steps=5, learning_rate=LEARNING_RATE, observe=spread)
    return int(np.argmax(np.array(history.observed) > TOLERANCE))


def _repeated_matrix_clones(rng: np.random.Generator, units: int) -> int:
    """Redundant units where two layers start from the same random square matrix."""
    square, last = lecun_normal()(rng, (units, units)), lecun_normal()(rng, (2, units))
    network = Network([square, square, last], [np.zeros(units), np.zeros(units), np.zeros(2)])
    return sum(units - len(np.unique(labels)) for labels in redundancy_classes(network))


@dataclass(frozen=True)
class _OwnDecay(Optimizer):
    """Plain descent with a weight decay of its own for each member, `(members, 1)`."""

    decays: Array = field(default_factory=lambda: np.array([list(DECAYS.values())]).T)

    def move(self, p: Array, gradient: Array, slots: Sequence[Array], step: int) -> Array:
        """What a step takes off, but for the rate."""
        return super().move(p, gradient, slots, step) + self.decays * p


def _merging(task: Task, steps: int, seed: int) -> dict[str, list[int]]:
    """Classes up to sign, as training goes on, of one hidden layer that starts random, by decay."""
    inputs, targets = task

    def classes(_step: int, now: Network, _gradients: object) -> list[int]:
        found = (observed_classes(now.member(i), inputs)[0] for i in range(len(DECAYS)))
        return [int(labels.max()) + 1 for labels, _ in found]

    sizes = [inputs.shape[1], MERGING_UNITS, targets.shape[1]]
    start = Network.initialize(np.random.default_rng(seed), sizes, weights=lecun_normal())
    optimizer = _OwnDecay(**vars(sgd()))
    how: dict[str, Any] = {"steps": steps, "learning_rate": MERGING_RATE, "optimizer": optimizer}
    how |= {"observe": classes, "observe_every": MERGING_EVERY}
    counts = train(Network.stack([start] * len(DECAYS)), *task, **how).observed
    return dict(zip(DECAYS, map(list, zip(*counts, strict=True)), strict=True))
