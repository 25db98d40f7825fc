"""The writer: puts frames into the store and the journal, beside the acquisition in a real run.

A frame exists once the store has committed it and the journal says so, in this order; a visit is
over, and may be judged, once that is true of all its frames. In a real run this happens in a
thread of its own while the instrument goes on (a bounded number of frames ahead, or it waits);
a rehearsal does it at once, so that every run of it is the same.
"""

from __future__ import annotations

import queue
import threading
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.journal.journal import Journal
    from hardware.data import Frame
    from hardware.store import ImageStore

AHEAD = 4  # frames: what a crash can lose of them is imaged again on resume
Job: TypeAlias = "Callable[[], None]"


class Writer:
    """Frames and what follows them, strictly in order.

    An error is raised to the pump at its next call; nothing is written after it.
    """

    def __init__(self, store: ImageStore, journal: Journal, *, background: bool) -> None:
        self._store = store
        self._journal = journal
        self._error: BaseException | None = None
        self._jobs: queue.Queue[Job | None] | None = queue.Queue(AHEAD) if background else None
        self._thread: threading.Thread | None = None

    def frame(self, frame: Frame) -> None:
        """Store a frame, then say so in the journal."""
        self.then(lambda: self._write(frame))

    def then(self, job: Job) -> None:
        """Run `job` once everything given before is stored."""
        self._raise()
        if self._jobs is None:
            job()
            return
        if self._thread is None:  # not before there is something to end it for
            self._thread = threading.Thread(target=self._work, args=(self._jobs,), name="writer")
            self._thread.start()
        self._jobs.put(job)

    def drain(self) -> None:
        """Wait until everything given is done."""
        if self._jobs is not None:
            self._jobs.join()
        self._raise()

    def close(self) -> None:
        """Finish what was given and end; raises what went wrong."""
        if self._jobs is not None and self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
        self._raise()

    def _write(self, frame: Frame) -> None:
        self._store.write(frame)
        self._journal.light.frame(frame)

    def _work(self, jobs: queue.Queue[Job | None]) -> None:
        while True:
            job = jobs.get()
            try:
                if job is None:
                    return
                if self._error is None:
                    job()
            except BaseException as error:  # raised in the pump's thread, which ends the run
                self._error = error
            finally:
                jobs.task_done()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error
