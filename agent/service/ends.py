"""A runner that has ended: the facts are read, what they come to is written down and told."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from agent.finding import ConfigError
from agent.service.light import INSIDE, Light, after_death, said_at_its_end
from agent.service.outcome import EXIT_HELD, EXIT_INPUT, Facts, died, end_of, left_over
from agent.service.runview import keys
from agent.service.send import refuse_waiting
from agent.service.states import ExperimentState

if TYPE_CHECKING:
    from pathlib import Path

    from agent.service.config import ServiceConfig
    from agent.service.experiment import Experiment
    from agent.service.hold import Hold
    from agent.service.home import Home
    from agent.service.outcome import End
    from agent.service.queue import Queue
    from agent.service.told import Say
    from agent.service.underway import UnderWay

DEAD_MAN_S = 5.0  # longest wait for what a dead-man did


class Ends:
    """Of this service's runners, and of those that an earlier one has left."""

    def __init__(
        self, queue: Queue, home: Home, config: ServiceConfig, hold: Hold, say: Say
    ) -> None:
        self._queue = queue
        self._home = home
        self._config = config
        self._hold = hold
        self._say = say

    def left(self, one: Experiment) -> None:
        """What an earlier service left under way."""
        run = None if one.run is None else self._home.runs / one.run
        found = {} if run is None else keys(run)
        if run is None or not found:
            why = "its start was interrupted"
            self._queue.set(one.id, ExperimentState.WAITING, why, run=None)
        else:
            end = left_over(found.get("outcome", ""), _why(run))
            self._write(one.id, end)
            if end.state.over:
                _refuse_late(run)

    def settle(self, now: UnderWay, code: int) -> End | None:
        """Write down and tell what became of it. What raises here is tried again as a whole."""
        one = self._queue.get(now.experiment)
        if one is None:
            return None
        self._look_at_the_light(now, code)
        end = end_of(self._facts(one, now, code))
        self._write(one.id, end)
        if end.state.over:
            _refuse_late(now.run)
        return end

    def after_death(self, now: UnderWay, wait_s: float) -> Light:
        """The light of a runner that died, as far as known. No lock; waits `wait_s` at most."""
        if not self._config.lamp_outlives:
            return Light(now.experiment, True, INSIDE)
        return after_death(now.experiment, now.run, now.child.pid, wait_s)

    # ------------------------------------------------------------------ inside

    def _write(self, id_: int, end: End) -> None:
        """First what holds the queue, last what is told: nobody hears of what is not kept."""
        if end.holds_queue:
            self._hold.put(end.holds_queue)
        more: dict[str, Any] = {"restarts": end.restarts, "differences": end.differences}
        more = {key: value for key, value in more.items() if value is not None}
        self._queue.set(id_, end.state, end.why, reason=end.reason, **more)
        if end.said is not None:
            self._say(end.said.kind, id_, end.said.title, end.said.text, end.said.key)

    def _look_at_the_light(self, now: UnderWay, code: int) -> None:
        """What is known of it now; said once, and nothing begins, where it may be on."""
        if died(code) or not self._config.lamp_outlives:
            light = self.after_death(now, DEAD_MAN_S)
        elif now.left_on is None and code == EXIT_INPUT:
            return  # refused before it had the instrument: as it was before
        else:
            light = said_at_its_end(now.experiment, now.left_on, now.run, now.child.pid)
        self._hold.light = light
        if not light.off and not now.told_light:  # each round, while a full disk keeps the end
            now.told_light = self._say(
                "trouble", now.experiment, "look at the lamp", str(light), "light"
            )

    def _facts(self, one: Experiment, now: UnderWay, code: int) -> Facts:
        found = keys(now.run)
        return Facts(
            one=one,
            code=code,
            imaged=bool(found),
            outcome=found.get("outcome", ""),
            why=_why(now.run),
            refused=tuple(now.refused),
            differences=now.differences,
            comparing=now.comparing,
            given_up=now.given_up,
            light=self._hold.light,
            pressed=self._hold.pressed,
            attended=self._queue.attended,
            may_go_on=code == EXIT_HELD and self._may_go_on(one),
            most_restarts=self._config.restarts,
        )

    def _may_go_on(self, one: Experiment) -> bool:
        """By itself after an interruption, where nothing differs."""
        from agent.change.adopt import read_plan

        wanted = read_plan(one.plan).trouble.after_restart == "go_on"
        alone = not self._queue.attended and not self._hold.why
        return wanted and alone and one.restarts < self._config.restarts


def _refuse_late(run: Path) -> None:
    """Commands that came when the run was just over wait for nothing any more."""
    with contextlib.suppress(ConfigError, sqlite3.Error):
        refuse_waiting(run, "the run was over before it could be applied")


def _why(run: Path) -> str:
    """Why a run ended as it did, from its summary."""
    try:
        return str(json.loads((run / "summary.json").read_text(encoding="utf-8")).get("why", ""))
    except (OSError, ValueError):
        return ""
