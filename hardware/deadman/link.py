"""One dead-man process, as its ward sees it: started, told, heard."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any

from hardware.deadman import process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

READY_S = 10.0  # longest wait until it watches
UNSEEN_S = 2.0  # a beat without an answer for so long: it hangs
UNSEEN = 10  # and at least so many: a ward that was itself held up has answers yet to read
# more of them, and the pipe is left alone: it holds 64 KiB, on Windows 4 KiB, and blocks there
MOST_UNSEEN = 1000 if sys.platform != "win32" else 60


class Link:
    """Starts the process and waits until it watches. Raises OSError where it does not.

    `on_gone` is called, from a thread, as soon as it has ended.
    """

    def __init__(
        self,
        hello: Mapping[str, Any],
        record: Path | None,
        pid: int,
        on_gone: Callable[[], None],
    ) -> None:
        self._on_gone = on_gone
        self._ready = threading.Event()
        self._sent = 0
        self._unseen: deque[tuple[int, float]] = deque(maxlen=MOST_UNSEEN)  # beat, when it was sent
        self.gone = False
        command = [sys.executable, "-P", "-m", "hardware.deadman", "--pid", str(pid)]
        command += ["--started", process.started(pid)]
        command += ["--record", str(record.absolute())] if record is not None else []
        self._child = _popen(command)
        assert self._child.stdin is not None
        self._wire = self._child.stdin.fileno()  # -1: ended, the number may be another file's
        self._writing = threading.Lock()  # for one write that does not block, or the closing
        if sys.platform != "win32":
            os.set_blocking(self._wire, False)  # a dead-man that hangs must not hang its ward
        threading.Thread(target=self._listen, name="dead-man", daemon=True).start()
        if not (self._send(hello) and self._ready.wait(READY_S)) or self.gone:
            self.end()
            raise OSError(f"the dead-man did not begin to watch ({self.how_it_is()})")

    @property
    def pid(self) -> int:
        """Of the dead-man."""
        return self._child.pid

    def beat(self, light_until_s: float) -> bool:
        """Say how long light may be on from now (0: it is off); False when nobody hears it."""
        if len(self._unseen) == MOST_UNSEEN:  # nobody reads
            return False
        self._sent += 1
        self._unseen.append((self._sent, time.monotonic()))
        return self._send({"beat": self._sent, "light_until_s": round(light_until_s, 4)})

    def wrong(self) -> str | None:
        """What is wrong with it, None if nothing is."""
        if self.gone or self._child.poll() is not None:
            return f"the dead-man has ended ({self.how_it_is()})"
        with contextlib.suppress(IndexError):  # all are answered
            _, sent_s = self._unseen[0]
            if time.monotonic() - sent_s > UNSEEN_S and len(self._unseen) >= UNSEEN:
                return "the dead-man does not answer"
        return None

    def how_it_is(self) -> str:
        """`exit code 1`, `signal 9`, or `still running`."""
        code = self._child.poll()
        if code is None:
            return "still running"
        return f"exit code {code}" if code >= 0 else f"signal {-code}"

    def bye(self, timeout_s: float) -> bool:
        """The ward ends in order; whether the dead-man ended, with the light off."""
        self._send({"bye": True})
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
        code = self._child.poll()
        self.end()
        return code == 0

    def bye_lit(self) -> bool:
        """The ward ends with light on; whether the dead-man can hear it.

        It is not to be ended then: it goes on trying, also without its ward.
        """
        return self._send({"bye": True, "lit": True})

    def wait(self, timeout_s: float) -> int | None:
        """Its exit code (0: light confirmed off), None while it is still at work."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout_s)
            self.end()
        return self._child.returncode

    def end(self) -> None:
        """End it, whatever it does."""
        self._child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(2.0)
        assert self._child.stdin is not None
        with self._writing, contextlib.suppress(OSError):
            self._wire = -1
            self._child.stdin.close()

    def _send(self, said: Mapping[str, Any]) -> bool:
        """One line in one write, which is whole or not at all; see `pipe(7)`, O_NONBLOCK."""
        line = (json.dumps(said) + "\n").encode()
        with self._writing:
            if self._wire < 0:
                return False
            try:
                return os.write(self._wire, line) == len(line)
            except OSError:
                return False

    def _listen(self) -> None:
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError, TypeError, AttributeError):
                    said = json.loads(line)
                    if "ready" in said:
                        self._ready.set()
                    self._answered(int(said.get("seen", 0)))
        self.gone = True
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(1.0)  # its exit code
        self._ready.set()  # nothing to wait for any more
        self._on_gone()

    def _answered(self, beat: int) -> None:
        """It and all before it: an answer may be left out where they come quickly."""
        while self._unseen and self._unseen[0][0] <= beat:
            self._unseen.popleft()


def _popen(command: list[str]) -> subprocess.Popen[bytes]:
    """In a session of its own: what a terminal sends to its group does not reach it."""
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        return subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            creationflags=flags,
        )
    return subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
