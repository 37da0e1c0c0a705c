"""Numbers in the HTML of a page, as a reader comes upon them, whatever Markdown they were.

What stands around those that are computed, names of some that are shown as they were written, and
those that nothing computes: in digits, and results counted in words.
"""

import html
import re
from collections.abc import Iterator

from initexplain.site.claims import FORM

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


def changed(page: str) -> Iterator[str]:
    """What is wrong with the text around the numbers in the HTML of a page.

    Examples:
        >>> [fault] = changed('<p>It lost <span class="ie-claim">98</span> % of it.</p>')
        >>> print(fault.partition(";")[0])
        “It lost 98 % of it.”: what stands beside 98 changes it
    """
    text = _NUMBER.sub("\x01\\1\x02\\2\x03", page)
    text = _BLOCK.sub("\x04", _CELL.sub("\t", text))
    text = html.unescape(re.sub(r"<!--.*?-->|<[^>]*>", "", text, flags=re.DOTALL))
    for block in text.split("\x04"):
        yield from _changed_in(block)


def _changed_in(block: str) -> Iterator[str]:
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


_CODE = re.compile(r"<(code|pre)\b.*?</\1>|<!--.*?-->", re.DOTALL)
_LEFT = re.compile(r"\b(figure|claim):\w[\w.]*", re.IGNORECASE)
_WRITTEN = {
    "claim": FORM,
    "figure": "![what it shows](figure:page.name) at the start of a paragraph of its own",
}


def left_over(page: str) -> Iterator[str]:
    """The numbers and figures that are named in the HTML of a page, outside code, as they were.

    Examples:
        >>> print(*left_over("<p title='claim:a.b'><code>claim:c.d</code></p>"))
        claim:a.b: write it in Markdown, as [6](claim:page.part) or [6](claim:page.part "word")
    """
    for match in _LEFT.finditer(_CODE.sub("", page)):
        yield f"{match[0]}: write it in Markdown, as {_WRITTEN[match[1].lower()]}"


ALLOWED = {
    # before years, which some begin like
    r"\barXiv[: ]\d{4}\.\d{4,5}\b": "identifiers of papers",
    r"\b(?:18|19|20)\d\d\b": "years",
    r"\b(?:doi|DOI)[: ]10\.\S+": "identifiers of papers",
    r"\b[Ss]ections? \d+(?:\.\d+)*(?:(?:, | and |–|-)\d+(?:\.\d+)*)*": "sections of a source",
    r"§ ?\d+(?:\.\d+)*": "sections of a source",
    r"\b(?:[Ee]quations?|[Tt]ables?|[Ff]igures?|[Aa]lgorithm|[Tt]utorial|[Cc]hapter|[Pp]art) "
    r"\d+(?:\.\d+)*": "places in a source",
    r"\b[123]-?D\b": "names of dimensions",
    r"\bCS231n\b|\bGPT-2\b|\bd2l\b|\bL2\b|\b1-WL\b|\bU\+[0-9A-F]+\b": "names",
    r"\bb?float(?:16|32|64)\b|\bbf16\b": "names of number formats",
    r"\bPython 3\.\d+\b": "versions of a language",
    r"\b\d+\.\d+\.\d+\b": "versions of the package",
    r"\b[Ii]ssue \d+\b": "identifiers of discussions",
}
"""What needs no source, each with its reason."""

# of any kind, ½ and ² and ① too
_DIGITS = "".join(character for character in map(chr, range(0x3000)) if character.isnumeric())
# what results count; how many units, layers or examples there are, a reader sees in the figure
_COUNTED = "seeds|networks|runs|trainings|epochs|updates|percent|per cent"
_WORDS = (
    r"three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    r"|(?:twen|thir|for|fif|six|seven|eigh|nine)ty(?:-\w+)?|hundred|thousand|million"
)
_UNSOURCED = re.compile(
    rf"\S*[{_DIGITS}]\S*(?: \S+)?"
    rf"|(?<!few )\b(?:{_WORDS})(?: of the| [a-z-]+)? (?:{_COUNTED})\b",
    re.IGNORECASE,
)
# what is computed, measured or, in the tests, compared with what the page was told
_ELSEWHERE = re.compile(
    r"<(code|pre|math)\b.*?</\1>|<!--.*?-->"
    r'|<span class="ie-claim".*?</span>|<div class="ie-benchmark".*?</div>',
    re.DOTALL,
)
_DRAWING = re.compile(r"<svg\b([^>]*)>.*?</svg>", re.DOTALL)
_LABEL = re.compile(r"""\b(?:aria-label|alt|title)=("[^"]*"|'[^']*'|[^\s"'>]+)""", re.IGNORECASE)


def unsourced(page: str) -> list[str]:
    """The numbers in the prose and the labels of a page, as HTML, with the word after each.

    Examples:
        >>> unsourced("<p>In 1998, <code>7</code> of them, or ninety seeds; in 300 steps.</p>")
        ['ninety seeds', '300 steps.']
    """
    page = _ELSEWHERE.sub("", _DRAWING.sub(r"<svg\1>", page))
    # a figure is drawn twice, for a page and for a phone
    labels = dict.fromkeys(label.strip("\"'") for label in _LABEL.findall(page))
    text = html.unescape(" | ".join([re.sub("<[^>]*>", " ", page), *labels]))
    text = re.sub(r"\s+", " ", text)
    for pattern in ALLOWED:
        text = re.sub(pattern, "", text)
    return list(dict.fromkeys(_UNSOURCED.findall(text)))
