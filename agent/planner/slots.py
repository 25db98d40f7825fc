"""The slots of a draft: everything an instruction can say of an experiment, one table.

The names are those of the facts that `microscout bench plan` compares. Units are in the names
(`_s` seconds, `_um` micrometres, `_ms` milliseconds); lists hold names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Type(StrEnum):
    """What a slot holds."""

    NUMBER = "number"  # finite, not negative unless `signed`
    COUNT = "count"  # whole, 1 or more
    YES = "yes"  # True
    WORDS = "words"  # text
    CHOICE = "choice"
    NAMES = "names"  # tuple of text, order kept
    PAIRS = "pairs"  # tuple of (number, number)


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot. `per_channel`: its name goes on with `.PRESET`."""

    name: str
    type: Type
    words: str
    choices: tuple[str, ...] = ()
    per_channel: bool = False
    zero: bool = False  # whether 0 makes sense


def _slots(*slots: Slot) -> dict[str, Slot]:
    return {slot.name: slot for slot in slots}


N, C, Y, W, L = Type.NUMBER, Type.COUNT, Type.YES, Type.WORDS, Type.NAMES
SLOTS = _slots(
    Slot("interval_s", N, "from one round of the time lapse to the next"),
    Slot("duration_s", N, "length of the time lapse"),
    Slot("rounds", C, "number of time points"),
    Slot("phases", Type.PAIRS, "(interval_s, duration_s) of each phase of the time lapse"),
    Slot("start_at", W, "when to begin, local time, ISO 8601"),
    Slot("once", Y, "one look, no time lapse"),
    Slot("positions", L, "marked positions of the microscope"),
    Slot("positions.count", C, "how many positions, where only their number is said"),
    Slot("positions.all", Y, "all marked positions"),
    Slot("wells", L, "wells by name"),
    Slot("plate", W, "kind of well plate, a useq name"),
    Slot("grid.rows", C, "rows of a grid at every position"),
    Slot("grid.columns", C, "columns of it"),
    Slot("grid.overlap_percent", N, "overlap of its images", zero=True),
    Slot("channels", L, "channel presets"),
    Slot("exposure_ms", N, "exposure of a channel", per_channel=True),
    Slot("gentle", Y, "as little light as possible"),
    Slot("stack.range_um", N, "whole width of the z stack"),
    Slot("stack.step_um", N, "distance of its planes"),
    Slot("stack.planes", C, "number of its planes"),
    Slot("stack.above_um", N, "part of it above the middle", zero=True),
    Slot("stack.below_um", N, "part of it below the middle", zero=True),
    Slot("stack.channels", L, "channels that get the stack, where not all do"),
    Slot("target", W, "what is watched or searched for"),
    Slot("watch", Y, "whether something is done when it appears"),
    Slot("reaction.interval_s", N, "from one visit of a burst to the next"),
    Slot("reaction.duration_s", N, "length of a burst"),
    Slot("reaction.until_gone", Y, "the burst lasts until the target is gone"),
    Slot("reaction.objective", W, "objective of the burst"),
    Slot("reaction.repeat", Type.CHOICE, "how often", ("every_event", "once_per_field", "once")),
    Slot("reaction.follow", Y, "keep the target in the middle of the image"),
    Slot("reaction.channels", L, "channels of the burst"),
    Slot("reaction.exposure_ms", N, "exposure of a channel in the burst", per_channel=True),
    Slot("reaction.stack.range_um", N, "whole width of the burst's z stack"),
    Slot("reaction.stack.step_um", N, "distance of its planes"),
    Slot("reaction.stack.planes", C, "number of its planes"),
    Slot("search.best", C, "how many fields are kept after a survey"),
    Slot("search.by", Type.CHOICE, "what makes a field good", ("target", "count", "confluence")),
    Slot("search.rounds", C, "rounds of the survey"),
    Slot("stop.after_events", C, "so many reactions end the run"),
    Slot("stop.confluence", N, "covered share of the image that ends the run"),
    Slot("notify.on", L, "what is worth a message: event, trouble, question, done"),
    Slot("notify.to", L, "addresses"),
    Slot("budget.dose_per_fov_j_cm2", N, "light on each field"),
    Slot("budget.exposure_per_fov_s", N, "light on each field, in seconds of exposure"),
    Slot("budget.total_dose_j_cm2", N, "light on all fields together"),
    Slot("budget.disk_gb", N, "disk space"),
    Slot(
        "autofocus.when",
        Type.CHOICE,
        "when to focus",
        ("every_visit", "every_nth_round", "focus_lost"),
    ),
    Slot("autofocus.every_n_rounds", C, "rounds from one autofocus to the next"),
    Slot(
        "autofocus.on_failure",
        Type.CHOICE,
        "what to do where no focus is found",
        ("skip", "hold_last", "hold_position", "stop"),
    ),
    Slot("autofocus.channel", W, "channel that autofocus looks at"),
    Slot("autofocus.exposure_ms", N, "exposure of its images"),
    Slot("autofocus.range_um", N, "whole width of its sweep"),
    Slot("objective", W, "objective of the whole run"),
    Slot("binning", C, "camera binning"),
    Slot("coupling", Type.CHOICE, "whether fields wait for verdicts", ("synchronized",)),
)


def slot_of(name: str) -> Slot:
    """The slot of a name, `exposure_ms.DAPI` included. KeyError for an unknown one."""
    if name in SLOTS:
        return SLOTS[name]
    base, _, channel = name.rpartition(".")
    slot = SLOTS[base]
    if not slot.per_channel or not channel:
        raise KeyError(name)
    return slot


def fits(name: str, value: Any) -> str:
    """Why a value cannot be in a slot, "" if it can."""
    slot = slot_of(name)
    match slot.type:
        case Type.NUMBER:
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if not number or not math.isfinite(value):
                return f"{value!r} is not a number"
            if value < 0 or (value == 0 and not slot.zero):
                return f"{value:g} is not above 0"
        case Type.COUNT:
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                return f"{value!r} is not a whole number above 0"
        case Type.YES:
            if value is not True:
                return f"{value!r} is not a yes"
        case Type.WORDS:
            if not isinstance(value, str) or not value.strip() or not value.isprintable():
                return f"{value!r} is not text"
        case Type.CHOICE:
            if value not in slot.choices:
                return f"{value!r} is none of {', '.join(slot.choices)}"
        case Type.NAMES:
            if not isinstance(value, tuple) or not value or not all(map(_text, value)):
                return f"{value!r} is not a list of names"
        case Type.PAIRS:
            good = isinstance(value, tuple) and len(value) > 1 and all(map(_pair, value))
            if not good:
                return f"{value!r} is not a list of (interval, duration) in seconds"
    return ""


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value) and value.isprintable()


def _pair(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) == 2
        and all(isinstance(n, int | float) and math.isfinite(n) and n > 0 for n in value)
    )
