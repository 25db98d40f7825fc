"""Objectives and binning."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from agent.planner.clause import About
from agent.planner.reading.quantity import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.planner.clause import Clause
    from agent.planner.found import Found
    from agent.planner.nearby import Nearby
    from agent.planner.reading.quantity import Quantity
    from hardware.data import MicroscopeConfig


def read_objectives(
    quantities: Sequence[tuple[Quantity, Clause]],
    config: MicroscopeConfig,
    near: Nearby,
    found: Found,
) -> None:
    """ "the 40x": the preset with that number in its name."""
    for q, clause in quantities:
        if q.kind is not Kind.MAGNIFICATION or clause.about in (About.STORY, About.NOTIFY):
            continue
        a, b = q.span.start, q.span.end
        if near.denied(a, words=3):
            continue
        if re.match(r"\s*(faster|slower|more|schneller)\b", near.text[b:], re.I):
            continue
        if q.value == 1 and _PER_FIELD.match(near.text, b):
            continue  # "1x per field"
        slot = (
            "reaction.objective" if clause.about in (About.REACTION, About.TRIGGER) else "objective"
        )
        found.say(slot, preset_of(q.value, config) or f"{q.value:g}X", a, b, "objective")


_PER_FIELD = re.compile(r"\s*(?:per|pro|par|por|/|in|at|je)\b", re.I)


def preset_of(magnification: float, config: MicroscopeConfig) -> str | None:
    """The objective preset that names this magnification."""
    for preset in config.objectives.items:
        number = re.search(r"\d+(\.\d+)?", preset)
        if number and float(number.group()) == magnification:
            return preset
    return None


def read_binning(
    quantities: Sequence[tuple[Quantity, Clause]], near: Nearby, found: Found
) -> set[int]:
    """ "2x2 binning", "binning 2"; returns the places of the quantities it took."""
    taken = set()
    for q, _ in quantities:
        a, b = q.span.start, q.span.end
        if q.kind not in (Kind.PAIR, Kind.COUNT, Kind.MAGNIFICATION):
            continue
        mark = near.near(a, b, "binning", words=1)
        if mark is None or "," in near.text[min(b, mark.end) : max(a, mark.start)]:
            continue
        square = q.kind is not Kind.PAIR or q.upper == q.value
        if square and float(q.value).is_integer():
            found.say("binning", int(q.value), a, b)
        else:
            found.unclear.append((a, b))
        taken.add(a)
    return taken
