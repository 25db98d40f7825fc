"""What people do while an experiment runs, or is held: commands, the stop, changes, resuming."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

from agent.finding import ConfigError
from agent.journal.live import QueueFull as TooManyCommands
from agent.live.command import Attend, Stop, StopNow
from agent.service import changes, runview
from agent.service.refusing import no, unknown
from agent.service.send import refuse_waiting, send
from agent.service.states import ExperimentState
from agent.service.views import StopView

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.live.command import LiveCommand
    from agent.service.contract import Who
    from agent.service.home import Home
    from agent.service.queue import Queue
    from agent.service.reading import Reading
    from agent.service.supervisor import Supervisor
    from agent.service.views import (
        ChangeView,
        CommandView,
        ExperimentView,
        RefusalView,
        StatusView,
    )

State = ExperimentState
_RESUMABLE = (State.HELD, State.STOPPED, State.FAILED)


class Acting:
    """Through the runs' journals and the supervisor; who did what is written into the queue."""

    def __init__(self, home: Home, queue: Queue, supervisor: Supervisor, reading: Reading) -> None:
        self._home = home
        self._queue = queue
        self._supervisor = supervisor
        self._reading = reading

    def command(self, id_: int, command: LiveCommand, who: Who) -> CommandView | RefusalView:
        """A live command."""
        one = self._queue.get(id_)
        if one is None:
            return unknown(id_)
        done = ""
        if isinstance(command, StopNow):
            stopped = self.stop_now(who)
            done = f"stopped at once; light off: {stopped.light_off}"
        run = self._reading.run_dir(id_)
        active = self._supervisor.current == id_ and run is not None
        if isinstance(command, Stop | StopNow) and one.state is State.HELD:
            done = f"given up by {who.name}"
            self._queue.set(id_, State.STOPPED, done, only_from=(State.HELD,))
        elif not active and not done:
            what = f"{command.command} for experiment {id_}"
            return no("state", what, f"it is {one.state}", "Commands go to the one that runs.")
        if run is None:
            return no("state", command.command, "its run has not begun", "Wait a moment.")
        try:
            number = send(run, command, who.name, who.door, done=done)
        except TooManyCommands as error:
            return no("queue", command.command, str(error), "Wait until they are done.")
        except (ConfigError, sqlite3.Error) as error:
            limit = f"the journal cannot be written ({error})"
            return no("journal", command.command, limit, "Look at the disk; stop works anyway.")
        if isinstance(command, Stop) and one.state.active:
            why = f"commanded by {who.name}"
            self._queue.set(id_, State.STOPPING, why, only_from=(State.RUNNING, State.PAUSED))
        self._supervisor.poke(id_)
        if self._supervisor.current != id_:  # it was over just before: nobody reads it any more
            with contextlib.suppress(ConfigError, sqlite3.Error):
                refuse_waiting(run, "the run was over before it could be applied")
        found = (c for c in runview.commands_of(id_, run) if c.id == number)
        unread = "it is written down, but the journal cannot be read just now"
        remedy = f"Look at command {number} of it later."
        return next(found, no("journal", command.command, unread, remedy))

    def stop_now(self, who: Who) -> StopView:
        """Light off, at once. Everything that could wait comes after it."""
        began = time.monotonic()
        ran, confirmed, left = self._supervisor.stop_now(f"stopped at once by {who.name}")
        took_s = round(time.monotonic() - began, 3)
        with contextlib.suppress(sqlite3.Error):  # a full disk must not make a stop fail
            self._supervisor.hold_queue(f"stopped at once by {who.name}")
            became = "light off" if confirmed else f"NOT confirmed: {', '.join(left)}"
            self._queue.act(who.name, who.door, "stop at once", became)
        return StopView(
            stopped=ran,
            light_off="confirmed" if confirmed else "not confirmed",
            could_not_stop=left,
            took_s=took_s,
        )

    def release_queue(self, who: Who) -> StatusView:
        """The queue goes on after a stop at once."""
        self._supervisor.release_queue()
        self._queue.act(who.name, who.door, "take the queue up again", "")
        return self._reading.status()

    def tell(self, id_: int, words: str, who: Who) -> ChangeView:
        """A change in words."""
        run = self._reading.run_dir(id_)
        if run is None or not runview.keys(run):
            return changes.refused_at_once(
                id_, words, who.name, no("state", words, "no run of it", "Wait until it runs.")
            )
        return changes.tell(id_, run, words, who.name)

    def confirm_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Approve a change."""
        found = self._change(id_, lambda run: changes.confirm(id_, run, change))
        self._queue.act(
            who.name, who.door, f"approve change {change} of {id_}", type(found).__name__
        )
        self._supervisor.poke(id_)
        return found

    def refuse_change(self, id_: int, change: int, who: Who) -> ChangeView | RefusalView:
        """Deny a change."""
        return self._change(id_, lambda run: changes.refuse(id_, run, change, who.name))

    def undo_change(self, id_: int, who: Who) -> ChangeView | RefusalView:
        """Ask to take the last one back."""
        return self._change(id_, lambda run: changes.undo(id_, run, who.name))

    def attend(self, attended: bool, who: Who) -> StatusView:
        """Somebody is there, or leaves."""
        self._queue.set_setting("attended", str(int(attended)))
        self._queue.act(who.name, who.door, "is there" if attended else "leaves", "")
        id_ = self._supervisor.current
        if id_ is not None:
            self.command(id_, Attend(attended=attended), who)
        return self._reading.status()

    def resume_held(self, id_: int, who: Who) -> ExperimentView | RefusalView:
        """Go on, with the differences that it shows accepted."""
        one = self._queue.get(id_)
        if one is None:
            return unknown(id_)
        what = f"resume {id_}"
        if one.state not in _RESUMABLE:
            return no("state", what, f"it is {one.state}", "Only what stopped goes on.")
        if one.run is None or not runview.keys(self._home.runs / one.run):
            return no("state", what, "nothing of it was imaged", "Submit it again.")
        try:
            refuse_waiting(self._home.runs / one.run, "the run had ended before")
        except (ConfigError, sqlite3.Error) as error:
            return no("journal", what, f"the journal cannot be written ({error})", "See the disk.")
        refused = self._supervisor.resume(one)
        if refused:
            return no("state", what, refused, "Look at its state, and try again.")
        self._queue.act(who.name, who.door, what, "; ".join(one.differences) or "no difference")
        return self._reading.experiment(id_)

    # ------------------------------------------------------------------ inside

    def _change(
        self, id_: int, do: Callable[[Path], ChangeView | RefusalView]
    ) -> ChangeView | RefusalView:
        run = self._reading.run_dir(id_)
        if run is None:
            return no("state", f"a change of {id_}", "no run of it", "Wait until it runs.")
        try:
            return do(run)
        except ConfigError as error:
            return no("journal", f"a change of {id_}", str(error), "See its log.")
