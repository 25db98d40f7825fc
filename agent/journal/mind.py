"""The journal's side of the mind: verdicts, decisions, bursts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VerdictState
from policies.action import Decision
from policies.verdict import Verdict

if TYPE_CHECKING:
    from agent.journal.database import Database

NOBODY = "none"  # the policy of a decision that no policy was asked for: the visit was given up


@dataclass(frozen=True, slots=True)
class JudgedVisit:
    """A verdict as the journal has it."""

    state: VerdictState
    ready_s: float
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Burst:
    """A field imaged at the reaction's interval."""

    id: int
    fov: str
    start_s: float
    until_s: float


class MindBook:
    """What was seen and decided. One verdict and one decision per visit, ever."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def verdict(self, visit_id: int) -> JudgedVisit | None:
        """The visit's verdict, if it has one."""
        row = self._database.row(
            "SELECT state, ready_s, verdict FROM verdicts WHERE visit=?", visit_id
        )
        if row is None:
            return None
        return JudgedVisit(VerdictState(row[0]), row[1], Verdict.model_validate_json(row[2]))

    def write_verdict(self, state: VerdictState, ready_s: float, verdict: Verdict) -> None:
        """Written once; a second verdict for the same visit is an error."""
        self._database.write(
            "INSERT INTO verdicts VALUES (?,?,?,?,?)",
            verdict.visit_id,
            state,
            ready_s,
            verdict.latency_s,
            verdict.model_dump_json(),
        )

    def situation(self, visit_id: int) -> str | None:
        """The situation (JSON) in which the visit's decision was applied; None before that."""
        row = self._database.row("SELECT situation FROM decisions WHERE visit=?", visit_id)
        return None if row is None else str(row[0])

    def write_decision(
        self, decision: Decision, time_s: float, applied: list[str], situation: str
    ) -> None:
        """Inside the transaction that applies the actions."""
        self._database.connection.execute(
            "INSERT INTO decisions VALUES (?,?,?,?,?,?,?)",
            (
                decision.visit_id,
                time_s,
                decision.policy,
                decision.reason,
                decision.model_dump_json(),
                json.dumps(applied),
                situation,
            ),
        )

    def bursts(self, now_s: float) -> dict[str, Burst]:
        """Bursts running at `now_s`, by field."""
        return {
            fov: Burst(id_, fov, start, until)
            for id_, fov, start, until in self._database.rows(
                "SELECT id, fov, start_s, until_s FROM bursts WHERE ended_s IS NULL AND until_s>?",
                now_s,
            )
        }

    def bursts_begun(self) -> dict[str, int]:
        """Bursts so far, by field."""
        return dict(self._database.rows("SELECT fov, count(*) FROM bursts GROUP BY fov"))

    def start_burst(self, fov: str, cause: int, start_s: float, until_s: float) -> int:
        """Inside a transaction; returns the burst's id."""
        cursor = self._database.connection.execute(
            "INSERT INTO bursts (fov, cause, start_s, until_s) VALUES (?,?,?,?)",
            (fov, cause, start_s, until_s),
        )
        return cursor.lastrowid or 0

    def end_burst(self, burst: int, now_s: float, why: str) -> None:
        """Inside a transaction."""
        self._database.connection.execute(
            "UPDATE bursts SET ended_s=?, why_ended=? WHERE id=?", (now_s, why, burst)
        )
