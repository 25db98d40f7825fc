"""States of the service and of its experiments."""

from __future__ import annotations

from enum import StrEnum


class ExperimentState(StrEnum):
    """Life of an experiment: waiting -> starting -> running (<-> paused) -> its end, or held."""

    WAITING = "waiting"  # in the queue
    STARTING = "starting"  # its runner loads devices; light off
    RUNNING = "running"
    PAUSED = "paused"  # no visit begins; light off
    STOPPING = "stopping"  # after the visit under way
    HELD = "held"  # interrupted, or differences found: light off until somebody decides
    COMPLETE = "complete"
    STOPPED = "stopped"  # by a person or by the plan; can be resumed
    FAILED = "failed"
    WITHDRAWN = "withdrawn"  # taken out of the queue before it began

    @property
    def over(self) -> bool:
        """Nothing will happen any more unless somebody resumes it."""
        return self in _OVER

    @property
    def active(self) -> bool:
        """It has the instrument."""
        return self in _ACTIVE


_OVER = {
    ExperimentState.COMPLETE,
    ExperimentState.STOPPED,
    ExperimentState.FAILED,
    ExperimentState.WITHDRAWN,
}
_ACTIVE = {
    ExperimentState.STARTING,
    ExperimentState.RUNNING,
    ExperimentState.PAUSED,
    ExperimentState.STOPPING,
}


INTERRUPTED = "the service ended while it ran"


class Reason(StrEnum):
    """Why an experiment is in its state, where something depends on it; the words are `why`."""

    NONE = ""
    SERVICE_ENDED = "service_ended"  # held: the service ended while it ran
    RUNNER_DIED = "runner_died"  # held: its runner died while it ran
    GUARD = "guard"  # paused by a guard, and not by a person

    @property
    def to_be_compared(self) -> bool:
        """Held, and nobody knows yet how instrument and journal differ."""
        return self in (Reason.SERVICE_ENDED, Reason.RUNNER_DIED)


class Door(StrEnum):
    """Through which door something was said."""

    TERMINAL = "terminal"
    API = "api"
    PAGE = "page"
    MCP = "mcp"
    SERVICE = "service"  # by itself: a guard, a restart


class Level(StrEnum):
    """How a thing stands, for lights and health."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
