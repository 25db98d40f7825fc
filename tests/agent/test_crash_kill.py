"""kill -9, three times in one rehearsal, each followed by `microscout resume`: nothing is lost."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from run_kit import EAGER, assert_sound, one, plan, record, scenario

from agent.bench.crash import read
from agent.dump import dump_model, dump_plan

if TYPE_CHECKING:
    from pathlib import Path

MICROSCOUT = (sys.executable, "-m", "agent.cli.main")
KILLS = 3
LAST_MOMENT = 200  # in frames, of about 250

# the classical judge on real (simulated) cells: its verdicts must come out the same as well
PLAN = plan(
    fields=4,
    rounds=30,
    interval_s=120,
    latency_s=3,
    policy=EAGER | {"enter": 0.3, "leave": 0.2},
    reaction={"interval_s": 30, "duration_s": 120},
    judge={"kind": "classical", "latency_s": 3.0},
    autofocus={"channel": "DAPI", "exposure_ms": 5, "when": "every_nth_round", "range_um": 6},
)


def microscout(*arguments: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen([*MICROSCOUT, *arguments], stdout=out, stderr=out)


def kill_when(process: subprocess.Popen[bytes], run: Path, frames: int, extra_s: float) -> None:
    """SIGKILL a moment after so many frames are in the journal."""
    give_up_s = time.monotonic() + 90
    while process.poll() is None and time.monotonic() < give_up_s:
        try:
            if one(run, "SELECT count(*) FROM frames") >= frames:
                break
        except sqlite3.Error:
            pass  # not there yet
        time.sleep(0.005)
    time.sleep(extra_s)
    process.send_signal(signal.SIGKILL)
    process.wait(30)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """Plan and scenario as a user has them: files."""
    plan_file, world_file = tmp_path / "plan.yaml", tmp_path / "world.yaml"
    plan_file.write_text(dump_plan(PLAN))
    world_file.write_text(dump_model(scenario("mitosis_night", side=64)))
    return plan_file, world_file


def test_killed_at_random_moments_and_resumed_a_rehearsal_comes_out_the_same(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    plan_file, world_file = files
    run, log = tmp_path / "run", tmp_path / "log"

    def start(out: Path) -> subprocess.Popen[bytes]:
        options = ("--scenario", str(world_file), "--out", str(out), "--json")
        return microscout("rehearse", str(plan_file), *options, log=log)

    whole = start(tmp_path / "whole")
    rng = random.Random()  # other moments every time
    moments = sorted(rng.sample(range(1, LAST_MOMENT), KILLS))
    survivor = start(run)
    for frames in moments:
        kill_when(survivor, run, frames, rng.random() * 0.05)
        assert survivor.returncode == -signal.SIGKILL, f"{moments}: {log.read_text()}"
        assert one(run, "SELECT count(*) FROM sqlite_master WHERE name='visits'") == 1
        survivor = microscout("resume", str(run), "--json", log=log)
    assert survivor.wait(120) == 0, f"{moments}: {log.read_text()}"
    assert whole.wait(120) == 0, log.read_text()

    reference, found = read(tmp_path / "whole"), read(run)
    assert reference.frames > LAST_MOMENT, "the moments are not all within the run"
    assert found.outcome == "complete"
    assert (found.lost_frames, found.duplicate_frames) == (0, 0)
    assert found.visits == reference.visits, moments
    assert (found.frames, found.decisions) == (reference.frames, reference.decisions), moments
    extra = found.exposures - reference.exposures
    assert 0 <= extra <= KILLS, f"more than one exposure lost by a kill: {moments}"
    resumes = one(run, "SELECT count(*) FROM notes WHERE kind='resume'")
    assert 1 <= resumes <= KILLS, "some may have been killed before they could say so"
    assert_sound(run, PLAN, kills=KILLS)
    if extra == one(run, "SELECT count(*) FROM exposures WHERE done=0"):
        # what was exposed twice had been cut off before light fell: not even the specimen can
        # tell the two runs apart
        whole_record, its_record = record(tmp_path / "whole"), record(run)
        for name, expected in whole_record.items():
            assert its_record[name] == expected, f"{name} differ, killed at {moments}"
