"""A simulated lamp in a process of its own, for trials."""

from __future__ import annotations

import json as jsonlib
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Self

from sim.lamp import read

if TYPE_CHECKING:
    from pathlib import Path

LATEST_S = 15.0  # longer is never


class LampProcess:
    """A simulated lamp in its own process, and its record."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.record = folder / "lamp.jsonl"
        command = [sys.executable, "-m", "sim.lamp", "--record", str(self.record)]
        command += ["--owner", str(os.getpid()), *options]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.address = f"127.0.0.1:{jsonlib.loads(self._process.stdout.readline())['port']}"

    @property
    def on(self) -> bool:
        """As the lamp remembers it."""
        return bool((said := read(self.record)) and said[-1]["state"] == "ON")

    def off_after_s(self, since_s: float, timeout_s: float = LATEST_S) -> float | None:
        """Seconds from `since_s` (monotonic) until the lamp was off; None: it was not."""
        until = time.monotonic() + timeout_s
        while time.monotonic() < until:
            if (said := read(self.record)) and said[-1]["state"] == "OFF":
                return float(said[-1]["monotonic_s"] - since_s)
            time.sleep(0.01)
        return None

    def __enter__(self) -> Self:
        """It runs."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._process.kill()
        self._process.communicate()
