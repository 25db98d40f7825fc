"""Processes that are killed, that hang, and that are too many; commands without end."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import Outside
from agent.bench.faults_data import Cell, Mark, Row, When
from agent.bench.faults_runner import until
from agent.bench.faults_trial import Trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.bench.faults_rig import Rig
    from agent.bench.faults_runner import Runner
    from agent.bench.faults_trial import Trials


def _with_light(rig: Rig, runner: Runner, then: Callable[[], None]) -> None:
    """Wait until the camera hangs with the lamp on, then do it."""
    until(lambda: rig.light_s()[1] or not runner.alive, "light")
    then()


def _kill(number: int, lit: bool) -> Any:
    def outside(rig: Rig, when: When) -> Outside:
        def act(rig: Rig, runner: Runner) -> None:
            def send() -> None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(runner.pid, number)

            _with_light(rig, runner, send) if lit else send()

        return Outside(act=act)

    return outside


def _cut(lit: bool) -> Any:
    def outside(rig: Rig, when: When) -> Outside:
        def act(rig: Rig, runner: Runner) -> None:
            _with_light(rig, runner, runner.cut) if lit else runner.cut()

        return Outside(act=act)

    return outside


def _dead_man(runner: Runner) -> Any:
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(runner.pid).children():
            if "hardware.deadman" in " ".join(child.cmdline()):
                return child
    return None


def _dead_man_killed(times: int) -> Any:
    def outside(rig: Rig, when: When) -> Outside:
        def act(rig: Rig, runner: Runner) -> None:
            for _ in range(times):
                until(lambda: _dead_man(runner) or not runner.alive, "a dead-man", 20.0)
                child = _dead_man(runner)
                if child is None:
                    return
                child.kill()
                until(partial(_gone, child), "its end", 20.0)
                if times > 1 and _refused(runner):
                    return

        return Outside(act=act)

    return outside


def _gone(child: Any) -> bool:
    import psutil

    try:
        return not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True


def _refused(runner: Runner) -> bool:
    return any("could not be started again" in str(n.get("text", "")) for n in list(runner.news))


def _second(rig: Rig, when: When) -> Outside:
    """Another runner wants the same run: it waits for its lock, and may have it after the end."""

    def act(rig: Rig, runner: Runner) -> None:
        until(lambda: runner.heard(state="running") or not runner.alive, "running")
        other = rig.resume()
        until(lambda: other.heard(state="running") or not other.alive, "the second one")
        over = any(str(n.get("state", "")).startswith("ended") for n in list(runner.news))
        if other.heard(state="running"):
            said = "the second one " + ("waited for the end" if over else "RAN AT THE SAME TIME")
        else:
            over = True
            texts = " ".join(str(n.get("text", "")) for n in other.news)
            said = f"the second one was refused: {texts[:150]}"
        other.ends()
        rig.remarks["second"] = (over, said)

    return Outside(act=act)


def _second_kept_out(cell: Cell, rig: Rig) -> None:
    good, said = rig.remarks.get("second", (False, "the second one was not started"))
    cell.note = said
    if not good:
        cell.truth = Mark.NO


def _flood(rig: Rig, when: When) -> Outside:
    """Commands without end, as fast as the journal takes them."""

    def act(rig: Rig, runner: Runner) -> None:
        from agent.journal.live import QueueFull

        until(lambda: runner.heard(state="running") or not runner.alive, "running")
        taken, end_s = 0, time.monotonic() + 20.0
        while time.monotonic() < end_s:
            try:
                rig.send(command="hold", fov="nowhere")
            except QueueFull as full:
                rig.remarks["flood"] = (True, f"after {taken} commands: {full}")
                return
            taken += 1
        rig.remarks["flood"] = (False, f"{taken} commands were taken, none refused")

    return Outside(act=act, calmly=True)


def _flood_refused(cell: Cell, rig: Rig) -> None:
    good, said = rig.remarks.get("flood", (False, "no flood"))
    cell.note = said
    waiting = int(rig.one("SELECT count(*) FROM commands WHERE state='waiting'", 0))
    if not good or waiting:
        cell.truth = Mark.NO


# --------------------------------------------------------------------------- the rows

LIT = dict.fromkeys((When.IDLE,), "there is no light while nothing is due; see the row below")

PROCESSES: Trials = (
    (
        Row(
            "runner_killed_lit",
            "runner: kill -9 with the light on",
            "SIGKILL while the camera hangs",
            "processes",
            "signal 9",
            skip=LIT,
        ),
        Trial(_kill(signal.SIGKILL, True), hangs=True),
    ),
    (
        Row("runner_killed", "runner: kill -9", "SIGKILL", "processes", "signal 9"),
        Trial(_kill(signal.SIGKILL, False)),
    ),
    (
        Row(
            "runner_hangs_lit",
            "runner: hangs as a whole with the light on",
            "SIGSTOP while the camera hangs",
            "processes",
            "signal 9",
            skip=LIT,
        ),
        Trial(_kill(signal.SIGSTOP, True), hangs=True),
    ),
    (
        Row(
            "runner_hangs",
            "runner: hangs as a whole",
            "SIGSTOP",
            "processes",
            "signal 9",
            long=True,
        ),
        Trial(_kill(signal.SIGSTOP, False)),
    ),
    (
        Row(
            "service_gone_lit",
            "service: gone with the light on",
            "the end of the runner's pipe while the camera hangs",
            "processes",
            "",
            skip=LIT,
        ),
        Trial(_cut(True), hangs=True, alone=True),
    ),
    (
        Row("service_gone", "service: gone", "the end of the runner's pipe", "processes", ""),
        Trial(_cut(False), alone=True),
    ),
    (
        Row("dead_man_killed", "dead-man: kill -9", "SIGKILL", "processes", "started again"),
        Trial(_dead_man_killed(1)),
    ),
    (
        Row(
            "dead_man_lost",
            "dead-man: killed again and again",
            "SIGKILL, until no other one is started",
            "processes",
            "could not be started again",
        ),
        Trial(_dead_man_killed(20)),
    ),
    (
        Row(
            "second_runner",
            "two programs want the same run",
            "another runner resumes it",
            "processes",
            "",
        ),
        Trial(_second, quiet=True, after=_second_kept_out),
    ),
    (
        Row(
            "commands_flood",
            "commands without end",
            "rows in the journal, as the service writes them",
            "people",
            "",
        ),
        Trial(_flood, quiet=True, after=_flood_refused),
    ),
)
