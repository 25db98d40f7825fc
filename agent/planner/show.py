"""A proposal as text: the plan in words, where each value comes from, what it costs, questions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.planner.answer import cost_in_words, hours, light
from agent.planner.describe import describe, number
from agent.planner.facts import facts_of
from agent.planner.proposal import Outcome
from agent.planner.slots import SLOTS, Type, slot_of
from agent.planner.source import Default, Words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.plan import Plan
    from agent.planner.draft import Question, Said
    from agent.planner.proposal import Proposal

_ORDER = {name: place for place, name in enumerate(SLOTS)}
_INNER = ("positions.all", "positions.count", "once", "watch")  # what others follow from


def show(proposal: Proposal) -> str:
    """Everything a person should see, as plain text."""
    notes = [f"note: {note}" for note in proposal.draft.notes]
    match proposal.outcome:
        case Outcome.ANSWER:
            return "\n".join([proposal.answer, *notes])
        case Outcome.REFUSE:
            return "\n".join([*(f"refused: {no}" for no in proposal.draft.refusals), *notes])
        case Outcome.ASK:
            parts = [*_understood(proposal), "", *questions(proposal), *notes]
            return "\n".join(parts).strip()
        case _:
            return "\n".join(_plan(proposal))


def questions(proposal: Proposal) -> Iterator[str]:
    """One line for each open question."""
    for question in proposal.draft.questions:
        yield f"question ({question.slot}): {asked(question)}"


def asked(question: Question) -> str:
    """A question with its choices and the answer that is proposed."""
    text = question.text
    if question.choices:
        text += f" [{' | '.join(question.choices)}]"
    return f"{text} (proposed: {question.proposed})" if question.proposed else text


def _plan(proposal: Proposal) -> Iterator[str]:
    plan, cost = proposal.plan, proposal.cost
    if plan is None or cost is None:
        raise ValueError("no plan to show")
    yield describe(facts_of(plan))
    yield ""
    yield from _understood(proposal)
    yield ""
    yield f"Takes {cost_in_words(cost)}."
    if plan.decide.policy == "watch":
        yield (
            f"A burst takes {hours(plan.reaction.duration_s)} and "
            f"{light(cost.burst)} more on its field."
        )
    yield from trouble(plan)
    for finding in proposal.findings:
        yield f"{finding.level}: {finding.message}; {finding.remedy}"
    for note in proposal.draft.notes:
        yield f"note: {note}"


def _understood(proposal: Proposal) -> Iterator[str]:
    """Where every value comes from; the words of the instruction first."""
    said = sorted(
        (s for name, s in proposal.draft.said.items() if name not in _INNER),
        key=lambda s: (isinstance(s.source, Default), _place(s.slot)),
    )
    width = max((len(s.slot) for s in said), default=0)
    for one in said:
        yield f"  {one.slot:<{width}}  {value(one)}  <- {source(one)}"


def _place(slot: str) -> int:
    base = slot if slot in _ORDER else slot.rpartition(".")[0]
    return _ORDER[base]


def source(said: Said) -> str:
    """The source in words."""
    if isinstance(said.source, Words):
        return f"“{' '.join(said.source.text.split())}”"
    return str(said.source)


def value(said: Said) -> str:
    """A slot's value in words, with its unit."""
    return told(said.slot, said.value)


def told(slot: str, value_: Any) -> str:
    """The same for a bare value."""
    kind = slot_of(slot).type
    if kind is Type.YES:
        return "yes"
    if kind is Type.NAMES:
        names = [str(v) for v in value_]
        return (
            ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:10])}, ... ({len(names)})"
        )
    if kind is Type.PAIRS:
        return ", then ".join(f"every {number(i)} s for {number(d)} s" for i, d in value_)
    if kind is Type.NUMBER and not isinstance(value_, bool):
        base = slot if slot in SLOTS else slot.rpartition(".")[0]
        for ending, unit in (
            ("_s", "s"),
            ("_ms", "ms"),
            ("_um", "um"),
            ("_percent", "%"),
            ("_j_cm2", "J/cm2"),
            ("_gb", "GB"),
        ):
            if base.endswith(ending):
                return f"{number(value_)} {unit}"
        return number(value_)
    return str(value_)


def _retries(n: int) -> str:
    again = {0: "not repeated", 1: "repeated once"}.get(n, f"repeated {n} times")
    return f"an exposure that fails is {again}"


def trouble(plan: Plan) -> Iterator[str]:
    """What the run will do when something goes wrong."""
    t, focus = plan.trouble, plan.autofocus
    told_ = [
        _retries(t.snap_retries),
        f"{t.max_errors_in_a_row} failed visits in a row end the run with the light off",
        "a late round is skipped" if t.overtaken == "skip" else "a late round is imaged late",
    ]
    if focus is None:
        told_.append("there is no autofocus: everything is imaged at its planned z")
    else:
        what = {
            "skip": "skips the visit",
            "hold_last": "uses the last good z",
            "hold_position": "leaves the position alone",
            "stop": "ends the run",
        }[focus.on_failure]
        told_.append(f"where no focus is found it {what}")
    yield f"In trouble: {'; '.join(told_)}."
