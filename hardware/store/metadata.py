"""OME-Zarr 0.5 metadata of an image, both ways. Source: https://ngff.openmicroscopy.org/0.5/"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from hardware.store.errors import StoreError, storage_failure
from hardware.store.layout import ImageLayout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Window = tuple[float, float]

# display colours (RGB) by what the presets of common configurations are called
COLOURS = {
    "dapi": "0000FF",
    "hoechst": "0000FF",
    "cfp": "00FFFF",
    "gfp": "00FF00",
    "fitc": "00FF00",
    "yfp": "FFFF00",
    "rhodamine": "FF0000",
    "tritc": "FF0000",
    "mcherry": "FF0000",
    "cy3": "FF8000",
    "cy5": "FF00FF",
}


def image_json(
    name: str, layout: ImageLayout, windows: Sequence[Window] | None = None
) -> dict[str, Any]:
    """The group document of an image, built and validated by yaozarrs' models.

    `windows` are display ranges per channel in grey values; left out, the whole range.
    An axis whose scale is not known has scale 1 and no unit.
    """
    from yaozarrs import v05

    top = {"uint8": 255.0, "uint16": 65535.0}[layout.dtype]
    pixel = layout.pixel_size_um
    axes = [
        v05.TimeAxis(name="t", unit="second" if layout.interval_s else None),
        v05.ChannelAxis(name="c"),
        v05.SpaceAxis(name="z", unit="micrometer" if layout.z_step_um else None),
        v05.SpaceAxis(name="y", unit="micrometer"),
        v05.SpaceAxis(name="x", unit="micrometer"),
    ]
    scale = [layout.interval_s or 1.0, 1.0, layout.z_step_um or 1.0, pixel, pixel]
    level = v05.Dataset(path="0", coordinateTransformations=[v05.ScaleTransformation(scale=scale)])
    channels = [
        v05.OmeroChannel(
            label=label,
            color=COLOURS.get(label.lower(), "FFFFFF"),
            active=True,
            window=v05.OmeroWindow(start=low, end=high, min=0.0, max=top),
        )
        for label, (low, high) in zip(
            layout.channels, windows or [(0.0, top)] * len(layout.channels), strict=True
        )
    ]
    image = v05.Image(
        multiscales=[v05.Multiscale(name=name, axes=axes, datasets=[level])],
        omero=v05.Omero(channels=channels),
    )
    return _group({"ome": image.model_dump(mode="json", exclude_none=True)})


def collection_json() -> dict[str, Any]:
    """The folder of all images: the bioformats2raw layout, so that readers find every series."""
    return _group({"ome": {"version": "0.5", "bioformats2raw.layout": 3}})


def series_json(names: Sequence[str]) -> dict[str, Any]:
    """The list of images in that folder."""
    return _group({"ome": {"version": "0.5", "series": list(names)}})


def _group(attributes: dict[str, Any]) -> dict[str, Any]:
    from yaozarrs import v05

    document = {"zarr_format": 3, "node_type": "group", "attributes": attributes}
    v05.OMEZarrGroupJSON.model_validate(document)
    return document


def layout_of(image: Path) -> ImageLayout:
    """Read the layout of the image at `image` back from its metadata; StoreError if unreadable."""
    try:
        group = json.loads((image / "zarr.json").read_text())
        array = json.loads((image / "0" / "zarr.json").read_text())
        ome = group["attributes"]["ome"]
        multiscale = ome["multiscales"][0]
        scale = multiscale["datasets"][0]["coordinateTransformations"][0]["scale"]
        units: Mapping[str, str | None] = {a["name"]: a.get("unit") for a in multiscale["axes"]}
        _, _, n_z, height, width = array["shape"]
        return ImageLayout(
            channels=tuple(c["label"] for c in ome["omero"]["channels"]),
            n_z=n_z,
            z_step_um=scale[2] if units["z"] else None,
            height=height,
            width=width,
            dtype=array["data_type"],
            pixel_size_um=scale[4],
            interval_s=scale[0] if units["t"] else None,
        )
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise StoreError(
            f"{image}: not an image of this program ({type(error).__name__}: {error}). "
            "Restore the folder from a copy, or start a new run."
        ) from error


def write_json(path: Path, document: Mapping[str, Any], *, sync: bool) -> None:
    """Replace the file in one step: a reader sees the old document or the new one."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("w") as file:
            json.dump(document, file)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
        if sync:
            sync_folder(path.parent)
    except OSError as error:
        raise storage_failure(str(path), error) from error


def sync_folder(folder: Path) -> None:
    """Make renames in `folder` survive a power cut (where the system can)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
