"""`microscout segment`: instances of a picture as a label image."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.finding import config_error
from agent.newfile import refuse_existing, whole

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from agent.pictures import Picture

TIFF = (".tif", ".tiff")
MOST_16_BIT = 65_535


def segment(
    image: Path,
    out: Path,
    kind: str,
    ask: str | None,
    pixel_um: float | None,
    weights: Path | None,
    *,
    force: bool,
    json: bool,
) -> int:
    """Exit code 0; with `ask` only the objects that look like it are kept."""
    from agent.looker import check_pixel_size
    from agent.outliners import outliner
    from agent.pictures import read_picture

    check_pixel_size(pixel_um)
    if out.suffix.lower() not in TIFF:
        raise config_error(out, "is no TIFF by its suffix", "give -o a name in .tif")
    refuse_existing(out, force=force)
    outline = outliner(kind, ask, weights)
    picture = read_picture(image, pixel_um)
    if picture.note:
        print(f"note: {image}: only {picture.note} was looked at", file=sys.stderr)
    labels = outline(picture)
    count = int(labels.max())
    write_labels(out, labels, picture)
    if json:
        told = {"labels": str(out), "count": count, "with": kind, "dtype": str(_dtype(count))}
        print(jsonlib.dumps(told))
    else:
        print(f"wrote {out}: {count} objects, {_dtype(count)}")
    return 0


def write_labels(out: Path, labels: NDArray[Any], picture: Picture) -> None:
    """Write (h, w) ids as 16 bits, 32 where there are too many; whole or not at all."""
    import tifffile

    um = picture.pixel_um
    scale: dict[str, Any] = (
        {} if um is None else {"resolution": (1e4 / um, 1e4 / um), "resolutionunit": "CENTIMETER"}
    )
    with whole(out) as part:
        tifffile.imwrite(
            part, labels.astype(_dtype(int(labels.max()))), metadata={"axes": "YX"}, **scale
        )


def _dtype(count: int) -> np.dtype[Any]:
    return np.dtype(np.uint16 if count <= MOST_16_BIT else np.uint32)
