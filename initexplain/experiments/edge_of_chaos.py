"""Depth against weight scale: which networks train, and what the mean field says about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np

from initexplain.activations import LECUN_GAIN, LECUN_SLOPE
from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.experiments.curves import LEARNED
from initexplain.experiments.reach import PAGE, Row, Scaled, for_all_horizons, reach
from initexplain.experiments.verdicts import Variations, with_mean
from initexplain.initializers import lecun_normal
from initexplain.mean_field import MeanField, correlation_map, critical_weight_std, mean_field

EXAMPLES = 16
DEPTHS = (2, 3, 4, 5, 6, 8, 10, 12, 14, 17, 20, 25, 32, 40)
"""Hidden layers."""
SCALES = 20
LOWEST = 0.5
"""The smallest scale, in units of the edge's."""
HIGHEST = 2.5
CURVE = 49
LENGTHS = 6
"""Depth that Schoenholz et al. found to train, in correlation lengths (their figure 5)."""
LEARNING_RATE = 0.02
# above the edge, where the map's rate fails
CHAOTIC_SCALE = 2.0
SLOWER = 4
CHAOTIC_DEPTH = 20
CHAOTIC_SEEDS = 5
# with z = 1.5 u, 1.7159 tanh(2 z / 3) passes u on as tanh does, times this factor
LECUN_SCALE = LECUN_GAIN * LECUN_SLOPE
TORCH_SCALE = 3**-0.5
"""Weight scale of the defaults of PyTorch."""
BIAS_VARIANCE = 0.05
# where the border below the edge is looked for in other settings
BORDER_DEPTHS = (2, 3, 4, 5, 6, 7, 9, 11, 14, 18)
BORDER_SCALES = (0.5, 0.6, 0.7)
LONGEST = 240
NEAREST = 3
FARTHEST = 12
"""Correlation lengths up to which the border of the map lies, from `NEAREST` on."""


_task = partial(teacher, examples=EXAMPLES, features=16, units=4)
VARIATIONS: Variations = {
    "shorter": ("{steps} updates", {"steps": 20}),
    "longer": ("{steps} updates", {"steps": LONGEST}),
    # a momentum of 0.9 makes ten times the rate of it
    "plain": ("plain descent, rate {learning_rate}", {"optimizer": "sgd", "learning_rate": 0.2}),
    "adam": ("Adam, rate {learning_rate}", {"optimizer": "adam", "learning_rate": 0.001}),
    "batches": ("batches of {batch_size}", {"batch_size": 4}),
    "mean": (
        "targets plus 3",
        {"data": partial(with_mean, mean=3.0, examples=EXAMPLES, features=16, units=4)},
    ),
    "relu": (
        "ReLU",
        {"activation": "relu", "scales": tuple(2**0.5 * scale for scale in BORDER_SCALES)},
    ),
    "teacher": ("another teacher", {"seed": 1}),
}


@dataclass(frozen=True)
class EdgeOfChaos:
    """What the page shows; dictionaries are by activation, or by setting where they say so.

    Attributes:
        edge: weight scale at the edge of chaos.
        depths: hidden layers, `(depths,)`.
        scales: standard deviation of the weights times `sqrt(fan_in)`, `(scales,)`.
        losses: loss after training, in units of the best constant output's loss,
            `(depths, scales)`; infinite where training left the finite numbers.
        curve_scales: scales at which the theory is evaluated, `(points,)`.
        curve_depths: six correlation lengths at these scales, `(points,)`.
        shares: what becomes of the settings; see `shares`.
        lecun: the mean field of LeCun's recipe of 1998.
        torch_length: correlation length of tanh at PyTorch's scale, in layers.
        edge_with_biases: squared weight scale at the edge for tanh with biases of variance 0.05.
        with_biases: the mean field there.
        slower_trained: networks above the edge that a smaller rate with more steps trains.
        relu_correlation: of two inputs at right angles, before and after each of twenty layers of
            ReLU, `(21,)`; the same at every weight scale.
        border: depth down to which networks train, in correlation lengths, at each of
            `BORDER_SCALES`, `(scales, seeds)`: by setting, the page's and `VARIATIONS`.
        nearest: the least of each of these, medians over seeds.
        farthest: the most.
        reach: of the verdict that all of these lie between `NEAREST` and `FARTHEST`.
    """

    edge: dict[str, float]
    depths: Array
    scales: dict[str, Array]
    losses: dict[str, Array]
    curve_scales: dict[str, Array]
    curve_depths: dict[str, Array]
    shares: dict[str, dict[str, float]]
    lecun: MeanField
    torch_length: float
    edge_with_biases: float
    with_biases: MeanField
    slower_trained: int
    relu_correlation: list[float]
    border: dict[str, Array]
    nearest: dict[str, float]
    farthest: dict[str, float]
    reach: dict[str, Row]


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
    depth the networks are the same up to the scale of their weights, and a deeper network begins
    with the layers of the others; the output weights are LeCun's. So many `scales` lie evenly on a
    log axis around each activation's edge; there are as many inputs as `units`.
    """
    base = replace(
        BORDER, data=partial(_task, features=units), hidden=(units,), steps=steps, seed=seed
    )
    edge = {name: critical_weight_std(name) for name in ("tanh", "relu")}
    grids = {name: _around(at, scales) for name, at in edge.items()}
    curves = {name: _around(at, CURVE) for name, at in edge.items()}
    lengths = {name: LENGTHS * _lengths(name, curve) for name, curve in curves.items()}
    losses = {name: _map(base, name, depths, at) for name, at in grids.items()}
    border = {PAGE: _border(BORDER)} | {
        name: _border(replace(BORDER, **changes)) for name, (_, changes) in VARIATIONS.items()
    }
    points = {name: np.median(found, axis=1) for name, found in border.items()}
    edge_with_biases = critical_weight_std("tanh", bias_std=BIAS_VARIANCE**0.5)
    return EdgeOfChaos(
        edge=edge,
        depths=np.array(depths, dtype=float),
        scales=grids,
        losses=losses,
        curve_scales=curves,
        curve_depths=lengths,
        shares={
            name: shares(
                losses[name],
                np.array(depths),
                grids[name] / edge[name],
                np.interp(grids[name], curves[name], lengths[name]),
            )
            for name in edge
        },
        lecun=mean_field("lecun_tanh", weight_std=1.0),
        torch_length=float(_lengths("tanh", [TORCH_SCALE])[0]),
        edge_with_biases=edge_with_biases**2,
        with_biases=mean_field("tanh", weight_std=edge_with_biases, bias_std=BIAS_VARIANCE**0.5),
        slower_trained=_slower_trained(base),
        relu_correlation=_relu_correlation(),
        border=border,
        nearest={name: float(found.min()) for name, found in points.items()},
        farthest={name: float(found.max()) for name, found in points.items()},
        reach=reach(_along, BORDER, VARIATIONS),
    )


def shares(losses: Array, depths: Array, scales: Array, reach: Array) -> dict[str, float]:
    """What becomes of networks of one activation, across depth and weight scale.

    Args:
        losses: after training, in units of the best constant output's, `(depths, scales)`.
        depths: hidden layers, `(depths,)`.
        scales: in units of the edge's, `(scales,)`.
        reach: six correlation lengths at these scales, `(scales,)`.

    Returns:
        Of the settings below the edge, the shares that train `within` six correlation lengths and
        `beyond` twelve; the share that trains of those above it with at most ten hidden layers,
        `shallow_above`; the share of those from 1.5 times the edge up that training leaves
        a fifth worse than the best constant output, `lost_above`.

    Examples:
        >>> losses = np.array([[0.1, 0.3], [0.9, 7.0]])
        >>> shares(losses, np.array([5, 20]), np.array([0.9, 2.0]), np.array([10.0, 3.0]))
        {'within': 1.0, 'beyond': 0.0, 'shallow_above': 1.0, 'lost_above': 0.5}
    """
    below, trained, layers = scales < 1, losses < LEARNED, depths[:, None]
    settings = {
        "within": trained[(layers <= reach) & below],
        "beyond": trained[(layers >= 2 * reach) & below],
        "shallow_above": trained[(layers <= 10) & (scales > 1)],
        "lost_above": losses[:, scales > 1.5] > 1.2,
    }
    return {name: float(np.mean(marked)) for name, marked in settings.items()}


def _around(edge: float, points: int) -> Array:
    """Scales evenly on a log axis around the edge's, `(points,)`."""
    return edge * np.geomspace(LOWEST, HIGHEST, points)


def _map(base: Scaled, activation: str, depths: Sequence[int], scales: Array) -> Array:
    """Losses after training, `(depths, scales)`; infinite for what diverged."""
    setting = replace(base, activation=activation, scales=tuple(scales), seeds=1)
    losses = np.stack([_deep(setting, depth).trained().losses[-1, :, 0] for depth in depths])
    return np.where(np.isnan(losses), np.inf, losses)


def _deep(setting: Scaled, depth: int) -> Scaled:
    return replace(setting, hidden=tuple(setting.hidden) * depth)


def _slower_trained(base: Scaled) -> int:
    """Networks far above the edge that train with smaller steps, and more of them."""
    slower = replace(
        _deep(base, CHAOTIC_DEPTH),
        steps=SLOWER * base.steps,
        learning_rate=LEARNING_RATE / SLOWER,
        scales=(CHAOTIC_SCALE,),
        seeds=CHAOTIC_SEEDS,
    )
    return int(np.sum(slower.trained().losses[-1] < LEARNED))


def _lengths(activation: str, scales: Iterable[float]) -> Array:
    """Layers in which the theory's signal changes by a factor of e, `(scales,)`."""
    found = [mean_field(activation, weight_std=scale) for scale in scales]
    # an exploding ReLU keeps angles; what changes is the size, of signal and error alike
    return np.array(
        [m.correlation_length if np.isfinite(m.q) else 1 / np.log(m.chi) for m in found]
    )


def _relu_correlation(layers: int = 20) -> list[float]:
    found = [0.0]
    for _ in range(layers):
        found.append(correlation_map("relu", found[-1], q=1.0, weight_std=1.0))
    return found


BORDER = Scaled(
    weights=lecun_normal(),
    hidden=(16,),
    data=_task,
    optimizer="momentum",
    learning_rate=LEARNING_RATE,
    steps=80,
    seeds=3,
    scales=BORDER_SCALES,
    dtype=np.float32,
)


@cache
def _losses(setting: Scaled) -> Array:
    return setting.trained().losses


def _border(setting: Scaled) -> Array:
    """Depth down to which the networks train, in correlation lengths, `(scales, seeds)`."""
    run, trained = for_all_horizons(setting, BORDER, LONGEST), []
    for depth in BORDER_DEPTHS:
        losses = _losses(_deep(run, depth))[setting.steps]
        trained.append(losses < LEARNED)
        if not trained[-1].any():
            break
    # a network before the border that fails and one beyond it that trains cancel
    depths = np.array([0, *BORDER_DEPTHS])[np.sum(trained, axis=0)]
    found: Array = depths / _lengths(setting.activation, setting.scales)[:, None]
    return found


def _along(setting: Scaled) -> Array:
    """Whether the border runs along the theory's line, at all of the scales."""
    found = _border(setting)
    return ((found >= NEAREST) & (found <= FARTHEST)).all(axis=0).astype(float)
