"""Odd but clear wordings of amounts and times, put into the form that the readers know.

"Every 5 min instead of 10", "thrice hourly", "les 2 premières heures", "between 20:00 and
22:00", a step of a stack without its unit: in all five languages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reworded_times import (
    asked_event,
    between,
    delta_t,
    every_m,
    first_n,
    from_zero,
    primes,
    slow_rate,
    spanish_hours,
    three_parts,
    times_hourly,
    times_hours,
    von_bis,
)
from agent.planner.rewording import first

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from agent.planner.normal import Normal
    from agent.planner.rewording import Edit

_NUMBER = r"\d+(?:[.,]\d+)?"


_TIME = (
    r"(?:ms|s|sec(?:onds?|s)?|min(?:utes?|s|uten|uti|utos)?|h|hrs?|hours?|stunden?|heures?|ore"
    r"|horas?|std)"
)


_LENGTH = r"(?:um|µm|μm|microns?|mikrometer|micron|micras?)"


_INSTEAD = (
    r"(?:instead of|rather than|in place of|and not|statt|anstatt|anstelle von|und nicht"
    r"|au lieu d[eu]s?|plutôt que"
    r"|et non(?: pas)?|invece di|invece dei|piuttosto che|anziché|e non|en vez de|en lugar de|y no)"
)


_USUAL = (
    r"(?:(?:the|my|our|last time's|every|usual|normal|planned|previous|old|alle|den|der|die"
    r"|üblichen|gewohnten|sonst|les?|des"
    r"|habituel\w*|toutes|i|gli|soliti|ogni|los|las|habituales|cada)\s+)*"
)


_STEP = (
    r"(?:z[- ]?)?(?:steps? (?:of|size(?: of)?|=|:)|step(?:size)?|stepping|spacing(?: of)?"
    r"|schrittweite(?: von)?|schritt"
    r"|in|par pas de|pas de|pas|a passi di|passo(?: di)?|passi di|en pasos de|pasos de"
    r"|paso(?: de)?)"
)


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
    yield von_bis
    yield from (_bracketed, _instead, first_n, between, spanish_hours, times_hourly)
    yield from (_lens, _step, _below_above, slow_rate, primes, three_parts, _grid)
    yield from (
        asked_event,
        every_m,
        times_hours,
        _grid_each,
        from_zero,
        delta_t,
        _counted_axes,
    )


_NOT_IN_BRACKETS = re.compile(
    rf"\s*[(\[]\s*(?:and |und |et |e |y )?(?:not|nicht|pas|non"
    rf"|no)\s+{_USUAL}{_NUMBER}\s*{_TIME}?\s*!*\s*[)\]]",
    re.I,
)


def _bracketed(text: str) -> Edit | None:
    """ "Every 5 (not 10!) min"."""
    return first(_NOT_IN_BRACKETS, text, lambda m: "")


_REPLACED = re.compile(
    rf"(?P<a>(?<![\w.]){_NUMBER})(?P<gap>\s*)(?P<unit>{_TIME}(?!\w))?\s*,?\s*{_INSTEAD}\s+{_USUAL}{_NUMBER}"
    rf"(?![\d.,]*\d)(?:\s*(?P<unit2>{_TIME})(?!\w))?",
    re.I,
)


_REPLACED_FIRST = re.compile(
    rf"(?<!\w){_INSTEAD}\s+{_USUAL}{_NUMBER}\s*(?P<unit>{_TIME})?\s*,?\s*(?=(?:now|use|do|take"
    rf"|jetzt|nimm|prends|usa"
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

    return first(_REPLACED, text, kept) or first(_REPLACED_FIRST, text, lambda m: "")


_LENS = re.compile(
    r"(?<!\w)(?P<n>10|20|40|60|63|100|four|five|ten|twenty|forty|sixty) times (?=(?:objective|lens"
    r"|magnification)\b)",
    re.I,
)


_WORDS = {"four": "4", "five": "5", "ten": "10", "twenty": "20", "forty": "40", "sixty": "60"}


def _lens(text: str) -> Edit | None:
    """ "The twenty times objective"."""
    return first(_LENS, text, lambda m: f"{_WORDS.get(m['n'].lower(), m['n'])}x ")


_NO_UNIT = (
    r"(?![\w.,]*\d)(?!\s*-?\s*(?:[^\W\d_]+\b)?(?:um|µm|μm|nm|mm|micr|mikro|min|ms|sec|s\b"
    r"|h\b|%|x\b))"
)


_PLAIN_STEP = re.compile(
    rf"(?P<lead>{_NUMBER}\s*{_LENGTH}(?!\w)[^.;\n]{{0,32}}?(?<!\w){_STEP}\s*[=:]?\s*)(?P<n>0?[.,]\d+"
    rf"|\d(?:[.,]\d+)?)"
    rf"(?:er)?(?=\s*(?:$|[.,;)\n](?!\d)|(?:steps?|schritt\w*)(?!\w))){_NO_UNIT}",
    re.I,
)


def _step(text: str) -> Edit | None:
    """ "10 um in steps of 0.5": the step has the unit of the range."""
    return first(_PLAIN_STEP, text, lambda m: f"{m['lead']}{m['n']} um")


_BELOW_ABOVE = re.compile(
    rf"(?P<lead>(?<!\w)(?:from|von|de|da|desde)\s+)(?P<n>{_NUMBER})(?P<side>\s+(?:below|above"
    rf"|under|unter|über|sous|sopra|sotto"
    rf"|debajo|encima)\s+(?:the focus |focus )?(?:to|bis|à|a|hasta)\s+{_NUMBER}\s*{_LENGTH})",
    re.I,
)


def _below_above(text: str) -> Edit | None:
    """ "From 3 below to 7 um above"."""
    return first(_BELOW_ABOVE, text, lambda m: f"{m['lead']}{m['n']} um{m['side']}")


_ROWS_COLUMNS = re.compile(
    r"(?<!\w)(?P<r>\d{1,2}|one|two|three|four|five|six|an?|eine[nr]?|zwei|drei|vier|fünf|une?|deux"
    r"|trois|quatre|cinq|una|due|tre|quattro|cinque"
    r"|dos|tres|cuatro|cinco)\s+(?:rows?|reihen?|zeilen?|rangées?|lignes?|rig(?:a|he)"
    r"|filas?)\s*(?:,|and|by|x|und|mal|et|e|y|por|per|with|of)\s*"
    r"(?P<c>\d{1,2}|one|two|three|four|five|six|zwei|drei|vier|fünf|deux|trois|quatre|cinq|due|tre"
    r"|quattro|cinque|dos|tres|cuatro|cinco)\s+"
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

    return first(_ROWS_COLUMNS, text, pair)


_EACH = re.compile(
    r"(?<![\w.])(?P<r>\d{1,2})\s?[x×]\s?(?P<c>\d{1,2})\s*(?:sites?|fields?|images?|fovs?|tiles?"
    r"|positions?|felder|bilder|champs|images|campi|immagini|campos)?"
    r"\s*(?P<per>(?:per|in each|in every|each|pro|je|par|dans chaque|in ogni|por"
    r"|en cada)\s+(?:well|position|site|field|napf|näpfchen|puits|champ"
    r"|pozzetto|posizione|pocillo|posición))(?!\w)",
    re.I,
)


def _grid_each(text: str) -> Edit | None:
    """ "2x2 sites per well": a grid."""
    return first(_EACH, text, lambda m: f"{m['r']}x{m['c']} grid {m['per']}")


_AXES = (
    (re.compile(r"(?<!\w)Z\s*\(\s*(?P<n>\d{1,3})\s*\)\s*:?", re.I), "{n} planes,"),
    (re.compile(r"(?<!\w)T\s*\(\s*(?P<n>\d{1,5})\s*\)\s*:?", re.I), "{n} time points, every"),
    (re.compile(r"(?<!\w)(?:XY|P|M)\s*\(\s*(?P<n>\d{1,3})\s*\)\s*:", re.I), ""),
    (re.compile(r"(?<!\w)(?:λ|C|lambda)\s*\(\s*(?P<n>\d{1,2})\s*\)\s*:", re.I), ""),
)


def _counted_axes(text: str) -> Edit | None:
    """ "XY(4): ... | Z(13): step 0.3 um | T(25): 10 min"."""
    for pattern, words in _AXES:
        edit = first(pattern, text, lambda m, w=words: w.format(n=m["n"]))  # type: ignore[misc]
        if edit is not None:
            return edit
    return None
