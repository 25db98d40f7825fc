"""One value of a known slot from a few words: what a model quotes, what a person answers.

The number is read by code from the words; that it stands there is checked, never assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.planner.lexicon import lexicon
from agent.planner.reading.quantity import Kind, quantities
from agent.planner.slots import SLOTS, Type, slot_of

if TYPE_CHECKING:
    import datetime as dt

    from agent.planner.reading.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Unread:
    """The words do not say it: why, in our own words."""

    why: str


@dataclass(frozen=True, slots=True)
class Either:
    """The words can be read in two ways ("1,500", "2-3 min")."""

    first: float
    second: float


@dataclass(frozen=True, slots=True)
class _Measure:
    """Which quantities a slot takes, and the factor from their unit to the slot's."""

    kinds: tuple[Kind, ...]
    words: str
    factor: float = 1.0


_TIME = _Measure((Kind.DURATION,), "a time")
_ENDINGS = (  # of a slot's name; the first that fits
    ("interval_s", _Measure((Kind.DURATION, Kind.RATE), "a time or a rate")),
    ("exposure_ms", _Measure((Kind.DURATION,), "a time", 1000.0)),
    ("_um", _Measure((Kind.LENGTH,), "a length")),
    ("_percent", _Measure((Kind.PERCENT,), "a percentage", 100.0)),
    ("confluence", _Measure((Kind.PERCENT,), "a percentage")),
    ("_j_cm2", _Measure((Kind.DOSE,), "an amount of light in J/cm2")),
    ("_gb", _Measure((Kind.BYTES,), "an amount of data", 1e-9)),
    ("_s", _TIME),
    ("every_n_rounds", _Measure((Kind.COUNT, Kind.ORDINAL), "a whole number")),
    ("binning", _Measure((Kind.COUNT, Kind.PAIR, Kind.MAGNIFICATION), "a whole number")),
)
_COUNT = _Measure((Kind.COUNT,), "a whole number")
_BARE = ("exposure_ms", "_um")  # the question names the unit
_BESIDE = 24  # characters around a length in which "on either side" may stand


def number(
    slot: str,
    text: str,
    start: int,
    end: int,
    now: dt.datetime,
    language: str,
    *,
    bare: bool = False,
) -> float | int | Either | Unread:
    """The number that characters `start` to `end` of a text hold for a slot, in the slot's unit.

    A part of a number ("5 min" of "1.5 min") is none. `bare`: a number without a unit is in the
    slot's own, where a question names it. Negative numbers and zero are given as they are said.
    """
    base = base_of(slot)
    measure = next((m for ending, m in _ENDINGS if base.endswith(ending)), _COUNT)
    found = _quantities(text, start, end, measure.kinds, now, language)
    factor = measure.factor
    if not found and bare and base.endswith(_BARE):
        found, factor = _quantities(text, start, end, (Kind.COUNT,), now, language), 1.0
    if len(found) > 1:
        found = [q for q in found if _periodic(q) == base.endswith("interval_s")]
    values = {(q.value, q.upper, q.other) for q in found}
    if len(values) != 1:
        return Unread(f"{'several times' if found else 'no sign of'} {measure.words} in the words")
    return _value(base, found[0], factor, text, language)


def clock(text: str, start: int, end: int, now: dt.datetime, language: str) -> dt.datetime | Unread:
    """The date and time that characters `start` to `end` of a text name."""
    found = _quantities(text, start, end, (Kind.CLOCK,), now, language)
    if len(found) != 1 or found[0].when is None:
        return Unread("no clock time in the words")
    if found[0].ambiguous:
        return Unread("the clock time can be read in two ways")
    return found[0].when


def base_of(slot: str) -> str:
    """The slot's name without its channel. KeyError for an unknown one."""
    return slot_of(slot).name


def _quantities(
    text: str, start: int, end: int, kinds: tuple[Kind, ...], now: dt.datetime, language: str
) -> list[Quantity]:
    """Those of the whole text at the place that the words alone hold as well."""
    alone = [q for q in quantities(text[start:end], now, language) if q.kind in kinds]
    return [
        q
        for q in quantities(text, now, language)
        if q.kind in kinds
        and q.span.start < end
        and start < q.span.end
        and any(_same(q, other) for other in alone)
    ]


def _same(one: Quantity, other: Quantity) -> bool:
    if one.kind is not other.kind:
        return False
    return one.kind is Kind.CLOCK or (one.value, one.upper) == (other.value, other.upper)


def _periodic(q: Quantity) -> bool:
    return q.every or q.kind is Kind.RATE


def _value(
    base: str, q: Quantity, factor: float, text: str, language: str
) -> float | int | Either | Unread:
    width = base.endswith("stack.range_um")
    if q.kind is Kind.PAIR:
        if base == "binning" and q.upper != q.value:
            return Unread("binning is the same in both directions")
    elif q.upper is not None:
        if width and q.value < 0 < q.upper:
            return q.upper - q.value
        return Either(q.value * factor, q.upper * factor)
    if q.ambiguous:
        other = q.value if q.other is None else q.other
        return Either(q.value * factor, other * factor)
    value = q.value * factor
    if width and _either_side(q, text, language):
        value *= 2
    if SLOTS[base].type is Type.COUNT:
        return int(value) if float(value).is_integer() else Unread("it is not a whole number")
    return value


def _either_side(q: Quantity, text: str, language: str) -> bool:
    pattern = lexicon(language).concepts.get("either_side")
    before = text[max(0, q.span.start - 4) : q.span.start]
    after = text[q.span.end : q.span.end + _BESIDE]
    return "±" in before or bool(pattern and (pattern.search(before) or pattern.match(after, 1)))
