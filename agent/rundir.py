"""A run's directory: what is in it, and how a new one comes to be."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent.finding import config_error
from agent.journal.journal import FILE_NAME

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunDir:
    """Paths in a run directory."""

    path: Path

    @property
    def journal(self) -> Path:
        """The run's one SQLite file."""
        return self.path / FILE_NAME

    @property
    def images(self) -> Path:
        """One OME-Zarr image per field of view."""
        return self.path / "images"

    @property
    def report(self) -> Path:
        """The one-file report."""
        return self.path / "report.html"


def create(out: Path | None, name: str, runs: Path) -> RunDir:
    """Make a new run directory: `out` itself, or `runs/<name>-<time>`.

    Raises ConfigError when it exists or cannot be made; nothing is overwritten, ever.
    """
    stamp = dt.datetime.now().strftime("%Y%m%d-%H%M%S")
    path = out if out is not None else runs / f"{name}-{stamp}"
    serial = 1
    while out is None and path.exists():
        serial += 1
        path = runs / f"{name}-{stamp}-{serial}"
    try:
        path.mkdir(parents=True)
    except FileExistsError:
        raise config_error(
            path, "exists already; nothing was written", "choose another --out, or resume it"
        ) from None
    except OSError as error:
        raise config_error(
            path, f"cannot be created ({error.strerror})", "choose another --out"
        ) from None
    return RunDir(path)


def existing(path: Path) -> RunDir:
    """An existing run; ConfigError when there is no journal in it."""
    found = RunDir(path)
    if not found.journal.is_file():
        raise config_error(path, f"no run here: {FILE_NAME} is missing", "give a run's directory")
    return found
