"""From words to an experiment, and changes of one: proposed here, approved by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.live.autonomy import Consequence
from agent.mcp import asked
from agent.mcp.kinds import Kind
from agent.mcp.tool import Found, Tool, Wish
from agent.mcp.views import Refused
from agent.mcp.which import of_current
from agent.service.views import (
    ChangeView,
    ExperimentView,
    ProposalView,
    RefusalView,
    View,
)

if TYPE_CHECKING:
    from agent.mcp.tool import Asker, Work
    from agent.service.contract import Who

Wished = Wish | RefusalView | Refused


async def instruct(work: Work, ask: asked.Instruction, who: Asker) -> Found:
    """Words become a proposal; nothing is planned to run yet."""
    return work.keep(await work.doors.words.run(work.service.instruct, ask.words, who))


async def answer(work: Work, ask: asked.Answers, who: Asker) -> Found:
    """Answers to what is open. What was asked for about the older plan is over."""
    about = f"thread {ask.thread}"
    work.answering.add(ask.thread)
    try:
        work.approvals.cancel_about(about, "the proposal was changed after it was shown")
        answers = dict(ask.answers)
        found = await work.doors.words.run(work.service.answer, ask.thread, answers, who)
    finally:
        work.answering.discard(ask.thread)
    return work.keep(found) if isinstance(found, ProposalView) else found


async def propose(work: Work, ask: asked.PlanText, who: Asker) -> Found:
    """A plan's YAML."""
    return work.keep(await work.doors.words.run(work.service.propose_yaml, ask.yaml, who))


async def submit(work: Work, ask: asked.Submitted) -> Wished:
    """A proposal's plan into the queue."""
    kept = work.proposals.get(ask.thread)
    what = f"submit proposal {ask.thread}"
    if kept is None or kept.outcome != "plan" or ask.thread in work.answering:
        limit = "no plan of it was shown here"
        remedy = "Propose it again, and answer its questions."
        return Refused(rule="proposal", what=what, limit=limit, remedy=remedy)

    def act(who: Who) -> View | RefusalView:
        return work.service.submit(
            ask.thread, who, name=ask.name, start_utc=ask.start_utc, after=ask.after
        )

    when = "" if ask.start_utc is None else f", not before {ask.start_utc.isoformat()}"
    after = "" if ask.after is None else f", after experiment {ask.after}"
    warnings = tuple(f"Warning: {text}" for text in kept.warnings)
    return Wish(
        f"{what}{when}{after}",
        act,
        shown=(*kept.described, *warnings),
        about=f"thread {ask.thread}",
    )


async def tell(work: Work, ask: asked.Wanted, who: Asker) -> Found:
    """A change in words; shown, not applied."""
    id_ = await of_current(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    return await work.doors.words.run(work.service.tell, id_, ask.words, who)


async def confirm_change(work: Work, ask: asked.OfChange) -> Wished:
    """A change that waits for a yes."""
    id_ = await of_current(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    changes = await work.doors.look.run(work.service.changes, id_)
    change = next((c for c in changes if c.id == ask.change and c.state == "asked"), None)
    what = f"approve change {ask.change} of experiment {id_}"
    if change is None:
        limit, remedy = "no such change waits", "See the list of changes."
        return Refused(rule="change", what=what, limit=limit, remedy=remedy)
    shown = tuple(f"{d.key}: {d.old} -> {d.new}" for d in (*change.diff, *change.effect))

    def act(who: Who) -> View | RefusalView:
        return work.service.confirm_change(id_, ask.change, who)

    return Wish(what, act, id_, shown)


async def resume_held(work: Work, ask: asked.OfHeld) -> Wished:
    """Go on as the instrument is now: with the differences that the person was shown."""
    id_ = ask.experiment
    found = await work.doors.look.run(work.service.experiment, id_)
    if isinstance(found, RefusalView):
        return found
    what = f"go on with experiment {id_}, which is {found.state}"
    shown = found.differences or ("No difference between instrument and journal is known.",)

    def act(who: Who) -> View | RefusalView:
        now = work.service.experiment(id_)
        if isinstance(now, ExperimentView) and now.differences != found.differences:
            limit = "the instrument differs in another way than was shown"
            return RefusalView(rule="differences", what=what, limit=limit, remedy="Ask again.")
        return work.service.resume_held(id_, who)

    return Wish(what, act, id_, shown)


CONTROL, HAZARD = Kind.CONTROL, Kind.HAZARD
COSTLY = Consequence.COSTLY
TOOLS = (
    Tool(
        "instruct",
        CONTROL,
        "an experiment in plain words becomes a proposal, questions, a refusal or an answer."
        " Nothing is put into the queue.",
        asked.Instruction,
        ProposalView,
        instruct,
    ),
    Tool(
        "answer",
        CONTROL,
        "answer the questions of a proposal, in the person's words.",
        asked.Answers,
        ProposalView,
        answer,
    ),
    Tool(
        "propose",
        CONTROL,
        "look at a plan's YAML as `microscout check` does. Nothing is put into the queue.",
        asked.PlanText,
        ProposalView,
        propose,
    ),
    Tool(
        "tell",
        CONTROL,
        "ask for a change of the running plan in plain words. It is shown with its effect, and"
        " applied when a person has approved it.",
        asked.Wanted,
        ChangeView,
        tell,
    ),
    Tool(
        "submit",
        HAZARD,
        "put a proposal's plan into the queue. A person has to approve it.",
        asked.Submitted,
        ExperimentView,
        wish=submit,
        consequence=COSTLY,
    ),
    Tool(
        "confirm_change",
        HAZARD,
        "have a change applied that was asked for. A person has to approve it.",
        asked.OfChange,
        ChangeView,
        wish=confirm_change,
        consequence=COSTLY,
    ),
    Tool(
        "resume_held",
        HAZARD,
        "go on with an interrupted experiment as the instrument is now. A person has to approve"
        " it.",
        asked.OfHeld,
        ExperimentView,
        wish=resume_held,
        consequence=COSTLY,
    ),
)
