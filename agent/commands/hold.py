"""One process per run: a lock on the run directory that the death of its process gives back."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, BinaryIO

from agent.finding import config_error

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
    try:
        _lock(file)
    except OSError:
        file.close()
        raise config_error(
            run, "this run is under way in another process", "wait for it, or stop it with Ctrl-C"
        ) from None
    return file


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> None:
        os.lseek(file.fileno(), 0, os.SEEK_SET)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
