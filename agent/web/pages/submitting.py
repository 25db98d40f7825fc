"""From words, or a plan, to the queue."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from agent.service.states import Level
from agent.service.views import ProposalView, RefusalView
from agent.web.api.asked import LARGEST_ID, MOST_PLAN, MOST_WORDS, Thread
from agent.web.guard import Operator
from agent.web.pages.failures import PageRoute
from agent.web.pages.forms import form_of, start_of
from agent.web.pages.notes import Note, refused
from agent.web.pages.now import current_of
from agent.web.pages.site import SiteOf
from agent.web.parts import PartsOf

router = APIRouter(route_class=PageRoute, include_in_schema=False)
ANSWER = "answer."  # before a question's slot, in a form
OWN = "own."
_LONGEST_NAME = 80


@router.get("/submit")
async def begin(request: Request, site: SiteOf, parts: PartsOf, who: Operator) -> Response:
    """Say what to do, or bring a plan."""
    current = await parts.doors.look.run(current_of, site.service)
    return site.page(request, who, "submit.html.j2", current=current, words="", text="")


@router.post("/submit")
async def instruct(request: Request, site: SiteOf, parts: PartsOf, who: Operator) -> Response:
    """Words become a proposal."""
    words = (await form_of(request)).get("words", "")
    if not words or len(words) > MOST_WORDS:
        said = f"Say what to do, in at most {MOST_WORDS:,} characters."
        return site.done(who, "/submit", Note(said, Level.WARNING))
    return _shown(site, await parts.doors.words.run(site.service.instruct, words, who), who)


@router.post("/submit/yaml")
async def bring(request: Request, site: SiteOf, parts: PartsOf, who: Operator) -> Response:
    """A plan's YAML becomes a proposal."""
    text = (await form_of(request)).get("yaml", "")
    if not text or len(text) > MOST_PLAN:
        said = f"Paste a plan, at most {MOST_PLAN:,} characters long."
        return site.done(who, "/submit", Note(said, Level.WARNING))
    return _shown(site, await parts.doors.words.run(site.service.propose_yaml, text, who), who)


@router.get("/submit/{thread}")
async def proposal(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, thread: Thread
) -> Response:
    """A proposal: the plan in words, its cost, what is open."""
    found = site.proposed.get(thread)
    if found is None:
        said = "This proposal is not kept any more. Send the instruction again."
        return site.done(who, "/submit", Note(said, Level.WARNING))
    current = await parts.doors.look.run(current_of, site.service)
    queue = await parts.doors.look.run(site.service.experiments, over=False, limit=100)
    return site.page(
        request, who, "proposal.html.j2", it=found, current=current, queue=queue, answer=ANSWER,
        own=OWN,
    )  # fmt: skip


@router.post("/submit/{thread}/answer")
async def answer(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, thread: Thread
) -> Response:
    """Answers to what is open; one's own words count more than a choice."""
    form = await form_of(request)
    answers = {
        key.removeprefix(ANSWER): value[:MOST_WORDS]
        for key, value in form.items()
        if key.startswith(ANSWER) and value
    }
    answers |= {
        key.removeprefix(OWN): value[:MOST_WORDS]
        for key, value in form.items()
        if key.startswith(OWN) and value
    }
    if not answers:
        said = Note("Nothing was answered.", Level.WARNING)
        return site.done(who, f"/submit/{thread}", said)
    found = await parts.doors.words.run(site.service.answer, thread, answers, who)
    if isinstance(found, RefusalView):
        return site.done(who, f"/submit/{thread}", refused(found))
    return _shown(site, found, who)


@router.post("/submit/{thread}/approve")
async def approve(
    request: Request, site: SiteOf, parts: PartsOf, who: Operator, thread: Thread
) -> Response:
    """A person approves the plan: into the queue."""
    form = await form_of(request)
    here = f"/submit/{thread}"
    try:
        start_utc = start_of(form.get("start", ""))
    except ValueError as error:
        return site.done(who, here, Note(f"Not submitted: {error}.", Level.WARNING))
    after = form.get("after", "")
    if after and not (after.isascii() and after.isdigit() and 0 < int(after) <= LARGEST_ID):
        return site.done(who, here, Note("Not submitted: after which one?", Level.WARNING))
    found = await parts.doors.act.run(
        site.service.submit,
        thread,
        who,
        name=form.get("name", "")[:_LONGEST_NAME] or None,
        start_utc=start_utc,
        after=int(after) if after else None,
    )
    if isinstance(found, RefusalView):
        return site.done(who, here, refused(found, what="Not submitted"))
    said = Note(f"Approved: it is experiment {found.id} of the queue.")
    return site.done(who, f"/experiments/{found.id}", said)


def _shown(site: SiteOf, found: ProposalView, who: Operator) -> Response:
    site.proposed.keep(found)
    return site.done(who, f"/submit/{found.thread}")
