"""A visit: one field of view at one moment. The unit of scheduling, storage and judging."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from useq import MDAEvent


class VisitKind(StrEnum):
    """Why a visit is made."""

    BASELINE = "baseline"
    REACTION = "reaction"
    REVISIT = "revisit"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """A named place on the stage (micrometres, stage coordinates; z is the planned focus)."""

    name: str
    x_um: float
    y_um: float
    z_um: float


@dataclass(frozen=True, slots=True)
class Visit:
    """One closed batch of events at one field of view.

    Attributes
    ----------
    id : unique in the run, counting from 1 in order of creation.
    fov : the field of view's place.
    kind : why it is made.
    events : channels x z, in order; `x_pos`, `y_pos` and `z_pos` are absolute (um). Each event's
        `index` has ``t`` (the field's time index), ``c`` (channel index in the store) and ``z``.
    due_s : run time at which it should start.
    t_index : index on the field's time axis in the store.
    first_event : events before this one were stored before an interruption.
    refocus : run the autofocus first.
    objective : preset to image with; "" leaves the turret alone.
    series : of the field's images, "" for the baseline's; see `FrameKey`.
    """

    id: int
    fov: FieldOfView
    kind: VisitKind
    events: tuple[MDAEvent, ...]
    due_s: float
    t_index: int
    first_event: int = 0
    refocus: bool = False
    objective: str = ""
    series: str = ""
