"""Every error of the door is one JSON object; none tells what is inside.

A refusal of the service is a `RefusalView` with status 409. Everything else is an `ErrorView`.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import Field
from starlette.exceptions import HTTPException

from agent.finding import ConfigError, one_line
from agent.service.views import RefusalView, View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI, Request
    from starlette.responses import Response

API = "/api/"
_CODES = {400: "bad_request", 404: "not_found", 405: "method", 413: "too_large", 415: "media_type"}
_REMEDIES = {404: "see /api/v1/openapi.json", 405: "see /api/v1/openapi.json"}
_MOST_FAULTS = 10


class FaultView(View):
    """One thing that is wrong with the input."""

    place: str
    """Where: `body.words`, `query.limit`."""
    what: str
    """What is wrong with it."""


class ErrorView(View):
    """Why there is no answer. Nothing was sent and nothing was changed; but for 504 (`unknown`)
    and 500 (`fault`): there it is not known, and one has to look before trying again."""

    error: str
    """Short stable name: no_token, wrong_token, role, csrf, not_found, bad_input, busy, ..."""
    message: str
    """In one line."""
    remedy: str = ""
    """What to do."""
    faults: tuple[FaultView, ...] = Field(default=(), max_length=_MOST_FAULTS)
    """With bad_input: each thing that is wrong."""


class Denied(HTTPException):
    """The door answers with an error; `wait_s`: when it is worth trying again.

    An HTTPException, because FastAPI takes any other one for a body that cannot be parsed.
    """

    def __init__(
        self, status: int, error: str, message: str, remedy: str = "", wait_s: float = 0.0
    ) -> None:
        super().__init__(status, message)
        self.status, self.wait_s = status, wait_s
        self.view = ErrorView(error=error, message=message, remedy=remedy)


class Refused(Exception):
    """The service refused: 409, or 404 where what it is about does not exist."""

    def __init__(self, refusal: RefusalView, status: int = 409) -> None:
        super().__init__(refusal.what)
        self.refusal, self.status = refusal, status


def answer(status: int, view: View, wait_s: float = 0.0) -> JSONResponse:
    """A view as a response."""
    headers = {"retry-after": str(math.ceil(wait_s))} if wait_s else {}
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    return JSONResponse(view.model_dump(mode="json"), status, headers)


def handle_errors(app: FastAPI) -> None:
    """Have every error answered as above."""
    app.add_exception_handler(Denied, _denied)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _bad_input)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ConfigError, _config)


def documented(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: a route's errors; 401, 403, 413, 422, 429, 503 and 504 may always happen."""
    always = {
        401: "No token, or a wrong one",
        403: "Not for this role, not our page, or another site's",
        413: "Too large",
        422: "The input is wrong; see `faults`",
        429: "Too many requests, or wrong tokens; see Retry-After",
        503: "Busy, nothing was begun or changed; see Retry-After",
        504: "Begun, and no answer in time: it may have been done; look before trying again",
    }
    more = {
        400: "Not understood as HTTP or JSON",
        404: "There is no such thing",
        408: "The body did not come in time",
        409: "Refused: nothing was done; see `remedy`",
    }
    found: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorView, "description": text} for status, text in always.items()
    }
    for status in (400, 408, *statuses):
        model = RefusalView if status == 409 else ErrorView
        found[status] = {"model": model, "description": more[status]}
    return found


# ---------------------------------------------------------------------- handlers


async def _denied(request: Request, error: Exception) -> Response:
    assert isinstance(error, Denied)
    path = request.url.path
    page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if error.status == 401 and page and not path.startswith(API):
        return RedirectResponse(f"/login?next={quote(path)}", 303)
    return answer(error.status, error.view, error.wait_s)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    if error.status == 404:
        refusal = error.refusal
        message = one_line(f"{refusal.what}: {refusal.limit}")
        view = ErrorView(error="not_found", message=message, remedy=refusal.remedy)
        return answer(404, view)
    return answer(error.status, error.refusal)


async def _bad_input(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(422, bad_input([_fault(fault) for fault in error.errors()[:_MOST_FAULTS]]))


def bad_input(faults: list[FaultView]) -> ErrorView:
    """Input that is wrong."""
    first = f"{faults[0].place}: {faults[0].what}" if faults else "the input is wrong"
    return ErrorView(
        error="bad_input",
        message=one_line(first),
        remedy="put it right; see /api/v1/openapi.json",
        faults=tuple(faults),
    )


def _fault(fault: Mapping[str, Any]) -> FaultView:
    """Place and reason only: what was sent is not sent back, it may hold a secret."""
    steps = (one_line(str(step))[:60] for step in fault["loc"])
    return FaultView(place=".".join(steps), what=one_line(str(fault["msg"])))


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code
    view = ErrorView(
        error=_CODES.get(status, f"http_{status}"),
        message=one_line(str(error.detail)),
        remedy=_REMEDIES.get(status, ""),
    )
    response = answer(status, view)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


async def _config(_: Request, error: Exception) -> Response:
    assert isinstance(error, ConfigError)
    faults = [FaultView(place=f.key or f.file, what=one_line(str(f))) for f in error.findings]
    return answer(422, bad_input(faults[:_MOST_FAULTS]))
