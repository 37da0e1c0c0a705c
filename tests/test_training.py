"""Training against update rules written out in plain Python, ensembles against their members.

The task of the reference loops is a line through three points: its gradient is two sums,
written out below, and no part of the package is needed to follow the optimizer.
"""

import math
import pickle
import warnings
from collections.abc import Callable, Iterator
from dataclasses import FrozenInstanceError, dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import initexplain as ie
from initexplain import Network, lecun_normal, train, training
from initexplain.optimizers import find_optimizer

pytestmark = pytest.mark.filterwarnings("error")

XS, YS = [1.0, -0.5, 2.0], [0.5, 1.5, -1.0]
COLUMN_X, COLUMN_Y = [[x] for x in XS], [[y] for y in YS]

# a rule receives the gradients of one number, one after the other, and returns its moves
Rule = Callable[[], Callable[[float], float]]


def reference_sgd() -> Callable[[float], float]:
    return lambda gradient: gradient


def reference_momentum(beta: float) -> Rule:
    # Sutskever et al. (2013), equations 1 and 2, with the learning rate taken out of v
    def start() -> Callable[[float], float]:
        velocity = 0.0

        def step(gradient: float) -> float:
            nonlocal velocity
            velocity = beta * velocity + gradient
            return velocity

        return step

    return start


def reference_adam(beta1: float, beta2: float, epsilon: float) -> Rule:
    # Kingma and Ba (2015), algorithm 1, line by line
    def start() -> Callable[[float], float]:
        m = v = 0.0
        t = 0

        def step(gradient: float) -> float:
            nonlocal m, v, t
            t += 1
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient**2
            m_hat = m / (1 - beta1**t)
            v_hat = v / (1 - beta2**t)
            return m_hat / (math.sqrt(v_hat) + epsilon)

        return step

    return start


@dataclass(frozen=True)
class Case:
    """An optimizer, and the rule it should follow."""

    optimizer: str | ie.Optimizer
    rule: Rule
    l2: float = 0.0
    weight_decay: float = 0.0


ADAM = reference_adam(0.9, 0.999, 1e-8)
OPTIMIZER_CASES = {
    "sgd": Case("sgd", reference_sgd),
    "momentum": Case("momentum", reference_momentum(0.9)),
    "adam": Case("adam", ADAM),
    "sgd l2": Case(ie.sgd(l2=0.3), reference_sgd, l2=0.3),
    "sgd decay": Case(ie.sgd(weight_decay=0.2), reference_sgd, weight_decay=0.2),
    "sgd both": Case(ie.sgd(l2=0.3, weight_decay=0.2), reference_sgd, 0.3, 0.2),
    "momentum 0": Case(ie.momentum(0.0), reference_sgd),
    "momentum half": Case(ie.momentum(0.5), reference_momentum(0.5)),
    "momentum l2": Case(ie.momentum(0.5, l2=0.3), reference_momentum(0.5), l2=0.3),
    "momentum decay": Case(
        ie.momentum(0.5, weight_decay=0.2), reference_momentum(0.5), weight_decay=0.2
    ),
    "adam 0.5 0.8": Case(ie.adam(0.5, 0.8, epsilon=0.1), reference_adam(0.5, 0.8, 0.1)),
    "adam 0 0": Case(ie.adam(0.0, 0.0), reference_adam(0.0, 0.0, 1e-8)),
    "adam l2": Case(ie.adam(l2=0.3), ADAM, l2=0.3),
    "adam decay": Case(ie.adam(weight_decay=0.2), ADAM, weight_decay=0.2),
    "adam both": Case(ie.adam(l2=0.3, weight_decay=0.2), ADAM, 0.3, 0.2),
}

every_optimizer = pytest.mark.parametrize("optimizer", ie.OPTIMIZERS)


def line_loss(w: float, b: float) -> float:
    return sum((w * x + b - y) ** 2 for x, y in zip(XS, YS, strict=True)) / (2 * len(XS))


def line_gradient(w: float, b: float) -> tuple[float, float]:
    errors = [w * x + b - y for x, y in zip(XS, YS, strict=True)]
    by_w = sum(e * x for e, x in zip(errors, XS, strict=True)) / len(XS)
    return by_w, sum(errors) / len(XS)


def reference_line(
    case: Case, w: float, b: float, steps: int, rate: float
) -> Iterator[tuple[float, float]]:
    """`(w, b)` before the first update and after every update."""
    yield w, b
    rules = case.rule(), case.rule()
    for _ in range(steps):
        moves = []
        for p, gradient, rule in zip((w, b), line_gradient(w, b), rules, strict=True):
            moves.append(rule(gradient + case.l2 * p) + case.weight_decay * p)
        w, b = w - rate * moves[0], b - rate * moves[1]
        yield w, b


def line(w: float, b: float, dtype: Any = np.float64) -> ie.Network:
    return ie.Network([np.array([[w]], dtype)], [np.array([b], dtype)])


def test_every_optimizer_of_the_package_has_a_reference() -> None:
    assert set(ie.OPTIMIZERS) <= set(OPTIMIZER_CASES)
    assert {name: make().name for name, make in ie.OPTIMIZERS.items()} == {
        name: name for name in ie.OPTIMIZERS
    }


@pytest.mark.parametrize("case", OPTIMIZER_CASES.values(), ids=OPTIMIZER_CASES.keys())
@pytest.mark.parametrize("start", [(0.7, -0.4), (-2.0, 0.0)])
def test_training_follows_the_reference_rule(case: Case, start: tuple[float, float]) -> None:
    steps, rate = 40, 0.07
    path: list[tuple[float, float]] = []
    history = ie.train(
        line(*start),
        COLUMN_X,
        COLUMN_Y,
        steps=steps,
        learning_rate=rate,
        optimizer=case.optimizer,
        observe=lambda _step, net, _grads: path.append(
            (float(net.weights[0][0, 0]), float(net.biases[0][0]))
        ),
    )
    expected = list(reference_line(case, *start, steps, rate))
    np.testing.assert_allclose(path, expected, rtol=1e-9, atol=1e-12)
    losses = [line_loss(w, b) for w, b in expected]
    np.testing.assert_allclose(history.losses, losses, rtol=1e-9, atol=1e-12)


def test_the_first_step_of_adam_is_the_learning_rate_whatever_the_gradient() -> None:
    for scale in (1e-3, 1.0, 1e3):
        network = ie.Network([[[0.0]]], [[0.0]])
        history = ie.train(
            network,
            [[1.0]],
            [[scale]],
            steps=1,
            learning_rate=0.01,
            optimizer=ie.adam(epsilon=1e-30),
        )
        assert float(history.network.weights[0][0, 0]) == pytest.approx(0.01, rel=1e-12)


def test_decay_shrinks_parameters_that_have_no_gradient() -> None:
    # one step on targets met exactly: weights and biases alike lose rate * decay of themselves
    network = line(0.5, -1.0)
    targets = ie.forward(network, COLUMN_X).outputs
    for optimizer in (ie.sgd(weight_decay=0.2), ie.adam(weight_decay=0.2), ie.sgd(l2=0.2)):
        after = ie.train(
            network, COLUMN_X, targets, steps=1, learning_rate=0.1, optimizer=optimizer
        ).network
        assert float(after.weights[0][0, 0]) == pytest.approx(0.5 * 0.98, rel=1e-12)
        assert float(after.biases[0][0]) == pytest.approx(-0.98, rel=1e-12)


def mlp(
    ensemble: tuple[int, ...] = (),
    activation: str = "tanh",
    sizes: tuple[int, ...] = (3, 5, 4, 2),
    dtype: Any = np.float64,
    seed: int = 0,
) -> ie.Network:
    return ie.Network.initialize(
        np.random.default_rng(seed),
        sizes,
        weights=ie.lecun_normal(),
        biases=ie.normal(0.3),
        activation=activation,
        ensemble=ensemble,
        dtype=dtype,
    )


def data(
    examples: int = 6, lead: tuple[int, ...] = (), features: int = 3, outputs: int = 2
) -> tuple[Any, Any]:
    """Inputs, and targets in (0, 1) of sum 1: every loss is defined for them."""
    rng = np.random.default_rng(17)
    targets = rng.random((*lead, examples, outputs)) + 0.1
    inputs = rng.standard_normal((*lead, examples, features))
    return inputs, targets / targets.sum(axis=-1, keepdims=True)


def parameters(network: ie.Network) -> tuple[Any, ...]:
    return (*network.weights, *network.biases)


def assert_same_network(one: ie.Network, other: ie.Network) -> None:
    for p, q in zip(parameters(one), parameters(other), strict=True):
        np.testing.assert_array_equal(p, q)


ORDERS = {
    "rows": np.ascontiguousarray,
    "columns": np.asfortranarray,
    "reversed": lambda a: a[..., ::-1, ::-1].copy()[..., ::-1, ::-1],
    "strided": lambda a: np.repeat(np.repeat(a, 2, axis=-1), 3, axis=-2)[..., ::3, ::2],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("batch_size", [None, 95])
@pytest.mark.parametrize("sizes", [(1, 33, 7), (2, 1, 2)], ids=str)
def test_results_do_not_depend_on_the_order_in_memory(
    sizes: tuple[int, ...], batch_size: int | None, dtype: Any, order: str
) -> None:
    rng = np.random.default_rng(12)
    network = ie.Network.initialize(
        rng, sizes, weights=ie.lecun_normal(), ensemble=(3,), dtype=dtype
    )
    moved = ORDERS[order]
    inputs, targets = (rng.standard_normal((3, 100, n)) for n in (sizes[0], sizes[-1]))

    def run(net: ie.Network, x: Any, y: Any) -> ie.History:
        generator = np.random.default_rng(5)
        return ie.train(net, x, y, steps=3, learning_rate=0.1, batch_size=batch_size, rng=generator)

    expected = run(network, inputs, targets)
    assert_same_network(run(network, moved(inputs), moved(targets)).network, expected.network)
    for i in range(3):
        alone = run(network.member(i), moved(inputs[i]), moved(targets[i]))
        np.testing.assert_array_equal(alone.losses, expected.losses[:, i])
        assert_same_network(alone.network, expected.network.member(i))


@pytest.mark.parametrize("order", ORDERS)
def test_gradients_do_not_depend_on_the_order_of_weights_in_memory(order: str) -> None:
    rng = np.random.default_rng(13)
    network = ie.Network.initialize(rng, [1, 33, 7], weights=ie.lecun_normal(), ensemble=(3,))
    moved = ie.Network([ORDERS[order](w) for w in network.weights], network.biases)
    inputs, targets = rng.standard_normal((1, 1)), rng.standard_normal((1, 7))
    (_, one), (_, other) = (ie.gradients(n, inputs, targets) for n in (network, moved))
    for p, q in zip(one.weights, other.weights, strict=True):
        np.testing.assert_array_equal(p, q)


@every_optimizer
@pytest.mark.parametrize("loss", ie.LOSSES)
@pytest.mark.parametrize("activation", ie.ACTIVATIONS)
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("shared", [True, False], ids=["shared", "per-member"])
def test_an_ensemble_trains_as_its_members_do_alone(
    optimizer: str, loss: str, activation: str, batch_size: int | None, shared: bool
) -> None:
    ensemble = (2, 2)
    network = mlp(ensemble, activation)
    inputs, targets = data(lead=() if shared else ensemble)

    def run(net: ie.Network, x: Any, y: Any) -> ie.History:
        # the same generator state: every member sees the same mini-batches
        return ie.train(
            net,
            x,
            y,
            steps=8,
            learning_rate=0.02,
            optimizer=optimizer,
            loss=loss,
            batch_size=batch_size,
            rng=np.random.default_rng(5),
        )

    together = run(network, inputs, targets)
    assert together.losses.shape == (9, 2, 2)
    assert together.diverged_at.tolist() == [[-1, -1], [-1, -1]]
    for index in np.ndindex(ensemble):
        x, y = (inputs, targets) if shared else (inputs[index], targets[index])
        alone = run(network.member(*index), x, y)
        np.testing.assert_allclose(together.losses[(slice(None), *index)], alone.losses, rtol=1e-9)
        pairs = zip(parameters(together.network), parameters(alone.network), strict=True)
        for p, q in pairs:
            np.testing.assert_allclose(p[index], q, rtol=1e-7, atol=1e-10)


@every_optimizer
@pytest.mark.parametrize("ensemble", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("options", [{}, {"dropout": 0.5}, {"batch_size": 4}], ids=str)
@pytest.mark.parametrize("scalar", [float, np.float64])
def test_float32_is_kept_everywhere(
    optimizer: str, ensemble: tuple[int, ...], options: dict[str, Any], scalar: Any
) -> None:
    inputs, targets = data()
    seen: list[Any] = []

    def observe(step: int, net: ie.Network, grads: ie.Gradients) -> None:
        seen.extend(a.dtype for a in (*parameters(net), *grads.weights, *grads.biases))

    history = ie.train(
        mlp(ensemble, dtype=np.float32),
        inputs,
        targets,
        steps=3,
        learning_rate=scalar(0.1),
        optimizer=optimizer,
        rng=np.random.default_rng(0),
        observe=observe,
        **{k: scalar(v) if k == "dropout" else v for k, v in options.items()},
    )
    made = {history.losses.dtype, *seen, *(p.dtype for p in parameters(history.network))}
    assert made == {np.dtype(np.float32)}


def test_the_kind_of_number_of_the_learning_rate_does_not_matter() -> None:
    runs = [
        ie.train(mlp(dtype=np.float32), *data(), steps=5, learning_rate=rate).network
        for rate in (0.1, np.float64(0.1))
    ]
    assert_same_network(*runs)


# ---- what is observed and recorded


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [
        (0, 1, [0]),
        (0, 5, [0]),
        (1, 1, [0, 1]),
        (6, 3, [0, 3, 6]),
        (7, 3, [0, 3, 6, 7]),
        (2, 9, [0, 2]),
    ],
)
def test_observe_is_called_every_so_often_and_at_the_end(
    steps: int, every: int, expected: list[int]
) -> None:
    history = ie.train(
        mlp(),
        *data(),
        steps=steps,
        learning_rate=0.1,
        observe=lambda step, _net, _grads: step,
        observe_every=every,
    )
    assert history.observed == expected
    assert history.losses.shape == (steps + 1,)


@every_optimizer
def test_observe_sees_the_network_before_the_update_and_its_gradients(optimizer: str) -> None:
    inputs, targets = data()
    start = mlp((2,))
    history = ie.train(
        start,
        inputs,
        targets,
        steps=4,
        learning_rate=0.1,
        optimizer=optimizer,
        observe=lambda _step, net, grads: (net, grads),
    )
    assert_same_network(history.observed[0][0], start)
    assert_same_network(history.observed[-1][0], history.network)
    for step, (network, grads) in enumerate(history.observed):
        loss, expected = ie.gradients(network, inputs, targets)
        np.testing.assert_allclose(history.losses[step], loss, rtol=1e-12)
        pairs = zip(
            (*grads.weights, *grads.biases), (*expected.weights, *expected.biases), strict=True
        )
        for found, wanted in pairs:
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


def test_an_observer_cannot_change_the_training() -> None:
    def meddle(step: int, net: ie.Network, grads: ie.Gradients) -> None:
        for array in (*parameters(net), *grads.weights, *grads.biases):
            with pytest.raises(ValueError, match="read-only"):
                np.add(array, 1.0, out=array)

    watched = ie.train(mlp(), *data(), steps=3, learning_rate=0.1, observe=meddle)
    assert_same_network(
        watched.network, ie.train(mlp(), *data(), steps=3, learning_rate=0.1).network
    )


def test_an_observer_keeps_the_settings_of_its_caller() -> None:
    def observe(*_: Any) -> Any:
        return np.log(np.zeros(1))

    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        ie.train(mlp(), *data(), steps=1, learning_rate=0.1, observe=observe)


def test_an_error_of_the_observer_comes_through() -> None:
    def stop(step: int, net: ie.Network, grads: ie.Gradients) -> None:
        raise KeyError(step)

    with pytest.raises(KeyError):
        ie.train(mlp(), *data(), steps=3, learning_rate=0.1, observe=stop)


@every_optimizer
def test_neither_the_network_nor_the_data_are_changed(optimizer: str) -> None:
    network, (inputs, targets) = mlp((2,)), data()
    kept = [a.copy() for a in (*parameters(network), inputs, targets)]
    history = ie.train(network, inputs, targets, steps=3, learning_rate=0.1, optimizer=optimizer)
    for before, after in zip(kept, (*parameters(network), inputs, targets), strict=True):
        np.testing.assert_array_equal(before, after)
    for p, q in zip(parameters(network), parameters(history.network), strict=True):
        assert not np.array_equal(p, q)
        assert not np.shares_memory(p, q)
        assert not q.flags.writeable


@every_optimizer
@pytest.mark.parametrize("ensemble", [(), (2,)])
def test_no_steps_only_measure_the_loss(optimizer: str, ensemble: tuple[int, ...]) -> None:
    network, (inputs, targets) = mlp(ensemble), data()
    history = ie.train(network, inputs, targets, steps=0, learning_rate=0.1, optimizer=optimizer)
    assert history.losses.shape == (1, *ensemble)
    np.testing.assert_allclose(history.losses[0], ie.gradients(network, inputs, targets)[0])
    assert_same_network(history.network, network)
    assert history.observed == []


@every_optimizer
def test_a_learning_rate_of_zero_changes_nothing(optimizer: str) -> None:
    history = ie.train(mlp(), *data(), steps=3, learning_rate=0, optimizer=optimizer)
    assert_same_network(history.network, mlp())
    assert np.unique(history.losses).size == 1


def test_a_history_is_frozen() -> None:
    history = ie.train(mlp(), *data(), steps=0, learning_rate=0.1)
    with pytest.raises(FrozenInstanceError):
        history.losses = np.zeros(1)  # type: ignore[misc]


# ---- mini-batches


def batches_used(examples: int, batch_size: int, steps: int) -> list[dict[int, float]]:
    """Per update, the examples whose weight the gradient reaches, and the gradient there.

    The inputs are the unit vectors and the targets -1, so that with weights 0 the gradient by
    the weight of example i is 1 / (size of the batch) if i is in the batch, and else 0.
    """
    history = ie.train(
        ie.Network([np.zeros((1, examples))], [[0.0]]),
        np.eye(examples),
        -np.ones((examples, 1)),
        steps=steps,
        learning_rate=0.0,
        batch_size=batch_size,
        rng=np.random.default_rng(8),
        observe=lambda _step, _net, grads: grads.weights[0][0].copy(),
    )
    found = history.observed[:steps]
    return [{int(i): float(g[i]) for i in np.flatnonzero(g)} for g in found]


@pytest.mark.parametrize(("examples", "batch_size"), [(6, 2), (7, 3), (5, 1), (4, 4), (7, 6)])
def test_every_example_is_used_once_an_epoch(examples: int, batch_size: int) -> None:
    updates, epochs = math.ceil(examples / batch_size), 4
    batches = batches_used(examples, batch_size, updates * epochs)
    for epoch in range(epochs):
        used = batches[epoch * updates : (epoch + 1) * updates]
        assert sorted(i for batch in used for i in batch) == list(range(examples))
        assert [len(batch) for batch in used[:-1]] == [batch_size] * (updates - 1)
    for batch in batches:
        assert set(batch.values()) == {1 / len(batch)}


def test_batches_are_drawn_anew_in_every_epoch() -> None:
    batches = [frozenset(batch) for batch in batches_used(8, 4, 20)]
    # one of 70 splits, ten times: two distinct ones at the least
    assert len(set(batches)) > 2


def test_the_order_of_batches_is_the_generators() -> None:
    def run(seed: int) -> Any:
        rng = np.random.default_rng(seed)
        return ie.train(mlp(), *data(), steps=5, learning_rate=0.1, batch_size=2, rng=rng).losses

    np.testing.assert_array_equal(run(1), run(1))
    assert not np.array_equal(run(1), run(2))


def test_losses_of_mini_batches_are_taken_on_all_the_examples() -> None:
    inputs, targets = data()
    history = ie.train(
        mlp(),
        inputs,
        targets,
        steps=4,
        learning_rate=0.1,
        batch_size=1,
        rng=np.random.default_rng(0),
        observe=lambda _step, net, _grads: net,
    )
    for loss, network in zip(history.losses, history.observed, strict=True):
        assert float(loss) == pytest.approx(float(ie.gradients(network, inputs, targets)[0]))


def test_full_batches_leave_the_generator_alone() -> None:
    rng = np.random.default_rng(3)
    history = ie.train(mlp(), *data(), steps=3, learning_rate=0.1, rng=rng)
    assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state
    assert_same_network(
        history.network, ie.train(mlp(), *data(), steps=3, learning_rate=0.1).network
    )


# ---- dropout

# linear in the outputs: then every gradient is linear in each mask, and its mean is exact
LINEAR = ie.Loss(
    "linear",
    lambda outputs, targets: (
        (outputs * targets).sum(axis=(-1, -2)) / outputs.shape[-2],
        targets / outputs.shape[-2] + 0 * outputs,
    ),
    lambda _targets: None,
)


def dropout_gradients(
    network: ie.Network, inputs: Any, targets: Any, dropout: float, loss: Any = LINEAR
) -> ie.Gradients:
    """The gradients of the first update under dropout."""
    history = ie.train(
        network,
        inputs,
        targets,
        steps=0,
        learning_rate=0.0,
        loss=loss,
        dropout=dropout,
        rng=np.random.default_rng(21),
        observe=lambda _step, _net, grads: grads,
    )
    found: ie.Gradients = history.observed[0]
    return found


@pytest.mark.parametrize("dropout", [0.2, 0.5, 0.75])
def test_dropout_is_inverted_so_that_gradients_keep_their_mean(dropout: float) -> None:
    # two hidden identity layers, two masks; each of 20,000 members draws its own
    members, keep = 20_000, 1 - dropout
    one = mlp(activation="identity", sizes=(2, 3, 3, 2))
    network = ie.Network(
        [np.broadcast_to(w, (members, *w.shape)) for w in one.weights],
        [np.broadcast_to(b, (members, *b.shape)) for b in one.biases],
        "identity",
    )
    inputs, targets = data(examples=1, features=2)
    dropped = dropout_gradients(network, inputs, targets, dropout)
    _, plain = ie.gradients(one, inputs, targets, loss=LINEAR)
    pairs = zip((*dropped.weights, *dropped.biases), (*plain.weights, *plain.biases), strict=True)
    for found, expected in pairs:
        # standard errors from the members themselves, five of them
        error = 5 * found.std(axis=0) / math.sqrt(members)
        assert (np.abs(found.mean(axis=0) - expected) <= error + 1e-12).all()
    # the gradient of the last layer is an activation times the last mask, times 1 / keep,
    # so its second moment is 1 / keep of the square, at fixed activations
    alone = mlp(activation="identity", sizes=(2, 3, 2))
    wide = ie.Network(
        [np.broadcast_to(w, (members, *w.shape)) for w in alone.weights],
        [np.broadcast_to(b, (members, *b.shape)) for b in alone.biases],
        "identity",
    )
    dropped = dropout_gradients(wide, inputs, targets, dropout)
    _, plain = ie.gradients(alone, inputs, targets, loss=LINEAR)
    second = (dropped.weights[1] ** 2).mean(axis=0) / plain.weights[1] ** 2
    spread = math.sqrt((1 / keep) ** 2 * dropout / keep / members)
    assert np.abs(second - 1 / keep).max() < 5 * spread


def test_every_unit_example_and_member_has_its_own_mask() -> None:
    # hidden units of value 1, and targets 1 and 10: the gradient of an output weight is
    # (m_1 + 10 m_2) / 2 / keep, and tells which of the two examples kept the unit
    members, units, keep = 40, 50, 0.6
    network = ie.Network(
        [np.zeros((members, units, 1)), np.ones((members, 1, units))],
        [np.ones((members, units)), np.zeros((members, 1))],
        "identity",
    )
    grads = dropout_gradients(network, [[1.0], [1.0]], [[1.0], [10.0]], 1 - keep)
    codes = (grads.weights[1][:, 0, :] * 2 * keep).round(9)
    draws = codes.size
    for code, kept in ((0, 0), (1, 1), (10, 1), (11, 2)):
        chance = keep**kept * (1 - keep) ** (2 - kept)
        error = 5 * math.sqrt(chance * (1 - chance) / draws)
        assert abs((codes == code).mean() - chance) < error
    assert set(np.unique(codes)) == {0.0, 1.0, 10.0, 11.0}
    # rows are members, columns are units: no two of either are alike
    assert len({tuple(row) for row in codes.tolist()}) == members
    assert len({tuple(row) for row in codes.T.tolist()}) == units


def test_a_unit_that_is_left_out_gets_no_gradient() -> None:
    network = mlp(sizes=(3, 40, 30, 2))
    inputs, targets = data(examples=1)
    grads = dropout_gradients(network, inputs, targets, 0.5, "squared_error")
    for layer, units in ((0, 40), (1, 30)):
        silent = (grads.weights[layer + 1] == 0).all(axis=0)
        assert 0 < silent.sum() < units
        assert (grads.biases[layer][silent] == 0).all()
        assert (grads.weights[layer][silent] == 0).all()
        assert (grads.biases[layer][~silent] != 0).all()


def test_dropout_gradients_are_those_of_the_thinned_network() -> None:
    # the thinned network has the columns of the units left out at 0, the others times 1 / keep
    network = mlp(sizes=(3, 8, 2))
    inputs, targets = data(examples=1)
    found = dropout_gradients(network, inputs, targets, 0.4, "squared_error")
    mask = (found.weights[1] != 0).any(axis=0) / 0.6
    assert 0 < np.count_nonzero(mask) < mask.size
    thinned = ie.Network(
        [network.weights[0], network.weights[1] * mask], network.biases, network.activation
    )
    _, expected = ie.gradients(thinned, inputs, targets)
    np.testing.assert_allclose(found.weights[0], expected.weights[0], rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(found.weights[1], expected.weights[1] * mask, rtol=1e-12)
    np.testing.assert_allclose(found.biases[1], expected.biases[1], rtol=1e-12)


def test_losses_are_taken_without_dropout() -> None:
    inputs, targets = data()
    history = ie.train(
        mlp(),
        inputs,
        targets,
        steps=3,
        learning_rate=0.0,
        dropout=0.5,
        rng=np.random.default_rng(0),
    )
    expected = float(ie.gradients(mlp(), inputs, targets)[0])
    assert history.losses.tolist() == pytest.approx([expected] * 4)


def test_masks_are_drawn_anew_for_every_update() -> None:
    history = ie.train(
        mlp(sizes=(3, 30, 2)),
        *data(examples=1),
        steps=3,
        learning_rate=0.0,
        dropout=0.5,
        rng=np.random.default_rng(0),
        observe=lambda _step, _net, grads: tuple((grads.weights[1] != 0).any(axis=0).tolist()),
    )
    assert len(set(history.observed)) == 4


def test_dropout_works_on_mini_batches_and_without_hidden_layers() -> None:
    rng = np.random.default_rng(0)
    for sizes in ((3, 2), (3, 4, 2)):
        for lead in ((), (2,)):
            history = ie.train(
                mlp((2,), sizes=sizes),
                *data(lead=lead),
                steps=4,
                learning_rate=0.1,
                dropout=0.3,
                batch_size=4,
                rng=rng,
            )
            assert np.isfinite(history.losses).all()


# ---- divergence


def diverging_parabola(weight: float, rate: float, steps: int) -> tuple[list[float], list[float]]:
    """Gradient descent on w^2 / 2 in plain Python: losses and weights, infinite at the end."""
    losses, weights = [], []
    for _ in range(steps + 1):
        losses.append(weight * weight / 2)
        weights.append(weight)
        weight -= rate * weight
    return losses, weights


def parabola(*weights: float) -> ie.Network:
    """Networks `w x` whose loss on the input 1 and the target 0 is w^2 / 2."""
    w = np.array(weights, dtype=np.float64)[:, None, None]
    return ie.Network([w], [np.zeros(w.shape[:2])])


# the bias follows its own gradient, so the weight alone is trained: input 1 and -1, targets 0
TWO_X, TWO_Y = [[1.0], [-1.0]], [[0.0], [0.0]]


@pytest.mark.parametrize("rate", [1e3, 1e20, 1e80, 1e160])
@pytest.mark.parametrize("steps_after", [0, 1, 8])
def test_a_diverging_run_stops_at_the_step_where_plain_arithmetic_overflows(
    rate: float, steps_after: int
) -> None:
    losses, weights = diverging_parabola(1.0, rate, 60)
    first = next(i for i, loss in enumerate(losses) if not math.isfinite(loss))
    steps = first + steps_after
    with pytest.warns(ie.DivergenceWarning, match=f"diverged at step {first} ") as caught:
        history = ie.train(parabola(1.0).member(0), TWO_X, TWO_Y, steps=steps, learning_rate=rate)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert int(history.diverged_at) == first
    assert history.diverged_at.shape == ()
    assert history.losses.shape == (steps + 1,)
    np.testing.assert_allclose(history.losses[:first], losses[:first], rtol=1e-9)
    assert np.isnan(history.losses[first:]).all()
    # the last parameters whose loss was finite
    assert float(history.network.weights[0][0, 0]) == pytest.approx(weights[first - 1], rel=1e-9)


def test_a_run_that_starts_beyond_the_finite_numbers_diverges_at_step_zero() -> None:
    with pytest.warns(ie.DivergenceWarning, match="diverged at step 0 "):
        history = ie.train(parabola(1e200).member(0), TWO_X, TWO_Y, steps=3, learning_rate=0.1)
    assert int(history.diverged_at) == 0
    assert np.isnan(history.losses).all()
    assert float(history.network.weights[0][0, 0]) == 1e200


def test_a_gradient_that_overflows_keeps_the_parameters_before_it() -> None:
    network = ie.Network([[[1e-250]], [[1e200]]], [[0.0], [0.0]], "identity")
    with pytest.warns(ie.DivergenceWarning, match="diverged at step 1 "):
        history = ie.train(network, [[1.0]], [[1e150]], steps=3, learning_rate=0.1)
    assert math.isfinite(history.losses[0])
    assert np.isnan(history.losses[1:]).all()
    assert_same_network(history.network, network)


def test_a_parameter_that_overflows_diverges_even_where_the_loss_is_finite() -> None:
    # the weight leaves at 50 x 1e307 and the hidden tanh is -1: the loss would stay finite
    network = ie.Network([[[0.001]], [[1.0]]], [[0.0], [0.0]])
    with pytest.warns(ie.DivergenceWarning, match="diverged at step 1 "):
        history = ie.train(
            network, [[100.0]], [[0.0]], steps=2, learning_rate=1e307, loss="logistic"
        )
    assert math.isfinite(history.losses[0])
    assert np.isnan(history.losses[1:]).all()
    assert_same_network(history.network, network)


@every_optimizer
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_other_members_do_not_notice(
    optimizer: str, batch_size: int | None, dropout: float
) -> None:
    # weights near the largest float: the first update of this member overflows
    healthy, (inputs, targets) = mlp((3,), "relu"), data()
    sick = [w.copy() for w in healthy.weights]
    sick[-1][1] = 1e308
    network = ie.Network(sick, healthy.biases, "relu")

    def run(net: ie.Network) -> ie.History:
        return ie.train(
            net,
            inputs,
            targets,
            steps=6,
            learning_rate=0.05,
            optimizer=optimizer,
            batch_size=batch_size,
            dropout=dropout,
            rng=np.random.default_rng(4),
        )

    expected = run(healthy)
    with pytest.warns(ie.DivergenceWarning, match="1 of 3 members, learning_rate=0.05"):
        found = run(network)
    assert found.diverged_at[1] >= 0
    assert found.diverged_at[[0, 2]].tolist() == [-1, -1]
    np.testing.assert_array_equal(found.losses[:, [0, 2]], expected.losses[:, [0, 2]])
    for p, q in zip(parameters(found.network), parameters(expected.network), strict=True):
        np.testing.assert_array_equal(p[[0, 2]], q[[0, 2]])
        assert np.isfinite(p).all()


def test_members_diverge_each_at_its_own_step() -> None:
    starts = [1.0, 1e100, 0.0, 1e150, 1e200]
    with pytest.warns(ie.DivergenceWarning, match="step 0 .4 of 5 members"):
        history = ie.train(parabola(*starts), TWO_X, TWO_Y, steps=50, learning_rate=1e10)
    for member, start in enumerate(starts):
        losses, weights = diverging_parabola(start, 1e10, 50)
        bad = [i for i, loss in enumerate(losses) if not math.isfinite(loss)]
        first = bad[0] if bad else -1
        assert history.diverged_at[member] == first
        recorded = np.isfinite(history.losses[:, member])
        assert recorded.sum() == (first if bad else 51)
        assert recorded[: first if bad else 51].all()
        last = weights[max(first - 1, 0)]
        assert float(history.network.weights[0][member, 0, 0]) == pytest.approx(last, rel=1e-9)


@every_optimizer
def test_observers_see_finite_networks_to_the_end(optimizer: str) -> None:
    seen: list[float] = []

    def observe(step: int, net: ie.Network, grads: ie.Gradients) -> None:
        seen.append(float(np.abs(net.weights[0]).max()))

    with pytest.warns(ie.DivergenceWarning):
        ie.train(
            parabola(1.0, 1e200),
            TWO_X,
            TWO_Y,
            steps=12,
            learning_rate=1e100,
            optimizer=optimizer,
            observe=observe,
        )
    assert len(seen) == 13
    assert np.isfinite(seen).all()


@pytest.mark.parametrize("loss", ie.LOSSES)
@pytest.mark.parametrize("activation", ie.ACTIVATIONS)
@pytest.mark.parametrize("rate", [1e3, 1e100, 1e308])
def test_huge_learning_rates_raise_no_numpy_warning(
    loss: str, activation: str, rate: float
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ie.DivergenceWarning)
        for optimizer in ie.OPTIMIZERS:
            history = ie.train(
                mlp((2,), activation),
                *data(),
                steps=8,
                learning_rate=rate,
                optimizer=optimizer,
                loss=loss,
            )
            assert all(np.isfinite(p).all() for p in parameters(history.network))
            after = np.arange(9)[:, None] >= history.diverged_at
            gone = after & (history.diverged_at >= 0)
            np.testing.assert_array_equal(np.isnan(history.losses), gone)


def test_an_epsilon_that_is_zero_in_float32_raises_no_numpy_warning() -> None:
    network = mlp()
    tiny = ie.Network(
        [1e-30 * w.astype(np.float32) for w in network.weights],
        [b.astype(np.float32) for b in network.biases],
    )
    with pytest.warns(ie.DivergenceWarning):
        ie.train(tiny, *data(), steps=3, learning_rate=0.1, optimizer=ie.adam(epsilon=1e-300))


def test_no_warning_without_divergence() -> None:
    # warnings are errors in this file
    history = ie.train(mlp((2,)), *data(), steps=5, learning_rate=0.1)
    assert history.diverged_at.tolist() == [-1, -1]


# ---- bad arguments

BAD_ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "optimizer": ({"optimizer": "adm"}, "unknown optimizer 'adm': did you mean 'adam'"),
    "optimizer not called": ({"optimizer": ie.adam}, "unknown optimizer .*sgd, momentum, adam"),
    "optimizer nothing": ({"optimizer": None}, "unknown optimizer None"),
    "loss": ({"loss": "logstic"}, "unknown loss 'logstic': did you mean 'logistic'"),
    "rate": ({"learning_rate": -0.1}, "learning_rate must be .* 0 or more, found -0.1"),
    "rate nan": ({"learning_rate": math.nan}, "learning_rate must be a finite number"),
    "rate inf": ({"learning_rate": math.inf}, "learning_rate must be a finite number"),
    "rate text": ({"learning_rate": "0.1"}, "learning_rate must be .* found '0.1'"),
    "rate nothing": ({"learning_rate": None}, "learning_rate must be .* found None"),
    "rates": ({"learning_rate": np.array([0.1, 0.2])}, "learning_rate must be a finite number"),
    "steps": ({"steps": -1}, "steps must be a whole number of at least 0, found -1"),
    "steps float": ({"steps": 2.0}, "steps must be a whole number .* found 2.0"),
    "steps bool": ({"steps": True}, "steps must be a whole number .* found True"),
    "every": ({"observe_every": 0}, "observe_every must be .* at least 1, found 0"),
    "batch zero": ({"batch_size": 0}, "batch_size must be .* at least 1, found 0"),
    "batch bool": ({"batch_size": True}, "batch_size must be .* found True"),
    "batch float": ({"batch_size": 2.0}, "batch_size must be .* found 2.0"),
    "batch large": ({"batch_size": 7}, "batch_size 7 is larger than the 6 examples"),
    "batch without rng": ({"batch_size": 2, "rng": None}, "random: pass rng"),
    "dropout without rng": ({"dropout": 0.5, "rng": None}, "random: pass rng"),
    "no generator": ({"batch_size": 2, "rng": 0}, "pass rng, a numpy.random.Generator, not 0"),
    "dropout text": ({"dropout": "0.5"}, "dropout must be .* found '0.5'"),
    "dropout nothing": ({"dropout": None, "rng": None}, "dropout must be .* found None"),
    "dropout one": ({"dropout": 1.0}, "dropout must be at least 0 and below 1, found 1.0"),
    "dropout negative": ({"dropout": -0.1}, "dropout must be at least 0 and below 1"),
    "dropout nan": ({"dropout": math.nan}, "dropout must be at least 0 and below 1, found nan"),
}


@pytest.mark.parametrize(("change", "message"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS.keys())
def test_bad_arguments_are_refused(change: dict[str, Any], message: str) -> None:
    rng = np.random.default_rng(0)
    given: dict[str, Any] = {"steps": 1, "learning_rate": 0.1, "rng": rng} | change
    with pytest.raises(ValueError, match=message):
        ie.train(mlp(), *data(), **given)


BAD_OPTIMIZERS: dict[str, tuple[Callable[[], object], str]] = {
    "l2": (lambda: ie.sgd(l2=-1), "l2 must be a finite number, 0 or more, found -1"),
    "decay": (lambda: ie.sgd(weight_decay=math.nan), "weight_decay must be a finite number"),
    "momentum l2": (lambda: ie.momentum(l2=math.inf), "l2 must be a finite number"),
    "adam decay": (lambda: ie.adam(weight_decay=-0.1), "weight_decay must be a finite number"),
    "beta": (lambda: ie.momentum(1.0), "beta must be at least 0 and below 1, found 1.0"),
    "beta negative": (lambda: ie.momentum(-0.5), "beta must be at least 0 and below 1"),
    "beta1": (lambda: ie.adam(1.0), "beta1 must be at least 0 and below 1, found 1.0"),
    "beta2": (lambda: ie.adam(0.9, math.nan), "beta2 must be at least 0 and below 1"),
    "epsilon": (lambda: ie.adam(epsilon=0), "epsilon must be a finite number above 0, found 0"),
    "direct": (
        lambda: ie.Optimizer("mine", 0, lambda g, _slots, _step: g, l2=-1),
        "l2 must be a finite number",
    ),
}


@pytest.mark.parametrize(("make", "message"), BAD_OPTIMIZERS.values(), ids=BAD_OPTIMIZERS.keys())
def test_bad_optimizers_are_refused(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_optimizer_of_ones_own(dtype: Any) -> None:
    # signs of the gradient, with its own count of steps in a slot
    def direction(gradient: Any, slots: Any, step: int) -> Any:
        slots[0] += 1
        assert (slots[0] == step).all()
        assert slots[0].shape == gradient.shape
        assert slots[0].dtype == gradient.dtype == dtype
        return np.sign(gradient)

    mine = ie.Optimizer("signs", 1, direction)
    assert find_optimizer(mine) is mine
    after = ie.train(
        line(0.0, 0.0, dtype), COLUMN_X, COLUMN_Y, steps=1, learning_rate=0.25, optimizer=mine
    ).network
    by_w, by_b = line_gradient(0.0, 0.0)
    assert float(after.weights[0][0, 0]) == -0.25 * math.copysign(1, by_w)
    assert float(after.biases[0][0]) == -0.25 * math.copysign(1, by_b)


@every_optimizer
def test_an_optimizer_keeps_no_state_between_runs(optimizer: str) -> None:
    rule = find_optimizer(optimizer)
    runs = [ie.train(mlp(), *data(), steps=4, learning_rate=0.1, optimizer=rule) for _ in range(2)]
    np.testing.assert_array_equal(runs[0].losses, runs[1].losses)
    assert_same_network(runs[0].network, runs[1].network)


def test_a_large_ensemble_is_trained_in_groups_whose_results_do_not_depend_on_cores(monkeypatch):
    rng = np.random.default_rng(5)
    inputs, targets = rng.standard_normal((600, 3)), rng.standard_normal((600, 2))
    network = Network.initialize(rng, [3, 9, 2], weights=lecun_normal(), ensemble=(4, 7))
    own = np.broadcast_to(inputs, (4, 7, 600, 3))
    histories, parts = [], set()
    settings = training.Settings(ie.sgd(), ie.LOSSES["squared_error"], 5, 0.1)
    for cores in (1, 2, 3):
        monkeypatch.setattr(training, "cores", lambda cores=cores: cores)
        parts.add(len(training.split(network, own, targets, settings, threads=cores)))
        histories.append(train(network, own, targets, steps=5, learning_rate=0.1))
    assert parts == {10, 4, 3}
    alone = train(network.member(3, 2), inputs, targets, steps=5, learning_rate=0.1)
    for history in histories:
        assert history.losses.shape == (6, 4, 7)
        np.testing.assert_array_equal(history.losses, histories[0].losses)
        np.testing.assert_allclose(history.losses[:, 3, 2], alone.losses)
        for one, other in zip(history.network.weights, histories[0].network.weights, strict=True):
            np.testing.assert_array_equal(one, other)
        np.testing.assert_allclose(history.network.biases[0][3, 2], alone.network.biases[0])


@pytest.mark.parametrize(
    ("kib", "threads", "parts"),
    [
        (100, 1, 1),  # fits into a cache
        (100, 4, 1),
        (500, 1, 4),  # parts that fit, one after the other
        (500, 4, 4),  # too little for two threads
        (512, 2, 2),  # a quarter of a MiB is enough for a thread
        (768, 2, 2),
        (768, 8, 3),
        (3000, 2, 6),  # an even number of parts of half a MiB at the most
        (3000, 4, 8),
    ],
)
def test_threads_have_enough_to_do(kib, threads, parts):
    assert training._parts(kib * 1024, threads) == parts


def test_small_tasks_stay_in_one_thread(monkeypatch):
    monkeypatch.setattr(training, "cores", lambda: 4)
    settings = training.Settings(ie.sgd(), ie.LOSSES["squared_error"], 5, 0.1)

    def tasks(units, count):
        network = ie.Network.initialize(np.random.default_rng(0), [1, units], weights=ie.zeros())
        return [training.Task(network, np.ones((64, 1)), np.ones((64, units)), settings)] * count

    assert training.useful_threads(tasks(16, 9)) == 1
    assert training.useful_threads([*tasks(16, 9), *tasks(512, 1)]) == 4
    assert training.useful_threads(tasks(512, 3)) == 3


def test_an_interrupt_ends_all_groups_at_once(monkeypatch):
    monkeypatch.setattr(training, "cores", lambda: 2)
    calls = []

    def value(z, out=None):
        calls.append(z)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return np.tanh(z, out=out)

    mine = replace(ie.ACTIVATIONS["tanh"], name="mine", value=value)
    rng = np.random.default_rng(0)
    network = ie.Network.initialize(
        rng, [2, 64, 1], weights=ie.lecun_normal(), activation=mine, ensemble=(4,)
    )
    inputs, targets = rng.standard_normal((256, 2)), rng.standard_normal((256, 1))
    settings = training.Settings(ie.sgd(), ie.LOSSES["squared_error"], 5000, 0.1)
    assert len(training.split(network, inputs, targets, settings, threads=2)) == 2
    with pytest.raises(KeyboardInterrupt):
        ie.train(network, inputs, targets, steps=5000, learning_rate=0.1)
    assert len(calls) < 5000


def test_one_member_that_diverges_leaves_the_other_groups_alone():
    rng = np.random.default_rng(6)
    inputs, targets = rng.standard_normal((900, 3)), rng.standard_normal((900, 1))
    network = Network.initialize(rng, [3, 8, 1], weights=lecun_normal(), ensemble=(9,))
    weights = [w.copy() for w in network.weights]
    weights[1][4] *= 1e200
    broken = Network(weights, network.biases, network.activation)
    with pytest.warns(training.DivergenceWarning, match="1 of 9 members"):
        history = train(broken, inputs, targets, steps=3, learning_rate=0.1)
    healthy = train(network, inputs, targets, steps=3, learning_rate=0.1)
    others = np.arange(9) != 4
    assert history.diverged_at.tolist() == [-1, -1, -1, -1, 0, -1, -1, -1, -1]
    np.testing.assert_array_equal(history.losses[:, others], healthy.losses[:, others])


@every_optimizer
def test_an_optimizer_travels_to_another_process(optimizer: str) -> None:
    rule = ie.OPTIMIZERS[optimizer](l2=0.01)
    there = pickle.loads(pickle.dumps(rule))
    runs = [
        ie.train(mlp(), *data(), steps=4, learning_rate=0.1, optimizer=r) for r in (rule, there)
    ]
    np.testing.assert_array_equal(runs[0].losses, runs[1].losses)


def test_final_losses_are_the_last_ones_and_infinite_where_training_diverged() -> None:
    inputs, targets = data()
    weights = [np.stack([w, 1e200 * w]) for w in mlp().weights]
    pair = ie.Network(weights, [np.stack([b, b]) for b in mlp().biases], "tanh")
    with pytest.warns(ie.DivergenceWarning):
        history = ie.train(pair, inputs, targets, steps=3, learning_rate=0.1)
    assert history.final_losses[0] == history.losses[3, 0]
    assert np.isposinf(history.final_losses[1])
    assert ie.train(
        mlp(dtype=np.float32), *data(), steps=1, learning_rate=0.1
    ).final_losses.dtype == (np.float32)


def test_what_an_observer_keeps_stays_as_it_was() -> None:
    seen = []
    history = ie.train(
        mlp(),
        *data(),
        steps=3,
        learning_rate=0.5,
        observe=lambda _step, network, gradients: seen.append((network, gradients)),
    )
    for (network, gradients), (after, _) in pairwise(seen):
        for w, g, moved in zip(network.weights, gradients.weights, after.weights, strict=True):
            np.testing.assert_array_equal(w - 0.5 * g, moved)
    np.testing.assert_array_equal(seen[-1][0].weights[0], history.network.weights[0])
