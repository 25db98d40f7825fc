"""Every call is written down: one JSON line each, in files that do not grow without bound."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import TYPE_CHECKING, Any

from agent.web.redact import redacted

if TYPE_CHECKING:
    from pathlib import Path

    from agent.mcp.tool import Asker

FILE_NAME = "mcp.jsonl"
MOST_BYTES = 2_000_000
MOST_FILES = 5
MOST_ARGUMENTS = 1_000


class CallLog:
    """`FILE_NAME` in a folder, and its older parts. May be used from any thread."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME
        self._lock = threading.Lock()

    def write(self, who: Asker, tool: str, arguments: Any, outcome: str, took_s: float) -> None:
        """One line. Raises OSError where it cannot be written."""
        said = json.dumps(arguments, ensure_ascii=False, default=str)[:MOST_ARGUMENTS]
        line = {
            "utc": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "who": who.name,
            "role": str(who.role),
            "session": who.session[:12],
            "tool": tool[:100],
            "arguments": redacted(said),
            "outcome": outcome,
            "took_s": round(took_s, 3),
        }
        with self._lock:
            self._turn_over()
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _turn_over(self) -> None:
        try:
            if self._path.stat().st_size < MOST_BYTES:
                return
        except FileNotFoundError:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            return
        for number in range(MOST_FILES - 1, 0, -1):
            older = self._path.with_name(f"{FILE_NAME}.{number}")
            if older.exists():
                older.replace(self._path.with_name(f"{FILE_NAME}.{number + 1}"))
        self._path.replace(self._path.with_name(f"{FILE_NAME}.1"))
