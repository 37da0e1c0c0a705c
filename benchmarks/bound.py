"""What no arrangement of a sweep can save: its matrix products and its activations, in numpy.

`python -m benchmarks.bound SETTING DTYPE` prints, as JSON, the seconds that they take for the whole
sweep on all cores, each measured alone, on arrays as large as those of a part of the ensemble.
"""

import json
import math
import sys
import time
from collections.abc import Callable

import numpy as np

import initexplain as ie
from benchmarks.problem import LEARNING_RATE, SETTINGS, problem
from initexplain.threads import cores, one_blas_thread
from initexplain.training import Settings, split

REPEATS, CALLS = 7, 50


def main(setting_name: str, dtype: str) -> None:
    """Prints the seconds of the products and of the activations of a sweep."""
    setting = SETTINGS[setting_name]
    start = problem(setting, dtype)
    network = ie.Network(start.weights, start.biases, setting.activation)
    settings = Settings(ie.sgd(), ie.LOSSES["squared_error"], setting.steps, LEARNING_RATE)
    part = split(network, start.inputs, start.targets, settings)[0].network
    members = math.prod(part.ensemble)
    times = setting.networks / members * setting.steps / cores()
    first, *others = part.weights
    with one_blas_thread():
        # no error is sent below the first layer
        products = sum(_products(w, setting.examples) for w in part.weights)
        products -= _products(first, setting.examples, only_error=True)
        activations = sum(_activation(w, setting.examples, part) for w in (first, *others[:-1]))
    print(json.dumps({"products": times * products, "activations": times * activations}))


def _products(w: np.ndarray, examples: int, *, only_error: bool = False) -> float:
    """Seconds of a layer's three products: error below, forward, gradient."""
    below, z = _signal(w, examples, w.shape[-1]), _signal(w, examples, w.shape[-2])
    across = np.ascontiguousarray(np.swapaxes(w, -1, -2))
    into = np.empty_like(below), np.empty_like(z), np.empty_like(w)
    calls = [
        lambda: np.matmul(z, w, out=into[0]),
        lambda: np.matmul(below, across, out=into[1]),
        lambda: np.matmul(np.swapaxes(z, -1, -2), below, out=into[2]),
    ]
    return sum(map(_seconds, calls[:1] if only_error else calls))


def _activation(w: np.ndarray, examples: int, part: ie.Network) -> float:
    """Seconds of a layer's activation and its slope."""
    z = _signal(w, examples, w.shape[-2])
    a = np.empty_like(z)
    calls = part.activation.value, part.activation.slope
    return sum(_seconds(lambda call=call: call(z, out=a)) for call in calls)


def _signal(w: np.ndarray, examples: int, units: int) -> np.ndarray:
    shape = (*w.shape[:-2], examples, units)
    return np.random.default_rng(0).standard_normal(shape).astype(w.dtype)


def _seconds(call: Callable[[], object]) -> float:
    """The best time of a call."""
    best = math.inf
    for _ in range(REPEATS):
        start = time.perf_counter()
        for _ in range(CALLS):
            call()
        best = min(best, (time.perf_counter() - start) / CALLS)
    return best


if __name__ == "__main__":
    main(*sys.argv[1:])
