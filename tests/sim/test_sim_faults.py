"""Every fault strikes in its window, and only there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import useq
from sim_kit import demo, exposure, most_dose, scenario

from sim.faults import Fault, FaultKind, Faults

if TYPE_CHECKING:
    from collections.abc import Callable

    from sim.scope import SimulatedScope

    Open = Callable[..., SimulatedScope]

DEFAULT = {"from_s": 100.0, "to_s": 200.0}


def broken(kind: str, **changes: Any) -> dict[str, Any]:
    return {"faults": [{"kind": kind} | DEFAULT | changes]}


def mean(scope: SimulatedScope) -> float:
    scope.core.snapImage()
    return float(scope.core.getImage().mean())


def sharpness(scope: SimulatedScope) -> float:
    scope.core.snapImage()
    return float(np.diff(scope.core.getImage().astype(float)).var())


def run_stack(scope: SimulatedScope) -> int:
    """A z stack of six; how many frames arrived."""
    arrived: list[object] = []
    scope.core.mda.events.frameReady.connect(arrived.append)
    events = [
        useq.MDAEvent(x_pos=0, y_pos=0, z_pos=float(z), exposure=20, index={"t": 0, "z": z})
        for z in range(6)
    ]
    scope.core.mda.run(events)
    scope.core.mda.events.frameReady.disconnect(arrived.append)
    return len(arrived)


def test_lost_focus_blurs_until_it_is_over(opened: Open) -> None:
    scope = opened(**broken("lost_focus", um=15.0))
    scope.core.setExposure(50.0)
    sharp = sharpness(scope)
    scope.clock.set(150.0)
    assert sharpness(scope) < 0.5 * sharp
    scope.core.setPosition(15.0)
    assert sharpness(scope) == pytest.approx(sharp, rel=0.2)
    scope.clock.set(200.0)
    scope.core.setPosition(0.0)
    assert sharpness(scope) == pytest.approx(sharp, rel=0.2)


def test_a_camera_timeout_raises_after_its_time_and_has_cost_its_light(opened: Open) -> None:
    scope = opened(**broken("camera_timeout"))
    scope.clock.set(100.0)
    with pytest.raises(RuntimeError, match=r"no image after 10\.01 s"):
        scope.core.snapImage()
    assert scope.clock.now() == pytest.approx(100.0 + 0.03 + demo().timeouts.snap_s)
    assert most_dose(scope) > 0
    assert not scope.core.getShutterOpen()
    with pytest.raises(RuntimeError):
        scope.core.getImage()
    scope.clock.set(200.0)
    assert mean(scope) > 100


def test_a_camera_timeout_in_a_stack_ends_it(opened: Open) -> None:
    scope = opened(**broken("camera_timeout"))
    scope.clock.set(100.0)
    assert run_stack(scope) == 0
    assert scope.clock.now() < 100 + 2 * demo().timeouts.snap_s
    assert not scope.core.isSequenceRunning()
    scope.clock.set(300.0)
    assert run_stack(scope) == 6


def test_a_dropped_frame_is_exposed_and_cannot_be_fetched(opened: Open) -> None:
    scope = opened(**broken("dropped_frame"))
    mean(scope)
    scope.clock.set(150.0)
    scope.core.snapImage()
    with pytest.raises(RuntimeError, match="No image"):
        scope.core.getImage()
    assert most_dose(scope) == pytest.approx(2 * 0.04 * 0.01)
    scope.clock.set(200.0)
    assert mean(scope) > 100


def test_a_dropped_frame_in_a_stack_takes_the_rest_with_it(opened: Open) -> None:
    scope = opened(**broken("dropped_frame", from_s=100.1, to_s=100.14))
    scope.clock.set(100.0)
    assert 0 < run_stack(scope) < 6
    assert most_dose(scope) == pytest.approx(6 * 0.04 * 0.02)


def test_a_stuck_stage_accepts_moves_and_stays(opened: Open) -> None:
    core = (scope := opened(**broken("stuck_stage"))).core
    core.setXYPosition(600.0, 0.0)
    scope.clock.set(150.0)
    core.setXYPosition(0.0, 0.0)
    core.waitForSystem()
    assert core.getXYPosition() == pytest.approx((600.0, 0.0), abs=0.02)
    scope.clock.set(250.0)
    core.setXYPosition(0.0, 0.0)
    assert core.getXYPosition() == (0.0, 0.0)


def test_a_dead_lamp_gives_dark_frames_and_no_dose(opened: Open) -> None:
    scope = opened(**broken("lamp_failure"))
    scope.clock.set(100.0)
    assert mean(scope) == pytest.approx(scope.scenario.camera.offset, abs=0.2)
    scope.receive([exposure(150.0)])  # as journalled: nobody knew that there was no light
    assert most_dose(scope) == 0
    scope.clock.set(200.0)
    assert mean(scope) > scope.scenario.camera.offset + 2


def test_a_share_hits_some_moments_the_same_ones_every_time() -> None:
    fault = Fault(kind=FaultKind.DROPPED_FRAME, from_s=0, to_s=1000, share=0.3)
    one, other = (
        [Faults([fault], 17).strikes(FaultKind.DROPPED_FRAME, t * 1.0) for t in range(1000)]
        for _ in range(2)
    )
    assert one == other
    assert sum(one) == pytest.approx(300, abs=60)


def test_a_count_ends_a_fault() -> None:
    fault = Fault(kind=FaultKind.CAMERA_TIMEOUT, from_s=0, to_s=1000, count=2)
    faults = Faults([fault], 17)
    assert [faults.strikes(FaultKind.CAMERA_TIMEOUT, float(t)) for t in range(4)] == [
        True,
        True,
        False,
        False,
    ]


def test_the_demo_of_faults_has_what_a_night_brings() -> None:
    """Not what hangs, which takes real time; see `test_sim_faults_devices`."""
    assert {str(fault.kind) for fault in scenario("faults").faults} == {
        "lost_focus",
        "camera_timeout",
        "dropped_frame",
        "stuck_stage",
        "bubble",
        "lamp_failure",
    }
