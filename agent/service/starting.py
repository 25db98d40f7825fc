"""Starts runners: what the queue is told of it, the plan's file, what it is to do, its process."""

from __future__ import annotations

import datetime as dt
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from agent.runner.spec import RunnerSpec, SimulatedSpec
from agent.service.child import Child
from agent.service.states import ExperimentState
from agent.service.underway import UnderWay

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.service.config import ServiceConfig
    from agent.service.experiment import Experiment
    from agent.service.home import Home
    from agent.service.queue import Queue
    from agent.service.told import Say

AGAIN_S = 10.0  # after a runner that could not be started, or died while it compared


@dataclass(frozen=True, slots=True)
class How:
    """How a runner is to go about it.

    `compare`: only compare instrument and journal. `accepted`: differences that a person has
    accepted. `forgiven`: how often it has died before does not count any more.
    """

    action: Literal["start", "resume"]
    compare: bool = False
    accepted: tuple[str, ...] = ()
    forgiven: bool = False


START, RESUME, COMPARE = How("start"), How("resume"), How("resume", compare=True)


class Starter:
    """Of one service. `may` says whether the time for another try has come."""

    def __init__(self, queue: Queue, home: Home, config: ServiceConfig, say: Say) -> None:
        self._queue = queue
        self._home = home
        self._config = config
        self._say = say
        self._not_before_s = 0.0  # monotonic

    @property
    def may(self) -> bool:
        """Nothing has just failed."""
        return time.monotonic() >= self._not_before_s

    def rest(self) -> None:
        """Something has just failed: the same at once would fail again."""
        self._not_before_s = time.monotonic() + AGAIN_S

    def start(
        self, one: Experiment, how: How, hear: Callable[[dict[str, Any]], None]
    ) -> UnderWay | str:
        """Start its runner; where it does not start, why. `hear` gets what it says."""
        run = one.run or _run_name(one)
        why = "comparing" if how.compare else ""
        more: dict[str, Any] = {"restarts": 0} if how.forgiven else {}
        if not self._queue.set(
            one.id, ExperimentState.STARTING, why, only_from=(one.state,), run=run, **more
        ):
            return "somebody else has decided about it meanwhile"
        try:
            child = self._child(one, run, how, hear)
        except OSError as error:
            self.rest()
            self._queue.set(one.id, one.state, one.why, reason=one.reason, run=one.run)
            why = f"its runner could not be started ({error.strerror or error})"
            self._say("trouble", one.id, "does not begin", why, "not started")
            return why
        return UnderWay(one.id, child, self._home.runs / run, how.compare)

    def _child(
        self, one: Experiment, run: str, how: How, hear: Callable[[dict[str, Any]], None]
    ) -> Child:
        plan = self._home.plans / f"{one.id}-{_slug(one.name)}.yaml"
        plan.write_text(one.plan, encoding="utf-8")
        simulated = self._config.simulated
        spec = RunnerSpec.model_validate(
            {
                "action": how.action,
                "run": self._home.runs / run,
                "plan": plan,
                "microscope": self._config.microscope,
                "simulated": None if simulated is None else SimulatedSpec(**simulated.model_dump()),
                "attended": self._queue.attended,
                "compare": how.compare,
                "accepted": how.accepted,
            }
        )
        spec_file = self._home.plans / f"{one.id}.spec.json"
        return Child(spec, spec_file, self._home.logs / f"run-{one.id}.log", hear)


def _run_name(one: Experiment) -> str:
    stamp = dt.datetime.now().strftime("%Y%m%d-%H%M%S")
    return f"{one.id:04d}-{_slug(one.name)}-{stamp}"


def _slug(name: str) -> str:
    """A name as a file's: letters, digits, dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:40] or "experiment"
