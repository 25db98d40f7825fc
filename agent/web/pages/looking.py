"""Pages to look at."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse
from starlette.responses import Response

from agent.view.timeline import EVENT_KINDS
from agent.web.api.asked import Number
from agent.web.errors import Denied
from agent.web.guard import Anybody, Viewer, guard_of
from agent.web.hosts import local_path
from agent.web.pages.experiment import read_experiment
from agent.web.pages.failures import PageRoute
from agent.web.pages.now import current_of, read_now
from agent.web.pages.render import LOOK_COOKIE, LOOKS, render
from agent.web.pages.site import SiteOf
from agent.web.parts import PartsOf, known

router = APIRouter(route_class=PageRoute, include_in_schema=False)
Field = Annotated[str | None, Query(max_length=200)]
YEAR_S = 365 * 86400
FAILED = {
    "wrong_token": "This token opens nothing.",
    "too_many_wrong_tokens": "Too many wrong tokens. Wait a minute.",
}


@router.get("/")
async def now(
    request: Request, site: SiteOf, parts: PartsOf, who: Viewer, fov: Field = None
) -> Response:
    """What is going on now."""
    key = ("now", fov)
    found = await parts.doors.look.run(site.glances.at, key, lambda: read_now(site.service, fov))
    return site.page(request, who, "now.html.j2", now=found, current=found.status.current)


@router.get("/experiments")
async def experiments(request: Request, site: SiteOf, parts: PartsOf, who: Viewer) -> Response:
    """The queue, and what is over."""
    found = await parts.doors.look.run(
        site.glances.at, "experiments", lambda: tuple(site.service.experiments(limit=200))
    )
    active = next((one for one in found if one.state.active), None)
    return site.page(request, who, "experiments.html.j2", experiments=found, current=active)


@router.get("/experiments/{id}")
async def experiment(
    request: Request,
    site: SiteOf,
    parts: PartsOf,
    who: Viewer,
    id: Number,
    kind: Annotated[str, Query(max_length=20)] = "",
    quiet: bool = False,
    before: Annotated[str | None, Query(max_length=40)] = None,
    after: Annotated[str | None, Query(max_length=40)] = None,
    fov: Field = None,
) -> Response:
    """One experiment: plan, timeline, plots, changes, commands."""
    await known(parts, id)
    kind = kind if kind in EVENT_KINDS else ""
    key = ("experiment", id, kind, quiet, before, after, fov)
    found = await parts.doors.look.run(
        site.glances.at,
        key,
        lambda: read_experiment(
            site.service, id, kind=kind, quiet=quiet, before=before, after=after, fov=fov
        ),
    )
    current = await _current(site, parts)
    return site.page(
        request, who, "experiment.html.j2", it=found, current=current, kinds=EVENT_KINDS
    )


@router.get("/messages")
async def messages(request: Request, site: SiteOf, parts: PartsOf, who: Viewer) -> Response:
    """What was, or is to be, sent."""
    found = await parts.doors.look.run(
        site.glances.at, "messages", lambda: tuple(site.service.messages(limit=200))
    )
    current = await _current(site, parts)
    return site.page(request, who, "messages.html.j2", messages=found, current=current)


@router.get("/login", dependencies=[Anybody])
async def login(
    request: Request,
    next: Annotated[str, Query(max_length=500)] = "/",
    failed: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Where a token is given."""
    from fastapi.responses import HTMLResponse

    try:
        who = guard_of(request).caller(request)
    except Denied:
        who = None
    if who is not None and not failed:
        return RedirectResponse(local_path(next), 303)
    said = FAILED.get(failed, "That did not work." if failed else "")
    return HTMLResponse(
        render("login.html.j2", request, None, next=local_path(next), failed=said),
        401 if said else 200,
    )


@router.post("/look")
async def set_look(request: Request, site: SiteOf, who: Viewer) -> Response:
    """Dark, dim red, or light; for this browser."""
    async with request.form(max_files=0, max_fields=10) as form:
        look, back = str(form.get("look", "")), str(form.get("back", "/"))
    response = RedirectResponse(local_path(back), 303)
    if look in LOOKS:
        secure = site.guard.config.tls
        response.set_cookie(
            LOOK_COOKIE, look, max_age=YEAR_S, httponly=True, samesite="strict", secure=secure
        )
    return response


async def _current(site: SiteOf, parts: PartsOf) -> object:
    return await parts.doors.look.run(site.glances.at, "current", lambda: current_of(site.service))
