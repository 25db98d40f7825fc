"""Which changes can be made while a run goes on. What is not named here cannot. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.change.diff import diff, within
from agent.expand import burst_series, channels, fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.change.diff import Change
    from agent.change.state import RunState
    from agent.plan import Plan

CAN = (
    "goal",
    "baseline.time_plan",
    "fields",  # of those planned: see `_places`
    "decide",
    "reaction",
    "autofocus",
    "budget",
    "stop",
    "notify",
    "trouble",
)
CANNOT = (  # goes before CAN: key, why
    ("baseline.channels", "the images of a run have the channels that it began with"),
    ("baseline.z_plan", "the images of a run have the planes that it began with"),
    ("baseline", "it decides what the images of the run look like"),
    ("reaction.z_plan", "the images of a burst have the planes that the run began with"),
    ("reaction.objective", "the images of a burst have the pixel size that the run began with"),
    ("judge", "its verdicts are compared with those that it has given so far"),
    ("autonomy", "what the agent may do by itself is agreed on before a run"),
    ("search", "the survey belongs to the beginning of a run"),
    ("camera", "the images of a run have the size that it began with"),
    ("objective", "the turret is turned before a run, by hand"),
    ("start_at", "the run has begun"),
    ("coupling", "it is set up at the beginning of a run"),
    ("microscope", "a run stays on its microscope"),
    ("scenario", "a rehearsal stays with its specimen"),
)
ANEW = "Stop this run and start another one with that plan."


@dataclass(frozen=True, slots=True)
class No:
    """A change that is not made: what, the limit, the remedy. Nothing of the request is applied."""

    key: str
    what: str
    limit: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.key}: {self.what}; {self.limit}. {self.remedy}"


def cannot(old: Plan, new: Plan, state: RunState) -> Iterator[No]:
    """What of a change cannot be made in a running run, one by one."""
    for change in diff(old, new).changes:
        if within(change.key, "fields"):
            continue
        why = _why_not(change)
        if why:
            yield No(change.key, f"{change.old} -> {change.new}", why, ANEW)
    yield from _places(old, new, state)
    yield from _images(old, new, state)


def _why_not(change: Change) -> str:
    key = change.key
    if within(key, "baseline.channels") and key.endswith("].exposure"):
        return ""
    listed = max((c for c in CAN if within(key, c)), key=len, default="")
    barred = [(len(above), why) for above, why in CANNOT if within(key, above)]
    if barred and max(barred)[0] > len(listed):
        return max(barred)[1]
    return "" if listed else "this version does not know how to change it in mid-run"


def _places(old: Plan, new: Plan, state: RunState) -> Iterator[No]:
    """A field may be left out or taken back; a place that the run does not know is another run."""
    before = {fov.name for fov in fields(old)}
    known = {fov.name: fov for fov in state.planned}
    for fov in fields(new):
        if fov.name not in known:
            names = ", ".join(list(known)[:12])
            limit = f"the run began with {names}{', ...' if len(known) > 12 else ''}"
            yield No(f"fields[{fov.name}]", "a field that the run does not have", limit, ANEW)
        elif fov != known[fov.name]:
            was = known[fov.name]
            yield No(
                f"fields[{fov.name}]",
                f"moved to x {fov.x_um:g}, y {fov.y_um:g}, z {fov.z_um:g} um",
                f"its images are of x {was.x_um:g}, y {was.y_um:g}, z {was.z_um:g} um",
                ANEW,
            )
        elif fov.name in state.left and fov.name not in before:
            limit = f"the run leaves it alone: {state.left[fov.name]}"
            yield No(f"fields[{fov.name}]", "a field to be imaged again", limit, ANEW)


def _images(old: Plan, new: Plan, state: RunState) -> Iterator[No]:
    """The channels of the store come from bursts as well, and bursts may have images apart."""
    listed = [tuple(c.config for c in plan.baseline.channels) for plan in (old, new)]
    was, will = channels(old), channels(new)
    if was != will and listed[0] == listed[1]:
        limit = f"the images of this run have the channels {', '.join(was)}"
        remedy = "Use some of these, all of them somewhere in the plan, or start another run."
        yield No("reaction.channels", f"channels {', '.join(will)}", limit, remedy)
    a, b = (burst_series(plan, state.home) for plan in (old, new))
    if a != b and old.reaction.objective == new.reaction.objective:
        limit = "where the images of bursts are kept is settled at the beginning of a run"
        yield No("decide.policy", f"{old.decide.policy} -> {new.decide.policy}", limit, ANEW)
