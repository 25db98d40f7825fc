"""The guards: what each of them finds, alone and in whole runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import demo, ends, one, open_shutters, opened, plan, rows, scenario

from agent.journal.states import Outcome
from agent.live.guard import Guard, Trouble
from agent.live.guard_clock import ClockGuard
from agent.live.guard_memory import MemoryGuard, available_bytes, total_bytes, used_bytes
from agent.live.guards import guards
from agent.session import Live, Session
from sim.paced import PacedClock
from sim.scope import open_scope

if TYPE_CHECKING:
    from pathlib import Path

    from sim.core import SimCore

Hand = Callable[["SimCore"], None]


class Touch:
    """A hand at the instrument, just before the check of the n-th visit that falls due."""

    def __init__(self, session: Session, hands: dict[int, Hand]) -> None:
        self._core: Any = session.scope.core
        self._hands = hands
        self._n = 0

    def check(self, now_s: float) -> Trouble | None:
        self._n += 1
        if hand := self._hands.pop(self._n, None):
            hand(self._core)
        return None


class Visitor:
    """Somebody who resumes the run as often as it is paused, and hears what it says."""

    def __init__(self, hands: dict[int, Hand]) -> None:
        self.heard: list[tuple[str, str]] = []
        self.pauses = 0
        self._hands = hands
        self._over = threading.Event()

    def live(self) -> Live:
        def made(session: Session) -> Sequence[Guard]:
            return [Touch(session, self._hands), *guards(session)]

        return Live(commands=True, guards=made, news=lambda *n: self.heard.append(n))

    def runs(self, path: Path, plan_: Any, **how: Any) -> Session:
        with opened(path, plan_, live=self.live(), **how) as session:
            session.begin()
            thread = threading.Thread(target=self._resume, args=(session,))
            thread.start()
            try:
                assert ends(session).outcome is Outcome.COMPLETE
            finally:
                self._over.set()
                thread.join()
        return session

    def _resume(self, session: Session) -> None:
        live = session.journal.live
        while not self._over.wait(0.02):
            paused = any(lock.who == "guard" for lock in live.locks("pause"))
            if paused and not live.to_apply():
                live.send('{"command": "resume"}', "Ada", "api", 0.0)
                session.poke()
        self.pauses = sum(c.why == "goes on" for c in live.commands())


def move(x: float, y: float) -> Hand:
    return lambda core: core.setXYPosition(x, y)


HANDS: list[tuple[Hand, str]] = [
    (move(52.3, 0.0), "stage x 300.0 -> 52.3 um"),
    (move(300.0, -20.0), "stage y 0.0 -> -20.0 um"),
    (lambda core: core.setPosition(7.0), "focus z 0.00 -> 7.00 um"),
    (lambda core: core.setConfig("Channel", "Cy5"), "channel DAPI -> Cy5"),
    (lambda core: core.setShutterOpen("LED Shutter", True), "shutter LED Shutter open"),
]


@pytest.mark.parametrize(("hand", "said"), HANDS, ids=[said for _, said in HANDS])
def test_a_touch_pauses_the_run_and_says_what_differs(
    tmp_path: Path, hand: Hand, said: str
) -> None:
    visitor = Visitor({3: hand})
    visitor.runs(tmp_path / "r", plan(channels=("DAPI",)))
    ((kind, text),) = visitor.heard
    assert kind == "operator_touch" and said in text
    assert visitor.pauses == 1
    assert one(tmp_path / "r", "SELECT count(*) FROM frames") == 6, "it has gone on"
    assert one(tmp_path / "r", "SELECT text FROM notes WHERE kind='operator_touch'") == text
    assert {r[0] for r in rows(tmp_path / "r", "SELECT channel FROM frames")} == {"DAPI"}


def test_where_the_plan_says_so_a_touch_is_only_noted(tmp_path: Path) -> None:
    visitor = Visitor({3: move(52.3, 0.0)})
    visitor.runs(tmp_path / "r", plan(channels=("DAPI",), trouble={"on_touch": "note"}))
    assert visitor.pauses == 0 and len(visitor.heard) == 1
    assert one(tmp_path / "r", "SELECT count(*) FROM frames") == 6


def test_light_that_somebody_has_switched_on_is_off_before_anything_else(tmp_path: Path) -> None:
    seen: list[bool] = []

    def open_(core: SimCore) -> None:
        core.setShutterOpen("LED Shutter", True)

    class After:
        def __init__(self, session: Session) -> None:
            self._core: Any = session.scope.core

        def check(self, now_s: float) -> Trouble | None:
            seen.append(self._core.true_light())
            return None

    visitor = Visitor({3: open_})

    def made(session: Session) -> Sequence[Guard]:
        return [Touch(session, {3: open_}), *guards(session), After(session)]

    live = Live(commands=True, guards=made, news=lambda *n: visitor.heard.append(n))
    plan_ = plan(channels=("DAPI",), trouble={"on_touch": "note"})
    with opened(tmp_path / "r", plan_, live=live) as session:
        session.begin()
        ends(session)
    assert "light switched off" in visitor.heard[0][1]
    assert not any(seen)


def test_light_by_hand_is_seen_between_two_visits(tmp_path: Path) -> None:
    """Nothing is due for an hour of run time; the hand comes at once."""
    visitor = Visitor({})
    clock = PacedClock(100)
    scope = open_scope(demo(), scenario(), 1, clock)
    plan_ = plan(rounds=2, interval_s=600, channels=("DAPI",))
    with opened(tmp_path / "r", plan_, live=visitor.live(), scope=scope) as session:
        session.begin()
        thread = threading.Thread(target=session.run)
        thread.start()
        until(lambda: clock.now() > 30)
        scope.core.setShutterOpen("LED Shutter", True)
        until(lambda: visitor.heard)
        off = scope.core.light[-1][1]
        session.stop("seen enough")
        thread.join()
    assert "shutter LED Shutter open" in visitor.heard[0][1]
    assert off is not None


def until(true: Callable[[], Any]) -> None:
    end = time.monotonic() + 30.0
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.01)


def test_another_objective_pauses_the_run_until_the_right_one_is_back(tmp_path: Path) -> None:
    """LESSONS 13: even where touches are only noted, no image is taken with a wrong objective."""
    back = {3: lambda core: core.setConfig("Objective", "10X")}
    back[4] = back[5] = lambda core: None
    back[6] = lambda core: core.setConfig("Objective", "20X")
    visitor = Visitor(back)
    visitor.runs(tmp_path / "r", plan(channels=("DAPI",), trouble={"on_touch": "note"}))
    assert visitor.pauses >= 3
    assert "objective 10X, the run is with 20X" in visitor.heard[0][1]
    assert {r[0] for r in rows(tmp_path / "r", "SELECT objective FROM frames")} == {"20X"}


def test_after_a_pause_that_a_person_made_nothing_they_did_is_a_touch(tmp_path: Path) -> None:
    visitor = Visitor({})
    with opened(tmp_path / "r", plan(channels=("DAPI",)), live=visitor.live()) as session:
        session.begin()
        done: list[int] = []

        def person() -> None:
            until(lambda: one(tmp_path / "r", "SELECT count(*) FROM locks WHERE kind='pause'"))
            session.scope.core.setXYPosition(77.0, 0.0)
            session.scope.core.setShutterOpen("LED Shutter", True)
            done.append(1)
            session.journal.live.send('{"command": "resume"}', "Ada", "api", 0.0)

        session.journal.live.send('{"command": "pause"}', "Ada", "api", 0.0)
        thread = threading.Thread(target=person)
        thread.start()
        assert ends(session).outcome is Outcome.COMPLETE
        thread.join()
        assert open_shutters(session) == ()
    assert done and visitor.heard == []


def test_the_runs_own_moves_focus_and_bursts_are_no_touch(tmp_path: Path) -> None:
    """With autofocus that finds another z, z stacks, and a turret that turns for bursts."""
    visitor = Visitor({})
    plan_ = plan(
        rounds=4,
        reaction={"interval_s": 10, "duration_s": 60, "objective": "40X"},
        autofocus={"channel": "DAPI", "exposure_ms": 10, "when": "every_visit"},
    )
    world = scenario("lost_focus")
    with opened(tmp_path / "r", plan_, live=visitor.live(), world=world) as run:
        run.begin()
        run.journal.live.send('{"command": "burst", "fov": "p0"}', "Ada", "api", 0.0)
        assert ends(run).outcome is Outcome.COMPLETE
    assert one(tmp_path / "r", "SELECT count(*) FROM visits WHERE kind='reaction'") > 0
    assert visitor.heard == []


def test_a_stage_that_drifts_is_said_with_the_next_visit(tmp_path: Path) -> None:
    visitor = Visitor({})
    drift = [{"kind": "stage_drifts", "from_s": 50, "to_s": 100, "um": 12.0}]
    world = scenario(faults=drift)
    visitor.runs(tmp_path / "r", plan(channels=("DAPI",)), world=world)
    assert visitor.heard and "during the visit" in visitor.heard[0][1]


def test_after_a_visit_that_failed_nothing_is_compared(tmp_path: Path) -> None:
    """A stage that is stuck fails its visits; nobody has touched it."""
    visitor = Visitor({})
    stuck = [{"kind": "stuck_stage", "from_s": 50, "to_s": 100}]
    visitor.runs(tmp_path / "r", plan(rounds=4), world=scenario(faults=stuck))
    assert visitor.heard == []
    assert one(tmp_path / "r", "SELECT count(*) FROM errors") > 0


# ---------------------------------------------------------------------- clock and memory


class Clocks:
    """Three clocks that somebody sets."""

    def __init__(self) -> None:
        self.wall, self.mono, self.boot = 1e9, 100.0, 500.0

    def guard(self) -> ClockGuard:
        return ClockGuard(lambda: self.wall, lambda: self.mono, lambda: self.boot)

    def pass_(self, wall: float, mono: float, boot: float) -> None:
        self.wall, self.mono, self.boot = self.wall + wall, self.mono + mono, self.boot + boot


CLOCKS: list[tuple[tuple[float, float, float], str | None]] = [
    ((1.0, 1.0, 1.0), None),
    ((2.5, 1.0, 1.0), None),  # adjusted by the time service, gently
    ((3601.0, 1.0, 1.0), "set forward by 3600.0 s"),
    ((-3599.0, 1.0, 1.0), "set back by 3600.0 s"),
    ((31.0, 1.0, 31.0), "slept for 30 s"),
    ((3631.0, 1.0, 31.0), "slept for 30 s, and nothing was imaged; the computer's clock was set"),
    ((90.0, 90.0, 90.0), "stood still for 90 s"),
]


@pytest.mark.parametrize(("passed", "said"), CLOCKS)
@pytest.mark.parametrize("between", [True, False], ids=["between visits", "before a visit"])
def test_a_clock_that_jumps_is_noted(
    passed: tuple[float, float, float], said: str | None, between: bool
) -> None:
    clocks = Clocks()
    guard = clocks.guard()

    def ask() -> Trouble | None:
        return guard.look(False) if between else guard.check(0.0)

    clocks.pass_(*passed)
    found = ask()
    if said is None:
        assert found is None
        return
    assert found is not None and found.kind == "clock_jump" and found.then == "note"
    assert said in found.what
    clocks.pass_(1.0, 1.0, 1.0)
    assert ask() is None, "once"


def test_a_long_visit_is_no_standstill_and_hides_no_jump() -> None:
    clocks = Clocks()
    guard = clocks.guard()
    clocks.pass_(600.0, 600.0, 600.0)
    guard.over(Any, False)  # type: ignore[arg-type]
    assert guard.check(0.0) is None
    clocks.pass_(600.0 + 50.0, 600.0, 600.0)
    guard.over(Any, False)  # type: ignore[arg-type]
    found = guard.check(0.0)
    assert found is not None and "forward by 50.0 s" in found.what


MEMORY: list[tuple[float, float, str | None]] = [
    (1e9, 4e9, None),
    (3.1e9, 4e9, "takes 3.10 GB of memory (limit 3.00 GB)"),
    (1e9, 0.2e9, "only 0.20 GB of memory are left"),
]


@pytest.mark.parametrize(("used", "available", "said"), MEMORY)
def test_memory_that_runs_out_stops_the_run_in_order(
    used: float, available: float, said: str | None
) -> None:
    guard = MemoryGuard(3e9, used=lambda: used, available=lambda: available)
    found = guard.check(0.0)
    if said is None:
        assert found is None
        return
    assert found is not None and found.then == "stop" and said in found.what
    assert guard.check(0.0) is None, "not asked again at once"


def test_a_leak_ends_a_run_in_order_and_it_can_go_on(tmp_path: Path) -> None:
    leak = MemoryGuard(1.0)  # any program takes more
    live = Live(commands=True, guards=lambda _: [leak])
    with opened(tmp_path / "r", plan(), live=live) as session:
        session.begin()
        ending = ends(session)
    assert ending.outcome is Outcome.FAILED and "of memory" in ending.why
    from run_kit import resumed

    assert resumed(tmp_path / "r", plan()).outcome is Outcome.COMPLETE


def test_memory_is_measured() -> None:
    assert 1e6 < used_bytes() < total_bytes()
    assert 0 < available_bytes() <= total_bytes()
