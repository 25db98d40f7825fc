"""While an experiment runs: stop, live commands, whether somebody is there, going on."""

from __future__ import annotations

from fastapi import APIRouter

from agent.live.command import LiveCommand, StopNow
from agent.service.views import CommandView, ExperimentView, RefusalView, StatusView, StopView
from agent.web.api.asked import Attendance, Number
from agent.web.errors import Refused, documented
from agent.web.guard import Operator, Stopper
from agent.web.parts import PartsOf, known
from agent.web.stopping import stop_at_once

router = APIRouter(tags=["run"])


@router.post("/stop", responses=documented())
async def stop(parts: PartsOf, who: Stopper) -> StopView:
    """Light off, at once, whatever else hangs. Needs no body and no experiment's number."""
    return await stop_at_once(parts.service, who)


@router.post("/experiments/{id}/commands", responses=documented(404, 409))
async def send_command(
    parts: PartsOf, who: Operator, id: Number, body: LiveCommand
) -> CommandView | StopView:
    """A live command, applied at the next visit boundary; only `stop_now` does not wait for it.

    State `waiting`: look at it again. 409 when it is refused at once.
    """
    if isinstance(body, StopNow):
        return await stop_at_once(parts.service, who)
    await known(parts, id)
    found = await parts.doors.act.run(parts.service.command, id, body, who)
    if isinstance(found, RefusalView):
        raise Refused(found)
    if found.state == "refused":
        raise Refused(_as_refusal(found))
    return found


@router.post("/queue/release", responses=documented())
async def release_queue(parts: PartsOf, who: Operator) -> StatusView:
    """Take the queue up again: after a stop at once nothing begins by itself."""
    return await parts.doors.act.run(parts.service.release_queue, who)


@router.post("/attend", responses=documented())
async def attend(parts: PartsOf, who: Operator, body: Attendance) -> StatusView:
    """Somebody is there, or leaves: what the agent may do by itself may differ."""
    return await parts.doors.act.run(parts.service.attend, body.attended, who)


@router.post("/experiments/{id}/resume", responses=documented(404, 409))
async def resume(parts: PartsOf, who: Operator, id: Number) -> ExperimentView:
    """Go on with one that is held or stopped, as the instrument is now. Ends no pause."""
    await known(parts, id)
    found = await parts.doors.act.run(parts.service.resume_held, id, who)
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found


def _as_refusal(command: CommandView) -> RefusalView:
    return RefusalView(
        rule="command",
        what=f"{command.command.get('command')} (command {command.id})",
        limit=command.why,
        remedy="nothing was done; look at the status, and send what fits",
    )
