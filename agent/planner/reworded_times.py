"""Odd but clear wordings of intervals, lengths and times of day, put into the form that is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.rewording import first

if TYPE_CHECKING:
    from agent.planner.rewording import Edit

_FIRST_N = re.compile(
    r"(?<!\w)(?P<n>\d+|deux|trois|quatre|cinq|due|tre|quattro|dos|tres|cuatro|cinco)\s+"
    r"(?P<first>premi[eè]re?s|derni[eè]re?s|prim[ei]|ultim[ei]|primer[ao]s|últim[ao]s)\s+"
    r"(?P<unit>heures?|minutes?|jours?|ore|minuti|giorni|horas?|minutos?|días?)(?!\w)",
    re.I,
)


_CLOCK = r"\d{1,2}(?:[:.h]\d{2})?\s*(?:a\.?m\.?|p\.?m\.?|uhr|h)?"


_BETWEEN = re.compile(
    rf"(?<!\w)(?P<word>between|zwischen|entre|tra|fra)\s+(?P<art>les |le |las "
    rf"|la )?(?P<a>{_CLOCK})\s+(?P<and>and|und|et|e|y)"
    rf"\s+(?:les |le |las |la )?(?P<b>{_CLOCK})(?!\w)",
    re.I,
)


_SPANISH = re.compile(
    r"(?<!\w)(?:de|desde)\s+(?P<art>las\s+)?(?P<a>\d{1,2})(?P<am>:\d{2})?\s*(?:h\s+)?(?:a"
    r"|hasta)\s+(?P<art2>las\s+)?(?P<b>\d{1,2})"
    r"(?P<bm>:\d{2})?(?P<h>\s*h(?:oras)?)?(?!\w)(?!\s*(?:min|seg|s|ms|um|µm|%))",
    re.I,
)


_RANGES = {
    "between": ("from", "until"),
    "zwischen": ("von", "bis"),
    "entre": ("de", "à"),
    "tra": ("dalle", "alle"),
    "fra": ("dalle", "alle"),
}


_RATES = {
    "hourly": "per hour",
    "an hour": "per hour",
    "daily": "per day",
    "stündlich": "pro Stunde",
    "täglich": "pro Tag",
    "minütlich": "pro Minute",
}


def first_n(text: str) -> Edit | None:
    """ "Les 2 premières heures", in the order of "les premières 2 heures"."""
    return first(_FIRST_N, text, lambda m: f"{m['first']} {m['n']} {m['unit']}")


def between(text: str) -> Edit | None:
    """ "Between 20:00 and 22:00"."""

    def ends(match: re.Match[str]) -> str | None:
        told = [re.search(r"[a-z:]", match[x], re.I) for x in ("a", "b")]
        if not any(told):
            return None
        start, until = _RANGES[match["word"].lower()]
        if match["and"].lower() == "y":
            start, until = "desde las", "hasta las"
        return f"{start} {match['a'].strip()} {until} {match['b'].strip()}"

    return first(_BETWEEN, text, ends)


def spanish_hours(text: str) -> Edit | None:
    """ "De las 20 a las 23", "de 20 a 23 h"."""

    def ends(match: re.Match[str]) -> str | None:
        if not (match["art"] or match["art2"] or match["h"]) or int(match["b"]) > 24:
            return None
        a, b = match["am"] or ":00", match["bm"] or ":00"
        return f"desde las {match['a']}{a} hasta las {match['b']}{b}"

    return first(_SPANISH, text, ends)


_TIMES_HOURLY = re.compile(
    r"(?<!\w)(?P<n>twice|thrice|(?:\d+|two|three|four|five|six|ten|twelve)\s?(?:x|times)|(?:zwei"
    r"|drei|vier|fünf|sechs|zehn|\d+[ -]?)mal)"
    r"\s+(?P<per>hourly|daily|stündlich|täglich|minütlich)(?!\w)",
    re.I,
)


def times_hourly(text: str) -> Edit | None:
    """ "Thrice hourly"."""
    return first(_TIMES_HOURLY, text, lambda m: f"{m['n']} {_RATES[m['per'].lower()]}")


_HERTZ = re.compile(r"(?:(?:at|@|with|a rate of)\s*)?(?<![\d/])1\s*/\s*(?P<n>\d+)\s*Hz(?!\w)", re.I)


def slow_rate(text: str) -> Edit | None:
    """ "1/300 Hz"."""
    return first(_HERTZ, text, lambda m: f"interval {m['n']} s")


_PRIMES = re.compile(r"(?<![\w.])(?P<m>\d{1,3})\s?['′]\s?(?P<s>[0-5]?\d)\s?(?:\"|''|″|”)")


def primes(text: str) -> Edit | None:
    """ "1'30"": minutes and seconds."""
    return first(_PRIMES, text, lambda m: f"{m['m']} min {m['s']} s")


_PARTS = re.compile(
    r"(?<![\w:.-])(?P<h>\d{1,3}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)(?![\w:])(?:\s*\(?hh:mm:ss\)?)?", re.I
)


def three_parts(text: str) -> Edit | None:
    """ "00:02:30": hours, minutes, seconds."""

    def spelled(match: re.Match[str]) -> str | None:
        parts = [(int(match[x]), unit) for x, unit in (("h", "h"), ("m", "min"), ("s", "s"))]
        return " ".join(f"{n} {unit}" for n, unit in parts if n) or None

    return first(_PARTS, text, spelled)


_Q_MINUTES = re.compile(r"(?<!\w)(?:q|every )(?P<n>\d+) ?m(?!\w)")


_X_HOURS = re.compile(
    r"(?<!\w)[x×] ?(?P<n>\d+(?:\.\d+)?) ?(?P<unit>h|hrs?|hours?|days?|d)(?!\w)", re.I
)


def every_m(text: str) -> Edit | None:
    """ "Q5m"."""
    return first(_Q_MINUTES, text, lambda m: f"every {m['n']} min")


def times_hours(text: str) -> Edit | None:
    """ "X12h"."""
    return first(_X_HOURS, text, lambda m: f"for {m['n']} {m['unit']}")


_ZERO = re.compile(
    r"(?<!\w)T\s*[=:]\s*0\s*(?:\.\.+|-|–|to|bis|…)\s*(?P<n>\d+(?:\.\d+)?\s*(?:h|hours?|min|d"
    r"|days?))(?!\w)",
    re.I,
)


def from_zero(text: str) -> Edit | None:
    """ "T = 0..5 h"."""
    return first(_ZERO, text, lambda m: f"duration {m['n']}")


_DELTA = re.compile(r"(?:Δ|∆|delta[ -]?)t\s*[=:]?\s*(?=\d)", re.I)


_LONG_T = re.compile(r"(?<=[,;.(]\s)T\s+(?=\d+(?:\.\d+)?\s*(?:h|hours?|min|d|days?)(?!\w))")


def delta_t(text: str) -> Edit | None:
    """ "Δt 4 min, T 11 h"."""
    return first(_DELTA, text, lambda m: "every ") or first(_LONG_T, text, lambda m: "for ")


_EVENT = re.compile(
    r"(?:(?<=[.;\n] )|^)(?P<x>(?:a |an )?(?:mitos[ei]s|division|cell division|death|cell death"
    r"|apoptosis|mitose|teilung|zelltod|apoptose|mort|mitosi"
    r"|divisione|división|muerte))\s*\?\s*(?:->|=>|→|then|dann|alors|puis|allora|entonces"
    r"|:)?\s*(?=\S)",
    re.I,
)


def asked_event(text: str) -> Edit | None:
    """ "Mitosis? -> 20 s"."""
    return first(_EVENT, text, lambda m: f"if {m['x']}: ")


_VON_BIS = re.compile(
    r"(?<!\w)(?P<from>von|de) (?P<a>\d{1,2})(?P<am>:\d{2})? (?P<to>bis"
    r"|à) (?P<b>\d{1,2}(?::\d{2})?) ?(?P<u>uhr|heures|h)(?!\w)",
    re.I,
)


def von_bis(text: str) -> Edit | None:
    """ "Von 20 bis 23 Uhr", "de 20 à 23 heures"."""

    def both(match: re.Match[str]) -> str:
        unit = "Uhr" if match["u"].lower() == "uhr" else "h"
        start = f"{match['from']} {match['a']}{match['am'] or ''} {unit}"
        return f"{start} {match['to']} {match['b']} {unit}"

    return first(_VON_BIS, text, both)
