"""What is known of one recorded image before its pixels are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.replay.errors import ReplayError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from numpy.typing import NDArray

# coarser than this per pixel is print resolution (72 to 1200 dpi), not a microscope's
COARSEST_UM = 20.0
# luminance of linear R, G, B: ITU-R BT.709
LUMINANCE = (0.2125, 0.7154, 0.0721)

UM = {
    "m": 1e6,
    "meter": 1e6,
    "mm": 1e3,
    "millimeter": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "um": 1.0,
    "µm": 1.0,  # micro sign
    "μm": 1.0,  # Greek mu
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "angstrom": 1e-4,
    "pm": 1e-6,
}


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """One image: a file, or one of several in it.

    Attributes
    ----------
    path, part : the file (or OME-Zarr folder), and which image in it.
    axes : order of the leading axes in the file, of "T", "C", "Z"; y and x follow.
    n_t, n_z, channels : sizes; a channel that nobody named is "".
    dtype : as it will be delivered, "uint8" or "uint16".
    stored : numpy dtype in the file.
    colour : red, green and blue, turned to grey on reading.
    pixel_size_um, z_step_um : from the metadata with a real unit, else None.
    """

    path: Path
    part: int
    axes: str
    n_t: int
    n_z: int
    channels: tuple[str, ...]
    height: int
    width: int
    dtype: str
    stored: str
    colour: bool
    pixel_size_um: float | None
    z_step_um: float | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.height, self.width

    def leading(self, t: int, c: int, z: int) -> tuple[int, ...]:
        """Indices on the leading axes, in the file's order."""
        place = {"T": t, "C": c, "Z": z}
        return tuple(place[axis] for axis in self.axes)

    def flat(self, t: int, c: int, z: int) -> int:
        """Number of the plane in the file's order."""
        number = 0
        sizes = {"T": self.n_t, "C": len(self.channels), "Z": self.n_z}
        for axis, index in zip(self.axes, self.leading(t, c, z), strict=True):
            number = number * sizes[axis] + index
        return number

    def __str__(self) -> str:
        return f"{self.path} (image {self.part + 1})" if self.part else str(self.path)


def in_um(value: float, unit: str) -> float | None:
    """A length in micrometres, None where the unit is none or the value makes no sense."""
    factor = UM.get(unit.strip().lower())
    if factor is None or not np.isfinite(value) or value <= 0:
        return None
    return value * factor


def square(x_um: float | None, y_um: float | None, *, printed: bool = False) -> float | None:
    """The edge of a square pixel; None if unknown, oblong, or (`printed`) print resolution."""
    if x_um is None or y_um is None or abs(x_um - y_um) > 0.01 * x_um:
        return None
    return None if printed and x_um > COARSEST_UM else x_um


def delivered_dtype(stored: np.dtype[Any], place: str) -> str:
    """Return uint8 for 8-bit and binary images, uint16 for all others that could fit it."""
    if stored.kind == "c":
        raise ReplayError(f"{place}: complex numbers are not an image. Save it as 16-bit grey.")
    return "uint8" if stored == np.uint8 or stored.kind == "b" else "uint16"


def to_grey(pixels: NDArray[Any], info: ImageInfo) -> NDArray[Any]:
    """The plane as (height, width) of `info.dtype`; values unchanged except colour to luminance.

    Raises ReplayError for numbers that no camera delivers (fractions, below 0, above 65535).
    """
    grey = pixels
    if info.colour:
        if grey.ndim == 3 and grey.shape[0] in (3, 4) and grey.shape[-1] not in (3, 4):
            grey = np.moveaxis(grey, 0, -1)  # planar
        grey = grey[..., :3] @ np.asarray(LUMINANCE)
        if np.dtype(info.stored).kind in "ui":
            grey = np.rint(grey)
    elif grey.ndim == 3:  # grey with an alpha channel
        grey = grey[..., 0]
    if grey.shape != info.size:
        raise ReplayError(f"{info}: holds {grey.shape} pixels, expected {info.size}. Damaged?")
    if grey.dtype == np.dtype(info.dtype):
        return np.ascontiguousarray(grey)
    if grey.dtype.kind == "b":
        return grey.astype(np.uint8) * np.uint8(255)
    low, high = float(grey.min()), float(grey.max())
    whole = grey.dtype.kind in "ui" or bool(np.all(grey == np.rint(grey)))
    if not (np.isfinite([low, high]).all() and low >= 0 and high <= 65535 and whole):
        raise ReplayError(
            f"{info}: {np.dtype(info.stored)} values from {low:g} to {high:g}"
            f"{'' if whole else ' with fractions'} are not camera counts. "
            "Save it as 8- or 16-bit integers."
        )
    return np.ascontiguousarray(grey.astype(info.dtype))
