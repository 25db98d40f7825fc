"""`microscout-deadman`: watches one process, and switches the light off when it dies or hangs."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardware.deadman import process
from hardware.deadman.off import all_off
from hardware.deadman.record import Record
from hardware.deadman.switches import build
from hardware.deadman.watch import Alarm, Cause, Patience, Watch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hardware.deadman.switches import Switch

HELLO_S = 10.0  # longest wait for the first line
LOOK_S = 0.05  # between two looks at the ward
KEEP_TRYING_S = 60.0  # until the light is given up
DYING_S = 0.03  # the light does not wait longer for a process that was killed
DIES_S = 0.3  # by then it is gone, or hangs in a driver
LONGEST_LINE = 1 << 20  # bytes


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 0: the ward ended in order, or the light is confirmed off; 1: it is not confirmed.

    2: it could not begin to watch.

    Ends by itself when its ward does. Deaf to Ctrl-C, hang-up and SIGTERM: what ends a whole group
    of processes must not end it before its ward.
    """
    asked = argparse.ArgumentParser(prog="microscout-deadman", description=__doc__)
    asked.add_argument("--pid", type=int, required=True, help="process to watch")
    asked.add_argument("--started", default="", help="when it began (see hardware.deadman.process)")
    asked.add_argument("--record", type=Path, help="file of JSON lines to append to")
    given = asked.parse_args(argv)
    for name in ("SIGINT", "SIGHUP", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    _hold_on()
    record = Record(given.record)
    code = _Guardian(given.pid, given.started or process.started(given.pid), record).serve()
    record.close()
    return code


class _Guardian:
    def __init__(self, pid: int, began: str, record: Record) -> None:
        self._pid, self._began, self._record = pid, began, record
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue(maxsize=100)
        self._switches: list[Switch] = []
        self._keep_trying_s = KEEP_TRYING_S

    def serve(self) -> int:
        for job in (self._listen, self._speak):
            threading.Thread(target=job, name=job.__name__, daemon=True).start()
        try:
            watch = self._begin()
        except Exception as error:  # the ward hears no `ready`, and gives no light
            self._record.write("not_begun", why=f"{type(error).__name__}: {error}")
            return 2
        try:
            alarm = self._watch(watch)
        except BaseException as error:  # whatever it is: dark is better than unwatched
            alarm = Alarm(Cause.FAILED, f"the dead-man failed: {type(error).__name__}: {error}")
        if alarm is None:
            self._record.write("bye")
            self._let_go()
            return 0
        return self._act(alarm)

    def _begin(self) -> Watch:
        """Take the first line, say that it watches. Raises whatever is wrong with the line."""
        hello = json.loads(self._lines.get(timeout=HELLO_S) or b"")
        self._keep_trying_s = float(hello.get("keep_trying_s", KEEP_TRYING_S))
        self._switches = [build(said) for said in hello["switches"]]
        patience = Patience(hello["silence_s"], hello["silence_dark_s"], hello["grace_s"])
        watch = Watch(patience, time.monotonic())
        self._say(ready=os.getpid())
        labels = [switch.label for switch in self._switches]
        self._record.write("watching", ward=self._pid, dead_man=os.getpid(), switches=labels)
        threading.Thread(target=self._warm_up, name="warm up", daemon=True).start()
        return watch

    def _watch(self, watch: Watch) -> Alarm | None:
        """Return when there is cause for alarm; None when the ward ended in order."""
        while True:
            ended = self._hear(watch)
            if watch.bye:
                return Alarm(Cause.LEFT_ON, "said bye with light on") if watch.lit else None
            if ended:
                return Alarm(Cause.GONE, "ended without a bye")
            if alarm := watch.look(time.monotonic()):
                return alarm
            if not process.alive(self._pid, self._began):  # a child may hold its pipe open
                return Alarm(Cause.GONE, "died")

    def _hear(self, watch: Watch) -> bool:
        """Take in all that was said, wait a moment if nothing was; whether the input has ended."""
        wait_s = LOOK_S
        while True:
            try:
                line = self._lines.get(timeout=wait_s) if wait_s else self._lines.get_nowait()
            except queue.Empty:
                return False
            if line is None:
                return True
            beat = watch.hear(line, time.monotonic())
            if watch.bye:
                return False
            if beat is not None:
                self._say(seen=beat)
            wait_s = 0.0

    def _act(self, alarm: Alarm) -> int:
        began = time.monotonic()
        self._record.write("alarm", cause=alarm.cause, what=alarm.what, ward=self._pid)
        killed = gone = False
        if alarm.cause is not Cause.LEFT_ON:
            killed = process.kill(self._pid, self._began)
            self._record.write("killed" if killed else "was_gone", ward=self._pid)
            gone = process.wait_gone(self._pid, self._began, DYING_S)
        left_on = self._all_off()
        if killed and not gone:
            # what it still did between the blow and its end may have opened the shutter again
            gone = process.wait_gone(self._pid, self._began, DIES_S)
            left_on = self._all_off()
            if not gone:
                gone = process.wait_gone(self._pid, self._began, self._keep_trying_s)
                left_on = self._all_off()
        dark = bool(self._switches) and not left_on
        self._record.write(
            "dark" if dark else "not_dark",
            cause=alarm.cause,
            took_s=round(time.monotonic() - began, 4),
            not_confirmed=left_on,
            switches=len(self._switches),
            ward_gone=gone or not process.alive(self._pid, self._began),
        )
        self._let_go()
        return 0 if dark else 1

    def _all_off(self) -> tuple[str, ...]:
        return all_off(self._switches, self._keep_trying_s, self._tell)

    def _tell(self, label: str, tries: int, wrong: str | None) -> None:
        self._record.write("switch", switch=label, tries=tries, off=wrong is None, wrong=wrong)

    def _warm_up(self) -> None:
        for switch in self._switches:
            try:
                switch.warm_up()
            except Exception as error:  # it will be tried all the same when it is needed
                self._tell(switch.label, 0, f"cannot be prepared: {error}")

    def _let_go(self) -> None:
        for switch in self._switches:
            switch.let_go()

    def _listen(self) -> None:
        rest = b""
        while piece := _read():
            *lines, rest = (rest + piece).split(b"\n")
            for line in lines:
                self._lines.put(line)
            if len(rest) > LONGEST_LINE:
                rest = b""
        self._lines.put(None)

    def _say(self, **facts: Any) -> None:
        if not self._answers.full():  # nobody reads: what matters is what the ward says
            self._answers.put(facts)

    def _speak(self) -> None:
        while True:
            line = json.dumps(self._answers.get()) + "\n"
            try:
                os.write(1, line.encode())
            except OSError:
                return


def _hold_on() -> None:
    """Where the rights allow it: served first by a busy machine, and not the one to be sacrificed
    when memory runs out.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.nice(-10)
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("-900", encoding="ascii")


def _read() -> bytes:
    try:
        return os.read(0, 65536)
    except OSError:
        return b""


def run() -> None:
    """Run, and end at once: threads that hang in a driver or a network are left behind."""
    code = main()
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    run()
