"""Biases that start at zero: how they leave it, and what a network without biases cannot do."""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import noisy_sine, teacher
from initexplain.experiments.curves import Curves, by_name
from initexplain.experiments.reach import Row, Task, TwoStarts, reach
from initexplain.experiments.verdicts import TRAININGS, Variations
from initexplain.initializers import constant, he_normal, lecun_normal, normal
from initexplain.losses import best_constant_loss, find_loss
from initexplain.network import Network, forward
from initexplain.passes import run_backward, run_forward
from initexplain.training import History, train

LEARNING_RATE = 0.1
CONSTANT = 0.4
BUMP_AT = 0.7
BUMP_UNITS = 16
RECORDS = 50
BIAS_STD = 0.5
"""Of the random biases with which zero biases are compared."""
TEACHER_BIASES = 1.0
"""Standard deviation of the teacher's biases in that comparison; without, it needs none."""
ROWS = {"random": lecun_normal(), "equal": constant(CONSTANT)}
"""Weights: every row its own, or all of them the same."""


@dataclass(frozen=True)
class ZeroBiases:
    """Zero biases with random and with equal rows; zero biases and no biases.

    What is kept by rows has the keys of `ROWS`; biases are the first layer's.

    Attributes:
        recorded_steps: the steps at which biases were recorded, `(records,)`.
        biases: by rows, the biases of one network, `(records, units)`.
        gradients: by rows, of the biases before the first update, `(seeds, units)`.
        distinct: by rows, seeds in which the gradients of all units differ.
        spread: by rows, largest difference after the last update, over seeds, between two biases.
        largest: by rows, median over seeds of the largest bias after the last update.
        losses: by rows.
        inputs: of the bump, `(examples,)`, an even grid around 0.
        targets: the bump, `(examples,)`.
        outputs: of one network trained on it `with` biases that start at 0, and one `without`
            biases, `(examples,)`.
        bump: losses on it, `with` and `without` biases.
        least_loss: the least loss of an odd function: half the mean square of the targets' even
            part, `(y(x) + y(-x)) / 2`.
        compared: losses on a teacher with biases, in units of the best constant output's, of the
            same weights with biases that start at `zero` or `random`, or with `none`.
        odd: losses on an odd task, in units of the best constant output's, of the same weights with
            biases that start at `zero` or `random`; three times the updates of the bump.
        odd_ahead: seeds in which the random ones end lower.
        odd_bias: the largest hidden bias of any seed after it, of those that started at 0.
        reach: in how many networks zero biases end within twice the loss of random ones.
    """

    recorded_steps: Array
    biases: dict[str, Array]
    gradients: dict[str, Array]
    distinct: dict[str, int]
    spread: dict[str, float]
    largest: dict[str, float]
    losses: dict[str, Curves]
    inputs: Array
    targets: Array
    outputs: dict[str, Array]
    bump: dict[str, Curves]
    least_loss: float
    compared: dict[str, Curves]
    odd: dict[str, Curves]
    odd_ahead: int
    odd_bias: float
    reach: dict[str, Row]


def random_biases(rng: np.random.Generator, zero: Network) -> list[Array]:
    """The other biases of `TwoStarts`: normal ones."""
    return [normal(BIAS_STD)(rng, b.shape).astype(zero.dtype) for b in zero.biases]


def odd_sine(_rng: np.random.Generator) -> Task:
    """One period of a sine on an even grid around 0: with each example comes its negative."""
    x = np.linspace(-2.0, 2.0, 32)[:, None]
    return x, np.sin(np.pi / 2 * x)


def as_good(setting: TwoStarts) -> Array:
    """Whether zero biases end within twice the loss of random ones, `(seeds,)`."""
    trial = setting.trained(losses_every=setting.steps)
    zero, random = trial.losses[-1]
    return trial.judged(zero < 2 * random)


def compared(base: TwoStarts) -> dict[str, Curves]:
    """Losses from zero, from random and without biases: see `ZeroBiases`."""
    trial = base.trained()
    start, task = trial.start, (trial.inputs, trial.targets)
    zero = start.with_parameters([w[0] for w in start.weights], [b[0] for b in start.biases])
    without, _ = train_without_biases(zero, *task, base.steps, base.learning_rate)
    return {
        **by_name(trial.losses, ("zero", "random")),
        "none": Curves(without / best_constant_loss(trial.targets)),
    }


def on_odd_data(base: TwoStarts, steps: int) -> tuple[dict[str, Curves], float]:
    """Losses on a sine from zero and from random biases, and the largest bias from zero ones.

    In double precision, to see how far rounding moves what should not move.
    """
    odd = replace(base, data=odd_sine, steps=steps, dtype=np.float64)
    trial = odd.trained(losses_every=max(steps, 1))
    largest = np.abs(trial.history.network.biases[0][0]).max()
    return by_name(trial.losses, ("zero", "random")), float(largest)


def comparison_reach(base: TwoStarts) -> dict[str, Row]:
    """Asks under other training and on other data whether zero biases are as good as random."""
    (units,) = base.hidden
    biased, twice = (partial(teacher, biases=k * TEACHER_BIASES) for k in (1, 2))
    relu = {"activation": "relu", "weights": he_normal()}
    variations: Variations = {
        "odd": ("a teacher without biases", {"data": teacher}),
        "large": ("twice the teacher's biases", {"data": twice}),
        "data": ("a second data set", {"seed": base.seed + 1}),
        "third": ("a third data set", {"seed": base.seed + 2}),
        "deep": ("three hidden layers", {"hidden": (units,) * 3}),
        "wide": ("four times as many units", {"hidden": (4 * units,)}),
        "relu": ("ReLU units, He's weights", relu),
        "logistic": ("logistic units", {"activation": "logistic"}),
        "short": ("{steps} updates", {"steps": base.steps // 3}),
        "late": ("{steps:,} updates", {"steps": 5 * base.steps}),
        **{name: TRAININGS[name] for name in ("batches", "momentum", "adam")},
        "few": ("eight examples", {"data": partial(biased, examples=8)}),
        "one": ("one feature", {"data": partial(biased, features=1, outputs=1)}),
        "sine": ("one feature, a sine, ReLU units", {**relu, "data": noisy_sine}),
    }
    return reach(as_good, base, variations)


def run(
    *, units: int = 6, seeds: int = 10, steps: int = 300, bump_steps: int = 1000, seed: int = 0
) -> ZeroBiases:
    """Trains tanh networks with one hidden layer, full-batch, learning rate 0.1.

    The `steps` are a multiple of 50.
    """
    rng = np.random.default_rng(seed)
    histories = with_biases_observed(rng, units, seeds, steps)
    first = {rows: history.observed[0][1] for rows, history in histories.items()}
    ends = {rows: history.network.biases[0] for rows, history in histories.items()}
    x = np.linspace(-2.0, 2.0, 41)[:, None]
    y = np.exp(-2.0 * (x - BUMP_AT) ** 2)
    start = Network.initialize(rng, [1, BUMP_UNITS, 1], weights=lecun_normal(), ensemble=(seeds,))
    bump = train(start, x, y, steps=bump_steps, learning_rate=LEARNING_RATE)
    odd_losses, odd = train_without_biases(start, x, y, bump_steps, LEARNING_RATE)
    fitted = {"with": bump.network, "without": odd}
    base = TwoStarts(
        weights=lecun_normal(),
        hidden=(BUMP_UNITS,),
        data=partial(teacher, biases=TEACHER_BIASES),
        others=random_biases,
        steps=steps,
        seeds=seeds,
        seed=seed,
        dtype=np.float32,
    )
    odd_data, odd_bias = on_odd_data(base, 3 * bump_steps)
    return ZeroBiases(
        recorded_steps=np.arange(0.0, steps + 1, steps // RECORDS),
        biases={rows: np.stack([b[0] for b, _ in h.observed]) for rows, h in histories.items()},
        gradients=first,
        distinct={rows: all_distinct(gradients) for rows, gradients in first.items()},
        spread={rows: float(np.ptp(b, axis=1).max()) for rows, b in ends.items()},
        largest={rows: float(np.median(np.abs(b).max(axis=1))) for rows, b in ends.items()},
        losses={rows: Curves(history.losses) for rows, history in histories.items()},
        inputs=x[:, 0],
        targets=y[:, 0],
        outputs={name: forward(end, x).outputs[0, :, 0] for name, end in fitted.items()},
        bump={"with": Curves(bump.losses), "without": Curves(odd_losses)},
        least_loss=float(0.5 * (((y + y[::-1]) / 2) ** 2).mean()),
        compared=compared(base),
        odd=odd_data,
        odd_ahead=odd_data["random"].below(odd_data["zero"]),
        odd_bias=odd_bias,
        reach=comparison_reach(base),
    )


def with_biases_observed(
    rng: np.random.Generator, units: int, seeds: int, steps: int
) -> dict[str, History]:
    """Training from each of `ROWS`: what is observed are the first layer's biases and gradients."""
    inputs, targets = teacher(rng)
    sizes = [inputs.shape[1], units, targets.shape[1]]
    return {
        rows: train(
            Network.initialize(rng, sizes, weights=weights, ensemble=(seeds,)),
            inputs,
            targets,
            steps=steps,
            learning_rate=LEARNING_RATE,
            observe=lambda _, network, slopes: (network.biases[0], slopes.biases[0]),
            observe_every=steps // RECORDS,
        )
        for rows, weights in ROWS.items()
    }


def all_distinct(gradients: Array) -> int:
    """Seeds in which no two units' gradients agree, of `(seeds, units)`."""
    gaps = np.diff(np.sort(gradients, axis=1), axis=1)
    return int((gaps > 1e-9 * np.abs(gradients).max()).all(axis=1).sum())


def train_without_biases(
    network: Network, inputs: Array, targets: Array, steps: int, learning_rate: float
) -> tuple[Array, Network]:
    """Gradient descent on the weights alone: the biases stay where they are.

    Returns:
        The losses, `(steps + 1, ...)`, and the trained network.
    """
    weights, losses = network.weights, []
    for step in range(steps + 1):
        trace = run_forward(weights, network.biases, network.activation, inputs)
        loss, error = find_loss("squared_error").evaluate(trace.outputs, targets)
        losses.append(loss)
        if step < steps:
            slopes = run_backward(weights, network.activation, inputs, trace, error).weights
            pairs = zip(weights, slopes, strict=True)
            weights = tuple(w - learning_rate * g for w, g in pairs)
    return np.stack(losses), network.with_parameters(weights, network.biases)
