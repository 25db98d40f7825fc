"""Ctrl-C once ends a run in order, twice at once; the light is off and the run can be resumed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_kit import Done, command, environment, plan_with, process, tree, write_yaml

WATCHED = str(Path(__file__).with_name("watched.py"))
PATIENCE_S = 120.0

SLOW = plan_with(  # half a second of light per frame: signals come while it is on
    ("baseline.channels.0.exposure", 500),
    ("baseline.channels.1.exposure", 500),
    ("baseline.time_plan", {"interval": 5, "loops": 2}),
)
LONG = plan_with(("baseline.time_plan", {"interval": 10, "loops": 80}))


class Running:
    """A command under way."""

    def __init__(self, run: Path, arguments: list[str]) -> None:
        self.run = run
        self.process = subprocess.Popen(
            arguments,
            cwd=run.parent,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, query: str, at_least: int) -> None:
        """Until a count in the journal is reached."""
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < until, f"{query} never reached {at_least}"
            try:
                if ask(self.run, query)[0][0] >= at_least:
                    return
            except sqlite3.OperationalError:
                pass  # not there yet
            time.sleep(0.02)
        raise AssertionError(self.end().err)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_for_line(self, words: str) -> str:
        """Until a line on stderr has these words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(f"never said {words!r}")

    def end(self) -> Done:
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return Done(self.process.returncode, out, err)


def ask(run: Path, query: str) -> list[tuple[Any, ...]]:
    database = sqlite3.connect(f"file:{run}/journal.sqlite?mode=ro", uri=True, timeout=5)
    try:
        return database.execute(query).fetchall()
    finally:
        database.close()


FRAMES = "SELECT count(*) FROM frames"
EXPOSURES = "SELECT count(*) FROM exposures"


def assert_consistent(run: Path) -> None:
    """Every frame lies in a visit under way or over; delivered visits have all of theirs."""
    assert ask(run, "PRAGMA integrity_check") == [("ok",)]
    short = (
        "SELECT id FROM visits v WHERE state='delivered' AND frames_expected !="
        " (SELECT count(*) FROM frames f WHERE f.visit=v.id)"
    )
    assert ask(run, short) == []
    states = dict(ask(run, "SELECT state, count(*) FROM visits GROUP BY state"))
    assert sum(states.values()) == ask(run, "SELECT count(*) FROM visits")[0][0]
    frames, exposures = ask(run, FRAMES)[0][0], ask(run, EXPOSURES)[0][0]
    assert frames <= exposures  # no frame without light in the ledger


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_one_signal_ends_a_real_run_in_order(folder: Path, number: signal.Signals) -> None:
    write_yaml(folder / "plan.yaml", SLOW)
    run = folder / "real"
    running = Running(run, [sys.executable, WATCHED, "run", "plan.yaml", "--out", "real", "--json"])
    running.wait_for(FRAMES, 1)
    running.send(number)
    done = running.end()
    assert done.code == 130, done.err
    assert "stopping after this visit" in done.err
    assert done.last["outcome"] == "stopped"
    assert done.last["why"]
    visits = done.last["visits"]
    assert visits["expected"] == 4
    assert 1 <= visits["delivered"] < 4
    assert (run / "report.html").is_file()
    light = (folder / "light.txt").read_text()
    assert light.startswith("in order: ")
    assert light.endswith("open: []\n")
    assert "0 shutters" not in light
    assert_consistent(run)
    assert ask(run, "SELECT count(*) FROM visits WHERE state='running'") == [(0,)]
    assert dict(ask(run, "SELECT key, value FROM run"))["outcome"] == "stopped"
    assert ask(run, "SELECT text FROM notes WHERE kind='end'")[0][0].startswith("stopped: ")


def test_a_second_signal_ends_it_at_once_and_the_run_can_be_resumed(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", SLOW)
    run = folder / "real"
    running = Running(run, [sys.executable, WATCHED, "run", "plan.yaml", "--out", "real"])
    running.wait_for(EXPOSURES, 1)  # announced: the light is on, or about to be
    running.send(signal.SIGINT)
    running.wait_for_line("stopping after this visit; Ctrl-C again stops at once")
    running.send(signal.SIGINT)
    done = running.end()
    assert done.code == 130
    assert "stopped at once; light off" in done.err
    light = (folder / "light.txt").read_text()
    assert light.startswith("at once: ")
    assert light.endswith("open: []\n")
    assert_consistent(run)
    assert dict(ask(run, "SELECT key, value FROM run"))["outcome"] == "running"

    held = process("resume", "real", cwd=folder)  # the demo stage starts anew at (0, 0), DAPI
    if held.code != 0:
        assert held.code == 3
        assert "difference: " in held.err
        assert "held: nothing was moved" in held.err
        resumed = process("resume", "real", "--accept", "--json", cwd=folder)
        assert resumed.code == 0, resumed.err
        assert resumed.last["outcome"] == "complete"
        assert resumed.last["visits"]["delivered"] == 4
    assert_consistent(run)


def test_a_stopped_rehearsal_is_resumed_to_the_same_end(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", LONG)
    run = folder / "night"
    running = Running(run, command("rehearse", "plan.yaml", "--out", "night", "--json"))
    running.wait_for(FRAMES, 8)
    running.send(signal.SIGSTOP)  # or it might come to its end meanwhile
    busy = process("resume", "night", cwd=folder)
    running.send(signal.SIGCONT)
    running.send(signal.SIGINT)
    done = running.end()
    assert busy.code == 2
    assert "this run is under way in another process" in busy.err
    assert done.code == 130, done.err
    assert done.last["outcome"] == "stopped"
    assert done.last["visits"]["delivered"] < 160
    assert_consistent(run)
    resumed = process("resume", "night", "--json", cwd=folder)
    assert resumed.code == 0, resumed.err
    assert resumed.last["outcome"] == "complete"
    assert resumed.last["visits"]["delivered"] == 160
    assert ask(run, FRAMES) == ask(run, EXPOSURES) == [(320,)]


def test_a_signal_before_the_run_has_begun_leaves_nothing_behind(folder: Path) -> None:
    """Sent again and again while libraries load and devices open."""
    write_yaml(folder / "plan.yaml", SLOW)
    before = tree(folder)
    slow_start = (
        "import os, signal, threading\n"
        "from agent.cli.main import main\n"
        "from agent.scope import RealScope\n"
        "init = RealScope.__init__\n"
        "def late(self, *arguments):\n"
        "    init(self, *arguments)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "RealScope.__init__ = late\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", slow_start, "run", "plan.yaml", "--out", "deep/er/real"],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1] == "ended: terminated"
    assert "Traceback" not in done.stderr
    assert tree(folder) == before
