"""Keras models: planted faults are named at their place, and the model stays as it was."""

import numpy as np
import pytest
import reading

import initexplain as ie

keras = pytest.importorskip("keras")
layers = keras.layers


@pytest.fixture(autouse=True)
def _seeded():
    keras.utils.set_random_seed(0)


def network():
    return keras.Sequential(
        [
            layers.Input((8, 8, 3)),
            layers.Conv2D(8, 3, padding="same", name="stem"),
            layers.BatchNormalization(name="norm"),
            layers.Activation("relu"),
            layers.DepthwiseConv2D(3, name="depthwise"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(16, "tanh", name="hidden"),
            layers.Dropout(0.5),
            layers.Dense(4, name="head"),
        ]
    )


def batch():
    rng = np.random.default_rng(0)
    return rng.normal(size=(16, 8, 8, 3)).astype("f4"), np.arange(16) % 4


def alarms(report):
    # without the name that Keras gives a model
    return {(*alarm, "/".join(where.split("/")[-2:])) for *alarm, where in reading.alarms(report)}


@pytest.mark.parametrize("with_batch", [False, True])
def test_a_healthy_network_gives_no_alarm(with_batch):
    assert alarms(ie.check(network(), *(batch() if with_batch else ()))) == set()


def planted(*changes):
    """The network with what each change makes of the kernel of a layer."""
    net = network()
    for name, change in changes:
        kernel, *rest = net.get_layer(name).get_weights()
        net.get_layer(name).set_weights([change(kernel), *rest])
    return net


EQUAL_UNITS = "hidden", lambda kernel: kernel[:, [0, 1, 2, 3] * 4]
READ_ALIKE = "head", lambda kernel: kernel[[0, 1, 2, 3] * 4]
NO_NUMBERS = "stem", lambda kernel: np.insert(kernel[1:], 0, np.nan, axis=0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([EQUAL_UNITS, READ_ALIKE], {("FAIL", "clones", "hidden/kernel")}),
        ([EQUAL_UNITS], set()),
        ([NO_NUMBERS], {("FAIL", "finite", "stem/kernel")}),
    ],
)
def test_a_planted_fault_is_named_at_its_place(changes, expected):
    assert alarms(ie.check(planted(*changes), *batch())) == expected


def test_equal_rows_that_part_are_fine():
    # one output tells a thousand units apart by one number each: the next ones differ by 0.2%
    net = keras.Sequential([layers.Input((8,)), layers.Dense(1000, "tanh"), layers.Dense(1)])
    kernel, bias = net.layers[0].get_weights()
    net.layers[0].set_weights([kernel[:, :1] + 0 * kernel, bias])
    net.layers[1].set_weights([np.linspace(-0.05, 0.05, 1000)[:, None], np.zeros(1)])
    rng = np.random.default_rng(0)
    inputs, targets = (rng.normal(size=(64, n)).astype("f4") for n in (8, 1))
    assert alarms(ie.check(net, inputs, targets)) == set()


def test_a_column_of_targets_may_be_flat():
    net = keras.Sequential([layers.Input((4,)), layers.Dense(8, "tanh"), layers.Dense(1)])
    rng = np.random.default_rng(0)
    inputs, targets = (rng.normal(size=(32, n)).astype("f4") for n in (4, 1))
    column, flat = (ie.check(net, inputs, t) for t in (targets, targets[:, 0]))
    losses = [next(f.message for f in r.findings if f.rule == "loss") for r in (column, flat)]
    assert losses[0].split(",")[0] == losses[1].split(",")[0]
    with pytest.raises(ValueError, match=r"outputs of shape \(32, 1\) for targets of shape"):
        ie.check(net, inputs, inputs)


def test_zero_output_weights_wait_whatever_their_biases():
    net = network()
    weights, bias = net.get_layer("head").get_weights()
    net.get_layer("head").set_weights([0 * weights, bias - 4.6])
    assert alarms(ie.check(net, *batch())) == set()


def test_two_zeros_on_a_path_are_frozen():
    net = planted(*((name, np.zeros_like) for name in ("hidden", "head")))
    found = alarms(ie.check(net, *batch()))
    assert {("FAIL", "freeze", f"{n}/kernel") for n in ("stem", "hidden", "head")} <= found


def normalized_to(means):
    """The network whose normalization gives each channel one number for all inputs."""
    net = network()
    net.get_layer("norm").set_weights([np.zeros(8), means, np.zeros(8), np.ones(8)])
    return net


@pytest.mark.parametrize(
    ("make", "level", "rule", "place", "share"),
    [
        (lambda: normalized_to(-np.ones(8)), "FAIL", "dead", "activation", 1),
        # those from -6 to 0: a ReLU of 0 is 0
        (lambda: normalized_to(np.arange(-6, 2)), "WARN", "dead", "activation", 7 / 8),
        (
            lambda: planted(("hidden", lambda kernel: 1e3 * kernel)),
            *("WARN", "saturated", "hidden", pytest.approx(0.99, abs=0.02)),
        ),
    ],
)
def test_flat_units_are_counted_where_they_are(make, level, rule, place, share):
    [found] = [f for f in ie.check(make(), *batch()).findings if f.rule == rule]
    assert (found.level, found.value) == (level, share)
    assert place in found.where


def test_the_model_is_as_it_was():
    net = network()
    before = [np.array(w) for w in net.get_weights()]
    ie.check(net, *batch(), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for one, other in zip(before, net.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert net.get_layer("stem").call.__name__ == "call"


def test_a_kernel_is_read_with_its_units_last():
    net = network()
    found = {f.where.split("/")[-2]: f.value for f in ie.check(net).findings if f.rule == "scale"}
    for name, fan_in in {"stem": 27, "depthwise": 9, "hidden": 8, "head": 16}.items():
        kernel = np.array(net.get_layer(name).get_weights()[0])
        assert found[name] == pytest.approx(kernel.std() * fan_in**0.5, rel=1e-5)


def test_the_forget_bias_is_one():
    net = keras.Sequential([layers.Input((5, 3)), layers.LSTM(4), layers.Dense(1)])
    [memory] = [f for f in ie.check(net).findings if f.rule == "memory"]
    assert memory.value == pytest.approx(2.21, abs=0.01)


def test_what_does_not_fit_gets_a_clear_error():
    with pytest.raises(ValueError, match="no weights yet"):
        ie.check(keras.Sequential([layers.Dense(3)]))
    with pytest.raises(ValueError, match="do not fit"):
        ie.check(network(), np.ones((4, 5), "f4"))
    with pytest.raises(ValueError, match="needs targets"):
        ie.check(network(), batch()[0], loss="logistic")
