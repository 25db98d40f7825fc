"""PNG. Source: W3C, Portable Network Graphics (Third Edition), chunks IHDR, pHYs, IEND."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.replay.errors import ReplayError
from sim.replay.image import ImageInfo, square

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPES = (2, 3, 6)  # RGB, palette, RGB with alpha
METRE = 1


def probe(path: Path) -> list[ImageInfo]:
    """Read the header and check the whole file; pixels are not decoded."""
    data = path.read_bytes()
    size: tuple[int, int] | None = None
    depth, kind, pixel_um, complete = 0, 0, None, False
    for name, body in _chunks(path, data):
        if name == b"IHDR":
            width, height, depth, kind = struct.unpack(">IIBB", body[:10])
            size = (height, width)
        elif name == b"pHYs" and len(body) == 9:
            x, y, unit = struct.unpack(">IIB", body)
            if unit == METRE and x and y:
                pixel_um = square(1e6 / x, 1e6 / y, printed=True)
        elif name == b"IEND":
            complete = True
    if size is None or not complete:
        raise ReplayError(f"{path}: PNG file is cut off. Copy it again, or leave it out.")
    if kind in COLOUR_TYPES and depth == 16:
        raise ReplayError(f"{path}: PNG with 16-bit colour cannot be read. Save it as TIFF.")
    stored = "uint16" if depth == 16 else "uint8"
    return [
        ImageInfo(path, 0, "", 1, 1, ("",), *size, stored, stored, kind in COLOUR_TYPES, pixel_um)
    ]


def _chunks(path: Path, data: bytes) -> Iterator[tuple[bytes, bytes]]:
    if not data.startswith(SIGNATURE):
        raise ReplayError(f"{path}: not a PNG image. Leave it out, or give it its true suffix.")
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        end = at + 12 + length
        if end > len(data):
            return
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(memoryview(data)[at + 4 : end - 4]) != checksum:
            raise ReplayError(f"{path}: PNG file is damaged. Copy it again, or leave it out.")
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + min(length, 64)]
        at = end


def read(info: ImageInfo) -> NDArray[Any]:
    """Decode the pixels, as stored."""
    from PIL import Image

    with Image.open(info.path) as image:
        if image.mode == "P":
            return np.asarray(image.convert("RGB"))
        if image.mode == "1":
            return np.asarray(image.convert("L"))
        pixels = np.asarray(image)
    return pixels.astype(np.uint16) if info.stored == "uint16" else pixels
