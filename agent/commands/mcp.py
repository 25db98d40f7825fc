"""`microscout mcp`: stdio for assistants; and requests of theirs that people answer."""

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING, Any

from agent.client.http import Client
from agent.mcp.place import find
from agent.web.tokens import Role

if TYPE_CHECKING:
    from pathlib import Path

_REQUESTS = "/mcp/requests"


def serve(url: str | None, home: Path | None, *, viewer: bool) -> int:
    """Speak MCP on stdin and stdout until stdin ends. Exit code 0."""
    import asyncio

    from agent.mcp.bridge import serve_stdio

    place = find(url, home, Role.VIEWER if viewer else Role.ASSISTANT)
    asyncio.run(serve_stdio(place))
    return 0


def requests(url: str | None, home: Path | None, *, json: bool) -> int:
    """Print what waits, or waited. Exit code 0."""
    with Client(find(url, home)) as client:
        found = client.get(_REQUESTS, list)
    if json:
        print(json_.dumps({"requests": found}))
        return 0
    for request in found:
        _show(request)
    if not found:
        print("no assistant asks for anything")
    return 0


def answer(number: int, how: str, url: str | None, home: Path | None) -> int:
    """Approve or deny. Exit code 0; 1 where what was approved could not be done."""
    with Client(find(url, home)) as client:
        found = client.post(f"{_REQUESTS}/{number}/{how}", dict)
    _show(found)
    return 1 if found["state"] == "failed" else 0


def _show(request: dict[str, Any]) -> None:
    from agent.finding import one_line

    state = request["state"]
    print(f"{request['id']}  {state:9}  {one_line(request['what'])}")
    print(f"   {one_line(request['who'])}, because: {one_line(request['why'])}")
    for line in request["shown"]:
        print(f"   | {one_line(line)}")
    if request["became"]:
        print(f"   {one_line(request['became'])}")
