"""Forms that do something. Each ends in looking at a page that says what it came to."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from agent.live.command import Attend, StopNow
from agent.service.states import Level
from agent.service.views import ChangeView, RefusalView, StopView
from agent.view.events import command_in_words
from agent.web.api.asked import MOST_WORDS, Number
from agent.web.guard import Operator
from agent.web.pages.failures import PageRoute
from agent.web.pages.forms import command_of, form_of
from agent.web.pages.notes import Note, refused
from agent.web.pages.site import SiteOf
from agent.web.parts import PartsOf, known
from agent.web.stopping import stop_at_once

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/stop")
async def stop(request: Request, site: SiteOf, who: Operator) -> Response:
    """Light off, at once; waits for no lock and in no line."""
    return site.done(who, "/", _stopped(await stop_at_once(site.service, who)))


@router.post("/queue/release")
async def release_queue(request: Request, site: SiteOf, parts: PartsOf, who: Operator) -> Response:
    """After a stop at once: what waits may begin by itself again."""
    await parts.doors.act.run(site.service.release_queue, who)
    return site.done(who, "/", Note("The queue goes on."))


@router.post("/attend")
async def attend(request: Request, site: SiteOf, parts: PartsOf, who: Operator) -> Response:
    """Somebody is there, or leaves."""
    form = await form_of(request)
    there = form.get("attended") == "1"
    await parts.doors.act.run(site.service.attend, there, who)
    said = "You are here: it asks you." if there else "Nobody is here: it acts as the plan says."
    return site.done(who, "/", Note(said))


@router.post("/experiments/{id}/command")
async def command(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, id: Number
) -> Response:
    """A live command, applied at the next visit boundary."""
    await known(parts, id)
    form = await form_of(request)
    back = _back(form)
    try:
        wanted = command_of(form)
    except ValueError as error:
        return site.done(who, back, Note(f"Not sent. {error}", Level.WARNING))
    if isinstance(wanted, StopNow):
        return site.done(who, back, _stopped(await stop_at_once(site.service, who)))
    if isinstance(wanted, Attend):
        await parts.doors.act.run(site.service.attend, wanted.attended, who)
        return site.done(who, back)
    found = await parts.doors.act.run(site.service.command, id, wanted, who)
    words = command_in_words(wanted.model_dump())
    if isinstance(found, RefusalView):
        return site.done(who, back, refused(found, what=f"Not done: {words}"))
    level = Level.WARNING if found.state == "refused" else Level.GOOD
    became = found.why if found.state != "waiting" else "applied at the next visit boundary"
    return site.done(who, back, Note(f"{words}: {became}", level))


@router.post("/experiments/{id}/tell")
async def tell(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, id: Number
) -> Response:
    """A change in words; shown with its effect, not applied."""
    await known(parts, id)
    words = (await form_of(request)).get("words", "")[:MOST_WORDS]
    if not words:
        return site.done(who, "/#change", Note("Say what to change.", Level.WARNING))
    change = await parts.doors.words.run(site.service.tell, id, words, who)
    return site.done(who, "/#change", _told(change))


@router.post("/experiments/{id}/changes/{change}/{answer}")
async def settle(
    request: Request,
    site: SiteOf,
    parts: PartsOf,
    who: Operator,
    id: Number,
    change: Number,
    answer: str,
) -> Response:
    """Approve or deny a change."""
    await known(parts, id)
    back = _back(await form_of(request))
    if answer not in ("approve", "deny"):
        return site.done(who, back, Note("Approve or deny it.", Level.WARNING))
    ask = site.service.confirm_change if answer == "approve" else site.service.refuse_change
    found = await parts.doors.act.run(ask, id, change, who)
    if isinstance(found, RefusalView):
        return site.done(who, back, refused(found))
    said = "Denied; the plan stays as it is."
    if answer == "approve":
        said = "Approved; in force before the next visit."
        if found.state == "applied":
            said = "Approved and in force."
    return site.done(who, back, Note(said))


@router.post("/experiments/{id}/undo")
async def undo(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, id: Number
) -> Response:
    """Ask to take the last change in force back."""
    await known(parts, id)
    found = await parts.doors.act.run(site.service.undo_change, id, who)
    if isinstance(found, RefusalView):
        return site.done(who, "/#change", refused(found))
    return site.done(who, "/#change", _told(found))


@router.post("/experiments/{id}/resume")
async def resume(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, id: Number
) -> Response:
    """Go on as the instrument is now."""
    await known(parts, id)
    back = _back(await form_of(request))
    found = await parts.doors.act.run(site.service.resume_held, id, who)
    if isinstance(found, RefusalView):
        return site.done(who, back, refused(found))
    return site.done(who, "/", Note("It goes on, as the instrument is now."))


@router.post("/experiments/{id}/withdraw")
async def withdraw(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, id: Number
) -> Response:
    """Out of the queue, before it began."""
    await known(parts, id)
    found = await parts.doors.act.run(site.service.withdraw, id, who)
    if isinstance(found, RefusalView):
        return site.done(who, "/experiments", refused(found))
    return site.done(who, "/experiments", Note(f"Experiment {id} is withdrawn."))


def _back(form: dict[str, str]) -> str:
    """The page that the form was on; a field stays chosen."""
    if form.get("stay"):
        return f"/?fov={quote(form['stay'], safe='')}#live"
    return form.get("back") or "/"


def _stopped(view: StopView) -> Note:
    took = f"after {view.took_s:.2f} s"
    if view.light_off == "confirmed":
        what = "Stopped" if view.stopped else "Nothing was running"
        left = tuple(f"Could not stop: {text}" for text in view.could_not_stop)
        level = Level.WARNING if left else Level.GOOD
        return Note(f"{what}; light off, read back {took}.", level, left)
    lines = tuple(view.could_not_stop) or ("Switch the light off by hand.",)
    return Note(f"STOP: THE LIGHT IS NOT CONFIRMED OFF ({took}).", Level.BAD, lines)


def _told(change: ChangeView) -> Note:
    if change.state == "refused":
        if change.questions:
            lines = tuple(
                q.text + (f" ({', '.join(q.choices)})" if q.choices else "")
                for q in change.questions
            )
            return Note("Say it more exactly. Nothing was changed.", Level.WARNING, lines)
        return refused(*change.refusals, what=f"Not possible: {change.why or change.words}")
    return Note("Look at what would change, and approve or deny it.")
