"""What a check says of parameters alone: a planted fault is named, its healthy twin is not."""

import numpy as np
import pytest

import initexplain as ie


def drawn(*shape, seed=0, gain=1.0):
    fan_in = np.prod(shape[1:])
    return np.random.default_rng(seed).normal(size=shape) * np.sqrt(gain / fan_in)


def state_dict():
    """A small convolutional network with a residual branch, as PyTorch names it."""
    return {
        "stem.weight": drawn(16, 3, 3, 3, seed=1, gain=2),
        "stem.bias": np.zeros(16),
        "blocks.0.conv1.weight": drawn(16, 16, 3, 3, seed=2, gain=2),
        "blocks.0.conv2.weight": np.zeros((16, 16, 3, 3)),
        "blocks.1.conv1.weight": drawn(16, 16, 3, 3, seed=3, gain=2),
        "blocks.1.conv2.weight": np.zeros((16, 16, 3, 3)),
        "tokens.embedding.weight": drawn(40, 1, seed=4) * drawn(40, 16, seed=5),
        "head.weight": drawn(10, 16, seed=6),
        "head.bias": np.zeros(10),
        "lora_A.weight": drawn(4, 16, seed=7),
        "lora_B.weight": np.zeros((16, 4)),
        "temperature": np.array(0.07),
        "num_batches_tracked": np.array(3),
        "rates.A_log": np.log(np.arange(1.0, 17.0)) * np.ones((16, 1)),
        "more_rates.A_log": np.log(np.arange(1.0, 17.0)) * np.ones((16, 1)),
        "slopes": np.geomspace(1, 100, 16),
        "more_slopes": np.geomspace(1, 100, 16),
    }


def alarms(report):
    return {(f.level, f.rule, f.where) for f in report.findings if f.level != "ok"}


def test_a_healthy_network_gives_no_alarm():
    report = ie.check(state_dict())
    assert alarms(report) == set()
    assert report.ok
    assert len(str(report).splitlines()) <= 6


def nan(state):
    state["head.bias"][3] = np.nan


def infinite(state):
    state["stem.weight"][0, 0, 0, 0] = -np.inf


def outlier(state):
    state["blocks.0.conv1.weight"][0, 0, 0, 0] = -2.5


def unit_normal(state):
    state["head.weight"] = np.random.default_rng(0).normal(size=(10, 64))


def forgotten_kernel(state):
    state["blocks.0.conv1.weight"] *= 3  # sqrt(2 / channels) in the place of sqrt(2 / (9 channels))


def copied(state):
    state["blocks.1.conv1.weight"] = state["blocks.0.conv1.weight"].copy()


def copied_token(state):
    state["tokens.embedding.weight"][30:] = state["tokens.embedding.weight"][7]


def both_factors(state):
    state["lora_A.weight"][:] = 0


def everything(state):
    for name in state:
        if state[name].ndim > 1 and "A_log" not in name:
            state[name] = np.zeros(state[name].shape)


def cloned(state):
    state["head.weight"] = state["head.weight"][:, [0, 1, 2, 3] * 4]
    for name in ("blocks.0.conv1.weight", "blocks.1.conv1.weight", "blocks.1.conv2.weight"):
        state.pop(name)
    state["blocks.0.conv2.weight"] = drawn(16, 16, 3, 3, seed=8)[[0, 1, 2, 3] * 4]


FAULTS = {
    nan: ("FAIL", "finite", "head.bias"),
    infinite: ("FAIL", "finite", "stem.weight"),
    outlier: ("WARN", "outliers", "blocks.0.conv1.weight"),
    unit_normal: ("WARN", "scale", "head.weight"),
    forgotten_kernel: ("WARN", "scale", "blocks.0.conv1.weight"),
    copied: ("WARN", "copies", "blocks.0.conv1.weight"),
    copied_token: ("WARN", "embedding", "tokens.embedding.weight"),
    both_factors: ("FAIL", "freeze", "lora_A.weight"),
    everything: ("FAIL", "freeze", "stem.weight"),
    cloned: ("FAIL", "clones", "blocks.0.conv2.weight"),
}


@pytest.mark.parametrize("plant", FAULTS, ids=lambda plant: plant.__name__)
def test_a_planted_fault_is_named_at_its_place(plant):
    state = state_dict()
    plant(state)
    report = ie.check(state)
    assert FAULTS[plant] in alarms(report), report
    assert all(f.remedy for f in report.findings if f.level != "ok")
    assert report.ok == (FAULTS[plant][0] == "WARN")
    # what is alarming about it stands at what was changed, and nowhere else
    if plant is not everything:
        assert len({rule for _, rule, _ in alarms(report)}) == 1, report


def test_equal_rows_that_are_read_differently_are_fine():
    state = state_dict()
    cloned(state)
    state["head.weight"] = drawn(10, 16, seed=6)
    report = ie.check(state)
    assert alarms(report) == set()
    assert [(f.where, f.value) for f in report.findings if f.rule == "clones"] == [
        ("blocks.0.conv2.weight", 4)
    ]


def test_a_forgotten_kernel_is_called_so():
    state = state_dict()
    forgotten_kernel(state)
    [warning] = [f for f in ie.check(state).findings if f.level == "WARN"]
    assert "without the kernel" in warning.message
    assert warning.value == pytest.approx(np.sqrt(2) * 3, rel=0.05)


def test_a_normalization_makes_a_forgotten_kernel_harmless():
    state = state_dict() | {"blocks.0.bn1.running_var": np.ones(16)}
    forgotten_kernel(state)
    assert alarms(ie.check(state)) == set()


def test_one_tensor_under_two_names_is_no_copy():
    state = state_dict()
    state["tied.weight"] = state["head.weight"]
    assert alarms(ie.check(state)) == set()


HIDDEN = drawn(8, 4), drawn(8, 8, seed=1), drawn(2, 8, seed=2)


@pytest.mark.parametrize(
    "names",
    [
        ("layers.{}.weight", "layers.{}.bias"),  # PyTorch: units first
        ("params/Dense_{}/kernel", "params/Dense_{}/bias"),  # Flax and Keras: units last
        ("model/dense_{}/kernel:0", "model/dense_{}/bias:0"),
        ("W{}", "b{}"),
    ],
)
@pytest.mark.parametrize("planted", [False, True])
def test_a_chain_is_read_in_the_layout_of_its_names(names, planted):
    first, second, last = (w.copy() for w in HIDDEN)
    if planted:  # units that differ in every row agree in their sums
        first[4:] = first[:4]
        last[:, 4:] = last[:, :4]
        second[4:] = np.roll(second[:4], 4, axis=1)
    arrays = {}
    for i, w in enumerate((first, second, last)):
        weight, bias = (name.format(i) for name in names)
        arrays[weight] = w.T.copy() if "kernel" in weight else w
        arrays[bias] = np.zeros(len(w))
    clones = [f for f in ie.check(arrays).findings if f.rule == "clones" and f.level == "FAIL"]
    weights = [name for name in arrays if "bias" not in name and not name.startswith("b")]
    assert [(f.where, f.value) for f in clones] == ([(weights[0], 4), (weights[1], 4)] * planted)


def test_a_layout_can_be_said():
    square = {f"m{i}": drawn(6, 6, seed=i) for i in range(3)}
    square["m0"][:, 3:] = square["m0"][:, :3]
    square["m1"][3:] = square["m1"][:3]
    assert ie.check(square, layout="rows").ok
    assert ("FAIL", "clones", "m0") in alarms(ie.check(square, layout="columns"))
    # these names tell
    kernels = {f"{name}/kernel": matrix for name, matrix in square.items()}
    assert ("FAIL", "clones", "m0/kernel") in alarms(ie.check(kernels))


def test_nested_parameters_have_paths():
    tree = {"params": {"Dense_0": {"kernel": np.full((4, 8), np.nan), "bias": np.zeros(8)}}}
    assert alarms(ie.check(tree)) == {("FAIL", "finite", "params/Dense_0/kernel")}


FORGET = np.array([0.0] * 8 + [1.0] * 8 + [0.0] * 16)


@pytest.mark.parametrize(("second", "found"), [(FORGET, False), (FORGET * 0, True)])
def test_a_forget_bias_in_one_layer_only_is_named(second, found):
    state = {}
    for i, bias in enumerate((FORGET, second)):
        state |= {f"rnn.weight_ih_l{i}": drawn(32, 8, seed=i)}
        state |= {f"rnn.weight_hh_l{i}": drawn(32, 8, seed=9 + i)}
        state |= {f"rnn.bias_ih_l{i}": bias / 2, f"rnn.bias_hh_l{i}": bias / 2}
    report = ie.check(state)
    assert alarms(report) == ({("WARN", "memory", "rnn.bias_hh_l1")} if found else set())
    halved = [f.value for f in report.findings if f.rule == "memory" and f.where.endswith("l0")]
    # sigmoid(1) to the power of the half-life is a half
    assert (1 / (1 + np.exp(-1))) ** halved[0] == pytest.approx(0.5)


BAD = {
    "an empty mapping": ({}, ValueError, "no parameter"),
    "counters alone": ({"num_batches_tracked": np.array(1)}, ValueError, "no parameter"),
    "a list": ([np.ones((2, 2))], TypeError, "mapping of names"),
    "text": ({"name": "resnet"}, TypeError, "name: expected an array"),
    "nothing": (None, TypeError, "NoneType"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_holds_no_parameters_is_refused(case):
    model, error, match = BAD[case]
    with pytest.raises(error, match=match):
        ie.check(model)


def test_odd_parameters_are_findings():
    state = {
        "a": np.array(0.5),
        "b": np.array(np.nan),
        "c.weight": np.ones((3, 3), np.complex64),
        "d": np.ones((0, 4)),
        "e": drawn(1, 1),
    }
    found = alarms(ie.check(state))
    assert found == {("FAIL", "finite", "b"), ("WARN", "dtype", "c.weight"), ("WARN", "built", "d")}


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_other_number_formats_are_read(dtype):
    state = {name: array.astype(dtype) for name, array in state_dict().items()}
    assert alarms(ie.check(state)) == set()
    copied(state)
    assert alarms(ie.check(state)) == {("WARN", "copies", "blocks.0.conv1.weight")}


def test_snapshots_name_what_changed():
    state = state_dict()
    before = ie.snapshot(state)
    assert ie.check(state, since=before).ok
    state["head.weight"] = drawn(10, 16, seed=77)
    found = [f for f in ie.check(state, since=before).findings if f.rule == "since"]
    assert [(f.level, f.where) for f in found] == [("WARN", "head.weight"), ("ok", "")]
    redrawn = {n: a + 1 if n != "stem.weight" else a for n, a in state_dict().items()}
    found = alarms(ie.check(redrawn, since=before))
    assert {("WARN", "since", "stem.weight")} <= found


def test_ranks_are_compared():
    ranks = [{"w.weight": drawn(8, 8, seed=i), "ln.weight": np.ones(8)} for i in (0, 1)]
    one, other = map(ie.snapshot, ranks)
    [same] = ie.check(one, since=ie.snapshot(ranks[0])).findings
    [apart] = ie.check(one, since=other).findings
    assert ("is the same" in same.message, "differs" in apart.message) == (True, True)
    ranks[1]["more.weight"] = ranks[0]["more.weight"] = drawn(8, 8, seed=5)
    ranks[1]["third.weight"], ranks[0]["third.weight"] = drawn(8, 8, seed=6), drawn(8, 8, seed=7)
    mixed = ie.check(ie.snapshot(ranks[0]), since=ie.snapshot(ranks[1]))
    assert alarms(mixed) == {("WARN", "since", "more.weight")}
