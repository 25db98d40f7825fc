"""Numbers and names that nothing has read: near an exposure or a plate they are no story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.draft import No

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.channels import Channel
    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from hardware.data import MicroscopeConfig

_NUMBER = re.compile(r"(?<![\w.])[-+]?\d[\w.,]*")
_WELL = re.compile(r"(?<![\w-])[A-Za-z]{1,2}\d{1,3}(?![\w-])")
_GOES_ON = re.compile(r"\s*(?:to|through|-|–|bis|à|a)\s*([A-Z]{1,2}\d{1,2})(?![\w-])")
_RANGE = re.compile(
    r"(?:\s*(?:to|through|bis|à|a)\s+|[-–:]|\s*\.\.+\s*)([A-Za-z]{0,2}\d{2,})(?!\w)", re.I
)
_SPACED = re.compile(r"(?<![\w.,])\d{1,3}[ \u00a0\u202f]\d{3}(?=\s*(ms|s|sec|min|h|um|µm)\b)", re.I)
_SPOKEN = re.compile(
    r"\b(zero|one|two|three|four|five|six|seven|eight|nine|ten) point (zero|one|two|three|four"
    r"|five|six|seven|eight|nine)\b",
    re.I,
)
_ODD_UNIT = re.compile(
    r"\d[\d.,]*\s*(kilo|mega|giga|deci|hecto|pico|femto)[ -]?(?!byte)[a-z]+", re.I
)


def stray_numbers(
    near: Nearby,
    channels: Sequence[Channel],
    parts: Sequence[Clause],
    places: Sequence[tuple[int, int]],
    config: MicroscopeConfig,
    found: Found,
) -> None:
    """Ask about numbers that were not read next to an exposure; refuse wells that were not."""
    text = near.text
    for odd in (_SPACED, _ODD_UNIT, _SPOKEN):
        found.unclear += [match.span() for match in odd.finditer(text)]
    _coordinates(text, config, found)
    for _, end in places:  # "positions 1-999999999": where does the list end?
        tail = _RANGE.match(text, end)
        if tail is not None and not any(
            a <= tail.start(1) < b and b > tail.end(1) for a, b in near.held
        ):
            found.unclear.append((tail.start(1), tail.end(1)))
    held = [*near.held, *((c.start, c.end) for c in channels)]
    for clause in parts:
        if clause.about is About.STORY:
            continue
        for match in _NUMBER.finditer(text, clause.start, clause.end):
            after = near.left(match.start(), "exposure", words=1) is not None
            if not (after or clause.has("exposure")):
                continue
            if not _read(match, found.used if after else held):
                found.unclear.append(match.span())
    if "plate" in found.said:
        _wells(text, held, config, found)
    rows = found.where.get("grid.rows")
    if (
        rows is not None
        and re.search(r"[-−]\s*$", text[: rows[0]])
        and re.match(r"\d", text[rows[0] :])
    ):
        words = found.words(rows[0] - 1, rows[1])
        found.refused.append(
            No("grid.rows", str(words), "a grid has 1 row and 1 column or more", "Say how many.")
        )


_COORDINATE = re.compile(
    r"(?<![\w])(?<!delta )(?<!step )(?<!Δ )([xyz])\s*=\s*(-?\d[\d.,]*)\s*(mm|cm|m|um|µm|μm"
    r"|microns?)?(?![\w])"
    r"|(?<![\w])([xyz]) (?:to |at |position )?(-?\d[\d.,]*)\s*(mm|cm|m|um|µm|μm"
    r"|microns?)(?![\w])(?!\s*[/x]\s*\d)",
    re.I,
)
_IN_UM = {"mm": 1e3, "cm": 1e4, "m": 1e6}


_STACKED = re.compile(r"\bdz\b|\d\s*(?:planes?|slices?)\b|\bz[- ]?stack\b|um steps\b", re.I)


def _coordinates(text: str, config: MicroscopeConfig, found: Found) -> None:
    """Places are names; bare stage coordinates are refused, with the stage's limits."""
    for match in _COORDINATE.finditer(text):
        axis = (match[1] or match[4]).lower()
        if axis == "z" and _STACKED.search(text):
            continue  # "z = 12 um, dz = 0.8 um"
        number, unit = match[2] or match[5], match[3] or match[6] or ""
        low, high = getattr(config.stage, f"{axis}_um")
        try:
            value = float(number.replace(",", ".")) * _IN_UM.get(unit.lower(), 1.0)
        except ValueError:
            continue
        bound = f"{axis} may be {low:g} to {high:g} um"
        if low <= value <= high:
            bound = "places are marked positions, wells, or grids round these"
        words = str(found.words(match.start(), match.end()))
        remedy = "Mark the place in the microscope's file (positions), and name it."
        found.refused.append(No("stage", words, bound, remedy))
        return


def _wells(
    text: str, held: Sequence[tuple[int, int]], config: MicroscopeConfig, found: Found
) -> None:
    known = {name.lower() for name in (*config.channels, *config.positions)}
    for _, end in held:  # "P24 to Q25", of which only the first is a well
        tail = _GOES_ON.match(text, end)
        if tail is not None and "wells" in found.said and tail[1].lower() not in known:
            reason = f"the plate has no well {tail[1]}"
            found.refused.append(
                No("wells", f"“{tail[1]}”", reason, "Name wells that the plate has.")
            )
            return
    for match in _WELL.finditer(text):
        name = match.group()
        if _read(match, held) or name.lower() in known or not name[0].isupper():
            continue
        if re.fullmatch(r"[A-P]0|[A-Z]{1,2}\d{1,3}", name) and name[1:] in ("0", "00"):
            reason = f"there is no well {name}: columns count from 1"
            found.refused.append(No("wells", f"“{name}”", reason, "Name wells that the plate has."))


def _read(match: re.Match[str], held: Sequence[tuple[int, int]]) -> bool:
    return any(start < match.end() and match.start() < end for start, end in held)
