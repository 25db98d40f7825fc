"""Light per field, added up once: the ledger only grows, so only what is new is read.

A night's ledger has 100,000 rows; summing them for every look would be felt by the run.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from pathlib import Path

    from agent.view.journal import Rows

MOST_RUNS = 8
_NEW = (
    "SELECT fov, sum(exposure_ms) / 1000.0,"
    " coalesce(sum(irradiance_w_cm2 * exposure_ms), 0) / 1000.0, count(*), max(id),"
    " count(irradiance_w_cm2)"
    " FROM exposures NOT INDEXED WHERE id > ? GROUP BY fov"
)


@dataclass(slots=True)
class _Sums:
    """Seconds and J/cm2."""

    last: int = 0
    per_fov: dict[str, tuple[float, float]] = field(default_factory=dict)
    exposures: int = 0
    calibrated: bool = True  # every one of them


@dataclass(frozen=True, slots=True)
class Light:
    """What a run's sample received, in `unit`: "J/cm2", or "s" of exposure without calibration."""

    unit: str
    per_fov: dict[str, float]
    total: float
    exposures: int


class Ledgers:
    """The sums of the runs that were looked at last. Shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sums: OrderedDict[object, _Sums] = OrderedDict()

    def light(self, run_dir: Path, rows: Rows) -> Light:
        """Of the whole run."""
        with self._lock:
            sums = self._current(run_dir, rows)
            which = int(sums.calibrated)
            per_fov = {fov: both[which] for fov, both in sums.per_fov.items()}
            return Light(unit_of(which), per_fov, sum(per_fov.values()), sums.exposures)

    def _current(self, run_dir: Path, rows: Rows) -> _Sums:
        # by inode: another run may get the directory's name of a deleted one
        key = (str(run_dir), (run_dir / FILE_NAME).stat().st_ino)
        sums = self._sums.setdefault(key, _Sums())
        self._sums.move_to_end(key)
        while len(self._sums) > MOST_RUNS:
            self._sums.popitem(last=False)
        newest = sums.last
        for fov, seconds, joules, count, last, known in rows(_NEW, sums.last):
            old_s, old_j = sums.per_fov.get(fov, (0.0, 0.0))
            sums.per_fov[fov] = (old_s + seconds, old_j + joules)
            sums.exposures += count
            sums.calibrated &= known == count
            newest = max(newest, last)
        sums.last = newest
        return sums


LEDGERS = Ledgers()


def unit_of(calibrated_: bool | int) -> str:
    """The unit of light."""
    return "J/cm2" if calibrated_ else "s"
