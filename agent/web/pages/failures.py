"""Whatever goes wrong on a page is a page too: what happened, what to do, and the stop buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from agent.finding import ConfigError, one_line
from agent.web.errors import Denied, ErrorView, Refused, bad_input
from agent.web.guard import guard_of
from agent.web.pages.render import render

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from typing import Any

    from fastapi import Request
    from starlette.responses import Response

    from agent.web.guard import Caller


_FAILURES = (Denied, Refused, RequestValidationError, HTTPException, ConfigError)


class PageRoute(APIRoute):
    """A route whose failures are told in HTML."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler with its failures caught."""
        answer = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await answer(request)
            except _FAILURES as failure:
                return _failed(request, failure)

        return handled


def _failed(request: Request, failure: Exception) -> Response:
    match failure:
        case Denied(status=401):
            return RedirectResponse(f"/login?next={quote(_back_to(request))}", 303)
        case Denied():
            status, view = failure.status, failure.view
        case Refused():
            refusal, status = failure.refusal, failure.status
            message = f"{refusal.what}: {refusal.limit}"
            view = ErrorView(error=refusal.rule, message=message, remedy=refusal.remedy)
        case HTTPException():
            status = failure.status_code
            view = ErrorView(error="http", message=one_line(str(failure.detail)))
        case ConfigError():
            status, view = 422, ErrorView(error="config", message=one_line(str(failure)))
        case _:
            status, view = 422, bad_input([])
    page = render("failure.html.j2", request, _who(request), status=status, error=view)
    return HTMLResponse(page, status)


def _back_to(request: Request) -> str:
    """Where to go on after the login: the page that was asked for; an act is not repeated."""
    if request.method != "GET":
        return "/"
    query = request.url.query
    return request.url.path + (f"?{query}" if query else "")


def _who(request: Request) -> Caller | None:
    try:
        return guard_of(request).caller(request)
    except Denied:
        return None
