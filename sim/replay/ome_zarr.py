"""OME-Zarr 0.4 and 0.5: metadata through yaozarrs' models, pixels through tensorstore."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from sim.replay.errors import ReplayError
from sim.replay.image import ImageInfo, delivered_dtype, in_um, square

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


def is_image(folder: Path) -> bool:
    """Whether the folder looks like an OME-Zarr image (or something else named .zarr)."""
    if folder.suffix == ".zarr":
        return True
    for name in ("zarr.json", ".zattrs"):
        document = folder / name
        if document.is_file() and b'"multiscales"' in document.read_bytes():
            return True
    return False


def probe(path: Path) -> list[ImageInfo]:
    """Read the metadata of the image's finest level."""
    image = _metadata(path)
    level = image.multiscales[0].datasets[0]
    array = open_array(path, level.path)
    axes = image.multiscales[0].axes
    letters = "".join(axis.name.upper() for axis in axes)
    place = str(path)
    if letters[-2:] != "YX" or set(letters[:-2]) - set("TCZ"):
        raise ReplayError(f"{place}: axes {letters!r} are not among t, c, z, then y, x.")
    sizes = dict(zip(letters, array.shape, strict=True))
    if min(sizes.values()) < 1:
        raise ReplayError(f"{place}: the image is empty. Leave it out.")
    steps = next(t.scale for t in level.coordinateTransformations if t.type == "scale")
    scale = dict(zip(letters, steps, strict=True))
    units = {a.name.upper(): getattr(a, "unit", None) or "" for a in axes}
    um = {axis: in_um(float(scale[axis]), units[axis]) for axis in letters}
    stored = np.dtype(array.dtype.numpy_dtype)
    n_c = sizes.get("C", 1)
    named = [c.label or "" for c in image.omero.channels] if image.omero else []
    default = [""] if n_c == 1 else [f"channel {i + 1}" for i in range(n_c)]
    return [
        ImageInfo(
            path=path,
            part=0,
            axes=letters[:-2],
            n_t=sizes.get("T", 1),
            n_z=sizes.get("Z", 1),
            channels=tuple(named if len(named) == n_c else default),
            height=sizes["Y"],
            width=sizes["X"],
            dtype=delivered_dtype(stored, place),
            stored=str(stored),
            colour=False,
            pixel_size_um=square(um["X"], um["Y"]),
            z_step_um=um.get("Z"),
        )
    ]


def open_array(path: Path, level: str | None = None) -> Any:
    """Open the array of a level (the finest) of the image at `path` for reading."""
    import tensorstore as ts

    level = level or _metadata(path).multiscales[0].datasets[0].path
    folder = path / level
    driver = "zarr3" if (folder / "zarr.json").is_file() else "zarr"
    spec = {"driver": driver, "kvstore": {"driver": "file", "path": f"{folder}/"}}
    try:
        return ts.open(spec, open=True, read=True).result()
    except (OSError, ValueError) as error:
        reason = str(error).split(" [", 1)[0]
        raise ReplayError(f"{path}: cannot be read ({reason}). Copy it again.") from error


def read(array: Any, info: ImageInfo, t: int, c: int, z: int) -> NDArray[Any]:
    """Read one plane, as stored."""
    return np.asarray(array[info.leading(t, c, z)].read().result())


def _metadata(path: Path) -> Any:
    """The image's OME metadata, version 0.5 or 0.4."""
    import yaozarrs

    try:
        document: Any = yaozarrs.validate_ome_uri(str(path))
        attributes = getattr(document, "attributes", document)  # 0.4 has them at the top
        image = getattr(attributes, "ome", attributes)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ReplayError(f"{path}: not a valid OME-Zarr image ({reason}).") from error
    if not hasattr(image, "multiscales"):
        raise ReplayError(
            f"{path}: holds no image but a collection or plate. "
            "Give the folder that holds its single images."
        )
    return image
