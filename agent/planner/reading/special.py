"""Magnifications, pairs ("3x4"), numerical apertures, ordinals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.reading.kinds import Kind
from agent.planner.reading.measure import Measure
from agent.planner.reading.numbers import number_at
from agent.planner.reading.units import unit_at

if TYPE_CHECKING:
    from agent.planner.reading.fold import Folded
    from agent.planner.reading.grammar import Grammar

_X_BEFORE = re.compile(r"x([0-9]{1,3}(?:\.[0-9]+)?)(?![\w.,:]*[0-9])(?!\w)")
_X_AFTER = re.compile(r"x(?![^\W_])")
_SPACED_X = re.compile(r"\s+x(?!\w)")
_X_ENDS = re.compile(r"\s*(?:$|[,.;)](?!\d)|(?:and|und|et|e|y|every|at|for)\b)")
_USUAL = (4, 5, 10, 20, 25, 40, 50, 60, 63, 100)  # of objectives
_PAIR = re.compile(r"([0-9]{1,4})(\s?)x(\s?)([0-9]{1,4})(?![\w]|[.,][0-9])")
_ORDINAL = re.compile(r"([0-9]{1,4})(?:st|nd|rd|th)(?!\w)")
_NA = re.compile(r"na\s*(?:of|=|:)?\s*([0-9][.,][0-9]{1,3})(?!\w)")
_NA_AFTER = re.compile(r"\s*NA(?!\w)")
_GAP = re.compile(r"\s?-?\s?")


def special_at(f: Folded, at: int, g: Grammar) -> Measure | None:
    """The one of them that begins at a place, None if none does."""
    low = f.low
    if at and (low[at - 1].isalnum() or low[at - 1] == "_"):
        return None
    aperture = _NA.match(low, at)
    if aperture:
        return Measure(Kind.NA, float(aperture[1].replace(",", ".")), "NA", aperture.end())
    before = _X_BEFORE.match(low, at)
    if before:
        return Measure(Kind.MAGNIFICATION, float(before[1]), "x", before.end())
    ordinal = _ORDINAL.match(low, at)
    if ordinal:
        return Measure(Kind.ORDINAL, float(ordinal[1]), "", ordinal.end())
    return _pair(f, at, g) or _numbered(f, at, g)


def _pair(f: Folded, at: int, g: Grammar) -> Measure | None:
    pair = _PAIR.match(f.low, at)
    if pair and pair[2] == pair[3] and not _unit(f, pair.end()):
        return Measure(Kind.PAIR, float(pair[1]), "x", pair.end(), float(pair[4]))
    if pair:
        return None
    first = number_at(f.low, at, g.words)
    joint = g.by.match(f.low, first.end) if first else None
    if not first or not joint or "x" in joint.group() or "*" in joint.group():
        return None
    second = number_at(f.low, joint.end(), g.words)
    if not second or any(
        not n.value.is_integer() or not 1 <= n.value <= 99 for n in (first, second)
    ):
        return None
    if _unit(f, second.end):
        return None
    return Measure(Kind.PAIR, first.value, "x", second.end, second.value, spelled=first.spelled)


def _unit(f: Folded, at: int) -> bool:
    gap = _GAP.match(f.low, at)
    return unit_at(f.low, f.cased, gap.end() if gap else at) is not None


def _numbered(f: Folded, at: int, g: Grammar) -> Measure | None:
    """40x, 20-fold, 40er Objektiv, objective 40, 0.95 NA."""
    number = number_at(f.low, at, g.words)
    if number is None or number.other is not None:
        return None
    end = number.end
    aperture = _NA_AFTER.match(f.cased, end)
    if aperture:
        return Measure(Kind.NA, number.value, "NA", aperture.end())
    glued = _X_AFTER.match(f.low, end) if not number.spelled else None
    spaced = _SPACED_X.match(f.low, end)
    usual = number.value in _USUAL and _X_ENDS.match(f.low, spaced.end()) if spaced else None
    if spaced and not usual and not g.magnified.match(f.low, spaced.end()):
        spaced = None
    behind = g.magnified.match(f.low, end) if number.value > 1 else None
    said = glued or spaced or g.folds.match(f.low, end) or behind
    before = g.magnify_before.search(f.low[max(0, at - 24) : at])
    if said or (before and not _unit(f, end)):
        return Measure(Kind.MAGNIFICATION, number.value, "x", said.end() if said else end)
    return None
