"""What the words of an instruction are signs of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.planner.lexicon import LANGUAGES, lexicon

if TYPE_CHECKING:
    from agent.planner.lexicon import Lexicon


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` are a sign of `concept` (`target`: of which, in `name`)."""

    start: int
    end: int
    concept: str
    name: str = ""


_WEB = re.compile(r"\S+@\S+|[a-z][a-z0-9+.-]*://\S+", re.I)
_UNIT = re.compile(r"(?<=\d)\s?um\b")  # no German word


def language_of(text: str) -> str:
    """The language whose small words are the most; English where none is ahead."""
    words = re.findall(r"[^\W\d_]+", _UNIT.sub(" ", _WEB.sub(" ", text.lower())))
    english = lexicon("en").known
    counts = {"en": float(sum(word in lexicon("en").common for word in words))}
    for language in LANGUAGES[1:]:
        own = lexicon(language)
        small = sum(word in own.common for word in words)
        only = sum(word in own.own and word not in english for word in words)
        counts[language] = small + 0.5 * only
    best = max(LANGUAGES, key=lambda language: counts[language])
    return best if counts[best] > counts["en"] else "en"


def marks(text: str, words: Lexicon) -> tuple[Mark, ...]:
    """All signs in a normal text, by place; signs of different concepts may overlap."""
    found = [
        Mark(match.start(), match.end(), concept)
        for concept, pattern in words.concepts.items()
        for match in pattern.finditer(text)
        if match.end() > match.start()
    ]
    found += [
        Mark(match.start(), match.end(), "target", name)
        for name, pattern in words.targets.items()
        for match in pattern.finditer(text)
    ]
    polite = [m for m in found if m.concept == "courtesy"]
    found = [
        m
        for m in found
        if m.concept != "if"
        or not (
            any(p.start <= m.start < p.end for p in polite)
            or _THANKS.search(text[max(0, m.start - 48) : m.start])
        )
    ]
    found += _conditions(text, [m for m in found if m.concept == "target"])
    return tuple(sorted(set(found), key=_order))


def _order(mark: Mark) -> tuple[int, int, str, str]:
    return mark.start, -mark.end, mark.concept, mark.name


_THANKS = re.compile(  # "I should be much obliged if ..." is a wish and no condition
    r"\b(obliged|grateful|glad|nice|great|happy|appreciate\w*|kind|lovely|wonderful|dankbar"
    r"|gelegen|lieb"
    r"|schön|nett|freuen|reconnaissante?|gré|aimable|grat[oa]|gentile|bello|agradec\w+|amable"
    r"|genial)"
    r"\b[^.;!?\n]{0,24}$",
    re.I,
)
_PLAIN = ("cell", "nucleus")
_OCCASION = re.compile(  # "on division ...", "bei jeder Mitose ...", at the begin of a clause
    r"(?:^|[.,;:!?\n(\-]|(?<= - )|(?<=\band)|(?<=\bund)|(?<=\bet)|(?<=\by)|(?<=\be))\s*"
    r"((?:(?:on|upon|bei|beim|en cas d[e']|in caso di|tras|ante|al(?:l[ae])?)(?:\s+|(?<='))"
    r"(?:(?:the|an?|any|each|every|all|first|der|dem|einer?m?|jede[rmn]?|ersten?|toten?|une?|la|le"
    r"|l'|una|un|cada|ogni|prima|primera)\s*){0,3}"
    r"|(?:at|after|with|per|for|nach|pour|à|ad?|per|en|con|a)\s+"
    r"(?:each|every|any|the first|jede[rmn]|chaque|toute|la première|ogni|ciascuna|la prima|cada"
    r"|la primera)\s+(?:(?:single|new|neuen?|nouvelle|nuova|nueva)\s+)?))$",
    re.I,
)
_NO = re.compile(  # "8 h ... no, 9 h"
    r"(?:\.\.+|…|[,;-])\s*((?:no|nein|nee|ne|nö|non)(?:\s*(?:,|\.\.+|…|-)\s*(?=[^\s,])))", re.I
)
_VERB_FIRST = re.compile(  # "Stirbt eine Zelle, ...", "Teilt sich etwas, ..."
    r"(?:^|[.;:!?\n]\s*|,\s*(?:und )?)((?:Teilt|Stirbt|Erscheint|Taucht|Rundet|Siehst|Findest"
    r"|Entdeckst"
    r"|Zeigt|Tritt|Bildet|Kommt|Erkennst)(?= (?:sich |du )?(?:eine?[rnm]?|die|irgend\w+|etwas) ))",
    re.I,
)


def _conditions(text: str, targets: list[Mark]) -> list[Mark]:
    """Conditions without an "if": "on mitosis, ...", "Stirbt eine Zelle, ..."."""
    found = []
    for target in targets:
        before = text[max(0, target.start - 40) : target.start]
        match = None if target.name in _PLAIN else _OCCASION.search(before)
        if match is not None:
            start = target.start - len(before) + match.start(1)
            found.append(Mark(start, start + len(match[1].rstrip()), "if"))
    for match in _NO.finditer(text):
        found.append(Mark(match.start(1), match.end(1), "correction"))
    for match in _VERB_FIRST.finditer(text):
        found.append(Mark(match.start(1), match.end(1), "if"))
    return found
