"""What was computed once, on disk, with the state of everything that it depends on.

A state is a set of pairs: a file of the package and the hash of its content, or the environment and
what it is. A module has a second pair, of its code: no result depends on docstrings and comments.
An entry counts while all of its own pairs are in the present state. Files are named from the folder
of the package on: a copy of the entries holds for a copy of the source, wherever that is.
"""

import functools
import gzip
import os
import pickle
import platform
import re
import sys
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256
from importlib import metadata
from itertools import product
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np

State = frozenset[tuple[str, str]]

PACKAGE = Path(__file__).resolve().parents[1]
FOLDER = PACKAGE.parent / ".cache" / "results"
FLOORS = "experiments", "figures"  # where the modules of a page are
WEEK = 7 * 24 * 3600
_ENVIRONMENT = "environment"
_CODE = ":code"
_SOURCES = ".py", ".jinja", ".j2", ".json"


def state() -> State:
    """The state of the package's files and of what they run on; reads the files that changed."""
    files = (Path(folder, name) for folder, _, names in os.walk(PACKAGE) for name in names)
    # without the locks that editors put beside a file: `.#name.py`, a link to nothing
    sources = (file for file in files if file.suffix in _SOURCES and file.name[0] != ".")
    pairs = (pair for file in sources for pair in _hashes(*_version(file)))
    return frozenset(pairs) | {(_ENVIRONMENT, _environment())}


def _version(file: Path) -> tuple[Path, int, int, int]:
    stat = file.stat()
    return file, stat.st_ino, stat.st_size, stat.st_mtime_ns


@functools.cache
def _text(file: Path, *_: int) -> str:
    return sha256(file.read_bytes()).hexdigest()


@functools.cache
def _hashes(file: Path, *_: int) -> list[tuple[str, str]]:
    text, name = file.read_bytes(), file.relative_to(PACKAGE.parent).as_posix()
    pairs = [(name, sha256(text).hexdigest())]
    if file.suffix == ".py":
        with suppress(SyntaxError):  # whatever computes with it fails
            pairs.append((name + _CODE, sha256(_code(text).encode()).hexdigest()))
    return pairs


def _code(text: bytes | str) -> str:
    r"""What a module does: what it is compiled to, wherever that stands and whatever is said of it.

    Examples:
        >>> _code("def f():  # One.\n  'One.'\n  return 1") == _code("def f():\n\n  ''\n  return 1")
        True
    """
    return repr(_parts(compile(text, "", "exec", dont_inherit=True, optimize=2)))


def _parts(code: object) -> object:
    if isinstance(code, CodeType):
        counts = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags
        names = code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars
        return _parts((code.co_code, code.co_consts, code.co_exceptiontable, counts, names))
    if isinstance(code, tuple):
        return [_parts(part) for part in code]
    # the order of a set is another one in every process
    return sorted(map(repr, code)) if isinstance(code, frozenset) else repr(code)


@functools.cache
def _environment() -> str:
    """Versions, and the kind of processor: another one may round the last bit differently."""
    build = np.show_config(mode="dicts")  # with the instruction sets that it found
    libraries = sorted(f"{found.name} {found.version}" for found in metadata.distributions())
    processor = platform.machine(), os.environ.get("OPENBLAS_CORETYPE")
    return repr((sys.version, np.__version__, build, processor, libraries))


@functools.lru_cache(maxsize=1)
def pages(present: State) -> list[str]:
    """The experiments that have a page: their modules define `run`."""
    names = sorted(name for name, _ in present if name.startswith("initexplain/experiments/"))
    modules = [PACKAGE.parent / name for name in names if name.endswith(".py")]
    runs = re.compile(r"^def run\(", re.MULTILINE)
    return [path.stem for path in modules if runs.search(path.read_text("utf-8"))]


def shared(present: State, *own: str) -> State:
    """The part of the state that is no page's experiment or figures, but for the pages `own`."""
    pairs = product(FLOORS, pages(present))
    others = {f"initexplain/{floor}/{page}.py" for floor, page in pairs if page not in own}
    return frozenset(pair for pair in present if pair[0].removesuffix(_CODE) not in others)


def _names(modules: Iterable[str]) -> set[str]:
    """What the files of modules may be called."""
    ends = ".py", "/__init__.py"
    return {module.replace(".", "/") + end for module in modules for end in ends}


def code(present: State, *texts: str) -> State:
    """The state without the text of modules, but for these."""
    modules = {name.removesuffix(_CODE) for name, _ in present if name.endswith(_CODE)}
    return frozenset(pair for pair in present if pair[0] not in modules - _names(texts))


def imported(present: State) -> State:
    """The part of the state that this process depends on: the modules that it has imported."""
    names = _names(name for name in sys.modules if name.partition(".")[0] == "initexplain")
    depends = {name + _CODE for name in names}
    return frozenset(pair for pair in present if pair[0] in {_ENVIRONMENT, *depends})


def entry(kind: str, *depends: object) -> str:
    """The name of an entry that depends on these too, which `repr` shows in full."""
    return f"{sha256(repr(depends).encode()).hexdigest()[:16]}.{kind}"


def load(name: str, present: State) -> Any:
    """The value of an entry; None unless it is whole and of this state."""
    try:
        depends, value = pickle.loads(gzip.decompress((FOLDER / name).read_bytes()))
    except Exception:  # noqa: BLE001 - what cannot be read is computed again
        return None
    with suppress(OSError):  # whoever may read it uses it
        os.utime(FOLDER / name)
    return value if depends <= present else None


def store(name: str, depends: State, value: object, present: State) -> None:
    """Writes an entry, unless a file of it changed since; without room or permission, none."""
    with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
        files = {file.removesuffix(_CODE) for file, _ in depends} - {_ENVIRONMENT}
        # the texts: to compile the modules takes a process as long as to import them
        if {(file, _text(*_version(PACKAGE.parent / file))) for file in files} <= present:
            content = gzip.compress(pickle.dumps((depends, value)), compresslevel=1)
            FOLDER.mkdir(parents=True, exist_ok=True)
            write(FOLDER / name, content)


def write(path: Path, content: bytes) -> None:
    """Writes a file, all of it or nothing: without room, what was there before stays."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        half.write_bytes(content)
        half.replace(path)
    except OSError:
        with suppress(OSError):
            half.unlink()
        raise


def prune() -> None:
    """Removes what no build has used for a week."""
    with suppress(OSError):
        for path in FOLDER.iterdir():
            if path.stat().st_mtime < time.time() - WEEK:
                path.unlink()
