"""The same question asked of the whole program: service, runner, dead-man, and a lamp of its own.

The service's simulated microscope switches a lamp that stays on when its client dies. Runner or
service are killed in the middle of exposures; what was interrupted is resumed for the next trial.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, Self

import httpx
import psutil
import yaml

from agent.bench.deadman_lamp import LampProcess
from agent.dump import dump_model
from agent.load import load_microscope
from sim.lamp import read

if TYPE_CHECKING:
    import random
    from pathlib import Path

PATIENCE_S = 60.0
ASK_S = 0.2  # the service answers 50 questions a second of one client, and refuses more
QUIET_S = 1.0  # so long after the kill nothing may switch the lamp on again
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


class Daemon:
    """`microscout serve` in a process of its own, with its home in `folder`."""

    def __init__(self, folder: Path, lamp: LampProcess) -> None:
        self._folder, self._lamp = folder, lamp
        self._home = folder / "home"
        simulated = {"pace": 1.0, "scenario": "empty", "lamp": lamp.address}
        content = {"microscope": str(self._microscope()), "simulated": simulated}
        self._config = folder / "service.yaml"
        self._config.write_text(yaml.safe_dump(content | {"web": {"port": 0}}), encoding="utf-8")
        self._held = ExitStack()
        self._experiment = 0
        self._start()

    def __enter__(self) -> Self:
        """It runs."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it and what it has started."""
        self._held.close()
        family = [*self._process.children(recursive=True), self._process]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(family, timeout=10)

    def submit(self) -> None:
        """Put the plan into the queue; it begins."""
        thread = self._client.post("/api/v1/proposals/yaml", json={"yaml": PLAN}).json()["thread"]
        answer = self._client.post("/api/v1/experiments", json={"thread": thread})
        self._experiment = int(answer.raise_for_status().json()["id"])

    def kill(self, who: str, rng: random.Random) -> float | None:
        """Kill `runner` or `service` with the lamp on; seconds until the lamp was off for good.

        None: it was not, or something went on afterwards that nobody would have heard of.
        """
        while True:
            _until(lambda: self._lamp.on, "the lamp goes on")
            time.sleep(rng.uniform(0.0, 0.2))
            victims = self._victims(who)
            family = self._process.children(recursive=True) if who == "service" else []
            killed_s = time.monotonic()
            was_on = self._lamp.on
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            off_s = self._dark(killed_s)
            _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
            self._go_on(who)
            if was_on and off_s is not None and off_s < 0:
                continue  # the exposure was over in that very moment: no trial
            return None if alive else off_s

    # ------------------------------------------------------------------ inside

    def _start(self) -> None:
        address = self._home / "service.json"
        address.unlink(missing_ok=True)
        command = [sys.executable, "-m", "agent.cli.main", "serve", "--config", str(self._config)]
        with (self._folder / "log").open("ab") as log:
            process = subprocess.Popen([*command, "--home", str(self._home)], stderr=log)
        self._process = psutil.Process(process.pid)
        self._popen = process  # reaped when it is waited for
        _until(address.exists, "the service starts")
        token = (self._home / "operator.token").read_text(encoding="utf-8").strip()
        self._held.close()
        self._client = self._held.enter_context(
            httpx.Client(
                base_url=json.loads(address.read_text(encoding="utf-8"))["url"],
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=30.0,
            )
        )

    def _microscope(self) -> Path:
        content = yaml.safe_load(dump_model(load_microscope("demo").config))
        switch = {"kind": "tcp", "address": self._lamp.address, "send": "OFF\n", "expect": "OFF"}
        content["dead_man"] = {"switches": [switch]}
        path = self._folder / "scope.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    def _victims(self, who: str) -> list[int]:
        if who == "service":
            return [self._process.pid]
        return [c.pid for c in self._process.children() if "agent.runner" in " ".join(c.cmdline())]

    def _dark(self, since_s: float) -> float | None:
        until_s = time.monotonic() + 15.0
        while time.monotonic() < until_s and self._lamp.on:
            time.sleep(0.005)
        time.sleep(QUIET_S)
        last = read(self._lamp.record)[-1]
        return float(last["monotonic_s"] - since_s) if last["state"] == "OFF" else None

    def _go_on(self, who: str) -> None:
        if who == "service":
            self._popen.wait(PATIENCE_S)
            self._start()
        _until(self._compared, "the experiment is held after a comparison")
        path = f"/api/v1/experiments/{self._experiment}/resume"
        self._client.post(path).raise_for_status()

    def _compared(self) -> bool:
        time.sleep(ASK_S)
        answer = self._client.get(f"/api/v1/experiments/{self._experiment}").raise_for_status()
        found: dict[str, Any] = answer.json()
        return found["state"] == "held" and "light off" in str(found["why"])


def kills(folder: Path, who: str, times: int, rng: random.Random) -> list[float | None]:
    """Seconds until the lamp was off, for each of `times` kills of `runner` or `service`."""
    with LampProcess(folder) as lamp, Daemon(folder, lamp) as daemon:
        daemon.submit()
        return [daemon.kill(who, rng) for _ in range(times)]


def _until(true: Any, what: str) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        if time.monotonic() > end_s:
            raise RuntimeError(f"not within {PATIENCE_S:g} s: {what}")
        time.sleep(0.005)
