"""The app: API, page, guard and shield put together over a service."""

from __future__ import annotations

import contextlib
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from agent.web.api import PREFIX, api
from agent.web.errors import handle_errors
from agent.web.events import EventHub, fingerprint
from agent.web.guard import Viewer
from agent.web.metrics import Traffic
from agent.web.outside import router as outside
from agent.web.parts import Parts
from agent.web.roles import refuse_undeclared
from agent.web.shield import Shield
from agent.web.workers import Doors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Hashable, Sequence

    from agent.service.contract import Service
    from agent.web.guard import Guard

OPENAPI = f"{PREFIX}/openapi.json"


def create_app(
    service: Service,
    guard: Guard,
    *,
    routers: Sequence[APIRouter] = (),
    mounts: dict[str, Any] | None = None,
    look: Callable[[], Hashable] | None = None,
) -> FastAPI:
    """The app. Raises RuntimeError where a route does not say who may use it.

    Parameters
    ----------
    routers : further routes: the page's. Theirs say `Viewer`, `Operator` or `Anybody` too.
    mounts : path -> app: the page's files, public.
    look : what changes when pages should look again; None: queue and current journal.
    """
    doors, traffic = Doors(), Traffic()
    seen = look or (lambda: fingerprint(service))
    hub = EventHub(lambda: doors.look.run(seen), guard.config.limits.event_clients)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        doors.open()
        hub.open()
        yield
        hub.close()
        doors.close()

    app = FastAPI(
        title="MicroScout",
        version=version("microscout"),
        description="The service on the microscope's computer. Times: run time in s, or UTC.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_url=None,  # below: not for strangers
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.guard = guard
    app.state.parts = Parts(service, doors, hub, traffic)
    app.include_router(api())
    app.include_router(outside)
    app.include_router(_description(app))
    for router in routers:
        app.include_router(router)
    for path, files in (mounts or {}).items():
        app.mount(path, files)
    handle_errors(app)
    refuse_undeclared(app)
    app.add_middleware(Shield, guard=guard, traffic=traffic)
    return app


def _description(app: FastAPI) -> APIRouter:
    router = APIRouter()

    @router.get(OPENAPI, include_in_schema=False)
    async def openapi(who: Viewer) -> JSONResponse:
        """This API's description."""
        return JSONResponse(described(app))

    return router


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI description, with how to say who one is."""
    made: dict[str, Any] = app.openapi()
    schemes = made.setdefault("components", {}).setdefault("securitySchemes", {})
    schemes["token"] = {"type": "http", "scheme": "bearer"}
    for path, methods in made["paths"].items():
        if path != "/health":
            for operation in methods.values():
                operation["security"] = [{"token": []}]
    return made
