"""What the routes work with: one set per app, found through the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from agent.service.contract import Service
from agent.service.views import RefusalView
from agent.web.errors import Refused

if TYPE_CHECKING:
    from agent.web.events import EventHub
    from agent.web.metrics import Traffic
    from agent.web.workers import Doors


@dataclass(frozen=True, slots=True)
class Parts:
    """Everything behind the routes of one app."""

    service: Service
    doors: Doors
    hub: EventHub
    traffic: Traffic


def parts_of(request: Request) -> Parts:
    """The app's parts."""
    found: Parts = request.app.state.parts
    return found


PartsOf = Annotated[Parts, Depends(parts_of)]


async def known(parts: Parts, id_: int) -> None:
    """Raises Refused (404) where there is no such experiment."""
    found = await parts.doors.look.run(parts.service.experiment, id_)
    if isinstance(found, RefusalView):
        raise Refused(found, 404)
