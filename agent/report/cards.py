"""Decisions as the page shows them: words, numbers, pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.report.choose import Quiet, lead
from agent.report.pictures import FIELD_EDGE, SMALL_EDGE
from agent.report.unpack import as_text
from agent.report.words import at, clock, duration, figure

if TYPE_CHECKING:
    from agent.report.choose import Chosen
    from agent.report.desk import Desk
    from agent.report.pictures import Picture
    from agent.report.record import Act, Burst, DecisionRow, Seen

_TITLES = {
    "burst": "Fast imaging started",
    "end_burst": "Back to the baseline",
    "revisit": "A second look",
    "refocus": "Refocus",
    "change_exposure": "Exposure changed",
    "change_objective": "Objective change",
    "wait": "Left alone",
    "keep": "The best fields kept",
    "recentre": "The stage follows the target",
    "ask": "A question",
    "stop": "Stop",
}
_LARGE = frozenset({"burst", "ask", "stop", "change_objective"})
_CLOSE = frozenset({"burst", "end_burst", "revisit"})
_LONG = 600


@dataclass(frozen=True, slots=True)
class ActLine:
    """One action and what became of it."""

    what: str
    became: str
    refused: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One decision."""

    anchor: str
    when: str
    clock: str
    fov: str
    after: str  # the field whose visit led to it, when that is another one
    title: str
    tone: str
    reason: str
    facts: tuple[tuple[str, str], ...]
    remark: str
    acts: tuple[ActLine, ...]
    cost: str
    pictures: tuple[Picture, ...]
    burst: str


@dataclass(frozen=True, slots=True)
class Gap:
    """Looks that asked for nothing."""

    text: str


def cards_of(desk: Desk, chosen: Chosen) -> tuple[Card | Gap, ...]:
    """All chosen decisions in time order, with the gaps between them."""
    return tuple(
        _gap(item) if isinstance(item, Quiet) else _card(desk, item) for item in chosen.items
    )


def _card(desk: Desk, decision: DecisionRow) -> Card:
    run, name = desk.record.run, lead(decision)
    first = next(act for act in decision.acts if act.name == name)
    fov = as_text(first.details.get("fov")) or decision.fov
    looks = desk.evidence(decision.visit, fov) or (decision.visit,)
    seen = desk.gallery.seen.get(looks[0])
    started = desk.started.get((decision.visit, fov)) if name == "burst" else None
    return Card(
        anchor=f"decision-{decision.visit}",
        when=at(decision.time_s),
        clock="" if run.simulated else clock(run.started_utc, decision.time_s),
        fov=fov,
        after="" if fov == decision.fov else decision.fov,
        title=_title(name),
        tone=name if name in _TITLES else "other",
        reason=as_text(decision.reason, _LONG),
        facts=_facts(seen),
        remark=(seen.rationale or seen.why_abstained) if seen else "",
        acts=tuple(_act(act) for act in decision.acts),
        cost=_cost(desk, decision, looks[0], started),
        pictures=desk.gallery.of_decision(
            looks[0],
            looks[1:],
            close=name in _CLOSE,
            edge=FIELD_EDGE if name in _LARGE else SMALL_EDGE,
        ),
        burst=f"burst-{started.id}" if started else "",
    )


def _title(name: str) -> str:
    return _TITLES.get(name, name.replace("_", " ").capitalize())


def _gap(quiet: Quiet) -> Gap:
    if quiet.looks == 1:
        return Gap(f"1 look with nothing to do, at {at(quiet.from_s)}")
    return Gap(f"{quiet.looks:,} looks with nothing to do, {at(quiet.from_s)} to {at(quiet.to_s)}")


def _facts(seen: Seen | None) -> tuple[tuple[str, str], ...]:
    if seen is None:
        return (("verdict", "not in the journal"),)
    facts = []
    if seen.state != "given":
        facts.append(("verdict", seen.state))
    if seen.p_target is not None:
        facts.append((f"probability of {seen.target or 'target'}", f"{seen.p_target:.2f}"))
    if seen.count is not None:
        facts.append(("objects", f"{seen.count:,}"))
    focus = seen.focus_state or "unknown"
    score = f" ({figure(seen.focus_score)})" if seen.focus_score is not None else ""
    facts.append(("focus", focus + score))
    if seen.flags:
        facts.append(("flags", ", ".join(seen.flags)))
    return tuple(facts)


def _act(act: Act) -> ActLine:
    details = ", ".join(
        f"{key.removesuffix('_s').removesuffix('_ms').replace('_', ' ')} {_value(key, value)}"
        for key, value in act.details.items()
        if key != "fov"
    )
    name = f"{act.name.replace('_', ' ')} {as_text(act.details.get('fov'))}".rstrip()
    what = name + (f" ({details})" if details else "")
    refused = act.became.lower().startswith(("refused", "failed", "not "))
    return ActLine(as_text(what, _LONG), act.became, refused)


def _value(key: str, value: object) -> str:
    if isinstance(value, int | float) and key.endswith("_ms"):
        return f"{value:g} ms"
    if isinstance(value, int | float) and key.endswith("_s"):
        return duration(value)
    return as_text(value, _LONG)


def _cost(desk: Desk, decision: DecisionRow, look: int, burst: Burst | None) -> str:
    text = f"this look {desk.light_of((look,))}"
    if burst is not None:
        return f"{text}; the burst {desk.light_of(desk.burst_visits(burst))}"
    caused = tuple(
        visit.id for visit in desk.caused.get(decision.visit, ()) if visit.started_s is not None
    )
    return f"{text}; what it asked for {desk.light_of(caused)}" if caused else text
