"""Messages as the service uses them: put one in, and it gets to everybody who wants it."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import threading
import time
from typing import TYPE_CHECKING

from agent.messages.address import AddressBook
from agent.messages.config import parse_time
from agent.messages.message import Message, MessageKind
from agent.messages.outbox import Outbox, Posted
from agent.messages.pace import missed_summary
from agent.messages.redact import KNOWN
from agent.messages.sender import Sender, WallClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from agent.finding import Finding
    from agent.messages.config import MessagesConfig
    from agent.messages.delivery import Delivery, TargetHealth
    from agent.messages.sender import Clock
    from agent.plan_options import NotifyConfig

FILE_NAME = "messages.sqlite"
_GRACE_S = 4 * 3600.0  # a summary that was missed by longer than this is not sent any more
_BACK_TO_DISK_S = 60.0
_LAST = "summary_utc"


class Messenger:
    """Thread-safe. Raises ConfigError at construction, for every address that cannot be used.

    Parameters
    ----------
    path : the outbox's file, usually `FILE_NAME` in the service's folder.
    env : environment; None for the process's.
    folder : secret files are named relative to it.
    summary : makes the morning summary from (since, now), both aware UTC; None for nothing to say.
        Called in a thread of its own.
    on_sent : called with each delivery that has arrived, for the run's journal.
    """

    def __init__(
        self,
        config: MessagesConfig,
        path: Path,
        *,
        env: Mapping[str, str] | None = None,
        folder: Path | None = None,
        clock: Clock | None = None,
        summary: Callable[[dt.datetime, dt.datetime], Message | None] | None = None,
        on_sent: Callable[[Delivery, dt.datetime], None] | None = None,
    ) -> None:
        self._config = config
        self._clock = clock or WallClock()
        self._summary = summary
        self._summing: threading.Thread | None = None
        self._tried_disk_s = self._clock.monotonic()
        self.book = AddressBook(config, env, folder=folder)
        self.outbox = Outbox(path, config)
        self._sender = Sender(
            self.outbox,
            self.book,
            config,
            clock=self._clock,
            each_lap=self._each_lap,
            on_sent=on_sent,
        )

    def __repr__(self) -> str:
        return f"Messenger({self.book!r})"

    def start(self) -> None:
        """Begin to send; first what an earlier process left."""
        if self.outbox.fact(_LAST) is None:  # the first summary comes the morning after
            self.outbox.fact(_LAST, self._clock.utc().isoformat())
        self._sender.start()

    def close(self, bound_s: float = 10.0) -> int:
        """Send what can be sent within `bound_s`; how many deliveries wait for the next start."""
        end_s = time.monotonic() + bound_s
        if self._summing is not None:
            self._summing.join(bound_s)
        left = self._sender.close(max(0.1, end_s - time.monotonic()))
        self.outbox.close()
        return left

    def post(self, message: Message, notify: NotifyConfig | None = None) -> Posted:
        """Write a message down, and send it soon. `notify`: the plan's own addresses.

        Returns once it is on disk; never waits for a server.
        """
        targets = self.book.wanting(message.kind, notify)
        posted = self.outbox.put(message, targets, self._clock.utc())
        self._sender.wake()
        return posted

    def check(self, notify: NotifyConfig, file: str = "plan") -> list[Finding]:
        """What of a plan's `notify` cannot be sent to; for `check` and before a run starts."""
        return self.book.check(notify, file)

    def latest(self, limit: int = 100, run: str | None = None) -> list[Delivery]:
        """What was sent to whom, and what waits; latest first."""
        return self.outbox.latest(limit, run)

    def targets(self) -> list[TargetHealth]:
        """How each target does."""
        return self.outbox.health()

    def problems(self) -> list[str]:
        """What is wrong with sending messages, one line each; [] when all is well."""
        found = []
        if not self._sender.alive:
            found.append("messages are not being sent: their thread has ended; restart the service")
        if self.outbox.store.degraded:
            found.append(KNOWN(self.outbox.store.degraded))
        for target in self.outbox.health():
            if target.failing_utc is not None:
                since = target.failing_utc.astimezone(self._config.zone)
                found.append(
                    f"messages to {target.name} do not arrive since {since:%d %b %H:%M}:"
                    f" {target.error} ({target.waiting} waiting)"
                )
        if not self.book.wanting(MessageKind.TROUBLE):
            found.append("no target wants trouble: nobody is told when a run stops")
        return found

    # ------------------------------------------------------------------ inside

    def _each_lap(self, now: dt.datetime) -> None:
        store = self.outbox.store
        if store.degraded and self._clock.monotonic() - self._tried_disk_s > _BACK_TO_DISK_S:
            self._tried_disk_s = self._clock.monotonic()
            store.back_to_disk()
        at = self._config.morning_summary
        if self._summary is None or at is None or self._busy():
            return
        said = self.outbox.fact(_LAST)
        last = dt.datetime.fromisoformat(said) if said else now
        if missed_summary(last, now, parse_time(at), self._config.zone, _GRACE_S):
            self._summing = threading.Thread(
                target=self._sum_up, args=(last, now), name="morning summary", daemon=True
            )
            self._summing.start()

    def _busy(self) -> bool:
        return self._summing is not None and self._summing.is_alive()

    def _sum_up(self, since: dt.datetime, now: dt.datetime) -> None:
        assert self._summary is not None
        try:
            message = self._summary(since, now)
        except Exception as error:
            message = Message(
                kind=MessageKind.TROUBLE,
                title="The morning summary could not be made",
                text=f"{type(error).__name__}: {error}. The service's page shows what ran.",
                utc=now,
                key="summary",
            )
        with contextlib.suppress(sqlite3.ProgrammingError):  # closed: it comes after the restart
            if message is not None:
                self.post(message)
            self.outbox.fact(_LAST, now.isoformat())
