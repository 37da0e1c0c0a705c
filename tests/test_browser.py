"""The built pages in a real browser: palettes, phone width, keyboard, no script, no stranger.

A page is visited once; the tests that take `seen` look at it one after the other.
"""

import builtins
import contextlib
import gzip
import importlib
import io
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import matplotlib as mpl
import matplotlib.image
import pytest
from browsing import DESKTOP, PHONE, launch, listen
from test_build import ADDRESSES, file_of
from webserver import on_the_wire

from initexplain.site import mathml

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")

KIB = 1024


@pytest.fixture(scope="module")
def reader(playwright, origin):
    """One page object for all the addresses, and what is heard from it."""
    # a page is left before it would pay to compile what looks at it
    running = launch(playwright, "--js-flags=--no-maglev,--no-turbofan")
    context = running.new_context(
        viewport=DESKTOP,
        color_scheme="light",
        reduced_motion="reduce",
        permissions=["clipboard-read", "clipboard-write"],
    )
    page, complaints, asked = context.new_page(), [], set()
    listen(page, origin, complaints)
    page.on("request", lambda request: asked.add(request.url))
    # whatever the page before it was told, each begins in the light palette
    page.add_init_script(f"localStorage.clear(); {axe.Axe().axe_script}")
    yield page, complaints, asked
    running.close()


@pytest.fixture(scope="module", params=ADDRESSES, ids=lambda address: address or "index")
def seen(request, reader, origin):
    """One page of the site, open in the light palette, with the addresses that it asked for."""
    page, complaints, asked = reader
    # so that the page before it is not laid out once more
    page.evaluate("document.body.style.display = 'none'")
    page.set_viewport_size(DESKTOP)
    complaints.clear()
    asked.clear()
    page.goto(origin + request.param, wait_until="load")
    # the theme adds buttons to what it sees, a frame after the page has loaded
    page.evaluate(SETTLED)
    return SimpleNamespace(address=request.param, page=page, complaints=complaints, asked=asked)


SETTLED = """async () => {
    for (let i = 0; i < 3; i++) await new Promise(requestAnimationFrame);
}"""

# What depends on the palette: the contrast of texts, and what tells a link from the text around it;
# with what each of these rules looks at.
COLOUR_RULES = {"color-contrast": "*", "link-in-text-block": "a[href]"}
# What axe finds. Inside a figure there is nothing but its drawing, which has tests of its own: it
# is set aside, as is what hides in closed boxes. Code, many words in few colours that are looked at
# one by one, stands there as plain text. Of the texts of one kind, which look alike on grounds that
# look alike, the colours of two are checked, and on three pages: each takes axe some milliseconds.
VIOLATIONS = """async ([colourRules, coloursAlone, known]) => {
    const hidden = [...document.querySelectorAll("details:not([open]) > :not(summary)")];
    const places = hidden.map(() => new Comment());
    hidden.forEach((element, i) => element.replaceWith(places[i]));
    const drawings = [...document.querySelectorAll(".ie-drawing svg")];
    const marks = drawings.map(svg => [...svg.childNodes]);
    drawings.forEach(svg => svg.replaceChildren());
    const link = part => part.tagName === "A" || part.querySelector?.("a");
    const codes = [...document.querySelectorAll("pre code")];
    const parts = codes.map(code => [...code.childNodes]);
    codes.forEach((code, i) =>
        code.replaceChildren(...parts[i].map(part => link(part) ? part : part.textContent)));

    const grounds = new Map([[null, ""]]);
    const ground = element => {
        if (!grounds.has(element)) {
            const style = getComputedStyle(element);
            const own = [style.backgroundColor, style.backgroundImage, style.opacity].join();
            const none = own === "rgba(0, 0, 0, 0),none,1";
            grounds.set(element, ground(element.parentElement) + (none ? "" : `/${own}`));
        }
        return grounds.get(element);
    };
    const says = element =>
        [...element.childNodes].some(part => part.nodeType === 3 && part.data.trim());
    const kinds = new Map();
    for (const text of document.body.querySelectorAll(":not(.ie-drawing *)")) {
        if (!(says(text) || text.tagName === "A")
            || !text.checkVisibility({ opacityProperty: true, visibilityProperty: true })) continue;
        const look = getComputedStyle(text);
        const kind = JSON.stringify([
            look.color, look.fontSize, look.fontWeight, look.textDecorationLine, ground(text),
            text.tagName, getComputedStyle(text.parentElement).color, says(text.parentElement),
        ]);
        kinds.set(kind, [...(kinds.get(kind) ?? []), text].slice(-2));
    }
    const few = [...kinds].flatMap(([kind, texts]) => known.includes(kind) ? [] : texts);
    few.forEach(text => text.setAttribute("data-few", ""));
    axe.configure({ rules: Object.entries(colourRules)
        .map(([id, selector]) => ({ id, selector: `${selector}[data-few]` })) });
    const options = { resultTypes: ["violations"], preload: false };
    if (coloursAlone) options.runOnly = Object.keys(colourRules);
    const found = few.length || !coloursAlone
        ? await axe.run({ exclude: [[".ie-drawing svg"]] }, options) : { violations: [] };
    few.forEach(text => text.removeAttribute("data-few"));
    codes.forEach((code, i) => code.replaceChildren(...parts[i]));
    drawings.forEach((svg, i) => svg.replaceChildren(...marks[i]));
    places.forEach((place, i) => place.replaceWith(hidden[i]));
    const violations = found.violations.map(v => [v.id, v.nodes.map(n => n.target).slice(0, 5)]);
    return [violations, [...kinds.keys()]];
}"""
KINDS = Counter()  # of texts, with the pages on which their colours were checked


def _violations(page, *, colours_alone=False):
    known = [kind for kind, pages in KINDS.items() if pages >= 3]
    found, kinds = page.evaluate(VIOLATIONS, [COLOUR_RULES, colours_alone, known])
    KINDS.update(kinds)
    return found


COLOUR_FUNCTIONS = """
    const { Color, flattenColors, getContrast } = axe.commons.color;
    const colour = (text, opacity = 1) => {
        const read = new Color();
        read.parseString(text);
        read.alpha *= opacity;
        return read;
    };
"""
DRAWN = """[...document.querySelectorAll(".ie-drawing svg")].filter(svg => svg.checkVisibility())"""
# Contrasts of every text and every mark of the figures with what they stand on:
# the page, and over it the fills that were painted before.
CONTRASTS = r"""(() => {
    COLOUR_FUNCTIONS
    const faded = (element, kind) => {
        const style = getComputedStyle(element);
        return colour(style[kind], style[kind + "Opacity"] * style.opacity);
    };
    const page = colour(getComputedStyle(document.body).backgroundColor);
    const found = [];
    for (const svg of DRAWN) {
        const shapes = [...svg.querySelectorAll("path, use, rect, circle")]
            .filter(shape => !shape.closest("defs, clipPath"));
        const boxes = new Map(shapes.map(shape => [shape, shape.getBoundingClientRect()]));
        const filled = shapes.filter(shape => !/^(none|url)/.test(getComputedStyle(shape).fill));
        const ground = (element, box) => {
            const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
            return filled
                .filter(shape => {
                    const b = boxes.get(shape);
                    if (!(b.left <= x && x <= b.right && b.top <= y && y <= b.bottom)
                        || shape === element || !(shape.compareDocumentPosition(element)
                            & Node.DOCUMENT_POSITION_FOLLOWING)) return false;
                    const here = shape.getScreenCTM().inverse();
                    const point = new DOMPoint(x, y).matrixTransform(here);
                    if (shape.tagName !== "use") return shape.isPointInFill(point);
                    point.x -= shape.x.baseVal.value;
                    point.y -= shape.y.baseVal.value;
                    return svg.querySelector(shape.href.baseVal).isPointInFill(point);
                })
                .reduce((under, shape) => flattenColors(faded(shape, "fill"), under), page);
        };
        const note = (what, element, kind, under) => found.push([
            what, getContrast(under, faded(element, kind)),
            element.textContent || element.getAttribute("style"),
            svg.getAttribute("aria-label").slice(0, 40),
        ]);
        for (const text of svg.querySelectorAll("text")) {
            note("text", text, "fill", ground(text, text.getBoundingClientRect()));
        }
        for (const shape of shapes) {
            // the colours of the grid, of backgrounds, and the steps of a scale, say nothing alone
            const style = shape.getAttribute("style") ?? "";
            const kinds = ["stroke", "fill"].filter(kind =>
                new RegExp(`(^|[ ;])${kind}: var\\(`).test(style)
                && !new RegExp(`(^|[ ;])${kind}: var\\(--ie-(grid|surface|middle|\\w+-\\d)\\b`)
                    .test(style));
            if (kinds.length) {
                const best = kinds.map(kind => getContrast(page, faded(shape, kind)));
                found.push(["mark", Math.max(...best), style,
                    svg.getAttribute("aria-label").slice(0, 40)]);
            }
        }
    }
    return found;
})()""".replace("COLOUR_FUNCTIONS", COLOUR_FUNCTIONS).replace("DRAWN", DRAWN)
CODE_CONTRASTS = """(() => {
    COLOUR_FUNCTIONS
    const pairs = new Map();
    for (const word of document.querySelectorAll("pre span")) {
        const [ink, ground] = [word, word.closest("code, pre")].map(e => getComputedStyle(e));
        pairs.set(ink.color + ground.backgroundColor, [ink.color, ground.backgroundColor, word]);
    }
    const page = colour(getComputedStyle(document.body).backgroundColor);
    return [...pairs.values()].map(([ink, fill, word]) =>
        [getContrast(flattenColors(colour(fill), page), colour(ink)), word.outerHTML]);
})()""".replace("COLOUR_FUNCTIONS", COLOUR_FUNCTIONS)

# Labels that stick out of their figure, or are set in type that is too small to read.
OUTSIDE = """DRAWN.flatMap(svg => {
    const box = svg.getBoundingClientRect();
    const scale = box.width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll('text')].filter(text => {
        const b = text.getBoundingClientRect();
        return b.left < box.left - 1 || b.right > box.right + 1
            || b.top < box.top - 1 || b.bottom > box.bottom + 1
            || parseFloat(getComputedStyle(text).fontSize) * scale < 10.99;
    }).map(text => svg.getAttribute('aria-label').slice(0, 40) + ': ' + text.textContent);
})""".replace("DRAWN", DRAWN)

# Boxes that scroll sideways, what sticks out of the window without such a box around it, and boxes
# that the keyboard does not reach.
SIDEWAYS = """(() => {
    const own = ".highlight, pre, code, .md-typeset__scrollwrap, .ie-formula";
    const width = document.documentElement.clientWidth;
    const inside = [...document.querySelectorAll(".md-content__inner *, .md-footer *")]
        .filter(e => !e.closest("svg, math") && e.checkVisibility());
    const scrolls = e => e.scrollWidth > e.clientWidth + 1
        && ["auto", "scroll"].includes(getComputedStyle(e).overflowX);
    const boxes = inside.filter(scrolls);
    const name = e => e.outerHTML.slice(0, 80);
    return {
        boxes: boxes.filter(e => !e.matches(own)).map(name),
        out: inside.filter(e => {
            const box = e.getBoundingClientRect();
            return box.width && (box.right > width + 1 || box.left < -1)
                && !boxes.some(b => b.contains(e) && b !== e);
        }).map(name),
        // Chromium reaches every box that scrolls; other browsers want to be told
        unreachable: boxes
            .filter(e => e.tabIndex < 0 && !e.querySelector("a[href], [tabindex='0']"))
            .map(name),
    };
})()"""

# Cells of wide tables that a phone does not show in full.
CUT = """[...document.querySelectorAll("[data-stacks] td")].filter(cell => {
    const box = cell.getBoundingClientRect();
    return box.left < 0 || box.right > innerWidth || cell.scrollWidth > cell.clientWidth + 1;
}).map(cell => cell.innerText)"""

# Blocks of code with a line that goes on beyond their edge, and lines that run below a button.
COVERED = """async () => {
    const name = code => code.textContent.slice(0, 60);
    const found = [];
    const codes = [...document.querySelectorAll(".md-content pre > code")]
        .filter(code => code.checkVisibility());
    const buttonsOf = code => [...code.parentElement.querySelectorAll("button, .md-code__button")];
    // the buttons of a block are there once it has come into view: from far away all of them do
    if (codes.some(code => !buttonsOf(code).length)) {
        const { style } = document.body;
        style.transformOrigin = "0 0";
        style.transform = `scale(${innerHeight / document.documentElement.scrollHeight})`;
        for (let i = 0; i < 5; i++) await new Promise(requestAnimationFrame);
        style.transform = style.transformOrigin = "";
    }
    for (const code of codes) {
        if (code.scrollWidth > code.clientWidth + 1) found.push(["beyond", name(code)]);
        const text = document.createRange();
        text.selectNodeContents(code);
        for (const button of buttonsOf(code).map(e => e.getBoundingClientRect())) {
            if ([...text.getClientRects()].some(line => line.right > button.left
                && line.left < button.right && line.bottom > button.top
                && line.top < button.bottom)) found.push(["below", name(code)]);
        }
    }
    return found;
}"""

# As the theme does it: each snippet's button appears when the snippet comes into view.
COPIED = """async () => {
    const copied = [];
    const prompts = ".md-content .highlight:has(.gp):not(.torch, .keras, .flax)";
    const python = e => e.querySelector(".gp").textContent.startsWith(">>>");
    for (const prompt of [...document.querySelectorAll(prompts)].filter(python)) {
        prompt.scrollIntoView();
        const find = () => prompt.querySelector("[data-clipboard-target]");
        for (let i = 0; i < 120 && !find(); i++) await new Promise(requestAnimationFrame);
        await navigator.clipboard.writeText("");
        find().click();
        const error = prompt.querySelector(".gr")?.textContent;
        copied.push([await navigator.clipboard.readText(), error]);
    }
    return copied;
}"""

# A radio button of the palette, and the theme's like, show their focus on their label.
FOCUSABLE = """[...document.querySelectorAll(
    "a[href], button, input, summary, [tabindex]:not([tabindex='-1'])"
)].filter(e => e.tabIndex >= 0 && !e.disabled
    && (e.type === "radio" ? e.nextElementSibling : e)
        .checkVisibility({ visibilityProperty: true, opacityProperty: e.type !== "radio" }))"""
WITHOUT_MARK = (
    """(() => {
    // a focus there would fetch and build the index of the search, which has tests of its own
    document.forms.search?.addEventListener("focusin", event => event.stopPropagation(), true);
    return FOCUSABLE.filter(element => {
    element.focus({ focusVisible: true, preventScroll: true });
    const shown = element.type === "radio" ? element.nextElementSibling : element;
    const style = getComputedStyle(shown);
    return document.activeElement === element
        && (style.outlineStyle === "none" || style.outlineWidth === "0px")
        && style.boxShadow === "none";
}).map(element => element.outerHTML.slice(0, 80)); })()"""
).replace("FOCUSABLE", FOCUSABLE)

TOGGLE = "document.querySelector('.md-header__option label:not([hidden])').click()"
ON_A_PHONE = f"""async () => {{
    // the page answers to its new size
    await new Promise(done => requestAnimationFrame(() => setTimeout(done)));
    return [document.documentElement.scrollWidth, {SIDEWAYS}, {OUTSIDE}];
}}"""

# Inside a drawing nothing has a part before or after it.
MOVING = """[...document.querySelectorAll("*")].filter(element =>
    (element.closest(".ie-drawing svg") ? [null] : [null, "::before", "::after"]).some(part => {
        const style = getComputedStyle(element, part);
        return parseFloat(style.transitionDuration) > 0 || parseFloat(style.animationDuration) > 0
            || style.scrollBehavior === "smooth";
    })).map(element => element.outerHTML.slice(0, 80))"""


def test_a_page_has_no_barrier(seen):
    assert _violations(seen.page) == []
    assert seen.page.evaluate(OUTSIDE) == []
    assert seen.page.evaluate(MOVING) == []


def test_figures_are_legible(seen):
    _check_contrasts(seen.page)


def _check_contrasts(page):
    assert [pair for pair in page.evaluate(CODE_CONTRASTS) if pair[0] < 4.5] == []
    found = page.evaluate(CONTRASTS)
    faint = [entry for entry in found if round(entry[1], 2) < {"text": 4.5, "mark": 3.0}[entry[0]]]
    assert faint == []
    assert len(found) > 5 or not page.evaluate("document.querySelector('.ie-drawing')")


def _gzipped(text):
    return len(gzip.compress(text.encode(), mtime=0))


def test_a_first_visit_is_light(seen, site, origin):
    # before the tests that see all of the page, which fetches what waits for that
    seen.page.wait_for_load_state("networkidle")
    names = {urlsplit(url).path.lstrip("/") for url in seen.asked if url.startswith(origin)}
    assert "search/search_index.json" not in names, "it waits until somebody searches"
    icon = seen.page.evaluate("document.querySelector('link[rel=icon]').getAttribute('href')")
    files = {site / name for name in names} | {site / "assets/images" / icon.rpartition("/")[2]}
    page = site / file_of(seen.address)
    files = {path / "index.html" if path.is_dir() else path for path in files}
    assert page in files
    sent = {path.name: len(on_the_wire(path)[1]) for path in files if path.name != "math.woff2"}
    text = page.read_text("utf-8")
    figures = _gzipped(text) - _gzipped(re.sub(r"<svg .*?</svg>", "", text, flags=re.S))
    # the lab brings forty of its own
    budget = {"notebooks": 130, "lab": 140}.get(seen.address.partition("/")[0], 100)
    assert sum(sent.values()) - figures <= budget * KIB, sent


def test_code_is_seen_in_full(seen):
    assert seen.page.evaluate(COVERED) == []


def test_copied_snippets_run_in_the_order_of_the_page(seen):
    names = {}
    if seen.address.startswith("reference/"):
        # an example of a docstring may use what its module has, as a doctest does
        ids = "[...document.querySelectorAll('h2.doc-heading[id]')].map(heading => heading.id)"
        for module in seen.page.evaluate(ids):
            names |= vars(importlib.import_module(module))
    for code, error in seen.page.evaluate(COPIED):
        assert code.strip()
        assert not re.search(r"^(>>>|\.\.\.)", code, re.M), code
        outcome = contextlib.nullcontext()
        if error:
            outcome = pytest.raises(getattr(builtins, error), match=r"\w")
        with contextlib.redirect_stdout(io.StringIO()), outcome:
            exec(compile(code, seen.address, "exec"), names)  # noqa: S102 - what a reader would do


def test_focus_shows_wherever_it_is(seen):
    assert seen.page.evaluate(WITHOUT_MARK) == []


def test_a_page_follows_the_palette_toggle(seen):
    page = seen.page
    page.evaluate("window.reloaded = false")
    colours = """[...document.querySelectorAll('body, .ie-drawing text')]
        .map(e => getComputedStyle(e)[e === document.body ? "backgroundColor" : "fill"])"""
    light = page.evaluate(colours)
    page.evaluate(TOGGLE)
    dark = page.evaluate(colours)
    assert all(one != other for one, other in zip(light, dark, strict=True))
    assert page.evaluate("window.reloaded") is False
    assert _violations(page, colours_alone=True) == []
    _check_contrasts(page)


def test_a_page_fits_a_phone(seen):
    page = seen.page
    for width in (768, 390, PHONE["width"]):
        page.set_viewport_size(PHONE | {"width": width})
        taken, sideways, outside = page.evaluate(ON_A_PHONE)
        assert taken <= width
        assert sideways == {"boxes": [], "out": [], "unreachable": []}
        assert outside == []
    assert page.evaluate(CUT) == []
    # code scrolls there, but below no button
    assert [code for fault, code in page.evaluate(COVERED) if fault == "below"] == []


def test_a_page_is_content_with_itself(seen):
    # the last one: whatever the tests above did on the page
    assert seen.complaints == []
    policy = seen.page.evaluate(
        "document.querySelector('meta[http-equiv=Content-Security-Policy]').content"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'self'"
    assert "unsafe" not in rules["script-src"]
    assert "http" not in policy


def test_the_policy_is_obeyed(browser, origin):
    context = browser.new_context()
    page = context.new_page()
    page.goto(origin)
    page.evaluate("""() => {
        window.refused = [];
        const refuse = event => refused.push(event.violatedDirective);
        document.addEventListener("securitypolicyviolation", refuse);
        const script = document.createElement("script");
        script.textContent = "window.ran = true";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "https://elsewhere.invalid/pixel.png";
        document.body.append(image);
    }""")
    page.wait_for_function("refused.length === 2")
    assert page.evaluate("[...refused].sort()") == ["img-src", "script-src-elem"]
    assert page.evaluate("window.ran") is None
    context.close()


# What a reader sees of a page's text: everything but what a closed box hides until it is opened,
# and a guess until it is made.
HIDDEN = """[...document.querySelectorAll(
    ".md-content__inner :is(h1, h2, h3, h4, p, li, td, pre, math, summary, .ie-drawing .ie-wide)"
)].filter(e => !e.closest(
    "details:not([open]) > :not(summary), .ie-guess:not(:has(:checked)) .ie-after"
)
    && !(e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
        && e.getBoundingClientRect().height > 0 && e.getBoundingClientRect().width > 0)
    && (e.textContent.trim() || e.tagName === "svg")).map(e => e.outerHTML.slice(0, 80))"""


# Opens a page in a frame of this size that runs no script, and that nobody draws.
FRAMED = """async ([address, { width, height }]) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-same-origin";
    frame.style = `visibility: hidden; border: 0; width: ${width}px; height: ${height}px`;
    frame.src = address;
    document.body.replaceChildren(frame);
    await new Promise(done => frame.onload = done);
}"""
# As seen in the frame.
INSIDE = """(({ contentDocument: document, contentWindow: { innerWidth } }) =>
    [!document.querySelector("html.no-js"), !!document.querySelector("[data-stacks]"), FOUND]
)(document.querySelector("iframe"))"""


def test_without_javascript_every_page_reads_in_full(browser, origin):
    page = browser.new_page()
    page.goto(f"{origin}assets/initexplain.css")  # a document without a policy of its own
    hidden, cut = {}, {}
    for address in ADDRESSES:
        page.evaluate(FRAMED, [origin + address, DESKTOP])
        scripts, stacks, hidden[address] = page.evaluate(INSIDE.replace("FOUND", HIDDEN))
        assert not scripts
        if len(cut) < 6 and stacks:
            # no script has a hand in it: with scripts, every page is looked at
            page.evaluate(FRAMED, [origin + address, PHONE])
            *_, cut[address] = page.evaluate(INSIDE.replace("FOUND", CUT))
    for what in (hidden, cut):
        assert {address: found for address, found in what.items() if found} == {}
    assert len(cut) == 6
    page.close()


# one page of each kind: focusing is checked everywhere, pressing a key for each step costs more
@pytest.mark.parametrize("address", ["", "notebooks/the-swap/", "reference/code/curves/"])
def test_the_tab_key_reaches_everything(address, visit):
    page = visit(address, reduced_motion="reduce")
    page.evaluate("""() => {
        window.reached = new Set();
        document.addEventListener("focusin", e => reached.add(e.target));
    }""")
    # twice around: buttons and scrolling boxes are added while their snippets come into view
    for _ in range(2 * page.evaluate(f"{FOCUSABLE}.length")):
        page.keyboard.press("Tab")
    missed = page.evaluate(f"""{FOCUSABLE}.filter(e => !reached.has(e) && e.type !== "radio")
        .map(e => e.outerHTML.slice(0, 160))""")
    if address.startswith("reference/"):
        # there a button appears when its snippet comes into view: one step may pass over it
        missed = [element for element in missed if "data-clipboard-target" not in element]
    assert missed == []
    groups = page.evaluate(
        "new Set([...document.querySelectorAll('[type=radio]')].map(e => e.name)).size"
    )
    assert page.evaluate("[...reached].filter(e => e.type === 'radio').length") == groups


def test_the_keyboard_opens_the_menu_of_a_phone(visit):
    page = visit("symmetry/row-symmetry/", viewport=PHONE, reduced_motion="reduce")
    page.evaluate(axe.Axe().axe_script)
    assert _violations(page) == []
    _press_until(page, "label[for=__drawer]")
    assert page.locator("#__drawer").is_checked()
    section = page.locator(".md-nav__link[for^=__nav_]", has_text="Bias safety").first
    box = section.get_attribute("for")
    _press_until(page, f".md-nav__link[for={box}]")
    assert page.locator(f"#{box}").is_checked()


def _press_until(page, selector, steps=60):
    """Moves on with the tab key until an element has the focus, and presses Enter."""
    for _ in range(steps):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            page.keyboard.press("Enter")
            return
    pytest.fail(f"{selector} is out of the keyboard's reach")


def test_reduced_motion_stops_scrolling_scripts_too(visit):
    page = visit("reference/signal/", reduced_motion="reduce")
    at_once = """() => {
        document.documentElement.scrollTo({ top: 2000, behavior: "smooth" });
        return scrollY;
    }"""
    assert page.evaluate(at_once) == 2000


MANY_LETTERS = "scale/edge-of-chaos/"


@pytest.fixture(scope="module")
def plain_fonts(tmp_path_factory):
    """A folder of fonts without mathematics, and settings that let a program see no other."""
    folder = tmp_path_factory.mktemp("fonts")
    shutil.copy(Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", folder)
    settings = folder / "fonts.conf"
    settings.write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f"<dir>{folder}</dir><cachedir>{folder / 'cache'}</cachedir></fontconfig>"
    )
    return folder, settings


def _letters(playwright, origin, settings, blocked=False):
    """`(letters that look alike, whether the font was fetched)` in a browser with these fonts."""
    running = launch(playwright, env={**os.environ, "FONTCONFIG_FILE": str(settings)})
    page, asked = running.new_page(), []
    page.on("request", lambda request: asked.append(request.url))
    if blocked:
        page.route("**/*.woff2", lambda route: route.abort())
    page.goto(origin + MANY_LETTERS)
    page.evaluate("document.fonts.ready")
    texts = page.locator("article math mi").all_text_contents()
    distinct = sorted({text for text in texts if len(text) == 1})
    # each in a square of its own, so that no letter stands between two pixels
    style = "div { width: 40px; height: 40px } math { font-size: 20px } body { margin: 0 }"
    page.add_style_tag(content=style)
    page.evaluate(
        """letters => {
            const square = letter => `<div><math><mi>${letter}</mi></math></div>`;
            document.body.innerHTML = letters.map(square).join("");
        }""",
        distinct,
    )
    picture = mpl.image.imread(io.BytesIO(page.screenshot(full_page=True)))
    looks = {}
    for number, text in enumerate(distinct):
        looks.setdefault(picture[40 * number : 40 * number + 40, :40].tobytes(), []).append(text)
    fetched = f"{origin}assets/math.woff2" in asked
    running.close()
    assert len(distinct) > 5
    return [alike for alike in looks.values() if len(alike) > 1], fetched


def test_mathematics_shows_where_there_is_no_font_for_it(playwright, origin, plain_fonts):
    _, settings = plain_fonts
    alike, fetched = _letters(playwright, origin, settings)
    assert (alike, fetched) == ([], True)
    # without the font, the letters are boxes: all alike, so the comparison above can fail
    alike, _ = _letters(playwright, origin, settings, blocked=True)
    assert max(map(len, alike)) > 3


def test_the_font_is_not_fetched_where_there_is_one(playwright, origin, plain_fonts):
    folder, settings = plain_fonts
    shutil.copy(mathml.font_file(), folder)
    alike, fetched = _letters(playwright, origin, settings)
    assert (alike, fetched) == ([], False)
