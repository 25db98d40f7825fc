from __future__ import annotations

import shutil
import subprocess
import sys
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from replay_images import (
    CELL,
    DEMO,
    plane,
    stack,
    write_ome_tiff,
    write_png,
    write_series,
    write_zarr,
)

from hardware.data import ChannelConfig, ObjectiveConfig, ObjectivesConfig
from hardware.data.microscope_config import DarkFrameConfig
from sim.replay import ReplayError
from sim.replay.scope import ReplayScope, open_replay

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def replay() -> Iterator[Callable[..., ReplayScope]]:
    opened: list[ReplayScope] = []

    def open_it(images: Path, **how: Any) -> ReplayScope:
        settings = {"pixel_size_um": 0.5, "select": None, "interval_s": 60.0, "limit": None}
        config = how.pop("config", DEMO)
        opened.append(open_replay(images, config, **(settings | how)))
        return opened[-1]

    yield open_it
    for scope in opened:
        scope.shutdown()


def snap(scope: ReplayScope, x: float, y: float, channel: str = "DAPI") -> NDArray[Any]:
    scope.core.setXYPosition(x, y)
    scope.core.setConfig("Channel", channel)
    scope.core.snapImage()
    return scope.core.getImage()


def test_each_field_shows_its_own_pixels(tmp_path: Path, replay: Callable[..., Any]) -> None:
    for k in range(7):
        write_png(tmp_path / f"{'abcdefg'[k]}.png", plane(k))
    scope = replay(tmp_path)
    assert [fov.name for fov in scope.fovs] == list("abcdefg")
    for k, fov in enumerate(scope.fovs):
        np.testing.assert_array_equal(snap(scope, fov.x_um, fov.y_um), plane(k))
    for one, other in combinations(scope.fovs, 2):  # neighbours do not overlap
        apart = abs(one.x_um - other.x_um) >= 16 or abs(one.y_um - other.y_um) >= 12
        assert apart


def test_a_real_image_passes_through_the_core_unchanged(replay: Callable[..., Any]) -> None:
    scope = replay(CELL)
    (fov,) = scope.fovs
    np.testing.assert_array_equal(snap(scope, fov.x_um, fov.y_um), np.asarray(Image.open(CELL)))
    core = scope.core
    assert (core.getImageHeight(), core.getImageWidth(), core.getBytesPerPixel()) == (660, 550, 1)
    assert core.getPixelSizeUm() == scope.pixel_size_um == 0.5
    assert scope.timepoints == 1 and scope.channels == ("DAPI",)


def test_time_shows_one_recorded_time_point_per_interval(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_series(tmp_path, 4)
    scope = replay(tmp_path)
    (fov,) = scope.fovs
    assert scope.timepoints == 4
    for time_s, t in [(0.0, 0), (59.9, 0), (60.0, 1), (120.0, 2), (239.0, 3)]:
        scope.clock.set(time_s)
        np.testing.assert_array_equal(snap(scope, fov.x_um, fov.y_um), plane(t))


def test_after_the_last_time_point_there_is_nothing(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_series(tmp_path, 3)
    scope = replay(tmp_path)
    scope.clock.set(180.0)
    with pytest.raises(ReplayError, match="ends after 3 time points"):
        snap(scope, scope.fovs[0].x_um, scope.fovs[0].y_um)


def test_a_still_looks_the_same_at_all_times(tmp_path: Path, replay: Callable[..., Any]) -> None:
    write_png(tmp_path / "a.png", plane(3))
    scope = replay(tmp_path)
    scope.clock.set(1e6)
    np.testing.assert_array_equal(snap(scope, *_xy(scope)), plane(3))


def _xy(scope: ReplayScope, n: int = 0) -> tuple[float, float]:
    return scope.fovs[n].x_um, scope.fovs[n].y_um


def test_where_nothing_was_recorded_nothing_is_shown(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_png(tmp_path / "a.png", plane(0))
    scope = replay(tmp_path)
    x, y = _xy(scope)
    np.testing.assert_array_equal(snap(scope, x + 0.4, y - 0.4), plane(0))  # within tolerance
    with pytest.raises(ReplayError, match="nothing was recorded there; the nearest field, a"):
        snap(scope, x + 30, y)


def test_a_mosaic_is_a_stage_to_move_over(tmp_path: Path, replay: Callable[..., Any]) -> None:
    big = plane(0, 130, 210, dtype="uint8")
    write_png(tmp_path / "scan.png", big)
    scope = replay(tmp_path, sensor=(60, 50))
    assert [fov.name for fov in scope.fovs] == [
        f"scan_r{r}c{c}" for r in range(2) for c in range(4)
    ]
    assert scope.core.getImageHeight() == 60 and scope.core.getImageWidth() == 50
    for fov in scope.fovs:
        row, column = int(fov.name[-3]), int(fov.name[-1])
        top, left = 5 + 60 * row, 5 + 50 * column
        want = big[top : top + 60, left : left + 50]
        np.testing.assert_array_equal(snap(scope, fov.x_um, fov.y_um), want)
    np.testing.assert_array_equal(snap(scope, 0.0, 0.0), big[35:95, 80:130])  # anywhere between
    np.testing.assert_array_equal(snap(scope, 5.0, -2.5), big[30:90, 90:140])
    with pytest.raises(ReplayError, match="outside of the mosaic"):
        snap(scope, 500.0, 0.0)


def test_large_images_that_are_no_mosaic_are_seen_whole(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    for k in range(2):
        write_png(tmp_path / f"{k}x.png", plane(k, 120, 100))
    scope = replay(tmp_path, sensor=(60, 50))
    np.testing.assert_array_equal(snap(scope, *_xy(scope, 1)), plane(1, 120, 100))


def test_channels_by_name_or_in_order(tmp_path: Path, replay: Callable[..., Any]) -> None:
    pixels = stack(3, 1)[:, 0]
    write_ome_tiff(tmp_path / "a.ome.tif", pixels, "CYX", Channel={"Name": ["x", "fitc", "y"]})
    scope = replay(tmp_path)
    assert scope.channels == ("DAPI", "FITC", "Rhodamine")
    for k, channel in enumerate(scope.channels):
        np.testing.assert_array_equal(snap(scope, *_xy(scope), channel), pixels[k])
    with pytest.raises(ReplayError, match="channel Cy5: not in the recording"):
        snap(scope, *_xy(scope), "Cy5")
    one = replay(tmp_path, channels=("FITC",))
    np.testing.assert_array_equal(snap(one, *_xy(one), "FITC"), pixels[1])
    assert one.recorded_channels == {"FITC": "fitc"}
    other = replay(tmp_path, channels=("Cy5",))
    np.testing.assert_array_equal(snap(other, *_xy(other), "Cy5"), pixels[0])


@pytest.mark.parametrize(
    ("channels", "message"),
    [(("GFP",), "'GFP': not a preset"), (("DAPI", "FITC"), "2 channels .DAPI, FITC., the rec")],
)
def test_channels_that_were_not_recorded_are_refused(
    tmp_path: Path, replay: Callable[..., Any], channels: tuple[str, ...], message: str
) -> None:
    write_png(tmp_path / "a.png", plane(0))
    with pytest.raises(ReplayError, match=message):
        replay(tmp_path, channels=channels)


def test_more_channels_than_presets_are_refused(tmp_path: Path, replay: Callable[..., Any]) -> None:
    write_ome_tiff(tmp_path / "a.ome.tif", stack(5), "CYX")
    with pytest.raises(ReplayError, match="5 channels, the demo configuration only 4"):
        replay(tmp_path)


def test_a_z_stack_is_seen_plane_by_plane(tmp_path: Path, replay: Callable[..., Any]) -> None:
    pixels = stack(2, 1, 3)
    write_zarr(tmp_path / "a.ome.zarr", pixels)
    scope = replay(tmp_path, pixel_size_um=None)
    assert scope.pixel_size_um == scope.core.getPixelSizeUm() == 0.5
    assert scope.z_offsets_um == (-2.0, 0.0, 2.0)
    for z, offset in enumerate(scope.z_offsets_um):
        scope.core.setPosition(scope.fovs[0].z_um + offset)
        np.testing.assert_array_equal(snap(scope, *_xy(scope)), pixels[0, 0, z])
    scope.core.setPosition(9.0)
    with pytest.raises(ReplayError, match="from -2 to 2 um only"):
        snap(scope, *_xy(scope))


def test_a_stack_without_a_known_step_shows_its_middle_plane(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_ome_tiff(tmp_path / "a.ome.tif", stack(3), "ZYX")
    scope = replay(tmp_path)
    scope.core.setPosition(7.0)
    np.testing.assert_array_equal(snap(scope, *_xy(scope)), plane(1))
    assert scope.z_offsets_um == (0.0,) and "only the middle of 3" in scope.notes[-1]


def test_an_unknown_pixel_size_is_asked_for(tmp_path: Path, replay: Callable[..., Any]) -> None:
    write_png(tmp_path / "a.png", plane(0))
    with pytest.raises(ReplayError, match=r"a\.png: the pixel size is not in .*--pixel-size"):
        replay(tmp_path, pixel_size_um=None)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_numbers_without_sense_are_refused(
    tmp_path: Path, replay: Callable[..., Any], value: float
) -> None:
    write_png(tmp_path / "a.png", plane(0))
    with pytest.raises(ReplayError, match="--pixel-size"):
        replay(tmp_path, pixel_size_um=value)
    with pytest.raises(ReplayError, match="interval"):
        replay(tmp_path, interval_s=value)


def test_the_pixel_size_asked_for_goes_before_the_metadata_and_is_noted(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_ome_tiff(tmp_path / "a.ome.tif", stack(2), "TYX", PhysicalSizeX=0.65)
    scope = replay(tmp_path, pixel_size_um=0.5)
    assert scope.core.getPixelSizeUm() == 0.5 and "the metadata say 0.65 um" in scope.notes[0]
    assert replay(tmp_path, pixel_size_um=None).pixel_size_um == 0.65


def test_a_recording_is_never_asked_for_a_dark_frame(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_png(tmp_path / "a.png", plane(0))
    dark = DEMO.model_copy(update={"dark_frame": DarkFrameConfig(mean_below=20.0)})
    assert replay(tmp_path, config=dark).config.dark_frame is None


def test_the_microscopes_own_pixel_size_does_not_hide_the_recordings(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    write_png(tmp_path / "a.png", plane(0))
    items = {"10X": ObjectiveConfig(z_um=(-100, 100), pixel_size_um=1.0)}
    config = DEMO.model_copy(update={"objectives": ObjectivesConfig(items=items)})
    scope = replay(tmp_path, config=config)
    assert scope.config.objectives.items["10X"].pixel_size_um is None
    assert config.objectives.items["10X"].pixel_size_um == 1.0


def test_a_small_stage_has_no_room(tmp_path: Path, replay: Callable[..., Any]) -> None:
    for k in range(9):
        write_png(tmp_path / f"{k}x.png", plane(k))
    stage = DEMO.stage.model_copy(update={"x_um": (-10.0, 10.0)})
    config = DEMO.model_copy(update={"stage": stage})
    with pytest.raises(ReplayError, match=r"9 fields of 16 x 12 um do not fit.*--limit"):
        replay(tmp_path, config=config)
    assert len(replay(tmp_path, config=config, limit=4).fovs) == 4


def test_another_channel_group_is_refused(tmp_path: Path, replay: Callable[..., Any]) -> None:
    write_png(tmp_path / "a.png", plane(0))
    with pytest.raises(ReplayError, match="channel_group 'Dyes'"):
        replay(tmp_path, config=DEMO.model_copy(update={"channel_group": "Dyes"}))
    channels = {"GFP": ChannelConfig(max_exposure_ms=1)}
    with pytest.raises(ReplayError, match="presets"):
        replay(tmp_path, config=DEMO.model_copy(update={"channels": channels}))


def test_moves_switches_and_exposures_take_simulated_time(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    for name in "ab":
        write_png(tmp_path / f"{name}.png", plane(0))
    scope = replay(tmp_path)
    core, timing = scope.core, DEMO.timing
    scope.restore(time_s=5.0, x_um=0.0, y_um=0.0, z_um=0.0, channel="FITC", exposure_ms=30.0)
    assert scope.clock.now() == 5.0 and core.getCurrentConfig("Channel") == "FITC"
    core.setXYPosition(0.0, 0.0)
    core.setConfig("Channel", "FITC")
    assert scope.clock.now() == 5.0  # what changes nothing costs nothing
    core.setConfig("Channel", "DAPI")
    core.setXYPosition(*_xy(scope))
    moved = np.hypot(*_xy(scope)) / timing.xy_um_per_s + timing.settle_s
    want = 5.0 + timing.channel_switch_s + moved
    assert scope.clock.now() == pytest.approx(want, abs=1e-5)
    core.snapImage()
    assert scope.clock.now() == pytest.approx(want + 0.03 + timing.readout_s, abs=1e-5)


def test_a_sequence_of_frames_is_delivered(tmp_path: Path, replay: Callable[..., Any]) -> None:
    write_png(tmp_path / "a.png", plane(4))
    core = replay(tmp_path).core
    core.setConfig("Channel", "DAPI")
    core.startSequenceAcquisition(3, 0, True)
    while core.isSequenceRunning():
        pass
    assert core.getRemainingImageCount() == 3
    np.testing.assert_array_equal(core.popNextImage(), plane(4))


def test_many_fields_and_big_movies_are_read_again_after_the_cache_forgot_them(
    tmp_path: Path, replay: Callable[..., Any]
) -> None:
    for k in range(12):  # more than files kept open
        tifffile.imwrite(tmp_path / f"p{k:02d}.tif", stack(3) + k, photometric="minisblack")
    scope = replay(tmp_path)
    for time_s in (0.0, 60.0, 120.0):
        scope.clock.set(time_s)
        for k in range(12):
            got = snap(scope, *_xy(scope, k))
            np.testing.assert_array_equal(got, plane(int(time_s / 60)) + k)


def test_the_interpreter_ends_without_aborting(tmp_path: Path) -> None:
    shutil.copy(CELL, tmp_path / "a.png")
    script = (
        "import sys; from pathlib import Path; sys.path.insert(0, sys.argv[2])\n"
        "from replay_images import DEMO; from sim.replay.scope import open_replay\n"
        "s = open_replay(Path(sys.argv[1]), DEMO, pixel_size_um=1, select=None, interval_s=1,"
        " limit=None)\n"
        "s.core.setXYPosition(s.fovs[0].x_um, s.fovs[0].y_um)\n"
        "s.core.setConfig('Channel', 'DAPI'); s.core.snapImage(); s.shutdown()\n"
    )
    here = sys.modules["replay_images"].__file__ or ""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path), here.rsplit("/", 1)[0]],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
