"""What Markdown cannot do, for MkDocs: notebooks, the math font, the policy, plain errors.

The site builds without this file too, then without notebooks and without the font.
"""

import errno
import functools
import gc
import html
import locale
import logging
import os
import re
import traceback
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import clean_directory, get_relative_url
from mkdocs.utils.meta import get_data

from initexplain.site import (
    again,
    cards,
    mathml,
    notebooks,
    packing,
    prose,
    reference,
    results,
    running,
    tasks,
)
from initexplain.site.claims import FORM
from initexplain.site.extension import PageError

_log = logging.getLogger("mkdocs.initexplain")
_NO_PLACE = errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM
_preview: list[bool] = []  # not empty: this is the live preview
_cards: list[tasks.Job] = []  # what draws them, if there are any


def on_startup(command: str, **_: object) -> None:
    """Makes a build the same on any day and in any locale, and end when it is told to."""
    running.end_when_told()
    with suppress(locale.Error):  # mkdocstrings writes to the formatter in the locale's encoding
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    # zero is how gzip says that there is no date
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    autorefs = logging.getLogger("mkdocs.plugins.mkdocs_autorefs._internal.plugin")
    autorefs.addFilter(reference.say_what_is_missing)
    _preview.extend([True] * (command == "serve"))
    if not _preview:
        gc.disable()  # this process ends before it fills the memory


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Sets what `mkdocs.yml` cannot: the pages of code, and what the copy without a server has."""
    running.keep_folder(config.site_dir)
    if _preview:
        running.try_address(*config.dev_addr)
    reference.remember(Path(config.config_file_path).read_bytes())
    if config.nav:
        code = config.nav
        for title in ("Reference", "Code of the pages"):
            code = next(entry[title] for entry in code if title in entry)
        pages = ({title: address} for address, (title, _) in _code_pages(config).items())
        code.extend(page for page in pages if page not in code)
    if not config.use_directory_urls:  # the copy without a server
        # the theme loads these before its own script
        config.extra["polyfills"] = ["assets/file-worker.js"]
    return config


def _code_pages(config: MkDocsConfig) -> dict[str, tuple[str, str]]:
    settings = Path(config.config_file_path).read_text("utf-8")
    return reference.code_pages(Path(config.docs_dir), settings)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Starts the computations of all pages, and puts the source of each beside it.

    Pages that wait for none are rendered meanwhile, then those that wait for few.
    """
    if config.nav:
        for address, (_, text) in _code_pages(config).items():
            files.append(File.generated(config, address, content=text))
    files = Files(sorted(files, key=_waits_for))
    pages = list(files.documentation_pages())
    scripts = (page.abs_src_path for page in pages if page.src_uri.endswith(".py"))
    jobs = (notebooks.job(Path(str(path))) for path in scripts)
    results.prefetch(jobs, (page.content_string for page in pages))
    for page in pages:
        beside = File.generated(config, f"{page.src_uri}.source", content=page.content_string)
        beside.dest_uri = beside.url = page.src_uri
        files.append(beside)
        if page.src_uri.endswith(".py"):
            name = page.src_uri.removesuffix(".py")
            notebook = notebooks.as_ipynb(page.content_string)
            files.append(File.generated(config, f"{name}.ipynb", content=notebook))
    return files


def _waits_for(file: File) -> int:
    """The number of results that a page shows; a notebook is one."""
    if file.src_uri.endswith(".py"):
        return 1
    return len(results.asked(file.content_string)) if file.is_documentation_page() else 0


def on_env(_: object, config: MkDocsConfig, files: Files) -> None:
    """Starts on the font and the cards: by now all formulas are set, and pages have headings."""
    results.current().start(mathml.job())
    if _has_cards(config):
        pages = [file.page for file in files.documentation_pages() if file.page]
        _cards[:] = [cards.job({page.url: _heading(page) or config.site_name for page in pages})]
        results.current().start(*_cards)


def _has_cards(config: MkDocsConfig) -> bool:
    """Whether this is a build of a site that has an address; the preview has one of its own."""
    return bool(config.site_url and config.use_directory_urls and not _preview)


def _heading(page: Page) -> str:
    """The first heading, in plain text."""
    return html.unescape(re.sub("<.*?>", "", next((entry.title for entry in page.toc), "")))


@event_priority(-100)  # after mkdocs-jupyter has put its own method in the place of `render`
def on_pre_page(page: Page, **_: object) -> Page:
    """Renders what the template of the notebooks writes as any page's Markdown."""
    page.render = functools.partial(_render, page)  # type: ignore[method-assign]  # as mkdocs-jupyter does
    return page


def _render(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Renders a page; the preview shows what is wrong with it in its place."""
    render = functools.partial(again.render, _checked) if _preview else _checked
    try:
        render(page, config, files)
    except Exception as error:
        if not _preview:
            raise
        _log.error("Error reading page '%s': %s", page.file.src_uri, error)
        page.markdown = f"# This page has an error\n\n{notebooks.fenced(str(error), 'text')}"
        Page.render(page, config, files)


def _checked(page: Page, config: MkDocsConfig, files: Files) -> None:
    """Renders a page, and asks for the source of each number in it."""
    if page.file.src_uri.endswith(".py"):
        _read_notebook(page)
    Page.render(page, config, files)
    # in the reference, made of docstrings, examples run
    numbers = [] if page.url.startswith("reference/") else prose.unsourced(str(page.content))
    hint = f"write it as a claim, {FORM}, or, as in an alt text, without its number"
    if listed := "".join(f"\n  - “{number}”: {hint}" for number in numbers):
        raise PageError(listed)


def _read_notebook(page: Page) -> None:
    """Gives the page of a notebook its Markdown."""
    path = Path(str(page.file.abs_src_path))
    try:
        content = results.current().answer(notebooks.job(path))
    except RuntimeError as error:
        raise PageError(str(error)) from None
    page.markdown, page.meta = get_data(content)
    page.markdown += (
        f"\n\n[Download the notebook]({path.stem}.ipynb), or [as a script]({path.name}.source). "
        "Both need the package with its figures, and matplotlib: `pip install --editable . "
        "matplotlib` in a copy of its source.\n"
    )


def on_page_context(
    context: dict[str, Any], *, page: Page, config: MkDocsConfig, **_: object
) -> dict[str, Any]:
    """Tells the theme where the source of the page is, and its card."""
    page.edit_url = get_relative_url(page.file.src_uri, page.url)
    if _has_cards(config):
        context["card"] = f"{page.canonical_url}{cards.NAME}"
    return context


def on_post_page(output: str, *, page: Page, **_: object) -> str:
    """Mends what the theme leaves to mend, and sets the policy.

    Raises:
        PageError: a title or a description has a number, which nothing computes there.
    """
    titles = (entry.title for entry in [page, *page.ancestors])
    said = " | ".join(map(str, [*titles, page.meta.get("description", "")]))
    numbers = map("“{}”".format, prose.unsourced(said))
    faults = dict.fromkeys([*prose.left_over(said), *numbers])
    if left := "".join(f"\n  - {fault}" for fault in faults):
        fault = f"{left}\n  - titles, in `nav:` of mkdocs.yml too, and descriptions hold no numbers"
        if not _preview:
            raise PageError(fault)
        _log.error("Error building page '%s': %s", page.file.src_uri, fault)
    return _finished(_lighter(output) if page.url.startswith("reference/") else output)


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
    """The same for pages that no Markdown file stands behind (404); no dates in the sitemap."""
    if template_name == "sitemap.xml":
        # it names addresses; and MkDocs knows the day of the build, not when a page changed
        return re.sub(r"\s*<lastmod>.*?</lastmod>", "", output_content) if config.site_url else ""
    return _finished(output_content) if template_name.endswith(".html") else output_content


def _lighter(page: str) -> str:
    """A page of the reference without what would stall a phone, its long names in parts.

    It has a hundred blocks of code, which the theme's script then prepares as they come into view,
    and hundreds of titles that repeat what they stand on; the script makes a tooltip of each.
    """
    head, mark, text = page.partition("<article")
    text = text.replace('"content.code.copy"', '"content.code.copy", "content.lazy"', 1)
    title = r'(<(?:a|span)\b(?![^>]*md-content__button)[^>]*?) title="[^"]*"'
    text = re.sub(title, r"\1", text)
    name = r"(?<=-module-name\">)[\w.]+|(?<=<summary>Source code in <code>)[\w./]+"
    ends = r"([/_]|\.(?!py\b))"
    return head + mark + re.sub(name, lambda long: re.sub(ends, r"\1<wbr>", long[0]), text)


def _finished(page: str) -> str:
    """The page with a policy that lets nothing in from elsewhere, and only its own scripts run."""
    page = page.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
    # a traceback is an output: it is not copied with the code
    traceback = r'(?s)(<span class="gt">.*?)(?=<span class="gp">|</code>)'
    page = re.sub(traceback, r'<span class="go">\1</span>', page)
    scripts = re.findall(r"(?s)<script>(.*?)</script>", page)
    digests = (b64encode(sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    policy = (
        f"default-src 'self'; script-src 'self' {allowed}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
    )
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{tag}', 1)


@event_priority(-100)  # after everything is written
def on_post_build(config: MkDocsConfig) -> None:
    """Writes the math font of this build and the cards; packs what travels."""
    site = Path(config.site_dir)
    (site / "assets" / "math.woff2").write_bytes(results.current().answer(mathml.job()))
    for job in _cards if _has_cards(config) else []:
        for address, card in results.current().answer(job).items():
            (site / address / cards.NAME).write_bytes(card)
    packing.pack_lab(site)
    if not config.use_directory_urls:
        packing.finish_offline(site)


def on_shutdown() -> None:
    """Ends what is still being computed, as after a build that failed."""
    results.stop()


def on_serve(server: LiveReloadServer, config: MkDocsConfig, builder: Callable[[], None]) -> None:
    """Lets the preview answer after a build that failed as a whole, as by a wrong template."""

    def build() -> None:
        try:
            builder()
        except Exception:  # noqa: BLE001 - it is shown
            text = f"<h1>This build has failed</h1><pre>{html.escape(traceback.format_exc())}</pre>"
            clean_directory(config.site_dir)
            for name in ("index.html", "404.html"):
                Path(config.site_dir, name).write_text(text, "utf-8")

    server.builder = build


def on_build_error(error: Exception) -> None:
    """Ends the build without a traceback where the page or the disk is at fault."""
    if isinstance(error, PageError):
        raise Abort("Aborted: the page above does not agree with the package.") from None
    if isinstance(error, OSError) and error.errno in _NO_PLACE:
        folders = " and ".join(running.folders)
        raise Abort(
            f"Aborted: {error}. The build needs room and permission to write into {folders}; "
            "`INITEXPLAIN_SITE_DIR=other make site` names another folder"
        )
