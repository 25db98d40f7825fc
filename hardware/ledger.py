"""The dose ledger: every exposure of the sample, counted before the light goes on."""

from __future__ import annotations

import math
import threading
from typing import TYPE_CHECKING, Protocol

from hardware.data import Dose

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hardware.data import Exposure

DARK = Dose(seconds=0.0, j_cm2=0.0, exposures=0)
"""No light yet."""


class LedgerBook(Protocol):
    """Where the ledger is written down, so that it survives the program."""

    def write(self, exposure: Exposure) -> int:
        """Commit one exposure (it counts from now on) and return its row."""

    def done(self, row: int) -> None:
        """Note that the camera delivered the image of `row`."""

    def totals(self) -> dict[str, Dose]:
        """Sum of all rows per field of view, delivered or not.

        `j_cm2` is None as soon as one of a field's rows has no irradiance: a sum that leaves such
        rows out would be too low.
        """


class MemoryBook:
    """A book that forgets when the program ends: for work by hand and for tests."""

    def __init__(self) -> None:
        self.rows: list[Exposure] = []
        self.delivered: set[int] = set()

    def write(self, exposure: Exposure) -> int:
        """Append one exposure; rows count from 1."""
        self.rows.append(exposure)
        return len(self.rows)

    def done(self, row: int) -> None:
        """Note that the camera delivered the image of `row`."""
        self.delivered.add(row)

    def totals(self) -> dict[str, Dose]:
        """Sum of all rows per field of view."""
        totals: dict[str, Dose] = {}
        for row in self.rows:
            totals[row.fov] = plus(totals.get(row.fov, DARK), row)
        return totals


class DoseLedger:
    """What each field of view has received: fast in memory, true in the book.

    Loads the book's totals, so a restart goes on counting. An exposure counts from the moment it
    is opened: light that was announced and may have fallen is light.
    Reading takes no lock; `open` may be called from any thread.
    """

    def __init__(self, book: LedgerBook) -> None:
        self._book = book
        self._lock = threading.Lock()
        self._fovs = dict(book.totals())
        self._total = _sum(self._fovs.values())

    def open(self, exposure: Exposure) -> int:
        """Write down an exposure BEFORE the light goes on; returns its row.

        Raises ValueError for a time or dose that is not a positive, finite number, and whatever
        the book raises when it cannot write. Then nothing is counted, and the light must stay off.
        """
        dose = exposure.dose_j_cm2
        for value in (exposure.seconds, dose):
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ValueError(f"dose ledger: {value!r} is no time or dose, in {exposure}")
        with self._lock:
            row = self._book.write(exposure)
            self._fovs[exposure.fov] = plus(self.fov(exposure.fov), exposure)
            self._total = plus(self._total, exposure)
        return row

    def close(self, row: int) -> None:
        """Note that the camera delivered the image of `row`. The dose stays as it is."""
        self._book.done(row)

    def fov(self, name: str) -> Dose:
        """What the field of view `name` has received so far."""
        return self._fovs.get(name, DARK)

    def total(self) -> Dose:
        """What all fields together have received so far."""
        return self._total

    @property
    def calibrated(self) -> bool:
        """True while every exposure counted so far had an irradiance."""
        return self._total.j_cm2 is not None


def plus(dose: Dose, exposure: Exposure) -> Dose:
    """`dose` and one exposure more."""
    return _sum((dose, Dose(exposure.seconds, exposure.dose_j_cm2, 1)))


def _sum(doses: Iterable[Dose]) -> Dose:
    seconds, j_cm2, exposures = 0.0, 0.0, 0
    calibrated = True
    for dose in doses:
        seconds += dose.seconds
        exposures += dose.exposures
        if dose.j_cm2 is None:
            calibrated = False
        else:
            j_cm2 += dose.j_cm2
    return Dose(seconds, j_cm2 if calibrated else None, exposures)
