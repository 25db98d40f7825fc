"""What the first page shows, read once for everybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.rundir import RunDir
from agent.service.states import ExperimentState
from agent.view.chart import draw_stage
from agent.view.decisions import verdict_of
from agent.view.frames import latest_shots, shots_of
from agent.view.journal import NoJournal, looking, started_utc
from agent.view.stagemap import StageMap, stage_map
from agent.view.timeline import timeline
from agent.web.pages.lights import lights

if TYPE_CHECKING:
    from pathlib import Path

    from agent.service.contract import Service
    from agent.service.views import (
        ChangeView,
        CommandView,
        EventView,
        ExperimentView,
        HealthView,
        StatusView,
    )
    from agent.view.chart import StageDrawing
    from agent.view.frames import Shot
    from agent.view.stagemap import FieldView
    from agent.web.pages.lights import Light

LATELY = 8
MOST_THUMBS = 24
MOST_LISTED = 300  # more than can wait


@dataclass(frozen=True, slots=True)
class Now:
    """One moment. `fov` is the field that was chosen, if it is one of the plan's."""

    status: StatusView
    health: HealthView
    lights: tuple[Light, ...]
    last: ExperimentView | None
    last_told: bool = False  # its report is there
    plan: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    changes: tuple[ChangeView, ...] = ()
    commands: tuple[CommandView, ...] = ()
    lately: tuple[EventView, ...] = ()
    stage: StageMap = field(default_factory=StageMap)
    drawing: StageDrawing | None = None
    fov: FieldView | None = None
    shots: tuple[Shot, ...] = ()
    seen: str = ""
    thumbs: tuple[Shot, ...] = ()
    started_utc: str = ""


def read_now(service: Service, fov: str | None) -> Now:
    """Everything, of one moment as far as it goes."""
    status, health = service.status(), service.health()
    messages = service.messages(limit=20)
    one = status.current
    run = None if one is None else service.run_dir(one.id)
    if one is None or run is None:
        last = next((e for e in service.experiments(limit=20) if e.state.over and e.run), None)
        plan = () if one is None else tuple(service.plan_in_words(one.id))
        found = lights(status, health, StageMap(), messages)
        over = None if last is None else service.run_dir(last.id)
        told = over is not None and RunDir(over).report.is_file()
        return Now(status, health, found, last, last_told=told, plan=plan)
    stage = stage_map(run)
    chosen = next((f for f in stage.fields if f.name == fov), None)
    shots = latest_shots(run, chosen.name if chosen is not None else None)
    thumbs = shots_of(run, [f.last_visit for f in stage.fields[:MOST_THUMBS] if f.last_visit])
    return Now(
        status=status,
        health=health,
        lights=lights(status, health, stage, messages),
        last=None,
        plan=tuple(service.plan_in_words(one.id)),
        channels=_channels(run),
        changes=tuple(c for c in service.changes(one.id) if c.state in ("asked", "confirmed")),
        commands=tuple(sorted(service.commands(one.id), key=lambda c: -c.id)[:3]),
        lately=timeline(run, limit=LATELY).events,
        stage=stage,
        drawing=draw_stage(stage.fields),
        fov=chosen,
        shots=shots,
        seen=verdict_of(run, shots[0].visit) if shots else "",
        thumbs=tuple(thumbs[f.last_visit][0] for f in stage.fields if f.last_visit in thumbs),
        started_utc=_started(run),
    )


def current_of(service: Service) -> ExperimentView | None:
    """The experiment that has the instrument, for the stop buttons of every page.

    Without a look into its journal, which the status has.
    """
    for one in service.experiments(over=False, limit=MOST_LISTED):
        if one.state is not ExperimentState.WAITING:
            return one
    return service.status().current


def _channels(run: Path) -> tuple[str, ...]:
    try:
        with looking(run) as rows:
            sql = "SELECT DISTINCT channel FROM (SELECT channel FROM frames LIMIT 500)"
            return tuple(str(row[0]) for row in rows(sql))
    except NoJournal:
        return ()


def _started(run: Path) -> str:
    try:
        with looking(run) as rows:
            return started_utc(rows)
    except NoJournal:
        return ""
