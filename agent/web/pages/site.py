"""What the page's routes share: one set per app, found through the request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from agent.web.hosts import local_path
from agent.web.pages.glance import Glances
from agent.web.pages.notes import Note, Notes
from agent.web.pages.proposed import Proposed
from agent.web.pages.render import render

if TYPE_CHECKING:
    from agent.service.contract import Service
    from agent.web.guard import Caller, Guard

LIVE_HEADER = "x-live"  # the script asks for a page anew; nobody has turned to it


class Site:
    """State of the page beside the service's own: all of it may be lost at any time."""

    def __init__(self, service: Service, guard: Guard) -> None:
        self.service = service
        self.guard = guard
        self.notes = Notes()
        self.proposed = Proposed()
        self.glances = Glances()

    def page(
        self, request: Request, who: Caller, name: str, *, status: int = 200, **known: object
    ) -> HTMLResponse:
        """A page, with what the last act of this person came to, once."""
        live = LIVE_HEADER in request.headers
        note = None if live else self.notes.take(who.csrf)
        return HTMLResponse(render(name, request, who, note=note, **known), status)

    def done(self, who: Caller, to: str, note: Note | None = None) -> RedirectResponse:
        """After an act: look at `to`, where the note is shown. What was read before is stale."""
        self.glances.forget()
        if note is not None:
            self.notes.put(who.csrf, note)
        return RedirectResponse(local_path(to), 303)


def site_of(request: Request) -> Site:
    """The page's parts."""
    found: Site = request.state.site
    return found


SiteOf = Annotated[Site, Depends(site_of)]
