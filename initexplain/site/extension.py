"""The Python-Markdown extension: figures by name, numbers with their source, MathML.

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
from markdown.treeprocessors import Treeprocessor
from markdown.util import AtomicString
from pymdownx.arithmatex import ArithmatexExtension

from initexplain.site import claims, mathml, results
from initexplain.site.glossary import GlossaryProcessor
from initexplain.site.svg import inline_svg

FIGURE, CLAIM = "figure:", "claim:"
_RAW = re.compile(rf"<[^>]*\b(?:src|href)=[\"']?((?:{FIGURE}|{CLAIM})[\w.]*)", re.IGNORECASE)


class PageError(ValueError):
    """What is wrong with a page: one line for each figure, number or formula that failed."""


class InitexplainExtension(Extension):
    """Registers the processors; `markdown_extensions: [initexplain.site]` names it."""

    def __init__(self, **config: object) -> None:
        self.config = {"glossary": ["", "the glossary page; no term is marked without one"]}
        super().__init__(**config)

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 - Markdown's name
        """Adds TeX parsing (pymdownx.arithmatex) and this extension's tree processors."""
        ArithmatexExtension(generic=True, smart_dollar=True).extendMarkdown(md)
        # after "inline" (20), so that links, images and formulas are elements by then
        md.treeprocessors.register(PageProcessor(md), "initexplain", 15)
        if glossary := self.getConfig("glossary"):
            # after "attr_list" (8), which gives the headings of the glossary their ids
            md.treeprocessors.register(GlossaryProcessor(Path(glossary)), "glossary", 7)


class PageProcessor(Treeprocessor):
    """Replaces figure images, claim links and formulas in the element tree of a page."""

    md: Markdown

    def run(self, root: Element) -> None:
        """Works through the page and reports all of its failures at once.

        Raises:
            PageError: a figure, a number or a formula failed.
        """
        self.failures: dict[str, None] = {}  # what fails for each of its numbers is named once
        self.drawn: set[str] = set()
        self._each(self.md.htmlStash.rawHtmlBlocks, self._raw)
        self._each(root.iter("p"), self._figure)
        self._each(root.iter("img"), self._misplaced_figure)
        self._each(root.iter("a"), self._claim)
        self._each(root.iter("span"), self._formula)
        self._each(root.iter("div"), self._formula)
        if self.failures:
            raise PageError("".join(f"\n  - {failure}" for failure in self.failures))

    def _each(self, elements: Iterable[Element | str], replace: Callable[[Any], None]) -> None:
        for element in list(elements):
            try:
                replace(element)
            except (ValueError, RuntimeError) as error:
                self.failures[str(error)] = None

    def _raw(self, block: object) -> None:
        """HTML in the page goes by all checks: what belongs to this extension fails there."""
        if isinstance(block, str) and (found := _RAW.search(block)):
            raise ValueError(
                f"{found[1]}: write it in Markdown, in HTML it is neither computed nor checked"
            )

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
        document, source = results.figure(name)
        svg = inline_svg(document, name=name, label=label, variables=results.css_variables())
        if len(caption):
            caption[-1].tail = f"{(caption[-1].tail or '').rstrip()} "
        else:
            caption.text = f"{caption.text.rstrip()} "
        caption.append(_source_link(source, "Code of this figure", {"class": "ie-source"}))
        paragraph.clear()
        paragraph.tag = "figure"
        paragraph.attrib |= {"class": "ie-figure", "id": f"figure-{re.sub('[._]', '-', name)}"}
        box = SubElement(paragraph, "div", {"class": "ie-drawing", "tabindex": "0"})
        box.text = AtomicString(self.md.htmlStash.store(svg))
        paragraph.append(caption)

    def _misplaced_figure(self, image: Element) -> None:
        source = image.get("src", "")
        if source.lower().startswith(FIGURE):
            raise ValueError(f"{source}: a figure stands at the start of a paragraph of its own")

    def _claim(self, link: Element) -> None:
        """A link to a value: the number as written, with the way to what computes it."""
        target = link.get("href", "")
        if not target.lower().startswith(CLAIM):
            return
        text, tail = "".join(link.itertext()), link.tail
        source = claims.check(text, target[len(CLAIM) :])
        link.clear()
        link.tag, link.tail = "span", tail
        link.set("class", "ie-claim")
        link.append(_source_link(source, claims.typeset(text), {}))

    def _formula(self, element: Element) -> None:
        """A formula that arithmatex found: MathML in its place."""
        if element.get("class") != "arithmatex":
            return
        display = element.tag == "div"
        tex = (element.text or "").strip()[2:-2]
        if (element.tail or "").startswith("$"):
            raise ValueError(f"TeX {tex!r}: $$ stands in a paragraph of its own")
        # arithmatex escapes blocks, and only those
        markup = mathml.to_mathml(html.unescape(tex) if display else tex, display=display)
        element.attrib = {"class": "ie-formula", "data-search-exclude": ""}
        if display:
            element.set("tabindex", "0")  # scrolls by keyboard where it is wider than the page
        element.text = AtomicString(self.md.htmlStash.store(markup))


def _source_link(source: str, text: str, attributes: dict[str, str]) -> Element:
    """A link to the source of a Python object, resolved where the reference is known."""
    # mkdocstrings' own element: MkDocs and Zensical turn it into a link to the reference pages
    link = Element("autoref", {"identifier": source, **attributes})
    link.text = AtomicString(text)
    return link
