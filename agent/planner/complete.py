"""Fills a draft from the microscope's file and named defaults, and asks for what is missing.

Nothing necessary is guessed: where, which channels, how often, how long. What has a usual value
(exposures of the microscope's file, the length of a burst) is filled in and says where from.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent.planner.draft import Draft, No, Question, Said
from agent.planner.reading.names import SHAPES
from agent.planner.reading.wellset import row_number
from agent.planner.source import Configured, Default

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig

BURST_S = 1800.0
UNTIL_GONE_S = 3600.0


def complete(draft: Draft, config: MicroscopeConfig) -> Draft:
    """The same draft with everything that can be filled in, questions and refusals."""
    for part in (_places, _channels, _time, _stack, _reaction, _exposures, _search, _focus, _rest):
        draft = part(draft, config)
    return draft


def _default(slot: str, value: Any, name: str, why: str) -> Said:
    return Said(slot, value, Default(name, why))


# ------------------------------------------------------------------ where


def _places(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.has("wells") and draft.has("positions"):
        both = f"{draft.said['wells'].source} and {draft.said['positions'].source}"
        text = f"you speak of wells and of marked positions ({both}): which of them?"
        return draft.asking(Question("positions", text, ("the wells", "the positions")))
    if draft.has("wells"):
        return _plate(draft, config)
    if any(q.slot == "plate" for q in draft.questions):
        return draft
    if draft.has("plate") and not (draft.has("positions") or draft.has("positions.count")):
        return draft.asking(Question("wells", "which wells?", ("all wells",)))
    known = tuple(config.positions)
    if draft.has("positions"):
        unknown = [name for name in draft.get("positions") if name not in known]
        if unknown:
            return draft.refusing(
                No(
                    "positions",
                    f"{draft.said['positions'].source}: no position {', '.join(unknown)}",
                    f"microscope {config.name} has marked {', '.join(known) or 'none'}",
                    "Name one of these, or mark it in the microscope's file (positions).",
                )
            )
        return draft
    if draft.has("positions.all") or draft.has("positions.count"):
        return _counted(draft, config)
    return draft.asking(
        Question(
            "positions",
            "where? Name marked positions, wells of a plate, or a grid at a position",
            (f"all marked positions ({', '.join(known)})",) if known else (),
            "all marked positions" if known else "",
        )
    )


def _plate(draft: Draft, config: MicroscopeConfig) -> Draft:
    if not draft.has("plate"):
        kinds = tuple(config.plates)
        if len(kinds) == 1:
            return draft.adding(Said("plate", kinds[0], Configured(config.name, "plates")))
        return draft.asking(Question("plate", "which kind of well plate is it?", kinds))
    plate = draft.get("plate")
    size = SHAPES.get(int(plate.partition("-")[0])) if plate.partition("-")[0].isdigit() else None
    outside = [] if size is None else [w for w in draft.get("wells") if not _on(w, size)]
    if outside:
        draft = draft.refusing(
            No(
                "wells",
                f"{draft.said['wells'].source} on the {plate} plate",
                f"the plate has no {', '.join(outside[:6])}",
                "Name wells that the plate has.",
            )
        )
    if plate not in config.plates:
        return draft.refusing(
            No(
                "plate",
                f"{draft.said['plate'].source}: no {plate} plate",
                f"microscope {config.name} knows where {', '.join(config.plates) or 'none'} lie",
                f"Measure the middle of well A1 and write it under plates: {plate} there.",
            )
        )
    return draft


def _on(well: str, size: tuple[int, int]) -> bool:
    letters = well.rstrip("0123456789")
    row = row_number(letters) if letters else 0
    return 1 <= row <= size[0] and 1 <= int(well[len(letters) :] or 0) <= size[1]


def _counted(draft: Draft, config: MicroscopeConfig) -> Draft:
    known = tuple(config.positions)
    if not known:
        return draft.asking(
            Question(
                "positions", f"microscope {config.name} has no marked positions: which do you mean?"
            )
        )
    wanted = draft.get("positions.count", len(known))
    if wanted == len(known):
        slot = "positions.count" if draft.has("positions.count") else "positions.all"
        filled = Said("positions", known, draft.said[slot].source)
        return draft.adding(filled)
    which = f"microscope {config.name} has {len(known)} marked positions ({', '.join(known)})"
    first = ", ".join(known[:wanted])
    return draft.asking(
        Question(
            "positions",
            f"you said {wanted} positions; {which}: which ones?",
            (first,) if wanted < len(known) else (),
        )
    )


# ------------------------------------------------------------------ channels and light


def _channels(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.has("channels"):
        unknown = [name for name in draft.get("channels") if name not in config.channels]
        if unknown:
            draft = draft.refusing(
                No(
                    "channels",
                    f"{draft.said['channels'].source}: no channel {', '.join(unknown)}",
                    f"microscope {config.name} has {', '.join(config.channels)}",
                    "Name one of these.",
                )
            )
        return draft
    named = sorted(s.rpartition(".")[2] for s in draft.said if s.startswith("exposure_ms."))
    if named:
        source = draft.said[f"exposure_ms.{named[0]}"].source
        return draft.adding(Said("channels", tuple(named), source))
    if draft.has("reaction.channels"):
        said = draft.said["reaction.channels"]
        return draft.adding(Said("channels", said.value, said.source))
    if len(config.channels) == 1:
        only = next(iter(config.channels))
        return draft.adding(Said("channels", (only,), Configured(config.name, "channels")))
    return draft.asking(Question("channels", "which channels?", tuple(config.channels)))


def _exposures(draft: Draft, config: MicroscopeConfig) -> Draft:
    for preset in draft.get("channels", ()):
        draft = _one_exposure(draft, config, f"exposure_ms.{preset}", preset)
    wanted = draft.get("reaction.channels") or ()
    named = [s.rpartition(".")[2] for s in draft.said if s.startswith("reaction.exposure_ms.")]
    if named and not wanted:
        wanted = draft.get("channels") or tuple(named)
        wanted = tuple(dict.fromkeys((*wanted, *named)))
        source = draft.said[f"reaction.exposure_ms.{named[0]}"].source
        draft = draft.adding(Said("reaction.channels", wanted, source))
    for preset in wanted:
        slot = f"reaction.exposure_ms.{preset}"
        same = draft.said.get(f"exposure_ms.{preset}")
        if slot not in draft.said and same is not None:
            draft = draft.adding(Said(slot, same.value, same.source))
        draft = _one_exposure(draft, config, slot, preset)
    return draft


def _one_exposure(draft: Draft, config: MicroscopeConfig, slot: str, preset: str) -> Draft:
    if slot in draft.said or preset not in config.channels:
        return draft
    for base, value, words in draft.open_exposures:
        if slot == f"{base}.{preset}":
            return draft.adding(Said(slot, value, words))
    channel = config.channels[preset]
    if draft.get("gentle") and channel.gentle_exposure_ms is not None:
        key, value = "gentle_exposure_ms", channel.gentle_exposure_ms
    elif channel.exposure_ms is not None:
        key, value = "exposure_ms", channel.exposure_ms
    else:
        return draft.asking(Question(slot, f"which exposure for {preset}, in ms?"))
    source = Configured(config.name, f"channels.{preset}.{key}")
    return draft.adding(Said(slot, value, source))


# ------------------------------------------------------------------ time


def _time(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.has("phases") or any("phase" in q.text for q in draft.questions):
        return draft
    interval, length, rounds = (draft.has(s) for s in ("interval_s", "duration_s", "rounds"))
    if interval and length and rounds:
        return _all_three(draft)
    if draft.get("once") and not (interval or length):
        return draft
    if not (interval or length or rounds) and _one_look(draft):
        return draft.adding(_default("once", True, "one look", "no words speak of a time lapse"))
    if not interval and not (length and rounds):
        draft = draft.asking(
            Question(
                "interval_s",
                "how often is each field to be imaged?",
                ("every 5 min", "every 10 min"),
            )
        )
    if not length and not rounds:
        draft = draft.asking(Question("duration_s", "for how long?", ("for 12 h", "for 24 h"), ""))
    return draft


def _all_three(draft: Draft) -> Draft:
    """Interval, length and number of rounds: one too many, and right only if they fit."""
    fits = draft.get("duration_s") / draft.get("interval_s")
    if any(abs(fits + more - draft.get("rounds")) < 1e-6 for more in (0, 1)):
        return replace(draft, said={k: v for k, v in draft.said.items() if k != "rounds"})
    return draft.asking(
        Question(
            "rounds",
            f"{draft.get('rounds')} rounds do not fit {draft.said['interval_s'].source} and "
            f"{draft.said['duration_s'].source}: which of the three holds least?",
        )
    )


def _one_look(draft: Draft) -> bool:
    """A stack or a tile scan without a word on time is one look; a watch never is."""
    if draft.has("watch") or draft.has("search.best") or draft.has("stop.after_events"):
        return False
    return draft.has("stack.") or draft.has("grid.rows") or draft.stack_wanted or draft.grid_wanted


def _stack(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.stack_wanted and not draft.has("stack.") and not draft.has("reaction.stack."):
        return draft.asking(Question("stack.range_um", "how thick is the stack, in um?"))
    for prefix in ("stack.", "reaction.stack."):
        if not draft.has(prefix):
            continue
        above, below = f"{prefix}above_um", f"{prefix}below_um"
        if prefix == "stack." and (draft.has(above) or draft.has(below)):
            known = 1
        else:
            known = draft.has(f"{prefix}range_um")
        known += draft.has(f"{prefix}step_um") + draft.has(f"{prefix}planes")
        width, step = draft.get(f"{prefix}range_um"), draft.get(f"{prefix}step_um")
        if width is not None and step is not None and step > width:
            draft = draft.refusing(
                No(
                    f"{prefix}step_um",
                    f"{draft.said[f'{prefix}step_um'].source} as the distance of planes",
                    f"{step:g} um is more than the whole stack of {width:g} um",
                    "Give a step below the range.",
                )
            )
        if known < 2:
            missing = (
                "step_um"
                if draft.has(f"{prefix}range_um") or draft.has(f"{prefix}planes")
                else "range_um"
            )
            what = (
                "how far apart are the planes" if missing == "step_um" else "how thick is the stack"
            )
            draft = draft.asking(Question(f"{prefix}{missing}", f"{what}, in um?"))
    return draft


# ------------------------------------------------------------------ reaction


def _reaction(draft: Draft, config: MicroscopeConfig) -> Draft:
    told = (
        draft.has("target") and "event" in draft.get("notify.on", ()) and not draft.has("search.")
    )
    if (draft.has("stop.after_events") or told) and not draft.get("watch"):
        draft = _counting(draft)
    if not draft.get("watch") and draft.has("reaction.interval_s"):
        draft = draft.adding(Said("watch", True, draft.said["reaction.interval_s"].source))
    if not draft.get("watch"):
        return draft
    if not draft.has("target"):
        draft = draft.asking(
            Question("target", "what is to be watched for?", ("mitosis", "dead cell"))
        )
    if not draft.has("reaction.interval_s") and (
        not draft.has("notify.on") or draft.has("reaction.")
    ):
        draft = draft.asking(
            Question(
                "reaction.interval_s",
                "how often is the field to be imaged when it appears?",
                ("every 20 s", "every 60 s"),
            )
        )
    if not draft.has("reaction.duration_s"):
        if draft.get("reaction.until_gone"):
            why = "ends earlier, as soon as the target is gone"
            filled = _default("reaction.duration_s", UNTIL_GONE_S, "longest burst", why)
        else:
            why = "ends earlier where the target is gone"
            filled = _default("reaction.duration_s", BURST_S, "burst", why)
        draft = draft.adding(filled)
    return draft


def _counting(draft: Draft) -> Draft:
    """ "Stop after 20 divisions" without a reaction: an event is a burst, here of one more look."""
    interval = draft.get("interval_s")
    why = "events are counted by a second look, one interval later"
    draft = draft.adding(_default("watch", True, "counting", why))
    if interval is not None and not draft.has("reaction.interval_s"):
        draft = draft.adding(
            _default("reaction.interval_s", interval, "counting", why),
            _default("reaction.duration_s", interval, "counting", why),
        )
    return draft


def _search(draft: Draft, config: MicroscopeConfig) -> Draft:
    if not draft.has("search."):
        return draft
    if not draft.has("search.best"):
        draft = draft.asking(Question("search.best", "how many of the best fields are to be kept?"))
    if not draft.has("search.by"):
        draft = draft.asking(
            Question(
                "search.by", "what makes a field good?", ("the target", "cell count", "confluence")
            )
        )
    elif draft.get("search.by") == "target" and not draft.has("target"):
        draft = draft.asking(
            Question("target", "what is to be searched for?", ("mitosis", "dead cell"))
        )
    return draft


def _focus(draft: Draft, config: MicroscopeConfig) -> Draft:
    if not draft.has("autofocus.") and draft.focus_wanted is None:
        return draft
    if not draft.has("autofocus.when"):
        if draft.get("watch"):
            name, why = "focus_lost", "no light is spent on focus before the judge finds it lost"
        else:
            name, why = "every_visit", "nobody would notice lost focus otherwise"
        draft = draft.adding(_default("autofocus.when", name, "autofocus", why))
    if draft.get("autofocus.when") == "every_nth_round" and not draft.has(
        "autofocus.every_n_rounds"
    ):
        draft = draft.asking(Question("autofocus.every_n_rounds", "in every how many rounds?"))
    channels = draft.get("channels", ())
    if not draft.has("autofocus.channel") and channels:
        said = draft.said["channels"]
        draft = draft.adding(Said("autofocus.channel", channels[0], said.source))
    preset = draft.get("autofocus.channel")
    if preset is not None:
        draft = _one_exposure(draft, config, "autofocus.exposure_ms", preset)
    return draft


def _rest(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.grid_wanted and not draft.has("grid.rows"):
        draft = draft.asking(
            Question("grid.rows", "how many rows and columns has the grid?", ("3x3", "5x5"))
        )
    if draft.has("grid.rows") and not draft.has("grid.overlap_percent"):
        draft = draft.adding(
            _default("grid.overlap_percent", 0, "edge to edge", "no words speak of overlap")
        )
    if draft.has("notify.to") and not draft.has("notify.on"):
        why = "what a person away from the microscope has to know"
        draft = draft.adding(_default("notify.on", ("done", "trouble"), "messages", why))
    planes = draft.get("stack.planes")
    if planes is not None and draft.has("stack.range_um") and planes < 2:
        draft = draft.asking(Question("stack.planes", "a stack has two planes or more: how many?"))
    return draft


def rounds_of(draft: Draft) -> int | None:
    """Time points of a time lapse with one phase."""
    if draft.has("rounds"):
        return int(draft.get("rounds"))
    if draft.has("interval_s") and draft.has("duration_s"):
        rounds: int = math.floor(draft.get("duration_s") / draft.get("interval_s") + 1e-9) + 1
        return rounds
    return None
