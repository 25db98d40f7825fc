"""Fills a draft from the microscope's file and named defaults, and asks for what is missing.

Nothing necessary is guessed: where, which channels, how often, how long. What has a usual value
(exposures of the microscope's file, the length of a burst) is filled in and says where from.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.complete_channels import fill_channels, fill_exposures
from agent.planner.complete_reaction import fill_focus, fill_reaction, fill_search
from agent.planner.complete_where import fill_places
from agent.planner.defaults import named_default
from agent.planner.draft import Draft, No, Question

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig


def complete(draft: Draft, config: MicroscopeConfig) -> Draft:
    """The same draft with everything that can be filled in, questions and refusals."""
    for part in (
        fill_places,
        fill_channels,
        _time,
        _stack,
        fill_reaction,
        fill_exposures,
        fill_search,
        fill_focus,
        _rest,
    ):
        draft = part(draft, config)
    return draft


def _time(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.has("phases") or any("phase" in q.text for q in draft.questions):
        return draft
    interval, length, rounds = (draft.has(s) for s in ("interval_s", "duration_s", "rounds"))
    if interval and length and rounds:
        return _all_three(draft)
    if draft.get("once") and not (interval or length):
        return draft
    if not (interval or length or rounds) and _one_look(draft):
        return draft.adding(
            named_default("once", True, "one look", "no words speak of a time lapse")
        )
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


def _rest(draft: Draft, config: MicroscopeConfig) -> Draft:
    if draft.grid_wanted and not draft.has("grid.rows"):
        draft = draft.asking(
            Question("grid.rows", "how many rows and columns has the grid?", ("3x3", "5x5"))
        )
    if draft.has("grid.rows") and not draft.has("grid.overlap_percent"):
        draft = draft.adding(
            named_default("grid.overlap_percent", 0, "edge to edge", "no words speak of overlap")
        )
    if draft.has("notify.to") and not draft.has("notify.on"):
        why = "what a person away from the microscope has to know"
        draft = draft.adding(named_default("notify.on", ("done", "trouble"), "messages", why))
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
