"""`microscout token rotate`: a token that the wrong eyes have seen is replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.finding import config_error
from agent.service.home import default_home

if TYPE_CHECKING:
    from pathlib import Path


def rotate(role: str, home: Path | None) -> int:
    """A new token for a role; a service that runs takes it up by itself. Exit code 0.

    Raises ConfigError where no service was ever started in `home`, or it cannot be written.
    """
    from agent.web.tokens import FILE_NAME, Role, Tokens, clear_file

    path = (home or default_home()).absolute()
    if not (path / FILE_NAME).exists():
        remedy = "give the --home of a service that was started once"
        raise config_error(path, "has no tokens", remedy)
    Tokens(path).rotate(Role(role))
    print(f"the new token is in {clear_file(path, Role(role))}; the old one opens nothing any more")
    return 0
