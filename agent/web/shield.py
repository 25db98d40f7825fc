"""What stands before every route: host, origin, strangers, rate, number, size, time, headers.

Plain ASGI, outermost; what it lets through still meets the route's own role. An operator's stop is
neither counted nor queued: it must get through when everything else is full, other stops too. Only
the page's, whose form has to be read, and assistants' have a number of places of their own.

An assistant's token changes nothing but at the places that are named here, whatever a route says.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from typing import TYPE_CHECKING

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from agent.finding import one_line
from agent.web.errors import API, Denied, answer
from agent.web.guard import client_of, not_for
from agent.web.hosts import SAFE, host_allowed, origin_allowed
from agent.web.intake import Body
from agent.web.rate import RateLimit
from agent.web.tokens import Role

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from agent.web.guard import Caller, Guard
    from agent.web.metrics import Traffic

STOP_PATHS = frozenset({"/api/v1/stop", "/stop"})  # of the API, and of the page
ASSISTANTS_PATHS = frozenset({"/api/v1/stop", "/mcp"})
PLAN_PATHS = ("/api/v1/proposals/yaml",)
LOGIN_PATH = "/login"
_UNREAD = (400, 408, 413)  # the body was not read to its end
STRANGERS = 32  # requests without a token that are answered at the same time
STOPS = 64
RETRY_S = 2.0
MOST_HEADER_BYTES = 16_384
_LOG = logging.getLogger("agent.web")

PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'"
)
API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # not no-referrer: with it browsers say `Origin: null` for our own forms
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "cache-control": "no-store",
}


class Shield:
    """Wraps an app. Counts what passes in `traffic`."""

    def __init__(self, app: ASGIApp, guard: Guard, traffic: Traffic) -> None:
        self._app = app
        self._guard = guard
        self._config = guard.config
        self._limits = guard.config.limits
        self._traffic = traffic
        self._rate = RateLimit(self._limits.requests_per_s, self._limits.burst, time.monotonic)
        self._most = {
            "known": self._limits.concurrent,
            "stranger": STRANGERS,
            "stop": STOPS,
            "assistant": STOPS,
        }
        self._now_in = dict.fromkeys(self._most, 0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let through."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        reply = _Reply(scope, send, self._limits.send_timeout_s)
        request = Request(scope)
        began_s = time.monotonic()
        try:
            await self._let_in(request, receive, reply)
        except Denied as denied:
            reply.closes = True  # what was not read of the body must not be taken for a request
            await self._say(scope, reply, denied)
        except Exception as error:
            if _is_gone(error):
                return  # nobody is there any more, or they do not read: the connection ends here
            # ours: said in the log, without what was sent
            _LOG.error("%s: %s", type(error).__name__, one_line(str(error)), exc_info=error)
            look = "" if request.method in SAFE else "; it may have been done: look before again"
            fault = Denied(500, "fault", "a fault of the service", f"see its log{look}")
            await self._say(scope, reply, fault)
        finally:
            self._traffic.count(scope, reply.status, time.monotonic() - began_s)

    async def _let_in(self, request: Request, receive: Receive, reply: _Reply) -> None:
        self._check_place(request)
        path = request.url.path
        kind = _kind(path, self._check_person(request))
        stops = kind in ("stop", "assistant")
        if not stops and (wait_s := self._rate.take(client_of(request))):
            raise Denied(429, "too_many_requests", "too many requests", "ask less often", wait_s)
        # nothing of it is waited for
        unread = kind == "stop" and "authorization" in request.headers
        if not unread and self._now_in[kind] >= self._most[kind]:
            raise Denied(503, "busy", "too much at the same time", "try again", RETRY_S)
        self._now_in[kind] += 1
        try:
            body = Body(request, receive, self._most_bytes(path), self._limits.body_timeout_s)
            await self._app(request.scope, body.receive, reply.send)
        finally:
            self._now_in[kind] -= 1

    def _check_place(self, request: Request) -> None:
        """The request was meant for us, and does not come from a page elsewhere."""
        size = sum(len(name) + len(value) for name, value in request.headers.raw)
        size += len(request.scope.get("raw_path") or b"") + len(request.scope["query_string"])
        if size > MOST_HEADER_BYTES:
            raise Denied(431, "too_large", "too many or too long headers", "send less")
        if {"content-length", "transfer-encoding"} <= set(request.headers.keys()):
            # a proxy before us may see another end of this request than we do
            raise Denied(400, "bad_request", "two lengths of one request", "send one of them")
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or not host_allowed(hosts[0], self._config):
            remedy = "use 127.0.0.1, or name it in web.allowed_hosts"
            raise Denied(421, "host", "this service does not go by that name", remedy)
        if not origin_allowed(request.method, hosts[0], request.headers):
            raise Denied(403, "origin", "this was sent by a page elsewhere", "use our own page")

    def _check_person(self, request: Request) -> Caller | None:
        """Strangers are turned away before anything of theirs is read, but for what is public."""
        caller = self._guard.caller(request)
        path = request.url.path
        if caller is not None:
            acts = request.method not in SAFE and path not in ASSISTANTS_PATHS
            if acts and caller.role is Role.ASSISTANT:
                raise not_for(caller, Role.OPERATOR)
            return caller
        if path.startswith(API) or (request.method not in SAFE and path != LOGIN_PATH):
            raise Denied(401, "no_token", "a token is needed", "send it as Authorization: Bearer")
        return None

    def _most_bytes(self, path: str) -> int:
        return self._limits.plan_bytes if path in PLAN_PATHS else self._limits.body_bytes

    async def _say(self, scope: Scope, reply: _Reply, denied: Denied) -> None:
        if reply.status:
            return  # it has begun to answer: all that is left is to end the connection
        response = answer(denied.status, denied.view, denied.wait_s)
        with contextlib.suppress(_Gone):
            await response(scope, _nothing, reply.send)


def _kind(path: str, caller: Caller | None) -> str:
    """Which places it takes: a viewer's none of a stop's, an assistant's none of a person's."""
    if caller is None:
        return "stranger"
    if path not in STOP_PATHS or not caller.role.covers(Role.ASSISTANT):
        return "known"
    return "stop" if caller.operator else "assistant"


class _Gone(Exception):
    """The client does not take what it asked for."""


def _is_gone(error: BaseException) -> bool:
    """Also where a task group has wrapped it up."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_gone(inner) for inner in error.exceptions)
    return isinstance(error, _Gone)


class _Reply:
    """What is sent: with the headers that every answer has, and within the time it may take."""

    def __init__(self, scope: Scope, send: Send, timeout_s: float) -> None:
        self._scope = scope
        self._send = send
        self._timeout_s = timeout_s
        self.status = 0
        self.closes = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            path = self._scope["path"]
            policy = API_POLICY if path.startswith(API) else PAGE_POLICY
            headers.setdefault("content-security-policy", policy)
            if self.closes or self.status in _UNREAD:
                headers["connection"] = "close"
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._send(message)
        except (TimeoutError, OSError):
            raise _Gone from None


async def _nothing() -> Message:
    return {"type": "http.disconnect"}
