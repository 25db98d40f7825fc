"""Keeps what was refused: time, words, rule. One JSON line each, in the user's data folder."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from typing import TYPE_CHECKING

from agent.planner.sessions import data_folder

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agent.planner.draft import No

FILE_NAME = "refused.jsonl"


def record(instruction: str, refusals: Sequence[No], folder: Path | None = None) -> None:
    """Append refusals. A disk that cannot be written to changes nothing: refused is refused."""
    path = (folder or data_folder()) / FILE_NAME
    now = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a", encoding="utf-8") as file:
            for no in refusals:
                row = {"time": now, "rule": no.rule, "what": no.what, "instruction": instruction}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
