"""Runs the command line with a shutter that stays open after each exposure.

Writes to light.txt which shutters are open when the instrument is let go of.

Started as a script: ``python watched.py run plan.yaml``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from agent.cli.main import main
from agent.scope import RealScope
from hardware.microscope import Microscope

SHUTTER_DEVICE = 3  # MM::ShutterDevice
cores: list[Any] = []
init, shutdown, exit_at_once = RealScope.__init__, RealScope.shutdown, os._exit
snap = Microscope.snap


def remember(self: RealScope, *arguments: Any) -> None:
    init(self, *arguments)
    cores.append(self.core)


def snap_and_leave_open(self: Microscope, *arguments: Any) -> Any:
    image = snap(self, *arguments)
    if not self.stopped:
        self.core.setShutterOpen(True)
    return image


def look(how: str) -> None:
    for core in cores:
        shutters = core.getLoadedDevicesOfType(SHUTTER_DEVICE)
        still_open = [name for name in shutters if core.getShutterOpen(name)]
        Path("light.txt").write_text(f"{how}: {len(shutters)} shutters, open: {still_open}\n")
    cores.clear()


def at_shutdown(self: RealScope) -> None:
    look("in order")
    shutdown(self)


def at_once(code: int) -> None:
    look("at once")
    exit_at_once(code)


Microscope.snap = snap_and_leave_open  # type: ignore[method-assign]
RealScope.__init__ = remember  # type: ignore[method-assign,assignment]
RealScope.shutdown = at_shutdown  # type: ignore[method-assign]
os._exit = at_once  # type: ignore[assignment]

if __name__ == "__main__":
    sys.argv[0] = "microscout"
    main()
