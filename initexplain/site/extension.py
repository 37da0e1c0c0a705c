"""The Python-Markdown extension: figures, numbers with their source, guesses, verdicts, MathML.

It knows Markdown and nothing of the program that builds the site.
"""

import html
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.extensions import Extension
from markdown.inlinepatterns import InlineProcessor
from markdown.postprocessors import Postprocessor
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from pymdownx.arithmatex import ArithmatexExtension

from initexplain.site import claims, glossary, guesses, mathml, prose, results, scanning
from initexplain.site.svg import labelled

FIGURE = "figure:"
# to a page, not to a place in the same one, as the lines of code have
_RAW_LINK = re.compile(r"<(?:a|img)\b[^>]*\b(?:href|src)=(?![\"']?(?:#|[a-z]+:))", re.IGNORECASE)


class PageError(ValueError):
    """What is wrong with a page: one line for each figure, number or formula that failed."""


class InitexplainExtension(Extension):
    """Registers what happens to a page; `markdown_extensions: [initexplain.site]` names it."""

    def __init__(self, **config: object) -> None:
        self.config = {"glossary": ["", "the glossary page; no term is marked without one"]}
        super().__init__(**config)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Adds TeX parsing (pymdownx.arithmatex), and each step of a page at its place."""
        ArithmatexExtension(generic=True, smart_dollar=True).extendMarkdown(md)
        page = _Page(md, self.getConfig("glossary"))
        # each gets a method of the page for the one that a subclass would have
        claim: Any = InlineProcessor(claims.LINK.pattern, md)
        claim.handleMatch = page.claim
        # before "link" (160), which takes what is not written as a claim
        md.inlinePatterns.register(claim, "claim", 165)
        steps = {
            # after "inline" (20), so that links, images and formulas are elements by then
            15: page.replace,
            # after "attr_list" (8), which gives the headings of the glossary their ids
            7: page.link_terms,
            # after "toc" (5), which gives the headings their ids
            4: page.mark_verdicts,
            # after what takes the headings of a page
            -100: page.end,
        }
        for priority, method in steps.items():
            step: Any = Treeprocessor(md)
            step.run = method
            md.treeprocessors.register(step, f"initexplain {method.__name__}", priority)
        # last, when everything is HTML
        check: Any = Postprocessor(md)
        check.run = page.check
        md.postprocessors.register(check, "initexplain", 0)


class _Page:
    """The page at hand: the steps that make it, and what is wrong with it."""

    def __init__(self, md: Markdown, glossary: str) -> None:
        self.md, self.glossary = md, glossary
        # what fails for each of its numbers is named once
        self.failures: dict[str, None] = {}
        self.whole = False  # until then, the HTML is that of a heading, alone

    def claim(self, match: re.Match[str], _: str) -> tuple[Element, int, int]:
        """The element for a claim: its number as written, with the way to what computes it."""
        number, source = match["text"].strip(), ""
        try:
            source = claims.check(number, match["name"])
        except (ValueError, RuntimeError) as error:
            self.failures[str(error)] = None
        span = Element("span", {"class": "ie-claim"})
        if match["word"]:
            span.set(prose.BESIDE, match["word"])
        title = {"title": claims.in_words(match["name"])}
        span.append(_source_link(source, claims.typeset(number), title))
        return span, match.start(), match.end()

    def replace(self, root: Element) -> None:
        """Puts figures, formulas, guesses and wide tables in the place of what stands for them."""
        self.drawn: set[str] = set()
        self._each(self.md.htmlStash.rawHtmlBlocks, self._raw)
        self._each(root.iter("p"), self._figure)
        self._each(root.iter("a"), self._link)
        # while a formula is still TeX
        self._each(root.iter("table"), scanning.label_cells)
        self._each(root.iterfind(".//*[@class='arithmatex']"), self._formula)
        asked = enumerate(root.iterfind(f".//div[@class='{guesses.CLASS}']"), 1)
        self._each(asked, lambda guess: guesses.to_fieldset(*guess))

    def link_terms(self, root: Element) -> None:
        """Links the terms of the glossary."""
        if self.glossary:
            glossary.link_terms(root, Path(self.glossary))

    def mark_verdicts(self, root: Element) -> None:
        """Marks the verdicts, and puts a table of them where one is wanted."""
        self._each([root], scanning.mark_verdicts)

    def end(self, _: Element) -> None:
        """The element tree is complete: what is checked next is the page."""
        self.whole = True

    def check(self, text: str) -> str:
        """The HTML of the page, without what was for the check alone.

        It is looked at as a reader will, and all that has failed is reported at once.

        Raises:
            PageError: a figure, a number or a formula failed.
        """
        if not self.whole:
            return text
        self.whole = False
        failures = dict.fromkeys([*self.failures, *prose.left_over(text), *prose.changed(text)])
        self.failures.clear()
        if failures:
            raise PageError("".join(f"\n  - {failure}" for failure in failures))
        return re.sub(rf' {prose.BESIDE}="[^"]*"', "", text)

    def _each(self, elements: Iterable[Any], replace: Callable[[Any], None]) -> None:
        for element in list(elements):
            try:
                replace(element)
            except (ValueError, RuntimeError) as error:
                self.failures[str(error)] = None

    def _raw(self, block: object) -> None:
        """HTML in the page goes by the check of links."""
        if isinstance(block, str) and (found := _RAW_LINK.search(block)):
            start = block[found.start() : found.end() + 20]
            raise ValueError(f"{start!r}: write the link in Markdown, in HTML it is not checked")

    def _link(self, link: Element) -> None:
        if link.find(".//span[@class='ie-claim']") is not None:
            text = "".join(link.itertext())
            raise ValueError(f"the link {text!r} has a number in it, which is a link of its own")

    def _figure(self, paragraph: Element) -> None:
        """A paragraph that starts with a figure: the figure, and its caption."""
        image = paragraph.find("*")
        if image is None or image.tag != "img" or (paragraph.text or "").strip():
            return
        source, label = image.get("src", ""), image.get("alt", "").strip()
        if not source.lower().startswith(FIGURE):
            return
        name = source[len(FIGURE) :]
        image.set("src", "")  # it is not misplaced
        caption = Element("figcaption")
        caption.text, image.tail = (image.tail or "").lstrip(), None
        caption.extend(paragraph[1:])
        faults = {
            f"no alt text; write ![what it shows](figure:{name})": not label,
            "alt text is read aloud and cannot hold a formula": r"\(" in label,
            "it stands on this page already, a name is unique": name in self.drawn,
            f"takes no attributes, found {caption.text}": caption.text.startswith("{"),
            "no caption; write it below the image": not "".join(caption.itertext()).strip(),
        }
        for fault in (text for text, holds in faults.items() if holds):
            raise ValueError(f"figure {name}: {fault}")
        self.drawn.add(name)
        drawing, source = results.figure(name)
        if len(caption):
            caption[-1].tail = f"{(caption[-1].tail or '').rstrip()} "
        else:
            caption.text = f"{caption.text.rstrip()} "
        caption.append(_source_link(source, "Code of this figure", {"class": "ie-source"}))
        paragraph.clear()
        paragraph.tag = "figure"
        paragraph.attrib |= {"class": "ie-figure", "id": f"figure-{re.sub('[._]', '-', name)}"}
        box = SubElement(paragraph, "div", {"class": "ie-drawing"})
        box.text = AtomicString(self.md.htmlStash.store(labelled(drawing, label)))
        paragraph.append(caption)

    def _formula(self, element: Element) -> None:
        """A formula that arithmatex found: MathML in its place."""
        display = element.tag == "div"
        tex = (element.text or "").strip()[2:-2]
        if (element.tail or "").startswith("$"):
            raise ValueError(f"TeX {tex!r}: $$ stands in a paragraph of its own")
        # arithmatex escapes blocks, and only those
        parts = html.unescape(tex).split(r"\qquad") if display else [tex]
        # one element for each formula of a row, so that the row breaks between them on a phone
        markup = "".join(mathml.to_mathml(part, display=display) for part in parts)
        element.attrib = {"class": "ie-formula", "data-search-exclude": ""}
        if display:
            element.set("tabindex", "0")  # scrolls by keyboard where it is wider than the page
        tail = element.tail or ""
        rest = tail.lstrip(".,:;") if not display else tail
        # a comma goes into the element, which no line breaks
        element.text = AtomicString(self.md.htmlStash.store(markup) + tail[: len(tail) - len(rest)])
        element.tail = rest


def _source_link(source: str, text: str, attributes: dict[str, str]) -> Element:
    """A link to the source of a Python object, resolved where the reference is known."""
    # mkdocstrings' own element: MkDocs and Zensical turn it into a link to the reference pages
    link = Element("autoref", {"identifier": source, **attributes})
    link.text = AtomicString(text)
    return link
