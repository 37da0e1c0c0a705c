"""The rendered reference, kept on disk for a state of all that the pages are made of.

It takes most of the time of a build, and changes only with the package's source.
"""

import hashlib
import os
import pickle
import shutil
import sys
from pathlib import Path
from typing import Any

import markdown
from mkdocs.config.defaults import MkDocsConfig
from mkdocstrings_handlers.python import PythonHandler

PACKAGE = Path(__file__).resolve().parents[1]
_collect, _render = PythonHandler.collect, PythonHandler.render


def cache_folder(config: MkDocsConfig) -> Path:
    """Where parts of pages are kept for the package, its libraries and settings as they are.

    The folders of other states are removed.
    """
    folder = Path(config.config_file_path).parent / ".cache" / "pages" / _state(config)
    for other in folder.parent.glob("*"):
        if other != folder:
            shutil.rmtree(other, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _state(config: MkDocsConfig) -> str:
    """A hash of the package, of the site's settings, and of the versions of all libraries."""
    sources = [p for p in PACKAGE.rglob("*") if p.is_file() and p.suffix != ".pyc"]
    digest = hashlib.sha256(sys.version.encode() + Path(config.config_file_path).read_bytes())
    for path in sorted(sources):
        digest.update(f"{path.relative_to(PACKAGE)}{path.stat().st_size} ".encode())
        digest.update(path.read_bytes())
    # named after their versions
    libraries = Path(markdown.__file__).parents[1].glob("*.dist-info")
    digest.update(" ".join(sorted(library.name for library in libraries)).encode())
    return digest.hexdigest()[:16]


def remember(folder: Path) -> None:
    """Lets mkdocstrings render into the folder, and take from it what is there already."""

    def render(self: PythonHandler, item: Any, options: Any, **rest: Any) -> str:
        key = hashlib.sha256(repr((item.path, options, rest)).encode()).hexdigest()[:16]
        entry = folder / f"{key}.pickle"
        if entry.exists():
            html, self._headings[:] = pickle.loads(entry.read_bytes())
            return str(html)
        html = _render(self, item, options, **rest)
        # a formula notes its letters for the math font, each time it is rendered
        if "<math" not in html:
            part = entry.with_suffix(f".{os.getpid()}")
            part.write_bytes(pickle.dumps((html, self._headings)))
            part.replace(entry)
        return html

    def collect(self: PythonHandler, identifier: str, options: Any) -> Any:
        # a live preview has a new handler for every build
        self._modules_collection, self._lines_collection = _read.get(
            folder, (self._modules_collection, self._lines_collection)
        )
        item = _collect(self, identifier, options)
        _read[folder] = self._modules_collection, self._lines_collection
        return item

    PythonHandler.render = render  # type: ignore[assignment, method-assign]
    PythonHandler.collect = collect  # type: ignore[method-assign]


_read: dict[Path, Any] = {}
