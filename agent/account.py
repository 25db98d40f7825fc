"""The completeness account: every expected visit delivered, skipped or dropped, with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VisitState

if TYPE_CHECKING:
    from agent.journal.database import Database


@dataclass(frozen=True, slots=True)
class Account:
    """Visits of a run. `late` ones are among the delivered; cancelled ones were never expected."""

    expected: int
    delivered: int
    skipped: int
    dropped: int
    late: int
    open: int  # pending or running
    cancelled: int

    @property
    def balances(self) -> bool:
        """Nothing is unaccounted for."""
        return self.open == 0 and self.expected == self.delivered + self.skipped + self.dropped


def account(database: Database) -> Account:
    """Count the journal's visits, and hold each delivered one against its stored frames."""
    counts: dict[str, int] = dict(
        database.rows("SELECT state, count(*) FROM visits GROUP BY state")
    )
    missing, late = database.rows(
        "SELECT count(*) FILTER (WHERE stored != frames_expected),"
        " count(*) FILTER (WHERE stored = frames_expected AND late)"
        " FROM (SELECT frames_expected, late,"
        " (SELECT count(*) FROM frames f WHERE f.visit=v.id) AS stored"
        " FROM visits v WHERE state='delivered')"
    )[0]
    cancelled = counts.get(VisitState.CANCELLED, 0)
    return Account(
        expected=sum(counts.values()) - cancelled,
        delivered=counts.get(VisitState.DELIVERED, 0) - missing,
        skipped=counts.get(VisitState.SKIPPED, 0),
        dropped=counts.get(VisitState.DROPPED, 0) + missing,
        late=late,
        open=counts.get(VisitState.PENDING, 0) + counts.get(VisitState.RUNNING, 0),
        cancelled=cancelled,
    )
