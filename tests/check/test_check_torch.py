"""PyTorch modules: planted faults are named at their place, and the module stays as it was."""

import io
import random

import numpy as np
import pytest
from reading import alarms

import initexplain as ie

torch = pytest.importorskip("torch")
nn = torch.nn


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


class Residual(nn.Module):
    """A convolutional network with everything that a check meets."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.conv1 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.depthwise = nn.Conv2d(16, 16, 3, padding=1, groups=16)
        self.hidden = nn.Linear(16, 32)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(32, 4)
        zero(self.conv2)

    def forward(self, images):
        x = torch.relu(self.norm(self.stem(images)))
        x = x + self.conv2(torch.relu(self.conv1(x)))
        x = torch.relu(self.depthwise(x)).mean((2, 3))
        return self.head(self.dropout(torch.relu(self.hidden(x))))


def batch():
    return torch.randn(16, 3, 8, 8), torch.randint(4, (16,))


@pytest.mark.parametrize("with_batch", [False, True])
def test_a_healthy_network_gives_no_alarm(with_batch):
    report = ie.check(Residual(), *(batch() if with_batch else ()))
    assert alarms(report) == set(), report
    waiting = [f.where for f in report.findings if f.rule == "freeze"]
    assert waiting == (["conv1.weight"] if with_batch else [])


def equal_rows(net):
    net.hidden.weight[8:] = net.hidden.weight[:8].repeat(3, 1)


def clones(net):
    equal_rows(net)
    net.hidden.bias.zero_()
    net.head.weight[:, 8:] = net.head.weight[:, :8].repeat(1, 3)


def sums(net):
    # rows of the hidden layer differ, and what the clones below give them does not
    for layer in (net.stem, net.conv1, net.depthwise):
        layer.weight[8:], layer.bias[8:] = layer.weight[:8].clone(), layer.bias[:8].clone()
    for above in (net.conv1, net.hidden):
        above.weight[:, 8:] = above.weight[:, :8]


def zero(layer):
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)


def planted(plant):
    net = Residual()
    with torch.no_grad():
        plant(net)
    return net


FAULTS = {
    "clones": (clones, "FAIL", "clones", "hidden.weight"),
    "sums": (sums, "FAIL", "clones", "stem.weight"),
    "two zeros": (lambda net: zero(net.conv1), "FAIL", "freeze", "conv1.weight"),
    "dead": (lambda net: net.hidden.bias.fill_(-100), "FAIL", "dead", ""),
    "not a number": (lambda net: net.stem.bias[2].fill_(np.nan), "FAIL", "finite", "stem.bias"),
    "copied": (
        lambda net: net.conv2.load_state_dict(net.conv1.state_dict()),
        *("WARN", "copies", "conv1.weight"),
    ),
    "overflowing": (lambda net: net.hidden.weight.mul_(1e6), "WARN", "signal", "hidden"),
    "left out": (
        lambda net: net.add_module("auxiliary", nn.Linear(3, 3)),
        *("WARN", "unused", "auxiliary.weight"),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_named_at_its_place(fault):
    plant, *alarm = FAULTS[fault]
    report = ie.check(planted(plant), *batch())
    assert tuple(alarm) in alarms(report), report


def test_equal_rows_that_part_are_fine():
    report = ie.check(planted(equal_rows), *batch())
    assert alarms(report) == set()
    assert ("hidden.weight", "ok") in [
        (f.where, f.level) for f in report.findings if f.rule == "clones"
    ]


class DropPath(nn.Module):
    """Noise of its own, as libraries write it."""

    def forward(self, x):
        return x * torch.rand_like(x) if self.training else x


class Functional(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.5, self.training)


@pytest.mark.parametrize("noise", [DropPath, Functional, lambda: nn.Dropout(0.5)])
def test_noise_in_training_hides_no_clones(noise):
    net = planted(clones)
    net.dropout = noise()
    assert ("FAIL", "clones", "hidden.weight") in alarms(ie.check(net, *batch()))


def test_classes_that_the_batch_lacks_are_no_clones():
    net, (images, labels) = Residual(), batch()
    net.head = nn.Linear(32, 50)
    zero(net.head)
    assert alarms(ie.check(net, images, labels)) == set()


def test_mirrored_units_are_clones():
    net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Flatten(), nn.Linear(8, 2))
    with torch.no_grad():
        net[0].weight[4:], net[0].bias[4:] = -net[0].weight[:4], -net[0].bias[:4]
        net[3].weight[:, 4:] = -net[3].weight[:, :4]
    assert {f[:2] for f in alarms(ie.check(net, torch.randn(16, 4)))} == {("FAIL", "clones")}
    net[1] = nn.ReLU()  # which is not odd: they part
    assert alarms(ie.check(net, torch.randn(16, 4))) == set()


def test_heads_with_one_start_stay_one_head():
    attention = nn.MultiheadAttention(8, 4, bias=False, batch_first=True)
    with torch.no_grad():  # two rows for each head
        attention.in_proj_weight.copy_(
            attention.in_proj_weight.view(3, 4, 2, 8)[:, :1].expand(3, 4, 2, 8).reshape(24, 8)
        )
        attention.out_proj.weight.copy_(
            attention.out_proj.weight.view(8, 4, 2)[:, :1].expand(8, 4, 2).reshape(8, 8)
        )
    x = torch.randn(4, 5, 8)
    assert ("FAIL", "clones", "in_proj_weight") in alarms(ie.check(attention, (x, x, x)))


class Twins(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.other = (
            nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1)) for _ in "ab"
        )

    def forward(self, x):
        return torch.cat([self.one(x), self.other(x)], dim=1)


def test_twin_critics_are_told_from_other_copies():
    net, x = Twins(), torch.randn(16, 4)
    assert alarms(ie.check(net, x)) == set()
    net.other.load_state_dict(net.one.state_dict())
    same = torch.randn(16, 1).repeat(1, 2)
    assert ("FAIL", "copies", "one.0.weight") in alarms(ie.check(net, x, same))
    # against other targets they part
    assert {f[0] for f in alarms(ie.check(net, x, torch.randn(16, 2)))} == {"WARN"}


def test_a_copied_encoder_is_a_warning():
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    report = ie.check(nn.TransformerEncoder(layer, 3), torch.randn(4, 5, 8))
    assert {f[:2] for f in alarms(report)} == {("WARN", "copies")}
    assert any("layers.0.linear1.weight" in f.where for f in report.findings if f.level == "WARN")


class Low(nn.Module):
    def __init__(self, down):
        super().__init__()
        self.base = nn.Linear(8, 8)
        self.base.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.randn(2, 8) / 3 * down)
        self.lora_B = nn.Parameter(torch.zeros(8, 2))

    def forward(self, x):
        return self.base(x) + x @ self.lora_A.T @ self.lora_B.T


def test_one_zero_factor_waits_and_two_are_frozen():
    x = torch.randn(16, 8)
    assert alarms(ie.check(Low(1), x)) == set()
    frozen = {("FAIL", "freeze", "lora_A"), ("FAIL", "freeze", "lora_B")}
    assert alarms(ie.check(Low(0), x)) == frozen
    assert alarms(ie.check(Low(0))) == frozen


def state_of(net, hooks):
    buffer = io.BytesIO()
    torch.save(net.state_dict(), buffer)
    grads = [None if p.grad is None else p.grad.clone() for p in net.parameters()]
    modes = [module.training for module in net.modules()]
    registered = [(list(m._forward_hooks), list(m._forward_pre_hooks)) for m in net.modules()]
    legacy = np.random.get_state()[1].tolist()  # noqa: NPY002 - what models draw from
    chance = torch.get_rng_state().tolist(), random.getstate(), legacy
    asks = [p.requires_grad for p in net.parameters()]
    return buffer.getvalue(), grads, modes, registered, chance, asks, list(hooks)


@pytest.mark.parametrize("training", [True, False])
def test_the_module_is_as_it_was(training):
    net, (images, labels) = Residual(), batch()
    net.train(training)
    net.conv1.requires_grad_(False)
    nn.functional.cross_entropy(net(images), labels).backward()
    calls = []
    net.stem.register_forward_hook(lambda *_: calls.append("after"))
    net.register_forward_pre_hook(lambda *_: calls.append("before"))
    before = state_of(net, calls)
    with torch.no_grad():
        ie.check(net, images, labels, loss=nn.CrossEntropyLoss())
    after = state_of(net, calls)
    for one, other in zip(before, after, strict=True):
        if isinstance(one, list) and any(isinstance(g, torch.Tensor) for g in one):
            assert all(a is b is None or torch.equal(a, b) for a, b in zip(one, other, strict=True))
        else:
            assert one == other
    assert torch.get_default_dtype() == torch.float32


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 8)
        self.head = nn.Linear(8, 12, bias=False)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.head.weight = self.embed.weight

    def forward(self, ids):
        return self.head(self.embed(ids))


def test_tied_weights_are_one_parameter():
    ids = torch.randint(12, (4, 6))
    report = ie.check(Shared(), ids, ids, loss="softmax_cross_entropy")
    assert alarms(report) == set()
    assert report.subject.startswith("Shared: 1 parameters")
    assert [f.where for f in report.findings if f.rule == "scale"] == ["embed.weight"]


def test_an_embedding_of_unit_spread_costs_a_high_first_loss():
    net = nn.Sequential(nn.Embedding(200, 64), nn.Linear(64, 200, bias=False))
    nn.init.normal_(net[1].weight)
    ids = torch.randint(200, (8, 16))
    report = ie.check(net, ids, ids, loss="softmax_cross_entropy")
    assert ("WARN", "loss", "") in alarms(report)
    [costly] = [f for f in report.findings if f.rule == "loss"]
    assert f"{np.log(200):.3g}" in costly.message


@pytest.mark.parametrize(
    "model", [lambda: nn.Linear(3, 3, device="meta"), lambda: nn.LazyLinear(3)]
)
def test_what_is_not_there_yet_is_said(model):
    assert ("FAIL", "built", "weight") in alarms(ie.check(model(), torch.randn(2, 3)))


@pytest.mark.parametrize(
    ("inputs", "targets", "loss", "match"),
    [
        (torch.randn(4, 5), None, None, r"do not fit, inputs of shape \(4, 5\)"),
        ({"nothing": torch.randn(4, 5)}, None, None, "unexpected keyword"),
        (torch.randn(4, 3, 8, 8), None, "softmax_cross_entropy", "needs targets"),
        (torch.randn(4, 3, 8, 8), torch.zeros(3).long(), None, "do not fit"),
        (torch.randn(4, 3, 8, 8), torch.zeros(4).long(), "hinge", "unknown loss"),
        (torch.randn(4, 3, 8, 8), None, lambda out, _: out, "must be one number"),
        (torch.randn(4, 3, 8, 8), None, lambda out, _: out.loss, "no attribute 'loss'"),
    ],
)
def test_a_batch_that_does_not_fit_gets_a_clear_error(inputs, targets, loss, match):
    with pytest.raises(ValueError, match=match):
        ie.check(Residual(), inputs, targets, loss=loss)


def test_a_module_that_cannot_be_copied_says_so():
    net = Residual()
    net.cached = net.head.weight * 2  # not a leaf
    with pytest.raises(ValueError, match="cannot be copied"):
        ie.check(net, *batch())


def test_half_precision_and_arrays_are_taken():
    net, (images, labels) = Residual().bfloat16(), batch()
    assert ie.check(net, images.numpy(), labels.numpy()).ok
    big = nn.Linear(64, 64, dtype=torch.bfloat16)
    nn.init.normal_(big.weight, std=0.02)
    with torch.no_grad():
        big.weight[3, 3] = -2
    assert alarms(ie.check(big)) == {("WARN", "outliers", "weight")}


def plain(outputs=1):
    return nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, outputs))


def test_targets_in_half_precision_are_taken():
    inputs, targets = (torch.randn(64, n, dtype=torch.bfloat16) for n in (4, 1))
    assert {f.rule for f in ie.check(plain().bfloat16(), inputs, targets).findings} >= {"loss"}


def test_a_column_of_targets_may_be_flat():
    net, inputs, targets = plain(), torch.randn(64, 4), torch.randn(64, 1)
    for loss, y in ("squared_error", targets), ("logistic", (targets > 0).float()):
        column, flat = (ie.check(net, inputs, t, loss=loss) for t in (y, y[:, 0]))
        assert column == flat
    with pytest.raises(ValueError, match=r"outputs of shape \(64, 2\) for targets of shape"):
        ie.check(plain(2), inputs, targets)


def test_zero_output_weights_wait_whatever_their_biases():
    net = plain()
    zero(net[2])
    nn.init.constant_(net[2].bias, -4.6)
    assert alarms(ie.check(net, torch.randn(64, 4), torch.randn(64, 1) - 4.6)) == set()


# torch.compile imports modules of torch that use what torch has deprecated
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_compiled_module_is_the_module():
    net = plain()
    inputs, targets = torch.randn(64, 4), torch.randn(64, 1)
    for layer in (net[0], net[2]):
        nn.init.zeros_(layer.weight)
        nn.init.zeros_(layer.bias)
    compiled = torch.compile(net)
    assert alarms(ie.check(compiled, inputs, targets)) == alarms(ie.check(net, inputs, targets))
    assert alarms(ie.check(compiled)) == alarms(ie.check(net)) != set()
    assert ie.snapshot(compiled) == ie.snapshot(net)


def test_eight_bits_are_not_judged():
    state = {"weight": torch.randn(8, 8).to(torch.float8_e4m3fn)}
    assert alarms(ie.check(state)) == {("WARN", "dtype", "weight")}


def test_code_that_insists_on_single_precision_is_run_in_it():
    class Single(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(4, 4)

        def forward(self, x):
            return self.layer(x).to(torch.float32) @ torch.ones(4, 4, dtype=torch.float32)

    class Mixed(Single):
        def forward(self, x):
            return self.layer(x) @ torch.ones(4, 4, dtype=torch.float32)

    for net in (Single(), Mixed()):
        assert ie.check(net, torch.randn(8, 4)).ok


def test_the_forget_bias_of_a_layer_is_read():
    net = nn.LSTM(8, 8, num_layers=2)
    assert {f.rule for f in ie.check(net).findings} >= {"memory"}
    with torch.no_grad():
        net.bias_ih_l0[8:16] += 1
    assert alarms(ie.check(net)) == {("WARN", "memory", "bias_hh_l1")}


@pytest.mark.parametrize(
    ("layer", "fan_in"),
    [
        (lambda: nn.Conv2d(8, 16, 3), 72),
        (lambda: nn.Conv2d(8, 16, 3, groups=4), 18),
        (lambda: nn.Conv2d(8, 8, 5, groups=8), 25),
        (lambda: nn.ConvTranspose2d(8, 16, 4, stride=2), 32),
        (lambda: nn.ConvTranspose2d(8, 16, 4, stride=2, groups=4), 8),
        (lambda: nn.Conv1d(8, 16, 7), 56),
        (lambda: nn.Linear(40, 10), 40),
        (lambda: nn.Embedding(40, 10), 1),
        (lambda: nn.LSTM(40, 10), 40),
    ],
)
def test_fans_are_right(layer, fan_in):
    module = layer()
    weight = next(iter(module.parameters()))
    nn.init.normal_(weight, std=0.5)
    [scale] = [f for f in ie.check(module).findings if f.rule == "scale"][:1]
    assert scale.value == pytest.approx(
        float(weight.detach().std(correction=0)) * fan_in**0.5, rel=1e-5
    )
