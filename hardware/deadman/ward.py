"""The watched program's side: it says before each exposure until when light may be on."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from hardware.data.refusal import Refusal, Rule
from hardware.deadman.hello import hello
from hardware.deadman.link import Link

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hardware.data.dead_man_config import DeadManConfig

BEAT_S = 0.1  # between two beats
OWN_TRY_S = 0.5  # the ward closes its shutters so long before the dead-man acts
RESTART_WAIT_S = 1.0  # an announcement waits so long for a dead-man that is being started again
RESTARTS, WITHIN_S = 5, 60.0  # more of them in this time: it is given up
BYE_S = 3.0
TAKE_OVER_S = 4.0  # longest wait for its switches; a stop at once ends the process after 8 s


class Taken(StrEnum):
    """What came of light that was left to the dead-man, in words."""

    DARK = "the dead-man has switched it off, and its switches confirm it"
    TRYING = "the dead-man tries to switch it off, NOT confirmed yet: look at the lamp"
    NOT_CONFIRMED = "the dead-man could NOT confirm that it is off: it may STILL BE ON"
    NO_SWITCH = "the dead-man has no switch for it (dead_man.switches): it may STILL BE ON"
    NOBODY = "no dead-man is there to switch it off: it may STILL BE ON"


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
        self._beside, self._said = beside, said or (lambda _: None)
        self._lock = threading.RLock()  # never held while waiting
        self._opening = threading.Lock()
        self._link: Link | None = None
        self._process_id: int | None = None
        self._up = threading.Event()  # a dead-man watches, as far as we know
        self._wake = threading.Event()
        self._over = False
        self._broken: str | None = None
        self._restarts_s: list[float] = []
        self._light_until_s: float | None = None
        self._light = 0  # number of the announcement
        self._tried = 0  # the announcement that was overdue
        self._overrun: str | None = None
        self._taken_over: Link | None = None

    def start(self) -> None:
        """Start it and wait until it watches: before anything could switch light on.

        Raises OSError when it does not start, DeadManUnusable when it cannot work as configured.
        """
        self._open()
        threading.Thread(target=self._serve, name="heartbeat", daemon=True).start()

    # ------------------------------------------------------------------ the light

    def watching(self) -> Refusal | None:
        """Whether a dead-man is there; else the refusal of an exposure."""
        if self._broken is None and not self._over:
            link = self._link
            if link is not None and link.wrong() is None:
                return None
            self._wake.set()
            if self._up.is_set() and link is self._link:
                self._up.clear()  # found before its end was told
            if self._up.wait(RESTART_WAIT_S) and self.check() is None:
                return None
        return self._refusal(self.check() or "it was just started again")

    def announce(self, light_s: float) -> Refusal | None:
        """Light may be on for `light_s` seconds from now; a refusal when nobody watches.

        Waits for nothing, unless the dead-man is just being started again.
        """
        for _ in range(2):  # it may end between the question and the word
            refusal = self.watching()
            if refusal is not None:
                return refusal
            with self._lock:
                self._light += 1
                self._light_until_s = time.monotonic() + max(light_s, 0.001)
                if self._beat():
                    return None
                self._light_until_s = None
        return self._refusal("it does not hear")

    def dark(self) -> str | None:
        """The light is off. What was wrong with it since the announcement, if anything."""
        with self._lock:
            self._light_until_s = None
            overrun, self._overrun = self._overrun, None
            self._beat()
        return overrun

    # ------------------------------------------------------------------ the dead-man

    def check(self) -> str | None:
        """What is wrong with the dead-man, None when it watches. Never waits."""
        if self._broken is not None:
            return self._broken
        link = self._link
        return "the dead-man is not running" if link is None else link.wrong()

    @property
    def process_id(self) -> int | None:
        """Of the dead-man, or of the last one there was; None before the first."""
        return self._process_id

    @property
    def has_taken_over(self) -> bool:
        """Whether light was left to the dead-man."""
        return self._taken_over is not None

    def restart(self) -> None:
        """End the dead-man and start another, which knows of the light at once. Raises OSError."""
        self._open()
        self._broken = None
        self._restarts_s.clear()

    def bye(self) -> bool:
        """The program ends in order, light off; whether the dead-man took note. Once."""
        with self._lock:
            lit = self._light_until_s is not None
        link = self._leave()
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
                    self._open()
            link = self._leave()
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

    def _refusal(self, why: str) -> Refusal:
        limit = f"nobody would switch it off: {why}"
        return Refusal(Rule.DEAD_MAN, "light", limit, "Resume the run; it starts a new dead-man.")

    def _open(self) -> Link:
        """End the dead-man there is, start one, tell it of the light."""
        said = hello(self._config, OWN_TRY_S, self._beside)
        with self._opening:
            if self._over:
                raise OSError("the program has said bye")
            self._up.clear()
            old = self._take()  # first: nobody may speak to one that is being ended
            if old is not None:
                old.end()
            link = Link(said, self._record, self._pid, self._wake.set)
            with self._lock:
                self._link, self._process_id = link, link.pid
                self._beat()
            self._up.set()
        return link

    def _leave(self) -> Link | None:
        """No light and no new dead-man from now on; the one there is."""
        self._over = True
        self._wake.set()
        with self._opening:  # one that is being started hears the last word too
            return self._take()

    def _take(self) -> Link | None:
        """The dead-man there is; from now on there is none."""
        with self._lock:
            link, self._link = self._link, None
        return link

    def _beat(self) -> bool:
        """Within the lock, so that a beat never overtakes an announcement."""
        until_s, link = self._light_until_s, self._link
        if link is None:
            return False
        left_s = 0.0 if until_s is None else until_s - time.monotonic()
        return link.beat(left_s or (0.0 if until_s is None else -0.001))

    def _serve(self) -> None:
        while not self._over:
            self._wake.wait(BEAT_S)
            self._wake.clear()
            if self._over:
                return
            wrong = self.check()
            if wrong is not None:
                self._revive(wrong)
            elif self._is_alive():
                with self._lock:
                    self._beat()
            self._mind_the_light()

    def _is_alive(self) -> bool:
        try:
            return self._alive()
        except Exception:  # what cannot say that it lives is not known to
            return False

    def _revive(self, wrong: str) -> None:
        if self._broken is not None or self._over or self._opening.locked():
            return
        self._up.clear()
        now_s = time.monotonic()
        self._restarts_s = [t for t in self._restarts_s if now_s - t < WITHIN_S] + [now_s]
        try:
            if len(self._restarts_s) > RESTARTS:
                raise OSError(f"it ended {RESTARTS} times within {WITHIN_S:g} s")
            link = self._open()
            self._tell(f"{wrong}; started again as process {link.pid}")
        except (OSError, ValueError) as error:
            if self._over:
                return
            self._broken = f"{wrong}, and could not be started again: {error}"
            self._tell(self._broken)
        finally:
            self._up.set()

    def _tell(self, what: str) -> None:
        threading.Thread(target=self._said, args=(what,), name="dead-man news", daemon=True).start()

    def _mind_the_light(self) -> None:
        """Close the shutters from inside once light is overdue: a hung camera costs no run."""
        with self._lock:
            until_s, light = self._light_until_s, self._light
        if until_s is None or light == self._tried or self.light_off is None:
            return
        if time.monotonic() <= until_s + self._config.grace_s:
            return
        self._tried = light
        args = (self.light_off, light, until_s)
        threading.Thread(target=self._close, args=args, name="overdue", daemon=True).start()

    def _close(self, light_off: Callable[[], tuple[str, ...]], light: int, until_s: float) -> None:
        left_on = light_off()
        with self._lock:
            if left_on or self._light != light or self._light_until_s is None:
                return
            over_s = time.monotonic() - until_s
            self._light_until_s = None
            self._overrun = f"light was on {over_s:.1f} s longer than announced; it was closed"
            self._beat()


def unwatched(config: DeadManConfig | None) -> str | None:
    """What to say, once and loudly, where nothing could switch the light off; else None."""
    if config is not None and config.switches:
        return None
    return (
        "no dead_man.switches in the microscope's file: if this program is killed or hangs, "
        "NOTHING switches the light off"
    )
