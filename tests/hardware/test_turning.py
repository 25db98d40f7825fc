"""Visits that need another objective: retreat, turn, approach; and what goes wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from engine_kit import run
from rig import SHUTTERS, Rig, visit

from hardware.data import VisitKind

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[..., Rig]

ALLOWED = {"objectives": {"allow_change": True}}


def burst(number: int, **changes: Any) -> Any:
    """A visit with the 40X."""
    wanted = {"kind": VisitKind.REACTION, "objective": "40X", "series": "40X", **changes}
    return visit(number, channels=("DAPI",), **wanted)


def baseline(number: int, **changes: Any) -> Any:
    """A visit with the 20X of the scenario."""
    return visit(number, channels=("DAPI",), objective="20X", **changes)


def test_a_burst_turns_the_turret_away_from_the_sample_and_the_next_visit_turns_it_back(
    sim: Open,
) -> None:
    rig = sim(**ALLOWED)
    done = run(rig, [baseline(1), burst(2, x=300.0, z=5.0), burst(3, x=300.0, z=5.0), baseline(4)])
    moves = rig.sent("setXYPosition", "setZPosition", "setConfig", "snapImage")
    moves = [m for m in moves if m[:2] != ("setConfig", "Channel")]
    there = moves.index(("setConfig", "Objective", "40X"))
    assert moves[there - 1] == ("setZPosition", -150.0)
    assert moves[there + 1] == ("setXYPosition", 300.0, 0.0)  # travels while it is retracted
    approach = [m[1] for m in moves[there + 2 : there + 12] if m[0] == "setZPosition"]
    assert approach[-1] == 5.0
    steps = np.diff([-150.0, *approach])
    assert 0 < steps.min() <= steps.max() <= 20.0
    back = moves.index(("setConfig", "Objective", "20X"))
    assert moves[back - 1] == ("setZPosition", -150.0)
    turns = [m for m in moves if m[0] == "setConfig"]
    assert len(turns) == 2  # two visits of a burst in a row turn once
    facts = [(f.key.image, f.meta.objective, f.meta.pixel_size_um) for f in done.source.frames]
    assert facts == [
        ("A1", "20X", 0.5),
        ("A1@40X", "40X", 0.25),
        ("A1@40X", "40X", 0.25),
        ("A1", "20X", 0.5),
    ]


def test_light_through_another_objective_counts_with_its_own_irradiance(sim: Open) -> None:
    rig = sim(**ALLOWED)
    run(rig, [baseline(1), burst(2)])
    assert [(e.objective, e.irradiance_w_cm2, e.fov) for e in rig.book.rows] == [
        ("20X", 0.04, "A1"),
        ("40X", 0.15, "A1"),
    ]


def test_the_simulated_field_is_seen_at_the_right_magnification(sim: Open) -> None:
    rig = sim(seed=3, side=256, **ALLOWED)
    frames = run(rig, [baseline(1, exposure_ms=100.0), burst(2, exposure_ms=100.0)]).source.frames
    wide, close = (f.pixels.astype(float) for f in frames)
    n = len(wide)
    middle = wide[n // 4 : -n // 4, n // 4 : -n // 4]  # what the 40X sees of it
    small = close.reshape(n // 2, 2, n // 2, 2).mean(axis=(1, 3))
    assert np.corrcoef(middle.ravel(), small.ravel())[0, 1] > 0.9
    assert abs(np.corrcoef(wide.ravel(), close.ravel())[0, 1]) < 0.5


def test_a_turn_takes_the_time_that_the_microscope_says(sim: Open) -> None:
    took = {}
    for turret_s in (2.0, 7.0):
        rig = sim(timing={"turret_s": turret_s}, scenario={"stage": {"turret_s": None}}, **ALLOWED)
        rig.microscope.move_z(-150.0)
        before = rig.clock.now()
        rig.microscope.set_objective("40X")
        took[turret_s] = rig.clock.now() - before
    assert took == {2.0: pytest.approx(2.0), 7.0: pytest.approx(7.0)}


def test_a_turret_that_may_not_turn_costs_the_visit_and_nothing_else(sim: Open) -> None:
    rig = sim(objectives={"allow_change": False})
    done = run(rig, [burst(1), baseline(2)])
    (_, account), (_, after) = done.source.ended_visits
    assert account.stored == 0
    assert "objective changes are off" in account.reasons[0]
    assert rig.sent("setXYPosition", "setZPosition", "setConfig", "snapImage") == []
    assert rig.refused[0].remedy.startswith("Turn the turret by hand")
    assert after.stored == 0  # the other visit asks for the turret as well: unknown is refused
    assert rig.book.rows == []


def test_a_turn_that_fails_leaves_the_light_off_and_the_visit_without_images(sim: Open) -> None:
    rig = sim(**ALLOWED)
    really, stuck = rig.core.setConfig, [True]

    def set_config(group: str, preset: str) -> None:
        if group != "Objective" or not stuck[0]:
            really(group, preset)

    rig.core.setConfig = set_config
    rig.core.setShutterOpen("White Light Shutter", True)
    at_the_end: list[set[str]] = []
    really_off = rig.microscope.light_off

    def light_off() -> tuple[str, ...]:
        left = really_off()
        at_the_end.append({s for s in SHUTTERS if rig.core.getShutterOpen(s)})
        return left

    rig.microscope.light_off = light_off
    done = run(rig, [burst(1)])
    assert at_the_end == [set(), set()]  # once for the turn, once for the end of the run
    assert done.source.frames == []
    assert rig.book.rows == []
    (fault,) = done.source.account.faults
    assert "asked for 40X, reads 20X" in str(fault)
    assert done.source.account.reasons == [str(fault)]
    # the turret is asked where it is before the next turn: the run goes on with what it says
    stuck[0] = False
    after = run(rig, [baseline(2), burst(3)])
    assert [f.meta.objective for f in after.source.frames] == ["20X", "40X"]


def test_nothing_moves_while_the_turret_does_not_say_where_it_is(sim: Open) -> None:
    rig = sim(**ALLOWED)
    really = rig.core.getCurrentConfig
    rig.core.setConfig = lambda *_: None
    rig.core.getCurrentConfig = lambda g: "" if g == "Objective" else really(g)
    run(rig, [burst(1)])
    rig.log.clear()
    done = run(rig, [burst(2)])
    assert "nobody knows which objective is in place" in done.source.account.reasons[0]
    assert rig.sent("setZPosition", "setXYPosition", "setConfig", "snapImage") == []
