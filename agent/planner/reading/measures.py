"""A number with its unit at a place of a text: ranges, fractions, compounds, signs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.reading.compounds import compound
from agent.planner.reading.kinds import Kind
from agent.planner.reading.measure import GAP, Measure, scaled, unit_after, unit_follows
from agent.planner.reading.numbers import Number, number_at
from agent.planner.reading.units import unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar

_COLON = re.compile(r"([0-9]{1,3}):([0-5][0-9])(?::([0-5][0-9]))?(?![0-9:])")
_NEGATIVE = re.compile(r"(?:^|[\s(=:\[,])-$")
_AFTER_NUMBER = re.compile(r"[0-9]\s*-$")
_IN_3D = re.compile(r"\b(?:in|en) [234]d$")
_DIMENSIONS = re.compile(  # a 3d stack is no 3 days
    r"[234]d\s*-?\s*(?:z\b|z-|stack|imag|volum|view|recon|cultur|model|spher|movi|data|bild"
    r"|aufnahm|pile)"
)


def measure_at(f: Folded, at: int, g: Grammar) -> Measure | None:
    """Number and unit at a place; a plain COUNT where no unit follows; None without a number."""
    found = _colons(f, at, g) or _fraction(f, at, g) or _glued(f, at, g) or _one(f, at, g)
    found = found or _plain(f, at, g)
    if found is None:
        return None
    if found.kind is Kind.DURATION:
        found = compound(f, found, g)
    return _signed(f, at, found, g)


def _signed(f: Folded, at: int, found: Measure, g: Grammar) -> Measure:
    before = f.low[max(0, at - 24) : at]
    dash = _NEGATIVE.search(before) and not _AFTER_NUMBER.search(before)
    if dash or g.minus.search(before):
        return replace(found, value=-found.value, upper=None)
    return found


def _colons(f: Folded, at: int, g: Grammar) -> Measure | None:
    """1:30 h, 2:30 min, 01:30:00."""
    match = _COLON.match(f.low, at)
    if not match or (at and f.low[at - 1].isalnum()):
        return None
    gap = GAP.match(f.low, match.end())
    unit = unit_at(f.low, f.cased, gap.end() if gap else match.end())
    first, second, third = (int(part or 0) for part in match.groups())
    if match[3]:
        end = unit[1] if unit and unit[0].name == "h" else match.end()
        seconds = 3600 * first + 60 * second + third
        return Measure(Kind.DURATION, seconds, "h", end)
    if unit and unit[0].name in ("h", "min"):
        size = unit[0].size
        return Measure(Kind.DURATION, first * size + second * size / 60, unit[0].name, unit[1])
    return None


def _fraction(f: Folded, at: int, g: Grammar) -> Measure | None:
    """Half an hour, half a micron: a fraction in words, then a unit."""
    if (at and f.low[at - 1].isalnum()) or not g.fractions.match(f.low, at):
        return None
    best: Measure | None = None
    for part, phrase in g.fraction:
        match = phrase.match(f.low, at)
        if not match:
            continue
        gap = GAP.match(f.low, match.end())
        unit = unit_at(f.low, f.cased, gap.end() if gap else match.end())
        if unit and unit[0].kind in (Kind.DURATION, Kind.LENGTH) and unit[1] - match.end() > 1:
            value, name = part * unit[0].size, unit[0].name
            made = Measure(unit[0].kind, value, name, unit[1], spelled=True)
            best = made if best is None or made.end > best.end else best
    return best


def _glued(f: Folded, at: int, g: Grammar) -> Measure | None:
    """Number and unit in one word: fünfminütig, zwanzigfach."""
    if g.glued is None or (at and f.low[at - 1].isalnum()):
        return None
    match = g.glued.match(f.low, at)
    number = g.words.numbers.get((match[1],)) if match else None
    if not match or not number:
        return None
    unit = unit_at(f.low, f.cased, match.end())
    if not unit:
        folds = g.folds.match(f.low, match.end())
        return Measure(Kind.MAGNIFICATION, number.value, "x", folds.end()) if folds else None
    every = bool(g.every_unit.search(f.low[match.end() : unit[1]]))
    value = scaled(unit[0], number.value)
    return Measure(unit[0].kind, value, unit[0].name, unit[1], every=every, spelled=True)


def _one(f: Folded, at: int, g: Grammar) -> Measure | None:
    """An hour, eine Stunde: an article and a unit of time written out."""
    if at and f.low[at - 1].isalnum():
        return None
    match = g.article.match(f.low, at)
    if not match:
        return _hour_and_a_half(f, at, g)
    unit = unit_at(f.low, f.cased, match.end(), mistyped=False)
    if not unit or unit[0].kind is not Kind.DURATION or unit[1] - match.end() < 3:
        return None
    name = unit[0].name
    if name == "s" and not _ends_phrase(f.low, unit[1]):
        return None  # a second channel
    return Measure(Kind.DURATION, unit[0].size, name, unit[1], spelled=True)


def _hour_and_a_half(f: Folded, at: int, g: Grammar) -> Measure | None:
    """Hora y media, without its article."""
    unit = unit_at(f.low, f.cased, at, mistyped=False) if f.low[at].isalpha() else None
    if not unit or unit[0].kind is not Kind.DURATION or unit[1] - at < 3:
        return None
    for part, phrase in g.plus:
        match = phrase.match(f.low, unit[1])
        if match and not unit_follows(f, match.end()):
            value, name = (1 + part) * unit[0].size, unit[0].name
            return Measure(Kind.DURATION, value, name, match.end(), spelled=True)
    return None


_NEXT = re.compile(
    r"\s*(?:$|[.,;:!?()/-]|(?:and|or|for|in|apart|later|after|each|per|at|of|long|und|oder|lang"
    r"|im|et|ou|pour|par|e|o|per|con|y|de|por|with|mit|avec|between|exposure|interval)\b)"
)


def _ends_phrase(low: str, at: int) -> bool:
    return bool(_NEXT.match(low, at))


def _plain(f: Folded, at: int, g: Grammar) -> Measure | None:
    number = number_at(f.low, at, g.words)
    if (
        number is None
        or _DIMENSIONS.match(f.low, at)
        or _IN_3D.search(f.low[max(0, at - 4) : at + 2])
    ):
        return None
    number = _and_a_half(f.low, number, g)
    upper = _upper(f, at, number, g)
    end = upper.end if upper else number.end
    top = upper.value if upper else None
    approximate = number.approximate or bool(upper and upper.approximate)
    unit = unit_after(f, end, g, number)
    if unit is None:
        return Measure(
            Kind.COUNT,
            number.value,
            "",
            end,
            top,
            number.other,
            number.other is not None,
            approximate,
            spelled=number.spelled,
        )
    kind, size_of, name, end, doubtful = unit
    return Measure(
        kind,
        scaled(size_of, number.value),
        name,
        end,
        None if top is None else scaled(size_of, top),
        None if number.other is None else scaled(size_of, number.other),
        doubtful or number.other is not None,
        approximate,
        spelled=number.spelled,
    )


def _and_a_half(low: str, number: Number, g: Grammar) -> Number:
    if not number.value.is_integer():
        return number
    for part, phrase in g.plus:
        match = phrase.match(low, number.end)
        if match:
            return replace(number, value=number.value + part, end=match.end())
    return number


def _upper(f: Folded, at: int, number: Number, g: Grammar) -> Number | None:
    """The end of a range that begins with a number: 2-3, 10 to 20, between 10 and 20."""
    joint = g.ranges.match(f.low, number.end)
    if g.between[0].search(f.low[max(0, at - 12) : at]):
        joint = g.between[1].match(f.low, number.end) or joint
    if not joint:
        return None
    top = number_at(f.low, joint.end(), g.words)
    if top is None or top.value <= number.value:
        return None
    if f.low[top.end : top.end + 1] in (":", "-") and f.low[top.end + 1 : top.end + 2].isdigit():
        return None  # a time or a date
    dash = "-" in joint.group() or "." in joint.group()
    return top if dash or number.spelled == top.spelled else None
