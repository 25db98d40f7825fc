"""A finished run's directory as a document: when, what for, how it went, and its plan."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import sqlite3
from typing import TYPE_CHECKING

from agent.finding import config_error, one_line
from agent.journal.journal import FILE_NAME
from agent.memory.blocks import Extracted, joined
from agent.memory.data import PastRun

if TYPE_CHECKING:
    from pathlib import Path


def is_run(path: Path) -> bool:
    """Whether a journal is there."""
    return (path / FILE_NAME).is_file()


def read_past_run(path: Path) -> tuple[PastRun, Extracted, str]:
    """The run, its text (with the plan at its end), and a hash of both. Reads only.

    Raises ConfigError when the journal cannot be read or does not say when the run began.
    """
    from agent.report import ReportError, headline, read_run
    from agent.report.planfacts import plan_facts

    shown = one_line(str(path))
    try:
        record = read_run(path)
        said = headline(record)
    except ReportError as error:
        raise config_error(shown, str(error), "") from None
    plan = _plan(path, shown)
    facts = plan_facts(plan)
    run = PastRun(
        name=one_line(path.resolve().name),
        started=_moment(record.run.started_utc, shown),
        kind=record.run.kind or "run",
        outcome=str(record.run.outcome),
        goal=facts.goal,
        plan=plan,
        path=str(path.resolve()),
        headline=said,
    )
    pieces = [
        (_summary(run, facts.target, [field.name for field in record.fields]), "outcome", ()),
        *((part, "plan", ("plan",)) for part in [plan.replace("\x00", "").strip()] if part),
    ]
    found = joined(run.goal or run.name, pieces)
    digest = hashlib.sha256(f"{found.text}\n{plan}".encode("utf-8", "surrogateescape"))
    return run, found, digest.hexdigest()


def _summary(run: PastRun, target: str, fields: list[str]) -> str:
    local = run.started.astimezone()
    lines = [
        f"Past run {run.name} ({run.kind}), started {local:%A} {local:%d %B %Y, %H:%M}.",
        f"Goal: {run.goal}" if run.goal else "",
        f"Watched for: {target}" if target else "",
        f"Fields: {', '.join(fields[:24])}{', ...' if len(fields) > 24 else ''}" if fields else "",
        f"Outcome: {run.headline}",
    ]
    return "\n".join(line for line in lines if line)


def _plan(path: Path, shown: str) -> str:
    """The journal's plan text, unchanged (the report's reader drops control characters)."""
    uri = f"{(path / FILE_NAME).resolve().as_uri()}?mode=ro"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10.0)) as db:
            row = db.execute("SELECT value FROM run WHERE key='plan'").fetchone()
    except sqlite3.Error as error:
        raise config_error(shown, f"its plan cannot be read ({error})", "") from None
    if row is None or not isinstance(row[0], str) or not row[0].strip():
        raise config_error(shown, "no plan in its journal", "the run was killed before it began")
    return row[0]


def _moment(text: str, shown: str) -> dt.datetime:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        message = "its journal does not say when the run began"
        raise config_error(shown, message, "the run was killed before it began") from None
    return moment.astimezone(dt.UTC) if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
