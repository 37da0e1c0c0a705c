"""Pages that the preview has rendered before, from the same text and the same results."""

import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page

from initexplain.site import cache, results

_RENDERED = "markdown", "meta", "content", "toc", "_title_from_render", "present_anchor_ids"
_OWN = re.compile(r"^::: initexplain\.\w+\.(\w+)", re.MULTILINE)
_known: dict[str, tuple[bytes, dict[str, Any], dict[str, Any], list[Any]]] = {}


def render(function: Callable[..., None], page: Page, config: MkDocsConfig, files: Files) -> None:
    """Renders a page with the function, unless all that goes into it is as it was."""
    key, address = _goes_into(page, config, files), page.file.src_uri
    autorefs: Any = config.plugins["autorefs"]
    if address in _known and _known[address][0] == key:
        _, rendered, links, anchors = _known[address]
        vars(page).update(rendered)
        page.links_to_anchors = {files.src_uris[uri]: found for uri, found in links.items()}
        for anchor, options in anchors:
            autorefs.register_anchor(page, *anchor, **options)
        return
    anchors = []
    register = autorefs.register_anchor

    def note(page: Page, *anchor: object, **options: object) -> None:
        anchors.append((anchor, options))
        register(page, *anchor, **options)

    autorefs.register_anchor = note
    try:
        function(page, config, files)
    finally:
        del autorefs.register_anchor
    links = {file.src_uri: found for file, found in (page.links_to_anchors or {}).items()}
    if "--8<--" not in str(page.markdown):  # it includes what is not looked at here
        _known[address] = key, {name: getattr(page, name) for name in _RENDERED}, links, anchors


def _goes_into(page: Page, config: MkDocsConfig, files: Files) -> bytes:
    """All that goes into the HTML of a page: its text, what it links to, and what it shows."""
    text, package = str(page.markdown), results.current().present
    if not page.file.src_uri.endswith(".py"):  # a notebook may import anything
        package = cache.shared(package, *_OWN.findall(text))
    glossary = getattr(files.get_file_from_path("glossary.md"), "content_string", None)
    settings = Path(config.config_file_path).read_bytes()
    shown = glossary, settings, sorted(files.src_uris), hash(package), results.named(text)
    return pickle.dumps((text, page.meta, shown))
