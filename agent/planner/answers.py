"""Answers to the planner's questions, in a person's words, put into the draft."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.draft import Draft, Question
from agent.planner.understand import understand

if TYPE_CHECKING:
    import datetime as dt

    from hardware.data import MicroscopeConfig

_PHRASES = {  # how an answer would stand in an instruction
    "interval_s": "every {}",
    "duration_s": "for {}",
    "rounds": "{} time points",
    "positions": "positions {}",
    "plate": "{} plate",
    "channels": "in {}",
    "target": "as soon as you see {}",
    "reaction.interval_s": "as soon as a cell divides, film it every {}",
    "reaction.duration_s": "as soon as a cell divides, film it for {}",
    "stack.step_um": "z-stack with {} um steps",
    "stack.range_um": "z-stack with a {} um range",
    "stack.planes": "z-stack with {} planes",
    "search.best": "find the {} best fields",
    "search.by": "find the 3 fields with the most {}",
    "autofocus.every_n_rounds": "autofocus every {} rounds",
    "objective": "use the {} objective",
}
_BELONGS = {  # slots that an answer may fill as well
    "positions": ("positions.all", "positions.count", "wells", "plate", "grid.rows", "grid.columns"),
    "duration_s": ("rounds", "start_at", "phases"),
    "interval_s": ("phases",),
    "search.by": ("target",),
}


def answered(
    draft: Draft,
    question: Question,
    text: str,
    config: MicroscopeConfig,
    now: dt.datetime,
) -> Draft | Question:
    """The draft with an answer in it; the same question again where it says nothing of it.

    `draft` is the one that was understood, before anything was filled in.
    """
    words = text.strip()
    if not words:
        return question
    for phrase in (_PHRASES.get(question.slot, "{}"), "{}"):
        said = understand(phrase.format(words), config, now)
        if said.refusals:
            return draft.refusing(*said.refusals)
        slots = (question.slot, *_BELONGS.get(question.slot, ()))
        new = [said.said[slot] for slot in slots if slot in said.said]
        if question.slot.endswith(tuple(config.channels)) and not new:  # an exposure
            new = [s for s in said.said.values() if s.slot == question.slot]
        if new:
            cleaned = {k: v for k, v in draft.said.items() if k not in slots}
            kept = tuple(q for q in draft.questions if q.slot != question.slot)
            return replace(draft, said=cleaned, questions=kept).adding(*new)
    return question
