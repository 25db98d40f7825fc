"""What grows while a service runs for days: memory, threads, open files, queues."""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
from typing import TYPE_CHECKING

import psutil

from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WARM_UP = 0.2  # share of the time after which it is first looked at
MIB = 2**20

_QUEUES = {
    "commands": "SELECT count(*) FROM commands WHERE state='waiting'",
    "changes": "SELECT count(*) FROM changes WHERE state='asked'",
    "questions": "SELECT count(*) FROM asks WHERE state='asked'",
    "visits without a decision": "SELECT count(*) FROM visits v WHERE state='delivered'"
    " AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.visit=v.id)",
}
_TO_COME = "SELECT EXISTS (SELECT 1 FROM visits WHERE state IN ('pending', 'running'))"


def early_and_late(samples: Sequence[float]) -> tuple[float, float]:
    """Medians of the tenth after the warm-up, and of the last tenth; 0 where there is none."""
    tenth = max(1, len(samples) // 10)
    first = int(WARM_UP * len(samples))
    early, late = samples[first : first + tenth], samples[-tenth:]
    return statistics.median(early or [0.0]), statistics.median(late or [0.0])


def growth(samples: Sequence[float]) -> float:
    """Late over early, less one; 0 where nothing was seen."""
    early, late = early_and_late(samples)
    return round(late / early - 1, 4) if early else 0.0


def grows(samples: Sequence[float]) -> bool:
    """Whether there is more at the end than at the beginning, beyond its ups and downs.

    A queue that breathes up to its bound does not grow. A few more mean nothing.
    """
    early, late = early_and_late(samples)
    return late > 1.25 * early + 5


class Watch:
    """Samples of one service and of its run."""

    def __init__(self, home: Path, pid: int) -> None:
        self._home, self._pid = home, pid
        self.memory_mib: dict[str, list[float]] = {"service": [], "runner": []}
        self.lengths: dict[str, list[float]] = {}

    def sample(self, run: Path | None) -> None:
        """Once. What is gone for a moment is left out; so is a runner that writes its report, for
        which it loads more."""
        images = run is None or self._imaging(run)
        with contextlib.suppress(psutil.Error):
            service = psutil.Process(self._pid)
            self._process("service", service)
            for child in service.children() if images else ():
                if "agent.runner" in " ".join(child.cmdline()):
                    self._process("runner", child)
        if run is not None:
            self._rows(run / FILE_NAME, _QUEUES)
            self._size("journal's write-ahead log (MiB)", run / f"{FILE_NAME}-wal")
        waiting = "SELECT count(*) FROM deliveries WHERE state IN ('queued', 'sending')"
        self._rows(self._home / "messages.sqlite", {"messages": waiting})

    def grown(self) -> dict[str, tuple[float, float]]:
        """Queues that grow: name -> early and late length."""
        return {name: early_and_late(all_) for name, all_ in self.lengths.items() if grows(all_)}

    def longest(self) -> dict[str, float]:
        """The most that was seen of each."""
        return {name: round(max(all_), 2) for name, all_ in self.lengths.items()}

    def _imaging(self, run: Path) -> bool:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(_opened(run / FILE_NAME)) as db,
        ):
            return bool(db.execute(_TO_COME).fetchone()[0])
        return False

    def _process(self, name: str, process: psutil.Process) -> None:
        with process.oneshot():
            self.memory_mib[name].append(process.memory_info().rss / MIB)
            self._note(f"{name}'s threads", process.num_threads())
            if hasattr(process, "num_fds"):
                self._note(f"{name}'s open files", process.num_fds())

    def _rows(self, file: Path, queries: dict[str, str]) -> None:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(_opened(file)) as db,
        ):
            for name, sql in queries.items():
                self._note(name, db.execute(sql).fetchone()[0])

    def _size(self, name: str, file: Path) -> None:
        with contextlib.suppress(OSError):
            self._note(name, file.stat().st_size / MIB)

    def _note(self, name: str, value: float) -> None:
        self.lengths.setdefault(name, []).append(float(value))


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=5)
