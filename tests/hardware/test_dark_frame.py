"""The camera as a witness: a shutter that reads closed and is open is found out by a dark frame."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from rig import Rig, light, strike

from hardware.data import Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault
from hardware.microscope import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[..., Rig]

DARK = {"dark_frame": {"exposure_ms": 10.0, "mean_below": 105.0}}  # the simulated offset is 100
ZS = (-3.0, 0.0, 3.0)


class Told:
    """A light guard that notes what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def watching(self) -> None:
        """Somebody is there."""

    def announce(self, light_s: float) -> None:
        """Light."""
        self.said.append("light")

    def dark(self) -> None:
        """No light."""
        self.said.append("dark")


def ready(rig: Rig) -> Rig:
    rig.microscope.set_channel("DAPI")
    rig.log.clear()
    return rig


def snap(rig: Rig) -> Image | Refusal:
    return rig.microscope.snap(light(exposure_ms=20.0))


def stack(rig: Rig) -> list[Image]:
    images = rig.microscope.snap_stack([light(index=i) for i in range(len(ZS))], ZS)
    assert not isinstance(images, Refusal)
    return list(images)


EXPOSURES = {"snap": snap, "stack": stack}


@pytest.mark.parametrize("expose", EXPOSURES.values(), ids=EXPOSURES)
def test_an_exposure_whose_light_goes_out_is_as_it_was(sim: Open, expose: Any) -> None:
    rig = ready(sim(**DARK))
    expose(rig)
    expose(rig)
    followed = [on for _, on in rig.sent("setAutoShutter")]
    assert followed == [True, False, True] * 2  # for the exposure, the dark frame, and afterwards
    assert rig.core.getAutoShutter()
    assert rig.microscope.light_off() == ()


@pytest.mark.parametrize("expose", EXPOSURES.values(), ids=EXPOSURES)
def test_a_shutter_that_reads_closed_and_is_open_is_light_left_on(sim: Open, expose: Any) -> None:
    told = Told()
    rig = ready(sim(**DARK, guard=told))
    strike(rig, "shutter_lies")
    with pytest.raises(
        InstrumentFault, match="could NOT switch off the light that the c"
    ) as caught:
        expose(rig)
    assert caught.value.kind is FaultKind.NOT_CONFIRMED
    assert rig.microscope.read().open_shutters == ()  # so it reads
    assert told.said[-1] == "light"  # the guard must not believe in the dark
    (left,) = rig.microscope.light_off()
    assert "a dark frame has less than 105" in left
    with pytest.raises(InstrumentFault, match="not exposed; could NOT switch off the light"):
        snap(rig)
    assert "dark" not in told.said


def test_without_the_section_the_shutter_is_believed(sim: Open) -> None:
    rig = ready(sim())
    strike(rig, "shutter_lies")
    assert isinstance(snap(rig), Image)
    assert rig.microscope.light_off() == ()


def test_light_that_is_out_again_is_no_reason_to_stand_still(sim: Open) -> None:
    rig = ready(sim(**DARK))
    strike(rig, "shutter_lies")
    with pytest.raises(InstrumentFault, match="the camera sees"):
        snap(rig)
    strike(rig, None)
    assert isinstance(snap(rig), Image)
    assert rig.microscope.light_off() == ()


def test_no_run_begins_with_light_that_only_the_camera_sees(sim: Open) -> None:
    with pytest.raises(InstrumentFault, match="switch the lamp off by hand, or measure"):
        sim(dark_frame={"mean_below": 50.0})  # below the camera's own offset


def test_after_a_stop_the_camera_is_not_asked(sim: Open) -> None:
    rig = ready(sim(**DARK))
    rig.microscope.stop()
    rig.log.clear()
    answer = snap(rig)
    assert isinstance(answer, Refusal)
    assert answer.rule is Rule.STOPPED
    assert rig.sent("snapImage") == []


def test_a_camera_that_gives_no_dark_frame_is_a_fault_and_the_light_is_off(sim: Open) -> None:
    told = Told()
    rig = ready(sim(**DARK, guard=told))
    expose = rig.core.snapImage

    def first_only() -> None:
        expose()
        strike(rig, "camera_raises")

    rig.core.snapImage = first_only  # type: ignore[method-assign]
    with pytest.raises(InstrumentFault, match="Camera"):
        snap(rig)
    assert told.said[-1] == "dark"
    assert rig.core.getAutoShutter()


def test_what_hung_in_a_dark_frame_exposes_nothing_when_it_comes_back(sim: Open) -> None:
    """By then the shutter may follow the camera again: its image would be light that nobody knows
    of."""
    rig = ready(sim(**DARK, timeouts={"move_s": 0.3, "snap_s": 0.3}))
    core, back = rig.core, threading.Event()
    set_exposure = core.setExposure

    def hang(ms: float) -> None:
        if ms == DARK["dark_frame"]["exposure_ms"]:
            core.setExposure = set_exposure  # type: ignore[method-assign]
            back.wait(10.0)
        set_exposure(ms)

    core.setExposure = hang  # type: ignore[method-assign]
    with pytest.raises(InstrumentFault, match="no answer within"):
        snap(rig)
    assert core.getAutoShutter()
    image = snap(rig)
    assert isinstance(image, Image)
    assert image.pixels.mean() > 105.0  # in the light, as it says
    rig.log.clear()
    back.set()
    time.sleep(0.3)
    assert rig.sent("snapImage") == []
    assert core.getAutoShutter()


def test_an_exposure_has_its_own_time_after_a_new_start(sim: Open) -> None:
    rig = ready(sim(**DARK))
    assert isinstance(rig.microscope.snap(light(exposure_ms=200.0)), Image)
    strike(rig, "camera_raises")
    with pytest.raises(InstrumentFault):
        rig.microscope.snap(light(exposure_ms=200.0))
    strike(rig, None)
    rig.microscope.start()  # after a repair
    image = rig.microscope.snap(light(exposure_ms=200.0))
    assert isinstance(image, Image)
    assert image.exposure_ms == pytest.approx(200.0)
    assert rig.sent("setExposure")[-2:] == [("setExposure", 200.0), ("setExposure", 10.0)]


def test_light_that_a_new_start_finds_is_overdue_and_exposes_nothing(sim: Open) -> None:
    told = Told()
    rig = ready(sim(**DARK, guard=told))
    strike(rig, "shutter_lies")
    rig.core.setShutterOpen("White Light Shutter", True)  # a hand
    told.said.clear()
    with pytest.raises(InstrumentFault, match="although nothing is exposed"):
        rig.microscope.start()
    assert told.said == ["light"]
    with pytest.raises(InstrumentFault, match="not exposed"):
        snap(rig)
    assert rig.ledger.total().exposures == 0


@pytest.mark.parametrize("how", ["stopped", "given up"])
def test_an_end_in_the_middle_of_light_asks_the_camera_too(sim: Open, how: str) -> None:
    rig = ready(sim(**DARK, guard=(told := Told())))
    strike(rig, "shutter_lies")
    if how == "stopped":
        expose = rig.core.snapImage

        def stopped() -> None:
            expose()
            rig.gate.stop()
            rig.core.snapImage = expose  # type: ignore[method-assign]

        rig.core.snapImage = stopped  # type: ignore[method-assign]
        with pytest.raises(InstrumentFault, match="the camera sees"):
            snap(rig)
    else:
        images = rig.microscope.snap_stack([light(index=i) for i in range(len(ZS))], ZS)
        assert not isinstance(images, Refusal)
        next(images)
        images.close()
    assert told.said[-1] == "light"
    assert rig.microscope.stop() == rig.microscope.light_off() != ()


def test_light_that_the_camera_saw_is_looked_for_again_at_last(sim: Open) -> None:
    rig = ready(sim(**DARK))
    strike(rig, "shutter_lies")
    with pytest.raises(InstrumentFault):
        snap(rig)
    assert rig.microscope.light_off() != ()
    strike(rig, None)
    assert rig.microscope.light_off() != ()  # closes the shutter, and does not look
    assert rig.microscope.light_off_at_last() == ()


def test_a_frame_is_stamped_with_its_own_end(sim: Open) -> None:
    rig = ready(sim(dark_frame={"exposure_ms": 200.0, "mean_below": 105.0}))
    began_s = rig.clock.now()
    image = snap(rig)
    assert isinstance(image, Image)
    assert image.time_s - began_s < 0.1


def test_light_that_was_seen_stays_known_where_the_camera_fails_right_after(sim: Open) -> None:
    told = Told()
    rig = ready(sim(**DARK, guard=told))
    strike(rig, "shutter_lies")
    follow, looked = rig.core.setAutoShutter, False

    def fails_afterwards(on: bool) -> None:
        nonlocal looked
        if on and looked:
            raise RuntimeError("gone")
        looked = looked or not on
        follow(on)

    rig.core.setAutoShutter = fails_afterwards  # type: ignore[method-assign]
    with pytest.raises(InstrumentFault, match="gone; could NOT switch off the light"):
        snap(rig)
    assert told.said[-1] == "light"
    assert rig.microscope.light_off() != ()


def test_the_gate_lets_a_dark_frame_pass_after_a_stop_and_no_time_that_is_none(sim: Open) -> None:
    rig = ready(sim(**DARK))
    assert isinstance(rig.gate.dark_frame(math.nan), Refusal)
    rig.gate.stop()
    assert not isinstance(rig.gate.dark_frame(10.0), Refusal)
