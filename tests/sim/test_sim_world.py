"""The sample is a pure function of seed, time and light; and what light does to it."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sim_kit import exposure, scenario

from sim.cells import END, Phase
from sim.motion import REACH
from sim.world import Rect, Seen, World

FIELD = {"20X": (256.0, 256.0)}
A1 = Rect.around(0, 0, 256, 256)
FAR = Rect.around(4000, -3000, 256, 256)


def world(name: str = "mitosis_night", seed: int = 17, **changes: Any) -> World:
    return World(scenario(name, **changes), seed, FIELD)


def digest(seen: Seen) -> str:
    parts = (seen.rows, seen.x, seen.y, seen.phase, seen.progress)
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()


def test_the_order_of_looking_changes_nothing() -> None:
    one, other = world(), world()
    for rect, at in ((A1, 0.0), (FAR, 100.0), (A1, 9000.0)):
        one.look(rect, at)
    other.look(FAR, 20000.0)
    for rect in (FAR, A1):
        assert digest(one.look(rect, 21000.0)) == digest(other.look(rect, 21000.0))


def test_another_seed_is_another_culture() -> None:
    assert digest(world(seed=17).look(A1, 0.0)) != digest(world(seed=18).look(A1, 0.0))


def test_another_process_sees_the_same_cells() -> None:
    here = Path(__file__).parent
    code = (
        f"import sys; sys.path.insert(0, {str(here)!r}); import test_sim_world as t; "
        "print(t.digest(t.world().look(t.A1, 5000.0)))"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(here.parent.parent)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env
    )
    assert run.stdout.strip() == digest(world().look(A1, 5000.0))


def test_the_same_light_again_gives_the_same_cells_to_the_bit() -> None:
    light = [exposure(60.0 * n + 0.123457, channel=("DAPI", "FITC")[n % 2]) for n in range(400)]
    lived, resumed = world(), world()
    for shot in light:
        lived.look(A1, shot.time_s)  # what was looked at is not in the journal
        lived.receive(shot)
    for shot in light:
        resumed.receive(replace(shot, time_s=shot.time_s + 1e-8))  # the journal's last digits
    assert digest(lived.look(A1, 24001.0)) == digest(resumed.look(A1, 24001.0))


def test_a_place_millimetres_away_costs_no_more_than_a_near_one() -> None:
    far = world()
    far.look(Rect.around(12_000, 9_000, 256, 256), 0.0)
    near = world()
    near.look(A1, 0.0)
    assert len(far._tiles) <= len(near._tiles) + 9


@pytest.mark.parametrize(
    ("geometry", "place", "populated"),
    [
        ({"kind": "dish", "diameter_mm": 35}, (0, 0), True),
        ({"kind": "dish", "diameter_mm": 35}, (17_800, 0), False),
        ({"kind": "plate"}, (9000, 9000), True),  # B2
        ({"kind": "plate"}, (4500, 0), False),  # between A1 and A2
        ({"kind": "plate"}, (-9000, 0), False),  # left of A1
    ],
)
def test_cells_grow_in_the_dish_or_the_wells_only(
    geometry: dict[str, object], place: tuple[float, float], populated: bool
) -> None:
    seen = world(specimen={"geometry": geometry}).look(Rect.around(*place, 256, 256), 0.0)
    assert (len(seen.rows) > 0) is populated


def test_a_division_leaves_two_daughters_where_the_mother_was() -> None:
    culture = world(specimen={"cycling": 1.0, "deaths_per_1000_cells_h": 0.0})
    mothers = culture.mitoses(A1, 6000.0)
    mothers = mothers[(mothers["starts"][:, END] > 100) & (mothers["starts"][:, END] < 6000)]
    assert len(mothers) > 5
    for n in range(len(mothers)):
        mother = mothers[n : n + 1]
        end = float(mother["starts"][0, END])
        x, y = (float(value[0]) for value in culture.place(mother, end))
        around = Rect.around(x, y, 60, 60)
        before, after = culture.look(around, end - 1), culture.look(around, end + 1)
        assert mother["key"][0] in before.rows["key"]
        assert mother["key"][0] not in after.rows["key"]
        both = after.rows["mother"] == mother["key"][0]
        assert both.sum() == 2
        assert np.allclose(after.x[both].mean(), x, atol=0.1)
        assert np.allclose(np.hypot(after.x[both] - x, after.y[both] - y), 8, atol=0.3)


def test_granddaughters_rest_so_that_the_dish_does_not_overgrow() -> None:
    culture = world(specimen={"cycling": 1.0, "generations": 2, "deaths_per_1000_cells_h": 0.0})
    week = 7 * 24 * 3600.0
    start, later, end = (len(culture.look(A1, t).rows) for t in (0.0, week, 2 * week))
    assert 3 * start < later < 4.5 * start
    assert later == pytest.approx(end, rel=0.1)


def test_cells_wander_smoothly_and_stay_near_home() -> None:
    culture = world(specimen={"cycling": 0.0})
    rows = culture.look(A1, 0.0).rows
    moving = rows[~rows["debris"]]
    track = np.array([culture.place(moving, 60.0 * n) for n in range(360)])
    assert np.abs(np.diff(track, axis=0)).max() < 1.0  # um a minute
    home = np.array([moving["x"], moving["y"]])
    assert np.abs(track - home).max() <= REACH * 5.0
    assert np.sqrt(((track[60:] - track[:-60]) ** 2).sum(axis=1).mean()) == pytest.approx(
        5, rel=0.3
    )


def test_light_slows_the_way_to_mitosis_in_the_lit_field_only() -> None:
    dark, lit = world(), world()
    for n in range(200):
        lit.receive(exposure(n * 10.0, exposure_ms=500.0))  # 4 J/cm^2 of DAPI light
    before = {int(row["key"]): row for row in dark.mitoses(A1, 1e6)}
    after = {int(row["key"]): row for row in lit.mitoses(A1, 1e6)}
    inside = [k for k, row in after.items() if row["toxic"] > 3.9]
    for k in inside:
        wait = before[k]["starts"][END] - 2000
        if wait > 0:
            assert after[k]["starts"][END] - 2000 > 1.5 * wait
    assert inside
    far = Rect.around(800, 0, 256, 256)
    assert digest(dark.look(far, 5000.0)) == digest(lit.look(far, 5000.0))


def test_too_much_light_kills() -> None:
    lit = world(specimen={"dead": 0.0, "deaths_per_1000_cells_h": 0.0})
    for n in range(200):
        lit.receive(exposure(n * 1.0, exposure_ms=2000.0))  # 16 J/cm^2
    seen = lit.look(Rect.around(0, 0, 200, 200), 5000.0)
    living = seen.rows["toxic"] > 15
    assert (seen.phase[living] == Phase.DEAD).mean() > 0.9


@pytest.mark.parametrize(("channel", "bleached"), [("DAPI", "chromatin"), ("FITC", "cytoplasm")])
def test_each_channel_bleaches_its_own_stain(channel: str, bleached: str) -> None:
    culture = world()
    culture.receive(exposure(0.0, channel=channel, exposure_ms=1000.0))
    rows = culture.look(A1, 1.0).rows
    other = {"chromatin": "cytoplasm", "cytoplasm": "chromatin"}[bleached]
    assert rows[bleached].max() == pytest.approx(0.04)
    assert rows[other].max() == 0


def test_a_microscope_without_measured_irradiance_still_doses() -> None:
    culture = world()
    culture.receive(exposure(0.0, irradiance_w_cm2=None))
    assert culture.look(A1, 1.0).rows["toxic"].max() > 0
