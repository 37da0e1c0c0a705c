"""Networks in plain Python, an example and a unit at a time: no code is shared with the package."""

import math

import numpy as np


def normal_cdf(z):
    """By the power series or, in the lower tail, by the continued fraction, accurate there too.

    Abramowitz and Stegun, *Handbook of mathematical functions* (1964), 26.2.11 and 26.2.14.
    """
    if z > 2:
        return 1 - normal_cdf(-z)
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    if z < -2:
        fraction = -z
        for n in range(200, 0, -1):
            fraction = -z + n / fraction
        return density / fraction
    term, total = z, 0.0
    for odd in range(3, 99, 2):
        total += term
        term *= z * z / odd
    return 0.5 + density * total


ACTIVATIONS = {
    "identity": lambda z: z,
    "tanh": math.tanh,
    "lecun_tanh": lambda z: 1.7159 * math.tanh(2 * z / 3),
    "logistic": lambda z: 1 / (1 + math.exp(-z)),
    "relu": lambda z: z if z > 0 else 0.0,
    "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
    "selu": lambda z: 1.0507009873554805 * (z if z > 0 else 1.6732632423543772 * (math.exp(z) - 1)),
    "gelu": lambda z: z * normal_cdf(z),
    "silu": lambda z: z / (1 + math.exp(-z)),
}


def squared_error(outputs, targets):
    return sum((o - t) ** 2 for o, t in zip(outputs, targets, strict=True)) / 2


def logistic(logits, targets):
    # minus the log likelihood of a coin, output by output
    return sum(
        t * math.log(1 + math.exp(-z)) + (1 - t) * math.log(1 + math.exp(z))
        for z, t in zip(logits, targets, strict=True)
    )


def softmax_cross_entropy(logits, targets):
    total = math.fsum(math.exp(z) for z in logits)
    return -sum(t * math.log(math.exp(z) / total) for z, t in zip(logits, targets, strict=True))


LOSSES = {
    "squared_error": squared_error,
    "logistic": logistic,
    "softmax_cross_entropy": softmax_cross_entropy,
}


def draw_targets(rng, loss, shape):
    """Targets the loss is defined for, not only the corners."""
    if loss == "logistic":
        return rng.random(shape)
    if loss == "softmax_cross_entropy":
        return rng.dirichlet(np.ones(shape[-1]), size=shape[:-1])
    return rng.standard_normal(shape)


def mean_loss(outputs, targets, loss="squared_error"):
    """Of lists of rows: a loop over examples, then their mean."""
    losses = [LOSSES[loss](o, t) for o, t in zip(outputs, targets, strict=True)]
    return sum(losses) / len(losses)


def preactivations(parameters, activation, x):
    """Of every layer for one example; the parameters are arrays, all weights before all biases."""
    lists = [p.tolist() for p in parameters]
    layers = len(lists) // 2
    found = []
    for w, b in zip(lists[:layers], lists[layers:], strict=True):
        signal = [ACTIVATIONS[activation](z) for z in found[-1]] if found else x
        found.append([])
        for row, bias in zip(w, b, strict=True):
            products = [weight * value for weight, value in zip(row, signal, strict=True)]
            found[-1].append(bias + sum(products))
    return found


def network_loss(parameters, activation, inputs, targets, loss="squared_error"):
    """The loss of one network, averaged over examples."""
    outputs = [preactivations(parameters, activation, x)[-1] for x in inputs.tolist()]
    return mean_loss(outputs, targets.tolist(), loss)


def changed(network, change):
    """The network with something else in the place of each of its arrays."""
    weights, biases = ([change(p) for p in of] for of in (network.weights, network.biases))
    return type(network)(weights, biases, network.activation)


def parameters(network):
    """All the arrays of a network, or of its gradients."""
    return (*network.weights, *network.biases)


def assert_same(one, other):
    """That two networks, or two sets of gradients, are equal to the last bit."""
    for p, q in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_array_equal(p, q)
