"""What Markdown cannot do, for MkDocs: notebooks, the math font, the policy, plain errors.

The site builds without this file too, then without notebooks and without the font.
"""

import functools
import os
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort, PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocstrings_handlers.python import PythonHandler

from initexplain.site import mathml, notebooks, results
from initexplain.site.extension import PageError

MATH_FONT = "assets/math.woff2"


def on_startup(*, command: Literal["build", "serve", "gh-deploy"], dirty: bool) -> None:  # noqa: ARG001
    """Stops the clock; in a live preview, renders the reference anew only for changed source."""
    # a build on another day is the same; zero is how gzip says that there is no date
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    # a preview loads this file anew for every build, the handler stays
    if command == "serve" and not hasattr(PythonHandler.render, "__wrapped__"):
        PythonHandler.collect = _remembered(PythonHandler.collect)  # type: ignore[method-assign]
        PythonHandler.render = _remembered(PythonHandler.render)  # type: ignore[method-assign]


def _remembered(method: Callable[..., Any]) -> Callable[..., Any]:
    """The method of a handler, called once for one state of a module and the same arguments."""
    known: dict[tuple[str, ...], tuple[Any, list[Any]]] = {}

    @functools.wraps(method)
    def call(self: PythonHandler, item: Any, options: Any, **rest: Any) -> Any:
        path = item if isinstance(item, str) else item.path
        state = results.source_fingerprint(path), path, repr(options), repr(rest)
        if state not in known:
            found = method(self, item, options, **rest)
            known[state] = found, list(self._headings)
        found, headings = known[state]
        self._headings[:] = headings
        return found

    return call


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Starts the computations of all pages, and puts executed pages beside notebook sources."""
    results.prefetch(
        Path(str(file.abs_src_path)).read_text(encoding="utf-8")
        for file in files
        if file.src_uri.endswith((".md", ".py"))
    )
    for written in list(files.documentation_pages()):
        files.append(_source_beside(written.src_uri, written.content_string, config))
    for source in [
        f for f in files if f.src_uri.startswith("notebooks/") and f.src_uri.endswith(".py")
    ]:
        path = Path(str(source.abs_src_path))
        stem = source.src_uri.removesuffix(".py")
        try:
            page = notebooks.as_markdown(path)
        except notebooks.NotebookError as error:
            raise PluginError(f"{source.src_uri}: {error}") from None
        downloads = (
            f"\n[Download the notebook]({path.stem}.ipynb), or [as a script]({path.name}). Both "
            "need the package and matplotlib: `pip install . matplotlib` in a copy of its source.\n"
        )
        files.append(File.generated(config, f"{stem}.md", content=page + downloads))
        files.append(File.generated(config, f"{stem}.ipynb", content=notebooks.as_ipynb(path)))
    return files


def _source_beside(src_uri: str, content: str, config: MkDocsConfig) -> File:
    """The Markdown source of a page, to be copied into the site at the path that it has here."""
    copied = File.generated(config, f"{src_uri}.source", content=content)
    copied.dest_uri = copied.url = src_uri
    return copied


def on_page_context(
    context: dict[str, Any],
    *,
    page: Page,
    config: MkDocsConfig,  # noqa: ARG001
    nav: Navigation,  # noqa: ARG001
) -> dict[str, Any]:
    """Tells the theme where the source of the page is: its Markdown, or the notebook's script."""
    source = page.file.src_uri
    if page.file.generated_by:
        source = f"{source.removesuffix('.md')}.py"
    page.edit_url = get_relative_url(source, page.url)
    return context


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:  # noqa: ARG001
    """Mends what the theme leaves to mend, and sets the policy."""
    return _finished(_lighter(output) if page.url.startswith("reference/") else output)


_TITLE = re.compile(r'(<(?:a|span)\b(?![^>]*md-content__button)[^>]*?) title="[^"]*"')


def _lighter(html: str) -> str:
    """A page of the reference without what would stall a phone.

    It has a hundred blocks of code, which the theme's script then prepares as they come into view,
    and hundreds of titles that repeat what they stand on; the script makes a tooltip of each.
    """
    head, mark, text = html.partition("<article")
    text = text.replace('"content.code.copy"', '"content.code.copy", "content.lazy"', 1)
    return head + mark + _TITLE.sub(r"\1", text)


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:  # noqa: ARG001
    """The same for pages that no Markdown file stands behind (404); no dates in the sitemap."""
    if template_name == "sitemap.xml":
        # MkDocs knows the day of the build, not when a page changed
        return re.sub(r"\s*<lastmod>.*?</lastmod>", "", output_content)
    return _finished(output_content) if template_name.endswith(".html") else output_content


_TRACEBACK = re.compile(r'(<span class="gt">.*?)(?=<span class="gp">|</code>)', re.DOTALL)
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _finished(html: str) -> str:
    """The page with a policy that lets nothing in from elsewhere, and only its own scripts run."""
    html = html.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
    html = _TRACEBACK.sub(r'<span class="go">\1</span>', html)  # an output: it is not copied
    digests = (sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(html))
    scripts = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
    policy = (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
    )
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return html.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{tag}', 1)


def on_post_build(config: MkDocsConfig) -> None:
    """Writes the math font, cut down to the characters of this build's formulas."""
    target = Path(config.site_dir) / MATH_FONT
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(mathml.font(frozenset(mathml.used_characters)))


def on_shutdown() -> None:
    """Ends what is still being computed, as after a build that failed."""
    results.stop()


def on_build_error(error: Exception) -> None:
    """Ends the build without a traceback where the page is at fault, not the program."""
    if isinstance(error, PageError):
        raise Abort("Aborted: the page above does not agree with the package.") from None
