"""The runner as a real process: orders reach it, news comes out, the light goes off without it."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from run_kit import one, rows

from agent.dump import dump_plan
from agent.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE_S = 60.0


class Run:
    """A runner under way on the simulated microscope."""

    def __init__(self, folder: Path, spec: dict[str, Any]) -> None:
        self.news: list[dict[str, Any]] = []
        file = folder / "spec.json"
        file.write_text(json.dumps(spec), encoding="utf-8")
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "agent.runner", str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.news.append(json.loads(line))

    def order(self, **order: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def heard(self, **wanted: Any) -> bool:
        return any(wanted.items() <= news.items() for news in list(self.news))

    def ends(self) -> int:
        code = self.process.wait(PATIENCE_S)
        self._reader.join(5)
        return code

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join(5)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it does not come true"
        time.sleep(0.02)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Callable[..., Run]]:
    made: list[Run] = []

    def begin(**spec: Any) -> Run:
        plan = tmp_path / "plan.yaml"
        if not plan.exists():
            plan.write_text(dump_plan(small()), encoding="utf-8")
        base = {
            "action": "start",
            "run": str(tmp_path / "run"),
            "plan": str(plan),
            "simulated": {"pace": 60, "scenario": "empty"},
        }
        made.append(Run(tmp_path, base | spec))
        return made[-1]

    yield begin
    for run in made:
        run.close()


def small(rounds: int = 2000) -> Plan:
    from run_kit import plan

    return plan(fields=2, rounds=rounds, interval_s=10.0, channels=("DAPI",))


def imaged(run: Path, n: int) -> bool:
    """Whether so many frames are in the journal, which comes into being meanwhile."""
    try:
        return (run / "journal.sqlite").exists() and one(run, "SELECT count(*) FROM frames") >= n
    except sqlite3.OperationalError:
        return False


def test_a_run_is_told_stopped_in_order_and_resumed_by_another_runner(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    run, folder = begin(), tmp_path / "run"
    until(lambda: run.heard(news="state", state="running"))
    until(lambda: imaged(folder, 2))
    run.order(do="stop", why="enough")
    assert run.ends() == 130
    assert one(folder, "SELECT value FROM run WHERE key='outcome'") == "stopped"
    assert (folder / "report.html").exists()
    before = one(folder, "SELECT count(*) FROM frames")
    again = begin(action="resume")
    until(lambda: imaged(folder, before + 2))
    again.order(do="stop_now")
    assert again.ends() == 130
    assert again.heard(news="stopped_now", could_not_stop=[])


def test_without_its_service_the_run_ends_at_once(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    """LESSONS 8: nobody would hear of trouble, so nothing goes on."""
    run = begin()
    until(lambda: imaged(tmp_path / "run", 2))
    assert run.process.stdin is not None
    run.process.stdin.close()
    assert run.ends() == 130
    why = rows(tmp_path / "run", "SELECT text FROM notes WHERE kind='end'")
    assert why == [("stopped: the service is gone",)]


def test_a_runner_that_was_killed_is_compared_before_it_goes_on(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    run, folder = begin(), tmp_path / "run"
    until(lambda: imaged(folder, 2))
    os.kill(run.process.pid, signal.SIGKILL)
    assert run.ends() == -9
    frames = one(folder, "SELECT count(*) FROM frames")
    compared = begin(action="resume", compare=True)
    assert compared.ends() == 3
    assert compared.heard(news="held", differences=[])
    assert one(folder, "SELECT count(*) FROM frames") == frames, "compared, and nothing imaged"


def test_differences_that_nobody_has_accepted_hold_it(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    run, folder = begin(), tmp_path / "run"
    until(lambda: imaged(folder, 2))
    run.order(do="stop")
    run.ends()
    for chunk in (folder / "images").glob("*/0/c/0/**/*"):
        if chunk.is_file():
            chunk.unlink()
            break
    held = begin(action="resume")
    assert held.ends() == 3
    (told,) = [n["differences"] for n in held.news if n["news"] == "held"]
    assert "not in the store" in told[0]
    on = begin(action="resume", accepted=told)
    until(lambda: on.heard(news="state", state="running"))
    on.order(do="stop")
    assert on.ends() == 130


@pytest.mark.parametrize(
    "spec",
    [
        {"plan": "/nowhere/plan.yaml"},
        {"microscope": "nobody's"},
        {"action": "resume"},
        {"simulated": {"scenario": "no such"}},
    ],
)
def test_bad_input_is_refused_in_one_line_and_leaves_nothing(
    begin: Callable[..., Run], tmp_path: Path, spec: dict[str, Any]
) -> None:
    run = begin(**spec)
    assert run.ends() == 2
    (refused,) = [n["text"] for n in run.news if n["news"] == "refused"]
    assert "\n" not in refused
    assert not (tmp_path / "run").exists()


def test_what_is_printed_does_not_disturb_the_line(
    begin: Callable[..., Run], tmp_path: Path
) -> None:
    """The summary table and whatever a library prints go into the log."""
    (tmp_path / "plan.yaml").write_text(dump_plan(small(2)), encoding="utf-8")
    run = begin(simulated={"scenario": "empty"})
    assert run.ends() == 0
    assert all("news" in n for n in run.news)
    assert "outcome" in (tmp_path / "log").read_text()


def test_a_log_on_a_full_disk_does_not_keep_the_runner_from_saying_why(tmp_path: Path) -> None:
    script = (
        "import resource, sys; from agent.runner.line import News; news = News();"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY));"
        "print('a table'); print('a warning', file=sys.stderr); news.tell('broken', text='full')"
    )
    with (tmp_path / "log").open("wb") as log:
        told = subprocess.run(
            [sys.executable, "-c", script],
            check=False,
            stdout=subprocess.PIPE,
            stderr=log,
            timeout=60,
        )
    assert told.returncode == 0
    assert json.loads(told.stdout) == {"news": "broken", "text": "full"}
    assert (tmp_path / "log").read_bytes() == b"", "the disk was full"


def test_an_order_that_is_none_is_ignored(begin: Callable[..., Run], tmp_path: Path) -> None:
    run = begin()
    until(lambda: imaged(tmp_path / "run", 1))
    assert run.process.stdin is not None
    run.process.stdin.write("not json\n[1]\n{}\n")
    run.order(do="open the shutter")
    run.order(do="stop")
    assert run.ends() == 130
