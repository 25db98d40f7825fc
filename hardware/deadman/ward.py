"""The watched program's side: it says before each exposure until when light may be on."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import TYPE_CHECKING, Self

from hardware.data.refusal import Refusal, Rule
from hardware.deadman.announced import Announced
from hardware.deadman.hello import hello
from hardware.deadman.keeper import Keeper
from hardware.deadman.link import Link
from hardware.deadman.taken import Taken, unwatched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hardware.data.dead_man_config import DeadManConfig

BEAT_S = 0.1  # between two beats
OWN_TRY_S = 0.5  # the ward closes its shutters so long before the dead-man acts
BYE_S = 3.0
TAKE_OVER_S = 4.0  # longest wait for its switches; a stop at once ends the process after 8 s

__all__ = ["DeadMan", "Taken", "unwatched"]


class DeadMan:
    """Keeps one dead-man process informed, and running. A light guard for the microscope.

    Attributes
    ----------
    light_off : closes the shutters from inside; what it returns could not be closed. Called once
        light is on `grace_s` longer than announced, before the dead-man acts. May be set later.

    Parameters
    ----------
    record : file to which the dead-man appends what it did (JSON lines); None: nowhere.
    pid : process to watch, usually this one.
    alive : asked before each beat; as long as it says False, or does not answer, none is sent.
    beside : folder of the microscope's YAML.
    said : hears, from a thread, of each end and each new start of the dead-man.
    """

    def __init__(
        self,
        config: DeadManConfig,
        record: Path | None,
        pid: int | None = None,
        *,
        alive: Callable[[], bool] | None = None,
        beside: Path | None = None,
        said: Callable[[str], None] | None = None,
    ) -> None:
        self.light_off: Callable[[], tuple[str, ...]] | None = None
        self._config, self._record = config, record
        self._pid = os.getpid() if pid is None else pid
        self._alive = alive or (lambda: True)
        self._beside = beside
        self._lock = threading.RLock()  # never held while waiting
        self._light = Announced()
        self._keeper = Keeper(self._prepare, self._lock, self._beat, said or (lambda _: None))
        self._taken_over: Link | None = None

    def start(self) -> None:
        """Start it and wait until it watches: before anything could switch light on.

        Raises OSError when it does not start, DeadManUnusable when it cannot work as configured.
        """
        self._keeper.open()
        threading.Thread(target=self._serve, name="heartbeat", daemon=True).start()

    # ------------------------------------------------------------------ the light

    def watching(self) -> Refusal | None:
        """Whether a dead-man is there; else the refusal of an exposure."""
        missing = self._keeper.missing()
        return None if missing is None else _refusal(missing)

    def announce(self, light_s: float) -> Refusal | None:
        """Light may be on for `light_s` seconds from now; a refusal when nobody watches.

        Waits for nothing, unless the dead-man is just being started again.
        """
        for _ in range(2):  # it may end between the question and the word
            refusal = self.watching()
            if refusal is not None:
                return refusal
            with self._lock:
                self._light.begin(light_s)
                if self._beat():
                    return None
                self._light.end()
        return _refusal("it does not hear")

    def dark(self) -> str | None:
        """The light is off. What was wrong with it since the announcement, if anything."""
        with self._lock:
            self._light.end()
            overrun = self._light.overrun()
            self._beat()
        return overrun

    # ------------------------------------------------------------------ the dead-man

    def check(self) -> str | None:
        """What is wrong with the dead-man, None when it watches. Never waits."""
        return self._keeper.check()

    @property
    def process_id(self) -> int | None:
        """Of the dead-man, or of the last one there was; None before the first."""
        return self._keeper.process_id

    @property
    def has_taken_over(self) -> bool:
        """Whether light was left to the dead-man."""
        return self._taken_over is not None

    def restart(self) -> None:
        """End the dead-man and start another, which knows of the light at once. Raises OSError."""
        self._keeper.restart()

    def bye(self) -> bool:
        """The program ends in order, light off; whether the dead-man took note. Once."""
        with self._lock:
            lit = self._light.lit
        link = self._keeper.leave()
        if lit and link is not None:  # it must not be ended while it tries
            return link.bye_lit() and link.wait(BYE_S) == 0
        return link is not None and link.bye(BYE_S)

    def take_over(self, timeout_s: float | None = None) -> Taken:
        """The program ends with light that it cannot switch off: the dead-man does it.

        Instead of `bye`, and for good. Waits `TAKE_OVER_S` (or `timeout_s`) at most for the
        switches, then says what is known; asked again, what is known by then.
        """
        wait_s = TAKE_OVER_S if timeout_s is None else timeout_s
        if self._taken_over is None:
            if self.check() is not None:  # one more try, however often it has ended
                with contextlib.suppress(OSError, ValueError):
                    self._keeper.open()
            link = self._keeper.leave()
            if link is None or not link.bye_lit():
                return Taken.NOBODY
            self._taken_over = link
        code = self._taken_over.wait(wait_s)
        if code is None:
            return Taken.TRYING
        if code == 0:
            return Taken.DARK
        return Taken.NOT_CONFIRMED if self._config.switches else Taken.NO_SWITCH

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Say bye."""
        self.bye()

    # ------------------------------------------------------------------ inside

    def _prepare(self) -> Callable[[Callable[[], None]], Link]:
        said = hello(self._config, OWN_TRY_S, self._beside)
        return lambda on_gone: Link(said, self._record, self._pid, on_gone)

    def _beat(self) -> bool:
        """Within the lock, so that a beat never overtakes an announcement."""
        link = self._keeper.link
        return link is not None and link.beat(self._light.left_s)

    def _serve(self) -> None:
        keeper = self._keeper
        while not keeper.over:
            keeper.wake.wait(BEAT_S)
            keeper.wake.clear()
            if keeper.over:
                return
            wrong = self.check()
            if wrong is not None:
                keeper.revive(wrong)
            elif self._is_alive():
                with self._lock:
                    self._beat()
            self._mind_the_light()

    def _is_alive(self) -> bool:
        try:
            return self._alive()
        except Exception:  # what cannot say that it lives is not known to
            return False

    def _mind_the_light(self) -> None:
        """Close the shutters from inside once light is overdue: a hung camera costs no run."""
        light_off = self.light_off
        if light_off is None:
            return
        with self._lock:
            overdue = self._light.overdue(self._config.grace_s)
        if overdue is None:
            return
        args = (light_off, overdue)
        threading.Thread(target=self._close, args=args, name="overdue", daemon=True).start()

    def _close(self, light_off: Callable[[], tuple[str, ...]], overdue: int) -> None:
        left_on = light_off()
        with self._lock:
            if not left_on and self._light.closed(overdue):
                self._beat()


def _refusal(why: str) -> Refusal:
    limit = f"nobody would switch it off: {why}"
    return Refusal(Rule.DEAD_MAN, "light", limit, "Resume the run; it starts a new dead-man.")
