"""Tables of the doors: the API's routes with the role that each needs, and MCP's tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.mcp.door import TOOLS, McpDoor
from agent.mcp.http import mcp_router
from agent.mcp.kinds import Kind, not_allowed
from agent.mcp.record import CallLog
from agent.mcp.settings import McpConfig, McpMode
from agent.web.app import create_app
from agent.web.guard import Guard
from agent.web.roles import declared
from agent.web.settings import WebConfig
from agent.web.tokens import Role, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fastapi import FastAPI

NOWHERE = Path("nowhere")  # an app is made to be looked at, never asked
_NOT_FOR_PROGRAMS = ("/login", "/logout", "/static")


def door_routes() -> str:
    """Every route for programs."""
    rows = sorted(
        (route.path, route.method, route.needs, route.summary)
        for route in declared(_app())
        if not route.path.startswith(_NOT_FOR_PROGRAMS) and route.method != "HEAD"
    )
    return _table(
        ("Route", "Who", "What"),
        [(f"`{method} {path}`", needs, said.rstrip(".")) for path, method, needs, said in rows],
    )


def door_tools() -> str:
    """Every tool, in the order in which they are listed."""
    rows = [
        (
            f"`{tool.name}`",
            str(tool.kind),
            tool.about[0].upper() + tool.about[1:].rstrip("."),
            _arguments(tool.asked.model_json_schema()),
        )
        for tool in TOOLS
    ]
    return _table(("Tool", "Tag", "What", "Arguments (* needed)"), rows)


def door_modes() -> str:
    """Which tags a caller is listed and answered, by the rule itself."""
    rows = []
    for role in Role:
        for mode in McpMode:
            may = [str(kind) for kind in Kind if not_allowed("", kind, mode, role) is None]
            rows.append((str(role), str(mode), ", ".join(may) or "none"))
    return _table(("Token", "`mcp.mode`", "Tags"), rows)


BLOCKS: dict[str, Callable[[], str]] = {
    "door-routes": door_routes,
    "door-tools": door_tools,
    "door-modes": door_modes,
}


def _app() -> FastAPI:
    nobody: Any = None
    guard = Guard(Tokens(NOWHERE), WebConfig())
    door = McpDoor(nobody, McpConfig(), CallLog(NOWHERE))
    return create_app(nobody, guard, routers=(mcp_router(door),), look=lambda: None)


def _arguments(schema: dict[str, Any]) -> str:
    needed = set(schema.get("required", ()))
    names = (f"`{name}`{'*' if name in needed else ''}" for name in schema.get("properties", ()))
    return ", ".join(names)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(_lines(head, rows))


def _lines(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield "|---" * len(head) + "|"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
