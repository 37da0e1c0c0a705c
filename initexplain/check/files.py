"""The parameters in a file: safetensors and NumPy's archives, read where they lie.

A safetensors file is the length of a header (8 bytes, little endian), the header (JSON: each name's
number format, shape and place), and the numbers.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from initexplain.check.parameters import Bits, in_order

_FORMATS = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "uint16",
    "F8_E4M3": "uint8",
    "F8_E5M2": "uint8",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
    "C64": "complex64",
}
_BITS = {"BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2"}
_HELP = {
    ".pt": "import torch and check `torch.load(path, weights_only=True)`",
    ".pth": "import torch and check `torch.load(path, weights_only=True)`",
    ".bin": "import torch and check `torch.load(path, weights_only=True)`",
    ".ckpt": "import torch and check the state dict in `torch.load(path, weights_only=True)`",
    ".keras": "check `keras.models.load_model(path)`",
    ".h5": "check `keras.models.load_model(path)`",
    ".msgpack": "check what `flax.serialization.msgpack_restore` returns",
    ".json": "name the .safetensors files that it lists",
}


def read_files(paths: Sequence[str]) -> dict[str, Any]:
    """The arrays of all the files, which are parts of one network, by their names.

    Raises:
        ValueError: a file is neither of the two formats, or damaged, or repeats a name.
        OSError: it cannot be opened.
    """
    arrays: dict[str, Any] = {}
    for path in paths:
        content = _arrays(Path(path))
        if twice := arrays.keys() & content.keys():
            raise ValueError(
                f"{path}: {min(twice)} stands in an earlier file too; to compare files use --since"
            )
        arrays |= content
    return arrays


def _arrays(path: Path) -> Mapping[str, Any]:
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name the files in it")
    if path.suffix in _HELP:
        raise ValueError(f"{path}: read it with the library that wrote it: {_HELP[path.suffix]}")
    with path.open("rb") as file:
        start = file.read(8)
    if start.startswith(b"PK"):
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
                return dict(archive)
        except (ValueError, zipfile.BadZipFile) as error:
            raise ValueError(f"{path}: no archive of arrays ({error})") from None
    return _safetensors(path, int.from_bytes(start, "little"))


def _safetensors(path: Path, length: int) -> dict[str, Any]:
    size = path.stat().st_size
    if not 2 <= length <= size - 8:
        raise ValueError(f"{path}: neither a .safetensors nor an .npz file")
    with path.open("rb") as file:
        file.seek(8)
        try:
            header = json.loads(file.read(length))
        except ValueError:
            raise ValueError(f"{path}: neither a .safetensors nor an .npz file") from None
    header.pop("__metadata__", None)
    # sorted by format and name
    entries = in_order(header, sorted_by_file=True).items()
    return {name: _tensor(path, name, entry, 8 + length, size) for name, entry in entries}


def _tensor(path: Path, name: str, entry: Any, start: int, size: int) -> Any:
    try:
        stored, shape = entry["dtype"], tuple(entry["shape"])
        first, last = entry["data_offsets"]
    except (TypeError, KeyError, ValueError):
        raise ValueError(f"{path}: the header says nothing sensible of {name}") from None
    dtype = np.dtype(_FORMATS.get(stored, "uint8"))
    shape = shape if stored in _FORMATS else (last - first,)
    count = int(np.prod(shape, dtype=np.int64))
    if start + last > size or last - first != count * dtype.itemsize:
        raise ValueError(f"{path}: cut off or damaged at {name}")
    if not count:
        return np.zeros(shape, dtype)
    mapped = np.memmap(path, dtype, mode="r", offset=start + first, shape=shape)
    return Bits(mapped, _BITS[stored]) if stored in _BITS else mapped
