"""The benchmark trains what it says, notices wrong answers, and its table agrees with itself."""

import json
import math
import re
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import plain
import pytest
from oracles import central_differences

from benchmarks import __main__ as bench
from benchmarks import bound
from benchmarks.chart import MARKS, chart
from benchmarks.implementations import IMPLEMENTATIONS
from benchmarks.problem import CORES, SETTINGS, TOLERANCE, Setting, problem
from benchmarks.table import TITLES, Bound, Result, markdown, rows

SMALL = Setting(networks=3, hidden_layers=2, units=5, activation="tanh", examples=7, steps=2)
TABLE = Path(bench.__file__).with_name("results.md")
NEEDS = {"JAX": "jax", "PyTorch": "torch", "scikit-learn": "sklearn"}


@cache
def plain_losses(activation):
    """Gradient descent on one network at a time, by the differences of a loop over its units."""
    start = problem(SMALL, "float64")
    losses = []
    for member in range(SMALL.networks):
        parameters = [p[member] for p in (*start.weights, *start.biases)]

        def loss(moved):
            return plain.network_loss(moved, activation, start.inputs, start.targets)

        for _ in range(SMALL.steps):
            slopes = central_differences(loss, parameters)
            parameters = [p - 0.02 * slope for p, slope in zip(parameters, slopes, strict=True)]
        losses.append(loss(parameters))
    return losses


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("name", IMPLEMENTATIONS)
def test_an_implementation_trains_what_the_benchmark_says(name, activation):
    needed = next((module for key, module in NEEDS.items() if name.startswith(key)), None)
    if needed:
        pytest.importorskip(needed, reason="it is installed by `make bench` only")
    found = IMPLEMENTATIONS[name](problem(SMALL, "float64"), activation)(SMALL.steps)
    np.testing.assert_allclose(found, plain_losses(activation), rtol=1e-9)


def test_operations_are_those_of_the_matrix_products():
    sizes = [8, 5, 5, 1]
    forward = sum(a * b for a, b in pairwise(sizes))
    first = sizes[0] * sizes[1]
    # forward, weight gradients, and errors below every layer but the first; an addition each
    assert SMALL.operations == 2 * (3 * forward - first) * 7 * 3 * 2


def test_the_bound_is_that_of_the_whole_sweep(monkeypatch, capsys):
    # a call takes a second for the networks of a core: three products in a layer, two in the first,
    # and two calls for each of two activations; two updates
    monkeypatch.setitem(SETTINGS, "small", SMALL)
    monkeypatch.setattr(bound, "_seconds", lambda _call: 1.0)
    bound.main("small", "float64")
    found = json.loads(capsys.readouterr().out)
    share = 3 / math.ceil(3 / CORES) / CORES
    assert found == pytest.approx({"products": 8 * 2 * share, "activations": 4 * 2 * share})


def test_every_framework_is_measured_and_described():
    names = [name.split()[0].rstrip(",") for name in IMPLEMENTATIONS]
    assert names == ["initexplain", "JAX", "PyTorch", "PyTorch", "scikit-learn"]
    assert set(TITLES) == set(SETTINGS)


def answers(wrong=None):
    def run(_module, name, _setting, _dtype):
        losses = [1.0, 2.0] if name != wrong else [1.0, 2.001]
        return {"ended": 1e9, "steady": 1.0, "losses": losses}

    return run


def test_an_implementation_that_differs_stops_the_benchmark(monkeypatch):
    quiet = bench.tqdm(total=0, disable=True)
    monkeypatch.setattr(bench, "run", answers())
    assert len(bench.compare("tanh", "float32", 2, 1e9, quiet)) == len(IMPLEMENTATIONS)
    monkeypatch.setattr(bench, "run", answers("PyTorch, batched"))
    with pytest.raises(AssertionError, match="PyTorch, batched"):
        bench.compare("tanh", "float32", 2, 1e9, quiet)


def test_a_worker_that_fails_is_reported(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(RuntimeError, match=r"benchmarks\.worker JAX failed"):
        bench.run("benchmarks.worker", "JAX")


def test_ratios_are_those_of_the_rounds():
    ours = Result("tanh", "float32", "initexplain", [1.0, 2.0, 4.0], [3.0, 3.0, 3.0], 0.5)
    others = [
        Result("tanh", "float32", name, [3.0, 2.0, 8.0], [6.0, 6.0, 9.0], 0.25) for name in MARKS
    ]
    alone = Bound("tanh", "float32", products=0.25, activations=0.125)
    text = markdown(rows([ours, *others], [alone]), "A machine.")
    [row] = [line for line in text.splitlines() if line.startswith(f"| {TITLES['tanh']}")]
    cells = [cell.strip() for cell in row.strip("| ").split(" | ")]
    assert cells[:4] == ["narrow, tanh, float32", "2.00 / 3.00", "50%", "0.25 / 0.12"]
    assert cells[4:] == ["2.0 / 2.0"] * 4
    assert "A machine. The ratio of one round is at most 3.00 times another's." in text


def test_the_marks_of_the_chart_stand_where_the_ratios_are():
    ratios = {"a": dict.fromkeys(MARKS, 2.0), "b": dict.fromkeys(MARKS, 5.0)}
    for svg in re.findall(r"<svg.*?</svg>", chart(ratios, "x")):
        texts = re.findall(r'<text x="([\d.]+)" y="([\d.]+)".*?>(.*?)</text>', svg)
        at = {text: float(x) for x, _, text in texts}
        marks = [(float(x), text) for x, _, text in texts if text in MARKS.values()]
        assert [x for x, _ in marks] == [at["2"]] * len(MARKS) + [at["5"]] * len(MARKS)
        # equal factors are equal distances
        assert at["10"] - at["5"] == pytest.approx(at["2"] - at["1"], abs=0.2)


def test_no_line_of_the_grid_crosses_a_name():
    names = ["narrow, tanh, float32", "wide, ReLU, float64"]
    for svg in re.findall(
        r"<svg.*?</svg>", chart({k: dict.fromkeys(MARKS, 2.0) for k in names}, "x")
    ):
        lines = re.findall(r"M ([\d.]+) ([\d.]+) V ([\d.]+)", svg)
        places = re.findall(r'<text x="([\d.]+)" y="([\d.]+)".*?>(.*?)</text>', svg)
        own = [(float(x), float(y)) for x, y, text in places if text in names]
        assert len(own) == len(names)
        # type of 12 px: how far letters reach to the right, below their line and above it
        crossed = [
            line
            for x, y in own
            for line in (tuple(map(float, line)) for line in lines)
            if x < line[0] < x + 12 * max(map(len, names)) and line[1] < y + 4 and line[2] > y - 10
        ]
        assert crossed == []


def test_the_table_on_the_page_is_whole_and_has_what_the_chart_shows():
    text = TABLE.read_text("utf-8")
    for package in bench.PACKAGES:
        assert re.search(rf"{package} \d", text)
    lines = [line for line in text.splitlines() if re.match(r"\| \S.*\d", line)]
    found = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines]
    titles = [f"{TITLES[setting]}, {dtype}" for setting in SETTINGS for dtype in TOLERANCE]
    assert [cells[0] for cells in found] == titles
    ratios = {
        cells[0]: {
            name: float(cell.split(" / ")[0]) for name, cell in zip(MARKS, cells[4:], strict=True)
        }
        for cells in found
    }
    drawn = re.findall(r"<svg.*?</svg>", text)
    assert len(drawn) == 2
    for svg in drawn:
        places = re.findall(r'<text x="([\d.]+)" y="[\d.]+"[^>]*>([^<]*)</text>', svg)
        one, ten = (float(x) for tick in ("1", "10") for x, text in places if text == tick)
        shown = [
            10 ** ((float(x) - one) / (ten - one)) for x, text in places if text in MARKS.values()
        ]
        told = [ratio for row in ratios.values() for ratio in row.values()]
        assert shown == pytest.approx(told, rel=0.06)
