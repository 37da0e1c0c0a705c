"""What was computed once, on disk, with the state of everything that it depends on.

A state is a set of pairs: a file of the package and the hash of its content, or what else numbers
depend on and its version. An entry counts while all of its own pairs are in the present state.
"""

import functools
import hashlib
import os
import pickle
import platform
import re
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

State = frozenset[tuple[str, str]]

PACKAGE = Path(__file__).resolve().parents[1]
FOLDER = PACKAGE.parent / ".cache" / "results"
WEEK = 7 * 24 * 3600
_RUN = re.compile(r"^def run\(", re.MULTILINE)
_DIGEST_SIZE = hashlib.sha256().digest_size


def state() -> State:
    """The state of the package's source and of what it runs on; reads the files that changed."""
    stats = ((file.path, file.stat()) for file in _modules(PACKAGE))
    return _hashed(tuple(sorted((path, s.st_ino, s.st_size, s.st_mtime_ns) for path, s in stats)))


def _modules(folder: "Path | os.DirEntry[str]") -> "Iterator[os.DirEntry[str]]":
    for found in os.scandir(folder):
        # without the locks that editors put beside a file: `.#name.py`, a link to nothing
        if found.name.endswith(".py") and not found.name.startswith("."):
            yield found
        elif found.is_dir() and found.name != "__pycache__":
            yield from _modules(found)


@functools.lru_cache(maxsize=1)
def _hashed(stats: tuple[tuple[str, int, int, int], ...]) -> State:
    files = ((path, hashlib.sha256(Path(path).read_bytes()).hexdigest()) for path, *_ in stats)
    return _environment().union(files)


@functools.cache
def _environment() -> State:
    """Versions, and the kind of processor: another one may round the last bit differently."""
    build = np.show_config(mode="dicts")  # with the instruction sets that it found
    processor = f"{platform.machine()} {os.environ.get('OPENBLAS_CORETYPE')}"
    versions = {"numpy": f"{np.__version__} {build}", "python": sys.version}
    libraries = sorted(f"{found.name} {found.version}" for found in metadata.distributions())
    return frozenset({**versions, "processor": processor, "libraries": repr(libraries)}.items())


def pages() -> list[str]:
    """The experiments that have a page: their modules define `run`."""
    modules = sorted((PACKAGE / "experiments").glob("[!_.]*.py"))
    return [path.stem for path in modules if _RUN.search(path.read_text("utf-8"))]


def of_no_page(present: State) -> State:
    """The part of the state that is no page's own experiment and no page's own figures."""
    names = [f"{floor}/{page}.py" for floor in ("experiments", "figures") for page in pages()]
    own = {str(PACKAGE / name) for name in names}
    return frozenset(pair for pair in present if pair[0] not in own)


def of_module(present: State, name: str) -> State:
    """The part of the state that is the source of a module, named by it or by what stands in it."""
    place = f"{PACKAGE.parent.joinpath(*name.split('.'))}{os.sep}"
    return frozenset(
        pair for pair in present if place.startswith(f"{pair[0].removesuffix('.py')}{os.sep}")
    )


def imported(present: State) -> State:
    """The part of the state that this process depends on: the modules that it has imported."""
    # the site's own modules come with their package, and only two of them compute
    names = [name for name in sys.modules if re.match(r"initexplain\b(?!\.site)", name)]
    names += [__name__, "initexplain.site.tasks"]
    loaded = {os.path.realpath(str(sys.modules[name].__file__)) for name in names}
    return _environment().union(pair for pair in present if pair[0] in loaded)


def load(name: str, present: State) -> tuple[State, Any] | None:
    """What an entry depends on, and its value; None unless it is whole and of this state."""
    try:
        content = (FOLDER / name).read_bytes()
        os.utime(FOLDER / name)
        if content[:_DIGEST_SIZE] != hashlib.sha256(content[_DIGEST_SIZE:]).digest():
            return None
        depends, value = pickle.loads(content[_DIGEST_SIZE:])
        return (depends, pickle.loads(value)) if depends <= present else None
    except Exception:  # noqa: BLE001 - what cannot be read is computed again
        return None


def store(name: str, depends: State, value: object) -> None:
    """Writes an entry, unless a file changed meanwhile; without room or permission, none."""
    if not depends <= state():
        return
    with suppress(OSError, pickle.PicklingError, AttributeError, TypeError):
        content = pickle.dumps((depends, pickle.dumps(value)))
        FOLDER.mkdir(parents=True, exist_ok=True)
        half = FOLDER / f"{name}.{os.getpid()}"
        try:
            half.write_bytes(hashlib.sha256(content).digest() + content)
            half.replace(FOLDER / name)  # others see all of it or nothing
        finally:
            half.unlink(missing_ok=True)


def prune(folder: Path = FOLDER) -> None:
    """Removes what no build has used for a week."""
    with suppress(OSError):
        for path in folder.iterdir():
            if path.stat().st_mtime < time.time() - WEEK:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
