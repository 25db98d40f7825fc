"""TIFF, ImageJ TIFF and OME-TIFF, through tifffile (through Pillow where a codec is missing)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from sim.replay.errors import ReplayError
from sim.replay.image import ImageInfo, delivered_dtype, in_um, square
from sim.replay.tiff_check import is_whole

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TIME_LETTERS = "TIQ"  # time, "image" and "other": pages in a row are taken for time
INCH, CENTIMETRE = 2, 3  # values of the tag ResolutionUnit


def probe(path: Path) -> list[ImageInfo]:
    """Read the metadata of every image in the file and check that the file is whole."""
    import tifffile

    with path.open("rb") as file:
        if not is_whole(file):
            raise ReplayError(
                f"{path}: not a TIFF file, or cut off. Copy it again, or leave it out."
            )
    try:
        with tifffile.TiffFile(path) as tif:
            series = _series(tif)
            ome = _ome_images(tif.ome_metadata or "") if tif.is_ome else []
            return [
                _info(path, tif, n, item, ome[n] if n < len(ome) else None)
                for n, item in enumerate(series)
            ]
    except (ValueError, IndexError, KeyError, OSError, ElementTree.ParseError) as error:
        raise ReplayError(f"{path}: cannot be read as TIFF ({error}). Save it anew.") from error


def _series(tif: Any) -> list[Any]:
    """The images of the file: tifffile's series, but plain pages of one size are one movie."""
    named = tif.is_ome or tif.is_imagej or tif.is_shaped or tif.is_lsm
    same = {(s.shape[-2:], s.dtype, s.axes[-2:]) for s in tif.series}
    if not named and len(tif.series) > 1 and len(same) == 1:
        return [tif.pages]
    return list(tif.series)


def _info(path: Path, tif: Any, part: int, series: Any, ome: dict[str, Any] | None) -> ImageInfo:
    first = series[0] if series is tif.pages else series.pages[0]
    if series is tif.pages:
        axes, shape, dtype = "T" + first.axes, (len(series), *first.shape), first.dtype
    else:
        axes, shape, dtype = series.axes, series.shape, series.dtype
    place = f"{path} (image {part + 1})" if part else str(path)
    if ome is not None and any(page is None for page in series.pages):
        raise ReplayError(f"{place}: part of an OME-TIFF in several files. Join them into one.")
    sizes = dict(zip(axes, shape, strict=True))
    if len(sizes) != len(axes) or {"Y", "X"} - set(axes):
        raise _unknown_axes(place, axes)
    colour = sizes.pop("S", 1) in (3, 4)
    height, width = sizes.pop("Y"), sizes.pop("X")
    leading = "".join(axis for axis in axes if axis in sizes)
    times = [axis for axis in leading if axis in TIME_LETTERS]
    if len(times) > 1 or set(leading) - set("TIQCZ"):
        raise _unknown_axes(place, axes)
    ome = ome or {}
    n_c = sizes.get("C", 1)
    names = ome.get("channels", ())
    return ImageInfo(
        path=path,
        part=part,
        axes="".join("T" if axis in TIME_LETTERS else axis for axis in leading),
        n_t=sizes[times[0]] if times else 1,
        n_z=sizes.get("Z", 1),
        channels=tuple(names) if len(names) == n_c else _default_names(n_c),
        height=height,
        width=width,
        dtype=delivered_dtype(dtype, place),
        stored=str(dtype),
        colour=colour,
        pixel_size_um=ome.get("pixel_um") if tif.is_ome else _pixel_um(tif, first),
        z_step_um=ome.get("z_um") if tif.is_ome else _z_step_um(tif),
    )


def _unknown_axes(place: str, axes: str) -> ReplayError:
    return ReplayError(
        f"{place}: axes {axes!r} are not among time, channel, z, y, x. "
        "Save it as OME-TIFF or as an ImageJ hyperstack with named axes."
    )


def _default_names(n: int) -> tuple[str, ...]:
    return ("",) if n == 1 else tuple(f"channel {i + 1}" for i in range(n))


def _ome_images(xml: str) -> list[dict[str, Any]]:
    """Pixel size, z step (um) and channel names of each image in the OME-XML."""
    found = []
    for image in ElementTree.fromstring(xml).iter():
        if not image.tag.endswith("}Image"):
            continue
        for pixels in image:
            if not pixels.tag.endswith("}Pixels"):
                continue
            channels = [e for e in pixels if e.tag.endswith("}Channel")]
            sizes = [_ome_length(pixels, axis) for axis in "XYZ"]
            found.append(
                {
                    "channels": tuple(
                        e.get("Name") or ("" if len(channels) == 1 else f"channel {i + 1}")
                        for i, e in enumerate(channels)
                    ),
                    # a file that gives x only has square pixels (the schema asks for both)
                    "pixel_um": square(sizes[0], sizes[1] or sizes[0]),
                    "z_um": sizes[2],
                }
            )
    return found


def _ome_length(pixels: ElementTree.Element, axis: str) -> float | None:
    value = pixels.get(f"PhysicalSize{axis}")
    unit = pixels.get(f"PhysicalSize{axis}Unit", "µm")  # the schema's default
    return in_um(float(value), unit) if value else None


def _pixel_um(tif: Any, page: Any) -> float | None:
    """From ImageJ's unit, else from TIFF's; None where there is no real unit."""
    tags = page.tags
    if "XResolution" not in tags or "YResolution" not in tags:
        return None
    per_unit = [n / d if d else math.nan for n, d in (tags[k].value for k in _RESOLUTION)]
    if not all(math.isfinite(p) and p > 0 for p in per_unit):
        return None
    x, y = (1 / p for p in per_unit)
    if tif.is_imagej:
        unit = str((tif.imagej_metadata or {}).get("unit", "")).replace("\\u00B5", "µ")
        return square(in_um(x, unit), in_um(y, unit))
    unit_tag = int(tags["ResolutionUnit"].value) if "ResolutionUnit" in tags else INCH
    unit_um = {INCH: 25_400.0, CENTIMETRE: 10_000.0}.get(unit_tag)
    return None if unit_um is None else square(x * unit_um, y * unit_um, printed=True)


_RESOLUTION = ("XResolution", "YResolution")


def _z_step_um(tif: Any) -> float | None:
    data = tif.imagej_metadata if tif.is_imagej else None
    if not data or "spacing" not in data:
        return None
    return in_um(float(data["spacing"]), str(data.get("unit", "")).replace("\\u00B5", "µ"))


def open_file(path: Path) -> Any:
    """Open for reading planes; the caller closes it."""
    import tifffile

    return tifffile.TiffFile(path)


def read(tif: Any, info: ImageInfo, t: int, c: int, z: int) -> NDArray[Any]:
    """Read one plane, as stored."""
    series = _series(tif)[info.part]
    number = info.flat(t, c, z)
    planes = info.n_t * len(info.channels) * info.n_z
    if planes > 1 and len(series.pages if hasattr(series, "pages") else series) != planes:
        whole = series.asarray(out="memmap")  # one directory for a whole stack, as ImageJ does
        return np.asarray(whole[info.leading(t, c, z)])
    page = series[number] if series is tif.pages else series.pages[number]
    try:
        return np.asarray(page.asarray())
    except ValueError as error:
        if "imagecodecs" not in str(error):
            raise
        return _with_pillow(info, page.index, error)


def _with_pillow(info: ImageInfo, page: int, why: Exception) -> NDArray[Any]:
    """LZW and JPEG compression: Pillow knows them, tifffile alone does not."""
    from PIL import Image

    try:
        with Image.open(info.path) as image:
            image.seek(page)
            return np.asarray(image)
    except (OSError, ValueError, EOFError) as error:
        raise ReplayError(
            f"{info}: {why}. Install imagecodecs, or save the image without compression."
        ) from error
