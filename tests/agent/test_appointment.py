"""A plan that begins at a set time: in time, never too early, and with the light off until then."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from plan_kit import findings
from run_kit import demo, ends, one, opened, plan, rows

from agent.check import Level
from agent.commands.appointment import appointment, moment, spoken, wait
from agent.commands.interrupt import Interrupted
from agent.finding import ConfigError
from agent.journal.states import Outcome
from agent.load import LoadedPlan
from agent.scope import AppointedClock, RealScope
from hardware.fault import InstrumentFault
from hardware.mmconfig import find

if TYPE_CHECKING:
    from collections.abc import Iterator

    from agent.plan import Plan

NOW = dt.datetime(2026, 11, 25, 21, 0, tzinfo=dt.UTC)


def loaded(start_at: dt.datetime | None) -> LoadedPlan:
    wanted: Plan = plan(start_at=start_at)
    return LoadedPlan(wanted, Path("plan.yaml"), {"start_at": 7})


def local(seconds: float) -> dt.datetime:
    """As a plan says it: without a zone, on this machine's clock."""
    return (NOW + dt.timedelta(seconds=seconds)).astimezone().replace(tzinfo=None)


@pytest.mark.parametrize(
    ("start_at", "in_s"),
    [
        (None, None),
        (local(3600), 3600),
        (NOW + dt.timedelta(hours=1), 3600),
        ((NOW + dt.timedelta(hours=1)).astimezone(dt.timezone(dt.timedelta(hours=5))), 3600),
        (local(0), None),
        (local(-60), None),
    ],
)
def test_when_a_run_begins(start_at: dt.datetime | None, in_s: float | None) -> None:
    start = appointment(loaded(start_at), NOW)
    assert (None if start is None else (start - NOW).total_seconds()) == in_s


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This machine stands in Berlin."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Europe/Berlin")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_time_without_a_zone_is_this_machines() -> None:
    start = appointment(loaded(dt.datetime(2026, 11, 25, 22, 30)), NOW)
    assert start == dt.datetime(2026, 11, 25, 21, 30, tzinfo=dt.UTC)
    assert spoken(moment(dt.datetime(2026, 11, 25, 22, 30))) == "Wednesday 2026-11-25 22:30 CET"


@pytest.mark.usefixtures("berlin")
def test_a_time_that_the_clocks_leave_out_is_refused_by_check() -> None:
    gap = dt.datetime(2027, 3, 28, 2, 30)
    (found,) = [f for f in findings(("start_at", gap)) if f.key == "start_at"]
    assert found.level is Level.ERROR and "2027-03-28 02:30:00 is left out here" in found.message


def test_a_time_that_is_over_is_refused_in_one_line() -> None:
    with pytest.raises(ConfigError) as refused:
        appointment(loaded(local(-61)), NOW)
    (line,) = str(refused.value).splitlines()
    assert line.startswith("plan.yaml:7: start_at: ") and " is over: it is " in line
    assert "give a time to come" in line


class Waiting:
    """A session in front of which time passes by napping."""

    home = "20X"

    def __init__(self, *, objective: str = "20X", left_on: tuple[str, ...] = ()) -> None:
        self.time = NOW
        self.lights_off = 0
        self._left_on = left_on
        self.microscope = SimpleNamespace(
            light_off=self._light_off, read=lambda: SimpleNamespace(objective=objective)
        )

    def _light_off(self) -> tuple[str, ...]:
        self.lights_off += 1
        return self._left_on

    def nap(self, seconds: float) -> None:
        assert 0 < seconds <= 1
        self.time += dt.timedelta(seconds=seconds)

    def wait(self, in_s: float, **other: Any) -> None:
        how: Any = {"now": lambda: self.time, "nap": self.nap} | other
        session: Any = self
        wait(session, NOW + dt.timedelta(seconds=in_s), **how)


def test_waiting_ends_at_the_time_and_says_until_when(capsys: pytest.CaptureFixture[str]) -> None:
    waiting = Waiting()
    waiting.wait(3 * 3600 + 600)
    assert (waiting.time - NOW).total_seconds() == pytest.approx(3 * 3600 + 600)
    assert waiting.lights_off == 1
    said = capsys.readouterr().err.splitlines()
    until = spoken(NOW + dt.timedelta(seconds=3 * 3600 + 600))
    assert said[0] == f"waiting until {until} (in 3 h 10 min), light off"
    assert len(said) == 4, "once an hour"


def test_a_clock_that_jumps_forward_ends_the_wait() -> None:
    waiting = Waiting()

    def sleeps(_: float) -> None:
        waiting.time += dt.timedelta(hours=9)  # the machine was asleep

    waiting.wait(3600, nap=sleeps)
    assert waiting.time == NOW + dt.timedelta(hours=9)


def test_ctrl_c_while_waiting_says_that_nothing_has_begun() -> None:
    def pressed(_: float) -> None:
        raise Interrupted("Ctrl-C")

    with pytest.raises(Interrupted, match="Ctrl-C; not begun, nothing was written"):
        Waiting().wait(3600, nap=pressed)


@pytest.mark.parametrize(
    ("waiting", "says"),
    [
        (Waiting(objective="40X"), "objective 40X in place, it was 20X when the wait began"),
        (Waiting(left_on=("Lamp",)), "could NOT switch off: Lamp; not begun"),
    ],
)
def test_what_changed_while_nobody_looked_is_found_before_the_first_light(
    waiting: Waiting, says: str
) -> None:
    with pytest.raises(InstrumentFault, match=says):
        waiting.wait(1)


def test_run_time_is_below_zero_until_then() -> None:
    start = dt.datetime.now(dt.UTC) + dt.timedelta(hours=2)
    clock = AppointedClock(start)
    assert -7200 <= clock.now() < -7190
    assert abs((clock.utc() - dt.datetime.now(dt.UTC)).total_seconds()) < 5
    clock._started = dt.datetime.now(dt.UTC)  # it has come
    clock.set()
    assert 0 <= clock.now() < 5


@pytest.mark.parametrize("waits", [True, False])
def test_a_run_that_was_killed_while_it_waited_waits_again(tmp_path: Path, waits: bool) -> None:
    """Without `waits` (there were images already) a calendar that was set back holds nothing up."""
    start = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3 if waits else 3600)
    config = find(demo().mm_config, beside=None)
    once = plan(fields=1, rounds=1)
    scope = RealScope(config, start)
    if waits:
        scope.begin_at(start)
    with opened(tmp_path / "run", once, scope=scope) as session:
        assert waits or session.clock.now() >= 0
        session.resume()
        assert ends(session).outcome is Outcome.COMPLETE
    first = dt.datetime.fromisoformat(one(tmp_path / "run", "SELECT min(utc) FROM frames"))
    assert not waits or first >= start
    assert min(t for (t,) in rows(tmp_path / "run", "SELECT time_s FROM exposures")) >= 0
