"""The glossary page, and its terms where another page first uses them.

The page is the only source: a term is a heading, its definition the first paragraph below.
"""

import re
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element

from markdown.util import AtomicString

# the term is emphasized: a heading without text of its own gets no title, which would stand in
# the way of the definition
_ENTRY = re.compile(
    r'## \*(?P<term>[^*\n]+)\* \{ #(?P<anchor>term-[a-z-]+)(?: data-forms="(?P<forms>[^"\n]*)")? \}'
    r"\n\n(?P<definition>(?:.+\n)+)"
)
_NOT_IN_A_TITLE = re.compile(r'["<>&*`$\[\]\\]')
# what has a look or a meaning of its own, or was written by somebody else, as titles are; of a
# guess, a part is hidden
_LEFT_ALONE = re.compile("a|autoref|blockquote|code|em|fieldset|h[1-6]|pre|summary|table")


class Entry(NamedTuple):
    """A term of the glossary: its heading with its id, and the first paragraph as plain text."""

    term: str
    anchor: str
    definition: str
    pattern: re.Pattern[str]  # the term and its other forms, as words of their own


def entries(page: str) -> list[Entry]:
    r"""The entries of a glossary page.

    Args:
        page: its Markdown. Other forms of a term stand in its heading, separated by commas.

    Raises:
        ValueError: a heading is no term with a definition in plain text.

    Examples:
        >>> [entry] = entries('## *Clone* { #term-clone data-forms="clones" }\n\nA copy.\n')
        >>> entry.term, entry.definition, bool(entry.pattern.search("two Clones"))
        ('Clone', 'A copy.', True)
    """
    found = []
    for section in re.split(r"^(?=## )", page, flags=re.M)[1:]:
        match = _ENTRY.match(section)
        if match is None or _NOT_IN_A_TITLE.search(match["definition"]):
            raise ValueError(
                f"glossary: {section.splitlines()[0]!r} is not followed by a definition in plain "
                "text, or is not written as ## *Term* { #term-name }"
            )
        forms = sorted([match["term"], *(match["forms"] or "").split(",")], key=len, reverse=True)
        words = "|".join(word.strip() for word in forms if word.strip())
        # in any case, across a line break, with either apostrophe
        shape = re.sub(r"\s+", r"\\s+", words).replace("'", "['’]")
        pattern = re.compile(rf"(?<![\w-])(?:{shape})(?![\w-])", re.IGNORECASE)
        definition = " ".join(match["definition"].split())
        found.append(Entry(match["term"], match["anchor"], definition, pattern))
    return found


def link_terms(root: Element, path: Path) -> None:
    """Links the first use of each term in the running text of a page to its definition.

    A page has a title, which a docstring among others has not. The glossary stays as it is.

    Args:
        root: the page.
        path: where the glossary is.
    """
    in_glossary = any(h.get("id", "").startswith("term-") for h in root.iter("h2"))
    if root.find("h1") is None or in_glossary:
        return
    pending = entries(path.read_text(encoding="utf-8"))
    for block in list(root):
        _walk(block, pending)


def _walk(element: Element, pending: list[Entry]) -> None:
    if _LEFT_ALONE.fullmatch(element.tag):
        return
    if element.tag == "strong":
        # words that the page itself explains here are left as they are, here and below
        text = "".join(element.itertext()).strip(" .:")
        defined = [entry for entry in pending if entry.pattern.fullmatch(text)]
        pending[:] = [entry for entry in pending if entry not in defined]
        if defined:
            return
    _mark(element, None, pending)
    for child in list(element):
        _walk(child, pending)
        _mark(element, child, pending)


def _mark(parent: Element, before: Element | None, pending: list[Entry]) -> None:
    """Links the terms in the text after a child, or in the text before the first one."""
    text = (parent.text if before is None else before.tail) or ""
    found = [(m, entry) for entry in pending if (m := entry.pattern.search(text))]
    if isinstance(text, AtomicString) or not found:
        return
    match, entry = min(found, key=lambda pair: (pair[0].start(), -pair[0].end()))
    pending.remove(entry)
    # mkdocstrings' own element, as in the extension: it knows where the glossary is
    shown = {"identifier": entry.anchor, "class": "ie-term", "title": entry.definition}
    link = Element("autoref", shown)
    link.text, link.tail = match[0], text[match.end() :]
    if before is None:
        parent.text, position = text[: match.start()], 0
    else:
        before.tail, position = text[: match.start()], list(parent).index(before) + 1
    parent.insert(position, link)
    _mark(parent, link, pending)
