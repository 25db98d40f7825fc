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
    short = database.row(
        "SELECT count(*) FROM visits v WHERE state='delivered' AND frames_expected !="
        " (SELECT count(*) FROM frames f WHERE f.visit=v.id)"
    )
    late = database.row("SELECT count(*) FROM visits WHERE state='delivered' AND late=1")
    missing = int(short[0]) if short else 0
    delivered = counts.get(VisitState.DELIVERED, 0) - missing
    cancelled = counts.get(VisitState.CANCELLED, 0)
    return Account(
        expected=sum(counts.values()) - cancelled,
        delivered=delivered,
        skipped=counts.get(VisitState.SKIPPED, 0),
        dropped=counts.get(VisitState.DROPPED, 0) + missing,
        late=int(late[0]) if late else 0,
        open=counts.get(VisitState.PENDING, 0) + counts.get(VisitState.RUNNING, 0),
        cancelled=cancelled,
    )
