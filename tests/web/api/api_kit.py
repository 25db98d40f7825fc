"""The door over the stand-in, and people who knock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from agent.web.app import create_app
from agent.web.guard import Guard
from agent.web.roles import Declared, declared
from agent.web.settings import WebConfig, WebLimits
from agent.web.tokens import Role, Tokens, clear_file, read_clear

if TYPE_CHECKING:
    from fastapi import FastAPI
    from standin import StandIn

BASE = "http://127.0.0.1:8765"
WRONG = "mso_" + "x" * 43
GENEROUS = WebLimits(requests_per_s=10_000, burst=100_000, failed_logins_per_minute=100_000)

BODIES: dict[str, Any] = {  # what each route that wants a body is sent
    "/api/v1/proposals": {"words": "film them"},
    "/api/v1/proposals/yaml": {"yaml": "goal: x"},
    "/api/v1/proposals/{thread}/answers": {"answers": {"duration_s": "12 h"}},
    "/api/v1/experiments": {"thread": "nosuch"},
    "/api/v1/experiments/{id}/commands": {"command": "pause"},
    "/api/v1/attend": {"attended": True},
    "/api/v1/experiments/{id}/changes": {"words": "every 2 min"},
}


@dataclass
class House:
    """An app, its tokens, and a client that keeps cookies."""

    app: FastAPI
    client: TestClient
    home: Path
    tokens: Tokens
    guard: Guard
    service: StandIn

    def token(self, role: Role) -> str:
        found = read_clear(clear_file(self.home, role))
        assert found is not None
        return found

    def bearer(self, role: Role = Role.OPERATOR, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role)}", **more}

    def ask(self, path: str, role: Role = Role.OPERATOR, **how: Any) -> Any:
        """GET as somebody."""
        return self.client.get(f"/api/v1{path}", headers=self.bearer(role), **how)

    def do(self, path: str, body: Any = None, role: Role = Role.OPERATOR) -> Any:
        """POST as somebody."""
        return self.client.post(f"/api/v1{path}", json=body, headers=self.bearer(role))

    def log_in(self, role: Role = Role.OPERATOR, name: str = "Ada") -> None:
        """The client has a cookie from now on."""
        form = {"token": self.token(role), "name": name}
        response = self.client.post("/login", data=form, follow_redirects=False)
        assert (response.status_code, response.headers["location"]) == (303, "/")

    def routes(self) -> list[Declared]:
        return declared(self.app)


def build(home: Path, service: StandIn, config: WebConfig | None = None, **how: Any) -> House:
    """An app over the stand-in; enter `client` to have it run."""
    tokens = Tokens(home)
    tokens.ensure()
    guard = Guard(tokens, config or WebConfig(limits=GENEROUS))
    app = create_app(service, guard, **how)
    client = TestClient(app, base_url=BASE, raise_server_exceptions=True)
    return House(app, client, home, tokens, guard, service)


def filled(route: Declared) -> str:
    """Its path with something in the place of every parameter."""
    path = route.path.replace("{thread}", "nosuch").replace("{id}", "2")
    path = re.sub(r"\{\w+\}", "1", path)
    return f"{path}?visit=1" if path.endswith("/picture") else path
