"""Where the service is, for `microscout mcp`; found like the terminal finds it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.client.address import Wanted
from agent.client.address import find as find_address
from agent.web.tokens import Role

if TYPE_CHECKING:
    from pathlib import Path

    from agent.client.address import Address

PATH = "/mcp"
CLIENT_HEADER = "x-mcp-client"  # the client's name, where another program speaks for it


def find(url: str | None, home: Path | None, role: Role = Role.OPERATOR) -> Address:
    """By option, environment, or the file that a running service leaves in its home.

    A token is taken from the environment or from HOME, never from the command line, where others
    can see it; a viewer's from HOME only. Assistants have their own: with an operator's they could
    approve what they ask for. Raises ConfigError in one line.
    """
    return find_address(Wanted(url, None, home), (f"{role}.token",))
