"""Changes and interruptions: applied once, whole, and never in the middle of a visit."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from change_kit import begun, changed, every, run_with, told
from run_kit import (
    assert_sound,
    ends,
    one,
    opened,
    plan,
    real_scope,
    resumed,
    rows,
    scripted,
    wants,
)

from agent.change.adopt import read_plan
from agent.handoff import FinishedVisit, Handoff
from agent.journal.states import Outcome
from agent.plan import Plan
from hardware.data import VisitKind
from hardware.store import ImageStore, StoreError

if TYPE_CHECKING:
    from policies.action import Decision
    from policies.verdict import Verdict

SLOW = plan(rounds=6, interval_s=60)
SLOWER = every(SLOW, 120, 3)
HERE = str(Path(__file__).parent)

KILLED = f"""
import sys
sys.path.insert(0, {HERE!r})
import os, signal
from pathlib import Path
from unittest import mock
from change_kit import every, run_with, told
from run_kit import plan
from agent.change.requeue import Requeue
from agent.journal.changes import ChangeBook
slow, run, when = plan(rounds=6, interval_s=60), Path(sys.argv[1]), sys.argv[2]

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

def after(self, *_):
    really(self, *_)
    die()

really = ChangeBook.applied
where = {{
    "before": ("agent.session.adopt", die),
    "half way": ("agent.journal.changes.ChangeBook.applied", after),
    "after": ("agent.session.Session._assemble", None),
}}[when]
tell = lambda: told(run, every(slow, 120, 3))
if when == "after":
    from agent.session import Session
    assemble, calls = Session._assemble, []
    def second(self, store):
        calls.append(store)
        return assemble(self, store) if len(calls) == 1 else die()
    Session._assemble = second
    run_with(run, slow, {{2: tell}})
else:
    def then():
        tell()
        mock.patch(*where).start()
    run_with(run, slow, {{2: then}})
"""


def plan_of(run: Path) -> Plan:
    """The plan that `microscout resume` would go on with."""
    return read_plan(one(run, "SELECT value FROM run WHERE key='plan'"))


def dues(run: Path, fov: str = "p0") -> list[float]:
    found = rows(
        run, "SELECT due_s FROM visits WHERE fov=? AND state='delivered' ORDER BY due_s", fov
    )
    return [due for (due,) in found]


@pytest.mark.parametrize("when", ["before", "half way", "after"])
def test_killed_between_confirmation_and_application_it_is_applied_once(
    tmp_path: Path, when: str
) -> None:
    run = tmp_path / "run"
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(run), when], capture_output=True, text=True, check=False
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    waits = "applied" if when == "after" else "confirmed"
    assert rows(run, "SELECT state FROM changes") == [(waits,)]
    assert one(run, "SELECT count(*) FROM plans") == (2 if when == "after" else 0)
    assert resumed(run, plan_of(run)).outcome is Outcome.COMPLETE
    assert rows(run, "SELECT state FROM changes") == [("applied",)]
    assert rows(run, "SELECT version FROM plans") == [(1,), (2,)]
    assert dues(run) == [0, 60, 120, 240] and plan_of(run) == SLOWER
    assert len(rows(run, "SELECT 1 FROM notes WHERE kind='change'")) == 1
    assert_sound(run, SLOW)


def test_a_run_that_is_not_running_takes_the_change_when_it_is_resumed(tmp_path: Path) -> None:
    run = tmp_path / "run"

    def script(n: int, verdict: Verdict) -> Decision:
        if n == 2:
            session.stop("enough")
        return wants(verdict)

    with scripted(script), opened(run, SLOW) as session:
        begun(session)
        assert ends(session).outcome is Outcome.STOPPED
    told(run, SLOWER)
    assert resumed(run, plan_of(run)).outcome is Outcome.COMPLETE
    assert dues(run) == [0, 60, 120, 240]
    assert plan_of(run) == SLOWER


def test_a_run_is_resumed_with_the_plan_as_changed(tmp_path: Path) -> None:
    """Its images go on as they were begun, though their nominal interval is another one now."""
    run = tmp_path / "run"

    def script(n: int, verdict: Verdict) -> Decision:
        if n == 2:
            told(run, SLOWER)
        if n == 4:
            session.stop("enough")
        return wants(verdict)

    with scripted(script), opened(run, SLOW) as session:
        begun(session)
        assert ends(session).outcome is Outcome.STOPPED
    assert plan_of(run) == SLOWER
    assert resumed(run, plan_of(run)).outcome is Outcome.COMPLETE
    assert dues(run) == [0, 60, 120, 240]


def test_a_visit_that_was_interrupted_ends_as_it_was_begun(tmp_path: Path) -> None:
    """Told meanwhile, a new exposure is for the visits after it: no visit has two of them."""
    run = tmp_path / "run"
    dim = plan(rounds=3, fields=1, interval_s=60)
    bright = changed(
        dim,
        baseline__channels=[
            {"group": "Channel", "config": name, "exposure": 30} for name in ("DAPI", "FITC")
        ],
    )

    written: list[object] = []
    really = ImageStore.write

    def write(self: ImageStore, frame: object) -> None:
        written.append(frame)
        if len(written) == 4:
            raise StoreError("images: gone; not stored.")
        really(self, frame)  # type: ignore[arg-type]

    with mock.patch.object(ImageStore, "write", write), opened(run, dim) as session:
        begun(session)
        assert ends(session).outcome is Outcome.FAILED
    assert one(run, "SELECT count(*) FROM visits WHERE state='running'") == 1
    told(run, bright)
    assert resumed(run, plan_of(run)).outcome is Outcome.COMPLETE
    taken = rows(run, "SELECT visit, exposure_ms FROM frames ORDER BY visit, idx")
    assert [ms for _, ms in taken] == [10, 10, 10, 10, 30, 30]


def test_a_change_told_in_the_last_moment_is_refused_and_not_forgotten(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with mock.patch("agent.journal.changes.ChangeBook.waiting", lambda _: False):
        ending = run_with(run, SLOW, {11: lambda: told(run, every(SLOW, 60, 9))})
    assert ending.outcome is Outcome.COMPLETE
    assert rows(run, "SELECT state, why FROM changes") == [
        ("refused", "the run ended before it could be applied")
    ]


def test_a_change_that_cannot_be_weighed_does_not_end_the_run(tmp_path: Path) -> None:
    run = tmp_path / "run"

    def broken(*_: object) -> None:
        raise ZeroDivisionError("in the middle of it")

    def then() -> None:
        told(run, SLOWER)
        patched.start()

    patched = mock.patch("agent.change.adopt.weigh", broken)
    try:
        ending = run_with(run, SLOW, {2: then})
    finally:
        patched.stop()
    assert ending.outcome is Outcome.COMPLETE
    assert dues(run) == [0, 60, 120, 180, 240, 300]
    state, why = rows(run, "SELECT state, why FROM changes")[0]
    assert state == "refused" and "in the middle of it" in why


def test_it_is_weighed_again_when_it_is_applied(tmp_path: Path) -> None:
    """Between confirmation and the next visit light was spent: the gate would have to refuse."""
    run = tmp_path / "run"
    free = plan(rounds=6, fields=1, channels=("DAPI",))
    tight = changed(free, budget={"exposure_per_fov_s": 0.065})

    def then() -> None:
        told(run, tight)
        session.journal.database.write(
            "INSERT INTO exposures (visit, idx, purpose, fov, channel, exposure_ms, time_s, x_um,"
            " y_um, z_um, objective) VALUES (1, 9, 'retry', 'p0', 'DAPI', 500, 1, 0, 0, 0, '20X')"
        )

    def script(n: int, verdict: Verdict) -> Decision:
        if n == 1:
            then()
        return wants(verdict)

    with scripted(script), opened(run, free) as session:
        begun(session)
        assert ends(session).outcome is Outcome.COMPLETE
    assert one(run, "SELECT state FROM changes") == "refused"
    assert "budget.exposure_per_fov_s" in one(run, "SELECT why FROM changes")


def test_a_real_run_hears_of_a_change_while_it_waits_for_its_next_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next round would be an hour away."""
    monkeypatch.setattr("agent.pump.LISTEN_S", 0.1)
    run, hourly = tmp_path / "run", plan(rounds=2, interval_s=3600, fields=1)
    soon = changed(hourly, baseline__time_plan={"interval": 2, "loops": 3})
    later = threading.Timer(1.0, lambda: told(run, soon))  # nothing else wakes the run then
    ending = run_with(run, hourly, {0: later.start}, scope=real_scope(), durable=True)
    assert ending.outcome is Outcome.COMPLETE
    assert one(run, "SELECT state FROM changes") == "applied"
    assert len(dues(run)) >= 2 and dues(run)[-1] == 4.0
    assert_sound(run, hourly)


def test_what_nobody_has_looked_at_is_not_waited_for_and_not_forgotten(tmp_path: Path) -> None:
    """A real run's change is not held up by a queue in front of the judge."""
    handoff = Handoff(simulated=False, latency_s=0.0)
    for n in (1, 2):
        handoff.put(FinishedVisit(n, "p0", VisitKind.BASELINE, 0.0, 1.0, None))
    assert handoff.take() is not None
    handoff.decided()
    handoff.close(leave=True)
    assert handoff.take() is None and handoff.undecided() == 1

    run, quick = tmp_path / "run", plan(rounds=4, interval_s=0.5, fields=2)
    longer = every(quick, 0.5, 6)
    ending = run_with(run, quick, {1: lambda: told(run, longer)}, scope=real_scope())
    assert ending.outcome is Outcome.COMPLETE
    assert one(run, "SELECT state FROM changes") == "applied"
    assert one(run, "SELECT count(*) FROM decisions") == one(
        run, "SELECT count(*) FROM visits WHERE state='delivered'"
    )
