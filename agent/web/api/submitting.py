"""From words, or a plan, to an experiment in the queue."""

from __future__ import annotations

from fastapi import APIRouter

from agent.service.views import ExperimentView, ProposalView, RefusalView
from agent.web.api.asked import Answers, Instruction, Number, PlanText, Submission, Thread
from agent.web.errors import Refused, documented
from agent.web.guard import Operator
from agent.web.parts import PartsOf, known

router = APIRouter(tags=["submit"])


@router.post("/proposals", status_code=201, responses=documented())
async def instruct(parts: PartsOf, who: Operator, body: Instruction) -> ProposalView:
    """An instruction in plain words becomes a plan, questions, a refusal or an answer."""
    return await parts.doors.words.run(parts.service.instruct, body.words, who)


@router.post("/proposals/yaml", status_code=201, responses=documented())
async def propose_yaml(parts: PartsOf, who: Operator, body: PlanText) -> ProposalView:
    """A plan's YAML, looked at as `check` does."""
    return await parts.doors.words.run(parts.service.propose_yaml, body.yaml, who)


@router.post("/proposals/{thread}/answers", responses=documented(409))
async def answer(parts: PartsOf, who: Operator, thread: Thread, body: Answers) -> ProposalView:
    """Answers to what the words left open."""
    answers = dict(body.answers)
    found = await parts.doors.words.run(parts.service.answer, thread, answers, who)
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found


@router.post("/experiments", status_code=201, responses=documented(409))
async def submit(parts: PartsOf, who: Operator, body: Submission) -> ExperimentView:
    """Approve a proposal's plan: it goes into the queue."""
    found = await parts.doors.act.run(
        parts.service.submit,
        body.thread,
        who,
        name=body.name,
        start_utc=body.start(),
        after=body.after,
    )
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found


@router.post("/experiments/{id}/withdraw", responses=documented(404, 409))
async def withdraw(parts: PartsOf, who: Operator, id: Number) -> ExperimentView:
    """Out of the queue, before it began."""
    await known(parts, id)
    found = await parts.doors.act.run(parts.service.withdraw, id, who)
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found
