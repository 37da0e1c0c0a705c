"""What ends redundancy: noise and its growth, optimizers, dropout, rounding."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import noisy_sine, teacher
from initexplain.experiments.redundancy import (
    Layout,
    SignedClasses,
    observed_classes,
    planted_network,
    same_classes,
    side_by_side,
)
from initexplain.initializers import Initializer, lecun_normal
from initexplain.network import Network, forward
from initexplain.optimizers import Optimizer, adam, momentum, sgd
from initexplain.training import train

LEARNING_RATE = 0.1
UNITS = 6
# rows that start within a tenth of this are taken for separate once they differ by it
SEPARATE = 0.5
EVERY = 10


@dataclass(frozen=True)
class NoisyClones:
    """Clones that start with a little noise, trained on one task.

    Attributes:
        scales: standard deviations of the noise, `(scales,)`.
        spreads: largest difference between the rows of two units at every tenth update,
            `(records, scales, seeds)`.
        losses: after the last update, `(scales, seeds)`.
        random_loss: of LeCun-normal weights after the last update, median over the seeds.
    """

    scales: Array
    spreads: Array
    losses: Array
    random_loss: float

    @property
    def seeds(self) -> int:
        """Networks per scale."""
        return int(self.spreads.shape[2])

    @property
    def separation(self) -> Array:
        """Updates until the rows differ by 0.5, `(scales, seeds)`; infinite if they never do.

        Between two records the logarithm of the spread is taken to grow evenly.
        """
        late = np.maximum.accumulate(self.spreads, axis=0) >= SEPARATE
        after = late.argmax(axis=0)
        at = np.maximum(after, 1)
        logs = np.log(self.spreads)
        before, then = (np.take_along_axis(logs, i[None], axis=0)[0] for i in (at - 1, at))
        share = (np.log(SEPARATE) - before) / np.where(then > before, then - before, 1)
        updates = np.where(after > 0, EVERY * (at - 1 + share), 0.0)
        return np.where(late[-1], updates, np.inf)

    @property
    def smallest_scale(self) -> float:
        """The smallest noise."""
        return float(self.scales.min())

    @property
    def largest_scale(self) -> float:
        """The largest noise."""
        return float(self.scales.max())

    @property
    def closer_with_least(self) -> int:
        """Seeds in which, with the smallest noise, rows end closer together than they began."""
        least = self.spreads[:, self.scales.argmin()]
        return int((least[-1] < least[0]).sum())

    @property
    def apart_with_most(self) -> int:
        """Seeds in which, with the largest noise, rows end farther apart than they began."""
        most = self.spreads[:, self.scales.argmax()]
        return int((most[-1] > most[0]).sum())

    @property
    def loss_with_least(self) -> float:
        """Median final loss with the smallest noise."""
        return float(np.median(self.losses[self.scales.argmin()]))

    @property
    def loss_with_most(self) -> float:
        """Median final loss with the largest noise."""
        return float(np.median(self.losses[self.scales.argmax()]))


@dataclass(frozen=True)
class Growth:
    """How a small difference between clones grows, from second derivatives along their path.

    Attributes:
        decades: growth since the start, in powers of ten, at every tenth update, `(records,)`.
    """

    decades: Array

    @property
    def total(self) -> float:
        """Growth over all updates, in powers of ten."""
        return float(self.decades[-1])

    def updates(self, decades: float) -> float:
        """Updates that this much growth takes."""
        return float(np.interp(decades, self.decades, EVERY * np.arange(len(self.decades))))

    def after(self, updates: float) -> float:
        """Growth after this many updates, in powers of ten."""
        return float(np.interp(updates, EVERY * np.arange(len(self.decades)), self.decades))


@dataclass(frozen=True)
class Kept:
    """In how many planted networks the classes are still there after training.

    Attributes:
        copies: units with equal rows, biases and outgoing weights.
        sums: units whose rows and columns agree in class sums only.
        mirrored: units with opposite rows, biases and outgoing weights.
        silent: units with zero weights.
        cancelling: silent units with weights that cancel each other.
    """

    copies: int
    sums: int
    mirrored: int
    silent: int
    cancelling: int


@dataclass(frozen=True)
class Rounding:
    """Rows that are equal bit for bit, on the machine that runs this.

    Attributes:
        widths: hidden units.
        product_spread: largest difference between equal rows after one product by BLAS, for ten
            random errors, in units of the last place of the largest entry, `(widths,)`.
        einsum_spread: the same by `numpy.einsum` without BLAS.
        spreads: largest difference between rows at every tenth update of BLAS training,
            `(records, widths)`.
        einsum_trained_spread: the same after training by `numpy.einsum`, `(widths,)`.
        einsum_steps: updates of that training.
    """

    widths: tuple[int, ...]
    product_spread: Array
    einsum_spread: Array
    spreads: Array
    einsum_trained_spread: Array
    einsum_steps: int

    @property
    def sizes(self) -> int:
        """Widths that were tried."""
        return len(self.widths)

    @property
    def einsum_equal(self) -> int:
        """Widths whose rows stay equal bit for bit when `numpy.einsum` does the products."""
        return int(((self.einsum_spread == 0) & (self.einsum_trained_spread == 0)).sum())


@dataclass(frozen=True)
class BreakingSymmetry:
    """What noise, optimizers, dropout and rounding do to redundant units.

    Attributes:
        noise: noisy clones on the teacher's task, where differences grow.
        sine: noisy clones on the sine, where small differences do not.
        growth: predicted growth on the teacher's task.
        sine_growth: predicted growth on the sine.
        sgd: classes kept by full-batch gradient descent.
        batches: by gradient descent on mini-batches.
        momentum: by momentum.
        decay: by gradient descent with weight decay.
        adam: by Adam.
        adamw: by Adam with decoupled decay.
        adam_l2: by Adam with an L2 penalty in the loss.
        dropout: by gradient descent with dropout.
        planted: networks per entry.
        planted_steps: updates of each of them.
        rounding: bit-equal rows on this machine.
        units: hidden units of the noisy clones.
        steps: updates of the noisy clones.
        constant_value: their common weight without noise.
    """

    noise: NoisyClones
    sine: NoisyClones
    growth: Growth
    sine_growth: Growth
    sgd: Kept
    batches: Kept
    momentum: Kept
    decay: Kept
    adam: Kept
    adamw: Kept
    adam_l2: Kept
    dropout: Kept
    planted: int
    planted_steps: int
    rounding: Rounding
    units: int
    steps: int
    constant_value: float

    @property
    def updates_per_decade(self) -> float:
        """Further updates until separation for ten times less noise, measured: 1e-4 to 1e-10."""
        few, many = (self._median_separation(scale) for scale in (1e-4, 1e-10))
        return (many - few) / 6

    @property
    def predicted_per_decade(self) -> float:
        """The same from the second derivatives, counted from where noise of 1e-4 separates."""
        few = self._median_separation(1e-4)
        return (self.growth.updates(self.growth.after(few) + 6) - few) / 6

    @property
    def predicted_share(self) -> float:
        """Predicted over measured updates per decade."""
        return self.predicted_per_decade / self.updates_per_decade

    @property
    def slowest(self) -> float:
        """Median updates until separation with noise 1e-10."""
        return self._median_separation(1e-10)

    @property
    def fastest(self) -> float:
        """Median updates until separation with noise 1e-2."""
        return self._median_separation(1e-2)

    def _median_separation(self, scale: float) -> float:
        at = int(np.abs(np.log(self.noise.scales / scale)).argmin())
        return float(np.median(self.noise.separation[at]))


@dataclass(frozen=True)
class Rule:
    """A way to train.

    Attributes:
        optimizer: with its settings.
        learning_rate: step size.
        batch_size: examples per update; all if None.
        dropout: chance of a hidden unit to be left out.
    """

    optimizer: Optimizer = field(default_factory=sgd)
    learning_rate: float = 0.05
    batch_size: int | None = None
    dropout: float = 0.0


RULES: Mapping[str, Rule] = {
    "sgd": Rule(),
    "batches": Rule(batch_size=16),
    "momentum": Rule(momentum(), 0.01),
    "decay": Rule(sgd(weight_decay=0.1)),
    "adam": Rule(adam(), 0.01),
    "adamw": Rule(adam(weight_decay=0.1), 0.01),
    "adam_l2": Rule(adam(l2=0.1), 0.01),
    "dropout": Rule(dropout=0.2),
}
"""Ways to train, by name."""


def run(
    *, steps: int = 800, planted: int = 10, planted_steps: int = 50, seed: int = 0
) -> BreakingSymmetry:
    """Trains noisy clones, planted networks under every rule, and rows that are bit-equal.

    Args:
        steps: updates of the noisy clones, full batch, learning rate 0.1.
        planted: networks for each rule and kind of class.
        planted_steps: their updates.
        seed: of data, noise and planted networks.
    """
    rng = np.random.default_rng(seed)
    value = 0.4
    task, sine = teacher(rng), noisy_sine(rng)
    return BreakingSymmetry(
        noise=_noisy_clones(
            rng, *task, scales=10.0 ** -np.arange(2, 11, 2), seeds=5, steps=steps, value=value
        ),
        sine=_noisy_clones(
            rng,
            *sine,
            scales=10.0 ** np.array([-3, -2, -1, -0.5]),
            seeds=10,
            steps=steps,
            value=value,
        ),
        growth=_growth(*task, steps, value),
        sine_growth=_growth(*sine, steps, value),
        **_kept(rng, planted, planted_steps),
        planted=planted,
        planted_steps=planted_steps,
        rounding=_rounding(rng, *task, steps),
        units=UNITS,
        steps=steps,
        constant_value=value,
    )


# --- noise ----------------------------------------------------------------------------------------


def _noisy_clones(
    rng: np.random.Generator,
    inputs: Array,
    targets: Array,
    *,
    scales: Array,
    seeds: int,
    steps: int,
    value: float,
) -> NoisyClones:
    def noisy(draw: np.random.Generator, shape: tuple[int, ...]) -> Array:
        return value + scales[:, None, None, None] * draw.standard_normal(shape)

    def start(weights: Initializer, ensemble: tuple[int, ...]) -> Network:
        sizes = [inputs.shape[1], UNITS, targets.shape[1]]
        return Network.initialize(rng, sizes, weights=weights, ensemble=ensemble)

    history = train(
        start(noisy, (len(scales), seeds)),
        inputs,
        targets,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=_row_spread,
        observe_every=EVERY,
    )
    random = train(
        start(lecun_normal(), (seeds,)), inputs, targets, steps=steps, learning_rate=LEARNING_RATE
    )
    return NoisyClones(
        scales=scales,
        spreads=np.stack(history.observed),
        losses=history.losses[-1],
        random_loss=float(np.median(random.losses[-1])),
    )


def _row_spread(_step: int, network: Network, _gradients: object) -> Array:
    """Largest difference between rows of the first matrix, of the ensemble's shape."""
    return np.asarray(np.ptp(network.weights[0], axis=-2).max(axis=-1))


def separation_hessian(clones: Network, inputs: Array, targets: Array) -> Array:
    """Second derivatives of the loss for differences between tanh clones.

    Let the incoming weights and bias of clone `i` change by `u_i` and its outgoing weights by
    `y_i`, with sums 0 over the clones. The outputs do not change to first order, and the loss
    changes by half the sum over clones of `(u_i, y_i) H (u_i, y_i)`, where, with `d` the error
    and `x` the input with a 1 for the bias, `H = [[A, B], [B', 0]]`,
    `A = sum (v . d) f''(z) x x'`, `B = sum f'(z) x d'`.

    Args:
        clones: one hidden layer of tanh units with equal parameters.
        inputs: `(examples, features)`.
        targets: `(examples, outputs)`.

    Returns:
        `H`, square, of size features + 1 + outputs.

    Source: the block form follows Fukumizu and Amari, *Local minima and plateaus in hierarchical
    structures of multilayer perceptrons* (2000).
    """
    trace = forward(clones, inputs)
    x = np.hstack([inputs, np.ones((len(inputs), 1))])
    a, error = trace.activations[0][:, 0], (trace.outputs - targets) / len(inputs)
    slope = 1 - a * a
    curved = (error @ clones.weights[1][:, 0]) * (-2 * a * slope)
    upper, mixed = (x * curved[:, None]).T @ x, (x * slope[:, None]).T @ error
    outputs = targets.shape[1]
    return np.block([[upper, mixed], [mixed.T, np.zeros((outputs, outputs))]])


def _growth(inputs: Array, targets: Array, steps: int, value: float) -> Growth:
    """Growth of the fastest difference along the path of the clones."""

    def rate(_step: int, clones: Network, _gradients: object) -> float:
        lowest = np.linalg.eigvalsh(separation_hessian(clones, inputs, targets))[0]
        return float(np.log10(1 - LEARNING_RATE * lowest))

    features, outputs = inputs.shape[1], targets.shape[1]
    start = Network(
        [np.full((UNITS, features), value), np.full((outputs, UNITS), value)],
        [np.zeros(UNITS), np.zeros(outputs)],
    )
    rates = train(
        start,
        inputs,
        targets,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=rate,
        observe_every=EVERY,
    ).observed
    # rates at the middle of each stretch of ten updates
    between = EVERY * (np.array(rates[:-1]) + rates[1:]) / 2
    return Growth(np.concatenate([[0.0], np.cumsum(between)]))


# --- optimizers -----------------------------------------------------------------------------------


def _layout(lower: list[int], upper: list[int]) -> Layout:
    """The first three units of hidden layer 1 and the first two of layer 2 share a class.

    The other three units of layer 1 are redundant, too, so that what a silent unit gets can cancel:
    three weights, which cancel up to rounding only, where two would cancel exactly.

    Args:
        lower: signs of the three.
        upper: signs of the two.
    """
    labels = [[0, 1, 2], [0, 0, 0, 1, 1, 1], [0, 0, 1, 2], [0, 1]]
    return Layout.of(labels, [[1, 1, 1], [*lower, 1, 1, 1], [*upper, 1, 1], [1, 1]])


def _first_class(classes: list[SignedClasses]) -> list[SignedClasses]:
    """Labels and signs of the units that `_layout` puts into one class."""
    return [
        (labels[:size], signs[:size]) for size, (labels, signs) in zip((3, 2), classes, strict=True)
    ]


KINDS: Mapping[str, tuple[Layout, float]] = {
    "copies": (_layout([1, 1, 1], [1, 1]), 0.0),
    "sums": (_layout([1, 1, 1], [1, 1]), 1.0),
    "mirrored": (_layout([1, -1, 1], [1, -1]), 0.0),
    "silent": (_layout([0, 0, 0], [0, 0]), 0.0),
    "cancelling": (_layout([0, 0, 0], [0, 0]), 1.0),
}
"""Kinds of classes: the layout, and how unequal the weights inside a block are."""


def _kept(rng: np.random.Generator, planted: int, steps: int) -> dict[str, Kept]:
    inputs, targets = teacher(rng, features=3)
    networks = {
        kind: [planted_network(rng, layout, "tanh", unequal=unequal) for _ in range(planted)]
        for kind, (layout, unequal) in KINDS.items()
    }

    def survivors(rule: Rule, kind: str) -> int:
        random = rule.batch_size is not None or rule.dropout > 0
        after = train(
            side_by_side(networks[kind]),
            inputs,
            targets,
            steps=steps,
            learning_rate=rule.learning_rate,
            optimizer=rule.optimizer,
            batch_size=rule.batch_size,
            dropout=rule.dropout,
            rng=rng if random else None,
        ).network
        wanted = _first_class(KINDS[kind][0].hidden)
        return sum(
            same_classes(_first_class(observed_classes(after.member(i), inputs)), wanted)
            for i in range(planted)
        )

    return {
        name: Kept(**{kind: survivors(rule, kind) for kind in KINDS})
        for name, rule in RULES.items()
    }


# --- rounding -------------------------------------------------------------------------------------

WIDTHS = tuple(range(2, 18))
TRAINED_WIDTHS = 6
EINSUM_STEPS = 100
ERRORS = 10


def _rounding(rng: np.random.Generator, inputs: Array, targets: Array, steps: int) -> Rounding:
    errors = rng.standard_normal((ERRORS, len(inputs), 1))
    equal = {units: [np.tile(error, units) for error in errors] for units in WIDTHS}
    return Rounding(
        widths=WIDTHS,
        product_spread=np.array(
            [max(_last_places(d.T @ inputs) for d in ds) for ds in equal.values()]
        ),
        einsum_spread=np.array(
            [
                max(_last_places(_einsum("eu,ef->uf", d, inputs)) for d in ds)
                for ds in equal.values()
            ]
        ),
        spreads=np.stack(
            [_clone_spreads(inputs, targets, n, steps) for n in WIDTHS[:TRAINED_WIDTHS]], axis=1
        ),
        einsum_trained_spread=np.array(
            [_einsum_trained_spread(inputs, targets, n) for n in WIDTHS]
        ),
        einsum_steps=EINSUM_STEPS,
    )


def _last_places(product: Array) -> float:
    """Largest difference between rows, in units of the last place of the largest entry."""
    return float(np.ptp(product, axis=0).max() / np.spacing(np.abs(product).max()))


def _clone_spreads(inputs: Array, targets: Array, units: int, steps: int) -> Array:
    """Row spread of bit-equal clones at every tenth update, `(records,)`."""
    w, v = np.full((units, inputs.shape[1]), 0.4), np.full((targets.shape[1], units), 2.4 / units)
    history = train(
        Network([w, v], [np.zeros(units), np.zeros(len(v))]),
        inputs,
        targets,
        steps=steps,
        learning_rate=LEARNING_RATE,
        observe=_row_spread,
        observe_every=EVERY,
    )
    return np.stack(history.observed)


def _einsum(subscripts: str, *arrays: Array) -> Array:
    """A product that adds in the same order for every row: no BLAS."""
    return np.asarray(np.einsum(subscripts, *arrays, optimize=False))


def _einsum_trained_spread(inputs: Array, targets: Array, units: int) -> float:
    """Row spread of bit-equal tanh clones after gradient descent without BLAS."""
    w, v = np.full((units, inputs.shape[1]), 0.4), np.full((targets.shape[1], units), 2.4 / units)
    b, c = np.zeros(units), np.zeros(len(v))
    for _ in range(EINSUM_STEPS):
        a = np.tanh(_einsum("ef,uf->eu", inputs, w) + b)
        error = (_einsum("eu,ou->eo", a, v) + c - targets) / len(inputs)
        delta = _einsum("eo,ou->eu", error, v) * (1 - a * a)
        w, b = w - LEARNING_RATE * _einsum("eu,ef->uf", delta, inputs), b - 0.1 * delta.sum(axis=0)
        v, c = v - LEARNING_RATE * _einsum("eo,eu->ou", error, a), c - 0.1 * error.sum(axis=0)
    return float(np.ptp(w, axis=0).max())
