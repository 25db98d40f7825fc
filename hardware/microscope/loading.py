"""Loading a Micro-Manager configuration, and letting go of it so that the process can end."""

from __future__ import annotations

import atexit
import contextlib
import weakref
from typing import TYPE_CHECKING

from hardware.bounded import Bounded
from hardware.fault import FaultKind, InstrumentFault

if TYPE_CHECKING:
    from pathlib import Path

    from pymmcore_plus import CMMCorePlus

SHUTTER_DEVICE = 3  # MM::ShutterDevice in MMDeviceConstants.h
UNLOAD_S = 10.0  # longest wait for devices that are let go of

_loaded: weakref.WeakSet[CMMCorePlus] = weakref.WeakSet()


def load_core(mm_config: Path) -> CMMCorePlus:
    """Load a Micro-Manager configuration, once, before anything else; then light off at once.

    Loading runs the configuration's Startup preset, which may move devices or switch a lamp on:
    read its text first (`hardware.mmconfig`). Raises InstrumentFault in one line.
    """
    from pymmcore_plus import CMMCorePlus as Core

    core = Core()
    _loaded.add(core)
    try:
        core.loadSystemConfiguration(mm_config)
    except (RuntimeError, OSError) as error:
        unload(core)
        raise InstrumentFault(FaultKind.DEVICE, f"{mm_config}: {error}") from error
    _close_shutters(core)
    return core


def unload(core: CMMCorePlus) -> None:
    """Light off, and let go of every device; the core is of no use afterwards.

    Without this the interpreter may abort at its end ("exception not rethrown", exit code 134):
    Micro-Manager sends its events from a thread of its own, which must not find Python gone.
    Devices that hang are left alone after `UNLOAD_S`.
    """
    import pymmcore

    _loaded.discard(core)
    with contextlib.suppress(RuntimeError):
        pymmcore.CMMCore.registerCallback(core, None)  # CMMCorePlus disallows its own

    def let_go() -> None:
        _close_shutters(core)
        core.unloadAllDevices()
        core.reset()

    bounded = Bounded("unload")
    try:
        with contextlib.suppress(InstrumentFault):  # there is nothing left to do about it
            bounded.call("unload", UNLOAD_S, let_go)
    except RuntimeError:  # from CPython 3.12 on no thread starts once the interpreter is ending
        with contextlib.suppress(RuntimeError):
            let_go()
    bounded.close()


def _close_shutters(core: CMMCorePlus) -> None:
    for shutter in core.getLoadedDevicesOfType(SHUTTER_DEVICE):
        with contextlib.suppress(RuntimeError):  # `Microscope.start` reports what stays open
            core.setShutterOpen(shutter, False)


@atexit.register
def _unload_forgotten() -> None:
    for core in tuple(_loaded):
        unload(core)
