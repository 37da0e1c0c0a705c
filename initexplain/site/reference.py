"""The reference: the pages of code, and what is rendered, kept on disk.

Rendering takes most of the time of a build, and changes only with the package's source.
"""

import hashlib
import os
import pickle
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import markdown
from griffe import GriffeLoader
from mkdocs.config.defaults import MkDocsConfig
from mkdocstrings_handlers.python import PythonHandler

from initexplain.site import results

PACKAGE = Path(__file__).resolve().parents[1]
_collect, _render = PythonHandler.collect, PythonHandler.render


_CODE_PAGE = """---
search:
  exclude: true
description: The experiment and the figures behind the page “{title}”, with their source.
---

# Code of “{title}”
"""
_CODE = """
::: initexplain.{floor}.{name}
    options:
      toc_label: {floor}
      show_if_no_docstring: true
"""


def code_pages(docs: Path) -> dict[str, tuple[str, str]]:
    """Where the numbers and figures of pages lead to: `address -> (title, Markdown)`.

    Args:
        docs: the folder of the pages.
    """
    pages = {}
    for page in sorted(docs.rglob("*.md")):
        name = page.stem.replace("-", "_")
        floors = [f for f in ("experiments", "figures") if (PACKAGE / f / f"{name}.py").is_file()]
        heading = re.search(r"^# ([^:\n]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        if floors and heading and page.relative_to(docs).parts[0] != "reference":
            stem = "the-answer" if page.stem == "index" else page.stem
            text = _CODE_PAGE.format(title=heading[1])
            text += "".join(_CODE.format(floor=floor, name=name) for floor in floors)
            pages[f"reference/code/{stem}.md"] = heading[1], text
    return pages


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
    """A hash of the package, of the site's settings, and of the versions of all libraries.

    The modules of a page do not count: no notebook imports them, and the reference asks for theirs.
    """
    pages = {path.name for path in (PACKAGE / "figures").glob("*.py")} - {"style.py", "__init__.py"}
    sources = [
        path
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
        if path.parent.name not in ("experiments", "figures") or path.name not in pages
    ]
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
        state = results.source_fingerprint(item.path), item.path, options, rest
        key = hashlib.sha256(repr(state).encode()).hexdigest()[:16]
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
        source = results.source_fingerprint()
        if source in _read:
            self._modules_collection, self._lines_collection = _read[source]
            return _collect(self, identifier, options)
        item = _collect(self, identifier, options)
        _read.clear()
        _read[source] = self._modules_collection, self._lines_collection
        # rendering finds some of the other names of an object; what is rendered already has not
        GriffeLoader(modules_collection=_read[source][0]).resolve_aliases(implicit=True)
        return item

    PythonHandler.render = render  # type: ignore[assignment, method-assign]
    PythonHandler.collect = collect  # type: ignore[method-assign]


_read: dict[str, Any] = {}


if __name__ == "__main__":  # for builders that run no hooks: writes the pages below a folder
    for address, (_, text) in code_pages(Path(sys.argv[1])).items():
        (Path(sys.argv[1]) / address).write_text(text, encoding="utf-8")
