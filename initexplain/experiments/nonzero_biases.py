"""Biases that should not start at zero: output, forget gate, ReLU, kinks; what frameworks draw."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from initexplain.checks import Array
from initexplain.experiments.curves import Curves, by_name
from initexplain.experiments.head_starts import (
    EXAMPLES,
    SINE_UNITS,
    log_prior_odds,
    mean_curves,
    prior_reach,
    prior_starts,
    sine_reach,
    sine_starts,
)
from initexplain.experiments.reach import Row
from initexplain.initializers import he_normal, lecun_normal, normal
from initexplain.losses import find_loss
from initexplain.network import Network, forward
from initexplain.optimizers import adam
from initexplain.recurrent import LSTM, lstm_gradients, memory_half_life, run_lstm

LAG = 20
"""Steps between the value and the question of the recall task."""
LONG_LAG = 50
"""The same where a forget bias of one is not enough."""
CELLS = 4
TARGET_MEAN = 5.0
"""Of the targets of the regression."""
FIRING_BIASES = {"zero": 0.0, "hundredth": 0.01, "tenth": 0.1, "one": 1.0}
PREACTIVATION = NormalDist(sigma=math.sqrt(2))
"""Of a unit without a bias, for He-normal weights and inputs of mean square one: a ReLU unit with
bias `b` fires with chance `PREACTIVATION.cdf(b)`."""
NEEDED_BIAS = PREACTIVATION.inv_cdf(0.999)
"""With which it fires on all but one in a thousand examples."""


@dataclass(frozen=True)
class Fits:
    """One network of each start on the sine, `zero` and `spread`, before and after training.

    Attributes:
        inputs: what they train on, `(examples,)`.
        targets: `(examples,)`.
        grid: inputs at which functions are drawn, `(points,)`.
        functions: by start, `(2, points)`.
        kinks: by start, inputs `-b / w` at which its units switch, `(2, units)`.
    """

    inputs: Array
    targets: Array
    grid: Array
    functions: dict[str, Array]
    kinks: dict[str, Array]


@dataclass(frozen=True)
class NonzeroBiases:
    """Five places where a bias may or should start elsewhere.

    Attributes:
        prior: cross-entropy of classifiers with rare positives, whose output bias starts at
            `zero` or at the log prior `odds`.
        positives: positive examples.
        log_odds: `-log((1 - share) / share)`.
        background: cross-entropy of a negative example at these two logits: `ln 2` and
            `-log(1 - share)`.
        catch_up: updates until the median from `zero` reaches the first loss of the `odds`.
        prior_ahead: seeds in which the `odds` are ahead after the last update.
        half_lives: biases of the forget gate of an LSTM, and the steps until its memory is
            halved by the formula, `(2, biases)`.
        measured: a few biases, and the half-lives of a cell that was run, `(2, points)`.
        gate: value of the forget gate, by its bias, 0 or 1.
        half_life: by bias.
        kept: share of the first value in the memory at the end of the lag, by bias.
        recall: losses of the recall task, by bias, or `chrono`.
        recalled: seeds that end below half the loss of guessing, `ln 2`, by bias, or `chrono`.
        recalled_later: the same for the lag `LONG_LAG`.
        mean: losses of regression, in units of the best constant output's, by optimizer and whether
            the output bias starts at `zero` or at the `mean` of the targets.
        mean_catch_up: updates until the median from `zero` reaches the first loss of the `mean`.
        firing: share of pairs of unit and example with a positive preactivation, for He-normal
            weights, by the bias's name in `FIRING_BIASES`.
        sine: losses of one-dimensional ReLU networks with the same weights, whose biases start
            at `zero` or, as torch's, `spread`: `U(-1, 1)` in the first layer (`1 / sqrt(fan_in)`).
        sine_ahead: seeds in which `spread` has the smaller loss after the last update.
        fits: one network of each start.
        prior_reach: in how many networks the log odds are ahead after the last update.
        sine_reach: on how many data sets the spread start is ahead by a tenth or more.
        torch_share: share of the bias in the variance of a preactivation under torch's default,
            by fan-in, for inputs of mean square 1.
    """

    prior: dict[str, Curves]
    positives: int
    log_odds: float
    background: dict[str, float]
    catch_up: int
    prior_ahead: int
    half_lives: Array
    measured: Array
    gate: dict[int, float]
    half_life: dict[int, float]
    kept: dict[int, float]
    recall: dict[int | str, Curves]
    recalled: dict[int | str, int]
    recalled_later: dict[int | str, int]
    mean: dict[str, dict[str, Curves]]
    mean_catch_up: dict[str, int]
    firing: dict[str, float]
    sine: dict[str, Curves]
    sine_ahead: int
    fits: Fits
    prior_reach: dict[str, Row]
    sine_reach: dict[str, Row]
    torch_share: dict[int, float]


def run(
    *,
    share: float = 0.01,
    seeds: int = 10,
    steps: int = 120,
    sine_seeds: int = 20,
    sine_steps: int = 300,
    seed: int = 0,
) -> NonzeroBiases:
    """Runs the five experiments.

    Args:
        share: of positives in the data of the classifier.
        seeds: networks per start of the classifier, the regression and the LSTM.
        steps: updates of the classifier and the LSTM.
        sine_seeds: one-dimensional networks per start.
        sine_steps: their updates.
        seed: of all data and networks.
    """
    rare = prior_starts(share, steps=steps, seeds=seeds, seed=seed)
    rng, start, inputs, targets = rare.drawn()
    prior = by_name(rare.train(start, inputs, targets, rng).losses, ("zero", "odds"))
    recall = recall_curves(rng, seeds, steps)
    recall_later = recall_curves(np.random.default_rng(seed), seeds, steps, lag=LONG_LAG)
    mean = mean_curves(mean=TARGET_MEAN, seeds=seeds, seed=seed)
    firing = firing_shares(rng, np.array(list(FIRING_BIASES.values())))
    sine, fits = sine_fits(rng, sine_seeds, sine_steps)
    biases, points = np.linspace(-2.0, 4.0, 61), np.arange(-2.0, 5.0)
    gate = {bias: 1 / (1 + math.exp(-bias)) for bias in (0, 1)}
    return NonzeroBiases(
        prior=prior,
        positives=round(share * EXAMPLES),
        log_odds=log_prior_odds(share),
        background={"zero": math.log(2), "odds": -math.log1p(-share)},
        catch_up=prior["zero"].catches_up(prior["odds"]),
        prior_ahead=prior["odds"].below(prior["zero"]),
        half_lives=np.stack([biases, memory_half_life(biases)]),
        measured=np.array([points, [measured_half_life(bias) for bias in points]]),
        gate=gate,
        half_life={bias: float(memory_half_life(bias)) for bias in gate},
        kept={bias: value**LAG for bias, value in gate.items()},
        recall=recall,
        recalled=_learned(recall),
        recalled_later=_learned(recall_later),
        mean=mean,
        mean_catch_up={name: of["zero"].catches_up(of["mean"]) for name, of in mean.items()},
        firing=dict(zip(FIRING_BIASES, firing.tolist(), strict=True)),
        sine=sine,
        sine_ahead=sine["spread"].below(sine["zero"]),
        fits=fits,
        prior_reach=prior_reach(),
        sine_reach=sine_reach(),
        torch_share={fan_in: torch_bias_share(fan_in) for fan_in in (1, 256)},
    )


def sine_fits(rng: np.random.Generator, seeds: int, steps: int) -> tuple[dict[str, Curves], Fits]:
    """Trains networks from both starts on one sine: their losses, and the first of each."""
    setting = sine_starts(seeds=seeds, steps=steps)
    inputs, targets = setting.data(rng)
    start = setting.start(rng, [1, SINE_UNITS, 1], inputs)
    history = setting.train(start, inputs, targets, rng)
    sine = by_name(history.losses, ("zero", "spread"))
    pairs = {
        name: Network.stack([network.member(k, 0) for network in (start, history.network)])
        for k, name in enumerate(sine)
    }
    grid = np.linspace(-2.5, 2.5, 81)
    return sine, Fits(
        inputs=inputs[:, 0],
        targets=targets[:, 0],
        grid=grid,
        functions={k: forward(pair, grid[:, None]).outputs[..., 0] for k, pair in pairs.items()},
        kinks={k: -pair.biases[0] / pair.weights[0][..., 0] for k, pair in pairs.items()},
    )


def measured_half_life(forget_bias: float) -> float:
    """Steps until the memory of a cell without weights and inputs has fallen to a half.

    Read off two steps of a cell that is run: the decay is geometric.
    """
    cell = LSTM.initialize(
        np.random.default_rng(0), 1, 1, weights=normal(0.0), forget_bias=forget_bias
    )
    memories = run_lstm(cell, np.zeros((2, 1, 1)), memory=1.0).memories[:, 0, 0]
    return math.log(2) / math.log(memories[1] / memories[2])


def recall_curves(
    rng: np.random.Generator, seeds: int, steps: int, *, lag: int = LAG, rate: float = 0.02
) -> dict[int | str, Curves]:
    """Losses of cells by the start of the forget gate's bias: 0, 1, or `chrono`.

    The first input is a sign, the inputs of the lag after it are noise of standard deviation 0.3;
    a logistic readout of the last output says which sign it was. All starts of a seed have the same
    weights and see the same fresh sequences; Adam. The last start draws the
    bias `log U(1, lag)` for each unit, and gives its negative to the input gate (Tallec and
    Ollivier, 2018, section 2).
    """
    batch = 16
    starts: tuple[int | str, ...] = (0, 1, "chrono")
    memories = np.log(rng.spawn(1)[0].uniform(1, lag, size=(seeds, CELLS)))
    weights = lecun_normal()(rng, (seeds, 4 * CELLS, 1 + CELLS))[None].repeat(len(starts), axis=0)
    biases = np.zeros((len(starts), seeds, 4 * CELLS))
    biases[1, :, CELLS : 2 * CELLS] = 1.0
    biases[2, :, : 2 * CELLS] = np.concatenate([-memories, memories], axis=-1)
    readout = lecun_normal()(rng, (seeds, 1, CELLS))[None].repeat(len(starts), axis=0)
    drawn = weights, biases, readout, np.zeros((len(starts), seeds, 1))
    parameters = [p.astype(np.float32) for p in drawn]
    optimizer = adam()
    slots = [[np.zeros_like(p) for _ in range(optimizer.slots)] for p in parameters]
    losses = np.empty((steps + 1, len(starts), seeds))
    for step in range(steps + 1):
        signs = rng.choice([-1.0, 1.0], size=(1, seeds, batch, 1))
        inputs = np.concatenate([signs, 0.3 * rng.standard_normal((lag, seeds, batch, 1))])
        labels = np.broadcast_to(signs[0] > 0, (len(starts), seeds, batch, 1)).astype(np.float32)
        losses[step], found = recall_gradients(parameters, inputs, labels)
        for k, gradient in enumerate(found):
            move = optimizer.direction(gradient, slots[k], step + 1)
            parameters[k] = parameters[k] - rate * move
    return by_name(losses, starts)


def _learned(recall: Mapping[int | str, Curves]) -> dict[int | str, int]:
    """Seeds below half the loss of guessing, by start."""
    return {start: int((c.last < math.log(2) / 2).sum()) for start, c in recall.items()}


def recall_gradients(
    parameters: Sequence[Array], inputs: Array, labels: Array
) -> tuple[Array, list[Array]]:
    """Loss, and gradients by cell weights, cell biases, readout weights and readout bias."""
    weights, biases, readout, offset = parameters
    cell = LSTM(weights, biases)
    trace = run_lstm(cell, inputs)
    last = trace.outputs[-1]
    logits = last @ np.swapaxes(readout, -1, -2) + offset[..., None, :]
    loss, error = find_loss("logistic").evaluate(logits, labels)
    by_weights, by_biases = lstm_gradients(cell, trace, error @ readout)
    by_readout = np.swapaxes(error, -1, -2) @ last
    return loss, [by_weights, by_biases, by_readout, error.sum(axis=-2)]


def firing_shares(
    rng: np.random.Generator, biases: Array, *, features: int = 64, units: int = 400
) -> Array:
    """Share of firing units for each bias: He-normal weights, as many normal inputs as units.

    With every input comes its negative, so that the share at bias 0 is a half without error.

    Returns:
        `(biases,)`.
    """
    weights = he_normal()(rng, (units, features))
    z = rng.standard_normal((units // 2, features)) @ weights.T
    both = np.concatenate([z, -z])
    return np.array([float((both + bias > 0).mean()) for bias in biases])


def torch_bias_share(fan_in: int) -> float:
    """Share of the bias in the variance of a preactivation under torch's default `Linear`.

    Weights and biases are `U(-1/sqrt(fan_in), 1/sqrt(fan_in))`: on inputs of mean square 1 the
    weights contribute `1/3`, the bias `1 / (3 fan_in)`.

    Examples:
        >>> torch_bias_share(1), torch_bias_share(3)
        (0.5, 0.25)
    """
    return 1 / (fan_in + 1)
