"""Sends what is in the outbox, until it has arrived.

One thread gives out work; every try runs in a thread of its own. A server that hangs blocks its
own target only, and that only until the time-out: the try is given up, and if it arrives after
all, that is noticed.
"""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from agent.messages.message import Message, MessageKind
from agent.messages.redact import KNOWN
from agent.messages.render import envelope
from agent.messages.transport import NotSent, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.messages.address import AddressBook
    from agent.messages.config import MessagesConfig
    from agent.messages.delivery import Delivery
    from agent.messages.outbox import Outbox

LOG = logging.getLogger("microscout.messages")
LONGEST_WAIT_S = 2.0  # another process may put something into the outbox
TELL_OTHERS_S = 600.0
_MOST_HANGING = 3  # tries of one target that never came to an end
_MOST_PICTURE = 8_000_000  # bytes
_WITHOUT_PICTURE = 3  # from this try on: better no picture than no message
_JUMP_S = 60.0


class Clock(Protocol):
    """Calendar time, and one that nobody sets."""

    def utc(self) -> dt.datetime:
        """Aware."""

    def monotonic(self) -> float:
        """Seconds."""


class WallClock:
    """The machine's."""

    def utc(self) -> dt.datetime:
        """Now."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds since whenever."""
        return time.monotonic()


@dataclass(slots=True)
class _Try:
    """One try to send a delivery."""

    delivery: Delivery
    since_s: float
    over: threading.Event = field(default_factory=threading.Event)


class Sender:
    """Call `start` once; `wake` whenever something was put into the outbox."""

    def __init__(
        self,
        outbox: Outbox,
        book: AddressBook,
        config: MessagesConfig,
        *,
        clock: Clock | None = None,
        each_lap: Callable[[dt.datetime], None] | None = None,
        on_sent: Callable[[Delivery, dt.datetime], None] | None = None,
    ) -> None:
        """`each_lap` is called now and then (morning summary); `on_sent` after each arrival."""
        self._outbox, self._book, self._config = outbox, book, config
        self._clock = clock or WallClock()
        self._each_lap, self._on_sent = each_lap, on_sent
        self._wake = threading.Event()
        self._stop = False
        self._under_way: dict[str, _Try] = {}
        self._hanging: dict[str, list[_Try]] = {}
        self._thread: threading.Thread | None = None
        self._offset_s: float | None = None

    @property
    def alive(self) -> bool:
        """Whether messages are being sent."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Take up what an earlier process left, and go on."""
        self._outbox.recover(self._clock.utc())
        self._thread = threading.Thread(target=self._run, name="messages", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Something is in the outbox."""
        self._wake.set()

    def close(self, bound_s: float = 10.0) -> int:
        """Send what can be sent within `bound_s`; how many deliveries are left for the next start.

        What is collected because the same was sent a moment ago goes out now.
        """
        self._outbox.due_at_once(self._clock.utc(), storms=True)
        end = time.monotonic() + bound_s
        while time.monotonic() < end and self.alive and self._pending():
            self._wake.set()
            time.sleep(0.02)
        self._stop = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(max(0.1, end - time.monotonic()))
        return self._outbox.waiting()

    def step(self) -> float:
        """One lap; seconds until there may be something to do."""
        now, now_s = self._clock.utc(), self._clock.monotonic()
        self._watch_clock(now, now_s)
        self._give_up(now, now_s)
        self._tell_others(now)
        for target in self._outbox.due_targets(now):
            if target not in self._under_way and self._may_try(target):
                delivery = self._outbox.claim(target, now)
                if delivery is not None:
                    self._try(delivery, now_s)
        if self._each_lap is not None:
            self._each_lap(now)
        return self._wait_s(now, now_s)

    def _run(self) -> None:
        while not self._stop:
            self._wake.clear()
            try:
                wait_s = self.step()
            except Exception as error:  # the last thread that may die silently
                LOG.error("sending messages: %s", KNOWN(f"{type(error).__name__}: {error}"))
                wait_s = LONGEST_WAIT_S
            self._wake.wait(wait_s)

    # ------------------------------------------------------------------ tries

    def _try(self, delivery: Delivery, now_s: float) -> None:
        attempt = _Try(delivery, now_s)
        self._under_way[delivery.target] = attempt
        name = f"message to {delivery.target}"
        threading.Thread(target=self._attempt, args=(attempt,), name=name, daemon=True).start()

    def _attempt(self, attempt: _Try) -> None:
        """In a thread of its own. Also after it was given up, an arrival counts."""
        delivery = attempt.delivery
        try:
            try:
                self._send(delivery)
            except NotSent as error:
                self._failed(delivery, str(error))
            except Exception as error:
                self._failed(delivery, f"{type(error).__name__}: {error}")
            else:
                self._arrived(delivery)
        except sqlite3.ProgrammingError as error:
            if not self._stop:  # else the outbox is closed: this try outlived its sender
                LOG.error("after a message: %s", KNOWN(f"{type(error).__name__}: {error}"))
        except Exception as error:  # who listens is at fault
            LOG.error("after a message: %s", KNOWN(f"{type(error).__name__}: {error}"))
        finally:
            attempt.over.set()
            self._wake.set()

    def _send(self, delivery: Delivery) -> None:
        target = self._book.find(delivery.target)
        if target is None:
            raise NotSent("no target of this name is configured")
        picture = _picture(delivery)
        with_it = picture is not None and delivery.attempts < _WITHOUT_PICTURE
        content = envelope(
            delivery,
            sender=self._config.sender,
            mark=self._outbox.mark(delivery),
            now=self._clock.utc(),
            zone=self._config.zone,
            picture=picture if with_it else None,
            picture_lost=bool(delivery.picture) and not with_it,
        )
        send(target.url, content, self._config.retry.timeout_s)

    def _arrived(self, delivery: Delivery) -> None:
        now = self._clock.utc()
        if self._outbox.sent(delivery.id, now):
            LOG.info("message %s sent to %s", self._outbox.mark(delivery), delivery.target)
            if self._on_sent is not None:
                self._on_sent(delivery, now)

    def _failed(self, delivery: Delivery, error: str) -> None:
        now = self._clock.utc()
        state = self._outbox.failed(delivery.id, error, now, attempt=delivery.attempts)
        LOG.warning("message to %s: %s (%s)", delivery.target, KNOWN(error), state)

    def _give_up(self, now: dt.datetime, now_s: float) -> None:
        """Forget tries that are over, and those that take too long."""
        for target, attempt in list(self._under_way.items()):
            if attempt.over.is_set():
                del self._under_way[target]
            elif now_s - attempt.since_s > self._config.retry.timeout_s:
                del self._under_way[target]
                self._hanging.setdefault(target, []).append(attempt)
                error = f"no answer within {self._config.retry.timeout_s:g} s"
                self._outbox.failed(
                    attempt.delivery.id, error, now, attempt=attempt.delivery.attempts, perhaps=True
                )
                LOG.warning("message to %s: %s", target, error)

    def _may_try(self, target: str) -> bool:
        hanging = [a for a in self._hanging.get(target, ()) if not a.over.is_set()]
        self._hanging[target] = hanging
        return len(hanging) < _MOST_HANGING

    # ------------------------------------------------------------------ beside

    def _tell_others(self, now: dt.datetime) -> None:
        """A target that takes nothing is trouble, for those who can be reached."""
        for sick in self._outbox.tell_others(now - dt.timedelta(seconds=TELL_OTHERS_S)):
            others = [name for name in self._book.wanting(MessageKind.TROUBLE) if name != sick.name]
            since = (sick.failing_utc or now).astimezone(self._config.zone)
            message = Message(
                kind=MessageKind.TROUBLE,
                title=f"Messages to {sick.name} do not arrive",
                text=f"Since {since:%H:%M}: {sick.error}. They are tried again for a day.",
                utc=now,
                key=f"target {sick.name}",
                urgent=True,
            )
            self._outbox.put(message, others, now)

    def _watch_clock(self, now: dt.datetime, now_s: float) -> None:
        """A clock that is set back must not make messages wait for hours."""
        offset_s = now.timestamp() - now_s
        if self._offset_s is not None and offset_s < self._offset_s - _JUMP_S:
            self._outbox.due_at_once(now, storms=False)
        self._offset_s = offset_s

    def _wait_s(self, now: dt.datetime, now_s: float) -> float:
        waits = [LONGEST_WAIT_S]
        due = self._outbox.next_due()
        if due is not None:
            wait_s = (due - now).total_seconds()
            busy = wait_s <= 0  # due, but its target is busy: the end of that try wakes us
            waits.append(LONGEST_WAIT_S if busy else wait_s)
        limit_s = self._config.retry.timeout_s
        waits += [a.since_s + limit_s - now_s for a in self._under_way.values()]
        return max(0.01, min(waits))

    def _pending(self) -> bool:
        """Whether something is due or under way that can still arrive."""
        due: Sequence[str] = self._outbox.due_targets(self._clock.utc())
        return bool(self._under_way) or any(self._may_try(target) for target in due)


def _picture(delivery: Delivery) -> bytes | None:
    """The picture's bytes; None where there is none (any more), or it is too large."""
    if not delivery.picture:
        return None
    try:
        path = Path(delivery.picture)
        return path.read_bytes() if path.stat().st_size <= _MOST_PICTURE else None
    except OSError:
        return None
