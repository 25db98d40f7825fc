"""Our MDA engine: closed batches of events, every step through the microscope and its gate.

It extends the engine, not the runner: pymmcore-plus's MDARunner keeps its state machine and its
signals. What differs from the stock engine: a refused or failed step skips the event with a
reason instead of imaging anyway; frames are stored before anything else sees them; the batches
are closed, so hardware sequencing never looks into a visit that is not decided yet.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, Protocol, cast

from pymmcore_plus.core._sequencing import SequencedEvent, iter_sequenced_events
from pymmcore_plus.mda import MDAEngine, SkipEvent
from pymmcore_plus.mda._engine import ImagePayload

from hardware.data import Frame, FrameKey, FrameMeta, Purpose, Refusal, Rule
from hardware.fault import InstrumentFault
from hardware.focusing import OnFocusFailure
from hardware.microscope import Light

if TYPE_CHECKING:
    import useq
    from pymmcore_plus.metadata import FrameMetaV1
    from useq import MDAEvent

    from hardware.data import Visit
    from hardware.focusing import Focuser
    from hardware.microscope import Image, Microscope


@dataclass(slots=True)
class VisitAccount:
    """What became of a visit's frames. Complete when expected = stored before + stored."""

    expected: int
    stored: int = 0
    reasons: list[str] = field(default_factory=list)  # why frames are missing
    faults: list[InstrumentFault] = field(default_factory=list)
    hold_position: bool = False
    stop_run: bool = False


class VisitSource(Protocol):
    """Where visits come from and frames go: the agent's pump."""

    def next_visit(self) -> Visit | None:
        """Block until a visit is due; None ends the run."""

    def stored(self, frame: Frame) -> None:
        """Store the frame and say so in the journal, before anybody judges it."""

    def ended(self, visit: Visit, account: VisitAccount) -> None:
        """The visit is over, whatever came of it."""


class Batches:
    """An iterable object (not an iterator: MDARunner would bypass the engine) of visits."""

    def __init__(self, source: VisitSource) -> None:
        self.source = source

    def __iter__(self) -> Iterator[MDAEvent]:
        raise TypeError("visits are iterated by VisitEngine.event_iterator")


class VisitEngine(MDAEngine):
    """Executes visits."""

    def __init__(self, microscope: Microscope, focuser: Focuser, *, snap_retries: int = 1) -> None:
        # restoring the initial state at the end would move the stage behind the gate's back
        super().__init__(microscope.core, restore_initial_state=False)
        # the journal has every event; formatting it for a log file as well costs 0.5 ms each
        logging.getLogger("pymmcore-plus").setLevel(logging.WARNING)
        self.microscope = microscope
        self._focuser = focuser
        self._snap_retries = snap_retries
        self._source: VisitSource | None = None
        self._visit: Visit | None = None
        self._account = VisitAccount(0)
        self._pixel_size_um = 0.0

    # ------------------------------------------------------------------ visits

    def setup_sequence(self, sequence: useq.MDASequence) -> None:
        """Nothing is moved or switched at the start of a run."""

    def teardown_sequence(self, sequence: useq.MDASequence) -> None:
        """Light off at the end of a run; nothing is moved."""
        self.microscope.light_off()

    def event_iterator(self, events: Iterable[MDAEvent]) -> Iterator[MDAEvent]:
        """Pull visits one by one; each is closed before the next is asked for."""
        if not isinstance(events, Batches):
            raise TypeError("VisitEngine runs Batches of visits only")
        source = self._source = events.source
        while (visit := source.next_visit()) is not None:
            self._visit = visit
            self._account = account = VisitAccount(expected=len(visit.events) - visit.first_event)
            try:
                yield from self._batch(visit, account)
            except InstrumentFault as fault:
                self._fault(fault)
            self._visit = None
            source.ended(visit, account)

    def _batch(self, visit: Visit, account: VisitAccount) -> Iterator[MDAEvent]:
        """Go to the field, focus if asked to, and hand out the events at their true z."""
        if visit.objective and not self._turn(visit.objective):
            return
        moved = self.microscope.move_xy(visit.fov.x_um, visit.fov.y_um)
        if isinstance(moved, Refusal):
            self._refuse(moved)
            return
        self._pixel_size_um = self.microscope.pixel_size_um()
        if not self._pixel_size_um > 0:
            self._refuse(
                Refusal(
                    Rule.PIXEL_SIZE,
                    "pixel size = 0 um",
                    "a pixel size for the objective in place",
                    "Write objectives.items.<preset>.pixel_size_um in the microscope's YAML.",
                )
            )
            return
        if visit.refocus and not self._focus(visit, account):
            return
        offset_um = self._focuser.offset_um(visit)
        planned_um = visit.fov.z_um
        todo = [
            event.model_copy(
                update={"z_pos": (planned_um if event.z_pos is None else event.z_pos) + offset_um}
            )
            for event in visit.events[visit.first_event :]
        ]
        # one channel and exposure at a time, so that a sequence changes nothing but z
        for _, run in groupby(todo, key=lambda event: (event.channel, event.exposure)):
            events = list(run)
            if len({event.z_pos for event in events}) == len(events) > 1:
                yield from iter_sequenced_events(self.mmcore, events)
            else:
                yield from events

    def _turn(self, objective: str) -> bool:
        """Put the visit's objective in place, before the stage moves: retracted, it travels free.

        True: it is there. Retracted it stays until the first plane's approach in capped steps.
        """
        try:
            turned = self.microscope.set_objective(objective)
        except InstrumentFault:
            self.microscope.light_off()
            raise
        if isinstance(turned, Refusal):
            self._refuse(turned)
            return False
        return True

    def _focus(self, visit: Visit, account: VisitAccount) -> bool:
        """Autofocus; on failure do what the plan says. True: go on and image."""
        result = self._focuser.focus(visit)
        settings = self._focuser.settings
        account.faults += result.faults
        if result.ok or settings is None or settings.on_failure is OnFocusFailure.HOLD_LAST:
            return True
        account.reasons.append(f"autofocus failed: {result.why}")
        if self.microscope.stopped:  # which says nothing of the field
            return False
        account.hold_position = settings.on_failure is OnFocusFailure.HOLD_POSITION
        account.stop_run = settings.on_failure is OnFocusFailure.STOP
        return False

    # ------------------------------------------------------------------ events

    def setup_event(self, event: MDAEvent) -> None:
        """Focus drive and channel; a refusal or a fault skips the event with its reason."""
        self._running()
        n = len(event.events) if isinstance(event, SequencedEvent) else 1
        try:
            if not isinstance(event, SequencedEvent) and event.z_pos is not None:
                self._permit(self.microscope.move_z(event.z_pos), n)
            if event.channel is not None:
                self._permit(self.microscope.set_channel(event.channel.config), n)
        except InstrumentFault as fault:
            self._fault(fault)
            raise SkipEvent(n, str(fault)) from fault

    def exec_event(self, event: MDAEvent) -> Iterator[Any]:
        """Expose, store, then hand the frame to whoever listens."""
        try:
            if isinstance(event, SequencedEvent):
                yield from self._stack(event)
            else:
                yield from self._single(event)
        except InstrumentFault as fault:
            self._fault(fault)

    def teardown_event(self, event: MDAEvent) -> None:
        """Nothing to undo: the shutter follows each exposure."""

    def _single(self, event: MDAEvent) -> Iterator[Any]:
        visit = self._running()
        index = _index_of(visit, event)
        for attempt in range(self._snap_retries + 1):
            purpose = Purpose.VISIT if attempt == 0 else Purpose.RETRY
            try:
                image = self.microscope.snap(_light(visit, event, index, purpose))
            except InstrumentFault as fault:
                if attempt == self._snap_retries:
                    raise
                self._account.faults.append(fault)
                continue
            if isinstance(image, Refusal):
                self._refuse(image)
                return
            yield self._store(visit, event, index, image)
            return

    def _stack(self, event: SequencedEvent) -> Iterator[Any]:
        visit = self._running()
        if not event.z_sequence:
            raise RuntimeError("a hardware sequence of something else than z")
        indices = [_index_of(visit, part) for part in event.events]
        lights = [
            _light(visit, part, index, Purpose.VISIT)
            for part, index in zip(event.events, indices, strict=True)
        ]
        images = self.microscope.snap_stack(lights, event.z_sequence)
        if isinstance(images, Refusal):
            self._refuse(images)
            return
        with closing(images):  # ends the sequence and the light, also when storing fails
            for part, index, image in zip(event.events, indices, images, strict=True):
                yield self._store(visit, part, index, image)

    def _store(self, visit: Visit, event: MDAEvent, index: int, image: Image) -> ImagePayload:
        microscope = self.microscope
        ago = timedelta(seconds=microscope.clock.now() - image.time_s)
        frame = Frame(
            visit_id=visit.id,
            index=index,
            key=FrameKey(
                visit.fov.name,
                visit.t_index,
                event.index.get("c", 0),
                event.index.get("z", 0),
                visit.series,
            ),
            pixels=image.pixels,
            event=event,
            meta=FrameMeta(
                time_s=image.time_s,
                utc=(microscope.clock.utc() - ago).isoformat(timespec="milliseconds"),
                x_um=image.x_um,
                y_um=image.y_um,
                z_um=image.z_um,
                exposure_ms=image.exposure_ms,
                channel=event.channel.config if event.channel else "",
                objective=microscope.objective,
                pixel_size_um=self._pixel_size_um,
            ),
        )
        if self._source is not None:
            self._source.stored(frame)
        self._account.stored += 1
        # the journal has it all
        return ImagePayload(image.pixels, event, cast("FrameMetaV1", {}))

    # ------------------------------------------------------------------ what went wrong

    def _permit(self, answer: object, frames: int) -> None:
        if isinstance(answer, Refusal):
            self._refuse(answer)
            raise SkipEvent(frames, str(answer))

    def _refuse(self, refusal: Refusal) -> None:
        self._account.reasons.append(str(refusal))

    def _fault(self, fault: InstrumentFault) -> None:
        self._account.faults.append(fault)
        self._account.reasons.append(str(fault))

    def _running(self) -> Visit:
        if self._visit is None:
            raise RuntimeError("an event outside of a visit")
        return self._visit


def _index_of(visit: Visit, event: MDAEvent) -> int:
    """Position of the event in its visit, by its own c and z index."""
    c, z = event.index.get("c", 0), event.index.get("z", 0)
    for i, other in enumerate(visit.events):
        if other.index.get("c", 0) == c and other.index.get("z", 0) == z:
            return i
    raise RuntimeError(f"event {event.index} is not of visit {visit.id}")


def _light(visit: Visit, event: MDAEvent, index: int, purpose: Purpose) -> Light:
    channel = event.channel.config if event.channel else ""
    return Light(visit.id, index, purpose, visit.fov.name, channel, float(event.exposure or 0.0))
