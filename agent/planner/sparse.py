"""Positions by a rule: "every other position from P2 on", "the even positions"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_STEPS = {
    2: r"other|second|2nd|zweite[nrs]?|deux(?:ième)?|due|seconda|dos|segunda",
    3: r"third|3rd|dritte[nrs]?|trois(?:ième)?|tre|terza|tres|tercera",
}
_NOUN = (
    r"(?:(?:marked |saved |stored |markierten? |gespeicherten? )?(?:position(?:s|en)?)"
    r"|posizion[ei]|posición|posiciones|fields?|felder?|champs?|sites?|points?|stellen?)"
)
_NOUNS = r"(?:positions|positionen|posizioni|posiciones|fields|felder|champs|sites|points|stellen)"
_FROM = re.compile(
    r",?\s*(?:,?\s*(?:starting|beginning|start|begin) (?:with|at|from)|from|ab|beginnend (?:mit"
    r"|bei)"
    r"|angefangen (?:mit|bei)|à partir de|en commençant par|a partire da|partendo da|a partir de"
    r"|empezando (?:por|en))\s+(?:the |la |der |position |posizione |posición )*(?P<first>\w+)",
    re.I,
)
_EVEN = re.compile(
    rf"(?<!\w)(?:(?P<en>even|odd|gerade[nr]?|ungerade[nr]?)(?:[- ]numbered)? {_NOUNS}"
    rf"|{_NOUNS} (?:with|mit|avec des|con|de) (?:the )?(?P<with>even|odd|geraden?|ungeraden?"
    rf"|(?:numéros |numeri |números )(?:im)?(?:paires?|pairs?|pari|dispari|pares|impares)"
    rf"|dispari) ?(?:numbers?|nummern|numéros|numeri|números)?"
    rf"|{_NOUNS} (?P<other>paires|impaires|pari|dispari|pares|impares))(?!\w)",
    re.I,
)
_ODD = ("odd", "ungerade", "impair", "dispari", "impares")


def _every(step: int) -> re.Pattern[str]:
    number = _STEPS[step]
    return re.compile(
        rf"(?<!\w)(?:(?:every|jede[nrs]?|chaque|ogni|cada)\s+(?:{number})(?: of (?:the"
        rf"|my))?\s+{_NOUN}"
        rf"|une {_NOUN} sur (?:{number})|una {_NOUN} su (?:{number})"
        rf"|una de cada (?:{number}) {_NOUN}"
        + (
            rf"|una {_NOUN} sì e (?:una|l'altra) no|una {_NOUN} sí y (?:una|otra) no"
            if step == 2
            else ""
        )
        + r")(?!\w)",
        re.I,
    )


_EVERY = {step: _every(step) for step in _STEPS}


def sparse(text: str, known: Sequence[str]) -> tuple[tuple[str, ...], int, int] | None:
    """Names of such positions and the place of the words; None where there are none of them.

    Counted from the first marked one, or from the one that is named after it.
    """
    even = _EVEN.search(text)
    if even is not None:
        word = (even["en"] or even["other"] or even["with"]).lower().split()[-1]
        odd = word.startswith(_ODD)
        names = tuple(n for n in known if (d := _digits(n)) is not None and d % 2 == int(odd))
        return (names, *even.span()) if names else None
    for step, pattern in _EVERY.items():
        match = pattern.search(text)
        if match is None:
            continue
        first, end = 0, match.end()
        begin = _FROM.match(text, match.end())
        if begin is not None:
            start = _index(begin["first"], known)
            if start is None:
                return None
            first, end = start, begin.end()
        return tuple(known[first::step]), match.start(), end
    return None


def _digits(name: str) -> int | None:
    digits = "".join(ch for ch in name if ch.isdigit())
    return int(digits) if digits else None


def _index(word: str, known: Sequence[str]) -> int | None:
    for n, name in enumerate(known):
        if word.lower() == name.lower() or (word.isdigit() and int(word) == _digits(name)):
            return n
    return None
