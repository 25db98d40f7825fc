"""Faults of people, of the computer and of the model."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.bench.faults_cell import Outside
from agent.bench.faults_data import Row, When
from agent.bench.faults_runner import HangsError
from agent.bench.faults_trial import Trial

if TYPE_CHECKING:
    from agent.bench.faults_rig import Rig
    from agent.bench.faults_runner import Runner
    from agent.bench.faults_trial import Trials

FLAG, ILL = "flag", "ill"
SHORT_S = 3.0  # a lock that is given back
SLOW_STORE_S = 0.7  # for each frame
MODEL_DEADLINE_S = 0.5
NOT_JUDGED = "nothing is judged while nothing is due"


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


# --------------------------------------------------------------------------- the rows

HAND = "a thread of the simulator moves the device, past our layer"
FILE = "in the runner, by the bench: "
WATCHING = {
    "judge": {"kind": "classical"},
    "decide": {"policy": "watch", "target": "mitosis"},
}
JUDGED = {When.IDLE: NOT_JUDGED}

COMPUTER: Trials = (
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
            "sigsegv|no answer within",
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
)
