"""Light is counted before it falls, falls only where it may, and is off afterwards."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from rig import Rig, light

from hardware.data import Purpose, Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault
from hardware.gate import LightBudget
from hardware.microscope import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    Open = Callable[..., Rig]

ZS = (-6.0, -3.0, 0.0, 3.0, 6.0)


def ready(rig: Rig, channel: str = "DAPI") -> Rig:
    rig.microscope.set_channel(channel)
    rig.log.clear()
    return rig


def fault(kind: str, from_s: float = 0.0, to_s: float = 1000.0) -> dict[str, Any]:
    return {"faults": [{"kind": kind, "from_s": from_s, "to_s": to_s}]}


def start_stack(rig: Rig, n: int = len(ZS), **changes: Any) -> Generator[Image, None, None]:
    lights = [light(index=i, **changes) for i in range(n)]
    images = rig.microscope.snap_stack(lights, ZS[:n])
    assert not isinstance(images, Refusal)
    return images


def dark(rig: Rig) -> bool:
    return rig.microscope.read().open_shutters == ()


# --------------------------------------------------------------------------- one image


def test_the_ledger_is_written_before_the_light_goes_on(real: Open) -> None:
    rig = ready(real())
    image = rig.microscope.snap(light(exposure_ms=15.0))
    assert isinstance(image, Image)
    assert rig.log == [("setExposure", 15.0), ("ledger", 0), ("snapImage",)]
    assert rig.book.delivered == {1}
    assert rig.ledger.fov("A1").seconds == 0.015
    assert (image.pixels.shape, image.pixels.dtype) == ((512, 512), np.uint16)
    assert (image.exposure_ms, image.time_s > 0) == (15.0, True)
    assert dark(rig)


def test_the_exposure_says_where_the_instrument_is(real: Open) -> None:
    rig = ready(real())
    rig.microscope.move_xy(120.0, -40.0)
    rig.microscope.move_z(3.0)
    image = rig.microscope.snap(light(index=4, purpose=Purpose.SEARCH))
    (row,) = rig.book.rows
    assert isinstance(image, Image)
    assert (row.x_um, row.y_um, row.z_um) == pytest.approx((120.0, -40.0, 3.0), abs=0.02)
    assert (image.x_um, image.y_um, image.z_um) == (row.x_um, row.y_um, row.z_um)
    assert (row.objective, row.irradiance_w_cm2) == ("10X", 0.01)
    assert (row.index, row.purpose, row.fov) == (4, Purpose.SEARCH, "A1")


def test_the_exposure_time_is_sent_only_when_it_changes(real: Open) -> None:
    rig = ready(real())
    for exposure_ms in (15.0, 15.0, 30.0, 15.0):
        rig.microscope.snap(light(exposure_ms=exposure_ms))
    assert [ms for _, ms in rig.sent("setExposure")] == [15.0, 30.0, 15.0]


REFUSED: dict[str, tuple[dict[str, Any], Rule]] = {
    "another channel": ({"channel": "FITC"}, Rule.CHANNEL),
    "no such channel": ({"channel": "GFP"}, Rule.CHANNEL),
    "too long": ({"exposure_ms": 501.0}, Rule.EXPOSURE),
    "no time": ({"exposure_ms": 0.0}, Rule.EXPOSURE),
    "not a number": ({"exposure_ms": math.nan}, Rule.NOT_A_NUMBER),
    "a text": ({"exposure_ms": "20"}, Rule.NOT_A_NUMBER),
    "over the budget": ({"exposure_ms": 400.0}, Rule.DOSE_FOV),
}


@pytest.mark.parametrize(("changes", "rule"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("stack", [False, True], ids=["snap", "stack"])
def test_light_that_is_refused_is_not_sent_and_not_counted(
    real: Open, changes: dict[str, Any], rule: Rule, stack: bool
) -> None:
    rig = ready(real(budget=LightBudget(dose_per_fov_j_cm2=0.003)))
    lights = [light(**changes)] * 2
    answer = (
        rig.microscope.snap_stack(lights, [0.0, 1.0]) if stack else rig.microscope.snap(lights[0])
    )
    assert isinstance(answer, Refusal)
    assert answer.rule is rule
    assert rig.log == []
    assert rig.ledger.total().exposures == 0


def test_a_camera_that_did_not_take_the_exposure_time_gives_no_light(real: Open) -> None:
    rig = ready(real())
    rig.core.getExposure = lambda *_: 100.0  # it lies
    with pytest.raises(InstrumentFault, match="asked for an exposure of 20 ms, reads 100 ms"):
        rig.microscope.snap(light())
    assert rig.log == [("setExposure", 20.0)]
    assert rig.ledger.total().exposures == 0


@pytest.mark.parametrize("kind", ["camera_timeout", "dropped_frame"])
def test_a_failed_exposure_stays_counted_and_the_light_is_off(sim: Open, kind: str) -> None:
    rig = ready(sim(scenario=fault(kind)))
    with pytest.raises(InstrumentFault, match="camera: ") as caught:
        rig.microscope.snap(light())
    assert caught.value.kind is FaultKind.DEVICE
    assert rig.ledger.total().exposures == 1
    assert rig.book.delivered == {1}  # over; the specimen had the light
    off = rig.log[rig.log.index(("snapImage",)) :]
    assert ("setShutterOpen", "White Light Shutter", False) in off
    assert dark(rig)
    rig.scope.clock.set(1000.0)  # a simulated one
    assert isinstance(rig.microscope.snap(light()), Image)


def test_a_book_that_cannot_be_written_keeps_the_light_off(real: Open) -> None:
    rig = ready(real())

    def full(_: object) -> int:
        raise OSError("disk full")

    rig.book.write = full
    rig.core.setProperty("Z", "UseSequences", "Yes")
    with pytest.raises(OSError, match="disk full"):
        rig.microscope.snap(light())
    with pytest.raises(OSError, match="disk full"):
        list(start_stack(rig))
    assert not rig.sent("snapImage", "startSequenceAcquisition")


def test_a_shutter_that_stays_open_after_the_exposure_is_closed_and_reported(real: Open) -> None:
    rig = ready(real())
    rig.core.setAutoShutter(False)  # somebody else's script
    rig.core.setShutterOpen(True)
    with pytest.raises(InstrumentFault, match="White Light Shutter: still open") as caught:
        rig.microscope.snap(light())
    assert caught.value.kind is FaultKind.NOT_CONFIRMED
    assert dark(rig)


# --------------------------------------------------------------------------- a stack


def test_a_stack_is_one_sequence_with_each_frame_at_its_z(sim: Open) -> None:
    rig = ready(sim(scenario={"focus": {"drift_um_per_h": 0.0, "wander_um": 0.0}}))
    before_s = rig.clock.now()
    images = list(start_stack(rig))
    assert [image.z_um for image in images] == list(ZS)
    assert rig.sent("startSequenceAcquisition") == [("startSequenceAcquisition", 5, 0, True)]
    assert rig.sent("loadStageSequence") == [("loadStageSequence", "Z", list(ZS))]
    assert not rig.sent("snapImage")
    contrast = [np.diff(image.pixels.astype(float)).var() for image in images]
    assert int(np.argmax(contrast)) == 2  # the specimen is sharp at z = 0
    ends = [image.time_s for image in images]
    assert np.diff(ends) == pytest.approx([0.04] * 4)  # 20 ms and 20 ms read-out
    assert ends[-1] == pytest.approx(rig.clock.now())
    assert [row.time_s for row in rig.book.rows] == pytest.approx([end - 0.04 for end in ends])
    assert rig.book.rows[0].time_s > before_s  # after the approach
    assert [row.z_um for row in rig.book.rows] == list(ZS)
    assert dark(rig)


def test_a_stack_is_counted_in_full_before_the_trigger(sim: Open) -> None:
    rig = ready(sim())
    images = start_stack(rig)
    assert not rig.sent("ledger", "startSequenceAcquisition")  # nobody asked for an image yet
    next(images)
    order = [entry[0] for entry in rig.sent("ledger", "startSequenceAcquisition")]
    assert order == ["ledger"] * 5 + ["startSequenceAcquisition"]
    assert rig.book.delivered == {1}
    list(images)
    assert rig.book.delivered == {1, 2, 3, 4, 5}


def test_the_real_demo_camera_delivers_a_triggered_stack(real: Open) -> None:
    rig = ready(real())
    rig.core.setProperty("Z", "UseSequences", "Yes")
    images = list(start_stack(rig))
    assert [image.pixels.shape for image in images] == [(512, 512)] * 5
    assert not rig.core.isSequenceRunning()
    assert dark(rig)
    assert isinstance(rig.microscope.snap(light()), Image)


def test_a_stack_over_the_budget_as_a_whole_is_refused_as_a_whole(sim: Open) -> None:
    rig = ready(sim(budget=LightBudget(dose_per_fov_j_cm2=0.04 * 0.02 * 4)))
    refused = rig.microscope.snap_stack([light(index=i) for i in range(5)], ZS)
    assert isinstance(refused, Refusal)
    assert refused.rule is Rule.DOSE_FOV
    assert rig.log == []


@pytest.mark.parametrize(
    ("zs", "rule"),
    [((0.0, 30.0), Rule.Z_STEP), ((140.0, 155.0), Rule.Z_LIMIT), ((160.0, 140.0), Rule.Z_LIMIT)],
)
def test_a_stack_through_forbidden_planes_gives_no_light(
    sim: Open, zs: tuple[float, ...], rule: Rule
) -> None:
    rig = ready(sim())
    refused = rig.microscope.snap_stack([light(), light(index=1)], zs)
    assert isinstance(refused, Refusal)
    assert refused.rule is rule
    assert not rig.sent("loadStageSequence", "startSequenceAcquisition", "ledger")


@pytest.mark.parametrize(
    ("kind", "from_s", "some"),
    [
        ("dropped_frame", 0.15, True),  # the stack lasts from about 0.06 to 0.26 s
        ("dropped_frame", 0.0, False),
        ("camera_timeout", 0.15, True),
        ("camera_timeout", 0.0, False),
    ],
)
def test_what_came_of_a_broken_stack_comes_first_then_the_fault(
    sim: Open, kind: str, from_s: float, some: bool
) -> None:
    rig = ready(sim(scenario=fault(kind, from_s)))
    came: list[float] = []
    with pytest.raises(InstrumentFault) as caught:
        for image in start_stack(rig):
            came.append(image.z_um)
    assert caught.value.kind is FaultKind.MISSING_FRAMES
    assert str(caught.value) == f"camera: {len(came)} of 5 images of the stack arrived"
    assert (0 < len(came) < 5) is some
    assert came == list(ZS[: len(came)])
    assert rig.ledger.total().exposures == 5  # all of them were announced
    assert rig.book.delivered == {1, 2, 3, 4, 5}  # and are over
    assert dark(rig)


def test_giving_up_in_the_middle_ends_the_sequence_and_the_light(real: Open) -> None:
    rig = ready(real())
    rig.core.setProperty("Z", "UseSequences", "Yes")
    images = start_stack(rig, exposure_ms=100.0)
    next(images)
    assert rig.core.isSequenceRunning()
    images.close()
    assert not rig.core.isSequenceRunning()
    assert dark(rig)
    assert rig.ledger.total().exposures == 5


def test_a_stop_in_the_middle_of_a_stack_ends_it(real: Open) -> None:
    rig = ready(real())
    rig.core.setProperty("Z", "UseSequences", "Yes")
    images = start_stack(rig, exposure_ms=200.0)
    next(images)
    assert rig.microscope.stop() == ()
    with pytest.raises(InstrumentFault) as caught:
        list(images)
    assert caught.value.kind is FaultKind.MISSING_FRAMES
    assert dark(rig)


def test_a_stack_permitted_before_a_stop_gives_no_light(real: Open) -> None:
    rig = ready(real())
    rig.core.setProperty("Z", "UseSequences", "Yes")
    images = start_stack(rig)
    rig.microscope.stop()
    with pytest.raises(InstrumentFault, match="stopped before the stack"):
        next(images)
    assert not rig.sent("startSequenceAcquisition")


def test_a_drive_that_cannot_be_triggered_is_a_fault_without_light(real: Open) -> None:
    rig = ready(real())  # UseSequences is off
    with pytest.raises(InstrumentFault, match="focus drive: ") as caught:
        next(start_stack(rig))
    assert caught.value.kind is FaultKind.DEVICE
    assert rig.ledger.total().exposures == 0
    assert dark(rig)


def test_a_camera_error_after_the_trigger_ends_the_sequence(real: Open) -> None:
    rig = ready(real())
    rig.core.setProperty("Z", "UseSequences", "Yes")

    def broken() -> Any:
        raise RuntimeError("ring buffer overflow")

    rig.core.popNextImage = broken
    with pytest.raises(InstrumentFault, match="camera: ring buffer overflow"):
        list(start_stack(rig, exposure_ms=100.0))
    assert not rig.core.isSequenceRunning()
    assert rig.ledger.total().exposures == 5
    assert dark(rig)


def test_an_image_that_does_not_come_is_a_timeout(real: Open) -> None:
    rig = ready(real(timeouts={"move_s": 2.0, "snap_s": 0.05}))
    rig.core.setProperty("Z", "UseSequences", "Yes")
    rig.core.getRemainingImageCount = lambda: 0
    with pytest.raises(InstrumentFault, match=r"image 1 of 5 did not come within 0\.25") as caught:
        list(start_stack(rig, exposure_ms=200.0))
    assert caught.value.kind is FaultKind.TIMEOUT
    assert not rig.core.isSequenceRunning()
    assert dark(rig)


def test_a_stack_of_two_exposure_times_is_a_mistake_of_the_program(real: Open) -> None:
    rig = ready(real())
    for lights in ([light(), light(exposure_ms=30.0)], []):
        with pytest.raises(ValueError, match="one exposure time"):
            rig.microscope.snap_stack(lights, ZS[: len(lights)])
    assert rig.log == []


# --------------------------------------------------------------------------- what it delivers


def test_colour_images_are_no_measurements(real: Open) -> None:
    rig = real()
    assert rig.microscope.image_format() == (512, 512, "uint16")
    rig.core.setProperty("Camera", "PixelType", "8bit")
    assert rig.microscope.image_format() == (512, 512, "uint8")
    rig.core.setProperty("Camera", "PixelType", "32bitRGB")
    with pytest.raises(InstrumentFault, match="8- or 16-bit grey"):
        rig.microscope.image_format()


def test_the_yaml_overrides_the_pixel_size_of_micro_manager(real: Open) -> None:
    items = {"10X": {"z_um": [-200, 200], "pixel_size_um": 0.65}}
    rig = real(objectives={"items": items})
    assert rig.microscope.pixel_size_um() == 0.65
    assert rig.microscope.read().pixel_size_um == 0.65
