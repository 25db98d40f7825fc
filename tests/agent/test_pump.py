"""The pump in a rehearsal: troubles end where the plan says, and everything is accounted for."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import (
    EAGER,
    QUICK_BURST,
    always,
    assert_sound,
    ends,
    one,
    opened,
    plan,
    resumed,
    rows,
    scenario,
    scripted,
    wants,
    whole,
)

from agent.account import account
from agent.handoff import FinishedVisit, Handoff
from agent.journal.journal import Journal
from agent.journal.states import Outcome, VisitState
from agent.journal.visits import NewVisit
from agent.progress import Quiet
from agent.pump import Pump
from agent.schedule import Schedule, fill
from agent.writer import Writer
from hardware.data import Refusal, Rule, VisitKind
from hardware.disk import DiskGuard
from hardware.ledger import DoseLedger
from hardware.store import ImageLayout, ImageStore, StoreError
from policies.action import Burst, Revisit
from sim.clock import SimClock

if TYPE_CHECKING:
    from pathlib import Path

    from agent.plan import Plan
    from hardware.data import Clock, Frame


def states(run: Path) -> dict[str, int]:
    return dict(rows(run, "SELECT state, count(*) FROM visits GROUP BY state"))


def outcome(run: Path) -> str:
    return str(one(run, "SELECT value FROM run WHERE key='outcome'"))


def fault(kind: str, from_s: float = 0.0, to_s: float = 1e6, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "from_s": from_s, "to_s": to_s, **more}


# ---------------------------------------------------------------------- troubles


def test_a_full_disk_ends_the_run_in_order_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def check(self: DiskGuard, needed_bytes: int) -> Any:
        asked.append(needed_bytes)
        if len(asked) == 4:
            return Refusal(Rule.DISK, "0.02 MB more on disk", "1 MB free", "Free some space.")
        return None

    fixed, run = plan(rounds=4), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(DiskGuard, "check", check)
        ending = whole(run, fixed)
    assert ending.outcome is Outcome.FAILED and "1 MB free" in ending.why
    assert set(asked) == {2 * 64 * 64 * 2}, "what is asked for is what a visit takes"
    assert outcome(run) == "failed"
    assert states(run) == {"delivered": 3, "skipped": 1, "pending": 4}
    assert one(run, "SELECT rule || ' ' || visit FROM refusals") == "disk 4"
    assert_sound(run, fixed)
    assert resumed(run, fixed).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 7, "skipped": 1}


@pytest.mark.parametrize("nth", [1, 4])
def test_a_frame_that_cannot_be_stored_ends_the_run_and_is_not_said_to_be_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int
) -> None:
    really_write = ImageStore.write
    calls = []

    def write(self: ImageStore, frame: Frame) -> None:
        calls.append(frame)
        if len(calls) == nth:
            raise StoreError("images: the disk is full or over quota; not stored.")
        really_write(self, frame)

    fixed, run = plan(rounds=3), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(ImageStore, "write", write)
        ending = whole(run, fixed)
    assert ending.outcome is Outcome.FAILED and "disk is full" in ending.why
    assert outcome(run) == "failed"
    assert one(run, "SELECT count(*) FROM frames") == nth - 1
    assert one(run, "SELECT count(*) FROM visits WHERE state='running'") == 1
    assert one(run, "SELECT message FROM errors WHERE place='session'").startswith("images:")
    assert_sound(run, fixed)
    assert resumed(run, fixed).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 6}


def test_an_image_that_cannot_be_described_at_the_end_does_not_hide_how_the_run_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(*_: Any) -> None:
        raise StoreError("images/p0: the disk is full")

    fixed, run = plan(rounds=1), tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(ImageStore, "describe", describe)
        ending = whole(run, fixed)
    assert ending.outcome is Outcome.FAILED and "disk is full" in ending.why
    assert outcome(run) == "failed" and states(run) == {"delivered": 2}
    assert resumed(run, fixed).outcome is Outcome.COMPLETE


def test_too_many_failed_visits_in_a_row_stop_the_run(tmp_path: Path) -> None:
    fixed = plan(rounds=10, trouble={"max_errors_in_a_row": 3, "snap_retries": 0})
    run = tmp_path / "run"
    world = scenario(faults=[fault("camera_timeout", 100.0)])
    ending = whole(run, fixed, world=world)
    assert ending.outcome is Outcome.FAILED and "3 visits in a row failed" in ending.why
    assert states(run) == {"delivered": 4, "skipped": 3, "pending": 13}
    assert one(run, "SELECT count(*) FROM errors WHERE place='instrument'") == 6
    assert_sound(run, fixed)


def test_an_instrument_that_failed_gets_time_to_come_back(tmp_path: Path) -> None:
    """Longer each time; what falls due meanwhile is late or overtaken, not lost."""
    fixed = plan(
        fields=1,
        rounds=4,
        interval_s=1,
        channels=("DAPI",),
        trouble={"overtaken": "image_late", "snap_retries": 0},
    )
    run = tmp_path / "run"
    world = scenario(faults=[fault("camera_timeout", 0.0, 30.0)])  # ten seconds each
    assert whole(run, fixed, world=world).outcome is Outcome.COMPLETE
    times = rows(run, "SELECT started_s, finished_s, state FROM visits ORDER BY id")
    assert [state for *_, state in times] == ["skipped", "skipped", "skipped", "delivered"]
    rests = [times[i + 1][0] - times[i][1] for i in range(3)]
    assert rests == [pytest.approx(rest_s) for rest_s in (2.0, 4.0, 8.0)]


def test_failures_with_successes_between_them_do_not_stop_the_run(tmp_path: Path) -> None:
    fixed = plan(rounds=10, trouble={"max_errors_in_a_row": 2, "snap_retries": 0})
    windows = [fault("camera_timeout", 60.0 * n, 60.0 * n + 0.4) for n in (2, 4, 6)]
    run = tmp_path / "run"
    assert whole(run, fixed, world=scenario(faults=windows)).outcome is Outcome.COMPLETE
    assert one(run, "SELECT count(*) FROM errors WHERE place='instrument'") == 3
    assert states(run)["delivered"] == 17


def test_a_stuck_stage_skips_the_visit_and_images_nothing_elsewhere(tmp_path: Path) -> None:
    fixed = plan(rounds=3, trouble={"max_errors_in_a_row": 99})
    run = tmp_path / "run"
    world = scenario(faults=[fault("stuck_stage", 60.0, 110.0)])
    assert whole(run, fixed, world=world).outcome is Outcome.COMPLETE
    skipped = rows(run, "SELECT fov, round, why FROM visits WHERE state='skipped'")
    assert skipped and all("XY stage" in why for *_, why in skipped)
    places = rows(run, "SELECT DISTINCT fov, x_um FROM frames ORDER BY fov")
    assert [(fov, round(x)) for fov, x in places] == [("p0", 0), ("p1", 300)]
    assert_sound(run, fixed)


def test_a_frame_lost_on_the_way_makes_a_dropped_visit_that_is_still_looked_at(
    tmp_path: Path,
) -> None:
    fixed = plan(rounds=3, channels=("DAPI", "FITC"), trouble={"snap_retries": 0})
    undisturbed, run = tmp_path / "undisturbed", tmp_path / "run"
    whole(undisturbed, fixed)
    time_s = one(undisturbed, "SELECT time_s FROM exposures WHERE visit=3 AND idx=1")
    world = scenario(faults=[fault("dropped_frame", time_s - 0.001, time_s + 0.001)])
    assert whole(run, fixed, world=world).outcome is Outcome.COMPLETE
    (why,) = [w for (w,) in rows(run, "SELECT why FROM visits WHERE state='dropped'")]
    assert why.startswith("1 of 2 frames")
    assert one(run, "SELECT count(*) FROM decisions") == 6
    assert states(run) == {"delivered": 5, "dropped": 1}
    assert_sound(run, fixed)


# ---------------------------------------------------------------------- focus and light


def blurred(rounds: int, on_failure: str, **sections: Any) -> Plan:
    """Autofocus at every second round; over an empty dish it never finds anything."""
    return plan(
        rounds=rounds,
        channels=("DAPI",),
        autofocus={
            "channel": "DAPI",
            "exposure_ms": 5,
            "when": "every_nth_round",
            "every_n_rounds": 2,
            "range_um": 8,
            "coarse_step_um": 4,
            "fine_step_um": 2,
            "retries": 0,
            "on_failure": on_failure,
        },
        **sections,
    )


@pytest.mark.parametrize(
    ("on_failure", "expected", "ends_as"),
    [
        pytest.param("skip", {"skipped": 4, "delivered": 4}, "complete", id="skip the visit"),
        pytest.param("hold_last", {"delivered": 8}, "complete", id="image at the last good z"),
        pytest.param("hold_position", {"skipped": 8}, "complete", id="leave the field alone"),
        pytest.param("stop", {"skipped": 1, "pending": 7}, "failed", id="end the run"),
    ],
)
def test_a_failed_autofocus_is_dealt_with_as_the_plan_says(
    tmp_path: Path, on_failure: str, expected: dict[str, int], ends_as: str
) -> None:
    focusing, run = blurred(4, on_failure), tmp_path / "run"
    ending = whole(run, focusing, world=scenario("empty"))
    assert ending.outcome == ends_as
    assert states(run) == expected
    assert one(run, "SELECT count(*) FROM focus WHERE ok=0") > 0
    assert one(run, "SELECT count(*) FROM exposures WHERE purpose='focus'") > 0
    if on_failure != "hold_last":
        reasons = rows(run, "SELECT DISTINCT why FROM visits WHERE state='skipped'")
        assert all("autofocus failed" in why for (why,) in reasons)
    assert_sound(run, focusing)


def test_a_held_field_is_not_imaged_again_whatever_is_decided(tmp_path: Path) -> None:
    """Its autofocus fails at the second round; verdicts on it are still to come, and ask for
    more."""
    focusing = blurred(4, "hold_position", latency_s=70, deadline_s=600)
    run = tmp_path / "run"
    more = (Revisit(fov="p0"), Burst(fov="p0"))
    policy = scripted(lambda _, v: wants(v, *more) if v.fov == "p0" else wants(v))
    with policy, opened(run, focusing) as session:
        session.begin()
        session.journal.database.write("UPDATE visits SET refocus=(fov='p0' AND round=1)")
        assert ends(session).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 5, "skipped": 3}
    assert one(run, "SELECT max(round) FROM visits WHERE fov='p0' AND state='delivered'") == 0
    applied = one(run, "SELECT applied FROM decisions WHERE visit=1")
    assert applied.count("the position is held") == 2
    assert_sound(run, focusing)


def test_an_exhausted_budget_skips_visits_and_the_run_still_balances(tmp_path: Path) -> None:
    """20 ms a visit, a budget for three of them: each refusal is in the journal."""
    frugal = plan(rounds=5, budget={"exposure_per_fov_s": 0.06})
    run = tmp_path / "run"
    with opened(run, frugal) as session:
        session.begin()
        assert ends(session).outcome is Outcome.COMPLETE
        assert account(session.journal.database).balances
    assert states(run) == {"delivered": 6, "skipped": 4}
    assert rows(
        run, "SELECT rule, count(*), count(DISTINCT visit) FROM refusals GROUP BY rule"
    ) == [("dose_fov", 8, 4)]
    assert one(run, "SELECT why FROM visits WHERE id=10").startswith("refused: exposure = 10 ms")
    assert_sound(run, frugal)


def test_a_budget_that_ends_within_a_visit_drops_it(tmp_path: Path) -> None:
    frugal = plan(rounds=2, budget={"exposure_per_fov_s": 0.03})
    run = tmp_path / "run"
    assert whole(run, frugal).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 2, "dropped": 2}
    assert_sound(run, frugal)


@pytest.mark.parametrize(
    "budget",
    [
        {"exposure_per_fov_s": 0.15},
        {"dose_per_fov_j_cm2": 0.009},
        {"total_dose_j_cm2": 0.009},
    ],
    ids=lambda b: next(iter(b)),
)
def test_a_burst_that_the_light_budget_does_not_pay_for_is_not_begun(
    tmp_path: Path, budget: dict[str, float]
) -> None:
    poor = plan(rounds=2, policy=EAGER, reaction=QUICK_BURST, budget=budget)
    run = tmp_path / "run"
    assert whole(run, poor, judge=always(0.99)).outcome is Outcome.COMPLETE
    assert one(run, "SELECT count(*) FROM bursts") == 0
    said = rows(run, "SELECT reason FROM decisions")
    assert all("light budget allows no fast imaging" in reason for (reason,) in said)


# ---------------------------------------------------------------------- synchronized


def starts(run: Path) -> list[tuple[str, float]]:
    return rows(run, "SELECT fov, started_s FROM visits WHERE started_s IS NOT NULL ORDER BY 2")


def test_synchronized_a_field_waits_for_its_verdict_and_the_others_do_not(tmp_path: Path) -> None:
    """Every 10 s, verdicts after 15 s: each field is visited when it has been judged."""
    coupled = plan(
        fields=2,
        rounds=6,
        interval_s=10,
        channels=("DAPI",),
        latency_s=15,
        deadline_s=100,
        coupling="synchronized",
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    assert whole(run, coupled).outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 12}
    free = {"p0": 0.0, "p1": 0.0}
    for fov, started, ready in rows(
        run,
        "SELECT fov, started_s, ready_s FROM visits v JOIN verdicts d ON d.visit=v.id ORDER BY 2",
    ):
        assert started >= free[fov], "a field was visited before its verdict"
        free[fov] = ready
    assert_sound(run, coupled)


def test_synchronized_a_field_waits_no_longer_than_the_deadline(tmp_path: Path) -> None:
    """A verdict that would take a minute holds nobody up for more than 5 s."""
    coupled = plan(
        fields=1,
        rounds=4,
        interval_s=3,
        channels=("DAPI",),
        latency_s=60,
        deadline_s=5,
        coupling="synchronized",
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    assert whole(run, coupled).outcome is Outcome.COMPLETE
    ended = [f for (f,) in rows(run, "SELECT finished_s FROM visits ORDER BY id")]
    waits = [s - f for (_, s), f in zip(starts(run)[1:], ended, strict=False)]
    assert waits == [pytest.approx(5.0, abs=1e-5)] * 3


def test_synchronized_a_waiting_field_does_not_hold_up_another_that_falls_due(
    tmp_path: Path,
) -> None:
    """p0 is due again at once and waits 40 s for its verdict; p1's round is at 10 s."""
    coupled = plan(
        fields=2,
        rounds=2,
        interval_s=10,
        channels=("DAPI",),
        latency_s=40,
        deadline_s=100,
        coupling="synchronized",
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    with opened(run, coupled) as session:
        session.begin()
        database = session.journal.database
        database.write("UPDATE visits SET due_s=CASE fov WHEN 'p0' THEN 0 ELSE 10 END")
        database.write("DELETE FROM visits WHERE fov='p1' AND round=1")
        assert ends(session).outcome is Outcome.COMPLETE
    assert dict(starts(run)[1:2]) == {"p1": pytest.approx(10.0)}


# ---------------------------------------------------------------------- alone


class Bench:
    """A pump without an instrument, on a real journal and store."""

    def __init__(self, folder: Path, plan_: Plan, clock: Clock, *, simulated: bool) -> None:
        self.journal = Journal(folder, clock.now, durable=False)
        fill(plan_, self.journal.visits)
        self.handoff = Handoff(simulated=simulated, latency_s=0.0)
        layout = ImageLayout(("DAPI",), 1, None, 8, 8, "uint16", 0.5, None)
        store = ImageStore(folder, layout, sync=False)
        self.schedule = Schedule(plan_, self.journal.visits)
        self.pump = Pump(
            plan_,
            self.journal,
            self.schedule,
            store,
            Writer(store, self.journal, background=False),
            self.handoff,
            clock,
            DoseLedger(self.journal.light),
            DiskGuard(folder, 0),
            Quiet(),
        )


class Slow(SimClock):
    """Counts how often somebody sleeps, and says real time to the handoff."""

    simulated = False
    slept = 0

    def sleep_until(self, t_s: float, wake: threading.Event | None = None) -> None:
        self.slept += 1
        assert self.slept < 100, "busy waiting"
        super().sleep_until(t_s, wake)


def test_a_stop_that_comes_while_the_pump_looks_round_is_not_slept_through(
    tmp_path: Path,
) -> None:
    """The next visit is due in ten minutes; nobody wants to wait that long for Ctrl-C."""
    clock = Slow()
    bench = Bench(tmp_path, plan(fields=1, rounds=2, interval_s=600), clock, simulated=False)
    pump = bench.pump
    first = pump.next_visit()
    assert first is not None
    bench.journal.visits.skip_pending(None, 1.0, "out of the way")
    really_clear = bench.handoff.changed.clear

    def clear() -> None:
        pump.stop(Outcome.STOPPED, "Ctrl-C")
        really_clear()

    bench.handoff.changed.clear = clear  # type: ignore[method-assign]  # the moment that matters
    assert pump.next_visit() is None
    assert pump.ending == (Outcome.STOPPED, "Ctrl-C") and clock.slept == 0
    bench.journal.close()


def test_a_decision_at_the_last_moment_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is empty; while the pump says so, the last verdict asks for one more visit."""
    bench = Bench(tmp_path, plan(fields=1, rounds=1), Slow(), simulated=False)
    first = bench.pump.next_visit()
    assert first is not None
    bench.journal.visits.finish(first.id, VisitState.DELIVERED, "", 0.0)
    bench.handoff.put(FinishedVisit(first.id, "p0", VisitKind.BASELINE, 0.0, 0.0, ()))
    assert bench.handoff.take() is not None
    really_next = bench.schedule.next_due_s

    def next_due_s(after_s: float = float("-inf")) -> float | None:
        found = really_next(after_s)
        if bench.handoff.undecided():
            with bench.journal.database.transaction():
                bench.journal.visits.add([NewVisit("p0", VisitKind.REVISIT, 2, 0.0, 2)])
            bench.handoff.decided()
        return found

    monkeypatch.setattr(bench.schedule, "next_due_s", next_due_s)
    again = bench.pump.next_visit()
    assert again is not None and again.kind is VisitKind.REVISIT
    bench.journal.close()


@pytest.mark.parametrize(
    ("asked", "ending"),
    [
        ([], (Outcome.RUNNING, "")),
        ([(Outcome.STOPPED, "a"), (Outcome.STOPPED, "b")], (Outcome.STOPPED, "a")),
        ([(Outcome.FAILED, "a"), (Outcome.STOPPED, "b")], (Outcome.FAILED, "a")),
        ([(Outcome.STOPPED, "a"), (Outcome.FAILED, "b")], (Outcome.FAILED, "b")),
    ],
)
def test_the_first_reason_to_stop_counts_and_a_failure_before_all(
    tmp_path: Path, asked: list[tuple[Outcome, str]], ending: tuple[Outcome, str]
) -> None:
    bench = Bench(tmp_path, plan(), Slow(), simulated=False)
    for outcome_, why in asked:
        bench.pump.stop(outcome_, why)
    assert bench.pump.ending == ending
    assert (bench.pump.next_visit() is None) == bool(asked)
    bench.journal.close()
