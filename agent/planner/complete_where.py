"""Fills in places, or asks where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.planner.draft import Draft, No, Question, Said
from agent.planner.reading.names import SHAPES
from agent.planner.reading.wellset import row_number
from agent.planner.source import Configured

if TYPE_CHECKING:
    from hardware.data import MicroscopeConfig


def fill_places(draft: Draft, config: MicroscopeConfig) -> Draft:
    """Positions or wells, or the question where."""
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
