"""The schedule on a real journal: nothing is executed twice, whatever happens in between."""

from __future__ import annotations

import contextlib
import random
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from run_kit import frame_of, plan

from agent.act import Actor
from agent.journal.journal import Journal
from agent.journal.states import VisitState
from agent.journal.visits import VisitRow
from agent.schedule import Schedule, fill
from policies.action import Burst, Decision, EndBurst, Refocus, Revisit, Wait

FIELDS = ("p0", "p1", "p2")
PLAN = plan(
    fields=3,
    rounds=6,
    interval_s=60,
    reaction={"interval_s": 10, "duration_s": 60},
    autofocus={"channel": "DAPI", "exposure_ms": 5},
)


class Queue(RuleBasedStateMachine):
    """A pump, a mind and a murderer at work on one journal."""

    @initialize(overtaken=st.sampled_from(["skip", "image_late"]))
    def begin(self, overtaken: str) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.plan = PLAN.model_copy(
            update={"trouble": PLAN.trouble.model_copy(update={"overtaken": overtaken})}
        )
        self.now_s = 0.0
        self.running: tuple[VisitRow, int] | None = None
        self.started: list[int] = []
        self.over: set[int] = set()
        self.decided = 0
        self._open()
        fill(self.plan, self.journal.visits)

    def _open(self) -> None:
        self.journal = Journal(self.folder, lambda: self.now_s, durable=False)
        self.schedule = Schedule(self.plan, self.journal.visits)
        self.actor = Actor(self.plan, self.journal, end_s=420.0, stop=lambda *_: None)

    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0, 59.0, 60.0, 150.0]))
    def time_passes(self, seconds: float) -> None:
        self.now_s += seconds

    @precondition(lambda self: self.running is None)
    @rule(blocked=st.sets(st.sampled_from(FIELDS)))
    def take(self, blocked: set[str]) -> None:
        due = {v.id: v for v in self.journal.visits.due(self.now_s)}
        taken = self.schedule.take(self.now_s, blocked)
        if taken is None:
            left = self.journal.visits.due(self.now_s)
            assert all(v.fov in blocked for v in left)
            return
        visit, _ = taken
        assert visit.id in due and visit.due_s <= self.now_s and visit.fov not in blocked
        assert visit.id not in self.started, "a visit was started twice"
        self.started.append(visit.id)
        self.running = taken

    @precondition(lambda self: self.running is not None)
    @rule(frames=st.integers(0, 2))
    def finish(self, frames: int) -> None:
        assert self.running is not None
        visit, t_index = self.running
        have, _ = self.journal.visits.frames_stored(visit.id)
        for index in range(have, max(have, frames)):
            self.journal.light.frame(frame_of(visit.id, index, visit.fov, t_index))
        have = max(have, frames)
        state = {0: VisitState.SKIPPED, 2: VisitState.DELIVERED}.get(have, VisitState.DROPPED)
        self.journal.visits.finish(visit.id, state, "", self.now_s)
        self.over.add(visit.id)
        self.running = None

    @precondition(lambda self: self.running is not None)
    @rule()
    def one_frame(self) -> None:
        assert self.running is not None
        visit, t_index = self.running
        if self.journal.visits.frames_stored(visit.id)[0] == 0:
            self.journal.light.frame(frame_of(visit.id, 0, visit.fov, t_index))

    @rule(
        kind=st.sampled_from(["burst", "end", "revisit", "refocus", "wait"]),
        fov=st.sampled_from(FIELDS),
    )
    def decide(self, kind: str, fov: str) -> None:
        action = {
            "burst": Burst(fov=fov),
            "end": EndBurst(fov=fov),
            "revisit": Revisit(fov=fov, delay_s=5),
            "refocus": Refocus(fov=fov),
            "wait": Wait(fov=fov, duration_s=30),
        }[kind]
        self.decided += 1
        decision = Decision(visit_id=self.decided, policy="test", actions=(action,), reason="")
        self.actor.apply(decision, self.now_s, "{}")

    @rule(fov=st.sampled_from(FIELDS))
    def hold(self, fov: str) -> None:
        self.journal.visits.hold(fov, "held")

    @rule(kill=st.booleans())
    def open_again(self, kill: bool) -> None:
        """Another process goes on, after an orderly end or after a kill."""
        if kill:
            self.journal.database.connection.close()  # without a commit
        else:
            self.journal.close()
        self._open()
        running = self.journal.visits.running()
        assert [v.id for v in running] == ([self.running[0].id] if self.running else [])
        if self.running:
            assert running[0].t_index == self.running[1]

    @invariant()
    def time_axes_have_no_holes_and_nothing_twice(self) -> None:
        if not hasattr(self, "journal"):
            return
        for fov in FIELDS:
            indices = [
                t
                for (t,) in self.journal.database.rows(
                    "SELECT t_index FROM visits WHERE fov=? AND t_index IS NOT NULL"
                    " ORDER BY t_index",
                    fov,
                )
            ]
            assert indices == list(range(len(indices)))
        ends = ("pending", "running", "cancelled")
        states = dict(self.journal.database.rows("SELECT id, state FROM visits"))
        assert all(states[i] not in ends for i in self.over), "a visit that was over is so no more"

    def teardown(self) -> None:
        if hasattr(self, "journal"):
            self.journal.close()
            shutil.rmtree(self.folder)


TestQueue = Queue.TestCase
TestQueue.settings = settings(max_examples=25, stateful_step_count=40, deadline=None)


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    with contextlib.closing(Journal(tmp_path, lambda: 0.0, durable=False)) as opened:
        yield opened


def test_the_baseline_is_queued_whole_and_once(journal: Journal) -> None:
    fill(PLAN, journal.visits)
    fill(PLAN, journal.visits)
    assert len(journal.visits.due(1e9)) == 18
    assert [f.name for f in journal.visits.fovs()] == list(FIELDS)


def test_a_baseline_that_fails_half_way_leaves_nothing_queued(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(journal.visits, "add", break_off)
    with pytest.raises(OSError, match="disk full"):
        fill(PLAN, journal.visits)
    assert journal.visits.fovs() == ()  # or a resume would take it for a plan without visits
    monkeypatch.undo()
    fill(PLAN, journal.visits)
    assert len(journal.visits.due(1e9)) == 18


def test_a_visit_that_was_cancelled_meanwhile_is_not_started(journal: Journal) -> None:
    fill(PLAN, journal.visits)
    visit = journal.visits.due(0.0)[0]
    journal.visits.skip_pending(visit.fov, 1.0, "gone")
    with pytest.raises(RuntimeError, match="not pending"):
        journal.visits.start(visit, 0.0, late=False)
    assert journal.visits.running() == []


def test_nothing_is_decided_between_looking_and_starting(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mind, in its own thread, cancels what the pump is about to start: one of them waits."""
    import threading

    fill(PLAN, journal.visits)
    schedule = Schedule(PLAN, journal.visits)
    really_due = journal.visits.due
    mind = threading.Thread(target=lambda: journal.visits.skip_pending("p0", 1.0, "decided"))

    def due(now_s: float) -> list[VisitRow]:
        found = really_due(now_s)
        mind.start()
        mind.join(0.2)
        return found

    monkeypatch.setattr(journal.visits, "due", due)
    taken = schedule.take(0.0)
    mind.join()
    assert taken is not None and taken[0].fov == "p0"
    started = journal.visits.get(taken[0].id)
    assert started is not None and started.state is VisitState.RUNNING


@pytest.mark.parametrize(("now_s", "late"), [(0.0, 0), (60.0, 0), (60.1, 1)])
def test_a_visit_that_starts_much_after_it_was_due_is_late(
    journal: Journal, now_s: float, late: int
) -> None:
    fill(plan(interval_s=600), journal.visits)
    taken = Schedule(PLAN, journal.visits).take(now_s)
    assert taken is not None
    assert journal.database.row("SELECT late FROM visits WHERE id=?", taken[0].id) == (late,)


def test_no_query_of_a_visit_looks_at_the_whole_queue(journal: Journal) -> None:
    """With 50,000 visits queued each visit must not cost 50,000 rows; SQLite tells its plan."""
    fill(plan(fields=4, rounds=500), journal.visits)
    schedule = Schedule(PLAN, journal.visits)
    actor = Actor(PLAN, journal, end_s=420.0, stop=lambda *_: None)
    said: list[str] = []
    journal.database.connection.set_trace_callback(said.append)
    taken = schedule.take(0.0)
    assert taken is not None
    visit, t_index = taken
    journal.visits.frames_stored(visit.id)
    journal.visits.changed_exposures(visit.fov)
    journal.light.frame(frame_of(visit.id, 0, visit.fov, t_index))
    journal.visits.finish(visit.id, VisitState.DROPPED, "", 1.0)
    schedule.next_due_s(1.0)
    schedule.next_due_s()
    journal.mind.verdict(visit.id)
    journal.mind.situation(visit.id)
    journal.visits.held(visit.fov)
    actions = (Burst(fov="p1"), Revisit(fov="p2"), EndBurst(fov="p1"), Refocus(fov="p0"))
    actor.apply(Decision(visit_id=visit.id, policy="t", actions=actions, reason=""), 2.0, "{}")
    journal.database.connection.set_trace_callback(None)
    asked = {s for s in said if s.split()[0] in ("SELECT", "UPDATE", "DELETE")}
    assert len(asked) > 10
    for sql in asked:
        for *_, detail in journal.database.rows(
            f"EXPLAIN QUERY PLAN {sql.replace('-Inf', '-9e999')}"
        ):
            whole = (
                detail.startswith("SCAN") and "bursts" not in detail and "CONSTANT" not in detail
            )
            assert not whole, f"{detail}: {sql}"
            assert "TEMP B-TREE" not in detail, f"{detail}: {sql}"


def test_the_choice_is_the_same_for_a_journal_opened_again(tmp_path: Path) -> None:
    """Fairness over fields is remembered: a resume does not begin at the first field again."""
    rng = random.Random(4)
    journal = Journal(tmp_path, lambda: 0.0, durable=False)
    fill(PLAN, journal.visits)
    schedule = Schedule(PLAN, journal.visits)
    order, now_s = [], 0.0
    while (taken := schedule.take(now_s)) is not None or now_s < 400:
        if taken is not None:
            order.append(taken[0].id)
            journal.visits.finish(taken[0].id, VisitState.DELIVERED, "", now_s)
        now_s += rng.choice([3.0, 25.0])
    journal.close()

    rng = random.Random(4)
    (tmp_path / "b").mkdir()
    journal = Journal(tmp_path / "b", lambda: 0.0, durable=False)
    fill(PLAN, journal.visits)
    again, now_s = [], 0.0
    while True:
        taken = Schedule(PLAN, journal.visits).take(now_s)  # each time a new one
        if taken is None and now_s >= 400:
            break
        if taken is not None:
            again.append(taken[0].id)
            journal.visits.finish(taken[0].id, VisitState.DELIVERED, "", now_s)
        now_s += rng.choice([3.0, 25.0])
    journal.close()
    assert again == order
