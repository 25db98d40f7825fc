"""The run's side of a change: weighed again against its own state, then applied, all or nothing."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from agent.change.requeue import Requeue
from agent.change.rules import No
from agent.change.state import read_state
from agent.change.weigh import weigh
from agent.finding import one_line
from agent.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

    from agent.journal.changes import ChangeRow
    from agent.journal.journal import Journal
    from hardware.data import MicroscopeConfig


@dataclass(frozen=True, slots=True)
class Adopted:
    """What became of a confirmed change: the plan from now on, and a line about it."""

    plan: Plan
    said: str


def adopt(
    journal: Journal, plan: Plan, config: MicroscopeConfig, run: Path, now_s: float
) -> Adopted | None:
    """Apply the change that waits, at a visit boundary; None where none does.

    One that cannot be made (any more) is refused with the reason, and the plan stays. Queue, plan
    and the change's state are written in one transaction: killed before its end nothing has
    happened and the change still waits; killed after it, it is done.
    """
    change = journal.changes.confirmed()
    if change is None:
        return None
    with journal.database.transaction():
        against, new = _weighed(journal, change, plan, config, run, now_s)
        if new is None or against:
            said = f"change {change.id} refused: {'; '.join(map(str, against))}"
            journal.changes.refuse(change.id, "; ".join(map(str, against)))
            journal.records.note("change", said)
            return Adopted(plan, said)
        why = f"change {change.id}: {change.words}"
        cancelled, queued = Requeue(journal, plan, new, now_s, why).all()
        released = _take_over(journal, change)
        journal.changes.applied(change, now_s)
        said = _said(change, cancelled, queued, released)
        journal.records.note("change", said)
    return Adopted(new, said)


@functools.lru_cache(maxsize=32)  # those who look ask for the same one again and again
def read_plan(text: str) -> Plan:
    """A plan as the journal keeps it. Raises ValueError in one line."""
    try:
        return Plan.model_validate(yaml.safe_load(text))
    except (ValidationError, yaml.YAMLError) as error:
        raise ValueError(one_line(str(error))) from None


def _weighed(
    journal: Journal,
    change: ChangeRow,
    plan: Plan,
    config: MicroscopeConfig,
    run: Path,
    now_s: float,
) -> tuple[tuple[No, ...], Plan | None]:
    version = journal.changes.version()
    if change.base != version:
        limit = f"the plan is at version {version}, the change starts from {change.base}"
        return (No("plan", change.words, limit, "Ask for it again."),), None
    try:
        new = read_plan(change.plan)
    except ValueError as error:
        return (No("plan", "not understood", str(error), "Ask for it again."),), None
    try:
        weighed = weigh(plan, new, config, read_state(journal.database, run, now_s))
    except Exception as error:  # a fault of ours: the change does not go on, the run does
        journal.records.error("change", error)
        return (No("plan", "cannot be weighed", one_line(str(error)), "Ask for less."),), None
    return weighed.against, new


def _take_over(journal: Journal, change: ChangeRow) -> int:
    """Exposures that a person has set go before those that a decision had set for some fields."""
    return sum(
        journal.database.connection.execute(
            "DELETE FROM exposure_changes WHERE channel=?", (channel,)
        ).rowcount
        for channel in change.locks
    )


def _said(change: ChangeRow, cancelled: int, queued: int, released: int) -> str:
    what = "; ".join(f"{key}: {old} -> {new}" for key, old, new in change.diff)
    undoes = f" (takes back change {change.undoes})" if change.undoes is not None else ""
    said = f"change {change.id} by {change.who}{undoes} applied: {what}"
    if cancelled or queued:
        said += f"; {cancelled} visits cancelled, {queued} queued"
    if released:
        said += f"; {released} exposures that decisions had changed are given up"
    return said
