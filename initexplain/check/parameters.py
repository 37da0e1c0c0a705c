"""What a check knows of a parameter: its numbers, its units, its fan-in; and how names tell.

A parameter is a tensor with a name. Its *units* are what each row of a matrix `(fan_out, fan_in)`
is: the outputs of a dense layer, the channels of a convolution. PyTorch stores them along the first
axis, Keras and Flax along the last one.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from initexplain.checks import Array

Kind = Literal["matrix", "convolution", "embedding", "vector", "table", "buffer"]
Layout = Literal["auto", "rows", "columns"]
_CHUNK = 1 << 21  # numbers that are converted at a time
_SAMPLE = 1 << 16
# a mean of squares less the square of the mean: 8 digits are left, or all are gone
_EXACT, _TINY = 1e-8, 1e-280


@dataclass(frozen=True)
class Statistics:
    """Size, spread and extremes of a parameter's finite values, and how many are not finite."""

    not_finite: int
    smallest: float
    largest: float
    mean: float
    std: float

    @property
    def constant(self) -> bool:
        """Whether all values are the same."""
        return self.smallest == self.largest and not self.not_finite

    @property
    def zero(self) -> bool:
        """Whether all values are zero."""
        return self.constant and self.largest == 0


@dataclass(frozen=True, eq=False)
class Parameter:
    """A named tensor of a network, never changed.

    Attributes:
        name: as the framework spells it.
        values: the stored array; None if there is none, as on the meta device. For "bfloat16" its
            bits as 16-bit integers.
        shape: of the tensor.
        dtype: the name of its number format.
        kind: what it is; "table" is a tensor that is no weight of a layer, such as positions.
        unit_axes: the axes along which the units lie.
        kernel: the size of the kernel: 9 for 3 x 3.
        shared: by how much fewer inputs reach a unit than the axes say: groups and strides of
            a transposed convolution.
        packed: how many matrices stand in this one: 3 for queries, keys and values.
        trainable: whether training changes it.
    """

    name: str
    values: NDArray[Any] | None
    shape: tuple[int, ...]
    dtype: str
    kind: Kind
    unit_axes: tuple[int, ...] = (0,)
    kernel: int = 1
    shared: float = 1.0
    packed: int = 1
    trainable: bool = True
    tags: frozenset[str] = field(default=frozenset())

    @property
    def size(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.shape)

    @property
    def stored(self) -> NDArray[Any]:
        """The stored array, of a parameter that has one."""
        if self.values is None:
            raise ValueError(f"{self.name} has no values")
        return self.values

    @property
    def weighs(self) -> bool:
        """Whether it is the weight of a layer, with rows."""
        return self.kind in ("matrix", "convolution")

    @property
    def units(self) -> int:
        """How many rows it has."""
        return math.prod(self.shape[axis] for axis in self.unit_axes)

    @property
    def fan_in(self) -> float:
        """Inputs of a unit, over the kernel and within its group; an embedding's is 1."""
        return 1.0 if self.kind == "embedding" else self.size / self.units / self.shared

    @property
    def fan_out(self) -> float:
        """Units times the kernel: what the recipes call so."""
        return self.units * self.kernel / self.packed

    def rows(self) -> Array:
        """The values as a matrix `(units, inputs)`."""
        moved = np.moveaxis(self.stored, self.unit_axes, range(len(self.unit_axes)))
        return as_floats(moved.reshape(self.units, -1), self.dtype)

    def sample(self) -> Array:
        """Up to 65,536 of its values, spread evenly."""
        step = max(1, self.size // _SAMPLE)
        return as_floats(self.stored.reshape(-1)[::step], self.dtype)

    @cached_property
    def statistics(self) -> Statistics:
        """Found in one pass, some values at a time."""
        total = square = 0.0
        smallest, largest, bad = math.inf, -math.inf, 0
        for chunk in self._chunks():
            finite = np.isfinite(chunk)
            if not finite.all():
                bad += int(chunk.size - finite.sum())
                chunk = chunk[finite]  # noqa: PLW2901 - the rest of the pass sees finite values
            if chunk.size:
                with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                    total += float(chunk.sum())
                    square += float(np.dot(chunk, chunk))
                smallest, largest = min(smallest, chunk.min()), max(largest, chunk.max())
        n = max(self.size - bad, 1)
        mean = total / n
        variance = square / n - mean * mean
        # of nearly equal values little is left of the difference; squares may overflow or vanish
        known = _EXACT * mean * mean + _TINY < variance < math.inf
        if smallest < largest and not bad and not known:
            mean, std = self._apart_from_size(max(largest, -smallest))
            return Statistics(bad, float(smallest), float(largest), mean, std)
        return Statistics(bad, float(smallest), float(largest), mean, math.sqrt(max(0.0, variance)))

    def _apart_from_size(self, size: float) -> tuple[float, float]:
        """Mean and standard deviation, in two passes over the values as shares of their size.

        The size is a power of two, so that the shares have all digits of the values.
        """
        size = 2.0 ** (math.frexp(size)[1] - 1)
        mean = sum(float((chunk / size).sum()) for chunk in self._chunks()) / self.size
        squares = (float(np.square(chunk / size - mean).sum()) for chunk in self._chunks())
        return mean * size, math.sqrt(sum(squares) / self.size) * size

    def _chunks(self) -> Iterator[Array]:
        if self.values is not None:
            flat = self.values.reshape(-1)
            for start in range(0, self.size, _CHUNK):
                piece = as_floats(flat[start : start + _CHUNK], self.dtype)
                yield piece.astype(np.float64, copy=False)


@dataclass(frozen=True, eq=False)
class Bits:
    """Numbers of a format that NumPy does not have, such as "bfloat16", by their bits."""

    bits: NDArray[Any]
    dtype: str


def holder(name: str) -> str:
    """The name of what holds a parameter, whether parts are joined by points or by slashes.

    Examples:
        >>> holder("layers.0.weight"), holder("params/Dense_0/kernel"), holder("weights[0]")
        ('layers.0', 'params/Dense_0', '')
    """
    return re.sub(r"(^|[./])[^./]*$", "", name)


def as_floats(values: NDArray[Any], dtype: str) -> Array:
    """Stored numbers as floats: half precision becomes float32, from the bits if need be."""
    if dtype == "bfloat16":
        bits = np.ascontiguousarray(values).view(np.uint16).astype(np.uint32) << 16
        return bits.view(np.float32)
    return values.astype(np.float32) if values.dtype.itemsize < 4 else values


# names that frameworks give to what no gradient reaches
_BUFFERS = re.compile(
    r"(running_(mean|var)|num_batches_tracked|moving_(mean|variance)|position_ids|inv_freq|"
    r"attn_mask|mask|bias_mask|masked_bias|relative_position_index|relative_coords_table|"
    r"batch_stats/.*|seed_generator.*|iterations|learning_rate)$"
)
_EMBEDDING = re.compile(r"(^|[./_])(\w*embed(ding)?s?|\w*embeddings?|wte|wpe|emb|tok\w*)([./_]|$)")
_TABLE = re.compile(r"(table|pos|token|query|quer(y|ies)|bias|scale|latent|proto|a_log|gamma|beta)")
_PACKED = re.compile(r"(in_proj_weight|qkv|c_attn|query_key_value|Wqkv|in_proj_qkv)")
_HEADS = re.compile(r"(^|/)(query|key|value)/kernel$")
_WEIGHT = re.compile(r"(^|[./_])(weights?|kernel|w|\w+_weight|\w+_kernel|lora_[ABab])(_?\w{0,3})$")


def from_name(
    name: str, shape: tuple[int, ...], bias: int | None = None, layout: Layout = "auto"
) -> dict[str, Any]:
    """Kind, unit axes and kernel of a parameter, as its name, its shape and its bias tell.

    A `kernel` is stored as Keras and Flax do, units last, everything else with its units first,
    unless the length of the `bias` says otherwise, or the `layout`: `"rows"` or `"columns"`.

    Examples:
        >>> from_name("conv.weight", (16, 3, 5, 5))
        {'kind': 'convolution', 'unit_axes': (0,), 'kernel': 25}
        >>> from_name("Dense_0/kernel", (4, 8))
        {'kind': 'matrix', 'unit_axes': (1,)}
        >>> from_name("fc", (4, 8), bias=8)
        {'kind': 'matrix', 'unit_axes': (1,)}
    """
    if _BUFFERS.search(name) or len(shape) < 2:
        return {"kind": "buffer" if _BUFFERS.search(name) else "vector"}
    leaf = re.split(r"[./]", re.sub(r":\d+$", "", name))[-1]
    last_units = "kernel" in leaf
    if layout != "auto":
        last_units = layout == "columns"
    elif bias in (shape[0], shape[-1]) and shape[0] != shape[-1]:
        last_units = bias == shape[-1]
    if len(shape) == 2:
        return _two_axes(name, leaf, last_units=last_units)
    if _HEADS.search(name) or (re.search(r"(^|/)out/kernel$", name) and len(shape) == 3):
        return {"kind": "matrix", "unit_axes": (1, 2) if _HEADS.search(name) else (2,)}
    if _WEIGHT.search(name):
        return _convolution(name, shape, bias, last_units=last_units)
    return {"kind": "table"}


def _two_axes(name: str, leaf: str, *, last_units: bool) -> dict[str, Any]:
    if _EMBEDDING.search(name.lower()) and "proj" not in leaf and "kernel" not in leaf:
        return {"kind": "embedding"}
    if _TABLE.search(leaf.lower()):
        return {"kind": "table"}
    packed = {"packed": 3} if _PACKED.search(name) else {}
    return {"kind": "matrix", "unit_axes": (1,) if last_units else (0,), **packed}


def _convolution(
    name: str, shape: tuple[int, ...], bias: int | None, *, last_units: bool
) -> dict[str, Any]:
    axes: tuple[int, ...] = (0,)
    kernel = math.prod(shape[2:])
    if last_units:
        last = len(shape) - 1
        depthwise = "depthwise" in name
        axes, kernel = (last - 1, last) if depthwise else (last,), math.prod(shape[:-2])
    elif re.search("deconv|transpose|upconv", name.lower()) and bias in (None, shape[1]):
        axes = (1,)
    return {"kind": "convolution", "unit_axes": axes, "kernel": kernel}


def from_mapping(arrays: Mapping[Any, Any], layout: Layout = "auto") -> list[Parameter]:
    """The parameters of a state dict, of nested Flax parameters, of what an `.npz` file holds.

    A name that leads to no array of numbers raises `TypeError`.

    Examples:
        >>> [p] = from_mapping({"params": {"Dense_0": {"kernel": np.ones((4, 8))}}})
        >>> p.name, p.units, p.fan_in
        ('params/Dense_0/kernel', 8, 4.0)
    """
    leaves = in_order(dict(_flat(arrays)))
    stored = {name: _stored(name, leaf) for name, leaf in leaves.items()}
    parameters = []
    for name, (values, shape, dtype) in stored.items():
        sibling = re.sub(r"(weight|kernel)(:0)?$", r"bias\2", name)
        sibling = re.sub(r"(^|[./_])[wW](\d*)$", r"\1b\2", sibling)
        bias = stored.get(sibling, (None, (), ""))[1] if sibling != name else ()
        known = from_name(name, shape, bias[0] if len(bias) == 1 else None, layout)
        if not dtype.startswith(("float", "bfloat16", "complex")):
            known["kind"] = "buffer"
        parameters.append(Parameter(name, values, shape, dtype, **known))
    return parameters


def in_order(leaves: Mapping[str, Any], *, sorted_by_file: bool = False) -> dict[str, Any]:
    """The leaves with layer 2 before layer 10, where their order is but that of the alphabet.

    Layers are read in the order of a mapping. JAX sorts the keys of what it has mapped, and
    safetensors those of a file, as text.

    Examples:
        >>> list(in_order({"fc.1.w": 0, "fc.10.w": 0, "fc.2.w": 0}))
        ['fc.1.w', 'fc.2.w', 'fc.10.w']
        >>> list(in_order({"fc.10.w": 0, "fc.1.w": 0, "head": 0}))
        ['fc.10.w', 'fc.1.w', 'head']
    """
    names = list(leaves)
    if sorted_by_file or names == sorted(names, key=lambda name: name.split("/")):
        names.sort(key=lambda name: [_number_or_text(part) for part in re.split(r"(\d+)", name)])
    return {name: leaves[name] for name in names}


def _number_or_text(part: str) -> tuple[int, str]:
    return (int(part), "") if part.isdecimal() else (-1, part)


def _flat(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf with its path; the separator is Flax's."""
    if isinstance(node, Mapping) or type(node).__name__ == "State":
        for key, value in node.items():
            yield from _flat(value, f"{path}/{key}" if path else str(key))
    elif isinstance(node, list | tuple) and any(hasattr(item, "shape") for item in node):
        for i, value in enumerate(node):
            yield from _flat(value, f"{path}/{i}")
    elif node is not None:
        yield path, node


def _stored(name: str, leaf: Any) -> tuple[NDArray[Any] | None, tuple[int, ...], str]:
    """The array of a leaf, its shape and its number format."""
    if hasattr(leaf, "detach"):
        return from_tensor(leaf)
    if isinstance(leaf, Bits):
        return leaf.bits, leaf.bits.shape, leaf.dtype
    if hasattr(leaf, "get_value"):  # a variable of Flax
        leaf = leaf.get_value()
    array = np.asarray(leaf.value if hasattr(leaf, "value") else leaf)
    if array.dtype.name.startswith(("bfloat16", "float8")):
        return array.view(f"u{array.itemsize}"), array.shape, array.dtype.name
    if array.dtype.kind not in "fciub":
        raise TypeError(
            f"{name}: expected an array of numbers, found {type(leaf).__name__} of dtype "
            f"{array.dtype}; a check reads a mapping of names to arrays, such as "
            "`model.state_dict()`, and nested ones"
        )
    return array, array.shape, array.dtype.name


def from_tensor(tensor: Any) -> tuple[NDArray[Any] | None, tuple[int, ...], str]:
    """A torch tensor as an array that shares its memory, its shape and its number format."""
    dtype = str(tensor.dtype).removeprefix("torch.")
    shape = tuple(tensor.shape)
    if tensor.device.type == "meta":
        return None, shape, dtype
    plain = tensor.detach().cpu()
    if dtype.startswith(("bfloat16", "float8")):
        # torch's integers of that size, through a tensor: nothing here imports torch
        empty = tensor.new_empty(0)
        integers = (empty.short() if dtype == "bfloat16" else empty.byte()).dtype
        return plain.view(dtype=integers).numpy().view(f"u{plain.itemsize}"), shape, dtype
    return plain.numpy(), shape, dtype
