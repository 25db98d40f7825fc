"""Every route: nobody, somebody with a wrong token, a viewer, an operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from api_kit import BASE, BODIES, WRONG, Declared, House, build, filled
from fastapi import APIRouter
from starlette.testclient import TestClient

from agent.mcp.door import McpDoor
from agent.mcp.http import mcp_router
from agent.mcp.record import CallLog
from agent.mcp.settings import McpConfig, McpMode
from agent.web.app import create_app
from agent.web.guard import Viewer
from agent.web.pages.router import pages, static
from agent.web.roles import declared, refuse_undeclared
from agent.web.tokens import Role

if TYPE_CHECKING:
    from pathlib import Path

    from standin import StandIn

PUBLIC = {("GET", "/health"), ("POST", "/login")}
ENDLESS = "/api/v1/events"


def knock(house: House, route: Declared, headers: dict[str, str]) -> Any:
    return TestClient(house.app, base_url=BASE).request(  # a new one: without cookies
        route.method,
        filled(route),
        json=BODIES.get(route.path),
        headers=headers,
        follow_redirects=False,
    )


def test_nothing_but_the_light_and_the_login_is_public(house: House) -> None:
    public = {(r.method, r.path) for r in house.routes() if r.needs == "anybody"}
    assert public == PUBLIC
    assert {r.path for r in house.routes() if r.needs == "scraper"} == {"/metrics"}


def test_everything_that_does_something_is_for_operators(house: House) -> None:
    for route in house.routes():
        if route.method != "GET" and (route.method, route.path) not in PUBLIC:
            lesser = {"/logout": "viewer", "/api/v1/stop": "assistant"}
            assert route.needs == lesser.get(route.path, "operator"), route


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, "no_token"),
        ({"authorization": f"Bearer {WRONG}"}, "wrong_token"),
        ({"authorization": "Bearer "}, "wrong_token"),
        ({"authorization": "Basic b3BlcmF0b3I6eA=="}, "wrong_token"),
        ({"cookie": "microscout=" + "y" * 43}, "no_token"),
    ],
    ids=["nothing", "wrong", "empty", "basic", "made-up cookie"],
)
def test_strangers_get_nowhere(house: House, headers: dict[str, str], error: str) -> None:
    for route in house.routes():
        if (route.method, route.path) in PUBLIC:
            continue
        response = knock(house, route, headers)
        assert response.status_code == 401, route
        assert response.json()["error"] == error, route
    assert house.service.stops == 0


def test_a_viewer_looks_and_does_nothing(house: House) -> None:
    before = house.service.status().model_copy(update={"utc": None})
    for route in house.routes():
        if route.path == ENDLESS:
            continue
        response = knock(house, route, house.bearer(Role.VIEWER))
        if route.needs in ("assistant", "operator"):
            assert (response.status_code, response.json()["error"]) == (403, "role"), route
        else:
            assert response.status_code not in (401, 403), route
    assert house.service.status().model_copy(update={"utc": None}) == before
    assert house.service.stops == 0


@pytest.mark.parametrize("door", ["", "mcp", "terminal", "page"])
def test_an_assistant_looks_and_stops_and_does_nothing_else(
    house: House, tmp_path: Path, door: str
) -> None:
    """Every place of API, page and requests for approval, whatever it says of itself."""
    standin = house.service
    before = standin.status().model_copy(update={"utc": None})
    assistants = McpDoor(standin, McpConfig(mode=McpMode.HAZARD), CallLog(tmp_path / "logs"))
    routers = (pages(standin, house.guard), mcp_router(assistants))
    whole = create_app(standin, house.guard, routers=routers, mounts={"/static": static()})
    headers = house.bearer(Role.ASSISTANT) | {"x-door": door, "x-csrf-token": "x"}
    client = TestClient(whole, base_url=BASE, headers=headers)  # it needs no life: all is refused
    tried = set()
    for route in declared(whole):
        if route.method in ("GET", "HEAD") or route.path in ("/mcp", "/api/v1/stop"):
            continue
        tried.add(route.path)
        response = client.request(route.method, filled(route), json=BODIES.get(route.path))
        assert (response.status_code, response.json()["error"]) == (403, "role"), route
    assert {"/login", "/stop", "/submit", "/api/v1/mcp/requests/{id}/approve"} <= tried
    assert len(tried) > 20
    assert standin.status().model_copy(update={"utc": None}) == before
    assert standin.stops == 0
    assert knock(house, _of(house, "GET", "/api/v1/status"), headers).status_code == 200
    assert knock(house, _of(house, "POST", "/api/v1/stop"), headers).status_code == 200
    assert standin.stops == 1


def test_what_a_route_forgets_an_assistant_may_not(house: House) -> None:
    """What is not named to be an assistant's is not, also where a route would let it in."""

    async def forgot(who: Viewer) -> str:
        return "come in"

    house.app.add_api_route("/api/v1/forgot", forgot, methods=["POST"])
    assert house.do("/forgot", role=Role.VIEWER).status_code == 200
    assert house.do("/forgot", role=Role.ASSISTANT).status_code == 403


def _of(house: House, method: str, path: str) -> Declared:
    return next(r for r in house.routes() if (r.method, r.path) == (method, path))


def test_an_operator_is_let_in_everywhere(house: House) -> None:
    for route in house.routes():
        if route.path != ENDLESS:
            response = knock(house, route, house.bearer())
            assert response.status_code in (200, 201, 303, 404, 409), (route, response.text)


def test_an_app_with_a_route_that_says_nothing_is_not_made(
    tmp_path: Path, standin: StandIn
) -> None:
    silent = APIRouter()

    @silent.get("/open")
    async def open_door() -> str:
        return "come in"

    made = build(tmp_path, standin)
    refuse_undeclared(made.app)
    with pytest.raises(RuntimeError, match="no role is declared for GET /open"):
        create_app(standin, made.guard, routers=[silent])


def test_strangers_are_turned_away_even_where_a_route_forgets_its_role(house: House) -> None:
    async def forgot() -> str:
        return "come in"

    house.app.add_api_route("/api/v1/forgot", forgot)
    house.app.add_api_route("/forgot", forgot, methods=["POST"])
    assert house.client.get("/api/v1/forgot").status_code == 401
    assert house.client.post("/forgot").status_code == 401
    assert house.ask("/forgot").status_code == 200
