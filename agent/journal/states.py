"""States of the journal's rows."""

from __future__ import annotations

from enum import StrEnum


class VisitState(StrEnum):
    """Life of a visit: pending -> running -> delivered | skipped | dropped; or cancelled."""

    PENDING = "pending"
    RUNNING = "running"
    DELIVERED = "delivered"  # every frame stored
    SKIPPED = "skipped"  # no frame taken; `why` says why
    DROPPED = "dropped"  # some frames lost on the way
    CANCELLED = "cancelled"  # no longer wanted (a burst that ended early); not expected


class VerdictState(StrEnum):
    """What became of a visit's verdict."""

    GIVEN = "given"
    ABSTAINED = "abstained"
    LATE = "late"  # recorded, not acted upon
    FAILED = "failed"  # the judge raised
    UNJUDGED = "unjudged"  # dropped from the full queue, or no judge


class ChangeState(StrEnum):
    """Life of a change: asked -> confirmed -> applied (-> undone); or refused."""

    ASKED = "asked"  # shown to a person
    CONFIRMED = "confirmed"  # waits for the run's next visit boundary
    APPLIED = "applied"
    REFUSED = "refused"  # or not confirmed, or withdrawn; `why` says
    UNDONE = "undone"  # applied, and taken back by a later one


class CommandState(StrEnum):
    """Life of a live command."""

    WAITING = "waiting"  # for the next visit boundary
    DONE = "done"
    REFUSED = "refused"  # `why` says


class AskState(StrEnum):
    """Life of a question: asked -> approved -> done | failed; or denied, or expired."""

    ASKED = "asked"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"  # nobody answered: the default applies
    DONE = "done"
    FAILED = "failed"  # approved, and could not be done any more


class Outcome(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"  # every expected visit accounted for
    STOPPED = "stopped"  # by a person or by the plan
    FAILED = "failed"  # by an error; light off
    RUNNING = "running"  # or killed: `resume` it
