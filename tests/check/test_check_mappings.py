"""What a check says of parameters alone: a planted fault is named, its healthy twin is not."""

import ml_dtypes
import numpy as np
import pytest
from reading import alarms

import initexplain as ie


def drawn(*shape, seed=0, gain=1.0):
    fan_in = np.prod(shape[1:])
    return np.random.default_rng(seed).normal(size=shape) * np.sqrt(gain / fan_in)


# a small convolutional network with a residual branch, as PyTorch names it
STATE = {
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


def test_a_healthy_network_gives_no_alarm():
    report = ie.check(STATE)
    assert alarms(report) == set()
    assert report.ok
    assert len(str(report).splitlines()) <= 6


FIRST, SECOND, HEAD = "blocks.0.conv1.weight", "blocks.1.conv1.weight", "head.weight"
EMBEDDING = "tokens.embedding.weight"
CLONED = {
    HEAD: STATE[HEAD][:, [0, 1, 2, 3] * 4],
    **dict.fromkeys((FIRST, SECOND, "blocks.1.conv2.weight")),
    "blocks.0.conv2.weight": drawn(16, 16, 3, 3, seed=8)[[0, 1, 2, 3] * 4],
}
# sqrt(2 / channels) in the place of sqrt(2 / (9 channels))
FORGOTTEN_KERNEL = {FIRST: 3 * STATE[FIRST]}
COPIED = {SECOND: STATE[FIRST].copy()}


def with_entry(name, index, value):
    array = STATE[name].copy()
    array[index] = value
    return {name: array}


def changed(change):
    """The state with other arrays, without those that are None."""
    return {name: array for name, array in (STATE | change).items() if array is not None}


# what is changed, and what is then said of which
FAULTS = {
    "nan": (with_entry("head.bias", 3, np.nan), "FAIL", "finite", "head.bias"),
    "infinite": (with_entry("stem.weight", (0, 0, 0, 0), -np.inf), "FAIL", "finite", "stem.weight"),
    "outlier": (with_entry(FIRST, (0, 0, 0, 0), -2.5), "WARN", "outliers", FIRST),
    "unit normal": ({HEAD: drawn(10, 64, gain=64)}, "WARN", "scale", HEAD),
    "forgotten kernel": (FORGOTTEN_KERNEL, "WARN", "scale", FIRST),
    "copied": (COPIED, "WARN", "copies", FIRST),
    "copied token": (
        with_entry(EMBEDDING, slice(30, None), STATE[EMBEDDING][7]),
        *("WARN", "embedding", EMBEDDING),
    ),
    "both factors": (with_entry("lora_A.weight", ..., 0), "FAIL", "freeze", "lora_A.weight"),
    "everything": (
        {n: np.zeros(a.shape) for n, a in STATE.items() if a.ndim > 1 and "A_log" not in n},
        *("FAIL", "freeze", "stem.weight"),
    ),
    "cloned": (CLONED, "FAIL", "clones", "blocks.0.conv2.weight"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_at_its_place(fault):
    change, *alarm = FAULTS[fault]
    report = ie.check(changed(change))
    assert tuple(alarm) in alarms(report), report
    assert all(f.remedy for f in report.findings if f.level != "ok")
    assert report.ok == (alarm[0] == "WARN")
    # what is alarming about it stands at what was changed, and nowhere else
    if fault != "everything":
        assert len({rule for _, rule, _ in alarms(report)}) == 1, report


def test_equal_rows_that_are_read_differently_are_fine():
    report = ie.check(changed({**CLONED, HEAD: STATE[HEAD]}))
    assert alarms(report) == set()
    assert [(f.where, f.value) for f in report.findings if f.rule == "clones"] == [
        ("blocks.0.conv2.weight", 4)
    ]


def test_a_forgotten_kernel_is_called_so():
    [warning] = [f for f in ie.check(changed(FORGOTTEN_KERNEL)).findings if f.level == "WARN"]
    assert "without the kernel" in warning.message
    assert warning.value == pytest.approx(np.sqrt(2) * 3, rel=0.05)


def test_a_normalization_makes_a_forgotten_kernel_harmless():
    report = ie.check(changed(FORGOTTEN_KERNEL | {"blocks.0.bn1.running_var": np.ones(16)}))
    assert alarms(report) == set()


def test_one_tensor_under_two_names_is_no_copy():
    assert alarms(ie.check(changed({"tied.weight": STATE[HEAD]}))) == set()


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


@pytest.mark.parametrize("name", ["layers.{}.weight", "params/Dense_{}/kernel"])
@pytest.mark.parametrize("copied", [1, 9])
def test_layer_2_stands_before_layer_10_where_a_mapping_is_sorted(name, copied):
    matrices = [drawn(8, 8, seed=i) for i in range(12)]
    matrices[copied][1] = matrices[copied][0]
    matrices[copied + 1][:, 1] = matrices[copied + 1][:, 0]
    arrays = {name.format(i): w.T if "kernel" in name else w for i, w in enumerate(matrices)}
    expected = {("FAIL", "clones", name.format(copied))}
    assert alarms(ie.check(arrays)) == expected
    by_text = dict(sorted(arrays.items()))  # as JAX leaves it
    assert list(by_text)[2] == name.format(10)
    assert alarms(ie.check(by_text)) == expected


def test_an_order_that_is_no_alphabet_is_kept():
    # the layer that is called 10 comes before that called 2
    lower, upper = drawn(8, 4), drawn(2, 8, seed=1)
    lower[1], upper[:, 1] = lower[0], upper[:, 0]
    arrays = {"m3": drawn(4, 4, seed=2), "m10": lower, "m2": upper}
    assert alarms(ie.check(arrays)) == {("FAIL", "clones", "m10")}


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_bias_of_minus_zero_is_zero(dtype):
    first, second, last = (w.copy() for w in HIDDEN)
    first[1], second[:, 1] = first[0], second[:, 0]
    bias = np.zeros(8)
    bias[1] = -0.0
    arrays = {"0.weight": first, "0.bias": bias, "1.weight": second, "2.weight": last}
    stored = {name: a.astype(getattr(ml_dtypes, dtype, dtype)) for name, a in arrays.items()}
    assert alarms(ie.check(stored)) == {("FAIL", "clones", "0.weight")}


@pytest.mark.parametrize(
    ("center", "size"), [(0, 1e200), (0, 1e-200), (0, 1e308), (1, 1e-12), (-1e9, 1e-3)]
)
def test_numbers_whose_squares_have_no_digits_have_a_spread(center, size):
    near = center + size * np.random.default_rng(0).uniform(-1, 1, (8, 8))
    findings = ie.check({"a.weight": near, "b.weight": drawn(2, 8)}).findings
    [scale] = [f.value for f in findings if f.rule == "scale" and f.where == "a.weight"]
    if size < 1e308:
        exact = size * np.std((near - center) / size) * np.sqrt(8)
        assert scale == pytest.approx(exact, rel=1e-6)
    assert ("WARN" in {f.level for f in findings}) == (size > 1)


def test_what_is_of_one_recipe_is_said_of_no_other():
    state = {f"{i}.weight": drawn(64, 64, seed=i) for i in range(3)}
    assert ": LeCun (" in str(ie.check(state))
    state["1.weight"] *= 1e-3
    assert ": LeCun, and others (0.001 to " in str(ie.check(state))


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
    "a path": ("net.safetensors", TypeError, "a file is for `python -m initexplain check FILE`"),
    "objects": ({"a": np.array([1, None])}, TypeError, "found ndarray of dtype object"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_holds_no_parameters_is_refused(case):
    model, error, match = BAD[case]
    with pytest.raises(error, match=match):
        ie.check(model)


ARGUMENTS = [
    ({"layout": "row"}, ValueError, "layout: expected one of auto, rows, columns, found 'row'"),
    ({"since": STATE}, TypeError, "since: expected what `snapshot` returned, found dict"),
    ({"targets": np.ones((3, 1))}, ValueError, "of a batch: pass its inputs too"),
    ({"loss": "squared_error"}, ValueError, "of a batch: pass its inputs too"),
]


@pytest.mark.parametrize(("arguments", "error", "message"), ARGUMENTS)
def test_an_argument_that_would_be_overlooked_is_refused(arguments, error, message):
    with pytest.raises(error, match=message):
        ie.check(STATE, **arguments)


@pytest.mark.parametrize("name", ["float8_e4m3fn", "float8_e5m2"])
def test_eight_bits_are_not_judged(name):
    state = {"a.weight": drawn(8, 8).astype(getattr(ml_dtypes, name)), "b.weight": drawn(8, 8)}
    assert alarms(ie.check(state)) == {("WARN", "dtype", "a.weight")}


def test_all_equal_rows_of_an_embedding_are_counted():
    tokens = drawn(40, 16)
    tokens[[30, 31, 32]] = tokens[3]
    tokens[33] = tokens[4]
    [finding] = [f for f in ie.check({"tokens.embedding.weight": tokens}).findings if f.remedy]
    assert (finding.rule, finding.value) == ("embedding", 6)
    assert "in 2 groups, of which one is 3, 30, 31, 32" in finding.message


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
    for change, expected in ({}, set()), (COPIED, {("WARN", "copies", FIRST)}):
        state = {name: array.astype(dtype) for name, array in changed(change).items()}
        assert alarms(ie.check(state)) == expected


def test_snapshots_name_what_changed():
    before = ie.snapshot(STATE)
    assert ie.check(STATE, since=before).ok
    other_head = ie.check(changed({HEAD: drawn(10, 16, seed=77)}), since=before)
    found = [(f.level, f.where) for f in other_head.findings if f.rule == "since"]
    assert found == [("WARN", HEAD), ("ok", "")]
    redrawn = {name: array + (name != "stem.weight") for name, array in STATE.items()}
    assert ("WARN", "since", "stem.weight") in alarms(ie.check(redrawn, since=before))


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
