"""Commands that talk to a running service; `tell` and `resume` also know runs' directories."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.client.address import Wanted

PANEL = "With a running service"

UrlOpt = Annotated[
    str | None,
    typer.Option("--url", help="The service's address (or MICROSCOUT_URL).", show_default=False),
]
TokenOpt = Annotated[
    str | None,
    typer.Option(
        "--token",
        help="Better in MICROSCOUT_TOKEN: other users see command lines.",
        show_default=False,
    ),
]
HomeOpt = Annotated[
    Path | None,
    typer.Option("--home", metavar="DIR", help="The service's home (or MICROSCOUT_HOME)."),
]
IdArg = Annotated[
    int | None, typer.Argument(metavar="[ID]", help="Experiment. Left out: the current one.", min=1)
]
InOpt = Annotated[
    int | None,
    typer.Option("--in", metavar="ID", help="Experiment. Left out: the current one.", min=1),
]
WhyOpt = Annotated[str, typer.Option("--why", help="Written down beside it.")]
FovArg = Annotated[str, typer.Argument(metavar="FOV", help="Field of view.")]
NumbersArg = Annotated[
    list[int],
    typer.Argument(metavar="[ID] NUMBER", help="Of a question, or of a change of the plan.", min=1),
]
QuestionOpt = Annotated[bool, typer.Option("--question", help="A question is meant.")]
ChangeOpt = Annotated[bool, typer.Option("--change", help="A change is meant.")]
YesOpt = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]
JsonOpt = Annotated[
    bool, typer.Option("--json", help="Print one JSON object as the last line of stdout.")
]


def submit(
    said: Annotated[str, typer.Argument(metavar="WORDS|PLAN.YAML", help="What you want.")],
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
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Put an experiment into the service's queue, in words or as a plan's file."""
    from agent.client.answers import answers_of
    from agent.client.submitting import Submission
    from agent.client.submitting import submit as command

    what = Submission(said, name, at, after, answers_of(answer or ()), yes)
    raise typer.Exit(command(what, _wanted(url, token, home), json=json))


def status(
    json: JsonOpt = False, url: UrlOpt = None, token: TokenOpt = None, home: HomeOpt = None
) -> None:
    """What the service is doing, at a glance."""
    from agent.client.looking import status as command

    raise typer.Exit(command(_wanted(url, token, home), json=json))


def watch(
    until_done: Annotated[
        bool, typer.Option("--until-done", help="End when nothing runs or waits any more.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per line.")] = False,
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Follow what the service does, line by line, until Ctrl-C."""
    from agent.client.looking import watch as command

    raise typer.Exit(command(_wanted(url, token, home), until_done=until_done, json=json))


def pause(
    id_: IdArg = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Begin no visit, light off, until `resume`."""
    from agent.client.commanding import send
    from agent.live.command import Pause

    raise typer.Exit(send(id_, Pause(why=_why(why)), _wanted(url, token, home)))


def resume(
    run: Annotated[
        str | None,
        typer.Argument(metavar="[ID|RUN]", help="An experiment's number, or a run's directory."),
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Of a directory: go on although it differs.")
    ] = False,
    why: WhyOpt = "",
    json: JsonOpt = False,
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Go on: after a pause, with an experiment that is held, or with an interrupted run."""
    if run is not None and not run.isdecimal():
        from agent.commands.resume import resume as command

        raise typer.Exit(command(Path(run), accept=accept, json=json))
    from agent.client.commanding import go_on
    from agent.live.command import Resume

    id_ = None if run is None else int(run)
    code = go_on(id_, Resume(why=_why(why)), _wanted(url, token, home), json=json)
    raise typer.Exit(code)


def stop(
    id_: IdArg = None,
    now: Annotated[
        bool, typer.Option("--now", help="Light off at once, whatever else hangs.")
    ] = False,
    why: WhyOpt = "",
    json: JsonOpt = False,
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """End the current run in order, after the visit under way; --now ends it at once."""
    from agent.client.commanding import send, stop_now
    from agent.live.command import Stop

    wanted = _wanted(url, token, home)
    if now:
        raise typer.Exit(stop_now(wanted, json=json))
    raise typer.Exit(send(id_, Stop(why=_why(why)), wanted, json=json))


def tell(
    target: Annotated[
        str | None,
        typer.Argument(metavar="[ID|RUN]", help="An experiment's number, or a run's directory."),
    ] = None,
    words: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="What to change.")] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="YAML", help="Of a directory: a whole new plan instead."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last change back.")] = False,
    history: Annotated[bool, typer.Option("--list", help="What was changed, and by whom.")] = False,
    yes: YesOpt = False,
    json: JsonOpt = False,
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Change a run in mid-run, at its next visit boundary: one of the service, or a directory's."""
    from agent.client.target import target_of

    found = target_of(target, words, whole=plan is not None or undo or history)
    if found.run is not None:
        from agent.commands.tell import tell as command

        options = {"plan": plan, "undo": undo, "history": history, "yes": yes, "json": json}
        raise typer.Exit(command(found.run, found.words, **options))  # type: ignore[arg-type]
    if plan is not None:
        from agent.finding import config_error

        remedy = "say the change in words, or name a run's directory"
        raise config_error("--plan", "is for runs' directories", remedy)
    from agent.client import telling

    wanted = _wanted(url, token, home)
    if history:
        raise typer.Exit(telling.history(found.id, wanted, json=json))
    code = telling.tell(found.id, found.words, wanted, undo=undo, yes=yes, json=json)
    raise typer.Exit(code)


def approve(
    numbers: NumbersArg,
    question: QuestionOpt = False,
    change: ChangeOpt = False,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Yes to a question of the run, or to a change of its plan."""
    _answer(numbers, _wanted(url, token, home), yes=True, why=why, kind=_kind(question, change))


def deny(
    numbers: NumbersArg,
    question: QuestionOpt = False,
    change: ChangeOpt = False,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """No to a question of the run, or to a change of its plan."""
    _answer(numbers, _wanted(url, token, home), yes=False, why=why, kind=_kind(question, change))


def skip(
    fov: Annotated[
        str | None, typer.Argument(metavar="[FOV]", help="Field of view: its next visit.")
    ] = None,
    visit: Annotated[
        int | None, typer.Option("--visit", metavar="N", help="A visit by its number.", min=1)
    ] = None,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Leave out one visit."""
    said: dict[str, object] = {"command": "skip", "fov": fov, "visit": visit, "why": why}
    _send(in_, said, _wanted(url, token, home))


def add(
    fov: FovArg,
    delay: Annotated[
        float, typer.Option("--delay", metavar="S", help="Seconds of run time from now.", min=0)
    ] = 0.0,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """One more visit of a field."""
    said = {"command": "add", "fov": fov, "delay_s": delay, "why": why}
    _send(in_, said, _wanted(url, token, home))


def hold(
    fov: FovArg,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Leave a field alone until it is released."""
    _send(in_, {"command": "hold", "fov": fov, "why": why}, _wanted(url, token, home))


def release(
    fov: FovArg,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Image a field again that was held."""
    _send(in_, {"command": "release", "fov": fov, "why": why}, _wanted(url, token, home))


def burst(
    fov: FovArg,
    end: Annotated[bool, typer.Option("--end", help="Back to the baseline.")] = False,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Image a field fast now, as if the target had been seen."""
    name = "end_burst" if end else "burst"
    _send(in_, {"command": name, "fov": fov, "why": why}, _wanted(url, token, home))


def refocus(
    fov: FovArg,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Run the autofocus at the start of a field's next visit."""
    _send(in_, {"command": "refocus", "fov": fov, "why": why}, _wanted(url, token, home))


def expose(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Channel of the plan.")],
    ms: Annotated[
        float | None, typer.Argument(metavar="[MS]", help="Left out: as in the plan again.")
    ] = None,
    in_: InOpt = None,
    why: WhyOpt = "",
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Set a channel's exposure in ms; decisions leave it alone until it is as in the plan again."""
    said: dict[str, object] = {"command": "release_exposure", "channel": channel, "why": why}
    if ms is not None:
        said |= {"command": "set_exposure", "exposure_ms": ms}
    _send(in_, said, _wanted(url, token, home))


def attend(url: UrlOpt = None, token: TokenOpt = None, home: HomeOpt = None) -> None:
    """Say that somebody is there, who answers questions."""
    from agent.client.commanding import attend as command

    raise typer.Exit(command(True, _wanted(url, token, home)))


def leave(url: UrlOpt = None, token: TokenOpt = None, home: HomeOpt = None) -> None:
    """Say that nobody is there any more."""
    from agent.client.commanding import attend as command

    raise typer.Exit(command(False, _wanted(url, token, home)))


def withdraw(
    id_: Annotated[int, typer.Argument(metavar="ID", help="A waiting experiment.", min=1)],
    url: UrlOpt = None,
    token: TokenOpt = None,
    home: HomeOpt = None,
) -> None:
    """Take an experiment out of the queue before it began."""
    from agent.client.commanding import withdraw as command

    raise typer.Exit(command(id_, _wanted(url, token, home)))


def release_queue(url: UrlOpt = None, token: TokenOpt = None, home: HomeOpt = None) -> None:
    """After a stop at once: let what waits begin again."""
    from agent.client.commanding import release_queue as command

    raise typer.Exit(command(_wanted(url, token, home)))


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


def _wanted(url: str | None, token: str | None, home: Path | None) -> Wanted:
    from agent.client.address import Wanted

    return Wanted(url, token, home)


def _send(id_: int | None, said: dict[str, object], wanted: Wanted) -> None:
    from agent.client.commanding import send
    from agent.finding import config_error
    from agent.live.command import parse

    try:
        command = parse({key: value for key, value in said.items() if value is not None})
    except ValueError as error:
        raise config_error(str(said["command"]), str(error), "see --help") from None
    raise typer.Exit(send(id_, command, wanted))


def _why(why: str) -> str:
    from agent.finding import config_error
    from agent.live.command import MOST_WORDS

    if len(why) > MOST_WORDS:
        message = f"is {len(why)} characters long"
        raise config_error("--why", message, f"use at most {MOST_WORDS}")
    return why


def _answer(numbers: list[int], wanted: Wanted, *, yes: bool, why: str, kind: str | None) -> None:
    from agent.client.commanding import answer

    raise typer.Exit(answer(numbers, wanted, yes=yes, why=_why(why), kind=kind))


def _kind(question: bool, change: bool) -> str | None:
    if question == change:
        return None
    return "question" if question else "change"
