"""The page over the stand-in service, as somebody with a browser and no script sees it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.testclient import TestClient

from agent.web.app import create_app
from agent.web.guard import Guard
from agent.web.pages.router import pages, static
from agent.web.settings import WebConfig, WebLimits
from agent.web.tokens import Role, Tokens, clear_file, read_clear

if TYPE_CHECKING:
    from pathlib import Path

    import httpx
    from standin import StandIn

HOST = "127.0.0.1"
GENEROUS = WebConfig(
    limits=WebLimits(requests_per_s=10_000, burst=10_000, failed_logins_per_minute=1000)
)


class Switch:
    """Stands for the service that is being tested now: an app takes a quarter of a second to make,
    and keeps nothing of a service."""

    def __init__(self) -> None:
        self.now: Any = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.now, name)


@dataclass
class Site:
    """The app, and a browser in which nobody has logged in."""

    client: TestClient
    home: Path
    service: StandIn

    def token(self, role: Role = Role.OPERATOR) -> str:
        found = read_clear(clear_file(self.home, role))
        assert found
        return found

    def log_in(self, role: Role = Role.OPERATOR, name: str = "Ada") -> None:
        self.client.post("/login", data={"token": self.token(role), "name": name, "next": "/"})

    def get(self, path: str, **kwargs: Any) -> httpx.Response:
        return self.client.get(path, headers={"accept": "text/html"}, **kwargs)

    def text(self, path: str) -> str:
        """A page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
        assert answer.headers["content-type"].startswith("text/html")
        return answer.text

    def csrf(self) -> str:
        found = re.search(r'name="csrf" value="([^"]+)"', self.text("/experiments"))
        assert found
        return html.unescape(found[1])

    def post(self, path: str, *, csrf: bool = True, **fields: str) -> httpx.Response:
        """Send a form, as a browser does, and follow to the page that it ends on."""
        data = {**fields, **({"csrf": self.csrf()} if csrf else {})}
        return self.client.post(path, data=data, headers={"origin": str(self.client.base_url)})


def build(home: Path, service: StandIn, config: WebConfig = GENEROUS) -> Site:
    """An app with tokens of its own."""
    home.mkdir(exist_ok=True)
    tokens = Tokens(home)
    tokens.ensure()
    guard = Guard(tokens, config)
    app = create_app(service, guard, routers=(pages(service, guard),), mounts={"/static": static()})
    return Site(client_of(app), home, service)


def client_of(app: Any) -> TestClient:
    """A browser in which nobody has logged in."""
    return TestClient(app, base_url=f"http://{HOST}:8765", client=(HOST, 50000))
