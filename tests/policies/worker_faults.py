"""Judges that go wrong in every way, made in a worker process by `policies.worker`."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hardware.data import Frame
from policies.judge import JudgeUnavailable
from policies.verdict import Focus, FocusState, SeenObject, Verdict

MIB = 2**20


def good(frame: Frame, target: str, /, **changes: Any) -> Verdict:
    focus = Focus(state=FocusState.IN, score=1 / 3)
    verdict = Verdict(
        visit_id=frame.visit_id,
        fov=frame.key.fov,
        judge="faulty-1",
        target=target,
        focus=focus,
        p_target=0.1 + 0.2,
        rationale=f"pid {os.getpid()}",
    )
    return verdict.model_copy(update=changes)


def segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def true_segfault() -> None:
    ctypes.string_at(0)


def hang() -> None:
    time.sleep(3600)


def hang_with_the_interpreter() -> None:
    """No other thread of this process runs meanwhile."""
    ctypes.PyDLL(None).sleep(3600)


def eat() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(os.urandom(MIB) * 16))
        time.sleep(0.01)


def leave() -> None:
    sys.exit(7)


def leave_at_once() -> None:
    print("the last thing it said", file=sys.stderr, flush=True)
    os._exit(9)


def chatter() -> None:
    print("MSW1 to stdout", flush=True)
    os.write(1, b"MSW1" * 1000)
    os.system("echo from a program")
    print("x" * 3_000_000, file=sys.stderr)
    assert sys.stdin.read() == "" and os.read(0, 10) == b""


def fail() -> None:
    raise RuntimeError("the tensor\nhas no shape")


def spawn(note: Path) -> None:
    """Starts a program that outlives it, writes down its process id, and crashes."""
    program = subprocess.Popen(["sleep", "3600"])
    note.write_text(str(program.pid))
    segfault()


def write_to_pixels(frame: Frame) -> None:
    frame.pixels[0, 0] = 1


DO: dict[str, Callable[[], None]] = {
    "segfault": segfault,
    "true_segfault": true_segfault,
    "hang": hang,
    "hang_with_the_interpreter": hang_with_the_interpreter,
    "eat": eat,
    "leave": leave,
    "leave_at_once": leave_at_once,
    "chatter": chatter,
    "fail": fail,
    "nothing": lambda: None,
}
SAY: dict[str, dict[str, Any]] = {
    "other_visit": {"visit_id": 8},
    "other_field": {"fov": "B2"},
    "other_target": {"target": "else"},
    "not_finite": {"p_target": float("nan")},
    "huge": {"rationale": "x" * 9 * MIB},
    "many": {
        "objects": (SeenObject(x_um=0.1, y_um=0.2, area_um2=0.3, label="n", score=0.4),) * 20_000
    },
}


class Faulty:
    """Does what the target says, so often as `times` allows (counted over all processes)."""

    name = "faulty-1"

    def __init__(self, count: Path | None, times: int) -> None:
        self._count, self._times = count, times

    def judge(self, frames: Sequence[Frame], *, target: str) -> Any:
        if self._spent():
            return good(frames[0], target)
        if target == "text":
            return "mitosis!"
        if target == "environment":
            seen = {"nice": os.nice(0), **os.environ}
            return good(frames[0], target, rationale=repr(sorted(seen.items())))
        if target == "write":
            write_to_pixels(frames[0])
        if target in SAY:
            return good(frames[0], target, **SAY[target])
        if target.startswith("spawn "):
            spawn(Path(target.removeprefix("spawn ")))
        if target.startswith("sleep "):
            time.sleep(float(target.removeprefix("sleep ")))
        DO.get(target, DO["nothing"])()
        return good(frames[0], target)

    def _spent(self) -> bool:
        if self._count is None:
            return False
        with self._count.open("a") as file:
            file.write(".")
        return self._count.stat().st_size > self._times


def make(count: str | None = None, times: int = 0, load_s: float = 0.0) -> Faulty:
    time.sleep(load_s)
    return Faulty(None if count is None else Path(count), times)


def make_badly(how: str, count: str | None = None, times: int = 1) -> Faulty:
    """Goes wrong while it loads, `times` times."""
    if count is not None:
        with Path(count).open("a") as file:
            file.write(".")
        if Path(count).stat().st_size > times:
            return Faulty(None, 0)
    if how == "unavailable":
        raise JudgeUnavailable("judge.weights: half a file; name a whole one")
    DO[how]()
    return Faulty(None, 0)
