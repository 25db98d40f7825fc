"""Commands that talk to a running service; `tell` and `resume` also know runs' directories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.asking import IdArg, JsonOpt, TargetArg, WhyOpt, YesOpt, asking, live
from agent.cli.steering import (
    add,
    approve,
    burst,
    deny,
    expose,
    hold,
    refocus,
    release,
    skip,
    tell,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.client.address import Wanted

PANEL = "With a running service"


# ---------------------------------------------------------------------- the queue, and looking


@asking
def submit(
    said: Annotated[str, typer.Argument(metavar="WORDS|PLAN.YAML", help="What you want.")],
    wanted: Wanted,
    name: Annotated[str | None, typer.Option("--name", help="What to call it.")] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="TIME", help="Not before: 22:30, or a date.")
    ] = None,
    after: Annotated[
        int | None, typer.Option("--after", metavar="ID", help="Not before this is over.", min=1)
    ] = None,
    answer: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="SLOT=WORDS", help="Answer to a question (repeatable)."),
    ] = None,
    yes: YesOpt = False,
    json: JsonOpt = False,
) -> int:
    """Put an experiment into the service's queue, in words or as a plan's file."""
    from agent.client import submitting
    from agent.client.answers import answers_of

    what = submitting.Submission(said, name, at, after, answers_of(answer or ()), yes)
    return submitting.submit(what, wanted, json=json)


@asking
def status(wanted: Wanted, json: JsonOpt = False) -> int:
    """What the service is doing, at a glance."""
    from agent.client import looking

    return looking.status(wanted, json=json)


@asking
def watch(
    wanted: Wanted,
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End when nothing runs or waits any more.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
) -> int:
    """Follow what the service does, line by line, until Ctrl-C."""
    from agent.client import looking

    return looking.watch(wanted, until_done=until_done, json=json)


@asking
def withdraw(
    id_: Annotated[int, typer.Argument(metavar="ID", help="A waiting experiment.", min=1)],
    wanted: Wanted,
) -> int:
    """Take an experiment out of the queue before it began."""
    from agent.client import commanding

    return commanding.withdraw(id_, wanted)


@asking
def release_queue(wanted: Wanted) -> int:
    """After a stop at once: let what waits begin again."""
    from agent.client import commanding

    return commanding.release_queue(wanted)


# ---------------------------------------------------------------------- the whole run


@asking
def pause(wanted: Wanted, id_: IdArg = None, why: WhyOpt = "") -> int:
    """Begin no visit, light off, until `resume`."""
    from agent.client import commanding

    return commanding.send(id_, live("pause", why), wanted)


@asking
def resume(
    wanted: Wanted,
    run: TargetArg = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Of a directory: go on although it differs.")
    ] = False,
    why: WhyOpt = "",
    json: JsonOpt = False,
) -> int:
    """Go on: after a pause, with an experiment that is held, or with an interrupted run."""
    if run is not None and not run.isdecimal():
        from agent.commands.resume import resume as command

        return command(Path(run), accept=accept, json=json)
    from agent.client import commanding

    id_ = None if run is None else int(run)
    return commanding.go_on(id_, live("resume", why), wanted, json=json)


@asking
def stop(
    wanted: Wanted,
    id_: IdArg = None,
    now: Annotated[
        bool, typer.Option("--now", help="Light off at once, whatever else hangs.")
    ] = False,
    why: WhyOpt = "",
    json: JsonOpt = False,
) -> int:
    """End the current run in order, after the visit under way; --now ends it at once."""
    from agent.client import commanding

    if now:
        return commanding.stop_now(wanted, json=json)
    return commanding.send(id_, live("stop", why), wanted, json=json)


@asking
def attend(wanted: Wanted) -> int:
    """Say that somebody is there, who answers questions."""
    from agent.client import commanding

    return commanding.attend(True, wanted)


@asking
def leave(wanted: Wanted) -> int:
    """Say that nobody is there any more."""
    from agent.client import commanding

    return commanding.attend(False, wanted)


EXAMPLES: dict[Callable[..., None], str] = {
    submit: 'microscout submit "P1 to P3 in GFP every 5 min for 12 h" --at 22:30',
    status: "microscout status --json",
    watch: "microscout watch --until-done",
    pause: 'microscout pause --why "the incubator is open"',
    resume: "microscout resume   or   microscout resume runs/mitosis_watch-20260101-200000",
    stop: "microscout stop --now",
    tell: 'microscout tell "every 2 min from now on"',
    approve: "microscout approve 3",
    deny: "microscout deny 3",
    skip: "microscout skip A1",
    add: "microscout add A1 --delay 60",
    hold: 'microscout hold A1 --why "a bubble"',
    release: "microscout release A1",
    burst: "microscout burst A1",
    refocus: "microscout refocus A1",
    expose: "microscout expose DAPI 20",
    attend: "microscout attend",
    leave: "microscout leave",
    withdraw: "microscout withdraw 4",
    release_queue: "microscout release-queue",
}


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command, example in EXAMPLES.items():
        app.command(rich_help_panel=PANEL, epilog=f"Example: {example}")(command)
