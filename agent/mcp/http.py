"""/mcp of the service's app: streamable HTTP behind the bearer token; and what people answer.

Host, Origin, size, rate and time are looked at by the app's shield, before anything here. There are
no streams that stay open: each request is answered with one JSON object.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.inbound import decode_header_value
from starlette.responses import Response

from agent.mcp.kinds import GIVE_ITS_OWN, PEOPLES_TOKEN
from agent.mcp.people import people
from agent.mcp.place import CLIENT_HEADER, PATH
from agent.mcp.server import make_server
from agent.mcp.tool import asker
from agent.web.errors import Denied
from agent.web.guard import Caller, Viewer, clean_name, client_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from mcp.server.context import ServerRequestContext
    from starlette.types import Receive, Scope, Send

    from agent.mcp.door import McpDoor
    from agent.mcp.tool import Asker

SESSION_HEADER = "mcp-session-id"
MOST_SESSIONS = 32
IDLE_S = 1800.0
_CALLER = "microscout.caller"


def mcp_router(door: McpDoor) -> APIRouter:
    """For `create_app(routers=[...])`: /mcp, and /api/v1/mcp/requests for people."""
    manager = StreamableHTTPSessionManager(
        app=make_server(door, _who_asks),
        json_response=True,
        security_settings=None,  # the shield's: it knows the hosts that are allowed
        session_idle_timeout=IDLE_S,
        max_sessions=MOST_SESSIONS,
    )

    @contextlib.asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        async with manager.run():
            yield
        door.close()

    router = APIRouter(lifespan=lifespan)

    @router.api_route(PATH, methods=["POST", "DELETE"], include_in_schema=False)
    async def mcp(request: Request, who: Viewer) -> Response:
        """MCP, streamable HTTP. Each tool says for itself what it needs."""
        if "authorization" not in request.headers:
            raise Denied(401, "no_token", "a token is needed", "send it as Authorization: Bearer")
        if who.operator:
            raise Denied(403, "role", PEOPLES_TOKEN, GIVE_ITS_OWN)
        request.scope[_CALLER] = who
        # a session is of the role that opened it
        token = AccessToken(token="", client_id=str(who.role), scopes=[])
        request.scope["user"] = AuthenticatedUser(token)
        return _Through(manager)

    router.include_router(people(door))
    return router


class _Through(Response):
    """The SDK answers in place of a response."""

    def __init__(self, manager: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._manager = manager

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)


def _who_asks(context: ServerRequestContext[Any, Any]) -> Asker:
    """By this very request: the token that it came with, and what the client calls itself."""
    request = context.request
    if request is None:
        raise TypeError("this server answers HTTP only")
    caller: Caller = request.scope[_CALLER]
    params = context.session.client_params
    named = decode_header_value(request.headers.get(CLIENT_HEADER))
    said = named or (params.client_info.name if params else "")
    session = request.headers.get(SESSION_HEADER) or f"{caller.role} {client_of(request)}"
    return asker(caller.name, caller.role, clean_name(said), session)
