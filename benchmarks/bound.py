"""What no arrangement of a sweep can save: its matrix products and its activations, in numpy.

`python -m benchmarks.bound SETTING DTYPE` prints, as JSON, the seconds that they take for the whole
sweep on all cores, each measured alone, on one core, for the networks of that core.
"""

import json
import math
import sys
import time
from collections.abc import Callable

import numpy as np
from threadpoolctl import threadpool_limits

import initexplain as ie
from benchmarks.problem import CORES, SETTINGS, problem

REPEATS, CALLS = 7, 50


def main(setting_name: str, dtype: str) -> None:
    """Prints the seconds of the products and of the activations of a sweep."""
    setting = SETTINGS[setting_name]
    members = math.ceil(setting.networks / CORES)
    weights = [w[:members] for w in problem(setting, dtype).weights]
    times = setting.networks / members * setting.steps / CORES
    function = ie.ACTIVATIONS[setting.activation]
    with threadpool_limits(1):
        # no error is sent below the first layer
        products = sum(_products(w, setting.examples) for w in weights)
        products -= _products(weights[0], setting.examples, only_error=True)
        activations = sum(_activation(w, setting.examples, function) for w in weights[:-1])
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


def _activation(w: np.ndarray, examples: int, function: ie.Activation) -> float:
    """Seconds of a layer's activation and its slope."""
    z = _signal(w, examples, w.shape[-2])
    calls = function.value, function.slope
    return sum(_seconds(lambda call=call: call(z)) for call in calls)


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
