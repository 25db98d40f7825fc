"""`microscout bench service`: days of a service with faults and clients, and what viewers cost."""

from __future__ import annotations

import contextlib
import json as jsonlib
import sqlite3
import tempfile
import time
from pathlib import Path
from typing import Any

from agent.bench.machine import machine
from agent.bench.service_clients import Answers, Crowd, attached
from agent.bench.service_promises import misses
from agent.bench.service_rig import DAY_S, OVER, one, p99_ms, plan, scenario, service
from agent.bench.service_viewers import viewers
from agent.bench.service_watch import Watch, growth
from agent.journal.journal import FILE_NAME

INTERVAL_S = 600.0
SAMPLE_S = 2.0
FAULTS = {  # share of moments
    "camera_timeout": 0.003,
    "camera_raises": 0.002,
    "dropped_frame": 0.003,
    "stuck_stage": 0.002,
    "stage_raises": 0.002,
    "channel_raises": 0.002,
    "setting_raises": 0.002,
}
CLIENTS = (Crowd("pages", 3), Crowd("programs", 3), Crowd("assistants", 2), Crowd("people", 1))


def bench_service(days: float, positions: int, pairs: int, *, json: bool) -> int:
    """Exit code 0 when nothing was lost and every figure is inside what is promised."""
    with tempfile.TemporaryDirectory() as folder:
        soaked = _soak(Path(folder) / "soak", days, positions)
        seen = viewers(Path(folder) / "viewers", pairs)
    missed = misses(soaked, seen)
    result = {
        "bench": "service",
        "machine": machine(),
        "missed": missed,
        "soak": soaked,
        "viewers": seen,
    }
    print(jsonlib.dumps(result) if json else jsonlib.dumps(result, indent=2))
    return 1 if missed else 0


def _soak(home: Path, days: float, positions: int) -> dict[str, Any]:
    """Simulated days as fast as the computer can, faults at random, clients all the time."""
    answers = Answers()
    with service(home, scenario(days, FAULTS), pace=None) as rig:
        watch, began = Watch(home, rig.pid), time.monotonic()
        id_ = rig.submit(plan(positions, INTERVAL_S, int(days * DAY_S / INTERVAL_S)))
        run = rig.run_of(id_)
        with attached(rig.url, rig.token, id_, CLIENTS, answers, assistant=rig.assistant):
            while (state := rig.state(id_))["state"] not in OVER:
                watch.sample(run)
                time.sleep(SAMPLE_S)
        wall_s = time.monotonic() - began
    known = {row[0] for row in _rows(run, "SELECT id FROM commands")}
    return account_of(run) | {
        "outcome": state["state"],
        "why": state["why"],
        "simulated_days": days,
        "positions": positions,
        "wall_s": round(wall_s, 1),
        "memory_growth": {name: growth(all_) for name, all_ in watch.memory_mib.items()},
        "memory_mib": {n: round(all_[-1], 1) for n, all_ in watch.memory_mib.items() if all_},
        "samples": len(watch.memory_mib["service"]),
        "growing": watch.grown(),
        "longest": watch.longest(),
        "answers": {kind: len(took) for kind, took in by_kind(answers).items()},
        "answers_not_ok": len(answers.bad),
        "not_ok": sorted(set(answers.bad))[:5],
        "changes_told": answers.events,
        **{f"{kind}_p99_ms": p99_ms(took) for kind, took in by_kind(answers).items()},
        "commands": len(answers.commands),
        "commands_lost": len(set(answers.commands) - known),
        "commands_waiting": one(run, "SELECT count(*) FROM commands WHERE state='waiting'"),
    }


def by_kind(answers: Answers) -> dict[str, list[float]]:
    """Seconds of answers: page, picture, api, mcp, command."""
    found: dict[str, list[float]] = {k: [] for k in ("page", "picture", "api", "mcp", "command")}
    for path, took_s in answers.took_s.items():
        kind = path.partition(" ")[0]
        found[kind if kind in found else "api"] += took_s
    return found


def account_of(run: Path) -> dict[str, Any]:
    """Frames of the journal against frames of the store; visits against the account."""
    from agent.account import account
    from agent.journal.database import Database
    from hardware.data import FrameKey
    from hardware.store import ImageReader, StoreError

    reader, lost = ImageReader(run), 0
    frames = _rows(run, "SELECT fov, t, c, z FROM frames")
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
        "faults": one(run, "SELECT count(*) FROM errors"),
    }


def _rows(run: Path, sql: str) -> list[Any]:
    with contextlib.closing(sqlite3.connect(run / FILE_NAME, timeout=30)) as db:
        return db.execute(sql).fetchall()
