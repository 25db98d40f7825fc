"""What the supervisor tells becomes messages to people, and what was sent becomes views."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from agent.messages.message import Message, MessageKind
from agent.service.runview import keys
from agent.service.states import Level
from agent.service.views import CheckView, MessageView

if TYPE_CHECKING:
    from pathlib import Path

    from agent.messages.config import MessagesConfig
    from agent.messages.messenger import Messenger
    from agent.plan_options import NotifyConfig
    from agent.service.home import Home
    from agent.service.queue import Experiment, Queue
    from agent.service.told import Told

_URGENT = (MessageKind.TROUBLE, MessageKind.QUESTION)
_RECENT_S = 7 * 86_400.0  # runs older than this are no news of the night


class NewsRoom:
    """Makes messages and hands them to the messenger. Never raises: a run must not end for it."""

    def __init__(self, messenger: Messenger, home: Home, queue: Queue) -> None:
        self._messenger = messenger
        self._home = home
        self._queue = queue
        self.failure = ""  # why the last message could not even be written down

    def tell(self, told: Told) -> bool:
        """Write a message down, whether it could be; it is sent by the messenger's own thread."""
        try:
            one = self._queue.get(told.experiment)
            run = None if one is None or one.run is None else self._home.runs / one.run
            self._messenger.post(self._message(told, run), _notify(one))
            self.failure = ""
        except Exception as error:
            self.failure = f"a message could not be written down: {type(error).__name__}"
            return False
        return True

    def _message(self, told: Told, run: Path | None) -> Message:
        now = dt.datetime.now(dt.UTC)
        if told.key.endswith(" end") and run is not None and keys(run):
            from agent.messages.compose import done_message

            said = told.text if told.kind == "trouble" else ""
            return done_message(run, now=now, pictures=run, said=said)
        kind = MessageKind(told.kind)
        return Message(
            kind=kind,
            title=told.title,
            text=told.text or told.title,
            utc=now,
            run="" if run is None else run.name,
            key=told.key,
            urgent=kind in _URGENT,
        )

    def latest(self, limit: int) -> list[MessageView]:
        """Sent and waiting messages, latest first."""
        return [
            MessageView(
                id=d.id,
                utc=d.utc,
                kind=str(d.kind),
                title=d.title,
                text=d.text,
                state=str(d.state),
                target=d.target,
                attempts=d.attempts,
            )
            for d in self._messenger.latest(limit)
        ]

    def messages(self) -> CheckView:
        """For health: whether messages arrive."""
        problems = [*self._messenger.problems(), *([self.failure] if self.failure else [])]
        if not problems:
            return CheckView(name="messages", level=Level.GOOD, text="arrive")
        return CheckView(name="messages", level=Level.WARNING, text="; ".join(problems))


def summary_of_night(
    home: Home, queue: Queue, config: MessagesConfig, since: dt.datetime, now: dt.datetime
) -> Message | None:
    """The morning's message: what ran since the last one, and what needs somebody."""
    from agent.messages.overnight import morning_summary

    latest_s = now.timestamp() - _RECENT_S
    runs = [
        path
        for path in sorted(home.runs.iterdir())
        if path.is_dir() and path.stat().st_mtime > latest_s
    ]
    held = [one for one in queue.all(50) if one.state.value == "held"]
    needs = [f"experiment {one.id} ({one.name}) is held: {one.why}" for one in held]
    return morning_summary(runs, since, now, zone=config.zone, needs=needs, pictures=home.logs)


def _notify(one: Experiment | None) -> NotifyConfig | None:
    """The plan's own addresses."""
    if one is None:
        return None
    from agent.change.adopt import read_plan

    return read_plan(one.plan).notify
