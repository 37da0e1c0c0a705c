"""The sweep on initexplain and on the frameworks.

Every function takes a problem, prepares, and returns `train(steps) -> losses`: the losses of all
networks after that many updates by gradient descent on half the mean squared error.
"""

import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np

from benchmarks.problem import CORES, LEARNING_RATE, Array, Problem

Train = Callable[[int], Array]


def initexplain(problem: Problem, activation: str) -> Train:
    """This package: an ensemble and a process for each core."""
    import initexplain as ie

    groups = [slice(i, None, CORES) for i in range(min(CORES, len(problem.weights[0])))]
    networks = [
        ie.Network([w[g] for w in problem.weights], [b[g] for b in problem.biases], activation)
        for g in groups
    ]
    processes = ProcessPoolExecutor(CORES, mp_context=get_context("spawn"))

    def train(steps: int) -> Array:
        histories = ie.sweep(
            networks,
            problem.inputs,
            problem.targets,
            steps=steps,
            learning_rate=LEARNING_RATE,
            executor=processes,
        )
        losses = np.empty(len(problem.weights[0]), problem.inputs.dtype)
        for group, history in zip(groups, histories):
            losses[group] = history.final_losses
        return losses

    return train


def jax(problem: Problem, activation: str) -> Train:
    """JAX: the gradient of one network, mapped over networks, scanned over steps, compiled."""
    import jax
    from jax import numpy as jnp

    jax.config.update("jax_enable_x64", problem.inputs.dtype == np.float64)
    function = {"tanh": jnp.tanh, "relu": jax.nn.relu}[activation]
    start = [tuple(map(jnp.asarray, layer)) for layer in zip(problem.weights, problem.biases)]
    inputs, targets = jnp.asarray(problem.inputs), jnp.asarray(problem.targets)

    def loss(layers, inputs, targets):
        signal = inputs
        for w, b in layers[:-1]:
            signal = function(signal @ w.T + b)
        w, b = layers[-1]
        return 0.5 * jnp.mean((signal @ w.T + b - targets) ** 2)

    gradients = jax.vmap(jax.grad(loss), in_axes=(0, None, None))
    losses = jax.vmap(loss, in_axes=(0, None, None))

    def update(layers, _):
        moves = gradients(layers, inputs, targets)
        return jax.tree.map(lambda p, g: p - LEARNING_RATE * g, layers, moves), None

    def run(layers, steps):
        layers, _ = jax.lax.scan(update, layers, None, length=steps)
        return losses(layers, inputs, targets)

    compiled = jax.jit(run, static_argnums=1)
    return lambda steps: np.asarray(compiled(start, steps))


def torch_batched(problem: Problem, activation: str) -> Train:
    """PyTorch: all networks in batched matrix products, gradients by autograd."""
    import torch

    function = getattr(torch, activation)
    inputs = torch.from_numpy(problem.inputs).expand(len(problem.weights[0]), -1, -1)
    targets = torch.from_numpy(problem.targets)

    def losses(weights, biases):
        signal = inputs
        for w, b in zip(weights, biases):
            z = torch.baddbmm(b[:, None], signal, w.transpose(1, 2))
            signal = z if w is weights[-1] else function(z)
        return 0.5 * ((signal - targets) ** 2).mean(dim=(1, 2))

    def train(steps: int) -> Array:
        parameters = [
            [torch.tensor(p, requires_grad=True) for p in layers]
            for layers in (problem.weights, problem.biases)
        ]
        rule = torch.optim.SGD([p for layers in parameters for p in layers], lr=LEARNING_RATE)
        for _ in range(steps):
            rule.zero_grad()
            losses(*parameters).sum().backward()
            rule.step()
        with torch.no_grad():
            return losses(*parameters).numpy()

    return train


def torch_modules(problem: Problem, activation: str) -> Train:
    """PyTorch as tutorials write it: one `nn.Sequential` after the other."""
    import torch
    from torch import nn

    hidden = {"tanh": nn.Tanh, "relu": nn.ReLU}[activation]
    inputs, targets = torch.from_numpy(problem.inputs), torch.from_numpy(problem.targets)

    def module(member: int) -> nn.Sequential:
        layers: list[nn.Module] = []
        for w, b in zip(problem.weights, problem.biases):
            linear = nn.Linear(w.shape[2], w.shape[1], dtype=inputs.dtype)
            with torch.no_grad():
                linear.weight.copy_(torch.from_numpy(w[member]))
                linear.bias.copy_(torch.from_numpy(b[member]))
            layers += [linear, hidden()]
        return nn.Sequential(*layers[:-1])

    def train(steps: int) -> Array:
        final = []
        for member in range(len(problem.weights[0])):
            network = module(member)
            rule = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE)
            for _ in range(steps):
                rule.zero_grad()
                (0.5 * nn.functional.mse_loss(network(inputs), targets)).backward()
                rule.step()
            with torch.no_grad():
                final.append(0.5 * nn.functional.mse_loss(network(inputs), targets).item())
        return np.array(final)

    return train


def sklearn(problem: Problem, activation: str) -> Train:
    """scikit-learn: one `MLPRegressor` after the other."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPRegressor

    warnings.simplefilter("ignore", ConvergenceWarning)
    inputs, targets = problem.inputs, problem.targets[:, 0]

    def trained(member: int, steps: int) -> MLPRegressor:
        network = MLPRegressor(
            hidden_layer_sizes=[w.shape[1] for w in problem.weights[:-1]],
            activation=activation,
            solver="sgd",
            alpha=0.0,
            momentum=0.0,
            learning_rate_init=LEARNING_RATE,
            batch_size=len(inputs),
            shuffle=False,
            max_iter=1,
            n_iter_no_change=steps + 1,
            warm_start=True,
        )
        network.fit(inputs, targets)  # makes its arrays, which are then overwritten
        for own, w in zip(network.coefs_, problem.weights):
            own[...] = w[member].T
        for own, b in zip(network.intercepts_, problem.biases):
            own[...] = b[member]
        return network.set_params(max_iter=steps).fit(inputs, targets)

    def train(steps: int) -> Array:
        networks = (trained(member, steps) for member in range(len(problem.weights[0])))
        return np.array([0.5 * np.mean((n.predict(inputs) - targets) ** 2) for n in networks])

    return train


IMPLEMENTATIONS: dict[str, Callable[[Problem, str], Train]] = {
    "initexplain, processes": initexplain,
    "JAX (jit, vmap, scan)": jax,
    "PyTorch, batched": torch_batched,
    "PyTorch, loop of modules": torch_modules,
    "scikit-learn, loop": sklearn,
}
"""Every implementation by the name in the table."""
