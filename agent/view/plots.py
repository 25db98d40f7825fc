"""Numbers over the run, thinned out here: what is drawn never has more than 400 points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from agent.view.journal import NoJournal, looking
from agent.view.looks import Runs

if TYPE_CHECKING:
    from pathlib import Path

    from agent.view.journal import Rows

MOST_POINTS = 400
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


_RUNS = Runs()
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
    failed = tuple(sorted(rows(_FAILED.format(of=of), *values, most)))
    target = _target(rows)
    looks = _RUNS.of(run_dir)
    with looks.lock:
        looks.catch_up(rows)
        places = looks.places(fov)
        every = max(1, -(-len(places) // most))
        shown = places[::every]
        looks.read_verdicts(rows, shown)
        late = _worst([(looks.started_s[at], looks.late_s(at)) for at in places], most)
        focus, count = looks.points("focus", shown), looks.points("count", shown)
        percent = looks.points("target", shown, 100.0)
    return (
        Series("focus", "Focus score", "higher is sharper", focus, every, failed),
        Series("target", f"Probability of {target}", "percent", percent, every),
        Series("count", "Objects", "in one look", count, every),
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
