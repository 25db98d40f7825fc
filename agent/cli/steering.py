"""Commands that change a run of the service: its plan, its questions, its fields and channels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from agent.cli.asking import InOpt, JsonOpt, TargetArg, WhyOpt, YesOpt, asking, checked, live

if TYPE_CHECKING:
    from agent.client.address import Wanted
    from agent.live.command import LiveCommand

FovArg = Annotated[str, typer.Argument(metavar="FOV", help="Field of view.")]
NumbersArg = Annotated[
    list[int],
    typer.Argument(metavar="[ID] NUMBER", help="Of a question, or of a change of the plan.", min=1),
]
QuestionOpt = Annotated[bool, typer.Option("--question", help="A question is meant.")]
ChangeOpt = Annotated[bool, typer.Option("--change", help="A change is meant.")]


# ---------------------------------------------------------------------- changes and questions


@asking
def tell(
    wanted: Wanted,
    target: TargetArg = None,
    words: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="What to change.")] = None,
    plan: Annotated[
        Path | None,
        typer.Option("--plan", metavar="YAML", help="Of a directory: a whole new plan instead."),
    ] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last change back.")] = False,
    history: Annotated[bool, typer.Option("--list", help="What was changed, and by whom.")] = False,
    yes: YesOpt = False,
    json: JsonOpt = False,
) -> int:
    """Change a run in mid-run, at its next visit boundary: one of the service, or a directory's."""
    from agent.client.target import target_of

    found = target_of(target, words, whole=plan is not None or undo or history)
    if found.run is not None:
        from agent.commands.tell import tell as command

        return command(
            found.run, found.words, plan=plan, undo=undo, history=history, yes=yes, json=json
        )
    if plan is not None:
        from agent.finding import config_error

        remedy = "say the change in words, or name a run's directory"
        raise config_error("--plan", "is for runs' directories", remedy)
    from agent.client import telling

    if history:
        return telling.history(found.id, wanted, json=json)
    return telling.tell(found.id, found.words, wanted, undo=undo, yes=yes, json=json)


@asking
def approve(
    numbers: NumbersArg,
    wanted: Wanted,
    question: QuestionOpt = False,
    change: ChangeOpt = False,
    why: WhyOpt = "",
) -> int:
    """Yes to a question of the run, or to a change of its plan."""
    return _answer(numbers, wanted, yes=True, why=why, kind=_kind(question, change))


@asking
def deny(
    numbers: NumbersArg,
    wanted: Wanted,
    question: QuestionOpt = False,
    change: ChangeOpt = False,
    why: WhyOpt = "",
) -> int:
    """No to a question of the run, or to a change of its plan."""
    return _answer(numbers, wanted, yes=False, why=why, kind=_kind(question, change))


# ---------------------------------------------------------------------- fields and channels


@asking
def skip(
    wanted: Wanted,
    fov: Annotated[
        str | None, typer.Argument(metavar="[FOV]", help="Field of view: its next visit.")
    ] = None,
    visit: Annotated[
        int | None, typer.Option("--visit", metavar="N", help="A visit by its number.", min=1)
    ] = None,
    in_: InOpt = None,
    why: WhyOpt = "",
) -> int:
    """Leave out one visit."""
    return _send(in_, live("skip", why, fov=fov, visit=visit), wanted)


@asking
def add(
    fov: FovArg,
    wanted: Wanted,
    delay: Annotated[
        float, typer.Option("--delay", metavar="S", help="Seconds of run time from now.", min=0)
    ] = 0.0,
    in_: InOpt = None,
    why: WhyOpt = "",
) -> int:
    """One more visit of a field."""
    return _send(in_, live("add", why, fov=fov, delay_s=delay), wanted)


@asking
def hold(fov: FovArg, wanted: Wanted, in_: InOpt = None, why: WhyOpt = "") -> int:
    """Leave a field alone until it is released."""
    return _send(in_, live("hold", why, fov=fov), wanted)


@asking
def release(fov: FovArg, wanted: Wanted, in_: InOpt = None, why: WhyOpt = "") -> int:
    """Image a field again that was held."""
    return _send(in_, live("release", why, fov=fov), wanted)


@asking
def burst(
    fov: FovArg,
    wanted: Wanted,
    end: Annotated[bool, typer.Option("--end", help="Back to the baseline.")] = False,
    in_: InOpt = None,
    why: WhyOpt = "",
) -> int:
    """Image a field fast now, as if the target had been seen."""
    return _send(in_, live("end_burst" if end else "burst", why, fov=fov), wanted)


@asking
def refocus(fov: FovArg, wanted: Wanted, in_: InOpt = None, why: WhyOpt = "") -> int:
    """Run the autofocus at the start of a field's next visit."""
    return _send(in_, live("refocus", why, fov=fov), wanted)


@asking
def expose(
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="Channel of the plan.")],
    wanted: Wanted,
    ms: Annotated[
        float | None, typer.Argument(metavar="[MS]", help="Left out: as in the plan again.")
    ] = None,
    in_: InOpt = None,
    why: WhyOpt = "",
) -> int:
    """Set a channel's exposure in ms; decisions leave it alone until it is as in the plan again."""
    name = "release_exposure" if ms is None else "set_exposure"
    return _send(in_, live(name, why, channel=channel, exposure_ms=ms), wanted)


def _send(id_: int | None, command: LiveCommand, wanted: Wanted) -> int:
    from agent.client import commanding

    return commanding.send(id_, command, wanted)


def _answer(numbers: list[int], wanted: Wanted, *, yes: bool, why: str, kind: str | None) -> int:
    from agent.client import commanding

    return commanding.answer(numbers, wanted, yes=yes, why=checked(why), kind=kind)


def _kind(question: bool, change: bool) -> str | None:
    if question == change:
        return None
    return "question" if question else "change"
