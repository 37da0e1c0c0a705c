"""`python -m benchmarks`: every implementation in a process of its own, in turn, round by round."""

import argparse
import json
import platform
import subprocess
import sys
import time
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.problem import CORES, SETTINGS, TOLERANCE
from benchmarks.table import Bound, Result, markdown, rows

RESULTS = Path(__file__).parent / "results.md"
PACKAGES = "numpy", "jax", "torch", "scikit-learn"
PEAK_SIZE = 2048


def main() -> None:
    """Runs what is asked for, checks the losses, prints chart and table; keeps whole ones."""
    parser = argparse.ArgumentParser(prog="make bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--settings", nargs="+", default=list(SETTINGS), choices=SETTINGS)
    parser.add_argument("--dtypes", nargs="+", default=list(TOLERANCE), choices=TOLERANCE)
    asked = parser.parse_args()
    cases = [(setting, dtype) for setting in asked.settings for dtype in asked.dtypes]
    peaks = {dtype: peak(dtype) for dtype in asked.dtypes}
    results, bounds = [], []
    with tqdm(total=len(cases) * asked.rounds * len(IMPLEMENTATIONS), unit="process") as bar:
        for setting, dtype in cases:
            results += compare(setting, dtype, asked.rounds, peaks[dtype], bar)
            bounds.append(Bound(setting, dtype, **run("benchmarks.bound", setting, dtype)))
    text = markdown(rows(results, bounds), machine(peaks))
    print(text)
    if len(cases) == len(SETTINGS) * len(TOLERANCE):
        RESULTS.write_text(text, "utf-8")


def compare(setting: str, dtype: str, rounds: int, peak: float, bar: tqdm) -> list[Result]:
    """All implementations on one setting, in turn, so that a slow minute falls on all of them."""
    steady, whole = defaultdict(list), defaultdict(list)
    for _ in range(rounds):
        losses = {}
        for name in IMPLEMENTATIONS:
            bar.set_description(f"{setting} {dtype} {name}"[:40])
            started = time.monotonic()
            answer = run("benchmarks.worker", name, setting, dtype)
            whole[name].append(answer["ended"] - started)
            steady[name].append(answer["steady"])
            losses[name] = answer["losses"]
            bar.update()
        ours = next(iter(losses.values()))
        for name, found in losses.items():
            np.testing.assert_allclose(found, ours, rtol=TOLERANCE[dtype], err_msg=name)
    operations = SETTINGS[setting].operations
    return [
        Result(
            setting,
            dtype,
            name,
            steady[name],
            whole[name],
            operations / float(np.median(steady[name])) / peak,
        )
        for name in IMPLEMENTATIONS
    ]


def run(module: str, *words: str) -> dict:
    """The answer of one process; `time.monotonic` is one clock for all of them."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join([module, *words])} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def peak(dtype: str) -> float:
    """Operations per second of a large matrix product on all cores."""
    a = np.random.default_rng(0).standard_normal((PEAK_SIZE, PEAK_SIZE)).astype(dtype)
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2 * PEAK_SIZE**3 / best


def machine(peaks: dict[str, float]) -> str:
    """The machine and what was compared, in a sentence."""
    info = _cpu_info()
    cpu = info.get("model name") or platform.processor() or platform.machine()
    flags = info.get("flags", "").split()
    widest = next(
        (name for name in ("avx512f", "avx2") if name in flags), "neither avx2 nor avx512f"
    )
    speeds = ", ".join(f"{p / 1e9:.0f} GFLOP/s in {dtype}" for dtype, p in peaks.items())
    libraries = ", ".join(f"{package} {version(package)}" for package in PACKAGES)
    return (
        f"Measured on {cpu}, {CORES} cores, {widest}, {platform.system()}, "
        f"Python {platform.python_version()}, {libraries}. A large matrix product reaches {speeds}."
    )


def _cpu_info() -> dict[str, str]:
    """What Linux says of the first core; nothing elsewhere."""
    path = Path("/proc/cpuinfo")
    if not path.is_file():
        return {}
    first = path.read_text("utf-8").partition("\n\n")[0]
    return {
        key.strip(): value
        for key, _, value in (line.partition(": ") for line in first.splitlines())
    }


if __name__ == "__main__":
    main()
