"""Results do not depend on the number of threads, and BLAS gets its threads back."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from threadpoolctl import threadpool_info

from initexplain import threads
from initexplain.threads import cores, one_blas_thread

# wide enough for BLAS to spread its products, and an ensemble that is trained in parts
SCRIPT = """
import hashlib, sys
import numpy as np
import initexplain as ie
digest = hashlib.sha256()
for dtype in (np.float32, np.float64):
    for ensemble in ((), (9,)):
        rng = np.random.default_rng(0)
        network = ie.Network.initialize(
            rng, [10, 150, 150, 1], weights=ie.lecun_normal(), ensemble=ensemble, dtype=dtype
        )
        x, y = rng.standard_normal((500, 10)), rng.standard_normal((500, 1))
        history = ie.train(network, x, y, steps=4, learning_rate=0.1)
        digest.update(history.losses.tobytes() + history.network.weights[1].tobytes())
print(digest.hexdigest())
"""


def digest(threads):
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    return done.stdout.strip()


def test_training_does_not_depend_on_the_number_of_threads():
    assert digest(1) == digest(4)


def blas_threads():
    return {
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    }


def test_overlapping_blocks_keep_the_limit_until_the_last_has_ended():
    before = blas_threads()
    both, first_ended = Barrier(2), Barrier(2)

    def first():
        with one_blas_thread():
            both.wait()
        first_ended.wait()

    def second():
        with one_blas_thread():
            both.wait()
            first_ended.wait()
            return blas_threads()

    with ThreadPoolExecutor(2) as pool:
        running = pool.submit(first), pool.submit(second)
        assert running[1].result() == {1}
    assert blas_threads() == before


def test_an_error_gives_the_threads_back():
    before = blas_threads()
    with pytest.raises(ZeroDivisionError), one_blas_thread():
        raise ZeroDivisionError
    assert blas_threads() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_while_another_thread_enters_a_block_does_not_hang_the_child(monkeypatch):
    entered, forked = Event(), Event()
    limit = threads._in_new_thread

    def slow(action):
        entered.set()
        forked.wait(0.1)  # the lock is held all the time
        limit(action)

    monkeypatch.setattr(threads, "_in_new_thread", slow)

    def block():
        with one_blas_thread():
            pass

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(block)
        entered.wait()
        child = os.fork()
        if child == 0:
            signal.alarm(5)  # ends a child that hangs
            try:
                block()
                os._exit(0)
            finally:
                os._exit(1)
        forked.set()
        running.result()
    assert os.waitpid(child, 0)[1] == 0


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cores() >= 1
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5, 7}, raising=False)
    assert cores() == 3
    for asked, found in {"2": 2, "9": 3, "": 3, "0": 3, "many": 3}.items():
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
        assert cores() == found
    monkeypatch.delenv("OMP_NUM_THREADS")
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cores() == 1
