"""A proposal: what became of an instruction. A plan, questions, a refusal, or an answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import ValidationError

from agent.check import Where, check, errors
from agent.estimate import Estimate, estimate
from agent.finding import Finding, Level
from agent.planner.answer import answer
from agent.planner.complete import complete
from agent.planner.draft import Draft, Intent, No, Question
from agent.planner.revise import rebuild, with_places

if TYPE_CHECKING:
    from agent.check import InstrumentFacts
    from agent.plan import Plan
    from hardware.data import MicroscopeConfig


class Outcome(StrEnum):
    """What a person gets."""

    PLAN = "plan"
    ASK = "ask"
    REFUSE = "refuse"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Proposal:
    """What became of a draft.

    Attributes
    ----------
    draft : with everything filled in that has a source.
    plan : None unless nothing is missing and the checks find no error.
    findings : warnings and notes of the checks about the plan.
    cost : of the plan; None without one.
    answer : to a pure question.
    """

    draft: Draft
    plan: Plan | None = None
    findings: tuple[Finding, ...] = ()
    cost: Estimate | None = None
    answer: str = ""

    @property
    def outcome(self) -> Outcome:
        """A refusal before a question before a plan."""
        if self.draft.refusals:
            return Outcome.REFUSE
        if self.draft.intent is Intent.ANSWER:
            return Outcome.ANSWER
        return Outcome.PLAN if self.plan is not None else Outcome.ASK


def propose(draft: Draft, config: MicroscopeConfig, facts: InstrumentFacts | None) -> Proposal:
    """Complete, assemble and check a draft. Nothing moves, nothing is written."""
    if draft.refusals:
        return Proposal(replace(draft, intent=Intent.REFUSE))
    if draft.base is not None:
        config = with_places(draft.base, config, draft.get("positions", ()))
    full = complete(draft, config)
    if draft.intent is Intent.ANSWER:
        return Proposal(full, answer=answer(full, config, facts))
    if full.refusals or full.questions:
        return Proposal(full)
    try:
        plan = rebuild(full, config, facts)
    except ValidationError as error:
        return Proposal(full.refusing(*_misfits(error)))
    if isinstance(plan, Question):
        return Proposal(full.asking(plan))
    found = check(plan, config, facts=facts, where=Where("plan", config.name))
    bad = errors(found)
    if bad and all(finding.key == "reaction.channels" for finding in bad):
        return Proposal(full.asking(_burst_channels(plan)))
    if bad:
        return Proposal(full.refusing(*(_no(finding, full) for finding in bad)))
    objective = plan.objective or (facts.objective if facts else None)
    frame = facts.frame.binned(plan.camera.binning) if facts and facts.frame else None
    frame_bytes = frame.bytes if frame else None
    cost = estimate(plan, config, objective, frame_bytes=frame_bytes)
    worth_saying = tuple(f for f in found if f.level is not Level.ERROR)
    return Proposal(full, plan, worth_saying, cost)


def _burst_channels(plan: Plan) -> Question:
    """A burst without the channel that the judge looks at could never be released: which then?"""
    taken = [channel.config for channel in plan.reaction.channels]
    looks_at = plan.judge.channel or plan.baseline.channels[0].config
    both = ", ".join(dict.fromkeys((looks_at, *taken)))
    text = (
        f"a burst in {', '.join(taken)} could not be released by the judge, who looks at "
        f"{looks_at}: "
        "which channels shall it take?"
    )
    return Question("reaction.channels", text, (both,), both)


def _no(finding: Finding, draft: Draft) -> No:
    """A check's error as a refusal, with the words that asked for it where they are known."""
    source = _source(finding.key, draft)
    what = f"{source}: {finding.key}" if source else finding.key
    return No(
        finding.key, what, finding.message, f"{finding.remedy[:1].upper()}{finding.remedy[1:]}."
    )


_KEYS = (  # keys of a plan -> slots that they come from
    ("baseline.channels", ("exposure_ms.", "channels")),
    ("baseline.time_plan", ("interval_s", "phases", "duration_s", "rounds")),
    ("baseline.z_plan", ("stack.",)),
    ("baseline.grid_plan", ("grid.",)),
    ("baseline.stage_positions", ("wells", "positions", "grid.rows")),
    ("reaction.channels", ("reaction.exposure_ms.", "reaction.channels")),
    ("reaction", ("reaction.",)),
    ("autofocus", ("autofocus.",)),
    ("budget", ("budget.",)),
    ("search", ("search.",)),
    ("notify", ("notify.",)),
    ("camera", ("binning",)),
    ("objective", ("objective",)),
)


def _source(key: str, draft: Draft) -> str:
    for plan_key, slots in _KEYS:
        if not key.startswith(plan_key):
            continue
        for slot in slots:
            for name, said in draft.said.items():
                if name == slot or (slot.endswith(".") and name.startswith(slot)):
                    return str(said.source)
    return ""


def _misfits(error: ValidationError) -> list[No]:
    return [
        No(
            ".".join(str(part) for part in fault["loc"]) or "plan",
            ".".join(str(part) for part in fault["loc"]) or "the plan",
            fault["msg"],
            "Say it another way.",
        )
        for fault in error.errors()
    ]
