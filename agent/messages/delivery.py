"""What becomes of a message on its way to one target."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from agent.messages.message import MessageKind


class DeliveryState(StrEnum):
    """Life of a delivery: queued <-> sending -> sent | failed; or coalesced, or suppressed."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"  # the server took it
    FAILED = "failed"  # given up
    COALESCED = "coalesced"  # arrives as part of another message
    SUPPRESSED = "suppressed"  # no target wants this kind


class Hold(StrEnum):
    """Why a delivery waits though nothing has failed."""

    NO = ""
    STORM = "storm"  # the same was sent a moment ago
    RATE = "rate"
    QUIET = "quiet"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message to one target, with what is needed to send it. Times are aware UTC."""

    id: int
    message: int
    target: str
    state: DeliveryState
    attempts: int
    kind: MessageKind
    run: str
    utc: dt.datetime
    title: str
    text: str
    picture: str
    urgent: bool
    times: int
    last_utc: dt.datetime
    last_text: str
    level: int
    since_utc: dt.datetime
    next_utc: dt.datetime
    created_utc: dt.datetime
    sent_utc: dt.datetime | None
    error: str
    perhaps: bool


@dataclass(frozen=True, slots=True)
class TargetHealth:
    """How a target does. `failing_utc`: since when nothing arrives; None when all is well."""

    name: str
    waiting: int
    failing_utc: dt.datetime | None
    error: str
    last_sent_utc: dt.datetime | None
