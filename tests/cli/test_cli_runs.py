"""Whole runs through the command line: what they print, what they leave behind."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import ome_zarr.io
import ome_zarr.reader
import pytest
import yaml
import yaozarrs
from cli_kit import PLAN, Done, here, plan_with, write_yaml

from agent.dump import dump_model
from agent.load import load_microscope
from hardware.data.microscope_config import DarkFrameConfig

SUMMARY = {"run", "outcome", "simulated_s", "wall_s", "visits", "events", "dose", "report"}
VISITS = {"expected", "delivered", "skipped", "dropped", "late"}
EVENTS = {"total", "captured", "recall", "false_reactions"}
DOSE = {"total_j_cm2", "max_fov_j_cm2", "fixed_plan_j_cm2"}


def assert_complete(done: Done, visits: int) -> dict[str, Any]:
    """A complete run of so many visits, its summary as the issue wants it; returns that."""
    assert done.code == 0, done.err
    summary = done.last
    assert set(summary) >= SUMMARY
    assert set(summary["visits"]) == VISITS
    assert set(summary["dose"]) >= DOSE
    assert summary["outcome"] == "complete"
    assert summary["visits"]["expected"] == summary["visits"]["delivered"] == visits
    run = Path(summary["run"])
    assert summary["report"] == str(run / "report.html")
    assert "<html" in Path(summary["report"]).read_text()[:500]
    assert json.loads((run / "summary.json").read_text()) == summary
    return summary


def table(run: str, query: str) -> list[tuple[Any, ...]]:
    """Rows of a run's journal."""
    with sqlite3.connect(f"file:{run}/journal.sqlite?mode=ro", uri=True) as database:
        rows = database.execute(query).fetchall()
    database.close()
    return rows


def test_a_rehearsal_has_a_dark_of_its_own_and_takes_as_long_as_was_said(folder: Path) -> None:
    """`mean_below` is of another camera, whose dark is lower than the simulated one's."""
    demo = load_microscope("demo").config
    dark = DarkFrameConfig(exposure_ms=150.0, mean_below=20.0)
    scope = demo.model_copy(update={"dark_frame": dark})
    (folder / "scope.yaml").write_text(dump_model(scope), encoding="utf-8")
    write_yaml(folder / "plan.yaml", PLAN)
    done = here("rehearse", "plan.yaml", "--microscope", "scope.yaml", "--out", "night", "--json")
    assert_complete(done, 4)
    kept = yaml.safe_load(dict(table("night", "SELECT key, value FROM run"))["microscope"])
    assert kept["dark_frame"] == {"exposure_ms": 150.0, "mean_below": 102.0}
    took_s = [b - a for a, b in table("night", "SELECT started_s, finished_s FROM visits")]
    assert min(took_s) > 0.15


def test_a_rehearsal(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    done = here("rehearse", "plan.yaml", "--out", "night", "--seed", "3", "--json")
    assert len(done.out.splitlines()) == 1
    summary = assert_complete(done, 4)
    assert set(summary["events"]) == EVENTS
    assert summary["dose"]["total_j_cm2"] == pytest.approx(2 * summary["dose"]["max_fov_j_cm2"])
    assert summary["simulated_s"] >= 10
    assert dict(table("night", "SELECT key, value FROM run"))["seed"] == "3"

    again = here("resume", "night", "--json")
    assert again.code == 2
    assert "this run is complete" in again.err

    (folder / "night" / "report.html").unlink()
    report = here("report", "night")
    assert (report.code, report.out.strip()) == (0, "night/report.html")
    assert (folder / "night" / "report.html").is_file()


def test_a_rehearsal_for_people(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    done = here("rehearse", "plan.yaml", "--out", "night")
    assert done.code == 0
    text = " ".join(done.out.split())
    assert "outcome complete" in text
    assert "4 expected = 4 delivered + 0 skipped + 0 dropped; 0 late" in text
    assert "of simulated time in" in text
    assert "J/cm2 in the busiest field" in text
    assert "night/report.html" in text
    assert "warning" not in done.err  # the demo's configuration is no concern of a rehearsal


def test_a_seed_is_another_specimen_and_the_same_seed_the_same(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(("baseline.time_plan.loops", 1)))
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        assert here("rehearse", "plan.yaml", "--out", name, "--seed", seed, "--json").code == 0
    pixels = [
        [
            path.read_bytes()
            for path in sorted((folder / name / "images").rglob("*"))
            if path.is_file() and path.suffix != ".json"
        ]
        for name in "abc"
    ]
    assert len(pixels[0]) == 4
    assert pixels[0] == pixels[1]
    assert pixels[0] != pixels[2]


def test_the_store_is_valid_ome_zarr(folder: Path) -> None:
    stack = {"range": 4, "step": 2}
    write_yaml(folder / "plan.yaml", plan_with(("baseline.z_plan", stack)))
    assert_complete(here("rehearse", "plan.yaml", "--out", "night", "--json"), 4)
    images = folder / "night" / "images"
    yaozarrs.validate_zarr_store(str(images))
    for name in ("A1", "A2"):
        path = images / f"{name}.ome.zarr"
        yaozarrs.validate_zarr_store(str(path))
        location = ome_zarr.io.parse_url(str(path), mode="r")
        assert location is not None
        (node,) = ome_zarr.reader.Reader(location)()
        assert node.data[0].shape == (2, 2, 3, 512, 512)
        assert node.data[0].max().compute() > 0
        assert [axis["name"] for axis in node.metadata["axes"]] == ["t", "c", "z", "y", "x"]
        assert [axis.get("unit") for axis in node.metadata["axes"]] == [
            "second",
            None,
            "micrometer",
            "micrometer",
            "micrometer",
        ]
        assert node.metadata["channel_names"] == ["DAPI", "FITC"]
        (scale,) = [
            step["scale"]
            for step in node.metadata["coordinateTransformations"][0]
            if step["type"] == "scale"
        ]
        assert scale == [10.0, 1.0, 2.0, 0.5, 0.5]  # s, -, um; 20X: 0.5 um per pixel


def test_a_run_on_the_demo_microscope_in_real_time(folder: Path) -> None:
    plan = plan_with(("baseline.time_plan", {"interval": 2, "loops": 2}), ("microscope", None))
    write_yaml(folder / "plan.yaml", plan)
    done = here("run", "plan.yaml", "--microscope", "demo", "--out", "real", "--json")
    summary = assert_complete(done, 4)
    assert summary["events"] is None
    assert summary["simulated_s"] >= 2  # the second round was due then, in real time
    assert len(done.out.splitlines()) == 1
    assert table("real", "SELECT count(*) FROM frames") == [(8,)]
    yaozarrs.validate_zarr_store(str(folder / "real" / "images"))


def test_the_default_directory_says_plan_and_time(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(("baseline.time_plan.loops", 1)))
    one, two = (here("rehearse", "plan.yaml", "--json").last["run"] for _ in range(2))
    assert one != two
    assert {Path(one).parent, Path(two).parent} == {Path("runs")}
    assert all(Path(run).name.startswith("plan-20") for run in (one, two))


def test_a_scenario_beside_the_plan(folder: Path) -> None:
    (folder / "mine").mkdir()
    write_yaml(folder / "mine" / "dish.yaml", {"name": "dish", "description": "mine", "seed": 4})
    plan = plan_with(("scenario", "dish.yaml"), ("baseline.time_plan.loops", 1))
    write_yaml(folder / "mine" / "plan.yaml", plan)
    done = here("rehearse", "mine/plan.yaml", "--out", "night", "--json")
    assert done.code == 0, done.err
    assert "name: dish" in dict(table("night", "SELECT key, value FROM run"))["scenario"]


def test_bench_loop_as_json() -> None:
    done = here("bench", "loop", "--visits", "12", "--repeats", "1", "--json")
    assert done.code == 0
    found = done.last
    assert found["ratio"]["median"] > 0
    assert found["lap_ms"]["median"] > 0
    assert found["frames"] == 24
    assert "cpus" in found["machine"]
