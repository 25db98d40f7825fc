"""Whether a TIFF file is whole. A cut-off file otherwise reads as a shorter recording.

Source: Adobe, TIFF Revision 6.0, section 2; BigTIFF, https://libtiff.gitlab.io/libtiff/.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
SIZES |= {16: 8, 17: 8, 18: 8}
OFFSETS, COUNTS = (273, 324), (279, 325)  # of strips and tiles
NUMBERS = {3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}


def is_whole(file: BinaryIO) -> bool:
    """Follow every directory, tag and strip; False as soon as one lies beyond the end."""
    size = file.seek(0, 2)
    file.seek(0)
    head = file.read(16)
    order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
    if len(head) < 8 or not order:
        return False
    big = struct.unpack_from(order + "H", head, 2)[0] == 43
    if big and len(head) < 16:
        return False
    (at,) = struct.unpack_from(order + ("Q" if big else "I"), head, 8 if big else 4)
    seen: set[int] = set()
    while at:
        if at in seen:  # a loop of directories
            return False
        seen.add(at)
        following = _directory(file, at, size, order, big)
        if following is None:
            return False
        at = following
    return bool(seen)


def _directory(file: BinaryIO, at: int, size: int, order: str, big: bool) -> int | None:
    """Check one directory; returns where the next one is (0: none), None if cut off."""
    count_format, entry, word = ("Q", 20, "Q") if big else ("H", 12, "I")
    head = _read(file, at, struct.calcsize(count_format), size)
    if head is None:
        return None
    (n,) = struct.unpack(order + count_format, head)
    body = _read(file, at + len(head), n * entry + struct.calcsize(word), size)
    if body is None:
        return None
    strips: dict[int, list[int]] = {}
    for i in range(n):
        tag, kind, count = struct.unpack_from(order + "HH" + word, body, i * entry)
        inline = struct.calcsize(word)
        length = SIZES.get(kind, 1) * count
        value: bytes | None = body[(i + 1) * entry - inline : (i + 1) * entry]
        if length > inline:
            (where,) = struct.unpack_from(order + word, body, (i + 1) * entry - inline)
            if where + length > size:
                return None
            value = _read(file, where, length, size) if tag in OFFSETS + COUNTS else b""
        if tag in OFFSETS + COUNTS and kind in NUMBERS and value is not None:
            strips[tag] = list(struct.unpack_from(f"{order}{count}{NUMBERS[kind]}", value))
    if any(end > size for end in _ends(strips)):
        return None
    (following,) = struct.unpack_from(order + word, body, n * entry)
    return int(following)


def _ends(strips: dict[int, list[int]]) -> Iterator[int]:
    for offsets, counts in zip(OFFSETS, COUNTS, strict=True):
        pairs = zip(strips.get(offsets, []), strips.get(counts, []), strict=False)
        yield from (start + length for start, length in pairs)


def _read(file: BinaryIO, at: int, length: int, size: int) -> bytes | None:
    if at + length > size:
        return None
    file.seek(at)
    return file.read(length)
