"""Memory: the run stops in order before the system ends it without asking."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from agent.live.guard import Trouble

if TYPE_CHECKING:
    from collections.abc import Callable

KIND = "memory"
LOOK_S = 5.0  # real seconds between two looks
SHARE = 0.8  # of the machine's memory: more than this for one run is a leak
FLOOR_BYTES = 256_000_000  # what must be left for everybody
_CGROUP = Path("/sys/fs/cgroup")


class MemoryGuard:
    """Stops the run when its process takes more than `limit_bytes`, or less than `floor_bytes` are
    available on the machine (or in the container).

    `used` and `available` answer in bytes.
    """

    def __init__(
        self,
        limit_bytes: float | None = None,
        floor_bytes: float = FLOOR_BYTES,
        used: Callable[[], float] | None = None,
        available: Callable[[], float] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit = SHARE * total_bytes() if limit_bytes is None else limit_bytes
        self._floor = floor_bytes
        self._used = used or used_bytes
        self._available = available or available_bytes
        self._monotonic = monotonic
        self._looked_s = -LOOK_S

    def check(self, now_s: float) -> Trouble | None:
        """Before a visit, every few seconds."""
        if self._monotonic() - self._looked_s < LOOK_S:
            return None
        self._looked_s = self._monotonic()
        used, available = self._used(), self._available()
        if used > self._limit:
            what = f"the run takes {_gb(used)} of memory (limit {_gb(self._limit)})"
        elif available < self._floor:
            what = f"only {_gb(available)} of memory are left (the run needs {_gb(self._floor)})"
        else:
            return None
        return Trouble(KIND, "stop", f"{what}; stopped before the system does it. Resume goes on")


def used_bytes() -> float:
    """Of this process."""
    import psutil

    return float(psutil.Process().memory_info().rss)


def available_bytes() -> float:
    """Free for this process: on the machine, and in its container."""
    import psutil

    left = float(psutil.virtual_memory().available)
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    if limit is None or used is None:
        return left
    return min(left, limit - used + (_inactive_file() or 0.0))


def total_bytes() -> float:
    """Of the machine, or of the container."""
    import psutil

    total = float(psutil.virtual_memory().total)
    limit = _cgroup("memory.max")
    return total if limit is None else min(total, limit)


def _cgroup(name: str) -> float | None:
    try:
        return float((_CGROUP / name).read_text(encoding="ascii"))
    except (OSError, ValueError):  # none, or "max"
        return None


def _inactive_file() -> float | None:
    """Pages of files that the system takes back when they are needed."""
    try:
        for line in (_CGROUP / "memory.stat").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(" ")
            if name == "inactive_file":
                return float(value)
    except (OSError, ValueError):
        pass
    return None


def _gb(n: float) -> str:
    return f"{n / 1e9:.2f} GB"
