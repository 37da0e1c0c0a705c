"""Width and rate: one rate for all layers against maximal-update parametrization; Jacobians.

A network is a forward function here, since each of its layers has a rate of its own. It trains in
single precision, in which wide layers cost half.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import islice
from typing import Any

import autograd.numpy as anp
import numpy as np
from numpy.typing import ArrayLike

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.differentiated import Parameters, descent, half_squared_error
from initexplain.experiments.normalized import activations, parameters_of
from initexplain.experiments.reach import Row, Setting, Training, reach
from initexplain.experiments.verdicts import Variations, with_mean
from initexplain.initializers import Initializer, lecun_normal, orthogonal
from initexplain.losses import best_constant_loss
from initexplain.network import Network, forward

WIDTHS = (32, 64, 128, 256, 512, 1024)
BASE = WIDTHS[0]
"""The width at which the two parametrizations are the same."""
SEVERAL = 128
"""The largest width of which there are several networks; wider ones take most of the time."""
STANDARD = "standard"
MAXIMAL = "maximal"
RATES = tuple(2.0**power for power in range(-6, 1))
ADAM_RATES = tuple(2.0**power for power in range(-12, -2))
ADAM_WIDTHS = (BASE, 128)
WIDER = 256
"""The width at which the verdicts try the best rates of networks of the width `BASE`."""
DIVERGED = 100.0
"""Training has diverged at a loss of this many times the best constant output's."""
VARIATIONS: Variations = {
    "longer": ("{steps} updates", {"steps": 90}),
    "batches": ("batches of {batch_size}", {"batch_size": 8}),
    "momentum": ("momentum", {"optimizer": "momentum", "rates": tuple(rate / 4 for rate in RATES)}),
    "adam": ("Adam", {"optimizer": "adam", "rates": ADAM_RATES}),
    "relu": ("ReLU, He's weights", {"activation": "relu"}),
    "deep": ("four hidden layers", {"hidden_layers": 4}),
    "mean": ("targets plus {mean:g}", {"mean": 3.0}),
    "teacher": ("another teacher", {"seed": 1}),
}

JACOBIAN_UNITS = 100
JACOBIAN_LAYERS = 20
GAINS = {"identity": 1.0, "tanh": 1.0, "relu": 2**0.5}
"""Activations whose Jacobians are looked at, and the gain of the weights for each."""
KINDS = {"normal": lecun_normal, "orthogonal": orthogonal}
DEEP_UNITS = 32
DEEP_SEEDS = 5
DEEP_RATES = (0.03, 0.1)
DEEP_STEPS = 100


@dataclass(frozen=True, kw_only=True)
class Wide(Training):
    """Networks of equal hidden layers, and how they are trained; the width is not said.

    Attributes:
        parametrization: `STANDARD` or `MAXIMAL`.
        activation: `tanh` with LeCun's weights, or `relu` with He's.
        hidden_layers: two or more.
        rates: those that are tried; with `MAXIMAL` they are those of the width `BASE`.
        mean: added to the targets.
    """

    parametrization: str = STANDARD
    activation: str = "tanh"
    hidden_layers: int = 2
    rates: Sequence[float] = RATES
    mean: float = 0.0
    steps: int = 30
    seeds: int = 5

    def data(self) -> tuple[Array, Array]:
        """Inputs and targets."""
        rng = np.random.default_rng(self.seed)
        inputs, targets = with_mean(rng, mean=self.mean, examples=32, features=8)
        return inputs.astype(np.float32), targets.astype(np.float32)


@dataclass(frozen=True, eq=False)
class WidthAndRate:
    """What the page shows.

    Attributes:
        losses: after training, in units of the best constant output's, by parametrization and
            width: medians over networks at each of `RATES`, infinite where training diverged.
        best_rate: by parametrization and width.
        best_loss: at that rate.
        moved: at half that rate, how far the last hidden activations have moved, over their size.
        adam_rate: best rates under Adam, by parametrization and width.
        reach: under `VARIATIONS`, of the verdicts that a narrow network's rate `fails` in a wide
            standard one, and that it `serves` under maximal update.
        singular: singular values of the Jacobian of `JACOBIAN_LAYERS` layers at one input, by
            activation and kind of weights, falling, `(units,)`.
        alive: how many of them are above a hundredth of the largest.
        deep_losses: of deep tanh networks, by kind of weights: the median over seeds.
        orthogonal_ahead: seeds for which orthogonal weights end lower.
    """

    losses: dict[str, dict[int, Array]]
    best_rate: dict[str, dict[int, float]]
    best_loss: dict[str, dict[int, float]]
    moved: dict[str, dict[int, float]]
    adam_rate: dict[str, dict[int, float]]
    reach: dict[str, dict[str, Row]]
    singular: dict[str, dict[str, Array]]
    alive: dict[str, dict[str, int]]
    deep_losses: dict[str, float]
    orthogonal_ahead: int


def run(*, steps: int = 30, seeds: int = 3, seed: int = 0) -> WidthAndRate:
    """Trains networks of several widths at several rates, and looks at deep Jacobians.

    The `seeds` are networks of each width up to `SEVERAL`; of the wider ones there is one.
    """
    base = Wide(steps=steps, seeds=seeds, seed=seed)
    found: dict[str, dict[int, list[Array]]] = {STANDARD: {}, MAXIMAL: {}}
    for name, widths in found.items():
        for width in WIDTHS:
            networks = seeds if width <= SEVERAL else 1
            setting = replace(base, parametrization=name, seeds=networks)
            widths[width] = [np.median(each, axis=-1) for each in swept(setting, width)]

    def at_each(value: Callable[[Array, Array], Any]) -> dict[str, dict[int, Any]]:
        """Of the medians of losses and of moves, by parametrization and width."""
        return {name: {w: value(*pair) for w, pair in at.items()} for name, at in found.items()}

    singular = jacobians(np.random.default_rng(seed))
    deep = {name: _deep_losses(kind(), seed) for name, kind in KINDS.items()}
    return WidthAndRate(
        losses=at_each(lambda losses, _: losses),
        best_rate=at_each(lambda losses, _: RATES[losses.argmin()]),
        best_loss=at_each(lambda losses, _: losses.min()),
        moved=at_each(lambda losses, moved: moved[losses.argmin() - 1]),
        adam_rate={name: _adam_rates(replace(base, parametrization=name)) for name in found},
        reach={ask.__name__: reach(ask, Wide(), VARIATIONS) for ask in (fails, serves)},
        singular=singular,
        alive={
            activation: {name: int(np.sum(s > 0.01 * s[0])) for name, s in of_kind.items()}
            for activation, of_kind in singular.items()
        },
        deep_losses={name: float(np.median(losses)) for name, losses in deep.items()},
        orthogonal_ahead=int(np.sum(deep["orthogonal"] < deep["normal"])),
    )


@cache
def drawn(setting: Wide, width: int) -> Parameters:
    """Weights `W1` to the last, `(seeds, fan_out, fan_in)`, and biases `(seeds, fan_out, 1)`."""
    rng = np.random.default_rng(setting.seed + 1)
    inputs, targets = setting.data()
    sizes = [inputs.shape[1], *[width] * setting.hidden_layers, targets.shape[1]]
    network = Network.initialize(rng, sizes, weights=lecun_normal(), ensemble=(setting.seeds,))
    parameters = parameters_of(network, "none")
    last = f"W{setting.hidden_layers + 1}"
    for name in parameters.keys() - {last}:
        parameters[name] *= GAINS[setting.activation]
    if setting.parametrization == MAXIMAL:
        parameters[last] *= (BASE / width) ** 0.5
    return {name: p.astype(np.float32) for name, p in parameters.items()}


def rate_factors(setting: Wide, width: int) -> dict[str, float]:
    """By what each parameter's rate is multiplied at this width; 1 for all at the width `BASE`.

    Source: Yang, Hu, Babuschkin and others, *Tensor Programs V* (2022), table 3.
    """
    layers = range(1, setting.hidden_layers + 2)
    factors = dict.fromkeys([f"{kind}{layer}" for layer in layers for kind in "Wb"], 1.0)
    if setting.parametrization == STANDARD:
        return factors
    wider = width / BASE
    hidden = layers[1:-1]
    if setting.optimizer == "adam":
        factors |= {f"W{layer}": 1 / wider for layer in hidden}
    else:
        factors |= {f"b{layer}": wider for layer in layers[:-1]} | {"W1": wider}
    return factors | {f"W{layers[-1]}": 1 / wider}


def trained(setting: Wide, width: int, rates: ArrayLike) -> tuple[Array, Array]:
    """Trains networks of a width, each at several rates.

    Args:
        setting: the networks and their training.
        width: units in each hidden layer.
        rates: `(rates, 1)`, or `(rates, seeds)` where each network has its own.

    Returns:
        Losses in units of the best constant output's, infinite where training diverged, and how far
        the last hidden activations have moved, over their size at the start; each `(rates, seeds)`.
    """
    inputs, targets = setting.data()
    batches = np.random.default_rng(setting.seed)
    own = np.array(rates, np.float32)[..., None, None]
    members = len(own), setting.seeds
    # autograd sums over axes of length one, which takes time: a single network goes without them
    lead = () if members == (1, 1) else members
    start = {
        name: np.broadcast_to(p, (*members, *p.shape[1:])).reshape(*lead, *p.shape[1:])
        for name, p in drawn(setting, width).items()
    }

    def passed(parameters: Parameters, rows: Any = slice(None)) -> tuple[Any, Any]:
        """The last hidden activations, and the losses."""
        *_, hidden, outputs = activations(parameters, inputs[rows], "none", setting.activation)
        return hidden, half_squared_error(anp.swapaxes(outputs, -1, -2), targets[rows])

    def on_batch(parameters: Parameters, _update: int) -> Any:
        size = setting.batch_size
        rows = batches.choice(len(inputs), size, False) if size else slice(None)
        return passed(parameters, rows)[1]

    factors = rate_factors(setting, width).items()
    learning_rate = {name: (own if lead else own[0, 0]) * np.float32(f) for name, f in factors}
    moments = descent(on_batch, start, learning_rate=learning_rate, optimizer=setting.optimizer)
    best_constant = best_constant_loss(targets)
    for moment in islice(moments, setting.steps + 1):
        if not (moment.losses < DIVERGED * best_constant).any():
            break
    with np.errstate(all="ignore"):
        (before, _), (after, final) = (passed(p) for p in (start, moment.parameters))
        size, moved = (np.linalg.norm(a, axis=(-2, -1)) for a in (before, after - before))
        losses = np.where(final < DIVERGED * best_constant, final / best_constant, np.inf)
        return losses.reshape(members), (moved / size).reshape(members)


def swept(setting: Wide, width: int) -> tuple[Array, Array]:
    """The same at each of the setting's rates."""
    rates = np.array(setting.rates)[:, None]
    # of the wide ones one rate after the other: what diverges need not be trained to the end
    groups = [rates] if width <= SEVERAL else np.split(rates, len(rates))
    found = [trained(setting, width, group) for group in groups]
    losses, moved = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return losses, moved


@cache
def tuned(setting: Wide) -> tuple[Array, Array]:
    """The lowest losses of networks of the width `BASE`, and the rates there, `(seeds,)`."""
    losses, _ = swept(setting, BASE)
    return losses.min(axis=0), np.array(setting.rates)[losses.argmin(axis=0)]


def transferred(setting: Wide, parametrization: str) -> Array:
    """Losses of wide networks at those rates, over those of the narrow ones, `(seeds,)`."""
    narrow, rates = tuned(setting)
    wide = replace(setting, parametrization=parametrization)
    ratio: Array = trained(wide, WIDER, rates[None])[0][0] / narrow
    return ratio


def fails(setting: Wide) -> Array:
    """Whether the narrow networks' rates leave wide standard ones higher, `(seeds,)`."""
    return (transferred(setting, STANDARD) > 1).astype(float)


def serves(setting: Wide) -> Array:
    """Whether they bring wide ones lower under maximal update, `(seeds,)`."""
    return (transferred(setting, MAXIMAL) < 1).astype(float)


def _adam_rates(setting: Wide) -> dict[int, float]:
    adam = replace(setting, optimizer="adam", rates=ADAM_RATES)
    medians = {width: np.median(swept(adam, width)[0], axis=-1) for width in ADAM_WIDTHS}
    return {width: ADAM_RATES[int(losses.argmin())] for width, losses in medians.items()}


def jacobians(rng: np.random.Generator) -> dict[str, dict[str, Array]]:
    """Singular values of the derivative of the last layer's signal by the input.

    Returns:
        By activation and kind of weights, falling, `(units,)`.
    """
    inputs = rng.standard_normal((1, JACOBIAN_UNITS))
    sizes = [JACOBIAN_UNITS] * (JACOBIAN_LAYERS + 2)
    singular: dict[str, dict[str, Array]] = {}
    for activation, gain in GAINS.items():
        singular[activation] = {}
        for name, kind in KINDS.items():
            network = Network.initialize(rng, sizes, weights=kind(gain=gain), activation=activation)
            jacobian = np.eye(JACOBIAN_UNITS)
            # the last matrix, after the last activation, does not count
            for weights, z in zip(
                network.weights[:-1], forward(network, inputs).preactivations[:-1], strict=True
            ):
                jacobian = network.activation.derivative(z[0])[:, None] * (weights @ jacobian)
            singular[activation][name] = np.linalg.svd(jacobian, compute_uv=False)
    return singular


def _deep_losses(weights: Initializer, seed: int) -> Array:
    """Losses of deep tanh networks, each at the best of `DEEP_RATES`, `(seeds,)`."""
    setting = Setting(
        weights=weights,
        hidden=(DEEP_UNITS,) * JACOBIAN_LAYERS,
        data=partial(teacher, examples=32, features=DEEP_UNITS),
        steps=DEEP_STEPS,
        seeds=DEEP_SEEDS,
        seed=seed,
    )
    trials = [replace(setting, learning_rate=rate).trained() for rate in DEEP_RATES]
    losses: Array = np.min(
        [np.nan_to_num(trial.losses[-1], nan=np.inf) for trial in trials], axis=0
    )
    return losses
