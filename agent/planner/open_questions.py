"""What an instruction leaves open, as questions and refusals of its draft."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.planner.clause import About, Clause
from agent.planner.draft import Draft, No, Question
from agent.planner.found import Found
from agent.planner.nearby import Nearby
from agent.planner.slots import fits, slot_of

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig

ONLY_OR_REACT = (  # what may be done about dividing cells that are only named
    "only image the fields, without a reaction",
    "react: image a field faster when one is seen",
)


_NONE = re.compile(
    r"\s*[:=]?\s*(none|no|off|without|keiner?|keine[ns]?|nein|aus|aucune?|non|nessun[oa]|no"
    r"|ningun[oa]|-)\b\s*($|[.,;\n])",
    re.I,
)


def wanted(concept: str, parts: list[Clause], near: Nearby) -> bool:
    """ "Take a z stack": wanted, even where nothing else is said of it."""
    strong = {"stack": r"stack|stapel|pile|pila|z[- ]?(series|scan)|3d|volume", "grid": r"\w"}[
        concept
    ]
    return any(
        m.concept == concept
        and c.about in (About.BASELINE, About.SEARCH)
        and not near.denied(m.start, words=2)
        and not near.declined(m.end, words=2)
        and not _NONE.match(near.text, m.end)
        and re.search(strong, near.text[m.start : m.end], re.I) is not None
        for c in parts
        for m in c.marks
    )


def impossible_values(found: Found) -> tuple[No, ...]:
    """Values that no slot can hold, as refusals."""
    return tuple(
        No(
            slot,
            f"{words} as {slot_of(slot).words} ({slot})",
            why,
            "Give a value that makes sense.",
        )
        for slot, words, why in found.bad
    )


def unknown_channels_of(found: Found, config: MicroscopeConfig) -> tuple[No, ...]:
    """Channels that the microscope does not have, as refusals."""
    return tuple(
        No(
            "channels",
            str(found.words(a, b)),
            f"microscope {config.name} has no such channel, only {', '.join(config.channels)}",
            "Name one of these.",
        )
        for a, b in found.unknown
    )


def _asking(draft: Draft, text: str) -> Draft:
    """One more question about words that have no slot."""
    if any(q.text == text for q in draft.questions):
        return draft
    asked = sum(q.slot.startswith("unclear") for q in draft.questions)
    return draft.asking(Question(f"unclear.{asked + 1}" if asked else "unclear", text))


def unclear(draft: Draft, found: Found) -> Draft:
    """What has a unit and no slot is asked about: leaving it out would be a guess."""
    lengthy = (
        draft.has("duration_s") or draft.has("phases") or draft.has("rounds") or draft.has("once")
    )
    for a, b in (*found.unclear, *(() if lengthy else found.bare_clocks)):
        draft = _asking(draft, f"what is {found.words(a, b)} for?")
    if found.open_phases and "phases" not in found.said:
        missing = "interval_s" if any(i is None for i, _ in found.open_phases) else "duration_s"
        what = "how often" if missing == "interval_s" else "for how long"
        draft = draft.asking(Question(missing, f"{what}, in each phase of the time lapse?"))
    for slot, value, a, b in found.open_exposures:
        if not fits(slot.replace("reaction.", ""), value):
            draft = replace(
                draft, open_exposures=(*draft.open_exposures, (slot, value, found.words(a, b)))
            )
    if found.open_positions is not None:
        words = found.words(*found.open_positions)
        text = f"you said {draft.said['positions'].source} and {words}: which positions?"
        draft = draft.asking(Question("positions", text))
    if found.open_wells is not None and "wells" not in draft.said:
        _, a, b = found.open_wells
        draft = draft.asking(
            Question("plate", f"which kind of well plate is it, for {found.words(a, b)}?")
        )
    for slot, a, b in found.left_over:
        text = f"what do you mean by {found.words(a, b)}?"
        if slot == "unclear":
            draft = _asking(draft, text)
        elif slot == "target" and not draft.has("watch"):
            text = f"what is to be done about {found.words(a, b)}?"
            draft = draft.asking(Question(slot, text, ONLY_OR_REACT))
        elif not any(q.slot == slot for q in draft.questions):
            draft = draft.asking(Question(slot, text))
    if found.message is not None:
        a, b = found.message
        words = found.words(a, b)
        choices = ("when it is done and when there is trouble", "at each event")
        draft = draft.asking(Question("notify.on", f"what are messages for, in {words}?", choices))
    draft = replace(draft, stack_wanted=found.stack_wanted, grid_wanted=found.grid_wanted)
    if found.focus_wanted is not None and not draft.has("autofocus."):
        draft = replace(draft, focus_wanted=found.focus_wanted)
    return draft
