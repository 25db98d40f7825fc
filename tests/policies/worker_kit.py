"""Isolated judges for tests: faulty ones, quick to give up, and never left behind."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from policies_synthetic import frame

from policies.worker import IsolatedJudge, Limits, WorkerSpec

HERE = str(Path(__file__).parent)
FRAME = frame(np.arange(64 * 64, dtype=np.uint16).reshape(64, 64))
SLOW_S = 60.0  # nothing takes so long, not even on a busy machine
QUICK = Limits(first_pause_s=0.05, longest_pause_s=0.2, failures=50, cool_down_s=0.5)


@contextmanager
def faulty(factory: str = "make", **keys: Any) -> Iterator[IsolatedJudge]:
    """An isolated judge of `worker_faults`; `arguments` are the factory's."""
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (HERE, before)))
    spec = WorkerSpec(f"worker_faults:{factory}", keys.pop("arguments", {}), threads=1)
    keys = {"name": "expected-1", "deadline_s": SLOW_S, "limits": QUICK} | keys
    judge = IsolatedJudge(spec, **keys)
    try:
        yield judge
    finally:
        judge.close()
        os.environ["PYTHONPATH"] = before


def until(what: Callable[[], Any], seconds: float = SLOW_S) -> None:
    """Wait until something is so."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it never was"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process is there, and not only its entry."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
