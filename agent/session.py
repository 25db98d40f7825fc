"""A session: the parts of one run put together, from start or resume to the summary."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import recall, resume
from agent.account import account
from agent.act import Actor
from agent.change.adopt import adopt, read_plan
from agent.course import FULFILLED
from agent.ending import Ending, ending_of
from agent.estimate import estimate
from agent.expand import burst_series
from agent.fit import in_words, unfit
from agent.handoff import Handoff
from agent.journal.journal import Journal
from agent.journal.states import Outcome
from agent.leg import Parts, in_one_line, run_leg
from agent.live.desk import Desk
from agent.loop import Loop
from agent.perception import REHEARSAL_PATIENCE_S, Perception, give_up
from agent.pump import Pump
from agent.schedule import Schedule, fill
from agent.settings import (
    disk_budget_bytes,
    end_s,
    focus_settings,
    image_layouts,
    light_budget,
    policy,
    target,
)
from agent.situation import Surroundings, affordable
from agent.writer import Writer
from hardware.data import Refusal
from hardware.disk import RESERVE_BYTES, DiskGuard
from hardware.engine import Batches, VisitEngine
from hardware.focusing import Focuser
from hardware.gate import Gate
from hardware.gate.limits import check_xy
from hardware.ledger import DoseLedger
from hardware.microscope import BINNING, Microscope
from hardware.store import ImageStore, StoreError
from policies.registry import make_judge
from policies.worker.choice import close_judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.live.guard import Guard
    from agent.plan import Plan
    from agent.progress import Progress
    from agent.rundir import RunDir
    from agent.scope import Scope
    from hardware.data import Frame, MicroscopeConfig
    from hardware.deadman.ward import DeadMan
    from hardware.microscope import InstrumentState
    from policies.judge import Judge

__all__ = ["Ending", "Live", "Session", "end_s"]


@dataclass(frozen=True, slots=True)
class Live:
    """How people can take part in a run.

    Attributes
    ----------
    commands : live commands are looked at.
    asks : there is a door through which a person can answer a question.
    guards : made once for each leg of the run.
    news : told what a person should hear of (kind, text).
    """

    commands: bool = False
    asks: bool = False
    guards: Callable[[Session], Sequence[Guard]] = lambda _: ()
    news: Callable[[str, str], None] = lambda *_: None


NOT_LIVE = Live()


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
        live: Live = NOT_LIVE,
        light_guard: DeadMan | None = None,
    ) -> None:
        self._live = live
        self._light_guard = light_guard
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
        self._closed = self._working = False
        self.left_on: tuple[str, ...] | None = None  # at its end; None: it has not ended
        self._judge: Judge | None = None  # made once: a model takes seconds to load
        self.gate, self.microscope = self._doors()

    # ------------------------------------------------------------------ start or resume

    def begin(self) -> InstrumentState | Refusal:
        """Light off; set and read the instrument; queue the baseline. Moves nothing.

        A refusal says why the instrument is not as the plan needs it.
        """
        self.microscope.start()
        refusal = unfit(self.plan, self.microscope, self.gate)
        if refusal is not None:
            return refusal
        state = self.microscope.read()
        self.journal.records.set(objective=state.objective)
        fill(self.plan, self.journal.visits)
        self.journal.records.note("start", in_words(state))
        return state

    @property
    def home(self) -> str:
        """The objective that everything but a burst is imaged with, as it was at the start."""
        written = self.journal.records.get("objective")
        return self.microscope.objective if written is None else written

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
        binned = self.microscope.set_binning(self.plan.camera.binning)  # a power cut forgets it
        found = resume.differences(known, state, self.config) if known is not None else ()
        if isinstance(binned, Refusal):
            found += (str(binned),)
        found += self._store_differences()
        self.journal.records.note("resume", in_words(state))
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
        store: ImageStore | None = None
        while True:
            try:
                self._adopt()
                parts = self._assemble(store)
            except Exception as error:  # nothing is moving
                return self._finish((Outcome.FAILED, in_one_line(error)), store, [error])
            self._working = True
            store, failures = parts.store, run_leg(parts, self._acquire)
            self._working = False
            if failures or not parts.pump.changing:
                return self._finish(parts.pump.ending, store, failures)

    def stop(self, why: str) -> None:
        """End in order after the visit under way. From any thread or a signal handler."""
        self._stop_asked = why
        if self._pump is not None:
            self._pump.stop(Outcome.STOPPED, why)

    def poke(self) -> None:
        """There is a command or a change in the journal: look at it at once. From any thread."""
        if self._pump is not None:
            self._pump.poke()

    def still_s(self) -> float:
        """Real seconds since the pump last did anything; 0 before and after. From any thread."""
        if self._pump is None or not self._working:
            return 0.0
        return time.monotonic() - self._pump.stirred_s

    def stop_now(self) -> tuple[str, ...]:
        """At once: refuse everything, camera stopped, light off; returns what did not stop."""
        self.stop("stopped at once")
        return self.microscope.stop()

    def cannot_close(self, left_on: tuple[str, ...]) -> str:
        """At the end: leave light that stays on to the dead-man; what came of it, in words."""
        said = f"could NOT switch off: {', '.join(left_on)}"
        return said if self._light_guard is None else f"{said}; {self._light_guard.take_over()}"

    def close(self) -> None:
        """Journal and devices; the last thing. May be called twice."""
        if self._closed:
            return
        self._closed = True
        try:
            close_judge(self._judge)  # first: it may still have something to write down
            self.microscope.close()
            self.journal.close()
        finally:
            self.scope.shutdown()

    # ------------------------------------------------------------------ inside

    def _adopt(self) -> None:
        """Apply a change that a person has confirmed; between two visits, and never in the middle
        of one that an interruption has left.
        """
        if self.journal.visits.running():
            return
        adopted = adopt(self.journal, self.plan, self.config, self.run_dir.path, self.clock.now())
        if adopted is None:
            return
        self._progress.changed(adopted.said)
        before, self.plan = self.plan, adopted.plan
        if light_budget(before) != light_budget(self.plan):
            old_gate, old = self.gate, self.microscope
            self.gate, self.microscope = self._doors()
            if old_gate.stopped:
                self.gate.stop()
            old.close()
            self.microscope.start()

    def _doors(self) -> tuple[Gate, Microscope]:
        """The gate with the plan's budget of light, and the microscope behind it."""
        gate = Gate(
            self.config,
            self.ledger,
            light_budget(self.plan),
            now=self.clock.now,
            on_refusal=self._refused,
            allowed_properties=((self.scope.core.getCameraDevice(), BINNING),),
        )
        microscope = Microscope(
            self.scope.core,
            self.config,
            gate,
            self.ledger,
            self.clock,
            light_guard=self._light_guard,
        )
        if self._light_guard is not None:
            self._light_guard.light_off = microscope.light_off
        return gate, microscope

    def _assemble(self, store: ImageStore | None) -> Parts:
        """Everything that a run needs, with the images of the leg before; moves nothing."""
        handoff = Handoff(simulated=self.clock.simulated, latency_s=self.plan.judge.latency_s)
        if store is None:
            store = self._open_store()
            self.journal.visits.lost(store.missing)  # known and accepted
        writer = Writer(store, self.journal, background=not self.clock.simulated)
        actor = self._actor()
        pump = Pump(
            self.plan,
            self.journal,
            Schedule(
                self.plan,
                self.journal.visits,
                bursts_apart=bool(burst_series(self.plan, self.home)),
            ),
            store,
            writer,
            handoff,
            self.clock,
            self.ledger,
            DiskGuard(self.run_dir.path, RESERVE_BYTES, disk_budget_bytes(self.plan)),
            self._progress,
            home=self.home,
            desk=self._desk(actor) if self._live.commands else None,
        )
        loop, perception = self._loop(
            handoff,
            lambda visit_id: recall.frames_of(self.journal.database, store, visit_id),
            actor,
        )
        handoff.after(resume.last_ready_s(self.journal.database))
        for visit in resume.unfinished_laps(self.journal, loop.last_lap()):
            dropped = handoff.put(visit)
            if dropped is not None:
                give_up(self.journal, dropped, self.clock.now())
        self._pump = pump
        if self._stop_asked is not None:  # before there was anything to stop
            pump.stop(Outcome.STOPPED, self._stop_asked)
        return Parts(store, writer, handoff, pump, loop, perception)

    def _actor(self) -> Actor:
        return Actor(
            self.plan,
            self.journal,
            end_s=end_s(self.plan),
            stop=self._end,
            outside=lambda x_um, y_um: check_xy(self.config, x_um, y_um),
            asks=self._live.asks,
        )

    def _desk(self, actor: Actor) -> Desk:
        return Desk(
            self.plan,
            self.config,
            self.journal,
            actor,
            self._end,
            self._progress,
            guards=self._live.guards(self),
            news=self._live.news,
        )

    def _end(self, outcome: Outcome, why: str) -> None:
        if self._pump is not None:
            self._pump.stop(outcome, why)

    def _acquire(self, pump: Pump) -> None:
        core = self.scope.core
        focuser = Focuser(self.microscope, focus_settings(self.plan), self.journal.light)
        engine = VisitEngine(self.microscope, focuser, snap_retries=self.plan.trouble.snap_retries)
        core.mda.set_engine(engine)
        batches: Any = Batches(pump)  # an iterable object, see the engine
        core.mda.run(batches)

    def loop_only(self, handoff: Handoff) -> Loop:
        """The mind without an instrument or a store: to measure what a lap costs."""
        return self._loop(handoff, lambda _: (), self._actor())[0]

    def _loop(
        self,
        handoff: Handoff,
        frames_of: Callable[[int], Sequence[Frame]],
        actor: Actor,
    ) -> tuple[Loop, Perception]:
        plan, journal = self.plan, self.journal
        first = plan.baseline.channels[0].config if plan.baseline.channels else None
        patience_s = REHEARSAL_PATIENCE_S if self.clock.simulated else plan.judge.deadline_s
        if self._judge is None:
            repeatable = self.clock.simulated and not self._live.commands
            self._judge = make_judge(
                plan.judge, first, patience_s, rehearsal=repeatable, on_event=self._model_says
            )
        perception = Perception(
            self._judge,
            plan.judge,
            target(plan),
            journal,
            self.clock,
            frames_of,
        )
        fovs = [fov.name for fov in journal.visits.fovs()]

        burst = estimate(plan, self.config, self.home).burst

        def able() -> frozenset[str]:
            return affordable(plan, fovs, self.ledger.fov, self.ledger.total(), burst)

        image_px = self.microscope.image_format()[:2] if plan.reaction.follow else None
        loop = Loop(
            journal,
            handoff,
            perception,
            policy(plan),
            actor,
            Surroundings(plan, journal, able, image_px),
            self._progress,
            now=self.clock.now,
            on_late=plan.trouble.on_late_verdict,
        )
        return loop, perception

    def _open_store(self) -> ImageStore:
        microscope, home = self.microscope, self.home
        changes, plan = self.journal.changes, self.plan
        if changes.version() > 1:  # a change leaves the images as they were begun
            plan = read_plan(changes.plan(1) or "")
        layout, apart = image_layouts(
            plan, microscope.image_format(), home, microscope.pixel_size_um
        )
        recorded = recall.frame_keys(self.journal.database)
        return ImageStore.open(
            self.run_dir.path, layout, sync=self._durable, apart=apart, recorded=recorded
        )

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
        left_on = self.left_on = self.microscope.light_off_at_last()
        on = self.cannot_close(left_on) if left_on else ""  # at once: it does not wait for the disk
        complete = ending[0] is Outcome.COMPLETE
        balances = not complete or account(self.journal.database).balances
        fulfilled = (self.journal.records.get(FULFILLED) or "") if complete else ""
        try:
            if store is not None:
                self._describe(store)
                store.close()
        except StoreError as error:
            failures.append(error)
        outcome, why = ending_of(
            ending, balances=balances, fulfilled=fulfilled, left_on=on, failures=failures
        )
        try:
            for failure in failures:
                self.journal.records.error("session", failure)
            if outcome is Outcome.COMPLETE:
                self.journal.changes.refuse_waiting("the run ended before it could be applied")
            self.journal.records.note("end", f"{outcome}: {why}" if why else str(outcome))
            self.journal.records.set(
                outcome=outcome,
                ended_s=str(self.clock.now()),
                left_on=", ".join(left_on),
                calibrated="1" if self.ledger.calibrated else "0",
            )
        except sqlite3.Error as unwritten:  # a full disk: the ending is told all the same
            outcome, why = Outcome.FAILED, f"{why}; the journal cannot be written ({unwritten})"
            failures.append(unwritten)
        self._progress.finished(outcome)
        return Ending(outcome, why, failures[0] if failures else None)

    def _describe(self, store: ImageStore) -> None:
        for name in store.images:
            store.describe(name, recall.frame_rows(self.journal.database, name))

    def _model_says(self, kind: str, text: str) -> None:
        """What becomes of the model's process; in a thread of its own."""
        with contextlib.suppress(sqlite3.Error):
            self.journal.records.note(kind, text)
        if self._live.commands:
            self._live.news(kind, text)
        else:
            self._progress.warning(text)

    def _refused(self, refusal: Refusal) -> None:
        visit = self._pump.visit if self._pump is not None else None
        self.journal.records.refusal(refusal, "instrument", visit.id if visit else None)
