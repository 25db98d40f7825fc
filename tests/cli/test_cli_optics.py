"""Objective and binning of a plan through the command line: refused before anything, or obeyed."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

import numpy as np
from cli_kit import here, one_line_each, plan_with, tree, write_yaml
from PIL import Image

from hardware.store import ImageReader

if TYPE_CHECKING:
    from pathlib import Path


ONE = plan_with(("baseline.channels", [{"config": "DAPI", "exposure": 20}]))


def recording(folder: Path) -> Path:
    """Two fields as PNG files."""
    folder.mkdir()
    for name in ("a", "b"):
        pixels = np.random.default_rng(ord(name)).integers(0, 255, (64, 64), np.uint8)
        Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


def test_a_run_with_another_objective_in_place_is_refused_and_leaves_nothing(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(objective="40X"))
    before = tree(folder)
    done = here("run", "plan.yaml", "--out", "night")  # the demo configuration starts with 10X
    assert done.code == 2
    assert "objective: 40X, but MMConfig_demo.cfg starts with 10X" in done.err  # as check says
    refusal = done.err.splitlines()[-1]
    assert refusal.startswith("plan.yaml:")
    assert "objective: a run with objective 10X in place (limit: the plan is for 40X)" in refusal
    assert "nothing was moved; turn the turret to 40X by hand" in refusal
    assert tree(folder) == before


def test_a_rehearsal_puts_the_plans_objective_in_place(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(objective="40X"))
    done = here("rehearse", "plan.yaml", "--out", "night", "--json")
    assert done.code == 0, done.err
    with sqlite3.connect(f"file:{folder / 'night'}/journal.sqlite?mode=ro", uri=True) as database:
        used = database.execute("SELECT DISTINCT objective, pixel_size_um FROM frames").fetchall()
    database.close()
    assert used == [("40X", 0.25)]


def test_a_rehearsal_of_an_objective_that_the_scenario_does_not_have(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(objective="60X"))
    done = here("rehearse", "plan.yaml", "--out", "night")
    assert done.code == 2
    (line,) = one_line_each(done.err)
    assert "objective: no objective 60X in optics.objectives of scenario" in line
    assert not (folder / "night").exists()


def test_binning_that_the_instrument_does_not_have_is_refused_in_one_line(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(camera={"binning": 8}))
    done = here("rehearse", "plan.yaml", "--out", "night")
    assert done.code == 2
    line = done.err.splitlines()[-1]
    assert "camera.binning: binning 8 (limit: binning that Camera lists: 1, 2, 4)" in line
    assert not (folder / "night").exists()


def test_a_replay_cannot_bin_what_was_recorded(folder: Path) -> None:
    images = recording(folder / "images")
    write_yaml(folder / "plan.yaml", ONE | {"camera": {"binning": 2}})
    done = here("replay", "plan.yaml", "--images", images, "--pixel-size", "0.5", "--out", "r")
    assert done.code == 2
    assert "camera.binning: binning 2 (limit: " in done.err.splitlines()[-1]
    assert not (folder / "r").exists()


def test_a_replay_says_which_optics_it_leaves_out(folder: Path) -> None:
    images = recording(folder / "images")
    optics = {"objective": "40X", "z_plan": {"range": 4, "step": 2}}
    watch = {"policy": "watch"}
    plan = ONE | {"objective": "20X", "reaction": optics, "decide": watch}
    write_yaml(folder / "plan.yaml", plan | {"judge": {"kind": "classical"}})
    done = here(
        "replay", "plan.yaml", "--images", images, "--pixel-size", "0.5", "--out", "r", "--json"
    )
    assert done.code == 0, done.err
    assert "left out, the recording shows what was imaged: objective, reaction" in done.err
    assert ImageReader(folder / "r").images == ("a", "b")
