"""The check of an `initexplain.Network`: its verdicts against trainings of a plain loop."""

import math

import numpy as np
import pytest
from reading import alarms

import initexplain as ie

SIZES = [4, 8, 8, 2]


def network(weights, activation="tanh", biases=None, sizes=SIZES):
    rng = np.random.default_rng(3)
    return ie.Network.initialize(rng, sizes, weights=weights, biases=biases, activation=activation)


def data():
    return ie.teacher(np.random.default_rng(0))


HEALTHY = {
    "tanh": (ie.lecun_normal(), "tanh", None),
    "relu": (ie.he_normal(), "relu", None),
    "logistic": (ie.lecun_normal(), "logistic", None),
    "random biases": (ie.lecun_normal(), "tanh", ie.normal(0.1)),
    "orthogonal": (ie.orthogonal(), "tanh", None),
}


@pytest.mark.parametrize("case", HEALTHY)
@pytest.mark.parametrize("batch", [False, True])
def test_a_healthy_start_gives_no_alarm(case, batch):
    weights, activation, biases = HEALTHY[case]
    report = ie.check(network(weights, activation, biases), *(data() if batch else ()))
    assert alarms(report) == set(), report
    assert len(str(report).splitlines()) <= 7


def with_layer(layer, matrix):
    net = network(ie.lecun_normal())
    weights = [w if i != layer else np.asarray(matrix) for i, w in enumerate(net.weights)]
    return ie.Network(weights, net.biases, "tanh")


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_one_zero_matrix_waits(layer):
    shape = network(ie.zeros()).weights[layer].shape
    report = ie.check(with_layer(layer, np.zeros(shape)), *data())
    assert report.ok, report
    waiting = {f.where for f in report.findings if f.rule == "freeze"}
    # the gradients of the other matrices pass through it
    assert waiting <= {f"weights[{i}]" for i in range(3) if i != layer}
    assert waiting


@pytest.mark.parametrize("batch", [False, True])
def test_equal_rows_that_part_are_fine(batch):
    equal = np.tile(network(ie.lecun_normal()).weights[0][:1], (8, 1))
    assert ie.check(with_layer(0, equal), *(data() if batch else ())).ok


@pytest.mark.parametrize(
    ("weights", "activation", "expected"),
    [
        (ie.zeros(), "tanh", {("FAIL", "freeze", f"weights[{i}]") for i in (0, 1)}),
        (ie.zeros(), "relu", {("FAIL", "freeze", f"weights[{i}]") for i in (0, 1)}),
        (ie.zeros(), "logistic", {("FAIL", "clones", f"weights[{i}]") for i in (0, 1)}),
        (ie.constant(0.1), "tanh", {("FAIL", "clones", f"weights[{i}]") for i in (0, 1)}),
    ],
)
def test_equal_starts_are_told_apart(weights, activation, expected):
    net = network(weights, activation)
    assert alarms(ie.check(net)) == expected
    report = ie.check(net, *data())
    # two rules that see the same say it once
    assert len([f for f in report.findings if f.level != "ok"]) == len(alarms(report))
    # on a batch ReLU units are off besides
    found = {alarm for alarm in alarms(report) if alarm[1] != "dead"}
    frozen = ("FAIL", "freeze", "weights[2]")
    assert found == expected | ({frozen} if "freeze" in str(expected) else set())


def gelu_slope(z):
    return math.erfc(-z / math.sqrt(2)) / 2 + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def test_saturation_is_that_of_the_preactivations_where_a_value_has_two_slopes():
    net, (inputs, targets) = network(ie.lecun_normal(), "gelu", ie.constant(-4)), data()
    hidden = ie.forward(net, inputs).preactivations[:-1]
    report = ie.check(net, inputs, targets)
    shares = {f.where: f.value for f in report.findings if f.rule == "saturated"}
    flat = [np.mean([abs(gelu_slope(z)) < 0.02 for z in layer.ravel()]) for layer in hidden]
    assert shares == pytest.approx({f"weights[{i}]": share for i, share in enumerate(flat)})


def test_the_batch_finds_what_is_wrong_on_it():
    inputs, targets = data()
    dead = network(ie.he_normal(), "relu", ie.constant(-20))
    assert {rule for _, rule, _ in alarms(ie.check(dead, inputs, targets))} >= {"dead", "freeze"}
    assert ie.check(dead).ok
    saturated = network(ie.lecun_normal(gain=100), "tanh")
    assert ("WARN", "saturated", "weights[0]") in alarms(ie.check(saturated, inputs, targets))
    deep = network(ie.lecun_normal(gain=0.1), "tanh", ie.constant(0.5), [4, *[16] * 12, 2])
    assert ("WARN", "signal") in {f[:2] for f in alarms(ie.check(deep, inputs, targets))}
    assert ("WARN", "gradient") in {f[:2] for f in alarms(ie.check(deep, inputs, targets))}
    far = ie.check(network(ie.lecun_normal()), inputs, targets + 20)
    assert alarms(far) == {("WARN", "loss", "")}


@pytest.mark.parametrize("layers", [40, 160, 300])
def test_a_signal_that_vanishes_alike_in_all_layers_is_named(layers):
    # by a tenth a layer: squares of the last gradients are below the smallest number
    faint = network(ie.lecun_normal(gain=0.1), "tanh", sizes=[4, *[8] * layers, 2])
    assert alarms(ie.check(faint, *data())) == {("WARN", "gradient", "weights[0]")}


@pytest.mark.parametrize("sizes", [[4, 8, 2], SIZES])
def test_output_weights_may_be_small(sizes):
    # as for the policy of an actor and critic: those of others are a thousand times larger
    net = network(ie.orthogonal(), sizes=sizes)
    small = ie.Network([*net.weights[:-1], 1e-3 * net.weights[-1]], net.biases, "tanh")
    assert alarms(ie.check(small, *data())) == set()


def test_branches_that_are_scaled_down_are_no_vanishing_gradient():
    # all layers but the last one are behind a factor of 1e-12, as behind the scale of a branch
    inputs, targets = data()
    net = network(ie.lecun_normal(), sizes=[4, 8, 8, 8, 2])
    faint = ie.Network([*net.weights[:-1], 1e-12 * net.weights[-1]], net.biases, "tanh")
    assert alarms(ie.check(faint, inputs, targets)) == set()


def test_a_signal_that_explodes_has_a_size():
    loud = network(ie.lecun_normal(gain=5), "identity", sizes=[4, *[8] * 200, 2])
    findings = ie.check(loud, *data()).findings
    [said] = [f.message for f in findings if f.rule == "gradient"]
    assert "inf" not in said
    assert "nan" not in said


@pytest.mark.parametrize("level", [0.0, -4.6])
def test_zero_output_weights_wait_whatever_their_biases(level):
    inputs, targets = data()
    net = with_layer(2, np.zeros((2, 8)))
    net = ie.Network(net.weights, [*net.biases[:-1], [level] * 2], "tanh")
    assert alarms(ie.check(net, inputs, targets + level)) == set()


def test_numbers_that_were_drawn_are_no_first_loss():
    far = network(ie.lecun_normal(gain=10))
    assert ("WARN", "loss", "") in alarms(ie.check(far, *data()))
    assert "loss" not in {f.rule for f in ie.check(far, data()[0]).findings}


def test_the_criterion_for_the_data_at_hand_is_used():
    # two features that are always equal: rows that agree in their sum are the same unit
    inputs, targets = data()
    inputs[:, 1] = inputs[:, 0]
    net = network(ie.lecun_normal())
    first, second, last = (w.copy() for w in net.weights)
    first[1] = first[0] + [0.3, -0.3, 0, 0]
    second[:, 1] = second[:, 0]
    net = ie.Network([first, second, last], net.biases, "tanh")
    assert alarms(ie.check(net)) == set()
    [clones] = [f for f in ie.check(net, inputs, targets).findings if f.level == "FAIL"]
    assert (clones.rule, clones.where, clones.value) == ("clones", "weights[0]", 7)
    assert clones.message.endswith("on these data")


def test_rare_ones_want_their_log_odds():
    inputs = np.random.default_rng(0).normal(size=(400, 4))
    targets = np.zeros((400, 2))
    targets[:8, 0] = 1
    net = network(ie.lecun_normal())
    assert ("WARN", "loss", "") in alarms(ie.check(net, inputs, targets, loss="logistic"))
    prior = np.log(8 / 792)
    biased = ie.Network(net.weights, [*net.biases[:-1], [prior] * 2], "tanh")
    assert alarms(ie.check(biased, inputs, targets, loss="logistic")) == set()


@pytest.mark.parametrize("seed", range(6))
def test_clones_are_those_of_a_plain_training(seed):
    # random planted starts of small whole numbers, many of them symmetric
    rng = np.random.default_rng(seed)
    weights = [rng.integers(-1, 2, s) / 2.0 for s in ((5, 2), (5, 5), (1, 5))]
    net = ie.Network(weights, [None] * 3, "logistic")
    inputs, targets = rng.normal(size=(20, 2)), rng.normal(size=(20, 1))
    found = {f.where: f.value for f in ie.check(net, inputs, targets).findings if f.level == "FAIL"}
    trained = [np.array(w) for w in weights]
    for _ in range(200):  # backpropagation, written out
        a1 = 1 / (1 + np.exp(-inputs @ trained[0].T))
        a2 = 1 / (1 + np.exp(-a1 @ trained[1].T))
        error = (a2 @ trained[2].T - targets) / len(inputs)
        d2 = error @ trained[2] * a2 * (1 - a2)
        d1 = d2 @ trained[1] * a1 * (1 - a1)
        trained[2] -= error.T @ a2
        trained[1] -= d2.T @ a1
        trained[0] -= d1.T @ inputs
    for i, a in enumerate((a1, a2)):
        distinct = len(np.unique(a.round(6), axis=1).T)
        assert found.get(f"weights[{i}]", 5) == distinct


def test_what_does_not_fit_is_refused():
    net = network(ie.lecun_normal())
    inputs, targets = data()
    with pytest.raises(ValueError, match="inputs: expected shape"):
        ie.check(net, inputs[:, :3], targets)
    with pytest.raises(ValueError, match="needs targets"):
        ie.check(net, inputs, loss="softmax_cross_entropy")
    with pytest.raises(ValueError, match=r"network\.member"):
        ie.check(ie.Network.stack([net, net]))
    with pytest.raises(ValueError, match="since="):
        ie.check(ie.snapshot(net))
    with pytest.raises(TypeError, match="pass the model itself"):
        ie.check({"w": np.ones((2, 2))}, inputs)


def test_the_network_is_as_it_was():
    net = network(ie.lecun_normal())
    before = ie.snapshot(net)
    ie.check(net, *data())
    assert ie.snapshot(net) == before


def test_a_report_is_short_for_a_thousand_layers():
    layers = {f"blocks.{i}.mlp.weight": np.full((4, 4), np.nan) for i in range(1000)}
    report = ie.check(layers)
    assert len(report.findings) == 1000
    lines = str(report).splitlines()
    assert len(lines) <= 6
    assert "blocks.*.mlp.weight (1000)" in lines[1]
    assert "1000 FAIL" in lines[-1]
    assert "<td>blocks.*.mlp.weight (1000)</td>" in report._repr_html_()
    assert str(report).count("remedy") == 1
    deep = network(ie.lecun_normal(), sizes=[4] * 1001)
    assert len(str(ie.check(deep)).splitlines()[0]) < 80


@pytest.mark.parametrize(("units", "named"), [(4, False), (64, True)])
def test_few_numbers_are_no_recipe(units, named):
    """A sample of `n` numbers has its spread within `5 / sqrt(2 n)`: of sixteen, any recipe's."""
    start = network(ie.he_normal(), "relu", sizes=[units, units, 1])
    said = next(f.message for f in ie.check(start).findings if f.rule == "scale")
    assert (" times " in said.rpartition(": ")[2]) != named, said
