"""Writes files whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from agent.finding import config_error

if TYPE_CHECKING:
    from collections.abc import Iterator


def refuse_existing(path: Path, *, force: bool = False, option: str = "-o") -> None:
    """ConfigError where a file could not be written there; looked for before any work is done."""
    if path.is_dir():
        raise config_error(path, "is a folder", f"give {option} the name of a file")
    if path.exists() and not force:
        remedy = f"choose another {option}, or add --force"
        raise config_error(path, "exists already; nothing was written", remedy)
    if not path.absolute().parent.is_dir():
        message = f"there is no folder {path.absolute().parent}"
        raise config_error(path, message, f"make it, or choose another {option}")


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` to write to; it becomes `path` only if all went well."""
    part = path.with_name(f".{path.stem}-{os.getpid()}.part{path.suffix}")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise config_error(path, f"cannot be written ({reason})", "choose another place") from None
    finally:
        part.unlink(missing_ok=True)
