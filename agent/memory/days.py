"""Which days "last Tuesday", "gestern" or "the 12th of March" mean, seen from now."""

from __future__ import annotations

import datetime as dt
import difflib
import re
from dataclasses import dataclass

from agent.memory.words import fold

_DAY = dt.timedelta(days=1)
WEEKDAYS = {
    word: number
    for number, words in enumerate(
        (
            "monday montag lundi lunedi lunes", "tuesday dienstag mardi martedi martes",
            "wednesday mittwoch mercredi mercoledi miercoles",
            "thursday donnerstag jeudi giovedi jueves", "friday freitag vendredi venerdi viernes",
            "saturday samstag sonnabend samedi sabato sabado",
            "sunday sonntag dimanche domenica domingo",
        )
    )
    for word in words.split()
}  # fmt: skip
_SHORT = {"mon": 0, "tue": 1, "tues": 1, "wed": 2, "weds": 2, "thu": 3, "thur": 3, "thurs": 3,
          "fri": 4, "sat": 5, "sun": 6}  # fmt: skip
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "january jan januar janner janvier gennaio enero",
            "february feb februar fevrier febbraio febrero", "march mar marz mars marzo",
            "april apr avril aprile abril",
            "may mai maggio mayo", "june jun juni juin giugno junio",
            "july jul juli juillet luglio julio", "august aug aout agosto",
            "september sep sept septembre settembre septiembre",
            "october oct oktober octobre ottobre octubre",
            "november nov novembre noviembre", "december dec dezember decembre dicembre diciembre",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_LAST = (
    r"last|past|previous|letzte[nrms]?|vergangene[nrms]?|vorige[nrms]?|derni\w+|passee?"
    r"|scors[ao]|pasad[ao]|ultim[ao]"
)
_WEEK, _MONTH = r"week|woche|semaine|settimana|semana", r"month|monat|mois|mese|mes"
_NUMBERS = {
    word: number
    for number, words in enumerate(
        (
            "a an one ein eine einem einer un une uno una", "two zwei deux due dos",
            "three drei trois tre tres", "four vier quatre quattro cuatro",
            "five funf cinq cinque cinco", "six sechs sei seis", "seven sieben sept sette siete",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_N = rf"(\d{{1,2}}|{'|'.join(_NUMBERS)})"
_UNIT = (
    r"(days?|nights?|weeks?|tage?n?|wochen?|jours?|semaines?|giorn[oi]|settiman[ae]"
    r"|dias?|semanas?)"
)
_AGO = re.compile(rf"\b(?:(?:vor|il y a|hace) {_N} {_UNIT}|{_N} {_UNIT} (?:ago|fa|atras))\b")
_BEFORE_YESTERDAY = r"day before yesterday|vorgestern|avant hier|altro ieri|anteayer|antes de ayer"
_LAST_NIGHT = (
    r"last night|overnight|gestern (?:abend|nacht)|(?:letzte|heute) nacht|cette nuit|nuit derniere"
    r"|hier soir|ieri (?:sera|notte)|stanotte|notte scorsa|anoche|noche pasada|ayer por la noche"
)
_GERMAN = re.compile(r"\b(?:der|die|das|den|dem|wie|und|ist|wir|ich|nicht|mit)\b")
_MONTH_WORD = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DATES = (
    re.compile(r"\b(?P<y>\d{4}) (?P<m>\d{1,2}) (?P<d>\d{1,2})\b"),  # hyphens are folded away
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.)? ?(?:of |de |di )?(?P<w>{_MONTH_WORD})\b\.?"
        r"(?:,? (?:de )?(?P<y>\d{4}))?"
    ),
    re.compile(rf"\b(?P<w>{_MONTH_WORD})\.? (?:the )?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b"
               r"(?:,? (?P<y>\d{4}))?"),
    re.compile(r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>\d{4}|\d{2})?(?!\d)"),
)  # fmt: skip
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?\b")
_THE_NTH = re.compile(
    r"\b(?:the (\d{1,2})(?:st|nd|rd|th)|(?:vom|am) (\d{1,2})\.(?!\d))(?! [a-z]+ \d{4})"
)
_IN_MONTH = re.compile(rf"\b(?:in|im|en|a|from|since|du mois de) (?P<w>{_MONTH_WORD})\b(?! \d)")


@dataclass(frozen=True, slots=True)
class Period:
    """From the first moment to before the second (local time, as `now` was given)."""

    first: dt.datetime
    end: dt.datetime

    def __str__(self) -> str:
        last = (self.end - dt.timedelta(seconds=1)).date()
        day = self.first.date()
        shown = f"{day:%a} {day.day} {day:%b %Y}"
        if last == day:
            return shown
        return f"{shown} to {last:%a} {last.day} {last:%b %Y}"


def days_in(words: str, now: dt.datetime) -> tuple[Period, ...]:
    """The periods that the words can mean, likeliest first; () when they name none.

    More than one only where the words are open: 3/4 (April or March), "last Tuesday" said on a
    Friday (this week's or the one before).
    """
    text = _mended(fold(words))
    for reader in (_relative, _ago, _dated, _weekday, _longer):
        if found := reader(text, now):
            return found
    return ()


def _relative(text: str, now: dt.datetime) -> tuple[Period, ...]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if re.search(rf"\b(?:{_BEFORE_YESTERDAY})\b", text):
        return (_days(midnight - 2 * _DAY),)
    if re.search(rf"\b(?:{_LAST_NIGHT})\b", text):
        noon = midnight + dt.timedelta(hours=12)
        return (Period(noon - _DAY, noon),)
    french = re.search(r"\bhier\b", text) and not _GERMAN.search(text)
    if french or re.search(r"\b(?:yesterday|gestern|ieri|ayer)\b", text):
        return (_days(midnight - _DAY),)
    if re.search(
        r"\b(?:today|this morning|heute|aujourd hui|ce matin|oggi|stamattina|hoy)\b", text
    ):
        return (_days(midnight),)
    return ()


def _ago(text: str, now: dt.datetime) -> tuple[Period, ...]:
    match = _AGO.search(text)
    if match is None:
        return ()
    number, unit = (match[1], match[2]) if match[1] else (match[3], match[4])
    count = int(number) if number.isdecimal() else _NUMBERS[number]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    if unit.startswith(("w", "sem", "set")):
        return (_days(midnight - 7 * count * _DAY),)
    return (_days(midnight - count * _DAY),)


def _dated(text: str, now: dt.datetime) -> tuple[Period, ...]:
    for pattern in _DATES:
        if match := pattern.search(text):
            parts = match.groupdict()
            month = _MONTHS[parts["w"]] if parts.get("w") else int(parts["m"])
            return _on(now, parts.get("y"), month, int(parts["d"]))
    if match := _SLASHED.search(text):
        a, b, year = int(match[1]), int(match[2]), match[3]
        return tuple(dict.fromkeys(_on(now, year, b, a) + _on(now, year, a, b)))
    if match := _THE_NTH.search(text):
        day = int(match[1] or match[2])
        first = now.date().replace(day=1)
        for _ in range(3):
            if found := _on(now, str(first.year), first.month, day):
                return found
            first = (first - _DAY).replace(day=1)
    return ()


def _weekday(text: str, now: dt.datetime) -> tuple[Period, ...]:
    number = next((WEEKDAYS[w] for w in re.findall(r"[a-z]+", text) if w in WEEKDAYS), None)
    if number is None:
        match = re.search(rf"\b(?:{_LAST}|on|this|from) ({'|'.join(_SHORT)})\b", text)
        if match is None:
            return ()
        number = _SHORT[match[1]]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - now.weekday() * _DAY
    if re.search(rf"\b(?:(?:{_LAST}) (?:{_WEEK})|(?:{_WEEK}) (?:{_LAST}))\b", text):
        return (_days(monday + (number - 7) * _DAY),)
    newest = midnight - ((now.weekday() - number - 1) % 7 + 1) * _DAY
    if newest >= monday and re.search(rf"\b(?:{_LAST})\b", text):
        return (_days(newest), _days(newest - 7 * _DAY))
    return (_days(newest),)


def _longer(text: str, now: dt.datetime) -> tuple[Period, ...]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday, first = midnight - now.weekday() * _DAY, midnight.replace(day=1)
    if re.search(rf"\b(?:(?:{_LAST}) (?:{_WEEK})|(?:{_WEEK}) (?:{_LAST}))\b", text):
        return (Period(monday - 7 * _DAY, monday),)
    if re.search(rf"\b(?:(?:{_LAST}) (?:{_MONTH})|(?:{_MONTH}) (?:{_LAST}))\b", text):
        return (Period((first - _DAY).replace(day=1), first),)
    if re.search(rf"\b(?:this|diese[rn]?|cette|questa|esta) (?:{_WEEK})\b", text):
        return (Period(monday, midnight + _DAY),)
    if match := _IN_MONTH.search(text):
        start = first.replace(month=_MONTHS[match["w"]])
        if start > now:
            start = start.replace(year=start.year - 1)
        return (Period(start, (start + 32 * _DAY).replace(day=1)),)
    return ()


def _on(now: dt.datetime, year: str | None, month: int, day: int) -> tuple[Period, ...]:
    """The day, in the newest year in which it is not ahead of now where none is said."""
    if year is not None and len(year) == 2:
        year = f"20{year}"
    years = [int(year)] if year else [now.year, now.year - 1, now.year - 2, now.year - 3]
    for candidate in years:
        try:
            start = now.replace(
                year=candidate, month=month, day=day, hour=0, minute=0, second=0, microsecond=0
            )
        except ValueError:
            continue
        if start <= now:
            return (_days(start),)
    return ()


def _days(first: dt.datetime) -> Period:
    return Period(first, first + _DAY)


def _mended(text: str) -> str:
    """Long words that are nearly a day's name become it: "Tuseday", "yesterady"."""
    names = (*WEEKDAYS, "yesterday")

    def near(match: re.Match[str]) -> str:
        word = match.group()
        found = difflib.get_close_matches(word, names, n=1, cutoff=0.82)
        return found[0] if found and word not in _MONTHS else word

    return re.sub(r"\b[a-z]{5,}\b", near, text)
