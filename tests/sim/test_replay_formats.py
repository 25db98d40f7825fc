from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import tifffile
from PIL import Image
from replay_images import (
    CELL,
    MULTIPAGE,
    SKIMAGE,
    plane,
    stack,
    write_ome_tiff,
    write_png,
    write_zarr,
)

from sim.replay import ReplayError
from sim.replay.reader import PlaneReader, probe

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def read_all(path: Path) -> NDArray[Any]:
    """All planes of a file's first image, t, c, z, y, x."""
    info = probe(path)[0]
    reader = PlaneReader()
    try:
        planes = [
            [
                [reader.read(info, t, c, z) for z in range(info.n_z)]
                for c in range(len(info.channels))
            ]
            for t in range(info.n_t)
        ]
    finally:
        reader.close()
    assert planes[0][0][0].dtype == info.dtype
    return np.array(planes)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_grey_png_keeps_its_values_and_depth(tmp_path: Path, dtype: str) -> None:
    pixels = plane(1, dtype=dtype)
    read = read_all(write_png(tmp_path / "a.png", pixels))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read[0, 0, 0], pixels)


def test_a_real_png_reads_as_it_is() -> None:
    (info,) = probe(CELL)
    assert info.size == (660, 550) and info.dtype == "uint8" and info.pixel_size_um is None
    np.testing.assert_array_equal(read_all(CELL)[0, 0, 0], np.asarray(Image.open(CELL)))


def test_a_real_multi_page_tiff_is_a_movie() -> None:
    (info,) = probe(MULTIPAGE)
    assert (info.n_t, info.n_z, info.size) == (2, 1, (15, 10))
    np.testing.assert_array_equal(read_all(MULTIPAGE)[:, 0, 0], tifffile.imread(MULTIPAGE))


def test_colour_becomes_luminance(tmp_path: Path) -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    alpha = np.dstack([rgb, np.full((24, 32), 7, np.uint8)])
    want = np.rint(rgb @ np.array([0.2125, 0.7154, 0.0721])).astype(np.uint8)
    np.testing.assert_array_equal(read_all(write_png(tmp_path / "a.png", rgb))[0, 0, 0], want)
    np.testing.assert_array_equal(read_all(write_png(tmp_path / "b.png", alpha))[0, 0, 0], want)
    tifffile.imwrite(tmp_path / "c.tif", rgb)
    np.testing.assert_array_equal(read_all(tmp_path / "c.tif")[0, 0, 0], want)
    assert probe(tmp_path / "a.png")[0].colour


def test_grey_saved_as_colour_comes_back_as_the_same_grey(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    read = read_all(write_png(tmp_path / "a.png", np.dstack([grey] * 3)))
    np.testing.assert_array_equal(read[0, 0, 0], grey)


def test_binary_and_palette_png(tmp_path: Path) -> None:
    mask = plane(3) > 100
    read = read_all(write_png(tmp_path / "a.png", mask))
    np.testing.assert_array_equal(read[0, 0, 0], mask * 255)
    Image.fromarray(plane(3, dtype="uint8")).convert("P").save(tmp_path / "p.png")
    np.testing.assert_array_equal(read_all(tmp_path / "p.png")[0, 0, 0], plane(3))


TIFFS: dict[str, tuple[tuple[int, ...], dict[str, Any], tuple[int, int, int]]] = {
    "one page": ((), {}, (1, 1, 1)),
    "pages": ((5,), {}, (5, 1, 1)),
    "plain pages": ((5,), {"metadata": None}, (5, 1, 1)),
    "deflate": ((5,), {"compression": "zlib"}, (5, 1, 1)),
    "big endian": ((3,), {"byteorder": ">"}, (3, 1, 1)),
    "big tiff": ((3,), {"bigtiff": True}, (3, 1, 1)),
    "imagej time": ((4,), {"imagej": True, "metadata": {"axes": "TYX"}}, (4, 1, 1)),
    "imagej hyperstack": (
        (3, 4, 2),
        {"imagej": True, "metadata": {"axes": "TZCYX"}},
        (3, 2, 4),
    ),
    "ome": ((2, 3, 2), {"ome": True, "metadata": {"axes": "TCZYX"}}, (2, 3, 2)),
    "ome zct": ((2, 3, 2), {"ome": True, "metadata": {"axes": "ZCTYX"}}, (2, 3, 2)),
}


@pytest.mark.parametrize("case", TIFFS)
def test_tiff_axes_and_values(tmp_path: Path, case: str) -> None:
    sizes, how, expected = TIFFS[case]
    pixels = stack(*sizes)
    path = tmp_path / ("a.ome.tif" if how.get("ome") else "a.tif")
    tifffile.imwrite(path, pixels, photometric="minisblack", **how)
    (info,) = probe(path)
    assert (info.n_t, len(info.channels), info.n_z) == expected
    axes = (how.get("metadata") or {}).get("axes", "TYX"[-2 - len(sizes) :])
    order = [*axes[:-2], *(a for a in "TCZ" if a not in axes)]
    full = pixels.reshape(*pixels.shape[:-2], *[1] * (5 - pixels.ndim), *pixels.shape[-2:])
    full = np.moveaxis(full, [order.index(a) for a in "TCZ"], [0, 1, 2])
    np.testing.assert_array_equal(read_all(path), full)


def test_lzw_tiff_that_tifffile_alone_cannot_decode(tmp_path: Path) -> None:
    pages = [Image.fromarray(plane(k)) for k in range(3)]
    pages[0].save(
        tmp_path / "a.tif", save_all=True, append_images=pages[1:], compression="tiff_lzw"
    )
    np.testing.assert_array_equal(read_all(tmp_path / "a.tif")[:, 0, 0], stack(3))


def test_an_imagej_movie_in_one_directory(tmp_path: Path) -> None:
    """So ImageJ writes files above 4 GB: one directory, and the frames follow one another."""
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, stack(6), imagej=True, metadata={"axes": "TYX"})
    data = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tif:
        first = tif.pages[0]
        after = first.offset + 2 + 12 * len(first.tags)
        size = f"{tif.byteorder}I"
    assert struct.unpack_from(size, data, after)[0] > 0
    struct.pack_into(size, data, after, 0)
    path.write_bytes(data)
    assert probe(path)[0].n_t == 6
    np.testing.assert_array_equal(read_all(path)[:, 0, 0], stack(6))


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_ome_zarr(tmp_path: Path, version: str) -> None:
    pixels = stack(3, 2, 2)
    (info,) = probe(write_zarr(tmp_path / "a.ome.zarr", pixels, version=version))
    assert (info.n_t, info.channels, info.n_z) == (3, ("dye 0", "dye 1"), 2)
    assert (info.pixel_size_um, info.z_step_um) == (0.5, 2.0)
    np.testing.assert_array_equal(read_all(tmp_path / "a.ome.zarr"), pixels)


def test_ome_zarr_without_a_unit_has_no_pixel_size(tmp_path: Path) -> None:
    (info,) = probe(write_zarr(tmp_path / "a.zarr", stack(1, 1, 1), unit=None))
    assert info.pixel_size_um is None and info.z_step_um is None


def imagej(unit: str, per_unit: float) -> dict[str, Any]:
    return {"imagej": True, "resolution": (per_unit, per_unit), "metadata": {"unit": unit}}


PIXEL_SIZES: dict[str, tuple[dict[str, Any], float | None]] = {
    "nothing": ({}, None),
    "centimetre": ({"resolution": (20_000, 20_000), "resolutionunit": "CENTIMETER"}, 0.5),
    "inch": ({"resolution": (101_600, 101_600), "resolutionunit": "INCH"}, 0.25),
    "72 dpi is print, not a microscope": (
        {"resolution": (72, 72), "resolutionunit": "INCH"},
        None,
    ),
    "300 dpi": ({"resolution": (300, 300), "resolutionunit": "INCH"}, None),
    "no unit": ({"resolution": (2, 2), "resolutionunit": "NONE"}, None),
    "oblong": ({"resolution": (20_000, 40_000), "resolutionunit": "CENTIMETER"}, None),
    "imagej micron": (imagej("micron", 4.0), 0.25),
    "imagej um": (imagej("um", 4.0), 0.25),
    "imagej escaped micro": (imagej("\\u00B5m", 4.0), 0.25),
    "imagej nm": (imagej("nm", 0.004), 0.25),
    "imagej mm": (imagej("mm", 1000.0), 1.0),
    "imagej pixel": (imagej("pixel", 4.0), None),
    "imagej no unit": (imagej("", 4.0), None),
}


@pytest.mark.parametrize("case", PIXEL_SIZES)
def test_pixel_size_of_tiff_is_never_invented(tmp_path: Path, case: str) -> None:
    how, expected = PIXEL_SIZES[case]
    tifffile.imwrite(tmp_path / "a.tif", plane(0), **how)
    found = probe(tmp_path / "a.tif")[0].pixel_size_um
    assert found is None if expected is None else found == pytest.approx(expected, rel=1e-4)


OME_SIZES = [
    ({}, None),
    ({"PhysicalSizeX": 0.65, "PhysicalSizeY": 0.65}, 0.65),
    ({"PhysicalSizeX": 650, "PhysicalSizeXUnit": "nm"}, 0.65),
    ({"PhysicalSizeX": 0.00065, "PhysicalSizeXUnit": "mm"}, 0.65),
    ({"PhysicalSizeX": 1.0, "PhysicalSizeXUnit": "pixel"}, None),
    ({"PhysicalSizeX": 0.5, "PhysicalSizeY": 1.0}, None),
]


@pytest.mark.parametrize(("meta", "expected"), OME_SIZES)
def test_pixel_size_of_ome_tiff(
    tmp_path: Path, meta: dict[str, Any], expected: float | None
) -> None:
    path = write_ome_tiff(tmp_path / "a.ome.tif", stack(2), "TYX", **meta)
    found = probe(path)[0].pixel_size_um
    assert found is None if expected is None else found == pytest.approx(expected)


def test_channel_names_and_z_step_of_ome_tiff(tmp_path: Path) -> None:
    meta = {"Channel": {"Name": ["H2B", "actin"]}, "PhysicalSizeZ": 1.5}
    (info,) = probe(write_ome_tiff(tmp_path / "a.ome.tif", stack(2, 3), "CZYX", **meta))
    assert info.channels == ("H2B", "actin") and info.z_step_um == 1.5


@pytest.mark.parametrize(("per_metre", "expected"), [(None, None), (2_000_000, 0.5), (2835, None)])
def test_pixel_size_of_png(tmp_path: Path, per_metre: int | None, expected: float | None) -> None:
    path = write_png(tmp_path / "a.png", plane(0), per_metre)
    assert probe(path)[0].pixel_size_um == expected


def test_integers_and_whole_numbers_that_fit_16_bit_are_taken(tmp_path: Path) -> None:
    for dtype in ("float32", "float64", "int16", "int32", "uint32"):
        tifffile.imwrite(tmp_path / "a.tif", plane(0).astype(dtype))
        read = read_all(tmp_path / "a.tif")
        assert read.dtype == np.uint16
        np.testing.assert_array_equal(read[0, 0, 0], plane(0))


@pytest.mark.parametrize(
    "pixels",
    [
        plane(0).astype(np.float32) / 200,
        plane(0).astype(np.int16) - 100,
        plane(0).astype(np.uint32) * 1000,
        np.full((4, 4), np.nan, np.float32),
    ],
)
def test_what_no_camera_delivers_is_refused(tmp_path: Path, pixels: NDArray[Any]) -> None:
    tifffile.imwrite(tmp_path / "odd.tif", pixels)
    with pytest.raises(ReplayError, match=r"odd\.tif.*not camera counts.*16-bit integers"):
        read_all(tmp_path / "odd.tif")


def test_float_colour_pages_of_skimage_are_refused_or_whole() -> None:
    with pytest.raises(ReplayError, match="not camera counts"):
        read_all(SKIMAGE / "multipage_rgb.tif")


@pytest.mark.parametrize("kind", ["png", "tif", "ome.tif"])
@pytest.mark.parametrize("keep", [0, 4, 30, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_named(tmp_path: Path, kind: str, keep: float) -> None:
    """tifffile alone reads a cut-off movie as a shorter one."""
    path = tmp_path / f"cut.{kind}"
    if kind == "png":
        write_png(path, plane(0))
    elif kind == "tif":
        tifffile.imwrite(path, stack(4), photometric="minisblack", metadata=None)
    else:
        write_ome_tiff(path, stack(4), "TYX")
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep > 1 else keep * len(data))])
    with pytest.raises(ReplayError, match=r"cut\.") as refused:
        probe(path)
    assert "\n" not in str(refused.value)


def test_a_damaged_png_is_named(tmp_path: Path) -> None:
    path = write_png(tmp_path / "a.png", plane(0))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(ReplayError, match="damaged"):
        probe(path)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_text_with_the_suffix_of_an_image_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("this is not an image at all, whatever its name says")
    with pytest.raises(ReplayError, match=rf"{name}: not a"):
        probe(tmp_path / name)


def test_a_zarr_folder_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "zarr.json").write_text('{"zarr_format": 3, "node_type": "group"}')
    with pytest.raises(ReplayError, match=r"a\.zarr: not a valid OME-Zarr image"):
        probe(tmp_path / "a.zarr")


def test_unknown_axes_are_refused(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", stack(2, 3), photometric="minisblack")
    with pytest.raises(ReplayError, match="axes 'QQYX' are not among"):
        probe(tmp_path / "a.tif")
