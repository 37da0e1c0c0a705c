"""PyTorch modules as a check sees them. torch is the one that has loaded the reader's module."""

import math
import re
import sys
from collections.abc import Mapping
from typing import Any

from initexplain.check.parameters import Parameter, from_name, from_tensor
from initexplain.check.torch_machine import TorchMachine

_CONVOLUTION = re.compile(r"^_?Conv(Transpose)?\dd$|^_ConvNd$")
_NORM = re.compile(r"Norm")
# activations of a plain stack whose criterion is known, by the class of the module
_ACTIVATIONS = {
    "GELU": "gelu",
    "Identity": "identity",
    "LeakyReLU": "leaky_relu",
    "ReLU": "relu",
    "SELU": "selu",
    "SiLU": "silu",
    "Sigmoid": "logistic",
    "Tanh": "tanh",
}


def is_module(model: Any) -> bool:
    """Whether it is a `torch.nn.Module`."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)


def plain(model: Any) -> Any:
    """The module that `torch.compile` has wrapped; anything else as it is."""
    return getattr(model, "_orig_mod", model) if is_module(model) else model


def parameters(model: Any) -> list[Parameter]:
    """The parameters with their kinds, as the classes of the modules tell, shared ones once."""
    found: dict[int, Parameter] = {}
    for path, module in model.named_modules():
        for name, tensor in module._parameters.items():  # noqa: SLF001 - without the children's
            if tensor is not None and id(tensor) not in found:
                full = f"{path}.{name}" if path else name
                found[id(tensor)] = _parameter(full, name, tensor, module)
    return list(found.values())


def _parameter(full: str, name: str, tensor: Any, module: Any) -> Parameter:
    tags = {"norm"} if any(_NORM.search(c.__name__) for c in type(module).__mro__) else set()
    if type(tensor).__name__.startswith("Uninitialized"):
        return Parameter(full, None, (), "lazy", "table", tags=frozenset({"lazy"}))
    values, shape, dtype = from_tensor(tensor)
    known = _known(name, shape, module) or from_name(full, shape)
    if not dtype.startswith(("float", "bfloat16", "complex")):
        known["kind"] = "buffer"
    trainable = bool(tensor.requires_grad)
    return Parameter(full, values, shape, dtype, trainable=trainable, tags=frozenset(tags), **known)


def _known(name: str, shape: tuple[int, ...], module: Any) -> dict[str, Any] | None:
    """What the class of a module says of its parameter; None if it says nothing."""
    classes = [c.__name__ for c in type(module).__mro__]
    known: dict[str, Any] | None = None
    if len(shape) < 2:
        known = {"kind": "vector"}
    elif "RNNBase" in classes and len(shape) == 2:
        known = {"kind": "matrix", "packed": max(1, shape[0] // module.hidden_size)}
    elif name == "weight" and any(_CONVOLUTION.match(c) for c in classes):
        known = {"kind": "convolution", "kernel": math.prod(shape[2:])}
        if module.transposed:
            shared = float(module.groups * math.prod(module.stride))
            known |= {"unit_axes": (1,), "shared": shared}
    elif name == "weight" and len(shape) == 2 and any("Embedding" in c for c in classes):
        known = {"kind": "embedding"}
    elif name == "weight" and len(shape) == 2 and ("Linear" in classes or _is_conv1d(module)):
        units = 1 if _is_conv1d(module) else 0
        packed = 3 if shape[units] == 3 * shape[1 - units] else 1
        known = {"kind": "matrix", "unit_axes": (units,), "packed": packed}
    return known


def _is_conv1d(module: Any) -> bool:
    """Whether it is the layer of that name in GPT-2: dense, with its units last."""
    return type(module).__name__ == "Conv1D" and hasattr(module, "nf")


def chain_activation(model: Any) -> str | None:
    """The activation of a stack of dense layers with one kind of activation between them."""
    if not is_module(model) or type(model).__name__ != "Sequential" or hasattr(model, "layers"):
        return None
    names = [type(module).__name__ for module in model if type(module).__name__ != "Dropout"]
    between = set(names[1::2])
    dense = all(name == "Linear" for name in names[::2])
    if not dense or len(names) % 2 == 0 or len(between) != 1:
        return None
    return _ACTIVATIONS.get(between.pop())


def machine(model: Any, inputs: Any, targets: Any, loss: Any) -> TorchMachine:
    """A copy of the module in float64; in float32 where its code insists on that.

    Raises:
        ValueError: the module cannot be copied, or does not take the batch.
    """
    try:
        return TorchMachine(model, inputs, targets, loss, double=True)
    except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        if not re.search(r"dtype|[dD]ouble|[fF]loat", str(error)):
            raise _refused(inputs, error) from error
    try:
        return TorchMachine(model, inputs, targets, loss, double=False)
    except (RuntimeError, TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        raise _refused(inputs, error) from error


def _refused(inputs: Any, error: Exception) -> ValueError:
    parts = inputs.values() if isinstance(inputs, Mapping) else inputs
    parts = parts if isinstance(parts, tuple | list) or isinstance(inputs, Mapping) else [inputs]
    shapes = ", ".join(str(tuple(part.shape)) for part in parts if hasattr(part, "shape"))
    of_shape = f"of shape {shapes}" if shapes else f"of type {type(inputs).__name__}"
    line = str(error).strip().partition("\n")[0]
    if "deepcopy" in line:
        return ValueError(f"the module cannot be copied, check its state_dict() alone: {line}")
    return ValueError(
        f"the model and this batch do not fit, inputs {of_shape}: {type(error).__name__}: {line}"
    )
