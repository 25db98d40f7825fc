"""Whether a process is still the one that was meant, and ending it. Standard library on Linux."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path


def started(pid: int) -> str:
    """When process `pid` began, as a text that a later process of this number does not share.

    "" when there is none, or nothing but its exit code is left of it.
    """
    if sys.platform == "linux":
        try:
            text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        fields = text.rpartition(")")[2].split()  # the name before it may hold anything
        return "" if fields[0] in "ZXx" else fields[19]
    import psutil

    try:
        process = psutil.Process(pid)
        return "" if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.Error:
        return ""


def alive(pid: int, began: str) -> bool:
    """Whether the process `pid` that began at `began` still runs (or hangs)."""
    return bool(began) and started(pid) == began


def kill(pid: int, began: str) -> bool:
    """End that process at once, unless it is gone or its number is somebody else's by now."""
    if not alive(pid, began):
        return False
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
        return True
    return False


def wait_gone(pid: int, began: str, timeout_s: float) -> bool:
    """Wait until that process is gone; whether it is."""
    until = time.monotonic() + timeout_s
    while alive(pid, began):
        if time.monotonic() > until:
            return False
        time.sleep(0.005)
    return True
