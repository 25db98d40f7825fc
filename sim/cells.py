"""The cells: one row each, in one table that grows."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.void]


class Phase(IntEnum):
    """Where a cell is in its life."""

    INTERPHASE = 0
    PROPHASE = 1
    METAPHASE = 2
    ANAPHASE = 3
    TELOPHASE = 4
    DEAD = 5
    DEBRIS = 6  # no cell


# Times are run time in seconds, lengths um, doses J/cm^2.
ROW = np.dtype(
    [
        ("key", "u8"),  # hash; names the cell and seeds everything that is random about it
        ("mother", "u8"),  # her key, 0 for the first generation
        ("x", "f8"),  # where the walk starts
        ("y", "f8"),
        ("wx", "f8"),  # the walk's displacement at birth, subtracted since
        ("wy", "f8"),
        ("px", "f8"),  # how far it moves away from its sister in its first hours
        ("py", "f8"),
        ("born", "f8"),
        ("starts", "f8", (5,)),  # of prophase .. telophase, and the end; infinite if it rests
        ("death", "f8"),
        ("axis", "f4"),  # of the spindle, radian
        ("angle", "f4"),  # of the nucleus
        ("size", "f4"),  # linear factor
        ("aspect", "f4"),
        ("bright", "f4"),
        ("height", "f4"),  # of its middle above the focal plane
        ("toxic", "f8"),  # dose weighted by toxicity
        ("lethal", "f8"),  # the dose that kills it
        ("chromatin", "f8"),  # doses that bleached its stains
        ("cytoplasm", "f8"),
        ("generation", "i4"),
        ("divided", "?"),
        ("debris", "?"),
    ]
)
PROPHASE, METAPHASE, ANAPHASE, TELOPHASE, END = range(5)  # columns of `starts`


class Table:
    """Rows that are only ever added. `rows` is a view: it may be written to."""

    def __init__(self) -> None:
        self._store = np.zeros(256, ROW)
        self._used = 0

    @property
    def rows(self) -> Rows:
        """Every row so far, (n,) of `ROW`."""
        return self._store[: self._used]

    def add(self, rows: Rows) -> None:
        """Append rows; earlier views of the table go stale."""
        need = self._used + len(rows)
        if need > len(self._store):
            store = np.zeros(max(need, 2 * len(self._store)), ROW)
            store[: self._used] = self.rows
            self._store = store
        self._store[self._used : need] = rows
        self._used = need


def phases(rows: Rows, time_s: float) -> NDArray[np.int64]:
    """`Phase` of each row at `time_s`, (n,)."""
    phase = (rows["starts"][:, :END] <= time_s).sum(axis=1)
    phase[rows["death"] <= time_s] = Phase.DEAD
    phase[rows["debris"]] = Phase.DEBRIS
    return np.asarray(phase, np.int64)


def present(rows: Rows, time_s: float) -> NDArray[np.bool_]:
    """Which rows are there at `time_s`: born, and not yet two daughters."""
    gone = (rows["starts"][:, END] <= time_s) & (rows["death"] > rows["starts"][:, END])
    return np.asarray((rows["born"] <= time_s) & ~gone, np.bool_)


def stop_divisions(rows: Rows) -> None:
    """Make the rows rest: no division ahead (in place)."""
    rows["starts"] = np.inf
