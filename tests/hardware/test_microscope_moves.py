"""A move is confirmed by read-back, or it is a fault; toward the sample only in small steps."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymmcore_plus import CMMCorePlus
from rig import Rig, light

from hardware.data import Permit, Refusal, Rule
from hardware.fault import FaultKind, InstrumentFault
from hardware.microscope.mover import _steps

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[..., Rig]

TEN_UM_STEPS = {"max_step_toward_sample_um": 10.0}


class LyingStage(CMMCorePlus):
    """Its read-back is what it was asked for, and wrong by `lie` after the first move."""

    lie = (0.0, 0.0, 0.0)

    def getXYPosition(self, *args: Any) -> tuple[float, float]:
        x, y = super().getXYPosition(*args)  # (list in the stubs, tuple or list in fact)
        return x + self.lie[0], y + self.lie[1]

    def getZPosition(self) -> float:
        return super().getZPosition() + self.lie[2]


# --------------------------------------------------------------------------- stage


def test_a_move_is_sent_once_and_confirmed(real: Open) -> None:
    rig = real()
    assert isinstance(rig.microscope.move_xy(1234.0, -567.0), Permit)
    assert rig.log == [("setXYPosition", 1234.0, -567.0)]
    assert rig.core.getXYPosition() == pytest.approx((1234.0, -567.0), abs=0.02)


def test_a_stage_that_is_there_already_is_not_sent_again(real: Open) -> None:
    rig = real()
    rig.microscope.move_xy(100.0, 100.0)
    rig.microscope.move_xy(100.05, 100.0)  # a tenth of the tolerance
    assert len(rig.sent("setXYPosition")) == 1


def test_a_stage_moved_by_hand_is_sent_back(real: Open) -> None:
    rig = real()
    rig.microscope.move_xy(100.0, 100.0)
    rig.core.setXYPosition(300.0, 100.0)  # the joystick
    rig.log.clear()
    rig.microscope.move_xy(100.0, 100.0)
    assert rig.log == [("setXYPosition", 100.0, 100.0)]


def test_a_stuck_stage_is_not_confirmed(sim: Open) -> None:
    stuck = {"kind": "stuck_stage", "from_s": 0, "to_s": 100}
    rig = sim(scenario={"faults": [stuck]})
    with pytest.raises(InstrumentFault) as caught:
        rig.microscope.move_xy(600.0, 0.0)
    assert caught.value.kind is FaultKind.NOT_CONFIRMED
    message = "XY stage: asked for (600, 0) um, reads (0, 0) um (tolerance 1 um)"
    assert str(caught.value).replace("-0", "0") == message
    rig.scope.clock.set(100.0)  # a simulated one
    assert isinstance(rig.microscope.move_xy(600.0, 0.0), Permit)


@pytest.mark.parametrize("lie", [(1.1, 0.0, 0.0), (0.0, -2.0, 0.0), (math.nan, 0.0, 0.0)])
def test_a_stage_that_reads_elsewhere_is_not_confirmed(
    real: Open, lie: tuple[float, float, float]
) -> None:
    rig = real(LyingStage)
    rig.core.lie = lie
    with pytest.raises(InstrumentFault, match="XY stage: asked for") as caught:
        rig.microscope.move_xy(50.0, 50.0)
    assert caught.value.kind is FaultKind.NOT_CONFIRMED


# --------------------------------------------------------------------------- focus drive


@pytest.mark.parametrize("lie", [0.3, math.nan])
def test_a_focus_drive_that_reads_elsewhere_is_not_confirmed(real: Open, lie: float) -> None:
    rig = real(LyingStage)
    send = rig.core.setZPosition

    def then_lie(z: float) -> None:
        send(z)
        rig.core.lie = (0.0, 0.0, lie)

    rig.core.setZPosition = then_lie
    with pytest.raises(InstrumentFault, match="focus drive: asked for 5 um, reads") as caught:
        rig.microscope.move_z(5.0)
    assert caught.value.kind is FaultKind.NOT_CONFIRMED


@pytest.mark.parametrize(
    ("toward", "sign"), [("increasing", 1.0), ("decreasing", -1.0)], ids=["up", "down"]
)
def test_toward_the_sample_in_capped_steps_and_away_in_one(
    real: Open, toward: str, sign: float
) -> None:
    rig = real(stage={"toward_sample": toward, **TEN_UM_STEPS})
    assert isinstance(rig.microscope.move_z(sign * 45.0), Permit)
    stations = [z for _, z in rig.log]
    assert {name for name, _ in rig.log} == {"setZPosition"}
    assert stations == pytest.approx([sign * 9.0 * i for i in range(1, 6)])
    rig.log.clear()
    assert isinstance(rig.microscope.move_z(sign * -45.0), Permit)
    assert rig.log == [("setZPosition", sign * -45.0)]
    assert rig.core.getZPosition() == pytest.approx(sign * -45.0)


def test_each_step_toward_the_sample_is_confirmed_before_the_next(real: Open) -> None:
    rig = real(stage=TEN_UM_STEPS)
    send = rig.core.setZPosition

    def stuck_at_20(z: float) -> None:
        send(min(z, 20.0))

    rig.core.setZPosition = stuck_at_20
    with pytest.raises(InstrumentFault, match="asked for 27 um, reads 20 um"):
        rig.microscope.move_z(45.0)
    assert rig.core.getZPosition() == 20.0


@pytest.mark.parametrize(
    ("target", "rule"),
    [
        (250.0, Rule.Z_LIMIT),
        (-250.0, Rule.Z_LIMIT),
        (1e9, Rule.BACKSTOP),
        (math.nan, Rule.NOT_A_NUMBER),
        (math.inf, Rule.NOT_A_NUMBER),
        (True, Rule.NOT_A_NUMBER),
        ("12", Rule.NOT_A_NUMBER),
    ],
)
def test_a_target_outside_the_limits_is_refused_before_the_first_step(
    real: Open, target: Any, rule: Rule
) -> None:
    rig = real(stage=TEN_UM_STEPS)
    refused = rig.microscope.move_z(target)
    assert isinstance(refused, Refusal)
    assert refused.rule is rule
    assert rig.log == []  # "nothing was sent" is true
    assert len(rig.refused) == 1


@pytest.mark.parametrize("tolerance", [0.2, 5.0, 20.0])
def test_a_cap_no_larger_than_the_tolerance_still_gets_there(real: Open, tolerance: float) -> None:
    rig = real(stage={"max_step_toward_sample_um": 5.0, "tolerance_z_um": tolerance})
    rig.microscope.move_z(30.0)
    assert rig.core.getZPosition() == pytest.approx(30.0)
    stations = [0.0, *(z for _, z in rig.log)]
    assert all(b - a <= 5.0 for a, b in pairwise(stations))


@given(
    here=st.floats(-1000, 1000),
    there=st.floats(-1000, 1000),
    cap=st.floats(0.1, 50),
    toward=st.sampled_from(["increasing", "decreasing"]),
)
def test_no_step_toward_the_sample_exceeds_the_cap(
    here: float, there: float, cap: float, toward: str
) -> None:
    stations = [here, *_steps(here, there, cap, toward)]
    sign = 1 if toward == "increasing" else -1
    steps = [sign * (b - a) for a, b in pairwise(stations)]
    assert stations[-1] == there
    assert all(step <= cap * (1 + 1e-9) for step in steps)
    if sign * (there - here) <= 0:
        assert len(steps) == 1


def test_a_move_that_comes_too_fast_is_refused(real: Open) -> None:
    rig = real(stage={"max_moves_per_s": 3.0})
    answers = [rig.microscope.move_xy(10.0 * i, 0.0) for i in range(1, 6)]
    refused = [answer for answer in answers if isinstance(answer, Refusal)]
    assert refused
    assert {refusal.rule for refusal in refused} == {Rule.RATE}
    assert len(rig.sent("setXYPosition")) == 5 - len(refused) == 3


# --------------------------------------------------------------------------- channel


def test_a_channel_is_switched_once_and_read_back(real: Open) -> None:
    rig = real()
    assert isinstance(rig.microscope.set_channel("FITC"), Permit)
    assert rig.core.getCurrentConfig("Channel") == "FITC"
    rig.microscope.set_channel("FITC")
    assert rig.log == [("setConfig", "Channel", "FITC")]


def test_a_channel_that_did_not_switch_is_not_confirmed_and_gives_no_light(real: Open) -> None:
    rig = real()
    rig.microscope.set_channel("DAPI")
    rig.core.setConfig = lambda *_: None  # the wheel is stuck
    with pytest.raises(InstrumentFault, match="channel group Channel: asked for FITC, reads"):
        rig.microscope.set_channel("FITC")
    rig.log.clear()
    for channel in ("DAPI", "FITC"):  # nobody knows any more which one is set
        refused = rig.microscope.snap(light(channel))
        assert isinstance(refused, Refusal)
        assert (refused.rule, refused.limit) == (Rule.CHANNEL, "channel set: unknown")
    assert rig.log == []


# --------------------------------------------------------------------------- objective


def test_the_turret_is_not_turned_unless_the_yaml_allows_it(real: Open) -> None:
    rig = real(objectives={"allow_change": False})
    refused = rig.microscope.set_objective("20X")
    assert isinstance(refused, Refusal)
    assert refused.limit == "objective changes are off"
    assert rig.log == []
    assert rig.microscope.objective == "10X"


def test_the_turret_turns_only_after_a_retreat_and_the_new_limits_hold(real: Open) -> None:
    rig = real(objectives={"allow_change": True})
    rig.microscope.move_z(40.0)
    rig.log.clear()
    assert isinstance(rig.microscope.set_objective("40X"), Permit)
    assert rig.log == [("setZPosition", -150.0), ("setConfig", "Objective", "40X")]
    state = rig.microscope.read()
    assert (state.z_um, state.objective, state.pixel_size_um) == (-150.0, "40X", 0.25)
    assert rig.microscope.pixel_size_um() == 0.25
    refused = rig.microscope.move_z(120.0)  # 10X and 20X may, 40X may not
    assert isinstance(refused, Refusal)
    assert refused.rule is Rule.Z_LIMIT
    assert isinstance(rig.microscope.move_z(90.0), Permit)


@pytest.mark.parametrize(
    ("preset", "more"), [("60X", {}), ("20X", {"retract_z_um": None})], ids=["unknown", "no z"]
)
def test_an_objective_that_the_yaml_does_not_cover_is_refused(
    real: Open, preset: str, more: dict[str, Any]
) -> None:
    rig = real(objectives={"allow_change": True, **more})
    assert isinstance(rig.microscope.set_objective(preset), Refusal)
    assert rig.log == []


def test_an_unknown_objective_moves_no_focus(real: Open) -> None:
    rig = real(objectives={"allow_change": True})
    rig.core.setConfig = lambda *_: None  # the turret is stuck
    with pytest.raises(InstrumentFault, match="turret Objective: asked for 20X, reads 10X"):
        rig.microscope.set_objective("20X")
    assert rig.microscope.objective == ""
    rig.log.clear()
    refused = rig.microscope.move_z(0.0)
    assert isinstance(refused, Refusal)
    assert refused.rule is Rule.OBJECTIVE
    assert rig.log == []
    rig.microscope.start()  # somebody looked, and started again
    assert isinstance(rig.microscope.move_z(0.0), Permit)


def test_a_turret_does_not_turn_where_the_retreat_failed(real: Open) -> None:
    rig = real(objectives={"allow_change": True})
    rig.core.setZPosition = lambda _: None  # the drive is stuck
    with pytest.raises(InstrumentFault, match="focus drive"):
        rig.microscope.set_objective("20X")
    assert not rig.sent("setConfig")
    assert rig.core.getCurrentConfig("Objective") == "10X"


@settings(max_examples=25, deadline=None)
@given(targets=st.lists(st.floats(-400, 400), min_size=1, max_size=6))
def test_no_sequence_of_focus_moves_leaves_the_limits_or_the_cap(
    drive: Rig, targets: list[float]
) -> None:
    drive.log.clear()
    before = drive.core.getZPosition()
    for target in targets:
        drive.microscope.move_z(target)
    for _, z in drive.log:
        assert -200 <= z <= 200
        assert z - before <= 20 + 1e-9
        before = z


@pytest.fixture(scope="module")
def drive() -> Any:
    from rig import real_rig

    rig = real_rig()
    yield rig
    rig.close()
