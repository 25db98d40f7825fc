"""The pump: takes due visits from the schedule, and stores what the engine brings back.

It runs in the runner's thread and is the only one that holds the instrument.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from agent.expand import event_templates, objective_of, series_of
from agent.handoff import FinishedVisit
from agent.journal.states import Outcome, VisitState
from agent.perception import give_up
from hardware.data import Refusal, Visit, VisitKind

if TYPE_CHECKING:
    import threading
    from collections.abc import Sequence

    import useq

    from agent.handoff import Handoff
    from agent.journal.journal import Journal
    from agent.journal.visits import VisitRow
    from agent.live.desk import Desk
    from agent.plan import Plan
    from agent.progress import Progress
    from agent.schedule import Schedule
    from agent.writer import Writer
    from hardware.data import Clock, FieldOfView, Frame
    from hardware.disk import DiskGuard
    from hardware.engine import VisitAccount
    from hardware.ledger import DoseLedger
    from hardware.store import ImageStore

LONGEST_REST_S = 60.0  # rests of 2, 4, 8 ... s after visits that failed one after the other
IDLE_S = 0.5  # longest nap of a real run while it waits for last decisions
PAUSED_S = 0.2  # real seconds between two looks of a paused run on a clock that jumps
LISTEN_S = 1.0  # longest nap of a run that waits: a change, or light by hand, is seen this soon


class Pump:
    """Implements the engine's VisitSource. `ending` is its own finish reason."""

    def __init__(
        self,
        plan: Plan,
        journal: Journal,
        schedule: Schedule,
        store: ImageStore,
        writer: Writer,
        handoff: Handoff,
        clock: Clock,
        ledger: DoseLedger,
        disk: DiskGuard,
        progress: Progress,
        home: str = "",
        desk: Desk | None = None,
    ) -> None:
        """`home`: the objective that everything but a burst is imaged with. `desk`: does what
        people command; None where nobody can.
        """
        self._desk = desk
        self.visit: Visit | None = None
        self.changing = False  # ended at a visit boundary, for a change to be applied
        self._plan = plan
        self._home = home
        self._synchronized = plan.coupling == "synchronized"
        self._journal = journal
        self._schedule = schedule
        self._writer = writer
        self._handoff = handoff
        self._clock = clock
        self._ledger = ledger
        self._disk = disk
        self._progress = progress
        self._fovs = {fov.name: fov for fov in journal.visits.fovs()}
        self._templates: dict[tuple[str, VisitKind], tuple[useq.MDAEvent, ...]] = {}
        self._stops: list[tuple[Outcome, str]] = []  # asked for so far; appending is atomic
        self._complete = False
        self._frames: list[Frame] = []
        self._stored_before = 0  # frames of the visit under way, before an interruption
        self._started_s = 0.0
        self._errors_in_a_row = 0
        self._rest_until_s = 0.0  # after a fault the instrument gets time to come back
        self._worst_fov = 0.0
        self.stirred_s = time.monotonic()  # when it last did anything: looked, imaged, stored
        layout = store.layout
        self._frame_bytes = layout.height * layout.width * (2 if layout.dtype == "uint16" else 1)
        self._interrupted = journal.visits.running()

    # ------------------------------------------------------------------ from anywhere

    def stop(self, outcome: Outcome, why: str) -> None:
        """End the run after the visit under way. The first reason counts; a failure before all."""
        self._stops.append((outcome, why))
        self._handoff.changed.set()

    @property
    def ending(self) -> tuple[Outcome, str]:
        """How the run ended, and why; RUNNING where nobody knows."""
        if self._stops:
            failures = (asked for asked in self._stops if asked[0] is Outcome.FAILED)
            return next(failures, self._stops[0])
        return (Outcome.COMPLETE if self._complete else Outcome.RUNNING), ""

    # ------------------------------------------------------------------ VisitSource

    def next_visit(self) -> Visit | None:
        """Wait until a visit is due; None at the end of the run."""
        while True:
            self.stirred_s = time.monotonic()
            self._handoff.changed.clear()  # before anything is looked at: no news gets lost
            if self._synchronized:
                self._writer.drain()  # a visit that is not stored yet is not awaited yet
            now_s = self._clock.now()
            if self._stops:
                return None
            if self._interrupted:  # go on where they were, before anything is decided
                row = self._interrupted.pop(0)
                started_s = now_s if row.started_s is None else row.started_s
                return self._begin(self._visit(row, row.t_index or 0), started_s)
            self._handoff.settle(now_s)
            if self._over():
                return None
            wake = self._handoff.changed if self._clock.waits else None
            if self._desk is not None and not self._at_the_desk(self._desk, now_s, wake):
                continue
            if now_s < self._rest_until_s:
                self._clock.sleep_until(self._rest_until_s, wake)
                continue
            taken = self._schedule.take(now_s, self._awaited(now_s))
            if taken is not None:
                visit = self._visit(*taken)
                if self._room_for(visit):
                    return self._begin(visit, now_s)
                continue
            wait_until = self._next_event_s(now_s)
            if wait_until is None:
                if self._nothing_left():
                    self._complete = True
                    return None
                wait_until = now_s + IDLE_S
            if wake is not None:
                wait_until = min(wait_until, now_s + self._listen_s())
            self._clock.sleep_until(wait_until, wake)

    def poke(self) -> None:
        """There is news (a command, a change): look at it now, not at the end of a nap."""
        self._handoff.changed.set()

    def stored(self, frame: Frame) -> None:
        """Store the frame, then say so in the journal. Nobody judges it before."""
        self._writer.frame(frame)
        self._frames.append(frame)
        self.stirred_s = time.monotonic()

    def ended(self, visit: Visit, account: VisitAccount) -> None:
        """Book the visit and hand its frames to the mind, once all of them are stored."""
        now_s = self._clock.now()
        have = self._stored_before + account.stored
        why = "; ".join(dict.fromkeys(account.reasons))
        if have == len(visit.events):
            state = VisitState.DELIVERED
        elif have == 0:
            state = VisitState.SKIPPED
        else:
            state = VisitState.DROPPED
            why = f"{have} of {len(visit.events)} frames; {why or 'lost before an interruption'}"
        for fault in account.faults:
            self._journal.records.error("instrument", fault, visit.id)
            self._progress.warning(f"{visit.fov.name}: {fault}")
        self.visit = None
        if have:
            frames = tuple(self._frames) if visit.first_event == 0 else None
            finished = FinishedVisit(
                visit.id, visit.fov.name, visit.kind, self._started_s, now_s, frames
            )
            self._writer.then(lambda: self._hand_over(finished, state, why))
        else:
            self._journal.visits.finish(visit.id, state, why, now_s)
        self._progress.visit_finished(visit.id, visit.fov.name, state, why, now_s)
        self._report_dose(visit.fov.name)
        self._after(visit, account, state)
        if self._desk is not None:
            self._desk.visit_over(visit, bool(account.faults) or not have)

    # ------------------------------------------------------------------ inside

    def _over(self) -> bool:
        """The run, or this leg of it: a change waits to be applied."""
        if not self._stops and self._journal.changes.waiting():
            self.changing = True
        return self.changing or bool(self._stops)

    def _at_the_desk(self, desk: Desk, now_s: float, wake: threading.Event | None) -> bool:
        """Commands and guards; False where the schedule must be looked at anew."""
        desk.attend(now_s)
        if self._stops:
            return False
        if desk.paused:
            if wake is None:  # no clock runs while nothing is done
                self._handoff.changed.wait(PAUSED_S)
            else:
                self._clock.sleep_until(now_s + self._listen_s(), wake)
            return False
        due_s = self._schedule.next_due_s()
        return due_s is None or due_s > now_s or desk.fit(now_s)

    def _listen_s(self) -> float:
        """LISTEN_S in seconds of run time: a paced clock runs faster than ours."""
        return LISTEN_S * float(getattr(self._clock, "pace", 1.0))

    def _awaited(self, now_s: float) -> dict[str, float]:
        """Synchronized: fields that wait for a verdict, and until when at most."""
        if not self._synchronized:
            return {}
        return self._handoff.awaited(now_s, self._plan.judge.deadline_s)

    def _visit(self, row: VisitRow, t_index: int) -> Visit:
        fov = self._fovs[row.fov]
        events = self._events(fov, row.kind, t_index)
        if self._plan.reaction.follow and row.kind is VisitKind.REACTION:
            fov, events = _shifted(fov, events, *self._journal.course.shift(row.id))
        self._stored_before, first_event = self._journal.visits.frames_stored(row.id)
        return Visit(
            id=row.id,
            fov=fov,
            kind=row.kind,
            events=events,
            due_s=row.due_s,
            t_index=t_index,
            first_event=first_event,
            refocus=row.refocus,
            objective=objective_of(self._plan, row.kind, self._home),
            series=series_of(self._plan, row.kind, self._home),
        )

    def _events(self, fov: FieldOfView, kind: VisitKind, t_index: int) -> tuple[useq.MDAEvent, ...]:
        key = (fov.name, kind)
        if key not in self._templates:
            self._templates[key] = event_templates(self._plan, fov, kind)
        changed = self._journal.visits.changed_exposures(fov.name)
        if self._desk is not None:
            changed |= self._desk.exposures  # what a person has set goes before
        events: Sequence[useq.MDAEvent] = self._templates[key]
        if changed:
            events = [
                e.model_copy(update={"exposure": changed.get(e.channel.config, e.exposure)})
                if e.channel
                else e
                for e in events
            ]
        return tuple(
            e.model_copy(update={"index": {**e.index, "t": t_index}, "metadata": {}})
            for e in events
        )

    def _begin(self, visit: Visit, started_s: float) -> Visit:
        self.visit = visit
        self._started_s = started_s
        self._frames = []
        self._progress.visit_started(visit.id, visit.fov.name, visit.kind, started_s)
        return visit

    def _room_for(self, visit: Visit) -> bool:
        """The disk guard, before each visit: a full disk ends the run in order."""
        answer = self._disk.check(len(visit.events) * self._frame_bytes)
        if not isinstance(answer, Refusal):
            return True
        self._journal.records.refusal(answer, "disk guard", visit.id)
        now_s = self._clock.now()
        self._journal.visits.finish(visit.id, VisitState.SKIPPED, str(answer), now_s)
        self.stop(Outcome.FAILED, str(answer))
        return False

    def _next_event_s(self, now_s: float) -> float | None:
        """When something can change: a visit falls due, a verdict is ready, or a field's waiting
        for one is over. Real clock: a verdict wakes the pump whenever it comes.
        """
        times: list[float | None] = [self._schedule.next_due_s(now_s), self._handoff.next_ready_s()]
        times += self._awaited(now_s).values()
        return min((t for t in times if t is not None), default=None)

    def _nothing_left(self) -> bool:
        """No visit pending and none undecided. In this order: a decision may add visits."""
        self._writer.drain()
        return self._handoff.undecided() == 0 and self._schedule.next_due_s() is None

    def _hand_over(self, finished: FinishedVisit, state: VisitState, why: str) -> None:
        """All its frames are stored: the visit is over, and the mind may have it."""
        self._journal.visits.finish(finished.id, state, why, finished.finished_s)
        dropped = self._handoff.put(finished)
        if dropped is not None:
            give_up(self._journal, dropped, finished.finished_s)
            self._progress.warning(
                f"judge too slow: visit {dropped.id} of {dropped.fov} not judged"
            )

    def _after(self, visit: Visit, account: VisitAccount, state: VisitState) -> None:
        if account.hold_position:
            self._journal.visits.hold(visit.fov.name, "position held: autofocus failed")
            self._journal.records.note("hold", f"{visit.fov.name}: {'; '.join(account.reasons)}")
        if account.stop_run:
            self.stop(Outcome.FAILED, f"{visit.fov.name}: {'; '.join(account.reasons)}")
        failed = account.faults and state is not VisitState.DELIVERED
        self._errors_in_a_row = self._errors_in_a_row + 1 if failed else 0
        if failed:
            rest_s = min(LONGEST_REST_S, 2.0**self._errors_in_a_row)
            self._rest_until_s = self._clock.now() + rest_s
        if self._errors_in_a_row >= self._plan.trouble.max_errors_in_a_row:
            last = account.faults[-1]
            self.stop(Outcome.FAILED, f"{self._errors_in_a_row} visits in a row failed: {last}")

    def _report_dose(self, fov: str) -> None:
        dose, total = self._ledger.fov(fov), self._ledger.total()
        calibrated = total.j_cm2 is not None
        here = dose.j_cm2 if calibrated and dose.j_cm2 is not None else dose.seconds
        self._worst_fov = max(self._worst_fov, here)
        everything = total.j_cm2 if total.j_cm2 is not None else total.seconds
        self._progress.dose(self._worst_fov, everything, "J/cm2" if calibrated else "s")


def _shifted(
    fov: FieldOfView, events: tuple[useq.MDAEvent, ...], dx_um: float, dy_um: float
) -> tuple[FieldOfView, tuple[useq.MDAEvent, ...]]:
    """A field and its events so far from the planned place; the gate checks it as any other."""
    place = replace(fov, x_um=fov.x_um + dx_um, y_um=fov.y_um + dy_um)
    there = {"x_pos": place.x_um, "y_pos": place.y_um}
    return place, tuple(event.model_copy(update=there) for event in events)
