"""Bad input: one clear line with file and key, exit code 2, nothing moved, nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import tifffile
from cli_kit import PLAN, here, one_line_each, plan_with, tree, write_yaml
from PIL import Image

NAN, INF = float("nan"), float("inf")
FIRST = "baseline.stage_positions.0"

BAD_PLANS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "judge's adapter is not there",
        plan_with(judge={"kind": "mllm", "adapter": "nowhere"}),
        "judge.adapter",
        "there is no folder",
    ),
    (
        "unknown preset",
        plan_with(("baseline.channels.0.config", "DAPPI")),
        "baseline.channels[0].config",
        "did you mean DAPI?",
    ),
    (
        "position outside limits",
        plan_with((f"{FIRST}.x", 70_000)),
        "baseline.stage_positions[0].x",
        "limit: -60000 to 60000 um",
    ),
    (
        "NaN coordinate",
        plan_with((f"{FIRST}.y", NAN)),
        "baseline.stage_positions[0].y",
        "not a finite number",
    ),
    (
        "infinite coordinate",
        plan_with((f"{FIRST}.z", -INF)),
        "baseline.stage_positions[0].z",
        "not a finite number",
    ),
    (
        "exposure over the limit",
        plan_with(("baseline.channels.1.exposure", 5000)),
        "baseline.channels[1].exposure",
        "at most 1000 ms",
    ),
    (
        "NaN exposure",
        plan_with(("baseline.channels.1.exposure", NAN)),
        "baseline.channels[1].exposure",
        "not a finite number",
    ),
    (
        "interval shorter than one round",
        plan_with(("baseline.time_plan.interval", 0.5)),
        "baseline.time_plan.interval",
        "one round of 2 fields takes",
    ),
    (
        "reaction interval shorter than one visit",
        plan_with(decide={"policy": "watch"}, reaction={"interval_s": 0.05}),
        "reaction.interval_s",
        "one visit takes",
    ),
    (
        "budget below one baseline round",
        plan_with(("budget.dose_per_fov_j_cm2", 0.0001)),
        "budget.dose_per_fov_j_cm2",
        "one round costs",
    ),
    ("unknown key", plan_with(trobule={}), "trobule", "did you mean trouble?"),
    (
        "unknown key deep inside",
        plan_with(("baseline.channels.0.exposur", 10)),
        "baseline.channels[0].exposur",
        "did you mean exposure?",
    ),
    ("no channels", plan_with(("baseline.channels", [])), "baseline.channels", "nothing to image"),
]


@pytest.fixture(autouse=True)
def nothing_is_loaded() -> Iterator[None]:
    """No device may even be loaded: what is wrong is found before."""
    opened = AssertionError("a microscope was opened")
    with (
        mock.patch("agent.scope.RealScope.__init__", side_effect=opened),
        mock.patch("sim.scope.SimulatedScope.__init__", side_effect=opened),
        mock.patch("sim.replay.scope.ReplayScope.__init__", side_effect=opened),
    ):
        yield


@pytest.mark.parametrize(
    ("plan", "key", "says"), [case[1:] for case in BAD_PLANS], ids=[case[0] for case in BAD_PLANS]
)
def test_check_run_and_rehearse_refuse_alike(
    folder: Path, plan: dict[str, Any], key: str, says: str
) -> None:
    path = write_yaml(folder / "plan.yaml", plan)
    before = tree(folder)
    checked = here("check", "plan.yaml")
    ran = here("run", "plan.yaml", "--out", "new/run")
    rehearsed = here("rehearse", "plan.yaml", "--out", "new/run")
    by_default = here("run", "plan.yaml", "--json")
    assert (checked.code, ran.code, rehearsed.code, by_default.code) == (2, 2, 2, 2)
    assert tree(folder) == before
    found = [line[7:] for line in checked.out.splitlines() if line.startswith("error: ")]
    assert one_line_each(ran.err) == found
    assert one_line_each(by_default.err) == found
    assert by_default.out == ""
    (line,) = [line for line in found if f": {key}: " in line]
    assert line.startswith(path.name)
    assert says in line
    (line,) = [line for line in one_line_each(rehearsed.err) if f": {key}: " in line]
    assert line.startswith(path.name)


def cases_of_arguments() -> list[tuple[str, list[str], str]]:
    return [
        ("missing plan", ["rehearse", "nosuch.yaml"], "nosuch.yaml: no such file"),
        ("missing plan", ["run", "nosuch.yaml", "-m", "demo"], "nosuch.yaml: no such file"),
        ("nearest plan", ["rehearse", "mitosis_wach"], "did you mean mitosis_watch?"),
        ("plan is a folder", ["rehearse", "."], ".: is not a file"),
        ("plan is no YAML", ["rehearse", "broken.yaml"], "broken.yaml:2: not valid YAML"),
        ("plan is an image", ["rehearse", "image.png"], "image.png: not a text file"),
        ("plan is empty", ["rehearse", "empty.yaml"], "empty.yaml: the file is empty"),
        ("plan is a list", ["rehearse", "list.yaml"], "is not keys with values"),
        ("unknown microscope", ["run", "good.yaml", "-m", "demmo"], "did you mean demo?"),
        ("unknown microscope", ["rehearse", "good.yaml", "-m", "x.yaml"], "x.yaml: no such file"),
        ("no microscope", ["run", "homeless.yaml"], "homeless.yaml: no microscope named"),
        ("no microscope", ["check", "homeless.yaml"], "homeless.yaml: no microscope named"),
        ("unknown scenario", ["rehearse", "good.yaml", "--scenario", "mitosis_nite"], "--scenario"),
        ("unknown judge", ["rehearse", "good.yaml", "--judge", "oracle"], "--judge"),
        ("scenario of the plan", ["rehearse", "elsewhere.yaml"], "elsewhere.yaml:3: scenario: "),
        ("seed", ["rehearse", "good.yaml", "--seed", "many"], "--seed"),
        ("unwritable out", ["rehearse", "good.yaml", "--out", "/dev/null/x"], "cannot be created"),
        ("unwritable out", ["run", "good.yaml", "--out", "/dev/null/x"], "cannot be created"),
        ("out exists", ["rehearse", "good.yaml", "--out", "taken"], "taken: exists already"),
        ("out exists", ["run", "good.yaml", "--out", "taken"], "taken: exists already"),
        ("out is a file", ["run", "good.yaml", "--out", "good.yaml"], "exists already"),
        ("not a run", ["resume", "taken"], "taken: no run here: journal.sqlite is missing"),
        ("not a run", ["report", "nowhere"], "nowhere: no run here"),
        ("no run's journal", ["resume", "nonsense"], "cannot be read"),
        ("no run's journal", ["report", "nonsense"], "nonsense"),
        ("new in use", ["new", "taken"], "taken: is not empty"),
        ("unknown template", ["new", "fresh", "-t", "watchh"], "did you mean watch?"),
        ("unknown schema", ["schema", "plam"], "did you mean plan?"),
        ("export over a file", ["export", "good.yaml", "-o", "good.yaml"], "exists already"),
        ("export of nothing", ["export", "nosuch.yaml"], "no such file"),
        ("unknown command", ["rehearze", "good.yaml"], "No such command"),
        ("missing argument", ["run"], "PLAN"),
        ("no limit", ["replay", "good.yaml", "--images", "x", "--limit", "0"], "--limit"),
    ]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [case[1:] for case in cases_of_arguments()],
    ids=[f"{case[0]}: {case[1][0]}" for case in cases_of_arguments()],
)
def test_what_cannot_be_done_is_said_in_one_line(
    folder: Path, arguments: list[str], says: str
) -> None:
    write_yaml(folder / "good.yaml", PLAN)
    write_yaml(folder / "homeless.yaml", {k: v for k, v in PLAN.items() if k != "microscope"})
    write_yaml(folder / "elsewhere.yaml", plan_with(("scenario", "atlantis")))
    write_yaml(folder / "list.yaml", ["a", "b"])
    (folder / "broken.yaml").write_text("goal: [unclosed\nbaseline: {")
    (folder / "empty.yaml").write_text("# nothing\n")
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "image.png")
    (folder / "taken").mkdir()
    (folder / "taken" / "notes.txt").write_text("mine")
    (folder / "nonsense").mkdir()
    (folder / "nonsense" / "journal.sqlite").write_text("this is no database")
    before = tree(folder)
    done = here(*arguments)
    assert done.code == 2
    assert says in (done.out if arguments[0] == "check" else done.err)
    assert "Traceback" not in done.err
    assert tree(folder) == before


def images(folder: Path, what: str) -> None:
    folder.mkdir()
    good = np.random.default_rng(0).integers(0, 4000, (64, 64)).astype(np.uint16)
    Image.fromarray(good).save(folder / "a.png")
    if what == "unreadable":
        (folder / "b.png").write_bytes((folder / "a.png").read_bytes()[:60])
    elif what == "empty":
        (folder / "b.tif").write_bytes(b"")
    elif what == "mixed sizes":
        Image.fromarray(good[:32]).save(folder / "b.png")
    elif what == "not a number":
        tifffile.imwrite(folder / "b.tif", np.full((64, 64), NAN, np.float32))
    elif what == "none":
        (folder / "a.png").unlink()


@pytest.mark.parametrize(
    ("what", "options", "says"),
    [
        ("unreadable", ["--pixel-size", "0.5"], "b.png"),
        ("empty", ["--pixel-size", "0.5"], "b.tif"),
        ("not a number", ["--pixel-size", "0.5"], "b.tif"),
        ("mixed sizes", ["--pixel-size", "0.5"], "mixed size"),
        ("none", ["--pixel-size", "0.5"], "no images in it"),
        ("no pixel size", [], "the pixel size is not in the metadata"),
        ("pixel size", ["--pixel-size", "nan"], "--pixel-size nan"),
        ("pixel size", ["--pixel-size", "-1"], "--pixel-size -1"),
        ("select", ["--pixel-size", "0.5", "--select", "*.tif"], "fits none of the 1 images"),
    ],
)
def test_images_that_cannot_be_replayed(
    folder: Path, what: str, options: list[str], says: str
) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    images(folder / "images", what)
    before = tree(folder)
    done = here("replay", "plan.yaml", "--images", "images", "--out", "run", *options)
    assert done.code == 2
    (line,) = one_line_each(done.err)
    assert line.startswith("--images: ")
    assert says in line
    assert tree(folder) == before


def test_a_replay_of_a_plan_without_channels(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", plan_with(("baseline.channels", [])))
    images(folder / "images", "good")
    done = here("replay", "plan.yaml", "--images", "images", "--pixel-size", "0.5")
    assert done.code == 2
    assert "baseline.channels: no channels" in one_line_each(done.err)[0]


def test_a_rehearsal_never_loads_the_real_microscope(folder: Path) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    demo = (Path(__file__).parents[2] / "configs/microscopes/demo.yaml").read_text()
    mine = folder / "mine.yaml"
    mine.write_text(demo.replace("MMConfig_demo.cfg", "/opt/scope/MMConfig_scope.cfg"))
    before = tree(folder)
    done = here("rehearse", "plan.yaml", "-m", "mine.yaml")
    (line,) = one_line_each(done.err)
    assert done.code == 2
    assert line.startswith("mine.yaml:4: mm_config: a rehearsal runs on MMConfig_demo.cfg")
    assert "use --microscope demo" in line
    assert tree(folder) == before


@pytest.mark.parametrize("verb", ["check", "run", "rehearse"])
def test_without_micro_manager(folder: Path, verb: str) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    with mock.patch("pymmcore_plus.find_micromanager", return_value=None):
        done = here(verb, "plan.yaml")
    assert done.code == 2
    (line,) = [x for x in (done.out + done.err).splitlines() if "mm_config" in x]
    assert "no Micro-Manager device adapters are installed" in line
    assert "pip install mm-test-adapters" in line
    assert not (folder / "runs").exists()


@pytest.mark.parametrize("verb", ["check", "run", "rehearse"])
def test_a_disk_without_room(folder: Path, verb: str) -> None:
    write_yaml(folder / "plan.yaml", PLAN)
    with mock.patch("agent.commands.look.free_bytes", return_value=2 * 1024**3 + 1000):
        done = here(verb, "plan.yaml")
    assert done.code == 2
    (line,) = [x for x in (done.out + done.err).splitlines() if "GB free here" in x]
    assert "8 frames take up to" in line
    assert "--out" in line
    assert not (folder / "runs").exists()
