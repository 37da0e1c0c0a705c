"""The lab's modules in a real browser, against the package: training, classes, data, starts."""

from itertools import chain, islice, product

import numpy as np
import pytest
import test_symmetry as symmetry
from plain import changed, draw_targets

import initexplain as ie
from initexplain.signal import gradient_to_weight

SIZES, EXAMPLES, BATCH, STEPS = (3, 5, 4, 2), 24, 7, 200
LOSSES = ("squared_error", "logistic")
ACTIVATIONS = ("identity", "tanh", "lecun_tanh", "logistic", "relu", "leaky_relu")


def as_lists(network):
    weights, biases = ([p.tolist() for p in of] for of in (network.weights, network.biases))
    return {"weights": weights, "biases": biases, "activation": network.activation.name}


def spread(one, other):
    """The largest difference between parameters of the same shapes."""
    pairs = zip([*one[0], *one[1]], [*other[0], *other[1]], strict=True)
    return max(float(np.abs(np.asarray(p) - q).max()) for p, q in pairs)


def task(activation, loss, seed):
    """A network, inputs, targets and the batches of a package's training with this seed."""
    rng = np.random.default_rng(seed)
    start = {"weights": ie.lecun_normal(), "biases": ie.normal(0.1)}
    network = ie.Network.initialize(rng, SIZES, **start, activation=activation)
    inputs = rng.standard_normal((EXAMPLES, SIZES[0]))
    return network, inputs, draw_targets(rng, loss, (EXAMPLES, SIZES[-1]))


# --- training -----------------------------------------------------------------------------------


def order_of_batches(seed):
    """The examples of each update, as the package draws them: a permutation for each epoch."""
    rng, batches = np.random.default_rng(seed), []
    while len(batches) <= STEPS:
        order = rng.permutation(EXAMPLES).tolist()
        batches += [order[i : i + BATCH] for i in range(0, EXAMPLES, BATCH)]
    return batches


@pytest.mark.parametrize("batch_size", [None, BATCH])
@pytest.mark.parametrize("optimizer", ie.OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_training_is_that_of_the_package(lab, loss, optimizer, batch_size):
    for seed, activation in enumerate(ACTIVATIONS):
        network, inputs, targets = task(activation, loss, seed)
        how = {"loss": loss, "optimizer": optimizer, "steps": STEPS}
        rate = 0.01 if optimizer == "adam" else 0.05
        rng = np.random.default_rng(9)
        expected = ie.train(
            network, inputs, targets, learning_rate=rate, batch_size=batch_size, rng=rng, **how
        )
        spec = {**as_lists(network), **how, "learningRate": rate, "inputs": inputs.tolist()}
        if batch_size:
            spec["batches"] = order_of_batches(9)
        found = lab("return lab.train(x)", {**spec, "targets": targets.tolist()})
        after = expected.network
        # it has moved, or the test says nothing
        before = (network.weights, network.biases)
        assert spread((after.weights, after.biases), before) > 0.05
        trained = (found["weights"], found["biases"])
        assert spread(trained, (after.weights, after.biases)) < 1e-9, activation
        np.testing.assert_allclose(found["losses"], expected.losses, rtol=0, atol=1e-9)
        assert found["diverged"] is None


@pytest.mark.parametrize("loss", LOSSES)
def test_one_pass_is_that_of_the_package(lab, loss):
    for seed, activation in enumerate(ACTIVATIONS):
        network, inputs, targets = task(activation, loss, seed)
        data = [inputs.tolist(), targets.tolist()]
        body = "return [lab.forward(x[0], x[1]), lab.gradients(x[0], x[1], x[2], x[3])]"
        seen, found = lab(body, [as_lists(network), *data, loss])
        trace = ie.forward(network, inputs)
        value, grads = ie.gradients(network, inputs, targets, loss=loss)
        assert (
            spread((seen["activations"], [seen["outputs"]]), (trace.activations, [trace.outputs]))
            < 1e-12
        )
        by = found["gradients"]
        assert spread((by["weights"], by["biases"]), (grads.weights, grads.biases)) < 1e-12
        assert found["loss"] == pytest.approx(float(value), abs=1e-12)
        ratios = lab(
            "return lab.gradientToWeight(...x)", [as_lists(network)["weights"], by["weights"]]
        )
        np.testing.assert_allclose(ratios, gradient_to_weight(network, grads), rtol=1e-12)


def test_ratios_of_zero_matrices(lab):
    body = "return lab.gradientToWeight(...x).map(String)"
    assert lab(body, [[[[0, 0]], [[0]], [[3, 4]]], [[[0, 0]], [[2]], [[0, 1]]]]) == [
        "0",
        "Infinity",
        "0.2",
    ]


def test_divergence_names_the_update_and_keeps_the_last_finite_parameters(lab):
    network, inputs, targets = task("identity", "squared_error", 1)
    how = {"loss": "squared_error", "optimizer": "sgd", "steps": STEPS}
    with pytest.warns(ie.DivergenceWarning):
        expected = ie.train(network, inputs, targets, learning_rate=3.0, **how)
    spec = {**as_lists(network), **how, "inputs": inputs.tolist(), "targets": targets.tolist()}
    found = lab("return lab.train(x)", {**spec, "learningRate": 3.0})
    assert found["diverged"] == int(expected.diverged_at) > 3
    assert np.isnan(found["losses"]).tolist() == np.isnan(expected.losses).tolist()
    for p, q in zip(found["weights"], expected.network.weights, strict=True):
        np.testing.assert_allclose(p, q, rtol=1e-6)


@pytest.mark.parametrize("optimizer", ie.OPTIMIZERS)
def test_a_training_goes_back_to_any_of_its_snapshots(lab, optimizer):
    network, inputs, targets = task("tanh", "squared_error", 4)
    spec = {**as_lists(network), "inputs": inputs.tolist(), "targets": targets.tolist()}
    spec |= {"loss": "squared_error", "optimizer": optimizer, "learningRate": 0.01}
    body = """
        const training = lab.createTraining(x);
        const seen = () => JSON.stringify([
            training.update, training.loss, training.weights, training.biases, training.gradients]);
        const snapshots = [], first = [];
        for (let i = 0; i < 20; i++) {
            snapshots.push(training.snapshot()); first.push(seen()); training.step();
        }
        return [19, 3, 11].map(i => {
            training.restore(snapshots[i]);
            const now = seen() === first[i];
            training.step();
            return now && (i === 19 || seen() === first[i + 1]);
        });
    """
    assert lab(body, {**spec, "batchSize": 5, "seed": 3}) == [True] * 3


def test_each_epoch_of_mini_batches_has_every_example_once(lab):
    # inputs are unit vectors, so that the gradient of a batch tells which examples are in it
    spec = {"weights": [[[0] * 10]], "biases": [[0]], "activation": "identity", "batchSize": 4}
    spec |= {"loss": "squared_error", "optimizer": "sgd", "learningRate": 0, "seed": 5}
    body = """
        const training = lab.createTraining(x), batches = [];
        for (let i = 0; i < 12; i++) {
            batches.push([...training.gradients.weights[0][0]].flatMap((g, j) => g ? [j] : []));
            training.step();
        }
        return batches;
    """
    data = {"inputs": np.eye(10).tolist(), "targets": np.ones((10, 1)).tolist()}
    batches = lab(body, {**spec, **data})
    assert [len(batch) for batch in batches] == [4, 4, 2] * 4
    epochs = [batches[i : i + 3] for i in range(0, 12, 3)]
    assert all(sorted(chain(*epoch)) == list(range(10)) for epoch in epochs)
    assert len({str(epoch) for epoch in epochs}) == 4
    assert lab(body, {**spec, **data}) == batches != lab(body, {**spec, **data, "seed": 6})


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", ie.losses.best_constant_loss([[0.0, 1.0], [1.0, 0.5], [0.5, 0.0]])),
        # a coin of chance 1/2, twice
        ("logistic", 2 * np.log(2)),
    ],
)
def test_the_best_constant(lab, loss, expected):
    targets = [[0.0, 1.0], [1.0, 0.5], [0.5, 0.0]]
    assert lab("return lab.bestConstantLoss(...x)", [loss, targets]) == pytest.approx(expected)
    assert lab("return lab.bestConstantLoss(...x)", [loss, [[1], [1]]]) == 0


BAD = {
    "unknown activation": {"activation": "tahn"},
    "unknown loss": {"loss": "hinge"},
    "unknown optimizer": {"optimizer": "lbfgs"},
    "weights of layer 2: 3 numbers in row 0, expected 2": {"weights": [[[1], [2]], [[1, 2, 3]]]},
    "weights of layer 1: NaN in row 1": {"weights": [[[1], [np.nan]], [[1, 2]]]},
    "biases of layer 1: 1 numbers in row 0, expected 2": {"biases": [[0], [0]]},
    "2 weight matrices and 1 bias vectors": {"biases": [[0, 0]]},
    "inputs: 2 numbers in row 0, expected 1": {"inputs": [[1, 2]]},
    "inputs: there are none": {"inputs": []},
    "1 inputs and 2 targets": {"targets": [[1], [2]]},
    "targets: the logistic loss takes numbers from 0 to 1": {"loss": "logistic", "targets": [[2]]},
    "learning rate: -1": {"learningRate": -1},
    "batch size: 2, expected a whole number from 1 to 1": {"batchSize": 2},
    "batches: examples are numbered from 0 to 0": {"batches": [[1]]},
}


@pytest.mark.parametrize("message", BAD)
def test_what_does_not_fit_is_refused(lab, message):
    spec = {"weights": [[[1], [2]], [[1, 2]]], "biases": [[0, 0], [0]], "activation": "tanh"}
    spec |= {"inputs": [[1]], "targets": [[1]], "loss": "squared_error"}
    spec |= {"optimizer": "sgd", "learningRate": 0.1, **BAD[message]}
    body = "try { lab.createTraining(x) } catch (error) { return String(error) }"
    assert message in str(lab(body, spec))


# --- classes ------------------------------------------------------------------------------------


def labels_and_signs(layers):
    return [(layer["labels"], layer["signs"]) for layer in layers]


def lab_classes(lab, networks):
    found = lab("return x.map(lab.classes)", [as_lists(network) for network in networks])
    return [labels_and_signs(layers) for layers in found]


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1, 1e6, 1e300])
def test_classes_of_planted_networks_do_not_depend_on_their_scale(lab, scale):
    rng = np.random.default_rng(30)
    layouts = [(name, symmetry.random_layout(rng, name)) for name in ACTIVATIONS for _ in range(20)]
    planted = (symmetry.planted(rng, layout, name) for name, layout in layouts)
    networks = [changed(network, lambda p: scale * p) for network in planted]
    expected = [layout[1:-1] for _, layout in layouts]
    assert lab_classes(lab, networks) == expected == [symmetry.signed(of) for of in networks]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_classes_of_small_networks_full_of_coincidences(lab, activation):
    parameters = symmetry.small_networks(np.random.default_rng(31), activation, 150)
    networks = [ie.Network(weights, biases, activation) for weights, biases in parameters]
    assert lab_classes(lab, networks) == [symmetry.signed(network) for network in networks]


def test_classes_of_networks_by_hand(lab):
    cases = [(n, e) for n, e in symmetry.BY_HAND if n.activation.name in ACTIVATIONS]
    assert lab_classes(lab, [n for n, _ in cases]) == [expected for _, expected in cases]
    limits = [network for network, *_ in symmetry.LIMITS]
    assert lab_classes(lab, limits) == [symmetry.signed(network) for network in limits]


def test_a_difference_counts_where_it_does_in_the_package(lab):
    networks = []
    for shift, of in product([1e-12, 1e-8, 1e-3], range(3)):
        parameters = [[[1.0, 2.0], [1.0, 2.0]], [[3.0, 3.0]]], [[0.5, 0.5], [0.0]]
        row = [parameters[0][0][1], parameters[0][1][0], parameters[1][0]][of]
        row[1] += shift
        networks.append(ie.Network(*parameters, "tanh"))
    expected = [symmetry.signed(network) for network in networks]
    assert lab_classes(lab, networks) == expected
    assert [layers[0][0] for layers in expected] == [[0, 0]] * 3 + [[0, 1]] * 6


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_measured_classes_are_those_of_the_package(lab, activation):
    rng = np.random.default_rng(33)
    for _ in range(10):
        network = symmetry.planted(rng, symmetry.random_layout(rng, activation), activation)
        inputs = rng.standard_normal((40, 3))
        body = "return lab.measuredRedundancy(...x)"
        found = labels_and_signs(lab(body, [as_lists(network), inputs.tolist()]))
        assert symmetry.unsigned(found) == symmetry.measured(network, inputs)
        # what a class means: the same outputs, up to sign
        activations = ie.forward(network, inputs).activations
        for (labels, signs), a in zip(found, activations, strict=True):
            first = [labels.index(label) for label in labels]
            np.testing.assert_allclose(a, a[:, first] * signs, rtol=0, atol=1e-7)


# --- starts and data ----------------------------------------------------------------------------


def start(lab, weights, biases=None, seed=1, sizes=(4, 8, 8, 2)):
    spec = {"sizes": sizes, "weights": weights, "biases": biases or {"kind": "zero"}, "seed": seed}
    made = lab("return lab.initialize(x)", spec)
    return [np.array(w) for w in made["weights"]], [np.array(b) for b in made["biases"]]


def test_starts_of_weights(lab):
    shapes = [(8, 4), (8, 8), (2, 8)]
    for kind, value in ({"kind": "zero"}, 0), ({"kind": "equal", "scale": 0.3}, 0.3):
        weights, _ = start(lab, kind)
        assert [w.shape for w in weights] == shapes
        assert all((w == value).all() for w in weights)
    for kind, factor in ("copied", 1), ("mirrored", -1):
        weights, _ = start(lab, {"kind": kind, "scale": 1})
        for w in weights[:-1]:
            np.testing.assert_array_equal(w[1::2], factor * w[::2])
            assert len(np.unique(np.abs(w), axis=0)) == 4
        assert len(np.unique(np.abs(weights[-1]))) == 16


def test_starts_of_biases_are_apart_from_those_of_weights(lab):
    how = {"kind": "random", "scale": 1}
    weights, biases = start(lab, how, {"kind": "random", "scale": 0.5}, sizes=(1, 4000, 1))
    others, equal = start(lab, how, {"kind": "equal", "scale": 0.2}, sizes=(1, 4000, 1))
    np.testing.assert_array_equal(weights[0], others[0])
    assert (equal[0] == 0.2).all()
    assert biases[0].std() == pytest.approx(0.5, rel=0.05)
    assert abs(np.corrcoef(weights[0][:, 0], biases[0])[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("scale", "std"),
    # of 30 inputs and 200 units, by the formulas of the sources
    [
        (1, (1 / 30) ** 0.5),
        (0.1, 0.1 * (1 / 30) ** 0.5),
        ("torch", (1 / 90) ** 0.5),
        ("lecun", (1 / 30) ** 0.5),
        ("glorot", (2 / 230) ** 0.5),
        ("he", (2 / 30) ** 0.5),
    ],
)
def test_random_weights_have_the_standard_deviation_of_their_recipe(lab, scale, std):
    (w, _), _ = start(lab, {"kind": "random", "scale": scale}, sizes=(30, 200, 1))
    assert w.std() == pytest.approx(std, rel=0.05)
    assert abs(w.mean()) < 4 * std / 6000**0.5
    # normal: the share beyond one, two and three standard deviations
    shares = [(np.abs(w) > k * std).mean() for k in (1, 2, 3)]
    np.testing.assert_allclose(shares, [0.3173, 0.0455, 0.0027], atol=0.02)


def murmur(x):
    """The finalizer of MurmurHash3 on 32 bits."""
    x = (x ^ x >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    x = (x ^ x >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return x ^ x >> 16


def uniforms(seed, stream):
    """Mulberry32, two draws of 32 bits for each number of 53."""
    state = murmur(murmur(seed) + stream & 0xFFFFFFFF)
    while True:
        bits = []
        for _ in range(2):
            state = state + 0x6D2B79F5 & 0xFFFFFFFF
            t = (state ^ state >> 15) * (1 | state) & 0xFFFFFFFF
            t ^= t + ((t ^ t >> 7) * (61 | t)) & 0xFFFFFFFF
            bits.append(t ^ t >> 14)
        yield ((bits[0] >> 5) * 2**26 + (bits[1] >> 6)) / 2**53


@pytest.mark.parametrize(("seed", "stream"), [(0, 0), (7, 2), (2**31, 5)])
def test_random_numbers_are_the_same_in_every_browser(lab, seed, stream):
    body = "const g = lab.generator(...x); return Array.from({length: 50}, g.uniform)"
    expected = list(islice(uniforms(seed, stream), 50))
    assert lab(body, [seed, stream]) == expected
    body = "const g = lab.generator(...x); return Array.from({length: 25}, g.normal)"
    pairs = np.array(expected).reshape(25, 2)
    normals = np.sqrt(-2 * np.log1p(-pairs[:, 0])) * np.cos(2 * np.pi * pairs[:, 1])
    np.testing.assert_allclose(lab(body, [seed, stream]), normals, rtol=1e-12)
    body = "return lab.permutation(lab.generator(...x), 20)"
    assert sorted(lab(body, [seed, stream])) == list(range(20))


def test_a_start_and_data_depend_on_the_seed_alone(lab):
    bodies = (
        "return lab.dataset('teacher', {seed: x})",
        (
            "return lab.initialize({sizes: [2, 3, 1], weights: {kind: 'random'}, "
            "biases: {kind: 'random'}, seed: x})"
        ),
    )
    for body in bodies:
        one, two, again = (lab(body, seed) for seed in (1, 2, 1))
        assert one == again != two


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("two_moons", {"examples": 31, "noise": 0.2}),
        ("noisy_sine", {"examples": 20}),
        ("teacher", {"examples": 10}),
        ("teacher", {"examples": 10, "features": 1, "outputs": 1}),
    ],
)
def test_data_are_those_of_the_package(lab, name, options):
    # both are handed the same normal numbers
    draws = np.random.default_rng(8).standard_normal(200).tolist()
    inputs, targets = getattr(ie, name)(np.random.default_rng(8), **options)
    body = """
        const [name, options, draws] = x;
        return lab.DATASETS[name]({ normal: () => draws.shift() }, options);
    """
    data = lab(body, [name, options, draws])
    np.testing.assert_allclose(data["inputs"], inputs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(data["targets"], targets, rtol=0, atol=1e-12)
