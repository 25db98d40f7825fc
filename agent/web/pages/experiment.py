"""What the page of one experiment shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.rundir import RunDir
from agent.service.views import DecisionView, RefusalView
from agent.view.chart import bars, draw
from agent.view.frames import shots_of
from agent.view.journal import NoJournal, last_time_s, looking, started_utc
from agent.view.plots import series
from agent.view.stagemap import StageMap, stage_map
from agent.view.timeline import EVENT_KINDS, Page, timeline

if TYPE_CHECKING:
    from pathlib import Path

    from agent.service.contract import Service
    from agent.service.views import ChangeView, CommandView, ExperimentView
    from agent.view.chart import Bar, Drawing
    from agent.view.frames import Shot

EVENTS = 25
MOST_COMMANDS = 50


@dataclass(frozen=True, slots=True)
class Seen:
    """One experiment at one moment, and which part of its timeline."""

    one: ExperimentView
    begun: bool
    plan: tuple[str, ...]
    yaml: str
    changes: tuple[ChangeView, ...]
    commands: tuple[CommandView, ...]
    page: Page
    shots: dict[int, Shot]
    drawings: tuple[Drawing, ...]
    bars: tuple[Bar, ...]
    stage: StageMap
    has_report: bool
    started_utc: str
    kind: str
    quiet: bool
    fov: str | None


def read_experiment(
    service: Service,
    id_: int,
    *,
    kind: str,
    quiet: bool,
    before: str | None,
    after: str | None,
    fov: str | None,
) -> Seen:
    """All of it. Raises LookupError for an experiment that is gone meanwhile."""
    one = service.experiment(id_)
    if isinstance(one, RefusalView):
        raise LookupError(one.what)
    run_dir = service.run_dir(id_)
    drawings: tuple[Drawing, ...]
    page, stage, drawings, started = Page(), StageMap(), (), ""
    if run_dir is not None:
        kinds = (kind,) if kind else EVENT_KINDS
        page = timeline(run_dir, before=before, after=after, kinds=kinds, quiet=quiet, limit=EVENTS)
        stage = stage_map(run_dir)
        fov = fov if any(field.name == fov for field in stage.fields) else None
        end_s, started = _times(run_dir)
        drawings = tuple(
            drawn
            for of_run in series(run_dir, fov)
            if (drawn := draw(of_run, end_s, line=fov is not None or len(stage.fields) == 1))
        )
    looked = [e.visit for e in page.events if isinstance(e, DecisionView) and e.visit is not None]
    pictures = shots_of(run_dir, looked) if run_dir is not None else {}
    return Seen(
        one=one,
        begun=bool(stage.fields),
        plan=tuple(service.plan_in_words(id_)),
        yaml=service.plan_yaml(id_),
        changes=tuple(sorted(service.changes(id_), key=lambda c: -c.id)),
        commands=tuple(sorted(service.commands(id_), key=lambda c: -c.id)[:MOST_COMMANDS]),
        page=page,
        shots={visit: shots[0] for visit, shots in pictures.items() if shots},
        drawings=drawings,
        bars=bars([(field.name, field.light) for field in stage.fields]),
        stage=stage,
        has_report=run_dir is not None and RunDir(run_dir).report.is_file(),
        started_utc=started,
        kind=kind,
        quiet=quiet,
        fov=fov,
    )


def _times(run_dir: Path) -> tuple[float, str]:
    try:
        with looking(run_dir) as rows:
            return last_time_s(rows), started_utc(rows)
    except NoJournal:
        return 0.0, ""
