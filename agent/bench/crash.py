"""`microscout bench crash`: kill -9 a rehearsal at random moments, resume, compare.

The same plan, scenario and seed is run once undisturbed. Then, for each random moment, a rehearsal
in its own process is killed there, and resumed to the end in another. Nothing may be lost or
counted twice, and the account must come out the same.
"""

from __future__ import annotations

import json as jsonlib
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from agent.bench.machine import machine
from agent.journal.journal import FILE_NAME

MICROSCOUT = (sys.executable, "-m", "agent.cli.main")
POLL_S = 0.02


@dataclass(frozen=True, slots=True)
class Record:
    """What one run left in its journal."""

    outcome: str
    visits: dict[str, int]
    frames: int
    duplicate_frames: int
    lost_frames: int  # in the journal, not in the store
    exposures: int
    exposure_s: float
    decisions: int
    pixels: str  # hash of every stored frame


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill and what came of it."""

    after_frames: int
    resumed: bool
    same_account: bool
    same_pixels: bool
    lost_frames: int
    duplicate_frames: int
    extra_exposures: int


def bench_crash(plan: str, kills: int, seed: int, *, json: bool) -> int:
    """Print the result; exit code 0 when every kill was survived without a loss."""
    rng = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        _finish(_start(plan, whole))
        reference = read(whole)
        rows: list[Kill] = []
        while len(rows) < kills:
            run = Path(folder) / f"kill{len(rows):02d}"
            after = rng.randrange(0, reference.frames)
            process = _start(plan, run)
            _kill_after(process, run, after, rng.random() * 0.1)
            if process.returncode == 0:  # it had ended before the kill reached it: draw again
                shutil.rmtree(run)
                continue
            resumed = _finish(_resume(run)) == 0
            rows.append(_compare(after, resumed, read(run), reference))
            shutil.rmtree(run)
            if not json:
                print(f"{len(rows)}/{kills}: {rows[-1]}", flush=True)
    good = [
        r
        for r in rows
        if r.resumed
        and r.same_account
        and r.lost_frames == 0
        and r.duplicate_frames == 0
        and 0 <= r.extra_exposures <= 1
    ]
    result = {
        "machine": machine(),
        "plan": plan,
        "kills": kills,
        "survived": len(good),
        "same_pixels": sum(r.same_pixels for r in rows),
        "extra_exposures_max": max(r.extra_exposures for r in rows),
        "reference": asdict(reference),
        "failures": [asdict(r) for r in rows if r not in good],
    }
    print(jsonlib.dumps(result) if json else jsonlib.dumps(result, indent=2))
    return 0 if len(good) == kills else 1


def read(run: Path) -> Record:
    """Count what a run left behind, holding the journal against the store."""
    import hashlib

    from agent.report.frames import frames_of

    with sqlite3.connect(f"file:{run / FILE_NAME}?mode=ro", uri=True) as db:
        visits = dict(db.execute("SELECT state, count(*) FROM visits GROUP BY state"))
        keys = db.execute("SELECT fov, t, c, z FROM frames ORDER BY fov, t, c, z").fetchall()
        exposures, exposure_s = db.execute(
            "SELECT count(*), sum(exposure_ms)/1000.0 FROM exposures"
        ).fetchone()
        decisions = db.execute("SELECT count(*) FROM decisions").fetchone()[0]
        outcome = db.execute("SELECT value FROM run WHERE key='outcome'").fetchone()[0]
    reader = frames_of(run)
    digest, lost = hashlib.sha256(), 0
    for key in keys:
        pixels = reader(*key)
        if pixels is None or not pixels.any():
            lost += 1
        else:
            digest.update(pixels.tobytes())
    return Record(
        outcome,
        visits,
        len(keys),
        len(keys) - len(set(keys)),
        lost,
        exposures,
        round(exposure_s, 6),
        decisions,
        digest.hexdigest(),
    )


def _compare(after: int, resumed: bool, run: Record, reference: Record) -> Kill:
    same = (run.outcome, run.visits, run.frames, run.decisions) == (
        reference.outcome,
        reference.visits,
        reference.frames,
        reference.decisions,
    )
    return Kill(
        after_frames=after,
        resumed=resumed,
        same_account=same,
        same_pixels=run.pixels == reference.pixels,
        lost_frames=run.lost_frames,
        duplicate_frames=run.duplicate_frames,
        extra_exposures=run.exposures - reference.exposures,
    )


def _start(plan: str, out: Path) -> subprocess.Popen[bytes]:
    return _popen("rehearse", plan, "--out", str(out), "--json")


def _resume(run: Path) -> subprocess.Popen[bytes]:
    return _popen("resume", str(run), "--json")


def _popen(*arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*MICROSCOUT, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _finish(process: subprocess.Popen[bytes]) -> int:
    return process.wait(timeout=1800)


def _kill_after(process: subprocess.Popen[bytes], run: Path, frames: int, extra_s: float) -> None:
    """SIGKILL once so many frames are in the journal, a random moment later."""
    journal = run / FILE_NAME
    while process.poll() is None:
        if journal.exists():
            try:
                with sqlite3.connect(f"file:{journal}?mode=ro", uri=True, timeout=5) as db:
                    if db.execute("SELECT count(*) FROM frames").fetchone()[0] >= frames:
                        break
            except sqlite3.OperationalError:
                pass  # not there yet
        time.sleep(POLL_S)
    time.sleep(extra_s)
    process.send_signal(signal.SIGKILL)
    process.wait()
