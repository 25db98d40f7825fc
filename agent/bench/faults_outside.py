"""Faults that come from outside of the microscope: people, the computer, the model, processes."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import NOTHING, Outside, measure, run_with_fault
from agent.bench.faults_data import Cell, Mark, Row, When
from agent.bench.faults_rig import HangsError, Rig, Runner, plan, until
from agent.bench.faults_rows import measured

if TYPE_CHECKING:
    from collections.abc import Callable

FLAG, ILL = "flag", "ill"
SHORT_S = 3.0  # a lock that is given back
SLOW_STORE_S = 0.7  # for each frame
MODEL_DEADLINE_S = 0.5
NOT_JUDGED = "nothing is judged while nothing is due"


@dataclass(frozen=True, slots=True)
class Trial:
    """How a row is measured.

    Attributes
    ----------
    outside : in this rig; made anew for each cell.
    hangs : the camera hangs with the light on, so that the fault meets it there.
    quiet : it need not be noticed.
    mend : before the run is resumed.
    plan : changes of the plan.
    after : a last look.
    """

    outside: Callable[[Rig, When], Outside] = lambda *_: NOTHING
    hangs: bool = False
    quiet: bool = False
    mend: Callable[[Rig], None] = Rig.repair
    plan: dict[str, Any] = field(default_factory=dict)
    after: Callable[[Cell, Rig], None] = lambda *_: None


# --------------------------------------------------------------------------- a file says when


def _flagged(calmly: bool = False, early: bool = False, stays: bool = False, **options: Any) -> Any:
    """The runner does it itself, from when a file is there; `stays`: it is never taken away."""

    def outside(rig: Rig, when: When) -> Outside:
        flag = rig.folder / FLAG
        return Outside(
            act=lambda *_: flag.touch(),
            undo=None if stays else lambda *_: flag.unlink(missing_ok=True),
            before=(lambda _: flag.touch()) if early else None,
            calmly=calmly,
            options={"flag": str(flag), **options},
        )

    return outside


def _touched(what: str) -> Any:
    """A hand's touch is over at once: nothing is undone."""

    def outside(rig: Rig, when: When) -> Outside:
        flag = rig.folder / FLAG
        return Outside(
            act=lambda *_: flag.touch(), calmly=True, options={"flag": str(flag), "hand": what}
        )

    return outside


def _model(does: str) -> Any:
    def outside(rig: Rig, when: When) -> Outside:
        ill = rig.folder / ILL
        model = {"does": does, "ill": str(ill), "deadline_s": MODEL_DEADLINE_S}
        return Outside(
            act=lambda *_: ill.touch(), before=lambda _: ill.touch(), options={"model": model}
        )

    return outside


# --------------------------------------------------------------------------- disk and journal


def _limit(rig: Rig, runner: Runner, size: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        _, hard = resource.prlimit(runner.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(runner.pid, resource.RLIMIT_FSIZE, (size, hard))


def _disk_full(rig: Rig, when: When) -> Outside:
    if when is When.RESUMING:
        return Outside(options={"file_bytes": 0})
    return Outside(
        act=lambda rig, runner: _limit(rig, runner, 0),
        undo=lambda rig, runner: _limit(rig, runner, resource.RLIM_INFINITY),
    )


def _writable(rig: Rig, yes: bool) -> None:
    for folder, _, _ in os.walk(rig.run):
        Path(folder).chmod(0o755 if yes else 0o555)


def _read_only(rig: Rig, when: When) -> Outside:
    return Outside(
        act=lambda rig, _: _writable(rig, False),
        undo=lambda rig, _: _writable(rig, True),
        before=lambda rig: _writable(rig, False),
        options={"unprivileged": True},
    )


def _mend_folder(rig: Rig) -> None:
    _writable(rig, True)
    rig.repair()


class _Lock:
    """Another program holds the journal's write lock."""

    def __init__(self, for_s: float | None) -> None:
        self._for_s = for_s
        self._over, self._has = threading.Event(), threading.Event()
        self._thread = threading.Thread(daemon=True)

    def take(self, rig: Rig) -> None:
        """Hold it, in a thread of the bench."""

        def hold() -> None:
            with contextlib.closing(sqlite3.connect(rig.journal, timeout=30.0)) as db:
                db.execute("BEGIN IMMEDIATE")
                self._has.set()
                self._over.wait(self._for_s)
                db.rollback()

        self._thread = threading.Thread(target=hold, daemon=True)
        self._thread.start()
        if not self._has.wait(30.0):
            raise HangsError("the bench cannot lock the journal")

    def give_back(self) -> None:
        """Let go of it."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(5.0)


def _locked(for_s: float | None) -> Any:
    def outside(rig: Rig, when: When) -> Outside:
        lock = _Lock(for_s)
        rig.at_mending.append(lock.give_back)
        return Outside(
            act=lambda rig, _: lock.take(rig),
            undo=lambda *_: lock.give_back(),
            before=lock.take,
        )

    return outside


# --------------------------------------------------------------------------- processes


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
    """Another runner wants the same run."""

    def act(rig: Rig, runner: Runner) -> None:
        until(lambda: runner.heard(state="running") or not runner.alive, "running")
        other = rig.resume()
        code = other.ends()
        said = " ".join(str(n.get("text", "")) for n in other.news)
        rig.remarks["second"] = (code == 2 and "process" in said, f"refused: {said[:150]}")

    return Outside(act=act)


def _second_refused(cell: Cell, rig: Rig) -> None:
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


# --------------------------------------------------------------------------- the table

HAND = "a thread of the simulator moves the device, past our layer"
FILE = "in the runner, by the bench: "
WATCHING = {
    "judge": {"kind": "classical"},
    "decide": {"policy": "watch", "target": "mitosis"},
}
JUDGED = {When.IDLE: NOT_JUDGED}
LIT = dict.fromkeys((When.IDLE,), "there is no light while nothing is due; see the row below")

TRIALS: tuple[tuple[Row, Trial], ...] = (
    (
        Row("hand_stage", "somebody moves the stage", HAND, "people", "stage x"),
        Trial(_touched("stage")),
    ),
    (
        Row("hand_turret", "somebody turns the turret", HAND, "people", "objective"),
        Trial(_touched("turret")),
    ),
    (
        Row("hand_light", "somebody opens a shutter", HAND, "people", "shutter"),
        Trial(_touched("light")),
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
    (
        Row(
            "clock_forward",
            "the computer's clock is set forward by an hour",
            FILE + "the guard's calendar clock",
            "the computer",
            "clock",
        ),
        Trial(_flagged(calmly=True, stays=True, jump_s=3600.0)),
    ),
    (
        Row(
            "clock_back",
            "the computer's clock is set back by an hour",
            FILE + "the guard's calendar clock",
            "the computer",
            "clock",
        ),
        Trial(_flagged(calmly=True, stays=True, jump_s=-3600.0)),
    ),
    (
        Row(
            "memory_low",
            "memory runs out",
            FILE + "what the guard is told of free memory",
            "the computer",
            "memory",
        ),
        Trial(_flagged(early=True, memory=True)),
    ),
    (
        Row(
            "disk_full",
            "disk: full",
            "no file of the runner may grow (RLIMIT_FSIZE 0)",
            "the computer",
            "full|disk i/o error",
        ),
        Trial(_disk_full),
    ),
    (
        Row(
            "disk_read_only",
            "disk: the run's folders cannot be written into",
            "mode 0555, without root's rights",
            "the computer",
            "not allowed|permission|readonly",
        ),
        Trial(_read_only, mend=_mend_folder),
    ),
    (
        Row(
            "disk_slow",
            f"disk: {SLOW_STORE_S:g} s for a frame",
            FILE + "the store waits",
            "the computer",
            "",
        ),
        Trial(_flagged(early=True, slow_s=SLOW_STORE_S), quiet=True),
    ),
    (
        Row(
            "journal_locked_short",
            f"journal: locked for {SHORT_S:g} s",
            "another program's write transaction",
            "the computer",
            "",
        ),
        Trial(_locked(SHORT_S), quiet=True),
    ),
    (
        Row(
            "journal_locked",
            "journal: locked for good",
            "another program's write transaction",
            "the computer",
            "locked",
            long=True,
        ),
        Trial(_locked(None)),
    ),
    (
        Row(
            "model_crash",
            "model: crashes at every visit",
            "SIGSEGV in its process",
            "the model",
            "sigsegv|signal 11",
            skip=JUDGED,
        ),
        Trial(_model("crash"), plan=WATCHING),
    ),
    (
        Row(
            "model_hang",
            "model: hangs",
            "sleeps in its process",
            "the model",
            "no answer within",
            skip=JUDGED,
        ),
        Trial(_model("hang"), plan=WATCHING),
    ),
    (
        Row(
            "model_garbage",
            "model: answers nonsense",
            "text in place of a verdict",
            "the model",
            "failed",
            skip=JUDGED,
        ),
        Trial(_model("garbage"), plan=WATCHING),
    ),
    (
        Row(
            "model_slow",
            "model: too slow",
            "answers after its deadline",
            "the model",
            "no answer within",
            skip=JUDGED,
        ),
        Trial(_model("slow"), plan=WATCHING),
    ),
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
        Trial(_cut(True), hangs=True),
    ),
    (
        Row("service_gone", "service: gone", "the end of the runner's pipe", "processes", ""),
        Trial(_cut(False)),
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
        Trial(_second, quiet=True, after=_second_refused),
    ),
)
_BY_NAME = {row.name: trial for row, trial in TRIALS}


def measure_outside(context: Any, row: Row, when: When) -> Cell:
    """A fault from outside."""
    trial = _BY_NAME[row.name]

    def faults(from_s: float, to_s: float) -> list[dict[str, Any]]:
        if not trial.hangs:
            return []
        return [{"kind": "camera_hangs", "from_s": from_s, "to_s": to_s}]

    def mend(rig: Rig) -> None:
        for job in rig.at_mending:
            job()
        trial.mend(rig)

    def work(cell: Cell, rig: Rig) -> Cell:
        try:
            outside = trial.outside(rig, when)
            struck = run_with_fault(rig, when, faults, outside)
        finally:
            for job in rig.at_mending:
                job()
        over = when is When.IDLE and outside.undo is not None  # before anything met it
        measure(cell, rig, struck, row.word, quiet=trial.quiet or over, mend=mend)
        trial.after(cell, rig)
        return cell

    return measured(context, row, when, plan() | trial.plan, work)
