"""The built pages in a real browser: palettes, phone width, keyboard, no script, no stranger."""

import functools
import http.server
import re
import shutil
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")

DOCS = Path(__file__).resolve().parent.parent / "docs"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 900}


def _address(source):
    stem = source.relative_to(DOCS).with_suffix("").as_posix()
    return "" if stem == "index" else f"{stem}/"


# every page that people read, and of the reference one page of each kind
READ = [
    *(_address(p) for p in sorted(DOCS.rglob("*.md")) if "reference" not in p.parts),
    *(_address(p) for p in sorted((DOCS / "notebooks").glob("*.py"))),
    "reference/network/",
    "reference/code/row-symmetry/",
    "404.html",
]


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Says nothing."""


@pytest.fixture(scope="module")
def origin(site):
    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(_Quiet, directory=str(site))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture
def visit(browser, origin):
    """Opens a page; fails at the end if it complained or asked anybody else for anything."""
    contexts, complaints = [], []

    def open_page(address, *, viewport=DESKTOP, **settings):
        contexts.append(browser.new_context(viewport=viewport, **settings))
        page = contexts[-1].new_page()
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: r.url.startswith((origin, "data:", "blob:")) or complaints.append(r.url),
        )
        page.goto(origin + address, wait_until="load")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


# what depends on the palette; everything else is checked in one of them
COLOURS = {"runOnly": ["color-contrast", "link-in-text-block"]}
# inside a figure there is nothing but its drawing, which has tests of its own
OUTSIDE_FIGURES = {"exclude": [[".ie-drawing svg"]]}

OUTSIDE = """[...document.querySelectorAll('.ie-drawing svg')].flatMap(svg => {
    const box = svg.getBoundingClientRect();
    return [...svg.querySelectorAll('text')].filter(text => {
        const b = text.getBoundingClientRect();
        return b.left < box.left - 1 || b.right > box.right + 1
            || b.top < box.top - 1 || b.bottom > box.bottom + 1;
    }).map(text => svg.getAttribute('aria-label').slice(0, 40) + ': ' + text.textContent);
})"""


@pytest.mark.parametrize("address", READ)
def test_a_page_has_no_barrier_and_fits_a_phone(address, visit):
    page = visit(address, color_scheme="light")
    page.wait_for_timeout(100)  # the theme adds buttons after it has loaded
    found = axe.Axe().run(page, context=OUTSIDE_FIGURES).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:5]) for v in found] == []
    assert page.evaluate(OUTSIDE) == []
    page.set_viewport_size(PHONE)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.evaluate(OUTSIDE) == []


@pytest.mark.parametrize("address", READ)
def test_the_dark_palette_is_as_legible(address, visit):
    page = visit(address, color_scheme="dark")
    found = axe.Axe().run(page, context=OUTSIDE_FIGURES, options=COLOURS).response["violations"]
    assert [(v["id"], [n["target"] for n in v["nodes"]][:5]) for v in found] == []


def test_figures_change_with_the_palette_and_without_a_reload(visit):
    page = visit("symmetry/row-symmetry/", color_scheme="light")
    colour = "getComputedStyle(document.querySelector('#figure-row-symmetry-losses text')).fill"
    before = page.evaluate(colour)
    page.evaluate("window.reloaded = false")
    page.locator("label[for='__palette_1']").click()
    assert page.evaluate(colour) != before
    assert page.evaluate("window.reloaded") is False


def _luminance(rgb):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    first, second = (
        _luminance([float(c) / 255 for c in re.findall(r"[\d.]+", colour)[:3]])
        for colour in (one, other)
    )
    return (max(first, second) + 0.05) / (min(first, second) + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_type_in_figures_is_legible(scheme, visit):
    page = visit("", color_scheme=scheme)
    fills = page.evaluate(
        "[...document.querySelectorAll('.ie-drawing text')].map(t => getComputedStyle(t).fill)"
    )
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert len(fills) > 5
    assert min(_contrast(fill, ground) for fill in set(fills)) >= 4.5


def test_without_javascript_a_page_reads_in_full(visit):
    page = visit("symmetry/row-symmetry/", java_script_enabled=False)
    assert page.locator(".ie-drawing svg").count() >= 2
    assert page.locator("math").count() > 5
    assert page.locator(".ie-claim a").first.is_visible()
    assert page.locator("pre code").first.is_visible()


def test_a_copied_snippet_runs(visit):
    page = visit("symmetry/row-symmetry/", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".highlight").first.hover()
    page.locator("[data-clipboard-target]").first.click()
    code = page.evaluate("navigator.clipboard.readText()")
    assert ">>>" not in code
    assert "True" not in code
    names = {}
    exec(compile(code, "copied", "exec"), names)  # noqa: S102 - what a reader would do
    assert names["W"].shape == (6, 4)


def test_search_finds_a_page_and_the_keyboard_reaches_it(visit):
    page = visit("")
    page.keyboard.press("f")
    page.keyboard.type("freeze or clone")
    first = page.locator(".md-search-result__link").first
    first.wait_for()
    assert urlsplit(first.get_attribute("href")).path.endswith("/symmetry/freeze-or-clone/")


FOCUS = """(() => {
    const element = document.activeElement;
    // a radio button of the palette shows its focus on its label
    const shown = element.type === "radio" ? element.nextElementSibling : element;
    const style = getComputedStyle(shown);
    return [element.outerHTML.slice(0, 80), style.outlineStyle, style.boxShadow];
})()"""


def test_focus_is_visible(visit):
    page = visit("symmetry/row-symmetry/")
    for _ in range(40):
        page.keyboard.press("Tab")
        element, outline, shadow = page.evaluate(FOCUS)
        assert outline != "none" or shadow != "none", element
