"""Reading: how everything stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from agent.service.views import (
    AskView,
    ChangeView,
    CommandView,
    ExperimentView,
    HealthView,
    MessageView,
    RefusalView,
    RunView,
    StatusView,
    View,
)
from agent.web.api.asked import Limit, Number
from agent.web.errors import Denied, Refused, documented
from agent.web.guard import Viewer
from agent.web.parts import PartsOf, known

router = APIRouter(tags=["look"])
HERE = documented(404)


class PlanView(View):
    """An experiment's plan as it is in force now."""

    words: tuple[str, ...]
    """One sentence each."""
    yaml: str = Field(max_length=2_000_000)


@router.get("/status", responses=documented())
async def status(parts: PartsOf, who: Viewer) -> StatusView:
    """Everything a person wants to know at a glance."""
    return await parts.doors.look.run(parts.service.status)


@router.get("/health", responses=documented())
async def health(parts: PartsOf, who: Viewer) -> HealthView:
    """What is wrong, if anything, in words. /health says only good or bad, to everybody."""
    return await parts.doors.look.run(parts.service.health)


@router.get("/experiments", responses=documented())
async def experiments(
    parts: PartsOf,
    who: Viewer,
    over: Annotated[bool, Query(description="Also those that are over.")] = True,
    limit: Limit = 100,
) -> tuple[ExperimentView, ...]:
    """The queue and what is over, latest first."""
    return tuple(await parts.doors.look.run(parts.service.experiments, over=over, limit=limit))


@router.get("/experiments/{id}", responses=HERE)
async def experiment(parts: PartsOf, who: Viewer, id: Number) -> ExperimentView:
    """One experiment."""
    found = await parts.doors.look.run(parts.service.experiment, id)
    if isinstance(found, RefusalView):
        raise Refused(found, 404)
    return found


@router.get("/experiments/{id}/run", responses=documented(404, 409))
async def run(parts: PartsOf, who: Viewer, id: Number) -> RunView:
    """How its run stands; 409 before it has begun."""
    await known(parts, id)
    found = await parts.doors.look.run(parts.service.run, id)
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found


@router.get("/experiments/{id}/plan", responses=HERE)
async def plan(parts: PartsOf, who: Viewer, id: Number) -> PlanView:
    """Its plan in words and as YAML."""
    await known(parts, id)
    words = await parts.doors.look.run(parts.service.plan_in_words, id)
    text = await parts.doors.look.run(parts.service.plan_yaml, id)
    return PlanView(words=tuple(words), yaml=text)


@router.get("/experiments/{id}/asks", responses=HERE)
async def asks(
    parts: PartsOf,
    who: Viewer,
    id: Number,
    open_only: Annotated[bool, Query(description="Only those nobody has answered.")] = True,
) -> tuple[AskView, ...]:
    """Questions of its run; answer with the commands approve and deny."""
    await known(parts, id)
    return tuple(await parts.doors.look.run(parts.service.asks, id, open_only=open_only))


@router.get("/experiments/{id}/changes", responses=HERE)
async def changes(parts: PartsOf, who: Viewer, id: Number) -> tuple[ChangeView, ...]:
    """Every change of its plan that was asked for."""
    await known(parts, id)
    return tuple(await parts.doors.look.run(parts.service.changes, id))


@router.get("/experiments/{id}/commands", responses=HERE)
async def commands(parts: PartsOf, who: Viewer, id: Number) -> tuple[CommandView, ...]:
    """Every live command, and what became of it."""
    await known(parts, id)
    return tuple(await parts.doors.look.run(parts.service.commands, id))


@router.get("/experiments/{id}/commands/{command}", responses=HERE)
async def command(parts: PartsOf, who: Viewer, id: Number, command: Number) -> CommandView:
    """One live command: whether it is done by now."""
    await known(parts, id)
    found = await parts.doors.look.run(parts.service.commands, id)
    for one in found:
        if one.id == command:
            return one
    raise Denied(404, "not_found", f"no command {command} of experiment {id}", "list them")


@router.get("/messages", responses=documented())
async def messages(parts: PartsOf, who: Viewer, limit: Limit = 100) -> tuple[MessageView, ...]:
    """Messages that were, or are to be, sent; latest first."""
    return tuple(await parts.doors.look.run(parts.service.messages, limit=limit))
