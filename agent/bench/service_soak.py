"""`microscout bench service`: days of a service with clients attached, and what viewers cost."""

from __future__ import annotations

import contextlib
import json as jsonlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import yaml

from agent.bench.machine import machine
from agent.bench.service_clients import Answers, attached
from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

DAY_S = 86_400.0
CAMERA_PX = 128
SHARES = {"camera_timeout": 0.004, "dropped_frame": 0.004, "stuck_stage": 0.002}  # of moments
WARM_UP = 0.2  # share of the time after which memory is first looked at
SAMPLE_S = 2.0
SETTLE_S = 2.0


def bench_service(days: float, positions: int, pairs: int, *, json: bool) -> int:
    """Exit code 0 when nothing was lost and every figure is inside what is promised."""
    with tempfile.TemporaryDirectory() as folder:
        soaked = _soak(Path(folder) / "soak", days, positions)
        viewers = _viewers(Path(folder) / "viewers", pairs)
    result = {"bench": "service", "machine": machine(), "soak": soaked, "viewers": viewers}
    print(jsonlib.dumps(result) if json else jsonlib.dumps(result, indent=2))
    good = (
        soaked["outcome"] == "complete"
        and soaked["frames_lost"] == 0
        and soaked["account_balances"]
        and soaked["memory_growth"]["service"] < 0.05
        and soaked["memory_growth"]["runner"] < 0.05
        and soaked["page_p99_ms"] < 250
        and viewers["rate_with_over_without"] > 0.97
    )
    return 0 if good else 1


# ---------------------------------------------------------------------- the soak


def _soak(home: Path, days: float, positions: int) -> dict[str, Any]:
    """Simulated days as fast as the computer can, faults at random, clients all the time."""
    home.mkdir()
    scenario = home / "scenario.yaml"
    scenario.write_text(yaml.safe_dump(_scenario(days)), encoding="utf-8")
    answers, memory = Answers(), _Memory()
    with _service(home, scenario, pace=None) as (url, token, pid):
        with httpx.Client(base_url=url, headers=_auth(token), trust_env=False) as client:
            began = time.monotonic()
            id_ = _submit(client, _plan(positions, 600.0, int(days * DAY_S / 600.0), "classical"))
            _until_running(client, id_)
            with attached(url, token, id_, answers, pages=3, programs=3):
                while (state := _state(client, id_))["state"] not in _OVER:
                    memory.sample(pid)
                    time.sleep(SAMPLE_S)
            wall_s = time.monotonic() - began
        run = home / "runs" / str(state["run"])
        return _account(run) | {
            "outcome": state["state"],
            "why": state["why"],
            "simulated_days": days,
            "positions": positions,
            "wall_s": round(wall_s, 1),
            "memory_growth": memory.growth(),
            "memory_mib": memory.last(),
            "answers": sum(map(len, answers.took_s.values())),
            "answers_not_ok": len(answers.bad),
            "not_ok": sorted(set(answers.bad))[:5],
            "changes_told": answers.events,
            "page_p99_ms": _p99([*answers.took_s.get("/", [])]),
            "api_p99_ms": _p99([t for p, ts in answers.took_s.items() if p != "/" for t in ts]),
            "commands_waiting": _one(run, "SELECT count(*) FROM commands WHERE state='waiting'"),
        }


def _scenario(days: float) -> dict[str, Any]:
    from sim.load import load_scenario

    content = load_scenario("empty").model_dump(mode="json")
    content["camera"] |= {"height": CAMERA_PX, "width": CAMERA_PX}
    content["faults"] = [
        {"kind": kind, "from_s": 0, "to_s": days * DAY_S, "share": share}
        for kind, share in SHARES.items()
    ]
    return content


def _account(run: Path) -> dict[str, Any]:
    """Frames of the journal against frames of the store; visits against the account."""
    from agent.account import account
    from agent.journal.database import Database
    from hardware.data import FrameKey
    from hardware.store import ImageReader, StoreError

    reader, lost = ImageReader(run), 0
    with contextlib.closing(sqlite3.connect(run / FILE_NAME)) as db:
        frames = db.execute("SELECT fov, t, c, z FROM frames").fetchall()
    for key in frames:
        try:
            reader.read(FrameKey(*key))
        except StoreError:
            lost += 1
    with contextlib.closing(Database(run / FILE_NAME, durable=False)) as database:
        found = account(database)
    return {
        "visits": found.expected,
        "delivered": found.delivered,
        "skipped": found.skipped,
        "dropped": found.dropped,
        "frames": len(frames),
        "frames_lost": lost,
        "account_balances": found.balances,
        "faults": _one(run, "SELECT count(*) FROM errors"),
    }


class _Memory:
    """Resident memory (MiB) of the service and of its runner."""

    def __init__(self) -> None:
        self._samples: dict[str, list[float]] = {"service": [], "runner": []}

    def sample(self, pid: int) -> None:
        """Once."""
        with contextlib.suppress(psutil.Error):
            service = psutil.Process(pid)
            self._samples["service"].append(service.memory_info().rss / 2**20)
            for child in service.children():
                if "agent.runner" in " ".join(child.cmdline()):
                    self._samples["runner"].append(child.memory_info().rss / 2**20)

    def growth(self) -> dict[str, float]:
        """Median of the last tenth over the median of the tenth after the warm-up, less one."""
        found = {}
        for name, all_ in self._samples.items():
            tenth = max(1, len(all_) // 10)
            first = int(WARM_UP * len(all_))
            early = statistics.median(all_[first : first + tenth] or [1.0])
            found[name] = round(statistics.median(all_[-tenth:] or [1.0]) / early - 1, 4)
        return found

    def last(self) -> dict[str, float]:
        """At the end."""
        return {name: round(all_[-1], 1) for name, all_ in self._samples.items() if all_}


# ---------------------------------------------------------------------- what viewers cost


def _viewers(home: Path, pairs: int, phase_s: float = 15.0) -> dict[str, Any]:
    """Visits per second in real time with ten pages and without, in turn, in one run.

    The clock runs at real pace and the fields are imaged back to back, so that the instrument, not
    the computer, sets the rate: as on a real microscope.
    """
    home.mkdir()
    scenario = home / "scenario.yaml"
    scenario.write_text(yaml.safe_dump(_scenario(1) | {"faults": []}), encoding="utf-8")
    ratios: list[float] = []
    rates: list[tuple[float, float]] = []
    answers = Answers()
    with (
        _service(home, scenario, pace=1.0) as (url, token, _),
        httpx.Client(base_url=url, headers=_auth(token), trust_env=False) as client,
    ):
        id_ = _submit(client, _plan(4, 1.0, 100_000, "classical"))
        _until_running(client, id_)
        time.sleep(SETTLE_S)
        run = home / "runs" / str(_state(client, id_)["run"])
        for _ in range(pairs):
            alone = _rate(run, phase_s)
            with attached(url, token, id_, answers, pages=10, programs=0):
                time.sleep(SETTLE_S)
                watched = _rate(run, phase_s)
            rates.append((round(alone, 3), round(watched, 3)))
            ratios.append(watched / alone)
        client.post("/api/v1/stop")
    return {
        "pairs": pairs,
        "visits_per_s_without_and_with": rates,
        "rate_with_over_without": round(statistics.median(ratios), 4),
        "page_p99_ms": _p99(answers.took_s.get("/", [])),
        "answers_not_ok": len(answers.bad),
    }


def _rate(run: Path, phase_s: float) -> float:
    """Delivered visits per real second."""
    sql = "SELECT count(*) FROM visits WHERE state='delivered'"
    before, began = _one(run, sql), time.monotonic()
    time.sleep(phase_s)
    return float((_one(run, sql) - before) / (time.monotonic() - began))


# ---------------------------------------------------------------------- the service


_OVER = ("complete", "stopped", "failed", "held", "withdrawn")


@contextlib.contextmanager
def _service(home: Path, scenario: Path, pace: float | None) -> Iterator[tuple[str, str, int]]:
    settings = {
        "simulated": {"scenario": str(scenario), "pace": pace},
        "web": {  # all clients come from one address
            "port": 0,
            "limits": {"requests_per_s": 1000, "burst": 2000, "event_clients": 64},
        },
    }
    file = home / "service.yaml"
    file.write_text(yaml.safe_dump(settings), encoding="utf-8")
    command = [sys.executable, "-m", "agent.cli.main", "serve", "--config", str(file)]
    process = subprocess.Popen(
        [*command, "--home", str(home)],
        stderr=(home / "serve.log").open("wb"),
        env=os.environ | {"MICROSCOUT_DATA": str(home / "data")},
    )
    try:
        address = home / "service.json"
        until = time.monotonic() + 60
        while not address.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((home / "serve.log").read_text(encoding="utf-8"))
            time.sleep(0.1)
        url = str(jsonlib.loads(address.read_text(encoding="utf-8"))["url"])
        yield url, (home / "operator.token").read_text(encoding="utf-8").strip(), process.pid
    finally:
        process.terminate()
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()


def _plan(positions: int, interval_s: float, rounds: int, judge: str) -> str:
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
            "judge": {"kind": judge, "channel": "DAPI"},
            "decide": {"policy": "watch", "target": "mitosis"},
        }
    )


def _submit(client: httpx.Client, plan: str) -> int:
    proposal = client.post("/api/v1/proposals/yaml", json={"yaml": plan}).raise_for_status().json()
    if proposal["outcome"] != "plan":
        raise RuntimeError(str(proposal["refusals"]))
    body = {"thread": proposal["thread"], "name": "soak"}
    return int(client.post("/api/v1/experiments", json=body).raise_for_status().json()["id"])


def _state(client: httpx.Client, id_: int) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/api/v1/experiments/{id_}", timeout=30).json()
    return found


def _until_running(client: httpx.Client, id_: int) -> None:
    until = time.monotonic() + 60
    while (state := _state(client, id_))["state"] != "running":
        if state["state"] in _OVER or time.monotonic() > until:
            raise RuntimeError(f"it does not run: {state}")
        time.sleep(0.2)


def _auth(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _one(run: Path, sql: str) -> Any:
    with contextlib.closing(sqlite3.connect(run / FILE_NAME, timeout=10)) as db:
        return db.execute(sql).fetchone()[0]


def _p99(took_s: list[float]) -> float:
    """In ms; 0 where nothing was asked."""
    return round(1000 * sorted(took_s)[int(0.99 * (len(took_s) - 1))], 1) if took_s else 0.0
