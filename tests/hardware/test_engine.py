"""Visits through the real MDARunner: decided one by one, stored first, accounted for in full."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from dataclasses import replace as changed
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import useq
from pymmcore_plus.core._sequencing import SequencedEvent
from rig import Rig, strike, visit
from test_focusing import Book, settings

from hardware.data import Frame, Purpose, Visit
from hardware.engine import Batches, VisitAccount, VisitEngine
from hardware.fault import FaultKind
from hardware.focusing import Focuser, FocusSettings, OnFocusFailure
from hardware.gate import LightBudget

if TYPE_CHECKING:
    from collections.abc import Iterator

    Open = Callable[..., Rig]

PLANES = (-4.0, 0.0, 4.0)


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


# --------------------------------------------------------------------------- batches


@pytest.mark.parametrize("scope", ["real", "sim"])
def test_a_visit_is_decided_after_the_last_frame_of_the_one_before(
    request: pytest.FixtureRequest, scope: str
) -> None:
    rig: Rig = request.getfixturevalue(scope)()
    rig.core.setProperty("Z", "UseSequences", "Yes")
    seen: list[int] = []
    decided_after: list[int] = []

    def decide() -> Iterator[Visit]:
        """The next visit's place depends on what came back of the one before."""
        for number in range(1, 6):
            decided_after.append(len(seen))
            yield visit(number, x=100.0 * len(seen), planes=PLANES)

    done = run(rig, decide(), on_frame=lambda frame: seen.append(frame.index))
    assert decided_after == [0, 6, 12, 18, 24]
    assert seen == [0, 1, 2, 3, 4, 5] * 5
    sequenced = [event for event in done.events if isinstance(event, SequencedEvent)]
    assert [event.z_sequence for event in sequenced] == [PLANES] * 10  # two channels, five visits
    assert len(done.events) == len(sequenced)
    assert [entry[1:] for entry in rig.sent("startSequenceAcquisition")] == [(3, 0, True)] * 10
    assert not rig.sent("snapImage")
    xs = [round(frame.meta.x_um) for frame in done.source.frames[::6]]
    assert xs == [0, 600, 1200, 1800, 2400]
    accounts = [account for _, account in done.source.ended_visits]
    assert accounts == [VisitAccount(expected=6, stored=6)] * 5


def test_planes_of_one_channel_are_sequenced_even_if_channels_could_be_too(sim: Open) -> None:
    rig = sim()
    done = run(rig, [visit(planes=PLANES, channels=("DAPI", "FITC", "Cy5"))])
    assert [len(event.events) for event in done.events] == [3, 3, 3]
    assert {key for event in done.events for key in event.property_sequences} == set()


def test_a_drive_that_cannot_be_triggered_is_stepped(real: Open) -> None:
    rig = real()  # UseSequences is off
    done = run(rig, [visit(planes=PLANES)])
    assert not any(isinstance(event, SequencedEvent) for event in done.events)
    zs = [frame.meta.z_um for frame in done.source.frames]
    assert zs == pytest.approx([*PLANES, *PLANES])
    assert len(rig.sent("snapImage")) == 6


def test_channels_within_each_plane_are_imaged_one_by_one(sim: Open) -> None:
    rig = sim()
    both = visit(planes=PLANES)
    by_plane = changed(both, events=tuple(sorted(both.events, key=lambda e: e.index["z"])))
    done = run(rig, [by_plane])
    assert not any(isinstance(event, SequencedEvent) for event in done.events)
    assert done.source.planes == [(c, z) for z in range(3) for c in ("DAPI", "FITC")]
    # one plane of each channel; the frame's index is its place in the visit all the same
    assert [frame.index for frame in done.source.frames] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize("kind", [list, iter], ids=["list", "iterator"])
def test_events_that_are_no_visits_are_refused_and_move_nothing(
    sim: Open, kind: Callable[[list[useq.MDAEvent]], Any]
) -> None:
    rig = sim()
    rig.core.mda.set_engine(
        VisitEngine(rig.microscope, Focuser(rig.microscope, None, Book(rig.clock.now)))
    )
    with pytest.raises((TypeError, RuntimeError), match="visit"):
        rig.core.mda.run(kind([useq.MDAEvent(x_pos=500.0, y_pos=0.0, z_pos=50.0)]))
    assert not rig.sent("setXYPosition", "setZPosition", "setConfig", "snapImage")


def test_batches_are_iterated_by_the_engine_only() -> None:
    with pytest.raises(TypeError, match="event_iterator"):
        iter(Batches(Source(iter(()))))


# --------------------------------------------------------------------------- frames


def test_a_frame_says_where_when_and_how_it_was_taken(sim: Open) -> None:
    rig = sim()
    done = run(rig, [visit(3, x=600.0, y=-300.0, z=2.0, t_index=7)])
    frame = done.source.frames[1]
    assert (frame.visit_id, frame.index) == (3, 1)
    key = frame.key
    assert (key.fov, key.t, key.c, key.z) == ("A1", 7, 1, 0)
    meta = frame.meta
    assert (meta.x_um, meta.y_um, meta.z_um) == pytest.approx((600.0, -300.0, 2.0), abs=0.02)
    assert (meta.channel, meta.exposure_ms, meta.objective) == ("FITC", 20.0, "20X")
    assert meta.pixel_size_um == 0.5
    assert meta.time_s == pytest.approx(rig.clock.now())
    assert frame.pixels.shape == (128, 128)


def test_times_within_a_stack_are_each_frames_own(sim: Open) -> None:
    rig = sim()
    done = run(rig, [visit(planes=PLANES, channels=("DAPI",))])
    metas = [frame.meta for frame in done.source.frames]
    times = [meta.time_s for meta in metas]
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.04, 0.04])
    assert times[-1] == pytest.approx(rig.clock.now())
    start = rig.clock.utc().timestamp() - rig.clock.now()
    for meta in metas:
        utc = dt.datetime.fromisoformat(meta.utc).timestamp()
        assert utc - start == pytest.approx(meta.time_s, abs=2e-3)  # milliseconds are written
    assert [meta.z_um for meta in metas] == list(PLANES)


def test_a_frame_is_stored_before_anybody_else_sees_it(sim: Open) -> None:
    rig = sim()
    order: list[str] = []
    rig.core.mda.events.frameReady.connect(lambda *_: order.append("seen"))
    run(rig, [visit()], on_frame=lambda _: order.append("stored"))
    assert order == ["stored", "seen"] * 2


def test_a_store_that_fails_ends_the_run_with_the_light_off(sim: Open) -> None:
    for planes in ((0.0,), PLANES):
        rig = sim()

        def full(frame: Frame) -> None:
            raise OSError("no space left on device")

        with pytest.raises(OSError, match="no space left"):
            run(rig, [visit(planes=planes), visit(2)], on_frame=full)
        assert rig.microscope.read().open_shutters == ()
        assert not rig.core.isSequenceRunning()
        assert len(rig.sent("snapImage", "startSequenceAcquisition")) == 1
        assert len(rig.sent("setXYPosition")) == 0


def test_a_store_that_fails_in_a_real_stack_ends_the_sequence_at_once(real: Open) -> None:
    rig = real()
    rig.core.setProperty("Z", "UseSequences", "Yes")
    running: list[bool] = []
    rig.core.mda.events.sequenceFinished.connect(
        lambda *_: running.append(rig.core.isSequenceRunning())
    )

    def full(frame: Frame) -> None:
        raise OSError("no space left on device")

    with pytest.raises(OSError, match="no space left"):
        run(rig, [visit(planes=PLANES, exposure_ms=150.0, channels=("DAPI",))], on_frame=full)
    assert running == [False]  # though the traceback still holds the generator
    assert rig.microscope.read().open_shutters == ()


def test_the_light_is_off_and_nothing_moves_at_the_end_of_a_run(sim: Open) -> None:
    rig = sim()
    run(rig, [visit(x=600.0)])
    moves = [entry for entry in rig.log if entry[0] == "setXYPosition"]
    assert moves == [("setXYPosition", 600.0, 0.0)]
    assert rig.log[-1][0] == "setShutterOpen"
    assert rig.microscope.read().open_shutters == ()


# --------------------------------------------------------------------------- refused, broken


def test_a_visit_outside_the_limits_is_skipped_with_its_reason(sim: Open) -> None:
    rig = sim()
    done = run(rig, [visit(x=70_000.0), visit(2)])
    (_, first), (_, second) = done.source.ended_visits
    assert (first.expected, first.stored, first.faults) == (2, 0, [])
    assert len(first.reasons) == 1
    assert "x = 70000 um" in first.reasons[0]
    assert "nothing was sent" in first.reasons[0]
    assert second == VisitAccount(expected=2, stored=2)


def test_a_refused_event_is_skipped_and_the_others_still_run(sim: Open) -> None:
    rig = sim()
    three = visit(channels=("DAPI", "GFP", "FITC"))
    done = run(rig, [three])
    assert done.source.planes == [("DAPI", 0), ("FITC", 0)]
    account = done.source.account
    assert (account.expected, account.stored) == (3, 2)
    assert len(account.reasons) == 1
    assert 'channel "GFP"' in account.reasons[0]


def test_a_stack_through_a_limit_is_skipped_as_a_whole(sim: Open) -> None:
    rig = sim()
    done = run(rig, [visit(z=148.0, planes=PLANES)])  # 20X: up to 150
    assert (done.source.account.expected, done.source.account.stored) == (6, 0)
    assert done.source.account.reasons[0].startswith("refused: z = 152 um")
    assert rig.ledger.total().exposures == 0


def test_light_over_the_budget_is_skipped_with_its_reason(sim: Open) -> None:
    rig = sim(budget=LightBudget(dose_per_fov_j_cm2=0.04 * 0.02 * 1.5))
    done = run(rig, [visit()])
    account = done.source.account
    assert (account.expected, account.stored) == (2, 1)
    assert "exposure = 20 ms of FITC on A1" in account.reasons[0]


def test_an_event_without_an_exposure_time_gives_no_light(sim: Open) -> None:
    rig = sim()
    events = tuple(event.model_copy(update={"exposure": None}) for event in visit().events)
    done = run(rig, [changed(visit(), events=events)])
    assert done.source.account.stored == 0
    assert rig.ledger.total().exposures == 0


def test_an_event_without_z_is_imaged_at_the_planned_focus(sim: Open) -> None:
    rig = sim()
    plain = visit(z=12.0)
    events = tuple(event.model_copy(update={"z_pos": None}) for event in plain.events)
    done = run(rig, [changed(plain, events=events)])
    assert [frame.meta.z_um for frame in done.source.frames] == pytest.approx([12.0, 12.0])


def test_without_a_pixel_size_nothing_is_imaged(real: Open) -> None:
    rig = real()
    rig.core.setStateLabel("Objective", "Objective-5")  # which has none in the demo configuration
    done = run(rig, [visit()])
    (reason,) = done.source.account.reasons
    assert "pixel size = 0 um" in reason
    assert "objectives.items.<preset>.pixel_size_um" in reason
    assert not rig.sent("snapImage")


def test_a_stuck_stage_skips_the_visit_and_the_next_one_runs(sim: Open) -> None:
    rig = sim(scenario=broken("stuck_stage", to_s=0.5))

    def visits() -> Iterator[Visit]:
        yield visit(x=600.0)
        rig.clock.sleep_until(1.0)
        yield visit(2, x=600.0)

    done = run(rig, visits())
    (_, first), (_, second) = done.source.ended_visits
    assert first.stored == 0
    assert [fault.kind for fault in first.faults] == [FaultKind.NOT_CONFIRMED]
    assert first.reasons == [str(first.faults[0])]
    assert second == VisitAccount(expected=2, stored=2)


def test_a_retry_is_counted_as_one(sim: Open) -> None:
    rig = sim(scenario=broken("dropped_frame", to_s=0.001))
    rig.microscope.set_channel("DAPI")
    done = run(rig, [visit()])
    purposes = [(row.channel, row.index, row.purpose) for row in rig.book.rows]
    assert purposes == [
        ("DAPI", 0, Purpose.VISIT),
        ("DAPI", 0, Purpose.RETRY),
        ("FITC", 1, Purpose.VISIT),
    ]
    account = done.source.account
    assert (account.expected, account.stored, account.reasons) == (2, 2, [])
    assert len(account.faults) == 1  # it is known all the same


@pytest.mark.parametrize(("retries", "shots"), [(0, 1), (1, 2), (3, 4)])
def test_a_camera_that_goes_on_failing_loses_the_frame_and_no_other(
    sim: Open, retries: int, shots: int
) -> None:
    rig = sim(scenario=broken("dropped_frame"))

    def repaired(channel: str) -> None:
        if channel == "FITC":
            strike(rig, None)

    send = rig.core.setConfig
    rig.core.setConfig = lambda group, preset: (repaired(preset), send(group, preset))
    done = run(rig, [visit()], snap_retries=retries)
    assert done.source.planes == [("FITC", 0)]
    account = done.source.account
    assert (account.expected, account.stored) == (2, 1)
    assert len(account.faults) == shots
    assert len(account.reasons) == 1
    assert rig.ledger.total().exposures == shots + 1


def test_what_came_of_a_broken_stack_is_stored_and_the_next_channel_runs(sim: Open) -> None:
    rig = sim(scenario=broken("dropped_frame", 0.08, 0.16))
    done = run(rig, [visit(planes=PLANES)])
    dapi = [z for channel, z in done.source.planes if channel == "DAPI"]
    assert dapi == list(range(len(dapi)))
    assert 0 < len(dapi) < 3
    assert [z for channel, z in done.source.planes if channel == "FITC"] == [0, 1, 2]
    account = done.source.account
    assert (account.expected, account.stored) == (6, 3 + len(dapi))
    assert [fault.kind for fault in account.faults] == [FaultKind.MISSING_FRAMES]
    assert account.reasons == [f"camera: {len(dapi)} of 3 images of the stack arrived"]
    assert rig.ledger.total().exposures == 6


def test_after_a_stop_no_visit_gives_light(sim: Open) -> None:
    rig = sim()

    def stop(frame: Frame) -> None:
        rig.microscope.stop()

    done = run(rig, [visit(), visit(2)], on_frame=stop)
    assert done.source.planes == [("DAPI", 0)]
    assert rig.ledger.total().exposures == 1
    for _, account in done.source.ended_visits:
        assert account.stored < account.expected
        assert "the run was stopped" in account.reasons[0]


# --------------------------------------------------------------------------- resumed


@pytest.mark.parametrize("planes", [(0.0,), PLANES], ids=["flat", "stack"])
def test_a_visit_goes_on_at_its_first_missing_frame(sim: Open, planes: tuple[float, ...]) -> None:
    rig = sim()
    whole = visit(planes=planes)
    for first in range(len(whole.events) + 1):
        done = run(rig, [changed(whole, id=first + 1, first_event=first)])
        left = list(range(first, len(whole.events)))
        assert [frame.index for frame in done.source.frames] == left
        assert done.source.account == VisitAccount(expected=len(left), stored=len(left))


# --------------------------------------------------------------------------- autofocus


def focus(policy: OnFocusFailure, **changes: Any) -> FocusSettings:
    return settings(on_failure=policy, retries=0, **changes)


def test_a_refocused_visit_is_imaged_where_focus_was_found(sim: Open) -> None:
    rig = sim(side=256)
    away = visit(z=6.0, refocus=True)
    done = run(rig, [away, visit(2, z=6.0)], autofocus=settings())
    assert rig.book.rows[0].purpose is Purpose.FOCUS
    zs = [frame.meta.z_um for frame in done.source.frames]
    assert zs == pytest.approx([zs[0]] * 4, abs=0.05)  # the second visit remembers
    assert zs[0] == pytest.approx(0.0, abs=1.5)


@pytest.mark.parametrize(
    ("policy", "stored", "hold", "stop"),
    [
        (OnFocusFailure.HOLD_LAST, 2, False, False),
        (OnFocusFailure.SKIP, 0, False, False),
        (OnFocusFailure.HOLD_POSITION, 0, True, False),
        (OnFocusFailure.STOP, 0, False, True),
    ],
)
@pytest.mark.parametrize("why", ["nothing to focus on", "refused", "broken"])
def test_a_failed_autofocus_does_what_the_plan_says(
    sim: Open, policy: OnFocusFailure, stored: int, hold: bool, stop: bool, why: str
) -> None:
    name, scenario, exposure_ms = {
        "nothing to focus on": ("empty", {}, 10.0),
        "refused": ("mitosis_night", {}, 999.0),
        "broken": ("mitosis_night", broken("dropped_frame", to_s=0.1), 10.0),
    }[why]
    rig = sim(name, scenario=scenario)
    done = run(
        rig,
        [visit(z=3.0, refocus=True)],
        autofocus=focus(policy, exposure_ms=exposure_ms),
    )
    account = done.source.account
    assert (account.stored, account.hold_position, account.stop_run) == (stored, hold, stop)
    assert len(account.faults) == (why == "broken")
    if stored:
        assert account.reasons == []
        assert [frame.meta.z_um for frame in done.source.frames] == pytest.approx([3.0, 3.0])
    else:
        (reason,) = account.reasons
        assert reason.startswith("autofocus failed: ")


def test_hold_last_images_at_the_last_good_focus(sim: Open) -> None:
    rig = sim(side=256)

    def visits() -> Iterator[Visit]:
        yield visit(z=6.0, refocus=True)
        strike(rig, "dropped_frame", count=1)  # the sweep's first image
        yield visit(2, z=6.0, refocus=True)

    done = run(rig, visits(), autofocus=focus(OnFocusFailure.HOLD_LAST))
    first, last = done.source.frames[0].meta.z_um, done.source.frames[-1].meta.z_um
    assert last == pytest.approx(first, abs=0.1)
    assert len(done.source.account.faults) == 1


def test_a_stop_during_autofocus_holds_no_position_for_ever(sim: Open) -> None:
    rig = sim()
    snap = rig.core.snapImage

    def stop_then_snap() -> None:
        snap()
        rig.microscope.stop()

    rig.core.snapImage = stop_then_snap
    for policy in (OnFocusFailure.HOLD_POSITION, OnFocusFailure.STOP):
        done = run(rig, [visit(refocus=True)], autofocus=focus(policy))
        account = done.source.account
        assert (account.hold_position, account.stop_run) == (False, False)
        assert "the run was stopped" in account.reasons[0]
