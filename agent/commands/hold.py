"""One process per run: a lock on the run directory that the death of its process gives back."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from agent.finding import config_error
from hardware.file_lock import try_lock

if TYPE_CHECKING:
    from pathlib import Path

LOCK_NAME = ".lock"


def hold(run: Path) -> BinaryIO:
    """Lock the run until the returned file is closed or the process ends, however it ends.

    Raises ConfigError while another process holds it: two of them would drive one instrument.
    """
    path = run / LOCK_NAME
    try:
        file = path.open("ab")
    except OSError as error:
        raise config_error(
            path, f"cannot be written ({error.strerror})", "check the folder's owner and rights"
        ) from None
    if not try_lock(file.fileno()):
        file.close()
        raise config_error(
            run, "this run is under way in another process", "wait for it, or stop it with Ctrl-C"
        ) from None
    return file
