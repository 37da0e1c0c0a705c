"""What other pages say about symmetry, each sentence as a check that runs."""

from dataclasses import dataclass

import numpy as np

from initexplain.checks import Array
from initexplain.datasets import teacher
from initexplain.initializers import Initializer, constant, lecun_normal, zeros
from initexplain.network import Network, gradients
from initexplain.training import train

LEARNING_RATE = 0.1
# numbers are counted as different if they differ by more than rounding can explain
PLACES = 12


@dataclass(frozen=True)
class ConstantLayers:
    """ReLU networks with equal biases: which of the two weight matrices starts constant.

    Attributes:
        both: losses with both matrices constant, `(steps + 1, seeds)`.
        incoming: losses with a constant first matrix and random outgoing weights.
        neither: losses with two random matrices.
    """

    both: Array
    incoming: Array
    neither: Array

    @property
    def both_loss(self) -> float:
        """Median final loss with both matrices constant."""
        return float(np.median(self.both[-1]))

    @property
    def incoming_loss(self) -> float:
        """Median final loss with a constant first matrix."""
        return float(np.median(self.incoming[-1]))

    @property
    def neither_loss(self) -> float:
        """Median final loss with two random matrices."""
        return float(np.median(self.neither[-1]))

    @property
    def incoming_better(self) -> int:
        """Seeds in which the constant first matrix ends below two constant matrices."""
        return int((self.incoming[-1] < self.both[-1]).sum())

    @property
    def seeds(self) -> int:
        """Networks of each kind."""
        return int(self.both.shape[1])


@dataclass(frozen=True)
class SymmetryErrata:
    """One value or more for each sentence.

    Attributes:
        constant_layers: constant matrices, one or both.
        gradient: of a constant first matrix with two units and one output, `(2, features)`.
        after: that matrix after one update.
        bias_gradients_constant: different values among the units' bias gradients, at the first
            update, with constant weights.
        bias_gradients_random: the same with random weights.
        columns_differ_after: updates until the columns of a constant first matrix differ.
        zero_rows: different rows among all the matrices of an all-zero logistic network with two
            hidden layers after training, output layer apart: one for each matrix if 2.
        hidden_layers: hidden layers of that network.
        features: inputs.
        examples: rows of the data.
        units: hidden units of the larger networks.
        steps: updates of every training.
    """

    constant_layers: ConstantLayers
    gradient: Array
    after: Array
    bias_gradients_constant: int
    bias_gradients_random: int
    columns_differ_after: int
    zero_rows: int
    hidden_layers: int
    features: int
    examples: int
    units: int
    steps: int

    @property
    def gradient_rows(self) -> int:
        """Different rows in the gradient."""
        return _different(self.gradient)

    @property
    def gradient_elements(self) -> int:
        """Elements of the gradient."""
        return self.gradient.size

    @property
    def gradient_values(self) -> int:
        """Different values among the elements of the gradient."""
        return _different(self.gradient.reshape(-1, 1))

    @property
    def values_after(self) -> int:
        """Different values in the matrix after one update."""
        return _different(self.after.reshape(-1, 1))


def run(
    *, units: int = 6, steps: int = 300, constant_value: float = 0.4, seeds: int = 10, seed: int = 0
) -> SymmetryErrata:
    """Runs every check on the teacher's task; full-batch gradient descent, learning rate 0.1.

    Args:
        units: hidden units of the larger networks.
        steps: updates.
        constant_value: the weight of constant matrices.
        seeds: networks of each kind in `constant_layers`.
        seed: of data and networks.
    """
    rng = np.random.default_rng(seed)
    inputs, targets = teacher(rng)
    alike = constant(constant_value)
    two_units = _drawn(rng, [inputs.shape[1], 2, 1], alike, alike)
    larger = [inputs.shape[1], units, targets.shape[1]]
    _, first = gradients(two_units, inputs, targets[:, :1])
    matrices = _observed_first_matrices(two_units, inputs, targets[:, :1])
    deep = Network.initialize(
        rng, [larger[0], units, *larger[1:]], weights=zeros(), activation="logistic"
    )
    trained = train(deep, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).network
    return SymmetryErrata(
        constant_layers=_constant_layers(
            rng, inputs, targets, larger, alike=alike, seeds=seeds, steps=steps
        ),
        gradient=first.weights[0],
        after=matrices[1],
        bias_gradients_constant=_bias_gradients(rng, inputs, targets, larger, alike),
        bias_gradients_random=_bias_gradients(rng, inputs, targets, larger, lecun_normal()),
        columns_differ_after=next(i for i, w in enumerate(matrices) if _different(w.T) > 1),
        zero_rows=sum(_different(w) for w in trained.weights[:-1]),
        hidden_layers=len(trained.weights) - 1,
        features=inputs.shape[1],
        examples=len(inputs),
        units=units,
        steps=steps,
    )


def _different(rows: Array) -> int:
    """How many different rows, rounding apart."""
    return len(np.unique(np.round(rows, PLACES), axis=0))


def _drawn(
    rng: np.random.Generator,
    sizes: list[int],
    incoming: Initializer,
    outgoing: Initializer,
    *,
    activation: str = "tanh",
    ensemble: tuple[int, ...] = (),
) -> Network:
    """One hidden layer, zero biases, an initializer for each matrix."""
    features, units, outputs = sizes
    return Network(
        [incoming(rng, (*ensemble, units, features)), outgoing(rng, (*ensemble, outputs, units))],
        [np.zeros((*ensemble, units)), np.zeros((*ensemble, outputs))],
        activation,
    )


def _constant_layers(
    rng: np.random.Generator,
    inputs: Array,
    targets: Array,
    sizes: list[int],
    *,
    alike: Initializer,
    seeds: int,
    steps: int,
) -> ConstantLayers:
    def losses(incoming: Initializer, outgoing: Initializer) -> Array:
        network = _drawn(rng, sizes, incoming, outgoing, activation="relu", ensemble=(seeds,))
        return train(network, inputs, targets, steps=steps, learning_rate=LEARNING_RATE).losses

    return ConstantLayers(
        both=losses(alike, alike),
        incoming=losses(alike, lecun_normal()),
        neither=losses(lecun_normal(), lecun_normal()),
    )


def _observed_first_matrices(network: Network, inputs: Array, targets: Array) -> list[Array]:
    """The first matrix before training and after each of three updates."""
    return train(
        network,
        inputs,
        targets,
        steps=3,
        learning_rate=LEARNING_RATE,
        observe=lambda _step, now, _gradients: now.weights[0],
    ).observed


def _bias_gradients(
    rng: np.random.Generator, inputs: Array, targets: Array, sizes: list[int], init: Initializer
) -> int:
    """Different values among the first bias gradients of the hidden units."""
    _, found = gradients(_drawn(rng, sizes, init, init), inputs, targets)
    return _different(found.biases[0][:, None])
