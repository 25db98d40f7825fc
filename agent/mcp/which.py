"""Which experiment is meant, who has set what, and what its plan lets be done by itself."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from agent.mcp.tool import SUFFIX
from agent.mcp.views import Refused
from agent.service.states import Door
from agent.service.views import RefusalView

if TYPE_CHECKING:
    from pathlib import Path

    from agent.live.autonomy import Consequence
    from agent.mcp.tool import Work
    from agent.plan_options import AutonomyConfig, Mode


async def of_any(work: Work, wanted: int | None) -> int | RefusalView | Refused:
    """The experiment to look at: the one named, the current one, or the latest."""
    if wanted is None:
        current = await _current(work)
        if current is not None:
            return current
        latest = await work.doors.look.run(work.service.experiments, over=True, limit=1)
        return latest[0].id if latest else _none("there is no experiment")
    return await _known(work, wanted)


async def of_current(work: Work, wanted: int | None) -> int | RefusalView | Refused:
    """The experiment to act on: the one named, or the current one."""
    if wanted is None:
        return await _current(work) or _none("no experiment runs")
    return await _known(work, wanted)


async def run_of(work: Work, wanted: int | None) -> Path | RefusalView | Refused:
    """Its run's directory."""
    id_ = await of_any(work, wanted)
    if not isinstance(id_, int):
        return id_
    path = await work.doors.look.run(work.service.run_dir, id_)
    return path or _none(f"experiment {id_} has not begun")


def set_by_person(work: Work, experiment: int, kind: str, name: str) -> str | None:
    """Who has set a pause or a hold, or is about to, if not through this door; None otherwise."""
    from agent.view.journal import NoJournal, looking

    for sent in work.service.commands(experiment):
        said = sent.command
        same = said.get("command") == kind and said.get("fov", "") in ("", None, name)
        if same and sent.state == "waiting" and sent.door is not Door.MCP:
            return sent.who
    run_dir = work.service.run_dir(experiment)
    if run_dir is None:
        return None
    try:
        with looking(run_dir) as rows:
            found = rows("SELECT who FROM locks WHERE kind=? AND name=?", kind, name)
    except NoJournal:
        return "somebody"  # not known is not ours
    who = str(found[0][0]) if found else None
    return None if who is None or who.endswith(SUFFIX) else who


def autonomy(work: Work, experiment: int, consequence: Consequence, *, attended: bool) -> Mode:
    """What the plan in force says of such an action: auto, ask or refuse.

    A plan that cannot be read lets nothing be done.
    """
    from agent.finding import ConfigError

    try:
        rules = _rules(work.service.plan_yaml(experiment))
    except ConfigError:
        return "refuse"
    found: Mode = getattr(rules.attended if attended else rules.unattended, consequence)
    return found


@functools.lru_cache(maxsize=8)
def _rules(text: str) -> AutonomyConfig:
    from agent.load import parse_plan

    return parse_plan(text, "plan").autonomy


async def _current(work: Work) -> int | None:
    status = await work.doors.look.run(work.service.status)
    return None if status.current is None else status.current.id


async def _known(work: Work, wanted: int) -> int | RefusalView:
    found = await work.doors.look.run(work.service.experiment, wanted)
    return found if isinstance(found, RefusalView) else found.id


def _none(limit: str) -> Refused:
    remedy = "See the list of experiments."
    return Refused(rule="experiment", what="the experiment", limit=limit, remedy=remedy)
