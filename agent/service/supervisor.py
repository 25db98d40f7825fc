"""The supervisor: one experiment at a time from the queue, in a runner. Its rounds, and the stop.

A runner is started by `starting`, what it says is heard by `hearing`, what becomes of it at its end
is settled by `ends`; none of them knows the supervisor.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from typing import TYPE_CHECKING, Any

from agent.service.ends import Ends
from agent.service.hearing import Hearing
from agent.service.hold import Hold
from agent.service.light import Light
from agent.service.starting import COMPARE, RESUME, START, How, Starter
from agent.service.states import INTERRUPTED, ExperimentState
from agent.service.told import Say, Told
from agent.service.underway import UnderWay

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.config import ServiceConfig
    from agent.service.home import Home
    from agent.service.queue import Experiment, Queue

TICK_S = 0.2
STOP_S = 1.5  # longest wait for what a dead-man did, while a person waits for a stop at once
END_S = 15.0  # longest wait for a run to end in order when the service ends

State = ExperimentState
__all__ = ["INTERRUPTED", "Supervisor", "Told"]


class Supervisor:
    """A thread that looks at the queue and at the runner; everything else only reads.

    `stop_now` may be called from any thread and waits for no lock of the supervisor.
    """

    def __init__(
        self,
        queue: Queue,
        home: Home,
        config: ServiceConfig,
        tell: Callable[[Told], bool | None],
    ) -> None:
        self._queue = queue
        self._hold, say = Hold(queue, config), Say(queue, tell)
        self._starter = Starter(queue, home, config, say)
        self._hearing = Hearing(queue, home, say)
        self._ends = Ends(queue, home, config, self._hold, say)
        self._now: UnderWay | None = None  # replaced as a whole; read without a lock
        self._beginning = threading.RLock()  # held while a runner begins, and while one has ended
        self._over = threading.Event()
        self._wake = threading.Event()
        self.failure = ""  # why the supervisor itself does not work; "" while it does
        self.beat = time.monotonic()  # when it last went round
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)

    # ------------------------------------------------------------------ from outside

    def begin(self) -> None:
        """Settle what an earlier service left, then go round."""
        left = self._queue.in_state(State.STARTING, State.RUNNING, State.PAUSED, State.STOPPING)
        for one in left:
            self._ends.left(one)
        self._thread.start()

    def end(self) -> None:
        """End in order: a run is stopped after its visit, and can be resumed."""
        self._over.set()
        self._wake.set()
        now = self._now
        if now is not None:
            now.child.order("stop", why="the service was ended")
            if not now.child.wait(END_S):
                now.child.stop_now("the service was ended")
                if not now.child.wait(END_S):
                    now.child.kill()
        if self._thread.is_alive():
            self._thread.join(5.0)
        now = self._now
        if now is not None:
            with self._beginning:
                self._take_leave(now)
            now.child.close()

    def wake(self) -> None:
        """The queue has news."""
        self._wake.set()

    @property
    def attended(self) -> bool:
        """Whether somebody has said to be there."""
        return self._queue.attended

    @property
    def current(self) -> int | None:
        """The experiment whose runner is at work."""
        now = self._now
        return None if now is None else now.experiment

    @property
    def runner_pid(self) -> int | None:
        """The runner's process."""
        now = self._now
        return None if now is None else now.child.pid

    @property
    def conditions(self) -> dict[str, str]:
        """What the runner at work has said is wrong, and has not taken back."""
        now = self._now
        return {} if now is None else dict(now.conditions)

    @property
    def deaf(self) -> str:
        """Why some of the runner's news is lost; "" while it is heard."""
        now = self._now
        return "" if now is None else now.child.failure

    @property
    def light(self) -> Light:
        """What is known of the light while no runner is at work."""
        return self._hold.light

    def poke(self, experiment: int) -> None:
        """Its journal has a command or a change."""
        now = self._now
        if now is not None and now.experiment == experiment:
            now.child.order("poke")

    def stop_now(self, why: str) -> tuple[bool, bool, tuple[str, ...]]:
        """(whether anything ran, light read back as off, what could not be stopped).

        Takes no lock. Nothing begins by itself afterwards, until `release_queue` or a resume.
        """
        self._hold.pressed = why
        now = self._now
        if now is None:
            return False, bool(self.light.off), () if self.light.off else (str(self.light),)
        confirmed, left = now.child.stop_now(why)
        if not confirmed and now.child.poll() is not None:  # it is dead: who has seen to the light?
            light = self._ends.after_death(now, STOP_S)
            confirmed, left = bool(light.off), (*left, str(light))
        return True, confirmed, left

    def resume(self, one: Experiment) -> str:
        """Go on with a held or stopped experiment; why not, "" where it begins."""
        with self._beginning:
            if self._now is not None or one.run is None:
                return "another experiment has the instrument"
            self._hold.release()
            how = How("resume", accepted=one.differences, forgiven=True)
            return self._begin_child(one, how)

    @property
    def queue_held(self) -> str:
        """Why nothing new begins by itself; "" while the queue goes on."""
        return self._hold.why

    def hold_queue(self, why: str) -> None:
        """Begin nothing more by itself, until `release_queue` or a resume."""
        self._hold.put(why)

    def release_queue(self) -> None:
        """Take the queue up again; whoever does has looked at the light."""
        if not self.light.off:
            self._hold.light = Light(None, None, "nobody has looked since the queue was released")
        self._hold.release()
        self._wake.set()

    # ------------------------------------------------------------------ the thread

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                self.step()
                self.failure = ""
            except Exception as error:  # a full disk: said, and tried again
                self.failure = f"{type(error).__name__}: {error}"
            self.beat = time.monotonic()
            self._wake.wait(TICK_S)
            self._wake.clear()

    def step(self) -> None:
        """One round: look after the runner, or begin what is due."""
        now = self._now
        if now is None:
            with self._beginning:
                if self._now is None and not self._over.is_set():
                    self._begin_next()
        elif now.child.poll() is None:
            now.child.ping()
            self._hearing.look(now)
        else:
            with self._beginning:
                self._take_leave(now)

    def _take_leave(self, now: UnderWay) -> None:
        """Its runner has ended. What raises here (a full disk) is tried again in the next round."""
        code = now.child.poll()
        if code is None or self._now is not now:
            return
        end = self._ends.settle(now, code)
        going_on = self._queue.get(now.experiment) if end is not None and end.goes_on else None
        if end is not None and end.rests:
            self._starter.rest()
        self._now = None
        now.child.close()
        if going_on is not None and not self._over.is_set():
            self._begin_child(going_on, RESUME)

    def _begin_next(self) -> None:
        if self._hold.by_people or not self._starter.may:
            return
        for held in self._queue.in_state(State.HELD):
            if held.reason.to_be_compared and held.run is not None:
                self._begin_child(held, COMPARE)
            return  # its sample is on the stage: nothing else begins before it is settled
        if self.light.forbids:
            return
        one = self._queue.next_due(dt.datetime.now(dt.UTC))
        if one is not None:
            self._begin_child(one, START)

    def _begin_child(self, one: Experiment, how: How) -> str:
        """Start its runner; why not, "" where it starts."""
        begun = self._starter.start(one, how, lambda news: self._hear(one.id, news))
        if isinstance(begun, str):
            return begun
        self._now = begun
        if self._hold.pressed:  # while it was being started
            begun.child.stop_now(self._hold.pressed)
        return ""

    def _hear(self, experiment: int, news: dict[str, Any]) -> None:
        now = self._now
        if now is not None and now.experiment == experiment:
            self._hearing.hear(now, news)
