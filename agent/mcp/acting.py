"""SAFETY, and what acts on a run: each tool says what it would do; the door decides and does it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from agent.live import command as live
from agent.live.autonomy import Consequence
from agent.mcp import asked
from agent.mcp.kinds import Kind
from agent.mcp.settle import refusal_of, settled
from agent.mcp.tool import Found, Tool, Wish
from agent.mcp.views import Refused
from agent.mcp.which import of_current, set_by_person
from agent.service.views import CommandView, RefusalView, StopView
from agent.web.stopping import stop_at_once

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.mcp.tool import Asker, Work
    from agent.service.contract import Who
    from agent.web.api.asked import Asked

Wished = Wish | RefusalView | Refused


async def _wish(work: Work, ask: asked.OfOne, command: live.LiveCommand, what: str) -> Wished:
    id_ = await of_current(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    return Wish(f"{what}, experiment {id_}", _sender(work, id_, command), id_)


def _sender(
    work: Work, id_: int, command: live.LiveCommand
) -> Callable[[Who], CommandView | RefusalView]:
    def send(who: Who) -> CommandView | RefusalView:
        found = work.service.command(id_, command, who)
        return refusal_of(found) if isinstance(found, CommandView) else found

    return send


async def pause(work: Work, ask: asked.Act) -> Wished:
    """No visit begins."""
    wish = await _wish(work, ask, live.Pause(why=ask.why), "pause")
    return await _unless_set(work, wish, "pause", "")


async def resume(work: Work, ask: asked.Act) -> Wished:
    """The end of a pause; a person's pause is theirs."""
    wish = await _wish(work, ask, live.Resume(why=ask.why), "go on after the pause")
    return await _unless_a_persons(work, wish, "pause", "")


async def skip(work: Work, ask: asked.Skipped) -> Wished:
    """A visit is left out."""
    what = f"leave out visit {ask.visit}" if ask.visit else f"leave out the next visit of {ask.fov}"
    return await _wish(work, ask, live.Skip(fov=ask.fov, visit=ask.visit, why=ask.why), what)


async def add(work: Work, ask: asked.Added) -> Wished:
    """One more visit."""
    command = live.Add(fov=ask.fov, delay_s=ask.delay_s, why=ask.why)
    return await _wish(work, ask, command, f"one more visit of {ask.fov} in {ask.delay_s:g} s")


async def refocus(work: Work, ask: asked.OfField) -> Wished:
    """Autofocus at the next visit."""
    command = live.Refocus(fov=ask.fov, why=ask.why)
    return await _wish(work, ask, command, f"autofocus at the next visit of {ask.fov}")


async def hold(work: Work, ask: asked.OfField) -> Wished:
    """A field is left alone."""
    command = live.HoldFov(fov=ask.fov, why=ask.why)
    wish = await _wish(work, ask, command, f"leave {ask.fov} alone until it is released")
    return await _unless_set(work, wish, "hold", ask.fov)


async def release(work: Work, ask: asked.OfField) -> Wished:
    """A field is imaged again; what a person holds is theirs."""
    command = live.ReleaseFov(fov=ask.fov, why=ask.why)
    wish = await _wish(work, ask, command, f"image {ask.fov} again")
    return await _unless_a_persons(work, wish, "hold", ask.fov)


async def _unless_a_persons(work: Work, wish: Wished, kind: str, name: str) -> Wished:
    """What a person has set stays until a person releases it."""
    if not isinstance(wish, Wish):
        return wish
    person = await _set_by(work, wish, kind, name)
    if person is None:
        return wish
    return replace(wish, shown=(f"It was set by {person}.",), persons=True)


async def _unless_set(work: Work, wish: Wished, kind: str, name: str) -> Wished:
    """Set again, it would be ours, and ours to release."""
    if not isinstance(wish, Wish):
        return wish
    person = await _set_by(work, wish, kind, name)
    if person is None:
        return wish
    limit = f"{person} has set it already"
    return Refused(rule="set", what=wish.what, limit=limit, remedy="Nothing is to be done.")


async def _set_by(work: Work, wish: Wish, kind: str, name: str) -> str | None:
    if wish.experiment is None:
        return None
    return await work.doors.look.run(set_by_person, work, wish.experiment, kind, name)


async def burst(work: Work, ask: asked.OfField) -> Wished:
    """Fast imaging now."""
    command = live.StartBurst(fov=ask.fov, why=ask.why)
    return await _wish(work, ask, command, f"burst in {ask.fov} now")


async def set_exposure(work: Work, ask: asked.Exposed) -> Wished:
    """A channel's exposure in all fields."""
    command = live.SetExposure(channel=ask.channel, exposure_ms=ask.exposure_ms, why=ask.why)
    what = f"expose {ask.channel} for {ask.exposure_ms:g} ms from the next visit on, in all fields"
    return await _wish(work, ask, command, what)


async def stop(work: Work, ask: asked.Stops, who: Asker) -> Found:
    """In order, after the visit under way."""
    id_ = await of_current(work, ask.experiment)
    if not isinstance(id_, int):
        return id_
    sent = await work.doors.act.run(_sender(work, id_, live.Stop(why=ask.why)), who)
    return await settled(work, sent)


async def stop_now(work: Work, ask: asked.StopsNow, who: Asker) -> Found:
    """Light off; waits in no line and for no lock."""
    return await stop_at_once(work.service, who)


CONTROL, HAZARD, SAFETY = Kind.CONTROL, Kind.HAZARD, Kind.SAFETY
REVERSIBLE, COSTLY = Consequence.REVERSIBLE, Consequence.COSTLY


def _acts(
    name: str,
    about: str,
    model: type[Asked],
    wish: Callable[..., object],
    consequence: Consequence | None,
    kind: Kind = CONTROL,
) -> Tool:
    return Tool(name, kind, about, model, CommandView, wish=wish, consequence=consequence)  # type: ignore[arg-type]


TOOLS = (
    _acts("pause", "no visit begins until somebody resumes; light off.", asked.Act, pause, None),
    _acts(
        "resume",
        "go on after a pause. A pause that a person set needs a person's approval.",
        asked.Act,
        resume,
        REVERSIBLE,
    ),
    _acts(
        "skip",
        "leave out the next visit of a field, or one visit by number.",
        asked.Skipped,
        skip,
        COSTLY,
    ),
    _acts("add", "one more visit of a field.", asked.Added, add, REVERSIBLE),
    _acts(
        "refocus",
        "run the plan's autofocus at the next visit of a field.",
        asked.OfField,
        refocus,
        REVERSIBLE,
    ),
    _acts("hold", "leave a field alone until it is released.", asked.OfField, hold, None),
    _acts(
        "release",
        "image a held field again. A hold that a person set needs a person's approval.",
        asked.OfField,
        release,
        REVERSIBLE,
    ),
    _acts(
        "burst",
        "image a field at the reaction's interval now. A person has to approve it.",
        asked.OfField,
        burst,
        COSTLY,
        HAZARD,
    ),
    _acts(
        "set_exposure",
        "expose a channel so long from now on. A person has to approve it.",
        asked.Exposed,
        set_exposure,
        COSTLY,
        HAZARD,
    ),
    Tool(
        "stop",
        SAFETY,
        "end the run in order, after the visit under way. It can be resumed.",
        asked.Stops,
        CommandView,
        stop,
    ),
    Tool(
        "stop_now",
        SAFETY,
        "light off at once, whatever else hangs. Says what it could not stop.",
        asked.StopsNow,
        StopView,
        stop_now,
    ),
)
