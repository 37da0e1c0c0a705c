"""A guess: a question with answers to choose from, then what happened; no script takes part.

A page writes it as an admonition:

    !!! guess "Which parameters move?"
        - [ ] All of them
        - [x] Only the output biases

        What happened, and why in a word.

The style sheet shows the last part, and marks the answers, once one of them is chosen.
"""

import re
from xml.etree.ElementTree import XML, Element

CLASS = "admonition guess"
"""Of the element that Python-Markdown makes of one."""

FORM = (
    'write !!! guess "A question?", and indented below it two to four answers, "- [x] The right '
    'one" and "- [ ] Another one", an empty line, and what happened'
)
_BOX = re.compile(r"\[(?P<box>[ xX])\]\s+")
_QUESTION = "<legend><small>Your guess</small> <span /></legend>"
# with what marks it once one is chosen
_ANSWER = (
    '<div class="ie-answer{kind}"><input type="radio" name="{group}" id="{group}-{place}" />'
    '<label for="{group}-{place}"><span /> <small class="ie-mark">{mark}</small></label></div>'
)
_MARKS = (
    '<span aria-hidden="true">✗</span> your guess',
    '<span aria-hidden="true">✓</span> right<span class="ie-yours">, your guess</span>',
)
# what appears in it is read aloud
_AFTER = '<div aria-live="polite"><div class="ie-after" /></div>'


def to_fieldset(number: int, admonition: Element) -> None:
    """Makes an admonition a group of radio buttons, in its place.

    Args:
        number: counts the guesses of the page; their ids are unique.
        admonition: holds elements for all that is written in it.

    Raises:
        ValueError: it is not written as `FORM` says.
    """
    title = admonition.find("p[@class='admonition-title']")
    question = title if title is not None else Element("p")
    answers = [_tight(item) for item in admonition.findall("ul[1]/li")]
    after = Element("div")
    after.extend([part for part in admonition if part is not title][1:])
    boxes = [_BOX.match(answer.text or "") for answer in answers]
    right = [match is not None and match["box"] != " " for match in boxes]
    text = "".join(question.itertext()).strip()
    faults = {
        "its title is no question": not text.endswith("?"),
        f"it has {len(answers)} answers": not 2 <= len(answers) <= 4,
        "an answer starts with neither [ ] nor [x]": None in boxes,
        f"{sum(right)} of its answers are right": sum(right) != 1,
        "an answer has a link or a claim in it; that can stand below": any(
            part.tag in ("a", "autoref") for answer in answers for part in answer.iter()
        ),
        "nothing says what happened": not len(after),
    }
    for fault in (fault for fault, holds in faults.items() if holds):
        raise ValueError(f"guess {text!r}: {fault}; {FORM}")
    admonition.clear()
    admonition.tag = "fieldset"
    # among the results of a search, an answer would stand without its question
    admonition.attrib |= {"class": "ie-guess", "data-search-exclude": ""}
    admonition.append(_filled(_QUESTION, "span", question))
    for place, (answer, marked) in enumerate(zip(answers, right, strict=True), 1):
        answer.text = _BOX.sub("", answer.text or "", count=1)
        kind, group = " ie-right" if marked else "", f"guess-{number}"
        markup = _ANSWER.format(kind=kind, group=group, place=place, mark=_MARKS[marked])
        admonition.append(_filled(markup, "label/span", answer))
    admonition.append(_filled(_AFTER, "div", after))


def _tight(item: Element) -> Element:
    """What holds the text of a list item: itself, or its paragraph where lines are empty."""
    paragraph = item.find("p")
    return item if paragraph is None else paragraph


def _filled(markup: str, path: str, source: Element) -> Element:
    """The element that the markup describes, with all that is in another one at a path in it."""
    element = XML(markup)
    for target in element.iterfind(path):
        target.text = source.text
        target.extend(source)
    return element
