"""Visits through the real MDARunner: decided one by one, stored first, accounted for in full."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace as changed
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import useq
from engine_kit import PLANES, Book, Source, run
from pymmcore_plus.core._sequencing import SequencedEvent
from rig import Rig, visit

from hardware.data import Frame, Visit
from hardware.engine import Batches, VisitAccount, VisitEngine
from hardware.focusing import Focuser

if TYPE_CHECKING:
    from collections.abc import Iterator

    Open = Callable[..., Rig]


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
