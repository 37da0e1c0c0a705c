"""What Markdown cannot do, for MkDocs: notebooks, the math font, the policy, plain errors.

The site builds without this file too, then without notebooks and without the font.
"""

import html
import json
import os
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.plugins import event_priority
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url
from mkdocs.utils.meta import get_data
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from initexplain.site import mathml, notebooks, offline, reference, results
from initexplain.site.extension import PageError

MATH_FONT = "assets/math.woff2"
_ON_THE_PAGE = (PageError, CellExecutionError, CellTimeoutError, DeadKernelError)


def on_startup(**_: object) -> None:
    """Makes a build the same on any day, on any number of cores."""
    # zero is how gzip says that there is no date
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")
    os.environ.update(results.environment())
    notebooks.set_up()


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Names the cache of notebooks and reference after what they are made of."""
    reference.remember(Path(config.config_file_path).read_bytes())
    folder = notebooks.cache_folder(Path(config.docs_dir))
    for entry in folder.glob("*.json"):
        try:
            json.loads(entry.read_bytes())
        except ValueError:
            entry.unlink()  # its build was killed
    config.plugins["mkdocs-jupyter"].config["cache_dir"] = str(folder)
    if config.nav:
        code = config.nav
        for title in ("Reference", "Code of the pages"):
            code = next(entry[title] for entry in code if title in entry)
        pages = reference.code_pages(Path(config.docs_dir))
        code.extend({title: address} for address, (title, _) in pages.items())
    if not config.use_directory_urls:  # the copy without a server
        # the theme loads these before its own script
        config.extra["polyfills"] = ["assets/file-worker.js"]
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Starts the computations of all pages, and puts the source of each beside it."""
    if config.nav:
        for address, (_, text) in reference.code_pages(Path(config.docs_dir)).items():
            files.append(File.generated(config, address, content=text))
    pages = list(files.documentation_pages())
    results.prefetch(page.content_string for page in pages)
    for page in pages:
        beside = File.generated(config, f"{page.src_uri}.source", content=page.content_string)
        beside.dest_uri = beside.url = page.src_uri
        files.append(beside)
        if page.src_uri.endswith(".py"):
            path = Path(str(page.abs_src_path))
            name = page.src_uri.removesuffix(".py")
            files.append(File.generated(config, f"{name}.ipynb", content=notebooks.as_ipynb(path)))
    return files


@event_priority(100)  # before the plugins, which look at the page's headings
def on_page_content(content: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Renders the Markdown that the template of the notebooks wrote, as that of any page."""
    if not page.file.src_uri.endswith(".py"):
        return content
    path = Path(page.file.src_uri)
    page.markdown, page.meta = get_data(html.unescape(content))
    page.markdown += (
        f"\n\n[Download the notebook]({path.stem}.ipynb), or [as a script]({path.name}.source). "
        "Both need the package with its figures, and matplotlib: `pip install --editable . "
        "matplotlib` in a copy of its source.\n"
    )
    Page.render(page, config, files)
    return str(page.content)


def on_page_context(context: dict[str, Any], *, page: Page, **_: object) -> dict[str, Any]:
    """Tells the theme where the source of the page is."""
    page.edit_url = get_relative_url(page.file.src_uri, page.url)
    return context


def on_post_page(output: str, *, page: Page, **_: object) -> str:
    """Mends what the theme leaves to mend, and sets the policy."""
    return _finished(_lighter(output) if page.url.startswith("reference/") else output)


_TITLE = re.compile(r'(<(?:a|span)\b(?![^>]*md-content__button)[^>]*?) title="[^"]*"')


def _lighter(page: str) -> str:
    """A page of the reference without what would stall a phone.

    It has a hundred blocks of code, which the theme's script then prepares as they come into view,
    and hundreds of titles that repeat what they stand on; the script makes a tooltip of each.
    """
    head, mark, text = page.partition("<article")
    text = text.replace('"content.code.copy"', '"content.code.copy", "content.lazy"', 1)
    return head + mark + _TITLE.sub(r"\1", text)


def on_post_template(output_content: str, *, template_name: str, config: MkDocsConfig) -> str:
    """The same for pages that no Markdown file stands behind (404); no dates in the sitemap."""
    if template_name == "sitemap.xml":
        # it names addresses; and MkDocs knows the day of the build, not when a page changed
        return re.sub(r"\s*<lastmod>.*?</lastmod>", "", output_content) if config.site_url else ""
    return _finished(output_content) if template_name.endswith(".html") else output_content


_TRACEBACK = re.compile(r'(<span class="gt">.*?)(?=<span class="gp">|</code>)', re.DOTALL)
_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _finished(page: str) -> str:
    """The page with a policy that lets nothing in from elsewhere, and only its own scripts run."""
    page = page.replace('role="dialog"', 'role="dialog" aria-label="Search"', 1)
    page = _TRACEBACK.sub(r'<span class="go">\1</span>', page)  # an output: it is not copied
    digests = (sha256(script.encode()).digest() for script in _INLINE_SCRIPT.findall(page))
    scripts = " ".join(f"'sha256-{b64encode(digest).decode()}'" for digest in digests)
    policy = (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'"
    )
    tag = f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    return page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">{tag}', 1)


@event_priority(-100)  # after everything is written
def on_post_build(config: MkDocsConfig) -> None:
    """Writes the math font, cut down to this build's formulas; packs the copy without a server."""
    target = Path(config.site_dir) / MATH_FONT
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(mathml.font(frozenset(mathml.used_characters)))
    if not config.use_directory_urls:
        offline.finish(Path(config.site_dir))


def on_shutdown() -> None:
    """Ends what is still being computed, as after a build that failed."""
    results.stop()


def on_build_error(error: Exception) -> None:
    """Ends the build without a traceback where the page is at fault, not the program."""
    if isinstance(error, _ON_THE_PAGE):
        raise Abort("Aborted: the page above does not agree with the package.") from None
