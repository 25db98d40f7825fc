"""`microscout serve`: the service, until it is told to end."""

from __future__ import annotations

import contextlib
import ctypes
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from agent.commands import watchdog
from agent.service.config import ServiceConfig, SimulatedConfig, load_service_config
from agent.service.home import Home, default_home

if TYPE_CHECKING:
    from types import FrameType

_M_ARENA_MAX = -8  # of malloc.h


def serve(
    microscope: str | None,
    *,
    config_file: Path | None = None,
    home: Path | None = None,
    simulated: bool = False,
    scenario: str | None = None,
    seed: int | None = None,
    pace: float | None = None,
    host: str | None = None,
    port: int | None = None,
) -> int:
    """Exit code 0 after an orderly end. What is given here goes before the file."""
    config = settings(
        load_service_config(config_file) if config_file else ServiceConfig(),
        microscope=microscope,
        simulated=simulated,
        scenario=scenario,
        seed=seed,
        pace=pace,
        host=host,
        port=port,
    )
    _share_freed_memory()
    over = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        _say("ending in order; a run under way can be resumed")
        over.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
    from agent.service.assembly import serving

    where = Home((home or default_home()).absolute())
    with serving(where, config) as (core, server):
        what = "simulated microscope" if config.simulated is not None else config.microscope
        _say(f"MicroScout serves {what} at {server.url}")
        _say(f"log in with the token in {where.path / 'operator.token'}")
        watchdog.tell("READY=1")
        door = watchdog.Door(server.url, config.web.host)
        watchdog.keep(over, lambda: core.supervisor.beat, door, _say)
        watchdog.tell("STOPPING=1")
    return 0


def settings(
    config: ServiceConfig,
    *,
    microscope: str | None,
    simulated: bool,
    scenario: str | None,
    seed: int | None,
    pace: float | None,
    host: str | None,
    port: int | None,
) -> ServiceConfig:
    """A file's settings with the command line's over them."""
    changed: dict[str, object] = {}
    if microscope is not None:
        changed["microscope"] = microscope
    if simulated or any(v is not None for v in (scenario, seed, pace)):
        base = config.simulated or SimulatedConfig()
        given = {"scenario": scenario, "seed": seed, "pace": pace}
        changed["simulated"] = base.model_copy(
            update={k: v for k, v in given.items() if v is not None}
        )
    web = {k: v for k, v in (("host", host), ("port", port)) if v is not None}
    if web:
        changed["web"] = type(config.web).model_validate(config.web.model_dump() | web)
    return config.model_copy(update=changed)


def _share_freed_memory() -> None:
    """glibc keeps what each of many threads has freed for that thread; over days that is a lot."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 2)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
