"""What a run on an instrument needs before the first light: the lock on it, and its dead-man."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.finding import config_error, one_line
from hardware.data import Refusal
from hardware.instrument_lock import hold, identities

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import ExitStack
    from pathlib import Path

    from hardware.data import MicroscopeConfig
    from hardware.deadman.ward import DeadMan

SERVICE = "service "  # before an identity: the service's own lock, held also between runs
RECORD = "deadman.jsonl"
LAST_S = 10.0  # longest wait at the very end, devices let go of, for a lamp that is still on


def claim(
    held: ExitStack, mm_config: Path, name: str, command: str, *, run: bool, service: bool
) -> None:
    """Lock the instrument until `held` ends. Raises ConfigError where another program has it.

    `mm_config`: its configuration file; `name`: of the microscope, for the message. `run`: to drive
    it now. `service`: against every program but the service's own runner.
    """
    from hardware.mmconfig import MMConfigError, parse

    try:
        found = identities(parse(mm_config))
    except (MMConfigError, OSError) as error:
        remedy = "put the configuration file right"
        raise config_error(mm_config, f"cannot be read ({one_line(str(error))})", remedy) from None
    names = [*(found if run else ()), *(SERVICE + name for name in found if service)]
    lock = hold(names, command, what=f"microscope {name}")
    if isinstance(lock, Refusal):
        raise config_error(lock.what, lock.limit, lock.remedy[:1].lower() + lock.remedy[1:])
    held.callback(lock.close)


def dead_man(
    held: ExitStack,
    config: MicroscopeConfig,
    run: Path,
    *,
    beside: Path | None,
    said: Callable[[str], None],
) -> DeadMan | None:
    """Start the dead-man; it is told goodbye when `held` ends. None where none is configured.

    Where `held` ends by an error before anybody has seen the light off (loading a configuration may
    switch a lamp on), it switches the light off instead. `said` hears what it could not confirm.
    Raises ConfigError where it does not start: then no light goes on.
    """
    from hardware.deadman.ward import DeadMan, unwatched

    if config.dead_man is None:
        warning = unwatched(None)
        if warning is not None:
            said(warning)
        return None
    watcher = DeadMan(config.dead_man, run / RECORD, beside=beside, said=said)
    try:
        watcher.start()
    except (OSError, ValueError) as error:
        remedy = "put dead_man in the microscope's file right, or leave it out"
        raise config_error("dead-man", f"does not start ({error})", remedy) from None
    held.push(lambda _, error, __: _leave(watcher, said, failed=error is not None))
    return watcher


def _leave(watcher: DeadMan, said: Callable[[str], None], *, failed: bool) -> None:
    from hardware.deadman.ward import Taken

    not_looked = failed and watcher.light_off is None  # there never was a session
    if not not_looked and not watcher.has_taken_over:
        watcher.bye()
        return
    found = watcher.take_over(LAST_S)
    if found is not Taken.DARK:
        said(f"light: {found}")
