"""Where the service is, and the token to ask it with."""

from __future__ import annotations

import getpass
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agent.finding import config_error, one_line
from agent.service.home import Home, default_home
from agent.web.settings import is_loopback
from agent.web.tokens import Role, clear_file, read_clear

if TYPE_CHECKING:
    from pathlib import Path

URL, TOKEN, PERSON = "MICROSCOUT_URL", "MICROSCOUT_TOKEN", "MICROSCOUT_PERSON"
PATH = "/mcp"
CLIENT_HEADER = "x-mcp-client"  # the client's name, where another program speaks for it


@dataclass(frozen=True, slots=True)
class Place:
    """A service. The token is in no repr."""

    url: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What says who asks; names may be of any script, headers may not."""
        name = person().encode("ascii", "replace").decode("ascii")
        return {"authorization": f"Bearer {self.token}", "x-person": name}


def find(url: str | None, home: Path | None, role: Role = Role.OPERATOR) -> Place:
    """By option, environment, or the file that a running service leaves in its home.

    A token is taken from the environment or from HOME, never from the command line, where others
    can see it; a viewer's from HOME only, since nobody knows whose the other one is. Raises
    ConfigError in one line.
    """
    where = Home(home or default_home())
    url = url or os.environ.get(URL) or _written(where)
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise config_error(URL, "is no address", "give http://127.0.0.1:8765")
    if parts.scheme == "http" and not is_loopback(host):
        raise config_error(URL, f"a token would go to {host} unencrypted", "give an https address")
    named = os.environ.get(TOKEN) if role is Role.OPERATOR else None
    token = named or read_clear(clear_file(where.path, role))
    if not token:
        remedy = f"set {TOKEN}, or name the service's folder with --home"
        raise config_error(clear_file(where.path, role), "there is no token", remedy)
    return Place(url.rstrip("/"), token)


def person() -> str:
    """Who sits here, for the journal; the token says what they may do."""
    named = os.environ.get(PERSON)
    if named:
        return one_line(named)[:80]
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # no such user in this container
        return "somebody"


def _written(home: Home) -> str:
    try:
        return str(json.loads(home.address.read_text(encoding="utf-8"))["url"])
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "start it with `microscout serve`, or give --url"
        raise config_error(home.path, "no service runs here", remedy) from None
