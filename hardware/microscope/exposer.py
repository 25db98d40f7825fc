"""Exposing: single images and hardware-triggered stacks, counted before the light goes on."""

from __future__ import annotations

import math
import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from hardware.data import Exposure, Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault
from hardware.microscope.dark_frame import DarkFrames
from hardware.microscope.light_guard import NoGuard
from hardware.microscope.reading import Image

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from hardware.data import Answer, Clock
    from hardware.gate import Gate
    from hardware.ledger import DoseLedger
    from hardware.microscope.devices import Devices
    from hardware.microscope.light_guard import LightGuard
    from hardware.microscope.mover import Mover
    from hardware.microscope.reading import Light


class Exposer:
    """The camera and its light. `exposing` is true from the last look at the gate's stop on."""

    def __init__(
        self,
        devices: Devices,
        mover: Mover,
        gate: Gate,
        ledger: DoseLedger,
        clock: Clock,
        guard: LightGuard | None = None,
    ) -> None:
        self.exposing = False
        self._devices = devices
        self._config = devices.config
        self._mover = mover
        self._gate = gate
        self._ledger = ledger
        self._clock = clock
        self._guard = guard or NoGuard()
        self._exposure_ms = (math.nan, math.nan)  # asked for, read back
        self._left_on: tuple[str, ...] = ()  # what could not be switched off the last time
        self._dark_frames = DarkFrames(devices, gate)

    def snap(self, light: Light) -> Image | Refusal:
        """Expose once in the channel that is set; the ledger is written before the light goes on.

        A failed exposure stays counted, and the light is off before the fault is raised.
        """
        x, y, z = self._where()
        exposure = self._exposure(light, x, y, z)
        answer = self._permit([exposure])
        if isinstance(answer, Refusal):
            return answer
        if unwatched := self._guard.watching():
            return unwatched
        self._dark_first()
        core = self._devices.core
        exposure_ms = self._set_exposure(light.exposure_ms)
        row = self._ledger.open(exposure)

        def expose() -> NDArray[np.uint16] | Refusal:
            if self._gate.stopped:
                return _stopped(light)
            if unwatched := self._guard.announce(exposure.seconds):
                return unwatched
            self._follow()
            core.snapImage()
            if core.getShutterOpen():  # it follows the exposure, or should
                raise InstrumentFault(
                    FaultKind.NOT_CONFIRMED,
                    f"{core.getShutterDevice()}: still open after the exposure",
                )
            return core.getImage()

        self.exposing = True
        try:
            longer_s = exposure.seconds + self._config.timeouts.snap_s
            pixels = self._devices.ask("camera", expose, longer_s)
            end_s = self._clock.now()
            if not isinstance(pixels, Refusal) and self._dark_frames.wanted:
                self._guard.announce(self._dark_frames.seconds)  # so long nobody knows
                self.confirm_dark()
        except InstrumentFault as fault:
            left_on = self._left_on = self._after(fault, self._devices.light_off)
            if not left_on:
                self._guard.dark()
            self._ledger.close(row)  # no image, but the exposure is over and the light was on
            raise _with(fault, left_on) from fault
        finally:
            self.exposing = False
        if isinstance(pixels, Refusal):
            return pixels
        wrong = self._guard.dark()
        self._ledger.close(row)
        if wrong is not None:
            raise InstrumentFault(FaultKind.NOT_CONFIRMED, f"light: {wrong}")
        return Image(pixels, end_s, x, y, z, exposure_ms)

    def snap_stack(
        self, lights: Sequence[Light], z_um: Sequence[float]
    ) -> Generator[Image, None, None] | Refusal:
        """Expose a hardware-triggered z stack in the channel that is set.

        The trigger comes when the first image is asked for; before it, the whole stack is
        permitted and written to the ledger. Raises MISSING_FRAMES after the last image if some
        did not come. Close the generator when giving up before its end.
        """
        x, y, _ = self._where()
        exposures = [self._exposure(light, x, y, z) for light, z in zip(lights, z_um, strict=True)]
        answer = self._permit(exposures)
        if isinstance(answer, Refusal):
            return answer
        if unwatched := self._guard.watching():
            return unwatched
        self._dark_first()
        if len({exposure.exposure_ms for exposure in exposures}) != 1:
            raise ValueError("a stack has one exposure time, and at least one plane")
        approach = self._mover.move_z(z_um[0])
        if isinstance(approach, Refusal):
            return approach
        stack = self._gate.z_stack(z_um, objective=self._mover.objective, current_z_um=z_um[0])
        if isinstance(stack, Refusal):
            return stack
        return self._triggered(exposures, self._set_exposure(exposures[0].exposure_ms))

    def _triggered(
        self, planned: Sequence[Exposure], exposure_ms: float
    ) -> Generator[Image, None, None]:
        """Called with exposures and planes that the gate has let through."""
        core, n = self._devices.core, len(planned)
        drive = core.getFocusDevice()
        step_s = planned[0].seconds + self._config.timing.readout_s
        rows: list[int] = []
        arrived = 0
        left: InstrumentFault | None = None

        def arm() -> None:
            core.loadStageSequence(drive, [exposure.z_um for exposure in planned])
            core.startStageSequence(drive)

        def trigger() -> None:  # apart from `arm`: if that one hangs, no light follows it later
            if self._gate.stopped:
                raise InstrumentFault(FaultKind.MISSING_FRAMES, "camera: stopped before the stack")
            if unwatched := self._guard.announce(n * step_s):
                raise InstrumentFault(FaultKind.MISSING_FRAMES, f"camera: no stack: {unwatched}")
            self._follow()
            core.startSequenceAcquisition(n, 0, True)

        self.exposing = True
        try:
            self._devices.ask("focus drive", arm)
            start_s = self._clock.now()
            for i, exposure in enumerate(planned):
                rows.append(self._ledger.open(replace(exposure, time_s=start_s + i * step_s)))
            longer_s = n * step_s + self._config.timeouts.snap_s
            self._devices.ask("camera", trigger, longer_s)
            for i, exposure in enumerate(planned):
                pixels, goes_on = self._next_image(i, n, exposure.seconds)
                arrived += 1
                if i == n - 1:  # before who asked takes its time over the last image
                    left = self._end_stack()
                elif goes_on:
                    self._tell((n - i - 1) * step_s)
                elif not self._dark_frames.wanted:  # else it is said once the camera says so
                    self._tell(None)
                self._ledger.close(rows[i])
                end_s = start_s + (i + 1) * step_s
                x, y, z = exposure.x_um, exposure.y_um, exposure.z_um
                yield Image(pixels, end_s, x, y, z, exposure_ms)
        except BaseException as error:  # also when who asked for the images gives up
            left_on = self._left_on = self._after(error, self._devices.all_off)
            if not left_on:
                self._guard.dark()
            for row in rows[arrived:]:  # counted, and over: the light was on for them
                self._ledger.close(row)
            if isinstance(error, InstrumentFault):
                raise _with(error, left_on) from error
            raise
        finally:
            self.exposing = False
        if left is not None:
            raise left

    def _end_stack(self) -> InstrumentFault | None:
        """Everything off, confirmed; else the fault, which is for after the last image."""
        left_on = self._left_on = self._devices.all_off()
        if left_on:
            return _with(InstrumentFault(FaultKind.NOT_CONFIRMED, "after the stack"), left_on)
        try:
            if self._dark_frames.wanted:
                self._guard.announce(self._dark_frames.seconds)
                self.confirm_dark()
        except InstrumentFault as fault:
            left_on = self._left_on = self._devices.all_off()
            if not left_on:
                self._guard.dark()
            return _with(fault, left_on)
        if wrong := self._guard.dark():
            return InstrumentFault(FaultKind.NOT_CONFIRMED, f"light: {wrong}")
        return None

    def confirm_dark(self, when: str = "after the exposure") -> None:
        """Ask the camera, where the microscope's YAML wants that. Shutters have been read back.

        Raises InstrumentFault where it sees light (NOT_CONFIRMED), or gives no image. Light that
        it sees is overdue from then on: the guard need not wait for what was announced.
        """
        if not self._dark_frames.wanted:
            return
        self._exposure_ms = (math.nan, math.nan)  # the dark frame has one of its own
        if self._dark_frames.look():
            self._guard.announce(0.0)
            raise InstrumentFault(FaultKind.NOT_CONFIRMED, f"light: on {when}")

    def _after(self, failed: BaseException, off: Callable[[], tuple[str, ...]]) -> tuple[str, ...]:
        """Light off after a failure; what is on. The camera is asked unless it is what hangs."""
        left_on = off()
        hangs = isinstance(failed, InstrumentFault) and failed.kind is FaultKind.TIMEOUT
        if left_on or hangs or not self._dark_frames.wanted:
            return left_on
        with suppress(InstrumentFault):  # it cannot say: the shutters have been read back
            self.confirm_dark()
        return off()

    def _follow(self) -> None:
        """Within a device call: a dark frame that was given up may have left it otherwise."""
        if self._dark_frames.wanted:
            self._devices.core.setAutoShutter(True)

    def _dark_first(self) -> None:
        """Light that could not be switched off is not announced anew: the time it has runs out."""
        if not self._left_on and not self._devices.seen:
            return
        self._left_on = self._devices.all_off()
        if self._dark_frames.wanted:
            self._exposure_ms = (math.nan, math.nan)
            self._dark_frames.look()
            self._left_on = self._devices.all_off()
        if self._left_on:
            raise _with(InstrumentFault(FaultKind.NOT_CONFIRMED, "not exposed"), self._left_on)
        self._guard.dark()

    def _tell(self, light_s: float | None) -> None:
        """In a stack that is under way: light for so long from now on; None: it is off."""
        if light_s is not None:
            self._guard.announce(light_s)  # the light is on already: nothing to refuse any more
        elif wrong := self._guard.dark():
            raise InstrumentFault(FaultKind.NOT_CONFIRMED, f"light: {wrong}")

    def _next_image(self, i: int, n: int, exposure_s: float) -> tuple[NDArray[np.uint16], bool]:
        """The image, and whether the camera (and with it the light) goes on after it."""
        core, limit_s = self._devices.core, exposure_s + self._config.timeouts.snap_s
        until = time.monotonic() + limit_s

        def fetch() -> tuple[NDArray[np.uint16], bool]:
            while not core.getRemainingImageCount():
                if not core.isSequenceRunning() and not core.getRemainingImageCount():
                    raise InstrumentFault(
                        FaultKind.MISSING_FRAMES, f"camera: {i} of {n} images of the stack arrived"
                    )
                if time.monotonic() > until:
                    raise InstrumentFault(
                        FaultKind.TIMEOUT,
                        f"camera: image {i + 1} of {n} did not come within {limit_s:g} s",
                    )
                time.sleep(0.0005)
            pixels = core.popNextImage().copy()  # the driver's ring buffer will be reused
            return pixels, core.isSequenceRunning() or core.getShutterOpen()

        return self._devices.ask("camera", fetch, limit_s)

    def _permit(self, exposures: Sequence[Exposure]) -> Answer:
        """Ask the gate, and refuse light of another channel than the one that is set."""
        for exposure in exposures:
            if exposure.channel != self._mover.channel:
                return Refusal(
                    Rule.CHANNEL,
                    f"exposure in {exposure.channel}",
                    f"channel set: {self._mover.channel or 'unknown'}",
                    "Switch the channel first.",
                )
        return self._gate.exposures(exposures)

    def _set_exposure(self, exposure_ms: float) -> float:
        """Called with an exposure that `_permit` has let through; answers what was read back."""
        asked_ms, there_ms = self._exposure_ms
        if exposure_ms == asked_ms:
            return there_ms
        core = self._devices.core

        def switch() -> float:
            core.setExposure(exposure_ms)
            return float(core.getExposure())

        self._exposure_ms = (math.nan, math.nan)
        there_ms = self._devices.ask("camera", switch)
        if not math.isclose(there_ms, exposure_ms, rel_tol=0.01, abs_tol=0.05):
            raise InstrumentFault(
                FaultKind.NOT_CONFIRMED,
                f"camera: asked for an exposure of {exposure_ms:g} ms, reads {there_ms:g} ms",
            )
        self._exposure_ms = (exposure_ms, there_ms)
        return there_ms

    def _exposure(self, light: Light, x_um: float, y_um: float, z_um: float) -> Exposure:
        known, objective = light.channel in self._config.channels, self._mover.objective
        return Exposure(
            visit_id=light.visit_id,
            index=light.index,
            purpose=light.purpose,
            fov=light.fov,
            channel=light.channel,
            exposure_ms=light.exposure_ms,
            irradiance_w_cm2=(
                self._config.irradiance_w_cm2(light.channel, objective) if known else None
            ),
            time_s=self._clock.now(),
            x_um=x_um,
            y_um=y_um,
            z_um=z_um,
            objective=objective,
        )

    def _where(self) -> tuple[float, float, float]:
        core = self._devices.core

        def read() -> tuple[float, float, float]:
            x, y = core.getXYPosition()
            return x, y, core.getZPosition()

        return self._devices.ask("stage", read)


def _stopped(light: Light) -> Refusal:
    return Refusal(
        Rule.STOPPED,
        f"exposure of {light.exposure_ms:g} ms of {light.channel}",
        "the run was stopped",
        "Start a new run, or resume this one.",
    )


def _with(fault: InstrumentFault, not_stopped: tuple[str, ...]) -> InstrumentFault:
    """The fault, and what could not be switched off after it."""
    if not not_stopped:
        return fault
    return InstrumentFault(fault.kind, f"{fault}; could NOT switch off {', '.join(not_stopped)}")
