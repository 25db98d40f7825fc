"""Units without a number of their own: "the first hour", "11 more hours"."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reading.kinds import Kind, Quantity, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

_UNITS = {
    60.0: r"minute|minuto",
    3600.0: r"hour|stunde|heure|ora|hora",
    86400.0: r"day|tag|jour(?:née)?|giorno|giornata|día|dia",
    604800.0: r"week|woche|semaine|settimana|semana",
}
_PLURALS = {
    60.0: r"min(?:ute|utes|uten|uti|utos)?s?",
    3600.0: r"h|hrs?|hours?|stunden?|std|heures?|or[ae]|horas?",
    86400.0: r"d|days?|tagen?|jours?|giorni|días?",
}
_FIRST = (
    r"full|whole|entire|complete|ganze[nrs]?|komplette[nrs]?|first|initial|next|last|following"
    r"|remaining|erste[nr]?|nächste[nr]?|première|premier|prochaine?"
    r"|prima|primo|prossim[ao]|primera?|próxim[ao]|siguiente"
)
_PAST = re.compile(
    r"(?:last|letzte[nr]?|ultim[ao]|la) (?:week|woche|settimana|semana|night|nacht)", re.I
)
_MORE = (
    r"more|further|additional|other|weitere[nr]?|zusätzliche|autres?|de plus|altr[ei]|más|otr[ao]s"
)


def alone(text: str, taken: Sequence[Quantity]) -> tuple[Quantity, ...]:
    """Durations (s) that `quantities` does not read. `taken`: what it has read."""
    found = []
    for size, words in _UNITS.items():
        pattern = rf"(?<!\w)(?:{_FIRST})\s+({words})(?!\w)"
        for match in re.finditer(pattern, text, re.I):
            if _PAST.match(text, match.start()) or text[match.end() : match.end() + 2] == "'s":
                continue  # "last week's run"
            found.append(_quantity(match.span(1), size, match.group(1)))
    for size, words in _PLURALS.items():
        for match in re.finditer(rf"\s+(?:{_MORE})\s+(?:{words})(?!\w)", text, re.I):
            number = next((q for q in taken if q.span.end == match.start()), None)
            if number is not None and number.kind is Kind.COUNT:
                span = (number.span.start, match.end())
                found.append(_quantity(span, number.value * size, text[span[0] : span[1]]))
    return tuple(q for q in found if not any(_more(q, t) for t in taken))


def merged(taken: Sequence[Quantity], more: Sequence[Quantity]) -> list[Quantity]:
    """Both in order; a plain number that is part of a longer reading goes."""
    kept = [t for t in taken if not any(m.span.start <= t.span.start < m.span.end for m in more)]
    return sorted([*kept, *more], key=lambda q: q.span.start)


def _quantity(span: tuple[int, int], seconds: float, text: str) -> Quantity:
    unit = {60.0: "min", 3600.0: "h", 86400.0: "d", 604800.0: "wk"}
    size = max(u for u in unit if seconds % u == 0) if seconds >= 60 else 60.0
    return Quantity(Span(*span), Kind.DURATION, seconds, unit[size], text)


def _more(q: Quantity, taken: Quantity) -> bool:
    """Whether something that is no plain number has been read there."""
    overlap = taken.span.start < q.span.end and q.span.start < taken.span.end
    return overlap and taken.kind is not Kind.COUNT
