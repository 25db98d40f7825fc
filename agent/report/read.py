"""All SQL of the report: the journal, opened read-only, as frozen data."""

from __future__ import annotations

import json
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from agent.journal.states import Outcome
from agent.report.record import (
    Burst,
    DecisionRow,
    Field,
    FocusRun,
    LightRow,
    Look,
    Record,
    ReportError,
    RunFacts,
    Seen,
    Shot,
    Tally,
    Trouble,
    VisitRow,
)
from agent.report.unpack import acts_of, as_text, number, seen_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_LAST_SIGN = """
SELECT max(t) FROM (
    SELECT max(coalesce(finished_s, started_s)) t FROM visits
    UNION ALL SELECT max(time_s) FROM exposures UNION ALL SELECT max(time_s) FROM decisions
    UNION ALL SELECT max(time_s) FROM notes UNION ALL SELECT max(time_s) FROM errors)
"""
_FIELDS = "SELECT name, x_um, y_um FROM fovs ORDER BY ordinal"
_FOCUS = "SELECT visit, fov, time_s, ok, z_um, why FROM focus ORDER BY time_s"
_VISITS = """
SELECT id, fov, kind, state, due_s, started_s, finished_s, burst, cause, late
FROM visits ORDER BY id
"""
_LOOKS = """
SELECT w.visit, coalesce(v.fov, ''), coalesce(v.started_s, w.ready_s), w.state,
       CASE WHEN json_valid(w.verdict) THEN json_extract(w.verdict, '$.p_target', '$.count',
           '$.confluence', '$.focus.state', '$.focus.score') ELSE '[null,null,null,null,null]' END
FROM verdicts w LEFT JOIN visits v ON v.id = w.visit ORDER BY 3, 1
"""
_DECISIONS = """
SELECT d.visit, coalesce(v.fov, ''), d.time_s, d.policy, d.reason, d.decision, d.applied
FROM decisions d LEFT JOIN visits v ON v.id = d.visit
WHERE CASE WHEN json_valid(d.decision)
    THEN coalesce(json_array_length(d.decision, '$.actions'), 0) ELSE -1 END != 0
ORDER BY d.time_s, d.visit
"""
_QUIET = """
SELECT time_s FROM decisions WHERE CASE WHEN json_valid(decision)
    THEN coalesce(json_array_length(decision, '$.actions'), 0) ELSE -1 END = 0 ORDER BY time_s
"""
_BURSTS = """
SELECT id, fov, cause, start_s, until_s, ended_s, why_ended FROM bursts ORDER BY start_s, id
"""
_LIGHT = """
SELECT e.fov, e.purpose, coalesce(v.kind, ''), sum(e.exposure_ms) / 1000.0,
       coalesce(sum(e.irradiance_w_cm2 * e.exposure_ms), 0) / 1000.0, count(*),
       sum(e.irradiance_w_cm2 IS NULL), sum(e.done = 0)
FROM exposures e LEFT JOIN visits v ON v.id = e.visit GROUP BY 1, 2, 3
"""
_VISIT_LIGHT = """
SELECT visit, sum(exposure_ms) / 1000.0,
       coalesce(sum(irradiance_w_cm2 * exposure_ms), 0) / 1000.0 FROM exposures GROUP BY visit
"""
_REFUSALS = """
SELECT min(what) || ' (limit: ' || bound || ')', door || ', ' || rule, remedy, count(*),
       min(time_s), max(time_s) FROM refusals GROUP BY door, rule, bound, remedy ORDER BY 5
"""
_ERRORS = """
SELECT kind || ': ' || message, place, '', count(*), min(time_s), max(time_s)
FROM errors GROUP BY kind, message, place ORDER BY 5
"""
_NOTES = """
SELECT text, kind, '', count(*), min(time_s), max(time_s) FROM notes GROUP BY kind, text ORDER BY 5
"""
_FRAMES = """
SELECT count(*), coalesce(sum(v.frames_expected), 0),
       coalesce(sum(v.frames_expected != coalesce(f.n, 0)), 0)
FROM visits v LEFT JOIN (SELECT visit, count(*) n FROM frames GROUP BY visit) f ON f.visit = v.id
WHERE v.state = 'delivered'
"""
_SHOTS = """
SELECT f.visit, coalesce(v.fov, f.fov), f.fov, f.t, f.c, f.z, f.channel, f.time_s, f.x_um,
       f.y_um, f.pixel_size_um, f.objective
FROM frames f LEFT JOIN visits v ON v.id = f.visit WHERE f.visit IN ({marks})
ORDER BY f.visit, f.idx
"""
_SEEN = "SELECT visit, state, verdict FROM verdicts WHERE visit IN ({marks})"
_AT_ONCE = 500  # below SQLite's oldest limit on bound values


def read_run(run_dir: Path) -> Record:
    """Read the journal of a run. Raises `ReportError` when there is none to be read."""
    with _opened(run_dir) as db:
        return Record(
            run_dir=run_dir,
            run=_run_facts(db),
            fields=tuple(Field(*row) for row in db(_FIELDS)),
            visits=tuple(VisitRow(*row) for row in db(_VISITS)),
            looks=tuple(_look(row) for row in db(_LOOKS)),
            decisions=tuple(_decision(row) for row in db(_DECISIONS)),
            quiet_s=tuple(row[0] for row in db(_QUIET)),
            bursts=tuple(Burst(*row) for row in db(_BURSTS)),
            focus=tuple(FocusRun(*row) for row in db(_FOCUS)),
            light=tuple(LightRow(*row) for row in db(_LIGHT)),
            visit_light={row[0]: (row[1], row[2]) for row in db(_VISIT_LIGHT)},
            refusals=tuple(Trouble(*row) for row in db(_REFUSALS)),
            errors=tuple(Trouble(*row) for row in db(_ERRORS)),
            notes=tuple(Trouble(*row) for row in db(_NOTES)),
            tally=_tally(db),
        )


def read_shots(run_dir: Path, visits: Iterable[int]) -> dict[int, tuple[Shot, ...]]:
    """The stored frames of some visits."""
    found: dict[int, tuple[Shot, ...]] = {}
    with _opened(run_dir) as db:
        for row in _in_parts(db, _SHOTS, visits):
            shot = Shot(*row)
            found[shot.visit] = (*found.get(shot.visit, ()), shot)
    return found


def read_seen(run_dir: Path, visits: Iterable[int]) -> dict[int, Seen]:
    """The verdicts of some visits, in full."""
    with _opened(run_dir) as db:
        return {row[0]: seen_of(*row) for row in _in_parts(db, _SEEN, visits)}


class _Db:
    """One read-only connection; a failing query names the journal."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    def __call__(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, values).fetchall()


@contextmanager
def _opened(run_dir: Path) -> Iterator[_Db]:
    path = run_dir / "journal.sqlite"
    if not path.is_file():
        raise ReportError(
            f"{path}: no journal here; give the folder that `rehearse`, `run` or `replay` wrote"
        )
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=10.0)
        connection.isolation_level = None
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        try:
            connection.execute("BEGIN")  # one moment of a run that may be going on
            yield _Db(connection)
        finally:
            connection.close()
    except sqlite3.Error as error:
        remedy = "copy the whole run folder again, with journal.sqlite-wal beside it"
        if "no such" in str(error):
            remedy = "the run was killed before it began, or another version wrote it: start anew"
        raise ReportError(f"{path}: not a readable journal ({error}); {remedy}") from error


def _in_parts(db: _Db, sql: str, visits: Iterable[int]) -> Iterator[tuple[Any, ...]]:
    wanted = sorted(set(visits))
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        yield from db(sql.format(marks=",".join("?" * len(part))), part)


def _run_facts(db: _Db) -> RunFacts:
    rows = {row[0]: as_text(row[1]) for row in db("SELECT key, value FROM run")}
    outcome = rows.get("outcome", "")
    last_s = number(rows.get("ended_s"))
    if last_s is None:
        last_s = number(db(_LAST_SIGN)[0][0]) or 0.0
    try:
        summary = json.loads(rows.get("summary", "{}"))
    except ValueError:
        summary = {}
    uncalibrated = db("SELECT EXISTS (SELECT 1 FROM exposures WHERE irradiance_w_cm2 IS NULL)")
    return RunFacts(
        kind=rows.get("kind", ""),
        outcome=Outcome(outcome) if outcome in set(Outcome) else Outcome.RUNNING,
        started_utc=rows.get("started_utc", ""),
        last_s=last_s,
        calibrated=rows.get("calibrated", "1") != "0" and not uncalibrated[0][0],
        version=rows.get("version", ""),
        plan=rows.get("plan", ""),
        microscope=rows.get("microscope", ""),
        scenario=rows.get("scenario", ""),
        seed=rows.get("seed", ""),
        summary=summary if isinstance(summary, dict) else {},
    )


def _look(row: tuple[Any, ...]) -> Look:
    visit, fov, time_s, state, numbers = row
    p_target, count, confluence, focus_state, score = json.loads(numbers)
    return Look(
        visit=visit,
        fov=fov,
        time_s=time_s,
        state=state,
        p_target=number(p_target),
        count=number(count),
        confluence=number(confluence),
        focus_state=as_text(focus_state),
        focus_score=number(score),
    )


def _decision(row: tuple[Any, ...]) -> DecisionRow:
    visit, fov, time_s, policy, reason, decision, applied = row
    acts, cites = acts_of(decision, applied)
    return DecisionRow(visit, fov, time_s, policy, reason, acts, cites)


def _tally(db: _Db) -> Tally:
    def counts(sql: str, *values: object) -> dict[str, int]:
        return {as_text(key): n for key, n in db(sql, values)}

    why = "SELECT why, count(*) FROM visits WHERE state = ? GROUP BY 1 ORDER BY 2 DESC, 1"
    _, expected, wrong = db(_FRAMES)[0]
    return Tally(
        states=counts("SELECT state, count(*) FROM visits GROUP BY 1"),
        skipped=counts(why, "skipped"),
        dropped=counts(why, "dropped"),
        cancelled=counts(why, "cancelled"),
        late=db("SELECT count(*) FROM visits WHERE late = 1 AND state = 'delivered'")[0][0],
        verdicts=counts("SELECT state, count(*) FROM verdicts GROUP BY 1"),
        without_verdict=db(
            "SELECT count(*) FROM visits v WHERE v.state = 'delivered'"
            " AND NOT EXISTS (SELECT 1 FROM verdicts w WHERE w.visit = v.id)"
        )[0][0],
        frames_expected=expected,
        frames_stored=db("SELECT count(*) FROM frames")[0][0],
        frames_wrong=wrong,
    )
