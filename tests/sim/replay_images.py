"""Small recordings of every format, made on the spot, and a few real ones that skimage ships."""

from __future__ import annotations

import csv
import json
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import skimage
import tifffile
from PIL import Image

from hardware.data import ChannelConfig, MicroscopeConfig, StageLimits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SKIMAGE = Path(skimage.__file__).parent / "data"
CELL = SKIMAGE / "cell.png"  # a real cell, 8 bit, 660 x 550
MULTIPAGE = SKIMAGE / "multipage.tif"  # two pages, 15 x 10

DEMO = MicroscopeConfig(
    name="demo",
    mm_config="MMConfig_demo.cfg",
    channels={p: ChannelConfig(max_exposure_ms=500) for p in ("DAPI", "FITC", "Rhodamine", "Cy5")},
    stage=StageLimits(
        x_um=(-60000, 60000), y_um=(-40000, 40000), z_um=(-200, 200), toward_sample="increasing"
    ),
)


def plane(seed: int, height: int = 24, width: int = 32, dtype: str = "uint16") -> NDArray[Any]:
    return np.random.default_rng(seed).integers(0, 200, (height, width)).astype(dtype)


def stack(*sizes: int, dtype: str = "uint16") -> NDArray[Any]:
    """Every plane different."""
    n = int(np.prod(sizes))
    planes = np.stack([plane(k, dtype=dtype) for k in range(n)])
    return planes.reshape(*sizes, *planes.shape[1:])


def write_png(path: Path, pixels: NDArray[Any], per_metre: int | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    if per_metre:
        body = b"pHYs" + per_metre.to_bytes(4, "big") * 2 + b"\x01"
        chunk = (9).to_bytes(4, "big") + body + zlib.crc32(body).to_bytes(4, "big")
        data = path.read_bytes()
        after_header = 8 + 25
        path.write_bytes(data[:after_header] + chunk + data[after_header:])
    return path


def write_series(folder: Path, n: int, stem: str = "t", start: int = 0, **how: Any) -> list[Path]:
    return [write_png(folder / f"{stem}{start + k:03d}.png", plane(k, **how)) for k in range(n)]


def write_meta(path: Path, rows: Sequence[dict[str, object]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_ome_tiff(path: Path, pixels: NDArray[Any], axes: str, **meta: Any) -> Path:
    tifffile.imwrite(path, pixels, metadata={"axes": axes, **meta}, ome=True)
    return path


def write_zarr(
    path: Path, pixels: NDArray[Any], *, version: str = "0.5", unit: str | None = "micrometer"
) -> Path:
    """An OME-Zarr image with axes t, c, z, y, x; pixels of 0.5 um, planes 2 um apart."""
    import zarr

    axes: list[dict[str, str]] = [
        {"name": "t", "type": "time"},
        {"name": "c", "type": "channel"},
        *({"name": a, "type": "space", **({"unit": unit} if unit else {})} for a in "zyx"),
    ]
    scale = [{"type": "scale", "scale": [1.0, 1.0, 2.0, 0.5, 0.5]}]
    multiscales = [
        {"name": "m", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}
    ]
    omero = {
        "channels": [
            {
                "label": f"dye {c}",
                "color": "FFFFFF",
                "window": {"start": 0, "end": 255, "min": 0, "max": 255},
            }
            for c in range(pixels.shape[1])
        ]
    }
    new = version == "0.5"
    group = zarr.open_group(path, mode="w", zarr_format=3 if new else 2)
    group.create_array("0", data=pixels, chunks=(1, 1, 1, *pixels.shape[-2:]))
    ome = {"version": version, "multiscales": multiscales, "omero": omero}
    if new:
        group.attrs["ome"] = ome
    else:
        multiscales[0]["version"] = "0.4"
        (path / ".zattrs").write_text(json.dumps({"multiscales": multiscales, "omero": omero}))
    return path
