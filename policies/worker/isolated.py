"""A judge whose model lives in a process of its own."""

from __future__ import annotations

import threading
import time
import weakref
from concurrent.futures import TimeoutError as FutureTimeout
from itertools import count
from typing import TYPE_CHECKING

from policies.worker.child import COMMAND
from policies.worker.keeper import Keeper
from policies.worker.messages import encode
from policies.worker.spec import Limits, WorkerError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hardware.data import Frame
    from policies.verdict import Verdict
    from policies.worker.child import Child
    from policies.worker.messages import Answer
    from policies.worker.spec import WorkerHealth, WorkerSpec


def unheard(kind: str, text: str) -> None:
    """Nobody hears of it."""


class IsolatedJudge:
    """Judges in a child process that starts to load at once; one visit at a time.

    A call that takes longer than `deadline_s` fails, and its process is killed and started again.
    `patient`: a call waits for a process that loads, up to its deadline; else it fails at once, so
    that another judge can be asked. `on_event` is told, in a thread of its own, that the process
    crashed (`model_crashed`), judges again (`model_back`), or failed too often (`model_given_up`).

    Where nobody calls `close`, it is closed at the interpreter's end at the latest.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        name: str,
        deadline_s: float,
        patient: bool = True,
        limits: Limits | None = None,
        on_event: Callable[[str, str], None] = unheard,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self.deadline_s = deadline_s
        self._patient = patient
        self._limits = limits or Limits()
        self._name = name
        self._numbers = count(1)
        self._turn = threading.Lock()
        self._errors = 0  # of the judge, in a row
        self._keeper = Keeper(spec, self._limits, on_event, command)
        self._close = weakref.finalize(self, self._keeper.close)

    @property
    def name(self) -> str:
        """As the judge calls itself, once it is loaded; until then as expected."""
        return self._name

    def judge(self, frames: Sequence[Frame], *, target: str) -> Verdict:
        """The verdict of the judge in the child, bit by bit.

        ValueError without frames. WorkerError, one line, where there is none: not loaded, crashed,
        too late, no verdict of this visit, or what the judge itself raised.
        """
        if not frames:
            raise ValueError("no frames to judge")
        until_s = time.monotonic() + self.deadline_s
        if not self._turn.acquire(timeout=self.deadline_s):
            raise WorkerError("not asked: the model is still busy with an earlier visit")
        try:
            child = self._keeper.ready_child(until_s if self._patient else 0.0)
            self._name = child.name or self._name
            self._keeper.busy(child, busy=True)
            try:
                return self._ask(child, frames, target, until_s)
            finally:
                self._keeper.busy(child, busy=False)
        finally:
            self._turn.release()

    def ready(self, timeout_s: float) -> bool:
        """Wait until it is loaded; False where it is not, or is given up (`health` says why)."""
        try:
            self._name = self._keeper.ready_child(time.monotonic() + timeout_s).name or self._name
        except WorkerError:
            return False
        return True

    def health(self) -> WorkerHealth:
        """How its process stands now; never waits for it."""
        return self._keeper.health()

    def close(self) -> None:
        """End the process. Later calls fail. May be called twice."""
        self._close()

    # ------------------------------------------------------------------ inside

    def _ask(self, child: Child, frames: Sequence[Frame], target: str, until_s: float) -> Verdict:
        number = next(self._numbers)
        future = child.ask(*encode(number, frames, target))
        try:
            answer = future.result(max(0.0, until_s - time.monotonic()))
        except FutureTimeout:
            why = f"gave no answer within {self.deadline_s:g} s"
            child.kill(why)
            raise WorkerError(f"the model's process {why}, and is started again") from None
        except WorkerError as error:
            raise WorkerError(f"the model's process {error}") from None
        return self._check(child, answer, number, frames[0], target)

    def _check(
        self, child: Child, answer: Answer, number: int, frame: Frame, target: str
    ) -> Verdict:
        """The verdict, where it is one of this request."""
        verdict = answer.verdict
        if answer.id != number or (verdict is None) == (answer.error is None):
            raise self._dismissed(child, f"answered request {answer.id}, asked for {number}")
        if verdict is None:
            self._errors += 1
            if self._errors >= self._limits.errors_in_a_row:
                self._errors = 0
                child.kill(f"failed {self._limits.errors_in_a_row} times in a row: {answer.error}")
            raise WorkerError(answer.error)
        said = (verdict.visit_id, verdict.fov, verdict.target)
        asked = (frame.visit_id, frame.key.fov, target)
        if said != asked:
            raise self._dismissed(child, f"answered for {said}, asked for {asked}")
        self._errors = 0
        self._keeper.good()
        return verdict

    def _dismissed(self, child: Child, why: str) -> WorkerError:
        """Whoever mixes up visits once is not asked again."""
        child.kill(why)
        return WorkerError(f"the model's process {why}")
