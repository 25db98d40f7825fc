"""The completeness account: every visit that was due, and where it went."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.journal.states import VerdictState, VisitState
from agent.report.words import many

if TYPE_CHECKING:
    from agent.report.record import Record


@dataclass(frozen=True, slots=True)
class Account:
    """Visits by what became of them. `late` ones are among the delivered."""

    expected: int
    delivered: int
    skipped: int
    dropped: int
    late: int
    cancelled: int
    open: int  # pending or running: not accounted for
    frames_expected: int
    frames_stored: int
    frames_wrong: int

    @property
    def accounted(self) -> int:
        """Visits with an end: delivered, skipped or dropped."""
        return self.delivered + self.skipped + self.dropped

    @property
    def balances(self) -> bool:
        """True when every expected visit has an end and every delivered one all its frames."""
        return self.accounted == self.expected and self.frames_wrong == 0


def account_of(record: Record) -> Account:
    """Count from the journal's rows, never from the summary."""
    tally = record.tally
    states = {state: tally.states.get(state, 0) for state in VisitState}
    cancelled = states[VisitState.CANCELLED]
    return Account(
        expected=sum(tally.states.values()) - cancelled,
        delivered=states[VisitState.DELIVERED],
        skipped=states[VisitState.SKIPPED],
        dropped=states[VisitState.DROPPED],
        late=tally.late,
        cancelled=cancelled,
        open=states[VisitState.PENDING] + states[VisitState.RUNNING],
        frames_expected=tally.frames_expected,
        frames_stored=tally.frames_stored,
        frames_wrong=tally.frames_wrong,
    )


def balance_line(account: Account, *, ended: bool = True) -> str:
    """The account in one line: it balances, or by how much it does not."""
    if not ended:
        return (
            f"Not final: {account.accounted:,} of {account.expected:,} visits have come to an end"
            " so far."
        )
    if account.balances:
        return (
            f"The account balances: {account.delivered:,} delivered + {account.skipped:,} skipped"
            f" + {account.dropped:,} dropped = {account.expected:,} expected."
        )
    reasons = []
    missing = account.expected - account.accounted
    if missing:
        reasons.append(f"{many(missing, 'visit')} of {account.expected:,} never came to an end")
    if account.frames_wrong:
        reasons.append(
            f"{many(account.frames_wrong, 'delivered visit')} without exactly the frames expected"
        )
    return f"The account does NOT balance: {'; '.join(reasons)}."


def disagreements(record: Record, account: Account) -> tuple[str, ...]:
    """Where the run's own summary says something else than its journal."""
    said = record.run.summary.get("visits")
    if not isinstance(said, dict):
        return ()
    counted = {
        "expected": account.expected,
        "delivered": account.delivered,
        "skipped": account.skipped,
        "dropped": account.dropped,
        "late": account.late,
    }
    return tuple(
        f"{name}: {said[name]} in the summary, {n} in the journal"
        for name, n in counted.items()
        if name in said and said[name] != n
    )


def verdict_rows(record: Record) -> tuple[tuple[str, int, str], ...]:
    """What became of the verdicts: (state, visits, meaning)."""
    meaning = {
        VerdictState.GIVEN: "acted upon by the policy",
        VerdictState.ABSTAINED: "the judge said that it does not know; the plan's default applied",
        VerdictState.LATE: "after the deadline: recorded, not acted upon",
        VerdictState.FAILED: "the judge failed; recorded as an error",
        VerdictState.UNJUDGED: "no judge, or dropped from the full queue",
    }
    rows = [(str(s), record.tally.verdicts.get(s, 0), text) for s, text in meaning.items()]
    if record.tally.without_verdict:
        rows.append(("none", record.tally.without_verdict, "delivered, but nothing was recorded"))
    return tuple(rows)
