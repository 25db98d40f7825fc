"""The whole chain with a lamp that outlives its programs: service, runner, dead-man, lamp."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import yaml

from agent.service.config import ServiceConfig, SimulatedConfig
from agent.service.home import Home
from agent.service.queue import Queue
from agent.service.service import ServiceCore
from agent.service.states import Door
from agent.service.views import ExperimentView
from sim.lamp import read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from agent.service.supervisor import Told

PATIENCE_S = 120.0
PROMISED_S = 2.0
PLAN = """
goal: long exposures
baseline:
  axis_order: tpcz
  stage_positions: [{name: a, x: 0, y: 0, z: 0}]
  channels: [{group: Channel, config: DAPI, exposure: 450}]
  time_plan: {interval: 1, loops: 5000}
judge: {kind: none}
trouble: {overtaken: image_late}
"""


class Ada:
    name, door = "Ada", Door.API


class Chain:
    """A lamp, and a service whose simulated microscope switches it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "lamp.jsonl"
        self.told: list[Told] = []
        command = [sys.executable, "-m", "sim.lamp", "--port", "0", "--record", str(self.record)]
        self.lamp = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.lamp.stdout is not None
        address = f"127.0.0.1:{json.loads(self.lamp.stdout.readline())['port']}"
        self.config = ServiceConfig(
            microscope=str(self._microscope(address)),
            simulated=SimulatedConfig(pace=1.0, scenario="empty", lamp=address),
        )

    def _microscope(self, address: str) -> Path:
        from agent.dump import dump_model
        from agent.load import load_microscope

        content = yaml.safe_load(dump_model(load_microscope("demo").config))
        switch = {"kind": "tcp", "address": address, "send": "OFF\n", "expect": "OFF"}
        content["dead_man"] = {"switches": [switch]}
        path = self.folder / "scope.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def close(self) -> None:
        self.lamp.kill()
        self.lamp.wait()
        assert self.lamp.stdout is not None
        self.lamp.stdout.close()

    @property
    def on(self) -> bool:
        switched = read(self.record)
        return bool(switched) and switched[-1]["state"] == "ON"

    def dark_after_s(self, since_s: float) -> float:
        """Seconds from a moment until the lamp was off for good."""
        until(lambda: not self.on)
        time.sleep(1.0)  # and nothing switches it on again
        last = read(self.record)[-1]
        assert last["state"] == "OFF"
        return float(last["monotonic_s"]) - since_s


@pytest.fixture
def chain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chain]:
    monkeypatch.setenv("MICROSCOUT_DATA", str(tmp_path / "data"))
    made = Chain(tmp_path)
    yield made
    made.close()


def until(true: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE_S
    while not (found := true()):
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.01)
    return found


def test_a_runner_killed_with_the_lamp_on_leaves_it_dark_within_two_seconds(
    chain: Chain,
) -> None:
    """LESSONS 8, through the real chain; the experiment is held, and somebody is told."""
    home = Home(chain.folder / "home")
    home.create()
    core = ServiceCore(home, chain.config, Queue(home.database), tell=chain.told.append)
    core.begin()
    try:
        proposal = core.propose_yaml(PLAN, Ada())
        one = core.submit(proposal.thread, Ada())
        assert isinstance(one, ExperimentView), one
        until(lambda: chain.on)
        pid = core.supervisor.runner_pid
        assert pid is not None
        killed_s = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        assert chain.dark_after_s(killed_s) < PROMISED_S
        until(lambda: "as the journal left it" in _why(core, one.id))
        core.resume_held(one.id, Ada())
        until(lambda: chain.on)
        assert any("died" in t.title for t in chain.told)
        assert (home.runs / _run(core, one.id) / "deadman.jsonl").stat().st_size > 0
    finally:
        core.end()
        core.queue.close()
    assert not chain.on


def _why(core: ServiceCore, id_: int) -> str:
    one = core.experiment(id_)
    assert isinstance(one, ExperimentView)
    return one.why


def _run(core: ServiceCore, id_: int) -> str:
    one = core.experiment(id_)
    assert isinstance(one, ExperimentView) and one.run
    return one.run


def test_a_service_killed_with_the_lamp_on_leaves_it_dark_within_two_seconds(
    chain: Chain,
) -> None:
    """The runner hears the end of its pipe; nothing goes on that nobody would hear of."""
    import httpx

    file, home = chain.folder / "service.yaml", chain.folder / "home"
    content = chain.config.model_dump(mode="json", include={"microscope", "simulated"})
    file.write_text(yaml.safe_dump(content | {"web": {"port": 0}}), encoding="utf-8")
    command = [sys.executable, "-m", "agent.cli.main", "serve", "--config", str(file)]
    with (chain.folder / "log").open("wb") as log:
        service = subprocess.Popen([*command, "--home", str(home)], stderr=log)
    try:
        until(lambda: (home / "service.json").exists() or service.poll() is not None)
        assert service.poll() is None, (chain.folder / "log").read_text()
        url = json.loads((home / "service.json").read_text())["url"]
        token = (home / "operator.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, trust_env=False, timeout=30) as client:
            thread = client.post("/api/v1/proposals/yaml", json={"yaml": PLAN}).json()["thread"]
            client.post("/api/v1/experiments", json={"thread": thread}).raise_for_status()
        until(lambda: chain.on)
        runners = psutil.Process(service.pid).children()
        killed_s = time.monotonic()
        service.kill()
        assert chain.dark_after_s(killed_s) < PROMISED_S
        _, alive = psutil.wait_procs(runners, timeout=30)
        assert alive == [], "no runner outlives its service"
    finally:
        service.kill()
        service.wait()
