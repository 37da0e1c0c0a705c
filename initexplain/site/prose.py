"""Numbers in the prose of a page that nothing computes: in digits, and results counted in words."""

import html
import re

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
