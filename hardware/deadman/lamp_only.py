"""A process that closes the lamp's shutters through Micro-Manager, once it is told to.

Started beforehand, so that the libraries are loaded when they are needed; it touches no device and
holds no port before the word. Standard input: `go` and a line end; its end means: not needed.
Standard output: one line of JSON, `{"open": [...], "error": ""}`.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any


def main(arguments: list[str]) -> int:
    """`mm_config SHUTTER ...`; exit code 0 when every shutter reads back closed."""
    mm_config, *shutters = arguments
    core = _core()
    if sys.stdin.readline().strip() != "go":
        return 0
    left_on, error = close_lamp(core, mm_config, shutters)
    print(json.dumps({"open": left_on, "error": error}), flush=True)
    return 1 if left_on else 0


def close_lamp(core: Any, mm_config: str, shutters: list[str]) -> tuple[list[str], str]:
    """Load the configuration, close the shutters; those not confirmed closed, and why."""
    left_on, error = list(shutters), ""
    try:
        core.loadSystemConfiguration(mm_config)
    except Exception as raised:  # a device beside the lamp may be missing: try all the same
        error = _line(raised)
    for shutter in shutters:
        try:
            core.setShutterOpen(shutter, False)
            core.waitForDevice(shutter)
            if not core.getShutterOpen(shutter):
                left_on.remove(shutter)
        except Exception as raised:
            error = error or _line(raised)
    return left_on, error


def _core() -> Any:
    from pymmcore_plus import CMMCorePlus

    return CMMCorePlus()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)  # the core's event thread must not find the interpreter gone
