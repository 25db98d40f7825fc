"""What the dead-man did, in a file of JSON lines that outlives everybody. Standard library only."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import queue
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

RETRY_S = 0.5  # until the next try to write what could not be written
LAST = ("bye", "dark", "not_dark", "not_begun")  # events after which a dead-man ends
KEPT = 1000  # lines that wait for the disk, at most


class Record:
    """Appends lines in a thread of its own: a disk that is full or hangs holds nothing up."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="record", daemon=True)
        self._thread.start()

    def write(self, event: str, **facts: object) -> None:
        """One event with its calendar time (UTC) and the machine's monotonic time (s)."""
        line = {
            "event": event,
            "utc": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "monotonic_s": round(time.monotonic(), 4),
            **facts,
        }
        self._lines.put(json.dumps(line, default=str))

    def close(self, timeout_s: float = 3.0) -> bool:
        """Wait for the disk, not longer than this; whether everything is there."""
        self._lines.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _serve(self) -> None:
        waiting: list[str] = []
        over = False
        while not over or waiting:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=RETRY_S if waiting else None)
                if line is None:
                    over = True
                elif len(waiting) < KEPT:
                    waiting.append(line)
            if self._path is None or (waiting and _append(self._path, waiting)):
                waiting = []


def _append(path: Path, lines: list[str]) -> bool:
    """Whether they are on the disk. A line that was cut short before gets an end first."""
    try:
        with path.open("ab") as file:
            torn = file.tell() > 0 and not _ends_in_newline(path)
            file.write((("\n" if torn else "") + "".join(f"{line}\n" for line in lines)).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    return True


def _ends_in_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def over(path: Path) -> bool:
    """Whether the last dead-man that wrote there has done all it will do."""
    events = read(path)
    return bool(events) and events[-1]["event"] in LAST


def read(path: Path) -> list[dict[str, Any]]:
    """The events of a record, in order; [] where there is none. Lines cut short are left out."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    events = []
    for line in lines:
        with contextlib.suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict) and "event" in event:
                events.append(event)
    return events
