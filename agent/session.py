"""A session: the parts of one run put together, from start or resume to the summary."""

from __future__ import annotations

import sqlite3
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import recall, resume
from agent.account import account
from agent.act import Actor
from agent.estimate import estimate
from agent.handoff import Handoff
from agent.journal.journal import Journal
from agent.journal.states import Outcome
from agent.loop import Loop
from agent.perception import REHEARSAL_PATIENCE_S, Perception, give_up
from agent.pump import Pump
from agent.schedule import Schedule, fill
from agent.settings import (
    disk_budget_bytes,
    end_s,
    focus_settings,
    image_layout,
    light_budget,
    policy,
)
from agent.situation import affordable
from agent.writer import Writer
from hardware.disk import RESERVE_BYTES, DiskGuard
from hardware.engine import Batches, VisitEngine
from hardware.focusing import Focuser
from hardware.gate import Gate
from hardware.ledger import DoseLedger
from hardware.microscope import Microscope
from hardware.store import ImageStore, StoreError
from policies.registry import make_judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.plan import Plan
    from agent.progress import Progress
    from agent.rundir import RunDir
    from agent.scope import Scope
    from hardware.data import Frame, MicroscopeConfig, Refusal
    from hardware.microscope import InstrumentState

__all__ = ["Ending", "Session", "end_s"]

SWITCH_S = 0.0005


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended; `error` is set when something raised."""

    outcome: Outcome
    why: str
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Parts:
    """What a run is made of."""

    store: ImageStore
    writer: Writer
    handoff: Handoff
    pump: Pump
    loop: Loop
    perception: Perception


class Session:
    """One run from its first light-off to its last. Not reusable."""

    def __init__(
        self,
        run_dir: RunDir,
        plan: Plan,
        config: MicroscopeConfig,
        scope: Scope,
        progress: Progress,
        *,
        durable: bool,
    ) -> None:
        self.plan = plan
        self.config = config
        self.scope = scope
        self.run_dir = run_dir
        self.clock = scope.clock
        self.journal = Journal(run_dir.path, self.clock.now, durable=durable)
        self.ledger = DoseLedger(self.journal.light)
        self._durable = durable
        self._progress = progress
        self._pump: Pump | None = None
        self._stop_asked: str | None = None
        self._closed = False
        self.gate = Gate(
            config,
            self.ledger,
            light_budget(plan),
            now=self.clock.now,
            on_refusal=self._refused,
        )
        self.microscope = Microscope(scope.core, config, self.gate, self.ledger, self.clock)

    # ------------------------------------------------------------------ start or resume

    def begin(self) -> InstrumentState:
        """Light off; read the instrument; queue the baseline. Moves nothing."""
        state = self.microscope.start()
        fill(self.plan, self.journal.visits)
        self.journal.records.note("start", _words(state))
        return state

    def resume(self) -> tuple[str, ...]:
        """Light off; say how instrument and images differ from the journal. Moves nothing.

        A simulated scope is first put where the journal left it: its world stood still meanwhile.
        """
        known = resume.last_known(self.journal.database)
        if known is not None:
            self.scope.restore(
                time_s=known.time_s,
                x_um=known.x_um,
                y_um=known.y_um,
                z_um=known.z_um,
                channel=known.channel,
                objective=known.objective,
                exposure_ms=known.exposure_ms,
            )
            self.scope.receive(self.journal.light.finished_exposures())
        state = self.microscope.start()
        found = resume.differences(known, state, self.config) if known is not None else ()
        found += self._store_differences()
        self.journal.records.note("resume", _words(state))
        for difference in found:
            self.journal.records.note("difference", difference)
        fill(self.plan, self.journal.visits)  # where the start itself was interrupted
        if not self.clock.simulated:
            before_s = self.clock.now() - self.plan.trouble.late_after_s
            self.journal.visits.put_back(before_s)
            n = self.journal.visits.skip_pending(None, before_s, "nothing ran at that time")
            self.journal.records.note("resume", f"{n} visits fell into the time when nothing ran")
        return found

    def show(self, progress: Progress) -> None:
        """Use this view from now on; before `run`."""
        self._progress = progress

    # ------------------------------------------------------------------ running

    def run(self) -> Ending:
        """Run to the end: pump and loop in threads of their own, this thread waits.

        Always ends with the light off, the store closed and the outcome in the journal.
        """
        self.journal.records.set(outcome=Outcome.RUNNING)
        try:
            parts = self._assemble()
        except Exception as error:  # nothing has moved yet
            return self._finish((Outcome.FAILED, _one_line(error)), None, [error])
        pump, loop, handoff = parts.pump, parts.loop, parts.handoff
        failures: list[BaseException] = []

        def think() -> None:
            try:
                loop.run()
            except BaseException as error:
                failures.append(error)
                pump.stop(Outcome.FAILED, f"loop: {_one_line(error)}")
                handoff.close()

        def acquire() -> None:
            try:
                try:
                    self._acquire(pump)
                finally:
                    parts.writer.close()
            except BaseException as error:
                failures.append(error)
                pump.stop(Outcome.FAILED, _one_line(error))
            finally:
                handoff.close()

        threads = [
            threading.Thread(target=think, name="loop"),
            threading.Thread(target=acquire, name="pump"),
        ]
        # while the loop computes, the pump would wait up to 5 ms for the interpreter after every
        # device call; acquisition goes first
        switch_s = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():  # short waits, so that Ctrl-C reaches this thread
                thread.join(0.2)
        sys.setswitchinterval(switch_s)
        parts.perception.close()
        return self._finish(pump.ending, parts.store, failures)

    def stop(self, why: str) -> None:
        """End in order after the visit under way. From any thread or a signal handler."""
        self._stop_asked = why
        if self._pump is not None:
            self._pump.stop(Outcome.STOPPED, why)

    def stop_now(self) -> tuple[str, ...]:
        """At once: refuse everything, camera stopped, light off; returns what did not stop."""
        self.stop("stopped at once")
        return self.microscope.stop()

    def close(self) -> None:
        """Journal and devices; the last thing. May be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            self.microscope.close()
            self.journal.close()
        finally:
            self.scope.shutdown()

    # ------------------------------------------------------------------ inside

    def _assemble(self) -> _Parts:
        """Everything that a run needs; moves nothing."""
        handoff = Handoff(simulated=self.clock.simulated, latency_s=self.plan.judge.latency_s)
        store = self._open_store()
        self.journal.visits.lost(store.missing)  # known and accepted
        writer = Writer(store, self.journal, background=not self.clock.simulated)
        pump = Pump(
            self.plan,
            self.journal,
            Schedule(self.plan, self.journal.visits),
            store,
            writer,
            handoff,
            self.clock,
            self.ledger,
            DiskGuard(self.run_dir.path, RESERVE_BYTES, disk_budget_bytes(self.plan)),
            self._progress,
        )
        loop, perception = self._loop(
            handoff,
            lambda visit_id: recall.frames_of(self.journal.database, store, visit_id),
            pump.stop,
        )
        handoff.after(resume.last_ready_s(self.journal.database))
        for visit in resume.unfinished_laps(self.journal, loop.last_lap()):
            dropped = handoff.put(visit)
            if dropped is not None:
                give_up(self.journal, dropped, self.clock.now())
        self._pump = pump
        if self._stop_asked is not None:  # before there was anything to stop
            pump.stop(Outcome.STOPPED, self._stop_asked)
        return _Parts(store, writer, handoff, pump, loop, perception)

    def _acquire(self, pump: Pump) -> None:
        core = self.scope.core
        focuser = Focuser(self.microscope, focus_settings(self.plan), self.journal.light)
        engine = VisitEngine(self.microscope, focuser, snap_retries=self.plan.trouble.snap_retries)
        core.mda.set_engine(engine)
        batches: Any = Batches(pump)  # an iterable object, see the engine
        core.mda.run(batches)

    def loop_only(self, handoff: Handoff) -> Loop:
        """The mind without an instrument or a store: to measure what a lap costs."""
        return self._loop(handoff, lambda _: (), lambda *_: None)[0]

    def _loop(
        self,
        handoff: Handoff,
        frames_of: Callable[[int], Sequence[Frame]],
        stop: Callable[[Outcome, str], None],
    ) -> tuple[Loop, Perception]:
        plan, journal = self.plan, self.journal
        first = plan.baseline.channels[0].config if plan.baseline.channels else None
        target = plan.decide.target if plan.decide.policy == "watch" else ""
        patience_s = REHEARSAL_PATIENCE_S if self.clock.simulated else plan.judge.deadline_s
        perception = Perception(
            make_judge(plan.judge, first, patience_s),
            plan.judge,
            target,
            journal,
            self.clock,
            frames_of,
        )
        fovs = [fov.name for fov in journal.visits.fovs()]

        burst = estimate(plan, self.config, self.microscope.objective).burst

        def able() -> frozenset[str]:
            return affordable(plan, fovs, self.ledger.fov, self.ledger.total(), burst)

        loop = Loop(
            journal,
            handoff,
            perception,
            policy(plan),
            Actor(plan, journal, end_s=end_s(plan), stop=stop),
            able,
            self._progress,
            now=self.clock.now,
            on_late=plan.trouble.on_late_verdict,
        )
        return loop, perception

    def _open_store(self) -> ImageStore:
        microscope = self.microscope
        layout = image_layout(self.plan, microscope.image_format(), microscope.pixel_size_um())
        recorded = recall.frame_keys(self.journal.database)
        return ImageStore.open(self.run_dir.path, layout, sync=self._durable, recorded=recorded)

    def _store_differences(self) -> tuple[str, ...]:
        try:
            missing = self._open_store().missing
        except StoreError as error:
            return (str(error),)
        if not missing:
            return ()
        return (f"{len(missing)} frames are not in the store any more, the first: {missing[0]}",)

    def _finish(
        self,
        ending: tuple[Outcome, str],
        store: ImageStore | None,
        failures: list[BaseException],
    ) -> Ending:
        left_on = self.microscope.light_off()
        outcome, why = ending
        if outcome is Outcome.RUNNING:
            outcome, why = Outcome.FAILED, "the acquisition ended before the plan did"
        if outcome is Outcome.COMPLETE and not account(self.journal.database).balances:
            outcome, why = Outcome.FAILED, "the account of visits does not balance"
        try:
            if store is not None:
                self._describe(store)
                store.close()
        except StoreError as error:
            failures.append(error)
        if failures and outcome is not Outcome.FAILED:
            outcome, why = Outcome.FAILED, "; ".join(filter(None, (why, _one_line(failures[0]))))
        if left_on:
            outcome, why = Outcome.FAILED, f"{why}; could NOT switch off: {', '.join(left_on)}"
        try:
            for failure in failures:
                self.journal.records.error("session", failure)
            self.journal.records.note("end", f"{outcome}: {why}" if why else str(outcome))
            self.journal.records.set(
                outcome=outcome,
                ended_s=str(self.clock.now()),
                calibrated="1" if self.ledger.calibrated else "0",
            )
        except sqlite3.Error as unwritten:  # a full disk: the ending is told all the same
            outcome, why = Outcome.FAILED, f"{why}; the journal cannot be written ({unwritten})"
            failures.append(unwritten)
        self._progress.finished(outcome)
        return Ending(outcome, why, failures[0] if failures else None)

    def _describe(self, store: ImageStore) -> None:
        for fov in store.fovs:
            store.describe(fov, recall.frame_rows(self.journal.database, fov))

    def _refused(self, refusal: Refusal) -> None:
        visit = self._pump.visit if self._pump is not None else None
        self.journal.records.refusal(refusal, "instrument", visit.id if visit else None)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _words(state: InstrumentState) -> str:
    shutters = ", ".join(state.open_shutters) or "none"
    return (
        f"instrument at x {state.x_um:.1f}, y {state.y_um:.1f}, z {state.z_um:.2f} um; "
        f"channel {state.channel or 'unknown'}, objective {state.objective or 'unknown'}, "
        f"pixel {state.pixel_size_um:g} um; open shutters: {shutters}"
    )
