"""A rule about recurrent layers: how long the gates let a memory last at the start."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from initexplain.check.findings import Finding
from initexplain.check.parameters import Parameter
from initexplain.recurrent import memory_half_life

# Half a unit of bias is a factor of 1.5 in the memory's half-life: more than the spread of the
# means of default biases, less than what anybody sets by hand.
APART = 0.5


def check_gates(parameters: Sequence[Parameter]) -> Iterator[Finding]:
    """The half-life of the memory of each recurrent layer, and layers that differ in it."""
    biases = {name: bias for name, bias in _forget_biases(parameters).items() if bias.size}
    middle = {name: float(np.mean(bias)) for name, bias in biases.items()}
    longest = max(middle.values(), default=0.0)
    for name, bias in middle.items():
        steps = float(memory_half_life(bias))
        said = f"the memory halves in {steps:.2g} steps (mean forget bias {bias:.2g})"
        if longest - bias > APART:
            remedy = f"set the forget bias in every layer; elsewhere it is {longest:.2g}"
            yield Finding("WARN", "memory", name, f"{said}, sooner than elsewhere", steps, remedy)
        else:
            yield Finding("ok", "memory", name, said, steps)


def _forget_biases(parameters: Sequence[Parameter]) -> dict[str, np.ndarray]:
    """Per layer the bias of its forget gate: PyTorch adds two vectors, in the order i, f, g, o."""
    biases: dict[str, np.ndarray] = {}
    recurrent = {
        re.sub("weight", "bias", p.name)
        for p in parameters
        if "weight_hh_l" in p.name and p.shape[0] == 4 * p.shape[-1]
    }
    recurrent |= {
        re.sub("recurrent_kernel", "bias", p.name)
        for p in parameters
        if p.name.rstrip(":0").endswith("recurrent_kernel") and p.shape[-1] == 4 * p.shape[0]
    }
    for p in parameters:
        name = p.name.replace("bias_ih_l", "bias_hh_l")
        if name in recurrent and p.values is not None and p.kind == "vector":
            gate = np.split(p.rows()[:, 0], 4)[1]
            biases[name] = biases[name] + gate if name in biases else gate
    return biases
