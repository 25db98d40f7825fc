"""A runner as the bench uses it: orders to it, news from it, and waiting for both."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"
PATIENCE_S = 90.0
PING_S = 2.0


def context(*, services: bool = True) -> Any:
    """Processes that start with everything loaded; `services`: also what a service needs."""
    made = multiprocessing.get_context(METHOD)
    if METHOD == "forkserver":
        daemon = ["agent.bench.faults_daemon"] if services else []
        made.set_forkserver_preload(["agent.bench.faults_child", *daemon])
    return made


class HangsError(Exception):
    """Something did not come true in time; one line."""


def until(true: Callable[[], Any], what: str, patience_s: float = PATIENCE_S) -> Any:
    """Wait for it; HangsError."""
    end = time.monotonic() + patience_s
    while not (found := true()):
        if time.monotonic() > end:
            raise HangsError(f"within {patience_s:g} s not: {what}")
        time.sleep(0.01)
    return found


class Runner:
    """A runner under way: orders to it, news from it."""

    def __init__(self, context: Any, spec: Path, log: Path, options: dict[str, Any]) -> None:
        self.news: list[dict[str, Any]] = []
        orders, self._orders = context.Pipe(duplex=False)
        heard, news = context.Pipe(duplex=False)
        from agent.bench.faults_child import run

        args = (str(spec), orders, news, str(log), options)
        self.process = context.Process(target=run, args=args, daemon=True)
        self.process.start()
        orders.close()
        news.close()
        self._heard = heard
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        threading.Thread(target=self._ping, daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process."""
        found: int = self.process.pid
        return found

    def order(self, do: str, **more: str) -> None:
        """One order."""
        with contextlib.suppress(OSError):  # it has ended, or was cut off
            os.write(self._orders.fileno(), (json.dumps({"do": do, **more}) + "\n").encode())

    def heard(self, **wanted: Any) -> bool:
        """Whether it has said that."""
        return any(wanted.items() <= news.items() for news in list(self.news))

    @property
    def alive(self) -> bool:
        """It runs."""
        return bool(self.process.is_alive())

    def ends(self, patience_s: float = PATIENCE_S) -> int:
        """Its exit code, negative for a signal."""
        self.process.join(patience_s)
        if self.process.is_alive():
            raise HangsError(f"the runner does not end within {patience_s:g} s")
        self._reader.join(2.0)
        return int(self.process.exitcode)

    def cut(self) -> None:
        """The orders' pipe ends: what the death of the service looks like."""
        with contextlib.suppress(OSError):
            self._orders.close()

    def close(self) -> None:
        """End it."""
        if self.process.is_alive():
            os.kill(self.pid, signal.SIGKILL)
        self.process.join(5.0)
        with contextlib.suppress(OSError):
            self._orders.close()

    def _ping(self) -> None:
        """As the service does: without it, a runner takes the service for hanging."""
        while self.alive:
            self.order("ping")
            time.sleep(PING_S)

    def _read(self) -> None:
        with contextlib.suppress(OSError), os.fdopen(os.dup(self._heard.fileno())) as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    self.news.append(json.loads(line))
