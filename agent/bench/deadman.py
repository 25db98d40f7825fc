"""`microscout bench deadman`: is the lamp off in time, whatever happens to who switched it on?

The lamp is a process of its own that stays on when its client dies; when it went off is what its
own record says. Each trial has a fresh ward, with the lamp on, and one thing that goes wrong.
"""

from __future__ import annotations

import json as jsonlib
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from agent.bench.deadman_daemon import kills
from agent.bench.deadman_lamp import LATEST_S, LampProcess
from agent.bench.machine import machine
from hardware.deadman.record import over

if TYPE_CHECKING:
    from collections.abc import Callable

PROMISED_S = 2.0
ANNOUNCED_S = 0.3  # in the trials where light stays on


class WardProcess:
    """`agent.bench.deadman_ward` in its own process."""

    def __init__(self, lamp: str, record: Path, **settings: object) -> None:
        self.record = record
        command = [sys.executable, "-m", "agent.bench.deadman_ward", lamp, str(record)]
        command += [jsonlib.dumps(settings)] if settings else []
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self.news: list[str] = []
        if (said := self.heard()) != "ready":
            raise RuntimeError(f"the ward did not start: {said!r}")

    def tell(self, words: str) -> str:
        """Its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{words}\n".encode())
        self.process.stdin.flush()
        return self.heard()

    def heard(self) -> str:
        """The next line that is no news; "" when it has ended."""
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline().decode().strip()).startswith("news: "):
            self.news.append(line)
        return line

    def send(self, signal_number: int) -> float:
        """Send it a signal; when (monotonic s)."""
        now_s = time.monotonic()
        self.process.send_signal(signal_number)
        return now_s

    def __enter__(self) -> Self:
        """It runs."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it, if it has not ended, and wait until its dead-man has done what it does then."""
        self.process.kill()
        self.process.communicate()
        until = time.monotonic() + 5.0
        while time.monotonic() < until and not over(self.record):
            time.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one: seconds until the lamp was off (None: never), whether the ward was gone."""

    off_s: float | None
    ward_gone: bool
    restarted_s: float | None = None  # until another dead-man watched


def killed(lamp: LampProcess, ward: WardProcess, rng: random.Random) -> Trial:
    """kill -9 with the lamp on."""
    ward.tell("lit 60")
    time.sleep(rng.uniform(0.0, 0.3))
    return _over(lamp, ward, ward.send(signal.SIGKILL))


def hung(lamp: LampProcess, ward: WardProcess, rng: random.Random) -> Trial:
    """The whole process stands still with the lamp on."""
    ward.tell("lit 60")
    time.sleep(rng.uniform(0.0, 0.3))
    return _over(lamp, ward, ward.send(signal.SIGSTOP))


def interpreter_hung(lamp: LampProcess, ward: WardProcess, rng: random.Random) -> Trial:
    """A driver that keeps the interpreter to itself with the lamp on."""
    ward.tell("lit 60")
    time.sleep(rng.uniform(0.0, 0.3))
    ward.tell("stuck 30")
    return _over(lamp, ward, time.monotonic())


def overdue(lamp: LampProcess, ward: WardProcess, _: random.Random) -> Trial:
    """Light longer than announced; from the announced end on. The ward cannot switch it off."""
    ward.tell(f"lit {ANNOUNCED_S}")
    return _over(lamp, ward, time.monotonic() + ANNOUNCED_S)


def overdue_own(lamp: LampProcess, ward: WardProcess, _: random.Random) -> Trial:
    """The same where the ward's shutters still obey: the program goes on."""
    ward.tell("own")
    ward.tell(f"lit {ANNOUNCED_S}")
    since_s = time.monotonic() + ANNOUNCED_S
    off_s = lamp.off_after_s(since_s)
    time.sleep(0.7)  # the dead-man would act by now
    return Trial(off_s, ward_gone=ward.process.poll() is None)  # here it must still be there


def dead_man_killed(lamp: LampProcess, ward: WardProcess, _: random.Random) -> Trial:
    """kill -9 of the dead-man, then of its ward once another one watches."""
    return _without(lamp, ward, signal.SIGKILL)


def dead_man_hung(lamp: LampProcess, ward: WardProcess, _: random.Random) -> Trial:
    """The dead-man stands still; then kill -9 of its ward once another one watches."""
    return _without(lamp, ward, signal.SIGSTOP)


TRIALS: dict[str, tuple[Callable[[LampProcess, WardProcess, random.Random], Trial], int]] = {
    # what goes wrong -> trial, one of so many is made
    "kill -9": (killed, 1),
    "hangs (SIGSTOP)": (hung, 1),
    "driver keeps the interpreter": (interpreter_hung, 5),
    "light longer than announced": (overdue, 1),
    "the same, own shutters obey": (overdue_own, 5),
    "dead-man killed, then kill -9": (dead_man_killed, 5),
    "dead-man hangs, then kill -9": (dead_man_hung, 5),
}


def bench_deadman(times: int, seed: int, *, json: bool) -> int:
    """Print the table; exit code 0 when the lamp was off in time in every trial."""
    rng = random.Random(seed)
    rows: dict[str, dict[str, Any]] = {}
    for name, (trial, share) in TRIALS.items():
        results = [_once(trial, rng) for _ in range(max(1, times // share))]
        rows[name] = _row(results)
        if not json:
            print(f"{name}: {rows[name]}", flush=True)
    for who in ("runner", "service"):
        name = f"whole program: kill -9 of the {who}"
        rows[name] = _row([Trial(off_s, ward_gone=True) for off_s in _kills(who, times, rng)])
        if not json:
            print(f"{name}: {rows[name]}", flush=True)
    result = {"machine": machine(), "promised_s": PROMISED_S, "trials": rows}
    if json:
        print(jsonlib.dumps(result))
    return 0 if all(row["in_time"] == row["trials"] for row in rows.values()) else 1


def _once(
    trial: Callable[[LampProcess, WardProcess, random.Random], Trial], rng: random.Random
) -> Trial:
    with ExitStack() as held:
        folder = Path(held.enter_context(tempfile.TemporaryDirectory()))
        lamp = held.enter_context(LampProcess(folder))
        ward = held.enter_context(WardProcess(lamp.address, folder / "dead_man.jsonl"))
        return trial(lamp, ward, rng)


def _kills(who: str, times: int, rng: random.Random) -> list[float | None]:
    with tempfile.TemporaryDirectory() as folder:
        return kills(Path(folder), who, times, rng)


def _over(lamp: LampProcess, ward: WardProcess, since_s: float) -> Trial:
    off_s = lamp.off_after_s(since_s)
    try:
        ward.process.wait(5.0)
    except subprocess.TimeoutExpired:
        return Trial(off_s, ward_gone=False)
    return Trial(off_s, ward_gone=True)


def _without(lamp: LampProcess, ward: WardProcess, signal_number: int) -> Trial:
    ward.tell("lit 60")
    before = ward.tell("dead_man")
    since_s = time.monotonic()
    os.kill(int(before), signal_number)
    until = since_s + LATEST_S
    while ward.tell("check") != "well" or ward.tell("dead_man") == before:
        if time.monotonic() > until:
            return Trial(None, ward_gone=False)
        time.sleep(0.005)
    restarted_s = time.monotonic() - since_s
    over = _over(lamp, ward, ward.send(signal.SIGKILL))
    return Trial(over.off_s, over.ward_gone, restarted_s)


def _row(results: list[Trial]) -> dict[str, Any]:
    off = [r.off_s for r in results if r.off_s is not None]
    again = [r.restarted_s for r in results if r.restarted_s is not None]
    good = [r for r in results if r.ward_gone and r.off_s is not None and r.off_s <= PROMISED_S]
    return {
        "trials": len(results),
        "in_time": len(good),
        "off_s": _spread(off),
        **({"dead_man_again_s": _spread(again)} if again else {}),
    }


def _spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    found = {"min": min(values), "median": statistics.median(values), "max": max(values)}
    return {key: round(value, 3) for key, value in found.items()}
