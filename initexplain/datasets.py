"""Toy data from a generator: inputs `(examples, features)`, targets `(examples, outputs)`.

The first argument is the source of randomness, `noise` the standard deviation of normal noise; a
size that is too small, or a noise that is negative or not finite, raises `ValueError`, and a seed
in the place of a generator `TypeError`.
"""

import numpy as np

from initexplain.checks import Array, count, generator, not_negative


def teacher(
    rng: np.random.Generator,
    *,
    examples: int = 64,
    features: int = 4,
    outputs: int = 2,
    units: int = 8,
    biases: float = 0.0,
) -> tuple[Array, Array]:
    """Normal inputs, and the answers of a random tanh network with one hidden layer.

    A task that a network with enough different hidden units can learn and one unit cannot. The
    features are independent N(0, 1), the outputs have a variance around 1; the teacher has `units`
    hidden units, with normal biases of standard deviation `biases`. Without them it is an odd
    function, which a network without biases can learn too.

    Examples:
        >>> X, Y = teacher(np.random.default_rng(0), examples=10)
        >>> X.shape, Y.shape
        ((10, 4), (10, 2))
    """
    generator(rng)
    sizes = {"examples": examples, "features": features, "outputs": outputs, "units": units}
    for name, size in sizes.items():
        count(size, name)
    inputs = rng.standard_normal((examples, features))
    z = 2.0 * inputs @ rng.standard_normal((features, units)) / np.sqrt(features)
    outgoing = rng.standard_normal((units, outputs)) / np.sqrt(units / 2)
    # drawn last: the same generator gives the same weights with and without biases
    if not_negative(biases, "biases"):
        z += biases * rng.standard_normal(units)
    return inputs, np.tanh(z) @ outgoing


def noisy_sine(
    rng: np.random.Generator, *, examples: int = 64, noise: float = 0.1
) -> tuple[Array, Array]:
    """One feature on an even grid of [-2, 2], one output: a sine and a half, with normal noise.

    Examples:
        >>> X, Y = noisy_sine(np.random.default_rng(0), examples=5, noise=0.0)
        >>> X[:, 0].tolist(), Y.shape
        ([-2.0, -1.0, 0.0, 1.0, 2.0], (5, 1))
    """
    generator(rng)
    inputs = np.linspace(-2.0, 2.0, count(examples, "examples"))[:, None]
    jitter = not_negative(noise, "noise") * rng.standard_normal(inputs.shape)
    return inputs, np.sin(0.75 * np.pi * inputs) + jitter


def two_moons(
    rng: np.random.Generator, *, examples: int = 100, noise: float = 0.1
) -> tuple[Array, Array]:
    """Two interleaved half circles in the plane: classes 0 and 1, as one column of targets.

    The first half of the examples, of which there are two or more, is class 0; the half circles
    have radius 1.

    Examples:
        >>> X, Y = two_moons(np.random.default_rng(0), examples=6)
        >>> X.shape, Y[:, 0].tolist()
        ((6, 2), [0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    """
    generator(rng)
    first = count(examples, "examples", least=2) // 2
    angles = np.concatenate([np.linspace(0, np.pi, n) for n in (first, examples - first)])
    labels = (np.arange(examples) >= first).astype(float)
    side = 1.0 - 2.0 * labels
    inputs = np.stack([side * np.cos(angles) + labels, side * np.sin(angles) + labels / 2], axis=1)
    jitter = not_negative(noise, "noise") * rng.standard_normal(inputs.shape)
    return inputs - inputs.mean(axis=0) + jitter, labels[:, None]
