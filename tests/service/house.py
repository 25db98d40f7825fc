"""A supervisor with a stand-in for its runners, which end, die and speak when a test wants it.

Queue, supervisor and messages are the real ones. A test takes `from house import House, house`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from agent.journal.journal import Journal
from agent.service import ends, starting, supervisor
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.queue import Experiment, Queue
from agent.service.states import Door, ExperimentState
from agent.service.supervisor import Supervisor, Told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.runner.spec import RunnerSpec

State = ExperimentState
PLAN = """
goal: night
baseline:
  axis_order: tpcz
  stage_positions: [{name: a, x: 0, y: 0, z: 0}]
  channels: [{group: Channel, config: DAPI, exposure: 10}]
  time_plan: {interval: 20, loops: 20}
judge: {kind: none}
trouble: {after_restart: go_on}
"""


class Runner:
    """Stands in for a runner's process."""

    pid, failure = 4242, ""
    cannot_start: OSError | None = None
    made: list[Runner]

    def __init__(
        self, spec: RunnerSpec, _: Path, __: Path, hear: Callable[[dict[str, Any]], None]
    ) -> None:
        if Runner.cannot_start is not None:
            raise Runner.cannot_start
        self.spec, self.hear = spec, hear
        self.code: int | None = None
        self.stopped: list[str] = []
        Runner.made.append(self)

    def poll(self) -> int | None:
        return self.code

    def ping(self) -> None:
        """It hears it."""

    def order(self, do: str, **_: str) -> bool:
        return bool(do)

    def stop_now(self, why: str) -> tuple[bool, tuple[str, ...]]:
        self.stopped.append(why)
        return self.code is None, ()

    def kill(self) -> None:
        self.code = -9

    def close(self) -> None:
        """It has no pipes."""


@dataclass
class House:
    """A supervisor whose rounds a test makes itself."""

    home: Home
    queue: Queue
    config: ServiceConfig
    told: list[Told] = field(default_factory=list)
    tell: Callable[[Told], bool | None] | None = None  # in place of `told`

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.queue, self.home, self.config, self._tell)

    def _tell(self, told: Told) -> bool | None:
        return self.told.append(told) if self.tell is None else self.tell(told)

    def add(self, name: str = "night") -> int:
        made = self.queue.add(
            name=name,
            goal="",
            words="",
            plan=PLAN,
            described=(),
            who="Ada",
            door=Door.API,
            start_utc=None,
            after=None,
        )
        return made.id

    def one(self, id_: int) -> Experiment:
        found = self.queue.get(id_)
        assert found is not None
        return found

    def imaged(self, id_: int, **keys: str) -> None:
        """Its run has a journal."""
        run = self.home.runs / (self.one(id_).run or "run")
        run.mkdir(exist_ok=True)
        journal = Journal(run, lambda: 0.0, durable=False)
        journal.records.set(**{"outcome": "running", "plan": PLAN} | keys)
        journal.close()

    def under_way(self, name: str = "night") -> tuple[int, Runner]:
        """An experiment whose runner images."""
        id_ = self.add(name)
        self.supervisor.step()
        self.imaged(id_)
        Runner.made[-1].hear({"news": "light", "left_on": []})
        Runner.made[-1].hear({"news": "state", "state": "running"})
        assert self.one(id_).state is State.RUNNING
        return id_, Runner.made[-1]

    def rounds(self, n: int = 3) -> None:
        for _ in range(n):
            self.supervisor.step()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setattr(starting, "Child", Runner)
    monkeypatch.setattr(starting, "AGAIN_S", 0.0)
    monkeypatch.setattr(ends, "DEAD_MAN_S", 0.0)
    monkeypatch.setattr(supervisor, "STOP_S", 0.0)
    monkeypatch.setattr(Runner, "made", [], raising=False)
    monkeypatch.setattr(Runner, "cannot_start", None)
    home = Home(tmp_path / "home")
    home.create()
    queue = Queue(home.database)
    lamp = SimulatedConfig(lamp="127.0.0.1:1")  # outside: it may be on when its runner dies
    yield House(home, queue, ServiceConfig(simulated=lamp))
    queue.close()
