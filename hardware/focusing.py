"""Keeps fields in focus: autofocus through the microscope, z memory, drift."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from hardware.autofocus import FocusPoint, FocusResult, Sweep, autofocus, predict_offset, sharpness
from hardware.data import Purpose, Refusal
from hardware.fault import InstrumentFault
from hardware.microscope import Light

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.data import Visit
    from hardware.microscope import Microscope

FRESH_S = 60.0  # an interrupted sweep's images still say where focus is, this long after
SAME_Z_UM = 1e-6  # stations of one sweep computed twice


class OnFocusFailure(StrEnum):
    """What to do with a field whose autofocus failed."""

    SKIP = "skip"  # this visit only
    HOLD_LAST = "hold_last"  # image at the last good z
    HOLD_POSITION = "hold_position"  # leave the field alone from now on
    STOP = "stop"  # end the run


@dataclass(frozen=True, slots=True)
class FocusSettings:
    """The plan's autofocus."""

    channel: str
    exposure_ms: float
    sweep: Sweep
    retries: int
    on_failure: OnFocusFailure


class FocusBook(Protocol):
    """Where sweeps are written down; the journal in a run."""

    def focus_history(self) -> Sequence[FocusPoint]:
        """Every focus found, oldest first."""

    def focus_steps(self, visit_id: int) -> dict[int, tuple[float, float, float]]:
        """Steps of this visit's sweep already imaged: index -> (z_um, score, time_s)."""

    def focus_step(self, visit_id: int, index: int, z_um: float, score: float) -> None:
        """One image of the sweep."""

    def focus_found(self, visit: Visit, result: FocusResult, time_s: float) -> None:
        """The end of a sweep, found or not."""


class SweepRefused(Exception):
    """The gate refused a step of the sweep; carries the refusal out of the measuring callback."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(str(refusal))


class Focuser:
    """Autofocus of one run. Every image of a sweep passes the gate and is in the dose ledger."""

    def __init__(
        self, microscope: Microscope, settings: FocusSettings | None, book: FocusBook
    ) -> None:
        self.settings = settings
        self._microscope = microscope
        self._book = book
        self._history = list(book.focus_history())

    def offset_um(self, visit: Visit) -> float:
        """Where the field should be in focus now, as an offset from its planned z (um)."""
        return predict_offset(visit.fov.name, self._microscope.clock.now(), self._history)

    def focus(self, visit: Visit) -> FocusResult:
        """Sweep round the predicted focus, retried as often as the plan says.

        A sweep that was sharpest at its edge is retried round that edge: the image may well get
        sharper beyond, but that is no focus until a sweep has seen it fall again.
        Answers a failed result when no single interior peak is found, the gate refuses, or a
        device fails.
        """
        settings = self.settings
        if settings is None:
            return FocusResult(False, visit.fov.z_um, "the plan has no autofocus", ())
        steps = _Steps(self._microscope, self._book, visit, settings, self._recall(visit))
        result = FocusResult(False, visit.fov.z_um + self.offset_um(visit), "not tried", ())
        faults: list[InstrumentFault] = []
        for _ in range(settings.retries + 1):
            start_um = steps.recalled_start_um()
            if start_um is None:
                start_um = result.z_um
            try:
                switched = self._microscope.set_channel(settings.channel)
                if isinstance(switched, Refusal):
                    raise SweepRefused(switched)
                result = autofocus(steps.measure, start_um, settings.sweep)
            except SweepRefused as refused:
                result = FocusResult(False, start_um, str(refused.refusal), ())
            except InstrumentFault as fault:
                faults.append(fault)
                result = FocusResult(False, start_um, str(fault), ())
            if result.ok or self._microscope.stopped:
                break
        result = replace(result, faults=tuple(faults))
        now_s = self._microscope.clock.now()
        if not self._microscope.stopped:  # a sweep that was cut short says nothing of the field
            self._book.focus_found(visit, result, now_s)
        if result.ok:
            offset_um = result.z_um - visit.fov.z_um
            self._history.append(FocusPoint(visit.fov.name, now_s, offset_um))
        return result

    def _recall(self, visit: Visit) -> dict[int, tuple[float, float]]:
        """Steps imaged before an interruption, as long as the specimen cannot have drifted."""
        now_s = self._microscope.clock.now()
        return {
            index: (z_um, score)
            for index, (z_um, score, time_s) in self._book.focus_steps(visit.id).items()
            if now_s - time_s <= FRESH_S
        }


class _Steps:
    """The images of one visit's sweeps, counted through its retries."""

    def __init__(
        self,
        microscope: Microscope,
        book: FocusBook,
        visit: Visit,
        settings: FocusSettings,
        known: dict[int, tuple[float, float]],
    ) -> None:
        self._microscope = microscope
        self._book = book
        self._visit = visit
        self._settings = settings
        self._known = known
        self._next = 0

    def recalled_start_um(self) -> float | None:
        """Where the interrupted sweep that begins with the next step started, if there is one.

        The prediction of where to start has moved since; the stations must be the same again.
        """
        if self._next not in self._known:
            return None
        return self._known[self._next][0] - self._settings.sweep.coarse_um(0.0)[0]

    def measure(self, z_um: float) -> float:
        """The score at `z_um`: recalled, or imaged through the gate and written down."""
        index, visit, settings = self._next, self._visit, self._settings
        self._next += 1
        if index in self._known and abs(self._known[index][0] - z_um) < SAME_Z_UM:
            return self._known[index][1]
        moved = self._microscope.move_z(z_um)
        if isinstance(moved, Refusal):
            raise SweepRefused(moved)
        image = self._microscope.snap(
            Light(
                visit.id,
                index,
                Purpose.FOCUS,
                visit.fov.name,
                settings.channel,
                settings.exposure_ms,
            )
        )
        if isinstance(image, Refusal):
            raise SweepRefused(image)
        score = sharpness(image.pixels)
        self._book.focus_step(visit.id, index, z_um, score)
        return score
