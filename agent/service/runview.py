"""How a run stands, from its journal: read only, short queries, never the instrument."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, Literal

import yaml

from agent.change.adopt import read_plan
from agent.journal.journal import FILE_NAME
from agent.live.command import parse
from agent.service.states import Door
from agent.service.views import AskView, CommandView, RunView
from agent.settings import end_s
from agent.view.light import LEDGERS
from policies.action import Action

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextlib.contextmanager
def reading(run: Path) -> Iterator[sqlite3.Connection]:
    """The journal, for reading. Raises sqlite3.Error."""
    uri = f"{(run / FILE_NAME).absolute().as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=2.0)) as db:
        yield db


def keys(run: Path) -> dict[str, str]:
    """The run's keys; {} where there is no journal (yet)."""
    try:
        with reading(run) as db:
            return dict(db.execute("SELECT key, value FROM run"))
    except sqlite3.Error:
        return {}


def run_view(
    experiment: int, run: Path, *, active: bool, light_off: bool | None = None
) -> RunView | None:
    """None where there is no journal (yet).

    `active`: a runner has it. `light_off`: what the service knows of the light since its runner
    ended; None: what the journal says.
    """
    try:
        with reading(run) as db:
            return _view(experiment, run, db, active=active, light_off=light_off)
    except (sqlite3.Error, ValueError, KeyError, yaml.YAMLError):
        return None


def paused(run: Path) -> tuple[str, str] | None:
    """Who has paused the run, and why."""
    try:
        with reading(run) as db:
            row = db.execute("SELECT who, value FROM locks WHERE kind='pause'").fetchone()
    except sqlite3.Error:
        return None
    return None if row is None else (str(row[0]), str(row[1]))


def asks_of(experiment: int, run: Path, *, open_only: bool) -> list[AskView]:
    """Questions of a run, oldest first."""
    where = " WHERE state='asked'" if open_only else ""
    try:
        with reading(run) as db:
            rows = db.execute(
                "SELECT id, visit, fov, action, reason, consequence, fallback, asked_s, expires_s,"
                f" state, who FROM asks{where} ORDER BY id LIMIT 500"
            ).fetchall()
    except sqlite3.Error:
        return []
    return [
        AskView(
            id=row[0],
            experiment=experiment,
            visit=row[1],
            fov=row[2],
            action=_in_words(row[3]),
            reason=row[4],
            consequence=row[5],
            default=row[6],
            asked_s=row[7],
            expires_s=row[8],
            state=row[9],
            who=row[10],
        )
        for row in rows
    ]


def commands_of(experiment: int, run: Path) -> list[CommandView]:
    """Live commands of a run, latest first."""
    try:
        with reading(run) as db:
            rows = db.execute(
                "SELECT id, utc, who, door, command, state, why, applied_s FROM commands"
                " ORDER BY id DESC LIMIT 500"
            ).fetchall()
    except sqlite3.Error:
        return []
    return [
        CommandView(
            id=row[0],
            experiment=experiment,
            command=parse(row[4]).model_dump(mode="json"),
            who=row[2],
            door=Door(row[3]),
            utc=row[1],
            state=row[5],
            why=row[6],
            applied_s=row[7],
        )
        for row in rows
    ]


def _in_words(action: str) -> str:
    from pydantic import TypeAdapter

    adapter: TypeAdapter[Action] = TypeAdapter(Action)
    wanted = adapter.validate_json(action).model_dump(exclude={"action"}, exclude_defaults=True)
    name = adapter.validate_json(action).action.replace("_", " ")
    return f"{name} ({', '.join(f'{k} {v}' for k, v in wanted.items())})" if wanted else name


def _one(db: sqlite3.Connection, sql: str, *values: Any) -> Any:
    row = db.execute(sql, values).fetchone()
    return None if row is None else row[0]


def _view(
    experiment: int,
    run_dir: Path,
    db: sqlite3.Connection,
    *,
    active: bool,
    light_off: bool | None,
) -> RunView:
    run = dict(db.execute("SELECT key, value FROM run"))
    plan = read_plan(run["plan"])
    time_s = float(run.get("ended_s") or 0.0)
    for sql in (
        "SELECT time_s FROM exposures ORDER BY id DESC LIMIT 1",
        "SELECT max(finished_s) FROM (SELECT finished_s FROM visits WHERE started_s IS NOT NULL"
        " ORDER BY started_s DESC LIMIT 9)",
        "SELECT time_s FROM notes ORDER BY id DESC LIMIT 1",
    ):
        time_s = max(time_s, float(_one(db, sql) or 0.0))
    light = LEDGERS.light(run_dir, lambda sql, *values: db.execute(sql, values).fetchall())
    state: Literal["off", "on", "unknown"]
    if active:
        state = "on" if _one(db, "SELECT 1 FROM visits WHERE state='running'") else "off"
    elif light_off is None:  # it died, or could not close a shutter: others know more, if anybody
        state = "unknown" if run.get("outcome") == "running" or run.get("left_on") else "off"
    else:
        state = "off" if light_off else "unknown"
    held = {key[5:]: str(value) for key, value in run.items() if key.startswith("held ")}
    held |= {
        fov: f"held by {who}"
        for fov, who in db.execute("SELECT name, who FROM locks WHERE kind='hold'")
    }
    return RunView(
        experiment=experiment,
        time_s=time_s,
        end_s=end_s(plan),
        simulated=run.get("kind") == "rehearse",
        light=state,
        visits=dict(db.execute("SELECT state, count(*) FROM visits GROUP BY state")),
        late=int(_one(db, "SELECT count(*) FROM visits WHERE late") or 0),
        bursts=tuple(
            fov
            for (fov,) in db.execute(
                "SELECT fov FROM bursts WHERE ended_s IS NULL AND until_s>? ORDER BY fov", (time_s,)
            )
        ),
        held=held,
        exposures_set={
            name: f"{value} ms by {who}"
            for name, value, who in db.execute(
                "SELECT name, value, who FROM locks WHERE kind='exposure'"
            )
        },
        dose_max_fov=max(light.per_fov.values(), default=0.0),
        dose_total=light.total,
        dose_unit="J/cm2" if light.unit == "J/cm2" else "s",
        errors=int(_one(db, "SELECT count(*) FROM errors") or 0),
        refusals=int(_one(db, "SELECT count(*) FROM refusals") or 0),
        last_visit=_one(
            db,
            "SELECT id FROM visits WHERE started_s IS NOT NULL AND +state='delivered'"
            " ORDER BY started_s DESC LIMIT 1",
        ),
        next_due_s=_one(db, "SELECT min(due_s) FROM visits WHERE state='pending'"),
    )
