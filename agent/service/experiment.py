"""One experiment of the queue, and how it lies in its row."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, fields
from typing import Any

from agent.service.states import Door, ExperimentState, Reason


@dataclass(frozen=True, slots=True)
class Experiment:
    """One experiment. `run`: name of its run's folder; times aware UTC.

    `why` is for people; what depends on why it is in its state looks at `reason`.
    """

    id: int
    name: str
    goal: str
    words: str
    plan: str
    described: tuple[str, ...]
    who: str
    door: Door
    submitted_utc: dt.datetime
    start_utc: dt.datetime | None
    after: int | None
    state: ExperimentState
    why: str
    run: str | None
    differences: tuple[str, ...]
    restarts: int
    reason: Reason


COLUMNS = tuple(field.name for field in fields(Experiment))


def from_row(values: tuple[Any, ...]) -> Experiment:
    """An experiment from its `COLUMNS`."""
    row = dict(zip(COLUMNS, values, strict=True))
    start = row["start_utc"]
    return Experiment(
        **row
        | {
            "described": tuple(json.loads(row["described"])),
            "differences": tuple(json.loads(row["differences"])),
            "door": Door(row["door"]),
            "state": ExperimentState(row["state"]),
            "reason": Reason(row["reason"]),
            "submitted_utc": dt.datetime.fromisoformat(row["submitted_utc"]),
            "start_utc": None if start is None else dt.datetime.fromisoformat(start),
        }
    )
