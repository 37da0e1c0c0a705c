"""A guess: a question with answers to choose from, then what happened; no script takes part.

A page writes it as an admonition:

    !!! guess "Which parameters move?"
        - [ ] All of them
        - [x] Only the output biases

        What happened, and why in a word.

The style sheet shows the last part, and marks the answers, once one of them is chosen.
"""

import re
from xml.etree.ElementTree import Element, SubElement

CLASS = "admonition guess"
"""Of the element that Python-Markdown makes of one."""

FORM = (
    'write !!! guess "A question?", and indented below it two to four answers, "- [x] The right '
    'one" and "- [ ] Another one", an empty line, and what happened'
)
_BOX = re.compile(r"\[(?P<box>[ xX])\]\s+")


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
    after = [part for part in list(admonition) if part is not title][1:]
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
        "nothing says what happened": not after,
    }
    for fault in (fault for fault, holds in faults.items() if holds):
        raise ValueError(f"guess {text!r}: {fault}; {FORM}")
    admonition.clear()
    admonition.tag = "fieldset"
    # among the results of a search, an answer would stand without its question
    admonition.attrib |= {"class": "ie-guess", "data-search-exclude": ""}
    admonition.append(_legend(question))
    for place, answer in enumerate(answers, 1):
        admonition.append(_choice(answer, f"guess-{number}", place, right=right[place - 1]))
    # what appears in it is read aloud
    spoken = SubElement(admonition, "div", {"aria-live": "polite"})
    SubElement(spoken, "div", {"class": "ie-after"}).extend(after)


def _legend(question: Element) -> Element:
    legend = Element("legend")
    kind = SubElement(legend, "small")
    kind.text, kind.tail = "Your guess", " "
    _move(question, SubElement(legend, "span"))
    return legend


def _choice(answer: Element, group: str, place: int, *, right: bool) -> Element:
    """An answer with its button, and with what marks it once one is chosen."""
    choice = Element("div", {"class": "ie-answer ie-right" if right else "ie-answer"})
    button = {"type": "radio", "name": group, "id": f"{group}-{place}"}
    SubElement(choice, "input", button)
    label = SubElement(choice, "label", {"for": button["id"]})
    answer.text = _BOX.sub("", answer.text or "", count=1)
    words = SubElement(label, "span")
    _move(answer, words)
    words.tail = " "
    mark = SubElement(label, "small", {"class": "ie-mark"})
    glyph = SubElement(mark, "span", {"aria-hidden": "true"})
    glyph.text, glyph.tail = ("✓", " right") if right else ("✗", " your guess")
    if right:
        SubElement(mark, "span", {"class": "ie-yours"}).text = ", your guess"
    return choice


def _tight(item: Element) -> Element:
    """What holds the text of a list item: itself, or its paragraph where lines are empty."""
    paragraph = item.find("p")
    return item if paragraph is None else paragraph


def _move(source: Element, target: Element) -> None:
    target.text = source.text
    target.extend(source)
