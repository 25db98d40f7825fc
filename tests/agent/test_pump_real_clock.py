"""On the real clock, with Micro-Manager's demo devices: the mind never holds up the baseline."""

from __future__ import annotations

import functools
import threading
import time
from typing import TYPE_CHECKING, Any
from unittest import mock

from run_kit import (
    EAGER,
    Judge,
    always,
    assert_sound,
    ends,
    one,
    opened,
    plan,
    real_scope,
    rows,
    verdict,
    whole,
)

from agent.handoff import Handoff
from agent.journal.states import Outcome
from agent.journal.visits import VisitBook, VisitRow
from agent.progress import Quiet
from hardware.store import ImageStore, StoreError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pytest

    from hardware.data import Frame


def states(run: Path, table: str = "visits") -> dict[str, int]:
    return dict(rows(run, f"SELECT state, count(*) FROM {table} GROUP BY state"))


def test_a_judge_that_hangs_does_not_stall_the_baseline(tmp_path: Path) -> None:
    let_go = threading.Event()

    def answer(frames: Sequence[Frame]) -> Any:
        if frames[0].visit_id == 1:
            let_go.wait(60)
        return verdict(frames[0].visit_id, frames[0].key.fov)

    quick = plan(
        rounds=5,
        interval_s=0.1,
        channels=("DAPI",),
        deadline_s=1.5,
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    ending = whole(run, quick, judge=Judge(answer), scope=real_scope(), durable=True)
    let_go.set()
    assert ending.outcome is Outcome.COMPLETE
    assert states(run) == {"delivered": 10}
    judged = dict(rows(run, "SELECT visit, state FROM verdicts"))
    assert judged[1] == "late" and judged[10] == "given" and len(judged) == 10
    first_verdict_s = one(run, "SELECT ready_s FROM verdicts WHERE visit=1")
    assert one(run, "SELECT count(*) FROM visits WHERE started_s<?", first_verdict_s) > 2
    assert one(run, "SELECT policy FROM decisions WHERE visit=1") == "plan default"
    assert_sound(run, quick)


def test_a_judge_that_is_too_slow_loses_the_oldest_visits_and_they_are_counted(
    tmp_path: Path,
) -> None:
    class View(Quiet):
        def __init__(self) -> None:
            self.warnings: list[str] = []

        def warning(self, text: str) -> None:
            self.warnings.append(text)

    def answer(frames: Sequence[Frame]) -> Any:
        time.sleep(0.3)
        return verdict(frames[0].visit_id, frames[0].key.fov)

    quick = plan(rounds=6, interval_s=0.1, channels=("DAPI",))
    run, view = tmp_path / "run", View()
    narrow = functools.partial(Handoff, capacity=2)
    with mock.patch("agent.session.Handoff", narrow):
        ending = whole(run, quick, judge=Judge(answer), scope=real_scope(), progress=view)
    assert ending.outcome is Outcome.COMPLETE
    judged = states(run, "verdicts")
    assert judged["unjudged"] + judged["given"] == states(run)["delivered"]
    assert judged["unjudged"] == len(view.warnings) > 0
    assert one(run, "SELECT count(*) FROM decisions") == sum(judged.values())
    assert one(run, "SELECT max(visit) FROM verdicts WHERE state='given'") == one(
        run, "SELECT max(id) FROM visits WHERE state='delivered'"
    ), "not the oldest were dropped"
    assert_sound(run, quick)


def test_synchronized_each_field_waits_for_its_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(frames: Sequence[Frame]) -> Any:
        time.sleep(0.1)
        return verdict(frames[0].visit_id, frames[0].key.fov)

    coupled = plan(
        rounds=4,
        interval_s=0.05,
        channels=("DAPI",),
        coupling="synchronized",
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    sleeps: list[float] = []
    scope = real_scope()
    really_sleep, really_start = scope.clock.sleep_until, VisitBook.start

    def sleep_until(t_s: float, wake: Any = None) -> None:
        sleeps.append(t_s)
        really_sleep(t_s, wake)

    def start(
        self: VisitBook, visit: VisitRow, now_s: float, *, late: bool, bursts_apart: bool = False
    ) -> int:
        assert visit.fov not in {v.fov for v in self.undecided()}, "its verdict is still to come"
        return really_start(self, visit, now_s, late=late, bursts_apart=bursts_apart)

    monkeypatch.setattr(scope.clock, "sleep_until", sleep_until)
    monkeypatch.setattr(VisitBook, "start", start)
    ending = whole(run, coupled, judge=Judge(answer), scope=scope)
    assert ending.outcome is Outcome.COMPLETE, ending
    assert states(run) == {"delivered": 8} and states(run, "verdicts") == {"given": 8}
    assert len(sleeps) < 60, "busy waiting"


def test_synchronized_a_hanging_judge_costs_a_field_its_deadline(tmp_path: Path) -> None:
    let_go = threading.Event()

    def answer(_: Sequence[Frame]) -> Any:
        let_go.wait(60)
        return None

    coupled = plan(
        fields=1,
        rounds=3,
        interval_s=0.05,
        channels=("DAPI",),
        deadline_s=0.3,
        coupling="synchronized",
        trouble={"overtaken": "image_late"},
    )
    run = tmp_path / "run"
    ending = whole(run, coupled, judge=Judge(answer), scope=real_scope())
    let_go.set()
    assert ending.outcome is Outcome.COMPLETE
    times = rows(run, "SELECT started_s, finished_s FROM visits ORDER BY id")
    waits = [times[i + 1][0] - times[i][1] for i in range(2)]
    assert all(wait >= 0.299 for wait in waits), "a field did not wait for its verdict"
    assert states(run, "verdicts") == {"late": 3}


def test_reactions_enter_the_schedule_while_the_baseline_goes_on(tmp_path: Path) -> None:
    quick = plan(
        rounds=6,
        interval_s=1.0,  # long enough for a verdict and its burst on a busy machine
        channels=("DAPI",),
        policy=EAGER | {"confirm_after_s": 0.1},
        reaction={"interval_s": 0.2, "duration_s": 3.0},
    )
    run = tmp_path / "run"
    assert whole(run, quick, judge=always(0.9), scope=real_scope()).outcome is Outcome.COMPLETE
    kinds = dict(rows(run, "SELECT kind, count(*) FROM visits WHERE state='delivered' GROUP BY 1"))
    assert kinds["reaction"] >= 2 and kinds["baseline"] >= 2
    assert_sound(run, quick)


def test_a_full_disk_beside_the_acquisition_ends_the_run_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer is a thread of its own: what it meets with must end the run all the same."""
    really_write = ImageStore.write
    written: list[Any] = []

    def write(self: ImageStore, frame: Frame) -> None:
        if len(written) == 3:
            raise StoreError("images: the disk is full or over quota; not stored.")
        written.append(frame)
        really_write(self, frame)

    monkeypatch.setattr(ImageStore, "write", write)
    quick = plan(rounds=8, interval_s=0.1, channels=("DAPI",))
    run = tmp_path / "run"
    with opened(run, quick, scope=real_scope()) as session:
        session.begin()
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED and "disk is full" in ending.why
    assert one(run, "SELECT count(*) FROM frames") == 3
    assert states(run)["delivered"] == 3 and states(run)["running"] >= 1
    assert_sound(run, quick)


def test_a_stop_ends_a_long_wait_at_once(tmp_path: Path) -> None:
    class View(Quiet):
        def __init__(self) -> None:
            self.done = threading.Event()

        def visit_finished(self, *_: Any) -> None:
            self.done.set()

    slow = plan(fields=1, rounds=2, interval_s=3600, channels=("DAPI",))
    run, view = tmp_path / "run", View()
    with opened(run, slow, scope=real_scope(), progress=view) as session:
        session.begin()

        def stop() -> None:
            view.done.wait(30)
            session.stop("enough")

        threading.Thread(target=stop, daemon=True).start()
        ending = ends(session)
    assert (ending.outcome, ending.why) == (Outcome.STOPPED, "enough")
    assert states(run) == {"delivered": 1, "pending": 1}


def test_threads_end_with_the_run(tmp_path: Path) -> None:
    before = {thread.ident for thread in threading.enumerate()}
    quick = plan(rounds=2, interval_s=0.05, channels=("DAPI",))
    whole(tmp_path / "run", quick, judge=always(0.0), scope=real_scope())
    for thread in threading.enumerate():
        if thread.ident not in before and thread.name in ("judge", "device-calls"):
            thread.join(5)
    left = [t.name for t in threading.enumerate() if t.ident not in before and t.is_alive()]
    assert [n for n in left if n in ("pump", "loop", "writer", "judge", "device-calls")] == []
