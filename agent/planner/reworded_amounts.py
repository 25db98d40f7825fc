"""Odd but clear wordings of amounts and times, put into the form that the readers know.

"Every 5 min instead of 10", "thrice hourly", "les 2 premières heures", "between 20:00 and 22:00", a step
of a stack without its unit: in all five languages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.planner.normal import Normal

    Edit = tuple[int, int, str]

_NUMBER = r"\d+(?:[.,]\d+)?"
_TIME = r"(?:ms|s|sec(?:onds?|s)?|min(?:utes?|s|uten|uti|utos)?|h|hrs?|hours?|stunden?|heures?|ore|horas?|std)"
_LENGTH = r"(?:um|µm|μm|microns?|mikrometer|micron|micras?)"
_INSTEAD = (
    r"(?:instead of|rather than|in place of|and not|statt|anstatt|anstelle von|und nicht|au lieu d[eu]s?|plutôt que"
    r"|et non(?: pas)?|invece di|invece dei|piuttosto che|anziché|e non|en vez de|en lugar de|y no)"
)
_USUAL = (
    r"(?:(?:the|my|our|last time's|every|usual|normal|planned|previous|old|alle|den|der|die|üblichen|gewohnten|sonst|les?|des"
    r"|habituel\w*|toutes|i|gli|soliti|ogni|los|las|habituales|cada)\s+)*"
)
_FIRST_N = re.compile(
    r"(?<!\w)(?P<n>\d+|deux|trois|quatre|cinq|due|tre|quattro|dos|tres|cuatro|cinco)\s+"
    r"(?P<first>premi[eè]re?s|derni[eè]re?s|prim[ei]|ultim[ei]|primer[ao]s|últim[ao]s)\s+"
    r"(?P<unit>heures?|minutes?|jours?|ore|minuti|giorni|horas?|minutos?|días?)(?!\w)",
    re.I,
)
_CLOCK = r"\d{1,2}(?:[:.h]\d{2})?\s*(?:a\.?m\.?|p\.?m\.?|uhr|h)?"
_BETWEEN = re.compile(
    rf"(?<!\w)(?P<word>between|zwischen|entre|tra|fra)\s+(?P<art>les |le |las |la )?(?P<a>{_CLOCK})\s+(?P<and>and|und|et|e|y)"
    rf"\s+(?:les |le |las |la )?(?P<b>{_CLOCK})(?!\w)",
    re.I,
)
_SPANISH = re.compile(
    r"(?<!\w)(?:de|desde)\s+(?P<art>las\s+)?(?P<a>\d{1,2})(?P<am>:\d{2})?\s*(?:h\s+)?(?:a|hasta)\s+(?P<art2>las\s+)?(?P<b>\d{1,2})"
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
_STEP = (
    r"(?:z[- ]?)?(?:steps? (?:of|size(?: of)?|=|:)|step(?:size)?|stepping|spacing(?: of)?|schrittweite(?: von)?|schritt"
    r"|in|par pas de|pas de|pas|a passi di|passo(?: di)?|passi di|en pasos de|pasos de|paso(?: de)?)"
)
_RATES = {
    "hourly": "per hour",
    "an hour": "per hour",
    "daily": "per day",
    "stündlich": "pro Stunde",
    "täglich": "pro Tag",
    "minütlich": "pro Minute",
}


def reworded_amounts(text: Normal) -> Normal:
    """The same text with such wordings replaced."""
    for rule in _rules():
        for _ in range(8):
            edit = rule(text.text)
            if edit is None:
                break
            text = text.edited([edit])
    return text


def _rules() -> Iterator[Callable[[str], Edit | None]]:
    yield from (_bracketed, _instead, _first_n, _between, _spanish_hours, _times_hourly)
    yield from (_lens, _step, _below_above, _slow_rate, _primes, _three_parts, _grid)
    yield from (
        _asked_event,
        _every_m,
        _times_hours,
        _grid_each,
        _from_zero,
        _delta_t,
        _counted_axes,
    )


def _first(
    pattern: re.Pattern[str], text: str, to: Callable[[re.Match[str]], str | None]
) -> Edit | None:
    for match in pattern.finditer(text):
        words = to(match)
        if words is not None and words != match.group():
            return match.start(), match.end(), words
    return None


_NOT_IN_BRACKETS = re.compile(
    rf"\s*[(\[]\s*(?:and |und |et |e |y )?(?:not|nicht|pas|non|no)\s+{_USUAL}{_NUMBER}\s*{_TIME}?\s*!*\s*[)\]]",
    re.I,
)


def _bracketed(text: str) -> Edit | None:
    """ "Every 5 (not 10!) min"."""
    return _first(_NOT_IN_BRACKETS, text, lambda m: "")


_REPLACED = re.compile(
    rf"(?P<a>(?<![\w.]){_NUMBER})(?P<gap>\s*)(?P<unit>{_TIME}(?!\w))?\s*,?\s*{_INSTEAD}\s+{_USUAL}{_NUMBER}"
    rf"(?![\d.,]*\d)(?:\s*(?P<unit2>{_TIME})(?!\w))?",
    re.I,
)
_REPLACED_FIRST = re.compile(
    rf"(?<!\w){_INSTEAD}\s+{_USUAL}{_NUMBER}\s*(?P<unit>{_TIME})?\s*,?\s*(?=(?:now|use|do|take|jetzt|nimm|prends|usa"
    rf"|every|alle|toutes|ogni|cada)?\s*{_NUMBER}\s*{_TIME}(?!\w))",
    re.I,
)


def _instead(text: str) -> Edit | None:
    """ "Every 5 min instead of 10": the other number is none of this plan."""

    def kept(match: re.Match[str]) -> str | None:
        unit = match["unit"] or match["unit2"]
        if not unit:
            return None
        return f"{match['a']}{match['gap'] or ' '}{unit}"

    return _first(_REPLACED, text, kept) or _first(_REPLACED_FIRST, text, lambda m: "")


def _first_n(text: str) -> Edit | None:
    """ "Les 2 premières heures", in the order of "les premières 2 heures"."""
    return _first(_FIRST_N, text, lambda m: f"{m['first']} {m['n']} {m['unit']}")


def _between(text: str) -> Edit | None:
    """ "Between 20:00 and 22:00"."""

    def ends(match: re.Match[str]) -> str | None:
        told = [re.search(r"[a-z:]", match[x], re.I) for x in ("a", "b")]
        if not any(told):
            return None
        start, until = _RANGES[match["word"].lower()]
        if match["and"].lower() == "y":
            start, until = "desde las", "hasta las"
        return f"{start} {match['a'].strip()} {until} {match['b'].strip()}"

    return _first(_BETWEEN, text, ends)


def _spanish_hours(text: str) -> Edit | None:
    """ "De las 20 a las 23", "de 20 a 23 h"."""

    def ends(match: re.Match[str]) -> str | None:
        if not (match["art"] or match["art2"] or match["h"]) or int(match["b"]) > 24:
            return None
        a, b = match["am"] or ":00", match["bm"] or ":00"
        return f"desde las {match['a']}{a} hasta las {match['b']}{b}"

    return _first(_SPANISH, text, ends)


_TIMES_HOURLY = re.compile(
    r"(?<!\w)(?P<n>twice|thrice|(?:\d+|two|three|four|five|six|ten|twelve)\s?(?:x|times)|(?:zwei|drei|vier|fünf|sechs|zehn|\d+[ -]?)mal)"
    r"\s+(?P<per>hourly|daily|stündlich|täglich|minütlich)(?!\w)",
    re.I,
)


def _times_hourly(text: str) -> Edit | None:
    """ "Thrice hourly"."""
    return _first(_TIMES_HOURLY, text, lambda m: f"{m['n']} {_RATES[m['per'].lower()]}")


_LENS = re.compile(
    r"(?<!\w)(?P<n>10|20|40|60|63|100|four|five|ten|twenty|forty|sixty) times (?=(?:objective|lens|magnification)\b)",
    re.I,
)
_WORDS = {"four": "4", "five": "5", "ten": "10", "twenty": "20", "forty": "40", "sixty": "60"}


def _lens(text: str) -> Edit | None:
    """ "The twenty times objective"."""
    return _first(_LENS, text, lambda m: f"{_WORDS.get(m['n'].lower(), m['n'])}x ")


_NO_UNIT = r"(?![\w.,]*\d)(?!\s*-?\s*(?:[^\W\d_]+\b)?(?:um|µm|μm|nm|mm|micr|mikro|min|ms|sec|s\b|h\b|%|x\b))"
_PLAIN_STEP = re.compile(
    rf"(?P<lead>{_NUMBER}\s*{_LENGTH}(?!\w)[^.;\n]{{0,32}}?(?<!\w){_STEP}\s*[=:]?\s*)(?P<n>0?[.,]\d+|\d(?:[.,]\d+)?)"
    rf"(?:er)?(?=\s*(?:$|[.,;)\n](?!\d)|(?:steps?|schritt\w*)(?!\w))){_NO_UNIT}",
    re.I,
)


def _step(text: str) -> Edit | None:
    """ "10 um in steps of 0.5": the step has the unit of the range."""
    return _first(_PLAIN_STEP, text, lambda m: f"{m['lead']}{m['n']} um")


_BELOW_ABOVE = re.compile(
    rf"(?P<lead>(?<!\w)(?:from|von|de|da|desde)\s+)(?P<n>{_NUMBER})(?P<side>\s+(?:below|above|under|unter|über|sous|sopra|sotto"
    rf"|debajo|encima)\s+(?:the focus |focus )?(?:to|bis|à|a|hasta)\s+{_NUMBER}\s*{_LENGTH})",
    re.I,
)


def _below_above(text: str) -> Edit | None:
    """ "From 3 below to 7 um above"."""
    return _first(_BELOW_ABOVE, text, lambda m: f"{m['lead']}{m['n']} um{m['side']}")


_HERTZ = re.compile(r"(?:(?:at|@|with|a rate of)\s*)?(?<![\d/])1\s*/\s*(?P<n>\d+)\s*Hz(?!\w)", re.I)


def _slow_rate(text: str) -> Edit | None:
    """ "1/300 Hz"."""
    return _first(_HERTZ, text, lambda m: f"interval {m['n']} s")


_PRIMES = re.compile(r"(?<![\w.])(?P<m>\d{1,3})\s?['′]\s?(?P<s>[0-5]?\d)\s?(?:\"|''|″|”)")


def _primes(text: str) -> Edit | None:
    """ "1'30"": minutes and seconds."""
    return _first(_PRIMES, text, lambda m: f"{m['m']} min {m['s']} s")


_PARTS = re.compile(
    r"(?<![\w:.-])(?P<h>\d{1,3}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)(?![\w:])(?:\s*\(?hh:mm:ss\)?)?", re.I
)


def _three_parts(text: str) -> Edit | None:
    """ "00:02:30": hours, minutes, seconds."""

    def spelled(match: re.Match[str]) -> str | None:
        parts = [(int(match[x]), unit) for x, unit in (("h", "h"), ("m", "min"), ("s", "s"))]
        return " ".join(f"{n} {unit}" for n, unit in parts if n) or None

    return _first(_PARTS, text, spelled)


_ROWS_COLUMNS = re.compile(
    r"(?<!\w)(?P<r>\d{1,2}|one|two|three|four|five|six|an?|eine[nr]?|zwei|drei|vier|fünf|une?|deux|trois|quatre|cinq|una|due|tre|quattro|cinque"
    r"|dos|tres|cuatro|cinco)\s+(?:rows?|reihen?|zeilen?|rangées?|lignes?|rig(?:a|he)|filas?)\s*(?:,|and|by|x|und|mal|et|e|y|por|per|with|of)\s*"
    r"(?P<c>\d{1,2}|one|two|three|four|five|six|zwei|drei|vier|fünf|deux|trois|quatre|cinq|due|tre|quattro|cinque|dos|tres|cuatro|cinco)\s+"
    r"(?:columns?|cols?|spalten?|colonn(?:es?|e|a)|columnas?)(?!\w)(?! of (?:the|my) (?:plate|\d))",
    re.I,
)
_SMALL = {
    **dict.fromkeys(("one", "a", "an", "ein", "eine", "einen", "einer", "un", "une", "una"), 1),
    **dict.fromkeys(("two", "zwei", "deux", "due", "dos"), 2),
    **dict.fromkeys(("three", "drei", "trois", "tre", "tres"), 3),
    **dict.fromkeys(("four", "vier", "quatre", "quattro", "cuatro"), 4),
    **dict.fromkeys(("five", "fünf", "cinq", "cinque", "cinco"), 5),
    "six": 6,
}


def _grid(text: str) -> Edit | None:
    """ "A strip of 1 row and 5 columns"."""
    if re.search(
        r"\d\s?[x×]\s?\d|\bwell|plate|platte|plaque|puits|piastra|pozzett|placa|pocillo", text, re.I
    ):
        return None

    def pair(match: re.Match[str]) -> str:
        rows, columns = (
            int(w) if w.isdigit() else _SMALL[w] for w in (match["r"].lower(), match["c"].lower())
        )
        return f"{rows}x{columns} grid"

    return _first(_ROWS_COLUMNS, text, pair)


_Q_MINUTES = re.compile(r"(?<!\w)(?:q|every )(?P<n>\d+) ?m(?!\w)")
_X_HOURS = re.compile(
    r"(?<!\w)[x×] ?(?P<n>\d+(?:\.\d+)?) ?(?P<unit>h|hrs?|hours?|days?|d)(?!\w)", re.I
)


def _every_m(text: str) -> Edit | None:
    """ "Q5m"."""
    return _first(_Q_MINUTES, text, lambda m: f"every {m['n']} min")


def _times_hours(text: str) -> Edit | None:
    """ "X12h"."""
    return _first(_X_HOURS, text, lambda m: f"for {m['n']} {m['unit']}")


_EACH = re.compile(
    r"(?<![\w.])(?P<r>\d{1,2})\s?[x×]\s?(?P<c>\d{1,2})\s*(?:sites?|fields?|images?|fovs?|tiles?|positions?|felder|bilder|champs|images|campi|immagini|campos)?"
    r"\s*(?P<per>(?:per|in each|in every|each|pro|je|par|dans chaque|in ogni|por|en cada)\s+(?:well|position|site|field|napf|näpfchen|puits|champ"
    r"|pozzetto|posizione|pocillo|posición))(?!\w)",
    re.I,
)


def _grid_each(text: str) -> Edit | None:
    """ "2x2 sites per well": a grid."""
    return _first(_EACH, text, lambda m: f"{m['r']}x{m['c']} grid {m['per']}")


_ZERO = re.compile(
    r"(?<!\w)T\s*[=:]\s*0\s*(?:\.\.+|-|–|to|bis|…)\s*(?P<n>\d+(?:\.\d+)?\s*(?:h|hours?|min|d|days?))(?!\w)",
    re.I,
)


def _from_zero(text: str) -> Edit | None:
    """ "T = 0..5 h"."""
    return _first(_ZERO, text, lambda m: f"duration {m['n']}")


_DELTA = re.compile(r"(?:Δ|∆|delta[ -]?)t\s*[=:]?\s*(?=\d)", re.I)
_LONG_T = re.compile(r"(?<=[,;.(]\s)T\s+(?=\d+(?:\.\d+)?\s*(?:h|hours?|min|d|days?)(?!\w))")


def _delta_t(text: str) -> Edit | None:
    """ "Δt 4 min, T 11 h"."""
    return _first(_DELTA, text, lambda m: "every ") or _first(_LONG_T, text, lambda m: "for ")


_AXES = (
    (re.compile(r"(?<!\w)Z\s*\(\s*(?P<n>\d{1,3})\s*\)\s*:?", re.I), "{n} planes,"),
    (re.compile(r"(?<!\w)T\s*\(\s*(?P<n>\d{1,5})\s*\)\s*:?", re.I), "{n} time points, every"),
    (re.compile(r"(?<!\w)(?:XY|P|M)\s*\(\s*(?P<n>\d{1,3})\s*\)\s*:", re.I), ""),
    (re.compile(r"(?<!\w)(?:λ|C|lambda)\s*\(\s*(?P<n>\d{1,2})\s*\)\s*:", re.I), ""),
)


def _counted_axes(text: str) -> Edit | None:
    """ "XY(4): ... | Z(13): step 0.3 um | T(25): 10 min"."""
    for pattern, words in _AXES:
        edit = _first(pattern, text, lambda m, w=words: w.format(n=m["n"]))  # type: ignore[misc]
        if edit is not None:
            return edit
    return None


_EVENT = re.compile(
    r"(?:(?<=[.;\n] )|^)(?P<x>(?:a |an )?(?:mitos[ei]s|division|cell division|death|cell death|apoptosis|mitose|teilung|zelltod|apoptose|mort|mitosi"
    r"|divisione|división|muerte))\s*\?\s*(?:->|=>|→|then|dann|alors|puis|allora|entonces|:)?\s*(?=\S)",
    re.I,
)


def _asked_event(text: str) -> Edit | None:
    """ "Mitosis? -> 20 s"."""
    return _first(_EVENT, text, lambda m: f"if {m['x']}: ")
