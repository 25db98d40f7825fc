"""What goes wrong with the simulated microscope, as a pure function of simulated time."""

from __future__ import annotations

import threading
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, FiniteFloat, model_validator

from hardware.data.microscope_config import Model
from sim.hashing import uniform_of

if TYPE_CHECKING:
    from collections.abc import Iterable


HANG_S = 600.0  # real seconds: the longest that a call hangs


class FaultKind(StrEnum):
    """What a device does instead of its work.

    `..._raises`: the call fails. `..._hangs`: it does not come back, in real time, until the scope
    is shut down (or `HANG_S` are over), and then fails. `..._lies`: it reads back what was asked
    for, and is not there. Without any of these endings: accepted, and nothing happens.
    """

    LOST_FOCUS = "lost_focus"  # the focal plane jumps by `um`
    CAMERA_TIMEOUT = "camera_timeout"  # light, but no image: snapImage raises after its time-out
    DROPPED_FRAME = "dropped_frame"  # exposed, never delivered
    STUCK_STAGE = "stuck_stage"  # XY moves are accepted and nothing happens
    BUBBLE = "bubble"  # an air bubble passes through the field
    LAMP_FAILURE = "lamp_failure"  # the shutter opens, there is no light

    STAGE_RAISES = "stage_raises"
    STAGE_HANGS = "stage_hangs"
    STAGE_LIES = "stage_lies"
    STAGE_DRIFTS = "stage_drifts"  # with each exposure it creeps `um` along x, and reads so
    FOCUS_RAISES = "focus_raises"
    FOCUS_HANGS = "focus_hangs"
    FOCUS_LIES = "focus_lies"
    FOCUS_STUCK = "focus_stuck"
    CHANNEL_RAISES = "channel_raises"
    CHANNEL_HANGS = "channel_hangs"
    CHANNEL_LIES = "channel_lies"
    CHANNEL_STUCK = "channel_stuck"
    TURRET_RAISES = "turret_raises"
    TURRET_HANGS = "turret_hangs"
    TURRET_LIES = "turret_lies"
    TURRET_STUCK = "turret_stuck"
    SETTING_RAISES = "setting_raises"  # a setting of the camera: exposure, binning
    SETTING_HANGS = "setting_hangs"
    SETTING_STUCK = "setting_stuck"
    CAMERA_RAISES = "camera_raises"  # at once, before any light
    CAMERA_HANGS = "camera_hangs"  # with the shutter open
    CAMERA_SILENT = "camera_silent"  # a stack runs, no image comes; a single image hangs
    CAMERA_SHORT = "camera_short"  # the last image of a stack does not come
    CAMERA_WRONG_SIZE = "camera_wrong_size"  # images of half the height
    CAMERA_STALE = "camera_stale"  # the same image again and again
    SHUTTER_RAISES = "shutter_raises"  # at closing; it stays open
    SHUTTER_HANGS = "shutter_hangs"  # at closing; it stays open
    SHUTTER_LIES = "shutter_lies"  # reads closed and stays open
    SHUTTER_STUCK = "shutter_stuck"  # does not close, and reads so
    READING_HANGS = "reading_hangs"  # asking where stage, focus drive and shutters are


class Fault(Model):
    """One fault, active in [from_s, to_s) of simulated time.

    `share` of the moments in the window are affected (which ones depends on seed and time only).
    `count` ends it after that many occurrences; the count starts anew when a run is resumed, so
    that a window alone is the better choice where resume matters. `um` is for lost_focus and
    stage_drifts.
    """

    kind: FaultKind
    from_s: Annotated[FiniteFloat, Field(ge=0)]
    to_s: FiniteFloat
    share: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0
    count: Annotated[int, Field(ge=1)] | None = None
    um: FiniteFloat = 6.0

    @model_validator(mode="after")
    def _window(self) -> Fault:
        if self.to_s <= self.from_s:
            raise ValueError(f"to_s ({self.to_s:g}) must be after from_s ({self.from_s:g})")
        return self


class Faults:
    """Answers whether a fault strikes at a moment. Only `count` makes it remember anything."""

    def __init__(self, faults: Iterable[Fault], seed: int) -> None:
        self._faults = tuple(faults)
        self._seed = seed
        self._left = [fault.count for fault in self._faults]
        self._over = threading.Event()

    def at(self, kind: FaultKind, time_s: float) -> Fault | None:
        """The fault of this kind that is active at `time_s`, if any. Uses up nothing."""
        for number, fault in enumerate(self._faults):
            if fault.kind is kind and self._active(number, fault, time_s):
                return fault
        return None

    def strikes(self, kind: FaultKind, time_s: float) -> bool:
        """True when the fault happens now; an occurrence is used up where it has a `count`."""
        for number, fault in enumerate(self._faults):
            if fault.kind is kind and self._active(number, fault, time_s):
                left = self._left[number]
                if left is not None:
                    self._left[number] = left - 1
                return True
        return False

    def hang(self, device: str) -> None:
        """Do not come back before the scope is shut down; then RuntimeError."""
        self._over.wait(HANG_S)
        raise RuntimeError(f"{device}: let go of")

    def let_go(self) -> None:
        """Calls that hang come back, and none hangs any more: the scope is shut down."""
        self._over.set()

    def focus_jump_um(self, time_s: float) -> float:
        """Sum of the focal plane's jumps at `time_s`."""
        return sum(
            fault.um
            for number, fault in enumerate(self._faults)
            if fault.kind is FaultKind.LOST_FOCUS and self._active(number, fault, time_s)
        )

    def _active(self, number: int, fault: Fault, time_s: float) -> bool:
        if not fault.from_s <= time_s < fault.to_s or self._left[number] == 0:
            return False
        moment = round(time_s * 1e6)
        return fault.share >= 1 or uniform_of(self._seed, number, moment) < fault.share
