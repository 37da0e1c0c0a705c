"""Other ways to the same numbers, and what rows of a reach say. Nothing here uses the package."""

import math
from collections import defaultdict

import numpy as np

SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
HERMITE_X, HERMITE_W = np.polynomial.hermite_e.hermegauss(120)
HERMITE_W = HERMITE_W / HERMITE_W.sum()


def logistic(z):
    return 1 / (1 + math.exp(-z))


def lecun_tanh(z):
    return 1.7159 * np.tanh(2 * z / 3)


def normal_mean(function, q=1.0):
    """`E function(u)` for normal u of variance q, by Gauss-Hermite quadrature."""
    return float(HERMITE_W @ function(math.sqrt(q) * HERMITE_X))


def normal_pair_mean(function, q, c):
    """`E function(u) function(v)` for normal u and v of variance q and correlation c."""
    first, second = HERMITE_X[:, None], HERMITE_X[None, :]
    u = math.sqrt(q) * first
    v = math.sqrt(q) * (c * first + math.sqrt(1 - c * c) * second)
    return float(HERMITE_W @ (function(u) * function(v)) @ HERMITE_W)


def tanh_square(q):
    return normal_mean(lambda u: np.tanh(u) ** 2, q)


def tanh_slope_square(q):
    return normal_mean(lambda u: (1 - np.tanh(u) ** 2) ** 2, q)


def selu_square(q):
    """`E selu(u)^2` in closed form, for normal u of variance q."""

    def below(k):  # E exp(k u) over u < 0
        return math.exp(k * k * q / 2) * math.erfc(k * math.sqrt(q / 2)) / 2

    return SELU_SCALE**2 * (q / 2 + SELU_ALPHA**2 * (below(2) - 2 * below(1) + below(0)))


def central_differences(loss, parameters, step=1e-5):
    """Of `loss(parameters)`, a number, by every entry of every array."""
    derivatives = [np.zeros_like(parameter) for parameter in parameters]
    for which, derivative in enumerate(derivatives):
        for index in np.ndindex(derivative.shape):
            ends = []
            for sign in (1, -1):
                moved = [p.copy() for p in parameters]
                moved[which][index] += sign * step
                ends.append(loss(moved))
            derivative[index] = (ends[0] - ends[1]) / (2 * step)
    return derivatives


def tanh_network(weights, biases, x, y, roots=None):
    """Half the mean squared error of one network, and its gradients by weights and by biases.

    The activation of a hidden layer is `root * tanh(z / root)`, with roots of 1 if not given.
    """
    roots = roots or [1.0] * len(weights)
    passes = (
        lambda layer, z: roots[layer] * np.tanh(z / roots[layer]),
        lambda layer, h: 1 - (h / roots[layer]) ** 2,
    )
    return _layer_by_layer((weights, biases), (x, y), *passes)


def relu_network(weights, biases, x, y):
    """The same of one network of ReLU."""
    passes = lambda _, z: np.maximum(z, 0), lambda _, h: h > 0
    return _layer_by_layer((weights, biases), (x, y), *passes)


def _layer_by_layer(network, points, activate, slope):
    (weights, biases), (x, y) = network, points
    h = [x]
    for layer, (w, b) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
        h.append(activate(layer, h[-1] @ w.T + b))
    delta = (h[-1] @ weights[-1].T + biases[-1] - y) / len(x)
    loss = 0.5 * len(x) * (delta**2).sum()
    by_weights, by_biases = [], []
    for layer in reversed(range(len(weights))):
        by_weights.insert(0, delta.T @ h[layer])
        by_biases.insert(0, delta.sum(axis=0))
        if layer > 0:
            delta = delta @ weights[layer] * slope(layer - 1, h[layer])
    return loss, by_weights, by_biases


def steepest(gradient, *_):
    return gradient


def heavy_ball(gradient, speed, *_):
    speed[...] = 0.9 * speed + gradient
    return speed


def adaptive(gradient, first, second, update):
    first[...] = 0.9 * first + 0.1 * gradient
    second[...] = 0.999 * second + 0.001 * gradient**2
    return first / (1 - 0.9**update) / (np.sqrt(second / (1 - 0.999**update)) + 1e-8)


def descent(network, weights, biases, x, y, *, rates, steps, rule=steepest):
    """Losses before each update and after the last, and what became of weights and biases.

    The rates are one number, or one for each array, weights first. The network is one of those
    above; the rule makes a move of a gradient.
    """
    layers, moving = len(weights), [np.array(p, dtype=float) for p in (*weights, *biases)]
    rates = np.broadcast_to(rates, len(moving))
    slots = [(np.zeros_like(p), np.zeros_like(p)) for p in moving]
    losses = []
    with np.errstate(all="ignore"):
        for update in range(1, steps + 2):
            loss, by_weights, by_biases = network(moving[:layers], moving[layers:], x, y)
            losses.append(loss)
            if update <= steps:
                each = zip(moving, rates, by_weights + by_biases, slots, strict=True)
                moving = [p - rate * rule(g, *slot, update) for p, rate, g, slot in each]
    return losses, moving[:layers], moving[layers:]


def best_constant(y):
    """The least loss of outputs that are the same for every example."""
    return 0.5 * y.var(axis=0).sum()


def convolved(kernel, images, *, groups=1, stride=1, padding=0):
    """By definition: kernel (out, in / groups, k, k), images (examples, in, side, side)."""
    out, per_group, k, _ = kernel.shape
    images = np.pad(images, [(0, 0), (0, 0), (padding, padding), (padding, padding)])
    side = (images.shape[-1] - k) // stride + 1
    result = np.zeros((len(images), out, side, side))
    for o, i, j in np.ndindex(out, side, side):
        rows, columns = (slice(at * stride, at * stride + k) for at in (i, j))
        first = o // (out // groups) * per_group
        seen = images[:, first : first + per_group, rows, columns]
        result[:, o, i, j] = (seen * kernel[o]).sum(axis=(1, 2, 3))
    return result


def never(rows):
    """The variations in which a verdict holds for no seed."""
    return {name for name, row in rows.items() if row.holds == 0}


def not_always(rows):
    """Those in which it does not hold for every seed."""
    return {name for name, row in rows.items() if row.holds < row.seeds}


def by_first_appearance(labels):
    seen = {}
    return [seen.setdefault(label, len(seen)) for label in labels]


SILENT = -1


def refine_exactly(weights, biases, *, odd, zero_at_zero):
    """Labels and signs of the hidden layers, by brute force, of whole weights and biases.

    A node is a copy `(layer, unit, sign)`, split by its signature until nothing changes. If the
    activation is odd, a unit is silent whose copies share a class. If not, but 0 at 0, hidden units
    start in a class that nobody counts, and stay while their signature is empty.
    """
    copies = (1, -1) if odd else (1,)
    sizes = [weights[0].shape[1], *(len(w) for w in weights)]
    nodes = [(at, i, s) for at, n in enumerate(sizes) for i in range(n) for s in copies]
    edges = [
        ((at + 1, i, s), (at, j, t), s * t * int(w[i, j]))
        for at, w in enumerate(weights)
        for i, j in np.ndindex(w.shape)
        for s in copies
        for t in copies
    ]
    hidden = range(1, len(weights))
    start = SILENT if zero_at_zero and not odd else -2
    colour = {node: start if node[0] in hidden else k for k, node in enumerate(nodes)}
    while True:
        sums = {node: defaultdict(int) for node in nodes}
        for above, below, weight in edges:
            for node, other in ((above, below), (below, above)):
                if colour[other] != SILENT:
                    sums[node][other[0], colour[other]] += weight
        signatures = [
            (
                (at, colour[at, i, s], s * int(biases[at - 1][i]) if at in hidden else 0),
                frozenset((key, total) for key, total in sums[at, i, s].items() if total),
            )
            for at, i, s in nodes
        ]
        numbers = by_first_appearance(signatures)
        finer = {
            node: SILENT if signature == ((node[0], SILENT, 0), frozenset()) else number
            for node, signature, number in zip(nodes, signatures, numbers, strict=True)
        }
        if finer == colour:
            return [read_off(colour, at, sizes[at], odd=odd) for at in hidden]
        colour = finer


def read_off(colour, layer, units, *, odd):
    """Labels and signs of a layer from the colours of its copies."""
    plus = [colour[layer, i, 1] for i in range(units)]
    minus = [colour[layer, i, -1] if odd else SILENT for i in range(units)]
    labels = by_first_appearance([frozenset(pair) for pair in zip(plus, minus, strict=True)])
    signs = [1 if plus[i] == plus[labels.index(labels[i])] else -1 for i in range(units)]
    return labels, [0 if p == m else s for p, m, s in zip(plus, minus, signs, strict=True)]
