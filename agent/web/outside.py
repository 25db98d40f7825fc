"""What is outside of the API: the light for everybody, figures for Prometheus, logging in."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from agent.service.states import Level
from agent.service.views import View
from agent.web.errors import Denied, documented
from agent.web.guard import Anybody, Scraper, Viewer, guard_of
from agent.web.hosts import local_path
from agent.web.metrics import CONTENT_TYPE
from agent.web.parts import PartsOf

router = APIRouter()
LOGIN = "/login"


class LightView(View):
    """Whether something is wrong; what it is, /api/v1/health says."""

    level: Level
    checks: dict[str, Level]
    """Level by the check's name."""


_BAD: dict[int | str, dict[str, Any]] = {
    503: {"model": LightView, "description": "Something is wrong"}
}


@router.get("/health", dependencies=[Anybody], tags=["outside"], responses=documented() | _BAD)
async def light(parts: PartsOf, response: Response) -> LightView:
    """Good or bad, for everybody; 503 when bad."""
    found = await parts.doors.look.run(parts.service.health)
    checks: dict[str, Level] = {}
    order = list(Level)
    for check in found.checks:  # of two with the same name the worse one
        checks[check.name] = max(check.level, checks.get(check.name, Level.GOOD), key=order.index)
    if found.level is Level.BAD:
        response.status_code = 503
    return LightView(level=found.level, checks=checks)


@router.get(
    "/metrics",
    dependencies=[Scraper],
    tags=["outside"],
    response_class=Response,
    responses=documented()
    | {200: {"content": {"text/plain": {"schema": {"type": "string"}}}, "description": "Figures"}},
)
async def metrics(parts: PartsOf) -> Response:
    """Figures in Prometheus's text format."""
    text = await parts.doors.look.run(parts.traffic.text, parts.service)
    return Response(text, media_type=CONTENT_TYPE)


@router.post(LOGIN, dependencies=[Anybody], include_in_schema=False)
async def log_in(
    request: Request,
    token: Annotated[str, Form(max_length=200)] = "",
    name: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """Open a session of the page, and go on to where one wanted to go."""
    response = RedirectResponse(local_path(next), 303)
    try:
        guard_of(request).log_in(request, token.strip(), name, response)
    except Denied as denied:
        return RedirectResponse(f"{LOGIN}?failed={denied.view.error}", 303)
    return response


@router.post("/logout", include_in_schema=False)
async def log_out(request: Request, who: Viewer) -> Response:
    """Close it."""
    response = RedirectResponse(LOGIN, 303)
    guard_of(request).log_out(request, response)
    return response
