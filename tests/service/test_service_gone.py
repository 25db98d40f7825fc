"""What a new service makes of a run that an earlier one left."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from agent.service import ends
from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.queue import Queue
from agent.service.states import Door, ExperimentState
from agent.service.supervisor import Supervisor

if TYPE_CHECKING:
    from pathlib import Path

State = ExperimentState


@pytest.mark.parametrize(
    ("outcome", "why", "becomes"),
    [
        ("running", "", State.HELD),
        ("stopped", "the service is gone", State.HELD),
        ("stopped", "the service was silent for 30 s", State.HELD),
        ("stopped", "commanded by Ada", State.STOPPED),
        ("complete", "", State.COMPLETE),
    ],
)
def test_a_run_that_ended_for_want_of_its_service_is_compared_and_not_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcome: str, why: str, becomes: State
) -> None:
    """Compared with the instrument, it goes on where its plan says so."""
    monkeypatch.setattr(ends, "keys", lambda _: {"outcome": outcome})
    home = Home(tmp_path / "home")
    home.create()
    run = home.runs / "night"
    run.mkdir()
    (run / "summary.json").write_text(json.dumps({"why": why}), encoding="utf-8")
    queue = Queue(home.database)
    one = queue.add(
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
    queue.set(one.id, State.RUNNING, run=run.name)
    config = ServiceConfig(simulated=SimulatedConfig())
    left = queue.get(one.id)
    assert left is not None
    Supervisor(queue, home, config, lambda _: None)._ends.left(left)
    found = queue.get(one.id)
    assert found is not None and found.state is becomes
    assert found.reason.to_be_compared is (becomes is State.HELD)
    queue.close()
