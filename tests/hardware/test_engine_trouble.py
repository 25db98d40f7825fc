"""What is refused or breaks is skipped with its reason; the rest of the visit still runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

import pytest
from engine_kit import PLANES, broken, run, settings
from rig import Rig, strike, visit

from hardware.data import Frame, Purpose, Visit
from hardware.engine import VisitAccount
from hardware.fault import FaultKind
from hardware.focusing import FocusSettings, OnFocusFailure
from hardware.gate import LightBudget

if TYPE_CHECKING:
    from collections.abc import Iterator

    Open = Callable[..., Rig]


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
