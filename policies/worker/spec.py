"""What a worker is to be, what it may use, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

GIB = 2**30


class WorkerError(RuntimeError):
    """No verdict from the worker: it is not there, failed, or was too late. One line."""


class WorkerState(StrEnum):
    """Where a worker stands.

    starting -> ready <-> busy; a failure: restarting -> ready, or broken -> restarting after the
    cool-down; closed at the end.
    """

    STARTING = "starting"  # loads for the first time
    READY = "ready"
    BUSY = "busy"
    RESTARTING = "restarting"  # waits for its next try, or loads again
    BROKEN = "broken"  # failed too often; a try after the cool-down
    CLOSED = "closed"


class ModelEvent(StrEnum):
    """What is told of a worker, as a kind of message."""

    CRASHED = "model_crashed"
    BACK = "model_back"
    GIVEN_UP = "model_given_up"


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """Which judge the child makes.

    Attributes
    ----------
    factory : ``package.module:function``, imported in the child; returns a Judge.
    arguments : JSON; the function's keyword arguments.
    threads : most threads of the model's own arithmetic; None: all cores but one.
    """

    factory: str
    arguments: dict[str, Any] = field(default_factory=dict)
    threads: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may use, and how often it may fail.

    Attributes
    ----------
    start_s : longest time to load.
    max_memory_bytes : resident memory; None: three quarters of the machine's.
    first_pause_s, longest_pause_s : before a restart; doubled from one failure to the next.
    failures, window_s : so many failures within this time, and the breaker opens.
    cool_down_s : how long it stays open before one more try.
    errors_in_a_row : so many exceptions of the judge in a row, and its process is restarted.
    """

    start_s: float = 300.0
    max_memory_bytes: int | None = None
    first_pause_s: float = 1.0
    longest_pause_s: float = 60.0
    failures: int = 5
    window_s: float = 600.0
    cool_down_s: float = 300.0
    errors_in_a_row: int = 3


@dataclass(frozen=True, slots=True)
class WorkerHealth:
    """A worker at one moment.

    Attributes
    ----------
    restarts : processes started after the first.
    verdicts : delivered since the beginning.
    last_error : one line; "" when nothing has gone wrong.
    rss_bytes : resident memory of the process; 0 when there is none.
    since_utc : since when it is in this state, ISO 8601.
    pid : of the process; None when there is none.
    """

    state: WorkerState
    restarts: int
    verdicts: int
    last_error: str
    rss_bytes: int
    since_utc: str
    pid: int | None


def one_line(text: str, longest: int = 200) -> str:
    """Text without line breaks or control characters, cut to `longest` characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= longest else f"{flat[: longest - 3]}..."
