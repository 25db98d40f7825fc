"""The desk: between two visits it does what people have commanded, and asks the guards.

It runs in the pump's thread, the only one that begins visits; so "at the visit boundary" is where
it stands, and nothing needs to be locked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from pydantic import TypeAdapter

from agent.expand import channels
from agent.journal.states import AskState, CommandState, Outcome
from agent.live import command as live
from agent.live.guard import GUARD, Watching
from policies.action import Action, Burst, EndBurst, Refocus, Revisit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.act import Actor
    from agent.journal.journal import Journal
    from agent.journal.live import AskRow, CommandRow
    from agent.live.guard import Guard, Trouble
    from agent.plan import Plan
    from agent.progress import Progress
    from hardware.data import MicroscopeConfig, Visit

PAUSE, HOLD, EXPOSURE = "pause", "hold", "exposure"  # kinds of locks
_ACTION: TypeAdapter[Action] = TypeAdapter(Action)


class Desk:
    """Applies live commands. `news` is told what a person should hear of (kind, text)."""

    def __init__(
        self,
        plan: Plan,
        config: MicroscopeConfig,
        journal: Journal,
        actor: Actor,
        stop: Callable[[Outcome, str], None],
        progress: Progress,
        *,
        guards: Sequence[Guard] = (),
        news: Callable[[str, str], None] = lambda *_: None,
    ) -> None:
        self._plan = plan
        self._config = config
        self._journal = journal
        self._actor = actor
        self._stop = stop
        self._progress = progress
        self._guards = guards
        self._watching = [guard for guard in guards if isinstance(guard, Watching)]
        self._resumed = False
        self._news = news
        self._noted: set[tuple[str, str]] = set()
        self._fovs = {fov.name for fov in journal.visits.fovs()}
        self.paused = self._lock_of(PAUSE) is not None
        self.exposures: dict[str, float] = {}
        self._held: dict[str, str] = {}
        self._look_at_locks()

    # ------------------------------------------------------------------ at each boundary

    def attend(self, now_s: float) -> None:
        """Do what was commanded since the last boundary; expire what nobody answered."""
        if self._journal.live.waiting():
            for row in self._journal.live.to_apply():
                self._apply(row, now_s)
            for ask in self._journal.live.open_asks():
                if ask.expires_s <= now_s:
                    why = f"nobody answered; {ask.fallback}"
                    self._journal.live.settle_ask(ask.id, AskState.EXPIRED, "", why, now_s)
            self._look_at_locks()
        if self._resumed and not self.paused:
            for guard in self._watching:
                guard.resumed()
        self._resumed = False
        for guard in self._watching:
            trouble = guard.look(self.paused)
            if trouble is not None:
                self._carry_on(trouble, now_s)
        for fov, who in self._held.items():
            self._journal.visits.skip_pending(fov, now_s, f"held by {who}")

    def fit(self, now_s: float) -> bool:
        """Ask the guards, before a visit that is due. False: it must not begin."""
        for guard in self._guards:
            trouble = guard.check(now_s)
            if trouble is not None and not self._carry_on(trouble, now_s):
                return False
        return True

    def visit_over(self, visit: Visit, failed: bool) -> None:
        """Tell the guards; `failed`: for a device's fault."""
        for guard in self._watching:
            guard.over(visit, failed)

    # ------------------------------------------------------------------ commands

    def _apply(self, row: CommandRow, now_s: float) -> None:
        """One command, all of it or nothing; one that cannot be done is refused with the reason."""
        try:
            with self._journal.database.transaction():
                said = self._do(live.parse(row.command), row, now_s)
                refused = said.startswith("not done")
                state = CommandState.REFUSED if refused else CommandState.DONE
                self._journal.live.settle(row.id, state, said, now_s)
        except Exception as error:  # a fault of ours: the command is refused, the run goes on
            self._journal.records.error("command", error)
            said = f"not done: {type(error).__name__}"
            self._journal.live.settle(row.id, CommandState.REFUSED, said, now_s)
        self._progress.changed(f"{row.who}: {said}")

    def _do(self, command: live.LiveCommand, row: CommandRow, now_s: float) -> str:
        why = f"commanded by {row.who}" + (f": {command.why}" if command.why else "")
        match command:
            case live.Pause() | live.Resume():
                said = self._pause(command, row.who, now_s)
            case live.Stop() | live.StopNow():
                self._stop(Outcome.STOPPED, why)
                said = "ends in order"
            case live.Skip():
                said = self._skip(command, why)
            case live.Add() | live.StartBurst() | live.EndBurst() | live.Refocus():
                said = self._actor.do(_action(command), None, why, now_s)
            case live.HoldFov() | live.ReleaseFov():
                said = self._hold(command, row.who, now_s)
            case live.SetExposure() | live.ReleaseExposure():
                said = self._expose(command, row.who, now_s)
            case live.Approve() | live.Deny():
                said = self._answer(command, row.who, now_s)
            case live.Attend():
                self._journal.records.set(attended=str(int(command.attended)))
                said = "attended" if command.attended else "unattended"
            case _:
                assert_never(command)
        return said

    def _pause(self, command: live.Pause | live.Resume, who: str, now_s: float) -> str:
        if isinstance(command, live.Pause):
            self._journal.live.lock(PAUSE, "", command.why, who, now_s)
            return "paused, light off"
        released = self._journal.live.release(PAUSE, "")
        self._resumed = bool(released)
        return "goes on" if released else "not done: the run is not paused"

    def _skip(self, command: live.Skip, why: str) -> str:
        if (command.visit is None) == (command.fov is None):
            return "not done: give a field or a visit, one of them"
        if command.fov is not None and command.fov not in self._fovs:
            return f"not done: no field of view {command.fov!r} in the plan"
        skipped = self._journal.visits.skip_one(command.visit, command.fov, why)
        return f"visit {skipped} skipped" if skipped else "not done: no such visit is pending"

    def _hold(self, command: live.HoldFov | live.ReleaseFov, who: str, now_s: float) -> str:
        if command.fov not in self._fovs:
            return f"not done: no field of view {command.fov!r} in the plan"
        if isinstance(command, live.HoldFov):
            self._journal.live.lock(HOLD, command.fov, command.why, who, now_s)
            return f"{command.fov} is left alone until it is released"
        if self._journal.live.release(HOLD, command.fov):
            return f"{command.fov} is imaged again"
        return f"not done: nobody holds {command.fov}"

    def _expose(
        self, command: live.SetExposure | live.ReleaseExposure, who: str, now_s: float
    ) -> str:
        channel = command.channel
        if channel not in channels(self._plan):
            return f"not done: no channel {channel!r} in the plan"
        if isinstance(command, live.ReleaseExposure):
            if self._journal.live.release(EXPOSURE, channel):
                return f"{channel} as in the plan"
            return f"not done: nobody has set {channel}"
        most_ms = self._config.channels[channel].max_exposure_ms
        if command.exposure_ms > most_ms:
            return (
                f"not done: {channel} at {command.exposure_ms:g} ms (limit: max_exposure_ms "
                f"{most_ms:g} ms). Nothing was changed; set a shorter exposure."
            )
        self._journal.live.lock(EXPOSURE, channel, f"{command.exposure_ms:g}", who, now_s)
        return f"{channel} at {command.exposure_ms:g} ms from the next visit on"

    def _answer(self, command: live.Approve | live.Deny, who: str, now_s: float) -> str:
        ask = next((a for a in self._journal.live.open_asks() if a.id == command.ask), None)
        if ask is None:
            return f"not done: question {command.ask} is not open"
        if ask.expires_s <= now_s:
            return f"not done: question {ask.id} was open until {ask.expires_s:.0f} s"
        if isinstance(command, live.Deny):
            self._journal.live.settle_ask(ask.id, AskState.DENIED, who, command.why, now_s)
            return f"denied: {ask.fallback}"
        return self._approved(ask, who, now_s)

    def _approved(self, ask: AskRow, who: str, now_s: float) -> str:
        action = _ACTION.validate_json(ask.action)
        why = f"{ask.reason} (approved by {who})"
        said = self._actor.do(action, ask.visit, why, now_s)
        failed = said.startswith("not done")
        state = AskState.FAILED if failed else AskState.DONE
        self._journal.live.settle_ask(ask.id, state, who, said, now_s)
        return said if failed else f"approved: {said}"

    # ------------------------------------------------------------------ guards and locks

    def _carry_on(self, trouble: Trouble, now_s: float) -> bool:
        """Write it down, tell it once, and do what it wants; whether the visit may begin."""
        key = (trouble.kind, trouble.what)
        if key not in self._noted:
            self._noted.add(key)
            self._journal.records.note(trouble.kind, trouble.what)
            self._news(trouble.kind, trouble.what)
        if trouble.then == "note":
            return True
        if trouble.then == "stop":
            self._stop(Outcome.FAILED, trouble.what)
            return False
        self._journal.live.lock(PAUSE, "", trouble.what, GUARD, now_s)
        self._noted.discard(key)  # after a person resumed it, the same thing is news again
        self.paused = True
        return False

    def _look_at_locks(self) -> None:
        self.paused = self._lock_of(PAUSE) is not None
        self._held = {lock.name: lock.who for lock in self._journal.live.locks(HOLD)}
        self.exposures = {
            lock.name: float(lock.value) for lock in self._journal.live.locks(EXPOSURE)
        }

    def _lock_of(self, kind: str) -> str | None:
        lock = self._journal.live.locked(kind)
        return None if lock is None else lock.who


def _action(command: live.Add | live.StartBurst | live.EndBurst | live.Refocus) -> Action:
    """The agent's own word for what a person wants."""
    match command:
        case live.Add():
            return Revisit(fov=command.fov, delay_s=command.delay_s)
        case live.StartBurst():
            return Burst(fov=command.fov)
        case live.EndBurst():
            return EndBurst(fov=command.fov)
        case live.Refocus():
            return Refocus(fov=command.fov)
