from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np
import pytest
import tifffile
from replay_images import (
    CELL,
    MULTIPAGE,
    plane,
    stack,
    write_meta,
    write_ome_tiff,
    write_png,
    write_series,
    write_zarr,
)

from sim.replay import Catalogue, ReplayError, scan

if TYPE_CHECKING:
    from pathlib import Path


def names(catalogue: Catalogue) -> list[str]:
    return [field.name for field in catalogue.fields]


def test_each_image_is_a_field_of_view(tmp_path: Path) -> None:
    for name in ("b2.png", "b10.png", "a.png"):
        write_png(tmp_path / name, plane(1))
    found = scan(tmp_path)
    assert names(found) == ["a", "b2", "b10"] and found.n_t == 1
    assert (found.height, found.width, found.dtype) == (24, 32, "uint16")
    assert found.pixel_size_um is None and found.notes == ()


def test_a_numbered_series_is_one_field_in_time(tmp_path: Path) -> None:
    write_series(tmp_path / "well_A", 12)
    write_series(tmp_path / "well_B" / "images", 12, "frame_", start=95)
    found = scan(tmp_path)
    assert names(found) == ["well_A_well_A", "well_B_images_frame"]
    assert found.n_t == 12
    assert found.fields[1].plane(11, 0, 0)[0].path.name == "frame_106.png"
    assert "24 time points in files of their own make 2 fields" in found.notes[0]


def test_series_of_single_letters_are_named_after_their_folder(tmp_path: Path) -> None:
    write_series(tmp_path / "movie" / "images", 3)
    assert names(scan(tmp_path / "movie")) == ["movie"]


NOT_SERIES = {
    "two are no series": ["t0", "t1"],
    "a gap": ["t0", "t1", "t3"],
    "hex names": ["00071198d059", "003cee89357d", "00ae65c1c663", "0121d6759c5a"],
    "letters at the end": ["t0_fluo", "t1_fluo", "t2_fluo"],
    "different stems": ["a0", "b1", "c2"],
}


@pytest.mark.parametrize("case", NOT_SERIES)
def test_what_is_no_series_stays_single_images(tmp_path: Path, case: str) -> None:
    for k, name in enumerate(NOT_SERIES[case]):
        write_png(tmp_path / f"{name}.png", plane(k))
    found = scan(tmp_path)
    assert len(found.fields) == len(NOT_SERIES[case]) and found.n_t == 1


def test_consecutive_numbers_but_different_sizes_are_mixed_fields(tmp_path: Path) -> None:
    write_series(tmp_path, 3)
    write_png(tmp_path / "t003.png", plane(0, 30, 32))
    with pytest.raises(ReplayError, match=r"t000\.png is 32 x 24, .*t003\.png is 32 x 30") as e:
        scan(tmp_path)
    assert "--select 32x24 takes 3 of 4" in str(e.value) and "\n" not in str(e.value)
    assert scan(tmp_path, select="32x24").n_t == 3
    assert scan(tmp_path, select="32x30").n_t == 1


def test_the_caller_decides_what_is_a_series(tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    assert len(scan(tmp_path, as_series=False).fields) == 4
    (tmp_path / "t001.png").unlink()
    assert scan(tmp_path).n_t == 1
    assert scan(tmp_path, as_series=True).n_t == 3


def test_a_multi_page_tiff_is_one_field_in_time() -> None:
    found = scan(MULTIPAGE)
    assert names(found) == ["multipage"] and found.n_t == 2


def test_movies_in_numbered_files_stay_fields_of_their_own(tmp_path: Path) -> None:
    for k in range(3):
        tifffile.imwrite(tmp_path / f"pos{k}.tif", stack(5), photometric="minisblack")
    found = scan(tmp_path)
    assert len(found.fields) == 3 and found.n_t == 5


def test_several_images_in_one_ome_tiff_are_several_fields(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as tif:
        for k in range(2):
            tif.write(stack(3) + k, metadata={"axes": "TYX", "PhysicalSizeX": 0.5})
    found = scan(tmp_path)
    assert names(found) == ["a", "a_2"] and found.n_t == 3 and found.pixel_size_um == 0.5


def test_ome_zarr_images_in_a_folder(tmp_path: Path) -> None:
    for name in ("A1", "A2"):
        write_zarr(tmp_path / "images" / f"{name}.ome.zarr", stack(3, 2, 1))
    found = scan(tmp_path)
    assert names(found) == ["A1", "A2"]
    assert (found.n_t, found.channels, found.pixel_size_um) == (3, ("dye 0", "dye 1"), 0.5)
    assert names(scan(tmp_path / "images" / "A1.ome.zarr")) == ["A1"]


def test_labels_and_masks_are_left_out(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", plane(0))
    for folder in ("labels", "masks", "a_labels", "Annotations", ".hidden"):
        write_png(tmp_path / folder / "a.png", plane(1, 50, 50))
    write_png(tmp_path / "a_mask.png", plane(1, 50, 50))
    found = scan(tmp_path)
    assert names(found) == ["a"] and "5 folders or files of labels" in found.notes[0]


def test_the_images_folder_of_a_data_set_is_used(tmp_path: Path) -> None:
    write_png(tmp_path / "images" / "a.png", plane(0))
    write_png(tmp_path / "preview.png", plane(0, 99, 99))
    assert names(scan(tmp_path)) == ["a"]


def table_set(folder: Path) -> None:
    """Two stills and a movie of 3 frames in two channels, as meta.csv tells."""
    rows: list[dict[str, object]] = []
    for name in ("00", "01"):
        write_png(folder / "images" / f"{name}.png", plane(0))
        rows.append({"image": f"images/{name}.png", "sequence": "", "frame": "", "channel": ""})
    for t in (2, 0, 1):
        for c, channel in enumerate(("phase", "cdc reporter")):
            write_png(folder / "images" / f"m{t}_{channel[:3]}.png", plane(10 * t + c))
            image = f"images/m{t}_{channel[:3]}.png"
            frame = float(t)  # as spreadsheets write it
            rows.append({"image": image, "sequence": "m", "frame": frame, "channel": channel})
    write_meta(folder / "meta.csv", rows)


def test_meta_csv_says_what_is_a_movie_and_what_a_channel(tmp_path: Path) -> None:
    table_set(tmp_path)
    for folder in (tmp_path, tmp_path / "images"):
        movie = scan(folder, select="m*")
        assert names(movie) == ["m"] and movie.n_t == 3
        assert movie.channels == ("phase", "cdc reporter")
        assert movie.fields[0].plane(2, 1, 0)[0].path.name == "m2_cdc.png"
        assert names(scan(folder, select="0*")) == ["00", "01"]


def test_meta_csv_without_sequences_means_single_images(tmp_path: Path) -> None:
    write_series(tmp_path / "images", 4, "set")
    write_meta(
        tmp_path / "meta.csv",
        [{"image": f"images/set00{k}.png", "split": "train"} for k in range(4)],
    )
    assert len(scan(tmp_path).fields) == 4
    assert scan(tmp_path, as_series=True).n_t == 4


def test_a_table_about_something_else_is_ignored(tmp_path: Path) -> None:
    write_series(tmp_path, 4)
    write_meta(tmp_path / "meta.csv", [{"well": "A1", "drug": "none"}])
    assert scan(tmp_path).n_t == 4


def test_a_frame_number_that_is_none_names_the_line(tmp_path: Path) -> None:
    table_set(tmp_path)
    text = (tmp_path / "meta.csv").read_text().replace("m,0.0", "m,first", 1)
    (tmp_path / "meta.csv").write_text(text)
    with pytest.raises(ReplayError, match=r"meta\.csv: line 6: frame 'first'"):
        scan(tmp_path)


def test_a_frame_without_one_of_its_channels_is_named(tmp_path: Path) -> None:
    table_set(tmp_path)
    (tmp_path / "images" / "m1_cdc.png").unlink()
    with pytest.raises(ReplayError, match="sequence 'm': frame 1 does not have one image per"):
        scan(tmp_path)


def test_fields_with_fewer_time_points_set_the_number_for_all(tmp_path: Path) -> None:
    write_series(tmp_path / "a", 5)
    write_series(tmp_path / "b", 3)
    found = scan(tmp_path)
    assert found.n_t == 3 and "3 to 5 time points" in found.notes[-1]


def test_limit_and_select(tmp_path: Path) -> None:
    for k in range(9):
        write_png(tmp_path / f"{'ab'[k % 2]}{k}x.png", plane(k))
    assert names(scan(tmp_path, select="a*", limit=2)) == ["a0x", "a2x"]
    assert "the first 2 of 9 fields" in scan(tmp_path, limit=2).notes
    with pytest.raises(ReplayError, match=r"--select z\*: fits none of the 9"):
        scan(tmp_path, select="z*")
    with pytest.raises(ReplayError, match="--limit 0"):
        scan(tmp_path, limit=0)


def test_limit_looks_only_at_the_fields_that_are_kept(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", plane(0))
    write_png(tmp_path / "b.png", plane(0, 99, 99))
    assert scan(tmp_path, limit=1).height == 24


def test_names_are_safe_and_unique(tmp_path: Path) -> None:
    for name in ("Zelle µ 1.png", "a.png", "sub/a.tif", "A.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".png":
            write_png(path, plane(0))
        else:
            tifffile.imwrite(path, plane(0))
    found = names(scan(tmp_path))
    assert len({name.lower() for name in found}) == 4
    assert all(name.isascii() and "/" not in name and " " not in name for name in found)


MIXED = {
    "depth": (plane(0, dtype="uint8"), r"mixed depth: .*a\.png is 16 bit, .*b\.png is 8 bit"),
    "size": (plane(0, 48, 32), "mixed size"),
}


@pytest.mark.parametrize("case", MIXED)
def test_images_that_do_not_fit_one_camera_are_named(tmp_path: Path, case: str) -> None:
    pixels, message = MIXED[case]
    write_png(tmp_path / "a.png", plane(0))
    write_png(tmp_path / "b.png", pixels)
    with pytest.raises(ReplayError, match=message):
        scan(tmp_path)


def test_mixed_channels_planes_and_pixel_sizes_are_named(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("c", "z", "px", "some")]
    for folder in folders:
        folder.mkdir()
        write_ome_tiff(folder / "a.ome.tif", stack(2, 2), "CZYX", PhysicalSizeX=0.5)
    write_ome_tiff(folders[0] / "b.ome.tif", stack(3, 2), "CZYX", PhysicalSizeX=0.5)
    write_ome_tiff(folders[1] / "b.ome.tif", stack(2, 3), "CZYX", PhysicalSizeX=0.5)
    write_ome_tiff(folders[2] / "b.ome.tif", stack(2, 2), "CZYX", PhysicalSizeX=0.25)
    write_ome_tiff(folders[3] / "b.ome.tif", stack(2, 2), "CZYX")
    messages = ("mixed channels", "mixed planes", "mixed pixel sizes: .*0.5 um, .*0.25 um")
    for folder, message in zip(folders, messages, strict=False):
        with pytest.raises(ReplayError, match=message):
            scan(folder)
    assert scan(folders[3]).pixel_size_um is None  # known for some is not known


def test_colour_is_noted(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", np.dstack([plane(0, dtype="uint8")] * 3))
    shutil.copy(tmp_path / "a.png", tmp_path / "b.png")
    assert any("2 colour images turned to grey" in note for note in scan(tmp_path).notes)


def test_an_unreadable_image_among_good_ones_is_named(tmp_path: Path) -> None:
    shutil.copy(CELL, tmp_path / "good.png")
    (tmp_path / "empty.png").write_bytes(b"")
    with pytest.raises(ReplayError, match=r"empty\.png: the file is empty"):
        scan(tmp_path)
    assert names(scan(tmp_path, select="good*")) == ["good"]


def test_folders_without_images(tmp_path: Path) -> None:
    with pytest.raises(ReplayError, match="no such file or folder"):
        scan(tmp_path / "none")
    with pytest.raises(ReplayError, match="no images in it"):
        scan(tmp_path)
    (tmp_path / "a.jpg").write_bytes(b"x")
    with pytest.raises(ReplayError, match=r"files there: 1 \.jpg.*OME-Zarr can be replayed"):
        scan(tmp_path)
    with pytest.raises(ReplayError, match=r"a\.jpg: not a recorded image"):
        scan(tmp_path / "a.jpg")


def test_what_our_own_runs_wrote_can_be_replayed(tmp_path: Path) -> None:
    """A run's folder has images/ with a group document of its own beside the images."""
    images = tmp_path / "images"
    write_zarr(images / "A1.ome.zarr", stack(2, 1, 1))
    attributes = '{"ome": {"version": "0.5", "bioformats2raw.layout": 3}}'
    (images / "zarr.json").write_text(
        f'{{"zarr_format": 3, "node_type": "group", "attributes": {attributes}}}'
    )
    (images / "OME").mkdir()
    (images / "OME" / "zarr.json").write_text("{}")
    assert names(scan(tmp_path)) == ["A1"]
