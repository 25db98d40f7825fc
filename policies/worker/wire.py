"""Messages on a pipe: a magic number, two lengths, JSON, raw bytes.

    4 bytes "MSW1" | uint32 length of the JSON | uint64 length of the bytes | JSON | bytes

Lengths are checked before anything is allocated.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

MAGIC = b"MSW1"
HEAD = struct.Struct("<4sIQ")
MAX_JSON_BYTES = 8 * 2**20
MAX_PIXEL_BYTES = 16 * 2**30


class WireError(ValueError):
    """What came is no message."""


class Raw(Protocol):
    """An unbuffered binary stream, such as `io.FileIO`."""

    def readinto(self, into: memoryview, /) -> int | None:
        """Read into a buffer; how many bytes, 0 at the end."""

    def write(self, data: memoryview, /) -> int | None:
        """Write some of it; how many bytes."""


def send(stream: Raw, head: bytes, blobs: Sequence[memoryview] = ()) -> None:
    """Write one message. WireError where the JSON is too long; OSError as the pipe raises."""
    if len(head) > MAX_JSON_BYTES:
        raise WireError(f"a message of {len(head)} bytes; at most {MAX_JSON_BYTES} are allowed")
    lengths = HEAD.pack(MAGIC, len(head), sum(blob.nbytes for blob in blobs))
    _write(stream, memoryview(lengths + head))
    for blob in blobs:
        _write(stream, blob)


def receive(stream: Raw, *, max_bytes: int = 0) -> tuple[bytes, bytearray]:
    """Read one message with at most `max_bytes` of raw bytes.

    EOFError where the stream ends, WireError where it is no message.
    """
    magic, json_bytes, blob_bytes = HEAD.unpack(_read(stream, HEAD.size))
    if magic != MAGIC:
        raise WireError(f"no message but {magic!r}")
    if json_bytes > MAX_JSON_BYTES or blob_bytes > max_bytes:
        raise WireError(f"a message of {json_bytes} and {blob_bytes} bytes is too long")
    return bytes(_read(stream, json_bytes)), _read(stream, blob_bytes)


def _write(stream: Raw, data: memoryview) -> None:
    while data.nbytes:
        data = data[stream.write(data) or 0 :]


def _read(stream: Raw, size: int) -> bytearray:
    data = bytearray(size)
    view, at = memoryview(data), 0
    while at < size:
        n = stream.readinto(view[at:])
        if not n:
            raise EOFError(f"the stream ended {size - at} bytes too early")
        at += n
    return data
