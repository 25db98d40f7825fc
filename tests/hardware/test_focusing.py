"""Autofocus through the microscope: found where it is, counted, retried, recalled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from engine_kit import Book, settings
from rig import Rig, visit

from hardware.autofocus import FocusPoint, FocusResult, Sweep
from hardware.data import Purpose
from hardware.focusing import FRESH_S, Focuser
from hardware.gate import LightBudget

if TYPE_CHECKING:
    from collections.abc import Callable

    Open = Callable[..., Rig]

STEPS = 11  # five coarse, six fine


def focuser(rig: Rig, book: Book | None = None, **changes: Any) -> tuple[Focuser, Book]:
    book = book or Book(rig.clock.now)
    return Focuser(rig.microscope, settings(**changes), book), book


def true_focus_um(rig: Rig, x: float, y: float) -> float:
    from sim.optics import focal_plane_um

    scope: Any = rig.scope
    return focal_plane_um(scope.scenario, scope._faults, scope.seed, x, y, rig.clock.now())


# --------------------------------------------------------------------------- finding it


@pytest.mark.parametrize("seed", [17, 3, 8])
@pytest.mark.parametrize(("x", "y", "off"), [(0, 0, 6.0), (0, 0, -6.0), (600, 600, 6.0)])
def test_the_focus_is_found_within_1_um_from_6_um_away(
    sim: Open, seed: int, x: float, y: float, off: float
) -> None:
    rig = sim(seed=seed, side=256)
    rig.microscope.move_xy(x, y)
    truth = true_focus_um(rig, x, y)
    focus, book = focuser(rig)
    place = visit(x=x, y=y, z=truth + off)
    result = focus.focus(place)
    assert result.ok, result.why
    assert result.z_um == pytest.approx(true_focus_um(rig, x, y), abs=1.0)
    assert book.found == [result]
    assert focus.offset_um(place) == pytest.approx(result.z_um - place.fov.z_um)


def test_a_focus_beyond_the_sweep_is_found_by_the_retry_at_its_edge(sim: Open) -> None:
    rig = sim(side=256)
    focus, book = focuser(rig)
    result = focus.focus(visit(z=true_focus_um(rig, 0, 0) + 11.0))
    assert result.ok
    assert result.z_um == pytest.approx(true_focus_um(rig, 0, 0), abs=1.0)
    assert rig.ledger.total().exposures == 5 + STEPS
    assert sorted(book.steps) == list(range(5 + STEPS))  # counted through the retry


def test_a_focus_beyond_the_sweep_is_no_focus_without_a_retry(sim: Open) -> None:
    rig = sim(side=256)
    focus, book = focuser(rig, retries=0)
    result = focus.focus(visit(z=true_focus_um(rig, 0, 0) + 11.0))
    assert not result.ok
    assert "sharpest at the edge" in result.why
    assert book.history == []
    assert rig.ledger.total().exposures == 5


def test_an_empty_field_has_no_focus_and_costs_no_fine_sweep(sim: Open) -> None:
    rig = sim("empty", side=256)
    focus, book = focuser(rig)
    result = focus.focus(visit())
    assert (result.ok, result.why) == (False, "no contrast anywhere in the sweep")
    assert rig.ledger.total().exposures == 2 * 5
    assert [found.ok for found in book.found] == [False]


def test_a_new_field_starts_where_the_others_were_in_focus(sim: Open) -> None:
    rig = sim(side=256)
    truth = true_focus_um(rig, 0, 0)
    history = [FocusPoint("A1", 0.0, 12.0), FocusPoint("A2", 0.0, 12.4)]
    focus, _ = focuser(rig, Book(rig.clock.now, history=history), retries=0)
    result = focus.focus(visit(name="B1", z=truth - 12.0))
    assert result.ok
    assert result.z_um == pytest.approx(true_focus_um(rig, 0, 0), abs=1.0)


def test_every_image_of_a_sweep_is_counted_as_focus_light(sim: Open) -> None:
    rig = sim()
    focus, _ = focuser(rig)
    focus.focus(visit())
    rows = rig.book.rows
    assert {row.purpose for row in rows} == {Purpose.FOCUS}
    assert [row.index for row in rows] == list(range(len(rows)))
    assert {(row.fov, row.channel, row.exposure_ms) for row in rows} == {("A1", "DAPI", 10.0)}
    assert rig.microscope.read().open_shutters == ()


# --------------------------------------------------------------------------- refused, broken


def test_a_sweep_over_the_budget_is_refused_with_its_reason(sim: Open) -> None:
    rig = sim(budget=LightBudget(dose_per_fov_j_cm2=3.5 * 0.04 * 0.01))
    focus, book = focuser(rig)
    result = focus.focus(visit())
    assert not result.ok
    assert result.why.startswith("refused: exposure = 10 ms of DAPI on A1")
    assert rig.ledger.total().exposures == 3
    assert book.found[0].why == result.why


def test_a_sweep_out_of_the_z_limits_is_refused_without_light(sim: Open) -> None:
    rig = sim()
    focus, _ = focuser(rig)
    result = focus.focus(visit(z=155.0))  # 20X: up to 150; the sweep begins at 147
    assert not result.ok
    assert "z = 151 um" in result.why
    assert rig.ledger.total().exposures == 2  # one at 147 um in each attempt


def test_a_channel_that_the_yaml_does_not_know_is_a_failed_autofocus(sim: Open) -> None:
    rig = sim()
    focus, _ = focuser(rig, channel="GFP")
    result = focus.focus(visit())
    assert not result.ok
    assert 'channel "GFP"' in result.why
    assert rig.log == []


def test_a_device_that_fails_costs_one_attempt_and_is_reported(sim: Open) -> None:
    fault = {"kind": "dropped_frame", "from_s": 0.1, "to_s": 0.16}
    rig = sim(side=256, scenario={"faults": [fault]})
    focus, book = focuser(rig)
    result = focus.focus(visit())
    assert result.ok
    assert len(result.faults) == 1
    assert str(result.faults[0]).startswith("camera: ")
    assert [found.ok for found in book.found] == [True]
    assert rig.ledger.total().exposures > STEPS


def test_a_device_that_goes_on_failing_is_a_failed_autofocus(sim: Open) -> None:
    rig = sim(scenario={"faults": [{"kind": "dropped_frame", "from_s": 0, "to_s": 999}]})
    focus, _ = focuser(rig)
    result = focus.focus(visit())
    assert not result.ok
    assert (len(result.faults), result.why) == (2, str(result.faults[-1]))
    assert rig.ledger.total().exposures == 2


def test_a_plan_without_autofocus_says_so(sim: Open) -> None:
    rig = sim()
    result = Focuser(rig.microscope, None, Book(rig.clock.now)).focus(visit(z=3.0))
    assert (result.ok, result.z_um) == (False, 3.0)
    assert result.why == "the plan has no autofocus"
    assert rig.log == []


def test_a_stopped_sweep_says_nothing_of_the_field(sim: Open) -> None:
    rig = sim()
    focus, book = focuser(rig)
    rig.microscope.stop()
    assert not focus.focus(visit()).ok
    assert book.found == []


# --------------------------------------------------------------------------- interrupted


def interrupted(sim: Open, after: int, **changes: Any) -> tuple[Rig, Book, FocusResult]:
    """A sweep of which the first `after` images were taken, and what the whole one finds."""
    rig = sim(side=256)
    drifting = [FocusPoint("A1", -7200.0, 1.0), FocusPoint("A1", -1800.0, 2.0)]
    whole, book = focuser(rig, Book(rig.clock.now, history=drifting), **changes)
    result = whole.focus(visit())
    book.steps = {index: step for index, step in book.steps.items() if index < after}
    book.history = drifting
    return rig, book, result


@pytest.mark.parametrize("after", [1, 4, 5, 9, STEPS])
def test_images_taken_before_an_interruption_are_not_taken_again(sim: Open, after: int) -> None:
    rig, book, whole = interrupted(sim, after)
    rig.clock.sleep_until(rig.clock.now() + 30.0)  # the prediction has drifted meanwhile
    counted = rig.ledger.total().exposures
    again, _ = focuser(rig, book)
    result = again.focus(visit())
    assert rig.ledger.total().exposures == counted + STEPS - after
    assert result.ok
    assert [z for z, _ in result.curve] == pytest.approx([z for z, _ in whole.curve])
    assert result.z_um == pytest.approx(whole.z_um, abs=1.0)


def test_images_of_a_retry_are_recalled_too(sim: Open) -> None:
    rig = sim(side=256)
    place = visit(z=true_focus_um(rig, 0, 0) + 11.0)
    first, book = focuser(rig)
    whole = first.focus(place)
    book.history.clear()
    counted = rig.ledger.total().exposures
    again, _ = focuser(rig, book)
    assert again.focus(place).z_um == pytest.approx(whole.z_um)
    assert rig.ledger.total().exposures == counted


def test_stale_images_are_taken_again(sim: Open) -> None:
    rig, book, _ = interrupted(sim, 5)
    rig.clock.sleep_until(rig.clock.now() + FRESH_S + 1.0)
    counted = rig.ledger.total().exposures
    again, _ = focuser(rig, book)
    assert again.focus(visit()).ok
    assert rig.ledger.total().exposures == counted + STEPS


def test_images_of_another_geometry_are_not_mistaken_for_these(sim: Open) -> None:
    rig, book, _ = interrupted(sim, STEPS)
    counted = rig.ledger.total().exposures
    again, _ = focuser(rig, book, sweep=Sweep(8.0, 2.0, 1.0))
    assert again.focus(visit(z=2.0)).ok
    assert rig.ledger.total().exposures > counted
