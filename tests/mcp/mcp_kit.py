"""A service over real HTTP, and the official client in both transports."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client
from mcp_types import CallToolResult, Implementation

from agent.mcp.approvals import Approvals
from agent.mcp.door import McpDoor
from agent.mcp.http import mcp_router
from agent.mcp.record import CallLog
from agent.mcp.settings import McpConfig, McpMode
from agent.web.app import create_app
from agent.web.guard import Guard
from agent.web.serve import WebServer
from agent.web.settings import WebConfig
from agent.web.tokens import Role, Tokens, clear_file, read_clear

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

    from agent.service.contract import Service

MICROSCOUT = [sys.executable, "-m", "agent.cli.main"]
ROOT = Path(__file__).parents[2]
WHY = "Ada asked for it"
MANY = {"calls_per_minute": 6000, "actions_per_minute": 600}


@dataclass
class House:
    """A service that answers on a port of this computer."""

    service: Any
    home: Path
    door: McpDoor
    url: str
    told: list[tuple[str, str]] = field(default_factory=list)

    def token(self, role: Role = Role.OPERATOR) -> str:
        found = read_clear(clear_file(self.home, role))
        assert found is not None
        return found

    def bearer(self, role: Role = Role.OPERATOR, **more: str) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token(role)}", "x-person": "Ada", **more}

    def api(self, method: str, path: str, role: Role = Role.OPERATOR, **more: str) -> Any:
        """As a person, through the API."""
        headers = self.bearer(role, **{"x-door": "terminal", **more})
        return httpx.request(method, f"{self.url}/api/v1{path}", headers=headers)

    def api_post(self, path: str, body: Any) -> Any:
        """As a person, who gets what they want."""
        headers = self.bearer(**{"x-door": "terminal"})
        response = httpx.post(f"{self.url}/api/v1{path}", headers=headers, json=body)
        assert response.status_code == 200, response.text
        return response.json()

    @contextlib.asynccontextmanager
    async def http(
        self, role: Role = Role.ASSISTANT, mode: str = "auto", name: str = "tester"
    ) -> AsyncIterator[Client]:
        """The official client over streamable HTTP."""
        info = Implementation(name=name, version="1")
        async with (
            create_mcp_http_client(headers=self.bearer(role)) as http,
            Client(
                streamable_http_client(f"{self.url}/mcp", http_client=http),
                mode=mode,
                client_info=info,
            ) as client,
        ):
            yield client

    def stdio(self, *arguments: str, **environ: str) -> StdioServerParameters:
        """The official client's way to start `microscout mcp`."""
        return StdioServerParameters(
            command=MICROSCOUT[0],
            args=[*MICROSCOUT[1:], "mcp", *arguments],
            env={**os.environ, "MICROSCOUT_HOME": str(self.home), **environ},
            cwd=ROOT,
        )

    def call(self, tool: str, role: Role = Role.ASSISTANT, **arguments: Any) -> dict[str, Any]:
        """One call by the official client; what it answers."""

        async def work(client: Client) -> CallToolResult:
            return await client.call_tool(tool, arguments)

        return structured(self.with_client(work, role))

    def with_client(
        self,
        work: Callable[[Client], Awaitable[Any]],
        role: Role = Role.ASSISTANT,
        mode: str = "auto",
    ) -> Any:
        async def main() -> Any:
            async with self.http(role, mode) as client:
                return await work(client)

        return asyncio.run(main())


@contextlib.contextmanager
def open_house(
    service: Service,
    home: Path,
    *,
    mode: McpMode = McpMode.HAZARD,
    web: WebConfig | None = None,
    **limits: Any,
) -> Iterator[House]:
    """While inside it answers."""
    tokens = Tokens(home)
    tokens.ensure()
    config = McpConfig(**{"mode": mode, **MANY, **limits})
    told: list[tuple[str, str]] = []
    approvals = Approvals(config.approval_within_s, tell=lambda *said: told.append(said))
    door = McpDoor(service, config, CallLog(home / "logs"), approvals)
    web = web or WebConfig(port=0)
    app = create_app(service, Guard(tokens, web), routers=(mcp_router(door),))
    server = WebServer(app, web)
    url = server.open()
    server.start()
    (home / "service.json").write_text(f'{{"url": "{url}", "pid": 0}}', encoding="utf-8")
    try:
        yield House(service, home, door, url, told)
    finally:
        assert server.stop(), "the server does not end"


def structured(result: CallToolResult) -> dict[str, Any]:
    found: dict[str, Any] = result.structured_content
    assert set(found) == {"outcome", "said", "result", "refusal", "request"}
    return found


def refused(answer: dict[str, Any], rule: str) -> dict[str, Any]:
    """It is a value that says everything a refusal has to say."""
    assert answer["outcome"] == "refused", answer
    assert "Nothing was sent" in answer["said"]
    refusal: dict[str, Any] = answer["refusal"]
    assert refusal["rule"] == rule, refusal
    assert refusal["remedy"] and refusal["limit"]["untrusted_text"]
    return refusal
