"""Keeps one dead-man process running: started again when it ends, given up when that is in vain."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from hardware.deadman.link import Link

    Starts = Callable[[Callable[[], None]], Link]  # given what to call when the process has ended

RESTART_WAIT_S = 1.0  # an announcement waits so long for a dead-man that is being started again
RESTARTS, WITHIN_S = 5, 60.0  # more of them in this time: it is given up


class Keeper:
    """The process there is, or is to be.

    Attributes
    ----------
    link : the dead-man there is. Who speaks to it holds `lock`.
    process_id : of the dead-man, or of the last one there was; None before the first.
    over : there is to be none any more.
    wake : set when something has happened to it.

    Parameters
    ----------
    prepare : gives what starts one. Raises ValueError where it could not work.
    lock : never held while waiting.
    greet : tells a new one of the light, within the lock.
    said : hears, from a thread, of each end and each new start.
    """

    def __init__(
        self,
        prepare: Callable[[], Starts],
        lock: threading.RLock,
        greet: Callable[[], object],
        said: Callable[[str], None],
    ) -> None:
        self._prepare, self._lock, self._greet, self._said = prepare, lock, greet, said
        self.link: Link | None = None
        self.process_id: int | None = None
        self.over = False
        self.wake = threading.Event()
        self._opening = threading.Lock()
        self._up = threading.Event()  # a dead-man watches, as far as we know
        self._broken: str | None = None
        self._restarts_s: list[float] = []

    def check(self) -> str | None:
        """What is wrong with the dead-man, None when it watches. Never waits."""
        if self._broken is not None:
            return self._broken
        link = self.link
        return "the dead-man is not running" if link is None else link.wrong()

    def missing(self) -> str | None:
        """What is wrong, None when it watches. Waits for one that is just being started again."""
        if self._broken is None and not self.over:
            link = self.link
            if link is not None and link.wrong() is None:
                return None
            self.wake.set()
            if self._up.is_set() and link is self.link:
                self._up.clear()  # found before its end was told
            if self._up.wait(RESTART_WAIT_S) and self.check() is None:
                return None
        return self.check() or "it was just started again"

    def open(self) -> Link:
        """End the dead-man there is, start another. Raises OSError, ValueError."""
        start = self._prepare()  # what raises here leaves the one there is
        with self._opening:
            if self.over:
                raise OSError("the program has said bye")
            self._up.clear()
            old = self._take()  # first: nobody may speak to one that is being ended
            if old is not None:
                old.end()
            link = start(self.wake.set)
            with self._lock:
                self.link, self.process_id = link, link.pid
                self._greet()
            self._up.set()
        return link

    def restart(self) -> None:
        """End the dead-man and start another, however often it has ended. Raises OSError."""
        self.open()
        self._broken = None
        self._restarts_s.clear()

    def leave(self) -> Link | None:
        """No new dead-man from now on; the one there is."""
        self.over = True
        self.wake.set()
        with self._opening:  # one that is being started hears the last word too
            return self._take()

    def revive(self, wrong: str) -> None:
        """Start another one, unless it ends too often."""
        if self._broken is not None or self.over or self._opening.locked():
            return
        self._up.clear()
        now_s = time.monotonic()
        self._restarts_s = [t for t in self._restarts_s if now_s - t < WITHIN_S] + [now_s]
        try:
            if len(self._restarts_s) > RESTARTS:
                raise OSError(f"it ended {RESTARTS} times within {WITHIN_S:g} s")
            link = self.open()
            self._tell(f"{wrong}; started again as process {link.pid}")
        except (OSError, ValueError) as error:
            if self.over:
                return
            self._broken = f"{wrong}, and could not be started again: {error}"
            self._tell(self._broken)
        finally:
            self._up.set()

    # ------------------------------------------------------------------ inside

    def _take(self) -> Link | None:
        """The dead-man there is; from now on there is none."""
        with self._lock:
            link, self.link = self.link, None
        return link

    def _tell(self, what: str) -> None:
        threading.Thread(target=self._said, args=(what,), name="dead-man news", daemon=True).start()
