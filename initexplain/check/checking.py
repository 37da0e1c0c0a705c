"""`check`: every rule on whatever holds a network's parameters."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from initexplain.check import keras_models, torch_models
from initexplain.check.batch import check_activity, check_gradients, check_loss, check_signal
from initexplain.check.chains import chain, check_chain, check_pairs, check_zeros
from initexplain.check.copies import check_copies
from initexplain.check.findings import Finding, Report
from initexplain.check.gates import check_gates
from initexplain.check.networks import NetworkMachine, network_parameters
from initexplain.check.parameters import Layout, Parameter, from_mapping
from initexplain.check.snapshots import Snapshot, check_since, take
from initexplain.check.trial import Machine, run
from initexplain.check.updates import check_clones, check_freeze, check_lasting_copies
from initexplain.check.values import check_values, readable
from initexplain.network import Network

MANY_LAYERS = 16  # more sizes than a line has room for


def check(
    model: Any,
    inputs: Any = None,
    targets: Any = None,
    *,
    loss: Any = None,
    since: Snapshot | None = None,
    layout: Layout = "auto",
    progress: bool | None = None,
) -> Report:
    """What is wrong, or odd, with how a network starts.

    Without a batch the report holds what the parameters alone say. With one, a copy of the network
    takes a few small updates in float64, on the processor; the network itself is not changed.

    Args:
        model: a `Network`, a `torch.nn.Module`, a Keras model, a mapping of names to arrays (a
            state dict, Flax parameters, an `.npz` file), or, with `since`, a `Snapshot`.
        inputs: a batch, as the model takes it: an array, a tuple for several arguments, a mapping
            for keyword arguments.
        targets: the targets of the batch. Without them, and without a loss, the updates aim at
            numbers that were drawn, which is enough for all rules but that of the first loss.
        loss: a name in [`LOSSES`][initexplain.losses.LOSSES], or a function of outputs and targets
            in the model's framework.
        since: an earlier `snapshot` of the model: what was overwritten since, and what was not?
        layout: how the matrices of a mapping are stored, where their names do not tell: `"rows"`
            or `"columns"` are the units.
        progress: whether the updates are counted on a terminal; if not given, where there is one.

    Raises:
        TypeError: the model is nothing that a check can read.
        ValueError: there is no parameter in it, or the batch does not fit.

    Examples:
        >>> net = Network([[[1.0, 2.0], [1.0, 2.0]], [[3.0, 3.0]]], [None, None], "relu")
        >>> print(check(net))
        Network(sizes=(2, 2, 1), activation='relu', dtype=float64): 4 parameters, 9 numbers
        FAIL  clones  weights[0]: 2 units do the work of 1, now and for ever
              remedy: draw the weights of the layer at random, each unit anew; biases may stay zero
              page: symmetry/redundancy
        ok    scale   weights[0]: spread 0.5, times sqrt(fan-in) 0.707: 1.2 times PyTorch's default
        1 FAIL, 0 WARN
    """
    if isinstance(model, Snapshot):
        if since is None:
            raise ValueError("a snapshot is compared with another one: pass since=")
        return Report.of("two snapshots", check_since(model, since, ranks=True))
    if since is not None and not isinstance(since, Snapshot):
        raise TypeError(f"since: expected what `snapshot` returned, found {type(since).__name__}")
    if inputs is None and not (targets is None and loss is None):
        raise ValueError("targets and a loss are of a batch: pass its inputs too")
    model = torch_models.plain(model)
    parameters = read(model, layout)
    numbers = sum(p.size for p in parameters if p.kind != "buffer")
    subject = f"{_title(model)}: {len(parameters)} parameters, {numbers:,} numbers"
    findings = [*check_values(parameters)]
    usable = readable(parameters)
    if since is not None:
        findings += check_since(take(parameters), since, ranks=False)
    broken = any(finding.level == "FAIL" for finding in findings)
    if inputs is None or broken:
        findings += _without_batch(model, usable)
    else:
        shown = sys.stderr.isatty() if progress is None else progress
        machine = _machine(model, inputs, targets, loss)
        data = {"inputs": inputs, "targets": targets} if isinstance(model, Network) else None
        if data and targets is not None and loss is not None:
            data["loss"] = loss
        findings += _with_batch(model, machine, usable, data, shown=shown)
    return Report.of(subject, _once(findings))


def snapshot(model: Any) -> Snapshot:
    """What is needed to see later, or on another rank, which parameters differ.

    Examples:
        >>> net = Network([[[1.0, 2.0]]], [None])
        >>> print(check(net, since=snapshot(net)).findings[-1].message)
        2 of 2: left as it was
    """
    return take(read(torch_models.plain(model)))


def read(model: Any, layout: Layout = "auto") -> list[Parameter]:
    """The parameters of whatever holds them."""
    if layout not in get_args(Layout):
        raise ValueError(f"layout: expected one of {', '.join(get_args(Layout))}, found {layout!r}")
    if isinstance(model, Network):
        if model.ensemble:
            raise ValueError(f"an ensemble with axes {model.ensemble}: check network.member(i)")
        parameters = network_parameters(model)
    elif keras_models.is_model(model):  # with one of its backends, a module of PyTorch as well
        parameters = keras_models.parameters(model)
    elif torch_models.is_module(model):
        parameters = torch_models.parameters(model)
    elif isinstance(model, Mapping) or type(model).__name__ == "State":
        parameters = from_mapping(model, layout)
    else:
        raise TypeError(
            f"model: expected a Network, a torch.nn.Module, a Keras model, or a mapping of names "
            f"to arrays such as `model.state_dict()`, found {type(model).__name__}; a file is for "
            "`python -m initexplain check FILE`"
        )
    if not any(p.kind != "buffer" for p in parameters):
        raise ValueError("there is no parameter in it: an empty mapping, or one of integers")
    return parameters


def _title(model: Any) -> str:
    if isinstance(model, Network):
        deep = f"Network of {len(model.weights)} layers ({model.activation.name}, {model.dtype})"
        return repr(model) if len(model.weights) <= MANY_LAYERS else deep
    return "a mapping" if isinstance(model, Mapping) else type(model).__name__


def _machine(model: Any, inputs: Any, targets: Any, loss: Any) -> Machine:
    if isinstance(loss, str) and loss != "squared_error" and targets is None:
        raise ValueError(f"loss {loss!r} needs targets")
    if isinstance(model, Network):
        return NetworkMachine(model, inputs, targets, loss or "squared_error")
    if keras_models.is_model(model):
        return keras_models.machine(model, inputs, targets, loss)
    if torch_models.is_module(model):
        return torch_models.machine(model, inputs, targets, loss)
    raise TypeError("inputs: a mapping of arrays cannot be called; pass the model itself")


def _without_batch(model: Any, parameters: Sequence[Parameter]) -> Iterator[Finding]:
    yield from check_copies(parameters)
    yield from check_gates(parameters)
    network, names = _chain(model, parameters)
    if network is not None:
        yield from check_chain(network, names)
    else:
        yield from check_pairs(parameters)
    if not isinstance(model, Network):
        yield from check_zeros(parameters, is_chain=network is not None)


def _with_batch(
    model: Any,
    machine: Machine,
    parameters: Sequence[Parameter],
    data: Mapping[str, Any] | None,
    *,
    shown: bool,
) -> Iterator[Finding]:
    network, names = _chain(model, parameters)
    if network is not None:
        yield from check_chain(network, names)
        if data:
            yield from check_chain(network, names, data)
    trial = run(machine, parameters, progress=shown)
    yield from check_signal(trial.first, parameters)
    yield from check_activity(trial.first)  # before what follows from it
    yield from check_gates(parameters)
    if trial.updates:
        yield from check_lasting_copies(trial, parameters)
        yield from check_clones(trial, parameters)
        yield from check_freeze(trial, parameters)
        yield from check_gradients(trial.first, parameters, machine.ends)
        yield from check_loss(trial.first.loss, machine.constants())
    yield from check_copies(parameters)


def _chain(model: Any, parameters: Sequence[Parameter]) -> tuple[Network | None, list[str]]:
    """The network that the criterion is for, and the names of its weights."""
    names = [p.name for p in parameters if p.kind == "matrix"]
    if isinstance(model, Network):
        return model, names
    activation = torch_models.chain_activation(model)
    if activation is None and not isinstance(model, Mapping):
        return None, names
    # of an unknown activation only that equal inputs give equal outputs
    return chain(parameters, activation or "logistic"), names


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """What two rules say of one place, once: the exact rule comes first."""
    seen = set()
    for finding in findings:
        key = finding.rule, finding.where
        if finding.level == "ok" or key not in seen:
            yield finding
        if finding.level != "ok":
            seen.add(key)
