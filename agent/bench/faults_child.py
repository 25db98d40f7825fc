"""A runner, forked from a process that has loaded everything already; and the bench's hands in it.

It is the program that the service starts (`agent.runner.main`), with the same pipes. The bench adds
only what cannot be brought about from outside; each of these is named in the row that uses it.
A file called `flag` says from when on.
"""

from __future__ import annotations

import os
import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

# everything that a run loads, once for all of them
import agent.commands.conduct
import agent.commands.rehearse
import agent.commands.resume
import agent.live.guard_memory
import agent.live.guards
import agent.report
import agent.runner.main
import agent.runner.opening
import agent.session
import agent.summary
import policies.classical.judge
import sim.lamp
import sim.scope
from agent.bench.faults_witness import end_with_parent, witness
from agent.live.guard_clock import ClockGuard
from agent.live.guard_memory import MemoryGuard, available_bytes
from sim.hand import touch_once

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

LITTLE_BYTES = 1e6
PRELOADED = (policies.classical.judge, agent.report, agent.summary)
DAC_OVERRIDE, DAC_READ_SEARCH = 1, 2  # root's rights to write where nobody may


def run(spec: str, orders: Connection, news: Connection, log: str, options: dict[str, Any]) -> None:
    """The child: a runner's file descriptors, then the runner."""
    os.setsid()
    os.dup2(orders.fileno(), 0)
    os.dup2(news.fileno(), 1)
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(out, 2)
    for pipe in (orders, news):
        pipe.close()
    sys.stdin = os.fdopen(0, encoding="utf-8")
    sys.stderr = os.fdopen(2, "w", buffering=1, encoding="utf-8")
    prepare(options)
    sys.argv = ["agent.runner", spec]
    code = agent.runner.main.main()
    sys.stderr.flush()
    os._exit(code)


def lamp(port: Connection, record: str) -> None:
    """The child: a simulated lamp."""
    os.setsid()
    end_with_parent()
    made = sim.lamp.Lamp(Path(record))
    with sim.lamp._Server(0, made) as server:
        port.send(server.server_address[1])
        port.close()
        server.serve_forever(0.1)


def prepare(options: dict[str, Any]) -> None:
    """What the bench changes in this process."""
    flag = Path(options.get("flag", "/nonexistent"))
    if "witness" in options:
        witness(Path(options["witness"]), flag, float(options.get("slow_s", 0.0)))
    if "hand" in options:
        _hand(options["hand"], flag)
    if "jump_s" in options:
        _jump(float(options["jump_s"]), flag)
    if options.get("memory"):
        _memory(flag)
    if options.get("unprivileged"):
        _unprivileged()
    if "file_bytes" in options:
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(options["file_bytes"]), hard))
    if "model" in options:
        from agent.bench.faults_model import use

        use(**options["model"])


def _hand(what: str, flag: Path) -> None:
    """Somebody touches the instrument."""
    open_scope = sim.scope.open_scope

    def opened(*args: Any, **more: Any) -> Any:
        scope = open_scope(*args, **more)
        touch_once(scope.core, what, flag.exists)
        return scope

    mock.patch.object(sim.scope, "open_scope", opened).start()


def _jump(by_s: float, flag: Path) -> None:
    """The calendar clock of the guard is set."""

    def wall() -> float:
        return time.time() + (by_s if flag.exists() else 0.0)

    mock.patch.object(agent.live.guards, "ClockGuard", partial(ClockGuard, wall)).start()


def _memory(flag: Path) -> None:
    """Little memory is left."""

    def available() -> float:
        return LITTLE_BYTES if flag.exists() else available_bytes()

    guard = partial(MemoryGuard, available=available)
    mock.patch.object(agent.live.guards, "MemoryGuard", guard).start()
    mock.patch.object(agent.live.guard_memory, "LOOK_S", 0.2).start()  # the run is short


def _unprivileged() -> None:
    """Give up root's right to write into folders that nobody may write into (Linux)."""
    if os.geteuid() != 0 or not sys.platform.startswith("linux"):
        return
    import ctypes

    class Head(ctypes.Structure):
        _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))

    class Data(ctypes.Structure):
        _fields_ = tuple((name, ctypes.c_uint32) for name in ("effective", "permitted", "inherit"))

    libc = ctypes.CDLL(None, use_errno=True)
    head, data = Head(0x20080522, 0), (Data * 2)()
    if libc.capget(ctypes.byref(head), data) != 0:
        raise OSError(ctypes.get_errno(), "capget")
    data[0].effective &= ~(1 << DAC_OVERRIDE | 1 << DAC_READ_SEARCH)
    if libc.capset(ctypes.byref(head), data) != 0:
        raise OSError(ctypes.get_errno(), "capset")
