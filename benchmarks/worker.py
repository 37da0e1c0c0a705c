"""One process of the benchmark: trains one setting on one implementation, prints what it took."""

import json
import sys
import time

from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.problem import CHECKED_STEPS, SETTINGS, problem

STEADY_SECONDS = 2.0
"""A quick implementation trains again until so much time has passed; its best time counts."""


def main(name: str, setting_name: str, dtype: str) -> None:
    """Prints, as JSON, when the first training ended, the time of a later one, and losses."""
    setting = SETTINGS[setting_name]
    train = IMPLEMENTATIONS[name](problem(setting, dtype), setting.activation)
    train(setting.steps)
    ended = time.monotonic()
    times: list[float] = []
    while sum(times) < STEADY_SECONDS:
        start = time.perf_counter()
        train(setting.steps)
        times.append(time.perf_counter() - start)
    losses = [float(loss) for loss in train(CHECKED_STEPS)]
    print(json.dumps({"ended": ended, "steady": min(times), "losses": losses}))


if __name__ == "__main__":
    main(*sys.argv[1:])
