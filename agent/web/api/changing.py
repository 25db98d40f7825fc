"""Changing a running plan in words: shown first, applied when a person has said yes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter

from agent.service.views import ChangeView, RefusalView
from agent.web.api.asked import Instruction, Number
from agent.web.errors import Refused, documented
from agent.web.guard import Operator
from agent.web.parts import PartsOf, known

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.web.guard import Caller
    from agent.web.parts import Parts

router = APIRouter(tags=["change"])
HERE = documented(404, 409)


@router.post("/experiments/{id}/changes", status_code=201, responses=documented(404))
async def tell(parts: PartsOf, who: Operator, id: Number, body: Instruction) -> ChangeView:
    """A change in words: shown with its effect, not applied. State `refused` says why not."""
    await known(parts, id)
    return await parts.doors.words.run(parts.service.tell, id, body.words, who)


@router.post("/experiments/{id}/changes/undo", status_code=201, responses=HERE)
async def undo(parts: PartsOf, who: Operator, id: Number) -> ChangeView:
    """Ask to take the last change in force back; to be confirmed like any other."""
    await known(parts, id)
    return _or_refused(await parts.doors.words.run(parts.service.undo_change, id, who))


@router.post("/experiments/{id}/changes/{change}/confirm", responses=HERE)
async def confirm(parts: PartsOf, who: Operator, id: Number, change: Number) -> ChangeView:
    """Approve a change: applied before the next visit."""
    return await _settle(parts, parts.service.confirm_change, id, change, who)


@router.post("/experiments/{id}/changes/{change}/refuse", responses=HERE)
async def refuse(parts: PartsOf, who: Operator, id: Number, change: Number) -> ChangeView:
    """Deny (or withdraw) a change."""
    return await _settle(parts, parts.service.refuse_change, id, change, who)


async def _settle(
    parts: Parts,
    how: Callable[[int, int, Caller], ChangeView | RefusalView],
    id_: int,
    change: int,
    who: Caller,
) -> ChangeView:
    await known(parts, id_)
    return _or_refused(await parts.doors.act.run(how, id_, change, who))


def _or_refused(found: ChangeView | RefusalView) -> ChangeView:
    if isinstance(found, RefusalView):
        raise Refused(found)
    return found
