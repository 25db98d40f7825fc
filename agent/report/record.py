"""What the report knows of a run: the journal's rows as frozen data, no more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agent.journal.states import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class ReportError(Exception):
    """No report can be made; one line with the remedy."""


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The `run` table. Texts are "" and the outcome RUNNING where the run was killed first."""

    kind: str
    outcome: Outcome
    started_utc: str
    last_s: float  # run time of the end, or the last sign of life
    calibrated: bool
    version: str
    plan: str
    microscope: str
    scenario: str
    seed: str
    summary: Mapping[str, object]

    @property
    def ended(self) -> bool:
        """False while the run goes on, and for ever after when it was killed."""
        return self.outcome is not Outcome.RUNNING

    @property
    def simulated(self) -> bool:
        """True when neither sample nor microscope took part."""
        return self.kind == "rehearse"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of view: its place on the stage in um."""

    name: str
    x_um: float
    y_um: float


@dataclass(frozen=True, slots=True)
class VisitRow:
    """One visit, as far as the report needs it."""

    id: int
    fov: str
    kind: str
    state: str
    due_s: float
    started_s: float | None
    finished_s: float | None
    burst: int | None
    cause: int | None
    late: bool


@dataclass(frozen=True, slots=True)
class Look:
    """The numbers of one verdict, placed at the time the visit started."""

    visit: int
    fov: str
    time_s: float
    state: str
    p_target: float | None
    count: float | None
    confluence: float | None
    focus_state: str
    focus_score: float | None


@dataclass(frozen=True, slots=True)
class Act:
    """One action of a decision and, in words, what became of it."""

    name: str
    details: Mapping[str, object]
    became: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision with at least one action."""

    visit: int
    fov: str
    time_s: float
    policy: str
    reason: str
    acts: tuple[Act, ...]
    cites: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Burst:
    """Fast imaging of one field."""

    id: int
    fov: str
    cause: int
    start_s: float
    until_s: float
    ended_s: float | None
    why_ended: str


@dataclass(frozen=True, slots=True)
class FocusRun:
    """One autofocus run."""

    visit: int
    fov: str
    time_s: float
    ok: bool
    z_um: float
    why: str


@dataclass(frozen=True, slots=True)
class LightRow:
    """Light on one field for one purpose. `j_cm2` misses the `uncalibrated` exposures."""

    fov: str
    purpose: str  # Purpose
    kind: str  # VisitKind of the visit it belongs to
    seconds: float
    j_cm2: float
    exposures: int
    uncalibrated: int
    unfinished: int


@dataclass(frozen=True, slots=True)
class Trouble:
    """A refusal, error or note, with how often it came back."""

    what: str
    where: str
    remedy: str
    times: int
    first_s: float
    last_s: float


@dataclass(frozen=True, slots=True)
class Tally:
    """The rows counted by the journal itself: what the completeness account rests on."""

    states: Mapping[str, int]  # VisitState -> visits
    skipped: Mapping[str, int]  # reason -> visits
    dropped: Mapping[str, int]
    cancelled: Mapping[str, int]
    late: int
    verdicts: Mapping[str, int]  # VerdictState -> visits
    without_verdict: int  # delivered, but nothing in the verdict table
    frames_expected: int  # of the delivered visits
    frames_stored: int
    frames_wrong: int  # delivered visits whose stored frames are not those expected


@dataclass(frozen=True, slots=True)
class Record:
    """One run, read once."""

    run_dir: Path
    run: RunFacts
    fields: tuple[Field, ...] = ()
    visits: tuple[VisitRow, ...] = ()
    looks: tuple[Look, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    quiet_s: tuple[float, ...] = ()  # times of the decisions without an action
    bursts: tuple[Burst, ...] = ()
    focus: tuple[FocusRun, ...] = ()
    light: tuple[LightRow, ...] = ()
    visit_light: Mapping[int, tuple[float, float]] = field(default_factory=dict)  # s, J/cm^2
    refusals: tuple[Trouble, ...] = ()
    errors: tuple[Trouble, ...] = ()
    notes: tuple[Trouble, ...] = ()
    tally: Tally = Tally({}, {}, {}, {}, 0, {}, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Shot:
    """A stored frame of a visit: where its pixels are, and where and how it was taken."""

    visit: int
    fov: str
    image: str  # in the store: the field's, or one of a series of its own
    t: int
    c: int
    z: int
    channel: str
    time_s: float
    x_um: float
    y_um: float
    pixel_size_um: float
    objective: str


@dataclass(frozen=True, slots=True)
class Seen:
    """The verdict of one visit in full: objects as (x_um, y_um, area_um2, label, score)."""

    visit: int
    state: str
    judge: str
    target: str
    p_target: float | None
    count: int | None
    focus_state: str
    focus_score: float | None
    flags: tuple[str, ...]
    rationale: str
    why_abstained: str
    objects: tuple[tuple[float, float, float, str, float], ...]
