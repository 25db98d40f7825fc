"""Tries every target once, and says of each whether it works: `microscout messages test`."""

from __future__ import annotations

import datetime as dt
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.messages.address import AddressBook
from agent.messages.message import MessageKind
from agent.messages.render import Envelope
from agent.messages.transport import NotSent, send

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.messages.address import Target
    from agent.messages.config import MessagesConfig

_GRACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Trial:
    """What became of a test message. `error`: one line without secrets, "" where it arrived."""

    name: str
    ok: bool
    took_s: float
    error: str = ""


def send_test(
    config: MessagesConfig,
    env: Mapping[str, str] | None = None,
    *,
    folder: Path | None = None,
    only: str | None = None,
) -> list[Trial]:
    """Send a test message to every target (or to one), all at once, past the outbox.

    Returns after the time-out at the latest. Raises ConfigError as `AddressBook` does.
    """
    book = AddressBook(config, env, folder=folder)
    targets = [target for target in book.targets if only is None or target.name == only]
    results: dict[str, Trial] = {}
    threads = [
        threading.Thread(target=_try, args=(target, config, results), daemon=True)
        for target in targets
    ]
    limit_s = config.retry.timeout_s
    end = time.monotonic() + limit_s + _GRACE_S
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, end - time.monotonic()))
    silent = f"no answer within {limit_s:g} s"
    return [
        results.get(target.name, Trial(target.name, False, limit_s, silent)) for target in targets
    ]


def _try(target: Target, config: MessagesConfig, results: dict[str, Trial]) -> None:
    start = time.monotonic()
    when = dt.datetime.now(dt.UTC).astimezone(config.zone)
    kinds = ", ".join(target.kinds) or "nothing"
    text = f"A test of {config.sender}, sent at {when:%H:%M:%S}. This target gets: {kinds}."
    title = f"{config.sender}: test message"
    content = Envelope(MessageKind.MILESTONE, title, text, f"<p>{text}</p>", "test", None)
    error = ""
    try:
        send(target.url, content, config.retry.timeout_s)
    except NotSent as fault:
        error = str(fault)
    took_s = round(time.monotonic() - start, 3)
    results[target.name] = Trial(target.name, not error, took_s, error)
