"""A guess on a page: how it is written, what is refused, and what a browser makes of it."""

import re

import markdown
import pytest
from browsing import DESKTOP, PHONE
from bs4 import BeautifulSoup
from conftest import DOCS

from initexplain.site.extension import PageError

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")


def written(*answers, question="Which *move*?", after="The biases: $b$ has a gradient."):
    listed = "\n".join(f"    - {answer}" for answer in answers)
    return f'# Page\n\n!!! guess "{question}"\n{listed}\n\n    {after}\n'


def render(text):
    html = markdown.markdown(text, extensions=["admonition", "initexplain.site"])
    return BeautifulSoup(html, "html.parser")


GOOD = written("[ ] All", "[x] Only `b`\n      and no other", "[ ] None")


def test_a_guess_is_a_named_group_of_named_buttons():
    group = render(GOOD).fieldset
    assert " ".join(group.legend.get_text().split()) == "Your guess Which move?"
    names = [
        (" ".join(group.find("label", attrs={"for": button["id"]}).span.get_text().split()))
        for button in group.find_all("input", type="radio")
    ]
    assert names == ["All", "Only b and no other", "None"]
    assert [c.get_text()[:4] for c in group.select(".ie-right label > span")] == ["Only"]
    assert group.select_one(".ie-after p").math is not None


def test_guesses_of_a_page_are_groups_of_their_own():
    buttons = render(GOOD + GOOD).find_all("input")
    assert len({button["id"] for button in buttons}) == 6
    assert len({button["name"] for button in buttons}) == 2


def test_empty_lines_between_answers_change_nothing():
    loose = GOOD.replace("\n    - ", "\n\n    - ")
    assert str(render(loose)) == str(render(GOOD))


TWO = "[ ] All", "[x] None"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (written(*TWO, question="Which move"), "its title is no question"),
        (written(*TWO, question=""), "its title is no question"),
        (written("[x] All"), "it has 1 answers"),
        (written(*TWO, "[ ] a", "[ ] b", "[ ] c"), "it has 5 answers"),
        (written("[ ] All", "[ ] None"), "0 of its answers are right"),
        (written("[X] All", "[x] None"), "2 of its answers are right"),
        (written(*TWO, "Some"), r"an answer starts with neither \[ \] nor \[x\]"),
        (written(*TWO, "[x]Some"), r"an answer starts with neither \[ \] nor \[x\]"),
        (written(*TWO, "[ ] [Some](https://x.invalid)"), "an answer has a link or a claim in it"),
        (written(*TWO, "[ ] [6](claim:row_symmetry.units)"), "an answer has a link or a claim"),
        (written(*TWO, after=""), "nothing says what happened"),
        ('!!! guess "Which move?"\n    The biases.\n', "it has 0 answers"),
    ],
)
def test_what_is_no_guess_fails_and_says_what_to_write(text, fault):
    with pytest.raises(PageError, match=rf"guess '.*': {fault}.*write !!! guess \"A question\?\""):
        render(text)


SOURCES = {path: path.read_text("utf-8") for path in sorted(DOCS.rglob("*.md"))}
GUESSED = [path for path, text in SOURCES.items() if "!!! guess" in text]


@pytest.mark.parametrize("path", GUESSED, ids=lambda path: path.stem)
def test_a_guess_stands_before_the_first_figure(path):
    before = SOURCES[path].partition("](figure:")[0]
    assert "!!! guess" in before


def test_searches_find_no_answer_without_its_question(site, pages):
    address = "symmetry/row-symmetry/index.html"
    text = pages[address].select_one(".ie-answer.ie-right > label > span").get_text()
    index = (site / "search" / "search_index.json").read_text("utf-8")
    assert text not in index
    assert pages[address].h1.find(string=True) in index


# What is to be seen of the first guess: the text below its answers, and how each one is marked.
SHOWN = """(() => {
    const group = document.querySelector(".ie-guess");
    const text = e => e.checkVisibility() ? e.innerText.replace(/\\s+/g, " ").trim() : "";
    return [!!text(group.querySelector(".ie-after")), ...[...group.querySelectorAll(".ie-answer")]
        .map(answer => [answer.matches(".ie-right"), text(answer.querySelector(".ie-mark"))])];
})()"""
PAGE = "symmetry/row-symmetry/"


def _places(page):
    """The numbers of the right answer and of a wrong one."""
    right = [answer[0] for answer in page.evaluate(SHOWN)[1:]].index(True) + 1
    return right, 1 if right > 1 else 2


def _marks(page):
    """How the answers that are marked are marked, by number."""
    _, *answers = page.evaluate(SHOWN)
    return {place: mark for place, (_, mark) in enumerate(answers, 1) if mark}


def test_a_choice_shows_the_answer_without_a_script(visit):
    page = visit(PAGE, java_script_enabled=False)
    right, wrong = _places(page)
    assert not page.evaluate(SHOWN)[0]
    assert _marks(page) == {}
    page.locator(f"label[for=guess-1-{wrong}]").click()
    assert page.evaluate(SHOWN)[0]
    assert _marks(page) == {wrong: "✗ your guess", right: "✓ right"}
    page.locator(f"label[for=guess-1-{right}]").click()
    assert _marks(page) == {right: "✓ right, your guess"}


def test_the_keyboard_chooses_and_a_reader_is_told(visit):
    page = visit(PAGE)
    page.get_by_role("group", name=re.compile("^Your guess")).get_by_role("radio").first.focus()
    page.keyboard.press("ArrowDown")
    assert page.evaluate(SHOWN)[0]
    # the glyph is an ornament, the word belongs to the name
    chosen = page.get_by_role("radio", checked=True, name=re.compile("^[^✗✓]*your guess$"))
    assert chosen.get_attribute("id") == "guess-1-2"
    assert page.locator(".ie-guess [aria-live=polite] .ie-after").first.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_an_answered_guess_has_no_barrier(visit, scheme, size):
    page = visit(PAGE, viewport=size, color_scheme=scheme, reduced_motion="reduce")
    page.locator("label[for=guess-1-1]").click()
    page.evaluate(axe.Axe().axe_script)
    found = page.evaluate("axe.run('.ie-guess', { resultTypes: ['violations'] })")
    assert [violation["id"] for violation in found["violations"]] == []
    heights = page.evaluate(
        "[...document.querySelectorAll('.ie-answer label')].map(e => e.offsetHeight)"
    )
    assert min(heights) >= 24
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]


def test_paper_has_all_of_it(visit):
    page = visit(PAGE)
    page.emulate_media(media="print")
    right, _ = _places(page)
    assert page.evaluate(SHOWN)[0]
    assert _marks(page) == {right: "✓ right"}
