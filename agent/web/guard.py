"""Who asks, and whether they may: the one place where tokens, cookies and roles are looked at.

A route says what it needs by a dependency, `Viewer`, `Stopper`, `Operator`, `Anybody` or `Scraper`;
an app with a route that says nothing is not made (`agent.web.roles`).
"""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated
from urllib.parse import unquote

from fastapi import Depends, Request

from agent.finding import one_line
from agent.service.states import Door
from agent.web.errors import Denied
from agent.web.hosts import SAFE
from agent.web.rate import RateLimit
from agent.web.sessions import PageSession, Sessions
from agent.web.settings import WebConfig, is_loopback
from agent.web.tokens import Role, Tokens

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.responses import Response

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
PERSON_HEADER = "x-person"  # percent-encoded name, for the journal; the token says what one may
DOOR_HEADER = "x-door"
_DOORS = {"terminal": Door.TERMINAL, "mcp": Door.MCP}
_ONE = {Role.VIEWER: "a viewer", Role.ASSISTANT: "an assistant", Role.OPERATOR: "an operator"}
_LONGEST_NAME = 80
_LONGEST_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may ask; a `Who` of the service's contract.

    `csrf` is what a form of the page sends along; "" for programs, which have no cookie.
    """

    name: str
    role: Role
    door: Door
    csrf: str = field(default="", repr=False)

    @property
    def operator(self) -> bool:
        """Whether they may do things."""
        return self.role is Role.OPERATOR


class Guard:
    """Knows tokens and sessions. One per app; may be used from any thread."""

    def __init__(
        self, tokens: Tokens, config: WebConfig, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self.config = config
        limits = config.limits
        self._sessions = Sessions(limits.session_idle_s, now)
        per_minute = limits.failed_logins_per_minute
        self._failures = RateLimit(per_minute / 60.0, per_minute, now)

    @property
    def cookie(self) -> str:
        """The cookie's name; `__Host-` has browsers insist on TLS and on this very host."""
        return "__Host-microscout" if self.config.tls else "microscout"

    # ------------------------------------------------------------------ asking

    def caller(self, request: Request) -> Caller | None:
        """Who asks; None for nobody we know. Raises Denied (401, 429) for a wrong token."""
        header = request.headers.get("authorization")
        if header is None:
            session = self._session(request)
            if session is None:
                return None
            return Caller(session.name, session.role, Door.PAGE, session.csrf)
        kind, _, token = header.partition(" ")
        role = self._role(request, token.strip() if kind.lower() == "bearer" else "")
        name = clean_name(unquote(request.headers.get(PERSON_HEADER, ""))) or str(role)
        return Caller(name, role, _door(role, request.headers.get(DOOR_HEADER, "")))

    async def admit(self, request: Request, wanted: Role) -> Caller:
        """Who asks, if they may. Raises Denied: 401 nobody, 403 not for you, 429 too many."""
        caller = self.caller(request)
        if caller is None:
            raise Denied(401, "no_token", "a token is needed", "send it as Authorization: Bearer")
        if not caller.role.covers(wanted):  # before the form is read: it may come slowly
            raise not_for(caller, wanted)
        if caller.door is Door.PAGE and request.method not in SAFE:
            await self._check_csrf(request, caller)
        return caller

    def still_open(self, request: Request) -> bool:
        """Whether who asked may still be answered: a token may be replaced while pages listen."""
        try:
            return self.caller(request) is not None
        except Denied:
            return False

    # ------------------------------------------------------------------ the page

    def log_in(self, request: Request, token: str, name: str, response: Response) -> Caller:
        """A session for the right token; its cookie goes into `response`. Raises Denied.

        An assistant's token opens none: the page is for people.
        """
        role = self._role(request, token)
        if role is Role.ASSISTANT:
            raise Denied(403, "role", "the page is for people", "log in with another token")
        name = clean_name(name) or str(role)
        self._close(request)
        id_, session = self._sessions.open(name, role, self._tokens.stamp_of(role))
        response.set_cookie(
            self.cookie, id_, path="/", httponly=True, samesite="strict", secure=self.config.tls
        )
        return Caller(session.name, session.role, Door.PAGE, session.csrf)

    def log_out(self, request: Request, response: Response) -> None:
        """The session is over, here and in the browser."""
        self._close(request)
        response.delete_cookie(
            self.cookie, path="/", httponly=True, samesite="strict", secure=self.config.tls
        )

    # ------------------------------------------------------------------ inside

    def _role(self, request: Request, token: str) -> Role:
        """The right token opens always; wrong ones are counted, so that they cost us little."""
        role = self._tokens.role_of(token[:_LONGEST_TOKEN])
        if role is not None:
            return role
        wait_s = self._failures.take(client_of(request))
        if wait_s:
            raise Denied(429, "too_many_wrong_tokens", "too many wrong tokens", "wait", wait_s)
        raise Denied(401, "wrong_token", "this token opens nothing", "see HOME/operator.token")

    def _session(self, request: Request) -> PageSession | None:
        id_ = request.cookies.get(self.cookie)
        return self._sessions.find(id_, self._tokens.stamp_of) if id_ else None

    def _close(self, request: Request) -> None:
        id_ = request.cookies.get(self.cookie)
        if id_:
            self._sessions.close(id_)

    async def _check_csrf(self, request: Request, caller: Caller) -> None:
        given = request.headers.get(CSRF_HEADER)
        if given is None and _is_form(request):
            async with request.form(max_files=0, max_fields=100) as form:
                given = str(form.get(CSRF_FIELD, ""))
        if not hmac.compare_digest((given or "").encode(), caller.csrf.encode()):
            remedy = "load the page again, and send the form from there"
            raise Denied(403, "csrf", "this was not sent by our page", remedy)


def not_for(caller: Caller, wanted: Role) -> Denied:
    """The answer to somebody whose token is not enough."""
    whom = Role.VIEWER if wanted is Role.VIEWER else Role.OPERATOR  # a person's, where one will do
    said = f"this is for {_ONE[whom]}, not for {_ONE[caller.role]}"
    return Denied(403, "role", said, f"ask with the token of {_ONE[whom]}")


def _door(role: Role, said: str) -> Door:
    """Where it comes from, for the record. What a client says can make it no person's: an
    assistant's token is always MCP, and no header says that it is the page or the service."""
    return Door.MCP if role is Role.ASSISTANT else _DOORS.get(said, Door.API)


def client_of(request: Request) -> str:
    """The address that a request came from."""
    return request.client.host if request.client else "unknown"


def clean_name(name: str) -> str:
    """A person's name on one line, without control characters, at most 80 characters long."""
    return one_line(name)[:_LONGEST_NAME]


def _is_form(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind in ("application/x-www-form-urlencoded", "multipart/form-data")


# ---------------------------------------------------------------------- dependencies


def guard_of(request: Request) -> Guard:
    """The app's guard."""
    found: Guard = request.app.state.guard
    return found


def needs(role: Role) -> Callable[[Request], Awaitable[Caller]]:
    """A dependency: the caller, who has this role or a higher one."""

    async def admitted(request: Request) -> Caller:
        return await guard_of(request).admit(request, role)

    admitted.needs = str(role)  # type: ignore[attr-defined]
    return admitted


async def anybody() -> None:
    """A dependency that says: this is for everybody, on purpose."""


async def scraper(request: Request) -> None:
    """A viewer, or a program on this computer where the settings open /metrics to those."""
    guard = guard_of(request)
    if not (guard.config.metrics_open and is_loopback(client_of(request))):
        await guard.admit(request, Role.VIEWER)


anybody.needs = "anybody"  # type: ignore[attr-defined]
scraper.needs = "scraper"  # type: ignore[attr-defined]

Viewer = Annotated[Caller, Depends(needs(Role.VIEWER))]
Stopper = Annotated[Caller, Depends(needs(Role.ASSISTANT))]
Operator = Annotated[Caller, Depends(needs(Role.OPERATOR))]
Anybody = Depends(anybody)
Scraper = Depends(scraper)
