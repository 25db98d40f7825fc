"""What an instrument does wrong. Refusals are values; faults are exceptions."""

from __future__ import annotations

from enum import StrEnum


class FaultKind(StrEnum):
    """How a device failed."""

    TIMEOUT = "timeout"  # it did not answer in time
    NOT_CONFIRMED = "not_confirmed"  # it said yes, but the read-back differs
    DEVICE = "device"  # it reported an error
    MISSING_FRAMES = "missing_frames"  # fewer images than asked for


class InstrumentFault(Exception):
    """A device failed. The message is one line with device, value and unit."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        self.kind = kind
        super().__init__(message.replace("\n", " "))
