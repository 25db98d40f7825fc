"""One child process as its parent sees it: requests to it, answers from it, and its end."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psutil
from pydantic import ValidationError

from policies.worker.environment import environment, spare_threads
from policies.worker.messages import Answer
from policies.worker.spec import WorkerError, one_line
from policies.worker.wire import WireError, receive, send

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from policies.worker.spec import WorkerSpec

COMMAND = (sys.executable, "-P", "-m", "policies.worker")  # -P: never from where it is started
PIPE_BYTES = 2**20  # the default of 64 KiB takes more switches from process to process
REAP_S = 10.0
_Job = tuple[bytes, "Sequence[memoryview]", "Future[Answer]"]


class Child:
    """Starts a process. Its pipes are read and written in one thread, which nobody waits for.

    `changed` is called, in that thread, when it is ready and when it is gone. Raises OSError where
    no process can be started.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        cwd: str,
        changed: Callable[[], None],
        command: Sequence[str] = COMMAND,
    ) -> None:
        threads = spec.threads or spare_threads()
        extra: dict[str, Any] = {"start_new_session": True}  # Ctrl-C is the run's
        if sys.platform == "win32":
            extra = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
        self._process = subprocess.Popen(
            command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
            env=environment(threads, os.environ),
            **extra,
        )
        _widen(self._process.stdin)
        self._hello = json.dumps(
            {"factory": spec.factory, "arguments": spec.arguments, "parent": os.getpid()}
        ).encode()
        self._changed = changed
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._last_words: deque[str] = deque(maxlen=30)
        self._killed_for, self._going = "", False
        self._lock = threading.Lock()  # of what follows
        self._open = True
        self._waiting: Future[Answer] | None = None
        self.name: str | None = None  # the judge's, once it is ready
        self.why = ""  # how it ended, one line; "" while it lives
        self.unavailable = False  # it said that the judge cannot be loaded
        self.gone = threading.Event()
        self._threads = [
            threading.Thread(target=self._hear, name="worker stderr", daemon=True),
            threading.Thread(target=self._talk, name="worker talk", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """Its process, and its process group."""
        return self._process.pid

    def rss_bytes(self) -> int:
        """Resident memory of it; 0 when it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    @property
    def going(self) -> bool:
        """Whether it was killed or is gone: nothing is to be asked of it."""
        return self._going or self.gone.is_set()

    def exited(self) -> bool:
        """Whether the process has ended; its threads may not know it yet."""
        return self._process.poll() is not None

    def ask(self, head: bytes, blobs: Sequence[memoryview]) -> Future[Answer]:
        """Put a request to it; never waits. The future fails with a WorkerError at its end."""
        future: Future[Answer] = Future()
        with self._lock:
            if self._open:
                self._waiting = future
                self._jobs.put((head, blobs, future))
                return future
        future.set_exception(WorkerError(self.why or "it is gone"))
        return future

    def kill(self, why: str = "") -> None:
        """End it and all it has started, at once. `why` is told; else what its exit code says."""
        self._killed_for, self._going = self._killed_for or why, True
        self._kill_group()
        self._jobs.put(None)

    def close(self) -> None:
        """Kill it, reap it, give back pipes and threads."""
        self.kill("was closed")
        for thread in self._threads:
            thread.join(REAP_S)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()

    # ------------------------------------------------------------------ inside

    def _talk(self) -> None:
        trouble = ""
        try:
            self._converse()
        except ValidationError as error:
            trouble = f"gave an answer that is none ({_first(error)})"
        except WireError as error:
            trouble = f"gave an answer that is none ({error})"
        except (EOFError, OSError):
            pass  # it died; how, its exit code says
        except BaseException as error:  # whatever it is, nobody may be left waiting
            trouble = f"{type(error).__name__}: {error}"
        self._end(trouble)

    def _converse(self) -> None:
        orders, answers = self._process.stdin, self._process.stdout
        assert orders is not None and answers is not None
        raw_in: Any = orders
        raw_out: Any = answers
        send(raw_in, self._hello)
        hello = _read(raw_out)
        if hello.unavailable is not None or hello.ready is None:
            self.unavailable = hello.unavailable is not None
            self._killed_for = hello.unavailable or "gave a first answer that is none"
            return
        self.name = one_line(hello.ready)
        self._changed()
        while (job := self._jobs.get()) is not None:
            head, blobs, future = job
            send(raw_in, head, blobs)
            answer = _read(raw_out)
            with self._lock:
                self._waiting = None
            future.set_result(answer)
            del job, head, blobs, future

    def _end(self, trouble: str) -> None:
        """Make sure that it is dead, find out why, and tell whoever waits."""
        self._going = True
        if trouble:
            self._killed_for = self._killed_for or trouble
        try:
            # pipes that end are not yet a process that ended
            code = self._process.wait(0 if self._killed_for else 1.0)
            self._kill_group()  # what it had started
        except subprocess.TimeoutExpired:
            self.kill("closed its pipe and went on")
            try:
                code = self._process.wait(REAP_S)
            except subprocess.TimeoutExpired:
                code = 0
        self._threads[0].join(1.0)  # its last words
        why = self._killed_for or _ending(code, self._last_words)
        with self._lock:
            self._open = False
            self.why = one_line(why, 1000)
            waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.set_exception(WorkerError(self.why))
        self.gone.set()
        self._changed()

    def _kill_group(self) -> None:
        if self.gone.is_set():
            return  # reaped, and all it had started was killed: its number may be another's by now
        with suppress(OSError):  # gone already
            if sys.platform == "win32":
                self._process.kill()
            else:
                os.killpg(self.pid, signal.SIGKILL)

    def _hear(self) -> None:
        """What it prints, so that its pipe never fills up; the last lines are kept."""
        assert self._process.stderr is not None
        rest = b""
        with suppress(OSError, ValueError):
            while piece := self._process.stderr.read(65536):
                *lines, rest = (rest + piece)[-65536:].split(b"\n")
                self._last_words.extend(line.decode(errors="replace") for line in lines)
        self._last_words.append(rest.decode(errors="replace"))


def _read(stream: Any) -> Answer:
    return Answer.model_validate_json(receive(stream)[0], strict=True)


def _widen(pipe: Any) -> None:
    if sys.platform == "linux":
        import fcntl

        with suppress(OSError):  # a user's pipes may be used up: then it is slower
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, PIPE_BYTES)


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][:3])
    return f"{where}: {first['msg']}" if where else str(first["msg"])


def _ending(code: int, words: Sequence[str]) -> str:
    """How it ended by itself: a signal's name or exit code, and the last thing it said."""
    if code < 0:
        try:
            return f"crashed ({signal.Signals(-code).name})"
        except ValueError:
            return f"crashed (signal {-code})"
    said = next((word for word in reversed(words) if word.strip()), "")
    return f"ended with exit code {code}" + (f" ({one_line(said)})" if said else "")
