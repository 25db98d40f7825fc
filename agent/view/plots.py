"""Numbers over the run, thinned out here: what is drawn never has more than 400 points."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.journal.journal import FILE_NAME
from agent.report.unpack import number
from agent.view.journal import NoJournal, in_parts, looking

if TYPE_CHECKING:
    from pathlib import Path

    from agent.view.journal import Rows

MOST_POINTS = 400
MOST_VERDICTS = 40_000  # of all runs, remembered: four numbers each
MOST_RUNS = 4  # whose visits are remembered
_AT_ONE_TIME = 100  # visits that may start at the same moment (of a simulated clock)
Look = tuple[int, float, float, str]  # visit, started_s, due_s, field
Point = tuple[float, float]  # run time in s, value


@dataclass(frozen=True, slots=True)
class Series:
    """Points in time order. `every`: of so many looks one is shown; 1: all."""

    name: Literal["focus", "count", "target", "lateness"]
    title: str
    unit: str
    points: tuple[Point, ...]
    every: int = 1
    bad: tuple[Point, ...] = ()
    """Autofocus runs that failed; the value is 0."""


class _Verdicts:
    """What is drawn of verdicts, kept: a verdict never changes, and its JSON is long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, tuple[float | None, ...]] = OrderedDict()

    def of(
        self, run_dir: Path, rows: Rows, visits: list[int]
    ) -> dict[int, tuple[float | None, ...]]:
        """(focus score, count, p_target) of those visits that have a verdict."""
        run = (str(run_dir), (run_dir / FILE_NAME).stat().st_ino)
        with self._lock:
            found = {v: self._kept[run, v] for v in visits if (run, v) in self._kept}
        new = {
            visit: (number(score), number(count), number(p_target))
            for visit, score, count, p_target in in_parts(
                rows, _VERDICTS, [v for v in visits if v not in found]
            )
        }
        with self._lock:
            for visit, numbers in new.items():
                self._kept[run, visit] = numbers
            while len(self._kept) > MOST_VERDICTS:
                self._kept.popitem(last=False)
        return {**found, **new}


class _Looks:
    """Delivered visits in the order of their start, kept: they are done with, and only grow."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, list[Look]] = OrderedDict()

    def of(self, run_dir: Path, rows: Rows, fov: str | None) -> list[Look]:
        """Of a field, or of all."""
        run = (str(run_dir), (run_dir / FILE_NAME).stat().st_ino)
        with self._lock:
            looks = self._kept.setdefault(run, [])
            self._kept.move_to_end(run)
            while len(self._kept) > MOST_RUNS:
                self._kept.popitem(last=False)
            last_s = looks[-1][1] if looks else float("-inf")
            known = {look[0] for look in looks[-_AT_ONE_TIME:] if look[1] == last_s}
            looks += [look for look in rows(_LOOKS, last_s) if look[0] not in known]
            return looks.copy() if fov is None else [look for look in looks if look[3] == fov]


_KEPT, _SEEN = _Verdicts(), _Looks()
_VERDICTS = (
    "SELECT visit, CASE WHEN state IN ('failed', 'unjudged') THEN NULL"
    " ELSE json_extract(verdict, '$.focus.score') END,"
    " json_extract(verdict, '$.count'), json_extract(verdict, '$.p_target')"
    " FROM verdicts WHERE json_valid(verdict) AND visit IN ({marks})"
)
_LOOKS = (
    "SELECT id, started_s, due_s, fov FROM visits WHERE state='delivered' AND started_s >= ?"
    " ORDER BY started_s, id"
)
_FAILED = "SELECT time_s, 0.0 FROM focus WHERE ok=0 {of} ORDER BY id DESC LIMIT ?"


def series(run_dir: Path, fov: str | None = None, *, most: int = MOST_POINTS) -> tuple[Series, ...]:
    """Focus score, objects, probability of the target and lateness, of a field or of all."""
    try:
        with looking(run_dir) as rows:
            return _series(run_dir, rows, fov, max(2, min(most, MOST_POINTS)))
    except (NoJournal, OSError):
        return ()


def _series(run_dir: Path, rows: Rows, fov: str | None, most: int) -> tuple[Series, ...]:
    of, values = ("AND fov=?", (fov,)) if fov is not None else ("", ())
    looks = _SEEN.of(run_dir, rows, fov)
    every = max(1, -(-len(looks) // most))
    shown = looks[::every]
    numbers = _KEPT.of(run_dir, rows, [look[0] for look in shown])
    failed = tuple(sorted(rows(_FAILED.format(of=of), *values, most)))
    target = _target(rows)

    def points(which: int, scale: float = 1.0) -> tuple[Point, ...]:
        return tuple(
            (started_s, scale * value)
            for visit, started_s, _, _ in shown
            if visit in numbers and (value := numbers[visit][which]) is not None
        )

    late = _worst(
        [(started_s, max(0.0, started_s - due_s)) for _, started_s, due_s, _ in looks], most
    )
    return (
        Series("focus", "Focus score", "higher is sharper", points(0), every, failed),
        Series("target", f"Probability of {target}", "percent", points(2, 100.0), every),
        Series("count", "Objects", "in one look", points(1), every),
        Series("lateness", "Lateness", "s after the due time; the worst of each stretch", late),
    )


def _target(rows: Rows) -> str:
    found = rows("SELECT json_extract(verdict, '$.target') FROM verdicts WHERE json_valid(verdict)"
                 " LIMIT 1")  # fmt: skip
    return str(found[0][0] or "the target")[:60] if found else "the target"


def _worst(points: list[Point], most: int) -> tuple[Point, ...]:
    """The highest value of each stretch, so that no peak is lost."""
    size = max(1, -(-len(points) // most))
    return tuple(max(points[i : i + size], key=lambda p: p[1]) for i in range(0, len(points), size))
