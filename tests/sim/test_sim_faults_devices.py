"""Devices that fail, hang and lie: what the core says, and what is true."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import useq

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.core import SimCore
    from sim.scope import SimulatedScope

    Open = Callable[..., SimulatedScope]
    Do = Callable[[SimCore], Any]

PATIENCE_S = 20.0


def stack(core: SimCore) -> int:
    """A hardware-triggered z stack of four; how many images came."""
    core.loadStageSequence(core.getFocusDevice(), [0.0, 1.0, 2.0, 3.0])
    core.startStageSequence(core.getFocusDevice())
    core.startSequenceAcquisition(4, 0, True)
    return core.getRemainingImageCount()


def snapped(core: SimCore) -> Any:
    core.snapImage()
    return core.getImage()


DO: dict[str, Do] = {
    "stage": lambda core: core.setXYPosition(50.0, 20.0),
    "focus": lambda core: core.setPosition(5.0),
    "channel": lambda core: core.setConfig("Channel", "FITC"),
    "turret": lambda core: core.setConfig("Objective", "40X"),
    "setting": lambda core: core.setExposure(33.0),
    "camera": snapped,
    "shutter": lambda core: core.setShutterOpen(False),
    "reading": lambda core: core.getXYPosition(),
}
READ: dict[str, Do] = {
    "stage": lambda core: core.getXYPosition(),
    "focus": lambda core: core.getPosition(),
    "channel": lambda core: core.getCurrentConfig("Channel"),
    "turret": lambda core: core.getCurrentConfig("Objective"),
    "setting": lambda core: core.getExposure(),
    "shutter": lambda core: core.getShutterOpen(),
}
TRUE: dict[str, Do] = {
    "stage": lambda core: core.true_xy_um(),
    "focus": lambda core: core.true_z_um(),
    "channel": lambda core: core.true_preset("Channel"),
    "turret": lambda core: (core.true_preset("Objective"), core.true_pixel_um()),
    "shutter": lambda core: core.true_light(),
}


@pytest.fixture
def core(opened: Open) -> Callable[..., SimCore]:
    """A core with a fault from second 100 to 200, now at second 100."""

    def _core(kind: str, **changes: Any) -> SimCore:
        scope = opened(faults=[{"kind": kind, "from_s": 100, "to_s": 200, **changes}])
        scope.core.setConfig("Channel", "DAPI")
        scope.core.setExposure(10.0)
        scope.core.setShutterOpen(True)
        scope.clock.set(100.0)
        return scope.core

    return _core


@pytest.mark.parametrize(
    "device", ["stage", "focus", "channel", "turret", "setting", "camera", "shutter"]
)
def test_a_call_that_raises(core: Callable[..., SimCore], device: str) -> None:
    made = core(f"{device}_raises")
    with pytest.raises(RuntimeError, match="error 10"):
        DO[device](made)
    made._clock.set(250.0)
    DO[device](made)


@pytest.mark.parametrize(
    "device", ["stage", "focus", "channel", "turret", "setting", "camera", "shutter", "reading"]
)
def test_a_call_that_hangs_comes_back_when_the_scope_is_shut_down(
    opened: Open, device: str
) -> None:
    scope = opened(faults=[{"kind": f"{device}_hangs", "from_s": 100, "to_s": 200}])
    scope.core.setShutterOpen(True)
    scope.clock.set(100.0)
    said: list[str] = []

    def call() -> None:
        try:
            DO[device](scope.core)
        except RuntimeError as error:
            said.append(str(error))

    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(0.1)
    assert thread.is_alive(), "it hangs"
    scope.core._faults.let_go()
    thread.join(PATIENCE_S)
    assert said and "let go of" in said[0]


@pytest.mark.parametrize("device", ["focus", "channel", "turret", "setting", "shutter"])
def test_a_device_that_is_stuck_reads_so(core: Callable[..., SimCore], device: str) -> None:
    made = core(f"{device}_stuck")
    before = READ[device](made)
    DO[device](made)
    assert READ[device](made) == before


@pytest.mark.parametrize("device", ["stage", "focus", "channel", "turret", "shutter"])
def test_a_device_that_lies_reads_as_asked_and_is_not_there(
    core: Callable[..., SimCore], device: str
) -> None:
    made = core(f"{device}_lies")
    read, true = READ[device](made), TRUE[device](made)
    DO[device](made)
    assert READ[device](made) != read, "it says that it has done it"
    assert TRUE[device](made) == true, "and it has not"
    made._clock.set(250.0)
    DO[device](made)
    assert TRUE[device](made) != true


def test_only_the_images_tell_of_a_stage_that_lies(opened: Open) -> None:
    scope = opened(faults=[{"kind": "stage_lies", "from_s": 100, "to_s": 200}])
    scope.core.setExposure(100.0)
    here = snapped(scope.core).astype(float)
    scope.clock.set(100.0)
    scope.core.setXYPosition(2000.0, 0.0)
    same = snapped(scope.core).astype(float)
    assert np.corrcoef(here.ravel(), same.ravel())[0, 1] > 0.5


def test_a_stage_drifts_with_each_exposure_and_reads_so(core: Callable[..., SimCore]) -> None:
    made = core("stage_drifts", um=3.0)
    made.setXYPosition(50.0, 20.0)
    assert made.getXYPosition() == pytest.approx((50.0, 20.0), abs=0.02)
    snapped(made)
    snapped(made)
    assert made.getXYPosition() == pytest.approx((56.0, 20.0), abs=0.05)


def test_a_stack_comes_short_by_its_last_image(core: Callable[..., SimCore]) -> None:
    made = core("camera_short")
    assert stack(made) == 3
    made._clock.set(250.0)
    assert stack(made) == 4


def test_a_silent_camera_says_that_it_runs_with_the_light_on(core: Callable[..., SimCore]) -> None:
    made = core("camera_silent")
    made.setShutterOpen(False)
    assert stack(made) == 0
    assert made.isSequenceRunning() and made.true_light()
    made.stopSequenceAcquisition()
    assert not made.isSequenceRunning() and not made.true_light()


def test_images_of_a_wrong_size_and_images_that_come_again(core: Callable[..., SimCore]) -> None:
    assert snapped(core("camera_wrong_size")).shape == (64, 128)
    stale = core("camera_stale")
    first = snapped(stale).copy()
    assert np.array_equal(snapped(stale), first)
    stale._clock.set(250.0)
    assert not np.array_equal(snapped(stale), first)


def test_a_camera_that_hangs_has_its_light_on(opened: Open) -> None:
    scope = opened(faults=[{"kind": "camera_hangs", "from_s": 0, "to_s": 200}])
    threading.Thread(target=_quietly, args=(scope.core,), daemon=True).start()
    end = time.monotonic() + PATIENCE_S
    while not scope.core.true_light():
        assert time.monotonic() < end
        time.sleep(0.01)
    scope.core.setShutterOpen(False)
    assert not scope.core.true_light()
    assert len(scope.core.light) == 1 and scope.core.light[0][1] is not None


def _quietly(core: SimCore) -> None:
    try:
        core.snapImage()
    except RuntimeError:
        return


def test_events_of_a_run_go_on_after_a_stack_that_came_short(opened: Open) -> None:
    scope = opened(faults=[{"kind": "camera_short", "from_s": 0, "to_s": 0.5}])
    events = [useq.MDAEvent(z_pos=float(z), exposure=10, index={"t": 0, "z": z}) for z in range(3)]
    scope.core.mda.run(events)
    assert not scope.core.isSequenceRunning()
