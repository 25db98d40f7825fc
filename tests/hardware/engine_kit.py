"""Runs visits through the real MDARunner, with the agent's side of it in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from hardware.autofocus import FocusPoint, FocusResult, Sweep
from hardware.engine import Batches, VisitAccount, VisitEngine
from hardware.focusing import Focuser, FocusSettings, OnFocusFailure

if TYPE_CHECKING:
    from collections.abc import Iterator

    import useq
    from rig import Rig

    from hardware.data import Frame, Visit

SWEEP = Sweep(16.0, 4.0, 1.0)
PLANES = (-4.0, 0.0, 4.0)


@dataclass
class Book:
    """The journal's side of autofocus, in memory."""

    now: Callable[[], float]
    steps: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    found: list[FocusResult] = field(default_factory=list)
    history: list[FocusPoint] = field(default_factory=list)

    def focus_history(self) -> list[FocusPoint]:
        return self.history

    def focus_steps(self, visit_id: int) -> dict[int, tuple[float, float, float]]:
        return dict(self.steps)

    def focus_step(self, visit_id: int, index: int, z_um: float, score: float) -> None:
        self.steps[index] = (z_um, score, self.now())

    def focus_found(self, visit: Visit, result: FocusResult, time_s: float) -> None:
        self.found.append(result)
        if result.ok:
            self.history.append(FocusPoint(visit.fov.name, time_s, result.z_um - visit.fov.z_um))


def settings(**changes: Any) -> FocusSettings:
    values: dict[str, Any] = {
        "channel": "DAPI",
        "exposure_ms": 10.0,
        "sweep": SWEEP,
        "retries": 1,
        "on_failure": OnFocusFailure.HOLD_LAST,
    }
    return FocusSettings(**(values | changes))


@dataclass
class Source:
    """Where visits come from: a list, or something that decides each when it is asked for."""

    visits: Iterator[Visit]
    frames: list[Frame] = field(default_factory=list)
    ended_visits: list[tuple[int, VisitAccount]] = field(default_factory=list)
    on_frame: Callable[[Frame], None] = lambda frame: None

    def next_visit(self) -> Visit | None:
        return next(self.visits, None)

    def stored(self, frame: Frame) -> None:
        self.on_frame(frame)
        self.frames.append(frame)

    def ended(self, visit: Visit, account: VisitAccount) -> None:
        self.ended_visits.append((visit.id, account))

    @property
    def account(self) -> VisitAccount:
        """Of the last visit."""
        return self.ended_visits[-1][1]

    @property
    def planes(self) -> list[tuple[str, int]]:
        """(channel, z index) of every frame stored."""
        return [(frame.meta.channel, frame.key.z) for frame in self.frames]


@dataclass
class Run:
    source: Source
    events: list[useq.MDAEvent]  # as the runner announced them


def run(
    rig: Rig,
    visits: Iterable[Visit],
    *,
    autofocus: FocusSettings | None = None,
    on_frame: Callable[[Frame], None] = lambda frame: None,
    **engine: Any,
) -> Run:
    """Run the visits; raises what ended the run."""
    source = Source(iter(visits), on_frame=on_frame)
    focuser = Focuser(rig.microscope, autofocus, Book(rig.clock.now))
    rig.core.mda.set_engine(VisitEngine(rig.microscope, focuser, **engine))
    events: list[useq.MDAEvent] = []
    rig.core.mda.events.eventStarted.connect(events.append)
    try:
        batches: Any = Batches(source)
        rig.core.mda.run(batches)
    finally:
        rig.core.mda.events.eventStarted.disconnect(events.append)
    return Run(source, events)


def broken(kind: str, from_s: float = 0.0, to_s: float = 1000.0) -> dict[str, Any]:
    return {"faults": [{"kind": kind, "from_s": from_s, "to_s": to_s}]}
