"""Whether search, stop, reaction and messages of a plan go together, and can do what they say."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from agent.check.rounds import count
from agent.expand import fields
from agent.finding import Finding, Level
from policies.available import reports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.check.scope import Scope

SECRET_KEYS = ("token", "key", "secret", "password", "passwd", "pwd", "auth")
FAR = dt.timedelta(days=14)
PAST = dt.timedelta(minutes=1)


def findings(scope: Scope) -> Iterator[Finding]:
    """What could never take effect is an error, what has no effect a warning."""
    yield from _judged(scope)
    if scope.plan.decide.policy == "fixed":
        yield from _never_reacts(scope)
    yield from _start(scope)
    yield from _notify(scope)


def counted(scope: Scope) -> Iterator[Finding]:
    """What is out of proportion to the plan's fields and rounds, which can be written out."""
    plan, search = scope.plan, scope.plan.search
    n_fields, n_rounds = len(fields(plan)), count(plan.baseline.time_plan)
    if search is not None:
        if search.best >= n_fields:
            message = f"{search.best} of {_many(n_fields, 'field')}: every one with evidence stays"
            remedy = f"make it less than {n_fields}, or remove search"
            yield scope.in_plan(Level.WARNING, "search.best", message, remedy)
        if search.rounds >= n_rounds:
            message = f"the survey takes {search.rounds} of {_many(n_rounds, 'round')}"
            remedy = "make it fewer, or the time plan longer: nothing would be left to image"
            yield scope.in_plan(Level.ERROR, "search.rounds", message, remedy)
    most = {"once": 1, "once_per_field": n_fields if search is None else min(n_fields, search.best)}
    possible, wanted = most.get(plan.reaction.repeat), plan.stop.after_events
    if possible is not None and wanted is not None and wanted > possible:
        message = f"{wanted} are never reached: reaction.repeat {plan.reaction.repeat}"
        message += f" makes {possible} at most"
        yield scope.in_plan(
            Level.WARNING, "stop.after_events", message, f"write {possible}, or every_event"
        )


def _judged(scope: Scope) -> Iterator[Finding]:
    """Search, stop and follow rest on what the judge reports."""
    plan = scope.plan
    search, kind, known = plan.search, plan.judge.kind, reports(plan.judge)
    if search is not None and kind == "none":
        message = "nobody looks at the frames, so no field is better than another"
        yield scope.in_plan(Level.ERROR, "search", message, "write judge: {kind: classical}")
    elif search is not None and search.by == "target":
        watched = plan.decide.target if plan.decide.policy == "watch" else None
        if watched is None and search.target is None:
            message = "target: the plan names none"
            remedy = "write search.target, or decide: {policy: watch, target: ...}, or by: count"
            yield scope.in_plan(Level.ERROR, "search.by", message, remedy)
        elif watched is not None and search.target not in (None, watched):
            message = f"{search.target}: a judge is asked for one target, and decide has {watched}"
            remedy = "make them the same, or remove search.target"
            yield scope.in_plan(Level.ERROR, "search.target", message, remedy)
    elif search is not None and search.by not in known:
        message = f"{search.by}: the {kind} judge does not report it"
        remedy = "write by: target, or use the judge mllm or classical"
        yield scope.in_plan(Level.ERROR, "search.by", message, remedy)
    if plan.stop.confluence is not None and "confluence" not in known:
        message = f"the {kind} judge reports no confluence, so this is never reached"
        remedy = "use the judge mllm or classical, or remove it"
        yield scope.in_plan(Level.ERROR, "stop.confluence", message, remedy)
    if plan.reaction.follow and plan.decide.policy == "watch":
        if kind != "none" and "objects" not in known:
            message = f"the {kind} judge does not say where the target is"
            remedy = "use the judge mllm or classical, or remove it"
            yield scope.in_plan(Level.ERROR, "reaction.follow", message, remedy)
        if not scope.config.mm_config.endswith("MMConfig_demo.cfg"):
            message = "the image must move as the stage does: x to the right, y downwards, unturned"
            remedy = "check it by hand: move the stage in x and in y and look at the camera"
            yield scope.in_plan(Level.WARNING, "reaction.follow", message, remedy)


def _never_reacts(scope: Scope) -> Iterator[Finding]:
    """Keys that only a reaction gives a meaning."""
    plan, remedy = scope.plan, "remove it, or write decide: {policy: watch}"
    if plan.stop.after_events is not None:
        message = "never reached: decide.policy fixed reacts to no event"
        yield scope.in_plan(Level.ERROR, "stop.after_events", message, remedy)
    if plan.reaction.follow:
        message = "has no effect: decide.policy fixed starts no burst"
        yield scope.in_plan(Level.WARNING, "reaction.follow", message, remedy)
    if plan.reaction.repeat != "every_event":
        message = "has no effect: decide.policy fixed starts no burst"
        yield scope.in_plan(Level.WARNING, "reaction.repeat", message, remedy)


def _start(scope: Scope) -> Iterator[Finding]:
    given = scope.plan.start_at
    if given is None:
        return
    start, now = given.astimezone(), dt.datetime.now(dt.UTC)
    if given.tzinfo is None and start.replace(tzinfo=None) != given:
        message = f"{given} is left out here: the clocks are put forward"
        yield scope.in_plan(Level.ERROR, "start_at", message, "give a time that exists")
    elif start < now - PAST:
        message = f"{start:%Y-%m-%d %H:%M %Z} is over: run refuses it"
        remedy = "give a time to come, or leave it out to begin at once"
        yield scope.in_plan(Level.WARNING, "start_at", message, remedy)
    elif start > now + FAR:
        message = f"{start:%Y-%m-%d %H:%M %Z} is {(start - now).days} days ahead"
        yield scope.in_plan(Level.WARNING, "start_at", message, "check the date")


def _notify(scope: Scope) -> Iterator[Finding]:
    notify = scope.plan.notify
    for number, address in enumerate(notify.to):
        if _has_secret(address):
            message = "this address has a password or key in it, which would get into the records"
            remedy = "remove it; secrets belong into the environment"
            yield scope.in_plan(Level.ERROR, f"notify.to[{number}]", message, remedy)
    if notify.on or notify.to:
        message = "only the service sends messages: with `run` nobody is told anything"
        remedy = "start `microscout serve`, then `microscout submit` the plan"
        yield scope.in_plan(Level.WARNING, "notify", message, remedy)


def _has_secret(address: str) -> bool:
    """A URL with user:password, or with a query that gives a key away."""
    try:
        parts = urlsplit(address)
        if parts.password is not None:
            return True
    except ValueError:  # no address at all; nothing is sent there
        return "@" in address and "://" in address
    names = [name.casefold() for name, _ in parse_qsl(parts.query, keep_blank_values=True)]
    return any(secret in name for name in names for secret in SECRET_KEYS)


def _many(n: int, noun: str) -> str:
    return f"1 {noun}" if n == 1 else f"{n} {noun}s"
