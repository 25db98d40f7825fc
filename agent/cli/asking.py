"""Commands that ask a running service: the options that all of them have, and how each ends."""

from __future__ import annotations

import functools
import inspect
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.live.command import LiveCommand

WANTED = "wanted"  # the parameter that gets the service's address

IdArg = Annotated[
    int | None, typer.Argument(metavar="[ID]", help="Experiment. Left out: the current one.", min=1)
]
InOpt = Annotated[
    int | None,
    typer.Option("--in", metavar="ID", help="Experiment. Left out: the current one.", min=1),
]
TargetArg = Annotated[
    str | None,
    typer.Argument(metavar="[ID|RUN]", help="An experiment's number, or a run's directory."),
]
WhyOpt = Annotated[str, typer.Option("--why", help="Written down beside it.")]
YesOpt = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
JsonOpt = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]


def _where(
    url: Annotated[
        str | None,
        typer.Option("--url", help="The service's address (or MICROSCOUT_URL)."),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option("--token", help="Better in MICROSCOUT_TOKEN: other users see command lines."),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option("--home", metavar="DIR", help="The service's home (or MICROSCOUT_HOME)."),
    ] = None,
) -> None:
    """Only for its parameters: those of every command."""


def asking(command: Callable[..., int]) -> Callable[..., None]:
    """The command of the terminal: with --url, --token and --home in place of `wanted`.

    What `command` returns is the exit code.
    """

    @functools.wraps(command)
    def asks(*, url: str | None, token: str | None, home: Path | None, **said: Any) -> None:
        from agent.client.address import Wanted

        raise typer.Exit(command(**said, wanted=Wanted(url, token, home)))

    own = [p for p in _parameters(command) if p.name != WANTED]
    signature = inspect.Signature([*own, *_parameters(_where)])
    asks.__signature__ = signature  # type: ignore[attr-defined]
    asks.__annotations__ = {p.name: p.annotation for p in signature.parameters.values()}
    return asks


def live(name: str, why: str = "", **said: object) -> LiveCommand:
    """A live command from what was said on the command line; None: left out.

    Raises ConfigError in one line.
    """
    from agent.finding import config_error
    from agent.live.command import parse

    given = {key: value for key, value in said.items() if value is not None}
    try:
        return parse({"command": name, "why": checked(why), **given})
    except ValueError as error:
        raise config_error(name, str(error), "see --help") from None


def checked(why: str) -> str:
    """Words that fit beside a command. Raises ConfigError in one line."""
    from agent.finding import config_error
    from agent.live.command import MOST_WORDS

    if len(why) > MOST_WORDS:
        message = f"is {len(why)} characters long"
        raise config_error("--why", message, f"use at most {MOST_WORDS}")
    return why


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Its parameters, with annotations that typer understands; `wanted` keeps its name only."""
    written = {k: v for k, v in inspect.get_annotations(function).items() if k != WANTED}
    found = get_type_hints(
        SimpleNamespace(__annotations__=written),
        globalns=function.__globals__,
        include_extras=True,
    )
    return [
        p.replace(annotation=found.get(p.name, p.annotation), kind=p.KEYWORD_ONLY)
        for p in inspect.signature(function).parameters.values()
    ]
