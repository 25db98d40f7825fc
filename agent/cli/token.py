"""`microscout token`: the tokens of a service."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

token = typer.Typer(no_args_is_help=True, help="The tokens that open a service.")


class Whose(StrEnum):
    """The roles, without the service's modules: help must stay light."""

    VIEWER = "viewer"
    ASSISTANT = "assistant"
    OPERATOR = "operator"


@token.callback()
def tokens() -> None:
    """The tokens that open a service."""


@token.command("rotate", epilog="Example: microscout token rotate assistant")
def rotate(
    role: Annotated[Whose, typer.Argument(help="Whose token is to be a new one.")],
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="DIR", help="The service's folder (or MICROSCOUT_HOME)."),
    ] = None,
) -> None:
    """Make a new token in place of an old one, which opens nothing from now on."""
    from agent.commands.token import rotate as command

    raise typer.Exit(command(str(role), home))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(token, name="token")
