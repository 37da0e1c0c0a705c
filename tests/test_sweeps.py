"""A sweep trains every network as if it were alone, on any executor, and keeps what is done."""

import io
import os
import pickle
import sys
import warnings
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import get_context

import distributed
import numpy as np
import plain
import pytest

import initexplain as ie

TANH = ie.ACTIVATIONS["tanh"]


def data():
    rng = np.random.default_rng(1)
    return rng.standard_normal((40, 3)), rng.standard_normal((40, 2))


def mixed():
    """Networks and ensembles that differ in all that a network may differ in."""
    rng = np.random.default_rng(2)
    shapes = [
        ([3, 2], (), "tanh", np.float64),
        ([3, 7, 2], (), "relu", np.float64),
        ([3, 4, 5, 6, 2], (3,), "logistic", np.float32),
        ([3, 6, 6, 2], (2, 2), "lecun_tanh", np.float64),
    ]
    return [
        ie.Network.initialize(
            rng, sizes, weights=ie.lecun_normal(), activation=name, ensemble=lead, dtype=dtype
        )
        for sizes, lead, name, dtype in shapes
    ]


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one.losses, other.losses)
        np.testing.assert_array_equal(one.diverged_at, other.diverged_at)
        assert one.losses.dtype == other.losses.dtype
        plain.assert_same(one.network, other.network)


def run(networks, points=None, **changes):
    """Two updates of each network at a rate of 0.1, but for what is changed."""
    return ie.sweep(networks, *(points or data()), **{"steps": 2, "learning_rate": 0.1} | changes)


@pytest.mark.parametrize(
    ("rates", "options"),
    [
        ([0.1, 0.05, 0.2, 0.01], {"optimizer": "momentum"}),
        ([0.1, 0.05, 0.2, 0.01], {"optimizer": "adam"}),
        (0.1, {"loss": "logistic"}),
    ],
    ids=str,
)
def test_every_network_is_trained_as_if_it_were_alone(rates, options):
    inputs, targets = data()
    points = inputs, (targets > 0).astype(float)
    alone = [
        ie.train(network, *points, learning_rate=rate, steps=7, **options)
        for network, rate in zip(mixed(), np.broadcast_to(rates, 4).tolist(), strict=True)
    ]
    found = run(mixed(), points, learning_rate=rates, steps=7, **options)
    assert_same(found, alone)


processes = partial(ProcessPoolExecutor, mp_context=get_context("spawn"))


@contextmanager
def dask():
    threads = {"n_workers": 1, "threads_per_worker": 2, "processes": False}
    with (
        distributed.LocalCluster(**threads, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client.get_executor()


@pytest.mark.parametrize("workers", [partial(processes, 2), dask])
def test_an_executor_gives_what_is_trained_here(workers):
    with workers() as executor:
        there = run(mixed(), optimizer="adam", executor=executor)
    assert_same(there, run(mixed(), optimizer="adam"))
    # what comes from elsewhere is as read-only as what is trained here
    assert not there[0].network.weights[0].flags.writeable


def test_a_member_that_diverges_is_recorded_and_the_others_are_untouched():
    healthy = mixed()
    weights = [w.copy() for w in healthy[3].weights]
    weights[2][1, 0] *= 1e200
    broken = ie.Network(weights, healthy[3].biases, "lecun_tanh")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = run([*healthy[:3], broken])
    expected = run(healthy)
    assert_same(found[:3], expected[:3])
    assert found[3].diverged_at.tolist() == [[-1, -1], [0, -1]]
    assert np.isposinf(found[3].final_losses[1, 0])
    np.testing.assert_array_equal(found[3].final_losses[0], expected[3].final_losses[0])


def unlucky(happen, z, out=None):
    """A tanh, but where there are six units something happens."""
    if z.shape[-1] == 6:
        happen()
    return np.tanh(z, out=out)


def no_room():
    raise MemoryError("no room for six units")


def interrupt():
    raise KeyboardInterrupt


def of_widths(widths, value):
    rng = np.random.default_rng(5)
    activation = replace(TANH, name="mine", value=value)
    return [
        ie.Network.initialize(rng, [3, n, 2], weights=ie.lecun_normal(), activation=activation)
        for n in widths
    ]


def test_an_executor_that_dies_is_named_and_finished_results_are_kept():
    # as the kernel does when memory is short
    die = partial(unlucky, partial(os._exit, 1))
    # one worker, and wide networks first: the one that kills it is the last in the queue
    with (
        processes(1) as executor,
        pytest.raises(ie.SweepError, match=r"2 of 3 networks trained .BrokenProcessPool") as caught,
    ):
        run(of_widths([7, 6, 8], die), executor=executor)
    first, second, third = caught.value.histories
    assert second is None
    assert_same([first, third], run(of_widths([7, 6, 8], np.tanh))[::2])
    assert isinstance(caught.value.__cause__, BrokenExecutor)


def test_one_network_that_fails_leaves_the_others():
    with pytest.raises(ie.SweepError, match=r"2 of 3 .*MemoryError: no room for six") as caught:
        run(of_widths([9, 6, 5], partial(unlucky, no_room)))
    assert [history is None for history in caught.value.histories] == [False, True, False]


def test_an_executor_that_takes_nothing_any_more():
    closed = processes(1)
    closed.shutdown()
    with pytest.raises(ie.SweepError, match=r"0 of 4 networks trained .*shutdown") as caught:
        run(mixed(), executor=closed)
    assert caught.value.histories == [None] * 4


class Interrupted(Executor):
    """The second network is interrupted by Ctrl-C, the rest still waits."""

    def __init__(self):
        self.futures = []

    def submit(self, *_arguments, **_named):
        future = Future()
        self.futures.append(future)
        if len(self.futures) == 2:
            future.set_running_or_notify_cancel()
            future.set_exception(KeyboardInterrupt())
        return future


def test_an_interrupt_ends_the_sweep_and_cancels_what_waits():
    executor = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        run(mixed(), executor=executor)
    assert [future.cancelled() for future in executor.futures] == [True, False, True, True]


def test_an_interrupt_ends_what_is_trained_here():
    with pytest.raises(KeyboardInterrupt):
        run(of_widths([7, 6, 8], partial(unlucky, interrupt)))


def test_the_error_of_a_sweep_travels_to_another_process():
    history = run(mixed()[:1])[0]
    error = pickle.loads(pickle.dumps(ie.SweepError("1 of 2", [history, None])))
    assert str(error) == "1 of 2"
    assert_same(error.histories[:1], [history])
    assert error.histories[1] is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "progress", "shown"),
    [
        *((io.StringIO, None, False), (io.StringIO, True, True)),
        *((Terminal, None, True), (Terminal, False, False)),
    ],
)
def test_progress_shows_on_a_terminal_unless_told_otherwise(monkeypatch, stream, progress, shown):
    monkeypatch.setattr(sys, "stderr", stream())
    run(mixed(), progress=progress)
    text = sys.stderr.getvalue()
    assert ("sweep" in text and "/4" in text) if shown else text == ""


def test_without_tqdm_a_bar_is_refused_only_if_it_was_asked_for(monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert len(run(mixed())) == 4
    assert sys.stderr.getvalue() == ""
    with pytest.raises(ImportError, match="tqdm"):
        run(mixed(), progress=True)


def test_a_generator_is_a_list_of_networks_and_one_network_is_none():
    assert_same(run(network for network in mixed()), run(mixed()))
    with pytest.raises(TypeError, match="expected a list, found one Network; `train` takes one"):
        run(mixed()[0])


BAD = [
    ({"networks": []}, "at least one network"),
    ({"learning_rate": [0.1, 0.2]}, "4 networks need one learning_rate or 4, not 2"),
    ({"learning_rate": [0.1, 0.2, -1, 0.1]}, "learning_rate must be .*found -1"),
    ({"learning_rate": "0.1"}, "learning_rate must be .*found '0.1'"),
    ({"steps": -1}, "steps must be"),
    ({"optimizer": "adma"}, "did you mean 'adam'"),
    ({"loss": "square"}, "unknown loss"),
    ({"points": (np.ones((40, 4)), data()[1])}, "inputs: expected shape"),
    ({"points": (data()[0], np.full((40, 2), np.nan))}, "targets: nan at index"),
]


@pytest.mark.parametrize(("changed", "message"), BAD)
def test_bad_arguments_are_refused_before_anything_is_trained(changed, message):
    executor = Interrupted()
    with pytest.raises(ValueError, match=message):
        run(**{"networks": mixed(), "executor": executor} | changed)
    assert executor.futures == []
