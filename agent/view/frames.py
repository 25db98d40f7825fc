"""Which frames to show: the latest visit's, of the run or of one field."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.view.journal import NoJournal, in_parts, looking

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from agent.view.journal import Rows

_LOOK_BACK = 400  # exposures, to find the last visit of which something is stored
_SHOTS = (
    "SELECT visit, idx, fov, channel, z, time_s, z_um, exposure_ms FROM frames"
    " WHERE visit IN ({marks}) ORDER BY visit, idx"
)


@dataclass(frozen=True, slots=True)
class Shot:
    """A stored frame. Times: run time in s, exposure in ms, z in um."""

    visit: int
    index: int
    fov: str
    channel: str
    plane: int
    time_s: float
    z_um: float
    exposure_ms: float


def latest_shots(run_dir: Path, fov: str | None = None) -> tuple[Shot, ...]:
    """One frame per channel (the middle plane) of the last visit, of a field or of all.

    A visit under way is not shown while the one before it has more channels: a page that shows
    one picture, then two, then one cannot be looked at.
    """
    try:
        with looking(run_dir) as rows:
            found = (_per_channel(_shots(rows, (visit,))) for visit in _last_visits(rows, fov))
            seen = list(itertools.islice(filter(None, found), 2))
            if (
                len(seen) == 2
                and len(seen[0]) < len(seen[1])
                and _under_way(rows, seen[0][0].visit)
            ):
                return seen[1]
            return seen[0] if seen else ()
    except NoJournal:
        return ()


def shots_of(run_dir: Path, visits: Iterable[int]) -> dict[int, tuple[Shot, ...]]:
    """One frame per channel of each of these visits."""
    found: dict[int, list[Shot]] = {}
    try:
        with looking(run_dir) as rows:
            for shot in _shots(rows, visits):
                found.setdefault(shot.visit, []).append(shot)
    except NoJournal:
        return {}
    return {visit: _per_channel(shots) for visit, shots in found.items()}


def _last_visits(rows: Rows, fov: str | None) -> list[int]:
    if fov is not None:
        sql = "SELECT id FROM visits WHERE fov=? AND t_index IS NOT NULL ORDER BY t_index DESC"
        return [row[0] for row in rows(f"{sql} LIMIT 8", fov)]
    sql = (
        "SELECT visit, max(id) FROM (SELECT id, visit FROM exposures ORDER BY id DESC LIMIT ?)"
        " GROUP BY visit ORDER BY 2 DESC LIMIT 8"
    )
    return [row[0] for row in rows(sql, _LOOK_BACK)]


def _under_way(rows: Rows, visit: int) -> bool:
    return bool(rows("SELECT 1 FROM visits WHERE id=? AND state='running'", visit))


def _shots(rows: Rows, visits: Iterable[int]) -> list[Shot]:
    return [
        Shot(visit, idx, fov.partition("@")[0], channel, z, time_s, z_um, exposure_ms)
        for visit, idx, fov, channel, z, time_s, z_um, exposure_ms in in_parts(rows, _SHOTS, visits)
    ]


def _per_channel(shots: Iterable[Shot]) -> tuple[Shot, ...]:
    planes: dict[str, list[Shot]] = {}
    for shot in shots:
        planes.setdefault(shot.channel, []).append(shot)
    return tuple(
        sorted(of_channel, key=lambda s: s.plane)[len(of_channel) // 2]
        for of_channel in planes.values()
    )
