"""A person's hand at the simulated microscope: what changes without the program having asked."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from pymmcore_plus.experimental.unicore import UniMMCore

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.core import SimCore

LOOK_S = 0.005
STAGE_UM = 80.0  # how far the joystick goes
OTHER_OBJECTIVE, OTHER_SHUTTER = "10X", "LED Shutter"


def touch(core: SimCore, what: str) -> None:
    """Move the `stage`, turn the `turret`, or switch the `light` on. No simulated time passes.

    Raises ValueError for anything else.
    """
    if what == "stage":
        x_um, y_um = UniMMCore.getXYPosition(core)
        UniMMCore.setXYPosition(core, x_um + STAGE_UM, y_um)
        while core.deviceBusy(core.getXYStageDevice()):
            time.sleep(LOOK_S)
    elif what == "turret":
        UniMMCore.setConfig(core, core._config.objectives.group, OTHER_OBJECTIVE)
    elif what == "light":
        core.setShutterOpen(OTHER_SHUTTER, True)
    else:
        raise ValueError(f"a hand on {what!r}: known are stage, turret and light")


def touch_once(core: SimCore, what: str, when: Callable[[], bool]) -> threading.Thread:
    """Do it from a thread of its own as soon as `when()` is true."""

    def wait_and_touch() -> None:
        waiting = threading.Event()
        while not when():
            waiting.wait(LOOK_S)
        touch(core, what)

    thread = threading.Thread(target=wait_and_touch, name="hand", daemon=True)
    thread.start()
    return thread
