"""The journal for those who only look: short read-only connections that never lock the writer."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any

from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    Rows = Callable[..., list[tuple[Any, ...]]]

PATIENCE_S = 1.0  # a reader hardly ever waits in WAL mode; it must not make a page hang
_AT_ONCE = 500  # below SQLite's oldest limit on bound values
_LAST = (
    "SELECT max(coalesce((SELECT time_s FROM exposures ORDER BY id DESC LIMIT 1), 0),"
    " coalesce((SELECT time_s FROM notes ORDER BY id DESC LIMIT 1), 0),"
    " coalesce((SELECT CAST(value AS REAL) FROM run WHERE key='ended_s'), 0))"
)


class NoJournal(Exception):
    """There is no journal to be read (yet); one line."""


@contextlib.contextmanager
def looking(run_dir: Path) -> Iterator[Rows]:
    """Queries of one moment of a run: `rows(sql, *values)`. Raises NoJournal."""
    path = run_dir / FILE_NAME
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=PATIENCE_S)) as db:
            db.isolation_level = None
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            db.execute("BEGIN")

            def rows(sql: str, *values: Any) -> list[tuple[Any, ...]]:
                return db.execute(sql, values).fetchall()

            yield rows
    except sqlite3.Error as error:
        raise NoJournal(f"{path.name}: not readable ({error})") from error


def in_parts(rows: Rows, sql: str, keys: Iterable[Any]) -> Iterator[tuple[Any, ...]]:
    """Rows of a query with `{marks}` for the wanted keys, however many they are."""
    wanted: Sequence[Any] = sorted(set(keys))
    for start in range(0, len(wanted), _AT_ONCE):
        part = wanted[start : start + _AT_ONCE]
        yield from rows(sql.format(marks=",".join("?" * len(part))), *part)


def last_time_s(rows: Rows) -> float:
    """Run time of the last sign of life."""
    return float(rows(_LAST)[0][0])


def started_utc(rows: Rows) -> str:
    """When the run began, ISO 8601; "" for a simulated one, whose clock is not this room's."""
    keys: dict[str, str] = dict(
        rows("SELECT key, value FROM run WHERE key IN ('started_utc', 'kind')")
    )
    return "" if keys.get("kind") == "rehearse" else str(keys.get("started_utc", ""))


def calibrated(rows: Rows) -> bool:
    """Whether all light is known in J/cm2; else it is counted in seconds of exposure."""
    return not rows("SELECT 1 FROM exposures WHERE irradiance_w_cm2 IS NULL LIMIT 1")
