from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
import yaozarrs
import zarr
from ome_zarr.io import parse_url
from ome_zarr.reader import Reader
from store_frames import LAYOUT, frame_of, keys, pixels_of

from hardware.data import FrameKey
from hardware.store import ImageLayout, ImageReader, ImageStore, StoreError
from hardware.store.names import image_name

if TYPE_CHECKING:
    from pathlib import Path


def filled(root: Path, n_t: int = 3, fovs: tuple[str, ...] = ("A1", "B 2")) -> ImageStore:
    store = ImageStore(root, LAYOUT, sync=False)
    for fov in fovs:
        for key in keys(fov, n_t):
            store.write(frame_of(key))
    return store


def test_frames_come_back_bit_exact_from_the_store_and_from_a_reader(tmp_path: Path) -> None:
    store, reader = filled(tmp_path), ImageReader(tmp_path)
    assert store.images == reader.images == ("A1", "B 2")
    for key in keys("A1", 3) + keys("B 2", 3):
        np.testing.assert_array_equal(store.read(key), pixels_of(key))
        np.testing.assert_array_equal(reader.read(key), pixels_of(key))
    assert reader.layout("A1") == LAYOUT


def test_image_and_folder_validate_as_ome_zarr(tmp_path: Path) -> None:
    store = filled(tmp_path)
    yaozarrs.validate_zarr_store(str(tmp_path / "images"))
    store.describe("A1", [(k, frame_of(k).meta) for k in keys("A1", 3)])
    yaozarrs.validate_zarr_store(str(tmp_path / "images" / "A1.ome.zarr"))


def test_an_independent_reader_shows_axes_scales_and_channel_names(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (node,) = Reader(parse_url(str(tmp_path / "images" / "A1.ome.zarr")))()
    assert [a["name"] for a in node.metadata["axes"]] == ["t", "c", "z", "y", "x"]
    assert [a.get("unit") for a in node.metadata["axes"]] == [
        "second",
        None,
        "micrometer",
        "micrometer",
        "micrometer",
    ]
    scale = node.metadata["coordinateTransformations"][0][0]["scale"]
    assert scale == [120.0, 1.0, 1.5, 0.65, 0.65]
    assert node.metadata["channel_names"] == ["DAPI", "FITC"]
    assert node.data[0].shape == (3, 2, 2, 40, 56)
    np.testing.assert_array_equal(
        np.asarray(node.data[0][2, 1, 0]), pixels_of(FrameKey("A1", 2, 1, 0))
    )


def test_an_unknown_interval_or_z_step_gets_no_unit(tmp_path: Path) -> None:
    layout = replace(LAYOUT, n_z=1, z_step_um=None, interval_s=None)
    store = ImageStore(tmp_path, layout, sync=True)
    store.write(frame_of(FrameKey("A1", 0, 0, 0), layout))
    attributes = zarr.open_group(tmp_path / "images" / "A1.ome.zarr", mode="r").attrs.asdict()
    axes = {a["name"]: a.get("unit") for a in attributes["ome"]["multiscales"][0]["axes"]}
    assert axes["t"] is None and axes["z"] is None and axes["x"] == "micrometer"
    assert ImageReader(tmp_path).layout("A1") == layout


def test_every_committed_frame_is_visible_while_the_image_grows(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False)
    committed: list[FrameKey] = []
    looks = 0

    def write() -> None:
        for key in keys("A1", 12):
            store.write(frame_of(key))
            committed.append(key)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive() or not looks:
        known = list(committed)
        path = tmp_path / "images" / "A1.ome.zarr"
        if not path.exists():
            assert not known
            continue
        yaozarrs.validate_ome_uri(str(path))
        array = zarr.open_group(path, mode="r")["0"]
        assert isinstance(array, zarr.Array)
        for key in known[-3:]:
            assert array.shape[0] > key.t
            np.testing.assert_array_equal(array[key.t, key.c, key.z], pixels_of(key))
            looks += 1
    writer.join()
    assert len(committed) == 48


def test_threads_write_different_fields_and_planes_at_once(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False)
    todo = [key for fov in ("A", "B", "C") for key in keys(fov, 6)]
    errors: list[Exception] = []

    def work(mine: list[FrameKey]) -> None:
        try:
            for key in mine:
                store.write(frame_of(key))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(todo[i::4],)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    for key in todo:
        np.testing.assert_array_equal(store.read(key), pixels_of(key))


def test_a_black_frame_is_a_frame(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False)
    black = replace(frame_of(FrameKey("A1", 0, 0, 0)), pixels=np.zeros((40, 56), np.uint16))
    store.write(black)
    again = ImageStore.open(tmp_path, LAYOUT, sync=False, recorded=[black.key])
    assert not again.missing
    with pytest.raises(StoreError, match="already stored"):
        again.write(black)


def test_a_second_frame_in_the_same_place_is_refused(tmp_path: Path) -> None:
    store = filled(tmp_path)
    key = FrameKey("A1", 1, 1, 1)
    with pytest.raises(StoreError, match="nothing was overwritten"):
        store.write(replace(frame_of(key), pixels=np.zeros((40, 56), np.uint16)))
    np.testing.assert_array_equal(store.read(key), pixels_of(key))


def test_a_frame_that_was_never_taken_is_no_black_image(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False)
    store.write(frame_of(FrameKey("A1", 4, 0, 0)))
    with pytest.raises(StoreError, match="no frame"):
        store.read(FrameKey("A1", 2, 0, 0))
    with pytest.raises(StoreError, match="no image 'B1'"):
        store.read(FrameKey("B1", 0, 0, 0))


MISFITS = {
    "shape": (lambda f: replace(f, pixels=f.pixels[:-1]), "frame is .39, 56."),
    "dtype": (lambda f: replace(f, pixels=f.pixels.astype(np.uint8)), "uint8"),
    "channel": (lambda f: replace(f, meta=replace(f.meta, channel="Cy5")), "'Cy5'"),
    "swapped": (lambda f: replace(f, meta=replace(f.meta, channel="FITC")), "c = 0 is 'DAPI'"),
    "pixel size": (lambda f: replace(f, meta=replace(f.meta, pixel_size_um=0.325)), "0.325 um"),
    "c": (lambda f: replace(f, key=replace(f.key, c=2)), "2 channels"),
    "z": (lambda f: replace(f, key=replace(f.key, z=2)), "2 planes"),
    "t": (lambda f: replace(f, key=replace(f.key, t=-1)), "-1, 0, 0"),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_frame_that_does_not_fit_is_refused_and_leaves_nothing(tmp_path: Path, case: str) -> None:
    spoil, message = MISFITS[case]
    store = ImageStore(tmp_path, LAYOUT, sync=False)
    with pytest.raises(StoreError, match=message) as refused:
        store.write(spoil(frame_of(FrameKey("A1", 0, 0, 0))))
    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "images").glob("*.ome.zarr"))


def test_a_closed_store_takes_no_frames(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.write(frame_of(FrameKey("A1", 3, 0, 0)))


@pytest.mark.parametrize("fov", ["A1", "well B2, field 3", "Zelle_µ", "a.b", "x" * 100])
def test_good_names_of_fields(fov: str) -> None:
    assert image_name(fov) == f"{fov}.ome.zarr"


@pytest.mark.parametrize(
    "fov",
    [
        "",
        ".",
        "..",
        "../A1",
        "A/1",
        "A\\1",
        "A:1",
        "A\n1",
        "A\x00",
        ".A",
        "A.",
        " A",
        "NUL",
        "com1.x",
        "x" * 101,
        "A?",
        "*",
    ],
)
def test_names_that_a_file_system_cannot_hold_are_refused(tmp_path: Path, fov: str) -> None:
    store = ImageStore(tmp_path / "run", LAYOUT, sync=False)
    with pytest.raises(StoreError, match="Rename the position"):
        store.write(frame_of(FrameKey(fov, 0, 0, 0)))
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["images", "run", "zarr.json"]


def test_names_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    store = filled(tmp_path, 1, ("a1",))
    with pytest.raises(StoreError, match="upper and lower case"):
        store.write(frame_of(FrameKey("A1", 0, 0, 0)))


@pytest.mark.parametrize(
    "change",
    [
        {"channels": ()},
        {"channels": ("DAPI", "DAPI")},
        {"pixel_size_um": 0.0},
        {"pixel_size_um": float("nan")},
        {"dtype": "float32"},
        {"n_z": 0},
        {"interval_s": -1.0},
    ],
)
def test_a_layout_without_sense_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(StoreError, match=next(iter(change))):
        replace(LAYOUT, **change)


def test_a_new_store_does_not_touch_images_that_are_there(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(StoreError, match="already holds images"):
        ImageStore(tmp_path, LAYOUT, sync=False)


def test_the_frame_table_makes_the_store_describe_itself(tmp_path: Path) -> None:
    store = filled(tmp_path)
    rows = [(key, frame_of(key).meta) for key in reversed(keys("A1", 3))]
    store.describe("A1", rows)
    attributes = zarr.open_group(tmp_path / "images" / "A1.ome.zarr", mode="r").attrs.asdict()
    table = attributes["microscout"]["frames"]
    assert table["t"] == sorted(table["t"]) and len(table["utc"]) == 12
    assert table["time_s"][-1] == 241.0 and table["x_um"][0] == 100.0
    window = attributes["ome"]["omero"]["channels"][0]["window"]
    assert 0 <= window["start"] < window["end"] < 4001 and window["max"] == 65535
    assert ImageReader(tmp_path).layout("A1") == LAYOUT  # the rest of the metadata is unchanged


CHANGES: dict[str, ImageLayout] = {
    "pixel_size_um is 0.65 on disk, 0.325 now": replace(LAYOUT, pixel_size_um=0.325),
    "channels is": replace(LAYOUT, channels=("FITC", "DAPI")),
    "height is 40 on disk, 80 now": replace(LAYOUT, height=80, width=112),
    "n_z is 2 on disk, 3 now": replace(LAYOUT, n_z=3),
    "dtype is uint16 on disk, uint8 now": replace(LAYOUT, dtype="uint8"),
}


@pytest.mark.parametrize("message", CHANGES)
def test_resume_with_another_layout_is_refused(tmp_path: Path, message: str) -> None:
    filled(tmp_path).close()
    with pytest.raises(StoreError, match=message):
        ImageStore.open(tmp_path, CHANGES[message], sync=False)


def test_resume_protects_recorded_frames_and_lets_the_rest_be_written_again(tmp_path: Path) -> None:
    filled(tmp_path, 3, ("A1",)).close()
    recorded = keys("A1", 2)
    store = ImageStore.open(tmp_path, LAYOUT, sync=False, recorded=recorded)
    with pytest.raises(StoreError, match="already stored"):
        store.write(frame_of(recorded[-1]))
    for key in keys("A1", 2, first=2) + keys("new", 1):
        store.write(frame_of(key))
    np.testing.assert_array_equal(store.read(recorded[0]), pixels_of(recorded[0]))
    assert store.images == ("A1", "new")
    yaozarrs.validate_zarr_store(str(tmp_path / "images"))


def test_resume_without_a_record_protects_everything_on_disk(tmp_path: Path) -> None:
    filled(tmp_path, 1, ("A1",)).close()
    store = ImageStore.open(tmp_path, LAYOUT, sync=False)
    with pytest.raises(StoreError, match="already stored"):
        store.write(frame_of(FrameKey("A1", 0, 0, 0)))
    assert store.missing == ()


def test_recorded_frames_that_are_not_on_disk_are_named(tmp_path: Path) -> None:
    filled(tmp_path, 2, ("A1",)).close()
    chunk = tmp_path / "images" / "A1.ome.zarr" / "0" / "c" / "1" / "0" / "0" / "0" / "0"
    chunk.write_bytes(b"")  # what a power cut can leave
    lost = [FrameKey("A1", 1, 0, 0), FrameKey("gone", 0, 0, 0)]
    store = ImageStore.open(
        tmp_path, LAYOUT, sync=False, recorded=[*keys("A1", 2), FrameKey("gone", 0, 0, 0)]
    )
    assert list(store.missing) == lost


def test_resume_of_a_run_that_died_before_its_first_frame_begins_it(tmp_path: Path) -> None:
    store = ImageStore.open(tmp_path, LAYOUT, sync=False, recorded=[])
    store.write(frame_of(FrameKey("A1", 0, 0, 0)))
    yaozarrs.validate_zarr_store(str(tmp_path / "images"))


CLOSE = replace(LAYOUT, n_z=5, pixel_size_um=0.16, interval_s=15.0)


def test_a_series_with_another_scale_is_an_image_beside_the_fields(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False, apart={"40X": CLOSE})
    base, close = FrameKey("A1", 0, 0, 0), FrameKey("A1", 0, 0, 4, "40X")
    store.write(frame_of(base))
    store.write(frame_of(close, CLOSE))
    reader = ImageReader(tmp_path)
    assert reader.images == ("A1", "A1@40X")
    assert (reader.layout("A1"), reader.layout("A1@40X")) == (LAYOUT, CLOSE)
    np.testing.assert_array_equal(reader.read(close), pixels_of(close, CLOSE))
    assert FrameKey.of("A1@40X", 0, 0, 4) == close
    yaozarrs.validate_zarr_store(str(tmp_path / "images"))


def test_a_frame_of_another_scale_is_refused_in_either_image(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False, apart={"40X": CLOSE})
    with pytest.raises(StoreError, match=r"pixel size 0.16 um, the image 0.65 um"):
        store.write(frame_of(FrameKey("A1", 0, 0, 0), CLOSE))
    with pytest.raises(StoreError, match=r"A1@40X.*pixel size 0.65 um, the image 0.16 um"):
        store.write(frame_of(FrameKey("A1", 0, 0, 0, "40X"), LAYOUT))
    with pytest.raises(StoreError, match="no series '60X' was announced"):
        store.write(frame_of(FrameKey("A1", 0, 0, 0, "60X"), LAYOUT))
    assert store.images == ()


def test_a_resume_finds_the_frames_of_a_series_and_what_is_missing(tmp_path: Path) -> None:
    store = ImageStore(tmp_path, LAYOUT, sync=False, apart={"40X": CLOSE})
    key, lost = FrameKey("A1", 0, 0, 0, "40X"), FrameKey("A1", 1, 0, 0, "40X")
    store.write(frame_of(key, CLOSE))
    again = ImageStore.open(
        tmp_path, LAYOUT, sync=False, apart={"40X": CLOSE}, recorded=[key, lost]
    )
    assert again.missing == (lost,)
    with pytest.raises(StoreError, match="already stored"):
        again.write(frame_of(key, CLOSE))
    with pytest.raises(StoreError, match="the plan makes no such image"):
        ImageStore.open(tmp_path, LAYOUT, sync=False, recorded=[key])


def test_an_image_that_was_half_made_when_the_process_died_is_made_anew(tmp_path: Path) -> None:
    ImageStore(tmp_path, LAYOUT, sync=False)
    half = tmp_path / "images" / ".A1.ome.zarr.partial" / "0"
    half.mkdir(parents=True)
    (half / "zarr.json").write_text("{")
    store = ImageStore.open(tmp_path, LAYOUT, sync=False, recorded=[])
    store.write(frame_of(FrameKey("A1", 0, 0, 0)))
    assert not half.parent.exists() and store.images == ("A1",)


def test_a_damaged_image_is_named(tmp_path: Path) -> None:
    filled(tmp_path, 1, ("A1",)).close()
    (tmp_path / "images" / "A1.ome.zarr" / "zarr.json").write_text("{")
    with pytest.raises(StoreError, match=r"A1\.ome\.zarr: not an image"):
        ImageStore.open(tmp_path, LAYOUT, sync=False)
