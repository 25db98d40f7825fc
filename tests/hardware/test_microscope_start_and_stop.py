"""Light off is the first act and the last, whatever else hangs."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from pymmcore_plus import CMMCorePlus
from rig import SHUTTERS, Rig, light

from hardware.data import Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.microscope import Microscope

    Open = Callable[..., Rig]


class StuckShutter(CMMCorePlus):
    """A shutter that says yes and stays open."""

    def getShutterOpen(self, *args: Any) -> bool:
        return args == ("White Light Shutter",) or super().getShutterOpen(*args)


class HangingCamera(CMMCorePlus):
    """The real demo camera, busy inside its driver for seconds whatever it was asked for.

    Micro-Manager holds the lock of the camera's adapter library meanwhile, so that stage and
    shutter of the same library cannot be reached: this is how a hung driver looks from outside.
    """

    def snapImage(self) -> None:
        self.setExposure(2500.0)
        super().snapImage()


def test_light_off_is_the_first_act_and_nothing_moves_or_switches(real: Open) -> None:
    rig = real(start=False)
    rig.core.setShutterOpen("White Light Shutter", True)  # as loading may leave it
    rig.log.clear()
    state = rig.microscope.start()
    first = rig.log[: len(SHUTTERS)]
    assert {entry[:1] for entry in first} == {("setShutterOpen",)}
    assert {entry[1:] for entry in first} == {(shutter, False) for shutter in SHUTTERS}
    assert rig.log[len(SHUTTERS) :] == [("setAutoShutter", True)]
    assert state.open_shutters == ()
    assert (state.objective, state.pixel_size_um) == ("10X", 1.0)


def test_no_run_begins_with_a_light_that_stays_on(real: Open) -> None:
    rig = real(StuckShutter, start=False)
    with pytest.raises(InstrumentFault, match="could NOT close White Light Shutter") as caught:
        rig.microscope.start()
    assert caught.value.kind is FaultKind.NOT_CONFIRMED
    assert not rig.sent("setAutoShutter")


def test_only_the_shutters_named_in_the_yaml_have_to_close(real: Open) -> None:
    rig = real(StuckShutter, shutters=["LED Shutter"])
    assert rig.microscope.read().open_shutters == ()
    assert rig.microscope.light_off() == ()


def test_a_shutter_that_does_not_exist_is_reported(real: Open) -> None:
    rig = real(start=False, shutters=["Lamp"])
    assert rig.microscope.light_off() == ("Lamp",)
    assert rig.microscope.stop() == ("Lamp",)


COMMANDS: dict[str, Callable[[Microscope], object]] = {
    "move_xy": lambda m: m.move_xy(10.0, 10.0),
    "move_z": lambda m: m.move_z(1.0),
    "set_channel": lambda m: m.set_channel("FITC"),
    "set_objective": lambda m: m.set_objective("20X"),
    "snap": lambda m: m.snap(light()),
    "snap_stack": lambda m: m.snap_stack([light(), light()], [0.0, 1.0]),
}


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_after_stop_everything_is_refused_and_the_light_can_still_be_closed(
    real: Open, command: Callable[[Microscope], object]
) -> None:
    rig = real(objectives={"allow_change": True})
    rig.microscope.set_channel("DAPI")
    assert rig.microscope.stop() == ()
    assert rig.microscope.stopped
    rig.log.clear()
    refused = command(rig.microscope)
    assert isinstance(refused, Refusal)
    assert refused.rule is Rule.STOPPED
    assert rig.log == []
    rig.core.setShutterOpen("White Light Shutter", True)
    assert rig.microscope.light_off() == ()
    assert not rig.core.getShutterOpen("White Light Shutter")


def test_a_hung_camera_blocks_its_shutter_which_is_reported_and_not_the_other_one(
    real: Open,
) -> None:
    rig = real(HangingCamera, timeouts={"move_s": 0.3, "snap_s": 0.1})
    rig.microscope.set_channel("DAPI")
    rig.core.setShutterOpen("LED Shutter", True)
    hanging = threading.Thread(target=rig.core.snapImage, daemon=True)
    hanging.start()
    while not rig.sent("setExposure"):
        time.sleep(0.01)
    time.sleep(0.2)  # now it is in the driver
    assert rig.microscope.stop() == ("White Light Shutter", "camera sequence", "z sequence")
    assert not rig.core.getShutterOpen("LED Shutter")  # of another library
    assert isinstance(rig.microscope.move_xy(5.0, 5.0), Refusal)
    hanging.join(10)
    assert rig.microscope.light_off() == ()  # it woke up


def test_while_a_camera_hangs_reading_and_moving_time_out_too(real: Open) -> None:
    rig = real(HangingCamera, timeouts={"move_s": 0.3, "snap_s": 0.1})
    microscope = rig.microscope
    microscope.set_channel("DAPI")
    with pytest.raises(InstrumentFault) as caught:
        microscope.snap(light())
    assert caught.value.kind is FaultKind.TIMEOUT
    message = "camera: no answer within 0.42 s; could NOT switch off White Light Shutter"
    assert str(caught.value) == message
    asks: list[Callable[[], object]] = [
        lambda: microscope.move_xy(5.0, 5.0),
        lambda: microscope.move_z(1.0),
        lambda: microscope.snap(light()),
        microscope.read,
        microscope.pixel_size_um,
        microscope.image_format,
    ]
    blocked = 0
    for ask in asks[:3]:
        with pytest.raises(InstrumentFault) as caught:
            ask()
        blocked += caught.value.kind is FaultKind.TIMEOUT
    assert blocked == 3
    for thread in threading.enumerate():
        if thread.name == "device-calls":
            thread.join(10)
    for ask in (asks[0], asks[1], *asks[3:]):
        ask()  # it woke up
    assert microscope.read().open_shutters == ()
    assert rig.ledger.total().exposures == 1  # the second was never let that far


def test_an_exposure_that_passed_the_gate_before_a_stop_gives_no_light(real: Open) -> None:
    rig = real()
    rig.microscope.set_channel("DAPI")
    write = rig.book.write

    def stopped_meanwhile(exposure: Any) -> int:
        row = write(exposure)
        rig.gate.stop()  # from another thread, between the gate's permit and the light
        return row

    rig.book.write = stopped_meanwhile  # a moment to stop at
    answer = rig.microscope.snap(light())
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.STOPPED
    assert not rig.sent("snapImage")


def test_an_exposure_under_way_cannot_open_its_shutter_behind_a_stop(real: Open) -> None:
    rig = real()
    rig.microscope.set_channel("DAPI")
    exposing, closed, opened, over = (threading.Event() for _ in range(4))

    def late() -> None:
        """Passed the gate; its shutter opens only after `stop` has closed it, and stays open."""
        exposing.set()
        closed.wait(10)
        rig.core.setShutterOpen("White Light Shutter", True)
        opened.set()
        over.wait(10)

    def take() -> None:
        with contextlib.suppress(InstrumentFault):  # no image
            rig.microscope.snap(light())

    rig.core.snapImage = late
    taking = threading.Thread(target=take, daemon=True)
    taking.start()
    exposing.wait(10)
    rig.log.clear()

    def after_the_first_close() -> None:
        while len(rig.sent("setShutterOpen")) < len(SHUTTERS):
            time.sleep(0.01)
        closed.set()

    threading.Thread(target=after_the_first_close, daemon=True).start()
    assert rig.microscope.stop() == ()
    opened.wait(10)
    assert not rig.core.getShutterOpen("White Light Shutter")
    over.set()
    taking.join(10)


def test_an_error_of_a_device_is_a_fault_in_one_line(real: Open) -> None:
    limits = {"z_um": [-500, 500]}  # wider than the demo drive's own +-300
    rig = real(stage=limits, objectives={"items": {"10X": limits}})
    with pytest.raises(InstrumentFault) as caught:
        rig.microscope.move_z(-350.0)
    assert caught.value.kind is FaultKind.DEVICE
    assert str(caught.value).startswith("focus drive: ")
    assert "\n" not in str(caught.value)
    assert rig.microscope.read().z_um == 0
