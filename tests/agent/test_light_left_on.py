"""Light that the program cannot switch off at its end: the dead-man does, and it is said."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import demo, plan, rows, scenario

from agent.bench.deadman_lamp import LampProcess
from agent.commands.conduct import conduct
from agent.commands.start import let_go
from agent.progress import Quiet
from agent.rundir import RunDir
from agent.session import Session
from agent.watched import RECORD, dead_man
from hardware.data.dead_man_config import DeadManConfig
from hardware.data.microscope_config import DarkFrameConfig
from hardware.deadman.account import last_alarm
from hardware.deadman.ward import DeadMan, Taken
from hardware.fault import InstrumentFault
from sim.faults import Fault, FaultKind, Faults
from sim.lamplink import LampLink
from sim.scope import SimulatedScope, open_scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STUCK = Fault(kind=FaultKind.SHUTTER_STUCK, from_s=0, to_s=1e9)
SWITCHED = f"could NOT switch off: White Light Shutter; {Taken.DARK}"


def config(address: str, timeout_s: float = 1.0) -> DeadManConfig:
    switch = {"kind": "tcp", "address": address, "send": "OFF\n", "expect": "OFF"}
    return DeadManConfig.model_validate({"switches": [switch | {"timeout_s": timeout_s}]})


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy computer changes no answer."""
    monkeypatch.setattr("hardware.deadman.ward.TAKE_OVER_S", 20.0)


@pytest.fixture
def lamp(tmp_path: Path) -> Iterator[LampProcess]:
    with LampProcess(tmp_path) as lamp:
        yield lamp


@pytest.fixture
def ward() -> Iterator[int]:
    """A process that may die, in place of this one."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    yield process.pid
    process.kill()
    process.wait()


class ByHand(Quiet):
    """Somebody opens the shutter after the last visit, and it does not close any more."""

    scope: SimulatedScope

    def visit_finished(self, *_: Any) -> None:
        self.scope.core._faults = Faults((STUCK,), 1)
        self.scope.core.setShutterOpen(True)


@contextlib.contextmanager
def watched(folder: Path, lamp: LampProcess, ward: int) -> Iterator[Session]:
    """A session whose shutter switches the lamp, under a dead-man."""
    by_hand = ByHand()
    scope = by_hand.scope = open_scope(demo(), scenario(), 1)
    with (
        contextlib.closing(LampLink(lamp.address)) as link,
        DeadMan(config(lamp.address), folder / RECORD, ward) as guard,
    ):
        scope.core.lamp = link
        run = RunDir(folder)
        session = Session(
            run, plan(fields=1, rounds=1), demo(), scope, by_hand, durable=False, light_guard=guard
        )
        yield session
        session.close()


def test_a_run_that_cannot_close_its_shutter_leaves_the_light_to_the_dead_man(
    tmp_path: Path, lamp: LampProcess, ward: int
) -> None:
    with watched(tmp_path, lamp, ward) as session:
        session.begin()
        assert conduct(session, contextlib.ExitStack(), as_json=True) == 1
        assert not lamp.on
    ((said,),) = rows(tmp_path, "SELECT text FROM notes WHERE kind='end'")
    assert said == f"failed: {SWITCHED}"
    alarm = last_alarm(tmp_path / RECORD)
    assert alarm is not None and (alarm.cause, alarm.dark) == ("left_on", True)


class Glimpse(Quiet):
    """The camera sees light after the last visit: somebody opened a door for a moment."""

    session: Session

    def visit_finished(self, *_: Any) -> None:
        self.session.microscope._devices.seen = ("light",)


def test_light_that_was_a_door_is_looked_for_again_at_the_end_of_a_run(tmp_path: Path) -> None:
    microscope = demo().model_copy(update={"dark_frame": DarkFrameConfig(mean_below=102.0)})
    glimpse, scope = Glimpse(), open_scope(microscope, scenario(), 1)
    run = RunDir(tmp_path)
    session = Session(run, plan(fields=1, rounds=1), microscope, scope, glimpse, durable=False)
    glimpse.session = session
    with contextlib.closing(session):
        session.begin()
        assert conduct(session, contextlib.ExitStack(), as_json=True) == 0


def test_a_run_that_cannot_begin_for_a_shutter_leaves_the_light_to_the_dead_man(
    tmp_path: Path, lamp: LampProcess, ward: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with watched(tmp_path, lamp, ward) as session:
        assert isinstance(session._progress, ByHand)
        session._progress.visit_finished()
        assert lamp.on
        with pytest.raises(InstrumentFault, match="could NOT close White Light Shutter"):
            session.begin()
        let_go(session)
        assert not lamp.on
    assert SWITCHED in capsys.readouterr().err


def test_what_fails_before_anybody_looked_at_the_light_is_no_goodbye(
    tmp_path: Path, lamp: LampProcess
) -> None:
    """Loading a configuration switched the lamp on, then failed."""
    microscope = demo().model_copy(update={"dead_man": config(lamp.address)})
    said: list[str] = []
    with pytest.raises(RuntimeError), contextlib.ExitStack() as held:
        dead_man(held, microscope, tmp_path, beside=None, said=said.append)
        held.enter_context(contextlib.closing(LampLink(lamp.address))).switch(True)
        raise RuntimeError("no such device")
    assert not lamp.on and said == []


def test_a_lamp_that_hears_late_is_not_given_up_with_its_program(tmp_path: Path, ward: int) -> None:
    with LampProcess(tmp_path, "--deaf", "3") as lamp:
        guard = DeadMan(config(lamp.address, 0.1), None, ward)
        guard.start()
        with contextlib.closing(LampLink(lamp.address)) as link:
            link.switch(True)
        assert guard.take_over(0.05) is Taken.TRYING
        assert not guard.bye(), "it has been said"
        assert lamp.off_after_s(time.monotonic()) is not None
        assert guard.take_over(15.0) is Taken.DARK
        assert guard.watching() is not None, "no light any more"


def test_light_without_a_switch_is_said_to_be_on(ward: int) -> None:
    guard = DeadMan(DeadManConfig(), None, ward)
    guard.start()
    assert guard.take_over(15.0) is Taken.NO_SWITCH


def test_nobody_there_is_no_light_off() -> None:
    guard = DeadMan(DeadManConfig(), None)
    guard.start()
    assert guard.bye()
    assert guard.take_over() is Taken.NOBODY
