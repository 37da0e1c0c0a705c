"""Search, definitions in place, paper and lost readers, in a real browser."""

import pytest
from browsing import DESKTOP, PHONE, contrast

# what readers ask, and where the first result must lead: a page, or a section of it
QUESTIONS = {
    "why may biases start at zero": "biases/zero-biases/",
    "why are all zero weights bad": "symmetry/freeze-or-clone/",
    "why not random biases and zero weights": "biases/the-swap/",
    "why torch uses sqrt 5": "questions/#why-does-pytorch",
    "uniform or normal": "scale/framework-defaults/#uniform-or-normal",
    "is a zero bias the same as no bias": "questions/#is-a-zero-bias",
    "logistic regression zero weights": "questions/#why-does-logistic-regression",
    "does rounding break symmetry": "symmetry/breaking-symmetry/#rounding",
    "batch normalization": "questions/#does-batch-normalization",
    "adam": "questions/#does-adam",
    "dropout": "questions/#does-dropout",
    "reused seed": "questions/#does-a-reused-seed",
    "how much noise is enough": "questions/#how-much-noise",
    "dead relu": "questions/#does-a-small-positive-bias",
    "forget gate bias": "biases/nonzero-biases/#the-forget-gate",
    "log prior odds output bias": "biases/nonzero-biases/#the-output",
    "xavier tanh variance": "questions/#does-tanh-with-xaviers",
    "lecun tanh constants": "scale/linear-region/#lecuns-constants",
    "rows or columns": "symmetry/row-symmetry/#rows-or-columns",
    "redundant units": "symmetry/redundancy/",
    "keras default initializer": "scale/framework-defaults/",
    "saturation": "scale/linear-region/",
    "gradient to weight ratio": "scale/gradient-ratio/",
    "edge of chaos": "scale/edge-of-chaos/",
    "which initialization should i use": "questions/#which-initialization",
    "lora zero": "biases/fine-zeros/",
}
FIRST_RESULT = """[...document.querySelector('.md-search-result__item').querySelectorAll('a')]
    .slice(0, 2).map(link => link.pathname.slice(1) + link.hash)"""


def test_search_answers_what_readers_ask(visit):
    page = visit("")
    page.keyboard.press("f")
    field = page.locator(".md-search__input")
    missed = []
    for question, expected in QUESTIONS.items():
        page.evaluate(
            "document.querySelectorAll('.md-search-result__item')"
            ".forEach(item => item.setAttribute('data-seen', ''))"
        )
        field.fill(question)
        field.press("End")  # the theme listens to keys
        page.locator(".md-search-result__item:not([data-seen])").first.wait_for()
        found = page.evaluate(FIRST_RESULT)
        if not any(address.startswith(expected) for address in found):
            missed.append(f"{question!r} must lead to {expected}, and leads to {found[0]}")
    remedy = "give the expected section the words of the question, or the new page a lower `boost`"
    assert not missed, "; ".join([*missed, f"{remedy} (`search:` in its front matter)"])
    page.locator(".md-search-result__link").first.click()
    page.wait_for_url("**/biases/fine-zeros/**")
    page.locator("mark[data-md-highlight]").first.wait_for()


TERM, DEFINITION = ".ie-term[href$='#term-redundant']", ".md-tooltip2--active[role=tooltip]"


def test_a_term_is_explained_on_hover_and_focus(visit):
    page = visit("symmetry/redundancy/")
    page.locator(TERM).hover()
    page.locator(DEFINITION, has_text="together they do the work of one").wait_for()
    page.mouse.move(0, 0)
    page.locator(DEFINITION).wait_for(state="detached")
    page.locator(TERM).focus()
    page.locator(DEFINITION, has_text="together they do the work of one").wait_for()
    described = page.locator(TERM).get_attribute("aria-describedby")
    assert page.locator(f"#{described}[role=tooltip]").count() == 1


def test_a_term_is_explained_on_the_first_touch_and_followed_on_the_second(visit):
    page = visit("symmetry/redundancy/", viewport=PHONE, has_touch=True)
    page.locator(TERM).tap()
    page.locator(DEFINITION, has_text="together they do the work of one").wait_for()
    assert page.url.endswith("/symmetry/redundancy/")
    page.locator(TERM).tap()
    page.wait_for_url("**/glossary/#term-redundant")


@pytest.mark.parametrize("script", [True, False])
def test_paper_is_light_and_carries_the_text_alone(script, visit):
    how = {"color_scheme": "dark", "java_script_enabled": script}
    # or the theme fades from colour to colour
    page = visit("symmetry/row-symmetry/", reduced_motion="reduce", **how)
    page.emulate_media(media="print")
    for hidden in (".md-header", ".md-sidebar", ".md-footer", ".md-content__button", ".ie-source"):
        assert not page.locator(hidden).first.is_visible(), hidden
    assert page.locator(".ie-guess .ie-after").first.is_visible()
    colour = "element => getComputedStyle(element).color"
    fill = "element => getComputedStyle(element).fill"
    inks = [
        page.locator("article p").first.evaluate(colour),
        page.locator("article pre code").first.evaluate(colour),
        page.locator(".ie-drawing text").first.evaluate(fill),
    ]
    assert min(contrast(ink, "rgb(255, 255, 255)") for ink in inks) >= 4.5, inks
    figure = page.locator(".ie-figure").first
    assert figure.evaluate("element => getComputedStyle(element).breakInside") == "avoid"
    page = visit("reference/code/curves/", **how)
    assert not page.locator("details pre").first.is_visible()
    page.emulate_media(media="print")
    assert page.locator("details pre").first.is_visible()


def test_a_lost_reader_sees_the_address_and_can_search(browser, origin):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{origin}no/such/page/")
    assert page.locator(".ie-missing code").inner_text() == "/no/such/page/"
    assert page.locator(".md-header").evaluate("e => getComputedStyle(e).position") == "sticky"
    page.keyboard.press("f")
    page.keyboard.type("freeze")
    page.locator(".md-search-result__item").first.wait_for()
    page.keyboard.press("Escape")
    page.locator("article").get_by_role("link", name="Row symmetry").click()
    page.wait_for_url("**/symmetry/row-symmetry/")
    context.close()
