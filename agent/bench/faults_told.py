"""What the service would tell people of a run: its supervisor, fed with what the runner said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.outcome import EXIT_STOPPED
from agent.service.queue import Queue
from agent.service.states import Door, ExperimentState
from agent.service.supervisor import Supervisor, Told
from agent.service.underway import UnderWay

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent.bench.faults_rig import Rig

URGENT = ("trouble", "question")


class _Over:
    """A runner that has ended."""

    def __init__(self, code: int, pid: int) -> None:
        self._code, self.pid = code, pid

    def poll(self) -> int:
        """Its exit code."""
        return self._code

    def close(self) -> None:
        """It has no pipes any more."""


def told(rig: Rig, news: Sequence[dict[str, Any]], code: int, pid: int) -> list[Told]:
    """Messages to people, from the news of a runner, its exit code and its dead-man's record."""
    run, plan = rig.run, (rig.folder / "plan.yaml").read_text(encoding="utf-8")
    home, said = Home(rig.folder / "told"), list[Told]()
    home.create()
    (home.runs / run.name).symlink_to(run)
    queue = Queue(home.database)
    try:
        one = queue.add(
            name="bench",
            goal="",
            words="",
            plan=plan,
            described=(),
            who="bench",
            door=Door.SERVICE,
            start_utc=None,
            after=None,
        )
        queue.set(one.id, ExperimentState.STARTING, run=run.name)
        config = ServiceConfig(simulated=SimulatedConfig(lamp=rig.address))
        supervisor = Supervisor(queue, home, config, said.append)
        child: Any = _Over(code, pid)
        supervisor._now = UnderWay(one.id, child, home.runs / run.name)
        for line in news:
            supervisor._hear(one.id, line)
        supervisor.step()
    finally:
        queue.close()
    # the bench itself has stopped a run that paused, and that is news of no fault
    ends = code == EXIT_STOPPED
    return [t for t in said if t.kind in URGENT and not (ends and t.key.endswith(" end"))]
