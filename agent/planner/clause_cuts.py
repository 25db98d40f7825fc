"""Where an instruction is cut into clauses."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.marks import Mark

_SHORT = (
    r"e\.g|i\.e|z\.b|pos|approx|ca|max|min|máx|no|nr|exp|incl|vs|resp|obj|std|sek|sec|hrs?|ms"
    r"|bel|st|dr|etc|env"
)


_ENDS = re.compile(r"(?<!\b\w\.\w)[.!?]+(?=\s|$)|\n+|;|(?<=\s)[•*](?=\s)|(?:^|(?<=\n))\s*-\s", re.I)


_UNIT = re.compile(r"(?:^|[^\w])(?:hrs?|sek|sec|std|min|ms|mins|secs)$", re.I)


_GOES_ON = re.compile(r"\s*(?:\d|(?:of|for|every|each|und|and|per|at|in|lang|long|alle)\b)", re.I)


_AFTER_SHORT = re.compile(rf"(?:^|[^\w])(?:{_SHORT})$", re.I)


_COMMAS = re.compile(
    r",(?!\d)|,(?=\d)(?<=\D,)|\s[-/|]+>?\s|\s?[→⇒]\s?|\s?=>\s?|\s?->\s?|:(?=\s)|\(|\)"
)


# what a new clause after "and" begins with
_OPENERS = (
    "plan_verb",
    "react",
    "search",
    "return",
    "notify",
    "stop_run",
    "watch",
    "autofocus",
    "follow",
    "if",
    "then",
    "otherwise",
    "gentle",
)


def goes_on_into(mark: Mark, start: int) -> bool:
    """ "Only if it is lost", cut before "if"."""
    return mark.concept == "focus_lost" and mark.start < start < mark.end - 2


_SO = re.compile(
    r",?\s(?:so|deshalb|daher|donc|alors|quindi|perciò|así que|por eso)\s+(?!that|far|much|many"
    r"|on\b|as\b|little|long|few|wenig|viel)(?=\w)"
    r"|\s(?:and|und|et|e|y)\s+(?=(?:after|nach|après|dopo|después de|tras)\s+(?:\d|two|three|four"
    r"|five|six|ten|twelve|zwei|drei|vier|fünf|zehn|deux"
    r"|trois|quatre|cinq|dix|due|tre|quattro|cinque|dieci|dos|tres|cuatro|cinco|diez)\b)"
    r"|,?\s(?:but|aber|mais|ma|pero)\s+(?=(?:today|now|this time|heute|jetzt|diesmal|aujourd'hui"
    r"|cette fois|oggi|stavolta"
    r"|questa volta|hoy|ahora|esta vez)(?!\w))"
    r"|\s(?:and|und|et|e|y)\s+(?=(?:i|we|ich|wir|je|on|nous)\s+(?:want|need|would|'d|will|brauch"
    r"|möcht|veux|voud|aimer)"
    r"|(?:vorrei|voglio|mi serve|quiero|necesito|quisiera)(?!\w))",
    re.I,
)


def cut_places(
    text: str,
    marks: Sequence[Mark],
    held: Sequence[tuple[int, int]],
    joins: re.Pattern[str],
    spots: Sequence[int],
) -> list[tuple[int, int, int]]:
    """Start, end and number of the sentence of each clause; `held` places are never cut."""

    def free(at: int) -> bool:
        return not any(a < at < b for a, b in held) and not any(
            m.start < at < m.end for m in marks if m.concept == "if"
        )

    ends = [
        m.end()
        for m in _ENDS.finditer(text)
        if free(m.start()) and free(m.end()) and not _abbreviated(text, m.start(), m.end())
    ]
    places = {m.end() for m in _COMMAS.finditer(text) if free(m.start())}
    for mark in marks:
        if mark.concept in ("if", "otherwise") and free(mark.start):
            places.add(mark.start)
        if mark.concept == "notify" and free(mark.start) and not _condition_before(mark, marks):
            denial = [m for m in marks if m.concept == "not" and 0 <= mark.start - m.end <= 4]
            places.add(denial[0].start if denial else mark.start)
    for at in spots:  # "mail me when it is done position 3 every 2 min": nobody said a comma
        told = [m for m in marks if m.concept in ("done", "trouble") and m.end <= at <= m.end + 3]
        if told and free(at):
            places.add(at)
    places |= {m.start() for m in _SO.finditer(text) if free(m.start())}
    for match in joins.finditer(text):
        near = [
            m
            for m in marks
            if match.end() <= m.start <= match.end() + 14
            and not re.search(r"[.;\n]\s", text[match.end() : m.start])
        ]
        if free(match.start()) and any(m.concept in _OPENERS for m in near):
            places.add(match.start())
    edges = sorted({0, len(text), *places, *ends})
    sentence, out = 0, []
    for a, b in pairwise(edges):
        if text[a:b].strip(" ,.;:\n-()"):
            out.append((a, b, sentence))
        if b in ends:
            sentence += 1
    return out


def _abbreviated(text: str, start: int, end: int) -> bool:
    """ "max. 100 ms": the full stop of a short word before a number or a small letter."""
    if text[start:end] != "." or not _AFTER_SHORT.search(text[max(0, start - 8) : start]):
        return False
    rest = text[end:].lstrip()
    if _UNIT.search(text[max(0, start - 8) : start]) and not _GOES_ON.match(text, end):
        return False  # "48 hrs. autofocus ..."
    return bool(rest) and (rest[0].isdigit() or rest[0].islower())


def _condition_before(mark: Mark, marks: Sequence[Mark]) -> bool:
    return any(m.concept == "if" and mark.start - 3 <= m.end <= mark.start for m in marks)
