"""Replays of real images (a few that scikit-image ships): counts come from the real pixels."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import skimage
import useq
from cli_kit import here, process, write_yaml
from PIL import Image

from agent.report import read_run
from hardware.data import Frame, FrameKey, FrameMeta
from hardware.store import ImageReader
from policies.judge_config import ClassicalJudgeConfig
from policies.registry import make_judge

DATA = Path(skimage.__file__).parent / "data"
UM = 0.65
SIDE = 256
CORNERS = {  # of real photographs, one size as from one camera
    "coins_a": ("coins.png", 0, 0),
    "coins_b": ("coins.png", 40, 120),
    "cell": ("cell.png", 200, 150),
    "camera": ("camera.png", 100, 200),
}


def recorded(folder: Path) -> Path:
    folder.mkdir()
    for name, (file, top, left) in CORNERS.items():
        pixels = np.asarray(Image.open(DATA / file).convert("L"))
        Image.fromarray(pixels[top : top + SIDE, left : left + SIDE]).save(folder / f"{name}.png")
    return folder


def frame(run: Path, visit: int) -> Frame:
    """The visit's one frame as the store and the journal have it."""
    database = sqlite3.connect(f"file:{run}/journal.sqlite?mode=ro", uri=True)
    ((fov, t, c, z, *meta),) = database.execute(
        "SELECT fov, t, c, z, time_s, utc, x_um, y_um, z_um, exposure_ms, channel, objective,"
        " pixel_size_um FROM frames WHERE visit=?",
        (visit,),
    ).fetchall()
    database.close()
    key = FrameKey(fov, t, c, z)
    event = useq.MDAEvent(index={"t": t, "c": c, "z": z})
    return Frame(visit, 0, key, ImageReader(run).read(key), event, FrameMeta(*meta))


def test_the_report_counts_what_is_in_the_stored_pixels(folder: Path) -> None:
    images = recorded(folder / "images")
    done = here(
        "replay", "replay_fields", "--images", images, "--pixel-size", UM, "--out", "r", "--json"
    )
    assert done.code == 0, done.err
    assert done.last["outcome"] == "complete"
    assert done.last["events"] is None
    assert done.last["visits"]["delivered"] >= len(CORNERS)
    run = folder / "r"
    looks = read_run(run).looks
    assert {look.fov for look in looks} == set(CORNERS)
    judge = make_judge(ClassicalJudgeConfig(channel="DAPI"))
    for look in looks:
        seen = frame(run, look.visit)
        np.testing.assert_array_equal(
            seen.pixels, np.asarray(Image.open(images / f"{look.fov}.png"))
        )
        assert seen.meta.pixel_size_um == UM
        verdict = judge.judge([seen], target="mitosis")
        assert (look.count, look.confluence) == (verdict.count, verdict.confluence)
    counts = {look.fov: look.count for look in looks}
    assert any(counts.values())
    text = (run / "report.html").read_text()
    for name in CORNERS:
        assert name in text


def test_a_recording_that_states_its_pixel_size_needs_no_option(folder: Path) -> None:
    """What one run has stored is a recording for the next: OME-Zarr, pixel size included."""
    images = recorded(folder / "images")
    first = here(
        "replay", "replay_fields", "--images", images, "--pixel-size", UM, "--out", "a", "--json"
    )
    again = here("replay", "replay_fields", "--images", "a/images", "--out", "b", "--json")
    assert (first.code, again.code) == (0, 0), again.err
    one, two = (
        {look.fov: look.count for look in read_run(folder / name).looks} for name in ("a", "b")
    )
    assert {name.removesuffix(".ome"): count for name, count in two.items()} == one


def test_a_movie_is_one_field_in_time(folder: Path) -> None:
    import tifffile

    pixels = np.asarray(Image.open(DATA / "cell.png").convert("L"))
    pages = [pixels[n * 10 : n * 10 + SIDE, 100 : 100 + SIDE] for n in range(6)]
    (folder / "movie").mkdir()
    tifffile.imwrite(
        folder / "movie" / "cell.tif",
        np.stack(pages),
        metadata={"axes": "TYX"},
        photometric="minisblack",
    )
    write_yaml(
        folder / "plan.yaml",
        {
            "goal": "look at a movie",
            "microscope": "demo",
            "baseline": {
                "axis_order": "tpcz",
                "stage_positions": [{"name": "p", "x": 0, "y": 0, "z": 0}],
                "channels": [{"config": "DAPI", "exposure": 10}],
            },
            "judge": {"kind": "none"},
        },
    )
    done = process(
        "replay", "plan.yaml", "--images", "movie", "--pixel-size", UM, "--out", "r", "--json",
        cwd=folder,
    )  # fmt: skip
    assert done.code == 0, done.err
    assert done.last["visits"]["delivered"] == 6
    assert "warning" not in done.err
    reader = ImageReader(folder / "r")
    assert reader.images == ("cell",)
    for t, page in enumerate(pages):
        np.testing.assert_array_equal(reader.read(FrameKey("cell", t, 0, 0)), page)
