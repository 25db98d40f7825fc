"""What a change is weighed against: how far the run has come, as its journal has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.journal.light import LightBook
from agent.journal.records import RecordBook
from agent.journal.visits import VisitBook
from hardware.disk import frame_bytes, free_bytes, used_bytes
from hardware.store import ImageReader, StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from agent.journal.database import Database
    from hardware.data import Dose, FieldOfView


@dataclass(frozen=True, slots=True)
class RunState:
    """A run at one moment.

    Attributes
    ----------
    now_s : run time.
    home : the objective that everything but a burst is imaged with, "" where nobody knows.
    planned : the fields that the run began with; no others can be imaged.
    left : those of them that the run itself leaves alone (held, or not kept by a search), and why.
    spent : light on each field so far.
    over : why the plan has ended the run, "" while it goes on.
    frame_bytes : one uncompressed frame, None before there is one.
    used_bytes, free_bytes : on the disk.
    """

    now_s: float
    home: str
    planned: tuple[FieldOfView, ...]
    left: Mapping[str, str] = field(default_factory=dict)
    spent: Mapping[str, Dose] = field(default_factory=dict)
    over: str = ""
    frame_bytes: int | None = None
    used_bytes: int = 0
    free_bytes: int | None = None


def read_state(database: Database, run: Path, now_s: float) -> RunState:
    """Read it from the journal; changes nothing. `run` is the run's directory."""
    records = RecordBook(database, lambda: now_s)
    return RunState(
        now_s=now_s,
        home=records.get("objective") or "",
        planned=VisitBook(database).fovs(),
        left=dict(database.rows("SELECT substr(key, 6), value FROM run WHERE key GLOB 'held *'")),
        spent=LightBook(database, lambda: now_s).totals(),
        over=records.get("fulfilled") or "",
        frame_bytes=_frame_bytes(run),
        used_bytes=used_bytes(run),
        free_bytes=free_bytes(run),
    )


def _frame_bytes(run: Path) -> int | None:
    reader = ImageReader(run)
    for name in reader.images:
        try:
            layout = reader.layout(name)
        except StoreError:  # it is being made just now
            continue
        return frame_bytes(layout.height, layout.width, layout.dtype)
    return None
