"""A journal as a long run leaves it, written at once: what is looked at must not grow with it."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
from typing import TYPE_CHECKING, Any

from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VISITS, FIELDS, CHANNELS, EVERY_S = 15_000, 25, ("DAPI", "FITC"), 5.0
PENDING = 500  # still to come
REACTS_EVERY = 150  # so many looks: one with a burst
BURST = json.dumps([{"action": "burst", "fov": "F1", "outcome": "done", "visits": [1, 2, 3]}])


def make_long_run(short: Path, folder: Path, visits: int = VISITS) -> Path:
    """A run directory with `visits` delivered visits; plan and verdicts are a short run's."""
    folder.mkdir(parents=True)
    run = folder / "long"
    shutil.copytree(short, run, ignore=shutil.ignore_patterns("*.zarr", "*.sqlite-*", "*.html"))
    with contextlib.closing(sqlite3.connect(run / FILE_NAME, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous=OFF")
        state, verdict = db.execute(
            "SELECT state, verdict FROM verdicts WHERE state='given' ORDER BY length(verdict) DESC"
        ).fetchone()
        decision, applied = db.execute(
            "SELECT decision, applied FROM decisions WHERE instr(decision, '\"burst\"')"
        ).fetchone()
        db.execute("BEGIN")
        for table in ("fovs", "visits", "frames", "exposures", "verdicts", "decisions", "bursts",
                      "focus", "notes", "errors", "refusals"):  # fmt: skip
            db.execute(f"DELETE FROM {table}")
        _fill(db, "fovs", ((f"F{n}", n, 600.0 * (n % 5), 600.0 * (n // 5), 0.0)
                           for n in range(FIELDS)))  # fmt: skip
        _fill(db, "visits", map(_visit, range(1, visits + PENDING + 1), _many(visits)))
        _fill(db, "frames", (_frame(v, c) for v in range(1, visits + 1) for c in (0, 1)))
        _fill(db, "exposures", (_exposure(v, c) for v in range(1, visits + 1) for c in (0, 1)))
        looks = range(1, visits + 1)
        _fill(db, "verdicts", ((v, state, EVERY_S * v, 0.1, verdict) for v in looks))
        _fill(db, "decisions", (_decision(v, decision, applied) for v in looks))
        reacting = range(REACTS_EVERY, visits, REACTS_EVERY)
        _fill(db, "bursts", ((n, _fov(v), v, EVERY_S * v, EVERY_S * (v + 60), EVERY_S * (v + 60),
                              "over") for n, v in enumerate(reacting, 1)))  # fmt: skip
        _fill(db, "focus", ((n, v, _fov(v), EVERY_S * v, n % 7 and 1, 0.5, "drift", "[]")
                            for n, v in enumerate(range(1, visits, 20), 1)))  # fmt: skip
        _fill(db, "errors", ((n, EVERY_S * v, v, "camera", "Timeout", "no image")
                             for n, v in enumerate(range(7, visits, 500), 1)))  # fmt: skip
        _fill(db, "notes", ((n, EVERY_S * v, "start", "resumed")
                            for n, v in enumerate(range(1, visits, 1000), 1)))  # fmt: skip
        db.execute("COMMIT")
    return run


def _fov(visit: int) -> str:
    return f"F{visit % FIELDS}"


def _many(visits: int) -> Iterator[int]:
    while True:
        yield visits


def _fill(db: sqlite3.Connection, table: str, rows: Iterator[tuple[Any, ...]] | map[Any]) -> None:
    width = len(db.execute(f"PRAGMA table_info({table})").fetchall())
    db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * width)})", rows)


def _visit(number: int, delivered: int) -> tuple[Any, ...]:
    made, at_s = number <= delivered, EVERY_S * number
    cause = number // REACTS_EVERY * REACTS_EVERY or None if number % 3 == 0 else None
    return (
        number, _fov(number), "baseline" if cause is None else "burst", 0, at_s,
        number // FIELDS, None, cause, "delivered" if made else "pending", "", 2,
        number // FIELDS if made else None, at_s if made else None,
        at_s + 0.4 if made else None, 0, int(number % 50 == 0),
    )  # fmt: skip


def _frame(visit: int, channel: int) -> tuple[Any, ...]:
    return (
        visit, channel, _fov(visit), visit // FIELDS, channel, 0, CHANNELS[channel],
        EVERY_S * visit, "2026-03-01T20:00:00+00:00", 0.0, 0.0, 0.0, 20.0, "20X", 0.5,
    )  # fmt: skip


def _exposure(visit: int, channel: int) -> tuple[Any, ...]:
    return (
        2 * visit + channel, visit, channel, "visit", _fov(visit), CHANNELS[channel], 20.0, 0.04,
        EVERY_S * visit, 0.0, 0.0, 0.0, "20X", 1,
    )  # fmt: skip


def _decision(visit: int, burst: str, applied: str) -> tuple[Any, ...]:
    nothing = json.dumps({"actions": [], "reason": "nothing to do"}, separators=(",", ":"))
    reacts = visit % REACTS_EVERY == 0
    return (
        visit, EVERY_S * visit, "watch", "mitosis" if reacts else "nothing to do",
        burst if reacts else nothing, applied if reacts else "[]", "{}",
    )  # fmt: skip
