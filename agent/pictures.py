"""Reads one picture from a file that somebody names: PNG, TIFF, OME-TIFF or JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.finding import config_error

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from sim.replay.image import ImageInfo

JPEG = (".jpg", ".jpeg")
MOST_CHANNELS = 4
KINDS = "PNG, TIFF, OME-TIFF or JPEG"


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture.

    Attributes
    ----------
    path : the file.
    pixels : (h, w), or (h, w, c) with 2 to 4 channels; uint8 or uint16, as stored.
    colour : whether the channels are red, green and blue.
    pixel_um : edge of a pixel in the sample; None where the file does not say.
    note : what of the file was left out, "" for nothing.
    """

    path: Path
    pixels: NDArray[Any]
    colour: bool
    pixel_um: float | None
    note: str = ""

    @property
    def grey(self) -> NDArray[Any]:
        """(h, w): the luminance of a colour picture, else the first channel."""
        from sim.replay.image import LUMINANCE

        if self.pixels.ndim == 2:
            return self.pixels
        if not self.colour:
            return np.ascontiguousarray(self.pixels[..., 0])
        grey = np.rint(self.pixels @ np.asarray(LUMINANCE))
        return np.asarray(grey, self.pixels.dtype)


def read_picture(path: Path, pixel_um: float | None = None) -> Picture:
    """Read a file; `pixel_um` overrules what it says of itself.

    Of a film or stack the first time point and the middle slice are taken. Raises ConfigError, or
    sim.replay.ReplayError, in one line where it is no picture.
    """
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "no such file"
        raise config_error(path, what, f"name an image: {KINDS}")
    if path.suffix.lower() in JPEG:
        pixels = _decoded(path)
        return Picture(path, pixels, pixels.ndim == 3, pixel_um)
    from sim.replay.reader import SUFFIXES, probe

    if path.suffix.lower() not in SUFFIXES:
        raise config_error(path, "is not an image by its suffix", f"give {KINDS}")
    infos = probe(path)
    info = infos[0]
    channels = len(info.channels)
    if channels > MOST_CHANNELS:
        message = f"has {channels} channels; at most {MOST_CHANNELS} can be looked at together"
        raise config_error(path, message, "save the ones you mean as a file of their own")
    pixels = _colours(path, info) if info.colour else _planes(info)
    size = info.pixel_size_um if pixel_um is None else pixel_um
    return Picture(path, pixels, info.colour, size, _left_out(len(infos), info))


def _planes(info: ImageInfo) -> NDArray[Any]:
    """Every channel of the first time point's middle slice."""
    from sim.replay.reader import PlaneReader

    reader = PlaneReader()
    try:
        planes = [reader.read(info, 0, c, info.n_z // 2) for c in range(len(info.channels))]
    finally:
        reader.close()
    return planes[0] if len(planes) == 1 else np.stack(planes, axis=2)


def _colours(path: Path, info: ImageInfo) -> NDArray[Any]:
    """Red, green and blue as stored, without transparency."""
    from sim.replay import png, tiff
    from sim.replay.errors import ReplayError

    try:
        if path.suffix.lower() == ".png":
            pixels = png.read(info)
        else:
            with tiff.open_file(path) as file:
                pixels = tiff.read(file, info, 0, 0, info.n_z // 2)
    except (OSError, ValueError, SyntaxError, IndexError) as error:
        raise ReplayError(f"{info}: cannot be decoded ({error}). Save it anew.") from error
    if pixels.shape[0] in (3, 4) and pixels.shape[-1] not in (3, 4):
        pixels = np.moveaxis(pixels, 0, -1)  # planar
    if pixels.dtype not in (np.uint8, np.uint16):
        raise config_error(path, f"holds {pixels.dtype} colours", "save it with 8 or 16 bits")
    return np.ascontiguousarray(pixels[..., :3])


def _decoded(path: Path) -> NDArray[Any]:
    from PIL import Image

    try:
        with Image.open(path) as file:
            plain = file if file.mode in ("L", "RGB") else file.convert("RGB")
            return np.asarray(plain)
    except (OSError, ValueError, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise config_error(path, f"cannot be read ({reason})", f"give {KINDS}") from None


def _left_out(images: int, info: ImageInfo) -> str:
    parts = [
        *([f"the first of {images} images"] if images > 1 else []),
        *([f"the first of {info.n_t} time points"] if info.n_t > 1 else []),
        *([f"slice {info.n_z // 2 + 1} of {info.n_z}"] if info.n_z > 1 else []),
    ]
    return ", ".join(parts)
