"""A runner that hangs before its run has begun: nobody else could tell of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.service import hearing, starting
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.queue import Queue
from agent.service.states import Door
from agent.service.supervisor import Supervisor, Told

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


class Hangs:
    """A runner that never says anything."""

    pid = 0

    def __init__(self, *_: Any) -> None:
        self.pings = 0

    def poll(self) -> int | None:
        return None

    def ping(self) -> None:
        self.pings += 1

    def close(self) -> None:
        """It has no pipes."""


def test_a_runner_that_loads_for_ever_is_told_of_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting, "Child", Hangs)
    home, told = Home(tmp_path / "home"), list[Told]()
    home.create()
    queue = Queue(home.database)
    config = ServiceConfig(simulated=SimulatedConfig())
    supervisor = Supervisor(queue, home, config, told.append)
    queue.add(
        name="night",
        goal="",
        words="",
        plan="goal: night",
        described=(),
        who="Ada",
        door=Door.API,
        start_utc=None,
        after=None,
    )
    for _ in range(3):
        supervisor.step()
    assert told == []
    monkeypatch.setattr(hearing, "START_S", 0.0)
    for _ in range(3):
        supervisor.step()
    (said,) = told
    assert said.kind == "trouble" and "night" in said.title and "does not begin" in said.title
    queue.close()
