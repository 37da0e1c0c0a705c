"""Training against update rules written out in plain Python, ensembles against their members.

The task of the reference rules is a line through three points: its gradient is two sums, written
out below, and no part of the package is needed to follow the optimizer.
"""

import math
import pickle
import platform
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError

import numpy as np
import plain
import pytest
from conftest import run as run_python
from plain import assert_same, parameters
from threadpoolctl import threadpool_info, threadpool_limits

import initexplain as ie

pytestmark = pytest.mark.filterwarnings("error")

every_optimizer = pytest.mark.parametrize("optimizer", ie.OPTIMIZERS)


def mlp(ensemble=(), activation="tanh", sizes=(3, 5, 4, 2), dtype=np.float64):
    rng, biases = np.random.default_rng(0), ie.normal(0.3)
    kind = {"activation": activation, "ensemble": ensemble, "dtype": dtype}
    return ie.Network.initialize(rng, sizes, weights=ie.lecun_normal(), biases=biases, **kind)


def data(examples=6, lead=()):
    """Inputs, and two targets in (0, 1) of sum 1: every loss is defined for them."""
    rng = np.random.default_rng(17)
    targets = plain.draw_targets(rng, "softmax_cross_entropy", (*lead, examples, 2))
    return rng.standard_normal((*lead, examples, 3)), targets


def run(network=None, points=None, **changes):
    """Three updates of a small network at a rate of 0.1, but for what is changed."""
    return ie.train(
        network or mlp(), *(points or data()), **{"steps": 3, "learning_rate": 0.1} | changes
    )


# ---- optimizers

XS, YS = [1.0, -0.5, 2.0], [0.5, 1.5, -1.0]
LINE = [[x] for x in XS], [[y] for y in YS]

# a rule makes a move from the gradients of one number so far


def faded(beta, values):
    return sum(beta**age * value for age, value in enumerate(reversed(values)))


def steepest(gradients):
    return gradients[-1]


def heavy_ball(beta):
    # Sutskever et al. (2013), equations 1 and 2, with the learning rate taken out of v
    return lambda gradients: faded(beta, gradients)


def adaptive(beta1=0.9, beta2=0.999, epsilon=1e-8):
    # Kingma and Ba (2015), algorithm 1, with its moving averages written as sums
    def move(gradients):
        t = len(gradients)
        m = (1 - beta1) * faded(beta1, gradients) / (1 - beta1**t)
        v = (1 - beta2) * faded(beta2, [g * g for g in gradients]) / (1 - beta2**t)
        return m / (math.sqrt(v) + epsilon)

    return move


DEFAULT_RULES = {"sgd": steepest, "momentum": heavy_ball(0.9), "adam": adaptive()}

# the optimizer, the rule that it should follow, its l2 and its decay
OPTIMIZER_CASES = [
    *((name, DEFAULT_RULES[name], 0, 0) for name in ie.OPTIMIZERS),
    (ie.sgd(l2=0.3), steepest, 0.3, 0),
    (ie.sgd(weight_decay=0.2), steepest, 0, 0.2),
    (ie.momentum(0.0), steepest, 0, 0),
    (ie.momentum(0.5, l2=0.3, weight_decay=0.2), heavy_ball(0.5), 0.3, 0.2),
    (ie.adam(beta1=0.5, beta2=0.8, epsilon=0.1), adaptive(0.5, 0.8, 0.1), 0, 0),
    (ie.adam(beta1=0.0, beta2=0.0), adaptive(0.0, 0.0), 0, 0),
    (ie.adam(l2=0.3, weight_decay=0.2), adaptive(), 0.3, 0.2),
]


def line(w, b, dtype=np.float64):
    return ie.Network([np.array([[w]], dtype)], [np.array([b], dtype)])


def line_loss(w, b):
    return sum((w * x + b - y) ** 2 for x, y in zip(XS, YS, strict=True)) / (2 * len(XS))


def line_gradient(w, b):
    errors = [w * x + b - y for x, y in zip(XS, YS, strict=True)]
    by_w = sum(e * x for e, x in zip(errors, XS, strict=True)) / len(XS)
    return by_w, sum(errors) / len(XS)


def reference_line(rule, l2, decay, start, *, steps, rate):
    """`(w, b)` before the first update and after every update."""
    path, seen = [start], ([], [])
    for _ in range(steps):
        for gradients, p, gradient in zip(seen, path[-1], line_gradient(*path[-1]), strict=True):
            gradients.append(gradient + l2 * p)
        moves = [rule(gradients) + decay * p for gradients, p in zip(seen, path[-1], strict=True)]
        path.append(tuple(p - rate * move for p, move in zip(path[-1], moves, strict=True)))
    return path


@pytest.mark.parametrize(("optimizer", "rule", "l2", "decay"), OPTIMIZER_CASES)
@pytest.mark.parametrize("start", [(0.7, -0.4), (-2.0, 0.0)])
def test_training_follows_the_reference_rule(optimizer, rule, l2, decay, start):
    history = ie.train(
        line(*start),
        *LINE,
        steps=40,
        learning_rate=0.07,
        optimizer=optimizer,
        observe=lambda _step, net, _grads: (float(net.weights[0][0, 0]), float(net.biases[0][0])),
    )
    expected = reference_line(rule, l2, decay, start, steps=40, rate=0.07)
    np.testing.assert_allclose(history.observed, expected, rtol=1e-9, atol=1e-12)
    losses = [line_loss(w, b) for w, b in expected]
    np.testing.assert_allclose(history.losses, losses, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_optimizer_of_ones_own(dtype):
    # signs of the gradient, with its own count of steps in a slot
    def direction(gradient, slots, step):
        slots[0] += 1
        assert (slots[0] == step).all()
        assert slots[0].shape == gradient.shape
        assert slots[0].dtype == gradient.dtype == dtype
        return np.sign(gradient)

    mine = ie.Optimizer("signs", 1, direction)
    after = run(line(0, 0, dtype), LINE, steps=1, learning_rate=0.25, optimizer=mine).network
    by_w, by_b = line_gradient(0.0, 0.0)
    assert float(after.weights[0][0, 0]) == -0.25 * math.copysign(1, by_w)
    assert float(after.biases[0][0]) == -0.25 * math.copysign(1, by_b)


@every_optimizer
def test_an_optimizer_keeps_no_state_between_runs_and_travels(optimizer):
    rule = ie.OPTIMIZERS[optimizer](l2=0.01)
    runs = [run(optimizer=r) for r in (rule, rule, pickle.loads(pickle.dumps(rule)))]
    for other in runs[1:]:
        np.testing.assert_array_equal(runs[0].losses, other.losses)
        assert_same(runs[0].network, other.network)


# ---- ensembles and precision


@every_optimizer
@pytest.mark.parametrize("loss", ie.LOSSES)
@pytest.mark.parametrize("activation", ie.ACTIVATIONS)
@pytest.mark.parametrize("batch_size", [None, 4])
@pytest.mark.parametrize("lead", [(), (2, 2)], ids=["shared", "per-member"])
def test_an_ensemble_trains_as_its_members_do_alone(optimizer, loss, activation, batch_size, lead):
    def trained(net, points):
        # the same generator state: every member sees the same mini-batches
        rng = np.random.default_rng(5)
        options = {"optimizer": optimizer, "loss": loss, "batch_size": batch_size, "rng": rng}
        return run(net, points, steps=8, learning_rate=0.02, **options)

    network, points = mlp((2, 2), activation), data(lead=lead)
    together = trained(network, points)
    assert together.losses.shape == (9, 2, 2)
    assert together.diverged_at.tolist() == [[-1, -1], [-1, -1]]
    for index in np.ndindex(2, 2):
        alone = trained(network.member(*index), [p[index] if lead else p for p in points])
        np.testing.assert_allclose(together.losses[(slice(None), *index)], alone.losses, rtol=1e-9)
        for p, q in zip(parameters(together.network), parameters(alone.network), strict=True):
            np.testing.assert_allclose(p[index], q, rtol=1e-7, atol=1e-10)


@every_optimizer
@pytest.mark.parametrize("ensemble", [(), (3,), (2, 3)], ids=str)
@pytest.mark.parametrize("options", [{}, {"dropout": 0.5}, {"batch_size": 4}], ids=str)
@pytest.mark.parametrize("scalar", [float, np.float64])
def test_float32_is_kept_everywhere(optimizer, ensemble, options, scalar):
    history = run(
        mlp(ensemble, dtype=np.float32),
        learning_rate=scalar(0.1),
        optimizer=optimizer,
        rng=np.random.default_rng(0),
        observe=lambda _step, net, grads: [a.dtype for a in (*parameters(net), *parameters(grads))],
        **{k: scalar(v) if k == "dropout" else v for k, v in options.items()},
    )
    seen = {dtype for dtypes in history.observed for dtype in dtypes}
    made = seen | {p.dtype for p in parameters(history.network)}
    assert made | {history.losses.dtype, history.final_losses.dtype} == {np.dtype(np.float32)}


def test_the_kind_of_number_of_the_learning_rate_does_not_matter():
    one, other = (run(mlp(dtype=np.float32), learning_rate=r) for r in (0.1, np.float64(0.1)))
    assert_same(one.network, other.network)


# ---- what is observed and recorded


every_so_often = pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [(0, 5, [0]), (1, 1, [0, 1]), (6, 3, [0, 3, 6]), (7, 3, [0, 3, 6, 7]), (2, 9, [0, 2])],
)


@every_so_often
def test_observe_is_called_every_so_often_and_at_the_end(steps, every, expected):
    history = run(steps=steps, observe=lambda step, _net, _grads: step, observe_every=every)
    assert history.observed == expected
    assert history.losses.shape == (steps + 1,)


@every_optimizer
def test_observe_sees_the_network_before_the_update_and_its_gradients(optimizer):
    start = mlp((2,), "relu")
    history = run(start, optimizer=optimizer, observe=lambda _step, net, grads: (net, grads))
    assert_same(history.observed[0][0], start)
    assert_same(history.observed[-1][0], history.network)
    for step, (network, grads) in enumerate(history.observed):
        loss, expected = ie.gradients(network, *data())
        np.testing.assert_allclose(history.losses[step], loss, rtol=1e-12)
        for found, wanted in zip(parameters(grads), parameters(expected), strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-15)


def test_an_observer_cannot_change_the_training():
    def meddle(_step, net, grads):
        for array in (*parameters(net), *parameters(grads)):
            with pytest.raises(ValueError, match="read-only"):
                np.add(array, 1.0, out=array)

    assert_same(run(observe=meddle).network, run().network)


def test_an_observer_keeps_the_settings_of_its_caller_and_its_errors_come_through():
    with np.errstate(divide="raise"), pytest.raises(FloatingPointError, match="divide by zero"):
        run(observe=lambda *_: np.log(np.zeros(1)))


@every_optimizer
def test_neither_the_network_nor_the_data_are_changed(optimizer):
    network, points = mlp((2,)), data()
    kept = [a.copy() for a in (*parameters(network), *points)]
    history = run(network, points, optimizer=optimizer)
    for before, after in zip(kept, (*parameters(network), *points), strict=True):
        np.testing.assert_array_equal(before, after)
    for p, q in zip(parameters(network), parameters(history.network), strict=True):
        assert not np.array_equal(p, q)
        assert not np.shares_memory(p, q)
        assert not q.flags.writeable
    with pytest.raises(FrozenInstanceError):
        history.losses = np.zeros(1)


# ---- mini-batches


def batches_used(examples, batch_size, steps):
    """Per update, the examples whose weight the gradient reaches, and the gradient there.

    The inputs are the unit vectors and the targets -1, -2, ..., so that with weights 0 the gradient
    by the weight of example i is (i + 1) / (size of the batch) if i is in the batch, and else 0.
    """
    history = run(
        ie.Network([np.zeros((1, examples))], [None]),
        (np.eye(examples), -1.0 - np.arange(examples)[:, None]),
        steps=steps,
        learning_rate=0.0,
        batch_size=batch_size,
        rng=np.random.default_rng(8),
        observe=lambda _step, _net, grads: grads.weights[0][0],
    )
    return [{int(i): float(g[i]) for i in np.flatnonzero(g)} for g in history.observed[:steps]]


@pytest.mark.parametrize(("examples", "batch_size"), [(6, 2), (7, 3), (5, 1), (4, 4), (7, 6)])
def test_every_example_is_used_once_an_epoch(examples, batch_size):
    updates, epochs = math.ceil(examples / batch_size), 4
    batches = batches_used(examples, batch_size, updates * epochs)
    for epoch in range(epochs):
        used = batches[epoch * updates : (epoch + 1) * updates]
        assert sorted(i for batch in used for i in batch) == list(range(examples))
        assert [len(batch) for batch in used[:-1]] == [batch_size] * (updates - 1)
    for batch in batches:
        assert batch == {i: (i + 1) / len(batch) for i in batch}


def test_batches_are_drawn_anew_in_every_epoch():
    # one of 70 splits, ten times: two distinct ones at the least
    assert len({frozenset(batch) for batch in batches_used(8, 4, 20)}) > 2


def test_the_order_of_batches_is_the_generators():
    one, same, other = (run(batch_size=2, rng=np.random.default_rng(s)).losses for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("options", [{"batch_size": 1}, {"dropout": 0.5}], ids=str)
def test_losses_are_taken_on_all_the_examples_without_dropout(options):
    history = run(rng=np.random.default_rng(0), observe=lambda _step, net, _grads: net, **options)
    for loss, network in zip(history.losses, history.observed, strict=True):
        assert float(loss) == pytest.approx(float(ie.gradients(network, *data())[0]))


@pytest.mark.parametrize("options", [{}, {"batch_size": 2}, {"dropout": 0.5}], ids=str)
@every_so_often
def test_losses_that_are_recorded_now_and_then_are_some_of_those_of_every_update(
    steps, every, expected, options
):
    all_of_them, some = (
        run(mlp((2,)), steps=steps, losses_every=n, rng=np.random.default_rng(0), **options)
        for n in (1, every)
    )
    np.testing.assert_array_equal(some.losses, all_of_them.losses[expected])
    assert_same(some.network, all_of_them.network)


def test_a_member_that_diverges_between_two_records_has_no_loss_from_there_on():
    # the weight grows by 1e100 an update, its loss by the square
    how = {"steps": 9, "learning_rate": 1e100, "batch_size": 2, "rng": np.random.default_rng(0)}
    with pytest.warns(ie.DivergenceWarning, match="step 2 .1 of 2 members"):
        history = run(parabola(0.0, 1.0), TWO, losses_every=5, **how)
    assert history.diverged_at.tolist() == [-1, 2]
    assert np.isfinite(history.losses[:, 0]).all()
    assert np.isnan(history.losses[:, 1]).tolist() == [False, True, True]


def test_full_batches_leave_the_generator_alone():
    rng = np.random.default_rng(3)
    assert_same(run(rng=rng).network, run().network)
    assert rng.bit_generator.state == np.random.default_rng(3).bit_generator.state


# ---- dropout

# the gradient by an output weight is the unit's masked value times the targets, over the examples
LINEAR = ie.Loss(
    "linear",
    lambda outputs, targets: (
        (outputs * targets).sum(axis=(-1, -2)) / outputs.shape[-2],
        targets / outputs.shape[-2] + 0 * outputs,
    ),
    lambda _targets: None,
)


def dropout_gradients(network, points, dropout, **options):
    """The gradients of the first update under dropout."""
    given = {"steps": 0, "dropout": dropout, "rng": np.random.default_rng(21)} | options
    return run(network, points, observe=lambda _step, _net, grads: grads, **given).observed[0]


def test_every_unit_example_and_member_has_its_own_mask():
    # hidden units of value 1, and targets 1 and 10: the gradient of an output weight is
    # (m_1 + 10 m_2) / 2 / keep, and tells which of the two examples kept the unit
    members, units, keep = 40, 50, 0.6
    network = ie.Network(
        [np.zeros((members, units, 1)), np.ones((members, 1, units))],
        [np.ones((members, units)), None],
        "identity",
    )
    points = [[1.0], [1.0]], [[1.0], [10.0]]
    grads = dropout_gradients(network, points, 1 - keep, loss=LINEAR)
    codes = (grads.weights[1][:, 0, :] * 2 * keep).round(9)
    for code, kept in ((0, 0), (1, 1), (10, 1), (11, 2)):
        chance = keep**kept * (1 - keep) ** (2 - kept)
        error = 5 * math.sqrt(chance * (1 - chance) / codes.size)
        assert abs((codes == code).mean() - chance) < error
    assert set(np.unique(codes)) == {0.0, 1.0, 10.0, 11.0}
    # rows are members, columns are units: no two of either are alike
    assert len({tuple(row) for row in codes.tolist()}) == members
    assert len({tuple(row) for row in codes.T.tolist()}) == units


@pytest.mark.parametrize("dropout", [0.4, 0.75])
def test_dropout_gradients_are_those_of_the_thinned_network(dropout):
    # the thinned network has the columns of the units left out at 0, the others times 1 / keep
    network, points = mlp(sizes=(3, 30, 40, 2)), data(examples=1)
    found = dropout_gradients(network, points, dropout)
    masks = [np.ones(3), *((w != 0).any(axis=0) / (1 - dropout) for w in found.weights[1:])]
    assert all(0 < np.count_nonzero(mask) < mask.size for mask in masks[1:])
    thinned = [w * mask for w, mask in zip(network.weights, masks, strict=True)]
    _, expected = ie.gradients(ie.Network(thinned, network.biases), *points)
    for layer, mask in enumerate(masks):
        by_weights = expected.weights[layer] * mask
        np.testing.assert_allclose(found.weights[layer], by_weights, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(found.biases[layer], expected.biases[layer], rtol=1e-12)


def test_masks_are_drawn_anew_for_every_update():
    history = run(
        mlp(sizes=(3, 30, 2)),
        data(examples=1),
        learning_rate=0.0,
        dropout=0.5,
        rng=np.random.default_rng(0),
        observe=lambda _step, _net, grads: tuple((grads.weights[1] != 0).any(axis=0).tolist()),
    )
    assert len(set(history.observed)) == 4


@pytest.mark.parametrize("sizes", [(3, 2), (3, 4, 2)], ids=str)
@pytest.mark.parametrize("lead", [(), (2,)], ids=str)
def test_dropout_works_on_mini_batches_and_without_hidden_layers(sizes, lead):
    options = {"dropout": 0.3, "batch_size": 4, "rng": np.random.default_rng(0)}
    assert np.isfinite(run(mlp((2,), sizes=sizes), data(lead=lead), **options).losses).all()


# ---- divergence


def diverging_parabola(weight, rate, steps):
    """Gradient descent on w^2 / 2 in plain Python: losses, weights, the first infinite loss."""
    losses, weights = [], []
    for _ in range(steps + 1):
        losses.append(weight * weight / 2)
        weights.append(weight)
        weight -= rate * weight
    first = next((i for i, loss in enumerate(losses) if not math.isfinite(loss)), -1)
    return losses, weights, first


def parabola(*weights):
    """Networks `w x` whose loss on the inputs 1 and -1 and the target 0 is w^2 / 2."""
    return ie.Network([np.array(weights, dtype=np.float64)[:, None, None]], [None])


# the bias follows its own gradient, so the weight alone is trained: input 1 and -1, targets 0
TWO = [[1.0], [-1.0]], [[0.0], [0.0]]


# a network, its data and rate; the step at which a loss, a gradient or a parameter is not finite
IDENTITIES = ie.Network([[[1e-250]], [[1e200]]], [None, None], "identity")
OVERFLOWS = [
    # the first loss
    (parabola(1e200).member(0), TWO, {}, 0),
    # a gradient
    (IDENTITIES, ([[1.0]], [[1e150]]), {}, 1),
    # a weight leaves at 50 x 1e307 and the hidden tanh is -1: the loss would stay finite
    (
        ie.Network([[[0.001]], [[1.0]]], [None, None]),
        ([[100.0]], [[0.0]]),
        {"learning_rate": 1e307, "loss": "logistic"},
        1,
    ),
]


@pytest.mark.parametrize(("network", "points", "options", "step"), OVERFLOWS)
def test_the_parameters_before_an_overflow_are_kept(network, points, options, step):
    given = {"steps": 3, "learning_rate": 0.1} | options
    with pytest.warns(ie.DivergenceWarning, match=rf"at step {step} \(learning_rate=") as caught:
        history = ie.train(network, *points, **given)
    assert [warning.filename for warning in caught] == [__file__]
    assert history.diverged_at.shape == ()
    assert int(history.diverged_at) == step
    assert np.isfinite(history.losses[:step]).all()
    assert np.isnan(history.losses[step:]).all()
    assert_same(history.network, network)


@every_optimizer
@pytest.mark.parametrize("batch_size", [None, 2])
@pytest.mark.parametrize("dropout", [0.0, 0.3])
def test_the_other_members_do_not_notice(optimizer, batch_size, dropout):
    # weights near the largest float: the first update of this member overflows
    healthy = mlp((3,), "relu")
    weights = [w.copy() for w in healthy.weights]
    weights[-1][1] = 1e308
    sick = ie.Network(weights, healthy.biases, "relu")

    def trained(net):
        rng = np.random.default_rng(4)
        options = {"optimizer": optimizer, "batch_size": batch_size, "dropout": dropout}
        return run(net, steps=6, learning_rate=0.05, rng=rng, **options)

    expected = trained(healthy)
    with pytest.warns(ie.DivergenceWarning, match="1 of 3 members, learning_rate=0.05"):
        found = trained(sick)
    assert found.diverged_at[1] >= 0
    assert found.diverged_at[[0, 2]].tolist() == [-1, -1]
    np.testing.assert_array_equal(found.losses[:, [0, 2]], expected.losses[:, [0, 2]])
    np.testing.assert_array_equal(found.final_losses[[0, 2]], found.losses[-1, [0, 2]])
    assert np.isposinf(found.final_losses[1])
    for p, q in zip(parameters(found.network), parameters(expected.network), strict=True):
        np.testing.assert_array_equal(p[[0, 2]], q[[0, 2]])
        assert np.isfinite(p).all()


# at a rate of 1e10 the loss of the first member is infinite after 16 updates
@pytest.mark.parametrize(("rate", "steps"), [(3e3, 60), (1e10, 16), (1e10, 50), (1e160, 9)])
def test_members_stop_each_at_the_step_where_plain_arithmetic_overflows(rate, steps):
    starts = [1.0, 1e100, 0.0, 1e150, 1e200]
    with pytest.warns(ie.DivergenceWarning, match="step 0 .4 of 5 members"):
        history = run(parabola(*starts), TWO, steps=steps, learning_rate=rate)
    assert history.losses.shape == (steps + 1, 5)
    for member, start in enumerate(starts):
        losses, weights, first = diverging_parabola(start, rate, steps)
        assert history.diverged_at[member] == first
        end = steps + 1 if first < 0 else first
        np.testing.assert_allclose(history.losses[:end, member], losses[:end], rtol=1e-9)
        assert np.isnan(history.losses[end:, member]).all()
        # the last parameters whose loss was finite
        last = weights[max(first - 1, 0)]
        assert float(history.network.weights[0][member, 0, 0]) == pytest.approx(last, rel=1e-9)


@every_optimizer
@pytest.mark.parametrize("loss", ie.LOSSES)
@pytest.mark.parametrize("activation", ie.ACTIVATIONS)
@pytest.mark.parametrize("rate", [1e3, 1e100, 1e308])
def test_huge_learning_rates_raise_no_numpy_warning(optimizer, loss, activation, rate):
    options = {"learning_rate": rate, "optimizer": optimizer, "loss": loss}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ie.DivergenceWarning)
        seen = run(mlp((2,), activation), steps=8, observe=lambda _, net, __: net, **options)
    # an observer sees finite networks to the end
    assert len(seen.observed) == 9
    assert all(np.isfinite(p).all() for net in seen.observed for p in parameters(net))
    gone = (np.arange(9)[:, None] >= seen.diverged_at) & (seen.diverged_at >= 0)
    np.testing.assert_array_equal(np.isnan(seen.losses), gone)


def test_parameters_whose_sum_overflows_are_finite():
    large = ie.Network([[[1e308, 1e308]]], [None])
    assert run(large, ([[0.0, 0.0]], [[0.0]])).diverged_at == -1


def test_an_epsilon_that_is_zero_in_float32_raises_no_numpy_warning():
    tiny = ie.Network([1e-30 * w for w in mlp(dtype=np.float32).weights], [None] * 3)
    assert tiny.dtype == np.float32
    with pytest.warns(ie.DivergenceWarning):
        run(tiny, optimizer=ie.adam(epsilon=1e-300))


# ---- bad arguments

BAD_ARGUMENTS = [
    ({"optimizer": "adm"}, "unknown optimizer 'adm': did you mean 'adam'"),
    ({"optimizer": ie.adam}, r"unknown optimizer .* call it, `adam\(\)`; .*sgd, momentum, adam"),
    ({"loss": "logstic"}, "unknown loss 'logstic': did you mean 'logistic'"),
    ({"learning_rate": -0.1}, "learning_rate must be .* 0 or more, found -0.1"),
    ({"learning_rate": np.array([0.1, 0.2])}, "learning_rate must be a finite number"),
    ({"steps": -1}, "steps must be a whole number of at least 0, found -1"),
    ({"observe_every": 0}, "observe_every must be .* at least 1, found 0"),
    ({"losses_every": 0}, "losses_every must be .* at least 1, found 0"),
    ({"batch_size": 0}, "batch_size must be .* at least 1, found 0"),
    ({"batch_size": 7}, "batch_size 7 is larger than the 6 examples"),
    ({"batch_size": 2, "rng": None}, "random: pass rng"),
    ({"dropout": 0.5, "rng": None}, "random: pass rng"),
    ({"batch_size": 2, "rng": 0}, "pass rng, a numpy.random.Generator, not 0"),
    ({"dropout": 1.0}, "dropout must be at least 0 and below 1, found 1.0"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ARGUMENTS)
def test_bad_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        run(**{"rng": np.random.default_rng(0)} | change)


# ---- one core


def blas_threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


@threadpool_limits.wrap(limits=3, user_api="blas")
def test_products_keep_to_one_core_while_a_network_trains_in_the_main_thread():
    assert blas_threads() == {3}
    assert run(observe=lambda *_: blas_threads()).observed == [{1}] * 4
    with pytest.raises(ZeroDivisionError):
        run(observe=lambda *_: 1 / 0)
    assert blas_threads() == {3}
    # the setting is the whole process's: trainings that overlap would give back the wrong one
    with ThreadPoolExecutor(1) as pool:
        history = pool.submit(run, observe=lambda *_: blas_threads()).result()
    assert history.observed == [{3}] * 4


# ---- memory

# how often the system gives memory in 100 updates; a fresh process, since what frees is remembered
FAULTS = """
import resource
import numpy as np
import initexplain as ie
network = ie.Network([np.zeros((100, 8, 4)), np.zeros((100, 2, 8))])
def faults(steps):
    ie.train(network, np.ones((64, 4)), np.ones((64, 2)), steps=steps, learning_rate=0.1)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
print(-faults(10) + faults(100))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other libraries manage otherwise")
def test_updates_use_the_memory_of_those_before():
    status, said = run_python("-c", FAULTS)
    assert status == 0, said
    # 0, or a few of Python's own; where every update asks anew they are 50,000
    assert int(said) < 100
