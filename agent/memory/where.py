"""Where the memory lies: `--memory DIR`, else MICROSCOUT_MEMORY, else the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

VARIABLE = "MICROSCOUT_MEMORY"


def memory_folder(option: Path | None = None) -> Path:
    """The folder; it need not exist."""
    if option is not None:
        return option
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("microscout", appauthor=False) / "memory"
