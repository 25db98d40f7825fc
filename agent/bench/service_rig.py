"""A service in a process of its own for the benches, with an experiment that runs."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import yaml

from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

DAY_S = 86_400.0
CAMERA_PX = 128
START_S = 90.0
OVER = ("complete", "stopped", "failed", "held", "withdrawn")


@dataclass(frozen=True, slots=True)
class Rig:
    """A service that answers at `url`; an operator's client of it."""

    home: Path
    url: str
    token: str
    assistant: str
    pid: int
    client: httpx.Client

    def submit(self, plan: str) -> int:
        """An experiment's number. Raises RuntimeError where it is refused."""
        body = {"yaml": plan}
        proposal = self.client.post("/api/v1/proposals/yaml", json=body).raise_for_status().json()
        if proposal["outcome"] != "plan":
            raise RuntimeError(str(proposal["refusals"]))
        body = {"thread": proposal["thread"], "name": "bench"}
        answer = self.client.post("/api/v1/experiments", json=body)
        return int(answer.raise_for_status().json()["id"])

    def state(self, id_: int) -> dict[str, Any]:
        """Of an experiment."""
        found: dict[str, Any] = self.client.get(f"/api/v1/experiments/{id_}").json()
        return found

    def run_of(self, id_: int) -> Path:
        """Its run's directory, once it runs. Raises RuntimeError where it does not."""
        until = time.monotonic() + START_S
        while (state := self.state(id_))["state"] != "running":
            if state["state"] in OVER or time.monotonic() > until:
                raise RuntimeError(f"it does not run: {state}")
            time.sleep(0.2)
        return self.home / "runs" / str(state["run"])


@contextlib.contextmanager
def service(home: Path, scenario: dict[str, Any], pace: float | None) -> Iterator[Rig]:
    """`microscout serve` while inside; `pace` None: as fast as the computer can."""
    home.mkdir()
    file = home / "service.yaml"
    (home / "scenario.yaml").write_text(yaml.safe_dump(scenario), encoding="utf-8")
    settings = {
        "simulated": {"scenario": str(home / "scenario.yaml"), "pace": pace},
        "web": {  # all clients come from one address
            "port": 0,
            "limits": {"requests_per_s": 1000, "burst": 2000, "event_clients": 64},
        },
        "mcp": {"calls_per_minute": 6000},
    }
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "agent.cli.main",
                "serve",
                "--config",
                str(file),
                "--home",
                home,
            ],
            stderr=log,
            env=os.environ | {"MICROSCOUT_DATA": str(home / "data")},
        )
    try:
        address, until = home / "service.json", time.monotonic() + START_S
        while not address.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((home / "serve.log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        url = str(json.loads(address.read_text(encoding="utf-8"))["url"])
        token = _token(home, "operator")
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as client:
            yield Rig(home, url, token, _token(home, "assistant"), process.pid, client)
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _token(home: Path, role: str) -> str:
    return (home / f"{role}.token").read_text(encoding="utf-8").strip()


def scenario(days: float, faults: dict[str, float]) -> dict[str, Any]:
    """An empty specimen under a small camera; `faults`: kind -> share of moments it is there."""
    from sim.load import load_scenario

    content = load_scenario("empty").model_dump(mode="json")
    content["camera"] |= {"height": CAMERA_PX, "width": CAMERA_PX}
    content["faults"] = [
        {"kind": kind, "from_s": 0, "to_s": days * DAY_S, "share": share}
        for kind, share in faults.items()
    ]
    return content


def plan(positions: int, interval_s: float, rounds: int) -> str:
    """Fields p0, p1, ... in one channel, judged by the classical judge."""
    places = [{"name": f"p{i}", "x": 250.0 * i, "y": 0, "z": 0} for i in range(positions)]
    return yaml.safe_dump(
        {
            "goal": "soak",
            "baseline": {
                "axis_order": "tpcz",
                "stage_positions": places,
                "channels": [{"group": "Channel", "config": "DAPI", "exposure": 100}],
                "time_plan": {"interval": interval_s, "loops": rounds},
            },
            "judge": {"kind": "classical", "channel": "DAPI"},
            "decide": {"policy": "watch", "target": "mitosis"},
        }
    )


def one(run: Path, sql: str) -> Any:
    """One value of a run's journal."""
    with contextlib.closing(sqlite3.connect(run / FILE_NAME, timeout=30)) as db:
        return db.execute(sql).fetchone()[0]


def p99_ms(took_s: Sequence[float]) -> float:
    """0 where nothing was asked."""
    return round(1000 * sorted(took_s)[int(0.99 * (len(took_s) - 1))], 1) if took_s else 0.0
