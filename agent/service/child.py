"""A runner process as the service sees it: orders to it, news from it. Stopping takes no lock."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from agent.runner.spec import RunnerSpec

LOG = logging.getLogger(__name__)
LISTEN_S = 2.0  # longest wait for a runner's answer to a stop at once; then it is killed
PING_S = 2.0
KILLED_S = 1.0  # until a killed process is gone


class Child:
    """Starts a runner. `hear` gets each line of news, in a thread of its own."""

    def __init__(
        self, spec: RunnerSpec, spec_file: Path, log: Path, hear: Callable[[dict[str, Any]], None]
    ) -> None:
        spec_file.write_text(spec.model_dump_json(), encoding="utf-8")
        self.spec = spec
        self._hear = hear
        self._stopped_now = threading.Event()
        self.could_not_stop: tuple[str, ...] = ()
        self.failure = ""  # why some of its news is lost
        self._pinged = 0.0
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "agent.runner", str(spec_file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # a Ctrl-C at the service's terminal is the service's
            )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._orders = self._process.stdin.fileno()
        self._writing = threading.Lock()  # for one write that never waits, and for the close
        self._closed = False
        if os.name == "posix":
            os.set_blocking(self._orders, False)  # a runner that hangs must not hang the service
        self._reader = threading.Thread(target=self._read, name="runner news", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    def poll(self) -> int | None:
        """Its exit code; None while it runs. All its news has been heard by then."""
        code = self._process.poll()
        if code is not None:
            self._reader.join(2.0)
        return code

    def ping(self) -> None:
        """Say now and then that the service is alive."""
        if time.monotonic() - self._pinged > PING_S:
            self._pinged = time.monotonic()
            self.order("ping")

    def order(self, do: str, **more: str) -> bool:
        """One order; False when it could not be written. Never waits."""
        line = (json.dumps({"do": do, **more}) + "\n").encode()
        with self._writing:
            if self._closed:  # the number of the pipe may be another file's by now
                return False
            try:
                return os.write(self._orders, line) == len(line)
            except OSError:
                return False

    def stop_now(self, why: str) -> tuple[bool, tuple[str, ...]]:
        """Light off at once: ask, and kill it where it does not answer.

        Returns whether the light is confirmed to be off, and what could not be stopped.
        """
        self._stopped_now.clear()
        if self.order("stop_now", why=why) and self._stopped_now.wait(LISTEN_S):
            return not self.could_not_stop, self.could_not_stop
        if self._process.poll() is not None:
            return False, ("the runner has ended without saying that the light is off",)
        self._process.kill()
        self.wait(KILLED_S)
        return False, ("the runner did not answer and was killed",)

    def kill(self) -> None:
        """Where it did not end in time, or hangs."""
        self._process.kill()

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end."""
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def close(self) -> None:
        """Close the pipes: for the runner this is the service's death."""
        with self._writing:
            self._closed = True
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with _ignored():
                    pipe.close()

    def _read(self) -> None:
        out = self._process.stdout
        assert out is not None
        with _ignored():  # closed while it is read
            for line in out:
                self._heard(line)

    def _heard(self, line: bytes) -> None:
        """One line. Whatever comes of it, the next one is read: one of them answers a stop."""
        try:
            news = json.loads(line)
            if news.get("news") == "stopped_now":
                self.could_not_stop = tuple(map(str, news.get("could_not_stop", ())))
                self._stopped_now.set()
            self._hear(news)
        except Exception as error:
            LOG.error("news of the runner: %s: %s", type(error).__name__, error)
            self.failure = f"its runner's news could not be heard: {type(error).__name__}"


def _ignored() -> Any:
    import contextlib

    return contextlib.suppress(OSError, ValueError)
