"""Biases that should not start at zero: output, forget gate, ReLU, kinks; what frameworks draw."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import noisy_sine
from initexplain.initializers import he_normal, lecun_normal, normal, uniform
from initexplain.losses import find_loss
from initexplain.network import Network, forward
from initexplain.optimizers import adam
from initexplain.recurrent import LSTM, lstm_gradients, memory_half_life, run_lstm
from initexplain.training import train


@dataclass(frozen=True)
class Prior:
    """A classifier of rare positives, with the output bias at 0 and at the log prior odds.

    Attributes:
        losses: cross-entropy, `(steps + 1, 2, seeds)`; zero bias first, log odds second.
        share: of positives in the data.
        log_odds: `-log((1 - share) / share)`, the bias of the second start.
        background_before: cross-entropy of a negative example at logit 0: ln 2.
        background_after: the same at the log odds: `-log(1 - share)`.
        examples: training examples.
        steps: updates of each network.
    """

    losses: Array
    share: float
    log_odds: float
    background_before: float
    background_after: float
    examples: int
    steps: int

    @property
    def positives(self) -> int:
        """Positive examples."""
        return round(self.share * self.examples)

    @property
    def first_zero(self) -> float:
        """Median first loss with zero bias."""
        return float(np.median(self.losses[0, 0]))

    @property
    def first_odds(self) -> float:
        """Median first loss with the log odds."""
        return float(np.median(self.losses[0, 1]))

    @property
    def final_zero(self) -> float:
        """Median last loss with zero bias."""
        return float(np.median(self.losses[-1, 0]))

    @property
    def final_odds(self) -> float:
        """Median last loss with the log odds."""
        return float(np.median(self.losses[-1, 1]))

    @property
    def ahead(self) -> int:
        """Seeds in which the log odds are ahead after the last update."""
        return int((self.losses[-1, 1] < self.losses[-1, 0]).sum())

    @property
    def catch_up(self) -> int:
        """Updates until the median with zero bias reaches the first loss of the log odds."""
        return int((np.median(self.losses[:, 0], axis=1) <= self.first_odds).argmax())


@dataclass(frozen=True)
class Forget:
    """LSTM cells with the bias of the forget gate at 0 and at 1.

    Attributes:
        biases: biases of the forget gate in the figure.
        half_lives: steps until the memory is halved, by the formula, for `biases`.
        measured_biases: a few biases.
        measured: half-lives of a cell that was run, for `measured_biases`.
        half_life_zero: half-life at bias 0.
        half_life_one: half-life at bias 1.
        gate_one: value of the forget gate at bias 1.
        losses: of the recall task, `(updates + 1, 2, seeds)`; bias 0 first, bias 1 second.
        lag: steps between the value and the question.
        units: memory cells.
        updates: updates of each cell.
    """

    biases: Array
    half_lives: Array
    measured_biases: Array
    measured: Array
    half_life_zero: float
    half_life_one: float
    gate_one: float
    losses: Array
    lag: int
    units: int
    updates: int

    @property
    def learned_zero(self) -> int:
        """Seeds with bias 0 that ended below half the loss of guessing, ln 2."""
        return int((self.losses[-1, 0] < math.log(2) / 2).sum())

    @property
    def learned_one(self) -> int:
        """The same with bias 1."""
        return int((self.losses[-1, 1] < math.log(2) / 2).sum())

    @property
    def kept_zero(self) -> float:
        """Share of the first value in the memory at the end of the lag, at bias 0."""
        return float(0.5**self.lag)

    @property
    def kept_one(self) -> float:
        """The same at bias 1."""
        return float(self.gate_one**self.lag)


@dataclass(frozen=True)
class Firing:
    """How often ReLU units fire, for He-normal weights and one common bias.

    Attributes:
        none: share of pairs of unit and example with a positive preactivation, at bias 0.
        hundredth: the same at bias 0.01.
        tenth: the same at bias 0.1.
        one: the same at bias 1.
        needed: bias at which a unit fires on all but one in a thousand examples, predicted.
    """

    none: float
    hundredth: float
    tenth: float
    one: float
    needed: float


@dataclass(frozen=True)
class Fit:
    """One-dimensional ReLU networks from one start of the biases.

    Attributes:
        before: outputs of the first network at the start, on the grid.
        after: its outputs after training.
        kinks_before: inputs at which its units switch, `(units,)`.
        kinks_after: the same after training.
        losses: `(steps + 1, seeds)`.
    """

    before: Array
    after: Array
    kinks_before: Array
    kinks_after: Array
    losses: Array

    @property
    def final_loss(self) -> float:
        """Median loss over seeds after the last update."""
        return float(np.median(self.losses[-1]))

    @property
    def worst(self) -> float:
        """Largest loss over seeds after the last update."""
        return float(self.losses[-1].max())

    @property
    def best(self) -> float:
        """Smallest loss over seeds after the last update."""
        return float(self.losses[-1].min())


@dataclass(frozen=True)
class Kinks:
    """The same weights with zero biases and with torch's uniform biases.

    Attributes:
        grid: inputs at which functions are drawn.
        inputs: training inputs.
        targets: training targets.
        zero: zero biases.
        spread: uniform biases, `U(-1, 1)` in the first layer (`1 / sqrt(fan_in)`).
        ahead: seeds in which `spread` has the smaller loss after the last update.
        units: hidden units.
        seeds: networks per start.
        steps: updates.
    """

    grid: Array
    inputs: Array
    targets: Array
    zero: Fit
    spread: Fit
    ahead: int
    units: int
    seeds: int
    steps: int


@dataclass(frozen=True)
class NonzeroBiases:
    """Five places where a bias may or should start elsewhere.

    Attributes:
        prior: the output bias of a classifier with rare positives.
        forget: the forget gate of an LSTM.
        firing: a small common bias for ReLU units.
        kinks: one-dimensional ReLU networks.
        torch_share_narrow: share of the bias in the variance of a preactivation under torch's
            default, for one input of mean square 1: `1 / (fan_in + 1)`.
        torch_share_wide: the same for 256 inputs.
        seeds: networks per start of `prior` and `forget`.
    """

    prior: Prior
    forget: Forget
    firing: Firing
    kinks: Kinks
    torch_share_narrow: float
    torch_share_wide: float
    seeds: int


def run(*, seeds: int = 10, seed: int = 0) -> NonzeroBiases:
    """Runs the five experiments.

    Args:
        seeds: networks per start of the classifier and the LSTM.
        seed: of all data and networks.
    """
    rng = np.random.default_rng(seed)
    return NonzeroBiases(
        prior=prior(rng, seeds=seeds),
        forget=forget(rng, seeds=seeds),
        firing=firing(rng),
        kinks=kinks(rng),
        torch_share_narrow=torch_bias_share(1),
        torch_share_wide=torch_bias_share(256),
        seeds=seeds,
    )


def prior(
    rng: np.random.Generator,
    *,
    share: float = 0.01,
    examples: int = 500,
    units: int = 8,
    seeds: int = 10,
    steps: int = 120,
) -> Prior:
    """Trains ReLU networks to find rare positives: gradient descent, learning rate 0.3.

    Hidden weights are He-normal, output weights N(0, 0.01^2) as in RetinaNet's last layer, so
    that the first logits are close to the output bias.
    """
    labels = (np.arange(examples) < round(share * examples)).astype(float)[:, None]
    inputs = rng.standard_normal((examples, 2)) + [3.0, 0.0] * labels
    log_odds = math.log(share / (1 - share))
    hidden = he_normal()(rng, (1, seeds, units, 2)).repeat(2, axis=0)
    last = normal(0.01)(rng, (1, seeds, 1, units)).repeat(2, axis=0)
    output_bias = np.stack([np.zeros((seeds, 1)), np.full((seeds, 1), log_odds)])
    start = Network([hidden, last], [np.zeros((2, seeds, units)), output_bias], "relu")
    history = train(start, inputs, labels, steps=steps, learning_rate=0.3, loss="logistic")
    return Prior(
        losses=history.losses,
        share=share,
        log_odds=log_odds,
        background_before=math.log(2),
        background_after=-math.log1p(-share),
        examples=examples,
        steps=steps,
    )


def forget(
    rng: np.random.Generator,
    *,
    lag: int = 20,
    units: int = 4,
    seeds: int = 10,
    updates: int = 120,
) -> Forget:
    """Measures the half-life of a memory, and trains cells to recall a sign after a lag."""
    biases = np.linspace(-2.0, 4.0, 61)
    points = np.arange(-2.0, 5.0)
    zero, one = memory_half_life([0.0, 1.0])
    return Forget(
        biases=biases,
        half_lives=memory_half_life(biases),
        measured_biases=points,
        measured=np.array([measured_half_life(bias) for bias in points]),
        half_life_zero=float(zero),
        half_life_one=float(one),
        gate_one=1 / (1 + math.exp(-1)),
        losses=recall_losses(rng, lag=lag, units=units, seeds=seeds, updates=updates),
        lag=lag,
        units=units,
        updates=updates,
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


def recall_losses(
    rng: np.random.Generator, *, lag: int, units: int, seeds: int, updates: int, batch: int = 16
) -> Array:
    """Losses `(updates + 1, 2, seeds)` of cells whose forget gate starts at bias 0 and 1.

    The first input is a sign, the `lag` inputs after it are noise of standard deviation 0.3; a
    logistic readout of the last output says which sign it was. Both starts have the same weights
    and see the same fresh sequences; Adam with step size 0.02.
    """
    weights = lecun_normal()(rng, (1, seeds, 4 * units, 1 + units)).repeat(2, axis=0)
    biases = np.zeros((2, seeds, 4 * units))
    biases[1, :, units : 2 * units] = 1.0
    readout = lecun_normal()(rng, (1, seeds, 1, units)).repeat(2, axis=0)
    parameters = [weights, biases, readout, np.zeros((2, seeds, 1))]
    optimizer = adam()
    slots = [[np.zeros_like(p) for _ in range(optimizer.slots)] for p in parameters]
    losses = np.empty((updates + 1, 2, seeds))
    for step in range(updates + 1):
        signs = rng.choice([-1.0, 1.0], size=(1, batch, 1))
        inputs = np.concatenate([signs, 0.3 * rng.standard_normal((lag, batch, 1))])
        losses[step], found = recall_gradients(parameters, inputs, (signs[0] > 0).astype(float))
        for k, gradient in enumerate(found):
            move = optimizer.direction(gradient, slots[k], step + 1)
            parameters[k] = parameters[k] - 0.02 * move
    return losses


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


def firing(rng: np.random.Generator) -> Firing:
    """Counts firing units at four biases."""
    none, hundredth, tenth, one = firing_shares(rng, np.array([0.0, 0.01, 0.1, 1.0]))
    quantile = 3.090232306167813  # N(0, 1) is below it with chance 0.999
    return Firing(
        none=float(none),
        hundredth=float(hundredth),
        tenth=float(tenth),
        one=float(one),
        needed=math.sqrt(2) * quantile,
    )


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


def firing_probability(bias: float) -> float:
    """Chance that a preactivation N(bias, 2) is positive: He weights on inputs of mean square 1.

    Examples:
        >>> round(firing_probability(0.0), 3), round(firing_probability(0.01), 3)
        (0.5, 0.503)
    """
    return 0.5 * (1 + math.erf(bias / 2))  # Phi(b / sqrt 2) = (1 + erf(b / 2)) / 2


def kinks(rng: np.random.Generator, *, units: int = 16, seeds: int = 20, steps: int = 300) -> Kinks:
    """Trains one-dimensional ReLU networks with the same weights from two starts of the biases."""
    inputs, targets = noisy_sine(rng, examples=32)
    grid = np.linspace(-2.5, 2.5, 81)
    weights = [he_normal()(rng, (seeds, units, 1)), he_normal()(rng, (seeds, 1, units))]
    zero = [np.zeros((seeds, units)), np.zeros((seeds, 1))]
    drawn = [uniform(1.0)(rng, (seeds, units)), uniform(units**-0.5)(rng, (seeds, 1))]

    def fit(biases: Sequence[Array]) -> Fit:
        start = Network(weights, biases, "relu")
        history = train(start, inputs, targets, steps=steps, learning_rate=0.05)
        ends = history.network
        return Fit(
            before=forward(start.member(0), grid[:, None]).outputs[:, 0],
            after=forward(ends.member(0), grid[:, None]).outputs[:, 0],
            kinks_before=kink_positions(start)[0],
            kinks_after=kink_positions(ends)[0],
            losses=history.losses,
        )

    at_zero, spread = fit(zero), fit(drawn)
    return Kinks(
        grid=grid,
        inputs=inputs[:, 0],
        targets=targets[:, 0],
        zero=at_zero,
        spread=spread,
        ahead=int((spread.losses[-1] < at_zero.losses[-1]).sum()),
        units=units,
        seeds=seeds,
        steps=steps,
    )


def kink_positions(network: Network) -> Array:
    """Inputs at which the first-layer units of one-dimensional networks switch: `-b / w`.

    Returns:
        `(..., units)`.
    """
    return -network.biases[0] / network.weights[0][..., 0]


def torch_bias_share(fan_in: int) -> float:
    """Share of the bias in the variance of a preactivation under torch's default `Linear`.

    Weights and biases are `U(-1/sqrt(fan_in), 1/sqrt(fan_in))`: on inputs of mean square 1 the
    weights contribute `1/3`, the bias `1 / (3 fan_in)`.

    Examples:
        >>> torch_bias_share(1), torch_bias_share(3)
        (0.5, 0.25)
    """
    return 1 / (fan_in + 1)
