"""Whatever is asked, in whatever order: nothing permitted lies outside limits or budgets."""

from __future__ import annotations

import math
from typing import Any

from gate_kit import Bench, scope, shot
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from hardware import backstop
from hardware.data import Permit
from hardware.gate import LightBudget
from hardware.ledger import DoseLedger

LAX = scope(
    stage={
        "x_um": [-1e12, 1e12],
        "y_um": [-1e12, 1e12],
        "z_um": [-1e12, 1e12],
        "max_step_toward_sample_um": 1e12,
        "max_moves_per_s": 1e12,
    },
    objectives={"items": {}},
    channels={"DAPI": {"irradiance_w_cm2": 500.0, "max_exposure_ms": 1e12}},
)
WILD = st.one_of(
    st.floats(),
    st.floats(-300, 300),
    st.integers(),
    st.sampled_from([True, None, "0", math.nan, math.inf]),
)
FOVS, CHANNELS, OBJECTIVES = ["A1", "B1"], ["DAPI", "Lamp", "GFP"], ["10X", "20X", "", "63X"]


@given(WILD, WILD, WILD, WILD)
def test_no_yaml_widens_the_backstop(x: Any, y: Any, z: Any, exposure_ms: Any) -> None:
    gate = Bench(LAX).gate
    if isinstance(gate.xy(x, y), Permit):
        assert max(abs(x), abs(y)) <= backstop.MAX_ABS_XY_UM == 200_000
    if isinstance(gate.z(z, objective="", current_z_um=0), Permit):
        assert abs(z) <= backstop.MAX_ABS_Z_UM == 25_000
    if isinstance(gate.exposure(shot(exposure_ms=exposure_ms, irradiance_w_cm2=500.0)), Permit):
        assert 0 < exposure_ms <= backstop.MAX_EXPOSURE_MS == 60_000
        assert 500.0 * exposure_ms / 1000 <= backstop.MAX_EXPOSURE_J_CM2 == 100


class AnyCommands(RuleBasedStateMachine):
    """Sends what the gate permits to an instrument of three numbers and a lamp."""

    @initialize(
        fov=st.none() | st.floats(0.001, 0.2),
        seconds=st.none() | st.floats(0.05, 2),
        total=st.none() | st.floats(0.001, 0.3),
        toward=st.sampled_from(["increasing", "decreasing"]),
        start_z=st.floats(-200, 200),
    )
    def set_up(
        self,
        fov: float | None,
        seconds: float | None,
        total: float | None,
        toward: str,
        start_z: float,
    ) -> None:
        self.bench = Bench(scope(stage={"toward_sample": toward}), LightBudget(fov, seconds, total))
        self.sign = 1 if toward == "increasing" else -1
        self.z = start_z
        self.stopped = False

    def sent(self, answer: object) -> bool:
        """True if the command goes out; the sum of permits and refusals stays whole."""
        if isinstance(answer, Permit):
            assert not self.stopped
            return True
        assert self.bench.refused[-1] is answer
        return False

    @rule(x=WILD, y=WILD, wait_s=st.floats(0, 0.5))
    def move_xy(self, x: Any, y: Any, wait_s: float) -> None:
        self.bench.time_s += wait_s
        if self.sent(self.bench.gate.xy(x, y)):
            assert -60_000 <= x <= 60_000
            assert -40_000 <= y <= 40_000

    @rule(z=WILD, objective=st.sampled_from(OBJECTIVES))
    def move_z(self, z: Any, objective: str) -> None:
        if self.sent(self.bench.gate.z(z, objective=objective, current_z_um=self.z)):
            low, high = {"10X": (-200, 200), "20X": (-100, 150)}[objective]
            assert low <= z <= high
            assert self.sign * (z - self.z) <= 20 * (1 + 1e-8)
            self.z = float(z)

    @rule(
        times=st.lists(st.one_of(st.floats(1, 500), WILD), min_size=1, max_size=4),
        fov=st.sampled_from(FOVS),
        channel=st.sampled_from(CHANNELS),
        objective=st.sampled_from(OBJECTIVES),
    )
    def expose(self, times: list[Any], fov: str, channel: str, objective: str) -> None:
        before = self.bench.book.totals()
        batch = [shot(channel, t, fov, objective) for t in times]
        if self.sent(self.bench.gate.exposures(batch)):
            for exposure in batch:
                assert 0 < exposure.exposure_ms <= {"DAPI": 500, "Lamp": 1000}[channel]
                self.bench.ledger.open(exposure)
        else:
            assert self.bench.book.totals() == before

    @rule()
    def restart(self) -> None:
        """The program is killed: memory is gone, the book is not."""
        old, new = self.bench.ledger, DoseLedger(self.bench.book)
        for fov in FOVS:
            assert new.fov(fov) == old.fov(fov)
        assert new.total().exposures == old.total().exposures
        assert math.isclose(new.total().seconds, old.total().seconds, rel_tol=1e-12)
        if not self.stopped:
            self.bench = Bench(self.bench.config, self.bench.budget, self.bench.book)

    @rule()
    def stop(self) -> None:
        self.bench.gate.stop()
        self.stopped = True

    @invariant()
    def budgets_hold(self) -> None:
        if not hasattr(self, "bench"):
            return
        budget, slack = self.bench.budget, 1 + 1e-8
        doses = self.bench.book.totals()
        for dose in doses.values():
            if budget.dose_per_fov_j_cm2 is not None:
                assert dose.j_cm2 is not None
                assert dose.j_cm2 <= budget.dose_per_fov_j_cm2 * slack
            if budget.exposure_per_fov_s is not None:
                assert dose.seconds <= budget.exposure_per_fov_s * slack
        if budget.total_dose_j_cm2 is not None:
            assert sum(d.j_cm2 or 0 for d in doses.values()) <= budget.total_dose_j_cm2 * slack


TestAnyCommands = AnyCommands.TestCase
TestAnyCommands.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
