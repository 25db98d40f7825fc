"""A session: the parts of one run put together, from start or resume to the summary."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent import recall, resume
from agent.account import account
from agent.act import Actor
from agent.estimate import estimate
from agent.expand import channels, due_times, z_slices
from agent.handoff import Handoff
from agent.journal.journal import Journal
from agent.journal.states import Outcome
from agent.loop import Loop
from agent.perception import Perception
from agent.pump import Pump
from agent.schedule import Schedule, fill
from agent.situation import affordable
from agent.writer import Writer
from hardware.autofocus import Sweep
from hardware.disk import DiskGuard
from hardware.engine import Batches, VisitEngine
from hardware.focusing import Focuser, FocusSettings, OnFocusFailure
from hardware.gate import Gate, LightBudget
from hardware.ledger import DoseLedger
from hardware.microscope import Microscope
from hardware.store import ImageLayout, ImageStore
from policies.registry import make_judge, make_policy
from policies.watch_parameters import WatchParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from agent.plan import Plan
    from agent.progress import Progress
    from agent.rundir import RunDir
    from agent.scope import Scope
    from hardware.data import Frame, MicroscopeConfig, Refusal
    from hardware.microscope import InstrumentState
    from policies.policy import Policy

SWITCH_S = 0.0005
RESERVE_BYTES = 2 * 1024**3  # a run stops before the disk is full


@dataclass(frozen=True, slots=True)
class Ending:
    """How a session ended; `error` is set when something raised."""

    outcome: Outcome
    why: str
    error: BaseException | None = None


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
        budget = plan.budget
        self.gate = Gate(
            config,
            self.ledger,
            LightBudget(
                dose_per_fov_j_cm2=budget.dose_per_fov_j_cm2,
                exposure_per_fov_s=budget.exposure_per_fov_s,
                total_dose_j_cm2=budget.total_dose_j_cm2,
            ),
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
        """Light off; read the instrument, and say how it differs from the journal. Moves nothing.

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
        self.journal.records.note("resume", _words(state))
        for difference in found:
            self.journal.records.note("difference", difference)
        if not self.clock.simulated:
            n = self.journal.visits.skip_pending(
                None, self.clock.now() - self.plan.trouble.late_after_s, "nothing ran at that time"
            )
            self.journal.records.note("resume", f"{n} visits fell into the time when nothing ran")
        return found

    # ------------------------------------------------------------------ running

    def run(self) -> Ending:
        """Run to the end: pump and loop in threads of their own, this thread waits.

        Always ends with the light off, the store closed and the outcome in the journal.
        """
        handoff = Handoff(simulated=self.clock.simulated, latency_s=self.plan.judge.latency_s)
        store = self._open_store()
        writer = Writer(store, self.journal, background=not self.clock.simulated)
        pump = self._pump = Pump(
            self.plan,
            self.journal,
            Schedule(self.plan, self.journal.visits),
            store,
            writer,
            handoff,
            self.clock,
            self.ledger,
            DiskGuard(self.run_dir.path, RESERVE_BYTES, self._disk_budget()),
            self._progress,
        )
        loop, perception = self._loop(
            handoff,
            lambda visit_id: recall.frames_of(self.journal.database, store, visit_id),
            pump.stop,
        )
        handoff.after(resume.last_ready_s(self.journal.database))
        for visit in resume.unfinished_laps(self.journal, loop.last_lap()):
            handoff.put(visit)
        failures: list[BaseException] = []

        def think() -> None:
            try:
                loop.run()
            except BaseException as error:
                failures.append(error)
                pump.stop(Outcome.FAILED, f"loop: {error}")
                handoff.close()

        def acquire() -> None:
            try:
                try:
                    self._acquire(pump)
                finally:
                    writer.close()
            except BaseException as error:
                failures.append(error)
                pump.stop(Outcome.FAILED, str(error))
            finally:
                handoff.close()

        threads = [
            threading.Thread(target=think, name="loop"),
            threading.Thread(target=acquire, name="pump"),
        ]
        self.journal.records.set(outcome=Outcome.RUNNING)
        # while the loop computes, the pump would wait up to 5 ms for the interpreter after every
        # device call; acquisition goes first
        sys.setswitchinterval(SWITCH_S)
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():  # short waits, so that Ctrl-C reaches this thread
                thread.join(0.2)
        perception.close()
        return self._finish(pump, store, failures)

    def stop(self, why: str) -> None:
        """End in order after the visit under way. From any thread or a signal handler."""
        if self._pump is not None:
            self._pump.stop(Outcome.STOPPED, why)

    def stop_now(self) -> tuple[str, ...]:
        """At once: refuse everything, camera stopped, light off; returns what did not stop."""
        self.stop("stopped at once")
        return self.microscope.stop()

    def close(self) -> None:
        """Journal and devices; the last thing."""
        self.microscope.close()
        self.journal.close()
        self.scope.shutdown()

    # ------------------------------------------------------------------ inside

    def _acquire(self, pump: Pump) -> None:
        core = self.scope.core
        focuser = Focuser(self.microscope, self._focus_settings(), self.journal.light)
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
        perception = Perception(
            make_judge(plan.judge.kind, plan.judge.channel or first),
            plan.judge,
            target,
            journal,
            self.clock,
            frames_of,
        )
        fovs = [fov.name for fov in journal.visits.fovs()]

        burst = estimate(plan, self.config, self.microscope.objective).burst

        def able() -> frozenset[str]:
            return affordable(plan, fovs, self.ledger.fov, burst)

        loop = Loop(
            journal,
            handoff,
            perception,
            _policy(plan),
            Actor(plan, journal, end_s=end_s(plan), stop=stop),
            able,
            self._progress,
            now=self.clock.now,
            on_late=plan.trouble.on_late_verdict,
        )
        return loop, perception

    def _open_store(self) -> ImageStore:
        height, width, dtype = self.microscope.image_format()
        times = due_times(self.plan)
        z_plan = self.plan.baseline.z_plan
        planes = list(z_plan) if z_plan else []
        layout = ImageLayout(
            channels=channels(self.plan),
            n_z=z_slices(self.plan),
            z_step_um=abs(planes[1] - planes[0]) if len(planes) > 1 else None,
            height=height,
            width=width,
            dtype=dtype,
            pixel_size_um=self.microscope.pixel_size_um(),
            interval_s=times[1] - times[0] if len(times) > 1 else None,
        )
        if self.run_dir.images.is_dir() and any(self.run_dir.images.iterdir()):
            recorded = recall.frame_keys(self.journal.database)
            store = ImageStore.open(
                self.run_dir.path, layout, sync=self._durable, recorded=recorded
            )
            for key in store.missing:
                self.journal.records.note("difference", f"frame {key} is not in the store any more")
            return store
        return ImageStore(self.run_dir.path, layout, sync=self._durable)

    def _focus_settings(self) -> FocusSettings | None:
        focus = self.plan.autofocus
        if focus is None:
            return None
        return FocusSettings(
            channel=focus.channel,
            exposure_ms=focus.exposure_ms,
            sweep=Sweep(focus.range_um, focus.coarse_step_um, focus.fine_step_um),
            retries=focus.retries,
            on_failure=OnFocusFailure(focus.on_failure),
        )

    def _disk_budget(self) -> int | None:
        gb = self.plan.budget.disk_gb
        return None if gb is None else int(gb * 1e9)

    def _finish(self, pump: Pump, store: ImageStore, failures: list[BaseException]) -> Ending:
        left_on = self.microscope.light_off()
        outcome, why = pump.outcome, pump.why
        if left_on:
            outcome, why = Outcome.FAILED, f"{why}; could NOT switch off: {', '.join(left_on)}"
        if outcome is Outcome.COMPLETE and not account(self.journal.database).balances:
            outcome, why = Outcome.FAILED, "the account of visits does not balance"
        for error in failures:
            self.journal.records.error("session", error)
        for fov in store.fovs:
            store.describe(fov, recall.frame_rows(self.journal.database, fov))
        store.close()
        self.journal.records.note("end", f"{outcome}: {why}" if why else str(outcome))
        self.journal.records.set(
            outcome=outcome,
            ended_s=str(self.clock.now()),
            calibrated="1" if self.ledger.calibrated else "0",
        )
        self._progress.finished(outcome)
        return Ending(outcome, why, failures[0] if failures else None)

    def _refused(self, refusal: Refusal) -> None:
        visit = self._pump.visit if self._pump is not None else None
        self.journal.records.refusal(refusal, "instrument", visit.id if visit else None)


def end_s(plan: Plan) -> float:
    """Run time after which nothing new begins: one interval past the last round."""
    times = due_times(plan)
    interval_s = times[-1] - times[-2] if len(times) > 1 else plan.reaction.duration_s
    return times[-1] + interval_s


def _policy(plan: Plan) -> Policy:
    decide = plan.decide
    if decide.policy == "fixed":
        return make_policy("fixed")
    given = decide.model_dump(exclude={"policy"})
    return make_policy("watch", WatchParameters(refocus=plan.autofocus is not None, **given))


def _words(state: InstrumentState) -> str:
    shutters = ", ".join(state.open_shutters) or "none"
    return (
        f"instrument at x {state.x_um:.1f}, y {state.y_um:.1f}, z {state.z_um:.2f} um; "
        f"channel {state.channel or 'unknown'}, objective {state.objective or 'unknown'}, "
        f"pixel {state.pixel_size_um:g} um; open shutters: {shutters}"
    )
