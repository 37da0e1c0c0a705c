"""What stands around the numbers of a page: text that changes them, the word that belongs there.

It reads the HTML of a page as a reader does, whatever Markdown that was.
"""

import html
import re
from collections.abc import Iterator

BESIDE = "data-beside"
"""The attribute of a number that holds the word which stands beside it."""

# 1: the word, 2: the number
_NUMBER = re.compile(rf'<span class="ie-claim"(?: {BESIDE}="([^"]*)")?[^>]*>(.*?)</span>', re.S)
_MARKED = re.compile("\x01([^\x01-\x03]*)\x02([^\x01-\x03]*)\x03")
_CELL = re.compile(r"</?t[dh]\b[^>]*>")
_BLOCK = re.compile(
    r"</?(?:blockquote|br|d[dlt]|details|div|figcaption|figure|h[1-6]|hr|li|[ou]l|p|pre|summary|"
    r"table|tr)\b[^>]*>"
)
# what may touch a number, and what next to it makes another number of it
_BEFORE = re.compile(r"""(?:^|[\s(\[“‘"'—/|])$""")
_AFTER = re.compile(r"""$|[\s;:!?)\]”’"'…—/|]|[.,](?![0-9])|-(?=[A-Za-z])""")
_NEGATES = re.compile(r"(?:−|\b(?:minus|negative))[^\S\t]*$", re.IGNORECASE)
_SCALES = re.compile(
    r"[^\S\t]*(?:[%‰]|per\s?cent|(?:hundred|thousand|million|billion|trillion)s?\b|e[-−+]?[0-9]"
    r"|(?:[x×·⋅*]|times)\s*(?:10|ten\b))",
    re.IGNORECASE,
)


def faults(page: str) -> Iterator[str]:
    """What is wrong with the text around the numbers in the HTML of a page.

    Examples:
        >>> [fault] = faults('<p>It lost <span class="ie-claim">98</span> % of it.</p>')
        >>> print(fault.partition(";")[0])
        “It lost 98 % of it.”: what stands beside 98 changes it
    """
    text = _NUMBER.sub("\x01\\1\x02\\2\x03", page)
    text = _BLOCK.sub("\x04", _CELL.sub("\t", text))
    text = html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", text, flags=re.DOTALL))
    for block in text.split("\x04"):
        yield from _faults_of_block(block)


def _faults_of_block(block: str) -> Iterator[str]:
    parts = _MARKED.split(block)
    texts, words, numbers = parts[::3], parts[1::3], parts[2::3]
    # a number that another one touches is as wrong as one that a digit touches
    texts[1:-1] = [text or "0" for text in texts[1:-1]]
    for before, word, number, after in zip(texts, words, numbers, texts[1:], strict=False):
        where = " ".join(f"{before[-30:]}{number}{after[:30]}".split())
        kept = _BEFORE.search(before) and _AFTER.match(after)
        if not kept or _NEGATES.search(before) or _SCALES.match(after):
            yield (
                f"“{where}”: what stands beside {number} changes it; write all of the number "
                "between the brackets, as [-3](claim:...), [98 %](claim:...) or [9.8e4](claim:...)"
            )
        beside = " ".join(texts) if "\t" in block else f"{before} {after}"  # a row is one sentence
        if word and not re.search(rf"\b{re.escape(word)}", beside, re.IGNORECASE):
            yield (
                f"“{where}”: {number} belongs to {word!r}, which is not beside it (between the "
                "number before and the one after, or in the same row of a table)"
            )
