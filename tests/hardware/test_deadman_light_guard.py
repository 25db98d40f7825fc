"""Every exposure is announced before its light, and taken back after it; nobody there, no light."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from rig import Rig, light

from hardware.data import Refusal, Rule
from hardware.data.dead_man_config import DeadManConfig
from hardware.deadman.record import read
from hardware.deadman.ward import DeadMan
from hardware.fault import FaultKind, InstrumentFault
from hardware.microscope import Image, Microscope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from hardware.microscope.light_guard import LightGuard

    Open = Callable[..., Rig]

ZS = (-3.0, 0.0, 3.0)
NOBODY = Refusal(Rule.DEAD_MAN, "light", "nobody would switch it off", "Start it.")


class LoggingGuard:
    """Writes what it is told into the rig's log; `script` is what it answers."""

    def __init__(self, log: list[tuple[Any, ...]]) -> None:
        self.log = log
        self.watches: Refusal | None = None
        self.announced: Refusal | None = None
        self.wrong: str | None = None

    def watching(self) -> Refusal | None:
        return self.watches

    def announce(self, light_s: float) -> Refusal | None:
        self.log.append(("announce", round(light_s, 3)))
        return self.announced

    def dark(self) -> str | None:
        self.log.append(("dark",))
        return self.wrong


def guarded(rig: Rig, guard: LightGuard) -> Rig:
    rig.microscope.close()
    rig.microscope = Microscope(
        rig.core, rig.config, rig.gate, rig.ledger, rig.clock, light_guard=guard
    )
    rig.microscope.start()
    rig.microscope.set_channel("DAPI")
    rig.core.setProperty("Z", "UseSequences", "Yes")
    rig.log.clear()
    return rig


@pytest.fixture
def rig(real: Open) -> Rig:
    return real()


@pytest.fixture
def guard(rig: Rig) -> LoggingGuard:
    found = LoggingGuard(rig.log)
    guarded(rig, found)
    return found


def stack(rig: Rig, exposure_ms: float = 20.0) -> Any:
    return rig.microscope.snap_stack(
        [light(index=i, exposure_ms=exposure_ms) for i in range(3)], ZS
    )


def test_an_exposure_is_announced_right_before_its_light_and_taken_back_after_it(
    rig: Rig, guard: LoggingGuard
) -> None:
    assert isinstance(rig.microscope.snap(light(exposure_ms=15.0)), Image)
    assert rig.log == [
        ("setExposure", 15.0),
        ("ledger", 0),
        ("announce", 0.015),
        ("snapImage",),
        ("dark",),
    ]


def test_a_stack_is_announced_as_a_whole_and_again_as_it_goes_on(
    rig: Rig, guard: LoggingGuard
) -> None:
    assert len(list(stack(rig, 100.0))) == 3
    said = rig.sent("announce", "startSequenceAcquisition", "dark")
    first, trigger, *after = said
    assert first == ("announce", round(3 * (0.1 + rig.config.timing.readout_s), 3))
    assert trigger[0] == "startSequenceAcquisition"
    assert said[-1] == ("dark",)
    lengths = [entry[1] for entry in after if entry[0] == "announce"]
    assert lengths, "the camera went on after its first image"
    assert lengths == sorted(lengths, reverse=True)
    assert all(left < first[1] for left in lengths)


def test_without_anybody_watching_nothing_is_counted_and_no_light_goes_on(
    rig: Rig, guard: LoggingGuard
) -> None:
    guard.watches = NOBODY
    assert rig.microscope.snap(light()) is NOBODY
    assert stack(rig) is NOBODY
    assert rig.log == []
    assert rig.ledger.total().exposures == 0


def test_a_dead_man_lost_at_the_last_moment_still_costs_the_light(
    rig: Rig, guard: LoggingGuard
) -> None:
    guard.announced = NOBODY
    assert rig.microscope.snap(light()) is NOBODY
    with pytest.raises(InstrumentFault, match="no stack: refused: light"):
        list(stack(rig))
    assert not rig.sent("snapImage", "startSequenceAcquisition")


@pytest.mark.parametrize("many", [False, True], ids=["snap", "stack"])
def test_an_image_whose_light_was_cut_short_is_no_measurement(
    rig: Rig, guard: LoggingGuard, many: bool
) -> None:
    guard.wrong = "light was on 1.2 s longer than announced; it was closed"
    with pytest.raises(InstrumentFault, match="longer than announced") as caught:
        if many:
            list(stack(rig))
        else:
            rig.microscope.snap(light())
    assert caught.value.kind is FaultKind.NOT_CONFIRMED


def test_a_failed_exposure_is_taken_back_once_its_shutters_are_closed(
    rig: Rig, guard: LoggingGuard
) -> None:
    def broken() -> None:
        raise RuntimeError("camera gone")

    rig.core.snapImage = broken
    with pytest.raises(InstrumentFault, match="camera gone"):
        rig.microscope.snap(light())
    names = [entry[0] for entry in rig.log]
    assert names.index("setShutterOpen") < names.index("dark")
    rig.log.clear()
    rig.microscope._devices.shutters = ("no such shutter",)  # it does not close
    with pytest.raises(InstrumentFault, match="could NOT switch off no such shutter"):
        rig.microscope.snap(light())
    assert ("dark",) not in rig.log  # the dead-man will see to it


@pytest.mark.parametrize("many", [False, True], ids=["snap", "stack"])
def test_light_that_does_not_go_off_is_not_announced_anew(
    rig: Rig, guard: LoggingGuard, many: bool
) -> None:
    """Its time runs out and the dead-man acts; a retry must not give it more."""

    def again() -> Any:
        return list(stack(rig)) if many else rig.microscope.snap(light())

    def broken() -> None:
        raise RuntimeError("camera gone")

    shutters, snap = rig.microscope._devices.shutters, rig.core.snapImage
    rig.microscope._devices.shutters, rig.core.snapImage = ("no such shutter",), broken
    with pytest.raises(InstrumentFault, match="camera gone"):
        rig.microscope.snap(light())
    rig.core.snapImage = snap
    rig.log.clear()
    with pytest.raises(InstrumentFault, match="not exposed; could NOT switch off no such shutter"):
        again()
    assert not rig.sent("announce", "dark", "snapImage", "startSequenceAcquisition")
    rig.microscope._devices.shutters = shutters
    again()
    assert next(entry for entry in rig.log if entry[0] in ("announce", "dark")) == ("dark",)


# --------------------------------------------------------------------------- with a real dead-man


@pytest.fixture
def dead_man(tmp_path: Path) -> Iterator[DeadMan]:
    """Its ward is a process that may die, not this one."""
    ward = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"])
    off = {"kind": "command", "argv": [sys.executable, "-c", "pass"], "timeout_s": 10.0}
    config = DeadManConfig.model_validate({"switches": [off], "grace_s": 0.3})
    with DeadMan(config, tmp_path / "dead_man.jsonl", ward.pid) as dead_man:
        yield dead_man
    ward.kill()
    ward.wait()


def test_images_come_under_a_real_dead_man(real: Open, dead_man: DeadMan, tmp_path: Path) -> None:
    rig = guarded(real(), dead_man)
    for _ in range(3):
        assert isinstance(rig.microscope.snap(light()), Image)
        assert len(list(stack(rig))) == 3
    assert dead_man.check() is None
    assert dead_man.bye()
    refused = rig.microscope.snap(light())
    assert isinstance(refused, Refusal) and refused.rule is Rule.DEAD_MAN
    assert [event["event"] for event in read(tmp_path / "dead_man.jsonl")] == ["watching", "bye"]


def test_a_camera_that_hangs_with_its_shutter_open_does_not_cost_the_run(
    real: Open, dead_man: DeadMan, tmp_path: Path
) -> None:
    rig = guarded(real(timeouts={"move_s": 5.0, "snap_s": 5.0}), dead_man)
    core, snap = rig.core, rig.core.snapImage
    dead_man.light_off = rig.microscope.light_off
    closed: list[float] = []

    def hang() -> None:
        core.setShutterOpen(True)
        began = time.monotonic()
        while core.getShutterOpen() and time.monotonic() - began < 4:
            time.sleep(0.01)
        closed.append(time.monotonic() - began)
        snap()

    core.snapImage = hang
    with pytest.raises(InstrumentFault, match="longer than announced; it was closed"):
        rig.microscope.snap(light())
    assert 0.3 < closed[0] < 0.75  # before the dead-man
    core.snapImage = snap
    assert isinstance(rig.microscope.snap(light()), Image)
    assert [event["event"] for event in read(tmp_path / "dead_man.jsonl")] == ["watching"]
