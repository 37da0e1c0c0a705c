"""Other ways to the same numbers, shared by tests. Nothing here uses the package."""

import math

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
    roots = [1.0] * len(weights) if roots is None else roots
    h = [x]
    for w, b, root in zip(weights[:-1], biases[:-1], roots, strict=False):
        h.append(root * np.tanh((h[-1] @ w.T + b) / root))
    delta = (h[-1] @ weights[-1].T + biases[-1] - y) / len(x)
    loss = 0.5 * len(x) * (delta**2).sum()
    by_weights, by_biases = [], []
    for layer in reversed(range(len(weights))):
        by_weights.insert(0, delta.T @ h[layer])
        by_biases.insert(0, delta.sum(axis=0))
        if layer > 0:
            delta = delta @ weights[layer] * (1 - (h[layer] / roots[layer - 1]) ** 2)
    return loss, by_weights, by_biases
