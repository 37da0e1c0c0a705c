"""The reference: the pages of code, and what is rendered, kept on disk.

Rendering takes most of the time of a build, and changes only with the package's source.
"""

import logging
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from griffe import AliasResolutionError, Extension, GriffeLoader, Module
from mkdocstrings_handlers.python import PythonHandler

from initexplain.site import cache

_PAGE = """---
search:
  exclude: true
description: What computes and draws “{title}”, with its source.
---

# {heading}
"""
_MODULE = """
::: initexplain.{floor}.{name}
    options:
      toc_label: {floor}
      show_if_no_docstring: true
"""


def code_pages(docs: Path, settings: str) -> dict[str, tuple[str, str]]:
    """Where the numbers and figures of the pages in a folder lead: address -> title, Markdown.

    Args:
        docs: the folder.
        settings: `mkdocs.yml`, whose navigation names the pages in their order, and first the code
            that several of them share.
    """
    shared = re.findall(r'- "?(.+?)"?: reference/code/([\w-]+)\.md', settings)
    found = [(stem, title, title) for title, stem in shared]
    paths = sorted(docs.rglob("*.md"))
    for page in sorted(paths, key=lambda path: settings.find(path.relative_to(docs).as_posix())):
        match = re.search(r"^# ([^:\n]+)", page.read_text(encoding="utf-8"), re.MULTILINE)
        if match and page.relative_to(docs).parts[0] != "reference":
            found.append((page.stem, match[1], f"Code of “{match[1]}”"))
    pages = {}
    for stem, title, heading in found:
        name = stem.replace("-", "_")
        text = "".join(
            _MODULE.format(floor=floor, name=name)
            for floor in cache.FLOORS
            if (cache.PACKAGE / floor / f"{name}.py").is_file()
        )
        if text:
            address = "the-answer" if stem == "index" else stem
            text = _PAGE.format(title=title, heading=heading) + text
            pages[f"reference/code/{address}.md"] = title, text
    return pages


def say_what_is_missing(record: logging.LogRecord) -> bool:
    """A filter for the log of mkdocs-autorefs: which page a name of the package would stand on."""
    target = re.search(r"target 'initexplain\.(\w+)(?:\.(\w+))?", record.getMessage())
    if target:
        module, name = (part or "" for part in target.groups())
        page = f"docs/reference/{module.replace('_', '-')}.md with a line ::: initexplain.{module}"
        if module in cache.FLOORS:
            stem = name.replace("_", "-")
            page = f"docs/<chapter>/{stem}.md or, if pages share it, the code to `nav:`"
        hint = f"; if the name is right, add {page}"
        record.msg, record.args = f"{record.getMessage()}{hint}", ()
    return True


def _shown(item: Any) -> set[str]:
    """The modules whose text the page of one shows: its own, and of names that it hands on."""
    modules = {item.module.path}
    for member in item.members.values():
        with suppress(AliasResolutionError):  # it is of another package
            modules.add(member.module.path)
    return modules


class OtherNames(Extension):
    """Finds the other names of all objects at once, for mkdocstrings.

    Rendering finds some of them, and what is known is not rendered.
    """

    def on_package(self, *, pkg: Module, loader: GriffeLoader, **_: Any) -> None:
        """Resolves what modules import, and gives what classes inherit its second name."""
        loader.resolve_aliases(implicit=True)
        _find_inherited(pkg)


def _find_inherited(parent: Any) -> None:
    for member in parent.members.values():
        if not member.is_alias and (member.is_class or member.is_module):
            if member.is_class:
                _ = member.inherited_members
            _find_inherited(member)


_collect, _render = PythonHandler.collect, PythonHandler.render
_read: dict[cache.State, Any] = {}


def remember(settings: bytes) -> None:
    """Lets mkdocstrings take from the cache what it rendered from the same source.

    Args:
        settings: what the pages depend on besides the package.
    """
    present = cache.state()

    def render(self: PythonHandler, item: Any, options: Any, **rest: Any) -> str:
        name = cache.entry("html", settings, item.path, options, rest)
        depends = cache.code(cache.shared(present, *item.path.split(".")[2:3]), *_shown(item))
        if known := cache.load(name, depends):
            html, self._headings[:] = known
            return str(html)
        html = _render(self, item, options, **rest)
        # a formula notes its letters for the math font, each time it is rendered
        if "<math" not in html:
            cache.store(name, depends, (html, self._headings), present)
        return html

    def collect(self: PythonHandler, identifier: str, options: Any) -> Any:
        # a live preview has a new handler for every build, and reads the same source once
        if present not in _read:
            _read.clear()
            _read[present] = self._modules_collection, self._lines_collection
        self._modules_collection, self._lines_collection = _read[present]
        return _collect(self, identifier, options)

    PythonHandler.collect = collect  # type: ignore[method-assign]
    PythonHandler.render = render  # type: ignore[assignment, method-assign]


if __name__ == "__main__":  # for builders that run no hooks: writes the pages below a folder
    docs = Path(sys.argv[1])
    for address, (_, text) in code_pages(docs, Path("mkdocs.yml").read_text("utf-8")).items():
        (docs / address).parent.mkdir(exist_ok=True)
        (docs / address).write_text(text, encoding="utf-8")
