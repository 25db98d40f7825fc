"""The MCP door of a service, put together: one router for its app."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from agent.mcp.approvals import Approvals
from agent.mcp.door import McpDoor
from agent.mcp.http import mcp_router
from agent.mcp.record import CallLog
from agent.mcp.settings import with_environment

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fastapi import APIRouter

    from agent.mcp.settings import McpConfig
    from agent.service.contract import Service


def mcp(
    service: Service,
    config: McpConfig,
    logs: Path,
    *,
    tell: Callable[[str, str], None] = lambda *_: None,
) -> APIRouter:
    """/mcp, and what people answer. Raises ConfigError where the environment names no mode.

    Parameters
    ----------
    logs : folder for the record of calls.
    tell : hears of requests that wait for a person (title, text).
    """
    config = with_environment(config, os.environ)
    approvals = Approvals(config.approval_within_s, tell=tell)
    return mcp_router(McpDoor(service, config, CallLog(logs), approvals))
