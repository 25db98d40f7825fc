"""Units: symbols that every laboratory writes, and the words of five languages for them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import OSA

from agent.planner.reading.fold import folded
from agent.planner.reading.kinds import Kind
from agent.planner.reading.tables import LANGUAGES, alternatives, raw, spellings


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit and its size in the base unit of its kind."""

    name: str
    kind: Kind
    size: float


_D, _L, _B, _J, _O = Kind.DURATION, Kind.LENGTH, Kind.BYTES, Kind.DOSE, Kind.OTHER
UNITS = {
    unit.name: unit
    for unit in (
        Unit("us", _D, 1e-6),
        Unit("ms", _D, 1e-3),
        Unit("s", _D, 1),
        Unit("min", _D, 60),
        Unit("h", _D, 3600),
        Unit("d", _D, 86400),
        Unit("wk", _D, 604800),
        Unit("nm", _L, 1e-3),
        Unit("um", _L, 1),
        Unit("mm", _L, 1e3),
        Unit("cm", _L, 1e4),
        Unit("percent", Kind.PERCENT, 0.01),
        Unit("kB", _B, 1e3),
        Unit("MB", _B, 1e6),
        Unit("GB", _B, 1e9),
        Unit("TB", _B, 1e12),
        Unit("KiB", _B, 2.0**10),
        Unit("MiB", _B, 2.0**20),
        Unit("GiB", _B, 2.0**30),
        Unit("TiB", _B, 2.0**40),
        Unit("J/cm2", _J, 1),
        Unit("mJ/cm2", _J, 1e-3),
        Unit("uJ/cm2", _J, 1e-6),
        Unit("kJ/cm2", _J, 1e3),
        Unit("J/m2", _J, 1e-4),
        Unit("J/mm2", _J, 100),
        Unit("mJ/mm2", _J, 0.1),
        Unit("deg", Kind.ANGLE, 1),
        Unit("fps", Kind.RATE, 1),  # size: s times number
        Unit("Hz", Kind.RATE, 1),
        Unit("kHz", Kind.RATE, 1e-3),
        Unit("mHz", Kind.RATE, 1e3),
        Unit("MHz", Kind.RATE, 1e-6),
        Unit("fpm", Kind.RATE, 60),
        Unit("fph", Kind.RATE, 3600),
        Unit("other", _O, 1),
    )
}
_PER_AREA = r"\s*(?:/|\*|per\s)?\s*{}\s*\^?\s*-?\s*2(?![\w])"
_SYMBOLS: dict[str, str] = {  # on folded text with its case
    "us": r"us|usecs?",
    "ms": r"ms|MS|msecs?",
    "s": r"s|S|secs?|sek|''|\"",
    "min": r"min|mins|MIN|Min|mn|mi?nt|'",
    "h": r"h|H|hr|hrs|Hrs?|std|Std|hs",
    "d": r"d",
    "wk": r"wks?",
    "nm": r"nm",
    "um": r"um|UM|Um",
    "mm": r"mm|MM",
    "cm": r"cm|CM",
    "percent": r"%",
    "kB": r"[kK][bBo]",
    "MB": r"(?:MB|Mb|mb|Mo)",
    "GB": r"(?:GB|Gb|gb|Go|gB)",
    "TB": r"(?:TB|Tb|tb|To|tB)",
    "KiB": r"[kK]iB",
    "MiB": r"MiB",
    "GiB": r"GiB",
    "TiB": r"TiB",
    "J/cm2": r"[jJ]" + _PER_AREA.format("[cC][mM]"),
    "mJ/cm2": r"m[jJ]" + _PER_AREA.format("[cC][mM]"),
    "uJ/cm2": r"u[jJ]" + _PER_AREA.format("[cC][mM]"),
    "kJ/cm2": r"k[jJ]" + _PER_AREA.format("[cC][mM]"),
    "J/m2": r"[jJ]" + _PER_AREA.format("m"),
    "J/mm2": r"[jJ]" + _PER_AREA.format("mm"),
    "mJ/mm2": r"m[jJ]" + _PER_AREA.format("mm"),
    "deg": r"°|deg",
    "fps": r"(?:fps|FPS|Fps)",
    "Hz": r"(?:[Hh]z|HZ|hertz|Hertz)",
    "kHz": r"k[Hh]z",
    "mHz": r"mHz",
    "MHz": r"MHz",
    "fpm": r"(?:fpm|FPM)",
    "fph": r"(?:fph|FPH)",
    "other": r"[munpfk]?(?:M|W|mol)(?:/cm\^?2|/mm\^?2)?|m?bar|[mk]?V|mA|[mu]?l|[mu]L|[munk]?g|rpm"
    r"|°\s?[CFcf]|deg\s?C|ppm|px|k?Pa|[umcn]?m/s|[un]?m/min|[umcn]m\^?[23]|m?J|[kMGT]B/s"
    r"|[xX]\s?g|dpi|hp[fi]|dpf|cells?/ml|kV|kDa|bp|kb",
}
_WORD = re.compile(r"[^\W\d_]{4,}")


@lru_cache(maxsize=1)
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    spoken: dict[str, list[str]] = {}
    for language in LANGUAGES:
        for name, entries in raw(language)["units"].items():
            if name in UNITS:
                spoken.setdefault(name, []).extend(entries)
    names = list(UNITS)
    symbols = "|".join(rf"(?P<_{names.index(n)}>{p})" for n, p in _by_length(_SYMBOLS))
    words = "|".join(
        rf"(?P<_{names.index(name)}>{alternatives(spoken[name])})"
        for name in sorted(spoken, key=lambda n: n != "other")
    )
    return re.compile(rf"(?:{symbols})(?![^\W\d_])(?!'\w)"), re.compile(words)


def _by_length(symbols: dict[str, str]) -> list[tuple[str, str]]:
    """Compound symbols first, so that J/cm2 is no J."""
    first = ["other", *(n for n in symbols if "/" in n)]
    return [
        (n, symbols[n]) for n in [*first[1:], first[0], *(s for s in symbols if s not in first)]
    ]


def unit_at(low: str, cased: str, at: int, *, mistyped: bool = True) -> tuple[Unit, int] | None:
    """The unit at a place (after a number and its gap) and its end; None if there is none.

    `mistyped`: whether "minuts" is one too.
    """
    symbols, spoken = _patterns()
    names = list(UNITS)
    best: tuple[Unit, int] | None = None
    for match in (symbols.match(cased, at), spoken.match(low, at)):
        if match and match.lastgroup and (best is None or match.end() > best[1]):
            best = UNITS[names[int(match.lastgroup[1:])]], match.end()
    return best or (_mistyped(low, at) if mistyped else None)


def _mistyped(low: str, at: int) -> tuple[Unit, int] | None:
    match = _WORD.match(low, at)
    name = nearest(match.group()) if match else None
    return (UNITS[name], match.end()) if match and name else None


@lru_cache(maxsize=1)
def _long_words() -> dict[str, str]:
    out: dict[str, str] = {}
    for language in LANGUAGES:
        for name, entries in raw(language)["units"].items():
            if name not in UNITS or name == "other":
                continue
            for entry in entries:
                for word in spellings(folded(entry)):
                    if word.isalpha() and len(word) >= 5:  # four: take and Tage
                        out[word] = name
    return out


# fmt: off
_NO_UNITS = frozenset(  # words that are a letter away from a unit
    [
        "section", "sections", "secondary", "dates", "houses", "house", "horses", "horse",
        "minuit", "minima", "minimum", "mints", "moments", "weeds", "stacks", "studies",
        "holes", "macros", "micros", "dishes", "jouer", "menus", "gird", "grid", "grids",
        "second",
    ]
)
# fmt: on


@lru_cache(maxsize=2048)
def nearest(word: str) -> str | None:
    """The unit that a mistyped word stands for, if only one is near; strict.

    Same first letter; one error (two from eight letters on).
    """
    if word in _NO_UNITS:
        return None
    most = 1 if len(word) < 8 else 2
    found: dict[str, int] = {}
    for known, name in _long_words().items():
        if known[0] == word[0] and abs(len(known) - len(word)) <= most:
            distance = OSA.distance(word, known, score_cutoff=most)
            if distance <= most and distance < found.get(name, 9):
                found[name] = distance
    if not found:
        return None
    least = min(found.values())
    names = [name for name, distance in found.items() if distance == least]
    return names[0] if len(names) == 1 else None
