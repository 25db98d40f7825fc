"""All routes of the page, and its files."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends, Request
from starlette.staticfiles import StaticFiles

from agent.web.pages import acting, files, looking, submitting
from agent.web.pages.failures import PageRoute
from agent.web.pages.site import Site

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Scope

    from agent.service.contract import Service
    from agent.web.guard import Guard

MONTH_S = 30 * 86400


def pages(service: Service, guard: Guard) -> APIRouter:
    """The page's router for `create_app(routers=...)`; every route says who may use it."""
    site = Site(service, guard)

    async def put(request: Request) -> None:
        request.state.site = site

    outer = APIRouter(route_class=PageRoute, include_in_schema=False)
    for inner in (looking.router, submitting.router, acting.router, files.router):
        outer.include_router(inner, dependencies=[Depends(put)])
    return outer


def static() -> StaticFiles:
    """The page's style, script and icon, for `create_app(mounts={"/static": ...})`. Public."""
    return _Static(directory=Path(str(resources.files("agent.web"))) / "static")


class _Static(StaticFiles):
    """Files whose address changes with their content may be kept by browsers."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if scope["query_string"].startswith(b"v="):
            response.headers["cache-control"] = f"public, max-age={MONTH_S}, immutable"
        return response
