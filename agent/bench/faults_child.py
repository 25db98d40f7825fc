"""A runner, forked from a process that has loaded everything already; and the bench's hands in it.

It is the program that the service starts (`agent.runner.main`), with the same pipes. The bench adds
only what cannot be brought about from outside; each of these is named in the row that uses it.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
import zlib
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

# everything that a run loads, once for all of them
import agent.commands.conduct
import agent.commands.rehearse
import agent.commands.resume
import agent.report
import agent.runner.main
import agent.runner.opening
import agent.session
import agent.summary
import hardware.store
import policies.classical.judge
import sim.core
import sim.lamp
import sim.scope

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

HAND_S = 0.005


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
    _prepare(options)
    sys.argv = ["agent.runner", spec]
    code = agent.runner.main.main()
    sys.stderr.flush()
    os._exit(code)


def lamp(port: Connection, record: str) -> None:
    """The child: a simulated lamp."""
    os.setsid()
    made = sim.lamp.Lamp(Path(record))
    with sim.lamp._Server(0, made) as server:
        port.send(server.server_address[1])
        port.close()
        server.serve_forever(0.1)


def _prepare(options: dict[str, Any]) -> None:
    if "witness" in options:
        _witness(Path(options["witness"]), float(options.get("slow_s", 0.0)))
    if hands := options.get("hands"):
        _hands(hands)
    if "jump" in options:
        _jump(*options["jump"])
    if "memory_at_s" in options:
        _memory(float(options["memory_at_s"]))
    if "model" in options:
        from agent.bench.faults_model import use

        use(**options["model"])


def _witness(path: Path, slow_s: float) -> None:
    """Write down the checksum of each frame as the store is given it; and make the store slow."""
    out = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    store = hardware.store.ImageStore
    write = store.write

    def witnessed(self: Any, frame: Any) -> None:
        if slow_s:
            time.sleep(slow_s)
        write(self, frame)
        key = frame.key
        line = [key.image, key.t, key.c, key.z, zlib.crc32(frame.pixels.tobytes())]
        os.write(out, (json.dumps(line) + "\n").encode())

    mock.patch.object(store, "write", witnessed).start()


def _hands(hands: list[dict[str, Any]]) -> None:
    """Somebody touches the instrument at times of the simulated clock."""
    equip = sim.core.SimCore.equip

    def equipped(self: Any, *args: Any) -> None:
        equip(self, *args)
        threading.Thread(target=_touch, args=(self, hands), name="hand", daemon=True).start()

    mock.patch.object(sim.core.SimCore, "equip", equipped).start()


def _touch(core: Any, hands: list[dict[str, Any]]) -> None:
    """Not through our layer, which would let time pass: as a joystick does it."""
    began_s = core._clock.now()
    for hand in hands:
        while core._clock.now() < hand["at_s"]:
            time.sleep(HAND_S)
        if hand["at_s"] < began_s - 1.0:  # it was in an earlier part of the run
            continue
        if hand["do"] == "stage":
            core.setRelativeXYPosition(80.0, 0.0)
        elif hand["do"] == "light":
            core.setShutterOpen("LED Shutter", True)
        elif hand["do"] == "turret":
            core.setConfig("Objective", "10X")


def _jump(at_s: float, by_s: float) -> None:
    """The calendar clock of the guard is set, `at_s` real seconds after the start."""
    import agent.live.guards
    from agent.live.guard_clock import ClockGuard

    began = time.monotonic()

    def wall() -> float:
        return time.time() + (by_s if time.monotonic() - began > at_s else 0.0)

    mock.patch.object(agent.live.guards, "ClockGuard", partial(ClockGuard, wall)).start()


def _memory(at_s: float) -> None:
    """Little memory is left, `at_s` real seconds after the start."""
    import agent.live.guards
    from agent.live.guard_memory import MemoryGuard, available_bytes

    began = time.monotonic()

    def available() -> float:
        return 1e6 if time.monotonic() - began > at_s else available_bytes()

    guard = partial(MemoryGuard, available=available)
    mock.patch.object(agent.live.guards, "MemoryGuard", guard).start()
