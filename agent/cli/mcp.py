"""`microscout mcp`: the door for assistants, and what people answer to their requests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

mcp = typer.Typer(
    invoke_without_command=True,
    help="For assistants: speak MCP over stdio with the service that runs.",
    epilog="Example, in an assistant's settings: command microscout, arguments mcp",
)
UrlOpt = Annotated[
    str | None, typer.Option("--url", help="The service's address (or MICROSCOUT_URL).")
]
HomeOpt = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The service's folder (or MICROSCOUT_HOME)."),
]
NumberArg = Annotated[int, typer.Argument(metavar="N", help="Number of the request.", min=1)]
JsonOpt = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]


@mcp.callback()
def serve(
    context: typer.Context,
    url: UrlOpt = None,
    home: HomeOpt = None,
    viewer: Annotated[
        bool, typer.Option("--viewer", help="With the viewer's token of HOME: it can only look.")
    ] = False,
) -> None:
    """For assistants: speak MCP over stdio with the service that runs."""
    if context.invoked_subcommand is not None:
        return
    from agent.commands.mcp import serve as command

    raise typer.Exit(command(url, home, viewer=viewer))


@mcp.command("requests", epilog="Example: microscout mcp requests")
def requests(url: UrlOpt = None, home: HomeOpt = None, json: JsonOpt = False) -> None:
    """What assistants want to have done."""
    from agent.commands.mcp import requests as command

    raise typer.Exit(command(url, home, json=json))


@mcp.command("approve", epilog="Example: microscout mcp approve 3")
def approve(number: NumberArg, url: UrlOpt = None, home: HomeOpt = None) -> None:
    """Have a request of an assistant done, now."""
    from agent.commands.mcp import answer as command

    raise typer.Exit(command(number, "approve", url, home))


@mcp.command("deny", epilog="Example: microscout mcp deny 3")
def deny(number: NumberArg, url: UrlOpt = None, home: HomeOpt = None) -> None:
    """Have a request of an assistant not done."""
    from agent.commands.mcp import answer as command

    raise typer.Exit(command(number, "deny", url, home))


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(mcp, name="mcp")
